/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of a state, which is MessagePack, to JSON for display. */
#include "state.h"
#include "jsonl.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 64 /* of nested maps and arrays */

static json_t *read_value(quipu_bytes *rest, int depth);

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

    if (natural <= INT64_MAX) {
        return json_integer((json_int_t)natural);
    }
    snprintf(text, sizeof(text), "%llu", (unsigned long long)natural);
    return json_string(text);
}

static json_t *json_of_ext(const quipu_token *token)
{
    quipu_time time;

    if (quipu_token_time(token, &time)) {
        return jsonl_time(time);
    }
    return json_pack("{s:i, s:o}", "extension", (int)token->ext_type, "hex",
                     jsonl_hex(token->bytes.data, token->bytes.size));
}

static json_t *json_of_bytes(quipu_bytes bytes)
{
    return json_pack("{s:o}", "hex", jsonl_hex(bytes.data, bytes.size));
}

static json_t *json_of_scalar(const quipu_token *token)
{
    switch (token->kind) {
    case QUIPU_TOKEN_BOOL:
        return json_boolean(token->as.boolean);
    case QUIPU_TOKEN_UINT:
        return json_of_natural(token->as.natural);
    case QUIPU_TOKEN_INT:
        return json_integer(token->as.integer);
    case QUIPU_TOKEN_FLOAT:
        return json_of_real((double)token->as.single_real);
    case QUIPU_TOKEN_DOUBLE:
        return json_of_real(token->as.real);
    case QUIPU_TOKEN_STR:
        return jsonl_text(token->bytes.data, token->bytes.size);
    case QUIPU_TOKEN_BIN:
        return json_of_bytes(token->bytes);
    case QUIPU_TOKEN_EXT:
        return json_of_ext(token);
    default:
        return json_null();
    }
}

/* ------------------------------------------------------- maps and arrays */

/* Adds a key as text.  A key of jansson holds no NUL.  quipu encodes text keys
 * only; a key of another kind is shown as JSON. */
static void add_key(struct text *name, const quipu_token *key)
{
    if (key->kind == QUIPU_TOKEN_STR && quipu_bytes_is_text(key->bytes)) {
        text_add(name, key->bytes.data, key->bytes.size);
        return;
    }
    json_t *value = json_of_scalar(key);
    char *json = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    text_print(name, "%s", !json ? "?" : json);
    free(json);
    json_decref(value);
}

static bool read_pair(quipu_bytes *rest, json_t *map, int depth)
{
    struct text name = { 0 };
    quipu_token key;

    if (quipu_token_next(rest, &key, NULL) != QUIPU_OK ||
        key.kind == QUIPU_TOKEN_MAP || key.kind == QUIPU_TOKEN_ARRAY) {
        return false;
    }
    json_t *value = read_value(rest, depth);
    if (!value) {
        return false;
    }
    add_key(&name, &key);
    jsonl_set(map, text_content(&name), value);
    text_free(&name);
    return true;
}

static json_t *read_map(quipu_bytes *rest, uint32_t count, int depth)
{
    json_t *map = json_object();

    for (uint32_t i = 0; i < count; i++) {
        if (!read_pair(rest, map, depth)) {
            json_decref(map);
            return NULL;
        }
    }
    return map;
}

static json_t *read_array(quipu_bytes *rest, uint32_t count, int depth)
{
    json_t *array = json_array();

    for (uint32_t i = 0; i < count; i++) {
        json_t *value = read_value(rest, depth);

        if (!value) {
            json_decref(array);
            return NULL;
        }
        json_array_append_new(array, value);
    }
    return array;
}

/* Reads the next value; returns NULL if it cannot be decoded. */
static json_t *read_value(quipu_bytes *rest, int depth)
{
    quipu_token token;

    if (depth == DEPTH_MAX ||
        quipu_token_next(rest, &token, NULL) != QUIPU_OK) {
        return NULL;
    }
    if (token.kind == QUIPU_TOKEN_MAP) {
        return read_map(rest, token.count, depth + 1);
    }
    if (token.kind == QUIPU_TOKEN_ARRAY) {
        return read_array(rest, token.count, depth + 1);
    }
    return json_of_scalar(&token);
}

/* ------------------------------------------------------------- envelope */

/* Skips a value with all that it contains. */
static int skip_value(quipu_bytes *rest)
{
    int status = QUIPU_OK;

    for (uint64_t left = 1; status == QUIPU_OK && left > 0; left--) {
        quipu_token token;

        status = quipu_token_next(rest, &token, NULL);
        if (status == QUIPU_OK && token.kind == QUIPU_TOKEN_MAP) {
            left += 2 * (uint64_t)token.count;
        } else if (status == QUIPU_OK && token.kind == QUIPU_TOKEN_ARRAY) {
            left += token.count;
        }
    }
    return status;
}

