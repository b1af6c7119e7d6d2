/* SPDX-License-Identifier: Apache-2.0 */
/* quipu sequences: lists the sequence ids of each schema. */
#include "args.h"
#include "output/jsonl.h"
#include "output/output.h"
#include "output/table.h"
#include "output/text.h"
#include "store.h"

#include <stdio.h>
#include <string.h>

static const struct heading headings[] = {
    { .title = "sequence" }, { .title = "last position", .right = true }
};

static void print_json(const quipu_schema *schema,
                       const quipu_sequence *sequence)
{
    json_t *line = json_object();

    jsonl_set(line, "schema", jsonl_string(schema->table));
    jsonl_set(line, "sequence_id", jsonl_id(schema, sequence->id));
    jsonl_set(line, "last_position", json_integer(sequence->last_position));
    jsonl_print(line);
}

static void print_row(struct table *table, const quipu_schema *schema,
                      const quipu_sequence *sequence)
{
    struct text id = { 0 };

    text_add_id(&id, schema, sequence->id);
    table_add(table, text_content(&id));
    table_add_int(table, sequence->last_position);
    text_free(&id);
}

static int list_schema(const struct args *args, quipu_records *records,
                       bool title, quipu_error *error)
{
    const quipu_bytes all = { 0 };
    const quipu_schema *schema = quipu_records_schema(records);
    quipu_sequences *sequences = NULL;
    const quipu_sequence *sequence = NULL;
    struct table *table = NULL;
    int status = quipu_sequences_open(records, all, &sequences, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!args->json) {
        if (title) {
            output_title(schema->table);
        }
        table = table_open(headings, 2, args->full);
    }
    status = quipu_sequences_next(sequences, &sequence, error);
    while (status == QUIPU_OK && sequence) {
        if (args->json) {
            print_json(schema, sequence);
        } else {
            print_row(table, schema, sequence);
        }
        status = quipu_sequences_next(sequences, &sequence, error);
    }
    quipu_sequences_close(sequences);
    table_close(table);
    return status;
}

static enum outcome list(const struct args *args, const struct store *store)
{
    quipu_error error;

    for (size_t i = 0; i < store->count; i++) {
        if (list_schema(args, store->schemas[i].records, store->count > 1,
                        &error) != QUIPU_OK) {
            output_error(&error);
            return FINDING;
        }
    }
    return DONE;
}

static enum outcome run(const struct args *args)
{
    return store_run(args, list);
}

const struct command sequences_command = {
    .name = "sequences",
    .arguments = "URI",
    .summary = "list the sequences",
    .help = "Lists the sequences in byte order of their ids, each with the\n"
            "position of its last item.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTIONS_OF_LISTS | OPTION_JSON | OPTION_HELP,
    .run = run,
};
