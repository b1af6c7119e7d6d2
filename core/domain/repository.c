/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event-sourced repository: gets aggregates of one type by replaying their
 * stored events (replay.c), and says which states of them are kept.
 *
 * Every call makes a private copy, so a repository needs no lock of its own.
 */
#include <stdio.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/structs.h"
#include "base/utf8.h"
#include "domain/aggregate.h"
#include "domain/aggregate_type.h"
#include "domain/bus.h"
#include "domain/replay.h"
#include "event/packed_fields.h"
#include "snapshot/cache.h"
#include "snapshot/snapshots.h"
#include "store/store.h"

/* How often a snapshot is tried that other processes replace meanwhile. */
#define TAKE_ATTEMPTS 8

/* ----------------------------------------------------- opening, closing */

int quipu_repository_check_store(const quipu_store *store, const char *name,
                                 quipu_error *error)
{
    if (!store->keeps_versions) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s needs a store whose sequence ids are "
                               "originator_id and whose positions are "
                               "originator_version",
                               name);
    }
    return QUIPU_OK;
}

/* Checks that a store suits aggregates of the type.  INVALID. */
static int check_store(const quipu_store *store,
                       const quipu_aggregate_type *type, quipu_error *error)
{
    char name[96];

    (void)snprintf(name, sizeof(name), "a repository of %.60s", type->name);
    int status = quipu_repository_check_store(store, name, error);

    if (status != QUIPU_OK) {
        return status;
    }
    for (const quipu_handler *h = type->handlers; h && h->event; h++) {
        if (quipu_mapper_type(store->mapper, h->event->topic) != h->event) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "%s has a handler for %s, which the mapping "
                                   "of the store does not have",
                                   type->name, h->event->topic);
        }
    }
    return QUIPU_OK;
}

int quipu_repository_open(quipu_store *store, quipu_bus *bus,
                          const quipu_aggregate_type *type,
                          quipu_repository **repository, quipu_error *error)
{
    quipu_repository *opened = NULL;
    int status = quipu_aggregate_type_check(type, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!store || !repository) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "opening a repository: an argument is NULL");
    }
    status = check_store(store, type, error);
    if (status != QUIPU_OK) {
        return status;
    }
    opened = quipu_allocate_zeroed(sizeof(*opened));
    if (!opened) {
        return quipu_error_no_memory(error);
    }
    opened->store = store;
    opened->bus = bus;
    opened->type = type;
    atomic_init(&opened->erasures, QUIPU_REPLAY_NOT_KNOWN);
    quipu_store_hold(store);
    quipu_bus_attach(bus);
    *repository = opened;
    return QUIPU_OK;
}

void quipu_repository_close(quipu_repository *repository)
{
    if (!repository) {
        return;
    }
    quipu_cache_release(repository->cache);
    if (repository->snapshots) {
        quipu_snapshots_finish(repository->snapshots);
        quipu_release(repository->snapshots);
    }
    quipu_release(repository->gaps);
    quipu_bus_detach(repository->bus);
    quipu_store_release(repository->store);
    quipu_release(repository);
}

/* ------------------------------------------------------------- creating */

static bool has_text_ids(const quipu_repository *repository)
{
    return repository->store->schema_flags & QUIPU_SCHEMA_TEXT_IDS;
}

/* Mints a time-ordered UUID, in the form that the schema's ids have. */
static void mint(const quipu_repository *repository, quipu_id *id)
{
    char text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    quipu_uuid_ordered(&uuid);
    if (has_text_ids(repository)) {
        quipu_uuid_format(&uuid, text);
        quipu_id_of_text(id, text, NULL);
    } else {
        quipu_id_of_uuid(id, &uuid);
    }
}

/* Checks that an id can be a sequence id of the schema.  INVALID. */
static int check_id(const quipu_repository *repository, const quipu_id *id,
                    quipu_error *error)
{
    if (!has_text_ids(repository) && id->size != sizeof(quipu_uuid)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "an id of %s is a UUID, 16 bytes, not %u",
                               repository->type->name, (unsigned)id->size);
    }
    if (has_text_ids(repository) &&
        (id->size == 0 || !quipu_utf8_valid(quipu_id_bytes(id)))) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "an id of %s is 1 to 255 bytes of UTF-8",
                               repository->type->name);
    }
    return QUIPU_OK;
}

