/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Domain events: checks their types, initialises, copies and frees them.
 *
 * A copy is one allocation: the struct, its metadata, and behind them the
 * texts, bytes and arrays that the members point to.  So freeing it is one
 * call, and nothing has to be walked.  Copying walks the field table twice with
 * the same code (struct block): the first pass has no memory and measures the
 * size, and reports every error; the second pass fills the block and cannot
 * fail, because the event does not change in between.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/memory.h>

#include "base/error.h"
#include "base/utf8.h"
#include "event/field.h"
#include "event/field_table.h"
#include "event/member.h"
#include "event/traits.h"

int quipu_event_type_check(const quipu_event_type *type, quipu_error *error)
{
    char owner[QUIPU_ID_MAX + 16];
    int status;

    if (!type) {
        return quipu_error_set(error, QUIPU_INVALID, "an event type is NULL");
    }
    status = quipu_traits_check_topic(type->topic, "an event type", error);
    if (status != QUIPU_OK) {
        return status;
    }
    snprintf(owner, sizeof(owner), "event type %s", type->topic);
    if (type->size < sizeof(quipu_event)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s: its size, %zu bytes, is less than that of "
                               "quipu_event, its first member (%zu); give "
                               "the size of the struct, not of a pointer",
                               owner, type->size, sizeof(quipu_event));
    }
    if (type->reserved) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s: a reserved member is not NULL", owner);
    }
    status = quipu_traits_check(type, error);
    if (status != QUIPU_OK) {
        return status;
    }
    return quipu_field_table_check(
        &(quipu_field_owner){ .name = owner,
                              .struct_name = type->struct_name,
                              .size = type->size,
                              .base = sizeof(quipu_event),
                              .field_count = type->field_count,
                              .is_event = true },
        type->fields, error);
}

void quipu_event_init(quipu_event *event, const quipu_event_type *type,
                      const quipu_id *originator_id, int64_t originator_version)
{
    memset(event, 0, sizeof(*event));
    event->type = type;
    if (originator_id) {
        event->originator_id = *originator_id;
    }
    event->originator_version = originator_version;
    quipu_uuid_ordered(&event->event_id);
    event->time = quipu_time_now();
}

void quipu_event_destroy(quipu_event *event)
{
    quipu_release(event);
}

/* --------------------------------------------------------------- copying */

/* The memory of a copy, while it is measured or filled. */
struct block {
    char *data;        /* NULL while measuring */
    size_t used;       /* bytes, of `data` or of what it will need */
    const char *topic; /* of the event, for messages */
    quipu_error *error;
};

static int copy_members(struct block *block, const quipu_field *fields,
                        char *to, const char *from, const quipu_field_path *up);

static int refuse(const struct block *block, const quipu_field_path *path,
                  const char *why)
{
    char text[QUIPU_FIELD_PATH_SIZE];

    return quipu_error_set(block->error, QUIPU_INVALID, "event %s: field %s %s",
                           block->topic, quipu_field_path_format(path, text),
                           why);
}

/* Appends a copy of `size` bytes at the next multiple of `alignment`.  Returns
 * its address, or NULL when measuring. */
static char *place(struct block *block, const void *data, size_t size,
                   size_t alignment)
{
    char *copy = NULL;

    block->used = (block->used + alignment - 1) / alignment * alignment;
    if (block->data) {
        copy = block->data + block->used;
        memcpy(copy, data, size);
    }
    block->used += size;
    return copy;
}

static int copy_text(struct block *block, char *to, const char *from,
                     const quipu_field_path *path)
{
    const char *text = quipu_member_load_pointer(from);
    const char *copy;

    if (!text) {
        return refuse(block, path, "is NULL, but not nullable");
    }
    copy = place(block, text, strlen(text) + 1, 1);
    if (to) {
        quipu_member_store_pointer(to, copy);
    }
    return QUIPU_OK;
}

static int copy_bytes(struct block *block, char *to, const char *from,
                      const quipu_field_path *path)
{
    quipu_bytes bytes = quipu_member_load_bytes(from);

    if (!bytes.data) {
        return refuse(block, path, "is NULL, but not nullable");
    }
    bytes.data = place(block, bytes.data, bytes.size, 1);
    if (to) {
        memcpy(to, &bytes, sizeof(bytes));
    }
    return QUIPU_OK;
}

