/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu import: stores an export that it reads from standard input.
 *
 * Each line is stored as it is read; items are collected in batches.  After an
 * error the complete lines before it are stored, and the message names the
 * line. Tracking records are stored at the end, when all items of their logs
 * are.
 */
#include "args.h"
#include "copy/load.h"
#include "exchange.h"
#include "output/jsonl.h"
#include "output/memory.h"
#include "output/output.h"
#include "output/progress.h"
#include "output/table.h"
#include "tracking.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct import_schema {
    char *table; /* its name in the input */
    bool wanted;
    int64_t head;     /* last notification id in the input, 0: unknown */
    struct load load; /* if wanted */
};

struct import {
    const struct args *args;
    quipu_datastore *datastore;
    quipu_uuid from; /* identity of the exported store, or nil */
    quipu_uuid to;
    struct import_schema *schemas;
    size_t count;
    struct tracking_list trackings; /* stored at the end */
    int64_t items, tracking_lines;  /* in the input */
    int64_t line;                   /* number of the line that is read */
    int64_t error_line;             /* line that an error is about, or 0 */
    bool begun, ended;
    struct progress progress;
};

/* ----------------------------------------------------------- first line */

static int store_begin(struct import *import, const json_t *line,
                       quipu_error *error)
{
    if (import->begun) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a second export begins here; import each in a "
                               "run of its own");
    }
    int status = exchange_decode_begin(line, &import->from, error);
    import->begun = status == QUIPU_OK;
    return status;
}

static struct import_schema *find(const struct import *import,
                                  const char *table)
{
    for (size_t i = 0; table && i < import->count; i++) {
        if (strcmp(import->schemas[i].table, table) == 0) {
            return &import->schemas[i];
        }
    }
    return NULL;
}

/* --------------------------------------------------------------- schemas */

static int open_schema(struct import *import, quipu_schema *schema,
                       struct load *load, quipu_error *error)
{
    quipu_records *records = NULL;

    if (import->args->as) {
        schema->table = import->args->as;
    }
    int status = quipu_datastore_setup(import->datastore, schema, error);
    if (status == QUIPU_OK) {
        status = quipu_records_open(import->datastore, schema, &records, error);
    }
    if (status == QUIPU_OK) {
        status = load_init(load, records, error);
        if (status != QUIPU_OK) {
            load_finish(load);
        }
    }
    return status;
}

static int add_schema(struct import *import, quipu_schema *schema, int64_t head,
                      quipu_error *error)
{
    struct import_schema added = { .head = head };
    int status = QUIPU_OK;

    if (find(import, schema->table)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the schema '%s' is defined twice",
                               schema->table);
    }
    added.wanted = args_want_schema(import->args, schema->table);
    added.table = memory_copy_string(schema->table);
    if (added.wanted) {
        status = open_schema(import, schema, &added.load, error);
    }
    if (status != QUIPU_OK) {
        free(added.table);
        return status;
    }
    import->schemas = memory_resize(import->schemas, import->count + 1,
                                    sizeof(*import->schemas));
    import->schemas[import->count++] = added;
    return QUIPU_OK;
}

static int store_schema(struct import *import, const json_t *line,
                        quipu_error *error)
{
    struct arena arena = { 0 };
    quipu_schema schema;
    int64_t head = 0;
    int status = exchange_decode_schema(line, &arena, &schema, &head, error);

    if (status == QUIPU_OK) {
        status = add_schema(import, &schema, head, error);
    }
    memory_arena_clear(&arena);
    return status;
}

/* ----------------------------------------------------------------- items */

static int put_item(struct import *import, struct import_schema *schema,
                    const json_t *line, quipu_error *error)
{
    struct arena arena = { 0 };
    quipu_item item;
    int status = exchange_decode_item(
        line, &arena, quipu_records_schema(schema->load.records), &item, error);

    if (status == QUIPU_OK) {
        status = load_put(&schema->load, &item, import->line, error);
        import->error_line = schema->load.line;
    }
    memory_arena_clear(&arena);
    return status;
}

static int store_item(struct import *import, const json_t *line,
                      quipu_error *error)
{
    const char *table = json_string_value(json_object_get(line, "schema"));
    struct import_schema *schema = find(import, table);

    if (!schema) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the schema '%s' of this item is not defined by "
                               "a preceding line",
                               !table ? "" : table);
    }
    import->items++;
    progress_show(&import->progress, table, "importing",
                  schema->load.written + schema->load.present, schema->head);
    return schema->wanted ? put_item(import, schema, line, error) : QUIPU_OK;
}

/* ----------------------------------------- tracking records, last line */