void *quipu_repository_create(quipu_repository *repository, const quipu_id *id,
                              quipu_error *error)
{
    quipu_aggregate *aggregate = NULL;
    quipu_id minted = { 0 };

    if (!repository) {
        quipu_error_set(error, QUIPU_INVALID,
                        "quipu_repository_create: the repository is NULL");
        return NULL;
    }
    if (!id) {
        mint(repository, &minted);
        id = &minted;
    }
    if (check_id(repository, id, error) == QUIPU_OK) {
        quipu_replay_make(repository, id, &aggregate, error);
    }
    return aggregate;
}

/* -------------------------------------------------------------- getting */

/* NOT_FOUND, with the reason. */
static void not_found(const struct quipu_replay *replay, quipu_error *error)
{
    static const char *const reasons[] = {
        [QUIPU_REPLAY_NO_EVENTS] = "has no events",
        [QUIPU_REPLAY_DISCARDED] = "is discarded",
        [QUIPU_REPLAY_NO_SUCH_VERSION] = "has no such version",
    };
    char id[QUIPU_STORE_ID_TEXT_SIZE];

    quipu_store_id_text(replay->repository->store, replay->id, id);
    quipu_error_set(error, QUIPU_NOT_FOUND, "%.60s %s %s",
                    replay->repository->type->name, id,
                    reasons[replay->finding]);
}

/* Returns the aggregate, or NULL with *error filled. */
static void *get(struct quipu_replay *replay, quipu_error *error)
{
    if (!replay->repository || !replay->id) {
        quipu_error_set(error, QUIPU_INVALID,
                        "getting an aggregate: an argument is NULL");
        return NULL;
    }
    if (quipu_replay_run(replay, error) == QUIPU_OK &&
        replay->finding != QUIPU_REPLAY_FOUND) {
        not_found(replay, error);
    }
    return replay->aggregate;
}

void *quipu_repository_get(quipu_repository *repository, const quipu_id *id,
                           quipu_error *error)
{
    struct quipu_replay replay = {
        .repository = repository,
        .id = id,
        .newest = true,
    };

    return get(&replay, error);
}

/* Gets as many aggregates as can be got together.  After a failure none is
 * left. */
static int get_together(quipu_repository *repository, const quipu_id *ids,
                        size_t count, void **aggregates, quipu_error *error)
{
    struct quipu_replay replays[QUIPU_REPLAY_MANY_MAX];

    for (size_t i = 0; i < count; i++) {
        replays[i] = (struct quipu_replay){
            .repository = repository,
            .id = &ids[i],
            .newest = true,
        };
    }
    int status = quipu_replay_run_many(replays, count, error);

    for (size_t i = 0; i < count; i++) {
        if (status != QUIPU_OK) {
            quipu_aggregate_destroy(replays[i].aggregate);
            replays[i].aggregate = NULL;
        }
        aggregates[i] = replays[i].aggregate;
    }
    return status;
}

int quipu_repository_get_many(quipu_repository *repository, const quipu_id *ids,
                              size_t count, void **aggregates,
                              quipu_error *error)
{
    size_t done = 0;
    int status = QUIPU_OK;

    if (!repository || (count > 0 && (!ids || !aggregates))) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_repository_get_many: an argument is "
                               "NULL");
    }
    for (size_t i = 0; i < count; i++) {
        aggregates[i] = NULL;
    }
    while (done < count && status == QUIPU_OK) {
        const size_t left = count - done;
        const size_t next =
            left < QUIPU_REPLAY_MANY_MAX ? left : QUIPU_REPLAY_MANY_MAX;

        status = get_together(repository, ids + done, next, aggregates + done,
                              error);
        done += next;
    }
    for (size_t i = 0; i < count && status != QUIPU_OK; i++) {
        quipu_aggregate_destroy(aggregates[i]);
        aggregates[i] = NULL;
    }
    return status;
}

