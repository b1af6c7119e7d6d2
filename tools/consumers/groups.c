/* SPDX-License-Identifier: Apache-2.0 */
/* The groups among the consumers of a listing. */
#include "consumers/groups.h"
#include "output/jsonl.h"
#include "output/table.h"
#include "output/text.h"

#include <inttypes.h>
#include <stdio.h>

static const struct heading headings[] = {
    { .title = "group" },
    { .title = "member" },
    { .title = "record", .right = true },
    { .title = "behind", .right = true },
    { .title = "partitions" },
};

/* Appends "0-3, 7": the partitions of a member.  Returns the lowest of their
 * notification ids, or -1. */
static int64_t add_partitions(struct text *text, const quipu_consumer *consumer,
                              int32_t member)
{
    const quipu_consumer_partition *partitions = consumer->partitions;
    int64_t lowest = -1;

    for (size_t i = 0; i < consumer->partition_count; i++) {
        size_t last = i;

        if (partitions[i].member != member) {
            continue;
        }
        if (lowest < 0 || partitions[i].notification_id < lowest) {
            lowest = partitions[i].notification_id;
        }
        if (i > 0 && partitions[i - 1].member == member) {
            continue;
        }
        while (last + 1 < consumer->partition_count &&
               partitions[last + 1].member == member) {
            last++;
        }
        text_print(text, "%s%zu", text->size > 0 ? ", " : "", i);
        if (last > i) {
            text_print(text, "-%zu", last);
        }
    }
    return lowest;
}

static void add_row(struct table *table, const quipu_consumer *consumer,
                    int32_t member)
{
    struct text partitions = { 0 };
    const int64_t record = add_partitions(&partitions, consumer, member);

    if (member >= 0 || record >= 0) {
        table_add_text(table, consumer->name);
        table_add_text(table,
                       member < 0 ? "(free)" : consumer->members[member].name);
        if (record < 0 || !consumer->log) { /* without partition or log */
            table_add(table, "");
        } else {
            table_add_int(table, record);
        }
        if (record < 0 || consumer->behind < 0) {
            table_add(table, "");
        } else {
            table_add_int(table, consumer->head - record);
        }
        table_add(table, text_content(&partitions));
    }
    text_free(&partitions);
}

void consumers_groups_print(const struct listing *listing)
{
    struct table *table = NULL;

    for (size_t i = 0; i < listing->count; i++) {
        const quipu_consumer *each = &listing->items[i];

        if (each->partition_count == 0) {
            continue;
        }
        if (!table) {
            putchar('\n');
            table = table_open(headings, sizeof(headings) / sizeof(*headings),
                               listing->args->full);
        }
        for (int32_t member = 0; member < (int32_t)each->member_count;
             member++) {
            add_row(table, each, member);
        }
        add_row(table, each, -1);
    }
    table_close(table);
}

void consumers_groups_set_json(json_t *line, const quipu_consumer *consumer)
{
    json_t *partitions = json_array();
    json_t *members = json_array();

    if (consumer->partition_count == 0) {
        json_decref(partitions);
        json_decref(members);
        return;
    }
    for (size_t i = 0; i < consumer->partition_count; i++) {
        const quipu_consumer_partition *each = &consumer->partitions[i];
        json_t *partition = json_object();

        jsonl_set(partition, "record", json_integer(each->notification_id));
        jsonl_set(partition, "member",
                  each->member < 0 ? json_null() : json_integer(each->member));
        json_array_append_new(partitions, partition);
    }
    for (size_t i = 0; i < consumer->member_count; i++) {
        json_t *member = json_object();

        jsonl_set(member, "name", jsonl_string(consumer->members[i].name));
        jsonl_set(member, "lease_milliseconds",
                  json_integer(consumer->members[i].lease_milliseconds));
        json_array_append_new(members, member);
    }
    jsonl_set(line, "partitions", partitions);
    jsonl_set(line, "members", members);
}
