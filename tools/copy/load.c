/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading works in the order of the log.  An item at or below the head of the
 * target's log is compared with the stored one; all others are collected in a
 * batch, and appended when it is full.
 *
 * Invariants:
 * INV1  load->head is the last notification id that the target is known to
 *       have; the batch holds the items that follow it, without a gap.
 * INV2  An item with a notification id is appended only if it is the next one,
 *       so it gets its id unless another program appends to the same schema.
 *       check_ids detects that: the copy fails, and nothing is overwritten.
 * INV3  If the other program loads the same items, each append of one of the
 *       two is a repeat of the other's, because the event ids are the same;
 *       both programs continue.  Their batches may differ in size: then an
 *       append conflicts on an event id, and its items are appended one at a
 *       time (load_flush).
 */
#include "load.h"
#include "compare.h"
#include "output/memory.h"

#include <stdlib.h>
#include <string.h>

/* Tries of an append whose outcome is unknown. */
#define TRIES 3

/* --------------------------------------------------------------- batch */

/* Limits of a batch.  At this size the cost of a commit is small compared with
 * that of the items; larger batches would only take more memory. */
#define BATCH_ITEMS_MAX 1000
#define BATCH_BYTES_MAX ((size_t)1 << 22)

static void batch_init(struct batch *batch)
{
    memset(batch, 0, sizeof(*batch));
    batch->items = memory_allocate(BATCH_ITEMS_MAX, sizeof(*batch->items));
    batch->ids = memory_allocate(BATCH_ITEMS_MAX, sizeof(*batch->ids));
    batch->lines = memory_allocate(BATCH_ITEMS_MAX, sizeof(*batch->lines));
}

static void batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        free((void *)batch->items[i].columns);
    }
    batch->count = 0;
    batch->bytes = 0;
}

static void batch_finish(struct batch *batch)
{
    batch_clear(batch);
    free(batch->items);
    free(batch->ids);
    free(batch->lines);
}

static bool has_bytes(const quipu_value *value)
{
    return value->kind == QUIPU_VALUE_TEXT ||
           value->kind == QUIPU_VALUE_BYTES || value->kind == QUIPU_VALUE_UUID;
}

static size_t size_of(const quipu_item *item)
{
    size_t size = item->sequence_id.size + item->topic.size + item->state.size +
                  item->event_id.size + item->metadata.size +
                  item->column_count * sizeof(*item->columns);

    for (size_t i = 0; i < item->column_count; i++) {
        if (has_bytes(&item->columns[i])) {
            size += item->columns[i].as.bytes.size;
        }
    }
    return size;
}

/* Returns true if the item would exceed the limits.  An empty batch takes any
 * item. */
static bool batch_is_full(const struct batch *batch, const quipu_item *item)
{
    return batch->count == BATCH_ITEMS_MAX ||
           (batch->count > 0 && batch->bytes + size_of(item) > BATCH_BYTES_MAX);
}

/* Copies bytes to *room and advances it.  Bytes of size 0 stay present. */
static void move_bytes(quipu_bytes *bytes, char **room)
{
    if (!bytes->data) {
        return;
    }
    memcpy(*room, bytes->data, bytes->size);
    bytes->data = *room;
    *room += bytes->size;
}

/* Copies an item into the batch: one allocation holds its columns and bytes. */
static void batch_add(struct batch *batch, const quipu_item *item, int64_t line)
{
    quipu_item *copy = &batch->items[batch->count];
    const size_t size = size_of(item);
    quipu_value *values = memory_allocate(size + 1, 1);
    char *room = (char *)(values + item->column_count);

    *copy = *item;
    copy->notification_id = 0;
    copy->columns = values;
    if (item->column_count > 0) {
        memcpy(values, item->columns, item->column_count * sizeof(*values));
    }
    for (size_t i = 0; i < item->column_count; i++) {
        if (has_bytes(&values[i])) {
            move_bytes(&values[i].as.bytes, &room);
        }
    }
    move_bytes(&copy->sequence_id, &room);
    move_bytes(&copy->topic, &room);
    move_bytes(&copy->state, &room);
    move_bytes(&copy->event_id, &room);
    move_bytes(&copy->metadata, &room);
    batch->ids[batch->count] = item->notification_id;
    batch->lines[batch->count++] = line;
    batch->bytes += size;
}

/* ------------------------------------------------------------- opening */

int load_init(struct load *load, quipu_records *records, quipu_error *error)
{
    quipu_position head;

    memset(load, 0, sizeof(*load));
    batch_init(&load->batch);
    load->records = records;
    int status = quipu_records_head(records, &head, error);
    if (status == QUIPU_OK) {
        load->head = head.notification_id;
    }
    return status;
}

void load_finish(struct load *load)
{
    quipu_cursor_close(load->stored);
    batch_finish(&load->batch);
    quipu_records_close(load->records, NULL);
}

static const char *table_of(const struct load *load)
{
    return quipu_records_schema(load->records)->table;
}

/* -------------------------------------------------------- stored items */

/* Opens a cursor from `first` to the known head.  It is opened again when the
 * head has risen because another program appends, too. */
static int open_stored(struct load *load, int64_t first, quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE,
                                .gte = first,
                                .lte = load->head };

    quipu_cursor_close(load->stored);
    load->stored = NULL;
    return quipu_records_read_log(load->records, &query, &load->stored, error);
}

