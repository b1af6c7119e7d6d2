/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <sys/stat.h>

#include "driver/host.h"
#include "path.h"

static void bodies_name_folders(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *path;
    } cases[] = {
        { "///x", "x" },
        { "////var/lib/x", "/var/lib/x" },
        { "///a%20b%2fc", "a b/c" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *path = NULL;
        quipu_error error = { 0 };
        assert_ok(quipu_lmdb_path_of_body(quipu_host_table(), cases[i].body,
                                          &path, &error),
                  &error);
        assert_string_equal(path, cases[i].path);
        quipu_host_table()->release(path);
    }
}

static void other_bodies_are_invalid(void **state)
{
    (void)state;
    static const char *const bodies[] = { "",      "x",       "//host/x",
                                          "///",   "///%",    "///%4",
                                          "///%0", "///x%00", "///%zz" };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char *path = NULL;
        quipu_error error = { 0 };
        assert_refused(quipu_lmdb_path_of_body(quipu_host_table(), bodies[i],
                                               &path, &error),
                       QUIPU_INVALID, &error, "write");
    }
}

static void a_name_too_long_is_invalid(void **state)
{
    (void)state;
    char name[5000];
    char *real = NULL;
    char *file = NULL;
    bool made = false;
    quipu_error error = { 0 };
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_refused(quipu_lmdb_path_resolve(quipu_host_table(), name, true,
                                           &real, &file, &made, &error),
                   QUIPU_INVALID, &error, "too long");
}

static void a_folder_is_made_and_its_links_followed(void **state)
{
    (void)state;
    char *real = NULL;
    char *file = NULL;
    bool made = false;
    quipu_error error = { 0 };
    assert_int_equal(symlink("target", "alias"), 0);
    assert_int_equal(mkdir("target", 0777), 0);
    assert_ok(quipu_lmdb_path_resolve(quipu_host_table(), "alias", true, &real,
                                      &file, &made, &error),
              &error);
    assert_false(made);
    assert_contains(file, "/target/data.mdb");
    quipu_host_table()->release(real);
    quipu_host_table()->release(file);
    assert_ok(quipu_lmdb_path_resolve(quipu_host_table(), "fresh", true, &real,
                                      &file, &made, &error),
              &error);
    assert_true(made);
    quipu_host_table()->release(real);
    quipu_host_table()->release(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_name_folders),
        cmocka_unit_test(other_bodies_are_invalid),
        cmocka_unit_test(a_name_too_long_is_invalid),
        cmocka_unit_test(a_folder_is_made_and_its_links_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
