/* SPDX-License-Identifier: Apache-2.0 */
/* quipu parked: lists the events that projections have parked, shows one, and
 * gives them up. */
#include "args.h"
#include "consumers/listing.h"
#include "output/item_printer.h"
#include "output/jsonl.h"
#include "output/memory.h"
#include "output/output.h"
#include "output/table.h"
#include "output/text.h"
#include "question.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Printing of parked events. */
struct printer {
    const struct args *args;
    struct table *table; /* NULL: JSON Lines */
    int64_t count;
};

/* --------------------------------------------------------------- printing */

static const struct heading headings[] = {
    { .title = "consumer" },
    { .title = "id", .right = true },
    { .title = "sequence" },
    { .title = "topic" },
    { .title = "tries", .right = true },
    { .title = "parked", .right = true },
    { .title = "reason" },
};

/* A sequence id without its schema: 16 bytes that are no text are a UUID. */
static bool is_uuid(quipu_bytes id)
{
    return id.size == sizeof(quipu_uuid) && !quipu_bytes_is_text(id);
}

static void add_id(struct text *text, quipu_bytes id)
{
    quipu_schema schema = { .struct_size = sizeof(schema),
                            .flags = is_uuid(id) ? 0 : QUIPU_SCHEMA_TEXT_IDS };

    text_add_id(text, &schema, id);
}

static void add_reason(struct text *text, const quipu_parked_event *event)
{
    if (event->follows) {
        text_print(text, "an earlier event of the sequence is parked");
        return;
    }
    text_print(text, "%s: ", quipu_status_name(event->code));
    text_add_escaped(text, event->message.data, event->message.size);
}

static void end_cell(struct table *table, struct text *cell)
{
    table_add(table, text_content(cell));
    text_clear(cell);
}

static void print_row(struct table *table, const char *consumer,
                      const quipu_parked_event *event)
{
    const int64_t since =
        quipu_time_now().microseconds - event->parked.microseconds;
    struct text cell = { 0 };

    table_add_text(table, consumer);
    table_add_int(table, event->notification_id);
    add_id(&cell, event->sequence_id);
    end_cell(table, &cell);
    text_add_escaped(&cell, event->topic.data, event->topic.size);
    end_cell(table, &cell);
    table_add_int(table, event->attempts);
    text_add_span(&cell, since > 0 ? since : 0);
    end_cell(table, &cell);
    add_reason(&cell, event);
    end_cell(table, &cell);
    text_free(&cell);
}

static void print_json(const char *consumer, const quipu_parked_event *event)
{
    const quipu_bytes id = event->sequence_id;
    json_t *line = json_object();

    jsonl_set(line, "consumer", jsonl_string(consumer));
    jsonl_set(line, "notification_id", json_integer(event->notification_id));
    jsonl_set(line, "sequence_id",
              is_uuid(id) ? jsonl_uuid(id) : jsonl_text(id.data, id.size));
    jsonl_set(line, "topic", jsonl_text(event->topic.data, event->topic.size));
    jsonl_set(line, "attempts", json_integer(event->attempts));
    jsonl_set(line, "parked", jsonl_time(event->parked));
    jsonl_set(line, "follows", json_boolean(event->follows));
    jsonl_set(line, "code",
              event->follows ? json_null()
                             : json_string(quipu_status_name(event->code)));
    jsonl_set(line, "message",
              jsonl_text(event->message.data, event->message.size));
    jsonl_print(line);
}

static void print(struct printer *printer, const char *consumer,
                  const quipu_parked_event *event)
{
    printer->count++;
    if (printer->table) {
        print_row(printer->table, consumer, event);
    } else {
        print_json(consumer, event);
    }
}

/* ---------------------------------------------------------------- listing */

/* Prints the parked events of a consumer; `only`: the one with this
 * notification id, or 0. */
static int print_parked(const struct listing *listing, const char *consumer,
                        int64_t only, struct printer *printer,
                        quipu_error *error)
{
    const quipu_parked_event *event = NULL;
    quipu_parked_events *events = NULL;
    int status =
        quipu_parked_events_open(listing->tracking, consumer, &events, error);

    if (status == QUIPU_OK) {
        status = quipu_parked_events_next(events, &event, error);
    }
    while (status == QUIPU_OK && event) {
        if (only == 0 || event->notification_id == only) {
            print(printer, consumer, event);
        }
        status = quipu_parked_events_next(events, &event, error);
    }
    quipu_parked_events_close(events);
    return status;
}

/* Whether an earlier consumer of the list has the same name: a consumer of two
 * logs is listed twice. */
static bool is_repeated(const struct listing *listing, size_t index)
{
    return index > 0 && strcmp(listing->items[index - 1].name,
                               listing->items[index].name) == 0;
}

