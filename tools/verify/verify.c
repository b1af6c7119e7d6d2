/* SPDX-License-Identifier: Apache-2.0 */
/* quipu verify: checks the guarantees of all schemas of a store. */
#include "verify.h"
#include "args.h"
#include "output/jsonl.h"
#include "output/output.h"
#include "output/table.h"
#include "store.h"

#include <stdio.h>
#include <string.h>

static const struct heading headings[] = {
    { .title = "schema" },
    { .title = "items", .right = true },
    { .title = "sequences", .right = true },
    { .title = "erased", .right = true, .optional = true },
    { .title = "findings", .right = true },
    { .title = "verdict" },
};

static void summarise_json(const struct verify *verify)
{
    json_t *line = json_object();

    jsonl_set(line, "schema", jsonl_string(verify->table));
    jsonl_set(line, "items", json_integer(verify->items));
    jsonl_set(line, "sequences", json_integer(verify->sequences));
    jsonl_set(line, "erased", json_integer(verify->erased));
    jsonl_set(line, "findings", json_integer(verify->findings));
    jsonl_set(line, "verdict",
              json_string(verify->findings == 0 ? "clean" : "broken"));
    if (verify->sealed > 0) {
        jsonl_set(line, "sealed", json_integer(verify->sealed));
    }
    jsonl_print(line);
}

static void summarise(struct table *table, const struct verify *verify)
{
    if (!table) {
        summarise_json(verify);
        return;
    }
    table_add_text(table, verify->table);
    table_add_int(table, verify->items);
    table_add_int(table, verify->sequences);
    if (verify->erased > 0) {
        table_add_int(table, verify->erased);
    } else {
        table_add(table, "");
    }
    table_add_int(table, verify->findings);
    table_add(table, verify->findings == 0 ? "clean" : "broken");
}

static int check_schema(struct verify *verify,
                        const struct store_schema *schema, quipu_error *error)
{
    const struct location none = { 0 };

    if (!schema->records) {
        verify_finding_report(verify, "schema", &none, "%s",
                              schema->error.message);
        return QUIPU_OK;
    }
    verify->records = schema->records;
    verify->schema = quipu_records_schema(schema->records);
    int status = verify_log_check(verify, error);
    if (status == QUIPU_OK) {
        status = verify_sequences_check(verify, error);
    }
    if (status == QUIPU_OK) {
        status = verify_agreement_check(verify, error);
    }
    progress_clear(&verify->progress);
    return status;
}

static const struct store_schema *find_schema(const struct store *store,
                                              quipu_bytes log)
{
    for (size_t i = 0; i < store->count; i++) {
        if (quipu_bytes_equal(quipu_bytes_of_text(store->schemas[i].table),
                              log)) {
            return &store->schemas[i];
        }
    }
    return NULL;
}

/* Checks that a consumer of a log of this store has processed no notification
 * that the log does not have.  The head is read after the record, so a consumer
 * that runs meanwhile is behind it. */
static int check_beyond(struct verify *verify, const struct store *store,
                        const quipu_tracking *tracking, quipu_error *error)
{
    const quipu_position *at = &tracking->position;
    const struct location location = { .notification_id = at->notification_id };
    const struct store_schema *schema = find_schema(store, tracking->log);
    quipu_position head;

    if (!schema || !schema->records || quipu_uuid_is_nil(&at->store)) {
        return QUIPU_OK;
    }
    int status = quipu_records_head(schema->records, &head, error);
    if (status == QUIPU_UNSUPPORTED || status == QUIPU_CORRUPT) {
        return QUIPU_OK; /* no log; reported before */
    }
    if (status == QUIPU_OK && at->notification_id > head.notification_id &&
        memcmp(&at->store, &head.store, sizeof(head.store)) == 0) {
        verify_finding_report(
            verify, "U4", &location,
            "the tracking record of consumer \"%.*s\" is beyond the head of "
            "the log \"%s\", %lld: the log was rewound, or the record is "
            "damaged",
            (int)tracking->consumer.size, (const char *)tracking->consumer.data,
            schema->table, (long long)head.notification_id);
    }
    return status;
}

