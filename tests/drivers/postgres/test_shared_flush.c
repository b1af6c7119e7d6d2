/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces with shared flushes: all that a call returns is durable when it
 * returns, and a session that appends alone makes no second transaction. */
#include "fixture.h"

#include <libpq-fe.h>
#include <signal.h>
#include <sys/wait.h>

#define SHARED "schema=shared_flush&shared_flush=yes&notify=no"
#define PLAIN "schema=shared_flush&notify=no"
#define TRIES 20

static const quipu_range everything = { .struct_size = sizeof(everything),
                                        .lower = INT64_MIN,
                                        .upper = INT64_MAX,
                                        .limit = INT64_MAX };

/* The writer's commits are not flushed.  Nothing else flushes them for a long
 * time: the server does so by itself every 10 seconds. */
static quipu_driver_datastore *writer, *reader;
static quipu_driver_schema *written, *bound;
static struct piece last; /* of the writer */

static int64_t deadline(void)
{
    return fixture_now() + 20 * SECOND;
}

static void reload(const char *setting)
{
    fixture_sql("ALTER SYSTEM SET %s", setting);
    fixture_sql("SELECT pg_reload_conf()");
    fixture_pause(SECOND / 2); /* for all sessions to see it */
}

static int open_store(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    (void)state;
    reload("wal_writer_delay = '10s'");
    writer = fixture_open(SHARED "&relaxed=yes");
    written = fixture_bind(writer, &schema);
    reader = fixture_open(PLAIN);
    bound = fixture_bind(reader, &schema);
    return 0;
}

static int close_store(void **state)
{
    (void)state;
    fixture_driver()->unbind(writer, written);
    fixture_close(writer);
    fixture_driver()->unbind(reader, bound);
    fixture_close(reader);
    return 0;
}

/* ------------------------------------------------------ what is not durable */

static int64_t flushed(void)
{
    return fixture_ask("SELECT (pg_current_wal_flush_lsn() - '0/0')::bigint");
}

static int64_t append(quipu_driver_datastore *datastore,
                      quipu_driver_schema *schema, const quipu_request *more)
{
    static uint64_t events = 1000;
    quipu_result result = { 0 };
    quipu_request request = *more;
    size_t taken = 0;
    quipu_error error = { 0 };
    fixture_piece(&last, 1, -1, ++events);
    request.schema = schema;
    request.items = &last.item;
    request.item_count = 1;
    assert_ok(fixture_driver()->append(datastore, &request, 1, &result, &taken,
                                       deadline(), &error),
              &error);
    assert_int_equal(result.status, QUIPU_OK);
    return result.first_notification_id;
}

/* Appends an item, with a tracking record and an entry, that is not durable.
 * Returns the end of its commit in the server's log. */
static int64_t append_unflushed(void)
{
    for (int i = 0; i < TRIES; i++) {
        const quipu_entry_write entry = { .key = { "key", 3 },
                                          .value = { "value", 5 } };
        const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                              .entries = &entry,
                                              .entry_count = 1 };
        const quipu_tracking tracking = {
            .consumer = { "consumer", 8 },
            .log = { "log", 3 },
            .position = { .notification_id = fixture_head(writer, written) + 1 }
        };
        const quipu_request request = { .tracking = &tracking,
                                        .condition = &conditions };
        (void)append(writer, written, &request);
        int64_t end =
            fixture_ask("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint");
        if (flushed() < end) {
            return end;
        }
    }
    fail_msg("the server flushes each commit");
    return 0;
}

/* ------------------------------------------------------------------- reads */

static void drain(int status, quipu_driver_cursor **opened, quipu_error *error)
{
    quipu_driver_cursor *cursor = NULL;
    const void *rows = NULL;
    size_t count = 1;
    size_t all = 0;
    assert_ok(status, error);
    cursor = *opened;
    while (count > 0) {
        assert_ok(
            fixture_driver()->step(cursor, deadline(), &rows, &count, error),
            error);
        all += count;
    }
    assert_true(all > 0);
    fixture_driver()->cursor_close(cursor);
}

