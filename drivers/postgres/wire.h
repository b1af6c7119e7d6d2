/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters and results in PostgreSQL's binary formats. */
#ifndef POSTGRES_DRIVER_WIRE_H
#define POSTGRES_DRIVER_WIRE_H

#include <quipu/driver.h>

#include <libpq-fe.h>

/* The types that quipu uses, by the numbers that every server has. */
enum type {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_INT8 = 20,
    TYPE_INT4 = 23,
    TYPE_TEXT = 25,
    TYPE_FLOAT8 = 701,
    TYPE_TIMESTAMPTZ = 1184,
    TYPE_UUID = 2950,
    TYPE_BOOLS = 1000,
    TYPE_BYTEAS = 1001,
    TYPE_INT4S = 1007,
    TYPE_TEXTS = 1009,
    TYPE_INT8S = 1016,
    TYPE_FLOAT8S = 1022,
    TYPE_TIMESTAMPTZS = 1185,
    TYPE_UUIDS = 2951
};

#define ARGUMENTS_MAX (16 + QUIPU_COLUMNS_MAX)

/* The parameters of one statement; the memory is used again and again. */
struct arguments {
    const quipu_host *host;
    unsigned char *data;
    size_t size;
    size_t room;
    bool failed; /* no memory, or more than the protocol can carry */
    int count;
    size_t offsets[ARGUMENTS_MAX];
    int lengths[ARGUMENTS_MAX]; /* -1: NULL */
    size_t array;               /* where the array being written begins */
};

void quipu_postgres_arguments_begin(struct arguments *arguments);
void quipu_postgres_arguments_finish(struct arguments *arguments);

void quipu_postgres_add_null(struct arguments *arguments);
void quipu_postgres_add_bool(struct arguments *arguments, bool value);
void quipu_postgres_add_int4(struct arguments *arguments, int32_t value);
void quipu_postgres_add_int8(struct arguments *arguments, int64_t value);
/* Text, bytea, or uuid; without data: NULL. */
void quipu_postgres_add_bytes(struct arguments *arguments, quipu_bytes bytes);
void quipu_postgres_add_text(struct arguments *arguments, const char *text);

/* An array: begun, `count` elements put, and ended. */
void quipu_postgres_array_begin(struct arguments *arguments, enum type element,
                                size_t count);
void quipu_postgres_put_null(struct arguments *arguments);
void quipu_postgres_put_bool(struct arguments *arguments, bool value);
void quipu_postgres_put_int4(struct arguments *arguments, int32_t value);
void quipu_postgres_put_int8(struct arguments *arguments, int64_t value);
void quipu_postgres_put_double(struct arguments *arguments, double value);
void quipu_postgres_put_time(struct arguments *arguments, int64_t value);
void quipu_postgres_put_bytes(struct arguments *arguments, quipu_bytes bytes);
void quipu_postgres_array_end(struct arguments *arguments);

/* Fields of a result in binary format; lent by it. */
bool quipu_postgres_is_null(const PGresult *result, int row, int column);
int64_t quipu_postgres_get_int(const PGresult *result, int row, int column);
bool quipu_postgres_get_bool(const PGresult *result, int row, int column);
double quipu_postgres_get_double(const PGresult *result, int row, int column);
int64_t quipu_postgres_get_time(const PGresult *result, int row, int column);
/* Absent if it is NULL. */
quipu_bytes quipu_postgres_get_bytes(const PGresult *result, int row,
                                     int column);
/* All zero if it is no UUID. */
quipu_uuid quipu_postgres_get_uuid(const PGresult *result, int row, int column);

#endif