/* The text itself is in `to` already. */
static int check_fixed_text(const struct block *block, const char *from,
                            size_t size, const quipu_field_path *path)
{
    return memchr(from, '\0', size)
               ? QUIPU_OK
               : refuse(block, path, "has no NUL within its bytes");
}

/* Copies what a value points to; the value itself is in `to` already.  `to` is
 * NULL when measuring, here and below. */
static int copy_value(struct block *block, const quipu_field *field, char *to,
                      const char *from, const quipu_field_path *path)
{
    switch (field->kind) {
    case QUIPU_KIND_TEXT:
        return copy_text(block, to, from, path);
    case QUIPU_KIND_BYTES:
        return copy_bytes(block, to, from, path);
    case QUIPU_KIND_STRUCT:
        return copy_members(block, field->fields, to, from, path);
    case QUIPU_KIND_FIXED_TEXT:
        return check_fixed_text(block, from, field->size, path);
    case QUIPU_KIND_ALIAS:
    case QUIPU_KIND_IGNORED: /* as in an event that is read */
        if (to) {
            memset(to, 0, field->size);
        }
        return QUIPU_OK;
    default:
        return QUIPU_OK;
    }
}

/* Copies an array and what its elements point to. */
static int copy_array(struct block *block, const quipu_field *field, char *to,
                      const char *from, quipu_field_path *path)
{
    const char *array = quipu_member_load_pointer(from + field->offset);
    size_t count = quipu_member_load_count(field, from);
    char *copy = NULL;
    int status = QUIPU_OK;

    if (count > 0 && !array) {
        return refuse(block, path, "is NULL, but its count is not 0");
    }
    if (count > PTRDIFF_MAX / field->size) {
        return refuse(block, path, "counts more elements than memory can hold");
    }
    if (count > 0) {
        copy = place(block, array, count * field->size, _Alignof(max_align_t));
    }
    if (to) {
        quipu_member_store_pointer(to + field->offset, copy);
    }
    path->indexed = true;
    for (path->index = 0; path->index < count && status == QUIPU_OK;
         path->index++) {
        size_t at = path->index * field->size;

        status =
            copy_value(block, field, copy ? copy + at : NULL, array + at, path);
    }
    return status;
}

static int copy_members(struct block *block, const quipu_field *fields,
                        char *to, const char *from, const quipu_field_path *up)
{
    quipu_field_path path = { .up = up };
    int status = QUIPU_OK;

    for (const quipu_field *field = fields;
         field && field->name && status == QUIPU_OK; field++) {
        path.name = field->name;
        path.indexed = false;
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            status = copy_array(block, field, to, from, &path);
        } else if (quipu_member_present(field, from)) {
            status = copy_value(block, field, to ? to + field->offset : NULL,
                                from + field->offset, &path);
        } else if (to) {
            /* A member without a value may hold anything, even a dangling
             * pointer. */
            memset(to + field->offset, 0, field->size);
        }
    }
    return status;
}

static int copy_event(struct block *block, const quipu_event *from)
{
    quipu_event *to =
        (quipu_event *)(void *)place(block, from, from->type->size, 1);
    const char *metadata = NULL;

    if (from->metadata.data) {
        metadata = place(block, from->metadata.data, from->metadata.size, 1);
    }
    if (to) {
        to->metadata.data = metadata;
    }
    return copy_members(block, from->type->fields, (char *)to,
                        (const char *)from, NULL);
}

int quipu_event_copy(const quipu_event *event, quipu_event **copy,
                     quipu_error *error)
{
    struct block block = { .error = error };
    int status;

    if (!event || !event->type) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "an event without a type cannot be copied");
    }
    block.topic = event->type->topic;
    status = copy_event(&block, event);
    if (status != QUIPU_OK) {
        return status;
    }
    block.data = quipu_allocate(block.used);
    if (!block.data) {
        return quipu_error_no_memory(error);
    }
    block.used = 0;
    copy_event(&block, event); /* cannot fail: the first pass succeeded */
    *copy = (quipu_event *)(void *)block.data;
    return QUIPU_OK;
}
