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
 * An event that was erased changes nothing but the version.  If all events of
 * the aggregate are erased, it exists, with members of zero and that version,
 * so that nobody creates it again; if one of them was of a type whose handler
 * discards, it stays discarded.
 *
 * NOT_FOUND: no aggregate has that id, or it is discarded.  Codes of the store,
 * the mapper and the handlers: the message names the sequence and the position
 * of the event that could not be applied.  If the cause is itself a NOT_FOUND
 * (an unknown topic, a handler's status), the code is UNSUPPORTED, so that
 * NOT_FOUND always means that there is no aggregate.
 */
QUIPU_API void *quipu_repository_get(quipu_repository *repository,
                                     const quipu_id *id, quipu_error *error);

/*
 * Gets several aggregates, which is faster than one by one if the store is a
 * server: their events are read in few round trips.  aggregates[i] becomes the
 * aggregate with ids[i], a private copy as above, or NULL if there is none.
 * Each is the newest at some moment of the call; they need not be of the same
 * one.  At a time the events of 64 aggregates are read.
 *
 * INVALID: an argument is NULL.  Otherwise the codes of quipu_repository_get,
 * except that an aggregate that is not found is no failure.  After a failure
 * all members of `aggregates` are NULL.
 */
QUIPU_API int quipu_repository_get_many(quipu_repository *repository,
                                        const quipu_id *ids, size_t count,
                                        void **aggregates, quipu_error *error);

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

/*
 * Erases the contents of all events of an aggregate, as quipu_records_erase
 * does (erasure.h), and removes its snapshots and its state in the cache, so
 * that the store of the events keeps nothing of what they said but sequence
 * id, topics, event ids and times.  `flags`: enum quipu_erasure_flag.  *erased
 * (NULL is allowed) is the number of events, also after a failure; the same
 * call then goes on.
 *
 * Not removed: read models, parked events, timers and other entries; snapshots
 * that another process writes at this moment; and the memory of other
 * processes. docs/erasure.md has a list.
 *
 * INVALID: an argument is NULL or wrong.  Codes of quipu_records_erase, and of
 * quipu_repository_remove_snapshots.
 */
QUIPU_API int quipu_repository_erase(quipu_repository *repository,
                                     const quipu_id *id, uint32_t flags,
                                     int64_t *erased, quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
