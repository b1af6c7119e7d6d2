/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stored states without event types: splits them, checks them, and reads their
 * values.
 *
 * Generic tools and language bindings read states whose types they do not know.
 * Their values are read here by the functions that a mapper reads them with
 * (decoder.c, envelope.c), so that the check and the mapper cannot differ about
 * a value:
 *
 *   C1  The check refuses an envelope exactly if a mapper does.
 *   C2  The check refuses a field if no member of any kind could hold its
 *       value, or no field table could have its name, its depth, or so many
 *       fields beside it.
 *   C3  A mapper skips the fields that its type lacks, whatever they contain.
 *       So it may read a state that the check refuses; it reads each state
 *       that the check accepts, if the type's members can hold the values.
 */
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/state.h>

#include "base/error.h"
#include "base/utf8.h"
#include "encoding/decoder.h"
#include "encoding/timestamp.h"
#include "mapper/envelope.h"
#include "mapper/personal.h"

static quipu_decoder decoder_of(quipu_bytes bytes, quipu_error *error)
{
    return (quipu_decoder){ .state = bytes,
                            .reader = quipu_reader_of(bytes),
                            .error = error };
}

static quipu_bytes bytes_left(const quipu_decoder *decoder)
{
    const quipu_reader *reader = &decoder->reader;

    return (quipu_bytes){ reader->at, (size_t)(reader->end - reader->at) };
}

