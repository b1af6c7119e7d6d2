/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the export format. */
#include "value.h"
#include "base64.h"
#include "output/jsonl.h"
#include "output/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Integers up to this one are exact as a double. */
#define EXACT_MAX (INT64_C(1) << 53)

/* ------------------------------------------------------------- writing */

json_t *exchange_value_from_bytes(quipu_bytes bytes)
{
    const size_t size = base64_size(bytes.size);
    char *text = memory_allocate(size + 1, 1);

    base64_encode(bytes.data, bytes.size, text);
    json_t *value = json_stringn_nocheck(text, size);
    free(text);
    return value;
}

json_t *exchange_value_from_integer(int64_t number)
{
    char text[24];

    if (number >= -EXACT_MAX && number <= EXACT_MAX) {
        return json_integer(number);
    }
    snprintf(text, sizeof(text), "%" PRId64, number);
    return json_string(text);
}

/* A JSON tool that reads and writes a number may write a large one without an
 * exponent, too long for an integer, and -0 without its sign; it leaves a
 * string alone. */
static json_t *from_real(double real)
{
    char text[32];

    if ((real != 0 || !signbit(real)) && fabs(real) < (double)EXACT_MAX) {
        return json_real(real);
    }
    snprintf(text, sizeof(text), "%.17g", real);
    return json_string(text);
}

json_t *exchange_value_from_column(const quipu_value *value)
{
    switch (value->kind) {
    case QUIPU_VALUE_INT:
        return exchange_value_from_integer(value->as.integer);
    case QUIPU_VALUE_DOUBLE:
        return from_real(value->as.real);
    case QUIPU_VALUE_BYTES:
        return exchange_value_from_bytes(value->as.bytes);
    default:
        return jsonl_value(value);
    }
}

/* ------------------------------------------------------------- reading */

/* Sets INVALID: the member is missing, or is not of the expected kind. */
static int wrong(const json_t *value, const char *name, const char *expected,
                 quipu_error *error)
{
    if (!value) {
        return quipu_error_set(error, QUIPU_INVALID, "'%s' is missing", name);
    }
    return quipu_error_set(error, QUIPU_INVALID, "'%s' is not %s", name,
                           expected);
}

