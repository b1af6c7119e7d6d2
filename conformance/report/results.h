/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The results of a run, kept until its reports are written: a scorecard for
 * each URI, with a result for each case that has ended.
 */
#ifndef QUIPU_REPORT_RESULTS_H
#define QUIPU_REPORT_RESULTS_H

#include "machine.h"
#include "runner/runner.h"

#include <time.h>

/* The result of a case. */
struct quipu_case_result {
    const struct quipu_case *case_;
    enum quipu_verdict verdict;
    enum quipu_skip skip;
    int64_t milliseconds;
    char broken[QUIPU_BROKEN_SIZE]; /* as in the outcome */
    char *text;                     /* why it failed or was skipped; lines */
    uint64_t counts[QUIPU_COUNTS];
    char *timeline; /* JSON lines (timeline.h), or NULL */
};

/* Numbers of cases by their result. */
struct quipu_tally {
    unsigned verdicts[3];        /* by enum quipu_verdict */
    unsigned skips[QUIPU_SKIPS]; /* by enum quipu_skip */
};

/* The results of one URI. */
struct quipu_scorecard {
    struct quipu_run run;
    struct quipu_store store;
    char problem[2048]; /* why the URI could not be opened, or "" */
    bool ended;         /* all selected cases have been run */
    int64_t milliseconds;
    size_t count;
    struct quipu_case_result *cases; /* in the order in which they ended, until
                                        quipu_results_sort() */
    struct quipu_tally tally;
    uint64_t counts[QUIPU_COUNTS];
    unsigned unselected; /* cases that the patterns exclude */
};

/* The results of a run, one scorecard for each URI. */
struct quipu_results {
    time_t began;
    struct quipu_machine machine;
    size_t count;
    struct quipu_scorecard *cards;
};

/* Adds an empty scorecard; returns NULL if there is no memory.  The address is
 * valid until the next call. */
struct quipu_scorecard *quipu_results_add_card(struct quipu_results *results,
                                               const struct quipu_run *run);

/* Adds a copy of an outcome; returns NULL if there is no memory. */
const struct quipu_case_result *quipu_results_add_case(
    struct quipu_scorecard *card, const struct quipu_outcome *outcome);

/* Returns why not all selected cases were run: "interrupted" ...; NULL: they
 * were, or the store could not be opened. */
const char *quipu_results_early_end(const struct quipu_scorecard *card);

/* Puts the cases in the order of the suite. */
void quipu_results_sort(struct quipu_scorecard *card);

void quipu_results_finish(struct quipu_results *results);

/* --------------------------------------------------------------- standings */

/* The standing of a guarantee, or of all guarantees of a URI. */
enum quipu_standing {
    QUIPU_STANDING_HOLDS,      /* all cases passed, at least one */
    QUIPU_STANDING_PARTLY,     /* none failed, but some could not be tested */
    QUIPU_STANDING_UNTESTED,   /* none of its cases could be tested */
    QUIPU_STANDING_UNDECLARED, /* the store does not declare it */
    QUIPU_STANDING_NOT_RUN,    /* no case was selected or is in the profile */
    QUIPU_STANDING_BROKEN      /* a case failed */
};

enum quipu_standing quipu_results_standing_of(const struct quipu_tally *tally);
const char *quipu_results_standing_name(enum quipu_standing standing);

/* Counts the cases of a guarantee: those whose id begins with its id and a
 * point, and of those that failed and named what is broken, those that named
 * it. */
struct quipu_tally quipu_results_tally(const struct quipu_scorecard *card,
                                       const char *guarantee);

/* The standing of a URI: HOLDS, PARTLY, UNTESTED (nothing passed, or the run
 * was interrupted) or BROKEN. */
enum quipu_standing quipu_results_card_standing(
    const struct quipu_scorecard *card);

/* Returns true if the driver of a URI lacks operations, and nothing else kept
 * the selected cases from being tested. */
bool quipu_results_lacks_operations(const struct quipu_scorecard *card);

/* The worst standing of all URIs. */
enum quipu_standing quipu_results_standing(const struct quipu_results *results);

/* Enumerates the different reasons for which cases of a guarantee, or of all
 * (NULL), were skipped in the given way: index 0, 1 ... until NULL.  The result
 * is borrowed; reasons are compared by their first line. */
const char *quipu_results_skip_reason(const struct quipu_scorecard *card,
                                      const char *guarantee,
                                      enum quipu_skip skip, size_t index);

#endif
