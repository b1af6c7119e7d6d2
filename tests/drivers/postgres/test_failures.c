/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions that are terminated, servers that are stopped or crash: no
 * acknowledged append is lost and none is stored twice. */
#include "fixture.h"
#include "quipu_test_skip.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define THREADS 6

/* ------------------------------------------------------ appending threads */

struct workers {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    _Atomic bool over;
    _Atomic uint64_t acknowledged, unknown, refused, wrong;
    char wrong_message[1100];
};

struct worker {
    struct workers *workers;
    uint32_t number;
    pthread_t thread;
};

/* Appends one item after the other.  An append that is refused or whose outcome
 * is unknown is repeated until it is acknowledged. */
static void *work(void *context)
{
    const struct worker *worker = context;
    struct workers *workers = worker->workers;
    struct piece piece;
    uint64_t n = 0;
    while (!atomic_load(&workers->over)) {
        quipu_result result;
        quipu_error error = { 0 };
        fixture_piece(&piece, worker->number, -1,
                      (uint64_t)worker->number << 32 | n);
        int status = fixture_put(workers->datastore, workers->bound, &piece,
                                 2 * SECOND, &result, &error);
        if (status == QUIPU_OK) {
            atomic_fetch_add(&workers->acknowledged, 1);
            n++;
        } else if (status == QUIPU_UNKNOWN_OUTCOME) {
            atomic_fetch_add(&workers->unknown, 1);
        } else if (status == QUIPU_IO || status == QUIPU_BUSY) {
            atomic_fetch_add(&workers->refused, 1);
            fixture_pause(5 * MILLISECOND);
        } else {
            (void)snprintf(workers->wrong_message,
                           sizeof(workers->wrong_message), "%d: %s", status,
                           error.message);
            atomic_fetch_add(&workers->wrong, 1);
        }
    }
    return NULL;
}

static void begin(struct workers *workers, struct worker *threads,
                  const char *options, const char *table)
{
    quipu_schema schema = fixture_schema(table);
    memset(workers, 0, sizeof(*workers));
    workers->datastore = fixture_open(options);
    workers->bound = fixture_bind(workers->datastore, &schema);
    for (uint32_t i = 0; i < THREADS; i++) {
        threads[i] = (struct worker){ .workers = workers, .number = i + 1 };
        assert_int_equal(
            pthread_create(&threads[i].thread, NULL, work, &threads[i]), 0);
    }
}

static void end(struct workers *workers, struct worker *threads,
                const char *table)
{
    atomic_store(&workers->over, true);
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i].thread, NULL);
    }
    if (workers->wrong > 0) {
        fail_msg("%s", workers->wrong_message);
    }
    int64_t stored = fixture_ask("SELECT count(*) FROM %s", table);
    int64_t head = fixture_head(workers->datastore, workers->bound);
    print_message("acknowledged %llu, stored %lld, unknown %llu, refused"
                  " %llu\n",
                  (unsigned long long)workers->acknowledged, (long long)stored,
                  (unsigned long long)workers->unknown,
                  (unsigned long long)workers->refused);
    assert_true(workers->acknowledged > 0);
    /* The last append of each thread may be stored without acknowledgement. */
    assert_in_range(stored, workers->acknowledged,
                    workers->acknowledged + THREADS);
    assert_int_equal(head, stored);
    assert_int_equal(
        fixture_ask("SELECT count(DISTINCT event_id) FROM %s", table), stored);
    assert_int_equal(fixture_ask("SELECT max(id) - min(id) + 1 FROM %s", table),
                     stored);
    fixture_driver()->unbind(workers->datastore, workers->bound);
    fixture_close(workers->datastore);
}

static void wait_for_appends(struct workers *workers, uint64_t more)
{
    uint64_t wanted = atomic_load(&workers->acknowledged) + more;
    for (int i = 0; i < 3000 && atomic_load(&workers->acknowledged) < wanted;
         i++) {
        fixture_pause(10 * MILLISECOND);
    }
    assert_true(atomic_load(&workers->acknowledged) >= wanted);
}

