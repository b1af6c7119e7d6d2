/* SPDX-License-Identifier: Apache-2.0 */
/* Runs cases against a URI, each in a process of its own. */
#ifndef QUIPU_RUNNER_H
#define QUIPU_RUNNER_H

#include "cases/suite.h"
#include "child.h"

/* By which time limits are multiplied unless the user says otherwise. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define QUIPU_USUAL_PATIENCE 10
#else
#define QUIPU_USUAL_PATIENCE 1
#endif

/* What to run. */
struct quipu_run {
    const char *uri;  /* {dir} and {name} are replaced for each case */
    const char *only; /* patterns of ids as the shell's, with commas; or NULL */
    const char *skip;
    uint64_t seed;
    enum quipu_profile profile;
    unsigned patience;        /* multiplies all limits; at least 1 */
    unsigned jobs;            /* cases at once; 0 is 1 */
    struct quipu_hooks hooks; /* of a store on a server */
};

/* What the store of a run is. */
struct quipu_store {
    uint32_t traits; /* enum quipu_capability, and enum quipu_trait */
    char uri[400];   /* to be shown: without a password */
    char driver[64];
    char version[64];
    char library[64];
};

/* Finds out.  False: it cannot be opened, and `text`, of `size` bytes, says
 * why. */
bool quipu_run_probe(const struct quipu_run *run, struct quipu_store *store,
                     char *text, size_t size);

enum quipu_verdict { QUIPU_PASSED, QUIPU_FAILED, QUIPU_SKIPPED };

/* Why a case was skipped. */
enum quipu_skip {
    QUIPU_SKIP_UNFIT,   /* it asks for what the URI does not declare */
    QUIPU_SKIP_PROFILE, /* it is for a longer profile */
    QUIPU_SKIP_UNSHOWN  /* it is for this store, but the run lacked something */
};

/* What became of a case. */
struct quipu_outcome {
    const struct quipu_case *case_;
    enum quipu_verdict verdict;
    enum quipu_skip skip;
    int64_t milliseconds;
    char text[4096]; /* why it failed or was skipped; lines */
    uint64_t counts[QUIPU_COUNTS];
    const char *timeline; /* of a failure, as the case wrote it; or NULL */
};

/* Hears of each case when it has ended; the outcome is borrowed. */
typedef void (*quipu_hear)(void *context, const struct quipu_outcome *outcome);

/* Whether the patterns let the case in. */
bool quipu_run_selects(const struct quipu_run *run,
                       const struct quipu_case *case_);

/* Why the case is not run on such a store, and of which kind that is; NULL: it
 * is. */
const char *quipu_run_refuses(const struct quipu_case *case_, uint32_t traits,
                              enum quipu_skip *skip);

/* Runs all that are selected, in the order of the families; several at once may
 * end in another.  False: a signal ended it. */
bool quipu_run_all(const struct quipu_run *run, const struct quipu_store *store,
                   quipu_hear hear, void *context);

#endif
