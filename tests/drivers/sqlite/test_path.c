/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <limits.h>
#include <sys/stat.h>

#include "driver/host.h"
#include "sqlite.h"

static int read_body(const char *body, char **path, quipu_error *error)
{
    return quipu_sqlite_path_parse(quipu_host_table(), body, path, error);
}

static void assert_path(const char *body, const char *expected)
{
    char *path = NULL;
    quipu_error error = { 0 };
    assert_ok(read_body(body, &path, &error), &error);
    assert_string_equal(path, expected);
    quipu_host_table()->release(path);
}

static void assert_resolves(const char *path, const char *expected,
                            bool expected_to_exist)
{
    char *real = NULL;
    char wanted[PATH_MAX * 2];
    char folder[PATH_MAX];
    bool exists = !expected_to_exist;
    quipu_error error = { 0 };
    assert_non_null(getcwd(folder, sizeof(folder)));
    (void)snprintf(wanted, sizeof(wanted), "%s%s%s",
                   expected[0] == '/' ? "" : folder,
                   expected[0] == '/' ? "" : "/", expected);
    assert_ok(quipu_sqlite_path_resolve(quipu_host_table(), path, &real,
                                        &exists, &error),
              &error);
    assert_string_equal(real, wanted);
    assert_int_equal(exists, expected_to_exist);
    quipu_host_table()->release(real);
}

static void assert_does_not_resolve(const char *path, int status,
                                    const char *message)
{
    char *real = NULL;
    bool exists = false;
    quipu_error error = { 0 };
    assert_refused(quipu_sqlite_path_resolve(quipu_host_table(), path, &real,
                                             &exists, &error),
                   status, &error, message);
}

static void make_file(const char *name)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    (void)fclose(file);
}

static void three_slashes_begin_a_relative_path(void **state)
{
    (void)state;
    assert_path("///rel.db", "rel.db");
    assert_path("///some/rel.db", "some/rel.db");
}

static void four_slashes_begin_an_absolute_path(void **state)
{
    (void)state;
    assert_path("////abs/x.db", "/abs/x.db");
}

static void percent_signs_are_decoded(void **state)
{
    (void)state;
    assert_path("///a%20b%3F%23%25%c3%A9.db", "a b?#%\xc3\xa9.db");
    assert_path("///%3Amemory%3A", ":memory:");
}

static void memory_store_has_no_path(void **state)
{
    (void)state;
    char *path = (char *)"something";
    assert_ok(read_body("///:memory:", &path, NULL), NULL);
    assert_null(path);
}

static void other_bodies_are_invalid(void **state)
{
    (void)state;
    static const char *const bodies[] = { "",         "x.db", "/x.db",
                                          "//h/x.db", "///",  "//" };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char *path = NULL;
        quipu_error error = { 0 };
        assert_refused(read_body(bodies[i], &path, &error), QUIPU_INVALID,
                       &error, "sqlite:///relative.db");
    }
}

static void broken_percents_are_invalid(void **state)
{
    (void)state;
    static const char *const bodies[] = { "///a%",   "///a%4",  "///a%4g",
                                          "///a%g4", "///a%00", "///%%41" };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char *path = NULL;
        quipu_error error = { 0 };
        assert_refused(read_body(bodies[i], &path, &error), QUIPU_INVALID,
                       &error, "write another path");
    }
}

static void relative_names_become_absolute(void **state)
{
    (void)state;
    make_file("here.db");
    assert_int_equal(mkdir("folder", 0755), 0);
    assert_resolves("here.db", "here.db", true);
    assert_resolves("not.db", "not.db", false);
    assert_resolves("folder/../here.db", "here.db", true);
    assert_resolves("folder/not.db", "folder/not.db", false);
    assert_resolves("/nothing.db", "/nothing.db", false);
}

static void links_are_followed(void **state)
{
    (void)state;
    make_file("target.db");
    assert_int_equal(symlink("target.db", "link.db"), 0);
    assert_resolves("link.db", "target.db", true);
}

static void folder_is_not_a_file(void **state)
{
    (void)state;
    assert_int_equal(mkdir("a-folder", 0755), 0);
    assert_does_not_resolve("a-folder", QUIPU_INVALID, "is not a regular file");
    assert_does_not_resolve("a-folder/x/", QUIPU_INVALID,
                            "is not the name of a file");
}

static void missing_folder_is_named(void **state)
{
    (void)state;
    assert_does_not_resolve("nowhere/x.db", QUIPU_NOT_FOUND,
                            "the folder \"nowhere/\" does not exist");
    make_file("plain");
    assert_does_not_resolve("plain/x.db", QUIPU_NOT_FOUND, "the folder");
}

static void too_long_name_is_invalid(void **state)
{
    (void)state;
    char name[PATH_MAX + 10];
    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_does_not_resolve(name, QUIPU_INVALID, "too long");
    name[241] = '\0';
    assert_does_not_resolve(name, QUIPU_INVALID, "too long");
    char folder[PATH_MAX];
    assert_non_null(getcwd(folder, sizeof(folder)));
    name[200] = '\0';
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mkdir(name, 0755), 0);
        assert_int_equal(chdir(name), 0);
    }
    assert_does_not_resolve("x.db", QUIPU_INVALID, "too long");
    assert_int_equal(chdir(folder), 0);
}

static void circular_links_are_reported(void **state)
{
    (void)state;
    assert_int_equal(symlink("circle.db", "circle.db"), 0);
    assert_does_not_resolve("circle.db", QUIPU_IO, "symbolic links");
}

static void immutable_file_is_a_uri_of_sqlite(void **state)
{
    (void)state;
    char *uri =
        quipu_sqlite_path_immutable_uri(quipu_host_table(), "/a?b#c%d.db");
    assert_string_equal(uri, "file:/a%3fb%23c%25d.db?immutable=1");
    quipu_host_table()->release(uri);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_slashes_begin_a_relative_path),
        cmocka_unit_test(four_slashes_begin_an_absolute_path),
        cmocka_unit_test(percent_signs_are_decoded),
        cmocka_unit_test(memory_store_has_no_path),
        cmocka_unit_test(other_bodies_are_invalid),
        cmocka_unit_test(broken_percents_are_invalid),
        cmocka_unit_test(relative_names_become_absolute),
        cmocka_unit_test(links_are_followed),
        cmocka_unit_test(folder_is_not_a_file),
        cmocka_unit_test(missing_folder_is_named),
        cmocka_unit_test(too_long_name_is_invalid),
        cmocka_unit_test(circular_links_are_reported),
        cmocka_unit_test(immutable_file_is_a_uri_of_sqlite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
