/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance suite, for a program of one's own.  Link quipu::conformance.
 * The test of a driver is a few lines:
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
 * (quipu_drivers_add only for a driver that is linked in.)
 *
 * Each case runs in a process of its own, forked from the one that calls; so
 * that should have one thread only, and have no datastore open.  Some cases
 * need a process without any past: for these the suite runs the program anew,
 * with the arguments that it was given, and the new process becomes a worker
 * when it comes to quipu_conformance_main or quipu_conformance_run.  So what a
 * program does before must be without harm when it is done again; and what it
 * prints then comes again, to nowhere.
 */
#ifndef QUIPU_CONFORMANCE_H
#define QUIPU_CONFORMANCE_H

#include <quipu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How much work a run may be. */
enum quipu_profile {
    QUIPU_PROFILE_QUICK = 0, /* a minute: for every change */
    QUIPU_PROFILE_FULL = 1,  /* ten minutes: before a release */
    QUIPU_PROFILE_SOAK = 2   /* a night: for what is rare */
};

/* How a run ended, as the exit status of a program; above 128, a signal came
 * that is as much above. */
enum quipu_conformance_status {
    /* All that the URIs declare was tried and holds: all of it that was
     * selected, in the cases of the profile. */
    QUIPU_CONFORMANCE_HOLDS = 0,
    /* A case failed, or a store could not be opened. */
    QUIPU_CONFORMANCE_BROKEN = 1,
    /* What was asked for is wrong, and standard error says why. */
    QUIPU_CONFORMANCE_MISUSE = 2,
    /* Nothing failed, but what a URI declares was not all shown: the run lacked
     * something that cases for such a store need.  The reports say what. */
    QUIPU_CONFORMANCE_INCOMPLETE = 3
};

/* What to run.  Zero is the usual in every member; all is borrowed. */
typedef struct quipu_conformance {
    uint32_t struct_size;
    uint32_t profile; /* enum quipu_profile */

    /*
     * The stores, each in turn; NULL-terminated.  In a URI {dir} becomes a new
     * folder for each case, as an absolute path, and {name} a new name
     * ([a-z][a-z0-9_]{0,30}).  Without them all cases share the store: they use
     * names of their own, and remove what they set up.
     */
    const char *const *uris;

    /* Patterns of case ids as the shell's, with commas between: "U1.*,S3.*". */
    const char *only;
    const char *skip;

    uint64_t seed;     /* of all random numbers; 0: of the clock */
    unsigned patience; /* by which time limits are multiplied; 0: 1 */
    unsigned jobs;     /* so many cases at once, if the URI sets them apart; 0:
                        * 1.  Races are told from luck best with 1. */

    /* The form of what goes to standard output: "tap", "junit", "json", "html",
     * or "none"; NULL: tap. */
    const char *format;
    /* Further reports: "html=report.html"; NULL-terminated, or NULL. */
    const char *const *outputs;

    /*
     * For a store on a server: stops it at once, as a crash would; and starts
     * it, and returns when it answers.  0 is success.  Both or neither.  They
     * are called by the process that runs the suite, while one case waits.
     */
    int (*server_stop)(void *context);
    int (*server_start)(void *context);
    void *context;
} quipu_conformance;

/* Runs the suite, and gives an enum quipu_conformance_status.  Not to be called
 * from several threads. */
QUIPU_API int quipu_conformance_run(const quipu_conformance *suite);

/*
 * The same with the arguments of a program, which is then used as the program
 * quipu-conformance is: URIs given there replace those of `suite`, options its
 * members.  `suite` may be NULL.
 */
QUIPU_API int quipu_conformance_main(int argc, char **argv,
                                     const quipu_conformance *suite);

#ifdef __cplusplus
}
#endif

#endif
