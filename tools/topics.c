/* SPDX-License-Identifier: Apache-2.0 */
/* quipu topics: counts the items of each topic and version. */
#include "args.h"
#include "output/jsonl.h"
#include "output/memory.h"
#include "output/output.h"
#include "output/table.h"
#include "output/text.h"
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Versions of items whose state says none; above all that there can be. */
#define ERASED ((int64_t)UINT32_MAX + 1)
#define UNREADABLE ((int64_t)UINT32_MAX + 2)

static const struct heading headings[] = {
    { .title = "topic" },
    { .title = "version", .right = true },
    { .title = "items", .right = true }
};

/* The items of one topic and version. */
struct group {
    char *topic;
    size_t size; /* of the topic, in bytes */
    int64_t version;
    long long items;
};

/* Groups, by topic and version.  Their number is that of the topics and
 * versions, not of the items. */
struct groups {
    struct group *all;
    size_t count;
    size_t capacity;
};

/* ---------------------------------------------------------------- counting */

static int64_t version_of(const quipu_item *item)
{
    quipu_state parts;

    if (item->flags & QUIPU_ITEM_ERASED) {
        return ERASED;
    }
    return quipu_state_split(item->state, &parts, NULL) == QUIPU_OK
               ? (int64_t)parts.version
               : UNREADABLE;
}

static int compare(const struct group *group, quipu_bytes topic,
                   int64_t version)
{
    size_t size = group->size < topic.size ? group->size : topic.size;
    int order = size > 0 ? memcmp(group->topic, topic.data, size) : 0;

    if (order != 0) {
        return order;
    }
    if (group->size != topic.size) {
        return group->size < topic.size ? -1 : 1;
    }
    return (group->version > version) - (group->version < version);
}

/* Returns the place of a group: its own, or where it has to be inserted. */
static size_t find(const struct groups *groups, quipu_bytes topic,
                   int64_t version)
{
    size_t low = 0;
    size_t high = groups->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&groups->all[middle], topic, version) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void count_item(struct groups *groups, const quipu_item *item)
{
    const int64_t version = version_of(item);
    size_t at = find(groups, item->topic, version);
    struct group *group;

    if (at < groups->count &&
        compare(&groups->all[at], item->topic, version) == 0) {
        groups->all[at].items++;
        return;
    }
    if (groups->count == groups->capacity) {
        groups->capacity = groups->capacity ? 2 * groups->capacity : 16;
        groups->all =
            memory_resize(groups->all, groups->capacity, sizeof(*groups->all));
    }
    group = &groups->all[at];
    memmove(group + 1, group, (groups->count - at) * sizeof(*group));
    *group = (struct group){ .topic = memory_allocate(item->topic.size + 1, 1),
                             .size = item->topic.size,
                             .version = version,
                             .items = 1 };
    if (item->topic.size > 0) {
        memcpy(group->topic, item->topic.data, item->topic.size);
    }
    groups->count++;
}

static int count_all(struct groups *groups, quipu_cursor *cursor,
                     quipu_error *error)
{
    const quipu_item *item = NULL;
    int status = quipu_cursor_next(cursor, &item, error);

    while (status == QUIPU_OK && item) {
        count_item(groups, item);
        status = quipu_cursor_next(cursor, &item, error);
    }
    quipu_cursor_close(cursor);
    return status;
}

/* Of a schema that keeps no log. */
static int count_sequences(struct groups *groups, quipu_records *records,
                           quipu_error *error)
{
    quipu_sequences *sequences = NULL;
    const quipu_sequence *sequence = NULL;
    int status =
        quipu_sequences_open(records, (quipu_bytes){ 0 }, &sequences, error);

    if (status == QUIPU_OK) {
        status = quipu_sequences_next(sequences, &sequence, error);
    }
    while (status == QUIPU_OK && sequence) {
        quipu_cursor *cursor = NULL;

        status =
            quipu_records_read(records, sequence->id, NULL, &cursor, error);
        if (status == QUIPU_OK) {
            status = count_all(groups, cursor, error);
        }
        if (status == QUIPU_OK) {
            status = quipu_sequences_next(sequences, &sequence, error);
        }
    }
    quipu_sequences_close(sequences);
    return status;
}

static int count_schema(struct groups *groups, quipu_records *records,
                        quipu_error *error)
{
    quipu_cursor *cursor = NULL;
    int status = quipu_records_read_log(records, NULL, &cursor, error);

    if (status == QUIPU_UNSUPPORTED) {
        return count_sequences(groups, records, error);
    }
    return status == QUIPU_OK ? count_all(groups, cursor, error) : status;
}

/* ---------------------------------------------------------------- printing */

static void print_json(const quipu_schema *schema, const struct group *group)
{
    json_t *line = json_object();

    jsonl_set(line, "schema", jsonl_string(schema->table));
    jsonl_set(line, "topic", jsonl_text(group->topic, group->size));
    jsonl_set(line, "version",
              group->version < ERASED ? json_integer(group->version)
                                      : json_null());
    if (group->version >= ERASED) {
        jsonl_set(line, group->version == ERASED ? "erased" : "unreadable",
                  json_true());
    }
    jsonl_set(line, "items", json_integer(group->items));
    jsonl_print(line);
}

static void print_row(struct table *table, const struct group *group)
{
    struct text topic = { 0 };

    text_add_escaped(&topic, group->topic, group->size);
    table_add(table, text_content(&topic));
    text_free(&topic);
    if (group->version < ERASED) {
        table_add_int(table, group->version);
    } else {
        table_add(table, group->version == ERASED ? "erased" : "unreadable");
    }
    table_add_int(table, group->items);
}

static void print(const struct args *args, const quipu_schema *schema,
                  const struct groups *groups, bool title)
{
    struct table *table = NULL;

    if (!args->json) {
        if (title) {
            output_title(schema->table);
        }
        table = table_open(headings, 3, args->full);
    }
    for (size_t i = 0; i < groups->count; i++) {
        if (args->json) {
            print_json(schema, &groups->all[i]);
        } else {
            print_row(table, &groups->all[i]);
        }
    }
    table_close(table);
}

static void free_groups(struct groups *groups)
{
    for (size_t i = 0; i < groups->count; i++) {
        free(groups->all[i].topic);
    }
    free(groups->all);
}

static enum outcome list(const struct args *args, const struct store *store)
{
    quipu_error error;

    for (size_t i = 0; i < store->count; i++) {
        quipu_records *records = store->schemas[i].records;
        struct groups groups = { .count = 0 };
        int status = count_schema(&groups, records, &error);

        if (status == QUIPU_OK) {
            print(args, quipu_records_schema(records), &groups,
                  store->count > 1);
        }
        free_groups(&groups);
        if (status != QUIPU_OK) {
            return output_error(&error);
        }
    }
    return DONE;
}

static enum outcome run(const struct args *args)
{
    return store_run(args, list);
}

const struct command topics_command = {
    .name = "topics",
    .arguments = "URI",
    .summary = "count the items of each topic and version",
    .help = "Counts the items of each topic, and of each version of its event\n"
            "type. It reads all items. Erased items have no version any more;\n"
            "unreadable are those whose state this program cannot split.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTIONS_OF_LISTS | OPTION_JSON | OPTION_HELP,
    .run = run,
};
