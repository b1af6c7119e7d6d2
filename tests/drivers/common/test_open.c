/* SPDX-License-Identifier: Apache-2.0 */
/* The codes that the drivers of files return for the things that may be at the
 * path of a URI: the table in section 4 of docs/writing-a-driver.md. */
#include "quipu_test.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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

/* The state that a power cut can leave after a creation, backup or restore,
 * where a file is not renamed in one step. */
static void both_names_of_a_renamed_file_become_one(void **state)
{
    static const char *const suffixes[] = { "-quipu-new", "-quipu-restored",
                                            "-new" };
    (void)state;
    for (const struct subject *s = subjects; s->scheme; s++) {
        const char *path = path_of(s, "renamed");

        assert_status(try(s, path, "create=yes"), QUIPU_OK);
        /* Only LMDB's driver creates stores under another name. */
        for (int i = 0; i < (s->is_folder ? 3 : 2); i++) {
            char other[400];

            snprintf(other, sizeof(other), "%s%s", store_file(s, path),
                     suffixes[i]);
            assert_int_equal(link(store_file(s, path), other), 0);
            assert_status(try(s, path, "readonly=yes"), QUIPU_INVALID);
            assert_int_equal(access(other, F_OK), 0);
            assert_status(try(s, path, "create=no"), QUIPU_OK);
            assert_int_equal(access(other, F_OK), -1);
        }
    }
}

/* ------------------------------------------------- what a refusal leaves */

/* Adds a line for each name below a folder to a text: name, kind and, if it is
 * a file, size. */
static void add_names(const char *folder, char text[2000])
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);

    assert_true(count >= 2);
    for (int i = 0; i < count; i++) {
        const size_t used = strlen(text);
        char name[400];
        struct stat info;

        snprintf(name, sizeof(name), "%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            assert_int_equal(lstat(name, &info), 0);
            assert_true(used < 1500);
            snprintf(text + used, 500, "%s %o %ld\n", name,
                     (unsigned)info.st_mode,
                     S_ISREG(info.st_mode) ? (long)info.st_size : 0L);
            if (S_ISDIR(info.st_mode)) {
                add_names(name, text);
            }
        }
        free(entries[i]);
    }
    free(entries);
}

static void list(const char *folder, char text[2000])
{
    *text = '\0';
    add_names(folder, text);
}

/* Expects a refusal that leaves the folder, with the store's path in it, as it
 * was. */
static void expect_refusal(const struct subject *subject, const char *folder)
{
    char path[200];
    char before[2000];
    char after[2000];

    snprintf(path, sizeof(path), "%s/x", folder);
    list(folder, before);
    assert_status(try(subject, path, "create=yes"), QUIPU_INVALID);
    list(folder, after);
    assert_string_equal(after, before);
}

enum obstacle {
    TEXT,
    FOLDER,
    FIFO,
    LINK_TO_NOTHING,
    LINK_TO_A_TEXT,
    OBSTACLES
};

static void make_obstacle(enum obstacle obstacle, const char *name)
{
    switch (obstacle) {
    case TEXT:
        change_file(name, "a text of another program\n", 0);
        break;
    case FOLDER:
        assert_int_equal(mkdir(name, 0755), 0);
        break;
    case FIFO:
        assert_int_equal(mkfifo(name, 0644), 0);
        break;
    case LINK_TO_NOTHING:
        assert_int_equal(symlink("nothing", name), 0);
        break;
    default:
        assert_int_equal(symlink("/proc/version", name), 0);
        break;
    }
}

/* Another program's file, or folder, has the name of one of the driver's. */
static void refusal_of_a_taken_name_leaves_nothing(void **state)
{
    (void)state;
    static const char *const names[2][4] = {
        { "x-quipu", "x-wal", "x-journal", "x-shm" },
        { "x/data.mdb-quipu", "x/data.mdb-new", "x/lock.mdb", NULL }
    };
    for (const struct subject *s = subjects; s->scheme; s++) {
        for (int i = 0; i < 4 && names[s->is_folder][i]; i++) {
            for (int kind = 0; kind < OBSTACLES; kind++) {
                char folder[100];
                char name[200];

                snprintf(folder, sizeof(folder), "%s-taken-%d-%d", s->scheme, i,
                         kind);
                assert_int_equal(mkdir(folder, 0755), 0);
                snprintf(name, sizeof(name), "%s/x", folder);
                if (s->is_folder) {
                    assert_int_equal(mkdir(name, 0755), 0);
                }
                snprintf(name, sizeof(name), "%s/%s", folder,
                         names[s->is_folder][i]);
                make_obstacle((enum obstacle)kind, name);
                expect_refusal(s, folder);
            }
        }
    }
}

/* Raises a limit of the process step by step until a store can be created. Each
 * attempt before leaves nothing, or a store that may lack its namespace. */
static void raise_limit(const struct subject *subject,
                        __rlimit_resource_t resource, rlim_t step)
{
    char folder[100];
    char path[200];
    char before[2000];
    char after[2000];
    struct rlimit usual;
    struct rlimit limit;
    int traceless = 0;
    int status;

    snprintf(folder, sizeof(folder), "%s-limit-%d", subject->scheme,
             (int)resource);
    snprintf(path, sizeof(path), "%s/x", folder);
    assert_int_equal(mkdir(folder, 0755), 0);
    list(folder, before);
    assert_int_equal(getrlimit(resource, &usual), 0);
    limit = usual;
    limit.rlim_cur = 0;
    do {
        assert_int_equal(setrlimit(resource, &limit), 0);
        status = try(subject, path, "create=yes");
        assert_int_equal(setrlimit(resource, &usual), 0);
        limit.rlim_cur += step;
        list(folder, after);
        if (strcmp(after, before) == 0) {
            traceless++;
        } else {
            struct stat info;

            assert_int_equal(stat(store_file(subject, path), &info), 0);
            assert_true(info.st_size > 0);
        }
    } while (status != QUIPU_OK);
    assert_true(traceless > 2);
}

static void failed_opening_leaves_nothing(void **state)
{
    (void)state;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    for (const struct subject *s = subjects; s->scheme; s++) {
        raise_limit(s, RLIMIT_NOFILE, 1);
        raise_limit(s, RLIMIT_FSIZE, 1024);
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
        cmocka_unit_test(both_names_of_a_renamed_file_become_one),
        cmocka_unit_test(refusal_of_a_taken_name_leaves_nothing),
        cmocka_unit_test(failed_opening_leaves_nothing),
    };

    for (const struct subject *s = subjects; s->scheme; s++) {
        if (quipu_drivers_add(s->scheme, s->entry, NULL) != QUIPU_OK) {
            return 1;
        }
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
