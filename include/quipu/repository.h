/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event-sourced repository: creates aggregates of one type, and gets them
 * by id from their stored events.
 *
 * Threads: a repository may be used by several threads at once; an aggregate
 * that it returns belongs to the caller.
 */
#ifndef QUIPU_REPOSITORY_H
#define QUIPU_REPOSITORY_H

#include <quipu/aggregate.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_repository quipu_repository;

/*
 * Opens a repository over a store.  Its aggregates are attached to `bus`, so
 * that triggered events are published there; NULL: to none, so that they
 * collect.  The store and the bus must stay open until the repository and its
 * aggregates have been closed.
 *
 * INVALID: the type is wrong, or has a handler for an event that the store's
 * mapper does not know; or the mapping of the store does not use originator_id
 * and originator_version as sequence id and position.  Only with these the
 * store prevents that the same version of an aggregate is stored twice.
 * NO_MEMORY.
 */
QUIPU_API int quipu_repository_open(quipu_store *store, quipu_bus *bus,
                                    const quipu_aggregate_type *type,
                                    quipu_repository **repository,
                                    quipu_error *error);
/* Closes a repository.  Its aggregates may be used and destroyed later.  NULL
 * is allowed. */
QUIPU_API void quipu_repository_close(quipu_repository *repository);

/*
 * Creates an aggregate without events, as quipu_aggregate_create; nothing is
 * stored yet.  `id` NULL mints a time-ordered UUID, as 36 characters if the
 * schema's ids are text.  Returns NULL and fills *error on failure.
 *
 * INVALID: the id is not of the schema's kind; NO_MEMORY.
 */
QUIPU_API void *quipu_repository_create(quipu_repository *repository,
                                        const quipu_id *id, quipu_error *error);

/*
 * Gets an aggregate by applying its stored events: a private copy, which the
 * caller frees with quipu_aggregate_destroy.  Returns NULL and fills *error on
 * failure.
 *
 * NOT_FOUND: no aggregate has that id, or it is discarded.  Codes of the store,
 * the mapper and the handlers: the message names the sequence and the position
 * of the event that could not be applied.  If the cause is itself a NOT_FOUND
 * (an unknown topic, a handler's status), the code is UNSUPPORTED, so that
 * NOT_FOUND always means that there is no aggregate.
 */
QUIPU_API void *quipu_repository_get(quipu_repository *repository,
                                     const quipu_id *id, quipu_error *error);

/* Gets an aggregate in its state after the event of a version (from 0).
 * NOT_FOUND also: it has no such version.  If there are later events, storing
 * an event of this copy is a CONFLICT. */
QUIPU_API void *quipu_repository_get_at(quipu_repository *repository,
                                        const quipu_id *id, int64_t version,
                                        quipu_error *error);

/*
 * Applies the events that have been stored since the aggregate was got or
 * refreshed, so that a program that keeps aggregates need not read all of their
 * events again.
 *
 * INVALID: an argument is NULL, or the aggregate is of another type or has
 * pending events.  CONFLICT: it is stale; get it again.  NOT_FOUND: it has
 * been discarded, as aggregate->discarded says then, too; or it has no events
 * at all.  Otherwise the codes of quipu_repository_get; if a handler fails, the
 * aggregate is stale.
 */
QUIPU_API int quipu_repository_refresh(quipu_repository *repository,
                                       quipu_aggregate *aggregate,
                                       quipu_error *error);

/* Sets *found to true if quipu_repository_get would return an aggregate.  Codes
 * as there, except that NOT_FOUND is OK with *found false. */
QUIPU_API int quipu_repository_contains(quipu_repository *repository,
                                        const quipu_id *id, bool *found,
                                        quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
