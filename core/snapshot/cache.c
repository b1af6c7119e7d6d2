/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of a repository: a hash table by id, and a list by the time of the
 * last use.
 *
 * The mutex protects the table, the list and the counts.  It is held only while
 * pointers are followed: states are copied outside, by means of a reference to
 * their block.
 *
 * INVARIANTS
 *
 *   C1  A state in the table was read from the log.  Events that are saved do
 *       not change it, so that it contains what handlers make of stored events,
 *       and not what a command made of an aggregate.
 *   C2  With a sole writer, a state is used without looking at the log only if
 *       no append of the aggregate has been tried since it was read: `changes`
 *       counts the attempts, before and after which a state can be read.
 *   C3  bytes <= limit, and count <= limit; both include the table.
 */
#include "snapshot/cache.h"

#include <pthread.h>
#include <stdatomic.h>

#include <quipu/id.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"

#define SLOTS_MIN 16

/* A state in the cache.  Its links are protected by the mutex, `references` is
 * atomic, and the rest does not change. */
struct quipu_cached {
    struct quipu_cached *next; /* of the slot */
    struct quipu_cached *newer;
    struct quipu_cached *older;
    uint64_t hash;
    atomic_size_t references;
    bool must_look; /* protected by the mutex, too */
    size_t size;    /* of the block */
    int64_t stored;
    struct quipu_snapshot snapshot; /* its members are in `bytes` */
    quipu_id id;
    char bytes[];
};

struct quipu_cache {
    quipu_cache_policy policy; /* constant */
    atomic_size_t references;
    pthread_mutex_t mutex; /* protects the following */
    struct quipu_cached **slots;
    size_t slot_count; /* a power of two */
    struct quipu_cached *newest;
    struct quipu_cached *oldest;
    uint64_t count;
    uint64_t bytes;
    uint64_t changes;
    uint64_t hits;
    uint64_t refused;
    uint64_t evicted;
};

/* ----------------------------------------------------- creating, releasing */

int quipu_cache_create(const quipu_cache_policy *policy,
                       struct quipu_cache **cache, quipu_error *error)
{
    struct quipu_cache *created = quipu_allocate_zeroed(sizeof(*created));
    struct quipu_cached **slots =
        quipu_allocate_array(SLOTS_MIN, sizeof(struct quipu_cached *));

    if (!created || !slots || pthread_mutex_init(&created->mutex, NULL) != 0) {
        quipu_release(slots);
        quipu_release(created);
        return quipu_error_no_memory(error);
    }
    created->policy = *policy;
    created->slots = slots;
    created->slot_count = SLOTS_MIN;
    created->bytes = SLOTS_MIN * sizeof(*created->slots);
    atomic_init(&created->references, 1);
    *cache = created;
    return QUIPU_OK;
}

void quipu_cache_hold(struct quipu_cache *cache)
{
    if (cache) {
        atomic_fetch_add(&cache->references, 1);
    }
}

void quipu_cache_release(struct quipu_cache *cache)
{
    if (!cache || atomic_fetch_sub(&cache->references, 1) > 1) {
        return;
    }
    quipu_cache_clear(cache);
    (void)pthread_mutex_destroy(&cache->mutex);
    quipu_release(cache->slots);
    quipu_release(cache);
}

bool quipu_cache_has_sole_writer(const struct quipu_cache *cache)
{
    return cache->policy.flags & QUIPU_CACHE_SOLE_WRITER;
}

static void lock(struct quipu_cache *cache)
{
    (void)pthread_mutex_lock(&cache->mutex);
}

static void unlock(struct quipu_cache *cache)
{
    (void)pthread_mutex_unlock(&cache->mutex);
}

static void release_entry(struct quipu_cached *entry)
{
    if (atomic_fetch_sub(&entry->references, 1) == 1) {
        quipu_release(entry);
    }
}

/* ------------------------------------------- the table and the list, locked */

static uint64_t hash(const quipu_id *id)
{
    return quipu_checksum(0, id->data, id->size);
}

/* Returns the link to the entry in the table, which is NULL if there is
 * none. */
static struct quipu_cached **find_link(const struct quipu_cache *cache,
                                       const quipu_id *id, uint64_t hash)
{
    struct quipu_cached **link = &cache->slots[hash & (cache->slot_count - 1)];

    while (*link &&
           ((*link)->hash != hash || !quipu_id_equal(&(*link)->id, id))) {
        link = &(*link)->next;
    }
    return link;
}

