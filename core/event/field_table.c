/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a table has its end can only be known where its length is known
 * (QUIPU_EVENT_TYPE).  Otherwise reading may leave the table, and what follows
 * is anything.  So after a field of a macro, an entry without its mark is only
 * believed to be a field if its numbers can be those of one (F6), and its name
 * is not read before that.
 */
#include "event/field_table.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"
#include "event/field.h"
#include "event/member.h"

/* The table that is being checked, and the struct that it describes. */
struct table {
    const quipu_field_owner *owner; /* the outermost struct */
    const quipu_field_path *path;   /* of this struct; NULL: the outermost */
    const quipu_field *fields;
    const char *struct_name; /* NULL: not known */
    size_t base;             /* bytes at the start that are quipu's */
    size_t size;             /* of the struct, in bytes */
    int depth;               /* 0: the outermost */
    quipu_error *error;
};

/* Room for a reason. */
#define WHY_SIZE 640

static int check_table(const struct table *table);

static int refuse(const struct table *table, const char *name, const char *why)
{
    const quipu_field_path path = { .up = table->path,
                                    .name = name ? name : "without a name" };
    char text[QUIPU_FIELD_PATH_SIZE];

    return quipu_error_set(table->error, QUIPU_INVALID, "%s: field %s %s",
                           table->owner->name,
                           quipu_field_path_format(&path, text), why);
}

/* The same for an entry whose name may be no name. */
static int refuse_entry(const struct table *table, size_t index,
                        const char *why)
{
    char number[48];

    (void)snprintf(number, sizeof(number), "number %zu", index + 1);
    return refuse(table, number, why);
}

/* ------------------------------------------------------------- one field */

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
    case QUIPU_KIND_FIXED_TEXT:
        return size > 1;
    case QUIPU_KIND_ALIAS:
        return size == 0;
    default:
        return size > 0;
    }
}

