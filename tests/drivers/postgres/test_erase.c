/* SPDX-License-Identifier: Apache-2.0 */
/* Erasing on a server: tables of older programs, triggers and rules, lost
 * connections, locks. */
#include "fault_proxy.h"
#include "fixture.h"

#include <pthread.h>

/* Tests that all drivers share have a fixture of their own, which cannot be in
 * one program with this one: test_erasures.c. */

#define ITEMS 10

struct store {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    char name[32];
    quipu_error error;
};

static void open_store(struct store *store, const char *name,
                       const char *options)
{
    char text[300];
    const quipu_schema schema = fixture_schema("plain");
    *store = (struct store){ .datastore = NULL };
    (void)snprintf(store->name, sizeof(store->name), "%s", name);
    (void)snprintf(text, sizeof(text), "schema=%s&notify=no%s", name, options);
    store->datastore = fixture_open(text);
    store->bound = fixture_bind(store->datastore, &schema);
}

static void fill(struct store *store)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        fixture_append(store->datastore, store->bound, i % 2);
    }
}

static void close_store(struct store *store)
{
    fixture_driver()->unbind(store->datastore, store->bound);
    fixture_close(store->datastore);
}

static int erase(struct store *store, int64_t limit, int64_t *erased)
{
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .lower = INT64_MIN,
                                    .upper = INT64_MAX,
                                    .limit = limit };
    store->error = (quipu_error){ 0 };
    return fixture_driver()->erase(store->datastore, store->bound, &erasure,
                                   fixture_now() + 20 * SECOND, erased,
                                   &store->error);
}

static int64_t count_erased(const struct store *store)
{
    return fixture_ask("SELECT count(*) FROM %s.plain WHERE state IS NULL",
                       store->name);
}

static int64_t format_of(const struct store *store)
{
    return fixture_ask("SELECT max(format) FROM %s.quipu_store", store->name);
}

static void format_rises_with_the_first_erasure(void **state)
{
    struct store store;
    int64_t erased = -1;
    (void)state;
    open_store(&store, "erase1", "");
    assert_ok(erase(&store, 5, &erased), &store.error);
    assert_int_equal(erased, 0);
    assert_int_equal(format_of(&store), 1);
    fill(&store);
    assert_int_equal(format_of(&store), 1);
    assert_ok(erase(&store, 4, &erased), &store.error);
    assert_int_equal(erased, 4);
    assert_int_equal(format_of(&store), 2);
    close_store(&store);
    open_store(&store, "erase1", "");
    assert_int_equal(count_erased(&store), 4);
    close_store(&store);
}

static void append_erased(struct store *store, int64_t position, int status)
{
    struct piece piece;
    quipu_result result;
    fixture_piece(&piece, 5, position, 77);
    piece.item.flags |= QUIPU_ITEM_ERASED;
    piece.item.state = (quipu_bytes){ NULL, 0 };
    assert_status(fixture_put(store->datastore, store->bound, &piece,
                              20 * SECOND, &result, &store->error),
                  status);
}

static void format_rises_with_the_first_item_that_is_erased_already(
    void **state)
{
    struct store store;
    (void)state;
    open_store(&store, "erase2", "");
    append_erased(&store, 7, QUIPU_CONFLICT);
    assert_int_equal(format_of(&store), 1);
    append_erased(&store, 0, QUIPU_OK);
    assert_int_equal(format_of(&store), 2);
    assert_int_equal(count_erased(&store), 1);
    close_store(&store);
}

/* ------------------------------------------------------- older programs */

static int64_t commits_of(struct store *store)
{
    int64_t commits = -1;
    assert_ok(fixture_driver()->erasures(store->datastore, store->bound,
                                         fixture_now() + 20 * SECOND, &commits,
                                         &store->error),
              &store->error);
    return commits;
}

static void see(void *context, const quipu_item *item)
{
    *(int64_t *)context = item->position;
}

/* Returns the position of the last item of a sequence, -1 if it is empty, and
 * checks the number of erasures that comes with it. */
