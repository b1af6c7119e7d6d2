/* SPDX-License-Identifier: Apache-2.0 */
/* Units of work and their contents; unit_commit.c stores them. */
#include "domain/unit.h"

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"
#include "domain/repository.h"
#include "store/store.h"

/* --------------------------------------------------- creating, destroying */

int quipu_unit_create(quipu_store *store, quipu_unit **unit, quipu_error *error)
{
    if (!store || !unit) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "creating a unit of work: an argument is NULL");
    }
    int status = quipu_repository_check_store(store, "a unit of work", error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_unit *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    created->store = store;
    quipu_arena_init(&created->arena);
    quipu_store_hold(store);
    *unit = created;
    return QUIPU_OK;
}

void quipu_unit_forget(quipu_unit *unit)
{
    for (size_t i = 0; i < unit->event_count; i++) {
        quipu_event_destroy(unit->events[i]);
    }
    for (size_t i = 0; i < unit->timer_count; i++) {
        quipu_event_destroy(unit->timers[i].event);
    }
    unit->event_count = 0;
    unit->timer_count = 0;
    unit->guard_count = 0;
    unit->entry_count = 0;
    unit->tracking = (quipu_tracking){ .consumer = { NULL, 0 } };
    unit->tracking_flags = 0;
    unit->tracking_from = 0;
    quipu_metadata_destroy(unit->metadata);
    unit->metadata = NULL;
    unit->work = NULL;
    unit->is_closed = false;
    quipu_arena_reset(&unit->arena);
}

bool quipu_unit_has_events(const quipu_unit *unit)
{
    bool has = unit->event_count > 0;

    for (size_t i = 0; !has && i < unit->aggregate_count; i++) {
        has = unit->aggregates[i]->pending->count > 0;
    }
    return has;
}

void quipu_unit_clear(quipu_unit *unit)
{
    if (!unit) {
        return;
    }
    for (size_t i = 0; i < unit->aggregate_count; i++) {
        quipu_aggregate_destroy(unit->aggregates[i]);
    }
    unit->aggregate_count = 0;
    quipu_unit_forget(unit);
}

void quipu_unit_destroy(quipu_unit *unit)
{
    if (!unit) {
        return;
    }
    quipu_unit_clear(unit);
    quipu_arena_finish(&unit->arena);
    quipu_release(unit->aggregates);
    quipu_release(unit->events);
    quipu_release(unit->guards);
    quipu_release(unit->entries);
    quipu_release(unit->timers);
    quipu_store_release(unit->store);
    quipu_release(unit);
}

/* ------------------------------------------------------------- aggregates */

int quipu_unit_check(const quipu_unit *unit, const void *argument,
                     const char *function, quipu_error *error)
{
    if (!unit || !argument) {
        return quipu_error_set(error, QUIPU_INVALID, "%s: an argument is NULL",
                               function);
    }
    if (unit->is_closed) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "%s: a commit of the unit is under way, or has "
                               "failed; commit it again, or clear it",
                               function);
    }
    return QUIPU_OK;
}

static int check_repository(const quipu_unit *unit,
                            const quipu_repository *repository,
                            const char *function, quipu_error *error)
{
    int status = quipu_unit_check(unit, repository, function, error);

    if (status == QUIPU_OK && repository->store != unit->store) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "%s: the repository of %s is one of another "
                                 "store than that of the unit",
                                 function, repository->type->name);
    }
    return status;
}

static quipu_aggregate *find(const quipu_unit *unit, const quipu_id *id)
{
    for (size_t i = 0; i < unit->aggregate_count; i++) {
        if (quipu_id_equal(&unit->aggregates[i]->id, id)) {
            return unit->aggregates[i];
        }
    }
    return NULL;
}

/* Takes an aggregate over; if that fails, destroys it and returns NULL. */
static void *take(quipu_unit *unit, quipu_aggregate *aggregate,
                  quipu_error *error)
{
    quipu_aggregate **added =
        aggregate
            ? quipu_array_add((void **)&unit->aggregates,
                              &unit->aggregate_count, sizeof(*added), error)
            : NULL;

    if (!added) {
        quipu_aggregate_destroy(aggregate);
        return NULL;
    }
    quipu_aggregate_collect(aggregate);
    aggregate->pending->ids = &unit->ids;
    *added = aggregate;
    return aggregate;
}

