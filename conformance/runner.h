/* SPDX-License-Identifier: Apache-2.0 */
/* Runs cases against a URI, each in a process of its own. */
#ifndef QUIPU_RUNNER_H
#define QUIPU_RUNNER_H

#include "suite.h"

/* By which time limits are multiplied unless the user says otherwise. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define QUIPU_USUAL_PATIENCE 10
#else
#define QUIPU_USUAL_PATIENCE 1
#endif

/* What to run. */
struct quipu_run {
    const char *uri;  /* "{dir}" becomes a new folder for each case */
    const char *only; /* patterns of case ids as the shell's, or NULL */
    const char *skip;
    uint64_t seed;
    bool heavy;        /* the heavy cases, too */
    unsigned patience; /* multiplies all limits; at least 1 */
};

enum quipu_verdict { QUIPU_PASSED, QUIPU_FAILED, QUIPU_SKIPPED };

/* What became of a case. */
struct quipu_outcome {
    const struct quipu_case *case_;
    enum quipu_verdict verdict;
    int64_t milliseconds;
    char text[4096]; /* why it failed or was skipped; lines */
};

struct quipu_totals {
    unsigned passed, failed, skipped;
};

/* Hears of each case when it has ended. */
typedef void (*quipu_hear)(void *context, const struct quipu_outcome *outcome);

/* Whether the patterns let the case in. */
bool quipu_run_selects(const struct quipu_run *run,
                       const struct quipu_case *case_);

/* Finds out what the store is.  False: it cannot be opened, and `text`, of
 * `size` bytes, says why. */
bool quipu_run_probe(const struct quipu_run *run, uint32_t *traits, char *text,
                     size_t size);

/* Runs all that are selected, in the order of the families. */
struct quipu_totals quipu_run_all(const struct quipu_run *run, uint32_t traits,
                                  quipu_hear hear, void *context);

/* --------------------------------------------------- a process and a folder */

/* Runs the body in a child with a time limit; what it and its children write
 * to standard error goes to `text`.  Gives the wait status; *late says that it
 * had to be killed. */
int quipu_run_child(void (*body)(void *context), void *context,
                    int64_t milliseconds, char *text, size_t size, bool *late);

/* A URI with {dir} replaced by a new folder. */
struct quipu_place {
    char *uri;
    char *directory; /* NULL if the URI has no {dir} */
};

bool quipu_place_make(struct quipu_place *place, const char *uri);
/* Removes the folder with all that is in it. */
void quipu_place_remove(struct quipu_place *place);

#endif
