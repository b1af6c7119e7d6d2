/* SPDX-License-Identifier: Apache-2.0 */
/* Kills the process of a projection before each call of the driver, one after
 * the other, and compares read model and record after each (P1). */
#include "balances_fixture.h"

#include <signal.h>
#include <sys/wait.h>

enum { EVENTS = 40 };
static const char file[] = "killed.db";

/* A process that applies all events, and is killed at a call. */
static _Noreturn void child(int kill_at)
{
    struct balances balances = { .refused = 13,
                                 .refusal = QUIPU_NOT_FOUND,
                                 .refusals = -1 };
    struct opened_log log;
    quipu_error error;

    open_log(&log, file);
    interposed.kill_at = kill_at;
    quipu_projection *projection = open_balances(
        &log, &balances,
        (quipu_projection_options){ .batch_items = 7,
                                    .attempts = 1,
                                    .on_failure = QUIPU_FAILURE_PARK });

    assert_ok(catch_up(projection, &error), &error);
    _exit(0);
}

/* Returns true if the process was killed. */
static bool run_child(int kill_at)
{
    int status = 0;
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        child(kill_at);
    }
    assert_int_equal(waitpid(process, &status, 0), process);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static int64_t record_of(bool *exists)
{
    quipu_position position = { .notification_id = 0 };
    quipu_datastore *datastore;
    quipu_entry *entry = NULL;
    quipu_error error;

    assert_ok(
        quipu_datastore_open("sqlite:///killed.db", NULL, &datastore, &error),
        &error);
    (void)quipu_tracking_read(datastore, "balances@1", "stored_events",
                              &position, &error);
    *exists = quipu_entry_read(datastore, "quipu/projection/balances@1", &entry,
                               &error) == QUIPU_OK;
    quipu_entry_destroy(entry);
    assert_ok(quipu_datastore_close(datastore, &error), &error);
    return position.notification_id;
}

static void read_model_is_what_the_record_says(void **state)
{
    const int64_t parked[] = { 13, 0 };
    struct opened_log log;
    int kills = 0;
    int64_t last = 0;
    (void)state;

    for (int kill_at = 1; last < EVENTS; kill_at++) {
        (void)remove(file);
        (void)remove("killed.db-wal");
        (void)remove("killed.db-shm");
        open_log(&log, file);
        add_events(&log, EVENTS);
        close_log(&log);
        int64_t before = -1;

        for (bool killed = true; killed;) {
            bool exists = false;

            killed = run_child(kill_at);
            kills += killed;
            int64_t record = record_of(&exists);

            if (exists) {
                assert_read_model(file, record, parked);
            } else {
                assert_int_equal(record, 0);
            }
            /* It may be killed each time before it has committed anything. */
            if (killed && record == before) {
                break;
            }
            before = record;
            last = killed ? last : record;
        }
    }
    print_message("%d kills\n", kills);
    assert_true(kills > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_model_is_what_the_record_says),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
