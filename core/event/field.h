/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field tables: the description of a struct's members by an array of
 * quipu_field, which ends with an entry without a name.
 *
 * The functions here check a table and name its fields in messages.  Those of
 * member.h read and write the members that a table describes.  All functions
 * may be called from any thread.
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

/* -------------------------------------------------------------- checking */

/* A struct that a table describes. */
typedef struct quipu_field_owner {
    const char *name;        /* for messages: "event type Account.Opened" */
    const char *struct_name; /* as its source writes it; NULL: not known */
    size_t size;             /* in bytes */
    size_t base;             /* bytes at its start that are quipu's */
    size_t field_count;      /* of the table with its end; 0: not known */
    bool is_event;           /* and may have personal members */
} quipu_field_owner;

/*
 * Checks that a table describes the members of a struct.  `fields` NULL is a
 * table without fields.
 *
 * INVALID: the message names the first field that is wrong, and the reason.
 */
int quipu_fields_check(const quipu_field_owner *owner,
                       const quipu_field *fields, quipu_error *error);

/* Returns the member that names the subject of a personal field of an event's
 * table: its field, or NULL for the originator id in the base. */
const quipu_field *quipu_field_subject(const quipu_field *fields,
                                       const quipu_field *personal);

static inline bool quipu_field_is_personal(const quipu_field *field)
{
    return field->flags & QUIPU_FIELD_IS_PERSONAL;
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
