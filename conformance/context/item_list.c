/* SPDX-License-Identifier: Apache-2.0 */
/* Reads items into lists. */
#include "item_list.h"

#include "assertion.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static void copy_item(struct quipu_item_copy *copy, const quipu_item *item)
{
    size_t size = item->state.size;

    memset(copy, 0, sizeof(*copy));
    copy->position = item->position;
    copy->notification_id = item->notification_id;
    if (item->event_id.data) {
        CHECK(item->event_id.size == 16, "an event id has %zu bytes",
              item->event_id.size);
        memcpy(copy->event_id.bytes, item->event_id.data, 16);
    }
    OK(quipu_id_of_bytes(&copy->sequence, item->sequence_id, ERR));
    copy->state_size = size;
    size = size < sizeof(copy->state) ? size : sizeof(copy->state) - 1;
    if (size > 0) {
        memcpy(copy->state, item->state.data, size);
    }
}

struct quipu_item_list quipu_item_list_drain(struct quipu_context *ctx,
                                             quipu_cursor *cursor)
{
    struct quipu_item_list list = { NULL, 0 };
    struct quipu_item_copy *grown;
    const quipu_item *item;
    size_t room = 0;

    for (;;) {
        OK(quipu_cursor_next(cursor, &item, ERR));
        if (!item) {
            break;
        }
        if (list.count == room) {
            room = room > 0 ? 2 * room : 16;
            grown = quipu_context_allocate(ctx, room * sizeof(*grown));
            if (list.count > 0) {
                memcpy(grown, list.at, list.count * sizeof(*grown));
            }
            list.at = grown;
        }
        copy_item(&list.at[list.count++], item);
    }
    OK(quipu_cursor_next(cursor, &item, ERR));
    CHECK(!item, "a cursor returns an item after its end");
    quipu_cursor_close(cursor);
    return list;
}

struct quipu_item_list quipu_item_list_read(struct quipu_context *ctx,
                                            quipu_records *records,
                                            quipu_bytes sequence,
                                            const quipu_query *query)
{
    quipu_cursor *cursor;

    OK(quipu_records_read(records, sequence, query, &cursor, ERR));
    return quipu_item_list_drain(ctx, cursor);
}

struct quipu_item_list quipu_item_list_read_log(struct quipu_context *ctx,
                                                quipu_records *records,
                                                const quipu_query *query)
{
    quipu_cursor *cursor;

    OK(quipu_records_read_log(records, query, &cursor, ERR));
    return quipu_item_list_drain(ctx, cursor);
}

size_t quipu_item_list_count(struct quipu_context *ctx, quipu_records *records,
                             quipu_bytes sequence)
{
    return quipu_item_list_read(ctx, records, sequence, NULL).count;
}

size_t quipu_item_list_count_log(struct quipu_context *ctx,
                                 quipu_records *records)
{
    return quipu_item_list_read_log(ctx, records, NULL).count;
}

static int by_sequence(const void *left, const void *right)
{
    const struct quipu_item_copy *a = left, *b = right;
    int order = memcmp(&a->sequence, &b->sequence, sizeof(a->sequence));

    return order != 0 ? order
                      : (a->notification_id > b->notification_id) -
                            (a->notification_id < b->notification_id);
}

struct quipu_item_list quipu_item_list_check_log(struct quipu_context *ctx,
                                                 quipu_records *records)
{
    struct quipu_item_list log = quipu_item_list_read_log(ctx, records, NULL);
    struct quipu_item_copy *sorted =
        quipu_context_allocate(ctx, (log.count + 1) * sizeof(*sorted));
    int64_t next = 0;

    for (size_t i = 0; i < log.count; i++) {
        CHECK(log.at[i].notification_id == (int64_t)i + 1,
              "item %zu of the log has notification id %" PRId64, i + 1,
              log.at[i].notification_id);
        sorted[i] = log.at[i];
    }
    qsort(sorted, log.count, sizeof(*sorted), by_sequence);
    for (size_t i = 0; i < log.count; i++) {
        if (i > 0 &&
            !quipu_id_equal(&sorted[i].sequence, &sorted[i - 1].sequence)) {
            next = 0;
        }
        CHECK(sorted[i].position == next,
              "the item with notification id %" PRId64 " has position %" PRId64
              " instead of %" PRId64,
              sorted[i].notification_id, sorted[i].position, next);
        next++;
    }
    return log;
}

void quipu_item_list_check_only(quipu_records *r, quipu_bytes s,
                                void (*check)(const quipu_item *item,
                                              const void *expected),
                                const void *expected)
{
    quipu_cursor *cursor;
    const quipu_item *item;

    OK(quipu_records_read(r, s, NULL, &cursor, ERR));
    OK(quipu_cursor_next(cursor, &item, ERR));
    CHECK(item, "the sequence is empty");
    check(item, expected);
    quipu_cursor_close(cursor);
}
