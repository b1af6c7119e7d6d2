/* SPDX-License-Identifier: Apache-2.0 */
/* Turns stored states into JSON, or only checks them. */
#include "state.h"
#include "msgpack.h"
#include "output.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 64
#define ENVELOPE_MARK 0xc1
#define ENVELOPE_VERSION 1
#define TIMESTAMP_EXT (-1)

/* Where values go: a JSON tree, or nowhere when only checking. */
struct walk {
    struct reader reader;
    bool build;
    const char *why; /* NULL while all is well */
};

static json_t *read_value(struct walk *walk, int depth);

/* ------------------------------------------------------------- scalars */

static json_t *json_of_real(double real)
{
    if (isnan(real)) {
        return json_string("NaN");
    }
    if (isinf(real)) {
        return json_string(real > 0 ? "Infinity" : "-Infinity");
    }
    return json_real(real);
}

static json_t *json_of_natural(uint64_t natural)
{
    char text[24];

    snprintf(text, sizeof text, "%llu", (unsigned long long)natural);
    return json_string(text);
}

static uint64_t big_endian(const uint8_t *bytes, size_t size)
{
    uint64_t number = 0;

    for (size_t i = 0; i < size; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

/* The three forms of MessagePack's timestamp. */
static bool read_timestamp(quipu_bytes bytes, quipu_time *time)
{
    const uint8_t *data = bytes.data;
    uint64_t seconds = 0;
    uint64_t nanoseconds = 0;

    if (bytes.size == 4) {
        seconds = big_endian(data, 4);
    } else if (bytes.size == 8) {
        seconds = big_endian(data, 8) & ((UINT64_C(1) << 34) - 1);
        nanoseconds = big_endian(data, 8) >> 34;
    } else if (bytes.size == 12) {
        nanoseconds = big_endian(data, 4);
        seconds = big_endian(data + 4, 8);
    } else {
        return false;
    }
    if ((int64_t)seconds < QUIPU_TIME_MIN / 1000000 ||
        (int64_t)seconds > QUIPU_TIME_MAX / 1000000 ||
        nanoseconds > 999999999) {
        return false;
    }
    time->microseconds =
        (int64_t)seconds * 1000000 + (int64_t)(nanoseconds / 1000);
    return true;
}

static json_t *json_of_ext(const struct token *token)
{
    char text[QUIPU_TIME_TEXT_SIZE];
    quipu_time time;

    if (token->integer == TIMESTAMP_EXT &&
        read_timestamp(token->bytes, &time) &&
        quipu_time_format(time, text, NULL) == QUIPU_OK) {
        return json_string(text);
    }
    return json_pack("{s:I, s:o}", "extension", (json_int_t)token->integer,
                     "hex",
                     quipu_tool_json_hex(token->bytes.data, token->bytes.size));
}

static json_t *json_of_bytes(quipu_bytes bytes)
{
    return json_pack("{s:o}", "hex",
                     quipu_tool_json_hex(bytes.data, bytes.size));
}

static json_t *json_of_scalar(const struct token *token)
{
    switch (token->kind) {
    case TOKEN_BOOL:
        return json_boolean(token->integer);
    case TOKEN_INT:
        return json_integer(token->integer);
    case TOKEN_UINT:
        return json_of_natural(token->natural);
    case TOKEN_REAL:
        return json_of_real(token->real);
    case TOKEN_TEXT:
        return quipu_tool_json_text(token->bytes.data, token->bytes.size);
    case TOKEN_BYTES:
        return json_of_bytes(token->bytes);
    case TOKEN_EXT:
        return json_of_ext(token);
    default:
        return json_null();
    }
}

/* ------------------------------------------------------- maps and arrays */

static bool next(struct walk *walk, struct token *token)
{
    const char *why = NULL;

    if (walk->why == NULL) {
        why = quipu_tool_token_read(&walk->reader, token);
        if (why == NULL && token->kind == TOKEN_TEXT &&
            !quipu_tool_is_utf8(token->bytes)) {
            why = "it holds a text that is not UTF-8";
        }
        walk->why = why;
    }
    return walk->why == NULL;
}

static void read_pair(struct walk *walk, json_t *map, int depth)
{
    struct token key;
    struct text name = { 0 };
    json_t *value = NULL;

    if (!next(walk, &key)) {
        return;
    }
    if (key.kind != TOKEN_TEXT) {
        walk->why = "it has a key that is no text";
        return;
    }
    value = read_value(walk, depth);
    if (value != NULL) {
        /* jansson wants keys without NUL; show one as an escape. */
        if (memchr(key.bytes.data, 0, key.bytes.size) != NULL) {
            quipu_tool_text_safe(&name, key.bytes.data, key.bytes.size);
        } else {
            quipu_tool_text_add(&name, key.bytes.data, key.bytes.size);
        }
        quipu_tool_json_set(map, quipu_tool_text(&name), value);
        quipu_tool_text_free(&name);
    }
}

static json_t *read_map(struct walk *walk, uint32_t count, int depth)
{
    json_t *map = walk->build ? json_object() : NULL;

    for (uint32_t i = 0; i < count && walk->why == NULL; i++) {
        read_pair(walk, map, depth);
    }
    return map;
}

static json_t *read_array(struct walk *walk, uint32_t count, int depth)
{
    json_t *array = walk->build ? json_array() : NULL;

    for (uint32_t i = 0; i < count && walk->why == NULL; i++) {
        json_t *value = read_value(walk, depth);

        if (value != NULL) {
            json_array_append_new(array, value);
        }
    }
    return array;
}

/* The next value, or NULL if nothing is built or walk->why says why not. */
static json_t *read_value(struct walk *walk, int depth)
{
    struct token token;

    if (!next(walk, &token)) {
        return NULL;
    }
    if (depth == DEPTH_MAX) {
        walk->why = "it is nested too deeply";
        return NULL;
    }
    if (token.kind == TOKEN_MAP) {
        return read_map(walk, token.count, depth + 1);
    }
    if (token.kind == TOKEN_ARRAY) {
        return read_array(walk, token.count, depth + 1);
    }
    return walk->build ? json_of_scalar(&token) : NULL;
}

/* ------------------------------------------------------------- envelope */

static const char *key_name(int64_t key)
{
    static const char *const names[] = { "event_id", "time", "metadata",
                                         "originator_id",
                                         "originator_version" };

    return key >= 1 && key <= 9 && key % 2 == 1 ? names[key / 2] : NULL;
}

/* An odd key that is not known is passed over; without an even one nobody can
 * read what follows. */
static void read_envelope_pair(struct walk *walk, json_t *envelope)
{
    struct token key;
    const char *name = NULL;
    json_t *value = NULL;

    if (!next(walk, &key)) {
        return;
    }
    name = key_name(key.integer);
    if (key.kind != TOKEN_INT || (name == NULL && key.integer % 2 == 0)) {
        walk->why = "its envelope is of a newer format";
        return;
    }
    value = read_value(walk, 1);
    if (value != NULL && name != NULL) {
        quipu_tool_json_set(envelope, name, value);
    } else {
        json_decref(value);
    }
}

static json_t *read_envelope(struct walk *walk)
{
    struct token map;
    json_t *envelope = NULL;

    if (walk->reader.size < 2 || walk->reader.data[0] != ENVELOPE_MARK) {
        return NULL;
    }
    if (walk->reader.data[1] != ENVELOPE_VERSION) {
        walk->why = "its envelope is of a newer format";
        return NULL;
    }
    walk->reader.at = 2;
    if (next(walk, &map) && map.kind != TOKEN_MAP) {
        walk->why = "its envelope has no head";
    }
    envelope = walk->build ? json_object() : NULL;
    for (uint32_t i = 0; walk->why == NULL && i < map.count; i++) {
        read_envelope_pair(walk, envelope);
    }
    return envelope;
}

static void read_state(struct walk *walk, struct state *state)
{
    const uint8_t *data = walk->reader.data;

    state->envelope = read_envelope(walk);
    if (walk->why == NULL && walk->reader.at < walk->reader.size &&
        (data[walk->reader.at] & 0xf0) != 0x80 &&
        data[walk->reader.at] != 0xde && data[walk->reader.at] != 0xdf) {
        walk->why = "it is no MessagePack map";
    }
    if (walk->why == NULL) {
        state->fields = read_value(walk, 0);
    }
    if (walk->why == NULL && walk->reader.at < walk->reader.size) {
        walk->why = "something follows the MessagePack map";
    }
}

void quipu_tool_state_read(quipu_bytes bytes, struct state *state)
{
    struct walk walk = { .reader = { .data = bytes.data, .size = bytes.size },
                         .build = true };

    memset(state, 0, sizeof *state);
    read_state(&walk, state);
    if (walk.why != NULL) {
        quipu_tool_state_free(state);
    }
}

void quipu_tool_state_free(struct state *state)
{
    json_decref(state->envelope);
    json_decref(state->fields);
    memset(state, 0, sizeof *state);
}

const char *quipu_tool_state_check(quipu_bytes bytes)
{
    struct walk walk = { .reader = { .data = bytes.data, .size = bytes.size } };
    struct state nothing = { 0 };

    read_state(&walk, &nothing);
    return walk.why;
}
