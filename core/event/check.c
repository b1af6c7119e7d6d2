/* SPDX-License-Identifier: Apache-2.0 */
/* The check that a field table describes its struct. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "event/access.h"
#include "event/fields.h"
#include "event/kind.h"
#include "event/path.h"

/* A table, and the struct that it describes. */
struct table {
    const char *owner; /* "event type Account.Opened" */
    const quipu_path *path;
    const quipu_field *fields;
    size_t base; /* bytes at the start of the struct that are taken */
    size_t size; /* of the struct */
    int depth;
    quipu_error *error;
};

static int check_table(const struct table *table);

static int refuse(const struct table *table, const char *name, const char *why)
{
    const quipu_path path = { .up = table->path, .name = name };
    char text[QUIPU_PATH_SIZE];

    return quipu_error_set(table->error, QUIPU_INVALID, "%s: field %s %s",
                           table->owner, quipu_path_format(&path, text), why);
}

static int check_name(const struct table *table, size_t index)
{
    const char *name = table->fields[index].name;
    char number[48];
    size_t i;

    if (!name || !*name) {
        snprintf(number, sizeof(number), "number %zu", index + 1);
        return refuse(table, number, "has no name");
    }
    if (strlen(name) > QUIPU_FIELD_NAME_MAX ||
        !quipu_utf8_valid((quipu_bytes){ name, strlen(name) })) {
        return refuse(table, name,
                      "must have a name of 1 to 255 bytes of UTF-8");
    }
    for (i = 0; i < index; i++) {
        if (!strcmp(table->fields[i].name, name)) {
            return refuse(table, name, "is there twice");
        }
    }
    return QUIPU_OK;
}

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

/* Whether `size` bytes at `offset` lie in the free part of the struct. */
static bool lies_inside(const struct table *table, size_t offset, size_t size)
{
    return offset >= table->base && offset <= table->size &&
           size <= table->size - offset;
}

static int check_place(const struct table *table, const quipu_field *field)
{
    size_t extra = 0;

    if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
        extra = sizeof(bool);
    } else if (field->flags & QUIPU_FIELD_IS_ARRAY) {
        extra = sizeof(size_t);
    }
    if (!lies_inside(table, field->offset, quipu_field_extent(field))) {
        return refuse(table, field->name, "lies outside its struct");
    }
    if (extra && !lies_inside(table, field->extra, extra)) {
        return refuse(table, field->name,
                      "has its presence or count outside its struct");
    }
    return QUIPU_OK;
}

static int check_nested(const struct table *table, const quipu_field *field)
{
    const quipu_path path = { .up = table->path, .name = field->name };
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
    if (!quipu_kind_name(field->kind)) {
        return refuse(table, field->name, "has a kind that is none");
    }
    if (!quipu_kind_has_size(field->kind, field->size)) {
        return refuse(table, field->name,
                      "has a size that its kind cannot have");
    }
    status = check_flags(table, field);
    if (status == QUIPU_OK) {
        status = check_place(table, field);
    }
    if (status == QUIPU_OK && field->kind == QUIPU_KIND_STRUCT) {
        status = check_nested(table, field);
    }
    return status;
}

static int check_table(const struct table *table)
{
    size_t i;
    int status;

    if (!table->fields) {
        return QUIPU_OK;
    }
    /* What has a kind but no name is a mistake, not the end. */
    for (i = 0; table->fields[i].name || table->fields[i].kind; i++) {
        status = check_field(table, i);
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
