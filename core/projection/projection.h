/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A projection, as the files of this folder see it: a runner whose parts are
 * applied by the handlers in a transaction.
 */
#ifndef QUIPU_CORE_PROJECTION_PROJECTION_H
#define QUIPU_CORE_PROJECTION_PROJECTION_H

#include <quipu/projection.h>

#include "consumer/consumer.h"
#include "consumer/runner.h"
#include "consumer/shown.h"

struct quipu_projection {
    const quipu_projection_type *type;
    void *context; /* of its functions */
    struct quipu_runner runner;
    const quipu_event_type *
        *events; /* of the handlers, in their order; owned */
    char model_key[QUIPU_CONSUMER_KEY_SIZE];
    quipu_entry_write model; /* check of the read model's entry (model.c) */
};

/* The operations of the runner. */
extern const struct quipu_runner_type quipu_projection_runner;

/* Initializes projection->model, when the consumer is known. */
void quipu_model_init(quipu_projection *projection);

/*
 * Writes the entry that marks the consumer as a projection, in one transaction
 * with `create` of the type, if there is one, and not if the entry exists.  In
 * a target without entries `create` runs as long as there is no tracking
 * record.  NOT_FOUND: this version was retired.
 */
int quipu_model_create(quipu_projection *projection, quipu_error *error);

/* Reads the revision of that entry; after an error *revision is as before.
 * CONFLICT: the entry was removed; NOT_FOUND: this version was retired. */
int quipu_model_find(const quipu_projection *projection, int64_t *revision,
                     quipu_error *error);

/* Sets *check to the check of that entry, which a commit that begins at 0 must
 * have, and returns 1; in a target without entries returns 0. */
size_t quipu_model_beginning(const quipu_projection *projection,
                             quipu_entry_write *check);

/* Drops and creates the read model, removes record and parked events, all in
 * one transaction; the caller starts over.  Codes of quipu_projection_reset. */
int quipu_model_reset(quipu_projection *projection, quipu_error *error);

/* Drops the read model, removes record and parked events, and notes that this
 * version was retired, likewise.  Codes of quipu_projection_retire. */
int quipu_model_retire(quipu_projection *projection, quipu_error *error);

#endif
