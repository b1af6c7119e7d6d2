/* SPDX-License-Identifier: Apache-2.0 */
/* Structs whose members own what they point to: copying and freeing. */
#include <string.h>

#include <quipu/error.h>
#include <quipu/memory.h>

#include "base/error.h"
#include "base/memory.h"
#include "event/access.h"
#include "event/capacity.h"
#include "event/fields.h"

static int copy_value(const quipu_field *field, char *to, const char *from,
                      quipu_error *error);

static void release_value(const quipu_field *field, char *value)
{
    switch (field->kind) {
    case QUIPU_KIND_TEXT:
    case QUIPU_KIND_BYTES: /* whose data come first */
        quipu_release(quipu_pointer_load(value));
        break;
    case QUIPU_KIND_STRUCT:
        quipu_fields_release(field->fields, value);
        return;
    default:
        return;
    }
    memset(value, 0, field->size);
}

static void release_array(const quipu_field *field, char *members)
{
    char *array = quipu_pointer_load(members + field->offset);
    size_t count = array ? quipu_count_load(field, members) : 0;
    size_t i;

    for (i = 0; i < count; i++) {
        release_value(field, array + i * field->size);
    }
    quipu_release(array);
    quipu_pointer_store(members + field->offset, NULL);
    quipu_count_store(field, members, 0);
}

void quipu_fields_release(const quipu_field *fields, void *members)
{
    const quipu_field *field;

    for (field = fields; field && field->name; field++) {
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            release_array(field, members);
        } else {
            release_value(field, (char *)members + field->offset);
        }
    }
}

static int copy_text(char *to, const char *from, quipu_error *error)
{
    const char *text = quipu_pointer_load(from);
    char *copy = text ? quipu_text_copy(text) : NULL;

    if (text && !copy) {
        return quipu_error_no_memory(error);
    }
    quipu_pointer_store(to, copy);
    return QUIPU_OK;
}

static int copy_bytes(char *to, const char *from, quipu_error *error)
{
    quipu_bytes bytes = quipu_bytes_load(from);

    if (!bytes.data) {
        return QUIPU_OK;
    }
    bytes.data = quipu_text_copy_bytes(bytes.data, bytes.size);
    if (!bytes.data) {
        return quipu_error_no_memory(error);
    }
    memcpy(to, &bytes, sizeof(bytes));
    return QUIPU_OK;
}

/* The array is counted up element by element, so that at any moment it can be
 * released as it is. */
static int copy_array(const quipu_field *field, char *to, const char *from,
                      quipu_error *error)
{
    const char *array = quipu_pointer_load(from + field->offset);
    size_t count = quipu_count_load(field, from);
    char *copy;
    size_t i;
    int status = QUIPU_OK;

    if (count == 0) {
        return QUIPU_OK;
    }
    if (!array) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "field %s is NULL and counts elements",
                               field->name);
    }
    copy = quipu_allocate_array(quipu_array_capacity(count), field->size);
    if (!copy) {
        return quipu_error_no_memory(error);
    }
    quipu_pointer_store(to + field->offset, copy);
    for (i = 0; i < count && status == QUIPU_OK; i++) {
        status = copy_value(field, copy + i * field->size,
                            array + i * field->size, error);
        quipu_count_store(field, to, i + 1);
    }
    return status;
}

static int copy_members(const quipu_field *fields, char *to, const char *from,
                        quipu_error *error)
{
    const quipu_field *field;
    int status = QUIPU_OK;

    for (field = fields; field && field->name && status == QUIPU_OK; field++) {
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            status = copy_array(field, to, from, error);
        } else if (quipu_field_present(field, from)) {
            if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
                to[field->extra] = true;
            }
            status = copy_value(field, to + field->offset, from + field->offset,
                                error);
        }
    }
    return status;
}

/* To memory that is zero. */
static int copy_value(const quipu_field *field, char *to, const char *from,
                      quipu_error *error)
{
    switch (field->kind) {
    case QUIPU_KIND_TEXT:
        return copy_text(to, from, error);
    case QUIPU_KIND_BYTES:
        return copy_bytes(to, from, error);
    case QUIPU_KIND_STRUCT:
        return copy_members(field->fields, to, from, error);
    default:
        memcpy(to, from, field->size);
        return QUIPU_OK;
    }
}

static void zero_members(const quipu_field *fields, char *members)
{
    const quipu_field *field;

    for (field = fields; field && field->name; field++) {
        memset(members + field->offset, 0, quipu_field_extent(field));
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            quipu_count_store(field, members, 0);
        } else if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
            members[field->extra] = false;
        }
    }
}

int quipu_fields_copy(const quipu_field *fields, void *to, const void *from,
                      quipu_error *error)
{
    int status;

    zero_members(fields, to);
    status = copy_members(fields, to, from, error);
    if (status != QUIPU_OK) {
        quipu_fields_release(fields, to);
        zero_members(fields, to);
    }
    return status;
}
