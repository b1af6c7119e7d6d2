/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scenarios: their steps, which the application's tests call.
 *
 * The events that happen are read from the log, whoever has stored them: those
 * of an aggregate under test are stored by the next step, those of a process by
 * the process, others by the application.  `seen` is the notification id up to
 * which the log was read; given events are passed over.
 *
 * Commits of the steps themselves are not those of the program, and do not
 * fail: the plan of failures is paused meanwhile.
 */
#include <quipu/scenario.h>

#include <stdlib.h>
#include <string.h>

#include <quipu/id.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "scenario/comparison.h"
#include "scenario/faults.h"
#include "scenario/namespace.h"
#include "scenario/program.h"
#include "scenario/report.h"
#include "scenario/run.h"

struct quipu_scenario {
    struct quipu_program program;
    struct quipu_faults faults;
    struct quipu_report report;
    struct quipu_comparison comparison;
    bool is_kept;   /* the store was named, and has to be emptied */
    bool is_broken; /* the steps do nothing */
    quipu_id id;
    int64_t seen;
    quipu_uuid *given; /* event ids of the given events; owned */
    size_t given_count;
    quipu_aggregate *aggregate; /* that `when` has returned, or NULL */
    quipu_error error;          /* for commands and steps */
    quipu_error failed; /* of a step, to be expected; its code OK: none */
};

/* Reports that a step has failed; `step` describes it. */
static void report_step(quipu_scenario *scenario, const char *step,
                        const quipu_error *error)
{
    quipu_report_add(&scenario->report, "%s: %s: %s", step,
                     quipu_status_name(error->code), error->message);
}

/* The same; without the step nothing can go on. */
static void give_up(quipu_scenario *scenario, const char *step,
                    const quipu_error *error)
{
    report_step(scenario, step, error);
    scenario->is_broken = true;
}

static bool can_go_on(const quipu_scenario *scenario)
{
    return scenario && !scenario->is_broken;
}

/* ------------------------------------------------------- beginning, ending */

/* Removes the read model.  This fails if there is none. */
static void drop_model(quipu_scenario *scenario)
{
    const struct quipu_program *program = &scenario->program;
    const quipu_append nothing = { .struct_size = sizeof(nothing) };

    if (program->projection && program->projection->drop) {
        (void)quipu_datastore_transact(program->datastore, &nothing,
                                       program->projection->drop,
                                       program->options.context, NULL, NULL);
    }
}

static int clear_store(quipu_scenario *scenario, quipu_error *error)
{
    if (!scenario->is_kept) {
        return QUIPU_OK;
    }
    drop_model(scenario);
    return quipu_namespace_clear(scenario->program.datastore, error);
}

static int open_datastore(quipu_scenario *scenario, quipu_error *error)
{
    static const quipu_option name_space = { .name = "namespace",
                                             .value = QUIPU_NAMESPACE_DEFAULT };
    const quipu_settings settings = { .struct_size = sizeof(settings),
                                      .defaults = &name_space,
                                      .default_count = 1 };
    struct quipu_program *program = &scenario->program;
    const char *uri = program->options.uri ? program->options.uri
                                           : getenv("QUIPU_SCENARIO_URI");

    const bool is_named = uri && *uri;
    int status =
        quipu_datastore_open(is_named ? uri : "sqlite:///:memory:", &settings,
                             &program->datastore, error);

    if (status == QUIPU_OK && is_named) {
        status = quipu_namespace_check(program->datastore, error);
        scenario->is_kept = status == QUIPU_OK;
    }
    return status == QUIPU_OK
               ? quipu_faults_init(&scenario->faults, program->datastore, error)
               : status;
}

static void set_id(quipu_scenario *scenario)
{
    char text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;

    quipu_uuid_ordered(&uuid);
    quipu_uuid_format(&uuid, text);
    if (scenario->program.schema.flags & QUIPU_SCHEMA_TEXT_IDS) {
        (void)quipu_id_of_text(&scenario->id, text, NULL);
    } else {
        quipu_id_of_uuid(&scenario->id, &uuid);
    }
}

