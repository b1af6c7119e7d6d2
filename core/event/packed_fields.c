/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of a struct as one block of bytes.
 *
 * The bytes of the fields follow each other in the order of the table:
 *
 *     optional      the presence flag, a byte, before the member
 *     text, bytes   the size + 1 as a number, or 0 for NULL, and the bytes
 *     array         its count and whether it is NULL, a byte each number, and
 *                   the elements
 *     struct        a byte, so that no element of an array is without any, and
 *                   its fields
 *     ignored, alias  nothing
 *     others        the member as it is
 *
 * Numbers have 8 bytes, in the byte order of the machine.
 *
 * Reading trusts nothing: sizes and counts are bounded by the bytes that are
 * left, and recursion by the depth of the table, which field_table.h limits.
 */
#include "event/packed_fields.h"

#include <quipu/id.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/memory.h"
#include "event/member.h"
#include "event/owned_fields.h"

/* ----------------------------------------------------------------- layout */

static uint64_t add_text(uint64_t sum, const char *text)
{
    return quipu_checksum(sum, text, strlen(text));
}

/* Adds a default; that of a text or bytes value by what it points to. */
static uint64_t add_default(uint64_t sum, const quipu_field *field)
{
    quipu_bytes value = { field->fallback, field->size };

    if (!field->fallback) {
        return quipu_checksum_number(sum, 0);
    }
    if (field->kind == QUIPU_KIND_TEXT) {
        value = quipu_bytes_of_text(quipu_member_load_pointer(value.data));
    } else if (field->kind == QUIPU_KIND_BYTES) {
        value = quipu_member_load_bytes(value.data);
    }
    return quipu_checksum_bytes(quipu_checksum_number(sum, 1), value);
}

static uint64_t add_table(uint64_t sum, const quipu_field *fields)
{
    for (const quipu_field *field = fields; field && field->name; field++) {
        const uint32_t numbers[] = { (uint32_t)field->kind, field->flags };

        sum = add_text(sum, field->name);
        sum = quipu_checksum(sum, numbers, sizeof(numbers));
        sum = quipu_checksum_number(sum, field->size);
        if (field->kind == QUIPU_KIND_STRUCT) {
            sum = add_table(sum, field->fields);
        } else {
            sum = add_default(sum, field);
        }
    }
    return quipu_checksum_number(sum, 0);
}

uint64_t quipu_packed_fields_layout(uint64_t seed, const quipu_field *fields)
{
    const uint16_t order = 1; /* its bytes tell the byte order */
    uint64_t sum = quipu_checksum(seed, &order, sizeof(order));

    return add_table(quipu_checksum_number(sum, sizeof(void *)), fields);
}

/* ------------------------------------------------------------------- gaps */

char *quipu_packed_fields_gaps(const quipu_field *fields, size_t base,
                               size_t size)
{
    char *gaps = quipu_allocate(size);

    if (!gaps) {
        return NULL;
    }
    memset(gaps, 0, base);
    memset(gaps + base, 1, size - base);
    for (const quipu_field *field = fields; field && field->name; field++) {
        memset(gaps + field->offset, 0, quipu_member_size(field));
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            memset(gaps + field->extra, 0, sizeof(size_t));
        } else if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
            gaps[field->extra] = 0;
        }
    }
    return gaps;
}

static bool is_zero(const char *bytes, size_t size)
{
    while (size > 0 && bytes[size - 1] == 0) {
        size--;
    }
    return size == 0;
}

/* Whether all ignored members of a struct are zero, also those of nested
 * structs. */
static bool ignores_nothing(const quipu_field *fields, const char *members)
{
    bool nothing = true;

    for (const quipu_field *field = fields; nothing && field && field->name;
         field++) {
        const bool is_array = field->flags & QUIPU_FIELD_IS_ARRAY;
        const char *at = members + field->offset;
        size_t count = 1;

        if (field->kind == QUIPU_KIND_IGNORED) {
            nothing = is_zero(at, field->size);
        }
        if (is_array) {
            at = quipu_member_load_pointer(at);
            count = at ? quipu_member_load_count(field, members) : 0;
        }
        for (size_t i = 0;
             field->kind == QUIPU_KIND_STRUCT && nothing && i < count; i++) {
            nothing = ignores_nothing(field->fields, at + i * field->size);
        }
    }
    return nothing;
}

