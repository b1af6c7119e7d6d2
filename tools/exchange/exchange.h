/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of the export format, each a JSON object; docs/export-format.md
 * defines them.  encode.c makes them, decode.c reads them.
 */
#ifndef QUIPU_TOOLS_EXCHANGE_H
#define QUIPU_TOOLS_EXCHANGE_H

#include "output/memory.h"

#include <quipu/quipu.h>

#include <jansson.h>

#define EXCHANGE_VERSION 1

/* ------------------------------------------------------------- encode.c */

/* The type of the first line, and of an export that cannot be imported. */
#define EXCHANGE_TYPE "quipu-export"
#define EXCHANGE_TYPE_DECODED "quipu-decoded-export"

/* The first line.  `store` is the identity of the store; it is left out if it
 * is nil. */
json_t *exchange_encode_begin(const char *type, const quipu_uuid *store);
/* The definition of a schema.  The items with notification ids above `after`
 * and up to `head` follow. */
json_t *exchange_encode_schema(const quipu_schema *schema, const char *table,
                               int64_t after, int64_t head);
json_t *exchange_encode_item(const quipu_schema *schema, const char *table,
                             const quipu_item *item);
json_t *exchange_encode_tracking(const quipu_tracking *tracking);
/* The last line, with the numbers of items and tracking records. */
json_t *exchange_encode_end(int64_t items, int64_t trackings);

/* As exchange_encode_item, for other programs: states and metadata are JSON,
 * and attributes of the envelope stand beside those of the item (decoded.c). */
json_t *exchange_decoded_item(const quipu_schema *schema, const char *table,
                              const quipu_item *item);

/* ------------------------------------------------------------- decode.c */

/* Reads the JSON of a line.  INVALID: it is none, or has a member twice, or NUL
 * in a string. */
int exchange_decode_line(const char *text, size_t size, json_t **line,
                         quipu_error *error);

/*
 * Each function decodes a line of one type.  The results point into the line
 * and into the arena.  INVALID: a member is missing, unknown or wrong, and the
 * message names it.
 */

/* UNSUPPORTED: the line has another version. */
int exchange_decode_begin(const json_t *line, quipu_uuid *store,
                          quipu_error *error);
/* *head is 0 if the line does not have it. */
int exchange_decode_schema(const json_t *line, struct arena *arena,
                           quipu_schema *schema, int64_t *head,
                           quipu_error *error);
int exchange_decode_item(const json_t *line, struct arena *arena,
                         const quipu_schema *schema, quipu_item *item,
                         quipu_error *error);
int exchange_decode_tracking(const json_t *line, quipu_tracking *tracking,
                             quipu_error *error);
/* Numbers that the line does not have are left unchanged. */
int exchange_decode_end(const json_t *line, int64_t *items, int64_t *trackings,
                        quipu_error *error);

#endif