int exchange_value_read_text(const json_t *value, const char *name,
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

int exchange_value_read_integer(const json_t *value, const char *name,
                                int64_t *number, quipu_error *error)
{
    const double real = json_real_value(value);

    if (json_is_integer(value)) {
        *number = json_integer_value(value);
        return QUIPU_OK;
    }
    /* Other programs write 100 as 1E+2, or as 100.0.  2^53 may have been
     * rounded from 2^53 + 1. */
    if (json_is_real(value) && real > -EXACT_MAX && real < EXACT_MAX &&
        (double)(int64_t)real == real) {
        *number = (int64_t)real;
        return QUIPU_OK;
    }
    return json_is_string(value) &&
                   read_decimal(json_string_value(value), number)
               ? QUIPU_OK
               : wrong(value, name, "a 64-bit integer", error);
}

int exchange_value_read_bytes(const json_t *value, const char *name,
                              struct arena *arena, quipu_bytes *bytes,
                              quipu_error *error)
{
    const size_t size = json_string_length(value);
    void *data = memory_arena_allocate(arena, size / 4 * 3);

    if (!json_is_string(value) ||
        !base64_decode(json_string_value(value), size, data, &bytes->size)) {
        return wrong(value, name, "bytes in base64", error);
    }
    bytes->data = data;
    return QUIPU_OK;
}

int exchange_value_read_uuid(const json_t *value, const char *name,
                             quipu_uuid *uuid, quipu_error *error)
{
    return json_is_string(value) &&
                   quipu_uuid_parse(uuid, json_string_value(value), NULL) ==
                       QUIPU_OK
               ? QUIPU_OK
               : wrong(value, name, "a UUID", error);
}

/* Returns the days from 1970-01-01 to a day of the Gregorian calendar.  Years
 * are counted from March, so that the leap day is the last day of a year. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    const int64_t years = month > 2 ? year : year - 1;
    const int64_t months = month > 2 ? month - 3 : month + 9;
    const int64_t centuries = years / 100;

    return years * 365 + years / 4 - centuries + years / 400 +
           (months * 153 + 2) / 5 + day - 719469;
}

/* Reads `digits` characters as a number; the result is meaningless if one of
 * them is not a digit. */
static int64_t number_at(const char *text, size_t digits)
{
    int64_t number = 0;

    for (size_t i = 0; i < digits; i++) {
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

int exchange_value_read_time(const json_t *value, const char *name,
                             quipu_time *time, quipu_error *error)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    char formatted[QUIPU_TIME_TEXT_SIZE];

    if (strlen(text) != QUIPU_TIME_TEXT_SIZE - 1) {
        return wrong(value, name, "a time like 2017-05-25T12:00:00.000000Z",
                     error);
    }
    int64_t seconds = days_of(number_at(text, 4), number_at(text + 5, 2),
                              number_at(text + 8, 2)) *
                          86400 +
                      number_at(text + 11, 2) * 3600 +
                      number_at(text + 14, 2) * 60 + number_at(text + 17, 2);
    time->microseconds = seconds * 1000000 + number_at(text + 20, 6);
    /* Formatting the time again yields another text if a character is not a
     * digit, or if there is no such day. */
    if (quipu_time_format(*time, formatted, NULL) != QUIPU_OK ||
        strcmp(formatted, text) != 0) {
        return wrong(value, name, "a valid time in UTC", error);
    }
    return QUIPU_OK;
}

static int read_real(const json_t *value, const char *name, double *real,
                     quipu_error *error)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    char *end = NULL;

    /* An integer is the digits of a double that another program has written
     * without an exponent; the nearest double is the one that was meant. */
    if (json_is_number(value)) {
        *real = json_is_integer(value) ? (double)json_integer_value(value)
                                       : json_real_value(value);
        return QUIPU_OK;
    }
    *real = strtod(text, &end);
    return text[0] != '\0' && strspn(text, "+-.0123456789eE") == strlen(text) &&
                   *end == '\0' && *real - *real == 0
               ? QUIPU_OK
               : wrong(value, name, "a number that a double can hold", error);
}

static int read_uuid_column(const json_t *value, const char *name,
                            struct arena *arena, quipu_bytes *bytes,
                            quipu_error *error)
{
    quipu_uuid *uuid = memory_arena_allocate(arena, sizeof(*uuid));

    *bytes = (quipu_bytes){ uuid->bytes, sizeof(uuid->bytes) };
    return exchange_value_read_uuid(value, name, uuid, error);
}

int exchange_value_read_column(const json_t *value, const quipu_column *as,
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
        return exchange_value_read_integer(value, as->name, &column->as.integer,
                                           error);
    case QUIPU_VALUE_DOUBLE:
        return read_real(value, as->name, &column->as.real, error);
    case QUIPU_VALUE_TEXT:
        return exchange_value_read_text(value, as->name, &column->as.bytes,
                                        error);
    case QUIPU_VALUE_BYTES:
        return exchange_value_read_bytes(value, as->name, arena,
                                         &column->as.bytes, error);
    case QUIPU_VALUE_UUID:
        return read_uuid_column(value, as->name, arena, &column->as.bytes,
                                error);
    default:
        status = exchange_value_read_time(value, as->name, &time, error);
        column->as.integer = time.microseconds;
        return status;
    }
}

/* ------------------------------------------------------------- members */

const json_t *exchange_value_member(const json_t *line, const char *name)
{
    const json_t *value = json_object_get(line, name);

    return json_is_null(value) ? NULL : value;
}

int exchange_value_check_members(const json_t *line, const char *const known[],
                                 quipu_error *error)
{
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach((json_t *)line, name, value)
    {
        size_t i = 0;

        while (known[i] && strcmp(known[i], name) != 0) {
            i++;
        }
        if (!known[i]) {
            return quipu_error_set(
                error, QUIPU_INVALID,
                "unknown member '%s'; version 1 of the format "
                "does not have it",
                name);
        }
    }
    return QUIPU_OK;
}

int exchange_value_read_optional_integer(const json_t *line, const char *name,
                                         int64_t *number, quipu_error *error)
{
    const json_t *value = exchange_value_member(line, name);

    return !value ? QUIPU_OK
                  : exchange_value_read_integer(value, name, number, error);
}

int exchange_value_read_optional_uuid(const json_t *line, const char *name,
                                      quipu_uuid *uuid, quipu_error *error)
{
    const json_t *value = exchange_value_member(line, name);

    memset(uuid, 0, sizeof(*uuid));
    return !value ? QUIPU_OK
                  : exchange_value_read_uuid(value, name, uuid, error);
}