void *quipu_repository_get_at(quipu_repository *repository, const quipu_id *id,
                              int64_t version, quipu_error *error)
{
    struct quipu_replay replay = {
        .repository = repository,
        .id = id,
        .version = version,
    };

    return get(&replay, error);
}

int quipu_repository_contains(quipu_repository *repository, const quipu_id *id,
                              bool *found, quipu_error *error)
{
    struct quipu_replay replay = {
        .repository = repository,
        .id = id,
        .newest = true,
    };
    int status = QUIPU_OK;

    if (!repository || !id || !found) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_repository_contains: an argument is "
                               "NULL");
    }
    status = quipu_replay_run(&replay, error);
    if (status == QUIPU_OK) {
        *found = replay.finding == QUIPU_REPLAY_FOUND;
        quipu_aggregate_destroy(replay.aggregate);
    }
    return status;
}

/* -------------------------------------------------------------- refreshing */

static int check_refresh(const quipu_repository *repository,
                         const quipu_aggregate *aggregate, quipu_error *error)
{
    if (!repository || !aggregate) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "refreshing an aggregate: an argument is NULL");
    }
    if (aggregate->type != repository->type) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "refreshing a %.60s: the repository is one of "
                               "%.60s",
                               aggregate->type->name, repository->type->name);
    }
    if (aggregate->stale) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "refreshing a %.60s: it is stale since an "
                               "earlier failure; get it again",
                               aggregate->type->name);
    }
    return aggregate->pending->count == 0
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_INVALID,
                                 "refreshing a %.60s: it has pending events",
                                 aggregate->type->name);
}

int quipu_repository_refresh(quipu_repository *repository,
                             quipu_aggregate *aggregate, quipu_error *error)
{
    int status = check_refresh(repository, aggregate, error);

    if (status != QUIPU_OK) {
        return status;
    }
    struct quipu_replay replay = {
        .repository = repository,
        .id = &aggregate->id,
        .newest = true,
        .aggregate = aggregate,
    };

    status = quipu_replay_refresh(&replay, error);
    if (status == QUIPU_OK && replay.finding != QUIPU_REPLAY_FOUND) {
        not_found(&replay, error);
        status = QUIPU_NOT_FOUND;
    }
    return status;
}

/* -------------------------------------------------------------- kept states */

/* Checks that states of the type can be kept, once for both policies.
 * INVALID. */
static int check_type(quipu_repository *repository, quipu_error *error)
{
    const quipu_aggregate_type *type = repository->type;

    if (repository->gaps) {
        return QUIPU_OK;
    }
    if (!type->fields) {
        return quipu_error_set(
            error, QUIPU_INVALID,
            "%.60s has no table of fields, so that its state "
            "cannot be kept: describe its members, and set "
            "`fields` of the aggregate type",
            type->name);
    }
    repository->gaps = quipu_packed_fields_gaps(
        type->fields, sizeof(quipu_aggregate), type->size);
    return repository->gaps ? QUIPU_OK : quipu_error_no_memory(error);
}

/* Checks the arguments of a function that sets a policy, and the type. */
static int check_use(quipu_repository *repository, bool is_used,
                     const char *function, quipu_error *error)
{
    if (!repository || is_used) {
        return quipu_error_set(error, QUIPU_INVALID, "%s: %s", function,
                               is_used ? "the repository has such a policy"
                                       : "the repository is NULL");
    }
    return check_type(repository, error);
}

