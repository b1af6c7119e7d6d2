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
 * so is a snapshot, behind which there are usually events.
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

/* Reads the number of erasures, once.  If it is not known, no kept state is
 * used and none is kept. */
static int64_t read_erasures(struct quipu_replay *replay)
{
    if (!replay->has_erasures &&
        quipu_records_erasures(replay->repository->store->records,
                               &replay->erasures, NULL) != QUIPU_OK) {
        replay->erasures = QUIPU_REPLAY_NOT_KNOWN;
    }
    replay->has_erasures = true;
    return replay->erasures;
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
 * one of the log. */
static bool look_at_end(struct quipu_replay *replay,
                        struct quipu_replay_start *start)
{
    struct look look = { .state = &start->state };

    if (quipu_records_last_item(replay->repository->store->records,
                                quipu_id_bytes(replay->id), see_last, &look,
                                &replay->erasures, NULL) != QUIPU_OK) {
        replay->erasures = QUIPU_REPLAY_NOT_KNOWN;
    }
    replay->has_erasures = true;
    start->is_newest = look.is_last;
    return look.is_last || look.has_grown;
}

/* Whether the state tells nothing that was erased, and may be one of the log.
 * That of a sole writer is believed. */
static bool is_valid(struct quipu_replay *replay,
                     struct quipu_replay_start *start)
{
    start->is_newest = replay->newest && start->cached.is_current;
    if (start->is_newest) {
        replay->erasures = start->state.erasures;
        replay->has_erasures = true;
    }
    if (replay->newest && !start->is_newest && !look_at_end(replay, start)) {
        return false;
    }
    return start->state.erasures == read_erasures(replay);
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

static bool find_stored(struct quipu_replay *replay,
                        struct quipu_replay_start *start)
{
    quipu_repository *repository = replay->repository;
    char id[QUIPU_STORE_ID_TEXT_SIZE];

    if (!repository->snapshots || most_events(replay) <= 0 ||
        !is_valid_id(repository, replay->id) ||
        read_erasures(replay) == QUIPU_REPLAY_NOT_KNOWN) {
        return false;
    }
    const struct quipu_snapshots_wanted wanted = {
        .most = most_events(replay),
        .erasures = replay->erasures,
    };

    quipu_store_id_text(repository->store, replay->id, id);
    quipu_snapshots_find(repository->snapshots, quipu_bytes_of_text(id),
                         &wanted, &start->stored);
    if (start->stored.entry) {
        start->state = start->stored.snapshot;
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
        if (quipu_repository_keeps_states(replay->repository)) {
            (void)read_erasures(replay);
        }
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

void quipu_replay_start_judge(struct quipu_replay *replay,
                              const struct quipu_replay_start *start)
{
    quipu_repository *repository = replay->repository;

    if (start->origin == QUIPU_REPLAY_CACHE && replay->is_wrong) {
        quipu_cache_drop(repository->cache, replay->id, true);
    } else if (start->origin == QUIPU_REPLAY_SNAPSHOT) {
        atomic_fetch_add_explicit(replay->is_wrong
                                      ? &repository->snapshots->refused
                                      : &repository->snapshots->used,
                                  1, memory_order_relaxed);
        if (replay->is_wrong) {
            replay->wrong_revision = start->stored.entry->revision;
        }
    }
}
