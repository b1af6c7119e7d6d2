/* SPDX-License-Identifier: Apache-2.0 */
/* Encodes the members of a struct as a MessagePack map. */
#include <msgpack.h>
#include <string.h>

#include <quipu/error.h>

#include "base/error.h"
#include "base/utf8.h"
#include "event/access.h"
#include "event/number.h"
#include "event/path.h"
#include "mapper/encode.h"
#include "mapper/timestamp.h"

struct encoder {
    msgpack_packer packer;
    const char *topic;
    quipu_error *error;
};

static int encode_members(struct encoder *encoder, const quipu_field *fields,
                          quipu_omitted omitted, const char *members,
                          const quipu_path *up);

static int refuse(const struct encoder *encoder, const quipu_path *path,
                  const char *why)
{
    char text[QUIPU_PATH_SIZE];

    return quipu_error_set(encoder->error, QUIPU_INVALID,
                           "event %s: field %s %s", encoder->topic,
                           quipu_path_format(path, text), why);
}

/* What lies beyond has no place in MessagePack, which counts in 32 bits. */
static int check_size(const struct encoder *encoder, size_t size,
                      const quipu_path *path)
{
    if (size > UINT32_MAX) {
        return refuse(encoder, path, "is larger than 4 GiB");
    }
    return QUIPU_OK;
}

static void pack_bytes(struct encoder *encoder, const void *data, size_t size)
{
    msgpack_pack_bin(&encoder->packer, size);
    if (size > 0) {
        msgpack_pack_bin_body(&encoder->packer, data, size);
    }
}

static void pack_str(struct encoder *encoder, const char *text, size_t size)
{
    msgpack_pack_str(&encoder->packer, size);
    if (size > 0) {
        msgpack_pack_str_body(&encoder->packer, text, size);
    }
}

static int encode_real(struct encoder *encoder, size_t size, const char *from)
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

static int encode_text(struct encoder *encoder, const char *from,
                       const quipu_path *path)
{
    const char *text = quipu_pointer_load(from);
    size_t size = text ? strlen(text) : 0;
    int status = check_size(encoder, size, path);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!text) {
        return refuse(encoder, path, "is NULL, which it may not be");
    }
    if (!quipu_utf8_valid((quipu_bytes){ text, size })) {
        return refuse(encoder, path, "is not UTF-8");
    }
    pack_str(encoder, text, size);
    return QUIPU_OK;
}

static int encode_bytes(struct encoder *encoder, const char *from,
                        const quipu_path *path)
{
    quipu_bytes bytes = quipu_bytes_load(from);
    int status = check_size(encoder, bytes.size, path);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!bytes.data) {
        return refuse(encoder, path, "is absent, which it may not be");
    }
    pack_bytes(encoder, bytes.data, bytes.size);
    return QUIPU_OK;
}

static int encode_time(struct encoder *encoder, const char *from,
                       const quipu_path *path)
{
    uint8_t data[QUIPU_TIMESTAMP_SIZE_MAX];
    quipu_time time;
    size_t size;

    memcpy(&time, from, sizeof(time));
    if (!quipu_time_storable(time)) {
        return refuse(encoder, path, "is not in the years 1 to 9999");
    }
    size = quipu_timestamp_write(time, data);
    msgpack_pack_ext(&encoder->packer, size, QUIPU_TIMESTAMP_EXT);
    msgpack_pack_ext_body(&encoder->packer, data, size);
    return QUIPU_OK;
}

/* An id does not tell whether it is a UUID or text: it is stored as bytes. */
static int encode_id(struct encoder *encoder, const char *from)
{
    size_t size = ((const uint8_t *)from)[offsetof(quipu_id, size)];

    pack_bytes(encoder, from + offsetof(quipu_id, data), size);
    return QUIPU_OK;
}

static int encode_bool(struct encoder *encoder, const char *from)
{
    if (*from) { /* as a byte: no value of it is then undefined */
        msgpack_pack_true(&encoder->packer);
    } else {
        msgpack_pack_false(&encoder->packer);
    }
    return QUIPU_OK;
}

static int encode_value(struct encoder *encoder, const quipu_field *field,
                        const char *from, const quipu_path *path)
{
    const quipu_omitted none = { NULL, NULL };

    switch (field->kind) {
    case QUIPU_KIND_BOOL:
        return encode_bool(encoder, from);
    case QUIPU_KIND_INT:
        msgpack_pack_int64(&encoder->packer, quipu_int_load(from, field->size));
        return QUIPU_OK;
    case QUIPU_KIND_UINT:
        msgpack_pack_uint64(&encoder->packer,
                            quipu_uint_load(from, field->size));
        return QUIPU_OK;
    case QUIPU_KIND_REAL:
        return encode_real(encoder, field->size, from);
    case QUIPU_KIND_TEXT:
        return encode_text(encoder, from, path);
    case QUIPU_KIND_BYTES:
        return encode_bytes(encoder, from, path);
    case QUIPU_KIND_UUID:
        pack_bytes(encoder, from, sizeof(quipu_uuid));
        return QUIPU_OK;
    case QUIPU_KIND_TIME:
        return encode_time(encoder, from, path);
    case QUIPU_KIND_ID:
        return encode_id(encoder, from);
    default:
        return encode_members(encoder, field->fields, none, from, path);
    }
}

static int encode_array(struct encoder *encoder, const quipu_field *field,
                        const char *members, quipu_path *path)
{
    const char *array = quipu_pointer_load(members + field->offset);
    size_t count = quipu_count_load(field, members);
    int status = check_size(encoder, count, path);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!array && count > 0) {
        return refuse(encoder, path, "is NULL and counts elements");
    }
    msgpack_pack_array(&encoder->packer, count);
    path->indexed = true;
    for (path->index = 0; path->index < count && status == QUIPU_OK;
         path->index++) {
        status = encode_value(encoder, field, array + path->index * field->size,
                              path);
    }
    return status;
}

static bool is_kept(const quipu_field *field, quipu_omitted omitted,
                    const char *members)
{
    return field != omitted.first && field != omitted.second &&
           quipu_field_present(field, members);
}

static int encode_members(struct encoder *encoder, const quipu_field *fields,
                          quipu_omitted omitted, const char *members,
                          const quipu_path *up)
{
    const quipu_field *field;
    quipu_path path = { .up = up };
    size_t count = 0;
    int status = QUIPU_OK;

    for (field = fields; field && field->name; field++) {
        count += is_kept(field, omitted, members);
    }
    msgpack_pack_map(&encoder->packer, count);
    for (field = fields; field && field->name && status == QUIPU_OK; field++) {
        if (!is_kept(field, omitted, members)) {
            continue;
        }
        path.name = field->name;
        path.indexed = false;
        pack_str(encoder, field->name, strlen(field->name));
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            status = encode_array(encoder, field, members, &path);
        } else {
            status =
                encode_value(encoder, field, members + field->offset, &path);
        }
    }
    return status;
}

int quipu_encode(quipu_buffer *buffer, const char *topic,
                 const quipu_field *fields, quipu_omitted omitted,
                 const void *members, quipu_error *error)
{
    struct encoder encoder = { .topic = topic, .error = error };
    int status;

    msgpack_packer_init(&encoder.packer, buffer, quipu_buffer_write);
    status = encode_members(&encoder, fields, omitted, members, NULL);
    if (status == QUIPU_OK && buffer->failed) {
        return quipu_error_no_memory(error);
    }
    return status;
}
