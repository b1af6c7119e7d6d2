/* SPDX-License-Identifier: Apache-2.0 */
/* From the body of a URI to the path of the data file. */
#include "fixture.h"

#include <sys/stat.h>

#include "data_file.h"
#include "driver/host.h"

static void body_names_a_folder(void **state)
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
        assert_ok(quipu_lmdb_data_file_parse(quipu_host_table(), cases[i].body,
                                             &path, &error),
                  &error);
        assert_string_equal(path, cases[i].path);
        quipu_host_table()->release(path);
    }
}

static void malformed_body_is_invalid(void **state)
{
    (void)state;
    static const char *const bodies[] = { "",      "x",       "//host/x",
                                          "///",   "///%",    "///%4",
                                          "///%0", "///x%00", "///%zz" };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        char *path = NULL;
        quipu_error error = { 0 };
        assert_refused(quipu_lmdb_data_file_parse(quipu_host_table(), bodies[i],
                                                  &path, &error),
                       QUIPU_INVALID, &error, "write");
    }
}

static void too_long_name_is_invalid(void **state)
{
    (void)state;
    char name[5000];
    struct data_file file;
    quipu_error error = { 0 };
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_refused(quipu_lmdb_data_file_resolve(quipu_host_table(), name, true,
                                                &file, &error),
                   QUIPU_INVALID, &error, "too long");
}

static void resolve(const char *name, struct data_file *file)
{
    quipu_error error = { 0 };
    assert_ok(quipu_lmdb_data_file_resolve(quipu_host_table(), name, true, file,
                                           &error),
              &error);
    assert_false(quipu_lmdb_data_file_exists(file));
}

static void release(struct data_file *file)
{
    quipu_host_table()->release(file->folder);
    quipu_host_table()->release(file->path);
}

static void folder_is_created_and_links_are_resolved(void **state)
{
    (void)state;
    struct data_file file;
    assert_int_equal(symlink("target", "alias"), 0);
    assert_int_equal(mkdir("target", 0777), 0);
    resolve("alias", &file);
    assert_false(file.made);
    assert_contains(file.path, "/target/data.mdb");
    release(&file);
    resolve("fresh", &file);
    assert_true(file.made);
    release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_names_a_folder),
        cmocka_unit_test(malformed_body_is_invalid),
        cmocka_unit_test(too_long_name_is_invalid),
        cmocka_unit_test(folder_is_created_and_links_are_resolved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