static void read_sequence(quipu_error *error)
{
    quipu_driver_cursor *cursor = NULL;
    drain(fixture_driver()->read_sequence(reader, bound, last.item.sequence_id,
                                          &everything, deadline(), &cursor,
                                          error),
          &cursor, error);
}

static void read_sequences(quipu_error *error)
{
    const quipu_sequence_range range = { last.item.sequence_id, &everything };
    quipu_driver_cursor *cursor = NULL;
    int64_t erasures = 0;
    drain(fixture_driver()->read_sequences(reader, bound, &range, 1, deadline(),
                                           &cursor, &erasures, error),
          &cursor, error);
}

static void read_log(quipu_error *error)
{
    quipu_driver_cursor *cursor = NULL;
    drain(fixture_driver()->read_log(reader, bound, &everything, deadline(),
                                     &cursor, error),
          &cursor, error);
}

static void read_filtered(quipu_error *error)
{
    const quipu_bytes topic = { "topic", 5 };
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    quipu_driver_cursor *cursor = NULL;
    drain(fixture_driver()->read_filtered(reader, bound, &everything, &filter,
                                          deadline(), &cursor, error),
          &cursor, error);
}

static void find_event(quipu_error *error)
{
    quipu_driver_cursor *cursor = NULL;
    drain(fixture_driver()->find_event(reader, bound, last.item.event_id,
                                       deadline(), &cursor, error),
          &cursor, error);
}

static void list_sequences(quipu_error *error)
{
    const quipu_bytes none = { NULL, 0 };
    quipu_driver_cursor *cursor = NULL;
    drain(fixture_driver()->list_sequences(reader, bound, none, deadline(),
                                           &cursor, error),
          &cursor, error);
}

static void list_tracking(quipu_error *error)
{
    quipu_driver_cursor *cursor = NULL;
    drain(fixture_driver()->list_tracking(reader, deadline(), &cursor, error),
          &cursor, error);
}

static void list_entries(quipu_error *error)
{
    const quipu_bytes none = { NULL, 0 };
    quipu_driver_cursor *cursor = NULL;
    drain(fixture_driver()->list_entries(reader, none, none, deadline(),
                                         &cursor, error),
          &cursor, error);
}

static void read_tracking(quipu_error *error)
{
    quipu_position position;
    assert_ok(fixture_driver()->read_tracking(
                  reader, (quipu_bytes){ "consumer", 8 },
                  (quipu_bytes){ "log", 3 }, deadline(), &position, error),
              error);
}

static void read_last_position(quipu_error *error)
{
    bool found = false;
    int64_t position = 0;
    assert_ok(fixture_driver()->last_position(reader, bound,
                                              last.item.sequence_id, deadline(),
                                              &found, &position, error),
              error);
    assert_true(found);
}

static void see(void *context, const quipu_item *item)
{
    *(int64_t *)context = item->notification_id;
}

static void read_last_item(quipu_error *error)
{
    int64_t seen = 0;
    int64_t erasures = 0;
    assert_ok(fixture_driver()->last_item(reader, bound, last.item.sequence_id,
                                          deadline(), see, &seen, &erasures,
                                          error),
              error);
    assert_true(seen > 0);
}

static void read_head(quipu_error *error)
{
    (void)error;
    assert_true(fixture_head(reader, bound) > 0);
}

static void wait_for_log(quipu_error *error)
{
    int64_t head = 0;
    assert_ok(
        fixture_driver()->wait(reader, bound, 0, deadline(), &head, error),
        error);
}

/* ----------------------------------------------------------------- appends */

/* Position 0 is taken: the message tells the last position. */
static void conflict_of(quipu_driver_datastore *datastore,
                        quipu_driver_schema *schema, quipu_error *error)
{
    struct piece piece;
    quipu_result result;
    fixture_piece(&piece, 1, 0, 4711);
    assert_int_equal(
        fixture_put(datastore, schema, &piece, 20 * SECOND, &result, error),
        QUIPU_CONFLICT);
}

static void conflict(quipu_error *error)
{
    conflict_of(reader, bound, error);
}

