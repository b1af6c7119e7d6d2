/* SPDX-License-Identifier: Apache-2.0 */
/* Opens, steps and closes the program under test. */
#include "scenario/program.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/status.h"

#include <quipu/schema.h>

const quipu_schema *quipu_program_schema(const struct quipu_program *program)
{
    return program->options.schema ? program->options.schema
                                   : quipu_schema_stored_events();
}

/* ------------------------------------------------------------- event types */

/* The event types in a table of handlers, each once. */
struct types {
    const quipu_event_type **items; /* owned */
    size_t count;
};

/* Returns the event type of a row, or NULL after the last one. */
static const quipu_event_type *type_of_row(const struct quipu_program *program,
                                           size_t row)
{
    if (program->projection) {
        return program->projection->handlers
                   ? program->projection->handlers[row].event
                   : NULL;
    }
    return program->aggregate->handlers
               ? program->aggregate->handlers[row].event
               : NULL;
}

static int collect_types(const struct quipu_program *program,
                         struct types *types, quipu_error *error)
{
    const quipu_event_type *type;

    for (size_t row = 0; (type = type_of_row(program, row)); row++) {
        size_t i = 0;

        while (i < types->count && types->items[i] != type) {
            i++;
        }
        const quipu_event_type **added =
            i < types->count
                ? &types->items[i]
                : quipu_array_add((void **)&types->items, &types->count,
                                  sizeof(*added), error);

        if (!added) {
            return QUIPU_NO_MEMORY;
        }
        *added = type;
    }
    return types->count > 0
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_INVALID,
                                 "the type has no table of handlers; name its "
                                 "events in options.mapping");
}

/* ----------------------------------------------------------------- opening */

static int open_store(struct quipu_program *program, quipu_error *error)
{
    struct types types = { .items = NULL };
    quipu_mapping mapping = { .struct_size = sizeof(mapping) };
    const quipu_mapping *given = program->options.mapping;
    int status = given ? QUIPU_OK : collect_types(program, &types, error);

    if (status == QUIPU_OK) {
        mapping.types = types.items;
        mapping.type_count = types.count;
        status =
            quipu_store_open(program->datastore, quipu_program_schema(program),
                             given ? given : &mapping, &program->store, error);
    }
    quipu_release(types.items);
    return status;
}

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

static int open_subject(struct quipu_program *program, quipu_error *error)
{
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context =
                                                   program->options.context };

    return program->projection
               ? quipu_projection_open(program->store, program->projection,
                                       &options, &program->running, error)
               : quipu_repository_open(program->store, NULL, program->aggregate,
                                       &program->repository, error);
}

int quipu_program_open(struct quipu_program *program, quipu_error *error)
{
    int status = open_store(program, error);

    if (status == QUIPU_OK) {
        status = quipu_unit_create(program->store, &program->unit, error);
    }
    if (status == QUIPU_OK) {
        status = start(program, error);
    }
    return status == QUIPU_OK ? open_subject(program, error) : status;
}

int quipu_program_close(struct quipu_program *program, quipu_error *error)
{
    /* Leaving a group may fail after a crash, and is of no use then. */
    (void)quipu_projection_close(program->running, NULL);
    program->running = NULL;
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

int quipu_program_step(struct quipu_program *program, bool *caught_up,
                       quipu_error *error)
{
    return program->running
               ? quipu_projection_step(program->running, caught_up, error)
               : quipu_error_set(error, QUIPU_INVALID,
                                 "a scenario of an aggregate runs nothing; "
                                 "call a command of the aggregate");
}
