/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Lines: values of a store as JSON, and printing of one object per line.
 * The caller owns each value that is returned.
 */
#ifndef QUIPU_TOOLS_JSONL_H
#define QUIPU_TOOLS_JSONL_H

#include <quipu/quipu.h>

#include <jansson.h>

struct text;

/* Appends a value to a text, escaped for terminals, and releases it. */
void jsonl_add(struct text *text, json_t *value);

/* Prints a value as one line, escaped for terminals, and releases it. */
void jsonl_print(json_t *value);

/* Sets a member of an object and takes over `value`.  Exits with a message if
 * there is no memory, also if `value` is NULL for that reason. */
void jsonl_set(json_t *object, const char *name, json_t *value);

/* Returns a string; {"hex": "..."} for bytes that are not UTF-8. */
json_t *jsonl_text(const void *data, size_t size);

/* The same for a C string; null for NULL. */
json_t *jsonl_string(const char *text);

/* Returns a string of hexadecimal digits. */
json_t *jsonl_hex(const void *data, size_t size);

/* Returns the usual text of a UUID; hexadecimal digits if the bytes are not 16;
 * null for absent bytes. */
json_t *jsonl_uuid(quipu_bytes bytes);

/* Returns a sequence id in the schema's kind: UUID or text. */
json_t *jsonl_id(const quipu_schema *schema, quipu_bytes id);

/* Returns ISO 8601 text; the microseconds for years that it cannot express. */
json_t *jsonl_time(quipu_time time);

/* Returns the value of a further column. */
json_t *jsonl_value(const quipu_value *value);

#endif
