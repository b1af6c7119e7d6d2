/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The items of a log that the options --topic, --prefix, --sequence, --since
 * and --until select.
 *
 * Topics and prefixes are a filter of the store.  Of a sequence the filter has
 * the partition, so that most other items are not read; the rest, and the
 * times, are compared here.  An event without a time is
 * not selected by one.  Times need not rise along the log, so that all items
 * are looked at.
 */
#ifndef QUIPU_TOOLS_SELECTION_H
#define QUIPU_TOOLS_SELECTION_H

#include "args.h"

#include <quipu/quipu.h>

struct selection {
    const struct args *args;
    quipu_filter filter;
    quipu_match match;
    quipu_bytes topics[REPETITIONS_MAX];
    quipu_bytes prefixes[REPETITIONS_MAX];
    bool exact;  /* the filter alone decides */
    quipu_id id; /* of --sequence */
    quipu_time since, until;
};

/* A part of the log that is read. */
struct selection_range {
    int64_t after; /* notification id */
    int64_t limit; /* selected items; INT64_MAX: all */
    bool descending;
};

/* Reads the options.  INVALID: a time is malformed. */
int selection_init(struct selection *selection, const struct args *args,
                   quipu_error *error);

/* Prepares for one log.  INVALID, NOT_FOUND, CONFLICT: its ids are of another
 * kind than --sequence, or as for store_find_id. */
int selection_bind(struct selection *selection, quipu_records *records,
                   quipu_error *error);

/* Opens a cursor, of which selection_next yields the selected items; it may
 * yield more of them than the limit. */
int selection_read(const struct selection *selection, quipu_records *records,
                   const struct selection_range *range, quipu_cursor **cursor,
                   quipu_error *error);
int selection_next(const struct selection *selection, quipu_cursor *cursor,
                   const quipu_item **item, quipu_error *error);

/* Returns true if an item that has passed the filter is selected. */
bool selection_passes(const struct selection *selection,
                      const quipu_item *item);

/* Raises *after so that `count` selected items follow, if there are more. */
int selection_find_tail(const struct selection *selection,
                        quipu_records *records, int64_t count, int64_t *after,
                        quipu_error *error);

#endif
