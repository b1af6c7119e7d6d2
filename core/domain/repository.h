/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The repository as core/domain sees it: repository.c replays with it, and a
 * unit of work makes sure that all of its aggregates are of one store.
 *
 * It does not change after its policies have been set, except for counters, so
 * that threads share it without a lock.  It holds its store, and its bus counts
 * it, so that neither can be closed before the repository.
 */
#ifndef QUIPU_CORE_DOMAIN_REPOSITORY_H
#define QUIPU_CORE_DOMAIN_REPOSITORY_H

#include <stdatomic.h>

#include <quipu/repository.h>

struct quipu_repository {
    quipu_store *store; /* held */
    quipu_bus *bus;     /* attached to it; or NULL */
    const quipu_aggregate_type *type;
    /* States that are kept: for each byte of an aggregate's struct whether no
     * field describes it; NULL: none are kept. */
    char *gaps;
    struct quipu_snapshots *snapshots; /* owned; or NULL */
    struct quipu_cache *cache;         /* a reference; or NULL */
    /* The number of erasures of the schema that was read last, or
     * QUIPU_REPLAY_NOT_KNOWN. */
    atomic_int_least64_t erasures;
    atomic_uint_least64_t events;     /* that were applied */
    atomic_uint_least64_t incomplete; /* states that could not be kept */
};

/* A number of erasures: it has not been read. */
#define QUIPU_REPLAY_NOT_KNOWN INT64_C(-1)

/* Whether states of the repository's aggregates are kept. */
static inline bool quipu_repository_keeps_states(
    const quipu_repository *repository)
{
    return repository->gaps;
}

/*
 * Checks, for repositories and units of work, that a store suits aggregates:
 * its sequence ids are the originator ids of events, and its positions are
 * their versions.  `name` is the subject of the message, such as "a unit
 * of work".  INVALID.
 */
int quipu_repository_check_store(const quipu_store *store, const char *name,
                                 quipu_error *error);

#endif
