/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of tracking records: reading, storing and comparing them. */
#ifndef QUIPU_TOOLS_TRACKING_H
#define QUIPU_TOOLS_TRACKING_H

#include <quipu/quipu.h>

#include <stdbool.h>

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

/*
 * Adds the tracking records that can be moved to another store: all but those
 * of projections and groups, which *omitted counts.  Their read models and
 * entries are not moved, so that in another store they begin with the first
 * event.
 */
int tracking_read_movable(quipu_datastore *datastore,
                          struct tracking_list *list, size_t *omitted,
                          quipu_error *error);

/* Prints a message about records that were omitted, if there are some. */
void tracking_report_omitted(size_t omitted);

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

/* Checks that `to` has the records of `from`; it may have further ones.  With
 * `behind` it may also lack some, or have lower ones.  CONFLICT: the message
 * names the record that differs. */
int tracking_compare(const struct tracking_list *from,
                     const struct tracking_list *to, bool behind,
                     quipu_error *error);

#endif
