/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that are down for a while, or restart: calls wait for them until
 * their deadline, and names that are wrong are told at once. */
#include "fixture.h"

#include <sys/wait.h>

/* Runs a command of with-cluster after a while, in another process. */
static pid_t run_later(const char *command, int64_t pause)
{
    pid_t child = fork();
    if (child == 0) {
        fixture_pause(pause);
        /* NOLINTNEXTLINE(cert-env33-c): the test's own commands. */
        _exit(system(command) == 0 ? 0 : 1);
    }
    return child;
}

static void run_now(const char *command)
{
    /* NOLINTNEXTLINE(cert-env33-c): the test's own commands. */
    assert_int_equal(system(command), 0);
}

static void wait_for(pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void stop(void)
{
    run_now(getenv("QUIPU_TEST_POSTGRES_STOP"));
}

static void start(void)
{
    run_now(getenv("QUIPU_TEST_POSTGRES_START"));
}

static void calls_wait_for_a_server_that_restarts(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = fixture_open("schema=restart");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    (void)state;
    fixture_append(datastore, bound, 1);
    stop();
    pid_t child = run_later(getenv("QUIPU_TEST_POSTGRES_START"), 2 * SECOND);
    fixture_append(datastore, bound, 1);
    wait_for(child);
    stop();
    child = run_later(getenv("QUIPU_TEST_POSTGRES_START"), SECOND);
    assert_int_equal(fixture_head(datastore, bound), 2);
    wait_for(child);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void opening_waits_for_a_server_that_starts(void **state)
{
    (void)state;
    stop();
    pid_t child = run_later(getenv("QUIPU_TEST_POSTGRES_START"), SECOND);
    fixture_close(fixture_open("schema=restart"));
    wait_for(child);
}

static void deadline_ends_the_wait(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = fixture_open("schema=restart");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    struct piece piece;
    quipu_result result;
    quipu_error error = { 0 };
    (void)state;
    stop();
    fixture_piece(&piece, 1, -1, 4711);
    int64_t before = fixture_now();
    assert_refused(
        fixture_put(datastore, bound, &piece, SECOND, &result, &error),
        QUIPU_IO, &error, "cannot connect");
    int64_t took = fixture_now() - before;
    assert_in_range(took, SECOND / 2, 3 * SECOND);
    start();
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

static void assert_refused_at_once(const char *options, const char *words)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    int64_t before = fixture_now();
    int status = fixture_try_open(options, &datastore, &error);
    assert_int_not_equal(status, QUIPU_OK);
    assert_contains(error.message, words);
    assert_true(fixture_now() - before < 5 * SECOND);
}

static void wrong_names_are_told_at_once(void **state)
{
    (void)state;
    assert_refused_at_once("host=/no/such/folder", "/no/such/folder");
    assert_refused_at_once("host=no-such-host.invalid", "no-such-host");
    assert_refused_at_once("user=nobody-of-that-name", "nobody-of-that-name");
    assert_refused_at_once("dbname=nothing", "createdb");
}

static int find_server(void **state)
{
    (void)state;
    const char *host = getenv("PGHOST");
    return host && getenv("QUIPU_TEST_POSTGRES_STOP") &&
                   getenv("QUIPU_TEST_POSTGRES_START")
               ? 0
               : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_wait_for_a_server_that_restarts),
        cmocka_unit_test(opening_waits_for_a_server_that_starts),
        cmocka_unit_test(deadline_ends_the_wait),
        cmocka_unit_test(wrong_names_are_told_at_once),
    };
    return cmocka_run_group_tests(tests, find_server, NULL) != 0;
}