/* Returns the aggregate if it is of the repository's type and not discarded. */
static void *give(quipu_aggregate *aggregate,
                  const quipu_repository *repository, quipu_error *error)
{
    if (aggregate->type != repository->type) {
        quipu_error_set(error, QUIPU_INVALID,
                        "quipu_unit_get: the unit has an aggregate of that id, "
                        "but of type %.60s, not %.60s",
                        aggregate->type->name, repository->type->name);
        return NULL;
    }
    if (aggregate->discarded) {
        quipu_error_set(error, QUIPU_NOT_FOUND,
                        "quipu_unit_get: an event of the unit has discarded "
                        "this %.60s",
                        aggregate->type->name);
        return NULL;
    }
    return aggregate;
}

void *quipu_unit_get(quipu_unit *unit, quipu_repository *repository,
                     const quipu_id *id, quipu_error *error)
{
    if (check_repository(unit, repository, "quipu_unit_get", error) !=
        QUIPU_OK) {
        return NULL;
    }
    quipu_aggregate *aggregate = id ? find(unit, id) : NULL;

    return aggregate
               ? give(aggregate, repository, error)
               : take(unit, quipu_repository_get(repository, id, error), error);
}

void *quipu_unit_new(quipu_unit *unit, quipu_repository *repository,
                     const quipu_id *id, quipu_error *error)
{
    if (check_repository(unit, repository, "quipu_unit_new", error) !=
        QUIPU_OK) {
        return NULL;
    }
    if (id && find(unit, id)) {
        quipu_error_set(error, QUIPU_INVALID,
                        "quipu_unit_new: the unit has an aggregate of that id");
        return NULL;
    }
    return take(unit, quipu_repository_create(repository, id, error), error);
}

/* ----------------------------------------------------------- further parts */

static int add_guard(quipu_unit *unit, const quipu_guard *guard,
                     quipu_error *error)
{
    const void *id = quipu_arena_copy(&unit->arena, guard->sequence_id.data,
                                      guard->sequence_id.size);
    quipu_guard *added =
        id ? quipu_array_add((void **)&unit->guards, &unit->guard_count,
                             sizeof(*added), error)
           : NULL;

    if (!added) {
        return quipu_error_no_memory(error);
    }
    *added = *guard;
    added->sequence_id.data = guard->sequence_id.data ? id : NULL;
    return QUIPU_OK;
}

int quipu_unit_guard(quipu_unit *unit, const quipu_guard *guard,
                     quipu_error *error)
{
    int status = quipu_unit_check(unit, guard, "quipu_unit_guard", error);

    return status == QUIPU_OK ? add_guard(unit, guard, error) : status;
}

int quipu_unit_require(quipu_unit *unit, const quipu_aggregate *aggregate,
                       quipu_error *error)
{
    int status = quipu_unit_check(unit, aggregate, "quipu_unit_require", error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (find(unit, &aggregate->id) != aggregate) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_unit_require: this %.60s does not belong "
                               "to the unit",
                               aggregate->type->name);
    }
    int64_t stored = aggregate->version - (int64_t)aggregate->pending->count;
    const quipu_guard guard = {
        .sequence_id = quipu_id_bytes(&aggregate->id),
        .demand = stored > 0 ? QUIPU_DEMAND_LAST : QUIPU_DEMAND_EMPTY,
        .position = stored > 0 ? stored - 1 : 0,
    };

    return add_guard(unit, &guard, error);
}

