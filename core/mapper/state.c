/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored states without event types: splits them, checks them, and reads their
 * values.
 *
 * Generic tools and language bindings read states whose types they do not know.
 * The checks here are those that hold for every type; envelope.c and
 * members.c list the rules.
 */
#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/state.h>

#include "base/error.h"
#include "mapper/envelope.h"
#include "mapper/reader.h"
#include "mapper/timestamp.h"

static int refuse(const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_CORRUPT, "the state %s", why);
}

static int refuse_newer(quipu_error *error)
{
    return quipu_error_set(error, QUIPU_UNSUPPORTED,
                           "the state has an envelope of a newer format; read "
                           "it with a newer version of quipu");
}

/* Reads the next token; CORRUPT. */
static int next(quipu_reader *reader, quipu_token *token, quipu_error *error)
{
    switch (quipu_reader_next(reader, token)) {
    case QUIPU_READ_OK:
        return QUIPU_OK;
    case QUIPU_READ_CUT:
        return refuse("is truncated", error);
    default:
        return refuse("contains a byte that is not MessagePack", error);
    }
}

int quipu_token_next(quipu_bytes *rest, quipu_token *token, quipu_error *error)
{
    quipu_reader reader;
    int status;

    if (!rest || !token) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "no bytes, or no token, to read into");
    }
    reader = quipu_reader_of(*rest);
    status = next(&reader, token, error);
    if (status == QUIPU_OK) {
        rest->data = reader.at;
        rest->size = (size_t)(reader.end - reader.at);
    }
    return status;
}

bool quipu_token_time(const quipu_token *token, quipu_time *time)
{
    return token->kind == QUIPU_TOKEN_EXT &&
           token->ext_type == QUIPU_TIMESTAMP_EXT &&
           quipu_timestamp_read(token->bytes, time);
}

/* ------------------------------------------------------------- envelope */

/* Checks the value of a known key of an envelope. */
static int check_value(uint64_t key, const quipu_token *token,
                       quipu_error *error)
{
    quipu_time time;
    bool right = true;

    switch (key) {
    case QUIPU_STATE_EVENT_ID:
        right = token->kind == QUIPU_TOKEN_BIN &&
                token->bytes.size == sizeof(quipu_uuid);
        break;
    case QUIPU_STATE_TIME:
        right = quipu_token_time(token, &time);
        break;
    case QUIPU_STATE_METADATA:
        right = token->kind == QUIPU_TOKEN_BIN;
        break;
    case QUIPU_STATE_ORIGINATOR_ID:
        right = token->kind == QUIPU_TOKEN_BIN && token->bytes.size > 0 &&
                token->bytes.size <= QUIPU_ID_MAX;
        break;
    case QUIPU_STATE_ORIGINATOR_VERSION:
        right =
            token->kind == QUIPU_TOKEN_INT ||
            (token->kind == QUIPU_TOKEN_UINT && token->as.natural <= INT64_MAX);
        break;
    default:
        break;
    }
    return right ? QUIPU_OK
                 : refuse("has an envelope with a wrong value", error);
}

/* Checks one entry of an envelope.  Its key must be *least or larger. */
static int check_pair(quipu_reader *reader, uint64_t *least, quipu_error *error)
{
    quipu_token key;
    quipu_token value;
    int status = next(reader, &key, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (key.kind != QUIPU_TOKEN_UINT || key.as.natural < *least) {
        return refuse("has an envelope whose keys are not ascending natural "
                      "numbers",
                      error);
    }
    if (key.as.natural % 2 == 0) {
        return refuse_newer(error); /* no critical key is known yet */
    }
    *least = key.as.natural + 1;
    status = next(reader, &value, error);
    if (status == QUIPU_OK) {
        status = check_value(key.as.natural, &value, error);
    }
    if (status == QUIPU_OK &&
        quipu_reader_skip(reader, &value) != QUIPU_READ_OK) {
        return refuse("is truncated", error);
    }
    return status;
}

static int check_envelope(quipu_reader *reader, quipu_error *error)
{
    uint64_t least = 0;
    quipu_token map;
    int status = next(reader, &map, error);

    if (status == QUIPU_OK && map.kind != QUIPU_TOKEN_MAP) {
        return refuse("has an envelope whose head is not a map", error);
    }
    for (uint32_t i = 0; status == QUIPU_OK && i < map.count; i++) {
        status = check_pair(reader, &least, error);
    }
    return status;
}

int quipu_state_split(quipu_bytes bytes, quipu_state *state, quipu_error *error)
{
    quipu_reader reader = quipu_reader_of(bytes);
    const uint8_t *head;
    int status;

    if (!state) {
        return quipu_error_set(error, QUIPU_INVALID, "no state to split into");
    }
    *state = (quipu_state){ .fields = bytes };
    if (bytes.size == 0 || *reader.at != QUIPU_ENVELOPE_MARK) {
        return QUIPU_OK;
    }
    if (bytes.size == 1) {
        return refuse("is truncated", error);
    }
    if (reader.at[1] != QUIPU_ENVELOPE_VERSION) {
        return refuse_newer(error);
    }
    reader.at += 2;
    head = reader.at;
    status = check_envelope(&reader, error);
    if (status == QUIPU_OK) {
        state->envelope = (quipu_bytes){ head, (size_t)(reader.at - head) };
        state->fields =
            (quipu_bytes){ reader.at, (size_t)(reader.end - reader.at) };
    }
    return status;
}

/* --------------------------------------------------------------- fields */

/* Checks one entry of the fields: its key is text, its value complete. */
static int check_field(quipu_reader *reader, quipu_error *error)
{
    quipu_token token;
    int status = next(reader, &token, error);

    if (status == QUIPU_OK &&
        (token.kind != QUIPU_TOKEN_STR || !quipu_bytes_is_text(token.bytes))) {
        return refuse("has a key that is not text", error);
    }
    if (status == QUIPU_OK) {
        status = next(reader, &token, error);
    }
    if (status == QUIPU_OK &&
        quipu_reader_skip(reader, &token) != QUIPU_READ_OK) {
        return refuse(
            "is truncated, or contains a byte that is not MessagePack", error);
    }
    return status;
}

int quipu_state_check(quipu_bytes bytes, quipu_error *error)
{
    quipu_reader reader;
    quipu_state state;
    quipu_token map;
    int status = quipu_state_split(bytes, &state, error);

    if (status != QUIPU_OK) {
        return status;
    }
    reader = quipu_reader_of(state.fields);
    status = next(&reader, &map, error);
    if (status == QUIPU_OK && map.kind != QUIPU_TOKEN_MAP) {
        return refuse("is not a map", error);
    }
    for (uint32_t i = 0; status == QUIPU_OK && i < map.count; i++) {
        status = check_field(&reader, error);
    }
    if (status == QUIPU_OK && reader.at != reader.end) {
        return refuse("has bytes after its map", error);
    }
    return status;
}
