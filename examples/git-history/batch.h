/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy of the bus that stores the events of many commits with one append.
 *
 * It copies the events that the files publish, and stores them later.  The cost
 * of an append is mostly a wait for the disk, and hardly depends on the number
 * of events.  As an append stores all or nothing, and a batch ends with the
 * last event of a commit, each commit is stored completely or not at all.
 */
#ifndef BATCH_H
#define BATCH_H

#include "file_store.h"

struct batch {
    quipu_store *store;
    quipu_subscriber *subscriber;
    quipu_event **events; /* copies, owned */
    size_t count;
    size_t capacity;
};

/* Subscribes a batch to the bus of the store. */
int batch_open(struct batch *batch, const struct file_store *store,
               quipu_error *error);

/* Unsubscribes and drops the events that have not been stored. */
void batch_close(struct batch *batch);

/* Stores the events in one append.  CONFLICT: another import has stored events
 * of the same files. */
int batch_store(struct batch *batch, quipu_error *error);

#endif
