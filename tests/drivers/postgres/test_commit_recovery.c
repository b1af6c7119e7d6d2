/* SPDX-License-Identifier: Apache-2.0 */
/* Connections lost during an append: the driver finds out whether the append
 * was stored, stores it if not, and reports UNKNOWN_OUTCOME only where it
 * cannot know. */
#include "fault_proxy.h"
#include "fixture.h"

/* Longer than a MiB, where the proxy cuts: the rest and a COMMIT behind it may
 * have left the client then. */
#define LONG_SIZE (((size_t)1 << 20) + ((size_t)1 << 16))
/* Takes more than a second to be sent and stored. */
#define VERY_LONG_SIZE ((size_t)64 << 20)

struct store {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    quipu_result result;
    quipu_error error;
    struct piece piece;
};

static const char *host;

static void open_store(struct store *store, const char *name, bool event_ids)
{
    char options[200];
    quipu_schema schema = fixture_schema("plain");
    if (!event_ids) {
        schema.event_id = NULL;
    }
    memset(store, 0, sizeof(*store));
    (void)snprintf(options, sizeof(options), "host=%s&schema=%s&notify=no",
                   host, name);
    store->datastore = fixture_open(options);
    store->bound = fixture_bind(store->datastore, &schema);
}

static void close_store(struct store *store)
{
    fixture_driver()->unbind(store->datastore, store->bound);
    fixture_close(store->datastore);
}

static int put(struct store *store, int64_t position, uint64_t event)
{
    fixture_piece(&store->piece, 1, position, event);
    store->error = (quipu_error){ 0 };
    return fixture_put(store->datastore, store->bound, &store->piece,
                       20 * SECOND, &store->result, &store->error);
}

static bool is_repeat(const quipu_result *result)
{
    return (result->flags & QUIPU_RESULT_REPEATED) != 0;
}

static bool was_in_doubt(const quipu_result *result)
{
    return (result->flags & QUIPU_RESULT_IN_DOUBT) != 0;
}

static void append_with_lost_answer_is_not_a_repeat(void **state)
{
    struct store store;
    (void)state;
    open_store(&store, "lost1", true);
    assert_ok(put(&store, 0, 1), &store.error);
    assert_false(was_in_doubt(&store.result));
    fault_proxy_set(CUT_ANSWER);
    assert_ok(put(&store, 1, 2), &store.error);
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_false(is_repeat(&store.result));
    assert_true(was_in_doubt(&store.result));
    assert_int_equal(store.result.first_notification_id, 2);
    assert_ok(put(&store, 1, 2), &store.error);
    assert_true(is_repeat(&store.result));
    assert_false(was_in_doubt(&store.result));
    assert_int_equal(fixture_head(store.datastore, store.bound), 2);
    close_store(&store);
}

static void append_that_never_arrived_is_stored_once(void **state)
{
    struct store store;
    (void)state;
    open_store(&store, "lost2", true);
    fault_proxy_set(CUT_REQUEST);
    assert_ok(put(&store, -1, 1), &store.error);
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_false(is_repeat(&store.result));
    assert_int_equal(fixture_head(store.datastore, store.bound), 1);
    close_store(&store);
}

/* The session is of no use, although it is not known yet that the connection
 * has ended. */
static void append_survives_an_error_that_ends_the_session(void **state)
{
    struct store store;
    (void)state;
    open_store(&store, "fatal", true);
    fault_proxy_set(CUT_FATAL);
    assert_ok(put(&store, -1, 1), &store.error);
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_false(is_repeat(&store.result));
    assert_int_equal(fixture_head(store.datastore, store.bound), 1);
    close_store(&store);
}

static void lost_answer_without_event_ids_is_unknown(void **state)
{
    struct store store;
    (void)state;
    open_store(&store, "lost3", false);
    fault_proxy_set(CUT_ANSWER);
    assert_refused(put(&store, -1, 1), QUIPU_UNKNOWN_OUTCOME, &store.error,
                   "repeat");
    assert_int_equal(fixture_head(store.datastore, store.bound), 1);
    close_store(&store);
}

/* The pooler ends the session with an error of its own, which does not say what
 * the server has done. */
