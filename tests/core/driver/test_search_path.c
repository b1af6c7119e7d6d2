/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the iteration over the search path. */
#include "quipu_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "driver/search_path.h"

/* The entries, each with a '!' after it if it is ignored, without the last,
 * which must be the folder of installed drivers. */
static void assert_entries(const char *variable, const char *const *expected)
{
    quipu_search_path path;
    const char *end;

    if (variable) {
        setenv("QUIPU_DRIVER_PATH", variable, 1);
    } else {
        unsetenv("QUIPU_DRIVER_PATH");
    }
    quipu_search_path_begin(&path);
    for (; *expected; expected++) {
        char entry[PATH_MAX + 1];

        assert_true(quipu_search_path_next(&path));
        snprintf(entry, sizeof(entry), "%s%s", path.folder,
                 path.ignored ? "!" : "");
        assert_string_equal(entry, *expected);
    }
    assert_true(quipu_search_path_next(&path));
    assert_null(path.ignored);
    end = strstr(path.folder, "/quipu/drivers/1");
    assert_non_null(end);
    assert_string_equal(end, "/quipu/drivers/1");
    assert_false(quipu_search_path_next(&path));
    assert_false(quipu_search_path_next(&path));
}

static void entries_come_first_in_their_order(void **state)
{
    (void)state;
    assert_entries(NULL, (const char *const[]){ NULL });
    assert_entries("", (const char *const[]){ NULL });
    assert_entries("/a", (const char *const[]){ "/a", NULL });
    assert_entries("/a:/b/c", (const char *const[]){ "/a", "/b/c", NULL });
}

static void relative_and_empty_entries_are_ignored(void **state)
{
    (void)state;
    assert_entries(":", (const char *const[]){ "!", "!", NULL });
    assert_entries("/a::.:b/c:../d:~/e:",
                   (const char *const[]){ "/a", "!", ".!", "b/c!", "../d!",
                                          "~/e!", "!", NULL });
}

static void no_folder_is_searched_twice(void **state)
{
    quipu_search_path path;

    (void)state;
    assert_entries(
        "/a:/a/b:/a:/a/b:/",
        (const char *const[]){ "/a", "/a/b", "/a!", "/a/b!", "/", NULL });
    unsetenv("QUIPU_DRIVER_PATH");
    quipu_search_path_begin(&path);
    assert_true(quipu_search_path_next(&path));
    setenv("QUIPU_DRIVER_PATH", path.folder, 1);
    quipu_search_path_begin(&path);
    assert_true(quipu_search_path_next(&path));
    assert_null(path.ignored);
    assert_true(quipu_search_path_next(&path));
    assert_contains(path.ignored, "before");
    assert_false(quipu_search_path_next(&path));
}

static void entry_that_is_too_long_is_ignored(void **state)
{
    char entry[PATH_MAX + 10], file[PATH_MAX];
    char scheme[QUIPU_SCHEME_MAX + 1];
    quipu_search_path path;

    (void)state;
    memset(entry, 'a', sizeof(entry));
    memset(scheme, 's', sizeof(scheme));
    entry[0] = '/';
    entry[QUIPU_FOLDER_SIZE] = '\0';
    scheme[QUIPU_SCHEME_MAX] = '\0';
    setenv("QUIPU_DRIVER_PATH", entry, 1);
    quipu_search_path_begin(&path);
    assert_true(quipu_search_path_next(&path));
    assert_contains(path.ignored, "too long");

    entry[QUIPU_FOLDER_SIZE - 1] = '\0';
    setenv("QUIPU_DRIVER_PATH", entry, 1);
    quipu_search_path_begin(&path);
    assert_true(quipu_search_path_next(&path));
    assert_null(path.ignored);
    quipu_search_path_file(&path, scheme, file);
    assert_int_equal(strlen(file), PATH_MAX - 1);
    assert_string_equal(file + PATH_MAX - 5, "s.so");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_come_first_in_their_order),
        cmocka_unit_test(relative_and_empty_entries_are_ignored),
        cmocka_unit_test(no_folder_is_searched_twice),
        cmocka_unit_test(entry_that_is_too_long_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