static int print_all(const struct listing *listing, struct printer *printer,
                     quipu_error *error)
{
    const char *wanted = listing->args->consumer;
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < listing->count; i++) {
        const quipu_consumer *each = &listing->items[i];

        if (each->parked > 0 && !is_repeated(listing, i) &&
            (!wanted || strcmp(wanted, each->name) == 0)) {
            status = print_parked(listing, each->name, 0, printer, error);
        }
    }
    return status;
}

static void open_printer(struct printer *printer, const struct args *args)
{
    *printer = (struct printer){ .args = args };
    if (!args->json) {
        printer->table = table_open(
            headings, sizeof(headings) / sizeof(*headings), args->full);
    }
}

static int list(const struct listing *listing, quipu_error *error)
{
    struct printer printer;

    open_printer(&printer, listing->args);
    int status = print_all(listing, &printer, error);

    table_close(printer.table);
    if (status == QUIPU_OK && !listing->args->json) {
        printf("%" PRId64 " parked event%s%s\n", printer.count,
               printer.count == 1 ? "" : "s",
               printer.count == 0
                   ? ""
                   : "; the program of the consumer handles them again with\n"
                     "quipu_projection_retry");
    }
    return status;
}

/* ------------------------------------------------------------ showing one */

/* Finds the schema of a log by the name of its table. */
static int open_log(quipu_datastore *logs, const char *table,
                    quipu_records **records, quipu_error *error)
{
    const quipu_schema *schema = NULL;
    quipu_schemas *schemas = NULL;
    int status = quipu_schemas_open(logs, &schemas, error);

    do {
        if (status == QUIPU_OK) {
            status = quipu_schemas_next(schemas, &schema, error);
        }
    } while (status == QUIPU_OK && schema && strcmp(schema->table, table) != 0);
    if (status == QUIPU_OK && !schema) {
        status = quipu_error_set(error, QUIPU_NOT_FOUND,
                                 "the log '%s' of the event is not in the "
                                 "store; name that store with --logs",
                                 table);
    } else if (status == QUIPU_OK) {
        status = quipu_records_open(logs, schema, records, error);
    }
    quipu_schemas_close(schemas);
    return status;
}

static int print_item(const struct listing *listing, quipu_records *records,
                      quipu_error *error)
{
    const quipu_query only = { .struct_size = sizeof(only),
                               .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE,
                               .gte = listing->args->show,
                               .lte = listing->args->show };
    struct item_printer *printer =
        item_printer_open(listing->args, quipu_records_schema(records), false);
    quipu_cursor *cursor = NULL;
    int status = quipu_records_read_log(records, &only, &cursor, error);

    if (status == QUIPU_OK) {
        status = item_printer_print_all(printer, cursor, error);
    }
    item_printer_close(printer);
    return status;
}

static int show_item(const struct listing *listing,
                     const quipu_consumer *consumer, quipu_error *error)
{
    quipu_records *records = NULL;
    int status = open_log(listing->logs, consumer->log ? consumer->log : "",
                          &records, error);

    if (status == QUIPU_OK) {
        if (!listing->args->json) {
            putchar('\n');
        }
        status = print_item(listing, records, error);
        (void)quipu_records_close(records, NULL);
    }
    return status;
}

static int not_parked(const struct args *args, int64_t id, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_NOT_FOUND,
                           "consumer '%s' has not parked notification %" PRId64,
                           args->consumer, id);
}

static int show(const struct listing *listing, const quipu_consumer *consumer,
                quipu_error *error)
{
    const struct args *args = listing->args;
    struct printer printer;

    open_printer(&printer, args);
    int status =
        print_parked(listing, consumer->name, args->show, &printer, error);

    if (status == QUIPU_OK && printer.count == 0) {
        table_discard(printer.table);
        return not_parked(args, args->show, error);
    }
    table_close(printer.table);
    return status == QUIPU_OK ? show_item(listing, consumer, error) : status;
}

/* --------------------------------------------------------------- dropping */

/* Collects the notification ids that --drop names, in an array that the caller
 * frees.  NOT_FOUND: there is none. */
static int collect(const struct listing *listing, int64_t only, int64_t **ids,
                   size_t *count, quipu_error *error)
{
    const struct args *args = listing->args;
    const quipu_parked_event *event = NULL;
    quipu_parked_events *events = NULL;
    int status = quipu_parked_events_open(listing->tracking, args->consumer,
                                          &events, error);

    if (status == QUIPU_OK) {
        status = quipu_parked_events_next(events, &event, error);
    }
    while (status == QUIPU_OK && event) {
        if (only == 0 || event->notification_id == only) {
            *ids = memory_resize(*ids, *count + 1, sizeof(**ids));
            (*ids)[(*count)++] = event->notification_id;
        }
        status = quipu_parked_events_next(events, &event, error);
    }
    quipu_parked_events_close(events);
    if (status == QUIPU_OK && *count == 0) {
        status = only > 0 ? not_parked(args, only, error)
                          : quipu_error_set(error, QUIPU_NOT_FOUND,
                                            "consumer '%s' has parked no event",
                                            args->consumer);
    }
    return status;
}

