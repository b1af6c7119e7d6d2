/* SPDX-License-Identifier: Apache-2.0 */
#include "scenario/run.h"

#include "base/error.h"
#include "base/status.h"
#include "event/event_text.h"

/* Steps of a program that do not end. */
#define STEPS_MOST 1000

/* Returns a line about the crash for those differences that follow. */
static char *describe_crash(const struct quipu_program *program,
                            const struct quipu_faults *faults)
{
    const int64_t id = faults->crashed_tracking;
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LIMIT,
                                .gte = id,
                                .limit = 1 };
    const quipu_event *event = NULL;
    quipu_events *events = NULL;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    if (!out) {
        return NULL;
    }
    (void)fprintf(out, "after a crash %s the commit",
                  faults->crashes_after ? "after" : "before");
    if (id > 0 &&
        quipu_store_read_log(program->store, &query, &events, NULL) ==
            QUIPU_OK &&
        quipu_events_next(events, &event, NULL) == QUIPU_OK && event) {
        (void)fputs(" that handled the events up to ", out);
        quipu_event_text_print(event, out);
    }
    (void)fputc(':', out);
    quipu_events_close(events);
    return fclose(out) == 0 ? text : NULL;
}

/* Closes the program and opens it again. */
static int restart(struct quipu_program *program, struct quipu_faults *faults,
                   struct quipu_report *report, quipu_error *error)
{
    quipu_report_note(report, describe_crash(program, faults));
    int status = quipu_program_close(program, error);

    quipu_faults_pause(faults, true);
    quipu_faults_restart(faults);
    if (status == QUIPU_OK) {
        status = quipu_program_open(program, error);
    }
    quipu_faults_pause(faults, false);
    return status;
}

int quipu_run_to_end(struct quipu_program *program, struct quipu_faults *faults,
                     struct quipu_report *report, bool *is_lost,
                     quipu_error *error)
{
    bool caught_up = false;

    for (int i = 0; i < STEPS_MOST && !caught_up; i++) {
        int status = quipu_program_step(program, &caught_up, error);

        if (faults->has_crashed) {
            caught_up = false;
            status = restart(program, faults, report, error);
            if (status != QUIPU_OK) {
                *is_lost = true;
                return status;
            }
        } else if (status != QUIPU_OK && !(quipu_faults_take_failed(faults) &&
                                           quipu_status_is_transient(status))) {
            return status;
        }
    }
    return caught_up ? QUIPU_OK
                     : quipu_error_set(error, QUIPU_TIMEOUT,
                                       "the program has not caught up after "
                                       "%d steps",
                                       STEPS_MOST);
}
