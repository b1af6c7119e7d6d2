/* SPDX-License-Identifier: Apache-2.0 */
/* Copying an event into one piece of memory.  One walk does it: the first
 * time without memory, to measure, the second time to fill. */
#include <stddef.h>
#include <string.h>

#include <quipu/error.h>
#include <quipu/memory.h>

#include "base/error.h"
#include "event/access.h"
#include "event/path.h"

struct block {
    char *data; /* NULL while measuring */
    size_t used;
    const char *topic;
    quipu_error *error;
};

static int copy_members(struct block *block, const quipu_field *fields,
                        char *to, const char *from, const quipu_path *up);

static int refuse(const struct block *block, const quipu_path *path,
                  const char *why)
{
    char text[QUIPU_PATH_SIZE];

    return quipu_error_set(block->error, QUIPU_INVALID, "event %s: field %s %s",
                           block->topic, quipu_path_format(path, text), why);
}

/* Appends a copy of `size` bytes; returns where it is, NULL when measuring. */
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
                     const quipu_path *path)
{
    const char *text = quipu_pointer_load(from);
    const char *copy;

    if (!text) {
        return refuse(block, path, "is NULL, which it may not be");
    }
    copy = place(block, text, strlen(text) + 1, 1);
    if (to) {
        quipu_pointer_store(to, copy);
    }
    return QUIPU_OK;
}

static int copy_bytes(struct block *block, char *to, const char *from,
                      const quipu_path *path)
{
    quipu_bytes bytes = quipu_bytes_load(from);

    if (!bytes.data) {
        return refuse(block, path, "is absent, which it may not be");
    }
    bytes.data = place(block, bytes.data, bytes.size, 1);
    if (to) {
        memcpy(to, &bytes, sizeof(bytes));
    }
    return QUIPU_OK;
}

/* Copies what a value points to; the value itself is in `to` already. */
static int copy_value(struct block *block, const quipu_field *field, char *to,
                      const char *from, const quipu_path *path)
{
    switch (field->kind) {
    case QUIPU_KIND_TEXT:
        return copy_text(block, to, from, path);
    case QUIPU_KIND_BYTES:
        return copy_bytes(block, to, from, path);
    case QUIPU_KIND_STRUCT:
        return copy_members(block, field->fields, to, from, path);
    default:
        return QUIPU_OK;
    }
}

static int copy_elements(struct block *block, const quipu_field *field,
                         char *to, const char *from, size_t count,
                         quipu_path *path)
{
    size_t at;
    int status = QUIPU_OK;

    path->indexed = true;
    for (path->index = 0; path->index < count && status == QUIPU_OK;
         path->index++) {
        at = path->index * field->size;
        status = copy_value(block, field, to ? to + at : NULL, from + at, path);
    }
    return status;
}

static int copy_array(struct block *block, const quipu_field *field, char *to,
                      const char *from, quipu_path *path)
{
    const char *array = quipu_pointer_load(from + field->offset);
    size_t count = quipu_count_load(field, from);
    char *copy = NULL;

    if (count > 0 && !array) {
        return refuse(block, path, "is NULL and counts elements");
    }
    if (count > PTRDIFF_MAX / field->size) {
        return refuse(block, path, "counts more elements than there can be");
    }
    if (count > 0) {
        copy = place(block, array, count * field->size, _Alignof(max_align_t));
    }
    if (to) {
        quipu_pointer_store(to + field->offset, copy);
    }
    return copy_elements(block, field, copy, array, count, path);
}

static int copy_members(struct block *block, const quipu_field *fields,
                        char *to, const char *from, const quipu_path *up)
{
    const quipu_field *field;
    quipu_path path = { .up = up };
    int status = QUIPU_OK;

    for (field = fields; field && field->name && status == QUIPU_OK; field++) {
        path.name = field->name;
        path.indexed = false;
        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            status = copy_array(block, field, to, from, &path);
        } else if (quipu_field_present(field, from)) {
            status = copy_value(block, field, to ? to + field->offset : NULL,
                                from + field->offset, &path);
        } else if (to) {
            /* What has no value may be anything, a wild pointer too. */
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
    copy_event(&block, event); /* has passed once: cannot fail */
    *copy = (quipu_event *)(void *)block.data;
    return QUIPU_OK;
}