static void unlist(struct quipu_cache *cache, struct quipu_cached *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void list_as_newest(struct quipu_cache *cache,
                           struct quipu_cached *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

/* Removes the entry that the link leads to. */
static void remove_entry(struct quipu_cache *cache, struct quipu_cached **link)
{
    struct quipu_cached *entry = *link;

    *link = entry->next;
    unlist(cache, entry);
    cache->count--;
    cache->bytes -= entry->size;
    release_entry(entry);
}

static void remove_oldest(struct quipu_cache *cache)
{
    const struct quipu_cached *oldest = cache->oldest;

    remove_entry(cache, find_link(cache, &oldest->id, oldest->hash));
    cache->evicted++;
}

/* Doubles the table.  Without memory for that it stays as it is. */
static void grow(struct quipu_cache *cache)
{
    const size_t count = cache->slot_count * 2;
    struct quipu_cached **slots = quipu_allocate_array(count, sizeof(*slots));

    if (!slots) {
        return;
    }
    for (size_t i = 0; i < cache->slot_count; i++) {
        while (cache->slots[i]) {
            struct quipu_cached *entry = cache->slots[i];
            struct quipu_cached **slot = &slots[entry->hash & (count - 1)];

            cache->slots[i] = entry->next;
            entry->next = *slot;
            *slot = entry;
        }
    }
    quipu_release(cache->slots);
    cache->bytes += (count - cache->slot_count) * sizeof(*slots);
    cache->slots = slots;
    cache->slot_count = count;
}

/* Adds an entry of an id that the table does not have, and makes room (C3). */
static void add_entry(struct quipu_cache *cache, struct quipu_cached *entry)
{
    struct quipu_cached **link;

    if (cache->count >= cache->slot_count) {
        grow(cache);
    }
    link = &cache->slots[entry->hash & (cache->slot_count - 1)];
    entry->next = *link;
    *link = entry;
    list_as_newest(cache, entry);
    cache->count++;
    cache->bytes += entry->size;
    while (cache->oldest &&
           (cache->bytes > cache->policy.bytes ||
            (cache->policy.count > 0 && cache->count > cache->policy.count))) {
        remove_oldest(cache);
    }
}

/* ----------------------------------------------------------------- finding */

bool quipu_cache_find(struct quipu_cache *cache, const quipu_id *id,
                      int64_t most, struct quipu_cache_found *found)
{
    uint64_t hashed = hash(id);

    lock(cache);
    struct quipu_cached *entry = *find_link(cache, id, hashed);

    if (entry && entry->snapshot.version > most) {
        entry = NULL;
    }
    if (entry) {
        unlist(cache, entry);
        list_as_newest(cache, entry);
        cache->hits++;
        atomic_fetch_add(&entry->references, 1);
        *found = (struct quipu_cache_found){
            .snapshot = entry->snapshot,
            .stored = entry->stored,
            .is_current =
                quipu_cache_has_sole_writer(cache) && !entry->must_look,
            .entry = entry,
        };
    }
    unlock(cache);
    return entry;
}

void quipu_cache_return(const struct quipu_cache_found *found)
{
    release_entry(found->entry);
}

/* ---------------------------------------------------------------- changing */

uint64_t quipu_cache_changes(struct quipu_cache *cache)
{
    if (!quipu_cache_has_sole_writer(cache)) {
        return 0;
    }
    lock(cache);
    uint64_t changes = cache->changes;

    unlock(cache);
    return changes;
}

static struct quipu_cached *make_entry(const quipu_id *id,
                                       const struct quipu_snapshot *snapshot,
                                       int64_t stored)
{
    const size_t size = sizeof(struct quipu_cached) + snapshot->members.size;
    struct quipu_cached *made = quipu_allocate(size);

    if (!made) {
        return NULL;
    }
    *made = (struct quipu_cached){
        .hash = hash(id),
        .size = size,
        .stored = stored,
        .snapshot = *snapshot,
        .id = *id,
    };
    atomic_init(&made->references, 1);
    if (snapshot->members.size > 0) {
        memcpy(made->bytes, snapshot->members.data, snapshot->members.size);
    }
    made->snapshot.members.data = made->bytes;
    return made;
}

void quipu_cache_put(struct quipu_cache *cache, const quipu_id *id,
                     const struct quipu_snapshot *snapshot, int64_t stored,
                     uint64_t changes)
{
    struct quipu_cached *entry = snapshot->members.size < cache->policy.bytes
                                     ? make_entry(id, snapshot, stored)
                                     : NULL;

    if (!entry) {
        quipu_cache_drop(cache, id, false);
        return;
    }
    lock(cache);
    struct quipu_cached **link = find_link(cache, id, entry->hash);

    if (*link) {
        remove_entry(cache, link);
    }
    entry->must_look = cache->changes != changes;
    add_entry(cache, entry);
    unlock(cache);
}

void quipu_cache_confirm(struct quipu_cache *cache,
                         const struct quipu_cache_found *found,
                         uint64_t changes)
{
    if (found->is_current || !quipu_cache_has_sole_writer(cache)) {
        return;
    }
    lock(cache);
    if (cache->changes == changes) {
        found->entry->must_look = false;
    }
    unlock(cache);
}

void quipu_cache_drop(struct quipu_cache *cache, const quipu_id *id,
                      bool is_refused)
{
    uint64_t hashed = hash(id);

    lock(cache);
    struct quipu_cached **link = find_link(cache, id, hashed);

    if (*link) {
        remove_entry(cache, link);
    }
    cache->refused += is_refused;
    cache->hits -= is_refused; /* it was none */
    unlock(cache);
}

void quipu_cache_distrust(struct quipu_cache *cache, const quipu_id *id)
{
    uint64_t hashed = hash(id);

    lock(cache);
    struct quipu_cached *entry = *find_link(cache, id, hashed);

    if (entry) {
        entry->must_look = true;
    }
    cache->changes++;
    unlock(cache);
}

void quipu_cache_clear(struct quipu_cache *cache)
{
    lock(cache);
    for (size_t i = 0; i < cache->slot_count; i++) {
        while (cache->slots[i]) {
            remove_entry(cache, &cache->slots[i]);
        }
    }
    unlock(cache);
}

void quipu_cache_count(struct quipu_cache *cache,
                       quipu_repository_counts *counts)
{
    lock(cache);
    counts->hits = cache->hits;
    counts->cache_refused = cache->refused;
    counts->cache_evicted = cache->evicted;
    counts->cached = cache->count;
    counts->cached_bytes = cache->bytes;
    unlock(cache);
}