/* An event that was handled or dropped meanwhile is no failure. */
static int discard(const struct listing *listing, const int64_t *ids,
                   size_t count, quipu_error *error)
{
    int64_t dropped = 0;
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        status = quipu_parked_event_discard(
            listing->tracking, listing->args->consumer, ids[i], error);
        dropped += status == QUIPU_OK;
        status = status == QUIPU_NOT_FOUND ? QUIPU_OK : status;
    }
    if (listing->args->json) {
        json_t *line = json_object();

        jsonl_set(line, "consumer", jsonl_string(listing->args->consumer));
        jsonl_set(line, "dropped", json_integer(dropped));
        jsonl_print(line);
    } else {
        printf("%" PRId64 " parked event%s dropped\n", dropped,
               dropped == 1 ? "" : "s");
    }
    return status;
}

static bool ask(const struct args *args, size_t count, enum outcome *outcome)
{
    struct text text = { 0 };

    text_print(&text,
               "Consumer '%s' would never handle %zu parked event%s. Drop %s?",
               args->consumer, count, count == 1 ? "" : "s",
               count == 1 ? "it" : "them");
    bool agreed = question_ask(args, text_content(&text), outcome);

    text_free(&text);
    return agreed;
}

static enum outcome drop(const struct listing *listing, int64_t only)
{
    int64_t *ids = NULL;
    size_t count = 0;
    quipu_error error;
    enum outcome outcome = DONE;
    int status = collect(listing, only, &ids, &count, &error);

    if (status == QUIPU_OK && ask(listing->args, count, &outcome)) {
        status = discard(listing, ids, count, &error);
    }
    free(ids);
    return status == QUIPU_OK ? outcome : output_error(&error);
}

/* ---------------------------------------------------------------- command */

/* Returns false, after a message, if the options do not fit; sets *only to the
 * notification id of --drop, or to 0 for all. */
static bool check_options(const struct args *args, int64_t *only)
{
    const bool shows = (args->given & OPTION_SHOW) != 0;
    char *end = NULL;

    *only = 0;
    if (shows && args->drop) {
        fputs("quipu: --show and --drop exclude each other\n", stderr);
        return false;
    }
    if ((shows || args->drop) && !args->consumer) {
        fputs("quipu: --show and --drop need --consumer\n", stderr);
        return false;
    }
    if (args->drop && strcmp(args->drop, "all") != 0) {
        *only = strtoll(args->drop, &end, 10);
        if (*only <= 0 || *end != '\0') {
            fprintf(stderr,
                    "quipu: --drop takes a notification id or 'all', not %s\n",
                    args->drop);
            return false;
        }
    }
    return true;
}

static enum outcome run_open(struct listing *listing, int64_t only)
{
    const struct args *args = listing->args;
    const quipu_consumer *consumer = NULL;
    quipu_error error;
    int status = consumers_listing_read(listing, &error);

    if (status == QUIPU_OK && args->consumer) {
        status =
            consumers_listing_find(listing, args->consumer, &consumer, &error);
    }
    if (status == QUIPU_OK && args->drop) {
        return drop(listing, only);
    }
    if (status == QUIPU_OK) {
        status = (args->given & OPTION_SHOW) != 0 && consumer
                     ? show(listing, consumer, &error)
                     : list(listing, &error);
    }
    return status == QUIPU_OK ? DONE : output_error(&error);
}

static enum outcome run(const struct args *args)
{
    struct listing listing;
    int64_t only;

    if (!check_options(args, &only)) {
        return USAGE;
    }
    enum outcome outcome =
        consumers_listing_open(&listing, args, args->drop != NULL);

    if (outcome == DONE) {
        outcome = run_open(&listing, only);
        consumers_listing_close(&listing);
    }
    return outcome;
}

const struct command parked_command = {
    .name = "parked",
    .arguments = "URI",
    .summary = "show the events that projections have parked",
    .help =
        "Lists the events that projections could not apply and have parked in\n"
        "a store, with the reason. --show prints one with its item in the "
        "log,\n"
        "--drop gives one up, or all of a consumer.\n"
        "\n"
        "To handle them again is a matter of the program, which has the\n"
        "handlers: it calls quipu_projection_retry, for instance when it is\n"
        "started after the fault was corrected.",
    .argument_count = 1,
    .options = OPTION_CONSUMER | OPTION_LOGS | OPTION_SHOW | OPTION_DROP |
               OPTION_YES | OPTIONS_OF_ITEMS | OPTION_JSON | OPTION_HELP,
    .run = run,
};
