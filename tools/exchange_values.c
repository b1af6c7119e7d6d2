/* SPDX-License-Identifier: Apache-2.0 */
/* Values: strict in what they take, so that nothing is lost unseen. */
#include "exchange_values.h"
#include "base64.h"
#include "items_json.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX (INT64_C(1) << 53) /* that a double holds exactly */

void *quipu_tool_arena_allocate(struct arena *arena, size_t size)
{
    arena->blocks = quipu_tool_resize(arena->blocks, arena->count + 1,
                                      sizeof(*arena->blocks));
    arena->blocks[arena->count] = quipu_tool_allocate(size + 1, 1);
    return arena->blocks[arena->count++];
}

void quipu_tool_arena_clear(struct arena *arena)
{
    for (size_t i = 0; i < arena->count; i++) {
        free(arena->blocks[i]);
    }
    free(arena->blocks);
    memset(arena, 0, sizeof(*arena));
}

/* ------------------------------------------------------------- writing */

json_t *quipu_tool_value_bytes(quipu_bytes bytes)
{
    const size_t size = quipu_tool_base64_size(bytes.size);
    char *text = quipu_tool_allocate(size + 1, 1);
    json_t *value = NULL;

    quipu_tool_base64_encode(bytes.data, bytes.size, text);
    value = json_stringn_nocheck(text, size);
    free(text);
    return value;
}

json_t *quipu_tool_value_integer(int64_t number)
{
    char text[24];

    if (number >= -EXACT_MAX && number <= EXACT_MAX) {
        return json_integer(number);
    }
    snprintf(text, sizeof(text), "%" PRId64, number);
    return json_string(text);
}

json_t *quipu_tool_value_column(const quipu_value *value)
{
    switch (value->kind) {
    case QUIPU_VALUE_INT:
        return quipu_tool_value_integer(value->as.integer);
    case QUIPU_VALUE_BYTES:
        return quipu_tool_value_bytes(value->as.bytes);
    default:
        return quipu_tool_json_value(value);
    }
}

/* ------------------------------------------------------------- reading */

static int wrong(const json_t *value, const char *name, const char *what,
                 quipu_error *error)
{
    if (!value) {
        return quipu_error_set(error, QUIPU_INVALID, "'%s' is missing", name);
    }
    return quipu_error_set(error, QUIPU_INVALID, "'%s' is not %s", name, what);
}

int quipu_tool_value_read_text(const json_t *value, const char *name,
                               quipu_bytes *text, quipu_error *error)
{
    if (!json_is_string(value)) {
        return wrong(value, name, "a string", error);
    }
    *text =
        (quipu_bytes){ json_string_value(value), json_string_length(value) };
    return QUIPU_OK;
}

static bool read_decimal(const char *text, int64_t *number)
{
    char *end = NULL;

    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && end != text &&
           !strchr(" \t\n\v\f\r+", text[0]);
}

int quipu_tool_value_read_integer(const json_t *value, const char *name,
                                  int64_t *number, quipu_error *error)
{
    if (json_is_integer(value)) {
        *number = json_integer_value(value);
        return QUIPU_OK;
    }
    return json_is_string(value) &&
                   read_decimal(json_string_value(value), number)
               ? QUIPU_OK
               : wrong(value, name, "an integer of 64 bits", error);
}

int quipu_tool_value_read_bytes(const json_t *value, const char *name,
                                struct arena *arena, quipu_bytes *bytes,
                                quipu_error *error)
{
    const size_t size = json_string_length(value);
    void *data = quipu_tool_arena_allocate(arena, size / 4 * 3);

    if (!json_is_string(value) ||
        !quipu_tool_base64_decode(json_string_value(value), size, data,
                                  &bytes->size)) {
        return wrong(value, name, "bytes in base64", error);
    }
    bytes->data = data;
    return QUIPU_OK;
}

int quipu_tool_value_read_uuid(const json_t *value, const char *name,
                               quipu_uuid *uuid, quipu_error *error)
{
    return json_is_string(value) &&
                   quipu_uuid_parse(uuid, json_string_value(value), NULL) ==
                       QUIPU_OK
               ? QUIPU_OK
               : wrong(value, name, "a UUID", error);
}

