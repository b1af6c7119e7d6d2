/* SPDX-License-Identifier: Apache-2.0 */
/* quipu export: writes a store as JSON Lines, without loss. */
#include "args.h"
#include "exchange.h"
#include "output/jsonl.h"
#include "output/output.h"
#include "output/progress.h"
#include "store.h"
#include "tracking.h"

#include <stdio.h>

struct export
{
    const struct args *args;
    struct progress progress;
    int64_t items;
};

static int write_items(struct export *export, quipu_records *records,
                       const char *table, int64_t head, quipu_error *error)
{
    const quipu_schema *schema = quipu_records_schema(records);
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GT | QUIPU_QUERY_LTE,
                                .gt = export->args->after,
                                .lte = head };
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    int status = quipu_records_read_log(records, &query, &cursor, error);

    if (status == QUIPU_OK) {
        status = quipu_cursor_next(cursor, &item, error);
    }
    while (status == QUIPU_OK && item) {
        jsonl_print(export->args->decoded
                        ? exchange_decoded_item(schema, table, item)
                        : exchange_encode_item(schema, table, item));
        export->items++;
        progress_show(&export->progress, table, "exporting",
                      item->notification_id, head);
        status = quipu_cursor_next(cursor, &item, error);
    }
    quipu_cursor_close(cursor);
    return status;
}

static int write_schema(struct export *export, quipu_records *records,
                        quipu_error *error)
{
    const struct args *args = export->args;
    const quipu_schema *schema = quipu_records_schema(records);
    const char *table = args->as ? args->as : schema->table;
    quipu_position head;
    int status = quipu_records_head(records, &head, error);

    if (status != QUIPU_OK) {
        return status;
    }
    jsonl_print(exchange_encode_schema(schema, table, args->after,
                                       head.notification_id));
    return write_items(export, records, table, head.notification_id, error);
}

static int write_all(struct export *export, const struct store *store,
                     const struct tracking_list *trackings, quipu_error *error)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    int status = quipu_datastore_describe(store->datastore, &info, error);

    if (status == QUIPU_OK) {
        jsonl_print(exchange_encode_begin(
            export->args->decoded ? EXCHANGE_TYPE_DECODED : EXCHANGE_TYPE,
            &info.identity));
    }
    for (size_t i = 0; status == QUIPU_OK && i < store->count; i++) {
        status = write_schema(export, store->schemas[i].records, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    for (size_t i = 0; i < trackings->count; i++) {
        jsonl_print(exchange_encode_tracking(&trackings->records[i]));
    }
    jsonl_print(exchange_encode_end(export->items, (int64_t)trackings->count));
    return QUIPU_OK;
}

static enum outcome export_store(const struct args *args,
                                 const struct store *store)
{
    struct export export = { .args = args };
    struct tracking_list trackings = { 0 };
    size_t omitted = 0;
    quipu_error error;
    int status = QUIPU_OK;

    progress_init(&export.progress, args->progress);
    /* Read before the heads, so that no tracking record is above the head of
     * its log. */
    if (args_want_tracking(args)) {
        status = tracking_read_movable(store->datastore, &trackings, &omitted,
                                       &error);
    }
    if (status == QUIPU_OK) {
        status = write_all(&export, store, &trackings, &error);
    }
    tracking_finish(&trackings);
    progress_clear(&export.progress);
    if (status != QUIPU_OK) {
        output_error(&error);
        return FINDING;
    }
    tracking_report_omitted(omitted);
    return DONE;
}

static enum outcome run(const struct args *args)
{
    if (!args->decoded &&
        (args->given & (OPTION_KEYS | OPTION_DICTIONARY)) != 0) {
        fputs("quipu: --keys and --dictionary belong to --decoded; states are "
              "exported as they are stored\n",
              stderr);
        return USAGE;
    }
    return store_run(args, export_store);
}

const struct command export_command = {
    .name = "export",
    .arguments = "URI",
    .summary = "write a store as JSON Lines",
    .help =
        "Writes the schemas of a store, their items in order of notification\n"
        "id, and the tracking records to standard output, one per line and\n"
        "without loss, for quipu import or any program that reads JSON.\n"
        "Items that are appended meanwhile are left out. With --schema only\n"
        "those schemas are written, and no tracking records unless\n"
        "--tracking is given. With --decoded states and metadata are JSON,\n"
        "for jq, data frames and databases; quipu import refuses that.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_AS | OPTION_TRACKING | OPTION_AFTER |
               OPTION_DECODED | OPTION_KEYS | OPTION_DICTIONARY |
               OPTION_PROGRESS | OPTION_HELP,
    .run = run,
    .interrupted = "the output is incomplete; run the command again",
};
