/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks field tables.
 *
 * The application writes the tables by hand or with the macros of event.h.
 * Encoding, decoding and copying follow them without further checks, so a table
 * is checked once, when a mapper or repository is opened.  A table that passes
 * guarantees:
 *
 *   F1  each field has a unique name of 1 to 255 bytes of UTF-8, a kind, and a
 *       size that its kind can have;
 *   F2  the member and its presence flag or count lie inside the struct and
 *       behind its base, and no two members overlap;
 *   F3  at most one of the flags optional, nullable and array is set, and
 *       it suits the kind; arrays have no default;
 *   F4  a struct has at most QUIPU_FIELDS_MAX fields, and tables nest at most
 *       QUIPU_FIELD_DEPTH_MAX deep, so that recursion over a table is bounded
 *       even if a table contains itself;
 *   F5  a field that a macro has made belongs to the struct that the table
 *       describes, and together the fields describe all of its bytes except
 *       padding;
 *   F6  the table ends with a field of zeros;
 *   F7  a personal field is one of an event's own table, its subject is another
 *       field of that table, or the originator id, and it can do without its
 *       value.
 *
 * Presence flags and counts may belong to several fields.  An alias has no
 * bytes; it follows the field whose earlier name it is, or another alias of it.
 */
#ifndef QUIPU_CORE_EVENT_FIELD_TABLE_H
#define QUIPU_CORE_EVENT_FIELD_TABLE_H

#include <quipu/event.h>

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
int quipu_field_table_check(const quipu_field_owner *owner,
                            const quipu_field *fields, quipu_error *error);

#endif
