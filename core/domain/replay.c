/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays the events of an aggregate.
 *
 * Replay reads the events of a sequence in the order of their positions, up to
 * a version if one is asked for, and applies each with quipu_aggregate_replay,
 * which checks that the versions are consecutive.  It stops at an event that
 * discards.
 *
 * An event that was erased is passed over, and its version counts.  Its topic
 * stays, so that one that discards still does.  The aggregate exists even if
 * all of its events are erased: then its members are zero, as handlers have
 * left them.
 *
 * Three outcomes mean that there is no such aggregate, and only they are
 * reported as NOT_FOUND.  Everything else that goes wrong keeps its status,
 * with a message that names the sequence and the position, except that
 * NOT_FOUND, from an unknown topic or a handler, becomes UNSUPPORTED: otherwise
 * a caller would take an aggregate that it cannot read for one that does not
 * exist, and create it a second time.
 *
 * WHERE IT BEGINS
 *
 * A repository may keep states: in its cache, and as snapshots.  A replay tries
 * these origins in turn, and then the first event:
 *
 *   1. The members of a new aggregate are set from the kept state, of version
 *      n.
 *   2. The events are read from position n - 1 on.  The first one must be the
 *      last that the state contains, by the checksum of its item; it is not
 *      applied.
 *   3. If it is another one, or there is none, the log is not the one of the
 *      state: the aggregate is destroyed, and the next origin is tried.  So a
 *      kept state costs no read of its own, and only one that the log confirms
 *      decides what a replay returns (D1).
 *
 * Several replays may run together: then the cursors of all are opened in one
 * call, which is one round trip to a server.
 *
 * A state of the cache that is the newest one is confirmed without a cursor, by
 * the last item of the sequence (replay_start.c).  Only a cache with a sole
 * writer is used without a look at the log.
 *
 * A state that was made of personal members is kept sealed with the keys of
 * their subjects (sealed_state.h).  If it cannot be opened any more, because a
 * subject was forgotten, it is as one that the log does not confirm (D6).
 *
 * ERASURES
 *
 * A kept state may contain what an event said that is erased since.  So each is
 * kept with the number of erasures of the schema (E9), of a moment that is not
 * later than the reading of its events, and is used only as long as this number
 * is the same.  The number is read by the call that opens the cursor; that a
 * snapshot is one of this number is therefore seen afterwards.  An erasure thus
 * outdates the states of all aggregates of the schema, each of which is made
 * from the first event once.  With a sole writer the number is not read, as
 * nothing is: the cache is cleared by quipu_repository_erase.
 */
#include "domain/replay.h"

#include <stdatomic.h>

#include <quipu/entries.h>
#include <quipu/erasure.h>
#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/status.h"
#include "domain/aggregate.h"
#include "domain/replay_start.h"
#include "event/packed_fields.h"
#include "mapper/mapper.h"
#include "snapshot/cache.h"
#include "snapshot/snapshots.h"
#include "store/store.h"

/* Time for a snapshot that is taken while an aggregate is got. */
#define TAKING_MILLISECONDS 500

/* --------------------------------------------------------------- applying */

/* Fills the error with the place where a replay failed, and the cause.  Returns
 * the status, or UNSUPPORTED for NOT_FOUND. */
static int explain(const struct quipu_replay *replay, int status,
                   const quipu_item *item, const quipu_error *cause,
                   quipu_error *error)
{
    char id[QUIPU_STORE_ID_TEXT_SIZE];
    long long position = item ? (long long)item->position
                              : (long long)replay->aggregate->version;

    quipu_store_id_text(replay->repository->store, replay->id, id);
    return quipu_error_set_native(
        error, status == QUIPU_NOT_FOUND ? QUIPU_UNSUPPORTED : status,
        cause->native, cause->sqlstate,
        "replaying %.60s, sequence %s, position %lld: %s",
        replay->repository->type->name, id, position, cause->message);
}

/* Counts the event of an item that was erased, or whose topic is retired. */
static int pass_over(const struct quipu_replay *replay, const quipu_item *item,
                     quipu_error *error)
{
    const quipu_binding *binding = quipu_mapper_find(
        quipu_store_mapper(replay->repository->store), item->topic);

    return quipu_aggregate_pass_over(replay->aggregate,
                                     binding ? binding->type : NULL,
                                     item->position, error);
}

/* Applies an event.  `event` NULL: the item is passed over, and keeps its
 * version (Y3). */
