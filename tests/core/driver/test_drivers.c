/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the listing of drivers and the explanation of a search. */
#include "quipu_test.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <quipu/drivers.h>

#include "driver/registry.h"
#include "lines.h"
#include "modules/table.h"

static char here[PATH_MAX - 100];

static const quipu_driver *linked_entry(void)
{
    static quipu_driver driver;

    fill_table(&driver, "own");
    return &driver;
}

static void link_module(const char *module, const char *name)
{
    char target[PATH_MAX];

    snprintf(target, sizeof(target), MODULES "/%s.so", module);
    assert_int_equal(symlink(target, name), 0);
}

/* Sets the search path to entries, with '@' replaced by the current folder. */
static void use_folders(const char *entries)
{
    char text[4 * PATH_MAX];
    size_t size = 0;

    for (; *entries; entries++) {
        size_t room = sizeof(text) - size;

        size += *entries == '@'
                    ? (size_t)snprintf(text + size, room, "%s", here)
                    : (size_t)snprintf(text + size, room, "%c", *entries);
    }
    setenv("QUIPU_DRIVER_PATH", text, 1);
}

static int set_up(void **state)
{
    (void)state;
    if (!getcwd(here, sizeof(here)) || mkdir("a", 0700) || mkdir("b", 0700)) {
        return -1;
    }
    return quipu_drivers_add("own", linked_entry, NULL);
}

static void each_driver_is_listed_where_a_search_finds_it(void **state)
{
    static struct lines lines;
    char expected[4 * PATH_MAX];

    (void)state;
    link_module("good", "a/two.so");
    link_module("good", "a/one.so");
    link_module("good", "a/own.so");
    link_module("good", "b/one.so");
    link_module("good", "b/three.so");
    assert_int_equal(symlink("nothing", "b/dangling.so"), 0);
    link_module("good", "b/Four.so");
    link_module("good", "b/five.txt");
    link_module("good", "b/.so");
    link_module("good", "b/so");
    use_folders("@/a:.:@/c:@/b");
    quipu_drivers_list(add_line, &lines);
    snprintf(expected, sizeof(expected),
             "own: linked in\none: %s/a/one.so\ntwo: %s/a/two.so\n"
             "dangling: %s/b/dangling.so\nthree: %s/b/three.so\n",
             here, here, here, here);
    assert_memory_equal(lines.text, expected, strlen(expected));
    assert_null(strstr(lines.text, "five"));
    assert_null(strstr(lines.text, "Four"));
}

static void listing_loads_nothing(void **state)
{
    static struct lines lines;
    const quipu_registry_entry *newest = quipu_registry_newest();

    (void)state;
    setenv("QUIPU_DRIVER_PATH", MODULES, 1);
    quipu_drivers_list(add_line, &lines);
    assert_contains(lines.text, "needy: " MODULES "/needy.so\n");
    assert_ptr_equal(quipu_registry_newest(), newest);
}

static void search_for_a_linked_driver_ends_at_once(void **state)
{
    static struct lines lines;
    quipu_error err;

    (void)state;
    assert_ok(quipu_drivers_explain("own", add_line, &lines, &err), &err);
    assert_string_equal(lines.text, "linked in: used: own 1.0.0, Nothing 0\n");
}

static void each_place_is_explained(void **state)
{
    static struct lines lines, again, moved;
    char line[2 * PATH_MAX];
    quipu_error err;

    (void)state;
    mkdir("d", 0700);
    link_module("good", "b/found.so");
    use_folders(":.:@/a:@/b:@/d");
    assert_ok(quipu_drivers_explain("found", add_line, &lines, &err), &err);
    snprintf(line, sizeof(line),
             "linked in: no such driver\n"
             "\"\": ignored, because it is not an absolute path\n"
             ".: ignored, because it is not an absolute path\n"
             "%s/a/found.so: no such file\n",
             here);
    assert_memory_equal(lines.text, line, strlen(line));
    snprintf(line, sizeof(line),
             "%s/b/found.so: used: module 1.0.0, Nothing 0\n", here);
    assert_string_equal(lines.text + strlen(lines.text) - strlen(line), line);

    /* A module in an earlier folder than the one that is loaded already. */
    link_module("good", "a/found.so");
    assert_ok(quipu_drivers_explain("found", add_line, &again, &err), &err);
    assert_contains(again.text, "/a/found.so: not used: another was loaded\n");
    assert_contains(again.text, "/b/found.so: used: module");

    /* The search path no longer contains the folder. */
    use_folders("@/d");
    assert_ok(quipu_drivers_explain("found", add_line, &moved, &err), &err);
    assert_contains(moved.text, "/d/found.so: no such file\n");
    assert_contains(moved.text, "/b/found.so: used, loaded from an earlier "
                                "search path: module 1.0.0");
}

static void unknown_scheme_names_the_drivers_that_exist(void **state)
{
    const quipu_driver *driver;
    quipu_error err;

    (void)state;
    link_module("good", "a/listed.so");
    use_folders("@/a");
    assert_refused(quipu_drivers_find("sqlite3", &driver, &err),
                   QUIPU_NOT_FOUND, &err, "there are drivers for: own");
    assert_contains(err.message, "listed");
    assert_int_equal(unlink("a/listed.so"), 0);
}

static void failure_is_explained(void **state)
{
    static struct lines lost, broken;
    quipu_error err;

    (void)state;
    use_folders("@/a:@/b");
    assert_refused(quipu_drivers_explain("lost", add_line, &lost, &err),
                   QUIPU_NOT_FOUND, &err, "no driver for \"lost\"");
    assert_contains(lost.text, "/a/lost.so: no such file\n");
    assert_contains(lost.text, "/quipu/drivers/1/lost.so: no such file\n");
    link_module("abi2", "a/broken.so");
    link_module("good", "b/broken.so");
    assert_status(quipu_drivers_explain("broken", add_line, &broken, NULL),
                  QUIPU_UNSUPPORTED);
    assert_contains(broken.text, "/a/broken.so, but it is built for driver "
                                 "ABI 2");
    assert_null(strstr(broken.text, "/b/broken.so"));
}

static void invalid_and_forbidden_schemes_are_not_searched(void **state)
{
    static struct lines lines;
    quipu_error err;

    (void)state;
    assert_refused(quipu_drivers_explain("../x", add_line, &lines, &err),
                   QUIPU_INVALID, &err, "is not a scheme");
    assert_ok(quipu_drivers_allow("own", &err), &err);
    assert_refused(quipu_drivers_explain("good", add_line, &lines, &err),
                   QUIPU_DENIED, &err, "does not allow");
    assert_ok(quipu_drivers_allow(NULL, &err), &err);
    assert_string_equal(lines.text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_driver_is_listed_where_a_search_finds_it),
        cmocka_unit_test(listing_loads_nothing),
        cmocka_unit_test(search_for_a_linked_driver_ends_at_once),
        cmocka_unit_test(each_place_is_explained),
        cmocka_unit_test(unknown_scheme_names_the_drivers_that_exist),
        cmocka_unit_test(failure_is_explained),
        cmocka_unit_test(invalid_and_forbidden_schemes_are_not_searched),
    };
    return cmocka_run_group_tests(tests, set_up, NULL) != 0;
}
