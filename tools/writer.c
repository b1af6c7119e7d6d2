/* SPDX-License-Identifier: Apache-2.0 */
/* Large appends, judged afterwards by the ids that they were given. */
#include "writer.h"
#include "compare.h"

#include <string.h>

#define TRIES 3 /* of an append whose outcome is unknown */

int quipu_tool_writer_init(struct writer *writer, quipu_records *records,
                           quipu_error *error)
{
    quipu_position head;
    int status;

    memset(writer, 0, sizeof(*writer));
    quipu_tool_batch_init(&writer->batch);
    writer->records = records;
    status = quipu_records_head(records, &head, error);
    if (status == QUIPU_OK) {
        writer->head = head.notification_id;
    }
    return status;
}

void quipu_tool_writer_finish(struct writer *writer)
{
    quipu_cursor_close(writer->stored);
    quipu_tool_batch_finish(&writer->batch);
    quipu_records_close(writer->records, NULL);
}

static const char *table_of(const struct writer *writer)
{
    return quipu_records_schema(writer->records)->table;
}

/* ------------------------------------------------------ what is there */

/* From there to the head as it is known now; it may be opened again, further
 * on, where another program has stored some, too. */
static int open_stored(struct writer *writer, int64_t first, quipu_error *error)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE,
                                .gte = first,
                                .lte = writer->head };

    quipu_cursor_close(writer->stored);
    writer->stored = NULL;
    return quipu_records_read_log(writer->records, &query, &writer->stored,
                                  error);
}

/* The item must be the one that the schema has there. */
static int compare(struct writer *writer, const quipu_item *item,
                   quipu_error *error)
{
    const quipu_item *stored = NULL;
    const char *difference = "existence";
    int status = QUIPU_OK;

    if (writer->stored) {
        status = quipu_cursor_next(writer->stored, &stored, error);
    }
    if (status == QUIPU_OK && !stored) {
        status = open_stored(writer, item->notification_id, error);
        if (status == QUIPU_OK) {
            status = quipu_cursor_next(writer->stored, &stored, error);
        }
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (stored) {
        difference = quipu_tool_compare_items(item, stored);
    }
    if (difference) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "the schema '%s' holds another item at "
                               "notification id %lld (its %s differs)",
                               table_of(writer),
                               (long long)item->notification_id, difference);
    }
    writer->present++;
    return QUIPU_OK;
}

/* ------------------------------------------------------------- appending */

/* Whether the items have the ids that they had. */
static int check_ids(const struct writer *writer, size_t first, size_t count,
                     const quipu_result *result, quipu_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const int64_t wanted = writer->batch.ids[first + i];
        const int64_t given = result->first_notification_id + (int64_t)i;

        if (wanted != 0 && wanted != given) {
            return quipu_error_set(error, QUIPU_CONFLICT,
                                   "the item with notification id %lld was "
                                   "stored in '%s' as %lld: another program "
                                   "stores there, too",
                                   (long long)wanted, table_of(writer),
                                   (long long)given);
        }
    }
    return QUIPU_OK;
}

/* Where event ids make it safe, again after an unknown outcome.  An error that
 * only follows from the first failure is not told: the first says why. */
static int append_surely(struct writer *writer, const quipu_append *append,
                         quipu_result *result, quipu_error *error)
{
    const bool repeatable = quipu_records_schema(writer->records)->event_id;
    int status = quipu_records_append(writer->records, append, result, error);

    for (int i = 1; i < TRIES && repeatable && status == QUIPU_UNKNOWN_OUTCOME;
         i++) {
        quipu_error own;
        int again;

        memset(result, 0, sizeof(*result));
        again = quipu_records_append(writer->records, append, result, &own);
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

/* Appends a part of the batch. */
static int append(struct writer *writer, size_t first, size_t count,
                  quipu_result *result, quipu_error *error)
{
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = writer->batch.items + first,
                                  .item_count = count };
    int status;

    memset(result, 0, sizeof(*result));
    status = append_surely(writer, &append, result, error);
    if (status != QUIPU_OK) {
        writer->origin =
            result->cause != QUIPU_CAUSE_NONE && result->index < count
                ? writer->batch.origins[first + result->index]
                : 0;
    }
    return status;
}

/* Another program may store the same at the same time: then its items are
 * there already, and the log has grown by them, too. */
static int store(struct writer *writer, size_t first, size_t count,
                 quipu_result *result, quipu_error *error)
{
    int status = append(writer, first, count, result, error);
    int64_t last;

    if (status != QUIPU_OK) {
        return status;
    }
    if ((result->flags & QUIPU_RESULT_REPEATED) != 0) {
        writer->present += (int64_t)count;
    } else {
        writer->written += (int64_t)count;
    }
    last = result->first_notification_id + (int64_t)count - 1;
    writer->head = last > writer->head ? last : writer->head;
    return check_ids(writer, first, count, result, error);
}

int quipu_tool_writer_flush(struct writer *writer, quipu_error *error)
{
    const size_t count = writer->batch.count;
    quipu_result result;
    int status;

    if (count == 0) {
        return QUIPU_OK;
    }
    status = store(writer, 0, count, &result, error);
    if (status == QUIPU_CONFLICT && result.cause == QUIPU_CAUSE_EVENT_ID) {
        /* Stored earlier in other lots: one by one, each is a repeat or new. */
        status = QUIPU_OK;
        for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
            status = store(writer, i, 1, &result, error);
        }
    }
    quipu_tool_batch_clear(&writer->batch);
    return status;
}

/* ----------------------------------------------------------- one by one */

/* What an item must be to follow those before it. */
static int check_order(const struct writer *writer, const quipu_item *item,
                       quipu_error *error)
{
    const int64_t id = item->notification_id;
    const int64_t next = writer->head + (int64_t)writer->batch.count + 1;

    if ((item->flags & QUIPU_ITEM_ERASED) != 0) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "the item with notification id %lld of '%s' was "
                               "erased, and such a one cannot be stored anew",
                               (long long)id, table_of(writer));
    }
    if (id != 0 && writer->last != 0 && id != writer->last + 1) {
        return quipu_error_set(error, QUIPU_CORRUPT,
                               "notification id %lld of '%s' comes after %lld",
                               (long long)id, table_of(writer),
                               (long long)writer->last);
    }
    if (id > next) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "notification id %lld cannot follow: the log of "
                               "'%s' ends at %lld",
                               (long long)id, table_of(writer),
                               (long long)next - 1);
    }
    return QUIPU_OK;
}

int quipu_tool_writer_put(struct writer *writer, const quipu_item *item,
                          int64_t origin, quipu_error *error)
{
    int status;

    writer->origin = origin;
    status = check_order(writer, item, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (item->notification_id != 0) {
        writer->last = item->notification_id;
        if (item->notification_id <= writer->head) {
            return compare(writer, item, error);
        }
    }
    if (quipu_tool_batch_is_full(&writer->batch, item)) {
        status = quipu_tool_writer_flush(writer, error);
    }
    if (status == QUIPU_OK) {
        quipu_tool_batch_add(&writer->batch, item, origin);
    }
    return status;
}
