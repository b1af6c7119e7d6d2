/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which shared objects are loaded, and the messages about the others. */
#include "quipu_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <quipu/drivers.h>

#include "driver/search_path.h"

static char here[PATH_MAX]; /* the current folder */

/* Makes a folder below the current one, the only entry of the path. */
static void use_folder(const char *name)
{
    char entry[PATH_MAX + 100];

    mkdir(name, 0700);
    snprintf(entry, sizeof(entry), "%s/%s", here, name);
    setenv("QUIPU_DRIVER_PATH", entry, 1);
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static const quipu_driver *find(const char *scheme)
{
    const quipu_driver *driver = NULL;
    quipu_error err;

    assert_ok(quipu_drivers_find(scheme, &driver, &err), &err);
    assert_non_null(driver);
    return driver;
}

static void assert_unfound(const char *scheme, int status, const char *text)
{
    const quipu_driver *driver = NULL;
    quipu_error err = { 0 };

    assert_refused(quipu_drivers_find(scheme, &driver, &err), status, &err,
                   text);
    assert_null(driver);
    assert_status(quipu_drivers_find(scheme, &driver, NULL), status);
}

static void module_is_loaded(void **state)
{
    const quipu_driver *driver;

    (void)state;
    setenv("QUIPU_DRIVER_PATH", MODULES, 1);
    driver = find("good");
    assert_int_equal(driver->struct_size, sizeof(*driver));
    assert_string_equal(driver->name, "module");
    assert_string_equal(driver->library(), "Nothing 0");
    assert_ptr_equal(find("good"), driver);
}

static void loaded_driver_stays_without_the_path(void **state)
{
    const quipu_driver *driver;

    (void)state;
    setenv("QUIPU_DRIVER_PATH", MODULES, 1);
    driver = find("good");
    unsetenv("QUIPU_DRIVER_PATH");
    assert_ptr_equal(find("good"), driver);
    assert_string_equal(driver->library(), "Nothing 0");
}

static void shorter_and_longer_tables_load(void **state)
{
    const quipu_driver *driver;

    (void)state;
    setenv("QUIPU_DRIVER_PATH", MODULES, 1);
    driver = find("shorter");
    assert_non_null(driver->last_position);
    assert_null(driver->log_head);
    assert_null(driver->read_tracking);
    driver = find("longer");
    assert_int_equal(driver->struct_size, sizeof(*driver));
    assert_non_null(driver->read_tracking);
}

static void unusable_modules_are_named_with_the_reason(void **state)
{
    static const struct {
        const char *scheme, *reason;
    } rows[] = {
        { "nosymbol", "it is no driver: it exports no quipu_driver_entry" },
        { "nulltable", "its entry returned no table" },
        { "abi2", "it is built for driver ABI 2, and this quipu needs ABI 1: "
                  "upgrade quipu" },
        { "abi0", "it is built for driver ABI 0, and this quipu needs ABI 1: "
                  "upgrade the driver" },
        { "missing", "its required member \"append\" is missing" },
        { "oddsize", "its table has struct_size 101" },
        { "tiny", "its required member \"name\" is missing" },
        { "needy", "it cannot be loaded: libquipu_test_absent.so: cannot open "
                   "shared object file: No such file or directory" },
        { "undefined", "undefined symbol: quipu_test_absent" },
    };

    (void)state;
    setenv("QUIPU_DRIVER_PATH", MODULES, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[PATH_MAX];

        snprintf(text, sizeof(text), "found " MODULES "/%s.so, but it",
                 rows[i].scheme);
        assert_unfound(rows[i].scheme, QUIPU_UNSUPPORTED, rows[i].reason);
        assert_unfound(rows[i].scheme, QUIPU_UNSUPPORTED, text);
    }
}

static void files_that_are_no_modules_are_refused(void **state)
{
    (void)state;
    use_folder("unusable");
    write_file("unusable/garbage.so", "garbage");
    assert_unfound("garbage", QUIPU_UNSUPPORTED,
                   "unusable/garbage.so, but it "
                   "cannot be loaded: ");
    assert_unfound("garbage", QUIPU_UNSUPPORTED, "file too short");
    mkdir("unusable/folder.so", 0700);
    assert_unfound("folder", QUIPU_UNSUPPORTED,
                   "folder.so, but it is not a "
                   "file");
    assert_int_equal(symlink("nothing", "unusable/dangling.so"), 0);
    assert_unfound("dangling", QUIPU_UNSUPPORTED,
                   "dangling.so, but it is a symbolic link to nothing");
    assert_int_equal(symlink("loop.so", "unusable/loop.so"), 0);
    assert_unfound("loop", QUIPU_UNSUPPORTED,
                   "loop.so: Too many levels of "
                   "symbolic links");
}

/* A file of the right name ends the search, even if a good module follows. */
static void broken_module_ends_the_search(void **state)
{
    char entries[2 * PATH_MAX];

    (void)state;
    use_folder("first");
    snprintf(entries, sizeof(entries), "%s:%s/later",
             getenv("QUIPU_DRIVER_PATH"), here);
    mkdir("later", 0700);
    write_file("first/hidden.so", "garbage");
    assert_int_equal(symlink(MODULES "/good.so", "later/hidden.so"), 0);
    setenv("QUIPU_DRIVER_PATH", entries, 1);
    assert_unfound("hidden", QUIPU_UNSUPPORTED, "first/hidden.so, but");
    assert_int_equal(unlink("first/hidden.so"), 0);
    assert_string_equal(find("hidden")->name, "module");
}

static void unreadable_folder_ends_the_search(void **state)
{
    char entry[PATH_MAX];

    (void)state;
    memset(entry, 'a', sizeof(entry));
    memcpy(entry, "/tmp/", 5);
    entry[300] = '\0'; /* ENAMETOOLONG, also for root */
    setenv("QUIPU_DRIVER_PATH", entry, 1);
    assert_unfound("unread", QUIPU_UNSUPPORTED, "cannot use /tmp/aaa");
}

static void absent_module_is_looked_for_everywhere(void **state)
{
    char text[PATH_MAX + 100];

    (void)state;
    write_file("file", "");
    snprintf(text, sizeof(text), "%s/file:/nowhere::.:sub:/nowhere/else", here);
    setenv("QUIPU_DRIVER_PATH", text, 1);
    assert_unfound("lost", QUIPU_NOT_FOUND,
                   "no driver for \"lost\": looked for /");
    assert_unfound("lost", QUIPU_NOT_FOUND,
                   "/file/lost.so, /nowhere/lost.so, \"\" (ignored, because "
                   "it is not an absolute path), . (ignored, ");
    assert_unfound("lost", QUIPU_NOT_FOUND, ", sub (ignored, ");
    assert_unfound("lost", QUIPU_NOT_FOUND, ", /nowhere/else/lost.so, /");
    assert_unfound("lost", QUIPU_NOT_FOUND,
                   "/quipu/drivers/1/lost.so; install it, or name its folder "
                   "in QUIPU_DRIVER_PATH");
}

static void long_list_of_places_is_counted(void **state)
{
    char text[5000] = "";

    (void)state;
    for (int i = 100; i < 300; i++) {
        sprintf(text + strlen(text), "/nowhere/at/all/%d:", i);
    }
    text[strlen(text) - 1] = '\0';
    setenv("QUIPU_DRIVER_PATH", text, 1);
    assert_unfound("lost", QUIPU_NOT_FOUND, "for /nowhere/at/all/100/lost.so");
    assert_unfound("lost", QUIPU_NOT_FOUND,
                   " more; install it, or name its "
                   "folder in QUIPU_DRIVER_PATH");
}

/* A module in the current folder, and entries that would resolve to it. */
static void current_folder_is_never_searched(void **state)
{
    (void)state;
    mkdir("sub", 0700);
    assert_int_equal(symlink(MODULES "/good.so", "evil.so"), 0);
    assert_int_equal(symlink(MODULES "/good.so", "sub/evil.so"), 0);
    setenv("LD_LIBRARY_PATH", MODULES, 1);
    setenv("QUIPU_DRIVER_PATH", ":.:sub:./sub:", 1);
    assert_unfound("evil", QUIPU_NOT_FOUND, "no driver for \"evil\"");
    unsetenv("QUIPU_DRIVER_PATH");
    assert_unfound("evil", QUIPU_NOT_FOUND, "no driver for \"evil\"");
}

static void lack_of_descriptors_is_named(void **state)
{
    struct rlimit limit;
    struct rlimit none;

    (void)state;
    setenv("QUIPU_DRIVER_PATH", here, 1);
    assert_int_equal(symlink(MODULES "/good.so", "late.so"), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_unfound("late", QUIPU_IO, "too many files open");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void malformed_scheme_never_becomes_a_file_name(void **state)
{
    static const char *const schemes[] = {
        "",
        "Good",
        "goo_d",
        "../modules/good",
        "/tmp/x",
        "./good",
        "good.so",
        "1good",
        "-good",
        "good ",
        "a234567890-234567890-234567890-2",
    };

    (void)state;
    setenv("QUIPU_DRIVER_PATH", MODULES, 1);
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        assert_unfound(schemes[i], QUIPU_INVALID, "is not a scheme");
    }
    assert_unfound(NULL, QUIPU_INVALID, "the scheme is NULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(module_is_loaded),
        cmocka_unit_test(loaded_driver_stays_without_the_path),
        cmocka_unit_test(shorter_and_longer_tables_load),
        cmocka_unit_test(unusable_modules_are_named_with_the_reason),
        cmocka_unit_test(files_that_are_no_modules_are_refused),
        cmocka_unit_test(broken_module_ends_the_search),
        cmocka_unit_test(unreadable_folder_ends_the_search),
        cmocka_unit_test(absent_module_is_looked_for_everywhere),
        cmocka_unit_test(long_list_of_places_is_counted),
        cmocka_unit_test(current_folder_is_never_searched),
        cmocka_unit_test(lack_of_descriptors_is_named),
        cmocka_unit_test(malformed_scheme_never_becomes_a_file_name),
    };
    if (!getcwd(here, sizeof(here))) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