static int apply(struct quipu_replay *replay, const quipu_event *event,
                 const quipu_item *item, quipu_error *error)
{
    int status = event ? quipu_aggregate_replay(replay->aggregate, event, error)
                       : pass_over(replay, item, error);

    if (status == QUIPU_OK &&
        quipu_repository_keeps_states(replay->repository)) {
        replay->last_event = quipu_snapshot_event(item);
    }
    replay->applied += status == QUIPU_OK;
    return status;
}

/* Notes whose personal members the state is going to contain. */
static int note_subjects(struct quipu_replay *replay,
                         const quipu_events *events, quipu_error *error)
{
    int status = QUIPU_OK;

    if (!quipu_repository_keeps_states(replay->repository)) {
        return QUIPU_OK;
    }
    for (const struct quipu_subject *subject = quipu_events_subjects(events);
         subject && status == QUIPU_OK; subject = subject->next) {
        status = quipu_sealed_state_add_subject(&replay->subjects, subject->id,
                                                error);
    }
    return status;
}

/* Applies the events of the cursor, to the end or to one that discards. */
static int apply_all(struct quipu_replay *replay, quipu_events *events,
                     quipu_error *error)
{
    const quipu_event *event = NULL;
    const quipu_item *item = NULL;
    quipu_error cause;
    int status = QUIPU_OK;

    quipu_status_begin(&cause);
    do {
        status = quipu_events_step(events, &event, &cause);
        item = quipu_events_item(events);
        if (status == QUIPU_OK && event) {
            status = note_subjects(replay, events, &cause);
        }
        if (status == QUIPU_OK && item) {
            status = apply(replay, event, item, &cause);
        }
    } while (status == QUIPU_OK && item && !replay->aggregate->discarded);
    if (status != QUIPU_OK) {
        return explain(replay, status, item, &cause, error);
    }
    return QUIPU_OK;
}

/* Step 2: reads the event that must be the last one of the kept state, and sets
 * replay->is_wrong. */
static int check_last(struct quipu_replay *replay, quipu_events *events,
                      const struct quipu_replay_start *start,
                      quipu_error *error)
{
    const quipu_item *item = NULL;
    quipu_error cause;

    quipu_status_begin(&cause);
    int status = quipu_events_next_item(events, &item, &cause);

    if (status != QUIPU_OK) {
        return explain(replay, status, NULL, &cause, error);
    }
    replay->is_wrong =
        !item || quipu_snapshot_event(item) != start->state.last_event;
    return QUIPU_OK;
}

/* The events from a version on. */
static quipu_query query_from(const struct quipu_replay *replay,
                              int64_t version)
{
    return (quipu_query){
        .struct_size = sizeof(quipu_query),
        .flags = QUIPU_QUERY_GTE | (replay->newest ? 0 : QUIPU_QUERY_LTE),
        .gte = version,
        .lte = replay->version,
    };
}

/* The events from the start on, with the last one of a kept state. */
static quipu_query query_from_start(const struct quipu_replay *replay,
                                    const struct quipu_replay_start *start)
{
    const int64_t version = start->state.version;

    return query_from(replay, version > 0 ? version - 1 : 0);
}

/* Opens the cursors of replays over their items, and notes the number of
 * erasures for those that need it. */
static int open_cursors(struct quipu_replay *const *replays,
                        const quipu_sequence_query *queries, size_t count,
                        quipu_cursor **cursors, quipu_error *error)
{
    const quipu_repository *repository = replays[0]->repository;
    const bool keeps = quipu_repository_keeps_states(repository);
    int64_t erasures = 0;
    int status =
        quipu_records_read_many(repository->store->records, queries, count,
                                cursors, keeps ? &erasures : NULL, error);

    for (size_t i = 0; i < count && status == QUIPU_OK && keeps; i++) {
        quipu_replay_start_note(replays[i], erasures);
    }
    return status;
}

/* Opens the cursor over the items from the start on, unless it was opened
 * ahead. */
static int open_cursor(struct quipu_replay *replay,
                       const struct quipu_replay_start *start,
                       quipu_cursor **cursor, quipu_error *error)
{
    const quipu_query query = query_from_start(replay, start);
    const quipu_sequence_query all = { quipu_id_bytes(replay->id), &query };

    if (replay->ahead) {
        *cursor = replay->ahead;
        replay->ahead = NULL;
        return QUIPU_OK;
    }
    return replay->has_erasures
               ? quipu_records_read(replay->repository->store->records,
                                    all.sequence_id, &query, cursor, error)
               : open_cursors(&replay, &all, 1, cursor, error);
}

