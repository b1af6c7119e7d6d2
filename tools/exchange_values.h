/* SPDX-License-Identifier: Apache-2.0 */
/* Single values as JSON and back, without loss. */
#ifndef QUIPU_TOOLS_EXCHANGE_VALUES_H
#define QUIPU_TOOLS_EXCHANGE_VALUES_H

#include "exchange.h"

/*
 * Bytes are base64 (RFC 4648, padded); integers beyond 2^53 are strings, which
 * no reader rounds; UUIDs and times are their usual text.
 */
json_t *quipu_tool_value_bytes(quipu_bytes bytes);
json_t *quipu_tool_value_integer(int64_t number);
json_t *quipu_tool_value_column(const quipu_value *value);

/*
 * The way back.  `value` NULL: the member `name` is missing.  INVALID: it is,
 * or is something else; the message names it.
 */
int quipu_tool_value_read_text(const json_t *value, const char *name,
                               quipu_bytes *text, quipu_error *error);
int quipu_tool_value_read_integer(const json_t *value, const char *name,
                                  int64_t *number, quipu_error *error);
int quipu_tool_value_read_bytes(const json_t *value, const char *name,
                                struct arena *arena, quipu_bytes *bytes,
                                quipu_error *error);
int quipu_tool_value_read_uuid(const json_t *value, const char *name,
                               quipu_uuid *uuid, quipu_error *error);
int quipu_tool_value_read_time(const json_t *value, const char *name,
                               quipu_time *time, quipu_error *error);
/* JSON's null is the NULL of every kind. */
int quipu_tool_value_read_column(const json_t *value, const quipu_column *as,
                                 struct arena *arena, quipu_value *column,
                                 quipu_error *error);

/* A member that is there and is not null, or NULL. */
const json_t *quipu_tool_member(const json_t *line, const char *name);

/* INVALID if there are other members than those that are known (the list ends
 * with NULL): what they mean would be lost. */
int quipu_tool_check_members(const json_t *line, const char *const known[],
                             quipu_error *error);

/* A member that may be missing: *number stays as it is, *uuid becomes nil. */
int quipu_tool_optional_integer(const json_t *line, const char *name,
                                int64_t *number, quipu_error *error);
int quipu_tool_optional_uuid(const json_t *line, const char *name,
                             quipu_uuid *uuid, quipu_error *error);

#endif
