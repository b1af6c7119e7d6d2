/* SPDX-License-Identifier: Apache-2.0 */
/* quipu import: stores what quipu export wrote. */
#include "import.h"
#include "output.h"
#include "store.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int read_line(struct import *import, const char *text, size_t size,
                     quipu_error *error)
{
    json_error_t wrong;
    json_t *line = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong);
    int status;

    import->line++;
    import->wrong = import->line;
    if (!line) {
        return quipu_error_set(
            error, QUIPU_INVALID, "no JSON: %s",
            json_error_code(&wrong) == json_error_null_character
                ? "a text holds a NUL (\\u0000), which no text of a store may"
                : wrong.text);
    }
    status = quipu_tool_import_line(import, line, error);
    json_decref(line);
    return status;
}

/* Stores what came before a line that is wrong, and keeps that error. */
static void keep(struct import *import)
{
    const int64_t wrong = import->wrong;

    (void)quipu_tool_import_flush(import, NULL);
    import->wrong = wrong;
}

static int read_all(struct import *import, quipu_error *error)
{
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size = 0;
    int reason;
    int status = QUIPU_OK;

    while (status == QUIPU_OK &&
           (size = getline(&text, &capacity, stdin)) != -1) {
        status = read_line(import, text, (size_t)size, error);
    }
    reason = errno;
    free(text);
    if (status == QUIPU_OK && !import->ended) {
        import->wrong = import->line;
        status = ferror(stdin)
                     ? quipu_error_set(error, QUIPU_IO,
                                       "the input cannot be read further: %s",
                                       strerror(reason))
                     : quipu_error_set(error, QUIPU_INVALID,
                                       "the input ends here, but the export "
                                       "does not: its last line is missing");
    }
    if (status != QUIPU_OK) {
        keep(import);
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
    const char *table = quipu_records_schema(schema->writer.records)->table;

    quipu_tool_json_set(line, "schema",
                        quipu_tool_json_text(table, strlen(table)));
    quipu_tool_json_set(line, "stored", json_integer(schema->writer.written));
    quipu_tool_json_set(line, "present", json_integer(schema->writer.present));
    quipu_tool_json_line(line);
}

static void summarise(const struct import *import)
{
    struct table *table =
        import->args->json || import->count == 0
            ? NULL
            : quipu_tool_table_open(
                  headings, sizeof(headings) / sizeof(*headings), false);

    for (size_t i = 0; i < import->count; i++) {
        const struct writer *writer = &import->schemas[i].writer;

        if (!import->schemas[i].wanted) {
            continue;
        }
        if (!table) {
            summarise_json(&import->schemas[i]);
            continue;
        }
        quipu_tool_table_add_text(table,
                                  quipu_records_schema(writer->records)->table);
        quipu_tool_table_add_int(table, writer->written);
        quipu_tool_table_add_int(table, writer->present);
    }
    quipu_tool_table_close(table);
}

static enum outcome complain(const struct import *import,
                             const quipu_error *error)
{
    quipu_error told = *error;

    if (import->wrong != 0) {
        quipu_error_set(&told, error->code, "line %lld: %s",
                        (long long)import->wrong, error->message);
    }
    quipu_tool_fail(&told);
    if (import->items > 0) {
        fputs("quipu: what comes before is stored; the whole import may be run "
              "again, and goes on from there\n",
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
    quipu_tool_progress_clear(&import->progress);
    summarise(import);
    if (status != QUIPU_OK) {
        return complain(import, &error);
    }
    return check_wanted(import, &error) == QUIPU_OK ? DONE
                                                    : quipu_tool_fail(&error);
}

static void finish(struct import *import)
{
    for (size_t i = 0; i < import->count; i++) {
        if (import->schemas[i].wanted) {
            quipu_tool_writer_finish(&import->schemas[i].writer);
        }
        free(import->schemas[i].table);
    }
    free(import->schemas);
    quipu_tool_tracking_finish(&import->trackings);
}

static enum outcome run(const struct args *args)
{
    struct import import = { .args = args };
    quipu_error error;
    enum outcome outcome;

    if (quipu_datastore_open(args->uri, NULL, &import.datastore, &error) !=
        QUIPU_OK) {
        return quipu_tool_fail(&error);
    }
    quipu_tool_progress_init(&import.progress, args->progress);
    outcome = import_all(&import);
    finish(&import);
    if (quipu_datastore_close(import.datastore, &error) != QUIPU_OK) {
        outcome = quipu_tool_fail(&error);
    }
    return outcome;
}

const struct command quipu_tool_import = {
    .name = "import",
    .arguments = "URI",
    .summary = "store what quipu export wrote",
    .help =
        "Reads an export from standard input: sets up its schemas, and stores\n"
        "the items with the notification ids that they had. What is stored\n"
        "already must be the same, and is passed over: an import that was\n"
        "interrupted is run again as a whole, and goes on. An item without\n"
        "a notification id is stored next; it is known again by its event\n"
        "id. With --schema only those schemas are stored, and no tracking\n"
        "records, unless --tracking is given.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_AS | OPTION_TRACKING | OPTION_PROGRESS |
               OPTION_JSON | OPTION_HELP,
    .run = run,
};