static int store_tracking(struct import *import, const json_t *line,
                          quipu_error *error)
{
    quipu_tracking tracking;
    int status = exchange_decode_tracking(line, &tracking, error);

    if (status == QUIPU_OK) {
        import->tracking_lines++;
        if (args_want_tracking(import->args)) {
            tracking_add(&import->trackings, &tracking);
        }
    }
    return status;
}

/* Appends the items of all batches. */
static int flush(struct import *import, quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < import->count; i++) {
        struct load *load = &import->schemas[i].load;

        if (import->schemas[i].wanted) {
            status = load_flush(load, error);
            import->error_line = load->line;
        }
    }
    return status;
}

/* Returns records to write tracking records with: they belong to the store, but
 * are written through a schema. */
static quipu_records *any_records(const struct import *import)
{
    for (size_t i = 0; i < import->count; i++) {
        if (import->schemas[i].wanted) {
            return import->schemas[i].load.records;
        }
    }
    return NULL;
}

static int store_trackings(struct import *import, quipu_error *error)
{
    struct tracking_list *list = &import->trackings;
    quipu_records *records = any_records(import);
    int status = QUIPU_OK;

    if (list->count > 0 && !records) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "tracking records can be stored only through a "
                               "schema, and the input has no schema");
    }
    tracking_replace_store(list, &import->from, &import->to);
    for (size_t i = 0; status == QUIPU_OK && i < list->count; i++) {
        status = tracking_store(records, &list->records[i], error);
    }
    return status;
}

static int store_end(struct import *import, const json_t *line,
                     quipu_error *error)
{
    int64_t items = import->items;
    int64_t trackings = import->tracking_lines;
    int status = exchange_decode_end(line, &items, &trackings, error);

    if (status == QUIPU_OK &&
        (items != import->items || trackings != import->tracking_lines)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the input has %lld items and %lld tracking "
                               "records, but its last line counts %lld and "
                               "%lld: lines are missing",
                               (long long)import->items,
                               (long long)import->tracking_lines,
                               (long long)items, (long long)trackings);
    }
    if (status == QUIPU_OK) {
        status = flush(import, error);
    }
    if (status == QUIPU_OK) {
        status = store_trackings(import, error);
    }
    import->ended = status == QUIPU_OK;
    return status;
}

/* ---------------------------------------------------------------- lines */

static int import_line(struct import *import, const json_t *line,
                       quipu_error *error)
{
    static const struct {
        const char *type;
        int (*store)(struct import *import, const json_t *line,
                     quipu_error *error);
    } kinds[] = { { "item", store_item },
                  { "schema", store_schema },
                  { "tracking", store_tracking },
                  { "end", store_end },
                  { EXCHANGE_TYPE, store_begin } };
    const char *type = json_string_value(json_object_get(line, "type"));
    size_t kind = 0;

    import->error_line = import->line;
    if (type && strcmp(type, EXCHANGE_TYPE_DECODED) == 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the input was made for other programs and is "
                               "not complete: export without --decoded");
    }
    if (!type || (!import->begun && strcmp(type, EXCHANGE_TYPE) != 0)) {
        return quipu_error_set(
            error, QUIPU_INVALID,
            import->begun ? "the line has no 'type'"
                          : "the input is not an export: the 'type' of "
                            "its first line is not \"quipu-export\"");
    }
    if (import->ended) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the input continues after the last line of the "
                               "export");
    }
    while (kind < sizeof(kinds) / sizeof(*kinds) &&
           strcmp(kinds[kind].type, type) != 0) {
        kind++;
    }
    if (kind == sizeof(kinds) / sizeof(*kinds)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "unknown type '%s' of line; version 1 of the "
                               "format does not have it",
                               type);
    }
    return kinds[kind].store(import, line, error);
}

/* ---------------------------------------------------------------- input */

static int read_line(struct import *import, const char *text, size_t size,
                     quipu_error *error)
{
    json_t *line = NULL;

    import->line++;
    import->error_line = import->line;
    int status = exchange_decode_line(text, size, &line, error);
    if (status == QUIPU_OK) {
        status = import_line(import, line, error);
    }
    json_decref(line);
    return status;
}

/* Stores the lines before a wrong one, and keeps the number of the wrong one.
 */
static void store_preceding(struct import *import)
{
    const int64_t line = import->error_line;

    (void)flush(import, NULL);
    import->error_line = line;
}