static void answer_that_a_pooler_lost_is_unknown(void **state)
{
    struct store store;
    (void)state;
    open_store(&store, "pooler1", false);
    fault_proxy_set(CUT_BY_POOLER);
    assert_refused(put(&store, -1, 1), QUIPU_UNKNOWN_OUTCOME, &store.error,
                   "repeat");
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_int_equal(fixture_head(store.datastore, store.bound), 1);
    close_store(&store);
    open_store(&store, "pooler2", true);
    fault_proxy_set(CUT_BY_POOLER);
    assert_ok(put(&store, -1, 1), &store.error);
    assert_true(was_in_doubt(&store.result));
    assert_int_equal(fixture_head(store.datastore, store.bound), 1);
    close_store(&store);
}

/* The first request of the batch was stored by an earlier call. */
static void repeat_in_a_batch_with_lost_answer_stays_a_repeat(void **state)
{
    struct store store;
    struct piece pieces[2];
    quipu_request requests[2];
    quipu_result results[2] = { { 0 } };
    size_t taken = 0;
    (void)state;
    open_store(&store, "lost4", true);
    assert_ok(put(&store, 0, 1), &store.error);
    for (int i = 0; i < 2; i++) {
        fixture_piece(&pieces[i], 1, i, (uint64_t)i + 1);
        requests[i] = (quipu_request){ .schema = store.bound,
                                       .items = &pieces[i].item,
                                       .item_count = 1 };
    }
    fault_proxy_set(CUT_ANSWER);
    assert_ok(fixture_driver()->append(store.datastore, requests, 2, results,
                                       &taken, fixture_now() + 20 * SECOND,
                                       &store.error),
              &store.error);
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_int_equal(taken, 2);
    assert_ok(results[0].status, NULL);
    assert_ok(results[1].status, NULL);
    assert_true(is_repeat(&results[0]));
    assert_false(is_repeat(&results[1]));
    assert_int_equal(results[1].first_notification_id, 2);
    close_store(&store);
}

static int put_tracking(struct store *store, const struct piece *piece,
                        int64_t id)
{
    const quipu_tracking tracking = {
        .consumer = { "consumer", 8 },
        .log = { "log", 3 },
        .position = { .notification_id = id },
    };
    const quipu_request request = { .schema = store->bound,
                                    .items = piece ? &piece->item : NULL,
                                    .item_count = piece ? 1 : 0,
                                    .tracking = &tracking };
    size_t taken = 0;
    store->result = (quipu_result){ 0 };
    int status = fixture_driver()->append(
        store->datastore, &request, 1, &store->result, &taken,
        fixture_now() + 20 * SECOND, &store->error);
    return status == QUIPU_OK ? store->result.status : status;
}

static void tracking_without_items_and_answer_is_unknown(void **state)
{
    struct store store;
    struct piece piece;
    (void)state;
    open_store(&store, "lost5", true);
    fixture_piece(&piece, 1, -1, 1);
    fault_proxy_set(CUT_ANSWER);
    assert_ok(put_tracking(&store, &piece, 1), &store.error);
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_false(is_repeat(&store.result));
    fault_proxy_set(CUT_ANSWER);
    assert_status(put_tracking(&store, NULL, 2), QUIPU_UNKNOWN_OUTCOME);
    assert_status(put_tracking(&store, NULL, 2), QUIPU_ALREADY);
    close_store(&store);
}

/* ----------------------------------------------------------------- entries */

static quipu_request request_of(const quipu_conditions *conditions,
                                const struct store *store,
                                const struct piece *piece)
{
    return (quipu_request){ .schema = piece ? store->bound : NULL,
                            .items = piece ? &piece->item : NULL,
                            .item_count = piece ? 1 : 0,
                            .condition = conditions };
}

static quipu_conditions conditions_of(const quipu_entry_write *write)
{
    return (quipu_conditions){ .struct_size = sizeof(quipu_conditions),
                               .entries = write,
                               .entry_count = 1 };
}

static int put_entry(struct store *store, const quipu_entry_write *write,
                     const struct piece *piece)
{
    const quipu_conditions conditions = conditions_of(write);
    const quipu_request request = request_of(&conditions, store, piece);
    size_t taken = 0;
    store->result = (quipu_result){ 0 };
    store->error = (quipu_error){ 0 };
    int status = fixture_driver()->append(
        store->datastore, &request, 1, &store->result, &taken,
        fixture_now() + 20 * SECOND, &store->error);
    return status == QUIPU_OK ? store->result.status : status;
}