/* Copies the event, with an event id and a time. */
static int copy_event(quipu_unit *unit, const quipu_event *event,
                      quipu_event **copy, quipu_error *error)
{
    int status = quipu_event_copy(event, copy, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (*copy)->originator_version = 0; /* the store chooses it */
    if (quipu_uuid_is_nil(&(*copy)->event_id)) {
        quipu_aggregate_event_id(&unit->ids, &(*copy)->event_id);
    }
    if ((*copy)->time.microseconds == 0) {
        (*copy)->time = quipu_time_now();
    }
    return QUIPU_OK;
}

int quipu_unit_event(quipu_unit *unit, const quipu_event *event,
                     quipu_error *error)
{
    quipu_event *copy = NULL;
    int status = quipu_unit_check(unit, event, "quipu_unit_event", error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (event->originator_id.size == 0 ||
        (unit->store->schema_flags & QUIPU_SCHEMA_SPARSE)) {
        return quipu_error_set(
            error, QUIPU_INVALID, "quipu_unit_event: %s",
            event->originator_id.size == 0
                ? "the originator id of the event is empty"
                : "a sparse schema has no next position; give the event to an "
                  "aggregate");
    }
    status = copy_event(unit, event, &copy, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_event **added = quipu_array_add(
        (void **)&unit->events, &unit->event_count, sizeof(*added), error);

    if (!added) {
        quipu_event_destroy(copy);
        return QUIPU_NO_MEMORY;
    }
    *added = copy;
    return QUIPU_OK;
}

/* Copies bytes into the arena; absent bytes stay absent. */
static bool copy_bytes(quipu_unit *unit, quipu_bytes *bytes)
{
    if (bytes->data) {
        bytes->data = quipu_arena_copy(&unit->arena, bytes->data, bytes->size);
        return bytes->data != NULL;
    }
    return true;
}

int quipu_unit_entry(quipu_unit *unit, const quipu_entry_write *write,
                     quipu_error *error)
{
    int status = quipu_unit_check(unit, write, "quipu_unit_entry", error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_entry_write copy = *write;

    if (!copy_bytes(unit, &copy.key) || !copy_bytes(unit, &copy.value)) {
        return quipu_error_no_memory(error);
    }
    quipu_entry_write *added = quipu_array_add(
        (void **)&unit->entries, &unit->entry_count, sizeof(*added), error);

    if (!added) {
        return QUIPU_NO_MEMORY;
    }
    *added = copy;
    return QUIPU_OK;
}

int quipu_unit_track(quipu_unit *unit, const quipu_tracking *tracking,
                     const int64_t *from, quipu_error *error)
{
    int status = quipu_unit_check(unit, tracking, "quipu_unit_track", error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_tracking copy = *tracking;

    if (!copy.consumer.data) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_unit_track: the consumer is absent");
    }
    if (!copy_bytes(unit, &copy.consumer) || !copy_bytes(unit, &copy.log)) {
        return quipu_error_no_memory(error);
    }
    unit->tracking = copy;
    unit->tracking_flags = from ? QUIPU_CONDITIONS_TRACKING_FROM : 0;
    unit->tracking_from = from ? *from : 0;
    return QUIPU_OK;
}

int quipu_unit_metadata(quipu_unit *unit, quipu_metadata *metadata,
                        quipu_error *error)
{
    quipu_bytes bytes;
    quipu_metadata *copy = NULL;
    int status = quipu_unit_check(unit, unit, "quipu_unit_metadata", error);

    if (status == QUIPU_OK && metadata) {
        status = quipu_metadata_encode(metadata, &bytes, error);
        if (status == QUIPU_OK) {
            status = quipu_metadata_read(bytes, &copy, error);
        }
    }
    if (status == QUIPU_OK) {
        quipu_metadata_destroy(unit->metadata);
        unit->metadata = copy;
    }
    return status;
}

int quipu_unit_work(quipu_unit *unit, quipu_work work, void *context,
                    quipu_error *error)
{
    int status =
        quipu_unit_check(unit, work ? unit : NULL, "quipu_unit_work", error);

    if (status == QUIPU_OK) {
        unit->work = work;
        unit->work_context = context;
    }
    return status;
}

/* ------------------------------------------------------ units of a process */

void quipu_unit_begin_cause(quipu_unit *unit, const char *name,
                            const quipu_event *cause)
{
    unit->ids = (struct quipu_caused_ids){
        .name = quipu_uuid_is_nil(&cause->event_id) ? NULL : name,
        .cause = cause->event_id,
    };
}
