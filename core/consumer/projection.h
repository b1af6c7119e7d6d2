/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A projection, as the files of this folder see it; projection.c describes the
 * method.
 */
#ifndef QUIPU_CORE_CONSUMER_PROJECTION_H
#define QUIPU_CORE_CONSUMER_PROJECTION_H

#include <quipu/projection.h>

#include "consumer/batch.h"
#include "consumer/parked.h"
#include "consumer/progress.h"
#include "consumer/shown.h"
#include "consumer/tracker.h"
#include "store/store.h"

struct quipu_projection {
    const quipu_projection_type *type;
    quipu_projection_options options; /* with the defaults */
    quipu_store *store;               /* held */
    quipu_records *records;
    char consumer[128]; /* "name@version" */
    bool has_entries;   /* of the target */
    char model_key[QUIPU_PARKED_KEY_SIZE];
    quipu_entry_write model; /* check of the read model's entry (model.c) */
    struct quipu_stopper stopper;
    struct quipu_progress progress;
    struct quipu_follower follower;
    struct quipu_tracker tracker;
    struct quipu_batch batch;
    struct quipu_parked_sequences parked; /* with PARK_SEQUENCE */
    bool is_parked_stale;                 /* `parked` must be read again */
    atomic_bool is_running;

    size_t transaction_items; /* of the next transaction */
    uint32_t refusals;        /* of the first event of the batch */
    bool is_given_up;         /* it is not tried again */
    uint32_t failures;        /* of the store, one after the other */
    int64_t committed_time;
};

/*
 * Returned by a function in a transaction if a handler has refused an event; no
 * code of quipu.  If the driver answers another code, such as IO because the
 * connection was lost, the event is not to blame (P4).
 */
#define QUIPU_PROJECTION_REFUSED 10002

/* Turns the code of a handler, which is not OK, into that one; BUSY stays as it
 * is. */
int quipu_projection_refuse(int status, quipu_error *error);

/* Only one thread at a time may use the projection.  INVALID: another one does;
 * otherwise `leave` must be called. */
int quipu_projection_enter(quipu_projection *projection, quipu_error *error);
void quipu_projection_leave(quipu_projection *projection);

/* Reads record and parked events again, after another process has changed
 * them, and goes on from there.  Codes of quipu_model_find. */
int quipu_projection_start_over(quipu_projection *projection,
                                quipu_error *error);

/* Writes the key of the entry that marks the consumer, of at most 127 bytes, as
 * a projection whose read model exists. */
quipu_bytes quipu_model_key(const char *consumer,
                            char key[QUIPU_PARKED_KEY_SIZE]);

/* Whether that entry is of a version that was retired. */
bool quipu_model_is_retired(const quipu_entry *entry);

/* Initializes projection->model, when the consumer is known. */
void quipu_model_init(quipu_projection *projection);

/*
 * Writes that entry, in one transaction with `create` of the type, if there is
 * one, and not if the entry exists.  In a target without entries `create` runs
 * as long as there is no tracking record.  NOT_FOUND: this version was retired.
 */
int quipu_model_create(quipu_projection *projection, quipu_error *error);

/* Reads the revision of that entry; after an error *revision is as before.
 * CONFLICT: the entry was removed; NOT_FOUND: this version was retired. */
int quipu_model_find(const quipu_projection *projection, int64_t *revision,
                     quipu_error *error);

/* Sets *check to the check of that entry, and returns 1 if the next commit must
 * have it, because it begins at 0; otherwise 0. */
size_t quipu_model_beginning(const quipu_projection *projection,
                             quipu_entry_write *check);

/* Drops and creates the read model, removes record and parked events, all in
 * one transaction; the caller starts over.  Codes of quipu_projection_reset. */
int quipu_model_reset(quipu_projection *projection, quipu_error *error);

/* Drops the read model, removes record and parked events, and notes that this
 * version was retired, likewise.  Codes of quipu_projection_retire. */
int quipu_model_retire(quipu_projection *projection, quipu_error *error);

#endif