/* Applies the events from the start on. */
static int apply_from(struct quipu_replay *replay,
                      const struct quipu_replay_start *start,
                      quipu_error *error)
{
    const bool checks = start->state.version > 0;
    quipu_cursor *cursor = NULL;
    quipu_events *events = NULL;
    int status = open_cursor(replay, start, &cursor, error);

    if (status == QUIPU_OK) {
        status = quipu_events_of_cursor(replay->repository->store, cursor,
                                        &events, error);
    }
    replay->is_outdated = checks && start->state.erasures != replay->erasures;
    replay->is_wrong = replay->is_outdated;
    if (status == QUIPU_OK && checks && !replay->is_wrong) {
        status = check_last(replay, events, start, error);
    }
    if (status == QUIPU_OK && !replay->is_wrong) {
        status = apply_all(replay, events, error);
    }
    quipu_events_close(events);
    return status;
}

/* Returns what the events that have been applied mean. */
static enum quipu_replay_finding find(const struct quipu_replay *replay)
{
    const quipu_aggregate *aggregate = replay->aggregate;

    if (aggregate->discarded) {
        return QUIPU_REPLAY_DISCARDED;
    }
    if (replay->newest) {
        return aggregate->version > 0 ? QUIPU_REPLAY_FOUND
                                      : QUIPU_REPLAY_NO_EVENTS;
    }
    return aggregate->version > 0 && aggregate->version - 1 == replay->version
               ? QUIPU_REPLAY_FOUND
               : QUIPU_REPLAY_NO_SUCH_VERSION;
}

int quipu_replay_refresh(struct quipu_replay *replay, quipu_error *error)
{
    const quipu_query query = query_from(replay, replay->aggregate->version);
    quipu_events *events = NULL;
    int status = QUIPU_OK;

    if (!replay->aggregate->discarded) {
        status = quipu_store_read(replay->repository->store, replay->id, &query,
                                  &events, error);
        if (status == QUIPU_OK) {
            status = apply_all(replay, events, error);
        }
        quipu_events_close(events);
    }
    quipu_sealed_state_clear_subjects(&replay->subjects);
    replay->finding = find(replay);
    return status;
}

/* ----------------------------------------------------- making an aggregate */

int quipu_replay_make(const quipu_repository *repository, const quipu_id *id,
                      quipu_aggregate **aggregate, quipu_error *error)
{
    int status = quipu_aggregate_make(repository->type, id, repository->bus,
                                      aggregate, error);

    if (status == QUIPU_OK && repository->cache &&
        quipu_cache_has_sole_writer(repository->cache)) {
        quipu_cache_hold(repository->cache);
        (*aggregate)->pending->cache = repository->cache;
    }
    return status;
}

/* Sets the members from the kept state.  CORRUPT: it cannot be used. */
static int read_members(struct quipu_replay *replay,
                        const struct quipu_snapshot *state, quipu_error *error)
{
    const quipu_repository *repository = replay->repository;
    quipu_bytes members = state->members;

    if (state->is_sealed &&
        quipu_sealed_state_open(repository->store->mapper->sealer,
                                &replay->subjects, quipu_id_bytes(replay->id),
                                state, &members, error) != QUIPU_OK) {
        return QUIPU_CORRUPT;
    }
    int status = quipu_packed_fields_read(repository->type->fields,
                                          replay->aggregate, members, error);

    if (state->is_sealed) {
        quipu_release((void *)members.data);
    }
    return status;
}

/* Step 1: makes the aggregate with the members of the kept state. */
static int make(struct quipu_replay *replay,
                const struct quipu_replay_start *start, quipu_error *error)
{
    int status = quipu_replay_make(replay->repository, replay->id,
                                   &replay->aggregate, error);

    if (status != QUIPU_OK || start->state.version == 0) {
        return status;
    }
    replay->aggregate->version = start->state.version;
    replay->last_event = start->state.last_event;
    return read_members(replay, &start->state, error);
}

static int replay_from(struct quipu_replay *replay,
                       const struct quipu_replay_start *start,
                       quipu_error *error)
{
    quipu_sealed_state_clear_subjects(&replay->subjects);
    int status = make(replay, start, error);

    replay->is_wrong = false;
    replay->is_outdated = false;
    replay->applied = 0;
    if (status == QUIPU_CORRUPT) { /* not by its checksum */
        replay->is_wrong = true;
        return QUIPU_OK;
    }
    if (status == QUIPU_OK && !start->is_newest) {
        status = apply_from(replay, start, error);
    }
    return status;
}

/* --------------------------------------------------------- keeping states */

