/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that break, servers that stand still or go, and what an append
 * says of them: nothing acknowledged is lost, nothing is stored twice. */
#include "fixture.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define THREADS 6

/* ------------------------------------------------------ appending threads */

struct crowd {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    _Atomic bool over;
    _Atomic uint64_t acknowledged, unknown, refused, wrong;
    char wrong_message[1100];
};

struct member {
    struct crowd *crowd;
    uint32_t number;
    pthread_t thread;
};

/* Appends one after the other; what is unknown or refused is repeated, and
 * known in the end. */
static void *work(void *context)
{
    const struct member *member = context;
    struct crowd *crowd = member->crowd;
    struct piece piece;
    uint64_t n = 0;
    while (!atomic_load(&crowd->over)) {
        quipu_result result;
        quipu_error error = { 0 };
        fixture_piece(&piece, member->number, -1,
                      (uint64_t)member->number << 32 | n);
        int status = fixture_put(crowd->datastore, crowd->bound, &piece,
                                 2 * SECOND, &result, &error);
        if (status == QUIPU_OK) {
            atomic_fetch_add(&crowd->acknowledged, 1);
            n++;
        } else if (status == QUIPU_UNKNOWN_OUTCOME) {
            atomic_fetch_add(&crowd->unknown, 1);
        } else if (status == QUIPU_IO || status == QUIPU_BUSY) {
            atomic_fetch_add(&crowd->refused, 1);
            fixture_pause(5 * MILLISECOND);
        } else {
            (void)snprintf(crowd->wrong_message, sizeof(crowd->wrong_message),
                           "%d: %s", status, error.message);
            atomic_fetch_add(&crowd->wrong, 1);
        }
    }
    return NULL;
}

static void begin(struct crowd *crowd, struct member *members,
                  const char *options, const char *table)
{
    quipu_schema schema = fixture_schema(table);
    memset(crowd, 0, sizeof(*crowd));
    crowd->datastore = fixture_open(options);
    crowd->bound = fixture_bind(crowd->datastore, &schema);
    for (uint32_t i = 0; i < THREADS; i++) {
        members[i] = (struct member){ .crowd = crowd, .number = i + 1 };
        assert_int_equal(
            pthread_create(&members[i].thread, NULL, work, &members[i]), 0);
    }
}

static void end(struct crowd *crowd, struct member *members, const char *table)
{
    atomic_store(&crowd->over, true);
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(members[i].thread, NULL);
    }
    if (crowd->wrong > 0) {
        fail_msg("%s", crowd->wrong_message);
    }
    int64_t stored = fixture_ask("SELECT count(*) FROM %s", table);
    int64_t head = fixture_head(crowd->datastore, crowd->bound);
    print_message("acknowledged %llu, stored %lld, unknown %llu, refused"
                  " %llu\n",
                  (unsigned long long)crowd->acknowledged, (long long)stored,
                  (unsigned long long)crowd->unknown,
                  (unsigned long long)crowd->refused);
    assert_true(crowd->acknowledged > 0);
    /* The last of each thread may have been stored unacknowledged. */
    assert_in_range(stored, crowd->acknowledged, crowd->acknowledged + THREADS);
    assert_int_equal(head, stored);
    assert_int_equal(
        fixture_ask("SELECT count(DISTINCT event_id) FROM %s", table), stored);
    assert_int_equal(fixture_ask("SELECT max(id) - min(id) + 1 FROM %s", table),
                     stored);
    fixture_driver()->unbind(crowd->datastore, crowd->bound);
    fixture_close(crowd->datastore);
}

static void await_appends(struct crowd *crowd, uint64_t more)
{
    uint64_t wanted = atomic_load(&crowd->acknowledged) + more;
    for (int i = 0; i < 3000 && atomic_load(&crowd->acknowledged) < wanted;
         i++) {
        fixture_pause(10 * MILLISECOND);
    }
    assert_true(atomic_load(&crowd->acknowledged) >= wanted);
}

