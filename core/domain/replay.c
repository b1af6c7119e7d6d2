/* SPDX-License-Identifier: Apache-2.0 */
/* Replays stored events into an aggregate. */
#include "domain/replay.h"

#include "base/error.h"
#include "base/status.h"
#include "domain/aggregate.h"
#include "store/store.h"

/*
 * Says where a replay failed.  NOT_FOUND is kept for an aggregate that is not
 * there: an unknown topic, or a handler that answers so, must not look like
 * one.
 */
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

/* Applies the events that the cursor yields, to the end or to a discard. */
static int apply_all(const struct quipu_replay *replay, quipu_events *events,
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
        explain(replay, status, quipu_events_item(events), &cause, error);
        return status == QUIPU_NOT_FOUND ? QUIPU_UNSUPPORTED : status;
    }
    return QUIPU_OK;
}

static enum quipu_finding judge(const struct quipu_replay *replay)
{
    const quipu_aggregate *aggregate = replay->aggregate;

    if (aggregate->discarded) {
        return QUIPU_FINDING_DISCARDED;
    }
    if (replay->newest) {
        return aggregate->version > 0 ? QUIPU_FINDING_FOUND
                                      : QUIPU_FINDING_NEVER_WAS;
    }
    return aggregate->version > 0 && aggregate->version - 1 == replay->version
               ? QUIPU_FINDING_FOUND
               : QUIPU_FINDING_NO_SUCH_VERSION;
}

int quipu_replay_run(struct quipu_replay *replay, quipu_error *error)
{
    const quipu_repository *repository = replay->repository;
    const quipu_query query = {
        .struct_size = sizeof(query),
        .flags = replay->newest ? 0 : QUIPU_QUERY_LTE,
        .lte = replay->version,
    };
    quipu_events *events = NULL;
    int status =
        quipu_store_read(repository->store, replay->id, &query, &events, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_aggregate_make(repository->type, replay->id, repository->bus,
                                  &replay->aggregate, error);
    if (status == QUIPU_OK) {
        status = apply_all(replay, events, error);
    }
    quipu_events_close(events);
    if (status == QUIPU_OK) {
        replay->finding = judge(replay);
    }
    if (status || replay->finding != QUIPU_FINDING_FOUND) {
        quipu_aggregate_destroy(replay->aggregate);
        replay->aggregate = NULL;
    }
    return status;
}
