/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that drivers' tables are checked, and copied with the right size. */
#include "quipu_test.h"

#include <stdbool.h>
#include <stdio.h>

#include "driver/vtable.h"
#include "modules/table.h"

/* clang-format off */
#define MEMBER(name, required) { offsetof(quipu_driver, name), #name, required }
/* clang-format on */

static const struct {
    size_t offset;
    const char *name;
    bool required;
} members[] = {
    MEMBER(name, true),           MEMBER(version, true),
    MEMBER(library, true),        MEMBER(open, true),
    MEMBER(close, true),          MEMBER(interrupt, true),
    MEMBER(setup, true),          MEMBER(teardown, true),
    MEMBER(bind, true),           MEMBER(unbind, true),
    MEMBER(append, true),         MEMBER(transact, false),
    MEMBER(read_sequence, true),  MEMBER(read_log, false),
    MEMBER(list_schemas, true),   MEMBER(list_sequences, true),
    MEMBER(list_tracking, false), MEMBER(step, true),
    MEMBER(cursor_close, true),   MEMBER(last_position, true),
    MEMBER(log_head, false),      MEMBER(wait, false),
    MEMBER(read_tracking, false), MEMBER(list_logs, false),
};

static void complete_table_is_copied(void **state)
{
    quipu_driver given, table;

    (void)state;
    fill_table(&given, "given");
    given.flags = QUIPU_DRIVER_PASSES_OPTIONS;
    memset(&table, 0x5A, sizeof(table));
    assert_ok(quipu_vtable_adopt(&table, &given, NULL), NULL);
    assert_memory_equal(&table, &given, sizeof(table));
}

static void missing_member_is_named(void **state)
{
    static const char null[sizeof(void *)];

    (void)state;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        quipu_driver given, table;
        quipu_error err = { 0 };
        char text[80];

        fill_table(&given, "given");
        memcpy((char *)&given + members[i].offset, null, sizeof(null));
        if (members[i].required) {
            snprintf(text, sizeof(text), "required member \"%s\" is missing",
                     members[i].name);
            assert_refused(quipu_vtable_adopt(&table, &given, &err),
                           QUIPU_INVALID, &err, text);
        } else {
            assert_ok(quipu_vtable_adopt(&table, &given, &err), &err);
            assert_memory_equal(&table, &given, sizeof(table));
        }
    }
}

static void shorter_table_has_null_for_what_it_lacks(void **state)
{
    quipu_driver given, table;

    (void)state;
    fill_table(&given, "given");
    given.struct_size = offsetof(quipu_driver, wait);
    memset(&table, 0x5A, sizeof(table));
    assert_ok(quipu_vtable_adopt(&table, &given, NULL), NULL);
    assert_int_equal(table.struct_size, sizeof(table));
    assert_true(table.log_head == given.log_head);
    assert_null(table.wait);
    assert_null(table.read_tracking);
}

static void table_too_short_for_a_required_member_is_refused(void **state)
{
    quipu_driver given, table;
    quipu_error err;

    (void)state;
    fill_table(&given, "given");
    given.struct_size = offsetof(quipu_driver, last_position);
    assert_refused(quipu_vtable_adopt(&table, &given, &err), QUIPU_INVALID,
                   &err, "\"last_position\" is missing");
    given.struct_size = 8;
    assert_refused(quipu_vtable_adopt(&table, &given, &err), QUIPU_INVALID,
                   &err, "\"name\" is missing");
    given.struct_size = 0;
    assert_refused(quipu_vtable_adopt(&table, &given, &err), QUIPU_INVALID,
                   &err, "\"name\" is missing");
}

static void implausible_size_is_refused(void **state)
{
    quipu_driver given, table;
    quipu_error err;

    (void)state;
    fill_table(&given, "given");
    given.struct_size -= (uint32_t)sizeof(void *) / 2;
    assert_refused(quipu_vtable_adopt(&table, &given, &err), QUIPU_INVALID,
                   &err, "not the sizeof quipu_driver");
}

static void other_abi_names_the_side_to_upgrade(void **state)
{
    quipu_driver given, table;
    quipu_error err;

    (void)state;
    fill_table(&given, "given");
    given.abi = 2;
    given.struct_size = 8; /* the other members do not matter */
    assert_refused(quipu_vtable_adopt(&table, &given, &err), QUIPU_UNSUPPORTED,
                   &err,
                   "built for driver ABI 2, and this quipu needs "
                   "ABI 1: upgrade quipu");
    given.abi = 0;
    assert_refused(quipu_vtable_adopt(&table, &given, &err), QUIPU_UNSUPPORTED,
                   &err,
                   "built for driver ABI 0, and this quipu needs "
                   "ABI 1: upgrade the driver");
}

static void options_are_checked(void **state)
{
    const quipu_option_info options[] = {
        { .name = "one", .type = QUIPU_OPTION_TEXT },
        { .type = QUIPU_OPTION_TEXT },
    };
    quipu_driver given, table;
    quipu_error err;

    (void)state;
    fill_table(&given, "given");
    given.option_count = 1;
    assert_refused(quipu_vtable_adopt(&table, &given, &err), QUIPU_INVALID,
                   &err, "its option_count is 1, but options is NULL");
    given.options = options;
    assert_ok(quipu_vtable_adopt(&table, &given, &err), &err);
    assert_ptr_equal(table.options, options);
    given.option_count = 2;
    assert_refused(quipu_vtable_adopt(&table, &given, &err), QUIPU_INVALID,
                   &err, "its option 2 has no name");
}

static void missing_table_is_refused(void **state)
{
    quipu_driver table;
    quipu_error err;

    (void)state;
    assert_refused(quipu_vtable_adopt(&table, NULL, &err), QUIPU_INVALID, &err,
                   "its entry returned no table");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_table_is_copied),
        cmocka_unit_test(missing_member_is_named),
        cmocka_unit_test(shorter_table_has_null_for_what_it_lacks),
        cmocka_unit_test(table_too_short_for_a_required_member_is_refused),
        cmocka_unit_test(implausible_size_is_refused),
        cmocka_unit_test(other_abi_names_the_side_to_upgrade),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(missing_table_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
