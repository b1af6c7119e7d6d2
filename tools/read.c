/* SPDX-License-Identifier: Apache-2.0 */
/* quipu read: prints the items of one sequence. */
#include "args.h"
#include "output/item_printer.h"
#include "output/output.h"
#include "store.h"

#include <stdio.h>

static void make_query(const struct args *args, quipu_query *query)
{
    *query = (quipu_query){ .struct_size = sizeof(*query),
                            .gte = args->from,
                            .lte = args->to,
                            .limit = args->limit };
    if ((args->given & OPTION_FROM) != 0) {
        query->flags |= QUIPU_QUERY_GTE;
    }
    if ((args->given & OPTION_TO) != 0) {
        query->flags |= QUIPU_QUERY_LTE;
    }
    if ((args->given & OPTION_LIMIT) != 0) {
        query->flags |= QUIPU_QUERY_LIMIT;
    }
    if (args->reverse) {
        query->flags |= QUIPU_QUERY_DESCENDING;
    }
}

/* Prints the sequence and sets *found if the schema has it. */
static int read_schema(const struct args *args, quipu_records *records,
                       bool title, bool *found, quipu_error *error)
{
    const quipu_schema *schema = quipu_records_schema(records);
    quipu_cursor *cursor = NULL;
    struct item_printer *printer = NULL;
    quipu_query query;
    quipu_id id;
    int64_t last = 0;
    int status = store_find_id(records, args->second, &id, error);

    if (status == QUIPU_OK) {
        status = quipu_records_last(records, quipu_id_bytes(&id), &last, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    *found = true;
    make_query(args, &query);
    status = quipu_records_read(records, quipu_id_bytes(&id), &query, &cursor,
                                error);
    if (status == QUIPU_OK) {
        printer = item_printer_open(args, schema, title);
        status = item_printer_print_all(printer, cursor, error);
        item_printer_close(printer);
    }
    return status;
}

/* Reads the sequence in every schema.  An id of the wrong kind for one schema
 * is an error only if it is wrong for all of them. */
static enum outcome read_all(const struct args *args, const struct store *store)
{
    quipu_error error;
    bool found = false;
    bool possible = false;

    quipu_error_set(&error, QUIPU_NOT_FOUND, "the store has no schema");
    for (size_t i = 0; i < store->count; i++) {
        const int status = read_schema(args, store->schemas[i].records,
                                       store->count > 1, &found, &error);

        possible = possible || status != QUIPU_INVALID;
        if (status != QUIPU_OK && status != QUIPU_NOT_FOUND &&
            status != QUIPU_INVALID) {
            output_error(&error);
            return FINDING;
        }
    }
    if (found) {
        return DONE;
    }
    if (possible) {
        quipu_error_set(&error, QUIPU_NOT_FOUND,
                        "the store has no sequence '%s'", args->second);
    }
    return output_error(&error);
}

static enum outcome run(const struct args *args)
{
    return store_run(args, read_all);
}

const struct command read_command = {
    .name = "read",
    .arguments = "URI SEQUENCE",
    .summary = "show the items of one sequence",
    .help =
        "Shows the items of one sequence in order of position. SEQUENCE is\n"
        "a UUID or a text, depending on the kind of the schema's ids; of a\n"
        "UUID the beginning is enough, from four digits on, if it is that of\n"
        "one sequence only. Write -- before an id that begins with a hyphen.",
    .argument_count = 2,
    .options = OPTION_SCHEMA | OPTION_FROM | OPTION_TO | OPTION_LIMIT |
               OPTION_REVERSE | OPTIONS_OF_ITEMS | OPTION_JSON | OPTION_HELP,
    .run = run,
};
