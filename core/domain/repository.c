/* SPDX-License-Identifier: Apache-2.0 */
/* The event-sourced repository: aggregates of one type, by id. */
#include "domain/replay.h"

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "domain/aggregate.h"
#include "domain/bus.h"
#include "store/store.h"

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
    if (!check_id(repository, id, error)) {
        quipu_aggregate_make(repository->type, id, repository->bus, &aggregate,
                             error);
    }
    return aggregate;
}

/* -------------------------------------------------------------- getting */

static void not_found(const struct quipu_replay *replay, quipu_error *error)
{
    static const char *const reasons[] = {
        [QUIPU_FINDING_NEVER_WAS] = "has no events",
        [QUIPU_FINDING_DISCARDED] = "is discarded",
        [QUIPU_FINDING_NO_SUCH_VERSION] = "has no such version",
    };
    char id[QUIPU_STORE_ID_TEXT_SIZE];

    quipu_store_id_text(replay->repository->store, replay->id, id);
    quipu_error_set(error, QUIPU_NOT_FOUND, "%.60s %s %s",
                    replay->repository->type->name, id,
                    reasons[replay->finding]);
}

static void *get(struct quipu_replay *replay, quipu_error *error)
{
    if (!replay->repository || !replay->id) {
        quipu_error_set(error, QUIPU_INVALID,
                        "getting an aggregate: an argument is NULL");
        return NULL;
    }
    if (!quipu_replay_run(replay, error) &&
        replay->finding != QUIPU_FINDING_FOUND) {
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
        *found = replay.finding == QUIPU_FINDING_FOUND;
        quipu_aggregate_destroy(replay.aggregate);
    }
    return status;
}
