/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes single values of a state, and reports what is wrong with a state.
 *
 * Messages name the item by topic, sequence and position, and the field by its
 * path, so that a damaged item can be found in the store.  Topic and sequence
 * id may themselves be damaged: bytes that are not text are shown in
 * hexadecimal.
 *
 * A value is accepted if the member can hold it exactly, whatever type it was
 * written from; docs/state-format.md lists the accepted conversions.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>

#include "base/error.h"
#include "base/utf8.h"
#include "encoding/decoder.h"
#include "encoding/timestamp.h"
#include "event/member.h"

/* Bytes that are shown of an id or topic that is not text. */
#define HEX_BYTES 32
/* Room for an id or a topic as text, its NUL included. */
#define NAME_SIZE (QUIPU_ID_MAX + 1)
/* Room for the description of an item. */
#define ITEM_TEXT_SIZE 560

/* ---------------------------------------------------------------- failing */

static void format_hex(quipu_bytes bytes, char text[NAME_SIZE])
{
    const uint8_t *data = bytes.data;
    size_t shown = bytes.size < HEX_BYTES ? bytes.size : HEX_BYTES;
    size_t i = 0;

    memcpy(text, "0x", sizeof("0x"));
    for (; i < shown; i++) {
        snprintf(text + 2 + 2 * i, 3, "%02x", data[i]);
    }
    if (shown < bytes.size) {
        memcpy(text + 2 + 2 * i, "...", sizeof("..."));
    }
}

static void format_name(quipu_bytes bytes, char text[NAME_SIZE])
{
    if (bytes.size == 0 || bytes.size > QUIPU_ID_MAX ||
        !quipu_utf8_valid(bytes)) {
        format_hex(bytes, text);
        return;
    }
    memcpy(text, bytes.data, bytes.size);
    text[bytes.size] = '\0';
}

static void format_sequence(const quipu_decoder *decoder, char text[NAME_SIZE])
{
    quipu_bytes id = decoder->item->sequence_id;
    quipu_uuid uuid;

    if (decoder->text_ids) {
        format_name(id, text);
    } else if (id.size == sizeof(uuid)) {
        memcpy(&uuid, id.data, sizeof(uuid));
        quipu_uuid_format(&uuid, text);
    } else {
        format_hex(id, text);
    }
}

/* Writes "event TOPIC of sequence ID at position N", or "the state" if there is
 * no item; returns `text`. */
static const char *format_item(const quipu_decoder *decoder,
                               char text[ITEM_TEXT_SIZE])
{
    char topic[NAME_SIZE];
    char sequence[NAME_SIZE];

    if (!decoder->item) {
        return "the state";
    }
    format_name(decoder->item->topic, topic);
    format_sequence(decoder, sequence);
    snprintf(text, ITEM_TEXT_SIZE, "event %s of sequence %s at position %lld",
             topic, sequence, (long long)decoder->item->position);
    return text;
}

int quipu_decoder_refuse(const quipu_decoder *decoder,
                         const quipu_field_path *path, const char *why)
{
    char item[ITEM_TEXT_SIZE];
    char text[QUIPU_FIELD_PATH_SIZE];
    const char *subject = format_item(decoder, item);

    if (!path) {
        return quipu_error_set(decoder->error, QUIPU_CORRUPT, "%s%s %s",
                               subject, decoder->item ? ": its state" : "",
                               why);
    }
    return quipu_error_set(decoder->error, QUIPU_CORRUPT, "%s: field %s %s",
                           subject, quipu_field_path_format(path, text), why);
}

int quipu_decoder_refuse_kind(const quipu_decoder *decoder,
                              const quipu_field_path *path, const char *wanted,
                              const quipu_token *token)
{
    char why[80];

    snprintf(why, sizeof(why), "is %s instead of %s",
             quipu_reader_token_name(token), wanted);
    return quipu_decoder_refuse(decoder, path, why);
}

int quipu_decoder_refuse_item(const quipu_decoder *decoder, int status,
                              const char *why)
{
    char item[ITEM_TEXT_SIZE];

    return quipu_error_set(decoder->error, status, "%s: %s",
                           format_item(decoder, item), why);
}

/* ---------------------------------------------------------------- reading */

int quipu_decoder_refuse_read(const quipu_decoder *decoder,
                              const quipu_field_path *path, int read)
{
    return quipu_decoder_refuse(
        decoder, path,
        read == QUIPU_READ_CUT ? "is truncated"
                               : "contains a byte that is not MessagePack");
}

