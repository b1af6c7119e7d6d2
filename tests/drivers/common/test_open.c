/* SPDX-License-Identifier: Apache-2.0 */
/* The codes that the drivers of files return for the things that may be at the
 * path of a URI: the table in section 4 of docs/writing-a-driver.md. */
#include "quipu_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <quipu/quipu.h>
#include <quipu/static_drivers.h>

/* A driver, and the file that holds its store at a path. */
struct subject {
    const char *scheme;
    quipu_driver_entry_fn entry;
    bool is_folder;
    const char *file; /* below the path, or "" */
};

static const struct subject subjects[] = {
#ifdef WITH_SQLITE
    { "sqlite", quipu_driver_entry_sqlite, false, "" },
#endif
#ifdef WITH_LMDB
    { "lmdb", quipu_driver_entry_lmdb, true, "/data.mdb" },
#endif
    { NULL, NULL, false, NULL }
};

/* Opens the path and returns the status. */
static int try(const struct subject *subject, const char *path,
               const char *options)
{
    quipu_datastore *datastore;
    char uri[400];
    quipu_error err = { 0 };
    int status;

    snprintf(uri, sizeof(uri), "%s:///%s?%s", subject->scheme, path, options);
    status = quipu_datastore_open(uri, NULL, &datastore, &err);
    if (status == QUIPU_OK) {
        assert_ok(quipu_datastore_close(datastore, &err), &err);
    } else {
        assert_string_not_equal(err.message, "");
    }
    return status;
}

/* Expects a status with create=no, readonly=yes and create=yes, which comes
 * last, since it may create the store. */
static void expect(const struct subject *subject, const char *path, int without,
                   int with_create)
{
    assert_status(try(subject, path, "create=no"), without);
    assert_status(try(subject, path, "readonly=yes"), without);
    assert_status(try(subject, path, "create=yes"), with_create);
}

static const char *path_of(const struct subject *subject, const char *name)
{
    static char path[200];

    snprintf(path, sizeof(path), "%s-%s", subject->scheme, name);
    return path;
}

/* Writes a file; if `size` is not 0 it is cut to that size instead. */
static void change_file(const char *path, const char *text, off_t size)
{
    FILE *file;

    if (size > 0) {
        assert_int_equal(truncate(path, size), 0);
        return;
    }
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static const char *store_file(const struct subject *subject, const char *path)
{
    static char file[300];

    snprintf(file, sizeof(file), "%s%s", path, subject->file);
    return file;
}

static void nothing_is_created_only_with_create(void **state)
{
    (void)state;
    for (const struct subject *s = subjects; s->scheme; s++) {
        expect(s, path_of(s, "nothing"), QUIPU_NOT_FOUND, QUIPU_OK);
        assert_status(try(s, path_of(s, "nothing"), "create=no"), QUIPU_OK);
        expect(s, path_of(s, "no/folder"), QUIPU_NOT_FOUND, QUIPU_NOT_FOUND);
    }
}

static void empty_place_becomes_the_store(void **state)
{
    (void)state;
    for (const struct subject *s = subjects; s->scheme; s++) {
        const char *path = path_of(s, "empty");

        if (s->is_folder) {
            assert_int_equal(mkdir(path, 0755), 0);
        } else {
            change_file(path, "", 0);
        }
        expect(s, path, QUIPU_NOT_FOUND, QUIPU_OK);
    }
}

static void wrong_kind_of_file_is_invalid(void **state)
{
    (void)state;
    for (const struct subject *s = subjects; s->scheme; s++) {
        const char *path = path_of(s, "kind");

        if (s->is_folder) {
            change_file(path, "", 0);
        } else {
            assert_int_equal(mkdir(path, 0755), 0);
        }
        expect(s, path, QUIPU_INVALID, QUIPU_INVALID);
        expect(s, "", QUIPU_INVALID, QUIPU_INVALID);
    }
}

static void foreign_file_is_corrupt(void **state)
{
    (void)state;
    for (const struct subject *s = subjects; s->scheme; s++) {
        const char *path = path_of(s, "foreign");

        if (s->is_folder) {
            assert_int_equal(mkdir(path, 0755), 0);
        }
        change_file(store_file(s, path), "a text of another program\n", 0);
        expect(s, path, QUIPU_CORRUPT, QUIPU_CORRUPT);
    }
}

static void store_that_is_cut_off_is_corrupt(void **state)
{
    (void)state;
    for (const struct subject *s = subjects; s->scheme; s++) {
        const char *path = path_of(s, "cut");

        assert_status(try(s, path, "create=yes"), QUIPU_OK);
        change_file(store_file(s, path), NULL, 5000);
        expect(s, path, QUIPU_CORRUPT, QUIPU_CORRUPT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_created_only_with_create),
        cmocka_unit_test(empty_place_becomes_the_store),
        cmocka_unit_test(wrong_kind_of_file_is_invalid),
        cmocka_unit_test(foreign_file_is_corrupt),
        cmocka_unit_test(store_that_is_cut_off_is_corrupt),
    };

    for (const struct subject *s = subjects; s->scheme; s++) {
        if (quipu_drivers_add(s->scheme, s->entry, NULL) != QUIPU_OK) {
            return 1;
        }
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
