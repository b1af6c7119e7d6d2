/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event-sourced repository: gets aggregates of one type by replaying their
 * stored events.
 *
 * Replay reads the events of a sequence in the order of their positions, up to
 * a version if one is asked for, and applies each to a new aggregate with
 * quipu_aggregate_replay, which checks that the versions are consecutive.  It
 * stops at an event that discards.  Nothing is shared or cached: every call
 * reads the store and makes a private copy, so a repository needs no lock.
 *
 * Three outcomes mean that there is no such aggregate (enum finding), and only
 * they are reported as NOT_FOUND.  Everything else that goes wrong during a
 * replay keeps its status, with a message that names the sequence and the
 * position, except that NOT_FOUND, from an unknown topic or a handler, becomes
 * UNSUPPORTED: otherwise a caller would take an aggregate that it cannot read
 * for one that does not exist, and create it a second time.
 */
#include <stdio.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/utf8.h"
#include "domain/aggregate.h"
#include "domain/aggregate_type.h"
#include "domain/bus.h"
#include "domain/repository.h"
#include "store/store.h"

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
    *opened = (quipu_repository){ store, bus, type };
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
        quipu_aggregate_make(repository->type, id, repository->bus, &aggregate,
                             error);
    }
    return aggregate;
}

/* --------------------------------------------------------------- replaying */

/* The outcome of a replay that did not fail. */
enum finding {
    FOUND,
    NO_EVENTS,
    DISCARDED,
    NO_SUCH_VERSION /* it ended before that version */
};

struct replay {
    const quipu_repository *repository;
    const quipu_id *id;
    bool newest;     /* apply all events; otherwise */
    int64_t version; /* up to the one of this version */
    /* Results. */
    enum finding finding;
    quipu_aggregate *aggregate; /* NULL unless FOUND */
};

/* Fills the error with the place where a replay failed, and the cause.  Returns
 * the status, or UNSUPPORTED for NOT_FOUND. */
static int explain(const struct replay *replay, int status,
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

/* Applies the events of the cursor, to the end or to one that discards. */
static int apply_all(const struct replay *replay, quipu_events *events,
                     quipu_error *error)
{
    const quipu_event *event = NULL;
    quipu_error cause;
    int status = QUIPU_OK;

    quipu_status_begin(&cause);
    do {
        status = quipu_events_next(events, &event, &cause);
        if (status == QUIPU_OK && event) {
            status = quipu_aggregate_replay(replay->aggregate, event, &cause);
        }
    } while (status == QUIPU_OK && event && !replay->aggregate->discarded);
    if (status != QUIPU_OK) {
        return explain(replay, status, quipu_events_item(events), &cause,
                       error);
    }
    return QUIPU_OK;
}

/* Returns what the events that have been applied mean. */
static enum finding find(const struct replay *replay)
{
    const quipu_aggregate *aggregate = replay->aggregate;

    if (aggregate->discarded) {
        return DISCARDED;
    }
    if (replay->newest) {
        return aggregate->version > 0 ? FOUND : NO_EVENTS;
    }
    return aggregate->version > 0 && aggregate->version - 1 == replay->version
               ? FOUND
               : NO_SUCH_VERSION;
}

/* Applies the events of the sequence that the aggregate lacks. */
static int catch_up(const struct replay *replay, quipu_error *error)
{
    const quipu_query query = {
        .struct_size = sizeof(query),
        .flags = QUIPU_QUERY_GTE | (replay->newest ? 0 : QUIPU_QUERY_LTE),
        .gte = replay->aggregate->version,
        .lte = replay->version,
    };
    quipu_events *events = NULL;
    int status = quipu_store_read(replay->repository->store, replay->id, &query,
                                  &events, error);

    if (status == QUIPU_OK) {
        status = apply_all(replay, events, error);
        quipu_events_close(events);
    }
    return status;
}

/* Reads and applies the events.  OK: replay->finding is set. */
static int run_replay(struct replay *replay, quipu_error *error)
{
    const quipu_repository *repository = replay->repository;
    int status =
        quipu_aggregate_make(repository->type, replay->id, repository->bus,
                             &replay->aggregate, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = catch_up(replay, error);
    if (status == QUIPU_OK) {
        replay->finding = find(replay);
    }
    if (status != QUIPU_OK || replay->finding != FOUND) {
        quipu_aggregate_destroy(replay->aggregate);
        replay->aggregate = NULL;
    }
    return status;
}

/* -------------------------------------------------------------- getting */

/* NOT_FOUND, with the reason. */
static void not_found(const struct replay *replay, quipu_error *error)
{
    static const char *const reasons[] = {
        [NO_EVENTS] = "has no events",
        [DISCARDED] = "is discarded",
        [NO_SUCH_VERSION] = "has no such version",
    };
    char id[QUIPU_STORE_ID_TEXT_SIZE];

    quipu_store_id_text(replay->repository->store, replay->id, id);
    quipu_error_set(error, QUIPU_NOT_FOUND, "%.60s %s %s",
                    replay->repository->type->name, id,
                    reasons[replay->finding]);
}

/* Returns the aggregate, or NULL with *error filled. */
static void *get(struct replay *replay, quipu_error *error)
{
    if (!replay->repository || !replay->id) {
        quipu_error_set(error, QUIPU_INVALID,
                        "getting an aggregate: an argument is NULL");
        return NULL;
    }
    if (run_replay(replay, error) == QUIPU_OK && replay->finding != FOUND) {
        not_found(replay, error);
    }
    return replay->aggregate;
}

void *quipu_repository_get(quipu_repository *repository, const quipu_id *id,
                           quipu_error *error)
{
    struct replay replay = {
        .repository = repository,
        .id = id,
        .newest = true,
    };

    return get(&replay, error);
}

void *quipu_repository_get_at(quipu_repository *repository, const quipu_id *id,
                              int64_t version, quipu_error *error)
{
    struct replay replay = {
        .repository = repository,
        .id = id,
        .version = version,
    };

    return get(&replay, error);
}

int quipu_repository_contains(quipu_repository *repository, const quipu_id *id,
                              bool *found, quipu_error *error)
{
    struct replay replay = {
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
    status = run_replay(&replay, error);
    if (status == QUIPU_OK) {
        *found = replay.finding == FOUND;
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
    struct replay replay = {
        .repository = repository,
        .id = &aggregate->id,
        .newest = true,
        .aggregate = aggregate,
    };

    status = aggregate->discarded ? QUIPU_OK : catch_up(&replay, error);
    replay.finding = find(&replay);
    if (status == QUIPU_OK && replay.finding != FOUND) {
        not_found(&replay, error);
        status = QUIPU_NOT_FOUND;
    }
    return status;
}