/* Checks that the schema has the same item at the notification id. */
static int compare(struct load *load, const quipu_item *item,
                   quipu_error *error)
{
    const quipu_item *stored = NULL;
    const char *difference = "existence";
    int status = QUIPU_OK;

    if (load->stored) {
        status = quipu_cursor_next(load->stored, &stored, error);
    }
    if (status == QUIPU_OK && !stored) {
        status = open_stored(load, item->notification_id, error);
        if (status == QUIPU_OK) {
            status = quipu_cursor_next(load->stored, &stored, error);
        }
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (stored) {
        difference = copy_compare_items(item, stored);
    }
    if (difference) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the schema '%s' holds another item at "
                               "notification id %lld (its %s differs)",
                               table_of(load), (long long)item->notification_id,
                               difference);
    }
    load->present++;
    return QUIPU_OK;
}

/* ------------------------------------------------------------- appending */

/* Checks that the items got the notification ids that they must have. */
static int check_ids(const struct load *load, size_t first, size_t count,
                     const quipu_result *result, quipu_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const int64_t wanted = load->batch.ids[first + i];
        const int64_t actual = result->first_notification_id + (int64_t)i;

        if (wanted != 0 && wanted != actual) {
            return quipu_error_set(error, QUIPU_CONFLICT,
                                   "the item with notification id %lld was "
                                   "stored in '%s' as %lld, because another "
                                   "program appends to this schema",
                                   (long long)wanted, table_of(load),
                                   (long long)actual);
        }
    }
    return QUIPU_OK;
}

/*
 * Appends, and repeats the append after an unknown outcome if the schema has
 * event ids, which make a repeat safe.  If a repeat fails with QUIPU_IO, the
 * error of the first try is kept, since it names the cause.
 */
static int append_with_retries(struct load *load, const quipu_append *append,
                               quipu_result *result, quipu_error *error)
{
    const bool repeatable = quipu_records_schema(load->records)->event_id;
    int status = quipu_records_append(load->records, append, result, error);

    for (int i = 1; i < TRIES && repeatable && status == QUIPU_UNKNOWN_OUTCOME;
         i++) {
        quipu_error own;
        int again;

        memset(result, 0, sizeof(*result));
        again = quipu_records_append(load->records, append, result, &own);
        if (again == QUIPU_IO) {
            break;
        }
        status = again;
        if (status != QUIPU_OK) {
            quipu_error_set(error, status, "%s", own.message);
        }
    }
    return status;
}

/* Appends a part of the batch.  After a failure load->line is the line of
 * the item that caused it. */
static int append(struct load *load, size_t first, size_t count,
                  quipu_result *result, quipu_error *error)
{
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = load->batch.items + first,
                                  .item_count = count };

    memset(result, 0, sizeof(*result));
    int status = append_with_retries(load, &append, result, error);
    if (status != QUIPU_OK) {
        load->line = result->cause != QUIPU_CAUSE_NONE && result->index < count
                         ? load->batch.lines[first + result->index]
                         : 0;
    }
    return status;
}

/* Appends a part of the batch and updates the counts and the head.  The append
 * is a repeat if another program loads the same items concurrently. */
static int store(struct load *load, size_t first, size_t count,
                 quipu_result *result, quipu_error *error)
{
    int status = append(load, first, count, result, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if ((result->flags & QUIPU_RESULT_REPEATED) != 0) {
        load->present += (int64_t)count;
    } else {
        load->written += (int64_t)count;
    }
    int64_t last = result->first_notification_id + (int64_t)count - 1;
    load->head = last > load->head ? last : load->head;
    return check_ids(load, first, count, result, error);
}

int load_flush(struct load *load, quipu_error *error)
{
    const size_t count = load->batch.count;
    quipu_result result;

    if (count == 0) {
        return QUIPU_OK;
    }
    int status = store(load, 0, count, &result, error);
    if (status == QUIPU_CONFLICT && result.cause == QUIPU_CAUSE_EVENT_ID) {
        /* Some of the items are stored already, by appends of other sizes.
         * Appended one at a time, each is either a repeat or new. */
        status = QUIPU_OK;
        for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
            status = store(load, i, 1, &result, error);
        }
    }
    batch_clear(&load->batch);
    return status;
}

/* ------------------------------------------------------------- putting */

/* Checks that the item can follow those before it. */
static int check_order(const struct load *load, const quipu_item *item,
                       quipu_error *error)
{
    const int64_t id = item->notification_id;
    const int64_t next = load->head + (int64_t)load->batch.count + 1;

    if (id != 0 && load->last != 0 && id != load->last + 1) {
        return quipu_error_set(error, QUIPU_CORRUPT,
                               "notification id %lld of '%s' comes after %lld",
                               (long long)id, table_of(load),
                               (long long)load->last);
    }
    if (id > next) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "notification id %lld cannot follow: the log of "
                               "'%s' ends at %lld",
                               (long long)id, table_of(load),
                               (long long)next - 1);
    }
    return QUIPU_OK;
}

int load_put(struct load *load, const quipu_item *item, int64_t line,
             quipu_error *error)
{
    load->line = line;
    int status = check_order(load, item, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (item->notification_id != 0) {
        load->last = item->notification_id;
        if (item->notification_id <= load->head) {
            return compare(load, item, error);
        }
    }
    if (batch_is_full(&load->batch, item)) {
        status = load_flush(load, error);
    }
    if (status == QUIPU_OK) {
        batch_add(&load->batch, item, line);
    }
    return status;
}
