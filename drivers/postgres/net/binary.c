/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters and results in PostgreSQL's binary formats: numbers big-endian,
 * times as microseconds since 2000. */
#include "binary.h"

#include <endian.h>
#include <string.h>

#define EPOCH INT64_C(946684800000000) /* 2000-01-01 in Unix microseconds */
#define PARAMETER_MAX \
    ((size_t)1 << 30) /* bytes of a message of the protocol \
                       */

/* ------------------------------------------------------------- parameters */

void quipu_postgres_binary_begin(struct arguments *arguments)
{
    arguments->size = 0;
    arguments->count = 0;
    arguments->failed = false;
}

void quipu_postgres_binary_finish(struct arguments *arguments)
{
    arguments->host->release(arguments->data);
    arguments->data = NULL;
    arguments->room = 0;
}

/* Returns where `more` bytes can be written, or NULL. */
static unsigned char *make_room(struct arguments *arguments, size_t more)
{
    size_t wanted = arguments->size + more;
    if (arguments->failed) {
        return NULL;
    }
    if (wanted > arguments->room) {
        size_t room = wanted + wanted / 2 + 256;
        unsigned char *data =
            wanted > PARAMETER_MAX
                ? NULL
                : arguments->host->reallocate(arguments->data, room);
        if (!data) {
            arguments->failed = true;
            return NULL;
        }
        arguments->data = data;
        arguments->room = room;
    }
    return arguments->data + arguments->size;
}

static void append(struct arguments *arguments, const void *bytes, size_t size)
{
    unsigned char *at = make_room(arguments, size);
    if (at && size > 0) {
        memcpy(at, bytes, size);
        arguments->size += size;
    }
}

static void append_int4(struct arguments *arguments, int32_t value)
{
    uint32_t wire = htobe32((uint32_t)value);
    append(arguments, &wire, sizeof(wire));
}

static void append_int8(struct arguments *arguments, int64_t value)
{
    uint64_t wire = htobe64((uint64_t)value);
    append(arguments, &wire, sizeof(wire));
}

/* Makes the bytes from `offset` on the next parameter. */
static void add_parameter(struct arguments *arguments, size_t offset, bool null)
{
    if (arguments->count == ARGUMENTS_MAX) {
        arguments->failed = true;
        return;
    }
    arguments->offsets[arguments->count] = offset;
    arguments->lengths[arguments->count++] =
        null ? -1 : (int)(arguments->size - offset);
}

void quipu_postgres_binary_add_bool(struct arguments *arguments, bool value)
{
    unsigned char byte = value ? 1 : 0;
    append(arguments, &byte, 1);
    add_parameter(arguments, arguments->size - 1, false);
}

void quipu_postgres_binary_add_int4(struct arguments *arguments, int32_t value)
{
    size_t offset = arguments->size;
    append_int4(arguments, value);
    add_parameter(arguments, offset, false);
}

void quipu_postgres_binary_add_int8(struct arguments *arguments, int64_t value)
{
    size_t offset = arguments->size;
    append_int8(arguments, value);
    add_parameter(arguments, offset, false);
}

void quipu_postgres_binary_add_bytes(struct arguments *arguments,
                                     quipu_bytes bytes)
{
    size_t offset = arguments->size;
    append(arguments, bytes.data, bytes.size);
    add_parameter(arguments, offset, !bytes.data);
}

void quipu_postgres_binary_add_text(struct arguments *arguments,
                                    const char *text)
{
    quipu_postgres_binary_add_bytes(
        arguments, (quipu_bytes){ text, text ? strlen(text) : 0 });
}

/* ----------------------------------------------------------------- arrays */

/* Header of an array: dimensions, whether there may be NULLs, element type;
 * then length and lower bound of the dimension.  An empty array has none. */
void quipu_postgres_binary_array_begin(struct arguments *arguments,
                                       enum type element, size_t count)
{
    arguments->array = arguments->size;
    append_int4(arguments, count > 0 ? 1 : 0);
    append_int4(arguments, 1);
    append_int4(arguments, (int32_t)element);
    if (count > 0) {
        append_int4(arguments, (int32_t)count);
        append_int4(arguments, 1);
    }
}

void quipu_postgres_binary_array_end(struct arguments *arguments)
{
    add_parameter(arguments, arguments->array, false);
}

void quipu_postgres_binary_scalar_begin(struct arguments *arguments)
{
    arguments->array = arguments->size;
}

