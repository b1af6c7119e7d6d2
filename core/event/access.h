/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing members through their fields.  Members are moved with
 * memcpy, so that a packed struct is as good as any other. */
#ifndef QUIPU_CORE_EVENT_ACCESS_H
#define QUIPU_CORE_EVENT_ACCESS_H

#include <string.h>

#include <quipu/event.h>

/* The bytes of the member itself; an array's is a pointer. */
static inline size_t quipu_field_extent(const quipu_field *field)
{
    return field->flags & QUIPU_FIELD_IS_ARRAY ? sizeof(void *) : field->size;
}

/* The pointer in a text or array member. */
static inline void *quipu_pointer_load(const void *member)
{
    void *pointer;

    memcpy(&pointer, member, sizeof(pointer));
    return pointer;
}

static inline void quipu_pointer_store(void *member, const void *pointer)
{
    memcpy(member, &pointer, sizeof(pointer));
}

static inline quipu_bytes quipu_bytes_load(const void *member)
{
    quipu_bytes bytes;

    memcpy(&bytes, member, sizeof(bytes));
    return bytes;
}

static inline size_t quipu_count_load(const quipu_field *field,
                                      const char *members)
{
    size_t count;

    memcpy(&count, members + field->extra, sizeof(count));
    return count;
}

static inline void quipu_count_store(const quipu_field *field, char *members,
                                     size_t count)
{
    memcpy(members + field->extra, &count, sizeof(count));
}

/* Whether the member has a value.  A presence is read as a byte: no value of
 * it is then undefined. */
static inline bool quipu_field_present(const quipu_field *field,
                                       const char *members)
{
    if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
        return ((const unsigned char *)members)[field->extra] != 0;
    }
    if (field->flags & QUIPU_FIELD_MAY_BE_NULL) {
        return quipu_pointer_load(members + field->offset);
    }
    return true;
}

#endif