bool quipu_packed_fields_complete(const quipu_field *fields, const char *gaps,
                                  size_t size, const void *members)
{
    const char *bytes = members;

    for (size_t i = 0; i < size; i++) {
        if (gaps[i] && bytes[i]) {
            return false;
        }
    }
    return ignores_nothing(fields, members);
}

/* ---------------------------------------------------------------- writing */

/* Writes to `to`, or only counts if that is NULL. */
struct writer {
    char *to;
    size_t size;
};

static void put(struct writer *writer, const void *data, size_t size)
{
    if (writer->to && size > 0) {
        memcpy(writer->to + writer->size, data, size);
    }
    writer->size += size;
}

static void put_number(struct writer *writer, uint64_t number)
{
    put(writer, &number, sizeof(number));
}

static void put_sized(struct writer *writer, quipu_bytes bytes)
{
    put_number(writer, bytes.data ? (uint64_t)bytes.size + 1 : 0);
    if (bytes.data) {
        put(writer, bytes.data, bytes.size);
    }
}

static void write_members(struct writer *writer, const quipu_field *fields,
                          const char *members);

static void write_value(struct writer *writer, const quipu_field *field,
                        const char *from)
{
    switch (field->kind) {
    case QUIPU_KIND_TEXT:
        put_sized(writer, quipu_bytes_of_text(quipu_member_load_pointer(from)));
        break;
    case QUIPU_KIND_BYTES:
        put_sized(writer, quipu_member_load_bytes(from));
        break;
    case QUIPU_KIND_IGNORED:
    case QUIPU_KIND_ALIAS:
        break;
    case QUIPU_KIND_STRUCT:
        put(writer, "", 1);
        write_members(writer, field->fields, from);
        break;
    default:
        put(writer, from, field->size);
        break;
    }
}

static void write_array(struct writer *writer, const quipu_field *field,
                        const char *members)
{
    const char *array = quipu_member_load_pointer(members + field->offset);
    size_t count = quipu_member_load_count(field, members);

    put_number(writer, count);
    put(writer, array ? "\1" : "", 1);
    for (size_t i = 0; array && i < count; i++) {
        write_value(writer, field, array + i * field->size);
    }
}

static void write_members(struct writer *writer, const quipu_field *fields,
                          const char *members)
{
    for (const quipu_field *field = fields; field && field->name; field++) {
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            write_array(writer, field, members);
            continue;
        }
        if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
            put(writer, members + field->extra, 1);
        }
        write_value(writer, field, members + field->offset);
    }
}

size_t quipu_packed_fields_size(const quipu_field *fields, const void *members)
{
    struct writer writer = { .to = NULL };

    write_members(&writer, fields, members);
    return writer.size;
}

void quipu_packed_fields_write(const quipu_field *fields, const void *members,
                               void *bytes)
{
    struct writer writer = { .to = bytes };

    write_members(&writer, fields, members);
}

/* ---------------------------------------------------------------- reading */

/* The bytes that are left. */
struct reader {
    const char *at;
    size_t left;
    quipu_error *error;
};

static int refuse(const struct reader *reader, const quipu_field *field)
{
    return quipu_error_set(reader->error, QUIPU_CORRUPT,
                           "the packed field %s is truncated or malformed",
                           field->name);
}

/* Takes `size` bytes; returns NULL if there are not so many. */
static const char *take(struct reader *reader, uint64_t size)
{
    const char *taken = reader->at;

    if (size > reader->left) {
        return NULL;
    }
    reader->at += size;
    reader->left -= (size_t)size;
    return taken;
}

