/* SPDX-License-Identifier: Apache-2.0 */
/* quipu timers: lists the timers of a store. */
#include "timers.h"
#include "args.h"
#include "output/jsonl.h"
#include "output/moment.h"
#include "output/output.h"
#include "output/table.h"
#include "output/text.h"
#include "store.h"

#include <inttypes.h>
#include <stdio.h>

static const struct heading headings[] = {
    { .title = "table" }, { .title = "due" },   { .title = "sequence" },
    { .title = "name" },  { .title = "topic" }, { .title = "reason" },
};

/* A sequence id without its schema: 16 bytes that are no text are a UUID. */
static bool is_uuid(quipu_bytes id)
{
    return id.size == sizeof(quipu_uuid) && !quipu_bytes_is_text(id);
}

static void end_cell(struct table *table, struct text *cell)
{
    table_add(table, text_content(cell));
    text_clear(cell);
}

static void add_bytes(struct table *table, struct text *cell, quipu_bytes bytes)
{
    text_add_escaped(cell, bytes.data, bytes.size);
    end_cell(table, cell);
}

static void print_row(struct table *table, const quipu_timer *timer)
{
    const quipu_schema schema = { .struct_size = sizeof(schema),
                                  .flags = is_uuid(timer->sequence_id)
                                               ? 0
                                               : QUIPU_SCHEMA_TEXT_IDS };
    struct text cell = { 0 };

    table_add_text(table, timer->table);
    moment_add(&cell, timer->due);
    end_cell(table, &cell);
    text_add_id(&cell, &schema, timer->sequence_id);
    end_cell(table, &cell);
    add_bytes(table, &cell, timer->name);
    add_bytes(table, &cell, timer->topic);
    if (timer->code != QUIPU_OK) {
        text_print(&cell, "%s: ", quipu_status_name(timer->code));
    }
    add_bytes(table, &cell, timer->message);
    text_free(&cell);
}

static json_t *text_or_null(quipu_bytes bytes)
{
    return bytes.data ? jsonl_text(bytes.data, bytes.size) : json_null();
}

static void print_json(const quipu_timer *timer)
{
    const quipu_bytes id = timer->sequence_id;
    json_t *line = json_object();

    jsonl_set(line, "table", jsonl_string(timer->table));
    jsonl_set(line, "due", jsonl_time(timer->due));
    jsonl_set(line, "sequence_id",
              is_uuid(id) ? jsonl_uuid(id) : jsonl_text(id.data, id.size));
    jsonl_set(line, "name", text_or_null(timer->name));
    jsonl_set(line, "topic", text_or_null(timer->topic));
    jsonl_set(line, "code",
              timer->code == QUIPU_OK
                  ? json_null()
                  : json_string(quipu_status_name(timer->code)));
    jsonl_set(line, "message", text_or_null(timer->message));
    jsonl_print(line);
}

int timers_for_each(quipu_datastore *datastore, timer_function function,
                    void *context, int64_t *count, quipu_error *error)
{
    const quipu_timer *timer = NULL;
    quipu_timers *timers = NULL;
    int status = quipu_timers_open(datastore, &timers, error);

    *count = 0;
    if (status == QUIPU_UNSUPPORTED) {
        return QUIPU_OK;
    }
    if (status == QUIPU_OK) {
        status = quipu_timers_next(timers, &timer, error);
    }
    while (status == QUIPU_OK && timer) {
        if (function) {
            function(context, timer);
        }
        ++*count;
        status = quipu_timers_next(timers, &timer, error);
    }
    quipu_timers_close(timers);
    return status;
}

static void print(void *context, const quipu_timer *timer)
{
    if (context) {
        print_row(context, timer);
    } else {
        print_json(timer);
    }
}

static enum outcome run(const struct args *args)
{
    struct table *table = NULL;
    quipu_datastore *datastore = NULL;
    quipu_error error;
    int64_t count = 0;
    int status = store_open_readonly(args->uri, &datastore, &error);

    if (status != QUIPU_OK) {
        return output_error(&error);
    }
    if (!args->json) {
        table = table_open(headings, sizeof(headings) / sizeof(*headings),
                           args->full);
    }
    status = timers_for_each(datastore, print, table, &count, &error);
    table_close(table);
    (void)quipu_datastore_close(datastore, NULL);
    if (status == QUIPU_OK && !args->json) {
        printf("%" PRId64 " timer%s\n", count, count == 1 ? "" : "s");
    }
    return status == QUIPU_OK ? DONE : output_error(&error);
}

const struct command timers_command = {
    .name = "timers",
    .arguments = "URI",
    .summary = "show the events that are to be appended at a time to come",
    .help =
        "Lists the timers of a store, by table and in the order of time. "
        "Those\n"
        "whose events cannot be appended were set aside by the timer runner;\n"
        "they come last, with the reason. Timers are set, replaced and\n"
        "cancelled by programs only.",
    .argument_count = 1,
    .options = OPTIONS_OF_LISTS | OPTION_LOCAL | OPTION_JSON | OPTION_HELP,
    .run = run,
};
