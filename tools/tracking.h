/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of tracking records: reading, storing and comparing them. */
#ifndef QUIPU_TOOLS_TRACKING_H
#define QUIPU_TOOLS_TRACKING_H

#include <quipu/quipu.h>

/* Initialise it with zeros. */
struct tracking_list {
    quipu_tracking *records; /* own their ids; in the order of the listing */
    size_t count;
};

/* Adds a copy of a record. */
void tracking_add(struct tracking_list *list, const quipu_tracking *tracking);
void tracking_finish(struct tracking_list *list);

/* Adds all tracking records of a datastore; none if the driver keeps none. */
int tracking_read(quipu_datastore *datastore, struct tracking_list *list,
                  quipu_error *error);

/* Replaces the store `from` in the records' positions by `to`: a position in a
 * log of `from` is valid in `to` after the log was copied there. */
void tracking_replace_store(struct tracking_list *list, const quipu_uuid *from,
                            const quipu_uuid *to);

/*
 * Stores a record, unless the store has the same record already.  CONFLICT: the
 * store's record of this consumer is higher, or is at another item.
 */
int tracking_store(quipu_records *records, const quipu_tracking *tracking,
                   quipu_error *error);

enum tracking_difference {
    TRACKING_BEHIND = 1, /* `to` lacks records, or has lower ones */
    TRACKING_MORE = 2    /* `to` has further records */
};

/* Compares the records of two stores, except for the differences in `allowed`,
 * bits of enum tracking_difference.  CONFLICT: the message names the record
 * that differs. */
int tracking_compare(const struct tracking_list *from,
                     const struct tracking_list *to, unsigned allowed,
                     quipu_error *error);

#endif
