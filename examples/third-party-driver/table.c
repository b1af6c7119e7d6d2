/* SPDX-License-Identifier: Apache-2.0 */
/* Tables: the items of a schema, in the log and in their sequences. */
#include "memory.h"

#include <string.h>

/* -------------------------------------------------------------- records */

/* Makes room for one more record. */
static bool reserve(struct records *records, const quipu_host *host)
{
    size_t room = records->room > 0 ? 2 * records->room : 8;
    struct record **at;

    if (records->count < records->room) {
        return true;
    }
    at = host->reallocate(records->at, room * sizeof(*at));
    if (!at) {
        return false;
    }
    records->at = at;
    records->room = room;
    return true;
}

static void insert(struct records *records, size_t index, struct record *record)
{
    memmove(records->at + index + 1, records->at + index,
            (records->count - index) * sizeof(*records->at));
    records->at[index] = record;
    records->count++;
}

static void remove_at(struct records *records, size_t index)
{
    records->count--;
    memmove(records->at + index, records->at + index + 1,
            (records->count - index) * sizeof(*records->at));
}

/* Copies bytes to *room and advances that.  Absent bytes stay absent; empty
 * bytes keep an address, because without one they would be absent. */
static void copy_bytes(quipu_bytes *bytes, char **room)
{
    if (bytes->data) {
        memcpy(*room, bytes->data, bytes->size);
        bytes->data = *room;
        *room += bytes->size;
    }
}

static bool has_bytes(const quipu_value *value)
{
    return value->kind == QUIPU_VALUE_TEXT ||
           value->kind == QUIPU_VALUE_BYTES || value->kind == QUIPU_VALUE_UUID;
}

/* Copies an item into one allocation, except for the sequence id, which belongs
 * to the sequence.  NULL: no memory. */
static struct record *record_create(const quipu_item *item, quipu_bytes id,
                                    const quipu_host *host)
{
    size_t values = item->column_count * sizeof(quipu_value);
    size_t size = sizeof(struct record) + values + item->topic.size +
                  item->state.size + item->event_id.size + item->metadata.size;
    struct record *record;
    quipu_value *columns;
    char *room;

    for (size_t i = 0; i < item->column_count; i++) {
        size +=
            has_bytes(&item->columns[i]) ? item->columns[i].as.bytes.size : 0;
    }
    record = host->allocate(
        size + 1); /* + 1: an empty value at the end needs an address */
    if (!record) {
        return NULL;
    }
    columns = (quipu_value *)(record + 1);
    room = (char *)columns + values;
    record->item = *item;
    record->item.sequence_id = id;
    record->item.flags &= QUIPU_ITEM_TIME | QUIPU_ITEM_ERASED;
    copy_bytes(&record->item.topic, &room);
    copy_bytes(&record->item.state, &room);
    copy_bytes(&record->item.event_id, &room);
    copy_bytes(&record->item.metadata, &room);
    for (size_t i = 0; i < item->column_count; i++) {
        columns[i] = item->columns[i];
        if (has_bytes(&columns[i])) {
            copy_bytes(&columns[i].as.bytes, &room);
        }
    }
    record->item.columns = item->column_count > 0 ? columns : NULL;
    record->node.key = record->item.event_id;
    record->references = 1;
    return record;
}

void memory_table_drop(struct record *record, const quipu_host *host)
{
    if (--record->references == 0) {
        host->release(record);
    }
}

struct record *memory_table_erased(const quipu_driver_schema *table,
                                   const struct record *record)
{
    static const quipu_value nulls[QUIPU_COLUMNS_MAX];
    quipu_item item = record->item;

    item.flags |= QUIPU_ITEM_ERASED;
    item.state = (quipu_bytes){ "", 0 };
    item.metadata = (quipu_bytes){ NULL, 0 };
    item.columns = nulls;
    return record_create(&item, item.sequence_id, table->store->host);
}

/* ------------------------------------------------------------ sequences */

struct sequence *memory_table_find_sequence(const quipu_driver_schema *table,
                                            quipu_bytes id)
{
    return (struct sequence *)memory_map_find(&table->contents->sequences, id);
}