static int begin(quipu_scenario *scenario, quipu_error *error)
{
    struct quipu_program *program = &scenario->program;
    int status = open_datastore(scenario, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_faults_pause(&scenario->faults, true);
    set_id(scenario);
    status = clear_store(scenario, error);
    if (status == QUIPU_OK) {
        status =
            quipu_datastore_setup(program->datastore, &program->schema, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_program_open(program, error);
    }
    quipu_faults_pause(&scenario->faults, false);
    return status;
}

/* `program` has the type. */
static quipu_scenario *create(const struct quipu_program *program,
                              const quipu_scenario_options *options)
{
    quipu_scenario *scenario = quipu_allocate_zeroed(sizeof(*scenario));
    quipu_error error;

    if (!scenario || !quipu_report_init(&scenario->report)) {
        quipu_release(scenario);
        return NULL;
    }
    scenario->program = *program;
    int status = quipu_program_init(&scenario->program, options, &error);

    if (status == QUIPU_OK) {
        status = begin(scenario, &error);
    }
    if (status != QUIPU_OK) {
        give_up(scenario, "beginning the scenario", &error);
    }
    return scenario;
}

quipu_scenario *quipu_scenario_of_aggregate(
    const quipu_aggregate_type *type, const quipu_scenario_options *options)
{
    const struct quipu_program program = { .aggregate = type };

    return create(&program, options);
}

quipu_scenario *quipu_scenario_of_projection(
    const quipu_projection_type *type, const quipu_scenario_options *options)
{
    const struct quipu_program program = { .projection = type };

    return create(&program, options);
}

quipu_scenario *quipu_scenario_of_process(const quipu_process_type *type,
                                          const quipu_scenario_options *options)
{
    const struct quipu_program program = { .process = type };

    return create(&program, options);
}

static void close_all(quipu_scenario *scenario)
{
    struct quipu_program *program = &scenario->program;
    quipu_error error;
    int status = quipu_program_close(program, &error);

    if (status == QUIPU_OK && program->datastore) {
        if (scenario->faults.driver) {
            quipu_faults_pause(&scenario->faults, true);
        }
        status = clear_store(scenario, &error);
    }
    if (program->datastore) {
        quipu_faults_finish(&scenario->faults, program->datastore);
    }
    if (status == QUIPU_OK) {
        status = quipu_datastore_close(program->datastore, &error);
    }
    if (status != QUIPU_OK) {
        report_step(scenario, "ending the scenario", &error);
    }
}

int quipu_scenario_end(quipu_scenario *scenario)
{
    if (!scenario) {
        return 1;
    }
    quipu_scenario_nothing(scenario);
    if (can_go_on(scenario)) {
        quipu_faults_report(&scenario->faults, &scenario->report);
    }
    close_all(scenario);
    quipu_time_stop((quipu_time){ 0 });
    int differences = scenario->report.differences;

    quipu_program_finish(&scenario->program);
    quipu_release(scenario->given);
    quipu_comparison_finish(&scenario->comparison);
    quipu_report_finish(&scenario->report);
    quipu_release(scenario);
    return differences;
}

/* ------------------------------------------------------------ what happens */

static void take_event(quipu_scenario *scenario, const quipu_event *event,
                       const quipu_item *item)
{
    quipu_error error;

    scenario->seen = item->notification_id;
    if (quipu_comparison_add(&scenario->comparison.happened, event, &error) !=
        QUIPU_OK) {
        give_up(scenario, "keeping an event", &error);
    }
}

/* Takes the events from the log that were stored since the last time. */
static void read_log(quipu_scenario *scenario)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GT,
                                .gt = scenario->seen };
    const quipu_event *event = NULL;
    quipu_events *events = NULL;
    quipu_error error;
    int status =
        quipu_store_read_log(scenario->program.store, &query, &events, &error);

    while (status == QUIPU_OK) {
        status = quipu_events_next(events, &event, &error);
        if (status != QUIPU_OK || !event) {
            break;
        }
        take_event(scenario, event, quipu_events_item(events));
    }
    if (status != QUIPU_OK) {
        give_up(scenario, "reading the events", &error);
    }
    quipu_events_close(events);
}

/* Forgets the aggregate, with the events of it that are not stored. */
static void clear_unit(quipu_scenario *scenario)
{
    quipu_unit_clear(scenario->program.unit);
    scenario->aggregate = NULL;
}

/* Stores the events of a command, and takes all that has happened. */
static void settle(quipu_scenario *scenario)
{
    quipu_error error;

    quipu_faults_pause(&scenario->faults, true);
    if (quipu_unit_commit(scenario->program.unit, NULL, &error) != QUIPU_OK) {
        report_step(scenario, "storing the events of the command", &error);
        clear_unit(scenario);
    }
    quipu_faults_pause(&scenario->faults, false);
    read_log(scenario);
}

