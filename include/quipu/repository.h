/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event-sourced repository: aggregates of one type, by id.
 *
 * Threads: a repository may be used by several threads at once.
 */
#ifndef QUIPU_REPOSITORY_H
#define QUIPU_REPOSITORY_H

#include <quipu/aggregate.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_repository quipu_repository;

/*
 * Opens a repository over a store; aggregates from it are attached to `bus`
 * (NULL: to none, and they collect).  INVALID: the type is wrong, or has a
 * handler for an event that the store's mapper does not know; or the store
 * takes another sequence id or position than the originator's id and version,
 * which would not keep two aggregates from storing the same version.
 */
QUIPU_API int quipu_repository_open(quipu_store *store, quipu_bus *bus,
                                    const quipu_aggregate_type *type,
                                    quipu_repository **repository,
                                    quipu_error *error);
/* Aggregates may outlive it.  NULL is allowed. */
QUIPU_API void quipu_repository_close(quipu_repository *repository);

/* A new aggregate, as quipu_aggregate_create; where the schema's ids are text,
 * a minted id is the UUID's text.  NULL: see *error.  INVALID: the id is not of
 * the schema's kind. */
QUIPU_API void *quipu_repository_create(quipu_repository *repository,
                                        const quipu_id *id, quipu_error *error);

/*
 * An aggregate as its stored events make it; a private copy that the caller
 * destroys.  NULL: see *error.  NOT_FOUND: there is none of that id, or it is
 * discarded.  A failure in replay names the sequence and the position; one that
 * would itself be NOT_FOUND (an unknown topic, a handler's answer) is
 * UNSUPPORTED.
 */
QUIPU_API void *quipu_repository_get(quipu_repository *repository,
                                     const quipu_id *id, quipu_error *error);

/* The same as of a version: after the event of that version, whatever came
 * later.  NOT_FOUND too: it has no such version.  Commands on it answer
 * CONFLICT if there are later events. */
QUIPU_API void *quipu_repository_get_at(quipu_repository *repository,
                                        const quipu_id *id, int64_t version,
                                        quipu_error *error);

/* Whether `get` would find it. */
QUIPU_API int quipu_repository_contains(quipu_repository *repository,
                                        const quipu_id *id, bool *found,
                                        quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
