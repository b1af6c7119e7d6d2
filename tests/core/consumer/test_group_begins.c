/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first commit of a consumer that is alone, and the creation of its group,
 * at the same time in two processes: one of them is refused.  Otherwise the
 * events of the first commit would be applied again by the group.  The macro
 * MODEL names the back end.
 */
#include "model_fixture.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { ROUNDS = 300 };

struct meeting {
    atomic_int round; /* both processes do it when the other one is ready */
    atomic_int accepted[ROUNDS];
};
static struct meeting *shared;

static void meet(int round)
{
    int ready = atomic_fetch_add(&shared->round, 1) + 1;

    while (ready < 2 * (round + 1)) {
        (void)sched_yield();
        ready = atomic_load(&shared->round);
    }
}

/* Writes as a tracker and a group do (tracker.c, group.c), under a key of the
 * program's own. */
static void race(struct opened_log *log, bool is_group)
{
    for (int round = 0; round < ROUNDS; round++) {
        quipu_error error;
        char key[32];

        (void)snprintf(key, sizeof(key), "consumer-%d", round);
        const quipu_entry_write settings = {
            .key = quipu_bytes_of_text(key),
            .value = is_group ? quipu_bytes_of_text("8 partitions")
                              : (quipu_bytes){ NULL, 0 },
            .flags = QUIPU_ENTRY_EXPECT | (is_group ? 0u : QUIPU_ENTRY_CHECK),
        };
        const quipu_conditions conditions = {
            .struct_size = sizeof(conditions),
            .flags = QUIPU_CONDITIONS_TRACKING_FROM |
                     (is_group ? QUIPU_CONDITIONS_TRACKING_REWIND : 0u),
            .entries = &settings,
            .entry_count = 1,
        };
        const quipu_tracking tracking = {
            .consumer = quipu_bytes_of_text(key),
            .log = quipu_bytes_of_text("stored_events"),
            .position = { .notification_id = is_group ? 0 : 40 },
        };
        const quipu_append append = { .struct_size = sizeof(append),
                                      .tracking = &tracking,
                                      .conditions = &conditions };

        meet(round);
        int status =
            quipu_datastore_commit(log->datastore, &append, NULL, &error);

        if (status != QUIPU_CONFLICT) {
            assert_ok(status, &error);
            atomic_fetch_add(&shared->accepted[round], is_group ? 1 : 256);
        }
    }
}

static void one_of_both_is_refused(void **state)
{
    pid_t processes[2];
    struct opened_log log;
    char name[96];
    int groups = 0;
    (void)state;

    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    MODEL.prepare("begins", "durability=relaxed", name);
    open_log(&log, name);
    close_log(&log);
    for (int i = 0; i < 2; i++) {
        processes[i] = fork();
        assert_true(processes[i] >= 0);
        if (processes[i] == 0) {
            open_log(&log, name);
            race(&log, i == 0);
            close_log(&log);
            _exit(0);
        }
    }
    for (int i = 0; i < 2; i++) {
        int status;

        assert_int_equal(waitpid(processes[i], &status, 0), processes[i]);
        assert_int_equal(status, 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        int accepted = atomic_load(&shared->accepted[i]);

        assert_true(accepted == 1 || accepted == 256);
        groups += accepted == 1;
    }
    print_message("%d of %d times the group\n", groups, ROUNDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_of_both_is_refused),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
