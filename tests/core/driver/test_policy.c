/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the program's policy on drivers. */
#include "quipu_test.h"

#include <stdbool.h>
#include <stdlib.h>

#include <quipu/drivers.h>

#include "modules/table.h"

static bool strdup_fails;

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

char *__wrap_strdup(const char *text)
{
    return strdup_fails ? NULL : __real_strdup(text);
}

static int find(const char *scheme, quipu_error *err)
{
    const quipu_driver *driver = NULL;

    return quipu_drivers_find(scheme, &driver, err);
}

static const quipu_driver *linked_entry(void)
{
    static quipu_driver driver;

    fill_table(&driver, "linked");
    return &driver;
}

static int use_modules(void **state)
{
    (void)state;
    return setenv("QUIPU_DRIVER_PATH", MODULES, 1) ||
           quipu_drivers_add("linked", linked_entry, NULL);
}

static int allow_all(void **state)
{
    (void)state;
    return quipu_drivers_allow(NULL, NULL);
}

static void only_allowed_schemes_are_found(void **state)
{
    quipu_error err;

    (void)state;
    assert_ok(quipu_drivers_allow("goo,good,longer", &err), &err);
    assert_ok(find("good", &err), &err);
    assert_ok(find("longer", &err), &err);
    assert_refused(find("shorter", &err), QUIPU_DENIED, &err,
                   "does not allow the scheme \"shorter\"");
    assert_status(find("linked", NULL), QUIPU_DENIED);
    assert_status(find("longe", NULL), QUIPU_DENIED);
    assert_ok(quipu_drivers_allow("linked", &err), &err);
    assert_ok(find("linked", &err), &err);
    assert_status(find("good", NULL), QUIPU_DENIED);
    assert_ok(quipu_drivers_allow(NULL, &err), &err);
    assert_ok(find("good", &err), &err);
    assert_ok(find("shorter", &err), &err);
}

static void empty_list_allows_nothing(void **state)
{
    (void)state;
    assert_ok(quipu_drivers_allow("", NULL), NULL);
    assert_status(find("good", NULL), QUIPU_DENIED);
    assert_status(find("linked", NULL), QUIPU_DENIED);
}

static void malformed_list_changes_nothing(void **state)
{
    static const char *const lists[] = {
        ",", "good,", ",good", "good,,linked", "good, linked", "Good", "*"
    };
    quipu_error err;

    (void)state;
    assert_ok(quipu_drivers_allow("linked", NULL), NULL);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        assert_refused(quipu_drivers_allow(lists[i], &err), QUIPU_INVALID, &err,
                       "scheme");
        assert_status(find("good", NULL), QUIPU_DENIED);
        assert_ok(find("linked", NULL), NULL);
    }
    strdup_fails = true;
    assert_refused(quipu_drivers_allow("good", &err), QUIPU_NO_MEMORY, &err,
                   "out of memory");
    strdup_fails = false;
    assert_status(find("good", NULL), QUIPU_DENIED);
}

/* The last test, since this cannot be undone. */
static void nothing_is_loaded_after_loading_is_forbidden(void **state)
{
    quipu_error err;

    (void)state;
    assert_ok(find("good", &err), &err);
    quipu_drivers_forbid_loading();
    assert_ok(find("good", &err), &err);
    assert_ok(find("linked", &err), &err);
    assert_refused(find("counted", &err), QUIPU_DENIED, &err,
                   "no driver for \"counted\" is linked in or loaded, and this "
                   "program forbids loading");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(only_allowed_schemes_are_found, allow_all),
        cmocka_unit_test_teardown(empty_list_allows_nothing, allow_all),
        cmocka_unit_test_teardown(malformed_list_changes_nothing, allow_all),
        cmocka_unit_test(nothing_is_loaded_after_loading_is_forbidden),
    };
    return cmocka_run_group_tests(tests, use_modules, NULL) != 0;
}
