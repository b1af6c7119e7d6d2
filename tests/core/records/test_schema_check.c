/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the checks of schemas (F2). */
#include "quipu_test.h"

#include <stdio.h>

#include <quipu/schema.h>

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* A schema with all columns, and two further ones. */
static quipu_column columns[2];
static quipu_schema schema;

static int fill_schema(void **state)
{
    (void)state;
    columns[0] = (quipu_column){ .name = "author", .kind = QUIPU_VALUE_TEXT };
    columns[1] = (quipu_column){ .name = "lines", .kind = QUIPU_VALUE_INT };
    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.metadata = "metadata";
    schema.time = "time";
    schema.columns = columns;
    schema.column_count = 2;
    return 0;
}

/* Each member that is a name; `required`: it may not be NULL. */
static const struct place {
    size_t offset;
    const char *what;
    bool optional;
    bool is_table;
} places[] = {
    { offsetof(quipu_schema, table), "table", false, true },
    { offsetof(quipu_schema, notification_id), "notification_id", false,
      false },
    { offsetof(quipu_schema, sequence_id), "sequence_id", false, false },
    { offsetof(quipu_schema, position), "position", false, false },
    { offsetof(quipu_schema, topic), "topic", false, false },
    { offsetof(quipu_schema, state), "state", false, false },
    { offsetof(quipu_schema, event_id), "event_id", true, false },
    { offsetof(quipu_schema, metadata), "metadata", true, false },
    { offsetof(quipu_schema, time), "time", true, false },
    { SIZE_MAX, "columns[1]", false, false },
};

#define PLACES (sizeof(places) / sizeof(places[0]))

static const char **name_at(const struct place *place)
{
    if (place->offset == SIZE_MAX) {
        return &columns[1].name;
    }
    return (const char **)((char *)&schema + place->offset);
}

/* Checks that a name is refused in every member, with the member and `why` in
 * the message. */
static void refuse_everywhere(const char *name, const char *why)
{
    quipu_error error;

    for (size_t i = 0; i < PLACES; i++) {
        fill_schema(NULL);
        *name_at(&places[i]) = name;
        assert_refused(quipu_schema_check(&schema, &error), QUIPU_INVALID,
                       &error, why);
        assert_contains(error.message, places[i].what);
    }
}

static void accept_everywhere(const char *name)
{
    quipu_error error;

    for (size_t i = 0; i < PLACES; i++) {
        fill_schema(NULL);
        *name_at(&places[i]) = name;
        assert_ok(quipu_schema_check(&schema, &error), &error);
    }
}

static void full_schema_passes(void **state)
{
    quipu_error error;

    (void)state;
    assert_ok(quipu_schema_check(&schema, &error), &error);
}

static void missing_names_are_refused(void **state)
{
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        fill_schema(NULL);
        *name_at(&places[i]) = NULL;
        if (places[i].optional) {
            assert_ok(quipu_schema_check(&schema, &error), &error);
        } else {
            assert_refused(quipu_schema_check(&schema, &error), QUIPU_INVALID,
                           &error, "has no name for");
            assert_contains(error.message, places[i].what);
        }
    }
}

static void names_have_1_to_63_bytes(void **state)
{
    (void)state;
    refuse_everywhere("", "empty");
    accept_everywhere("a");
    accept_everywhere(A63);
    refuse_everywhere(A63 "a", "too long");
    accept_everywhere("\xc3\xbc\xc3\xbc\xc3\xbc");
    refuse_everywhere(A63 "\xc3\xbc", "too long");
}

static void names_are_utf8(void **state)
{
    (void)state;
    refuse_everywhere("na\xefve", "not UTF-8");
    refuse_everywhere("a\xc0\x80", "not UTF-8");
    accept_everywhere("na\xc3\xafve; DROP TABLE x; --");
    accept_everywhere("\"quoted\"");
    accept_everywhere("select");
}

static void reserved_prefixes_are_refused_in_any_case(void **state)
{
    (void)state;
    refuse_everywhere("quipu_x", "reserved");
    refuse_everywhere("Quipu_X", "reserved");
    refuse_everywhere("sqlite_x", "reserved");
    refuse_everywhere("SQLITE_sequence", "reserved");
    refuse_everywhere("pg_x", "reserved");
    refuse_everywhere("pG_", "reserved");
    accept_everywhere("quipu");
    accept_everywhere("pgx");
    accept_everywhere("a_pg_");
}

static void system_columns_are_refused_as_columns_in_any_case(void **state)
{
    static const char *const names[] = {
        "oid",  "tableoid", "xmin",    "cmin",  "xmax", "cmax",
        "ctid", "rowid",    "_rowid_", "RowID", "OID",  "XMin"
    };
    quipu_error error;

    (void)state;
    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        for (size_t i = 0; i < PLACES; i++) {
            fill_schema(NULL);
            *name_at(&places[i]) = names[n];
            if (places[i].is_table) {
                assert_ok(quipu_schema_check(&schema, &error), &error);
            } else {
                assert_refused(quipu_schema_check(&schema, &error),
                               QUIPU_INVALID, &error, "system column");
                assert_contains(error.message, places[i].what);
            }
        }
    }
    accept_everywhere("rowid2");
    accept_everywhere("oi");
}

