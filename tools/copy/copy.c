/* SPDX-License-Identifier: Apache-2.0 */
/* quipu copy: the copying and its results. */
#include "copy.h"
#include "args.h"
#include "compare.h"
#include "entries.h"
#include "output/jsonl.h"
#include "output/memory.h"
#include "output/output.h"
#include "output/table.h"
#include "output/text.h"
#include "timers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------- copying */

static int set_up(struct copy *copy, struct copy_schema *schema,
                  quipu_error *error)
{
    quipu_schema as = *quipu_records_schema(schema->from);

    as.table = schema->table;
    int status = quipu_datastore_setup(copy->to, &as, error);
    return status == QUIPU_OK ? copy_plan_open_schema(copy, schema, error)
                              : status;
}

static int copy_items(struct copy *copy, struct copy_schema *schema,
                      quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GT | QUIPU_QUERY_LTE,
                                .gt = schema->to.head,
                                .lte = schema->head };
    const quipu_item *item = NULL;
    quipu_cursor *cursor = NULL;
    int status = quipu_records_read_log(schema->from, &query, &cursor, error);

    if (status == QUIPU_OK) {
        status = quipu_cursor_next(cursor, &item, error);
    }
    while (status == QUIPU_OK && item) {
        progress_show(&copy->progress, schema->table, "copying",
                      item->notification_id, schema->head);
        status = load_put(&schema->to, item, 0, error);
        if (status == QUIPU_OK) {
            status = quipu_cursor_next(cursor, &item, error);
        }
    }
    quipu_cursor_close(cursor);
    return status == QUIPU_OK ? load_flush(&schema->to, error) : status;
}

static int copy_all(struct copy *copy, quipu_error *error)
{
    const struct tracking_list *trackings = &copy->trackings;
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < copy->from.count; i++) {
        if (!copy->schemas[i].open) {
            status = set_up(copy, &copy->schemas[i], error);
        }
    }
    for (size_t i = 0; status == QUIPU_OK && i < copy->from.count; i++) {
        status = copy_items(copy, &copy->schemas[i], error);
    }
    for (size_t i = 0; status == QUIPU_OK && i < trackings->count; i++) {
        status = tracking_store(copy->schemas[0].to.records,
                                &trackings->records[i], error);
    }
    return status == QUIPU_OK ? copy_entries_write(copy, error) : status;
}

/* -------------------------------------------------------------- results */

static const struct heading headings[] = {
    { .title = "schema" },
    { .title = "items", .right = true },
    { .title = "copied", .right = true },
    { .title = "verdict" },
};

static void summarise_json(const struct copy *copy)
{
    json_t *line = NULL;

    for (size_t i = 0; i < copy->from.count; i++) {
        const struct copy_schema *schema = &copy->schemas[i];

        line = json_object();
        jsonl_set(line, "schema", jsonl_string(schema->table));
        jsonl_set(line, "items", json_integer(schema->head));
        jsonl_set(line, "copied", json_integer(schema->to.written));
        jsonl_set(line, "verdict", json_string("same"));
        jsonl_print(line);
    }
    if (copy->tracked) {
        line = json_object();
        jsonl_set(line, "trackings",
                  json_integer((json_int_t)copy->trackings.count));
        jsonl_set(line, "verdict", json_string("same"));
        jsonl_print(line);
    }
    if (copy->has_entries) {
        line = json_object();
        jsonl_set(line, "entries", json_integer((json_int_t)copy->entry_count));
        jsonl_set(line, "verdict", json_string("same"));
        jsonl_print(line);
    }
}

static void summarise(const struct copy *copy)
{
    if (copy->args->json) {
        summarise_json(copy);
        return;
    }
    struct table *table =
        table_open(headings, sizeof(headings) / sizeof(*headings), false);
    for (size_t i = 0; i < copy->from.count; i++) {
        table_add_text(table, copy->schemas[i].table);
        table_add_int(table, copy->schemas[i].head);
        table_add_int(table, copy->schemas[i].to.written);
        table_add(table, "same");
    }
    table_close(table);
    if (copy->trackings.count > 0) {
        printf("%zu tracking record%s: same\n", copy->trackings.count,
               copy->trackings.count == 1 ? "" : "s");
    }
    if (copy->entry_count > 0) {
        printf("%zu entr%s: same\n", copy->entry_count,
               copy->entry_count == 1 ? "y" : "ies");
    }
}

/* Items that were appended to the source meanwhile are not copied. */
static void report_growth(const struct copy *copy)
{
    for (size_t i = 0; i < copy->from.count; i++) {
        const struct copy_schema *schema = &copy->schemas[i];
        struct text safe = { 0 };
        quipu_position head;
        long long more;

        if (quipu_records_head(schema->from, &head, NULL) != QUIPU_OK ||
            head.notification_id == schema->head) {
            continue;
        }
        more = (long long)(head.notification_id - schema->head);
        text_add_escaped(&safe, schema->table, strlen(schema->table));
        fprintf(stderr,
                "quipu: '%s' has %lld item%s more by now; run the same command "
                "again to copy what was appended meanwhile\n",
                text_content(&safe), more, more == 1 ? "" : "s");
        text_free(&safe);
    }
}

