/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of timers; timer.h has their format. */
#include "timer/timer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "records/entry_value.h"

#define FORMAT 1
#define ABSENT UINT32_MAX /* the size of absent bytes */
#define TIME_DIGITS 16
#define ID_SIZE (QUIPU_UUID_TEXT_SIZE - 1)
/* Bytes of a key behind the table: "/TIME/ID". */
#define TAIL_SIZE (1 + TIME_DIGITS + 1 + ID_SIZE)
/* Bytes of a value up to its name, and of a refusal up to the sequence id. */
#define HEAD_SIZE (1 + 8 + 4 + 8)
#define REFUSAL_HEAD_SIZE (1 + 4)

/* ------------------------------------------------------------------- keys */

/* A NUL, which no text contains, ends each of the first two parts. */
quipu_uuid quipu_timer_id(const char *table, quipu_bytes sequence_id,
                          const char *name)
{
    static const quipu_uuid name_space = {
        .bytes = { 0x5d, 0x0c, 0x1e, 0x0b, 0x9f, 0x5e, 0x4b, 0x0c, 0x8d, 0x1a,
                   0x3b, 0x57, 0x7a, 0x64, 0x21, 0xe6 },
    };
    char text[512];
    quipu_uuid id;
    int size = snprintf(text, sizeof(text) - QUIPU_ID_MAX, "%s%c%s%c", table, 0,
                        name, 0);

    memcpy(text + size, sequence_id.data, sequence_id.size);
    quipu_uuid_of_name(&id, &name_space, text, (size_t)size + sequence_id.size);
    return id;
}

quipu_bytes quipu_timer_key(const quipu_uuid *id,
                            char key[QUIPU_TIMER_KEY_SIZE])
{
    char text[QUIPU_UUID_TEXT_SIZE];

    quipu_uuid_format(id, text);
    int size = snprintf(key, QUIPU_TIMER_KEY_SIZE, "quipu/timer/%s", text);

    return (quipu_bytes){ key, (size_t)size };
}

quipu_bytes quipu_timer_place_key(const char *prefix, const char *table,
                                  quipu_time due, const quipu_uuid *id,
                                  char key[QUIPU_TIMER_KEY_SIZE])
{
    char text[QUIPU_UUID_TEXT_SIZE];
    uint64_t time = (uint64_t)(due.microseconds - QUIPU_TIME_MIN);

    quipu_uuid_format(id, text);
    int size = snprintf(key, QUIPU_TIMER_KEY_SIZE, "%s%s/%016" PRIx64 "/%s",
                        prefix, table, time, text);

    return (quipu_bytes){ key, (size_t)size };
}

bool quipu_timer_place_parse(quipu_bytes key, const char *prefix,
                             struct quipu_timer_place *place)
{
    const size_t prefix_size = strlen(prefix);
    const char *data = key.data;
    char tail[TAIL_SIZE + 1] = "";
    char *end = NULL;

    if (key.size <= prefix_size + TAIL_SIZE) {
        return false;
    }
    memcpy(tail, data + key.size - TAIL_SIZE, TAIL_SIZE);
    uint64_t time = strtoull(tail + 1, &end, 16);

    place->table =
        (quipu_bytes){ data + prefix_size, key.size - prefix_size - TAIL_SIZE };
    place->due.microseconds = (int64_t)time + QUIPU_TIME_MIN;
    return tail[0] == '/' && end == tail + 1 + TIME_DIGITS && *end == '/' &&
           quipu_uuid_parse(&place->id, end + 1, NULL) == QUIPU_OK;
}

/* --------------------------------------------------------------- encoding */

static bool is_number(int kind)
{
    return kind == QUIPU_VALUE_BOOL || kind == QUIPU_VALUE_INT ||
           kind == QUIPU_VALUE_DOUBLE || kind == QUIPU_VALUE_TIME;
}

static size_t value_size(const struct quipu_timer_event *event)
{
    const quipu_item *item = &event->item;
    size_t size = HEAD_SIZE + 2 + event->name.size + 2 +
                  item->sequence_id.size + 2 + item->topic.size + 2 +
                  item->event_id.size + 4 + item->metadata.size + 4 +
                  item->state.size + 2;

    for (size_t i = 0; i < item->column_count; i++) {
        const quipu_value *column = &item->columns[i];

        size += 1 + 8;
        size += is_number(column->kind) ? 0 : column->as.bytes.size;
    }
    return size;
}

static void put_large(uint8_t **at, quipu_bytes bytes)
{
    quipu_value_put_number(at, bytes.data ? bytes.size : ABSENT, 4);
    if (bytes.data) {
        memcpy(*at, bytes.data, bytes.size);
        *at += bytes.size;
    }
}

static void put_column(uint8_t **at, const quipu_value *column)
{
    uint64_t bits = (uint64_t)column->as.integer;

    *(*at)++ = (uint8_t)column->kind;
    if (column->kind == QUIPU_VALUE_DOUBLE) {
        memcpy(&bits, &column->as.real, sizeof(bits));
    }
    if (is_number(column->kind)) {
        quipu_value_put_number(at, bits, 8);
    } else if (column->kind != QUIPU_VALUE_NULL) {
        put_large(at, column->as.bytes);
    }
}

