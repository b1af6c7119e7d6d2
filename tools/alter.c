/* SPDX-License-Identifier: Apache-2.0 */
/* quipu alter: adds further columns to a schema that is set up. */
#include "args.h"
#include "output/memory.h"
#include "output/output.h"
#include "output/text.h"
#include "question.h"
#include "schema_names.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct alteration {
    const struct args *args;
    quipu_schema wanted;
    quipu_column columns[2 * QUIPU_COLUMNS_MAX]; /* of `wanted` */
    size_t present;                              /* columns that it has */
    char *names[QUIPU_COLUMNS_MAX];              /* of the new columns */
    size_t name_count;
};

/* ------------------------------------------------------------- definitions */

/* Splits NAME:KIND at its last colon.  INVALID: there is none, or no kind of
 * that name. */
static int parse(struct alteration *alteration, const char *text,
                 quipu_column *column, quipu_error *error)
{
    char *name = memory_copy_string(text);
    char *colon = strrchr(name, ':');

    alteration->names[alteration->name_count++] = name;
    *column = (quipu_column){ .name = name };
    if (colon) {
        *colon = '\0';
        column->kind = schema_names_kind_of(colon + 1);
    }
    return column->kind != QUIPU_VALUE_NULL
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_INVALID,
                                 "--add takes NAME:KIND, not %s; a kind is "
                                 "bool, int, double, text, bytes, uuid or time",
                                 text);
}

/* Returns true if the schema has the column already, so that the command can be
 * repeated. */
static bool is_present(const struct alteration *alteration,
                       const quipu_column *column)
{
    for (size_t i = 0; i < alteration->present; i++) {
        if (strcmp(alteration->columns[i].name, column->name) == 0 &&
            alteration->columns[i].kind == column->kind) {
            return true;
        }
    }
    return false;
}

/* Makes the definition that is wanted from the one of the store. */
static int define(struct alteration *alteration, const quipu_schema *present,
                  quipu_error *error)
{
    const struct args *args = alteration->args;
    int status = QUIPU_OK;

    alteration->wanted = *present;
    alteration->wanted.columns = alteration->columns;
    alteration->present = present->column_count;
    if (present->column_count > 0) {
        memcpy(alteration->columns, present->columns,
               present->column_count * sizeof(*present->columns));
    }
    for (size_t i = 0; status == QUIPU_OK && i < args->add_count; i++) {
        quipu_column *column =
            &alteration->columns[alteration->wanted.column_count];

        status = parse(alteration, args->adds[i], column, error);
        if (status == QUIPU_OK && !is_present(alteration, column)) {
            alteration->wanted.column_count++;
        }
    }
    return status == QUIPU_OK ? quipu_schema_check(&alteration->wanted, error)
                              : status;
}

/* -------------------------------------------------------------- the change */

static bool ask(const struct alteration *alteration, enum outcome *outcome)
{
    struct text text = { 0 };

    text_print(&text,
               "Add %zu column%s to '%s' for ever? Programs that do not name "
               "them cannot open the schema any more.",
               alteration->wanted.column_count - alteration->present,
               alteration->wanted.column_count - alteration->present == 1 ? ""
                                                                          : "s",
               alteration->wanted.table);
    bool agreed = question_ask(alteration->args, text_content(&text), outcome);

    text_free(&text);
    return agreed;
}

static enum outcome apply(const struct alteration *alteration)
{
    quipu_datastore *datastore = NULL;
    quipu_error error;
    int status = store_open_existing(alteration->args->uri, &datastore, &error);

    if (status != QUIPU_OK) {
        return output_error(&error);
    }
    status = quipu_datastore_alter(datastore, &alteration->wanted, &error);
    const enum outcome outcome =
        status == QUIPU_OK ? DONE : output_error(&error);

    return quipu_datastore_close(datastore, &error) == QUIPU_OK
               ? outcome
               : output_error(&error);
}

static void report(const struct alteration *alteration)
{
    const bool dry = (alteration->args->given & OPTION_DRY_RUN) != 0;
    const char *title = dry ? "would add" : "added";
    struct text line = { 0 };

    output_field("schema", alteration->wanted.table);
    if (alteration->present == alteration->wanted.column_count) {
        output_field(title, "nothing: it has all these columns");
    }
    for (size_t i = alteration->present; i < alteration->wanted.column_count;
         i++) {
        const quipu_column *column = &alteration->columns[i];

        text_clear(&line);
        text_print(&line, "%s (further, %s)", column->name,
                   schema_names_kind(column->kind));
        output_field(title, text_content(&line));
        title = "";
    }
    text_free(&line);
}

static enum outcome alter(struct alteration *alteration,
                          const quipu_schema *present)
{
    quipu_error error;
    enum outcome outcome = DONE;

    if (define(alteration, present, &error) != QUIPU_OK) {
        return output_error(&error);
    }
    if ((alteration->args->given & OPTION_DRY_RUN) == 0 &&
        alteration->wanted.column_count > alteration->present) {
        if (!ask(alteration, &outcome)) {
            return outcome;
        }
        outcome = apply(alteration);
    }
    if (outcome == DONE) {
        report(alteration);
    }
    return outcome;
}

/* ----------------------------------------------------------------- command */

/* Returns the one schema that is to be altered, or NULL after a message. */
static const quipu_schema *choose(const struct store *store)
{
    quipu_error error;

    if (store->count == 1 && store->schemas[0].records) {
        return quipu_records_schema(store->schemas[0].records);
    }
    if (store->count == 1) {
        output_error(&store->schemas[0].error);
    } else {
        (void)quipu_error_set(&error, QUIPU_NOT_FOUND,
                              "the store has %zu schemas; name one with "
                              "--schema TABLE",
                              store->count);
        output_error(&error);
    }
    return NULL;
}

static enum outcome run(const struct args *args)
{
    struct alteration alteration = { .args = args };
    struct store store;
    quipu_error error;

    if (args->add_count == 0) {
        (void)quipu_error_set(&error, QUIPU_INVALID,
                              "no column was named; name it with --add "
                              "NAME:KIND");
        return output_error(&error);
    }
    enum outcome outcome = store_open(args, &store);

    if (outcome != DONE) {
        return outcome;
    }
    const quipu_schema *present = choose(&store);

    outcome = present ? alter(&alteration, present) : FINDING;
    for (size_t i = 0; i < alteration.name_count; i++) {
        free(alteration.names[i]);
    }
    store_close(&store);
    return outcome;
}

const struct command alter_command = {
    .name = "alter",
    .arguments = "URI",
    .summary = "add columns to a schema that is set up",
    .help =
        "Adds further columns to a schema, behind those that it has. The\n"
        "items that are stored have no value (NULL) in them. Programs that\n"
        "have the schema open go on; those that open it later have to name\n"
        "the new columns, in this order. With --dry-run it prints what it\n"
        "would add, and changes nothing.",
    .argument_count = 1,
    .options =
        OPTION_SCHEMA | OPTION_ADD | OPTION_DRY_RUN | OPTION_YES | OPTION_HELP,
    .run = run,
};
