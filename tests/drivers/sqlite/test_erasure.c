/* SPDX-License-Identifier: Apache-2.0 */
/* Erasures: the format of the store, its tables, and scrubs beside readers. */
#include "fixture.h"

#include "common/clock.h"

#include <pthread.h>

static quipu_error error;

/* A store with a schema of user-named tables and columns. */
struct place {
    char file[32];
    quipu_schema schema;
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
};

static void begin(struct place *place)
{
    snprintf(place->file, sizeof(place->file), "%s", fixture_file());
    place->schema = fixture_schema("erased items", 0);
    /* As quipu's own tables of erased items name theirs. */
    place->schema.notification_id = "schema";
    place->schema.position = "notification_id";
    place->schema.state = "commits";
    place->datastore = fixture_open(place->file);
    place->bound = fixture_bind(place->datastore, &place->schema);
}

static void end(struct place *place)
{
    fixture_driver()->unbind(place->datastore, place->bound);
    fixture_close(place->datastore);
}

static int try_erase(struct place *place, int64_t lower, int64_t upper,
                     uint32_t flags, int64_t deadline, int64_t *erased)
{
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .flags = flags,
                                    .lower = lower,
                                    .upper = upper,
                                    .limit = 1000 };

    error = (quipu_error){ .code = QUIPU_OK };
    return fixture_driver()->erase(place->datastore, place->bound, &erasure,
                                   deadline, erased, &error);
}

static int64_t erase(struct place *place, int64_t lower, int64_t upper)
{
    int64_t erased = -1;

    assert_ok(try_erase(place, lower, upper, 0, INT64_MAX, &erased), &error);
    return erased;
}

static int64_t count_marked(const struct place *place)
{
    return fixture_ask(place->file, "SELECT count(*) FROM quipu_erased");
}

static void first_erasure_raises_the_format(void **state)
{
    struct place place;

    (void)state;
    begin(&place);
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(erase(&place, 2, 9), 0);
    assert_int_equal(fixture_ask(place.file, "SELECT format FROM quipu_store"),
                     1);
    assert_int_equal(fixture_ask(place.file,
                                 "SELECT count(*) FROM sqlite_schema "
                                 "WHERE name LIKE 'quipu_eras%'"),
                     0);
    assert_int_equal(erase(&place, 1, 1), 1);
    assert_int_equal(fixture_ask(place.file, "SELECT format FROM quipu_store"),
                     2);
    assert_int_equal(count_marked(&place), 1);
    end(&place);
    place.datastore = fixture_open(place.file);
    place.bound = fixture_bind(place.datastore, &place.schema);
    assert_int_equal(erase(&place, 1, 1), 0);
    end(&place);
}

static void columns_with_names_of_the_marks_are_told_apart(void **state)
{
    struct place place;

    (void)state;
    begin(&place);
    for (uint32_t i = 0; i < 6; i++) {
        fixture_append(place.datastore, place.bound, i % 2);
    }
    assert_int_equal(erase(&place, 2, 3), 2);
    assert_int_equal(erase(&place, 1, 3), 1); /* the upper one is erased */
    assert_int_equal(count_marked(&place), 3);
    assert_int_equal(erase(&place, 1, 4), 1);
    assert_int_equal(count_marked(&place), 4);
    assert_int_equal(fixture_ask(place.file,
                                 "SELECT count(*) FROM \"erased items\" "
                                 "WHERE commits = x''"),
                     4);
    end(&place);
}

static void teardown_removes_the_marks(void **state)
{
    struct place place;

    (void)state;
    begin(&place);
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(erase(&place, 1, 1), 1);
    assert_ok(fixture_driver()->teardown(place.datastore, &place.schema,
                                         INT64_MAX, &error),
              &error);
    assert_int_equal(count_marked(&place), 0);
    assert_int_equal(
        fixture_ask(place.file, "SELECT count(*) FROM quipu_erasures"), 0);
    end(&place);
}

static void store_with_half_of_the_tables_is_corrupt(void **state)
{
    struct place place;
    int64_t erased;

    (void)state;
    begin(&place);
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(erase(&place, 1, 1), 1);
    fixture_sql(place.file, "DROP TABLE quipu_erasures");
    assert_refused(try_erase(&place, 1, 1, 0, INT64_MAX, &erased),
                   QUIPU_CORRUPT, &error, "only one of the tables");
    end(&place);
}

/* ------------------------------------------- erasures of other connections */

static int64_t commits_of(const struct place *place)
{
    int64_t commits = -1;

    assert_ok(fixture_driver()->erasures(place->datastore, place->bound,
                                         INT64_MAX, &commits, &error),
              &error);
    return commits;
}

