/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the check of field tables. */
#include "quipu_test.h"

#include <stdio.h>

#include <quipu/event.h>

#include "event/field.h"
#include "event/field_table.h"

struct inner {
    int32_t number;
};

struct outer {
    quipu_event base;
    int32_t number;
    bool has_number;
    const char *text;
    int32_t *array;
    size_t count;
    struct inner inner;
};

static const quipu_field inner_fields[] = { QUIPU_FIELD(struct inner, number),
                                            { 0 } };

/* A valid field, of which tests change one member. */
static quipu_field number_field(void)
{
    const quipu_field field = QUIPU_FIELD(struct outer, number);

    return field;
}

static void assert_table_refused(const quipu_field *fields, const char *why)
{
    const quipu_event_type type = { .topic = "Outer.Made",
                                    .size = sizeof(struct outer),
                                    .fields = fields };
    quipu_error error;

    assert_refused(quipu_event_type_check(&type, &error), QUIPU_INVALID, &error,
                   why);
    assert_contains(error.message, "event type Outer.Made: field ");
}

static void assert_field_refused(quipu_field field, const char *why)
{
    const quipu_field fields[] = { field, { 0 } };

    assert_table_refused(fields, why);
}

static void assert_type_refused(quipu_event_type type, const char *why)
{
    quipu_error error;

    assert_refused(quipu_event_type_check(&type, &error), QUIPU_INVALID, &error,
                   why);
}

static void valid_tables_are_accepted(void **state)
{
    const quipu_field fields[] = {
        QUIPU_FIELD_OPTIONAL(struct outer, number, has_number),
        QUIPU_FIELD_NULLABLE(struct outer, text),
        QUIPU_FIELD_ARRAY(struct outer, array, count),
        QUIPU_FIELD_STRUCT(struct outer, inner, inner_fields),
        { 0 },
    };
    quipu_event_type type = { .topic = "T",
                              .size = sizeof(struct outer),
                              .fields = fields };
    quipu_error error;

    (void)state;
    assert_ok(quipu_event_type_check(&type, &error), &error);
    type.fields = NULL;
    assert_ok(quipu_event_type_check(&type, &error), &error);
    assert_ok(quipu_event_type_check(&type, NULL), NULL);
}

static quipu_field personal_field(void)
{
    const quipu_field field =
        QUIPU_FIELD_PERSONAL(struct outer, number, base.originator_id, -1);

    return field;
}

static void personal_fields_are_checked(void **state)
{
    const quipu_field subject = QUIPU_FIELD(struct outer, text);
    quipu_field field = personal_field();
    quipu_error error;

    (void)state;
    const quipu_field table[] = { field, subject, { 0 } };
    const quipu_event_type type = { .topic = "T",
                                    .size = sizeof(struct outer),
                                    .fields = table };

    /* The table lacks members of the struct, which is found last. */
    assert_refused(quipu_event_type_check(&type, &error), QUIPU_INVALID, &error,
                   "that no field describes");
    assert_null(quipu_field_subject(table, &field));
    field.flags =
        (uint32_t)(QUIPU_FIELD_IS_PERSONAL +
                   (offsetof(struct outer, text) << QUIPU_FIELD_SUBJECT_SHIFT));
    assert_ptr_equal(quipu_field_subject(table, &field), &table[1]);

    field = personal_field();
    field.fallback = NULL;
    assert_field_refused(field, "has no value for events whose subject");
    field = personal_field();
    field.flags |= 1u << 5;
    assert_field_refused(field, "unknown flag");
    field = personal_field();
    field.flags |= QUIPU_FIELD_HAS_PRESENCE | QUIPU_FIELD_MAY_BE_NULL;
    assert_field_refused(field, "unknown flag");
    field = personal_field();
    field.flags += sizeof(quipu_id) << QUIPU_FIELD_SUBJECT_SHIFT;
    assert_field_refused(field, "no field of its table describes the member");

    const quipu_field optional[] = {
        QUIPU_FIELD_PERSONAL(struct outer, number, text, -1),
        QUIPU_FIELD_NULLABLE(struct outer, text),
        { 0 },
    };

    assert_table_refused(optional, "its subject must be an id, a uuid or a");
}