int quipu_token_next(quipu_bytes *rest, quipu_token *token, quipu_error *error)
{
    quipu_decoder decoder;
    int status;

    if (!rest || !token) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "no bytes, or no token, to read into");
    }
    decoder = decoder_of(*rest, error);
    status = quipu_decoder_next(&decoder, NULL, token);
    if (status == QUIPU_OK) {
        *rest = bytes_left(&decoder);
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

/* Splits a state, and sets what its envelope says of the payload. */
static int split(quipu_bytes bytes, quipu_state *state, quipu_payload *payload,
                 quipu_error *error)
{
    const uint8_t *data = bytes.data;
    quipu_event event = { 0 }; /* for the values, which nobody reads */
    quipu_decoder decoder = decoder_of(bytes, error);
    int status;

    if (!state) {
        return quipu_error_set(error, QUIPU_INVALID, "no state to split into");
    }
    *state = (quipu_state){ .fields = bytes };
    status = quipu_envelope_read(&decoder, payload, &event);
    state->version = payload->version;
    if (status == QUIPU_OK && decoder.reader.at != data) {
        data += QUIPU_ENVELOPE_MARK_SIZE;
        state->envelope =
            (quipu_bytes){ data, (size_t)(decoder.reader.at - data) };
        state->fields = bytes_left(&decoder);
    }
    state->flags |= payload->codec != 0 ? QUIPU_STATE_IS_COMPRESSED : 0;
    state->flags |= payload->suite != 0 ? QUIPU_STATE_IS_ENCRYPTED : 0;
    if (state->flags) {
        state->sealed = state->fields;
        state->fields = (quipu_bytes){ NULL, 0 };
    }
    return status;
}

int quipu_state_split(quipu_bytes bytes, quipu_state *state, quipu_error *error)
{
    quipu_payload payload;

    return split(bytes, state, &payload, error);
}

/* --------------------------------------------------------------- fields */

/* Members of nested maps are not sealed. */
static const quipu_bytes no_names;

/* The map that is being checked. */
struct map {
    quipu_decoder *decoder;
    const quipu_field_path *path; /* NULL: the outermost */
    int depth;                    /* 0: the outermost */
    quipu_bytes personal; /* of the outermost: names of sealed members */
    const uint8_t *start; /* its first key */
    uint32_t count;       /* of the keys that have been read */
    uint32_t keys[QUIPU_FIELDS_MAX]; /* where each of them begins */
};

static int check_map(quipu_decoder *decoder, const quipu_token *token,
                     const quipu_field_path *path, int depth,
                     quipu_bytes personal);

/* Reads a value that is no container into a member of the kind that can hold
 * every value of its kind. */
static int check_scalar(quipu_decoder *decoder, const quipu_token *token,
                        const quipu_field_path *path)
{
    static const quipu_field members[] = {
        [QUIPU_TOKEN_BOOL] = { .kind = QUIPU_KIND_BOOL, .size = 1 },
        [QUIPU_TOKEN_UINT] = { .kind = QUIPU_KIND_UINT, .size = 8 },
        [QUIPU_TOKEN_INT] = { .kind = QUIPU_KIND_INT, .size = 8 },
        [QUIPU_TOKEN_FLOAT] = { .kind = QUIPU_KIND_REAL, .size = 8 },
        [QUIPU_TOKEN_DOUBLE] = { .kind = QUIPU_KIND_REAL, .size = 8 },
        [QUIPU_TOKEN_STR] = { .kind = QUIPU_KIND_TEXT },
        [QUIPU_TOKEN_BIN] = { .kind = QUIPU_KIND_BYTES },
        [QUIPU_TOKEN_EXT] = { .kind = QUIPU_KIND_TIME },
    };
    char member[sizeof(quipu_bytes)]; /* the largest of them */

    return quipu_decoder_value(decoder, &members[token->kind], token, member,
                               path);
}

/* Returns a number for the tokens that can be elements of one array. */
static int element_kind(const quipu_token *token)
{
    switch (token->kind) {
    case QUIPU_TOKEN_INT:
    case QUIPU_TOKEN_FLOAT:
    case QUIPU_TOKEN_DOUBLE:
        return QUIPU_TOKEN_UINT;
    default:
        return token->kind;
    }
}

static int check_element(quipu_decoder *decoder, const quipu_token *token,
                         const quipu_field_path *path, int depth)
{
    switch (token->kind) {
    case QUIPU_TOKEN_NIL:
    case QUIPU_TOKEN_ARRAY:
        return quipu_decoder_refuse_kind(
            decoder, path, "a value that an array can have", token);
    case QUIPU_TOKEN_MAP:
        return check_map(decoder, token, path, depth + 1, no_names);
    default:
        return check_scalar(decoder, token, path);
    }
}

static int check_array(quipu_decoder *decoder, const quipu_token *array,
                       quipu_field_path *path, int depth)
{
    int kind = 0; /* of the first element */
    int status = QUIPU_OK;

    path->indexed = true;
    for (path->index = 0; path->index < array->count && status == QUIPU_OK;
         path->index++) {
        quipu_token token;

        status = quipu_decoder_next(decoder, path, &token);
        if (status == QUIPU_OK) {
            status = check_element(decoder, &token, path, depth);
        }
        if (status == QUIPU_OK && path->index == 0) {
            kind = element_kind(&token);
        } else if (status == QUIPU_OK && element_kind(&token) != kind) {
            status = quipu_decoder_refuse(
                decoder, path, "is of another kind than the first element");
        }
    }
    return status;
}

/* Whether a value is a member that is sealed for its subject. */
static bool is_sealed(const struct map *map, const quipu_field_path *path,
                      const quipu_token *value)
{
    return value->kind == QUIPU_TOKEN_EXT &&
           value->ext_type == QUIPU_PERSONAL_EXT &&
           quipu_personal_is_named(map->personal,
                                   quipu_bytes_of_text(path->name));
}

/* Checks the value of a field.  Nil stands for a missing one. */
static int check_value(const struct map *map, quipu_field_path *path)
{
    quipu_decoder *decoder = map->decoder;
    quipu_token token;
    int status = quipu_decoder_next(decoder, path, &token);

    if (status != QUIPU_OK || token.kind == QUIPU_TOKEN_NIL ||
        is_sealed(map, path, &token)) {
        return status;
    }
    switch (token.kind) {
    case QUIPU_TOKEN_ARRAY:
        return check_array(decoder, &token, path, map->depth);
    case QUIPU_TOKEN_MAP:
        return check_map(decoder, &token, path, map->depth + 1, no_names);
    default:
        return check_scalar(decoder, &token, path);
    }
}

/* Returns true if the map has had a key. */
static bool has_key(const struct map *map, quipu_bytes key)
{
    for (uint32_t i = 0; i < map->count; i++) {
        quipu_reader reader = { map->start + map->keys[i],
                                map->decoder->reader.end };
        quipu_token earlier;

        if (quipu_reader_next(&reader, &earlier) == QUIPU_READ_OK &&
            quipu_bytes_equal(earlier.bytes, key)) {
            return true;
        }
    }
    return false;
}

/* Checks one key and its value. */
static int check_entry(struct map *map)
{
    quipu_decoder *decoder = map->decoder;
    const size_t at = (size_t)(decoder->reader.at - map->start);
    char name[QUIPU_FIELD_NAME_MAX + 1];
    quipu_field_path path = { .up = map->path, .name = name };
    quipu_token key;
    int status = quipu_decoder_next(decoder, map->path, &key);

    if (status != QUIPU_OK) {
        return status;
    }
    if (key.kind != QUIPU_TOKEN_STR || key.bytes.size == 0 ||
        key.bytes.size > QUIPU_FIELD_NAME_MAX || !quipu_utf8_valid(key.bytes)) {
        return quipu_decoder_refuse(
            decoder, map->path, "has a key that is not text of 1 to 255 bytes");
    }
    memcpy(name, key.bytes.data, key.bytes.size);
    name[key.bytes.size] = '\0';
    if (has_key(map, key.bytes)) {
        return quipu_decoder_refuse(decoder, &path, "occurs twice");
    }
    if (at > UINT32_MAX) {
        return quipu_decoder_refuse(decoder, map->path, "is larger than 4 GiB");
    }
    map->keys[map->count++] = (uint32_t)at;
    return check_value(map, &path);
}

static int check_map(quipu_decoder *decoder, const quipu_token *token,
                     const quipu_field_path *path, int depth,
                     quipu_bytes personal)
{
    struct map map;
    int status = QUIPU_OK;

    if (depth > QUIPU_FIELD_DEPTH_MAX) {
        return quipu_decoder_refuse(decoder, path,
                                    "is a map below 32 others, the most that "
                                    "event types nest");
    }
    if (token->count > QUIPU_FIELDS_MAX) {
        return quipu_decoder_refuse(decoder, path,
                                    "has more than 256 keys, the most fields "
                                    "that a struct has");
    }
    map.decoder = decoder;
    map.path = path;
    map.depth = depth;
    map.personal = personal;
    map.start = decoder->reader.at;
    map.count = 0;
    for (uint32_t i = 0; status == QUIPU_OK && i < token->count; i++) {
        status = check_entry(&map);
    }
    return status;
}

int quipu_state_check(quipu_bytes bytes, quipu_error *error)
{
    quipu_decoder decoder;
    quipu_state state;
    quipu_payload payload;
    quipu_token map;
    int status = split(bytes, &state, &payload, error);

    if (status != QUIPU_OK || state.flags) {
        return status;
    }
    decoder = decoder_of(state.fields, error);
    status = quipu_decoder_next(&decoder, NULL, &map);
    if (status == QUIPU_OK && map.kind != QUIPU_TOKEN_MAP) {
        return quipu_decoder_refuse(&decoder, NULL, "is not a map");
    }
    if (status == QUIPU_OK) {
        status = check_map(&decoder, &map, NULL, 0, payload.personal);
    }
    if (status == QUIPU_OK && decoder.reader.at != decoder.reader.end) {
        return quipu_decoder_refuse(&decoder, NULL, "has bytes after its map");
    }
    return status;
}
