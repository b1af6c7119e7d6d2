/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks field tables and names fields in messages.
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
 *       even if a table contains itself.
 *
 * Presence flags and counts may belong to several fields.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "event/field.h"
#include "event/member.h"

/* ----------------------------------------------------------------- kinds */

static const char *const kind_names[] = {
    [QUIPU_KIND_BOOL] = "bool", [QUIPU_KIND_INT] = "int",
    [QUIPU_KIND_UINT] = "uint", [QUIPU_KIND_REAL] = "real",
    [QUIPU_KIND_TEXT] = "text", [QUIPU_KIND_BYTES] = "bytes",
    [QUIPU_KIND_UUID] = "uuid", [QUIPU_KIND_TIME] = "time",
    [QUIPU_KIND_ID] = "id",     [QUIPU_KIND_STRUCT] = "struct",
};

const char *quipu_field_kind_name(int kind)
{
    if (kind < 0 ||
        (size_t)kind >= sizeof(kind_names) / sizeof(kind_names[0])) {
        return NULL;
    }
    return kind_names[kind];
}

/* Returns true if a member (or array element) of that kind can have `size`
 * bytes. */
static bool has_size(int kind, size_t size)
{
    switch (kind) {
    case QUIPU_KIND_BOOL:
        return size == sizeof(bool);
    case QUIPU_KIND_INT:
    case QUIPU_KIND_UINT:
        return size == 1 || size == 2 || size == 4 || size == 8;
    case QUIPU_KIND_REAL:
        return size == sizeof(float) || size == sizeof(double);
    case QUIPU_KIND_TEXT:
        return size == sizeof(char *);
    case QUIPU_KIND_BYTES:
        return size == sizeof(quipu_bytes);
    case QUIPU_KIND_UUID:
        return size == sizeof(quipu_uuid);
    case QUIPU_KIND_TIME:
        return size == sizeof(quipu_time);
    case QUIPU_KIND_ID:
        return size == sizeof(quipu_id);
    default:
        return size > 0;
    }
}

/* ----------------------------------------------------------------- paths */

/* Appends `part` to the `used` bytes of text, cut to the room that is left.
 * Returns the new size. */
static size_t append(char *text, size_t used, const char *part)
{
    size_t room = QUIPU_FIELD_PATH_SIZE - 1 - used;
    size_t size = strlen(part);

    size = quipu_utf8_cut(part, size, size < room ? size : room);
    memcpy(text + used, part, size);
    return used + size;
}

/* Writes a path from its outermost step; returns the size of the text. */
static size_t write_path(const quipu_field_path *path, char *text)
{
    char index[32];
    size_t used = 0;

    if (path->up) {
        used = write_path(path->up, text);
        used = append(text, used, ".");
    }
    used = append(text, used, path->name);
    if (path->indexed) {
        snprintf(index, sizeof(index), "[%zu]", path->index);
        used = append(text, used, index);
    }
    return used;
}

const char *quipu_field_path_format(const quipu_field_path *path,
                                    char text[QUIPU_FIELD_PATH_SIZE])
{
    text[write_path(path, text)] = '\0';
    return text;
}

/* -------------------------------------------------------------- checking */

/* The table that is being checked, and the struct that it describes. */
struct table {
    const char *owner; /* outermost struct: "event type Account.Opened" */
    const quipu_field_path *path; /* of this struct; NULL: the outermost */
    const quipu_field *fields;
    size_t base; /* reserved bytes at the start of the struct */
    size_t size; /* of the struct, in bytes */
    int depth;   /* 0: the outermost */
    quipu_error *error;
};

static int check_table(const struct table *table);

static int refuse(const struct table *table, const char *name, const char *why)
{
    const quipu_field_path path = { .up = table->path, .name = name };
    char text[QUIPU_FIELD_PATH_SIZE];

    return quipu_error_set(table->error, QUIPU_INVALID, "%s: field %s %s",
                           table->owner, quipu_field_path_format(&path, text),
                           why);
}

/* F1: a name, and no other field with the same one. */
static int check_name(const struct table *table, size_t index)
{
    const char *name = table->fields[index].name;

    if (!name || !*name) {
        char number[48];

        snprintf(number, sizeof(number), "number %zu", index + 1);
        return refuse(table, number, "has no name");
    }
    if (strlen(name) > QUIPU_FIELD_NAME_MAX ||
        !quipu_utf8_valid((quipu_bytes){ name, strlen(name) })) {
        return refuse(table, name,
                      "must have a name of 1 to 255 bytes of UTF-8");
    }
    for (size_t i = 0; i < index; i++) {
        if (!strcmp(table->fields[i].name, name)) {
            return refuse(table, name, "occurs twice");
        }
    }
    return QUIPU_OK;
}

