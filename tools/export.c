/* SPDX-License-Identifier: Apache-2.0 */
/* quipu export: a store as JSON Lines, with nothing left out. */
#include "exchange.h"
#include "output.h"
#include "progress.h"
#include "store.h"
#include "tracking.h"

#include <stdio.h>

struct exporting {
    const struct args *args;
    struct progress progress;
    int64_t items;
};

static int write_items(struct exporting *exporting, quipu_records *records,
                       const char *table, int64_t head, quipu_error *error)
{
    const quipu_schema *schema = quipu_records_schema(records);
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GT | QUIPU_QUERY_LTE,
                                .gt = exporting->args->after,
                                .lte = head };
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    int status = quipu_records_read_log(records, &query, &cursor, error);

    if (status == QUIPU_OK) {
        status = quipu_cursor_next(cursor, &item, error);
    }
    while (status == QUIPU_OK && item) {
        quipu_tool_json_line(quipu_tool_exchange_item(schema, table, item));
        exporting->items++;
        quipu_tool_progress(&exporting->progress, table, "exporting",
                            item->notification_id, head);
        status = quipu_cursor_next(cursor, &item, error);
    }
    quipu_cursor_close(cursor);
    return status;
}

static int write_schema(struct exporting *exporting, quipu_records *records,
                        quipu_error *error)
{
    const struct args *args = exporting->args;
    const quipu_schema *schema = quipu_records_schema(records);
    const char *table = args->as ? args->as : schema->table;
    quipu_position head;
    int status = quipu_records_head(records, &head, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_tool_json_line(quipu_tool_exchange_schema(schema, table, args->after,
                                                    head.notification_id));
    return write_items(exporting, records, table, head.notification_id, error);
}

static int write_all(struct exporting *exporting, const struct store *store,
                     const struct tracking_list *trackings, quipu_error *error)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    int status = quipu_datastore_describe(store->datastore, &info, error);

    if (status == QUIPU_OK) {
        quipu_tool_json_line(quipu_tool_exchange_begin(&info.identity));
    }
    for (size_t i = 0; status == QUIPU_OK && i < store->count; i++) {
        status = write_schema(exporting, store->schemas[i].records, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    for (size_t i = 0; i < trackings->count; i++) {
        quipu_tool_json_line(
            quipu_tool_exchange_tracking(&trackings->records[i]));
    }
    quipu_tool_json_line(
        quipu_tool_exchange_end(exporting->items, (int64_t)trackings->count));
    return QUIPU_OK;
}

static enum outcome export_store(const struct args *args,
                                 const struct store *store)
{
    struct exporting exporting = { .args = args };
    struct tracking_list trackings = { 0 };
    quipu_error error;
    int status = QUIPU_OK;

    quipu_tool_progress_init(&exporting.progress, args->progress);
    /* Before the heads are: no consumer is then ahead of the items. */
    if (quipu_tool_args_want_tracking(args)) {
        status = quipu_tool_tracking_read(store->datastore, &trackings, &error);
    }
    if (status == QUIPU_OK) {
        status = write_all(&exporting, store, &trackings, &error);
    }
    quipu_tool_tracking_finish(&trackings);
    quipu_tool_progress_clear(&exporting.progress);
    if (status != QUIPU_OK) {
        quipu_tool_fail(&error);
        return FINDING;
    }
    return DONE;
}

static enum outcome run(const struct args *args)
{
    return quipu_tool_store_use(args, export_store);
}

const struct command quipu_tool_export = {
    .name = "export",
    .arguments = "URI",
    .summary = "write a store as JSON Lines",
    .help =
        "Writes the schemas of a store, their items in order of notification\n"
        "id, and the tracking records, one a line, without any loss, for\n"
        "quipu import or any program that reads JSON. What is stored while\n"
        "it runs is left out. With --schema only those schemas are\n"
        "written, and no tracking records, unless --tracking is given.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_AS | OPTION_TRACKING | OPTION_AFTER |
               OPTION_PROGRESS | OPTION_HELP,
    .run = run,
};