static int64_t revision_in(const char *schema)
{
    return fixture_ask("SELECT revision FROM %s.quipu_entries WHERE key = 'k'",
                       schema);
}

static const quipu_entry_write first_write = { .key = { "k", 1 },
                                               .value = { "v", 1 },
                                               .flags = QUIPU_ENTRY_EXPECT };
static const quipu_entry_write next_write = { .key = { "k", 1 },
                                              .value = { "w", 1 } };

/* Nothing tells whose the revision is that a read finds. */
static void entry_with_lost_answer_is_unknown_and_stays(void **state)
{
    struct store store;
    (void)state;
    open_store(&store, "lost10", true);
    fault_proxy_set(CUT_ANSWER);
    assert_refused(put_entry(&store, &next_write, NULL), QUIPU_UNKNOWN_OUTCOME,
                   &store.error, "repeat");
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_int_equal(revision_in("lost10"), 1);
    assert_ok(put_entry(&store, &next_write, NULL), &store.error);
    assert_int_equal(revision_in("lost10"), 2);
    close_store(&store);
}

static void entry_with_an_item_and_lost_answer_is_written_once(void **state)
{
    struct store store;
    struct piece piece;
    (void)state;
    open_store(&store, "lost11", true);
    fixture_piece(&piece, 1, -1, 1);
    fault_proxy_set(CUT_ANSWER);
    assert_ok(put_entry(&store, &first_write, &piece), &store.error);
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_false(is_repeat(&store.result));
    assert_int_equal(revision_in("lost11"), 1);
    close_store(&store);
}

/* The requests without items have the fate of the one with an item, and are not
 * written again. */
static void entries_beside_a_lost_answer_are_written_once(void **state)
{
    const quipu_entry_write writes[] = { first_write, next_write, next_write };
    struct store store;
    struct piece piece;
    quipu_conditions conditions[3];
    quipu_request requests[3];
    quipu_result results[3] = { { 0 } };
    size_t taken = 0;
    (void)state;
    open_store(&store, "lost12", true);
    fixture_piece(&piece, 1, -1, 1);
    for (int i = 0; i < 3; i++) {
        conditions[i] = conditions_of(&writes[i]);
        requests[i] =
            request_of(&conditions[i], &store, i == 1 ? &piece : NULL);
    }
    fault_proxy_set(CUT_ANSWER);
    assert_ok(fixture_driver()->append(store.datastore, requests, 3, results,
                                       &taken, fixture_now() + 20 * SECOND,
                                       &store.error),
              &store.error);
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_int_equal(taken, 3);
    for (int i = 0; i < 3; i++) {
        assert_ok(results[i].status, NULL);
        assert_false(is_repeat(&results[i]));
    }
    assert_int_equal(revision_in("lost12"), 3);
    assert_int_equal(fixture_head(store.datastore, store.bound), 1);
    close_store(&store);
}

/* The next bytes of the client are the COMMIT. */
static int cut_the_commit(void *connection, void *context, quipu_error *error)
{
    int *calls = context;
    (void)connection;
    (void)error;
    if (++*calls == 1) {
        fault_proxy_set(CUT_REQUEST);
    }
    return QUIPU_OK;
}

static void entry_whose_commit_never_arrived_is_written_once(void **state)
{
    const quipu_conditions conditions = conditions_of(&first_write);
    struct store store;
    int calls = 0;
    (void)state;
    open_store(&store, "lost13", true);
    const quipu_request request = request_of(&conditions, &store, NULL);
    assert_ok(fixture_driver()->transact(
                  store.datastore, &request, cut_the_commit, &calls,
                  &store.result, fixture_now() + 20 * SECOND, &store.error),
              &store.error);
    assert_ok(store.result.status, NULL);
    assert_true(was_in_doubt(&store.result));
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_int_equal(calls, 2);
    assert_int_equal(revision_in("lost13"), 1);
    close_store(&store);
}

/* On a Citus cluster a worker may have committed what the coordinator did
 * not.  The table makes the driver take the server for a coordinator. */
