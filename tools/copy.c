/* SPDX-License-Identifier: Apache-2.0 */
/* quipu copy: moves a store to another place, of whatever driver. */
#include "copy.h"
#include "output.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------- copying */

static int set_up(struct copy *copy, struct copy_schema *schema,
                  quipu_error *error)
{
    quipu_schema as = *quipu_records_schema(schema->from);
    int status;

    as.table = schema->table;
    status = quipu_datastore_setup(copy->to, &as, error);
    return status == QUIPU_OK ? quipu_tool_copy_open(copy, schema, error)
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
        quipu_tool_progress(&copy->progress, schema->table, "copying",
                            item->notification_id, schema->head);
        status = quipu_tool_writer_put(&schema->to, item, 0, error);
        if (status == QUIPU_OK) {
            status = quipu_cursor_next(cursor, &item, error);
        }
    }
    quipu_cursor_close(cursor);
    return status == QUIPU_OK ? quipu_tool_writer_flush(&schema->to, error)
                              : status;
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
        status = quipu_tool_tracking_store(copy->schemas[0].to.records,
                                           &trackings->records[i], error);
    }
    return status;
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
        quipu_tool_json_set(
            line, "schema",
            quipu_tool_json_text(schema->table, strlen(schema->table)));
        quipu_tool_json_set(line, "items", json_integer(schema->head));
        quipu_tool_json_set(line, "copied", json_integer(schema->to.written));
        quipu_tool_json_set(line, "verdict", json_string("same"));
        quipu_tool_json_line(line);
    }
    if (copy->tracked) {
        line = json_object();
        quipu_tool_json_set(line, "trackings",
                            json_integer((json_int_t)copy->trackings.count));
        quipu_tool_json_set(line, "verdict", json_string("same"));
        quipu_tool_json_line(line);
    }
}

static void summarise(const struct copy *copy)
{
    struct table *table = NULL;

    if (copy->args->json) {
        summarise_json(copy);
        return;
    }
    table = quipu_tool_table_open(headings,
                                  sizeof(headings) / sizeof(*headings), false);
    for (size_t i = 0; i < copy->from.count; i++) {
        quipu_tool_table_add_text(table, copy->schemas[i].table);
        quipu_tool_table_add_int(table, copy->schemas[i].head);
        quipu_tool_table_add_int(table, copy->schemas[i].to.written);
        quipu_tool_table_add(table, "same");
    }
    quipu_tool_table_close(table);
    if (copy->trackings.count > 0) {
        printf("%zu tracking record%s: same\n", copy->trackings.count,
               copy->trackings.count == 1 ? "" : "s");
    }
}

/* What was stored while it ran is not copied; that is no failure. */
static void tell_growth(const struct copy *copy)
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
        quipu_tool_text_safe(&safe, schema->table, strlen(schema->table));
        fprintf(stderr,
                "quipu: '%s' has %lld item%s more by now; copy again to carry "
                "over what was stored meanwhile\n",
                quipu_tool_text(&safe), more, more == 1 ? "" : "s");
        quipu_tool_text_free(&safe);
    }
}

/* A comparison of a store with itself says nothing; a copy of its files has
 * its identity, too, so that only the user can tell. */
static void tell_twin(const struct copy *copy)
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
            "quipu: both stores have the identity %s: they are one and the "
            "same, or one was made by copying files\n",
            identity);
}

/* ------------------------------------------------------------ the whole */

/* What an interruption left undone, the next run does. */
static enum outcome complain(const struct copy *copy, int status,
                             const quipu_error *error)
{
    const bool interrupted = status == QUIPU_IO || status == QUIPU_BUSY ||
                             status == QUIPU_TIMEOUT ||
                             status == QUIPU_UNKNOWN_OUTCOME;
    const enum outcome outcome = quipu_tool_fail(error);

    if (interrupted && (copy->args->given & OPTION_VERIFY_ONLY) == 0) {
        fputs("quipu: what was copied stays; the same command, given again, "
              "goes on from there\n",
              stderr);
    }
    return outcome;
}

static int work(struct copy *copy, quipu_error *error)
{
    int status =
        quipu_datastore_describe(copy->from.datastore, &copy->from_info, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_describe(copy->to, &copy->to_info, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_tool_copy_plan(copy, error);
    }
    if (status == QUIPU_OK && (copy->args->given & OPTION_VERIFY_ONLY) == 0) {
        status = copy_all(copy, error);
    }
    return status == QUIPU_OK ? quipu_tool_copy_prove(copy, error) : status;
}

static void finish(struct copy *copy)
{
    quipu_error error;

    for (size_t i = 0; i < copy->from.count; i++) {
        if (copy->schemas[i].open) {
            quipu_tool_writer_finish(&copy->schemas[i].to);
        }
    }
    free(copy->schemas);
    quipu_tool_tracking_finish(&copy->trackings);
    if (quipu_datastore_close(copy->to, &error) != QUIPU_OK) {
        quipu_tool_fail(&error);
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
                         .tracked = quipu_tool_args_want_tracking(args) };
    enum outcome outcome = DONE;
    quipu_error error;
    int status =
        verify_only
            ? quipu_tool_store_look(args->second, &copy.to, &error)
            : quipu_datastore_open(args->second, NULL, &copy.to, &error);

    if (status != QUIPU_OK) {
        return quipu_tool_fail(&error);
    }
    quipu_tool_progress_init(&copy.progress, args->progress);
    copy.schemas = quipu_tool_allocate(store->count, sizeof(*copy.schemas));
    status = work(&copy, &error);
    quipu_tool_progress_clear(&copy.progress);
    if (status == QUIPU_OK) {
        summarise(&copy);
        tell_growth(&copy);
        tell_twin(&copy);
    } else {
        outcome = complain(&copy, status, &error);
    }
    finish(&copy);
    return outcome;
}

static enum outcome run(const struct args *args)
{
    return quipu_tool_store_use(args, copy_store);
}

const struct command quipu_tool_copy = {
    .name = "copy",
    .arguments = "FROM-URI TO-URI",
    .summary = "copy a store, and prove that both hold the same",
    .help =
        "Copies the schemas of one store with all items and the tracking\n"
        "records to another, of any driver. Notification ids stay what they\n"
        "are. At the end all is read again from both, and compared. What\n"
        "is there already must be the same as what is to be copied: after an\n"
        "interruption the same command goes on. What is stored while it\n"
        "runs is left out, until it is run again. With --schema only those\n"
        "schemas are copied, and no tracking records, unless --tracking is\n"
        "given.",
    .argument_count = 2,
    .options = OPTION_SCHEMA | OPTION_AS | OPTION_TRACKING |
               OPTION_VERIFY_ONLY | OPTION_PROGRESS | OPTION_JSON | OPTION_HELP,
    .run = run,
};