static void type_without_valid_topic_is_refused(void **state)
{
    char topic[258];
    quipu_event_type type = { .size = sizeof(quipu_event) };
    quipu_error error;

    (void)state;
    assert_refused(quipu_event_type_check(NULL, &error), QUIPU_INVALID, &error,
                   "NULL");
    assert_type_refused(type, "has no topic");
    type.topic = "";
    assert_type_refused(type, "has no topic");
    type.topic = "\xC3(";
    assert_type_refused(type, "1 to 255 bytes of UTF-8");
    memset(topic, 'x', sizeof(topic));
    topic[256] = '\0';
    type.topic = topic;
    assert_type_refused(type, "1 to 255 bytes of UTF-8");
    topic[255] = '\0';
    assert_ok(quipu_event_type_check(&type, &error), &error);
}

static void type_smaller_than_its_base_is_refused(void **state)
{
    (void)state;
    assert_type_refused(
        (quipu_event_type){ .topic = "T", .size = sizeof(quipu_event) - 1 },
        "less than that of quipu_event");
}

static void reserved_members_must_be_zero(void **state)
{
    quipu_event_type type = { .topic = "T", .size = sizeof(quipu_event) };
    quipu_field field = number_field();

    (void)state;
    type.reserved = "x";
    assert_type_refused(type, "reserved");
    type.reserved = NULL;
    field.mark = 1;
    assert_field_refused(field, "none of the macros");
    field = (quipu_field){ 0 };
    field.name = "x";
    field.alignment = 1;
    assert_field_refused(field, "none of the macros");
    field.name = NULL;
    field.kind = QUIPU_KIND_INT;
    assert_field_refused(field, "without a name has a mark");
}

static void names_are_checked(void **state)
{
    quipu_field field = number_field();
    quipu_field twice[] = { field, field, { 0 } };
    char name[258];

    (void)state;
    assert_table_refused(twice, "number occurs twice");
    field.name = "";
    assert_field_refused(field, "number 1 has no name");
    field.name = NULL;
    assert_field_refused(field, "number 1 has no name");
    field.name = "\xFF";
    assert_field_refused(field, "must have a name");
    memset(name, 'x', sizeof(name));
    name[256] = '\0';
    field.name = name;
    assert_field_refused(field, "must have a name");
}

static void kinds_and_sizes_are_checked(void **state)
{
    static const struct {
        int kind;
        size_t size;
    } wrong[] = {
        { QUIPU_KIND_BOOL, 4 },       { QUIPU_KIND_INT, 3 },
        { QUIPU_KIND_UINT, 16 },      { QUIPU_KIND_REAL, 2 },
        { QUIPU_KIND_TEXT, 2 },       { QUIPU_KIND_BYTES, 4 },
        { QUIPU_KIND_UUID, 8 },       { QUIPU_KIND_TIME, 4 },
        { QUIPU_KIND_ID, 16 },        { QUIPU_KIND_STRUCT, 0 },
        { QUIPU_KIND_FIXED_TEXT, 1 }, { QUIPU_KIND_IGNORED, 0 },
    };
    quipu_field field = number_field();

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        field.kind = wrong[i].kind;
        field.size = wrong[i].size;
        assert_field_refused(field, "number has a size that its kind cannot");
    }
    field.kind = 0;
    assert_field_refused(field, "has an unknown kind");
    field.kind = QUIPU_KIND_ALIAS + 1;
    assert_field_refused(field, "has an unknown kind");
    field.kind = -1;
    assert_field_refused(field, "has an unknown kind");
}

static void flags_are_checked(void **state)
{
    static const int32_t value = 1;
    const quipu_field array = QUIPU_FIELD_ARRAY(struct outer, array, count);
    quipu_field field = number_field();

    (void)state;
    field.flags = QUIPU_FIELD_MAY_BE_NULL;
    assert_field_refused(field, "only text and bytes can be");
    field.flags = 1u << 7;
    assert_field_refused(field, "unknown flag");
    field.flags = QUIPU_FIELD_HAS_PRESENCE | QUIPU_FIELD_IS_ARRAY;
    assert_field_refused(field, "or several");
    field = array;
    field.fallback = &value;
    assert_field_refused(field, "cannot have a default");
}

