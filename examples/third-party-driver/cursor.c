/* SPDX-License-Identifier: Apache-2.0 */
/* Cursors over a sequence, the log, the catalogue and the listings. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

/*
 * A cursor keeps its position, and no copy of the rows: each step finds the
 * next row while it holds the mutex.  Items that were stored after the cursor
 * was opened have notification ids above `head` and are skipped (V4).
 */
struct quipu_driver_cursor {
    struct store *store;
    const void *(*next)(quipu_driver_cursor *cursor);
    /* A reference; for list_schemas to the table that is lent. */
    quipu_driver_schema *table;
    bool descending;
    int64_t lower, upper, limit; /* of the rows still to come */
    int64_t head;
    struct sequence *sequence;   /* read_sequence; NULL: it has no items */
    struct sequence **sequences; /* list_sequences: those at opening */
    size_t count, index;         /* of `sequences` */
    quipu_sequence row;
    quipu_tracking track;
    const quipu_filter *filter; /* read_filtered */
    struct record *record;      /* a reference: the one that is lent, or, of
                                   find_event, that will be */
    bool found;                 /* find_event: it is not lent yet */
    struct entry *entry;        /* list_entries: a reference to the last one */
    quipu_bytes prefix, from;   /* list_entries, in `keys` */
    char keys[2 * QUIPU_KEY_MAX];
    /* An item that was stored by another definition, as the cursor lends it. */
    quipu_item fitted;
    quipu_value columns[QUIPU_COLUMNS_MAX];
};

static int cursor_open(quipu_driver_datastore *datastore,
                       quipu_driver_schema *table,
                       const void *(*next)(quipu_driver_cursor *cursor),
                       quipu_driver_cursor **cursor, quipu_error *error)
{
    struct store *store = datastore->store;
    quipu_driver_cursor *made = store->host->allocate(sizeof(*made));

    if (!made) {
        store->host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for a cursor");
        return QUIPU_NO_MEMORY;
    }
    memset(made, 0, sizeof(*made));
    made->store = store;
    made->next = next;
    made->table = table;
    if (table) {
        table->references++;
    }
    *cursor = made;
    return QUIPU_OK;
}

