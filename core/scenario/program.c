/* SPDX-License-Identifier: Apache-2.0 */
/* Opens, steps and closes the program under test. */
#include "scenario/program.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"
#include "datastore/datastore.h"
#include "datastore/schema.h"

/* ------------------------------------------------------------- event types */

/* Returns the event type of a row, or NULL after the last one. */
static const quipu_event_type *type_of_row(const struct quipu_program *program,
                                           size_t row)
{
    if (program->process) {
        const quipu_reaction *rows = program->process->reactions;

        return rows ? rows[row].event : NULL;
    }
    if (program->projection) {
        const quipu_projection_handler *rows = program->projection->handlers;

        return rows ? rows[row].event : NULL;
    }
    const quipu_handler *rows = program->aggregate->handlers;

    return rows ? rows[row].event : NULL;
}

static int add_type(struct quipu_program *program, const quipu_event_type *type,
                    quipu_error *error)
{
    const quipu_event_type **added =
        quipu_array_add((void **)&program->types, &program->mapping.type_count,
                        sizeof(*added), error);

    if (!added) {
        return QUIPU_NO_MEMORY;
    }
    *added = type;
    program->mapping.types = program->types;
    return QUIPU_OK;
}

/* Collects the event types in the table of handlers. */
static int collect_types(struct quipu_program *program, quipu_error *error)
{
    const quipu_event_type *type;
    int status = QUIPU_OK;

    for (size_t row = 0;
         status == QUIPU_OK && (type = type_of_row(program, row)); row++) {
        status = add_type(program, type, error);
    }
    if (status == QUIPU_OK && program->mapping.type_count == 0) {
        status = quipu_error_set(error, QUIPU_INVALID,
                                 "the type has no table of handlers; name its "
                                 "events in options.mapping");
    }
    return status;
}

static int copy_mapping(struct quipu_program *program,
                        const quipu_mapping *given, quipu_error *error)
{
    int status = quipu_struct_take(&program->mapping, sizeof(program->mapping),
                                   given, "options.mapping", error);
    const quipu_event_type *const *types = program->mapping.types;
    const size_t count = program->mapping.type_count;

    program->mapping.types = NULL;
    program->mapping.type_count = 0;
    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        status = add_type(program, types[i], error);
    }
    return status;
}

int quipu_program_init(struct quipu_program *program,
                       const quipu_scenario_options *options,
                       quipu_error *error)
{
    quipu_scenario_options *taken = &program->options;
    int status = options ? quipu_struct_take(taken, sizeof(*taken), options,
                                             "options", error)
                         : QUIPU_OK;

    if (status == QUIPU_OK && !program->aggregate && !program->projection &&
        !program->process) {
        status = quipu_error_set(error, QUIPU_INVALID, "the type is NULL");
    }
    if (status == QUIPU_OK) {
        status = quipu_schema_take(&program->schema,
                                   taken->schema ? taken->schema
                                                 : quipu_schema_stored_events(),
                                   error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    program->mapping.struct_size = sizeof(program->mapping);
    return taken->mapping ? copy_mapping(program, taken->mapping, error)
                          : collect_types(program, error);
}

void quipu_program_finish(struct quipu_program *program)
{
    quipu_release(program->types);
    program->types = NULL;
}

/* ----------------------------------------------------------------- opening */

static int start(struct quipu_program *program, quipu_error *error)
{
    const quipu_scenario_options *options = &program->options;
    quipu_error cause;

    if (!options->start) {
        return QUIPU_OK;
    }
    program->is_started = true;
    quipu_status_begin(&cause);
    return quipu_status_end(
        options->start(options->context, program->store, &cause), &cause, error,
        "options.start");
}

static int open_projection(struct quipu_program *program, quipu_error *error)
{
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context =
                                                   program->options.context };

    return quipu_projection_open(program->store, program->projection, &options,
                                 &program->projecting, error);
}

static int open_process(struct quipu_program *program, quipu_error *error)
{
    const quipu_process_options options = { .struct_size = sizeof(options),
                                            .context =
                                                program->options.context };

    return quipu_process_open(program->store, program->process, &options,
                              &program->reacting, error);
}

static int open_subject(struct quipu_program *program, quipu_error *error)
{
    return program->process ? open_process(program, error)
           : program->projection
               ? open_projection(program, error)
               : quipu_repository_open(program->store, NULL, program->aggregate,
                                       &program->repository, error);
}

static int open_timers(struct quipu_program *program, quipu_error *error)
{
    const bool has_timers =
        (program->datastore->opened.capabilities & QUIPU_CAN_ENTRIES) &&
        !(program->schema.flags & QUIPU_SCHEMA_SPARSE);

    return has_timers ? quipu_timer_runner_open(program->store, NULL,
                                                &program->timers, error)
                      : QUIPU_OK;
}

int quipu_program_open(struct quipu_program *program, quipu_error *error)
{
    int status = quipu_store_open(program->datastore, &program->schema,
                                  &program->mapping, &program->store, error);

    if (status == QUIPU_OK) {
        status = quipu_unit_create(program->store, &program->unit, error);
    }
    if (status == QUIPU_OK) {
        status = start(program, error);
    }
    if (status == QUIPU_OK) {
        status = open_subject(program, error);
    }
    return status == QUIPU_OK ? open_timers(program, error) : status;
}

int quipu_program_close(struct quipu_program *program, quipu_error *error)
{
    (void)quipu_timer_runner_close(program->timers, NULL);
    program->timers = NULL;
    (void)quipu_projection_close(program->projecting, NULL);
    program->projecting = NULL;
    (void)quipu_process_close(program->reacting, NULL);
    program->reacting = NULL;
    if (program->is_started && program->options.stop) {
        program->options.stop(program->options.context);
    }
    program->is_started = false;
    quipu_unit_destroy(program->unit);
    program->unit = NULL;
    quipu_repository_close(program->repository);
    program->repository = NULL;
    int status = quipu_store_close(program->store, error);

    program->store = NULL;
    return status;
}

/* ---------------------------------------------------------------- stepping */

static int step_subject(struct quipu_program *program, bool *caught_up,
                        quipu_error *error)
{
    if (program->projecting) {
        return quipu_projection_step(program->projecting, caught_up, error);
    }
    if (program->reacting) {
        return quipu_process_step(program->reacting, caught_up, error);
    }
    *caught_up = true;
    return QUIPU_OK;
}

/* Sets *caught_up to whether no timer was due. */
static int step_timers(struct quipu_program *program, bool *caught_up,
                       quipu_error *error)
{
    quipu_timer_status before = { .struct_size = sizeof(before) };
    quipu_timer_status after = { .struct_size = sizeof(after) };

    (void)quipu_timer_runner_status(program->timers, &before, NULL);
    int status = quipu_timer_runner_step(program->timers, NULL, error);

    (void)quipu_timer_runner_status(program->timers, &after, NULL);
    *caught_up = before.appended == after.appended;
    return status;
}

int quipu_program_step(struct quipu_program *program, bool *caught_up,
                       quipu_error *error)
{
    int status = step_subject(program, caught_up, error);

    return status == QUIPU_OK && *caught_up && program->timers
               ? step_timers(program, caught_up, error)
               : status;
}
