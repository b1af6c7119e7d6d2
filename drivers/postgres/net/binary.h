/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters and results in PostgreSQL's binary formats.
 *
 * Parameters are written one after the other into a buffer that a connection
 * keeps: begin, then add_* for each scalar, or array_begin, put_* for each
 * element and array_end.  A failure (no memory; more than the protocol can
 * carry) is noted in `failed` and reported when the statement is sent.
 */
#ifndef POSTGRES_BINARY_H
#define POSTGRES_BINARY_H

#include <quipu/driver.h>

#include <libpq-fe.h>

/* The object ids of the types that quipu uses; they are the same on every
 * server. */
enum type {
    TYPE_BOOL = 16,
    TYPE_BYTEA = 17,
    TYPE_INT8 = 20,
    TYPE_INT4 = 23,
    TYPE_TEXT = 25,
    TYPE_FLOAT8 = 701,
    TYPE_TIMESTAMPTZ = 1184,
    TYPE_VOID = 2278,
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

/* The parameters of one statement; the buffer is reused for the next. */
struct arguments {
    const quipu_host *host;
    unsigned char *data;
    size_t size;
    size_t room;
    bool failed; /* no memory, or more than the protocol can carry */
    int count;
    size_t offsets[ARGUMENTS_MAX];
    int lengths[ARGUMENTS_MAX]; /* -1: NULL */
    size_t array;               /* offset of the array or scalar that is being
                                 * written */
};

/* Empties the parameters for the next statement. */
void quipu_postgres_binary_begin(struct arguments *arguments);
/* Releases the buffer. */
void quipu_postgres_binary_finish(struct arguments *arguments);

void quipu_postgres_binary_add_bool(struct arguments *arguments, bool value);
void quipu_postgres_binary_add_int4(struct arguments *arguments, int32_t value);
void quipu_postgres_binary_add_int8(struct arguments *arguments, int64_t value);
/* Text, bytea or uuid; NULL if there is no data. */
void quipu_postgres_binary_add_bytes(struct arguments *arguments,
                                     quipu_bytes bytes);
void quipu_postgres_binary_add_text(struct arguments *arguments,
                                    const char *text);

/* An array of one dimension: begin, put `count` elements, end. */
void quipu_postgres_binary_array_begin(struct arguments *arguments,
                                       enum type element, size_t count);
void quipu_postgres_binary_put_null(struct arguments *arguments);
void quipu_postgres_binary_put_bool(struct arguments *arguments, bool value);
void quipu_postgres_binary_put_int4(struct arguments *arguments, int32_t value);
void quipu_postgres_binary_put_int8(struct arguments *arguments, int64_t value);
void quipu_postgres_binary_put_double(struct arguments *arguments,
                                      double value);
void quipu_postgres_binary_put_time(struct arguments *arguments, int64_t value);
void quipu_postgres_binary_put_bytes(struct arguments *arguments,
                                     quipu_bytes bytes);
void quipu_postgres_binary_array_end(struct arguments *arguments);

/* A parameter of any type by the functions for elements: begin, put one, end.
 */
void quipu_postgres_binary_scalar_begin(struct arguments *arguments);
void quipu_postgres_binary_scalar_end(struct arguments *arguments);

/* Fields of a result.  Bytes and texts point into the result and live as long
 * as it does. */
bool quipu_postgres_binary_is_null(const PGresult *result, int row, int column);
int64_t quipu_postgres_binary_get_int(const PGresult *result, int row,
                                      int column);
bool quipu_postgres_binary_get_bool(const PGresult *result, int row,
                                    int column);
double quipu_postgres_binary_get_double(const PGresult *result, int row,
                                        int column);
int64_t quipu_postgres_binary_get_time(const PGresult *result, int row,
                                       int column);
/* No data if the field is NULL. */
quipu_bytes quipu_postgres_binary_get_bytes(const PGresult *result, int row,
                                            int column);
/* All zero if the field is no UUID. */
quipu_uuid quipu_postgres_binary_get_uuid(const PGresult *result, int row,
                                          int column);
/* A text field, or NULL; libpq ends each value with a NUL. */
const char *quipu_postgres_binary_get_text(const PGresult *result, int row,
                                           int column);
/* The position of a tracking record, in the first three columns. */
void quipu_postgres_binary_get_position(const PGresult *result, int row,
                                        quipu_position *position);

#endif
