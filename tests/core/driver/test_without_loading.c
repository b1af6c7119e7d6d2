/* SPDX-License-Identifier: Apache-2.0 */
/* Tests a build without loading: it has only the drivers that are linked in. */
#include "quipu_test.h"

#include <stdlib.h>

#include <quipu/drivers.h>

#include "driver/loader.h"
#include "lines.h"
#include "modules/table.h"

static const quipu_driver *linked_entry(void)
{
    static quipu_driver driver;

    fill_table(&driver, "own");
    return &driver;
}

static void only_linked_drivers_are_found(void **state)
{
    const quipu_driver *driver = NULL;
    static struct lines list, search;
    quipu_error err;

    (void)state;
    setenv("QUIPU_DRIVER_PATH", MODULES, 1);
    assert_refused(quipu_drivers_find("good", &driver, &err), QUIPU_NOT_FOUND,
                   &err,
                   "no driver for \"good\" is linked in, and this quipu "
                   "is built without loading");
    assert_ok(quipu_drivers_add("own", linked_entry, &err), &err);
    assert_ok(quipu_drivers_find("own", &driver, &err), &err);
    assert_string_equal(driver->name, "own");
    quipu_drivers_list(add_line, &list);
    assert_string_equal(list.text, "own: linked in\n");
    assert_status(quipu_drivers_explain("good", add_line, &search, NULL),
                  QUIPU_NOT_FOUND);
    assert_string_equal(search.text, "linked in: no such driver\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_linked_drivers_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
