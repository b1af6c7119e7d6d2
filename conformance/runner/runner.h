/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selects cases and runs them against one URI, each in a process of its own.
 * The head of runner.c describes how.
 */
#ifndef QUIPU_RUNNER_H
#define QUIPU_RUNNER_H

#include "cases/case.h"
#include "child.h"
#include "probe.h"

/* Factor of all time limits unless the user sets one: code built with a
 * sanitizer is slower. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define QUIPU_USUAL_PATIENCE 10
#else
#define QUIPU_USUAL_PATIENCE 1
#endif

/* Options of a run.  Strings are borrowed. */
struct quipu_run {
    const char *uri;  /* {dir} and {name} are replaced for each case */
    const char *only; /* fnmatch patterns of ids, comma-separated, or NULL */
    const char *skip; /* the same */
    uint64_t seed;    /* of all random choices */
    enum quipu_profile profile;
    unsigned patience; /* factor of all time limits, at least 1 */
    unsigned jobs;     /* cases to run at the same time; 0 is 1 */
    unsigned limit;    /* of each case in seconds, at most; 0: its own */
    bool unfinished;   /* the driver may lack required operations */
    bool fail_fast;    /* begin no case after the first failure */
    struct quipu_server_hooks hooks; /* of a store on a server */
};

enum quipu_verdict { QUIPU_PASSED, QUIPU_FAILED, QUIPU_SKIPPED };

/* Reason for which a case was skipped. */
enum quipu_skip {
    QUIPU_SKIP_NOT_APPLICABLE, /* the store does not declare what it needs */
    QUIPU_SKIP_PROFILE,        /* it belongs to a longer profile */
    QUIPU_SKIP_UNTESTED, /* it applies to this store, but the run lacks what the
                          * case needs: see docs/conformance.md */
    QUIPU_SKIP_UNWRITTEN /* it called an operation that the driver does not have
                          * yet, in a run with `unfinished` */
};
#define QUIPU_SKIPS 4

/* Result of one case. */
struct quipu_outcome {
    const struct quipu_case *case_;
    enum quipu_verdict verdict;
    enum quipu_skip skip; /* if it was skipped */
    bool crashed;         /* it failed by a signal or its time limit */
    int64_t milliseconds;
    /* Guarantees that a failure shows to be broken (quipu_context_blame), or
     * "": that of the case. */
    char broken[QUIPU_BROKEN_SIZE];
    char text[4096]; /* why it failed or was skipped: lines */
    uint64_t counts[QUIPU_COUNTS];
    const char *timeline; /* of a failure, as the case wrote it, or NULL */
};

/* Called for each case when it has ended; the outcome is borrowed. */
typedef void (*quipu_runner_callback)(void *context,
                                      const struct quipu_outcome *outcome);

/* Returns true if the patterns of the run select the case. */
bool quipu_runner_selects(const struct quipu_run *run,
                          const struct quipu_case *case_);

/* Returns the reason for which a case does not run on a store with these
 * traits, and stores its kind in `skip`; NULL: it runs. */
const char *quipu_runner_skip_reason(const struct quipu_case *case_,
                                     uint32_t traits, enum quipu_skip *skip);

/* Runs all selected cases, in the order of the list of cases; with several
 * jobs they may end in another order.  Returns false if a signal or, with
 * fail_fast, a failure ended the run: see quipu_runner_signal. */
bool quipu_runner_all(const struct quipu_run *run,
                      const struct quipu_store *store,
                      quipu_runner_callback callback, void *context);

/*
 * Runs one case in the calling process, for a debugger: without a time limit,
 * and with the output of the case as it comes.  A failed assertion ends the
 * process with QUIPU_EXIT_FAILED and leaves the store's folder.  Returns false,
 * with the reason on standard error, if the case cannot run on this store.
 */
bool quipu_runner_in_process(const struct quipu_run *run,
                             const struct quipu_store *store,
                             const struct quipu_case *case_);

/*
 * Between these two calls SIGINT, SIGTERM and SIGHUP, unless they are ignored,
 * end a run in an orderly way: children are killed, folders removed, and a
 * stopped server is started.  The second call restores the signal actions of
 * the program.
 */
void quipu_runner_catch_signals(void);
void quipu_runner_restore_signals(void);
/* Returns the signal that has arrived since quipu_runner_catch_signals, or 0.
 */
int quipu_runner_signal(void);

#endif