static bool is_due(const struct quipu_replay *replay, int64_t stored)
{
    const struct quipu_snapshots *snapshots = replay->repository->snapshots;

    return snapshots && snapshots->every > 0 && !snapshots->is_readonly &&
           replay->aggregate->version - stored >= (int64_t)snapshots->every &&
           !quipu_snapshots_rest(snapshots);
}

/* Seals a packed state if it has to be; frees its members if that fails. */
static int seal(const struct quipu_replay *replay,
                struct quipu_snapshot *snapshot, quipu_error *error)
{
    const struct quipu_sealer *sealer =
        replay->repository->store->mapper->sealer;
    void *plain = (void *)snapshot->members.data;

    if (!quipu_sealed_state_is_needed(sealer, &replay->subjects)) {
        return QUIPU_OK;
    }
    int status = quipu_sealed_state_seal(
        sealer, &replay->subjects, quipu_id_bytes(replay->id), snapshot, error);

    quipu_release(plain);
    return status;
}

/* Packs the aggregate's members; the caller frees members.data. */
static int pack(const struct quipu_replay *replay,
                struct quipu_snapshot *snapshot, quipu_error *error)
{
    quipu_repository *repository = replay->repository;
    const quipu_aggregate_type *type = repository->type;

    if (!quipu_packed_fields_complete(type->fields, repository->gaps,
                                      type->size, replay->aggregate)) {
        atomic_fetch_add_explicit(&repository->incomplete, 1,
                                  memory_order_relaxed);
        return quipu_error_set(error, QUIPU_INVALID,
                               "%.60s has a value in a member that its table "
                               "of fields ignores or does not describe, and "
                               "that a snapshot would lose",
                               type->name);
    }
    size_t size = quipu_packed_fields_size(type->fields, replay->aggregate);
    void *bytes = quipu_allocate(size);

    if (!bytes) {
        return quipu_error_no_memory(error);
    }
    quipu_packed_fields_write(type->fields, replay->aggregate, bytes);
    *snapshot = (struct quipu_snapshot){
        .version = replay->aggregate->version,
        .last_event = replay->last_event,
        .erasures = replay->erasures,
        .members = { bytes, size },
    };
    return seal(replay, snapshot, error);
}

/* Writes a snapshot, and sets *stored to the version of the newest. */
static int take(const struct quipu_replay *replay,
                const struct quipu_snapshot *state, int64_t *stored,
                quipu_error *error)
{
    struct quipu_snapshot snapshot = *state;
    char id[QUIPU_STORE_ID_TEXT_SIZE];

    quipu_store_id_text(replay->repository->store, replay->id, id);
    int status = quipu_snapshots_write(
        replay->repository->snapshots, quipu_bytes_of_text(id), &snapshot,
        replay->wrong_revision, replay->takes ? 0 : TAKING_MILLISECONDS, error);

    if (status == QUIPU_OK) {
        *stored = snapshot.version;
    }
    return status;
}

/* Keeps the state in the cache, and as a snapshot if that is due. */
static int keep(const struct quipu_replay *replay,
                const struct quipu_replay_start *start, int64_t stored,
                quipu_error *error)
{
    struct quipu_cache *cache = replay->repository->cache;
    struct quipu_snapshot snapshot;
    int status = pack(replay, &snapshot, error);

    if (status != QUIPU_OK) {
        if (cache) {
            quipu_cache_drop(cache, replay->id, false);
        }
        return status;
    }
    if (replay->takes || is_due(replay, stored)) {
        status = take(replay, &snapshot, &stored, error);
    }
    if (cache) {
        quipu_cache_put(cache, replay->id, &snapshot, stored, start->changes);
    }
    quipu_release((void *)snapshot.members.data);
    return status;
}

/* Decides what is kept of an aggregate that was made. */
static int finish(const struct quipu_replay *replay,
                  const struct quipu_replay_start *start, quipu_error *error)
{
    struct quipu_cache *cache = replay->repository->cache;
    int64_t stored = start->origin == QUIPU_REPLAY_CACHE ? start->cached.stored
                                                         : start->state.version;
    quipu_error cause;

    if (!replay->newest || !quipu_repository_keeps_states(replay->repository)) {
        return QUIPU_OK;
    }
    if (replay->finding != QUIPU_REPLAY_FOUND) {
        if (cache) {
            quipu_cache_drop(cache, replay->id, false);
        }
        return QUIPU_OK;
    }
    if (!replay->takes && !is_due(replay, stored) &&
        (!cache ||
         (start->origin == QUIPU_REPLAY_CACHE && replay->applied == 0))) {
        if (cache) {
            quipu_cache_confirm(cache, &start->cached, start->changes);
        }
        return QUIPU_OK;
    }
    quipu_status_begin(&cause);
    int status = keep(replay, start, stored, &cause);

    return replay->takes
               ? quipu_status_end(status, &cause, error, "taking a snapshot")
               : QUIPU_OK;
}

