/* SPDX-License-Identifier: Apache-2.0 */
/* Tracking records on their way from one store to another. */
#ifndef QUIPU_TOOLS_TRACKING_H
#define QUIPU_TOOLS_TRACKING_H

#include <quipu/quipu.h>

/* Zero-initialise it. */
struct tracking_list {
    quipu_tracking *records; /* with ids of their own; in listing order */
    size_t count;
};

void quipu_tool_tracking_add(struct tracking_list *list,
                             const quipu_tracking *tracking);
void quipu_tool_tracking_finish(struct tracking_list *list);

/* Adds all that a datastore has; none if it keeps none. */
int quipu_tool_tracking_read(quipu_datastore *datastore,
                             struct tracking_list *list, quipu_error *error);

/* A position in a log of the store `from` is one in the store `to`, once that
 * log has been moved there. */
void quipu_tool_tracking_move(struct tracking_list *list,
                              const quipu_uuid *from, const quipu_uuid *to);

/*
 * Stores a record that may be there already.  CONFLICT: the consumer is further
 * on in this store, or at another item.
 */
int quipu_tool_tracking_store(quipu_records *records,
                              const quipu_tracking *tracking,
                              quipu_error *error);

enum tracking_difference {
    TRACKING_BEHIND = 1, /* `there` lacks records, or has lower ones */
    TRACKING_MORE = 2    /* `there` has other records besides */
};

/* Compares what two stores have, but for the differences that are allowed.
 * CONFLICT, and which record differs. */
int quipu_tool_tracking_compare(const struct tracking_list *here,
                                const struct tracking_list *there,
                                unsigned allowed, quipu_error *error);

#endif