static void members_outside_their_struct_are_refused(void **state)
{
    const quipu_field optional =
        QUIPU_FIELD_OPTIONAL(struct outer, number, has_number);
    const quipu_field array = QUIPU_FIELD_ARRAY(struct outer, array, count);
    quipu_field field = number_field();

    (void)state;
    field.offset = sizeof(quipu_event) - 1; /* in the base */
    assert_field_refused(field, "lies in the base");
    field.offset = sizeof(struct outer) - 3;
    assert_field_refused(field, "lies outside its struct");
    field.offset = SIZE_MAX;
    assert_field_refused(field, "lies outside its struct");
    field = optional;
    field.extra = sizeof(struct outer);
    assert_field_refused(field, "presence or count outside");
    field = array;
    field.extra = sizeof(struct outer) - sizeof(size_t) + 1;
    assert_field_refused(field, "presence or count outside");
    field = array;
    field.offset = sizeof(struct outer) - sizeof(void *) + 1;
    assert_field_refused(field, "lies outside its struct");
}

static void overlapping_members_are_refused(void **state)
{
    quipu_field fields[] = { number_field(), number_field(), { 0 } };

    (void)state;
    fields[1].name = "again";
    fields[0].offset += 8; /* away from the base */
    fields[1].offset += 8;
    assert_table_refused(fields, "again overlaps field number");
    fields[1].offset += fields[1].size - 1;
    assert_table_refused(fields, "overlaps");
    fields[1].offset -= 2 * (fields[1].size - 1);
    assert_table_refused(fields, "overlaps");
}

static void nested_tables_are_checked(void **state)
{
    quipu_field inner[] = { QUIPU_FIELD(struct inner, number), { 0 } };
    quipu_field field = QUIPU_FIELD_STRUCT(struct outer, inner, NULL);

    (void)state;
    assert_field_refused(field, "field inner is a struct without a table");
    inner[0].offset = 1;
    field.fields = inner;
    assert_field_refused(field, "field inner.number lies outside its struct");
}

static int check(const char *name, const quipu_field *fields, size_t size,
                 quipu_error *error)
{
    const quipu_field_owner owner = { .name = name, .size = size };

    return quipu_field_table_check(&owner, fields, error);
}

struct node {
    struct node *children;
    size_t count;
};

static void endless_nesting_is_refused(void **state)
{
    quipu_field node[] = {
        QUIPU_FIELD_STRUCT_ARRAY(struct node, children, count, NULL), { 0 }
    };
    quipu_error error;

    (void)state;
    node[0].fields = node;
    assert_refused(check("aggregate Tree", node, sizeof(struct node), &error),
                   QUIPU_INVALID, &error, "children nests structs too deep");
    assert_contains(error.message, "aggregate Tree");
}

/* Returns true if tables may nest that deep. */
static int check_nesting(size_t depth, quipu_error *error)
{
    quipu_field tables[QUIPU_FIELD_DEPTH_MAX + 2][2] = { { { 0 } } };
    size_t i;

    for (i = 0; i < depth; i++) {
        tables[i][0] = (quipu_field){ .name = "in",
                                      .kind = QUIPU_KIND_STRUCT,
                                      .size = sizeof(struct inner),
                                      .fields = tables[i + 1] };
    }
    tables[i][0] = inner_fields[0];
    return check("struct", tables[0], sizeof(struct inner), error);
}

static void nesting_of_32_structs_is_the_deepest(void **state)
{
    quipu_error error;

    (void)state;
    assert_ok(check_nesting(32, &error), &error);
    assert_refused(check_nesting(33, &error), QUIPU_INVALID, &error,
                   "the limit is 32");
}