/* ------------------------------------------------------------- the replay */

static void drop_aggregate(struct quipu_replay *replay)
{
    quipu_aggregate_destroy(replay->aggregate);
    replay->aggregate = NULL;
}

/* Replays from one origin.  Unless replay->is_wrong, that was the replay. */
static int replay_once(struct quipu_replay *replay,
                       struct quipu_replay_start *start, quipu_error *error)
{
    int status = replay_from(replay, start, error);

    quipu_cursor_close(replay->ahead); /* that has not been needed */
    replay->ahead = NULL;
    if (status == QUIPU_OK) {
        quipu_replay_start_judge(replay, start);
    }
    if (status == QUIPU_OK && !replay->is_wrong) {
        atomic_fetch_add_explicit(&replay->repository->events,
                                  (uint64_t)replay->applied,
                                  memory_order_relaxed);
        replay->finding = find(replay);
        status = finish(replay, start, error);
    }
    if (status != QUIPU_OK || replay->is_wrong ||
        replay->finding != QUIPU_REPLAY_FOUND) {
        drop_aggregate(replay);
    }
    return status;
}

/* Finds the first start of the given origin or a later one. */
static void find_start(struct quipu_replay *replay,
                       enum quipu_replay_origin origin,
                       struct quipu_replay_start *start)
{
    while (!quipu_replay_start_find(replay, origin, start)) {
        origin++;
    }
}

/* Replays from a start, and while that is wrong, from the next one. */
static int run_from(struct quipu_replay *replay,
                    struct quipu_replay_start *start, quipu_error *error)
{
    int status = replay_once(replay, start, error);

    quipu_replay_start_release(start);
    while (status == QUIPU_OK && replay->is_wrong) {
        find_start(replay, start->origin + 1, start);
        status = replay_once(replay, start, error);
        quipu_replay_start_release(start);
    }
    quipu_sealed_state_clear_subjects(&replay->subjects);
    return status;
}

int quipu_replay_run(struct quipu_replay *replay, quipu_error *error)
{
    struct quipu_replay_start start = { .changes = 0 };

    find_start(replay, QUIPU_REPLAY_CACHE, &start);
    return run_from(replay, &start, error);
}

/* ---------------------------------------------------------- several replays */

/* A replay whose events are read together with those of others. */
struct part {
    struct quipu_replay *replay;
    struct quipu_replay_start start;
    quipu_query query;
};

/* Opens the cursors of all parts whose start is not the newest state. */
static int open_ahead(struct part *parts, size_t count, quipu_error *error)
{
    quipu_sequence_query queries[QUIPU_REPLAY_MANY_MAX];
    struct quipu_replay *replays[QUIPU_REPLAY_MANY_MAX];
    quipu_cursor *cursors[QUIPU_REPLAY_MANY_MAX];
    size_t read = 0;

    for (size_t i = 0; i < count; i++) {
        struct part *part = &parts[i];

        if (!part->start.is_newest) {
            part->query = query_from_start(part->replay, &part->start);
            replays[read] = part->replay;
            queries[read++] =
                (quipu_sequence_query){ quipu_id_bytes(part->replay->id),
                                        &part->query };
        }
    }
    int status = read > 0 ? open_cursors(replays, queries, read, cursors, error)
                          : QUIPU_OK;

    for (size_t i = 0; i < read && status == QUIPU_OK; i++) {
        replays[i]->ahead = cursors[i];
    }
    return status;
}

int quipu_replay_run_many(struct quipu_replay *replays, size_t count,
                          quipu_error *error)
{
    struct part parts[QUIPU_REPLAY_MANY_MAX];
    size_t done = 0;

    for (size_t i = 0; i < count; i++) {
        parts[i] = (struct part){ .replay = &replays[i] };
        replays[i].is_one_of_many = true;
        find_start(&replays[i], QUIPU_REPLAY_CACHE, &parts[i].start);
    }
    int status = open_ahead(parts, count, error);

    while (done < count && status == QUIPU_OK) {
        status = run_from(&replays[done], &parts[done].start, error);
        done++;
    }
    for (; done < count; done++) {
        quipu_cursor_close(replays[done].ahead);
        quipu_replay_start_release(&parts[done].start);
    }
    return status;
}
