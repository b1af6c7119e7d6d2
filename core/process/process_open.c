/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing a process. */
#include <stdio.h>

#include "base/cancellation.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/structs.h"
#include "consumer/shown.h"
#include "domain/repository.h"
#include "process/process.h"

/* ------------------------------------------------------------------ checks */

/* Sets *count to the number of reactions. */
static int check_type(const quipu_process_type *type, size_t *count,
                      quipu_error *error)
{
    const quipu_reaction *reactions = type->reactions;
    int status = quipu_shown_check_name("a process", type->name, error);

    *count = 0;
    if (status == QUIPU_OK && (!reactions || !reactions[0].event)) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "process \"%s\" has no reactions", type->name);
    }
    while (status == QUIPU_OK && reactions[*count].event) {
        if (!reactions[*count].react) {
            status =
                quipu_error_set(error, QUIPU_INVALID,
                                "process \"%s\": the reaction to \"%s\" "
                                "has no function",
                                type->name, reactions[*count].event->topic);
        }
        ++*count;
    }
    return status;
}

static int check_target(const quipu_process *process, quipu_error *error)
{
    const quipu_store *target = process->target;
    int status = quipu_records_enter(target->records, error);

    if (status == QUIPU_OK) {
        status = quipu_repository_check_store(target, "a process", error);
    }
    if (status == QUIPU_OK &&
        !quipu_records_schema(target->records)->event_id) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "a process needs event ids, to recognise what "
                                 "it has stored; schema \"%s\" has no column "
                                 "for them",
                                 quipu_records_schema(target->records)->table);
    }
    return status == QUIPU_OK
               ? quipu_runner_check_target(&process->runner.options,
                                           target->records->datastore, error)
               : status;
}

/* Lists the event types of the reactions. */
static int list_events(quipu_process *process, size_t count, quipu_error *error)
{
    int status = QUIPU_OK;

    process->events = quipu_allocate_array(count, sizeof(quipu_event_type *));
    if (!process->events) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        process->events[i] = process->type->reactions[i].event;
        status = quipu_runner_check_event(&process->runner, process->events, i,
                                          error);
    }
    return status;
}

/* -------------------------------------------------------- opening, closing */

static int open_runner(quipu_process *process, size_t count,
                       const quipu_group_options *group, quipu_error *error)
{
    struct quipu_runner *runner = &process->runner;
    int status = quipu_runner_check_options(&runner->options, error);

    if (status == QUIPU_OK) {
        status = list_events(process, count, error);
    }
    if (status == QUIPU_OK) {
        status = check_target(process, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_runner_init(runner, process->events, count, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_runner_track(runner, process->target->records, NULL, error);
    if (status == QUIPU_OK) {
        status = quipu_runner_begin(runner, group, error);
    }
    if (status != QUIPU_OK) {
        quipu_runner_finish(runner);
    }
    return status;
}

static void release(quipu_process *process)
{
    quipu_release(process->events);
    quipu_release(process);
}

/* Makes a process without any open part. */
static quipu_process *create(quipu_store *store, const quipu_process_type *type,
                             const quipu_process_options *options)
{
    quipu_process *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return NULL;
    }
    created->type = type;
    created->context = options->context;
    created->target = options->target ? options->target : store;
    created->runner.type = &quipu_process_runner;
    created->runner.owner = created;
    created->runner.store = store;
    created->runner.records = store->records;
    created->runner.options = (struct quipu_runner_options){
        .on_failure = options->on_failure,
        .attempts = options->attempts,
        .batch_items = options->batch_items,
        .batch_milliseconds = options->batch_milliseconds,
    };
    (void)snprintf(created->runner.consumer, sizeof(created->runner.consumer),
                   "%s", type->name);
    return created;
}

static int take_options(quipu_process_options *options,
                        const quipu_process_options *given, quipu_error *error)
{
    *options = (quipu_process_options){ .struct_size = sizeof(*options) };
    return given ? quipu_struct_take(options, sizeof(*options), given,
                                     "options", error)
                 : QUIPU_OK;
}

int quipu_process_open(quipu_store *store, const quipu_process_type *type,
                       const quipu_process_options *given,
                       quipu_process **process, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_process_options options;
    size_t count = 0;

    if (!store || !type || !process) {
        return quipu_argument_missing(!store  ? "store"
                                      : !type ? "type"
                                              : "process",
                                      error);
    }
    int status = quipu_records_enter(store->records, error);

    if (status == QUIPU_OK) {
        status = take_options(&options, given, error);
    }
    if (status == QUIPU_OK) {
        status = check_type(type, &count, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_process *created = create(store, type, &options);

    if (!created) {
        return quipu_error_no_memory(error);
    }
    status = open_runner(created, count, options.group, error);
    if (status != QUIPU_OK) {
        release(created);
        return status;
    }
    quipu_store_hold(store);
    quipu_store_hold(created->target);
    *process = created;
    return QUIPU_OK;
}

int quipu_process_close(quipu_process *process, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!process) {
        return QUIPU_OK;
    }
    int status = quipu_runner_enter(&process->runner, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_tracker_leave(&process->runner.tracker, error);
    quipu_store_release(process->runner.store);
    quipu_store_release(process->target);
    quipu_runner_finish(&process->runner);
    release(process);
    return status;
}
