/* SPDX-License-Identifier: Apache-2.0 */
/* What a store is, for people. */
#include "info.h"
#include "output.h"
#include "text.h"

#include <stdio.h>

/* A number of bytes, in MiB if it is a whole number of them. */
static void print_size(struct text *line, uint64_t size)
{
    if (size == UINT64_MAX) {
        quipu_tool_text_print(line, "any size");
    } else if (size > 0 && size % (1 << 20) == 0) {
        quipu_tool_text_print(line, "%llu MiB",
                              (unsigned long long)(size >> 20));
    } else {
        quipu_tool_text_print(line, "%llu bytes", (unsigned long long)size);
    }
}

static void print_limits(const quipu_limits *limits)
{
    struct text line = { 0 };

    quipu_tool_text_print(&line, "a state: ");
    print_size(&line, limits->state_size);
    quipu_tool_text_print(&line, "; an append: %llu items, ",
                          (unsigned long long)limits->append_items);
    print_size(&line, limits->append_size);
    quipu_tool_field("limits", quipu_tool_text(&line));
    quipu_tool_text_free(&line);
}

static void print_datastore(const quipu_datastore_info *info)
{
    char identity[QUIPU_UUID_TEXT_SIZE];
    struct text line = { 0 };
    const char *title = "capabilities";

    quipu_uuid_format(&info->identity, identity);
    quipu_tool_text_print(&line, "%s %s", info->driver, info->driver_version);
    quipu_tool_field("uri", info->uri);
    quipu_tool_field("driver", quipu_tool_text(&line));
    quipu_tool_field("library", info->library);
    quipu_tool_field("identity", identity);
    if (info->name_space && info->name_space[0] != '\0') {
        quipu_tool_field("namespace", info->name_space);
    }
    for (const struct capability *each = quipu_tool_capabilities;
         each->bit != 0; each++) {
        if ((info->capabilities & each->bit) != 0) {
            quipu_tool_field(title, each->meaning);
            title = "";
        }
    }
    print_limits(&info->limits);
    quipu_tool_text_free(&line);
}

static void print_columns(const quipu_schema *schema)
{
    const char *word = NULL;
    struct text line = { 0 };

    for (int i = 0; i < INFO_COLUMN_COUNT; i++) {
        const char *name = quipu_tool_info_column(schema, i, &word);

        if (name) {
            quipu_tool_text_clear(&line);
            quipu_tool_text_print(&line, "%s (%s)", name, word);
            quipu_tool_field(i == 0 ? "  columns" : "", quipu_tool_text(&line));
        }
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        quipu_tool_text_clear(&line);
        quipu_tool_text_print(&line, "%s (further, %s)",
                              schema->columns[i].name,
                              quipu_tool_info_kind(schema->columns[i].kind));
        quipu_tool_field("", quipu_tool_text(&line));
    }
    quipu_tool_text_free(&line);
}

static int print_head(quipu_records *records, quipu_error *error)
{
    char event_id[QUIPU_UUID_TEXT_SIZE];
    struct text line = { 0 };
    quipu_position head;
    const int status = quipu_records_head(records, &head, error);

    if (status == QUIPU_UNSUPPORTED) {
        quipu_tool_field("  head", "(the driver keeps no log)");
        return QUIPU_OK;
    }
    if (status == QUIPU_OK) {
        quipu_tool_text_print(&line, "%lld", (long long)head.notification_id);
        if (!quipu_uuid_is_nil(&head.event_id)) {
            quipu_uuid_format(&head.event_id, event_id);
            quipu_tool_text_print(&line, ", event id %s", event_id);
        }
        quipu_tool_field("  head", quipu_tool_text(&line));
    }
    quipu_tool_text_free(&line);
    return status;
}

static int print_schema(const struct store_schema *schema, quipu_error *error)
{
    const quipu_schema *described = NULL;

    putchar('\n');
    quipu_tool_field("schema", schema->table);
    if (!schema->records) {
        quipu_tool_field("  unusable", schema->error.message);
        return QUIPU_OK;
    }
    described = quipu_records_schema(schema->records);
    quipu_tool_field("  sequence ids",
                     (described->flags & QUIPU_SCHEMA_TEXT_IDS) != 0 ? "text"
                                                                     : "UUID");
    quipu_tool_field("  positions",
                     (described->flags & QUIPU_SCHEMA_SPARSE) != 0
                         ? "sparse (any, each taken once)"
                         : "contiguous (0, 1, 2 ...)");
    print_columns(described);
    return print_head(schema->records, error);
}

static int print_trackings(quipu_datastore *datastore, quipu_error *error)
{
    quipu_trackings *trackings = NULL;
    const quipu_tracking *tracking = NULL;
    struct text line = { 0 };
    const char *title = "tracking";
    int status = quipu_trackings_open(datastore, &trackings, error);

    if (status == QUIPU_UNSUPPORTED) {
        return QUIPU_OK;
    }
    while (status == QUIPU_OK) {
        status = quipu_trackings_next(trackings, &tracking, error);
        if (status != QUIPU_OK || !tracking) {
            break;
        }
        quipu_tool_text_clear(&line);
        quipu_tool_text_safe(&line, tracking->consumer.data,
                             tracking->consumer.size);
        quipu_tool_text_print(&line, " has processed ");
        quipu_tool_text_safe(&line, tracking->log.data, tracking->log.size);
        quipu_tool_text_print(&line, " up to %lld",
                              (long long)tracking->position.notification_id);
        printf("%s%-14s  %s\n", title[0] == '\0' ? "" : "\n", title,
               quipu_tool_text(&line));
        title = "";
    }
    quipu_trackings_close(trackings);
    quipu_tool_text_free(&line);
    return status;
}

int quipu_tool_info_text(const struct store *store,
                         const quipu_datastore_info *info, quipu_error *error)
{
    int status = QUIPU_OK;

    print_datastore(info);
    for (size_t i = 0; status == QUIPU_OK && i < store->count; i++) {
        status = print_schema(&store->schemas[i], error);
    }
    if (status == QUIPU_OK) {
        status = print_trackings(store->datastore, error);
    }
    return status;
}
