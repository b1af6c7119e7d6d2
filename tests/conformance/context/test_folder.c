/* SPDX-License-Identifier: Apache-2.0 */
/* Temporary folders are removed when no process uses them any more. */
#include "quipu_test.h"

#include "context/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *make(int *lock)
{
    char *folder = quipu_folder_make(".", "some", lock);
    char *below;

    assert_non_null(folder);
    assert_true(asprintf(&below, "%s/below", folder) > 0);
    assert_int_equal(mkdir(below, 0700), 0);
    free(below);
    return folder;
}

static void locked_folder_is_not_removed(void **state)
{
    int lock;
    char *folder = make(&lock);

    (void)state;
    quipu_folder_sweep(".", "some");
    assert_int_equal(access(folder, F_OK), 0);
    quipu_folder_remove(folder);
    assert_int_not_equal(access(folder, F_OK), 0);
    close(lock);
    free(folder);
}

/* Closing the descriptor has the effect of the end of the process. */
static void folder_of_dead_process_is_removed(void **state)
{
    int lock;
    char *folder = make(&lock);

    (void)state;
    close(lock);
    quipu_folder_sweep(".", "other");
    assert_int_equal(access(folder, F_OK), 0);
    quipu_folder_sweep(".", "some");
    assert_int_not_equal(access(folder, F_OK), 0);
    free(folder);
}

static void folder_of_living_child_is_not_removed(void **state)
{
    int ends[2], lock;
    char *folder = make(&lock), byte;
    pid_t child;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) { /* lives until its parent has called sweep */
        close(ends[1]);
        _exit(read(ends[0], &byte, 1) == 1 ? 0 : 1);
    }
    close(lock);
    quipu_folder_sweep(".", "some");
    assert_int_equal(access(folder, F_OK), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(waitpid(child, NULL, 0), child);
    quipu_folder_sweep(".", "some");
    assert_int_not_equal(access(folder, F_OK), 0);
    close(ends[0]);
    close(ends[1]);
    free(folder);
}

static void other_folders_and_links_are_not_removed(void **state)
{
    (void)state;
    assert_int_equal(mkdir("elsewhere", 0700), 0);
    assert_int_equal(symlink("elsewhere", "some-linked"), 0);
    assert_int_equal(mkdir("some-other-name", 0700), 0);
    quipu_folder_sweep(".", "some");
    assert_int_equal(access("elsewhere", F_OK), 0);
    assert_int_equal(access("some-linked", F_OK), 0);
    assert_int_equal(access("some-other-name", F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(locked_folder_is_not_removed),
        cmocka_unit_test(folder_of_dead_process_is_removed),
        cmocka_unit_test(folder_of_living_child_is_not_removed),
        cmocka_unit_test(other_folders_and_links_are_not_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