static void conflict_of_relaxed_append(quipu_error *error)
{
    conflict_of(writer, written, error);
}

static void repeat(quipu_error *error)
{
    quipu_result result;
    assert_ok(fixture_put(reader, bound, &last, 20 * SECOND, &result, error),
              error);
    assert_true((result.flags & QUIPU_RESULT_REPEATED) != 0);
}

/* One request of two is refused, and the other one is stored. */
static void conflict_beside_an_item(quipu_error *error)
{
    struct piece pieces[2];
    quipu_request requests[2] = { { .schema = written },
                                  { .schema = written } };
    quipu_result results[2] = { { 0 } };
    size_t taken = 0;
    static uint64_t events = 50000;
    fixture_piece(&pieces[0], 1, 0, 4711);
    fixture_piece(&pieces[1], 2, -1, ++events);
    for (int i = 0; i < 2; i++) {
        requests[i].items = &pieces[i].item;
        requests[i].item_count = 1;
    }
    assert_ok(fixture_driver()->append(writer, requests, 2, results, &taken,
                                       deadline(), error),
              error);
    assert_int_equal(taken, 2);
    assert_int_equal(results[0].status, QUIPU_CONFLICT);
    assert_int_equal(results[1].status, QUIPU_OK);
}

/* Nothing is stored: the caller is told that the guard holds. */
static void guard_that_holds(quipu_error *error)
{
    const quipu_guard guard = { .sequence_id = last.item.sequence_id,
                                .demand = QUIPU_DEMAND_NOT_EMPTY };
    const quipu_request request = { .schema = bound,
                                    .guards = &guard,
                                    .guard_count = 1 };
    quipu_result result = { 0 };
    size_t taken = 0;
    assert_ok(fixture_driver()->append(reader, &request, 1, &result, &taken,
                                       deadline(), error),
              error);
    assert_int_equal(result.status, QUIPU_OK);
}

static void record_that_is_not_above(quipu_error *error)
{
    const quipu_tracking tracking = { .consumer = { "consumer", 8 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id = 1 } };
    const quipu_request request = { .schema = bound, .tracking = &tracking };
    quipu_result result = { 0 };
    size_t taken = 0;
    assert_ok(fixture_driver()->append(reader, &request, 1, &result, &taken,
                                       deadline(), error),
              error);
    assert_int_equal(result.status, QUIPU_ALREADY);
}

static int look_and_fail(void *connection, void *context, quipu_error *error)
{
    (void)context;
    (void)error;
    PQclear(PQexec(connection, "SELECT * FROM shared_flush.plain"));
    return QUIPU_INTERNAL;
}

static void function_that_fails(quipu_error *error)
{
    struct piece piece;
    quipu_result result = { 0 };
    fixture_piece(&piece, 3, -1, 4712);
    const quipu_request request = { .schema = bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_int_not_equal(fixture_driver()->transact(reader, &request,
                                                    look_and_fail, NULL,
                                                    &result, deadline(), error),
                         QUIPU_OK);
}

static void results_are_durable(void **state)
{
    static const struct {
        const char *name;
        void (*call)(quipu_error *error);
    } calls[] = {
        { "read_sequence", read_sequence },
        { "read_sequences", read_sequences },
        { "read_log", read_log },
        { "read_filtered", read_filtered },
        { "find_event", find_event },
        { "list_sequences", list_sequences },
        { "list_tracking", list_tracking },
        { "list_entries", list_entries },
        { "read_tracking", read_tracking },
        { "last_position", read_last_position },
        { "last_item", read_last_item },
        { "log_head", read_head },
        { "wait", wait_for_log },
        { "conflict", conflict },
        { "conflict of a relaxed append", conflict_of_relaxed_append },
        { "conflict beside an item", conflict_beside_an_item },
        { "repeat", repeat },
        { "guard that holds", guard_that_holds },
        { "record that is not above", record_that_is_not_above },
        { "function that fails", function_that_fails },
    };
    const quipu_request plain = { .schema = bound };
    (void)state;
    for (int i = 0; i < 20;
         i++) { /* alone: commits are flushed by themselves */
        (void)append(reader, bound, &plain);
    }
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        quipu_error error = { 0 };
        int64_t end = append_unflushed();
        calls[i].call(&error);
        if (flushed() < end) {
            fail_msg("%s: what it told is not durable", calls[i].name);
        }
    }
}