static void set_attribute(struct state *state, const quipu_token *key,
                          const quipu_token *value)
{
    json_t *envelope = state->envelope;
    const quipu_bytes bytes = value->bytes;

    switch (key->as.natural) {
    case QUIPU_STATE_EVENT_ID:
        jsonl_set(envelope, "event_id", jsonl_uuid(bytes));
        break;
    case QUIPU_STATE_TYPE_VERSION:
        jsonl_set(envelope, "version", json_of_scalar(value));
        break;
    case QUIPU_STATE_TIME:
        jsonl_set(envelope, "time", json_of_ext(value));
        state->has_time = quipu_token_time(value, &state->time);
        break;
    case QUIPU_STATE_METADATA:
        state->metadata = bytes;
        jsonl_set(envelope, "metadata", state_read_metadata(bytes));
        jsonl_set(envelope, "metadata_hex", jsonl_hex(bytes.data, bytes.size));
        break;
    case QUIPU_STATE_ORIGINATOR_ID:
        jsonl_set(envelope, "originator_id",
                  bytes.size == sizeof(quipu_uuid)
                      ? jsonl_uuid(bytes)
                      : jsonl_text(bytes.data, bytes.size));
        break;
    case QUIPU_STATE_ORIGINATOR_VERSION:
        jsonl_set(envelope, "originator_version", json_of_scalar(value));
        break;
    default: /* an attribute of a newer version; the others remain readable */
        break;
    }
}

/* quipu_state_split has checked that the envelope is a map. */
static void read_envelope(struct state *state, quipu_bytes rest)
{
    quipu_token map;
    int status = quipu_token_next(&rest, &map, NULL);

    state->envelope = json_object();
    for (uint32_t i = 0; status == QUIPU_OK && i < map.count; i++) {
        quipu_token key, value;
        quipu_bytes before;

        status = quipu_token_next(&rest, &key, NULL);
        before = rest;
        if (status == QUIPU_OK) {
            status = quipu_token_next(&rest, &value, NULL);
        }
        if (status == QUIPU_OK) {
            set_attribute(state, &key, &value);
            /* Skip the whole value, which may be a map or an array. */
            rest = before;
            json_t *whole = read_value(&rest, 0);

            if (whole && key.as.natural == QUIPU_STATE_PERSONAL) {
                jsonl_set(state->envelope, "personal", json_incref(whole));
            }
            json_decref(whole);
        }
    }
}

json_t *state_read_metadata(quipu_bytes bytes)
{
    quipu_bytes rest = bytes;
    quipu_token token;

    if (!bytes.data) {
        return json_null();
    }
    if (quipu_bytes_is_text(bytes)) {
        return jsonl_text(bytes.data, bytes.size);
    }
    json_t *map = quipu_token_next(&rest, &token, NULL) == QUIPU_OK &&
                          token.kind == QUIPU_TOKEN_MAP
                      ? read_map(&rest, token.count, 1)
                      : NULL;
    if (map && rest.size == 0) {
        return map;
    }
    json_decref(map);
    return json_null();
}

bool state_read_time(quipu_bytes bytes, quipu_time *time)
{
    quipu_state parts;
    quipu_token token;

    if (quipu_state_split(bytes, &parts, NULL) != QUIPU_OK ||
        !parts.envelope.data) {
        return false;
    }
    quipu_bytes rest = parts.envelope;
    int status = quipu_token_next(&rest, &token, NULL);

    for (uint32_t i = token.count; status == QUIPU_OK && i > 0; i--) {
        quipu_token value;

        status = quipu_token_next(&rest, &token, NULL);
        if (status == QUIPU_OK && token.as.natural == QUIPU_STATE_TIME) {
            status = quipu_token_next(&rest, &value, NULL);
            return status == QUIPU_OK && quipu_token_time(&value, time);
        }
        if (status == QUIPU_OK) {
            status = skip_value(&rest);
        }
    }
    return false;
}

void state_read(quipu_bytes bytes, struct state *state)
{
    quipu_state parts;

    memset(state, 0, sizeof(*state));
    if (quipu_state_split(bytes, &parts, NULL) != QUIPU_OK) {
        return;
    }
    if (parts.envelope.data) {
        read_envelope(state, parts.envelope);
    }
    state->fields = read_value(&parts.fields, 0);
    if (parts.fields.size > 0) { /* trailing bytes */
        json_decref(state->fields);
        state->fields = NULL;
    }
}

void state_free(struct state *state)
{
    json_decref(state->envelope);
    json_decref(state->fields);
    memset(state, 0, sizeof(*state));
}
