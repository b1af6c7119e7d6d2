/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes single values with msgpack-c into a buffer that grows. */
#include <string.h>

#include <quipu/error.h>
#include <quipu/memory.h>

#include "base/error.h"
#include "base/utf8.h"
#include "encoding/encoder.h"
#include "encoding/timestamp.h"
#include "event/member.h"

/* Size of the first allocation, and the largest buffer that is kept for the
 * next event, in bytes. */
#define CAPACITY_MIN ((size_t)512)
#define CAPACITY_KEPT ((size_t)1 << 20)

/* ----------------------------------------------------------------- buffer */

/* Makes room for `size` more bytes; returns false if there is no memory. */
static bool grow(quipu_encoder *encoder, size_t size)
{
    size_t capacity = encoder->capacity ? encoder->capacity : CAPACITY_MIN;
    char *grown;

    if (size > SIZE_MAX / 4 || encoder->size > SIZE_MAX / 4) {
        return false;
    }
    while (capacity < encoder->size + size) {
        capacity *= 2;
    }
    grown = quipu_reallocate(encoder->data, capacity);
    if (!grown) {
        return false;
    }
    encoder->data = grown;
    encoder->capacity = capacity;
    return true;
}

/* Appends bytes; a msgpack_packer_write. */
static int write_bytes(void *opaque, const char *data, size_t size)
{
    quipu_encoder *encoder = (quipu_encoder *)opaque;

    if (encoder->capacity - encoder->size < size && !grow(encoder, size)) {
        encoder->failed = true;
        return -1;
    }
    memcpy(encoder->data + encoder->size, data, size);
    encoder->size += size;
    return 0;
}

static void free_buffer(quipu_encoder *encoder)
{
    quipu_release(encoder->data);
    encoder->data = NULL;
    encoder->capacity = 0;
}

void quipu_encoder_init(quipu_encoder *encoder)
{
    *encoder = (quipu_encoder){ .data = NULL };
    msgpack_packer_init(&encoder->packer, encoder, write_bytes);
}

void quipu_encoder_finish(quipu_encoder *encoder)
{
    free_buffer(encoder);
}

void quipu_encoder_begin(quipu_encoder *encoder, const char *topic,
                         quipu_error *error)
{
    if (encoder->capacity > CAPACITY_KEPT) {
        free_buffer(encoder);
    }
    encoder->size = 0;
    encoder->failed = false;
    encoder->topic = topic;
    encoder->personal = NULL;
    encoder->error = error;
}

int quipu_encoder_status(const quipu_encoder *encoder)
{
    return encoder->failed ? quipu_error_no_memory(encoder->error) : QUIPU_OK;
}

/* ---------------------------------------------------------------- failing */

int quipu_encoder_refuse(const quipu_encoder *encoder,
                         const quipu_field_path *path, const char *why)
{
    char text[QUIPU_FIELD_PATH_SIZE];

    return quipu_error_set(encoder->error, QUIPU_INVALID,
                           "event %s: field %s %s", encoder->topic,
                           quipu_field_path_format(path, text), why);
}

int quipu_encoder_check_size(const quipu_encoder *encoder, size_t size,
                             const quipu_field_path *path)
{
    if (size > UINT32_MAX) {
        return quipu_encoder_refuse(encoder, path, "is larger than 4 GiB");
    }
    return QUIPU_OK;
}

/* ---------------------------------------------------------------- writing */

void *quipu_encoder_extend(quipu_encoder *encoder, size_t size)
{
    if (encoder->failed ||
        (encoder->capacity - encoder->size < size && !grow(encoder, size))) {
        encoder->failed = true;
        return NULL;
    }
    encoder->size += size;
    return encoder->data + encoder->size - size;
}

void quipu_encoder_put_raw(quipu_encoder *encoder, const void *data,
                           size_t size)
{
    (void)write_bytes(encoder, (const char *)data, size);
}

void quipu_encoder_put_bytes(quipu_encoder *encoder, const void *data,
                             size_t size)
{
    msgpack_pack_bin(&encoder->packer, size);
    if (size > 0) {
        msgpack_pack_bin_body(&encoder->packer, data, size);
    }
}

void quipu_encoder_put_text(quipu_encoder *encoder, const char *text,
                            size_t size)
{
    msgpack_pack_str(&encoder->packer, size);
    if (size > 0) {
        msgpack_pack_str_body(&encoder->packer, text, size);
    }
}