static int read_all(struct import *import, quipu_error *error)
{
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size = 0;
    int status = QUIPU_OK;

    while (status == QUIPU_OK &&
           (size = getline(&text, &capacity, stdin)) != -1) {
        status = read_line(import, text, (size_t)size, error);
    }
    int reason = errno;
    free(text);
    if (status == QUIPU_OK && !import->ended) {
        import->error_line = import->line;
        status =
            ferror(stdin)
                ? quipu_error_set(error, QUIPU_IO, "cannot read the input: %s",
                                  strerror(reason))
                : quipu_error_set(error, QUIPU_INVALID,
                                  "the input is incomplete: the last line "
                                  "of the export is missing");
    }
    if (status != QUIPU_OK) {
        store_preceding(import);
    }
    return status;
}

/* --------------------------------------------------------------- results */

static const struct heading headings[] = {
    { .title = "schema" },
    { .title = "stored", .right = true },
    { .title = "there already", .right = true },
};

static void summarise_json(const struct import_schema *schema)
{
    json_t *line = json_object();
    const char *table = quipu_records_schema(schema->load.records)->table;

    jsonl_set(line, "schema", jsonl_string(table));
    jsonl_set(line, "stored", json_integer(schema->load.written));
    jsonl_set(line, "present", json_integer(schema->load.present));
    jsonl_print(line);
}

static void summarise(const struct import *import)
{
    struct table *table =
        import->args->json || import->count == 0
            ? NULL
            : table_open(headings, sizeof(headings) / sizeof(*headings), false);

    for (size_t i = 0; i < import->count; i++) {
        const struct load *load = &import->schemas[i].load;

        if (!import->schemas[i].wanted) {
            continue;
        }
        if (!table) {
            summarise_json(&import->schemas[i]);
            continue;
        }
        table_add_text(table, quipu_records_schema(load->records)->table);
        table_add_int(table, load->written);
        table_add_int(table, load->present);
    }
    table_close(table);
}

/* Prints the error with its line, and how to continue. */
static enum outcome report_failure(const struct import *import,
                                   const quipu_error *error)
{
    quipu_error full = *error;

    if (import->error_line != 0) {
        quipu_error_set(&full, error->code, "line %lld: %s",
                        (long long)import->error_line, error->message);
    }
    output_error(&full);
    if (import->items > 0) {
        fputs(
            "quipu: the lines before it are stored; run the whole import again "
            "to continue from there\n",
            stderr);
    }
    return FINDING;
}

static int check_wanted(const struct import *import, quipu_error *error)
{
    for (size_t i = 0; i < import->args->schema_count; i++) {
        size_t at = 0;

        while (at < import->count && strcmp(import->schemas[at].table,
                                            import->args->schemas[i]) != 0) {
            at++;
        }
        if (at == import->count) {
            return quipu_error_set(error, QUIPU_NOT_FOUND,
                                   "the input has no schema '%s'",
                                   import->args->schemas[i]);
        }
    }
    return QUIPU_OK;
}

static enum outcome import_all(struct import *import)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_error error;
    int status = quipu_datastore_describe(import->datastore, &info, &error);

    if (status == QUIPU_OK) {
        import->to = info.identity;
        status = read_all(import, &error);
    }
    progress_clear(&import->progress);
    summarise(import);
    if (status != QUIPU_OK) {
        return report_failure(import, &error);
    }
    return check_wanted(import, &error) == QUIPU_OK ? DONE
                                                    : output_error(&error);
}

static void finish(struct import *import)
{
    for (size_t i = 0; i < import->count; i++) {
        if (import->schemas[i].wanted) {
            load_finish(&import->schemas[i].load);
        }
        free(import->schemas[i].table);
    }
    free(import->schemas);
    tracking_finish(&import->trackings);
}

static enum outcome run(const struct args *args)
{
    struct import import = { .args = args };
    quipu_error error;

    if (quipu_datastore_open(args->uri, NULL, &import.datastore, &error) !=
        QUIPU_OK) {
        return output_error(&error);
    }
    progress_init(&import.progress, args->progress);
    enum outcome outcome = import_all(&import);
    finish(&import);
    if (quipu_datastore_close(import.datastore, &error) != QUIPU_OK) {
        outcome = output_error(&error);
    }
    return outcome;
}

const struct command import_command = {
    .name = "import",
    .arguments = "URI",
    .summary = "store an export of quipu export",
    .help =
        "Reads an export from standard input, sets up its schemas, and stores\n"
        "the items with their notification ids. Items that the store has\n"
        "already must be the same, and are skipped: to continue an import\n"
        "that was interrupted, run it again as a whole. An item without a\n"
        "notification id is appended; a repeat is recognised by its event\n"
        "id. With --schema only those schemas are stored, and no tracking\n"
        "records unless --tracking is given.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_AS | OPTION_TRACKING | OPTION_PROGRESS |
               OPTION_JSON | OPTION_HELP,
    .run = run,
    .interrupted =
        "the store has the items that were imported so far; to go on, "
        "run the same command again with the whole input",
};