static void appends_survive_terminated_sessions(void **state)
{
    struct workers workers;
    struct worker threads[THREADS];
    (void)state;
    begin(&workers, threads, "schema=terminated", "plain");
    for (int i = 0; i < 60; i++) {
        wait_for_appends(&workers, 10);
        fixture_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'quipu' ORDER BY random()"
                    " LIMIT 2");
    }
    wait_for_appends(&workers, 10);
    end(&workers, threads, "terminated.plain");
}

static void appends_survive_server_crashes(void **state)
{
    struct workers workers;
    struct worker threads[THREADS];
    const char *stop = getenv("QUIPU_TEST_POSTGRES_STOP");
    const char *start = getenv("QUIPU_TEST_POSTGRES_START");
    (void)state;
    if (!stop || !start) {
        quipu_test_skip("no command stops and starts the server");
    }
    begin(&workers, threads, "schema=crashed", "plain");
    for (int i = 0; i < 5; i++) {
        wait_for_appends(&workers, 30);
        /* NOLINTNEXTLINE(cert-env33-c): the test's own commands. */
        assert_int_equal(system(stop), 0);
        /* NOLINTNEXTLINE(cert-env33-c) */
        assert_int_equal(system(start), 0);
    }
    wait_for_appends(&workers, 30);
    end(&workers, threads, "crashed.plain");
}

static void pool_option_limits_the_sessions(void **state)
{
    struct workers workers;
    struct worker threads[THREADS];
    (void)state;
    begin(&workers, threads, "schema=bounded&pool=2&notify=no", "plain");
    for (int i = 0; i < 20; i++) {
        wait_for_appends(&workers, 5);
        assert_true(fixture_ask("SELECT count(*) FROM pg_stat_activity"
                                " WHERE application_name = 'quipu'") <= 2);
    }
    end(&workers, threads, "bounded.plain");
}

/* -------------------------------------------------------- stopped servers */

static void signal_sessions(int number)
{
    static int64_t pid;
    if (number == SIGSTOP) {
        pid = fixture_ask("SELECT pid FROM pg_stat_activity"
                          " WHERE application_name = 'quipu' LIMIT 1");
    }
    assert_int_equal(kill((pid_t)pid, number), 0);
}