quipu_bytes quipu_timer_encode(const struct quipu_timer_event *event,
                               quipu_arena *arena)
{
    const quipu_item *item = &event->item;
    uint8_t *value = quipu_arena_allocate(arena, value_size(event));
    uint8_t *at = value;

    if (!value) {
        return (quipu_bytes){ NULL, 0 };
    }
    *at++ = FORMAT;
    quipu_value_put_number(&at, (uint64_t)event->due.microseconds, 8);
    quipu_value_put_number(&at, item->flags, 4);
    quipu_value_put_number(&at, (uint64_t)item->time.microseconds, 8);
    quipu_value_put_bytes(&at, event->name);
    quipu_value_put_bytes(&at, item->sequence_id);
    quipu_value_put_bytes(&at, item->topic);
    quipu_value_put_bytes(&at, item->event_id);
    put_large(&at, item->metadata);
    put_large(&at, item->state);
    quipu_value_put_number(&at, item->column_count, 2);
    for (size_t i = 0; i < item->column_count; i++) {
        put_column(&at, &item->columns[i]);
    }
    return (quipu_bytes){ value, (size_t)(at - value) };
}

quipu_bytes quipu_timer_encode_refusal(quipu_bytes sequence_id, int code,
                                       quipu_bytes message, quipu_arena *arena)
{
    uint8_t *value = quipu_arena_allocate(
        arena, REFUSAL_HEAD_SIZE + 2 + sequence_id.size + 2 + message.size);
    uint8_t *at = value;

    if (!value) {
        return (quipu_bytes){ NULL, 0 };
    }
    *at++ = FORMAT;
    quipu_value_put_number(&at, (uint32_t)code, 4);
    quipu_value_put_bytes(&at, sequence_id);
    quipu_value_put_bytes(&at, message);
    return (quipu_bytes){ value, (size_t)(at - value) };
}

/* --------------------------------------------------------------- decoding */

/* The part of a value that has not been read yet. */
struct input {
    const uint8_t *at;
    const uint8_t *end;
};

static bool has(const struct input *input, size_t size)
{
    return (size_t)(input->end - input->at) >= size;
}

static bool take_small(struct input *input, quipu_bytes *bytes)
{
    return quipu_value_take_bytes(&input->at, input->end, bytes);
}

static bool take_large(struct input *input, quipu_bytes *bytes)
{
    if (!has(input, 4)) {
        return false;
    }
    size_t size = (size_t)quipu_value_take_number(&input->at, 4);

    *bytes = (quipu_bytes){ NULL, 0 };
    if (size == ABSENT) {
        return true;
    }
    if (!has(input, size)) {
        return false;
    }
    *bytes = (quipu_bytes){ input->at, size };
    input->at += size;
    return true;
}

static bool take_column(struct input *input, quipu_value *column)
{
    if (!has(input, 1)) {
        return false;
    }
    column->kind = *input->at++;
    if (column->kind == QUIPU_VALUE_NULL) {
        return true;
    }
    if (!is_number(column->kind)) {
        return take_large(input, &column->as.bytes);
    }
    if (!has(input, 8)) {
        return false;
    }
    uint64_t bits = quipu_value_take_number(&input->at, 8);

    if (column->kind == QUIPU_VALUE_DOUBLE) {
        memcpy(&column->as.real, &bits, sizeof(bits));
    } else {
        column->as.integer = (int64_t)bits;
    }
    return true;
}

/* CORRUPT: the columns are cut short.  NO_MEMORY. */
static int take_columns(struct input *input, quipu_arena *arena,
                        quipu_item *item)
{
    size_t count =
        has(input, 2) ? (size_t)quipu_value_take_number(&input->at, 2) : 0;
    quipu_value *columns = NULL;

    if (count > 0) {
        columns = quipu_arena_allocate_array(arena, count, sizeof(*columns));
        if (!columns) {
            return QUIPU_NO_MEMORY;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (!take_column(input, &columns[i])) {
            return QUIPU_CORRUPT;
        }
    }
    item->columns = columns;
    item->column_count = count;
    return QUIPU_OK;
}

static bool take_head(struct input *input, struct quipu_timer_event *event)
{
    if (!has(input, HEAD_SIZE) || *input->at++ != FORMAT) {
        return false;
    }
    event->due.microseconds = (int64_t)quipu_value_take_number(&input->at, 8);
    event->item.flags = (uint32_t)quipu_value_take_number(&input->at, 4);
    event->item.time.microseconds =
        (int64_t)quipu_value_take_number(&input->at, 8);
    return true;
}

int quipu_timer_decode(const quipu_entry *entry, quipu_arena *arena,
                       struct quipu_timer_event *event, quipu_error *error)
{
    const uint8_t *data = entry->value.data;
    struct input input = { data, data + entry->value.size };
    quipu_item *item = &event->item;

    *event = (struct quipu_timer_event){ .due = { 0 } };
    bool sound = take_head(&input, event) && take_small(&input, &event->name) &&
                 take_small(&input, &item->sequence_id) &&
                 take_small(&input, &item->topic) &&
                 take_small(&input, &item->event_id) &&
                 take_large(&input, &item->metadata) &&
                 take_large(&input, &item->state);
    int status = sound ? take_columns(&input, arena, item) : QUIPU_CORRUPT;

    if (status == QUIPU_NO_MEMORY) {
        return quipu_error_no_memory(error);
    }
    if (status != QUIPU_OK || input.at != input.end) {
        return quipu_error_set(
            error, QUIPU_CORRUPT, "the entry \"%.*s\" is not that of a timer",
            (int)entry->key.size, (const char *)entry->key.data);
    }
    if (item->event_id.size == 0) {
        item->event_id.data = NULL;
    }
    return QUIPU_OK;
}

bool quipu_timer_decode_refusal(quipu_bytes value, quipu_bytes *sequence_id,
                                int32_t *code, quipu_bytes *message)
{
    const uint8_t *data = value.data;
    struct input input = { data, data + value.size };

    if (!has(&input, REFUSAL_HEAD_SIZE) || *input.at++ != FORMAT) {
        return false;
    }
    *code = (int32_t)quipu_value_take_number(&input.at, 4);
    return take_small(&input, sequence_id) && take_small(&input, message) &&
           input.at == input.end;
}
