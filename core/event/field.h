/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field tables: the description of a struct's members by an array of
 * quipu_field, which ends with an entry without a name.
 *
 * The functions here name fields in messages.  field_table.h checks a table;
 * member.h reads and writes the members that it describes.  All functions may
 * be called from any thread.
 */
#ifndef QUIPU_CORE_EVENT_FIELD_H
#define QUIPU_CORE_EVENT_FIELD_H

#include <quipu/event.h>

/* Largest number of fields of one struct. */
#define QUIPU_FIELDS_MAX 256
/* Largest size of a field's name in bytes, without its NUL. */
#define QUIPU_FIELD_NAME_MAX 255
/* Largest nesting depth: structs below the outermost one. */
#define QUIPU_FIELD_DEPTH_MAX 32

/* ---------------------------------------------------------------- fields */

/* Returns the member that names the subject of a personal field of an event's
 * table: its field, or NULL for the originator id in the base. */
const quipu_field *quipu_field_subject(const quipu_field *fields,
                                       const quipu_field *personal);

static inline bool quipu_field_is_personal(const quipu_field *field)
{
    return field->flags & QUIPU_FIELD_IS_PERSONAL;
}

/* Returns the offset of the member that names the subject. */
static inline size_t quipu_field_subject_offset(const quipu_field *personal)
{
    return personal->flags >> QUIPU_FIELD_SUBJECT_SHIFT;
}

/* Returns the name of a field kind for messages, for example "text"; NULL if
 * `kind` is not a value of enum quipu_kind. */
const char *quipu_field_kind_name(int kind);

/* ----------------------------------------------------- paths in messages */

/*
 * One step of the path to a member, for example "order.lines[3].price".
 *
 * Recursive functions keep one step each on their stack and link it to the
 * step of their caller, so that a path costs nothing until a message needs it.
 */
typedef struct quipu_field_path {
    const struct quipu_field_path *up; /* enclosing member; NULL: none */
    const char *name;                  /* of the field */
    size_t index;                      /* of the array element, if `indexed` */
    bool indexed;
} quipu_field_path;

/* Room for the text of a path, its NUL included. */
#define QUIPU_FIELD_PATH_SIZE 400

/* Writes a path as text; a path that is too long is cut at a character
 * boundary.  Returns `text`. */
const char *quipu_field_path_format(const quipu_field_path *path,
                                    char text[QUIPU_FIELD_PATH_SIZE]);

#endif