static int64_t look(struct store *store, uint32_t sequence, int64_t commits)
{
    struct piece piece;
    int64_t position = -1;
    int64_t number = -1;
    fixture_piece(&piece, sequence, 0, 0);
    assert_ok(fixture_driver()->last_item(store->datastore, store->bound,
                                          piece.item.sequence_id,
                                          fixture_now() + 20 * SECOND, see,
                                          &position, &number, &store->error),
              &store->error);
    assert_int_equal(number, commits);
    return position;
}

/* As an older program has made it. */
static void require_state(const struct store *store)
{
    fixture_sql("ALTER TABLE %s.plain ALTER COLUMN state SET NOT NULL",
                store->name);
    fixture_sql("DROP TABLE %s.quipu_erasures", store->name);
}

static void table_of_an_older_program_is_erased(void **state)
{
    struct store store;
    int64_t erased = -1;
    (void)state;
    open_store(&store, "erase3", "");
    fill(&store);
    require_state(&store);
    assert_int_equal(commits_of(&store), 0);
    assert_int_equal(look(&store, 1, 0), ITEMS / 2 - 1);
    assert_int_equal(look(&store, 7, 0), -1);
    assert_ok(erase(&store, 3, &erased), &store.error);
    assert_int_equal(erased, 3);
    assert_int_equal(commits_of(&store), 1);
    assert_int_equal(look(&store, 1, 1), ITEMS / 2 - 1);
    assert_int_equal(look(&store, 7, 1), -1);
    assert_int_equal(count_erased(&store), 3);
    close_store(&store);
    open_store(&store, "erase4", "");
    require_state(&store);
    append_erased(&store, 0, QUIPU_OK);
    assert_int_equal(count_erased(&store), 1);
    close_store(&store);
}

static void worker_cannot_alter_the_table_of_an_older_program(void **state)
{
    struct store store;
    int64_t erased = -1;
    (void)state;
    open_store(&store, "erase5", "");
    fill(&store);
    require_state(&store);
    close_store(&store);
    fixture_sql("CREATE ROLE eraser LOGIN");
    fixture_sql("GRANT USAGE ON SCHEMA erase5 TO eraser");
    fixture_sql("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA erase5"
                " TO eraser");
    open_store(&store, "erase5", "&user=eraser");
    assert_refused(erase(&store, 3, &erased), QUIPU_DENIED, &store.error,
                   "as its owner");
    assert_int_equal(count_erased(&store), 0);
    assert_int_equal(format_of(&store), 1);
    fixture_sql("ALTER TABLE erase5.plain ALTER COLUMN state DROP NOT NULL");
    assert_refused(erase(&store, 3, &erased), QUIPU_DENIED, &store.error,
                   "quipu_erasures");
    fixture_sql("GRANT CREATE ON SCHEMA erase5 TO eraser");
    assert_ok(erase(&store, 3, &erased), &store.error);
    assert_int_equal(erased, 3);
    close_store(&store);
}

/* --------------------------------------------------- triggers and rules */

static void trigger_that_keeps_an_item_is_noticed(void **state)
{
    static const char *const bodies[] = {
        "RETURN NULL;", "NEW.state = OLD.state; RETURN NEW;"
    };
    struct store store;
    int64_t erased = -1;
    (void)state;
    open_store(&store, "erase6", "");
    fill(&store);
    for (size_t i = 0; i < 2; i++) {
        fixture_sql("CREATE FUNCTION erase6.keep() RETURNS trigger"
                    " LANGUAGE plpgsql AS 'BEGIN IF OLD.id = 3 THEN %s END IF;"
                    " RETURN NEW; END'",
                    bodies[i]);
        fixture_sql("CREATE TRIGGER quirk BEFORE UPDATE ON erase6.plain"
                    " FOR EACH ROW EXECUTE FUNCTION erase6.keep()");
        assert_refused(erase(&store, 5, &erased), QUIPU_DENIED, &store.error,
                       "trigger or a rule");
        assert_int_equal(count_erased(&store), 0);
        fixture_sql("DROP FUNCTION erase6.keep CASCADE");
    }
    fixture_sql("CREATE RULE quirk AS ON UPDATE TO erase6.plain"
                " DO INSTEAD NOTHING");
    assert_refused(erase(&store, 5, &erased), QUIPU_DENIED, &store.error,
                   "trigger or a rule");
    fixture_sql("DROP RULE quirk ON erase6.plain");
    assert_ok(erase(&store, 5, &erased), &store.error);
    assert_int_equal(erased, 5);
    close_store(&store);
}

