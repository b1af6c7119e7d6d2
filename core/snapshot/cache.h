/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of a repository: states of aggregates in memory, by id.
 *
 * A state is a block that does not change; it lives until it has been replaced
 * and nobody copies from it any more.  The cache outlives its repository as
 * long as aggregates refer to it.
 *
 * Any number of threads.
 */
#ifndef QUIPU_CORE_SNAPSHOT_CACHE_H
#define QUIPU_CORE_SNAPSHOT_CACHE_H

#include <quipu/snapshot.h>

#include "snapshot/snapshot.h"

struct quipu_cache;
struct quipu_cached;

/* Creates an empty cache with one reference.  The policy has been checked.
 * NO_MEMORY. */
int quipu_cache_create(const quipu_cache_policy *policy,
                       struct quipu_cache **cache, quipu_error *error);

/* Add and give up a reference; the last frees the cache.  NULL is allowed. */
void quipu_cache_hold(struct quipu_cache *cache);
void quipu_cache_release(struct quipu_cache *cache);

bool quipu_cache_has_sole_writer(const struct quipu_cache *cache);

/* A state that was found. */
struct quipu_cache_found {
    struct quipu_snapshot snapshot;
    int64_t stored;             /* as given to quipu_cache_put */
    bool is_current;            /* need not be compared with the log */
    struct quipu_cached *entry; /* for quipu_cache_return */
};

/* Finds the state of an aggregate, and counts a hit.  Returns whether there is
 * one that contains at most that number of events; it must be given back by
 * quipu_cache_return. */
bool quipu_cache_find(struct quipu_cache *cache, const quipu_id *id,
                      int64_t most, struct quipu_cache_found *found);
void quipu_cache_return(const struct quipu_cache_found *found);

/* Returns a number that differs from the one returned before if
 * quipu_cache_distrust was called in between. */
uint64_t quipu_cache_changes(struct quipu_cache *cache);

/*
 * Keeps a copy of a state that has been read from the log since
 * quipu_cache_changes returned `changes`, in place of an earlier one.  `stored`
 * is the version of the aggregate's newest snapshot, or 0.  Does nothing if the
 * state is too large, or if there is no memory.
 */
void quipu_cache_put(struct quipu_cache *cache, const quipu_id *id,
                     const struct quipu_snapshot *snapshot, int64_t stored,
                     uint64_t changes);

/* The same for a state that was found in the cache and is still the newest. */
void quipu_cache_confirm(struct quipu_cache *cache,
                         const struct quipu_cache_found *found,
                         uint64_t changes);

/* Removes the state of an aggregate; `is_refused`: because it is not one of the
 * log. */
void quipu_cache_drop(struct quipu_cache *cache, const quipu_id *id,
                      bool is_refused);

/* An append of the aggregate's events has been tried: its state has to be
 * compared with the log next time. */
void quipu_cache_distrust(struct quipu_cache *cache, const quipu_id *id);

/* Removes all states. */
void quipu_cache_clear(struct quipu_cache *cache);

/* Fills the members of *counts that are about the cache. */
void quipu_cache_count(struct quipu_cache *cache,
                       quipu_repository_counts *counts);

#endif
