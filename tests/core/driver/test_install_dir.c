/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the folder of installed drivers. */
#include "quipu_test.h"

#include "driver/install_dir.h"

static void drivers_lie_beside_the_library(void **state)
{
    char folder[PATH_MAX];

    (void)state;
    assert_true(quipu_install_dir_beside("/opt/q/lib/libquipu.so.0", folder));
    assert_string_equal(folder, "/opt/q/lib/quipu/drivers/1");
    assert_true(quipu_install_dir_beside("/libquipu.so", folder));
    assert_string_equal(folder, "/quipu/drivers/1");
}

static void relative_library_has_no_folder(void **state)
{
    char folder[PATH_MAX];

    (void)state;
    assert_false(quipu_install_dir_beside("lib/libquipu.so.0", folder));
    assert_false(quipu_install_dir_beside("./libquipu.so", folder));
    assert_false(quipu_install_dir_beside("libquipu.so", folder));
    assert_false(quipu_install_dir_beside("", folder));
}

static void other_file_has_no_folder(void **state)
{
    char folder[PATH_MAX];

    (void)state;
    assert_false(quipu_install_dir_beside("/usr/bin/program", folder));
    assert_false(quipu_install_dir_beside("/libquipu.so/program", folder));
    assert_false(quipu_install_dir_beside("/lib/mylibquipu.so", folder));
}

static void folder_that_is_too_long_is_refused(void **state)
{
    static const char base[] = "/libquipu.so";
    char library[PATH_MAX + sizeof(base)], folder[PATH_MAX];
    size_t most = PATH_MAX - sizeof("/quipu/drivers/1");

    (void)state;
    memset(library, 'a', sizeof(library));
    library[0] = '/';
    memcpy(library + most, base, sizeof(base));
    assert_true(quipu_install_dir_beside(library, folder));
    assert_int_equal(strlen(folder), PATH_MAX - 1);

    library[most] = 'a';
    memcpy(library + most + 1, base, sizeof(base));
    assert_false(quipu_install_dir_beside(library, folder));
}

/* Tests are linked with the static library. */
static void static_program_uses_the_configured_folder(void **state)
{
    char folder[PATH_MAX];

    (void)state;
    quipu_install_dir_find(folder);
    assert_string_equal(folder, BUILT_FOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drivers_lie_beside_the_library),
        cmocka_unit_test(relative_library_has_no_folder),
        cmocka_unit_test(other_file_has_no_folder),
        cmocka_unit_test(folder_that_is_too_long_is_refused),
        cmocka_unit_test(static_program_uses_the_configured_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