/* ------------------------------------------------------------------- given */

/* Returns a copy of the struct, which shares what its members point to, with
 * its type; NULL: the argument is wrong, or there is no memory. */
static quipu_event *type_event(const quipu_event_type *type,
                               const quipu_event *event, quipu_error *error)
{
    if (quipu_event_type_check(type, error) != QUIPU_OK) {
        return NULL;
    }
    quipu_event *typed = quipu_allocate_zeroed(type->size);

    if (!typed) {
        quipu_error_no_memory(error);
        return NULL;
    }
    if (event) {
        memcpy(typed, event, type->size);
    }
    typed->type = type;
    return typed;
}

/* Stores an event, and passes it over. */
static int store(quipu_scenario *scenario, quipu_event *event,
                 quipu_error *error)
{
    quipu_result result = { .status = QUIPU_OK };
    quipu_unit *unit = scenario->program.unit;
    quipu_uuid *id = quipu_array_add(
        (void **)&scenario->given, &scenario->given_count, sizeof(*id), error);

    if (!id) {
        return QUIPU_NO_MEMORY;
    }
    if (quipu_uuid_is_nil(&event->event_id)) {
        quipu_uuid_ordered(&event->event_id);
    }
    *id = event->event_id;
    int status = quipu_unit_event(unit, event, error);

    if (status == QUIPU_OK) {
        status = quipu_unit_commit(unit, &result, error);
    }
    if (status == QUIPU_OK) {
        scenario->seen = result.first_notification_id;
    }
    return status;
}

void quipu_scenario_given(quipu_scenario *scenario,
                          const quipu_event_type *type,
                          const quipu_event *event)
{
    quipu_error error;

    if (!can_go_on(scenario)) {
        return;
    }
    settle(scenario);
    clear_unit(scenario);
    quipu_event *given = type_event(type, event, &error);

    if (given && given->originator_id.size == 0) {
        given->originator_id = scenario->id;
    }
    quipu_faults_pause(&scenario->faults, true);
    if (!given || store(scenario, given, &error) != QUIPU_OK) {
        give_up(scenario, "storing a given event", &error);
    }
    quipu_faults_pause(&scenario->faults, false);
    quipu_release(given);
}

const quipu_id *quipu_scenario_id(const quipu_scenario *scenario)
{
    return scenario ? &scenario->id : NULL;
}

quipu_store *quipu_scenario_store(const quipu_scenario *scenario)
{
    return scenario ? scenario->program.store : NULL;
}

quipu_error *quipu_scenario_error(quipu_scenario *scenario)
{
    return scenario ? &scenario->error : NULL;
}

void quipu_scenario_clock(quipu_scenario *scenario, quipu_time now)
{
    if (scenario) {
        quipu_time_stop(now);
    }
}

/* -------------------------------------------------------------------- when */

/* Reports the failure of a step that no step has expected. */
static void report_failed(quipu_scenario *scenario)
{
    if (scenario->failed.code != QUIPU_OK) {
        report_step(scenario, "unexpected failure", &scenario->failed);
        scenario->failed.code = QUIPU_OK;
    }
}

static quipu_aggregate *get(quipu_scenario *scenario, quipu_error *error)
{
    const struct quipu_program *program = &scenario->program;
    int64_t last;
    int status =
        quipu_records_last(quipu_store_records(program->store),
                           quipu_id_bytes(&scenario->id), &last, error);

    return status == QUIPU_OK
               ? quipu_unit_get(program->unit, program->repository,
                                &scenario->id, error)
           : status == QUIPU_NOT_FOUND
               ? quipu_unit_new(program->unit, program->repository,
                                &scenario->id, error)
               : NULL;
}

void *quipu_scenario_when(quipu_scenario *scenario)
{
    if (!can_go_on(scenario)) {
        return NULL;
    }
    settle(scenario);
    report_failed(scenario);
    clear_unit(scenario);
    scenario->aggregate = get(scenario, &scenario->error);
    if (!scenario->aggregate) {
        scenario->failed = scenario->error;
    }
    return scenario->aggregate;
}

int quipu_scenario_run(quipu_scenario *scenario)
{
    if (!can_go_on(scenario)) {
        return QUIPU_INVALID;
    }
    settle(scenario);
    report_failed(scenario);
    bool is_lost = false;
    int status =
        quipu_run_to_end(&scenario->program, &scenario->faults,
                         &scenario->report, &is_lost, &scenario->error);

    if (is_lost) {
        give_up(scenario, "starting the program again", &scenario->error);
    } else if (status != QUIPU_OK) {
        scenario->failed = scenario->error;
    }
    return status;
}

