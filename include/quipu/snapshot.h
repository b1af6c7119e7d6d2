/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots and a cache: getting an aggregate without reading all of its
 * events.
 *
 * A repository gets an aggregate by applying its events, which takes longer
 * with each event.  A snapshot is the state after some of them, kept in the
 * store: only the events behind it are read.  The cache keeps states in the
 * memory of the process, and works with or without snapshots.
 *
 *     const quipu_snapshot_policy snapshots = {
 *         .struct_size = sizeof(snapshots),
 *         .every = 100,
 *     };
 *     const quipu_cache_policy cache = {
 *         .struct_size = sizeof(cache),
 *         .bytes = 64 << 20,
 *     };
 *
 *     status = quipu_repository_use_snapshots(accounts, &snapshots, error);
 *     if (status == QUIPU_OK) {
 *         status = quipu_repository_use_cache(accounts, &cache, error);
 *     }
 *     ...
 *     account = quipu_repository_get(accounts, &id, error);
 *
 * Getting an aggregate answers the same as without both (D1).  Each time the
 * last event that the kept state contains is read again, with those behind it:
 * if the log does not have this event any more, because the store was restored
 * or exchanged, the kept state is not used.  Events before it are not read, so
 * a damaged one is not noticed there; `quipu verify` finds it.
 *
 * A kept state may contain what an event said that was erased since.  It is not
 * used if events of the schema were erased after it was made (E9); so an
 * erasure outdates the kept states of all aggregates of the schema.  Only a
 * cache with QUIPU_CACHE_SOLE_WRITER does not notice what others erase.
 *
 * A kept state consists of the members that the field table describes.  So
 * handlers must assign to these only, and use nothing but the aggregate and the
 * event.
 *
 * Threads: the policies are set while no other thread uses the repository.  The
 * other functions as those of repository.h.
 */
#ifndef QUIPU_SNAPSHOT_H
#define QUIPU_SNAPSHOT_H

#include <quipu/repository.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -------------------------------------------------------------- snapshots */

/* When snapshots are taken, and where they are kept. */
typedef struct quipu_snapshot_policy {
    uint32_t struct_size;
    /* quipu_repository_get takes a snapshot if the last one lacks that many
     * events; 0: none is taken but by quipu_repository_take_snapshot. */
    uint32_t every;
    /* A number of the program, which it changes when a handler makes something
     * else of the same events.  The fields of the aggregate and of the events,
     * and the topics that have handlers, count without it. */
    uint32_t version;
    /* Number of snapshots of each aggregate, up to 100, for
     * quipu_repository_get_at; 0: one, the newest. */
    uint32_t kept;
    /* Where they are kept, as entries whose keys begin with "quipu/snapshot/";
     * NULL: in the datastore of the repository's store.  Another one must stay
     * open until the repository has been closed. */
    quipu_datastore *datastore;
} quipu_snapshot_policy;

/*
 * Makes a repository use snapshots.  A snapshot of another layout or version is
 * treated as none (D3), and so is a damaged one; the next that is taken
 * replaces it.
 *
 * Snapshots are taken while an aggregate is got, in a commit of their own, and
 * never by an append.  A snapshot that cannot be read or written does not fail
 * the call (D2): it is counted, and for a second neither is tried again.  The
 * attempt to write one takes at most half a second.  A datastore that was
 * opened readonly takes none.
 *
 * INVALID: the type has no field table; `kept` is above 100; or snapshots are
 * used already.
 * UNSUPPORTED: the datastore keeps no entries.  NO_MEMORY.
 */
QUIPU_API int quipu_repository_use_snapshots(
    quipu_repository *repository, const quipu_snapshot_policy *policy,
    quipu_error *error);

