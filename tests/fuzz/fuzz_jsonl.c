/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A libFuzzer target that takes the input as lines of an export and decodes
 * them as `quipu import` does; a schema's line decides how the items after it
 * are read.
 *
 * A line that is accepted is encoded as `quipu export` does, and this line must
 * be accepted and encoded again with the same bytes.  Each message is UTF-8.
 */
#include "exchange/exchange.h"

#include <quipu/quipu.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool holds, const char *what, const char *line)
{
    if (!holds) {
        fprintf(stderr, "fuzz_jsonl: %s: %s\n", what, line);
        abort();
    }
}

/* The schema of the last line that defined one.  It owns what it points to. */
struct definition {
    json_t *line; /* or NULL */
    struct arena arena;
    quipu_schema schema;
};

static void forget(struct definition *definition)
{
    json_decref(definition->line);
    memory_arena_clear(&definition->arena);
    memset(definition, 0, sizeof(*definition));
}

/* ---------------------------------------- each type of line, there and back */

static int recode_begin(const json_t *line, json_t **out, quipu_error *error)
{
    quipu_uuid store;
    int status = exchange_decode_begin(line, &store, error);

    if (status == QUIPU_OK) {
        *out = exchange_encode_begin(EXCHANGE_TYPE, &store);
    }
    return status;
}

static int recode_schema(struct definition *definition, json_t *line,
                         json_t **out, quipu_error *error)
{
    struct definition read = { 0 };
    int64_t head;
    int status =
        exchange_decode_schema(line, &read.arena, &read.schema, &head, error);

    read.line = json_incref(line);
    if (status != QUIPU_OK) {
        forget(&read);
        return status;
    }
    *out = exchange_encode_schema(&read.schema, read.schema.table, 0, head);
    forget(definition);
    *definition = read;
    return QUIPU_OK;
}

static int recode_item(const struct definition *definition, const json_t *line,
                       json_t **out, quipu_error *error)
{
    struct arena arena = { 0 };
    quipu_item item;
    int status = QUIPU_INVALID;

    quipu_error_set(error, QUIPU_INVALID, "an item without a schema");
    if (definition->line) {
        status = exchange_decode_item(line, &arena, &definition->schema, &item,
                                      error);
    }
    /* The store assigns what is missing. */
    if (status == QUIPU_OK && item.notification_id == 0) {
        item.notification_id = 1;
    }
    if (status == QUIPU_OK) {
        *out = exchange_encode_item(&definition->schema,
                                    definition->schema.table, &item);
    }
    memory_arena_clear(&arena);
    return status;
}

static int recode_tracking(const json_t *line, json_t **out, quipu_error *error)
{
    quipu_tracking tracking;
    int status = exchange_decode_tracking(line, &tracking, error);

    if (status == QUIPU_OK) {
        *out = exchange_encode_tracking(&tracking);
    }
    return status;
}

static int recode_end(const json_t *line, json_t **out, quipu_error *error)
{
    int64_t items = 0;
    int64_t trackings = 0;
    int status = exchange_decode_end(line, &items, &trackings, error);

    if (status == QUIPU_OK) {
        *out = exchange_encode_end(items, trackings);
    }
    return status;
}

/* Decodes a line of JSON and encodes it again; *out stays NULL if it is
 * refused. */
static int recode(struct definition *definition, json_t *line, json_t **out,
                  quipu_error *error)
{
    const char *type = json_string_value(json_object_get(line, "type"));

    type = type ? type : "";
    if (strcmp(type, "quipu-export") == 0) {
        return recode_begin(line, out, error);
    }
    if (strcmp(type, "schema") == 0) {
        return recode_schema(definition, line, out, error);
    }
    if (strcmp(type, "item") == 0) {
        return recode_item(definition, line, out, error);
    }
    if (strcmp(type, "tracking") == 0) {
        return recode_tracking(line, out, error);
    }
    if (strcmp(type, "end") == 0) {
        return recode_end(line, out, error);
    }
    return quipu_error_set(error, QUIPU_INVALID, "no type");
}

/* Decodes a line and returns it encoded, for free; NULL if it is refused. */
static char *recode_text(struct definition *definition, const char *text,
                         size_t size)
{
    json_t *line = NULL;
    json_t *out = NULL;
    char *encoded = NULL;
    quipu_error error;
    int status = exchange_decode_line(text, size, &line, &error);

    if (status == QUIPU_OK) {
        status = recode(definition, line, &out, &error);
    }
    if (status == QUIPU_OK) {
        encoded = json_dumps(out, JSON_COMPACT);
        demand(encoded, "a line cannot be printed", text);
    } else {
        demand(quipu_utf8_valid(quipu_bytes_of_text(error.message)),
               "a message is not UTF-8", error.message);
    }
    json_decref(line);
    json_decref(out);
    return encoded;
}

static void read_line(struct definition *definition, const char *text,
                      size_t size)
{
    char *once = recode_text(definition, text, size);
    char *twice;

    if (!once) {
        return;
    }
    twice = recode_text(definition, once, strlen(once));
    demand(twice, "an encoded line is refused", once);
    demand(strcmp(once, twice) == 0, "a line is encoded in two ways", once);
    free(once);
    free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct definition definition = { 0 };

    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        const size_t length = end ? (size_t)(end - data) + 1 : size;
        char *line = calloc(1, length + 1);

        demand(line, "no memory", "");
        memcpy(line, data, length);
        read_line(&definition, line, length);
        free(line);
        data += length;
        size -= length;
    }
    forget(&definition);
    return 0;
}
