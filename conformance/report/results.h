/* SPDX-License-Identifier: Apache-2.0 */
/* What came of a run, kept until its reports are written. */
#ifndef QUIPU_REPORT_RESULTS_H
#define QUIPU_REPORT_RESULTS_H

#include "runner/runner.h"

#include <time.h>

/* A case that has ended. */
struct quipu_entry {
    const struct quipu_case *case_;
    enum quipu_verdict verdict;
    enum quipu_skip skip;
    int64_t milliseconds;
    char *text; /* why it failed or was skipped; lines */
    uint64_t counts[QUIPU_COUNTS];
    char *timeline; /* JSON lines, or NULL */
};

/* Cases by what became of them. */
struct quipu_tally {
    unsigned verdicts[3]; /* enum quipu_verdict */
    unsigned skips[3];    /* enum quipu_skip */
};

/* The cases of one URI. */
struct quipu_sheet {
    struct quipu_run run;
    struct quipu_store store;
    char problem[2048]; /* why it could not be opened, or "" */
    bool ended;         /* all selected cases were run */
    int64_t milliseconds;
    size_t count;
    struct quipu_entry *entries; /* in the order in which they ended */
    struct quipu_tally tally;
    uint64_t counts[QUIPU_COUNTS];
    unsigned unselected; /* cases that the patterns leave out */
};

/* All of it, a sheet a URI. */
struct quipu_results {
    time_t began;
    size_t count;
    struct quipu_sheet *sheets;
};

/* Adds an empty sheet for the run; NULL: no memory. */
struct quipu_sheet *quipu_results_add(struct quipu_results *results,
                                      const struct quipu_run *run);
/* Adds a copy of an outcome; NULL: no memory. */
const struct quipu_entry *quipu_sheet_add(struct quipu_sheet *sheet,
                                          const struct quipu_outcome *outcome);
/* Puts the entries in the order of the suite. */
void quipu_sheet_sort(struct quipu_sheet *sheet);
/* Frees what it holds. */
void quipu_results_finish(struct quipu_results *results);

/* ------------------------------------------------------------- judgements */

/* How a guarantee, or the whole, stands. */
enum quipu_standing {
    QUIPU_STANDING_HOLDS,
    QUIPU_STANDING_PARTLY,     /* nothing failed, but not all could be shown */
    QUIPU_STANDING_UNSHOWN,    /* none of it could be shown */
    QUIPU_STANDING_UNDECLARED, /* the URI does not declare it */
    QUIPU_STANDING_UNTRIED,    /* no case was selected, or of this profile */
    QUIPU_STANDING_BROKEN
};

enum quipu_standing quipu_standing_of(const struct quipu_tally *tally);
const char *quipu_standing_word(enum quipu_standing state);

/* The tally of the cases whose id begins with `guarantee` and a point. */
struct quipu_tally quipu_sheet_tally(const struct quipu_sheet *sheet,
                                     const char *guarantee);

/* The state of the whole: HOLDS, PARTLY, UNSHOWN (nothing passed, or it was
 * never tried to its end) or BROKEN. */
enum quipu_standing quipu_sheet_standing(const struct quipu_sheet *sheet);
/* The worst of all sheets. */
enum quipu_standing quipu_results_standing(const struct quipu_results *results);

/* One after the other the different reasons for which cases of a guarantee, or
 * of all (NULL), were skipped in the given way; NULL after the last.  Borrowed
 * from the entries; of several lines the first counts. */
const char *quipu_sheet_reason(const struct quipu_sheet *sheet,
                               const char *guarantee, enum quipu_skip skip,
                               size_t index);

#endif