/* An element begins with its length, which is -1 for NULL. */
void quipu_postgres_binary_scalar_end(struct arguments *arguments)
{
    uint32_t wire = 0;
    if (!arguments->failed) {
        memcpy(&wire, arguments->data + arguments->array, sizeof(wire));
        add_parameter(arguments, arguments->array + sizeof(wire),
                      wire == UINT32_MAX);
    }
}

void quipu_postgres_binary_put_null(struct arguments *arguments)
{
    append_int4(arguments, -1);
}

void quipu_postgres_binary_put_bool(struct arguments *arguments, bool value)
{
    unsigned char byte = value ? 1 : 0;
    append_int4(arguments, 1);
    append(arguments, &byte, 1);
}

void quipu_postgres_binary_put_int4(struct arguments *arguments, int32_t value)
{
    append_int4(arguments, 4);
    append_int4(arguments, value);
}

void quipu_postgres_binary_put_int8(struct arguments *arguments, int64_t value)
{
    append_int4(arguments, 8);
    append_int8(arguments, value);
}

void quipu_postgres_binary_put_double(struct arguments *arguments, double value)
{
    int64_t bits = 0;
    memcpy(&bits, &value, sizeof(bits));
    quipu_postgres_binary_put_int8(arguments, bits);
}

void quipu_postgres_binary_put_time(struct arguments *arguments, int64_t value)
{
    quipu_postgres_binary_put_int8(arguments, value - EPOCH);
}

void quipu_postgres_binary_put_bytes(struct arguments *arguments,
                                     quipu_bytes bytes)
{
    if (!bytes.data) {
        quipu_postgres_binary_put_null(arguments);
        return;
    }
    append_int4(arguments, (int32_t)bytes.size);
    append(arguments, bytes.data, bytes.size);
}

/* ---------------------------------------------------------------- results */

bool quipu_postgres_binary_is_null(const PGresult *result, int row, int column)
{
    return PQgetisnull(result, row, column) != 0;
}

int64_t quipu_postgres_binary_get_int(const PGresult *result, int row,
                                      int column)
{
    uint64_t eight = 0;
    uint32_t four = 0;
    const char *bytes = PQgetvalue(result, row, column);
    switch (PQgetlength(result, row, column)) {
    case 8:
        memcpy(&eight, bytes, sizeof(eight));
        return (int64_t)be64toh(eight);
    case 4:
        memcpy(&four, bytes, sizeof(four));
        return (int32_t)be32toh(four);
    default:
        return 0;
    }
}

bool quipu_postgres_binary_get_bool(const PGresult *result, int row, int column)
{
    return PQgetlength(result, row, column) == 1 &&
           *PQgetvalue(result, row, column) != 0;
}

double quipu_postgres_binary_get_double(const PGresult *result, int row,
                                        int column)
{
    int64_t bits = quipu_postgres_binary_get_int(result, row, column);
    double value = 0;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* "infinity", which quipu never writes, becomes the latest time. */
int64_t quipu_postgres_binary_get_time(const PGresult *result, int row,
                                       int column)
{
    int64_t wire = quipu_postgres_binary_get_int(result, row, column);
    return wire > INT64_MAX - EPOCH ? INT64_MAX : wire + EPOCH;
}

quipu_bytes quipu_postgres_binary_get_bytes(const PGresult *result, int row,
                                            int column)
{
    quipu_bytes bytes = { .data = NULL };
    if (!quipu_postgres_binary_is_null(result, row, column)) {
        bytes.data = PQgetvalue(result, row, column);
        bytes.size = (size_t)PQgetlength(result, row, column);
    }
    return bytes;
}

quipu_uuid quipu_postgres_binary_get_uuid(const PGresult *result, int row,
                                          int column)
{
    quipu_uuid uuid = { { 0 } };
    if (PQgetlength(result, row, column) == (int)sizeof(uuid.bytes)) {
        memcpy(uuid.bytes, PQgetvalue(result, row, column), sizeof(uuid.bytes));
    }
    return uuid;
}

const char *quipu_postgres_binary_get_text(const PGresult *result, int row,
                                           int column)
{
    return quipu_postgres_binary_is_null(result, row, column)
               ? NULL
               : PQgetvalue(result, row, column);
}

void quipu_postgres_binary_get_position(const PGresult *result, int row,
                                        quipu_position *position)
{
    position->notification_id = quipu_postgres_binary_get_int(result, row, 0);
    position->store = quipu_postgres_binary_get_uuid(result, row, 1);
    position->event_id = quipu_postgres_binary_get_uuid(result, row, 2);
}