/*
 * Takes a snapshot of the newest state of an aggregate, and sets *version (NULL
 * is allowed) to the number of events that it contains.  If there is one with
 * all events, nothing is written.
 *
 * INVALID: the repository does not use snapshots.  NOT_FOUND: there is no such
 * aggregate, or it is discarded.  CONFLICT: other processes replaced the
 * snapshot all the time.  Otherwise codes of quipu_repository_get and of
 * quipu_datastore_commit.
 */
QUIPU_API int quipu_repository_take_snapshot(quipu_repository *repository,
                                             const quipu_id *id,
                                             int64_t *version,
                                             quipu_error *error);

/* Removes the snapshots of an aggregate, or all of the repository's type if
 * `id` is NULL.  There may be none.  INVALID as above; codes of entries.h. */
QUIPU_API int quipu_repository_remove_snapshots(quipu_repository *repository,
                                                const quipu_id *id,
                                                quipu_error *error);

/* Removes all snapshots that a datastore keeps, of every type of aggregate, for
 * a program that does not know the types.  Codes of entries.h. */
QUIPU_API int quipu_snapshots_clear(quipu_datastore *datastore,
                                    quipu_error *error);

/* ------------------------------------------------------------------ cache */

enum quipu_cache_flag {
    /*
     * A cached state is used without looking for newer events: for a program
     * that alone writes the aggregates, through repositories that have this
     * cache.  Then getting one reads nothing.  If somebody else has written all
     * the same, saving the aggregate is a CONFLICT, after which the events are
     * read.  After somebody else has erased events, call
     * quipu_repository_clear_cache.
     */
    QUIPU_CACHE_SOLE_WRITER = 1u << 0
};

/* The size of a cache. */
typedef struct quipu_cache_policy {
    uint32_t struct_size;
    uint32_t flags; /* enum quipu_cache_flag */
    uint64_t bytes; /* of all states, with what the cache needs for them */
    uint64_t count; /* of aggregates; 0: as many as `bytes` has room for */
} quipu_cache_policy;

/*
 * Makes a repository keep the states of aggregates that it gets in memory, up
 * to the size of the policy, and replace those that have not been got for the
 * longest time.  Each call returns a private copy, as without (D5).
 *
 * INVALID: the type has no field table; `bytes` is 0; a flag is unknown; or
 * there is a cache already.  NO_MEMORY.
 */
QUIPU_API int quipu_repository_use_cache(quipu_repository *repository,
                                         const quipu_cache_policy *policy,
                                         quipu_error *error);

/* Empties the cache, if there is one. */
QUIPU_API void quipu_repository_clear_cache(quipu_repository *repository);

/* ----------------------------------------------------------------- counts */

/* Counts of a repository since it was opened.  An aggregate that was got
 * counts once: as a hit, or as begun from a snapshot, or as neither. */
typedef struct quipu_repository_counts {
    uint32_t struct_size;
    int32_t last_code;           /* of a snapshot's failure; QUIPU_OK: none */
    uint64_t events;             /* applied */
    uint64_t hits;               /* got from the cache */
    uint64_t cache_refused;      /* cached, but not a state of this log, or of
                                    before an erasure */
    uint64_t cache_evicted;      /* replaced, for want of room */
    uint64_t cached;             /* aggregates in the cache now */
    uint64_t cached_bytes;       /* that they take */
    uint64_t snapshots_used;     /* got from a snapshot */
    uint64_t snapshots_refused;  /* not a state of this log */
    uint64_t snapshots_outdated; /* of another layout or version, or of before
                                    an erasure */
    uint64_t snapshots_damaged;
    uint64_t snapshots_taken;
    uint64_t snapshots_failed; /* neither read nor written */
    uint64_t incomplete; /* states that were not kept, because a member that the
                            table ignores or lacks had a value */
    char last_message[256]; /* of the failure */
} quipu_repository_counts;

/* Fills *counts, as far as its struct_size reaches. */
QUIPU_API int quipu_repository_count(const quipu_repository *repository,
                                     quipu_repository_counts *counts,
                                     quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