/* F3. */
static int check_flags(const struct table *table, const quipu_field *field)
{
    bool has_null =
        field->kind == QUIPU_KIND_TEXT || field->kind == QUIPU_KIND_BYTES;

    switch (field->flags) {
    case QUIPU_FIELD_MAY_BE_NULL:
        if (!has_null) {
            return refuse(table, field->name,
                          "may not be NULL: only text and bytes can be");
        }
        break;
    case QUIPU_FIELD_IS_ARRAY:
        if (field->fallback) {
            return refuse(table, field->name,
                          "is an array, which cannot have a default");
        }
        break;
    case QUIPU_FIELD_HAS_PRESENCE:
    case 0:
        break;
    default:
        return refuse(table, field->name,
                      "has an unknown flag, or several: it can be optional, "
                      "nullable or an array");
    }
    if (field->reserved[0] || field->reserved[1]) {
        return refuse(table, field->name,
                      "has a reserved member that is not zero");
    }
    return QUIPU_OK;
}

/* Returns true if `size` bytes at `offset` lie inside the struct, behind its
 * base. */
static bool lies_inside(const struct table *table, size_t offset, size_t size)
{
    return offset >= table->base && offset <= table->size &&
           size <= table->size - offset;
}

/* F2: the member and its presence flag or count are inside the struct. */
static int check_offsets(const struct table *table, const quipu_field *field)
{
    size_t extra = 0;

    if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
        extra = sizeof(bool);
    } else if (field->flags & QUIPU_FIELD_IS_ARRAY) {
        extra = sizeof(size_t);
    }
    if (field->offset < table->base) {
        return refuse(table, field->name,
                      "lies in the base, which must be the struct's first "
                      "member");
    }
    if (!lies_inside(table, field->offset, quipu_member_size(field))) {
        return refuse(table, field->name, "lies outside its struct");
    }
    if (extra && !lies_inside(table, field->extra, extra)) {
        return refuse(table, field->name,
                      "has its presence or count outside its struct");
    }
    return QUIPU_OK;
}

/* F2: no earlier field has a byte of this one.  Freeing and copying would treat
 * it twice. */
static int check_overlap(const struct table *table, size_t index)
{
    const quipu_field *field = &table->fields[index];

    for (size_t i = 0; i < index; i++) {
        const quipu_field *other = &table->fields[i];

        if (field->offset < other->offset + quipu_member_size(other) &&
            other->offset < field->offset + quipu_member_size(field)) {
            char why[QUIPU_FIELD_NAME_MAX + 64];

            (void)snprintf(why, sizeof(why),
                           "overlaps field %s: of a union, one member can be "
                           "stored",
                           other->name);
            return refuse(table, field->name, why);
        }
    }
    return QUIPU_OK;
}

/* F4: checks the table of a nested struct, which has no base. */
static int check_nested(const struct table *table, const quipu_field *field)
{
    const quipu_field_path path = { .up = table->path, .name = field->name };
    struct table nested = *table;

    if (!field->fields) {
        return refuse(table, field->name, "is a struct without a table");
    }
    if (table->depth == QUIPU_FIELD_DEPTH_MAX) {
        return quipu_error_set(table->error, QUIPU_INVALID,
                               "%s: field %s nests structs too deep: the "
                               "limit is %d",
                               table->owner, field->name,
                               QUIPU_FIELD_DEPTH_MAX);
    }
    nested.path = &path;
    nested.fields = field->fields;
    nested.base = 0;
    nested.size = field->size;
    nested.depth = table->depth + 1;
    return check_table(&nested);
}

static int check_field(const struct table *table, size_t index)
{
    const quipu_field *field = &table->fields[index];
    int status = check_name(table, index);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!quipu_field_kind_name(field->kind)) {
        return refuse(table, field->name, "has an unknown kind");
    }
    if (!has_size(field->kind, field->size)) {
        return refuse(table, field->name,
                      "has a size that its kind cannot have");
    }
    status = check_flags(table, field);
    if (status == QUIPU_OK) {
        status = check_offsets(table, field);
    }
    if (status == QUIPU_OK) {
        status = check_overlap(table, index);
    }
    if (status == QUIPU_OK && field->kind == QUIPU_KIND_STRUCT) {
        status = check_nested(table, field);
    }
    return status;
}

static int check_table(const struct table *table)
{
    if (!table->fields) {
        return QUIPU_OK;
    }
    /* The table ends with a field of zeros.  A field that has a kind but no
     * name is a mistake in the table, and reported as such by check_name. */
    for (size_t i = 0; table->fields[i].name || table->fields[i].kind; i++) {
        int status = check_field(table, i);

        if (status != QUIPU_OK) {
            return status;
        }
        if (i == QUIPU_FIELDS_MAX) {
            return refuse(table, table->fields[i].name,
                          "is one too many: a struct has at most 256");
        }
    }
    return QUIPU_OK;
}

int quipu_fields_check(const char *owner, const quipu_field *fields,
                       size_t base, size_t size, quipu_error *error)
{
    const struct table table = { .owner = owner,
                                 .fields = fields,
                                 .base = base,
                                 .size = size,
                                 .error = error };

    return check_table(&table);
}