static void see(void *context, const quipu_item *item)
{
    *(bool *)context = (item->flags & QUIPU_ITEM_ERASED) != 0;
}

/* The number that comes with the last item of the sequence; *erased: that of
 * the item. */
static int64_t look(const struct place *place, bool *erased)
{
    struct piece piece;
    int64_t commits = -1;

    fixture_piece(&piece, 1, 0, 0);
    assert_ok(fixture_driver()->last_item(place->datastore, place->bound,
                                          piece.item.sequence_id, INT64_MAX,
                                          see, erased, &commits, &error),
              &error);
    return commits;
}

/* A reader that has seen that there are no tables of erased items sees those
 * that another program creates, and so it does after other changes of the
 * schema. */
static void tables_of_another_program_are_seen(void **state)
{
    struct place place;
    struct place other;
    bool erased = true;

    (void)state;
    begin(&place);
    other = place;
    other.datastore = fixture_open(place.file);
    other.bound = fixture_bind(other.datastore, &other.schema);
    fixture_append(place.datastore, place.bound, 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(look(&place, &erased), 0);
        assert_false(erased);
        assert_int_equal(commits_of(&place), 0);
        if (i == 1) {
            fixture_sql(place.file, "CREATE TABLE another (x)");
        }
    }
    assert_int_equal(erase(&other, 1, 1), 1);
    assert_int_equal(look(&place, &erased), 1);
    assert_true(erased);
    assert_int_equal(commits_of(&place), 1);
    end(&other);
    end(&place);
}

/* Its statements would leave the columns that were added, in the file at least:
 * reads show none of an erased item. */
static void binding_of_before_an_alteration_is_refused(void **state)
{
    struct place place;
    quipu_schema altered;
    const quipu_column column = { .name = "added", .kind = QUIPU_VALUE_INT };
    int64_t erased = -1;

    (void)state;
    begin(&place);
    fixture_append(place.datastore, place.bound, 1);
    altered = place.schema;
    altered.columns = &column;
    altered.column_count = 1;
    assert_ok(
        fixture_driver()->alter(place.datastore, &altered, INT64_MAX, &error),
        &error);
    assert_refused(
        try_erase(&place, INT64_MIN, INT64_MAX, 0, INT64_MAX, &erased),
        QUIPU_NOT_FOUND, &error, "columns were added");
    end(&place);
}

/* ---------------------------------------------------------------- scrubbing */

static void *append_beside(void *context)
{
    struct place *place = context;
    quipu_result result = { 0 };
    quipu_error own;

    for (int i = 0; i < 20; i++) {
        assert_ok(fixture_try_append(place->datastore, place->bound, 2, &result,
                                     &own),
                  &own);
    }
    return NULL;
}

/* A program of others reads in a transaction. */
static sqlite3 *begin_to_read(const char *file)
{
    sqlite3 *reader = NULL;

    assert_int_equal(sqlite3_open(file, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader,
                                  "BEGIN; SELECT * FROM \"erased items\"", NULL,
                                  NULL, NULL),
                     SQLITE_OK);
    return reader;
}

static void scrub_is_busy_while_a_reader_uses_the_log(void **state)
{
    struct place place;
    pthread_t thread;
    sqlite3 *reader;
    int64_t erased = -1;

    (void)state;
    begin(&place);
    for (int i = 0; i < 5; i++) {
        fixture_append(place.datastore, place.bound, 1);
    }
    reader = begin_to_read(place.file);
    assert_int_equal(pthread_create(&thread, NULL, append_beside, &place), 0);
    assert_refused(try_erase(&place, 1, 5, QUIPU_ERASURE_SCRUB,
                             clock_now() + 500 * CLOCK_MILLISECOND, &erased),
                   QUIPU_BUSY, &error, "readers of");
    (void)pthread_join(thread, NULL);
    /* The items are erased, though. */
    assert_int_equal(count_marked(&place), 5);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    assert_ok(try_erase(&place, 1, 5, QUIPU_ERASURE_SCRUB, INT64_MAX, &erased),
              &error);
    assert_int_equal(erased, 0);
    assert_int_equal(fixture_count(place.datastore, place.bound), 25);
    end(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_erasure_raises_the_format),
        cmocka_unit_test(columns_with_names_of_the_marks_are_told_apart),
        cmocka_unit_test(teardown_removes_the_marks),
        cmocka_unit_test(store_with_half_of_the_tables_is_corrupt),
        cmocka_unit_test(tables_of_another_program_are_seen),
        cmocka_unit_test(binding_of_before_an_alteration_is_refused),
        cmocka_unit_test(scrub_is_busy_while_a_reader_uses_the_log),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
