/* SPDX-License-Identifier: Apache-2.0 */
/* The event-sourced repository: replays stored events into aggregates. */
#include <quipu/repository.h>

#include <stdio.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "domain/aggregate.h"
#include "domain/bus.h"
#include "domain/status.h"
#include "store/store.h"

struct quipu_repository {
    quipu_store *store;
    quipu_bus *bus; /* or NULL */
    const quipu_aggregate_type *type;
};

/* ----------------------------------------------------- opening, closing */

static int check_store(const quipu_store *store,
                       const quipu_aggregate_type *type, quipu_error *error)
{
    if (!store->keeps_versions) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a repository of %s needs a store whose "
                               "sequence ids are originator_id and whose "
                               "positions are originator_version",
                               type->name);
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

    if (status) {
        return status;
    }
    if (!store || !repository) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "opening a repository: an argument is NULL");
    }
    status = check_store(store, type, error);
    if (status) {
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
    quipu_id minted;

    if (!repository) {
        quipu_error_set(error, QUIPU_INVALID,
                        "quipu_repository_create: the repository is NULL");
        return NULL;
    }
    if (!id) {
        mint(repository, &minted);
        id = &minted;
    }
    if (!check_id(repository, id, error)) {
        quipu_aggregate_make(repository->type, id, repository->bus, &aggregate,
                             error);
    }
    return aggregate;
}

/* ------------------------------------------------------------ replaying */

/* What came of looking for an aggregate, beside failure. */
enum finding { FOUND, NEVER_WAS, DISCARDED, NO_SUCH_VERSION };

/* One replay; what it made is the caller's only if it FOUND it. */
struct replay {
    quipu_repository *repository;
    const quipu_id *id;
    int64_t version; /* the last one wanted; INT64_MAX: all */
    quipu_aggregate *aggregate;
    enum finding finding;
};

/*
 * Says where a replay failed.  NOT_FOUND is kept for an aggregate that is not
 * there: an unknown topic, or a handler that answers so, must not look like
 * one.
 */
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

/* Applies the events that the cursor yields, to the end or to a discard. */
static int apply_all(const struct replay *replay, quipu_events *events,
                     quipu_error *error)
{
    const quipu_event *event = NULL;
    quipu_error cause;
    int status = QUIPU_OK;

    quipu_status_begin(&cause);
    do {
        status = quipu_events_next(events, &event, &cause);
        if (!status && event) {
            status = quipu_aggregate_replay(replay->aggregate, event, &cause);
        }
    } while (!status && event && !replay->aggregate->discarded);
    if (status) {
        explain(replay, status, quipu_events_item(events), &cause, error);
        return status == QUIPU_NOT_FOUND ? QUIPU_UNSUPPORTED : status;
    }
    return QUIPU_OK;
}

static enum finding judge(const struct replay *replay)
{
    const quipu_aggregate *aggregate = replay->aggregate;

    if (aggregate->discarded) {
        return DISCARDED;
    }
    if (replay->version == INT64_MAX) {
        return aggregate->version > 0 ? FOUND : NEVER_WAS;
    }
    return aggregate->version > 0 && aggregate->version == replay->version + 1
               ? FOUND
               : NO_SUCH_VERSION;
}

static int run(struct replay *replay, quipu_error *error)
{
    const quipu_repository *repository = replay->repository;
    const quipu_query query = {
        .struct_size = sizeof(query),
        .flags = QUIPU_QUERY_LTE,
        .lte = replay->version,
    };
    quipu_events *events = NULL;
    int status =
        quipu_store_read(repository->store, replay->id, &query, &events, error);

    if (status) {
        return status;
    }
    status = quipu_aggregate_make(repository->type, replay->id, repository->bus,
                                  &replay->aggregate, error);
    if (!status) {
        status = apply_all(replay, events, error);
    }
    quipu_events_close(events);
    if (!status) {
        replay->finding = judge(replay);
    }
    if (status || replay->finding != FOUND) {
        quipu_aggregate_destroy(replay->aggregate);
        replay->aggregate = NULL;
    }
    return status;
}

static void not_found(const struct replay *replay, quipu_error *error)
{
    static const char *const reasons[] = {
        [NEVER_WAS] = "has no events",
        [DISCARDED] = "is discarded",
        [NO_SUCH_VERSION] = "has no such version",
    };
    char id[QUIPU_STORE_ID_TEXT_SIZE];

    quipu_store_id_text(replay->repository->store, replay->id, id);
    quipu_error_set(error, QUIPU_NOT_FOUND, "%.60s %s %s",
                    replay->repository->type->name, id,
                    reasons[replay->finding]);
}

static void *get(quipu_repository *repository, const quipu_id *id,
                 int64_t version, quipu_error *error)
{
    struct replay replay = { repository, id, version, NULL, NEVER_WAS };

    if (!repository || !id) {
        quipu_error_set(error, QUIPU_INVALID,
                        "getting an aggregate: an argument is NULL");
        return NULL;
    }
    if (!run(&replay, error) && replay.finding != FOUND) {
        not_found(&replay, error);
    }
    return replay.aggregate;
}

void *quipu_repository_get(quipu_repository *repository, const quipu_id *id,
                           quipu_error *error)
{
    return get(repository, id, INT64_MAX, error);
}

void *quipu_repository_get_at(quipu_repository *repository, const quipu_id *id,
                              int64_t version, quipu_error *error)
{
    return get(repository, id, version, error);
}

int quipu_repository_contains(quipu_repository *repository, const quipu_id *id,
                              bool *found, quipu_error *error)
{
    struct replay replay = { repository, id, INT64_MAX, NULL, NEVER_WAS };
    int status = QUIPU_OK;

    if (!repository || !id || !found) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_repository_contains: an argument is "
                               "NULL");
    }
    status = run(&replay, error);
    if (!status) {
        *found = replay.finding == FOUND;
        quipu_aggregate_destroy(replay.aggregate);
    }
    return status;
}