/* -------------------------------------------------------------------- then */

void quipu_scenario_then(quipu_scenario *scenario, const quipu_event_type *type,
                         const quipu_event *event)
{
    quipu_error error;

    if (!can_go_on(scenario)) {
        return;
    }
    quipu_event *expected = type_event(type, event, &error);

    if (!expected || quipu_comparison_add(&scenario->comparison.expected,
                                          expected, &error) != QUIPU_OK) {
        report_step(scenario, "expecting an event", &error);
    }
    quipu_release(expected);
}

void quipu_scenario_caused_by(quipu_scenario *scenario, size_t given)
{
    if (!can_go_on(scenario)) {
        return;
    }
    const struct quipu_comparison_list *expected =
        &scenario->comparison.expected;

    if (expected->count == 0 || given == 0 || given > scenario->given_count) {
        quipu_report_add(&scenario->report,
                         "expecting a cause: no event is expected, or there is "
                         "no given event %zu",
                         given);
        return;
    }
    struct quipu_comparison_event *event =
        &expected->events[expected->count - 1];

    event->cause = given;
    event->cause_id = scenario->given[given - 1];
}

void quipu_scenario_nothing(quipu_scenario *scenario)
{
    quipu_error error;

    if (!can_go_on(scenario)) {
        return;
    }
    settle(scenario);
    report_failed(scenario);
    if (can_go_on(scenario) &&
        quipu_comparison_report(&scenario->comparison, &scenario->report,
                                &error) != QUIPU_OK) {
        give_up(scenario, "comparing the events", &error);
    }
}

void quipu_scenario_refused(quipu_scenario *scenario, int status, int expected,
                            const char *words)
{
    if (!can_go_on(scenario)) {
        return;
    }
    const char *message =
        status == QUIPU_OK ? "nothing was refused" : scenario->error.message;

    if (status != expected) {
        quipu_report_add(&scenario->report, "expected %s, got %s: %s",
                         quipu_status_name(expected), quipu_status_name(status),
                         message);
    } else if (words && !strstr(message, words)) {
        quipu_report_add(&scenario->report,
                         "%s: expected a message with \"%s\", got \"%s\"",
                         quipu_status_name(status), words, message);
    }
    scenario->failed.code = QUIPU_OK;
    if (scenario->aggregate && scenario->aggregate->stale) {
        clear_unit(scenario);
    }
}

void quipu_scenario_look(quipu_scenario *scenario, quipu_work look,
                         void *context)
{
    const quipu_append nothing = { .struct_size = sizeof(nothing) };
    quipu_error error;

    if (!can_go_on(scenario)) {
        return;
    }
    settle(scenario);
    report_failed(scenario);
    quipu_faults_pause(&scenario->faults, true);
    if (quipu_datastore_transact(scenario->program.datastore, &nothing, look,
                                 context, NULL, &error) != QUIPU_OK) {
        report_step(scenario, "looking at the read model", &error);
    }
    quipu_faults_pause(&scenario->faults, false);
}

/* ---------------------------------------------------------------- failures */

void quipu_scenario_crash(quipu_scenario *scenario, int crash)
{
    if (!can_go_on(scenario)) {
        return;
    }
    if (scenario->program.repository) {
        quipu_report_add(&scenario->report,
                         "no crash: a scenario of an aggregate cannot repeat "
                         "the command");
        return;
    }
    quipu_faults_plan_crash(&scenario->faults,
                            crash != QUIPU_CRASH_BEFORE_COMMIT);
}

void quipu_scenario_fail(quipu_scenario *scenario, int status, int count)
{
    if (!can_go_on(scenario)) {
        return;
    }
    if (status != QUIPU_BUSY && status != QUIPU_IO && status != QUIPU_DENIED &&
        status != QUIPU_NO_MEMORY && status != QUIPU_CORRUPT &&
        status != QUIPU_UNKNOWN_OUTCOME) {
        quipu_report_add(&scenario->report, "%s is no failure of a commit",
                         quipu_status_name(status));
        return;
    }
    quipu_faults_plan(&scenario->faults, status, count);
}

const char *quipu_scenario_report(quipu_scenario *scenario)
{
    return scenario ? scenario->report.text : "there is no scenario\n";
}
