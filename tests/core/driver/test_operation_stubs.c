/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that a table may lack required operations once the program accepts
 * that, and that the call of a missing one is reported. */
#include "quipu_test.h"

#include <quipu/drivers.h>

#include "driver/operation_stubs.h"
#include "driver/vtable.h"
#include "modules/table.h"

static const char *reported;

static void remember(const char *what)
{
    reported = what;
}

/* A table with nothing but what cannot be missing. */
static void fill_least(quipu_driver *given)
{
    quipu_driver all;

    fill_table(&all, "least");
    *given = (quipu_driver){ .struct_size = sizeof(*given),
                             .abi = all.abi,
                             .name = all.name,
                             .version = all.version,
                             .library = all.library,
                             .open = all.open,
                             .close = all.close };
}

static void unfinished_table_is_refused_unless_accepted(void **state)
{
    quipu_driver given, table;
    quipu_error err;

    (void)state;
    fill_least(&given);
    assert_status(quipu_vtable_adopt(&table, &given, &err), QUIPU_INVALID);
    assert_string_equal(err.message,
                        "its required member \"interrupt\" is missing; "
                        "quipu-conformance --unfinished tests a driver that "
                        "does not have it yet");
}

#define REPORTS(call, name)                         \
    do {                                            \
        reported = "";                              \
        assert_status((call), QUIPU_INTERNAL);      \
        assert_string_equal(reported, (name));      \
        assert_non_null(strstr(err.message, name)); \
    } while (0)

static void missing_operations_are_reported_by_name(void **state)
{
    quipu_bytes none = { NULL, 0 };
    quipu_driver given, table;
    quipu_error err;
    size_t count = 3;

    (void)state;
    quipu_drivers_accept_unfinished(remember);
    fill_least(&given);
    assert_ok(quipu_vtable_adopt(&table, &given, &err), &err);
    assert_true(table.open == given.open && table.close == given.close);
    assert_null(table.transact); /* optional: the core returns UNSUPPORTED */
    assert_null(table.wait);
    REPORTS(table.setup(NULL, NULL, 0, &err), "setup");
    REPORTS(table.teardown(NULL, NULL, 0, &err), "teardown");
    REPORTS(table.bind(NULL, NULL, 0, NULL, &err), "bind");
    REPORTS(table.append(NULL, NULL, 7, NULL, &count, 0, &err), "append");
    assert_int_equal(count, 7); /* all requests are answered */
    REPORTS(table.read_sequence(NULL, NULL, none, NULL, 0, NULL, &err),
            "read_sequence");
    REPORTS(table.list_schemas(NULL, 0, NULL, &err), "list_schemas");
    REPORTS(table.list_sequences(NULL, NULL, none, 0, NULL, &err),
            "list_sequences");
    REPORTS(table.step(NULL, 0, NULL, NULL, &err), "step");
    REPORTS(table.last_position(NULL, NULL, none, 0, NULL, NULL, &err),
            "last_position");
    table.interrupt(NULL);
    assert_string_equal(reported, "interrupt");
    table.unbind(NULL, NULL);
    assert_string_equal(reported, "unbind");
    table.cursor_close(NULL);
    assert_string_equal(reported, "cursor_close");
}

static void complete_table_is_copied_unchanged(void **state)
{
    quipu_driver given, table;

    (void)state;
    fill_table(&given, "given");
    assert_ok(quipu_vtable_adopt(&table, &given, NULL), NULL);
    assert_memory_equal(&table, &given, sizeof(table));
}

static void table_without_open_is_refused(void **state)
{
    quipu_driver given, table;
    quipu_error err;

    (void)state;
    fill_least(&given);
    given.open = NULL;
    assert_status(quipu_vtable_adopt(&table, &given, &err), QUIPU_INVALID);
    assert_string_equal(err.message, "its required member \"open\" is missing");
}

int main(void)
{
    /* In this order: accepting cannot be undone. */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unfinished_table_is_refused_unless_accepted),
        cmocka_unit_test(missing_operations_are_reported_by_name),
        cmocka_unit_test(complete_table_is_copied_unchanged),
        cmocka_unit_test(table_without_open_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