static void more_than_256_fields_are_refused(void **state)
{
    static quipu_field fields[QUIPU_FIELDS_MAX + 2];
    static char names[QUIPU_FIELDS_MAX + 1][8];
    const size_t size = (QUIPU_FIELDS_MAX + 1) * sizeof(struct inner);
    quipu_error error;

    (void)state;
    for (size_t i = 0; i <= QUIPU_FIELDS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "f%zu", i);
        fields[i] = (quipu_field){ .name = names[i],
                                   .kind = QUIPU_KIND_INT,
                                   .offset = i * sizeof(int32_t),
                                   .size = sizeof(int32_t) };
    }
    assert_refused(check("struct", fields, size, &error), QUIPU_INVALID, &error,
                   "f256 is one too many");
    fields[QUIPU_FIELDS_MAX] = (quipu_field){ 0 };
    assert_ok(check("struct", fields, size, &error), &error);
}

/* ------------------------------------------- the table and its struct */

struct opened {
    quipu_event base;
    const char *owner;
    int64_t limit;
};
struct closed { /* of the same size */
    quipu_event base;
    const char *reason;
    int64_t fee;
};
struct moved { /* of another size */
    quipu_event base;
    int64_t from, to, cents;
};

static const quipu_field opened_fields[] = {
    QUIPU_FIELD(struct opened, owner),
    QUIPU_FIELD(struct opened, limit),
    { 0 },
};
static const quipu_field closed_fields[] = {
    QUIPU_FIELD(struct closed, reason),
    QUIPU_FIELD(struct closed, fee),
    { 0 },
};
/* Without its end: the next row follows in memory. */
static const quipu_field endless[][2] = {
    { QUIPU_FIELD(struct opened, owner), QUIPU_FIELD(struct opened, limit) },
    { QUIPU_FIELD(struct moved, from), { 0 } },
};
static const struct {
    quipu_field fields[2];
    char text[2 * sizeof(quipu_field)];
} before_text = {
    { QUIPU_FIELD(struct opened, owner), QUIPU_FIELD(struct opened, limit) },
    "neither a field nor an end of fields",
};

static void declared_types_are_accepted(void **state)
{
    const quipu_event_type type =
        QUIPU_EVENT_TYPE(struct opened, "Opened", opened_fields);
    quipu_error error;

    (void)state;
    assert_ok(quipu_event_type_check(&type, &error), &error);
}

static void tables_of_another_struct_are_refused(void **state)
{
    quipu_event_type type =
        QUIPU_EVENT_TYPE(struct opened, "Opened", closed_fields);

    (void)state;
    assert_type_refused(type, "event type Opened: field reason is of struct "
                              "closed, but its table describes struct opened");
    type = (quipu_event_type){ .topic = "Moved",
                               .size = sizeof(struct moved),
                               .fields = opened_fields };
    assert_type_refused(type, "event type Moved: field owner is of struct "
                              "opened, which has ");
}

static void rows_of_two_structs_are_refused(void **state)
{
    static const quipu_field mixed[] = { QUIPU_FIELD(struct opened, owner),
                                         QUIPU_FIELD(struct closed, fee),
                                         { 0 } };
    const quipu_event_type type = { .topic = "Opened",
                                    .size = sizeof(struct opened),
                                    .fields = mixed };

    (void)state;
    assert_type_refused(type, "field fee is of struct closed, but its table "
                              "describes struct opened");
}

static void tables_without_an_end_are_refused(void **state)
{
    quipu_event_type type =
        QUIPU_EVENT_TYPE(struct opened, "Opened", endless[0]);

    (void)state;
    assert_type_refused(type, "field number 2 is the last of its table, which "
                              "has no end: put { 0 } behind it");
    type.field_count = 0;
    type.struct_name = NULL;
    assert_type_refused(type, "field from is of struct moved");
    type.fields = before_text.fields;
    assert_type_refused(type, "field number 3 is not a field as those before "
                              "it are: end the table with { 0 }");
}