static bool take_number(struct reader *reader, uint64_t *number)
{
    const char *bytes = take(reader, sizeof(*number));

    if (bytes) {
        memcpy(number, bytes, sizeof(*number));
    }
    return bytes;
}

/* Reads a text or bytes value. */
static int read_sized(struct reader *reader, const quipu_field *field, char *to)
{
    uint64_t size;
    const char *from = NULL;

    if (!take_number(reader, &size)) {
        return refuse(reader, field);
    }
    if (size == 0) {
        return QUIPU_OK;
    }
    from = take(reader, size - 1);
    if (!from) {
        return refuse(reader, field);
    }
    const quipu_bytes copy = { quipu_text_copy_bytes(from, (size_t)size - 1),
                               (size_t)size - 1 };

    if (!copy.data) {
        return quipu_error_no_memory(reader->error);
    }
    if (field->kind == QUIPU_KIND_TEXT) {
        quipu_member_store_pointer(to, copy.data);
    } else {
        memcpy(to, &copy, sizeof(copy));
    }
    return QUIPU_OK;
}

static int read_members(struct reader *reader, const quipu_field *fields,
                        char *members);

static int read_value(struct reader *reader, const quipu_field *field, char *to)
{
    const char *from;

    switch (field->kind) {
    case QUIPU_KIND_TEXT:
    case QUIPU_KIND_BYTES:
        return read_sized(reader, field, to);
    case QUIPU_KIND_IGNORED:
    case QUIPU_KIND_ALIAS:
        return QUIPU_OK;
    case QUIPU_KIND_STRUCT:
        return take(reader, 1) ? read_members(reader, field->fields, to)
                               : refuse(reader, field);
    default:
        from = take(reader, field->size);
        if (!from) {
            return refuse(reader, field);
        }
        memcpy(to, from, field->size);
        return QUIPU_OK;
    }
}

/* Each element takes at least a byte, so the count cannot exceed those left.
 * The elements are zero until they are read, and can be released. */
static int read_array(struct reader *reader, const quipu_field *field,
                      char *members)
{
    uint64_t count;
    const char *present = NULL;
    int status = QUIPU_OK;

    if (take_number(reader, &count)) {
        present = take(reader, 1);
    }
    if (!present || (*present && count > reader->left)) {
        return refuse(reader, field);
    }
    /* Arrays may share their count: that of an array that has been read must
     * not change. */
    size_t before = quipu_member_load_count(field, members);

    if (before > 0 && before != count) {
        return refuse(reader, field);
    }
    quipu_member_store_count(field, members, (size_t)count);
    if (!*present || count == 0) {
        return QUIPU_OK;
    }
    char *array = quipu_allocate_array(
        quipu_owned_fields_capacity((size_t)count), field->size);

    if (!array) {
        return quipu_error_no_memory(reader->error);
    }
    quipu_member_store_pointer(members + field->offset, array);
    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        status = read_value(reader, field, array + i * field->size);
    }
    return status;
}

static int read_members(struct reader *reader, const quipu_field *fields,
                        char *members)
{
    int status = QUIPU_OK;

    for (const quipu_field *field = fields;
         status == QUIPU_OK && field && field->name; field++) {
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            status = read_array(reader, field, members);
            continue;
        }
        if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
            const char *present = take(reader, 1);

            if (!present) {
                return refuse(reader, field);
            }
            members[field->extra] = *present;
        }
        status = read_value(reader, field, members + field->offset);
    }
    return status;
}

int quipu_packed_fields_read(const quipu_field *fields, void *members,
                             quipu_bytes bytes, quipu_error *error)
{
    struct reader reader = { bytes.data, bytes.size, error };
    int status = read_members(&reader, fields, members);

    return status == QUIPU_OK && reader.left > 0
               ? quipu_error_set(error, QUIPU_CORRUPT,
                                 "%zu bytes follow the packed fields",
                                 reader.left)
               : status;
}