/* Rows are not in one array, so a step lends one row. */
int memory_cursor_step(quipu_driver_cursor *cursor, int64_t deadline,
                       const void **rows, size_t *count, quipu_error *error)
{
    int status = memory_store_lock(cursor->store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    *rows = cursor->next(cursor);
    *count = *rows ? 1 : 0;
    memory_store_unlock(cursor->store);
    return QUIPU_OK;
}

void memory_cursor_close(quipu_driver_cursor *cursor)
{
    struct store *store = cursor->store;

    memory_store_lock_always(store);
    if (cursor->table) {
        memory_table_release(cursor->table);
    }
    if (cursor->entry) {
        memory_entry_release(store, cursor->entry);
    }
    if (cursor->record) {
        memory_table_drop(cursor->record, store->host);
    }
    memory_store_unlock(store);
    store->host->release(cursor->sequences);
    store->host->release(cursor);
}

/* ------------------------------------------- reading a sequence, the log */

static void set_range(quipu_driver_cursor *cursor, const quipu_range *range)
{
    cursor->descending = range->descending;
    cursor->lower = range->lower;
    cursor->upper = range->upper;
    cursor->limit = range->limit;
    cursor->head = (int64_t)cursor->table->contents->log.count;
}

/* Returns the item with the columns of the cursor's definition: those that it
 * lacks are NULL, since it was stored before they were added. */
static const void *fit(quipu_driver_cursor *cursor, const quipu_item *item)
{
    size_t count = cursor->table->schema.column_count;

    if (item->column_count == count) {
        return item;
    }
    for (size_t i = 0; i < count; i++) {
        cursor->columns[i] = i < item->column_count
                                 ? item->columns[i]
                                 : (quipu_value){ .kind = QUIPU_VALUE_NULL };
    }
    cursor->fitted = *item;
    cursor->fitted.columns = count > 0 ? cursor->columns : NULL;
    cursor->fitted.column_count = count;
    return &cursor->fitted;
}

/* Keeps a record until the next one is lent, or the cursor is closed. */
static void keep(quipu_driver_cursor *cursor, struct record *record)
{
    if (cursor->record) {
        memory_table_drop(cursor->record, cursor->store->host);
    }
    cursor->record = record;
    record->references++;
}

/* Returns the item of a record, and removes its key from the range that is
 * still to come. */
static const void *lend(quipu_driver_cursor *cursor, struct record *record,
                        int64_t key)
{
    keep(cursor, record);
    cursor->limit--;
    if (key == (cursor->descending ? INT64_MIN : INT64_MAX)) {
        cursor->limit = 0;
    } else if (cursor->descending) {
        cursor->upper = key - 1;
    } else {
        cursor->lower = key + 1;
    }
    return fit(cursor, &record->item);
}

/* Returns the next item of the sequence with `lower` <= position <= `upper`. */
static const void *next_in_sequence(quipu_driver_cursor *cursor)
{
    const struct records *records;
    size_t index;

    if (!cursor->sequence || cursor->limit <= 0) {
        return NULL;
    }
    records = &cursor->sequence->records;
    index = memory_table_find_index(
        cursor->sequence, cursor->descending ? cursor->upper : cursor->lower);
    if (cursor->descending &&
        (index == records->count ||
         records->at[index]->item.position > cursor->upper)) {
        index--; /* 0 becomes SIZE_MAX, which ends the loop below */
    }
    for (; index < records->count; index += cursor->descending ? SIZE_MAX : 1) {
        const quipu_item *item = &records->at[index]->item;

        if (item->position < cursor->lower || item->position > cursor->upper) {
            break;
        }
        if (item->notification_id <= cursor->head) {
            return lend(cursor, records->at[index], item->position);
        }
    }
    return NULL;
}

static const void *next_in_log(quipu_driver_cursor *cursor)
{
    int64_t id = cursor->descending ? cursor->upper : cursor->lower;

    if (cursor->limit <= 0 || cursor->lower > cursor->upper) {
        return NULL;
    }
    return lend(cursor, cursor->table->contents->log.at[id - 1], id);
}

int memory_cursor_read_sequence(quipu_driver_datastore *datastore,
                                quipu_driver_schema *bound,
                                quipu_bytes sequence_id,
                                const quipu_range *range, int64_t deadline,
                                quipu_driver_cursor **cursor,
                                quipu_error *error)
{
    int status = memory_store_lock(datastore->store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = cursor_open(datastore, bound, next_in_sequence, cursor, error);
    if (status == QUIPU_OK) {
        set_range(*cursor, range);
        (*cursor)->sequence = memory_table_find_sequence(bound, sequence_id);
    }
    memory_store_unlock(datastore->store);
    return status;
}

/* Opens a cursor over the log. */
static int open_log(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, const quipu_range *range,
                    int64_t deadline,
                    const void *(*next)(quipu_driver_cursor *cursor),
                    quipu_driver_cursor **cursor, quipu_error *error)
{
    int status = memory_store_lock(datastore->store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = cursor_open(datastore, bound, next, cursor, error);
    if (status == QUIPU_OK) {
        set_range(*cursor, range);
        if ((*cursor)->lower < 1) {
            (*cursor)->lower = 1;
        }
        if ((*cursor)->upper > (*cursor)->head) {
            (*cursor)->upper = (*cursor)->head;
        }
    }
    memory_store_unlock(datastore->store);
    return status;
}

int memory_cursor_last_item(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, quipu_bytes sequence_id,
                            int64_t deadline, quipu_see see, void *context,
                            int64_t *erasures, quipu_error *error)
{
    static const quipu_range last = {
        .descending = true, .lower = INT64_MIN, .upper = INT64_MAX, .limit = 1
    };
    quipu_driver_cursor *cursor;
    const quipu_item *item;
    int status = memory_store_lock(datastore->store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = cursor_open(datastore, bound, next_in_sequence, &cursor, error);
    if (status != QUIPU_OK) {
        memory_store_unlock(datastore->store);
        return status;
    }
    set_range(cursor, &last);
    cursor->sequence = memory_table_find_sequence(bound, sequence_id);
    item = next_in_sequence(cursor); /* which the cursor keeps */
    *erasures = bound->contents->erasures;
    memory_store_unlock(datastore->store);
    if (item) {
        see(context, item);
    }
    memory_cursor_close(cursor);
    return QUIPU_OK;
}

int memory_cursor_read_log(quipu_driver_datastore *datastore,
                           quipu_driver_schema *bound, const quipu_range *range,
                           int64_t deadline, quipu_driver_cursor **cursor,
                           quipu_error *error)
{
    return open_log(datastore, bound, range, deadline, next_in_log, cursor,
                    error);
}

static bool begins_with(quipu_bytes bytes, quipu_bytes prefix)
{
    return prefix.size == 0 ||
           (prefix.size <= bytes.size &&
            memcmp(bytes.data, prefix.data, prefix.size) == 0);
}

/* Whether a sequence id has one of the filter's prefixes.  A driver may leave
 * out what does not pass; the core decides.  So a filter of which a driver
 * understands a part only, as here, is correct. */
static bool may_pass(const quipu_filter *filter, quipu_bytes id)
{
    for (size_t i = 0; i < filter->prefix_count; i++) {
        if (begins_with(id, filter->prefixes[i])) {
            return true;
        }
    }
    return filter->prefix_count == 0;
}

static const void *next_filtered(quipu_driver_cursor *cursor)
{
    const quipu_item *item = next_in_log(cursor);

    while (item && !may_pass(cursor->filter, item->sequence_id)) {
        cursor->limit++; /* an item that is left out does not count */
        item = next_in_log(cursor);
    }
    return item;
}

int memory_cursor_read_filtered(quipu_driver_datastore *datastore,
                                quipu_driver_schema *bound,
                                const quipu_range *range,
                                const quipu_filter *filter, int64_t deadline,
                                quipu_driver_cursor **cursor,
                                quipu_error *error)
{
    int status = open_log(datastore, bound, range, deadline, next_filtered,
                          cursor, error);

    if (status == QUIPU_OK) {
        (*cursor)->filter = filter;
    }
    return status;
}

static const void *next_found(quipu_driver_cursor *cursor)
{
    const bool found = cursor->found;

    cursor->found = false;
    return found ? fit(cursor, &cursor->record->item) : NULL;
}

int memory_cursor_find_event(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound, quipu_bytes event_id,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error)
{
    struct map_node *node;
    int status = memory_store_lock(datastore->store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = cursor_open(datastore, bound, next_found, cursor, error);
    if (status == QUIPU_OK) {
        node = memory_map_find(&bound->contents->events, event_id);
        (*cursor)->found = node != NULL;
        if (node) {
            keep(*cursor, (struct record *)node);
        }
    }
    memory_store_unlock(datastore->store);
    return status;
}

/* ------------------------------------------------------------- listings */

static const void *next_schema(quipu_driver_cursor *cursor)
{
    quipu_driver_schema *last = cursor->table;
    quipu_driver_schema *next = cursor->store->tables;

    while (last && next &&
           strcmp(next->schema.table, last->schema.table) <= 0) {
        next = next->next;
    }
    if (next) {
        next->references++;
        cursor->table = next;
        if (last) {
            memory_table_release(last);
        }
    }
    return next ? &next->schema : NULL;
}

int memory_cursor_list_schemas(quipu_driver_datastore *datastore,
                               int64_t deadline, quipu_driver_cursor **cursor,
                               quipu_error *error)
{
    (void)deadline;
    return cursor_open(datastore, NULL, next_schema, cursor, error);
}

static const void *next_sequence(quipu_driver_cursor *cursor)
{
    while (cursor->index < cursor->count) {
        const struct sequence *sequence = cursor->sequences[cursor->index++];
        const struct records *records = &sequence->records;

        if (records->count > 0) {
            cursor->row.id = sequence->node.key;
            cursor->row.last_position =
                records->at[records->count - 1]->item.position;
            return &cursor->row;
        }
    }
    return NULL;
}

static int compare_sequences(const void *a, const void *b)
{
    return memory_map_compare((*(struct sequence *const *)a)->node.key,
                              (*(struct sequence *const *)b)->node.key);
}

/* Collects the sequences above `after`, sorted by id.  Returns false if there
 * is no memory. */
static bool collect(quipu_driver_cursor *cursor, quipu_bytes after)
{
    const struct map *map = &cursor->table->contents->sequences;

    cursor->sequences = cursor->store->host->allocate(
        (map->count + 1) * sizeof(*cursor->sequences));
    if (!cursor->sequences) {
        return false;
    }
    for (size_t i = 0; i < map->size; i++) {
        for (struct map_node *node = map->buckets[i]; node; node = node->next) {
            if (!after.data || memory_map_compare(node->key, after) > 0) {
                cursor->sequences[cursor->count++] = (struct sequence *)node;
            }
        }
    }
    qsort(cursor->sequences, cursor->count, sizeof(*cursor->sequences),
          compare_sequences);
    return true;
}

int memory_cursor_list_sequences(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound, quipu_bytes after,
                                 int64_t deadline, quipu_driver_cursor **cursor,
                                 quipu_error *error)
{
    quipu_driver_cursor *made = NULL;
    bool collected = false;
    int status = memory_store_lock(datastore->store, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = cursor_open(datastore, bound, next_sequence, &made, error);
    if (status == QUIPU_OK) {
        collected = collect(made, after);
    }
    memory_store_unlock(datastore->store);
    if (status == QUIPU_OK && !collected) {
        memory_cursor_close(made);
        return datastore->store->host->error_set(
            error, QUIPU_NO_MEMORY, 0, NULL, "no memory for a listing");
    }
    *cursor = made;
    return status;
}

static const void *next_track(quipu_driver_cursor *cursor)
{
    struct tracking_record *next = cursor->store->tracking_records;
    struct tracking_record **link = &cursor->store->tracking_records;

    if (cursor->track.consumer.data) {
        next = memory_tracking_find(cursor->store, cursor->track.consumer,
                                    cursor->track.log, &link)
                   ->next;
    }
    if (!next) {
        return NULL;
    }
    cursor->track = next->row;
    return &cursor->track;
}

int memory_cursor_list_tracking(quipu_driver_datastore *datastore,
                                int64_t deadline, quipu_driver_cursor **cursor,
                                quipu_error *error)
{
    (void)deadline;
    return cursor_open(datastore, NULL, next_track, cursor, error);
}

/* The listing goes on behind the key of the entry that was lent last, which the
 * cursor keeps alive. */
static const void *next_entry(quipu_driver_cursor *cursor)
{
    struct entry *last = cursor->entry;
    struct entry *next =
        last ? memory_entry_next(cursor->store, last->row.key, false)
             : memory_entry_next(cursor->store, cursor->from, true);

    if (cursor->limit == 0 || !next ||
        !begins_with(next->row.key, cursor->prefix)) {
        cursor->limit = 0; /* the end stays the end */
        return NULL;
    }
    next->references++;
    cursor->entry = next;
    if (last) {
        memory_entry_release(cursor->store, last);
    }
    return &next->row;
}

/* Copies a key of the caller to the cursor. */
static quipu_bytes keep_key(char *room, quipu_bytes key)
{
    if (!key.data) {
        return (quipu_bytes){ NULL, 0 };
    }
    memcpy(room, key.data, key.size);
    return (quipu_bytes){ room, key.size };
}

int memory_cursor_list_entries(quipu_driver_datastore *datastore,
                               quipu_bytes prefix, quipu_bytes from,
                               int64_t deadline, quipu_driver_cursor **cursor,
                               quipu_error *error)
{
    quipu_driver_cursor *made;
    int status = cursor_open(datastore, NULL, next_entry, &made, error);

    (void)deadline;
    if (status != QUIPU_OK) {
        return status;
    }
    made->limit = INT64_MAX;
    made->prefix = keep_key(made->keys, prefix);
    made->from = keep_key(made->keys + QUIPU_KEY_MAX, from);
    /* No key that begins with the prefix is below the prefix itself. */
    if (memory_map_compare(made->from, made->prefix) < 0) {
        made->from = made->prefix;
    }
    *cursor = made;
    return QUIPU_OK;
}