/* Returns a sequence, which is created if necessary; NULL: no memory. */
static struct sequence *sequence_make(quipu_driver_schema *table,
                                      quipu_bytes id)
{
    const quipu_host *host = table->store->host;
    struct sequence *sequence = memory_table_find_sequence(table, id);

    if (sequence) {
        return sequence;
    }
    sequence = host->allocate(sizeof(*sequence) + id.size);
    if (!sequence) {
        return NULL;
    }
    memset(sequence, 0, sizeof(*sequence));
    memcpy(sequence + 1, id.data, id.size);
    sequence->node.key = (quipu_bytes){ sequence + 1, id.size };
    if (!memory_map_add(&table->contents->sequences, &sequence->node, host)) {
        host->release(sequence);
        return NULL;
    }
    return sequence;
}

size_t memory_table_find_index(const struct sequence *sequence,
                               int64_t position)
{
    struct record *const *at = sequence->records.at;
    size_t low = 0, high = sequence->records.count;

    /* In most cases the position is behind the end. */
    if (high > 0 && at[high - 1]->item.position < position) {
        return high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (at[middle]->item.position < position) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* --------------------------------------------------------------- tables */

bool memory_table_add(quipu_driver_schema *table, const quipu_item *item,
                      int64_t position)
{
    const quipu_host *host = table->store->host;
    struct sequence *sequence = sequence_make(table, item->sequence_id);
    struct record *record;

    if (!sequence || !reserve(&table->contents->log, host) ||
        !reserve(&sequence->records, host)) {
        return false;
    }
    record = record_create(item, sequence->node.key, host);
    if (!record) {
        return false;
    }
    if (table->schema.event_id &&
        !memory_map_add(&table->contents->events, &record->node, host)) {
        memory_table_drop(record, host);
        return false;
    }
    record->item.position = position;
    record->item.notification_id = (int64_t)table->contents->log.count + 1;
    insert(&sequence->records, memory_table_find_index(sequence, position),
           record);
    insert(&table->contents->log, table->contents->log.count, record);
    return true;
}

void memory_table_truncate(quipu_driver_schema *table, size_t count)
{
    while (table->contents->log.count > count) {
        struct record *record =
            table->contents->log.at[--table->contents->log.count];
        struct sequence *sequence =
            memory_table_find_sequence(table, record->item.sequence_id);

        remove_at(&sequence->records,
                  memory_table_find_index(sequence, record->item.position));
        if (table->schema.event_id) {
            memory_map_remove(&table->contents->events, &record->node);
        }
        memory_table_drop(record, table->store->host);
    }
}

void memory_table_replace(quipu_driver_schema *table, struct record *record)
{
    const quipu_host *host = table->store->host;
    const quipu_item *item = &record->item;
    const struct sequence *sequence =
        memory_table_find_sequence(table, item->sequence_id);
    struct record **in_log =
        &table->contents->log.at[item->notification_id - 1];

    sequence->records.at[memory_table_find_index(sequence, item->position)] =
        record;
    if (table->schema.event_id) {
        memory_map_remove(&table->contents->events, &(*in_log)->node);
        memory_map_add(&table->contents->events, &record->node,
                       host); /* has room */
    }
    memory_table_drop(*in_log, host);
    *in_log = record;
}

static void release_contents(struct contents *contents, const quipu_host *host)
{
    if (--contents->references > 0) {
        return;
    }
    for (size_t i = 0; i < contents->log.count; i++) {
        memory_table_drop(contents->log.at[i], host);
    }
    for (size_t i = 0; i < contents->sequences.size; i++) {
        for (struct map_node *node = contents->sequences.buckets[i], *next;
             node; node = next) {
            next = node->next;
            host->release(((struct sequence *)node)->records.at);
            host->release(node);
        }
    }
    memory_map_finish(&contents->sequences, host);
    memory_map_finish(&contents->events, host);
    host->release(contents->log.at);
    host->release(contents);
}

void memory_table_release(quipu_driver_schema *table)
{
    const quipu_host *host = table->store->host;

    if (--table->references == 0) {
        release_contents(table->contents, host);
        host->release(table);
    }
}