/* Days from 1970-01-01 to a day of the Gregorian calendar; years count from
 * March, so that the leap day is the last. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    const int64_t years = month > 2 ? year : year - 1;
    const int64_t months = month > 2 ? month - 3 : month + 9;
    const int64_t centuries = years / 100;

    return years * 365 + years / 4 - centuries + years / 400 +
           (months * 153 + 2) / 5 + day - 719469;
}

/* The number in so many digits, or a senseless one. */
static int64_t number_at(const char *text, size_t digits)
{
    int64_t number = 0;

    for (size_t i = 0; i < digits; i++) {
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

int quipu_tool_value_read_time(const json_t *value, const char *name,
                               quipu_time *time, quipu_error *error)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    char again[QUIPU_TIME_TEXT_SIZE];
    int64_t seconds;

    if (strlen(text) != QUIPU_TIME_TEXT_SIZE - 1) {
        return wrong(value, name, "a time like 2017-05-25T12:00:00.000000Z",
                     error);
    }
    seconds = days_of(number_at(text, 4), number_at(text + 5, 2),
                      number_at(text + 8, 2)) *
                  86400 +
              number_at(text + 11, 2) * 3600 + number_at(text + 14, 2) * 60 +
              number_at(text + 17, 2);
    time->microseconds = seconds * 1000000 + number_at(text + 20, 6);
    /* What is no digit, or no day, comes back as another text. */
    if (quipu_time_format(*time, again, NULL) != QUIPU_OK ||
        strcmp(again, text) != 0) {
        return wrong(value, name, "a time that there is, in UTC", error);
    }
    return QUIPU_OK;
}

static int read_real(const json_t *value, const char *name, double *real,
                     quipu_error *error)
{
    const json_int_t integer = json_integer_value(value);

    if (json_is_integer(value) && integer >= -EXACT_MAX &&
        integer <= EXACT_MAX) {
        *real = (double)integer;
        return QUIPU_OK;
    }
    *real = json_real_value(value);
    return json_is_real(value)
               ? QUIPU_OK
               : wrong(value, name, "a number that a double holds", error);
}

static int read_uuid_column(const json_t *value, const char *name,
                            struct arena *arena, quipu_bytes *bytes,
                            quipu_error *error)
{
    quipu_uuid *uuid = quipu_tool_arena_allocate(arena, sizeof(*uuid));

    *bytes = (quipu_bytes){ uuid->bytes, sizeof(uuid->bytes) };
    return quipu_tool_value_read_uuid(value, name, uuid, error);
}

int quipu_tool_value_read_column(const json_t *value, const quipu_column *as,
                                 struct arena *arena, quipu_value *column,
                                 quipu_error *error)
{
    quipu_time time = { 0 };
    int status = QUIPU_OK;

    memset(column, 0, sizeof(*column));
    if (!value || json_is_null(value)) {
        return QUIPU_OK;
    }
    column->kind = as->kind;
    switch (as->kind) {
    case QUIPU_VALUE_BOOL:
        column->as.integer = json_is_true(value);
        return json_is_boolean(value)
                   ? QUIPU_OK
                   : wrong(value, as->name, "true or false", error);
    case QUIPU_VALUE_INT:
        return quipu_tool_value_read_integer(value, as->name,
                                             &column->as.integer, error);
    case QUIPU_VALUE_DOUBLE:
        return read_real(value, as->name, &column->as.real, error);
    case QUIPU_VALUE_TEXT:
        return quipu_tool_value_read_text(value, as->name, &column->as.bytes,
                                          error);
    case QUIPU_VALUE_BYTES:
        return quipu_tool_value_read_bytes(value, as->name, arena,
                                           &column->as.bytes, error);
    case QUIPU_VALUE_UUID:
        return read_uuid_column(value, as->name, arena, &column->as.bytes,
                                error);
    default:
        status = quipu_tool_value_read_time(value, as->name, &time, error);
        column->as.integer = time.microseconds;
        return status;
    }
}