int quipu_repository_use_snapshots(quipu_repository *repository,
                                   const quipu_snapshot_policy *policy,
                                   quipu_error *error)
{
    quipu_snapshot_policy own;
    int status = quipu_struct_take(&own, sizeof(own), policy, "policy", error);

    if (status == QUIPU_OK) {
        status = check_use(repository, repository && repository->snapshots,
                           "quipu_repository_use_snapshots", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    struct quipu_snapshots *opened = quipu_allocate(sizeof(*opened));

    if (!opened) {
        return quipu_error_no_memory(error);
    }
    status = quipu_snapshots_open(
        opened, &own, repository->store->records, repository->type->name,
        quipu_aggregate_type_layout(repository->type,
                                    repository->store->mapper),
        error);
    if (status != QUIPU_OK) {
        quipu_release(opened);
        return status;
    }
    repository->snapshots = opened;
    return QUIPU_OK;
}

int quipu_repository_use_cache(quipu_repository *repository,
                               const quipu_cache_policy *policy,
                               quipu_error *error)
{
    quipu_cache_policy own;
    int status = quipu_struct_take(&own, sizeof(own), policy, "policy", error);

    if (status == QUIPU_OK) {
        status = check_use(repository, repository && repository->cache,
                           "quipu_repository_use_cache", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (own.bytes == 0 || (own.flags & ~(uint32_t)QUIPU_CACHE_SOLE_WRITER)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_repository_use_cache: %s",
                               own.bytes == 0 ? "the policy has 0 bytes"
                                              : "the policy has an unknown "
                                                "flag");
    }
    return quipu_cache_create(&own, &repository->cache, error);
}

void quipu_repository_clear_cache(quipu_repository *repository)
{
    if (repository && repository->cache) {
        quipu_cache_clear(repository->cache);
    }
}

static int check_snapshots(const quipu_repository *repository,
                           const char *function, quipu_error *error)
{
    if (!repository || !repository->snapshots) {
        return quipu_error_set(error, QUIPU_INVALID, "%s: %s", function,
                               repository ? "the repository does not use "
                                            "snapshots"
                                          : "the repository is NULL");
    }
    return QUIPU_OK;
}

/* Takes a snapshot once. */
static int take_one(quipu_repository *repository, const quipu_id *id,
                    int64_t *version, quipu_error *error)
{
    struct quipu_replay replay = {
        .repository = repository,
        .id = id,
        .newest = true,
        .takes = true,
    };
    int status = quipu_replay_run(&replay, error);

    if (status == QUIPU_OK && replay.finding != QUIPU_REPLAY_FOUND) {
        not_found(&replay, error);
        return QUIPU_NOT_FOUND;
    }
    if (status == QUIPU_OK && version) {
        *version = replay.aggregate->version;
    }
    quipu_aggregate_destroy(replay.aggregate);
    return status;
}

int quipu_repository_take_snapshot(quipu_repository *repository,
                                   const quipu_id *id, int64_t *version,
                                   quipu_error *error)
{
    int status =
        check_snapshots(repository, "quipu_repository_take_snapshot", error);

    if (status == QUIPU_OK && !id) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "quipu_repository_take_snapshot: the id is "
                                 "NULL");
    }
    if (status != QUIPU_OK) {
        return status;
    }
    status = QUIPU_CONFLICT;
    for (int i = 0; status == QUIPU_CONFLICT && i < TAKE_ATTEMPTS; i++) {
        status = take_one(repository, id, version, error);
    }
    return status;
}

int quipu_repository_remove_snapshots(quipu_repository *repository,
                                      const quipu_id *id, quipu_error *error)
{
    char text[QUIPU_STORE_ID_TEXT_SIZE];
    quipu_bytes bytes = { NULL, 0 };
    int status =
        check_snapshots(repository, "quipu_repository_remove_snapshots", error);

    if (status == QUIPU_OK && id) {
        status = check_id(repository, id, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (id) {
        quipu_store_id_text(repository->store, id, text);
        bytes = quipu_bytes_of_text(text);
    }
    return quipu_snapshots_remove(repository->snapshots, bytes, error);
}

int quipu_repository_count(const quipu_repository *repository,
                           quipu_repository_counts *counts, quipu_error *error)
{
    quipu_repository_counts found = { .struct_size = sizeof(found) };

    if (!repository) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_repository_count: the repository is "
                               "NULL");
    }
    found.events =
        atomic_load_explicit(&repository->events, memory_order_relaxed);
    found.incomplete =
        atomic_load_explicit(&repository->incomplete, memory_order_relaxed);
    if (repository->cache) {
        quipu_cache_count(repository->cache, &found);
    }
    if (repository->snapshots) {
        quipu_snapshots_count(repository->snapshots, &found);
    }
    return quipu_struct_give(counts, &found, sizeof(found), "counts", error);
}
