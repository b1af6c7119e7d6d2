/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Acceptance tests: long runs with many events, processes that are killed,
 * failing stores and power cuts, on each back end.  Each test prints a
 * line with its counts and a verdict.
 *
 * A test runs in a process of its own, in an empty folder that is removed
 * afterwards.  It fails by an assertion of cmocka, which ends the process.
 */
#ifndef QUIPU_TESTS_ACCEPTANCE_H
#define QUIPU_TESTS_ACCEPTANCE_H

#include "core/consumer/model_fixture.h"

#include <sys/types.h>

/* A run of a test on one back end; in memory that the processes share. */
struct acceptance {
    const struct model *model;
    bool is_short; /* the form for ctest: seconds */
    bool is_skipped;
    char counts[600]; /* printed in the line */
};

/* Adds to the counts. */
void acceptance_note(struct acceptance *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Notes why the test does not apply to this back end, and ends the process. */
_Noreturn void acceptance_skip(struct acceptance *run, const char *reason);

struct acceptance_test {
    const char *name;  /* "A1" */
    const char *title; /* for the help */
    void (*run)(struct acceptance *run);
    bool has_short;
};

extern const struct acceptance_test acceptance_kill_points; /* A1 */
extern const struct acceptance_test acceptance_runners;     /* A2 */
extern const struct acceptance_test acceptance_filters;     /* A3 */
extern const struct acceptance_test acceptance_groups;      /* A4 */
extern const struct acceptance_test acceptance_parking;     /* A5 */
extern const struct acceptance_test acceptance_failures;    /* A6 */
extern const struct acceptance_test acceptance_restored;    /* A8 */
extern const struct acceptance_test acceptance_stops;       /* A9 */
extern const struct acceptance_test acceptance_growth;      /* A10 */
extern const struct acceptance_test acceptance_races;       /* B2 */
extern const struct acceptance_test acceptance_timers;      /* B3 */
extern const struct acceptance_test acceptance_histories;   /* B4 */
extern const struct acceptance_test acceptance_gets;        /* B5 */
extern const struct acceptance_test acceptance_tampering;   /* C1 */
extern const struct acceptance_test acceptance_repeats;     /* C2 */
extern const struct acceptance_test acceptance_forgetting;  /* C3 */
extern const struct acceptance_test acceptance_files;       /* C4 */
extern const struct acceptance_test acceptance_canaries;    /* C4 */
extern const struct acceptance_test acceptance_erasures;    /* C5 */
extern const struct acceptance_test acceptance_vaults;      /* C6 */
extern const struct acceptance_test acceptance_copies;      /* C7 */
extern const struct acceptance_test acceptance_kills;
extern const struct acceptance_test acceptance_power;

/* -------------------------------------------------------------- process.c */

/* Zeroed memory that later child processes share. */
void *process_share(size_t size);

/* Starts a child process, which ends with 0 when the function returns. */
pid_t process_start(void (*run)(void *context), void *context);

/* Waits for a process.  Returns true if it has ended by SIGKILL, false if it
 * has ended by itself with 0; fails otherwise. */
bool process_wait_killed(pid_t process);

/* Kills a process, and waits for it; returns as above. */
bool process_kill(pid_t process);

/*
 * Waits for a random time of up to `longest` microseconds, before a process is
 * killed.  Mostly the time begins when the process has set the flag, as it may
 * need longer than that to open its store; the flag is cleared.
 */
void process_wait_to_kill(pid_t process, atomic_bool *has_begun,
                          int64_t longest);

/* Whether the process runs still; its end can be waited for afterwards. */
bool process_is_running(pid_t process);

/* A random number below n > 0, from a generator that differs at each start. */
int64_t process_random(int64_t n);

void process_sleep(int64_t microseconds);

/* Microseconds of the monotonic clock. */
int64_t process_now(void);

/* Kilobytes of anonymous memory of a process. */
int64_t process_memory(pid_t process);

/* ---------------------------------------------------------------- helpers */

/* Makes one step; a failure of the store is counted. */
void acceptance_step(quipu_projection *projection, bool *caught_up,
                     int64_t *failures);
/* Steps until the end of the log; returns the number of failures. */
int64_t acceptance_catch_up(quipu_projection *projection);

/* Creates a store with that number of events; writes its name.  The handle is
 * closed again. */
void acceptance_fill(const struct acceptance *run, const char *label,
                     const char *options, int64_t events, int sequences,
                     char name[96]);

/* Sorts, and returns the value below which that share of them lies. */
int64_t acceptance_quantile(int64_t *values, size_t count, double share);

#endif
