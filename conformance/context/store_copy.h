/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of stores, for the cases of backups: made, restored and checked.
 *
 * A backup is a file in the case's folder.  It is restored to a store of its
 * own, in a folder of its own, with the case's URI otherwise.  The stores hold
 * paired appends of STORE_COPY_WRITERS writers.
 */
#ifndef QUIPU_STORE_COPY_H
#define QUIPU_STORE_COPY_H

#include "context.h"

#include <quipu/quipu.h>

#define STORE_COPY_WRITERS 2

#define STORE_COPY_NEEDS                                    \
    (QUIPU_CAN_BACKUP | QUIPU_CAN_PERSIST | QUIPU_CAN_LOG | \
     QUIPU_TRAIT_FILES | QUIPU_TRAIT_MULTI_OPEN)

/* Copies a datastore to a file; returns the status. */
int quipu_store_copy_make(quipu_datastore *datastore, const char *path,
                          bool replace);
/* Puts a backup in the place of a store; returns the status. */
int quipu_store_copy_restore(const char *uri, const char *path, bool replace);

/* Returns the path of a file in the case's folder. */
const char *quipu_store_copy_path(struct quipu_context *ctx, const char *name);
/* Makes a folder there for another store, and returns that store's URI. */
const char *quipu_store_copy_uri(struct quipu_context *ctx, const char *name);

/* Makes the store of ctx->uri with `count` appends of writer 0, or with more of
 * them; closes it. */
void quipu_store_copy_fill(struct quipu_context *ctx, int64_t count);

/* Checks that a store holds whole appends of the writers, as many as these at
 * least and at most, and that it can be appended to. */
void quipu_store_copy_check(struct quipu_context *ctx, const char *uri,
                            const int64_t least[], const int64_t most[]);

#endif