/* Heads of namespaces with shared flushes, listed by a datastore of such a
 * namespace, of another one, or of none. */
static void lists_of_other_namespaces_are_durable(void **state)
{
    static const char *const options[] = { PLAIN, PLAIN "&namespace=other",
                                           PLAIN "&namespace=*" };
    (void)state;
    for (int i = 0; i < 3; i++) {
        quipu_driver_datastore *other = fixture_open(options[i]);
        quipu_driver_cursor *cursor = NULL;
        quipu_error error = { 0 };
        int64_t end = append_unflushed();
        drain(fixture_driver()->list_logs(other, deadline(), &cursor, &error),
              &cursor, &error);
        assert_true(flushed() >= end);
        fixture_close(other);
    }
}

static void run_now(const char *command)
{
    /* NOLINTNEXTLINE(cert-env33-c): the test's own commands. */
    assert_int_equal(system(command), 0);
}

/* A crash takes away what the server has not flushed. */
static void acknowledged_appends_survive_a_crash(void **state)
{
    (void)state;
    const quipu_request plain = { .schema = bound };
    const int64_t before = append(reader, bound, &plain);
    for (int i = 0; i < 5; i++) {
        (void)append(reader, bound, &plain);
    }
    run_now(getenv("QUIPU_TEST_POSTGRES_STOP"));
    run_now(getenv("QUIPU_TEST_POSTGRES_START"));
    assert_int_equal(fixture_head(reader, bound), before + 5);
}

/* ----------------------------------------------------------------- standbys */

/* No standby of that name follows, so each commit is on one disk only. */
static void standbys_are_waited_for(void **state)
{
    struct piece piece;
    quipu_position head;
    quipu_result result;
    quipu_error error = { 0 };
    (void)state;
    int64_t before = fixture_head(reader, bound);
    reload("synchronous_standby_names = 'missing'");
    fixture_piece(&piece, 1, -1, 31337);
    assert_int_equal(
        fixture_put(reader, bound, &piece, SECOND, &result, &error),
        QUIPU_UNKNOWN_OUTCOME);
    error = (quipu_error){ 0 };
    assert_int_equal(fixture_driver()->log_head(
                         reader, bound, fixture_now() + SECOND, &head, &error),
                     QUIPU_TIMEOUT);
    fixture_sql("ALTER SYSTEM RESET synchronous_standby_names");
    fixture_sql("SELECT pg_reload_conf()");
    fixture_pause(SECOND / 2);
    error = (quipu_error){ 0 };
    assert_ok(fixture_put(reader, bound, &piece, 20 * SECOND, &result, &error),
              &error);
    assert_true((result.flags & QUIPU_RESULT_REPEATED) != 0);
    assert_int_equal(result.first_notification_id, before + 1);
    assert_int_equal(fixture_head(reader, bound), before + 1);
}

/* Cancels each wait for a standby, until it is killed. */
static pid_t cancel_waits(void)
{
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 1000; i++) {
            (void)fixture_ask("SELECT pg_cancel_backend(pid)"
                              " FROM pg_stat_activity"
                              " WHERE wait_event = 'SyncRep'");
            fixture_pause(50 * MILLISECOND);
        }
        _exit(0);
    }
    return child;
}

static void cancelled_waits_tell_nothing(void **state)
{
    struct piece piece;
    quipu_position head;
    quipu_result result;
    quipu_error appended = { 0 }, read = { 0 };
    (void)state;
    reload("synchronous_standby_names = 'missing'");
    pid_t child = cancel_waits();
    fixture_piece(&piece, 1, -1, 31338);
    int append_status =
        fixture_put(reader, bound, &piece, 2 * SECOND, &result, &appended);
    int read_status = fixture_driver()->log_head(
        reader, bound, fixture_now() + 2 * SECOND, &head, &read);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    fixture_sql("ALTER SYSTEM RESET synchronous_standby_names");
    fixture_sql("SELECT pg_reload_conf()");
    fixture_pause(SECOND / 2);
    assert_int_equal(append_status, QUIPU_UNKNOWN_OUTCOME);
    assert_int_not_equal(read_status, QUIPU_OK);
}