static void entry_of_a_cluster_without_answer_is_unknown(void **state)
{
    const quipu_conditions conditions = conditions_of(&first_write);
    struct store store;
    int calls = 0;
    (void)state;
    fixture_sql(
        "SET allow_system_table_mods = on;"
        "CREATE TABLE pg_catalog.pg_dist_node (nodeid int);"
        "CREATE TABLE pg_catalog.pg_dist_partition (partmethod"
        " \"char\", logicalrelid regclass, colocationid int);"
        "CREATE FUNCTION pg_catalog.run_command_on_workers(command text,"
        " OUT success boolean, OUT result text) RETURNS SETOF record"
        " LANGUAGE sql AS 'SELECT NULL::boolean, NULL WHERE false'");
    open_store(&store, "lost14", true);
    const quipu_request request = request_of(&conditions, &store, NULL);
    assert_refused(
        fixture_driver()->transact(store.datastore, &request, cut_the_commit,
                                   &calls, &store.result,
                                   fixture_now() + 20 * SECOND, &store.error),
        QUIPU_UNKNOWN_OUTCOME, &store.error, "repeat");
    assert_int_equal(calls, 1);
    close_store(&store);
    fixture_sql("SET allow_system_table_mods = on;"
                "DROP TABLE pg_catalog.pg_dist_node");
}

static int put_long(struct store *store, size_t size, int64_t time)
{
    char *state = calloc(1, size);
    assert_non_null(state);
    fixture_piece(&store->piece, 1, -1, 1);
    store->piece.item.state = (quipu_bytes){ state, size };
    store->error = (quipu_error){ 0 };
    int status = fixture_put(store->datastore, store->bound, &store->piece,
                             time, &store->result, &store->error);
    free(state);
    return status;
}

/* Its COMMIT was not sent, which is known even without event ids. */
static void long_append_that_is_cut_off_is_not_stored(void **state)
{
    struct store store;
    for (int ids = 0; ids < 2; ids++) {
        open_store(&store, ids ? "lost6" : "lost7", ids == 1);
        fault_proxy_set(CUT_LONG);
        int status = put_long(&store, LONG_SIZE, 20 * SECOND);
        fault_proxy_set(CUT_NOTHING);
        assert_status(status, QUIPU_IO);
        assert_contains(store.error.message, "a message of this size");
        assert_int_equal(fixture_head(store.datastore, store.bound), 0);
        close_store(&store);
    }
    (void)state;
}

static void long_append_that_is_cut_off_once_is_stored(void **state)
{
    struct store store;
    (void)state;
    open_store(&store, "lost8", false);
    fault_proxy_set(CUT_LONG_ONCE);
    assert_ok(put_long(&store, LONG_SIZE, 20 * SECOND), &store.error);
    assert_int_equal(fault_proxy_get(), CUT_NOTHING);
    assert_int_equal(fixture_head(store.datastore, store.bound), 1);
    close_store(&store);
}

/* The deadline limits waiting, not the transfer. */
static void long_append_may_exceed_the_deadline(void **state)
{
    struct store store;
    (void)state;
    open_store(&store, "lost9", true);
    assert_ok(put_long(&store, VERY_LONG_SIZE, 100 * MILLISECOND),
              &store.error);
    assert_int_equal(fixture_head(store.datastore, store.bound), 1);
    close_store(&store);
}

static int start(void **state)
{
    (void)state;
    host = fault_proxy_start();
    return 0;
}

static int stop(void **state)
{
    (void)state;
    fault_proxy_stop();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append_with_lost_answer_is_not_a_repeat),
        cmocka_unit_test(append_that_never_arrived_is_stored_once),
        cmocka_unit_test(append_survives_an_error_that_ends_the_session),
        cmocka_unit_test(lost_answer_without_event_ids_is_unknown),
        cmocka_unit_test(answer_that_a_pooler_lost_is_unknown),
        cmocka_unit_test(repeat_in_a_batch_with_lost_answer_stays_a_repeat),
        cmocka_unit_test(tracking_without_items_and_answer_is_unknown),
        cmocka_unit_test(entry_with_lost_answer_is_unknown_and_stays),
        cmocka_unit_test(entry_with_an_item_and_lost_answer_is_written_once),
        cmocka_unit_test(entries_beside_a_lost_answer_are_written_once),
        cmocka_unit_test(entry_whose_commit_never_arrived_is_written_once),
        cmocka_unit_test(entry_of_a_cluster_without_answer_is_unknown),
        cmocka_unit_test(long_append_that_is_cut_off_is_not_stored),
        cmocka_unit_test(long_append_that_is_cut_off_once_is_stored),
        cmocka_unit_test(long_append_may_exceed_the_deadline),
    };
    return cmocka_run_group_tests(tests, start, stop) != 0;
}