static void terminated_sessions_lose_nothing(void **state)
{
    struct crowd crowd;
    struct member members[THREADS];
    (void)state;
    begin(&crowd, members, "schema=terminated", "plain");
    for (int i = 0; i < 60; i++) {
        await_appends(&crowd, 10);
        fixture_sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'quipu' ORDER BY random()"
                    " LIMIT 2");
    }
    await_appends(&crowd, 10);
    end(&crowd, members, "terminated.plain");
}

static void crashed_servers_lose_nothing(void **state)
{
    struct crowd crowd;
    struct member members[THREADS];
    const char *stop = getenv("QUIPU_TEST_POSTGRES_STOP");
    const char *start = getenv("QUIPU_TEST_POSTGRES_START");
    (void)state;
    if (!stop || !start) {
        skip();
    }
    begin(&crowd, members, "schema=crashed", "plain");
    for (int i = 0; i < 5; i++) {
        await_appends(&crowd, 30);
        /* NOLINTNEXTLINE(cert-env33-c): the test's own commands. */
        assert_int_equal(system(stop), 0);
        /* NOLINTNEXTLINE(cert-env33-c) */
        assert_int_equal(system(start), 0);
    }
    await_appends(&crowd, 30);
    end(&crowd, members, "crashed.plain");
}

static void pool_keeps_its_bound(void **state)
{
    struct crowd crowd;
    struct member members[THREADS];
    (void)state;
    begin(&crowd, members, "schema=bounded&pool=2&notify=no", "plain");
    for (int i = 0; i < 20; i++) {
        await_appends(&crowd, 5);
        assert_true(fixture_ask("SELECT count(*) FROM pg_stat_activity"
                                " WHERE application_name = 'quipu'") <= 2);
    }
    end(&crowd, members, "bounded.plain");
}

/* ------------------------------------------------------- standing servers */

static void signal_sessions(int number)
{
    static int64_t pid;
    if (number == SIGSTOP) {
        pid = fixture_ask("SELECT pid FROM pg_stat_activity"
                          " WHERE application_name = 'quipu' LIMIT 1");
    }
    assert_int_equal(kill((pid_t)pid, number), 0);
}

static void stopped_server_does_not_hold_the_caller(void **state)
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
    /* Repeated, it is stored once, whatever became of it. */
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

/* A commit that waits for a standby in vain is stored here alone. */
static void wait_for_a_standby_given_up_is_no_success(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = fixture_open("schema=standby");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    struct piece piece;
    quipu_result result;
    quipu_error error = { 0 };
    (void)state;
    fixture_append(datastore, bound, 1);
    fixture_sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    fixture_sql("SELECT pg_reload_conf()");
    while (fixture_ask("SELECT (current_setting('synchronous_standby_names')"
                       " = 'nobody')::int") == 0) {
    }
    fixture_pause(300 * MILLISECOND);

    pid_t child = fork();
    if (child == 0) { /* gives the wait up, again and again */
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

/* ------------------------------------------------------------------- forks */

/* A number that is another if a session ends. */
#define SESSIONS                                                    \
    "SELECT 1000000000 * count(*) + sum(pid) FROM pg_stat_activity" \
    " WHERE application_name = 'quipu'"

/* Has the datastore make the connection that listens. */
static void wait_a_little(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound)
{
    int64_t head = 0;
    quipu_error error = { 0 };
    assert_int_equal(fixture_driver()->wait(datastore, bound, 1,
                                            fixture_now() + 200 * MILLISECOND,
                                            &head, &error),
                     QUIPU_TIMEOUT);
}

static void child_that_closes_leaves_the_parents_sessions(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = fixture_open("schema=forked&pool=1");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    (void)state;
    fixture_append(datastore, bound, 1);
    wait_a_little(datastore, bound);
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
        cmocka_unit_test(terminated_sessions_lose_nothing),
        cmocka_unit_test(pool_keeps_its_bound),
        cmocka_unit_test(stopped_server_does_not_hold_the_caller),
        cmocka_unit_test(wait_for_a_standby_given_up_is_no_success),
        cmocka_unit_test(child_that_closes_leaves_the_parents_sessions),
        cmocka_unit_test(crashed_servers_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