/* ------------------------------------------------------ lost connections */

static void lost_answer_is_an_unknown_outcome(void **state)
{
    struct store store;
    char options[200];
    int64_t erased = -1;
    (void)state;
    (void)snprintf(options, sizeof(options), "&host=%s", fault_proxy_start());
    open_store(&store, "erase7", options);
    fill(&store);
    fault_proxy_set(CUT_ANSWER);
    assert_refused(erase(&store, 4, &erased), QUIPU_UNKNOWN_OUTCOME,
                   &store.error, "repeat the call");
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_int_equal(count_erased(&store), 4);
    fault_proxy_set(CUT_REQUEST);
    assert_ok(erase(&store, 4, &erased), &store.error);
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_int_equal(erased, 4);
    assert_int_equal(count_erased(&store), 8);
    assert_ok(erase(&store, 4, &erased), &store.error);
    assert_int_equal(erased, ITEMS - 8);
    assert_ok(erase(&store, 4, &erased), &store.error);
    assert_int_equal(erased, 0);
    close_store(&store);
    fault_proxy_stop();
}

/* ------------------------------------------------------------------ locks */

struct slow {
    struct store store;
    int64_t erased;
    int status;
};

static void *erase_slowly(void *context)
{
    struct slow *slow = context;
    slow->status = erase(&slow->store, 4, &slow->erased);
    return NULL;
}

static bool is_sleeping(void)
{
    return fixture_ask("SELECT count(*) FROM pg_stat_activity"
                       " WHERE wait_event = 'PgSleep'") > 0;
}

/* The commit of the erasure takes two seconds.  An append does not wait for it,
 * nor do reads. */
static void append_does_not_wait_for_an_erasure(void **state)
{
    struct slow slow;
    struct store other;
    pthread_t thread;
    (void)state;
    open_store(&slow.store, "erase8", "");
    fill(&slow.store);
    fixture_sql("CREATE FUNCTION erase8.wait() RETURNS trigger"
                " LANGUAGE plpgsql AS 'BEGIN IF OLD.id = 3 THEN"
                " PERFORM pg_sleep(2); END IF; RETURN NEW; END'");
    fixture_sql("CREATE TRIGGER slow BEFORE UPDATE ON erase8.plain"
                " FOR EACH ROW EXECUTE FUNCTION erase8.wait()");
    open_store(&other, "erase8", "");
    assert_int_equal(pthread_create(&thread, NULL, erase_slowly, &slow), 0);
    while (!is_sleeping()) {
        fixture_pause(MILLISECOND);
    }
    fixture_append(other.datastore, other.bound, 1);
    fixture_append(other.datastore, other.bound, 9);
    assert_int_equal(fixture_head(other.datastore, other.bound), ITEMS + 2);
    assert_true(is_sleeping());
    (void)pthread_join(thread, NULL);
    assert_ok(slow.status, &slow.store.error);
    assert_int_equal(slow.erased, 4);
    close_store(&other);
    close_store(&slow.store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_rises_with_the_first_erasure),
        cmocka_unit_test(
            format_rises_with_the_first_item_that_is_erased_already),
        cmocka_unit_test(table_of_an_older_program_is_erased),
        cmocka_unit_test(worker_cannot_alter_the_table_of_an_older_program),
        cmocka_unit_test(trigger_that_keeps_an_item_is_noticed),
        cmocka_unit_test(lost_answer_is_an_unknown_outcome),
        cmocka_unit_test(append_does_not_wait_for_an_erasure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
