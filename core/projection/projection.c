/* SPDX-License-Identifier: Apache-2.0 */
/* Projections: applying a part in a transaction, and the functions of
 * <quipu/projection.h> that are those of the runner. */
#include "projection/projection.h"

#include <quipu/id.h>

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/error.h"
#include "datastore/datastore.h"

#define MILLISECOND INT64_C(1000000)

/* ---------------------------------------------------------------- applying */

/* A part that is applied in a transaction. */
struct application {
    const quipu_projection *projection;
    struct quipu_part *part;
};

/* Applies the event at part->applied. */
static int apply_event(const struct application *application, void *native,
                       quipu_error *error)
{
    const quipu_projection *projection = application->projection;
    struct quipu_part *part = application->part;
    const struct quipu_batch_event *event = &part->events[part->applied];
    const quipu_projection_type *type = projection->type;
    quipu_projection_apply function = type->erased;

    if (!quipu_batch_event_erased(event)) {
        if (!event->event) {
            return quipu_runner_part_undecoded(part, error);
        }
        function = type->handlers[event->type].apply;
    }
    int status = function ? function(native, projection->context, event->event,
                                     &event->item, error)
                          : QUIPU_OK;

    return status == QUIPU_OK || status == QUIPU_BUSY
               ? status
               : quipu_runner_part_refuse(part, status, error);
}

/* The function in the transaction; perhaps called more than once. */
static int apply_events(void *native, void *context, quipu_error *error)
{
    const struct application *application = context;
    const quipu_projection *projection = application->projection;
    struct quipu_part *part = application->part;
    int64_t limit = projection->runner.options.batch_milliseconds * MILLISECOND;
    int status = QUIPU_OK;

    part->begin = quipu_clock_now();
    for (part->applied = 0; part->applied < part->count; part->applied++) {
        if (part->applied > 0 && quipu_clock_now() - part->begin > limit) {
            return quipu_error_set(error, QUIPU_RUNNER_SMALLER,
                                   "the batch takes too long");
        }
        status = apply_event(application, native, error);
        if (status != QUIPU_OK) {
            return status;
        }
    }
    return QUIPU_OK;
}

static int apply(void *owner, struct quipu_part *part,
                 const struct quipu_tracker_commit *commit, quipu_error *error)
{
    quipu_projection *projection = owner;
    struct application application = { projection, part };
    struct quipu_tracker_commit with_work = *commit;

    with_work.work = apply_events;
    with_work.context = &application;
    return quipu_tracker_commit(&projection->runner.tracker, &with_work, error);
}

static size_t condition(const void *owner, quipu_entry_write *check)
{
    return quipu_model_beginning(owner, check);
}

static int refresh(void *owner, quipu_error *error)
{
    quipu_projection *projection = owner;

    return projection->runner.has_entries
               ? quipu_model_find(projection, &projection->model.revision,
                                  error)
               : QUIPU_OK;
}

const struct quipu_runner_type quipu_projection_runner = {
    .kind = "projection",
    .operation = QUIPU_OPERATION_PROJECT,
    .apply = apply,
    .condition = condition,
    .refresh = refresh,
};

/* ----------------------------------------------------------------- running */

int quipu_projection_step(quipu_projection *projection, bool *caught_up,
                          quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    return projection ? quipu_runner_step(&projection->runner, caught_up, error)
                      : quipu_argument_missing("projection", error);
}

int quipu_projection_run(quipu_projection *projection, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    return projection ? quipu_runner_run(&projection->runner, error)
                      : quipu_argument_missing("projection", error);
}

void quipu_projection_stop(quipu_projection *projection)
{
    QUIPU_UNCANCELLABLE;
    if (projection) {
        quipu_runner_stop(&projection->runner);
    }
}

void quipu_projection_request_stop(quipu_projection *projection)
{
    if (projection) {
        quipu_stopper_request(&projection->runner.stopper);
    }
}

int quipu_projection_status(quipu_projection *projection,
                            quipu_consumer_status *status, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!projection) {
        return quipu_argument_missing("projection", error);
    }
    return quipu_progress_read(&projection->runner.progress, status, error);
}

int quipu_projection_reset(quipu_projection *projection, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!projection) {
        return quipu_argument_missing("projection", error);
    }
    int status = quipu_runner_enter(&projection->runner, error);

    if (status == QUIPU_OK) {
        status = quipu_model_reset(projection, error);
        if (status == QUIPU_OK) {
            status = quipu_runner_restart(&projection->runner, error);
        }
        quipu_runner_leave(&projection->runner);
    }
    return status;
}

int quipu_projection_retire(quipu_projection *projection, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!projection) {
        return quipu_argument_missing("projection", error);
    }
    int status = quipu_runner_enter(&projection->runner, error);

    if (status == QUIPU_OK) {
        status = quipu_model_retire(projection, error);
        quipu_runner_leave(&projection->runner);
    }
    return status;
}

int quipu_projection_retry(quipu_projection *projection, int64_t *left,
                           quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    return projection ? quipu_runner_retry(&projection->runner, left, error)
                      : quipu_argument_missing("projection", error);
}

int quipu_projection_shown(quipu_datastore *target, const char *name,
                           uint32_t *version, quipu_error *error)
{
    struct quipu_shown shown;
    int status = quipu_shown_check_name("a projection", name, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!version) {
        return quipu_argument_missing("version", error);
    }
    status = quipu_shown_read(&shown, target, name, error);
    if (status == QUIPU_OK) {
        *version = shown.version;
    }
    return status;
}