/* Warns if both stores have the same identity.  A comparison of a store with
 * itself proves nothing; but a copy of its files has its identity, too, and
 * only the user can distinguish the two cases. */
static void report_same_identity(const struct copy *copy)
{
    const quipu_datastore_info *from = &copy->from_info;
    const quipu_datastore_info *to = &copy->to_info;
    char identity[QUIPU_UUID_TEXT_SIZE];

    if (copy->args->as || quipu_uuid_is_nil(&from->identity) ||
        memcmp(&from->identity, &to->identity, sizeof(from->identity)) != 0) {
        return;
    }
    quipu_uuid_format(&from->identity, identity);
    fprintf(stderr,
            "quipu: both stores have the identity %s: they are the same "
            "store, or one was made by copying the files of the other\n",
            identity);
}

/* ------------------------------------------------------------- command */

/* Prints the error, and how to continue if the copy was interrupted. */
static enum outcome report_failure(const struct copy *copy, int status,
                                   const quipu_error *error)
{
    const bool interrupted = status == QUIPU_IO || status == QUIPU_BUSY ||
                             status == QUIPU_TIMEOUT ||
                             status == QUIPU_UNKNOWN_OUTCOME;
    const enum outcome outcome = output_error(error);

    if (interrupted && (copy->args->given & OPTION_VERIFY_ONLY) == 0) {
        fputs(
            "quipu: the items that were copied are kept; run the same command "
            "again to continue\n",
            stderr);
    }
    return outcome;
}

static int copy_and_compare(struct copy *copy, quipu_error *error)
{
    int status =
        quipu_datastore_describe(copy->from.datastore, &copy->from_info, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_describe(copy->to, &copy->to_info, error);
    }
    if (status == QUIPU_OK) {
        status = copy_plan_make(copy, error);
    }
    if (status == QUIPU_OK && (copy->args->given & OPTION_VERIFY_ONLY) == 0) {
        status = copy_all(copy, error);
    }
    return status == QUIPU_OK ? copy_compare_stores(copy, error) : status;
}

static void finish(struct copy *copy)
{
    quipu_error error;

    for (size_t i = 0; i < copy->from.count; i++) {
        if (copy->schemas[i].open) {
            load_finish(&copy->schemas[i].to);
        }
    }
    free(copy->schemas);
    tracking_finish(&copy->trackings);
    if (quipu_datastore_close(copy->to, &error) != QUIPU_OK) {
        output_error(&error);
    }
}

/* The runners of both stores would append the events of a timer. */
static void report_timers(const struct copy *copy)
{
    int64_t count = 0;

    (void)timers_for_each(copy->from.datastore, NULL, NULL, &count, NULL);
    if (count > 0) {
        fprintf(stderr,
                "quipu: %" PRId64 " timer%s not copied; only the program can "
                "set %s again in the other store\n",
                count, count == 1 ? " is" : "s are",
                count == 1 ? "it" : "them");
    }
}

static enum outcome copy_store(const struct args *args,
                               const struct store *store)
{
    const bool verify_only = (args->given & OPTION_VERIFY_ONLY) != 0;
    struct copy copy = { .args = args,
                         .from = *store,
                         .from_info = { .struct_size = sizeof(copy.from_info) },
                         .to_info = { .struct_size = sizeof(copy.to_info) },
                         .tracked = args->tracking,
                         .has_entries = args->schema_count == 0 };
    enum outcome outcome = DONE;
    quipu_error error;
    int status =
        verify_only
            ? store_open_readonly(args->second, &copy.to, &error)
            : quipu_datastore_open(args->second, NULL, &copy.to, &error);

    if (status != QUIPU_OK) {
        return output_error(&error);
    }
    progress_init(&copy.progress, args->progress);
    copy.schemas = memory_allocate(store->count, sizeof(*copy.schemas));
    status = copy_and_compare(&copy, &error);
    progress_clear(&copy.progress);
    if (status == QUIPU_OK) {
        summarise(&copy);
        tracking_report_omitted(copy.omitted);
        report_timers(&copy);
        report_growth(&copy);
        report_same_identity(&copy);
    } else {
        outcome = report_failure(&copy, status, &error);
    }
    finish(&copy);
    return outcome;
}

static enum outcome run(const struct args *args)
{
    return store_run(args, copy_store);
}

const struct command copy_command = {
    .name = "copy",
    .arguments = "FROM-URI TO-URI",
    .summary = "copy a store, and compare both stores",
    .help =
        "Copies the schemas of one store with all items, and the key-value\n"
        "entries of programs, to another, of any driver. Notification ids "
        "stay\n"
        "the same. At the end both stores are read again and compared. Items\n"
        "that the target has already must be the same as those of the source:\n"
        "therefore the same command continues after an interruption. Items\n"
        "that are appended meanwhile are copied when it is run again. With\n"
        "--schema only those schemas are copied, and no entries. Tracking\n"
        "records are copied with --tracking only, and those of projections\n"
        "never, since read models are not copied. Nor are timers.",
    .argument_count = 2,
    .options = OPTION_SCHEMA | OPTION_AS | OPTION_TRACKING |
               OPTION_VERIFY_ONLY | OPTION_PROGRESS | OPTION_JSON | OPTION_HELP,
    .run = run,
    .interrupted = "the target has the items that were copied so far; run the "
                   "same command again to go on",
};