static void names_of_two_columns_differ_in_more_than_case(void **state)
{
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        for (size_t j = 0; j < PLACES; j++) {
            bool clash = i != j && !places[i].is_table && !places[j].is_table;

            fill_schema(NULL);
            *name_at(&places[i]) = "sameName";
            *name_at(&places[j]) = "SAMEname";
            if (clash) {
                assert_refused(quipu_schema_check(&schema, &error),
                               QUIPU_INVALID, &error, "differ only in case");
            } else {
                assert_ok(quipu_schema_check(&schema, &error), &error);
            }
            *name_at(&places[j]) = *name_at(&places[i]);
            if (clash) {
                assert_refused(quipu_schema_check(&schema, &error),
                               QUIPU_INVALID, &error, "are the same");
            }
        }
    }
}

static void case_is_compared_in_ascii_in_any_locale(void **state)
{
    quipu_error error;

    (void)state;
    schema.metadata = "\xc3\xa4";
    schema.time = "\xc3\x84";
    assert_ok(quipu_schema_check(&schema, &error), &error);
    schema.metadata = "name";
    schema.time = "name_longer";
    assert_ok(quipu_schema_check(&schema, &error), &error);
    schema.metadata = "[";
    schema.time = "{";
    assert_ok(quipu_schema_check(&schema, &error), &error);
    schema.metadata = "@";
    schema.time = "`";
    assert_ok(quipu_schema_check(&schema, &error), &error);
}

static void kinds_of_further_columns_are_checked(void **state)
{
    quipu_error error;

    (void)state;
    for (int32_t kind = -1; kind <= QUIPU_VALUE_TIME + 1; kind++) {
        columns[1].kind = kind;
        if (kind >= QUIPU_VALUE_BOOL && kind <= QUIPU_VALUE_TIME) {
            assert_ok(quipu_schema_check(&schema, &error), &error);
        } else {
            assert_refused(quipu_schema_check(&schema, &error), QUIPU_INVALID,
                           &error, "columns[1] has kind");
        }
    }
}

static void reserved_members_of_further_columns_are_zero(void **state)
{
    quipu_error error;

    (void)state;
    columns[1].reserved = 1;
    assert_refused(quipu_schema_check(&schema, &error), QUIPU_INVALID, &error,
                   "columns[1] has a reserved member");
    columns[1].reserved = 0;
    columns[1].reserved2[0] = 1;
    assert_status(quipu_schema_check(&schema, NULL), QUIPU_INVALID);
    columns[1].reserved2[0] = 0;
    columns[1].reserved2[1] = 1;
    assert_status(quipu_schema_check(&schema, NULL), QUIPU_INVALID);
}

static void further_columns_are_64_at_most(void **state)
{
    static char names[QUIPU_COLUMNS_MAX + 1][8];
    static quipu_column many[QUIPU_COLUMNS_MAX + 1];
    quipu_error error;

    (void)state;
    for (size_t i = 0; i <= QUIPU_COLUMNS_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "c%zu", i);
        many[i] = (quipu_column){ .name = names[i], .kind = QUIPU_VALUE_INT };
    }
    schema.columns = many;
    schema.column_count = QUIPU_COLUMNS_MAX;
    assert_ok(quipu_schema_check(&schema, &error), &error);
    schema.column_count = QUIPU_COLUMNS_MAX + 1;
    assert_refused(quipu_schema_check(&schema, &error), QUIPU_INVALID, &error,
                   "65 further columns; at most 64");
    schema.columns = NULL;
    schema.column_count = 1;
    assert_refused(quipu_schema_check(&schema, &error), QUIPU_INVALID, &error,
                   "columns is NULL");
}

static void unknown_flags_are_refused(void **state)
{
    quipu_error error;

    (void)state;
    schema.flags = QUIPU_SCHEMA_TEXT_IDS | QUIPU_SCHEMA_SPARSE;
    assert_ok(quipu_schema_check(&schema, &error), &error);
    schema.flags |= 4;
    assert_refused(quipu_schema_check(&schema, &error), QUIPU_INVALID, &error,
                   "unknown flag 0x4");
}

static void null_schema_and_wrong_size_are_refused(void **state)
{
    quipu_error error;

    (void)state;
    assert_refused(quipu_schema_check(NULL, &error), QUIPU_INVALID, &error,
                   "schema is NULL");
    schema.struct_size = 0;
    assert_refused(quipu_schema_check(&schema, &error), QUIPU_INVALID, &error,
                   "schema has struct_size 0");
}

static void schema_of_an_older_caller_has_no_columns(void **state)
{
    quipu_error error;

    (void)state;
    schema.struct_size = offsetof(quipu_schema, columns);
    schema.columns = NULL; /* outside of the older caller's struct */
    assert_ok(quipu_schema_check(&schema, &error), &error);
    schema.struct_size = offsetof(quipu_schema, state);
    assert_refused(quipu_schema_check(&schema, &error), QUIPU_INVALID, &error,
                   "no name for state");
}

#define with_schema(test) cmocka_unit_test_setup(test, fill_schema)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_schema(full_schema_passes),
        with_schema(missing_names_are_refused),
        with_schema(names_have_1_to_63_bytes),
        with_schema(names_are_utf8),
        with_schema(reserved_prefixes_are_refused_in_any_case),
        with_schema(system_columns_are_refused_as_columns_in_any_case),
        with_schema(names_of_two_columns_differ_in_more_than_case),
        with_schema(case_is_compared_in_ascii_in_any_locale),
        with_schema(kinds_of_further_columns_are_checked),
        with_schema(reserved_members_of_further_columns_are_zero),
        with_schema(further_columns_are_64_at_most),
        with_schema(unknown_flags_are_refused),
        with_schema(null_schema_and_wrong_size_are_refused),
        with_schema(schema_of_an_older_caller_has_no_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
