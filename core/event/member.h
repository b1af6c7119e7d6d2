/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads and writes members of the application's structs through their fields.
 *
 * Every access uses memcpy, because a member may be unaligned (packed structs)
 * and because its declared type is not known here.  `members` is the start of
 * the struct that a field table describes; `member` is the address of the
 * member itself, members + field->offset.
 */
#ifndef QUIPU_CORE_EVENT_MEMBER_H
#define QUIPU_CORE_EVENT_MEMBER_H

#include <string.h>

#include <quipu/event.h>

/* -------------------------------------------------------------- integers */

/* Read an integer member of 1, 2, 4 or 8 bytes. */
int64_t quipu_member_load_int(const void *member, size_t size);
uint64_t quipu_member_load_uint(const void *member, size_t size);

/* Write an integer member of 1, 2, 4 or 8 bytes.  Return false, and leave the
 * member as it is, if the number is out of its range. */
bool quipu_member_store_int(void *member, size_t size, int64_t number);
bool quipu_member_store_uint(void *member, size_t size, uint64_t number);

/* Returns true if states have the member that a field describes. */
static inline bool quipu_member_is_stored(const quipu_field *field)
{
    return field->kind != QUIPU_KIND_IGNORED && field->kind != QUIPU_KIND_ALIAS;
}

/* ------------------------------------------------------ pointers, counts */

/* Returns the size of the member itself in bytes; an array member is a
 * pointer, while field->size is the size of one element. */
static inline size_t quipu_member_size(const quipu_field *field)
{
    return field->flags & QUIPU_FIELD_IS_ARRAY ? sizeof(void *) : field->size;
}

/* Returns the pointer in a text or array member. */
static inline void *quipu_member_load_pointer(const void *member)
{
    void *pointer;

    memcpy(&pointer, member, sizeof(pointer));
    return pointer;
}

static inline void quipu_member_store_pointer(void *member, const void *pointer)
{
    memcpy(member, &pointer, sizeof(pointer));
}

/* Returns the size of a fixed text in bytes; that of its member if it has no
 * NUL. */
static inline size_t quipu_member_text_size(const quipu_field *field,
                                            const char *member)
{
    const char *end = memchr(member, '\0', field->size);

    return end ? (size_t)(end - member) : field->size;
}

static inline quipu_bytes quipu_member_load_bytes(const void *member)
{
    quipu_bytes bytes;

    memcpy(&bytes, member, sizeof(bytes));
    return bytes;
}

/* Return and set the number of elements of an array field, which is in the
 * size_t member at field->extra. */
static inline size_t quipu_member_load_count(const quipu_field *field,
                                             const char *members)
{
    size_t count;

    memcpy(&count, members + field->extra, sizeof(count));
    return count;
}

static inline void quipu_member_store_count(const quipu_field *field,
                                            char *members, size_t count)
{
    memcpy(members + field->extra, &count, sizeof(count));
}

/*
 * Returns true if the member has a value: its presence flag is set, or its
 * pointer is not NULL, or it is neither optional nor nullable.  The presence
 * flag is read as a byte, because a bool with a value other than 0 and 1 is
 * undefined behaviour.
 */
static inline bool quipu_member_present(const quipu_field *field,
                                        const char *members)
{
    if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
        return ((const unsigned char *)members)[field->extra] != 0;
    }
    if (field->flags & QUIPU_FIELD_MAY_BE_NULL) {
        return quipu_member_load_pointer(members + field->offset);
    }
    return true;
}

#endif
