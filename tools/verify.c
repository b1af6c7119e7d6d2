/* SPDX-License-Identifier: Apache-2.0 */
/* quipu verify: whether a store holds what quipu promises. */
#include "verify.h"
#include "output.h"
#include "store.h"

#include <stdio.h>
#include <string.h>

static const struct heading headings[] = {
    { .title = "schema" },
    { .title = "items", .right = true },
    { .title = "sequences", .right = true },
    { .title = "findings", .right = true },
    { .title = "verdict" },
};

static void summarise_json(const struct verify *verify)
{
    json_t *line = json_object();

    quipu_tool_json_set(
        line, "schema",
        quipu_tool_json_text(verify->table, strlen(verify->table)));
    quipu_tool_json_set(line, "items", json_integer(verify->items));
    quipu_tool_json_set(line, "sequences", json_integer(verify->sequences));
    quipu_tool_json_set(line, "findings", json_integer(verify->findings));
    quipu_tool_json_set(
        line, "verdict",
        json_string(verify->findings == 0 ? "clean" : "broken"));
    quipu_tool_json_line(line);
}

static void summarise(struct table *table, const struct verify *verify)
{
    if (!table) {
        summarise_json(verify);
        return;
    }
    quipu_tool_table_add_text(table, verify->table);
    quipu_tool_table_add_int(table, verify->items);
    quipu_tool_table_add_int(table, verify->sequences);
    quipu_tool_table_add_int(table, verify->findings);
    quipu_tool_table_add(table, verify->findings == 0 ? "clean" : "broken");
}

static int check_schema(struct verify *verify,
                        const struct store_schema *schema, quipu_error *error)
{
    const struct where nowhere = { 0 };
    int status;

    if (!schema->records) {
        quipu_tool_verify_found(verify, "schema", &nowhere, "%s",
                                schema->error.message);
        return QUIPU_OK;
    }
    verify->records = schema->records;
    verify->schema = quipu_records_schema(schema->records);
    status = quipu_tool_verify_log(verify, error);
    if (status == QUIPU_OK) {
        status = quipu_tool_verify_sequences(verify, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_tool_verify_agreement(verify, error);
    }
    quipu_tool_progress_clear(&verify->progress);
    return status;
}

/* Tracking records can be read, and name positions that can be. */
static int check_trackings(struct verify *verify, quipu_datastore *datastore,
                           quipu_error *error)
{
    const struct where nowhere = { 0 };
    quipu_trackings *trackings = NULL;
    const quipu_tracking *tracking = NULL;
    int status = quipu_trackings_open(datastore, &trackings, error);

    if (status == QUIPU_UNSUPPORTED) {
        return QUIPU_OK;
    }
    do {
        if (status == QUIPU_OK) {
            status = quipu_trackings_next(trackings, &tracking, error);
        }
        if (status == QUIPU_OK && tracking &&
            tracking->position.notification_id < 0) {
            quipu_tool_verify_found(
                verify, "U4", &nowhere, "a tracking record stands at %lld",
                (long long)tracking->position.notification_id);
        }
    } while (status == QUIPU_OK && tracking);
    quipu_trackings_close(trackings);
    if (status == QUIPU_CORRUPT) {
        quipu_tool_verify_found(verify, "U4", &nowhere, "%s", error->message);
        return QUIPU_OK;
    }
    return status;
}

/* Checks all, and prints the summary behind the findings. */
static enum outcome check_all(const struct args *args,
                              const struct store *store)
{
    struct table *table =
        args->json ? NULL
                   : quipu_tool_table_open(
                         headings, sizeof(headings) / sizeof(*headings), true);
    struct verify tracking = { .args = args, .table = "(tracking)" };
    quipu_error error;
    int64_t findings = 0;
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < store->count; i++) {
        struct verify verify = { .args = args,
                                 .table = store->schemas[i].table };

        quipu_tool_progress_init(&verify.progress, args->progress);
        status = check_schema(&verify, &store->schemas[i], &error);
        if (status == QUIPU_OK) {
            summarise(table, &verify);
            findings += verify.findings;
        }
    }
    if (status == QUIPU_OK) {
        status = check_trackings(&tracking, store->datastore, &error);
        findings += tracking.findings;
    }
    quipu_tool_table_close(table);
    if (status != QUIPU_OK) {
        quipu_tool_fail(&error);
        return FINDING;
    }
    return findings == 0 ? DONE : FINDING;
}

static enum outcome run(const struct args *args)
{
    struct store store;
    enum outcome outcome = quipu_tool_store_open(args, &store);

    if (outcome == DONE) {
        outcome = check_all(args, &store);
        quipu_tool_store_close(&store);
    }
    return outcome;
}

const struct command quipu_tool_verify = {
    .name = "verify",
    .arguments = "URI",
    .summary = "prove that a store keeps its guarantees",
    .help =
        "Walks the whole store and checks that each position is taken once\n"
        "(U1), positions follow each other (S1), notification ids too (L1),\n"
        "every state can be decoded, the log and the sequences give the\n"
        "same items, and heads are right. Names every item that breaks\n"
        "this. Takes constant memory; the store may be written to\n"
        "meanwhile. --raw is for stores whose states were not written by\n"
        "quipu's mapper, but by a program of its own.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_RAW | OPTION_PROGRESS | OPTION_JSON |
               OPTION_HELP,
    .run = run,
};
