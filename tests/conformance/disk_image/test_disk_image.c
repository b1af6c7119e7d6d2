/* SPDX-License-Identifier: Apache-2.0 */
/* The names of files in the images of power cuts. */
#include "quipu_test.h"

#include "context/folder.h"
#include "disk_image/disk_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEEDS 60
#define NAMES 3
#define RECORDS 3

/* A record without data. */
struct step {
    struct journal_record record;
    char names[8];
};

/* A file of the content "file" has the name "a" in the base. */
static void make_base(char *path, size_t size)
{
    char name[128];
    FILE *file;

    assert_non_null(getcwd(path, size - 8));
    strcat(path, "/base");
    quipu_folder_remove(path);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(name, sizeof(name), "base/a");
    file = fopen(name, "we");
    assert_non_null(file);
    assert_true(fputs("file", file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Makes an image of the steps; returns a bit for each of the names "a", "b" and
 * "c" that the file has in it. */
static unsigned find_names(const struct step *steps, size_t count,
                           uint64_t seed)
{
    char base[256];
    char image[256];
    const unsigned char *records[RECORDS];
    unsigned found = 0;

    make_base(base, sizeof(base));
    (void)snprintf(image, sizeof(image), "%.*s/image",
                   (int)(strlen(base) - strlen("/base")), base);
    for (size_t i = 0; i < count; i++) {
        records[i] = (const unsigned char *)&steps[i];
    }
    const struct quipu_journal journal = { records, count };
    const struct quipu_power_cut cut = {
        .end = count, .seed = seed, .base = base, .image = image
    };

    quipu_disk_image_make(&journal, &cut);
    for (unsigned i = 0; i < NAMES; i++) {
        char name[16];
        struct stat info;

        (void)snprintf(name, sizeof(name), "image/%c", "abc"[i]);
        if (stat(name, &info) == 0) {
            assert_int_equal(info.st_size, 4);
            found |= 1U << i;
        }
    }
    quipu_folder_remove(image);
    return found;
}

/* Makes images with many seeds; returns the sets of names that were found, as a
 * bit for each set. */
static unsigned find_sets(const struct step *steps, size_t count)
{
    unsigned sets = 0;

    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        sets |= 1U << find_names(steps, count, seed);
    }
    return sets;
}

enum { A = 1, B = 2, C = 4 };
#define SET(names) (1U << (names))

static const struct step a_to_b = { { .kind = JOURNAL_RENAME, .names_size = 4 },
                                    "a\0b" };
static const struct step b_to_c = { { .kind = JOURNAL_RENAME, .names_size = 4 },
                                    "b\0c" };
static const struct step remove_b = {
    { .kind = JOURNAL_REMOVE, .names_size = 2 }, "b"
};
static const struct step sync_folder = {
    { .kind = JOURNAL_SYNC_FOLDER, .names_size = 1 }, ""
};

static void renamed_file_has_a_name(void **state)
{
    const struct step steps[] = { a_to_b };

    (void)state;
    assert_int_equal(find_sets(steps, 1), SET(A) | SET(B) | SET(A | B));
}

static void file_renamed_twice_has_a_name(void **state)
{
    const struct step steps[] = { a_to_b, b_to_c };

    (void)state;
    assert_int_equal(find_sets(steps, 2), SET(A) | SET(C) | SET(A | C));
}

static void synced_rename_is_whole(void **state)
{
    const struct step steps[] = { a_to_b, sync_folder };

    (void)state;
    assert_int_equal(find_sets(steps, 2), SET(B));
}

static void removed_file_may_have_no_name(void **state)
{
    const struct step steps[] = { a_to_b, sync_folder, remove_b };

    (void)state;
    assert_int_equal(find_sets(steps, 3), SET(B) | SET(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(renamed_file_has_a_name),
        cmocka_unit_test(file_renamed_twice_has_a_name),
        cmocka_unit_test(synced_rename_is_whole),
        cmocka_unit_test(removed_file_may_have_no_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
