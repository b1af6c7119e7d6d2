/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs that own the memory their members point to.
 *
 * Invariants:
 *   O1  each text, bytes value and array of a struct is an allocation of its
 *       own, or NULL;
 *   O2  an array of n elements has room for quipu_owned_fields_capacity(n), so
 *       an array grows by doubling although only its count is stored;
 *   O3  at every moment of a copy the target can be released as it is: members
 *       start as zero, and an array's count is raised only after the element
 *       that it adds has been set (or is partly set and zero otherwise).
 */
#include <string.h>

#include <quipu/aggregate.h>
#include <quipu/error.h>
#include <quipu/memory.h>

#include "base/error.h"
#include "base/memory.h"
#include "event/member.h"
#include "event/owned_fields.h"

size_t quipu_owned_fields_capacity(size_t count)
{
    size_t capacity = count > 0;

    while (capacity < count) {
        if (capacity > SIZE_MAX / 2) {
            return SIZE_MAX;
        }
        capacity *= 2;
    }
    return capacity;
}

/* ------------------------------------------------------------- releasing */

/* Frees what one value owns and sets it to zero.  A value that owns nothing
 * keeps its contents. */
static void release_value(const quipu_field *field, char *value)
{
    switch (field->kind) {
    case QUIPU_KIND_TEXT:
    case QUIPU_KIND_BYTES: /* begins with its pointer, as a text does */
        quipu_release(quipu_member_load_pointer(value));
        break;
    case QUIPU_KIND_STRUCT:
        quipu_owned_fields_release(field->fields, value);
        return;
    default:
        return;
    }
    memset(value, 0, field->size);
}

static void release_array(const quipu_field *field, char *members)
{
    char *array = quipu_member_load_pointer(members + field->offset);
    size_t count = array ? quipu_member_load_count(field, members) : 0;

    for (size_t i = 0; i < count; i++) {
        release_value(field, array + i * field->size);
    }
    quipu_release(array);
    quipu_member_store_pointer(members + field->offset, NULL);
    quipu_member_store_count(field, members, 0);
}

void quipu_owned_fields_release(const quipu_field *fields, void *members)
{
    for (const quipu_field *field = fields; field && field->name; field++) {
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            release_array(field, members);
        } else {
            release_value(field, (char *)members + field->offset);
        }
    }
}

/* --------------------------------------------------------------- copying */

static int copy_value(const quipu_field *field, char *to, const char *from,
                      quipu_error *error);

static int copy_text(char *to, const char *from, quipu_error *error)
{
    const char *text = quipu_member_load_pointer(from);
    char *copy = text ? quipu_text_copy(text) : NULL;

    if (text && !copy) {
        return quipu_error_no_memory(error);
    }
    quipu_member_store_pointer(to, copy);
    return QUIPU_OK;
}

static int copy_bytes(char *to, const char *from, quipu_error *error)
{
    quipu_bytes bytes = quipu_member_load_bytes(from);

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

/* The count is raised element by element (O3). */
static int copy_array(const quipu_field *field, char *to, const char *from,
                      quipu_error *error)
{
    const char *array = quipu_member_load_pointer(from + field->offset);
    size_t count = quipu_member_load_count(field, from);
    char *copy;
    int status = QUIPU_OK;

    if (count == 0) {
        return QUIPU_OK;
    }
    if (!array) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "field %s is NULL, but its count is not 0",
                               field->name);
    }
    copy =
        quipu_allocate_array(quipu_owned_fields_capacity(count), field->size);
    if (!copy) {
        return quipu_error_no_memory(error);
    }
    quipu_member_store_pointer(to + field->offset, copy);
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        status = copy_value(field, copy + i * field->size,
                            array + i * field->size, error);
        quipu_member_store_count(field, to, i + 1);
    }
    return status;
}

static int copy_members(const quipu_field *fields, char *to, const char *from,
                        quipu_error *error)
{
    int status = QUIPU_OK;

    for (const quipu_field *field = fields;
         field && field->name && status == QUIPU_OK; field++) {
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            status = copy_array(field, to, from, error);
        } else if (quipu_member_present(field, from)) {
            if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
                to[field->extra] = true;
            }
            status = copy_value(field, to + field->offset, from + field->offset,
                                error);
        }
    }
    return status;
}

/* Copies one value to memory that is zero. */
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
    case QUIPU_KIND_IGNORED:
    case QUIPU_KIND_ALIAS:
        return QUIPU_OK;
    default:
        memcpy(to, from, field->size);
        return QUIPU_OK;
    }
}

/* Sets all members to zero without freeing anything. */
static void zero_members(const quipu_field *fields, char *members)
{
    for (const quipu_field *field = fields; field && field->name; field++) {
        memset(members + field->offset, 0, quipu_member_size(field));
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            quipu_member_store_count(field, members, 0);
        } else if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
            members[field->extra] = false;
        }
    }
}

int quipu_owned_fields_copy(const quipu_field *fields, void *to,
                            const void *from, quipu_error *error)
{
    int status;

    zero_members(fields, to);
    status = copy_members(fields, to, from, error);
    if (status != QUIPU_OK) {
        quipu_owned_fields_release(fields, to);
        zero_members(fields, to);
    }
    return status;
}

/* --------------------------------------------------------- single members */

int quipu_text_set(char **member, const char *value, quipu_error *error)
{
    char *copy = NULL;

    if (value) {
        copy = quipu_text_copy(value);
        if (!copy) {
            return quipu_error_no_memory(error);
        }
    }
    quipu_release(*member); /* after copying: `value` may be the member */
    *member = copy;
    return QUIPU_OK;
}

int quipu_bytes_set(quipu_bytes *member, quipu_bytes value, quipu_error *error)
{
    quipu_bytes copy = { NULL, 0 };

    if (value.data) {
        copy.data = quipu_text_copy_bytes(value.data, value.size);
        copy.size = value.size;
        if (!copy.data) {
            return quipu_error_no_memory(error);
        }
    }
    quipu_release(quipu_member_load_pointer(&member->data));
    *member = copy;
    return QUIPU_OK;
}

/* Makes room for one element more in an array that is full (O2). */
static int grow(void **member, size_t count, size_t size, quipu_error *error)
{
    size_t capacity = quipu_owned_fields_capacity(count + 1);
    void *grown;

    if (count == SIZE_MAX || capacity > SIZE_MAX / size) {
        return quipu_error_no_memory(error);
    }
    grown = quipu_reallocate(*member, capacity * size);
    if (!grown) {
        return quipu_error_no_memory(error);
    }
    *member = grown;
    return QUIPU_OK;
}

void *quipu_array_add(void **member, size_t *count, size_t size,
                      quipu_error *error)
{
    char *element;

    if (quipu_owned_fields_capacity(*count) == *count &&
        grow(member, *count, size, error) != QUIPU_OK) {
        return NULL;
    }
    element = (char *)*member + *count * size;
    memset(element, 0, size);
    ++*count;
    return element;
}
