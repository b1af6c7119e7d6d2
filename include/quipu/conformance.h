/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance suite as a library, for the test program of a driver.  Link
 * quipu::conformance.  A whole program:
 *
 *     int main(int argc, char **argv)
 *     {
 *         static const char *const uris[] = { "mystore:{dir}/store", NULL };
 *         quipu_conformance suite = { .struct_size = sizeof(suite),
 *                                     .uris = uris };
 *
 *         quipu_drivers_add("mystore", quipu_driver_entry_mystore, NULL);
 *         return quipu_conformance_main(argc, argv, &suite);
 *     }
 *
 * (quipu_drivers_add is needed only for a driver that is linked in.)
 *
 * Each case runs in a child process that is forked from the caller, so the
 * caller must have one thread only and no datastore open.  Some cases need a
 * process without any history: for these the suite executes the program again
 * with its original arguments, and the new process does its work inside
 * quipu_conformance_main or quipu_conformance_run.  So all that a program does
 * before that call must be harmless when it is done again; its standard output
 * then goes to /dev/null.
 */
#ifndef QUIPU_CONFORMANCE_H
#define QUIPU_CONFORMANCE_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Amount of work of a run. */
enum quipu_profile {
    QUIPU_PROFILE_QUICK = 0, /* about a minute: for every change */
    QUIPU_PROFILE_FULL = 1,  /* about ten minutes: before a release */
    QUIPU_PROFILE_SOAK = 2   /* hours: for rare failures */
};

/* Result of a run, which is also the exit status of a program.  128 + N: signal
 * N ended the run. */
enum quipu_conformance_status {
    /* All guarantees that the URIs declare were tested and hold, as far as
     * cases were selected and belong to the profile. */
    QUIPU_CONFORMANCE_HOLDS = 0,
    /* A case failed, or a store could not be opened. */
    QUIPU_CONFORMANCE_BROKEN = 1,
    /* An argument is wrong; standard error says which and why. */
    QUIPU_CONFORMANCE_MISUSE = 2,
    /* No case failed, but a guarantee that a URI declares was not fully tested,
     * because the run lacked what its cases need.  The reports say what. */
    QUIPU_CONFORMANCE_INCOMPLETE = 3
};

enum quipu_conformance_flag {
    /* End after the first failure. */
    QUIPU_CONFORMANCE_FAIL_FAST = 1u << 0,
    /* Run the case in the calling process, without a time limit, for a
     * debugger: `only` must select one case, and `uris` have one URI.  There
     * are no reports.  A failed assertion ends the process with status 1, and
     * leaves the folder of {dir}. */
    QUIPU_CONFORMANCE_IN_PROCESS = 1u << 1,
    /* Accept a driver that does not have all required operations yet.  A case
     * that calls a missing one is skipped; the reports say which operations
     * and guarantees that concerns, and the result may be HOLDS. */
    QUIPU_CONFORMANCE_UNFINISHED = 1u << 2
};

/* Options of a run.  Zero is the default of every member.  All pointers are
 * borrowed. */
typedef struct quipu_conformance {
    uint32_t struct_size; /* sizeof(quipu_conformance) */
    uint32_t profile;     /* enum quipu_profile */

    /*
     * The stores to test, one after the other; NULL-terminated.  In each URI
     * {dir} is replaced by a new folder for each case, as an absolute path, and
     * {name} by a new name ([a-z][a-z0-9_]{0,30}).  Without these marks all
     * cases share one store, in which they use names of their own and remove
     * what they have set up.
     */
    const char *const *uris;

    /* Shell patterns of case ids, comma-separated: "U1.*,S3.*".  NULL: all
     * cases, none skipped. */
    const char *only;
    const char *skip;

    uint64_t seed;     /* of all random numbers; 0: taken from the clock */
    unsigned patience; /* factor of all time limits; 0: 1 */
    unsigned jobs;     /* number of cases to run at the same time, if the URI
                        * has {dir} or {name}; 0: 1, which is best for races */

    /* Report to standard output: "tap", "junit", "json", "html" or "none";
     * NULL: "tap". */
    const char *format;
    /* Further reports: "html=report.html"; NULL-terminated, or NULL. */
    const char *const *outputs;

    /*
     * For a store on a server: stop the server immediately, as a crash would,
     * and start it and return when it accepts connections.  They return 0 on
     * success.  Set both or neither.  They are called in the process that
     * called the suite, while one case waits.
     */
    int (*server_stop)(void *context);
    int (*server_start)(void *context);
    void *context; /* passed to both */

    uint32_t flags; /* enum quipu_conformance_flag */
    unsigned limit; /* time limit of each case in seconds, before `patience`,
                     * at most; 0: that of the case, two minutes for most */
} quipu_conformance;

/* Runs the suite and returns an enum quipu_conformance_status.  Must not be
 * called by several threads at the same time. */
QUIPU_API int quipu_conformance_run(const quipu_conformance *suite);

/*
 * The same, with the command line of quipu-conformance(1): URIs on it replace
 * those of `suite`, and options its members.  `suite` may be NULL.
 */
QUIPU_API int quipu_conformance_main(int argc, char **argv,
                                     const quipu_conformance *suite);

#ifdef __cplusplus
}
#endif

#endif