static void stopped_server_does_not_block_past_the_deadline(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore =
        fixture_open("schema=stopped&pool=1&notify=no");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    struct piece piece;
    quipu_result result;
    quipu_error error = { 0 };
    quipu_position head;
    (void)state;
    fixture_append(datastore, bound, 1);
    fixture_piece(&piece, 1, 1, 17);

    signal_sessions(SIGSTOP);
    int64_t begun = fixture_now();
    int status = fixture_put(datastore, bound, &piece, 300 * MILLISECOND,
                             &result, &error);
    int64_t took = fixture_now() - begun;
    signal_sessions(SIGCONT);
    assert_int_equal(status, QUIPU_UNKNOWN_OUTCOME);
    assert_true(took < 5 * SECOND);
    /* The repeat finds or stores it: one item either way. */
    assert_ok(
        fixture_put(datastore, bound, &piece, 10 * SECOND, &result, &error),
        &error);
    assert_int_equal(fixture_head(datastore, bound), 2);

    signal_sessions(SIGSTOP);
    begun = fixture_now();
    status = fixture_driver()->log_head(
        datastore, bound, begun + 300 * MILLISECOND, &head, &error);
    took = fixture_now() - begun;
    signal_sessions(SIGCONT);
    assert_int_equal(status, QUIPU_TIMEOUT);
    assert_true(took < 5 * SECOND);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

/* A commit whose wait for the standby is cancelled is stored on the primary
 * only. */
static void commit_without_its_standby(const char *options)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = fixture_open(options);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    struct piece piece;
    quipu_result result;
    quipu_error error = { 0 };
    fixture_append(datastore, bound, 1);
    fixture_sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    fixture_sql("SELECT pg_reload_conf()");
    while (fixture_ask("SELECT (current_setting('synchronous_standby_names')"
                       " = 'nobody')::int") == 0) {
    }
    fixture_pause(300 * MILLISECOND);

    pid_t child = fork();
    if (child == 0) { /* cancels the wait whenever there is one */
        for (int i = 0; i < 100; i++) {
            (void)fixture_ask("SELECT pg_cancel_backend(pid)"
                              " FROM pg_stat_activity WHERE wait_event ="
                              " 'SyncRep'");
            fixture_pause(50 * MILLISECOND);
        }
        _exit(0);
    }
    fixture_piece(&piece, 1, 1, 17);
    int status =
        fixture_put(datastore, bound, &piece, 2 * SECOND, &result, &error);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    fixture_sql("ALTER SYSTEM RESET synchronous_standby_names");
    fixture_sql("SELECT pg_reload_conf()");
    assert_int_equal(status, QUIPU_UNKNOWN_OUTCOME);
    assert_contains(error.message, "standby");
    assert_ok(
        fixture_put(datastore, bound, &piece, 20 * SECOND, &result, &error),
        &error);
    assert_int_equal(result.flags & QUIPU_RESULT_REPEATED,
                     QUIPU_RESULT_REPEATED);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void commit_without_its_standby_is_unknown(void **state)
{
    (void)state;
    commit_without_its_standby("schema=standby");
}

/* with-german gives the server a locale; its translations are part of the
 * server's package. */
static void commit_without_its_standby_is_unknown_in_german(void **state)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    (void)state;
    if (!getenv("QUIPU_TEST_LOCALE")) {
        quipu_test_skip("the server has no German messages");
    }
    fixture_sql("ALTER SYSTEM SET lc_messages = '%s'",
                getenv("QUIPU_TEST_LOCALE"));
    fixture_sql("SELECT pg_reload_conf()");
    fixture_pause(300 * MILLISECOND);
    assert_int_not_equal(fixture_try_open("user=niemand", &datastore, &error),
                         QUIPU_OK);
    assert_contains(error.message, "existiert nicht");
    commit_without_its_standby("schema=german");
    fixture_sql("ALTER SYSTEM RESET lc_messages");
    fixture_sql("SELECT pg_reload_conf()");
}

/* ------------------------------------------------------------------- forks */

/* A number that changes if a session ends or begins. */
#define SESSIONS                                                    \
    "SELECT 1000000000 * count(*) + sum(pid) FROM pg_stat_activity" \
    " WHERE application_name = 'quipu'"

/* Makes the datastore open the connection that listens. */
static void open_listener(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound)
{
    int64_t head = 0;
    quipu_error error = { 0 };
    assert_int_equal(fixture_driver()->wait(datastore, bound, 1,
                                            fixture_now() + 200 * MILLISECOND,
                                            &head, &error),
                     QUIPU_TIMEOUT);
}

static void close_in_a_child_keeps_the_parents_sessions(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = fixture_open("schema=forked&pool=1");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    (void)state;
    fixture_append(datastore, bound, 1);
    open_listener(datastore, bound);
    int64_t before = fixture_ask("%s", SESSIONS);
    pid_t child = fork();
    if (child == 0) {
        fixture_close(datastore);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    fixture_append(datastore, bound, 1);
    assert_int_equal(fixture_ask("%s", SESSIONS), before);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_survive_terminated_sessions),
        cmocka_unit_test(pool_option_limits_the_sessions),
        cmocka_unit_test(stopped_server_does_not_block_past_the_deadline),
        cmocka_unit_test(commit_without_its_standby_is_unknown),
        cmocka_unit_test(commit_without_its_standby_is_unknown_in_german),
        cmocka_unit_test(close_in_a_child_keeps_the_parents_sessions),
        cmocka_unit_test(appends_survive_server_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
