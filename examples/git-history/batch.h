/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A persistence policy that stores the events of many commits with one append.
 *
 * What the files publish is gathered; an append costs a wait for the disk, and
 * a thousand events to one of them cost hardly more than one.  As an append is
 * all or nothing and ends with a commit's last event, each commit is stored
 * whole or not at all.
 */
#ifndef BATCH_H
#define BATCH_H

#include "ledger.h"

struct batch {
    quipu_store *store;
    quipu_subscriber *subscriber;
    quipu_event **events;
    size_t count;
    size_t capacity;
};

int batch_open(struct batch *batch, const struct ledger *ledger,
               quipu_error *error);
/* What is not stored by then is lost. */
void batch_close(struct batch *batch);

/* Stores what is gathered.  CONFLICT: somebody else imports the same. */
int batch_store(struct batch *batch, quipu_error *error);

#endif
