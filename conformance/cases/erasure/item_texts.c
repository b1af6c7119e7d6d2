/* SPDX-License-Identifier: Apache-2.0 */
/* Items as texts. */
#include "item_texts.h"

#include <inttypes.h>
#include <string.h>

const unsigned quipu_item_texts_shapes[QUIPU_ITEM_TEXTS_SHAPES] = {
    QUIPU_SHAPE_PLAIN,
    QUIPU_SHAPE_TEXT | QUIPU_SHAPE_METADATA | QUIPU_SHAPE_TIME |
        QUIPU_SHAPE_COLUMNS | QUIPU_SHAPE_NAMED,
    QUIPU_SHAPE_SPARSE | QUIPU_SHAPE_NO_EVENT_ID | QUIPU_SHAPE_METADATA |
        QUIPU_SHAPE_COLUMNS,
};

/* Returns bytes in hexadecimal digits; "-" if they are absent. */
static const char *hex(struct quipu_context *ctx, quipu_bytes bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *text = quipu_context_allocate(ctx, 2 * bytes.size + 2);

    if (!bytes.data) {
        return "-";
    }
    for (size_t i = 0; i < bytes.size; i++) {
        const unsigned char byte = ((const unsigned char *)bytes.data)[i];

        text[2 * i] = digits[byte >> 4];
        text[2 * i + 1] = digits[byte & 15];
    }
    return text;
}

static const char *value_text(struct quipu_context *ctx,
                              const quipu_value *value)
{
    switch (value->kind) {
    case QUIPU_VALUE_NULL:
        return "NULL";
    case QUIPU_VALUE_DOUBLE:
        return quipu_context_format(ctx, "%d %a", value->kind, value->as.real);
    case QUIPU_VALUE_TEXT:
    case QUIPU_VALUE_BYTES:
    case QUIPU_VALUE_UUID:
        return quipu_context_format(ctx, "%d %s", value->kind,
                                    hex(ctx, value->as.bytes));
    default:
        return quipu_context_format(ctx, "%d %" PRId64, value->kind,
                                    value->as.integer);
    }
}

void quipu_item_text_check(const quipu_item *item)
{
    if (!(item->flags & QUIPU_ITEM_ERASED)) {
        return;
    }
    CHECK(item->state.data && item->state.size == 0,
          "item %" PRId64 " is erased, and its state has %zu bytes",
          item->notification_id, item->state.size);
    CHECK(!item->metadata.data, "item %" PRId64 " is erased, and has metadata",
          item->notification_id);
    for (size_t i = 0; i < item->column_count; i++) {
        CHECK(item->columns[i].kind == QUIPU_VALUE_NULL,
              "item %" PRId64 " is erased, and has a value in column %zu",
              item->notification_id, i);
    }
}

static const char *contents(struct quipu_context *ctx, const quipu_item *item)
{
    const char *text = quipu_context_format(ctx, "%s %s", hex(ctx, item->state),
                                            hex(ctx, item->metadata));

    for (size_t i = 0; i < item->column_count; i++) {
        text = quipu_context_format(ctx, "%s, %s", text,
                                    value_text(ctx, &item->columns[i]));
    }
    return text;
}

struct quipu_item_text quipu_item_text_of(struct quipu_context *ctx,
                                          const quipu_item *item)
{
    bool has_time = (item->flags & QUIPU_ITEM_TIME) != 0;
    bool is_erased = (item->flags & QUIPU_ITEM_ERASED) != 0;

    quipu_item_text_check(item);
    return (struct quipu_item_text){
        .position = item->position,
        .notification_id = item->notification_id,
        .place = quipu_context_format(
            ctx, "%s %" PRId64 " %" PRId64 " %s %s %d %" PRId64 " %zu",
            hex(ctx, item->sequence_id), item->position, item->notification_id,
            hex(ctx, item->topic), hex(ctx, item->event_id), has_time,
            has_time ? item->time.microseconds : 0, item->column_count),
        .contents = is_erased ? QUIPU_ITEM_TEXTS_ERASED : contents(ctx, item),
    };
}

struct quipu_item_texts quipu_item_texts_drain(struct quipu_context *ctx,
                                               quipu_cursor *cursor)
{
    struct quipu_item_texts list = { NULL, 0 };
    const quipu_item *item;
    size_t room = 0;

    for (;;) {
        OK(quipu_cursor_next(cursor, &item, ERR));
        if (!item) {
            break;
        }
        if (list.count == room) {
            struct quipu_item_text *grown;

            room = room > 0 ? 2 * room : 16;
            grown = quipu_context_allocate(ctx, room * sizeof(*grown));
            if (list.count > 0) {
                memcpy(grown, list.at, list.count * sizeof(*grown));
            }
            list.at = grown;
        }
        list.at[list.count++] = quipu_item_text_of(ctx, item);
    }
    quipu_cursor_close(cursor);
    return list;
}

struct quipu_item_texts quipu_item_texts_read(struct quipu_context *ctx,
                                              quipu_records *records,
                                              quipu_bytes sequence)
{
    quipu_cursor *cursor;

    if (sequence.data) {
        OK(quipu_records_read(records, sequence, NULL, &cursor, ERR));
    } else {
        OK(quipu_records_read_log(records, NULL, &cursor, ERR));
    }
    return quipu_item_texts_drain(ctx, cursor);
}

bool quipu_item_text_is_erased(const struct quipu_item_text *text)
{
    return strcmp(text->contents, QUIPU_ITEM_TEXTS_ERASED) == 0;
}

/* ------------------------------------------------------------- for appends */

static void set_value(quipu_value *value, int kind, quipu_bytes text,
                      int64_t number)
{
    *value = (quipu_value){ .kind = kind };
    switch (kind) {
    case QUIPU_VALUE_BOOL:
        value->as.integer = number % 2;
        break;
    case QUIPU_VALUE_DOUBLE:
        value->as.real = (double)number + 0.5;
        break;
    case QUIPU_VALUE_UUID:
        value->as.bytes = (quipu_bytes){ text.data, 16 };
        break;
    case QUIPU_VALUE_TEXT:
    case QUIPU_VALUE_BYTES:
        value->as.bytes = text;
        break;
    default:
        value->as.integer = number;
        break;
    }
}

void quipu_item_texts_fill(struct quipu_context *ctx,
                           const quipu_schema *schema, quipu_item *item,
                           int64_t number)
{
    quipu_bytes text = quipu_bytes_of_text(
        quipu_context_format(ctx, "contents of item %" PRId64, number));
    quipu_value *values = quipu_context_allocate(
        ctx, (schema->column_count + 1) * sizeof(*values));

    item->state = text;
    if (schema->metadata) {
        item->metadata = text;
    }
    if (schema->time) {
        item->flags |= QUIPU_ITEM_TIME;
        item->time.microseconds = number;
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        set_value(&values[i], schema->columns[i].kind, text, number);
    }
    item->columns = schema->column_count > 0 ? values : NULL;
    item->column_count = schema->column_count;
}

void quipu_item_texts_erase(quipu_item *item)
{
    static const quipu_value nulls[QUIPU_COLUMNS_MAX];

    item->flags |= QUIPU_ITEM_ERASED;
    item->state = (quipu_bytes){ "", 0 };
    item->metadata = (quipu_bytes){ NULL, 0 };
    item->columns = item->column_count > 0 ? nulls : NULL;
}
