/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of the export format.  Bytes are base64; integers beyond 2^53, which a
 * reader could round to a double, are strings; UUIDs and times are their usual
 * text.
 *
 * In the functions that read, `value` NULL means that the member `name` is
 * missing.  INVALID: it is missing or of another kind; the message names it.
 */
#ifndef QUIPU_TOOLS_VALUE_H
#define QUIPU_TOOLS_VALUE_H

#include "exchange.h"

json_t *exchange_value_from_bytes(quipu_bytes bytes);
json_t *exchange_value_from_integer(int64_t number);
json_t *exchange_value_from_column(const quipu_value *value);

/* *text points into the value. */
int exchange_value_read_text(const json_t *value, const char *name,
                             quipu_bytes *text, quipu_error *error);
int exchange_value_read_integer(const json_t *value, const char *name,
                                int64_t *number, quipu_error *error);
/* *bytes points into the arena. */
int exchange_value_read_bytes(const json_t *value, const char *name,
                              struct arena *arena, quipu_bytes *bytes,
                              quipu_error *error);
int exchange_value_read_uuid(const json_t *value, const char *name,
                             quipu_uuid *uuid, quipu_error *error);
int exchange_value_read_time(const json_t *value, const char *name,
                             quipu_time *time, quipu_error *error);
/* Reads a further column of the kind that the schema defines.  JSON's null, and
 * a missing value, are the NULL of every kind. */
int exchange_value_read_column(const json_t *value, const quipu_column *as,
                               struct arena *arena, quipu_value *column,
                               quipu_error *error);

/* Returns the member of that name, or NULL if it is missing or null. */
const json_t *exchange_value_member(const json_t *line, const char *name);

/* INVALID if the object has members besides those of the list, which ends with
 * NULL: ignoring them would lose data. */
int exchange_value_check_members(const json_t *line, const char *const known[],
                                 quipu_error *error);

/* Read a member that may be missing: *number is then unchanged, *uuid nil. */
int exchange_value_read_optional_integer(const json_t *line, const char *name,
                                         int64_t *number, quipu_error *error);
int exchange_value_read_optional_uuid(const json_t *line, const char *name,
                                      quipu_uuid *uuid, quipu_error *error);

#endif