void quipu_encoder_put_time(quipu_encoder *encoder, quipu_time time)
{
    uint8_t data[QUIPU_TIMESTAMP_SIZE_MAX];
    size_t size = quipu_timestamp_write(time, data);

    msgpack_pack_ext(&encoder->packer, size, QUIPU_TIMESTAMP_EXT);
    msgpack_pack_ext_body(&encoder->packer, data, size);
}

static int encode_real(quipu_encoder *encoder, size_t size, const char *from)
{
    float single;
    double real;

    if (size == sizeof(single)) {
        memcpy(&single, from, sizeof(single));
        msgpack_pack_float(&encoder->packer, single);
    } else {
        memcpy(&real, from, sizeof(real));
        msgpack_pack_double(&encoder->packer, real);
    }
    return QUIPU_OK;
}

static int encode_text(quipu_encoder *encoder, const char *text,
                       const quipu_field_path *path)
{
    size_t size = text ? strlen(text) : 0;
    int status = quipu_encoder_check_size(encoder, size, path);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!text) {
        return quipu_encoder_refuse(encoder, path, "is NULL, but not nullable");
    }
    if (!quipu_utf8_valid((quipu_bytes){ text, size })) {
        return quipu_encoder_refuse(encoder, path, "is not UTF-8");
    }
    quipu_encoder_put_text(encoder, text, size);
    return QUIPU_OK;
}

static int encode_fixed_text(quipu_encoder *encoder, const char *from,
                             size_t size, const quipu_field_path *path)
{
    if (!memchr(from, '\0', size)) {
        return quipu_encoder_refuse(encoder, path,
                                    "has no NUL within its bytes");
    }
    return encode_text(encoder, from, path);
}

static int encode_bytes(quipu_encoder *encoder, const char *from,
                        const quipu_field_path *path)
{
    quipu_bytes bytes = quipu_member_load_bytes(from);
    int status = quipu_encoder_check_size(encoder, bytes.size, path);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!bytes.data) {
        return quipu_encoder_refuse(encoder, path, "is NULL, but not nullable");
    }
    quipu_encoder_put_bytes(encoder, bytes.data, bytes.size);
    return QUIPU_OK;
}

static int encode_time(quipu_encoder *encoder, const char *from,
                       const quipu_field_path *path)
{
    quipu_time time;

    memcpy(&time, from, sizeof(time));
    if (!quipu_timestamp_storable(time)) {
        return quipu_encoder_refuse(encoder, path,
                                    "is not in the years 1 to 9999");
    }
    quipu_encoder_put_time(encoder, time);
    return QUIPU_OK;
}

/* A quipu_id does not say whether it is a UUID or text: it is stored as bin. */
static int encode_id(quipu_encoder *encoder, const char *from)
{
    size_t size = ((const uint8_t *)from)[offsetof(quipu_id, size)];

    quipu_encoder_put_bytes(encoder, from + offsetof(quipu_id, data), size);
    return QUIPU_OK;
}

static int encode_bool(quipu_encoder *encoder, const char *from)
{
    if (*from) { /* a byte: a bool other than 0 and 1 would be undefined */
        msgpack_pack_true(&encoder->packer);
    } else {
        msgpack_pack_false(&encoder->packer);
    }
    return QUIPU_OK;
}

int quipu_encoder_put_value(quipu_encoder *encoder, const quipu_field *field,
                            const char *from, const quipu_field_path *path)
{
    switch (field->kind) {
    case QUIPU_KIND_BOOL:
        return encode_bool(encoder, from);
    case QUIPU_KIND_INT:
        msgpack_pack_int64(&encoder->packer,
                           quipu_member_load_int(from, field->size));
        return QUIPU_OK;
    case QUIPU_KIND_UINT:
        msgpack_pack_uint64(&encoder->packer,
                            quipu_member_load_uint(from, field->size));
        return QUIPU_OK;
    case QUIPU_KIND_REAL:
        return encode_real(encoder, field->size, from);
    case QUIPU_KIND_TEXT:
        return encode_text(encoder, quipu_member_load_pointer(from), path);
    case QUIPU_KIND_FIXED_TEXT:
        return encode_fixed_text(encoder, from, field->size, path);
    case QUIPU_KIND_BYTES:
        return encode_bytes(encoder, from, path);
    case QUIPU_KIND_UUID:
        quipu_encoder_put_bytes(encoder, from, sizeof(quipu_uuid));
        return QUIPU_OK;
    case QUIPU_KIND_TIME:
        return encode_time(encoder, from, path);
    default: /* QUIPU_KIND_ID */
        return encode_id(encoder, from);
    }
}
