/* SPDX-License-Identifier: Apache-2.0 */
#include "kills_fixture.h"

#include "quipu_test_child.h"

/* Applies all events, and ends the process. */
static _Noreturn void apply_all(const struct killed_projection *killed,
                                const char *name, int kill_at)
{
    struct applied applied = { .model = killed->model,
                               .refused = killed->refused,
                               .refusal = QUIPU_NOT_FOUND };
    struct opened_log log;
    bool caught_up = false;
    quipu_error error;

    open_log(&log, name);
    interposed.kill_at = kill_at;
    quipu_projection *projection =
        open_applied(&log, &applied, killed->options);

    while (!caught_up) {
        assert_ok(quipu_projection_step(projection, &caught_up, &error),
                  &error);
    }
    _exit(0);
}

/* Returns true if the process was killed. */
static bool run_child(const struct killed_projection *killed, const char *name,
                      int kill_at)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        apply_all(killed, name, kill_at);
    }
    return quipu_test_was_killed(process);
}

/* Runs processes that are killed at that call until one of them ends by itself,
 * or has committed nothing more.  Returns the number of kills; *last is the
 * record if all was applied, otherwise 0. */
static int run_round(const struct killed_projection *killed, int kill_at,
                     int64_t *last)
{
    struct opened_log log;
    int64_t before = -1;
    char name[96];
    int kills = 0;

    killed->model->prepare("killed", "durability=relaxed", name);
    open_log(&log, name);
    fill_log(&log, killed->events);
    close_log(&log);
    for (;;) {
        bool was_killed = run_child(killed, name, kill_at);
        struct model_counts counts =
            count_model(killed->model, name, "applied@1", 1);

        assert_exact(&counts);
        kills += was_killed;
        *last = was_killed ? 0 : counts.record;
        if (!was_killed || counts.record == before) {
            return kills;
        }
        before = counts.record;
    }
}

struct kill_counts kill_at_each_call(const struct killed_projection *killed)
{
    struct kill_counts counts = { .kills = 0 };
    int64_t last = 0;

    /* A process that is killed later than it needs is not killed. */
    for (int kill_at = 1, undisturbed = 0; undisturbed == 0; kill_at++) {
        int round = run_round(killed, kill_at, &last);

        counts.kills += round;
        counts.rounds++;
        undisturbed = round == 0;
    }
    assert_int_equal(last, killed->events);
    return counts;
}
