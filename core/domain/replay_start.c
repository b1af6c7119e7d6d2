/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the starts of a replay.
 *
 * A state of the cache is nearly always the newest one.  So the last item of
 * the sequence and the number of erasures are read in one look at the store
 * before anything else is done:
 *
 *   - The number is another one than that of the state: an erasure outdates it.
 *   - The item is the last one of the state: it is the newest, and no cursor is
 *     opened.
 *   - The item is behind that one: the sequence has grown.  The state is
 *     compared with the log by the cursor that reads the new events.
 *   - Otherwise the log is not the one of the state.
 *
 * A state for an earlier version than the newest is compared by the cursor, and
 * so is a snapshot, behind which there are usually events, and a state of the
 * cache if several aggregates are got together.
 */
#include "domain/replay_start.h"

#include <stdatomic.h>

#include <quipu/entries.h>
#include <quipu/erasure.h>
#include <quipu/id.h>
#include <quipu/records.h>

#include "base/utf8.h"
#include "store/store.h"

/* The most events that a kept state may contain. */
static int64_t most_events(const struct quipu_replay *replay)
{
    return replay->newest || replay->version == INT64_MAX ? INT64_MAX
                                                          : replay->version + 1;
}

/* An id that the schema cannot have is refused by reading the events. */
static bool is_valid_id(const quipu_repository *repository, const quipu_id *id)
{
    return repository->store->schema_flags & QUIPU_SCHEMA_TEXT_IDS
               ? id->size > 0 && quipu_utf8_valid(quipu_id_bytes(id))
               : id->size == sizeof(quipu_uuid);
}

void quipu_replay_start_note(struct quipu_replay *replay, int64_t erasures)
{
    replay->erasures = erasures;
    replay->has_erasures = true;
    atomic_store_explicit(&replay->repository->erasures, erasures,
                          memory_order_relaxed);
}

/* Reads the number of erasures, once.  Returns QUIPU_REPLAY_NOT_KNOWN after a
 * failure, which reading the events will report. */
static int64_t read_erasures(struct quipu_replay *replay)
{
    int64_t number;

    if (!replay->has_erasures) {
        if (quipu_records_erasures(replay->repository->store->records, &number,
                                   NULL) != QUIPU_OK) {
            return QUIPU_REPLAY_NOT_KNOWN;
        }
        quipu_replay_start_note(replay, number);
    }
    return replay->erasures;
}

/* Returns the number of erasures that is read, or the one that was read last.
 */
static int64_t assume_erasures(struct quipu_replay *replay)
{
    const int64_t last = atomic_load_explicit(&replay->repository->erasures,
                                              memory_order_relaxed);

    return replay->has_erasures || last == QUIPU_REPLAY_NOT_KNOWN
               ? read_erasures(replay)
               : last;
}

/* --------------------------------------------------------------- the cache */

/* A look at the end of the sequence. */
struct look {
    const struct quipu_snapshot *state;
    bool is_last;   /* the state's last event is that of the sequence */
    bool has_grown; /* events lie behind it */
};

static void see_last(void *context, const quipu_item *item)
{
    struct look *look = context;
    const int64_t position = look->state->version - 1;

    look->has_grown = item->position > position;
    look->is_last = item->position == position &&
                    quipu_snapshot_event(item) == look->state->last_event;
}

/* Compares the state with the end of the sequence.  Returns false if it is not
 * one of the log, or tells what was erased. */
static bool look_at_end(struct quipu_replay *replay,
                        struct quipu_replay_start *start)
{
    struct look look = { .state = &start->state };
    int64_t erasures;

    if (quipu_records_last_item(replay->repository->store->records,
                                quipu_id_bytes(replay->id), see_last, &look,
                                &erasures, NULL) != QUIPU_OK) {
        return false;
    }
    quipu_replay_start_note(replay, erasures);
    start->is_newest = look.is_last;
    return (look.is_last || look.has_grown) &&
           start->state.erasures == erasures;
}

/* Whether the state may be one of the log.  That of a sole writer is
 * believed. */