static int check_tracking(struct verify *verify, const struct store *store,
                          const quipu_tracking *tracking, quipu_error *error)
{
    const struct location none = { 0 };

    if (tracking->position.notification_id < 0) {
        verify_finding_report(verify, "U4", &none,
                              "a tracking record has the notification id %lld",
                              (long long)tracking->position.notification_id);
        return QUIPU_OK;
    }
    return check_beyond(verify, store, tracking, error);
}

/* U4: tracking records can be read, and their notification ids are valid. */
static int check_trackings(struct verify *verify, const struct store *store,
                           quipu_error *error)
{
    const struct location none = { 0 };
    quipu_trackings *trackings = NULL;
    const quipu_tracking *tracking = NULL;
    int status = quipu_trackings_open(store->datastore, &trackings, error);

    if (status == QUIPU_UNSUPPORTED) {
        return QUIPU_OK;
    }
    do {
        if (status == QUIPU_OK) {
            status = quipu_trackings_next(trackings, &tracking, error);
        }
        if (status == QUIPU_OK && tracking) {
            status = check_tracking(verify, store, tracking, error);
        }
    } while (status == QUIPU_OK && tracking);
    quipu_trackings_close(trackings);
    if (status == QUIPU_CORRUPT) {
        verify_finding_report(verify, "U4", &none, "%s", error->message);
        return QUIPU_OK;
    }
    return status;
}

/* Prints the findings of all schemas, then the summary. */
static enum outcome check_all(const struct args *args,
                              const struct store *store)
{
    struct table *table =
        args->json
            ? NULL
            : table_open(headings, sizeof(headings) / sizeof(*headings), true);
    struct verify tracking = { .args = args, .table = "(tracking)" };
    quipu_error error;
    int64_t findings = 0;
    int64_t sealed = 0;
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < store->count; i++) {
        struct verify verify = { .args = args,
                                 .table = store->schemas[i].table };

        progress_init(&verify.progress, args->progress);
        status = check_schema(&verify, &store->schemas[i], &error);
        if (status == QUIPU_OK) {
            summarise(table, &verify);
            findings += verify.findings;
            sealed += verify.sealed;
        }
    }
    if (status == QUIPU_OK) {
        status = check_trackings(&tracking, store, &error);
        findings += tracking.findings;
        if (tracking.findings > 0) {
            summarise(table, &tracking);
        }
    }
    table_close(table);
    if (status != QUIPU_OK) {
        output_error(&error);
        return FINDING;
    }
    if (sealed > 0) {
        fprintf(stderr,
                "quipu: %lld states are sealed, and only their envelopes were "
                "checked; use --keys, --dictionary\n",
                (long long)sealed);
    }
    return findings == 0 ? DONE : FINDING;
}

static enum outcome run(const struct args *args)
{
    struct store store;
    enum outcome outcome = store_open(args, &store);

    if (outcome == DONE) {
        outcome = check_all(args, &store);
        store_close(&store);
    }
    return outcome;
}

const struct command verify_command = {
    .name = "verify",
    .arguments = "URI",
    .summary = "check that a store keeps its guarantees",
    .help =
        "Reads the whole store and checks that each position is taken once\n"
        "(U1), that positions (S1) and notification ids (L1) are\n"
        "consecutive, that every state can be decoded, that the log and the\n"
        "sequences give the same items, and that heads are right, and that\n"
        "no consumer is beyond the head of its log (U4), and that erased "
        "items\n"
        "have no contents (E1), which it counts. Names every item\n"
        "that violates this. Needs constant memory; other\n"
        "programs may append meanwhile. Use --raw for a store whose states\n"
        "were encoded by a program itself, not by quipu's mapper. Without\n"
        "--keys only the envelopes of encrypted states are checked.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_RAW | OPTION_KEYS | OPTION_DICTIONARY |
               OPTION_PROGRESS | OPTION_JSON | OPTION_HELP,
    .run = run,
    .interrupted = "the store was not read to its end; run the command again",
};