/* ----------------------------------------------------------- rights */

static void assert_open_refused(const char *options, int status,
                                const char *words)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    assert_refused(fixture_try_open(options, &datastore, &error), status,
                   &error, words);
}

/* Gives the right to the function, or takes it: with PostgreSQL 17 it has
 * another parameter. */
#define FLUSH_RIGHT(verb, to)                              \
    "DO $$BEGIN EXECUTE (SELECT string_agg('" verb         \
    " EXECUTE ON FUNCTION ' || oid::regprocedure || ' " to \
    " PUBLIC', ';') FROM pg_proc WHERE proname = "         \
    "'pg_logical_emit_message'); END$$"

static void readers_need_no_right_to_write(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *seen = NULL;
    quipu_error error = { 0 };
    (void)state;
    fixture_sql("CREATE ROLE spectator LOGIN;"
                "ALTER ROLE spectator SET default_transaction_read_only = on;"
                "GRANT USAGE ON SCHEMA shared_flush TO spectator;"
                "GRANT SELECT ON ALL TABLES IN SCHEMA shared_flush"
                " TO spectator");
    assert_ok(fixture_try_open(PLAIN
                               "&readonly=yes&user=spectator&dbname=quipu",
                               &datastore, &error),
              &error);
    assert_ok(
        fixture_driver()->bind(datastore, &schema, deadline(), &seen, &error),
        &error);
    int64_t end = append_unflushed();
    assert_true(fixture_head(datastore, seen) > 0);
    assert_true(flushed() >= end);
    fixture_driver()->unbind(datastore, seen);
    fixture_close(datastore);
    fixture_sql(FLUSH_RIGHT("REVOKE", "FROM"));
    assert_open_refused(PLAIN "&readonly=yes&user=spectator&dbname=quipu",
                        QUIPU_DENIED, "grant EXECUTE");
    fixture_sql(FLUSH_RIGHT("GRANT", "TO"));
}

/* ---------------------------------------------------------------- the second
 * transaction */

static int64_t count_transactions(int64_t *next)
{
    int64_t before = *next;
    *next = fixture_ask("SELECT txid_current()") + 1;
    return *next - before - 1;
}

/* A session that appends alone does not need it. */
static void appends_of_one_session_take_one_transaction(void **state)
{
    const quipu_request plain = { .schema = bound };
    int64_t next = 0;
    (void)state;
    for (int i = 0; i < 20; i++) {
        (void)append(reader, bound, &plain);
    }
    (void)count_transactions(&next);
    for (int i = 0; i < 10; i++) {
        (void)append(reader, bound, &plain);
    }
    assert_int_equal(count_transactions(&next), 10);
    (void)append(writer, written, &plain);
    (void)append(reader, bound, &plain); /* sees the other one */
    (void)count_transactions(&next);
    for (int i = 0; i < 10; i++) {
        (void)append(reader, bound, &plain);
    }
    assert_int_equal(count_transactions(&next), 20);
}

static int find_server(void **state)
{
    (void)state;
    const char *host = getenv("PGHOST");
    return host && getenv("QUIPU_TEST_POSTGRES_STOP") &&
                   getenv("QUIPU_TEST_POSTGRES_START")
               ? open_store(state)
               : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_durable),
        cmocka_unit_test(lists_of_other_namespaces_are_durable),
        cmocka_unit_test(acknowledged_appends_survive_a_crash),
        cmocka_unit_test(standbys_are_waited_for),
        cmocka_unit_test(cancelled_waits_tell_nothing),
        cmocka_unit_test(readers_need_no_right_to_write),
        cmocka_unit_test(appends_of_one_session_take_one_transaction),
    };
    return cmocka_run_group_tests(tests, find_server, close_store) != 0;
}