static void end_in_the_middle_is_refused(void **state)
{
    static const quipu_field early[] = { { 0 },
                                         QUIPU_FIELD(struct opened, owner),
                                         { 0 } };
    const quipu_event_type type =
        QUIPU_EVENT_TYPE(struct opened, "Opened", early);

    (void)state;
    assert_type_refused(type, "field number 1 has no name and no kind, so it "
                              "ends the table, but others follow");
}

struct gappy {
    quipu_event base;
    int64_t first;
    bool flag; /* 3 bytes of padding follow */
    int32_t small;
    int64_t middle;
    int64_t last;
    bool tail; /* 7 bytes of padding follow */
};
#define GAPPY(member) QUIPU_FIELD(struct gappy, member)
#define GAPPY_TAIL QUIPU_FIELD_IGNORED(struct gappy, tail)

static void assert_gap(const quipu_field *fields, const char *why)
{
    assert_type_refused((quipu_event_type){ .topic = "Gappy",
                                            .size = sizeof(struct gappy),
                                            .fields = fields },
                        why);
}

static void members_that_no_field_describes_are_refused(void **state)
{
    const quipu_field all[] = { GAPPY(last),   GAPPY(flag),  GAPPY(first),
                                GAPPY(middle), GAPPY(small), GAPPY_TAIL,
                                { 0 } };
    const quipu_field no_first[] = { GAPPY(flag), GAPPY(small), GAPPY(middle),
                                     GAPPY(last), GAPPY_TAIL,   { 0 } };
    const quipu_field no_middle[] = { GAPPY(first), GAPPY(flag), GAPPY(small),
                                      GAPPY(last),  GAPPY_TAIL,  { 0 } };
    const quipu_field no_end[] = {
        GAPPY(first), GAPPY(flag), GAPPY(small), GAPPY(middle), { 0 }
    };
    const quipu_event_type type = { .topic = "Gappy",
                                    .size = sizeof(struct gappy),
                                    .fields = all };
    quipu_error error;

    (void)state;
    assert_ok(quipu_event_type_check(&type, &error), &error);
    assert_gap(no_first, "field flag is behind 8 bytes of struct gappy that no "
                         "field describes: describe the member there, or name "
                         "it in QUIPU_FIELD_IGNORED; and let the struct begin "
                         "with its base");
    assert_gap(no_middle, "field small is followed by 8 bytes of struct gappy");
    assert_gap(no_end, "field middle is followed by 16 bytes of struct gappy");
}

static void fixed_texts_and_ignored_members_are_checked(void **state)
{
    static const char full[4] = { 'f', 'u', 'l', 'l' };
    quipu_field field = number_field();

    (void)state;
    field.kind = QUIPU_KIND_FIXED_TEXT;
    field.fallback = full;
    assert_field_refused(field, "has a default that does not end with a NUL");
    field.kind = QUIPU_KIND_IGNORED;
    assert_field_refused(field, "can have no flag and no default");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declared_types_are_accepted),
        cmocka_unit_test(tables_of_another_struct_are_refused),
        cmocka_unit_test(rows_of_two_structs_are_refused),
        cmocka_unit_test(tables_without_an_end_are_refused),
        cmocka_unit_test(end_in_the_middle_is_refused),
        cmocka_unit_test(members_that_no_field_describes_are_refused),
        cmocka_unit_test(fixed_texts_and_ignored_members_are_checked),
        cmocka_unit_test(valid_tables_are_accepted),
        cmocka_unit_test(personal_fields_are_checked),
        cmocka_unit_test(type_without_valid_topic_is_refused),
        cmocka_unit_test(type_smaller_than_its_base_is_refused),
        cmocka_unit_test(reserved_members_must_be_zero),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(kinds_and_sizes_are_checked),
        cmocka_unit_test(flags_are_checked),
        cmocka_unit_test(members_outside_their_struct_are_refused),
        cmocka_unit_test(overlapping_members_are_refused),
        cmocka_unit_test(nested_tables_are_checked),
        cmocka_unit_test(endless_nesting_is_refused),
        cmocka_unit_test(nesting_of_32_structs_is_the_deepest),
        cmocka_unit_test(more_than_256_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
