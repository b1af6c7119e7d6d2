/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of permissions. These do not apply to root, so that such a test runs as
 * the user "nobody" if it was started by root. That user cannot reach the
 * folder of a test in a build below /root or in another private folder; the
 * test therefore makes its files in a temporary folder:
 *
 *     char *home = quipu_test_enter_public_folder();
 *     ... make files, set their modes ...
 *     quipu_test_run_unprivileged(function, context);
 *     quipu_test_leave_public_folder(home);
 */
#ifndef QUIPU_TEST_UNPRIVILEGED_H
#define QUIPU_TEST_UNPRIVILEGED_H

#include "quipu_test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>

#define QUIPU_TEST_NOBODY 65534

/* Calls the function in a child process without root's rights, and fails unless
 * the child exits with 0. A failed assertion makes it exit with another
 * number. */
static inline void quipu_test_run_unprivileged(void (*run)(void *context),
                                               void *context)
{
    int status = -1;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && (setgid(QUIPU_TEST_NOBODY) != 0 ||
                               setuid(QUIPU_TEST_NOBODY) != 0)) {
            _exit(1);
        }
        run(context);
        (void)fflush(NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Returns true if "nobody" can reach files in the folder: it may search this
 * folder and all those above it. */
static inline bool quipu_test_is_public(const char *folder)
{
    int status = -1;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && setuid(QUIPU_TEST_NOBODY) != 0) {
            _exit(1);
        }
        _exit(access(folder, X_OK) == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status == 0;
}

/* Changes to a new folder in $TMPDIR, or in /tmp if other users cannot reach
 * $TMPDIR; new files get the modes that the test asks for, whatever the umask
 * is. Returns the path of the previous folder. */
static inline char *quipu_test_enter_public_folder(void)
{
    char folder[4096];
    const char *parent = getenv("TMPDIR");
    char *home = getcwd(NULL, 0);
    assert_non_null(home);
    if (!parent || parent[0] != '/' || !quipu_test_is_public(parent)) {
        parent = "/tmp";
    }
    if (!quipu_test_is_public(parent)) {
        fail_msg("%s cannot be reached by \"nobody\"; set TMPDIR to a folder "
                 "that every user may search",
                 parent);
    }
    (void)umask(022);
    int size = snprintf(folder, sizeof(folder), "%s/quipu-test-XXXXXX", parent);
    assert_true(size > 0 && size < (int)sizeof(folder));
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chmod(folder, 0755), 0);
    assert_int_equal(chdir(folder), 0);
    return home;
}

static inline int quipu_test_remove_one(const char *path,
                                        const struct stat *info, int kind,
                                        struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

/* Changes back to the previous folder and removes the public one, whose folders
 * must be writable again. */
static inline void quipu_test_leave_public_folder(char *home)
{
    char *folder = getcwd(NULL, 0);
    assert_non_null(folder);
    assert_int_equal(chdir(home), 0);
    assert_int_equal(
        nftw(folder, quipu_test_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
    free(folder);
    free(home);
}

#endif