int quipu_decoder_skip(quipu_decoder *decoder, const quipu_field_path *path,
                       const quipu_token *token)
{
    int read = quipu_reader_skip(&decoder->reader, token);

    return read == QUIPU_READ_OK
               ? QUIPU_OK
               : quipu_decoder_refuse_read(decoder, path, read);
}

/* ----------------------------------------------------------------- values */

/* A token, and the member that it is stored in. */
struct value {
    const quipu_decoder *decoder;
    const quipu_token *token;
    const quipu_field_path *path;
    char *to;
    size_t size; /* of the member */
};

static int refuse(const struct value *value, const char *why)
{
    return quipu_decoder_refuse(value->decoder, value->path, why);
}

static int refuse_kind(const struct value *value, const char *wanted)
{
    return quipu_decoder_refuse_kind(value->decoder, value->path, wanted,
                                     value->token);
}

static int decode_bool(const struct value *value)
{
    if (value->token->kind != QUIPU_TOKEN_BOOL) {
        return refuse_kind(value, "a bool");
    }
    memcpy(value->to, &value->token->as.boolean, sizeof(bool));
    return QUIPU_OK;
}

static int decode_int(const struct value *value)
{
    const quipu_token *token = value->token;
    bool fits;

    if (token->kind == QUIPU_TOKEN_INT) {
        fits =
            quipu_member_store_int(value->to, value->size, token->as.integer);
    } else if (token->kind == QUIPU_TOKEN_UINT) {
        fits = token->as.natural <= INT64_MAX &&
               quipu_member_store_int(value->to, value->size,
                                      (int64_t)token->as.natural);
    } else {
        return refuse_kind(value, "an integer");
    }
    return fits ? QUIPU_OK : refuse(value, "is out of range of its member");
}

static int decode_uint(const struct value *value)
{
    const quipu_token *token = value->token;

    if (token->kind != QUIPU_TOKEN_UINT && token->kind != QUIPU_TOKEN_INT) {
        return refuse_kind(value, "an integer");
    }
    if (token->kind == QUIPU_TOKEN_INT ||
        !quipu_member_store_uint(value->to, value->size, token->as.natural)) {
        return refuse(value, "is out of range of its member");
    }
    return QUIPU_OK;
}

/* Returns true if all integers up to `natural` can be represented exactly by a
 * real of `size` bytes. */
static bool is_exact(uint64_t natural, size_t size)
{
    return natural <=
           UINT64_C(1) << (size == sizeof(float) ? FLT_MANT_DIG : DBL_MANT_DIG);
}

/* Converts an integer token; returns false if the result is not exact. */
static bool real_of_integer(const quipu_token *token, size_t size, double *real)
{
    if (token->kind == QUIPU_TOKEN_UINT) {
        *real = (double)token->as.natural;
        return is_exact(token->as.natural, size);
    }
    *real = (double)token->as.integer;
    return is_exact(0 - (uint64_t)token->as.integer, size);
}

/* Converts a double to a float if that loses nothing; returns false otherwise.
 * The application may have changed the type of the member. */
static bool narrow(double real, float *single)
{
    if (isfinite(real) && fabs(real) > (double)FLT_MAX) {
        return false;
    }
    *single = (float)real;
    return isnan(real) || !((double)*single < real || (double)*single > real);
}

/* Stores a real in a float or double member. */
static int store_real(const struct value *value, double real)
{
    float single;

    if (value->size == sizeof(real)) {
        memcpy(value->to, &real, sizeof(real));
        return QUIPU_OK;
    }
    if (!narrow(real, &single)) {
        return refuse(value, "has more digits than its member, a float");
    }
    memcpy(value->to, &single, sizeof(single));
    return QUIPU_OK;
}

static int decode_real(const struct value *value)
{
    const quipu_token *token = value->token;
    double real;

    switch (token->kind) {
    case QUIPU_TOKEN_FLOAT:
        if (value->size == sizeof(float)) {
            memcpy(value->to, &token->as.single_real, sizeof(float));
            return QUIPU_OK;
        }
        return store_real(value, (double)token->as.single_real);
    case QUIPU_TOKEN_DOUBLE:
        return store_real(value, token->as.real);
    case QUIPU_TOKEN_UINT:
    case QUIPU_TOKEN_INT:
        if (!real_of_integer(token, value->size, &real)) {
            return refuse(value, "is an integer too large to be a real");
        }
        return store_real(value, real);
    default:
        return refuse_kind(value, "a real");
    }
}

const void *quipu_decoder_keep(const quipu_decoder *decoder, quipu_bytes bytes)
{
    return decoder->lends || !decoder->arena
               ? bytes.data
               : quipu_arena_copy(decoder->arena, bytes.data, bytes.size);
}