/* F1: a name, and no other field with the same one. */
static int check_name(const struct table *table, size_t index)
{
    const char *name = table->fields[index].name;

    if (!name || !*name) {
        return refuse_entry(table, index, "has no name");
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

/* The flags of which a field has at most one. */
#define FORM_FLAGS \
    (QUIPU_FIELD_HAS_PRESENCE | QUIPU_FIELD_MAY_BE_NULL | QUIPU_FIELD_IS_ARRAY)
/* All flags below the offset of a subject. */
#define ALL_FLAGS ((uint32_t)(FORM_FLAGS | QUIPU_FIELD_IS_PERSONAL))
#define FLAGS_MASK ((1u << QUIPU_FIELD_SUBJECT_SHIFT) - 1)

/* F3. */
static int check_flags(const struct table *table, const quipu_field *field)
{
    bool has_null =
        field->kind == QUIPU_KIND_TEXT || field->kind == QUIPU_KIND_BYTES;

    switch (quipu_field_is_personal(field)
                ? field->flags & FLAGS_MASK & ~(uint32_t)QUIPU_FIELD_IS_PERSONAL
                : field->flags) {
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
    if (field->kind == QUIPU_KIND_IGNORED &&
        (field->flags || field->fallback)) {
        return refuse(table, field->name,
                      "is not stored, and can have no flag and no default");
    }
    if (field->kind == QUIPU_KIND_FIXED_TEXT && field->fallback &&
        !memchr(field->fallback, '\0', field->size)) {
        return refuse(table, field->name,
                      "has a default that does not end with a NUL");
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

/* --------------------------------------------------------------- personal */

/* Returns true if a member can do without a value that a state lacks. */
static bool can_be_missing(const quipu_field *field)
{
    if (field->fallback || !quipu_member_is_stored(field) ||
        field->flags & FORM_FLAGS) {
        return true;
    }
    if (field->kind != QUIPU_KIND_STRUCT) {
        return false;
    }
    for (const quipu_field *f = field->fields; f->name; f++) {
        if (f->flags & QUIPU_FIELD_IS_ARRAY || !can_be_missing(f)) {
            return false;
        }
    }
    return true;
}

static int check_subject(const struct table *table, const quipu_field *field)
{
    const quipu_field *subject = quipu_field_subject(table->fields, field);

    if (!subject) {
        return quipu_field_subject_offset(field) ==
                       offsetof(quipu_event, originator_id)
                   ? QUIPU_OK
                   : refuse(table, field->name,
                            "is personal, but no field of its table describes "
                            "the member that names its subject");
    }
    if (subject->flags ||
        (subject->kind != QUIPU_KIND_ID && subject->kind != QUIPU_KIND_UUID &&
         subject->kind != QUIPU_KIND_TEXT &&
         subject->kind != QUIPU_KIND_FIXED_TEXT)) {
        return refuse(table, field->name,
                      "is personal, and its subject must be an id, a uuid or "
                      "a text that is always there and not personal itself");
    }
    return QUIPU_OK;
}

/* F7. */
static int check_personal(const struct table *table, const quipu_field *field)
{
    if (!quipu_field_is_personal(field)) {
        return QUIPU_OK;
    }
    if (table->depth > 0) {
        return refuse(table, field->name,
                      "is personal, but in a nested struct: make the whole "
                      "struct personal, in the table of the event");
    }
    if (!table->owner->is_event) {
        return refuse(table, field->name,
                      "is personal, but only members of events are stored "
                      "sealed: an aggregate has no personal members");
    }
    if (!can_be_missing(field)) {
        return refuse(table, field->name,
                      field->kind == QUIPU_KIND_STRUCT
                          ? "is a personal struct, so each of its members "
                            "needs a default or may have no value"
                          : "is personal, and has no value for events whose "
                            "subject is forgotten");
    }
    return check_subject(table, field);
}

/* Checks that an alias follows the field of its member. */
static int check_alias(const struct table *table, size_t index)
{
    const quipu_field *field = &table->fields[index];

    if (field->flags || field->fallback || field->fields) {
        return refuse(table, field->name,
                      "is an alias, and can have no flag, default or table");
    }
    if (index == 0 || table->fields[index - 1].kind == QUIPU_KIND_IGNORED ||
        table->fields[index - 1].offset != field->offset) {
        return refuse(table, field->name,
                      "is an alias, and must follow the field of its member, "
                      "which must be stored");
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
                               table->owner->name, field->name,
                               QUIPU_FIELD_DEPTH_MAX);
    }
    nested.path = &path;
    nested.fields = field->fields;
    nested.struct_name = NULL;
    nested.base = 0;
    nested.size = field->size;
    nested.depth = table->depth + 1;
    return check_table(&nested);
}

/* ------------------------------------------- the table and its struct */

static bool is_made_by_macro(const quipu_field *field)
{
    return field->mark == QUIPU_FIELD_MARK;
}

static bool is_end(const quipu_field *field)
{
    return !field->name && !field->kind;
}

/* F6: Returns true if the numbers of an entry can be those of a field that is
 * written without a macro. */
static bool can_be_field(const struct table *table, const quipu_field *field)
{
    return quipu_field_kind_name(field->kind) &&
           has_size(field->kind, field->size) &&
           (field->flags <= QUIPU_FIELD_IS_ARRAY ||
            (quipu_field_is_personal(field) &&
             (field->flags & FLAGS_MASK) <= ALL_FLAGS &&
             quipu_field_subject_offset(field) < table->size)) &&
           lies_inside(table, field->offset, quipu_member_size(field)) &&
           field->extra < table->size && !field->owner && !field->owner_size &&
           !field->owner_alignment && !field->alignment && !field->mark;
}

/* F6: if the length of the table is known, its last field is its end. */
static int check_end(const struct table *table)
{
    size_t count = table->owner->field_count;

    if (table->depth > 0 || count == 0) {
        return QUIPU_OK;
    }
    if (!is_end(&table->fields[count - 1])) {
        return refuse_entry(table, count - 1,
                            "is the last of its table, which has no end: put "
                            "{ 0 } behind it");
    }
    for (size_t i = 0; i < count - 1; i++) {
        if (is_end(&table->fields[i])) {
            return refuse_entry(table, i,
                                "has no name and no kind, so it ends the "
                                "table, but others follow");
        }
    }
    return QUIPU_OK;
}

/* F5, of a field that a macro has made. */
static int check_struct(const struct table *table, const quipu_field *field)
{
    const char *expected =
        table->struct_name ? table->struct_name : table->fields[0].owner;
    char why[WHY_SIZE];

    if (field->owner_size == table->size &&
        (!expected || strcmp(field->owner, expected) == 0)) {
        return QUIPU_OK;
    }
    if (field->owner_size == table->size || table->struct_name) {
        (void)snprintf(why, sizeof(why),
                       "is of %.255s, but its table describes %.255s: write "
                       "one table for each struct, with { 0 } at its end",
                       field->owner, expected);
    } else {
        (void)snprintf(why, sizeof(why),
                       "is of %.255s, which has %zu bytes, but the struct that "
                       "its table describes has %zu: name the struct's own "
                       "table and its size, and end each table with { 0 }",
                       field->owner, (size_t)field->owner_size, table->size);
    }
    return refuse(table, field->name, why);
}

/* F5, F6: the entry is a field, and of this struct. */
static int check_entry(const struct table *table, size_t index)
{
    const quipu_field *field = &table->fields[index];

    if (is_made_by_macro(field)) {
        return check_struct(table, field);
    }
    if (is_made_by_macro(&table->fields[0]) && !can_be_field(table, field)) {
        return refuse_entry(table, index,
                            "is not a field as those before it are: end the "
                            "table with { 0 }");
    }
    if (field->mark || field->owner || field->owner_size ||
        field->owner_alignment || field->alignment) {
        return refuse(table, field->name,
                      "has a mark, an owner or an alignment, but none of the "
                      "macros has made it");
    }
    return QUIPU_OK;
}

/* ------------------------------------------------------------ all bytes */

/* Bytes of the struct: [start, end). */
struct part {
    size_t start;
    size_t end;
    size_t alignment; /* 0: not known */
    const char *name; /* of the field that it belongs to */
};

static void find_earliest(struct part *earliest, const struct part *part,
                          size_t behind)
{
    if (part->end > behind && part->start < earliest->start) {
        *earliest = *part;
    }
}

/* Returns what the first byte at or behind `at` belongs to that a field
 * describes; the end of the struct if there is none. */
static struct part next_part(const struct table *table, size_t at)
{
    struct part next = { .start = table->size,
                         .end = table->size,
                         .alignment = table->fields[0].owner_alignment,
                         .name = "its end" };

    for (const quipu_field *field = table->fields; field->name; field++) {
        struct part member = { field->offset,
                               field->offset + quipu_member_size(field),
                               field->alignment, field->name };
        struct part extra = { field->extra, field->extra, 1, field->name };

        if (field->flags & QUIPU_FIELD_IS_ARRAY) {
            extra.end += sizeof(size_t);
            extra.alignment = _Alignof(size_t);
        } else if (field->flags & QUIPU_FIELD_HAS_PRESENCE) {
            extra.end += sizeof(bool);
        }
        find_earliest(&next, &member, at);
        find_earliest(&next, &extra, at);
    }
    return next;
}

static int refuse_gap(const struct table *table, const struct part *before,
                      const struct part *next)
{
    char why[WHY_SIZE];

    (void)snprintf(why, sizeof(why),
                   "is %s %zu bytes of %.255s that no field describes: "
                   "describe the member there, or name it in "
                   "QUIPU_FIELD_IGNORED%s",
                   before->name ? "followed by" : "behind",
                   next->start - before->end, table->fields[0].owner,
                   before->name || table->base == 0
                       ? ""
                       : "; and let the struct begin with its base");
    return refuse(table, before->name ? before->name : next->name, why);
}

/* F5: a gap is padding if the compiler needs it to align what follows. */
static int check_gaps(const struct table *table)
{
    struct part before = { .end = table->base };

    if (!is_made_by_macro(&table->fields[0])) {
        return QUIPU_OK;
    }
    while (before.end < table->size) {
        struct part next = next_part(table, before.end);

        if (next.start > before.end && next.alignment > 0 &&
            next.start - before.end >= next.alignment) {
            return refuse_gap(table, &before, &next);
        }
        before = next;
    }
    return QUIPU_OK;
}

/* ------------------------------------------------------------ the table */

static int check_field(const struct table *table, size_t index)
{
    const quipu_field *field = &table->fields[index];
    int status = check_entry(table, index);

    if (status == QUIPU_OK) {
        status = check_name(table, index);
    }
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
    if (field->kind == QUIPU_KIND_ALIAS) {
        return check_alias(table, index);
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

/* F7, after the other fields, since a subject may stand behind. */
static int check_all_personal(const struct table *table)
{
    int status = QUIPU_OK;

    for (const quipu_field *field = table->fields;
         status == QUIPU_OK && field->name; field++) {
        status = check_personal(table, field);
    }
    return status;
}

static int check_table(const struct table *table)
{
    int status;

    if (!table->fields) {
        return QUIPU_OK;
    }
    status = check_end(table);
    /* A field that has a kind but no name is a mistake in the table, and
     * reported as such by check_name. */
    for (size_t i = 0; status == QUIPU_OK && !is_end(&table->fields[i]); i++) {
        status = check_field(table, i);
        if (status == QUIPU_OK && i == QUIPU_FIELDS_MAX) {
            return refuse(table, table->fields[i].name,
                          "is one too many: a struct has at most 256");
        }
    }
    if (status == QUIPU_OK) {
        status = check_all_personal(table);
    }
    return status == QUIPU_OK ? check_gaps(table) : status;
}

int quipu_field_table_check(const quipu_field_owner *owner,
                            const quipu_field *fields, quipu_error *error)
{
    const struct table table = { .owner = owner,
                                 .fields = fields,
                                 .struct_name = owner->struct_name,
                                 .base = owner->base,
                                 .size = owner->size,
                                 .error = error };

    return check_table(&table);
}