static bool is_valid(struct quipu_replay *replay,
                     struct quipu_replay_start *start)
{
    start->is_newest = replay->newest && start->cached.is_current;
    if (start->is_newest) {
        replay->erasures = start->state.erasures;
        replay->has_erasures = true;
    }
    return start->is_newest || !replay->newest || replay->is_one_of_many ||
           look_at_end(replay, start);
}

static bool find_cached(struct quipu_replay *replay,
                        struct quipu_replay_start *start)
{
    struct quipu_cache *cache = replay->repository->cache;

    if (!cache) {
        return false;
    }
    start->changes = quipu_cache_changes(cache);
    if (replay->takes ||
        !quipu_cache_find(cache, replay->id, most_events(replay),
                          &start->cached)) {
        return false;
    }
    start->state = start->cached.snapshot;
    if (!is_valid(replay, start)) {
        quipu_cache_return(&start->cached);
        quipu_cache_drop(cache, replay->id, true);
        return false;
    }
    return true;
}

/* --------------------------------------------------------------- snapshots */

static void find_wanted(const struct quipu_replay *replay, const char *id,
                        const struct quipu_snapshots_wanted *wanted,
                        struct quipu_replay_start *start)
{
    quipu_snapshots_find(replay->repository->snapshots, quipu_bytes_of_text(id),
                         wanted, &start->stored);
    if (start->stored.entry) {
        start->state = start->stored.snapshot;
    }
}

/* The snapshot is looked for by the number of erasures that was read last.  If
 * there is none, that may have become an old number; otherwise the cursor over
 * the events tells. */
static bool find_stored(struct quipu_replay *replay,
                        struct quipu_replay_start *start)
{
    quipu_repository *repository = replay->repository;
    char id[QUIPU_STORE_ID_TEXT_SIZE];

    if (!repository->snapshots || most_events(replay) <= 0 ||
        !is_valid_id(repository, replay->id)) {
        return false;
    }
    struct quipu_snapshots_wanted wanted = {
        .most = most_events(replay),
        .erasures = assume_erasures(replay),
    };

    quipu_store_id_text(repository->store, replay->id, id);
    if (wanted.erasures == QUIPU_REPLAY_NOT_KNOWN) {
        return false;
    }
    find_wanted(replay, id, &wanted, start);
    if (!start->stored.entry && !replay->has_erasures &&
        read_erasures(replay) != wanted.erasures && replay->has_erasures) {
        wanted.erasures = replay->erasures;
        find_wanted(replay, id, &wanted, start);
    }
    return start->stored.entry;
}

/* -------------------------------------------------------------------- both */

bool quipu_replay_start_find(struct quipu_replay *replay,
                             enum quipu_replay_origin origin,
                             struct quipu_replay_start *start)
{
    start->origin = origin;
    start->state = (struct quipu_snapshot){ .version = 0 };
    start->is_newest = false;
    switch (origin) {
    case QUIPU_REPLAY_CACHE:
        return find_cached(replay, start);
    case QUIPU_REPLAY_SNAPSHOT:
        return find_stored(replay, start);
    default:
        return true;
    }
}

void quipu_replay_start_release(const struct quipu_replay_start *start)
{
    if (start->origin == QUIPU_REPLAY_CACHE) {
        quipu_cache_return(&start->cached);
    } else if (start->origin == QUIPU_REPLAY_SNAPSHOT) {
        quipu_entry_destroy(start->stored.entry);
    }
}

static void judge_snapshot(struct quipu_replay *replay,
                           const struct quipu_replay_start *start)
{
    struct quipu_snapshots *snapshots = replay->repository->snapshots;
    atomic_uint_least64_t *counter = replay->is_outdated ? &snapshots->outdated
                                     : replay->is_wrong  ? &snapshots->refused
                                                         : &snapshots->used;

    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    if (replay->is_wrong && !replay->is_outdated) {
        replay->wrong_revision = start->stored.entry->revision;
    }
}

void quipu_replay_start_judge(struct quipu_replay *replay,
                              const struct quipu_replay_start *start)
{
    if (start->origin == QUIPU_REPLAY_CACHE && replay->is_wrong) {
        quipu_cache_drop(replay->repository->cache, replay->id, true);
    } else if (start->origin == QUIPU_REPLAY_SNAPSHOT) {
        judge_snapshot(replay, start);
    }
}