static int check_text(const struct value *value)
{
    const quipu_token *token = value->token;

    if (token->kind != QUIPU_TOKEN_STR) {
        return refuse_kind(value, "text");
    }
    if (!quipu_utf8_valid(token->bytes)) {
        return refuse(value, "is not UTF-8, or contains a NUL");
    }
    return QUIPU_OK;
}

static int decode_fixed_text(const struct value *value)
{
    const quipu_bytes text = value->token->bytes;
    int status = check_text(value);

    if (status != QUIPU_OK) {
        return status;
    }
    if (text.size >= value->size) {
        char why[96];

        (void)snprintf(why, sizeof(why),
                       "is a text of %zu bytes, and its member has room for "
                       "%zu",
                       text.size, value->size - 1);
        return refuse(value, why);
    }
    memset(value->to, 0, value->size);
    memcpy(value->to, text.data, text.size);
    return QUIPU_OK;
}

static int decode_text(const struct value *value)
{
    quipu_arena *arena = value->decoder->arena;
    const quipu_bytes text = value->token->bytes;
    const char *copy = text.data;
    int status = check_text(value);

    if (status != QUIPU_OK) {
        return status;
    }
    if (arena) {
        copy = quipu_arena_copy(arena, text.data, text.size);
    }
    if (!copy) {
        return quipu_error_no_memory(value->decoder->error);
    }
    quipu_member_store_pointer(value->to, copy);
    return QUIPU_OK;
}

static int decode_bytes(const struct value *value)
{
    const quipu_token *token = value->token;
    quipu_bytes copy;

    if (token->kind != QUIPU_TOKEN_BIN) {
        return refuse_kind(value, "bytes");
    }
    copy.size = token->bytes.size;
    copy.data = quipu_decoder_keep(value->decoder, token->bytes);
    if (!copy.data) {
        return quipu_error_no_memory(value->decoder->error);
    }
    memcpy(value->to, &copy, sizeof(copy));
    return QUIPU_OK;
}

static int decode_uuid(const struct value *value)
{
    const quipu_token *token = value->token;

    if (token->kind != QUIPU_TOKEN_BIN) {
        return refuse_kind(value, "a uuid's bytes");
    }
    if (token->bytes.size != sizeof(quipu_uuid)) {
        return refuse(value, "is not a uuid of 16 bytes");
    }
    memcpy(value->to, token->bytes.data, sizeof(quipu_uuid));
    return QUIPU_OK;
}

static int decode_time(const struct value *value)
{
    const quipu_token *token = value->token;
    quipu_time time;

    if (token->kind != QUIPU_TOKEN_EXT ||
        token->ext_type != QUIPU_TIMESTAMP_EXT) {
        return refuse_kind(value, "a timestamp");
    }
    if (!quipu_timestamp_read(token->bytes, &time)) {
        return refuse(value, "is not a timestamp of whole microseconds in the "
                             "years 1 to 9999");
    }
    memcpy(value->to, &time, sizeof(time));
    return QUIPU_OK;
}

static int decode_id(const struct value *value)
{
    const quipu_token *token = value->token;
    quipu_id id = { 0 };

    if (token->kind != QUIPU_TOKEN_BIN) {
        return refuse_kind(value, "an id's bytes");
    }
    if (token->bytes.size > QUIPU_ID_MAX) {
        return refuse(value, "is an id of more than 255 bytes");
    }
    id.size = (uint8_t)token->bytes.size;
    memcpy(id.data, token->bytes.data, id.size);
    memcpy(value->to, &id, sizeof(id));
    return QUIPU_OK;
}

int quipu_decoder_value(const quipu_decoder *decoder, const quipu_field *field,
                        const quipu_token *token, char *to,
                        const quipu_field_path *path)
{
    const struct value value = { decoder, token, path, to, field->size };

    switch (field->kind) {
    case QUIPU_KIND_BOOL:
        return decode_bool(&value);
    case QUIPU_KIND_INT:
        return decode_int(&value);
    case QUIPU_KIND_UINT:
        return decode_uint(&value);
    case QUIPU_KIND_REAL:
        return decode_real(&value);
    case QUIPU_KIND_TEXT:
        return decode_text(&value);
    case QUIPU_KIND_FIXED_TEXT:
        return decode_fixed_text(&value);
    case QUIPU_KIND_BYTES:
        return decode_bytes(&value);
    case QUIPU_KIND_UUID:
        return decode_uuid(&value);
    case QUIPU_KIND_TIME:
        return decode_time(&value);
    default:
        return decode_id(&value);
    }
}
