/* SPDX-License-Identifier: Apache-2.0 */
/* Decodes single values. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "event/access.h"
#include "event/number.h"
#include "mapper/decoder.h"
#include "mapper/timestamp.h"

/* One value on its way into its member. */
struct value {
    const quipu_decoder *decoder;
    const quipu_token *token;
    const quipu_path *path;
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
        fits = quipu_int_store(value->to, value->size, token->as.integer);
    } else if (token->kind == QUIPU_TOKEN_UINT) {
        fits =
            token->as.natural <= INT64_MAX &&
            quipu_int_store(value->to, value->size, (int64_t)token->as.natural);
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
        !quipu_uint_store(value->to, value->size, token->as.natural)) {
        return refuse(value, "is out of range of its member");
    }
    return QUIPU_OK;
}

/* The integers up to here are all exact as a float or a double. */
static bool is_exact(uint64_t natural, size_t size)
{
    return natural <=
           UINT64_C(1) << (size == sizeof(float) ? FLT_MANT_DIG : DBL_MANT_DIG);
}

static bool real_of_integer(const quipu_token *token, size_t size, double *real)
{
    if (token->kind == QUIPU_TOKEN_UINT) {
        *real = (double)token->as.natural;
        return is_exact(token->as.natural, size);
    }
    *real = (double)token->as.integer;
    return is_exact(0 - (uint64_t)token->as.integer, size);
}

/* A double that was once written may be read as a float if nothing is lost. */
static bool narrow(double real, float *single)
{
    if (isfinite(real) && fabs(real) > (double)FLT_MAX) {
        return false;
    }
    *single = (float)real;
    return isnan(real) || !((double)*single < real || (double)*single > real);
}

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

static int decode_text(const struct value *value)
{
    const quipu_token *token = value->token;
    const char *copy;

    if (token->kind != QUIPU_TOKEN_STR) {
        return refuse_kind(value, "text");
    }
    if (!quipu_utf8_valid(token->bytes)) {
        return refuse(value, "is not UTF-8, or contains a NUL");
    }
    copy = quipu_arena_copy(value->decoder->arena, token->bytes.data,
                            token->bytes.size);
    if (!copy) {
        return quipu_error_no_memory(value->decoder->error);
    }
    quipu_pointer_store(value->to, copy);
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
    copy.data = quipu_arena_copy(value->decoder->arena, token->bytes.data,
                                 token->bytes.size);
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
        return refuse(value, "is a uuid that has not 16 bytes");
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
        return refuse(value, "is no timestamp of whole microseconds in the "
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

int quipu_decode_scalar(const quipu_decoder *decoder, const quipu_field *field,
                        const quipu_token *token, char *to,
                        const quipu_path *path)
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
