/* SPDX-License-Identifier: Apache-2.0 */
/* Lock files on a file system without O_TMPFILE, which open() of this program
 * imitates, and on one without F_OFD_SETLK. */

/* With it, libc's headers define some of these functions as inline. */
#undef _FORTIFY_SOURCE

#include "quipu_test.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <quipu/types.h>

#include "common/lock_file.h"
#include "common/lock_name.h"
#include "driver/host.h"
#include "now.h"

static const char *incomplete;    /* a name that no incomplete file may have */
static bool has_noreplace = true; /* whether renames can do that */
static int lock_error;            /* of F_OFD_SETLK; 0: it works */
static bool fails_to_read;        /* pread() does, with EIO */
static int kill_at;               /* the write that ends the process; 0: none */

/* Finds the real function. ISO C cannot convert the pointer, so it is copied.
 */
#define NEXT(name)                                    \
    static __typeof__(&(name)) next;                  \
    if (!next) {                                      \
        void *found = dlsym(RTLD_NEXT, #name);        \
        memcpy((void *)&next, &found, sizeof(found)); \
    }

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name) */
/* NOLINTBEGIN(clang-analyzer-valist.Uninitialized) */

QUIPU_API int open(const char *path, int flags, ...)
{
    NEXT(open)
    mode_t mode = 0;
    if ((flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    if ((flags & O_CREAT) != 0) {
        va_list arguments;
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    return next(path, flags, mode);
}

QUIPU_API ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    NEXT(pwrite)
    if (incomplete) {
        assert_int_equal(access(incomplete, F_OK), -1);
    }
    if (kill_at > 0 && --kill_at == 0) {
        (void)raise(SIGKILL);
    }
    return next(fd, data, size, offset);
}

QUIPU_API ssize_t pread(int fd, void *data, size_t size, off_t offset)
{
    NEXT(pread)
    if (fails_to_read) {
        errno = EIO;
        return -1;
    }
    return next(fd, data, size, offset);
}

/* The last call before the file gets its name. */
QUIPU_API int fsync(int fd)
{
    NEXT(fsync)
    if (incomplete) {
        assert_int_equal(access(incomplete, F_OK), -1);
        incomplete = NULL;
    }
    if (kill_at > 0 && --kill_at == 0) {
        (void)raise(SIGKILL);
    }
    return next(fd);
}

/* Of one argument, which may be a number. */
QUIPU_API int fcntl(int fd, int command, ...)
{
    NEXT(fcntl)
    va_list list;
    va_start(list, command);
    void *argument = va_arg(list, void *);
    va_end(list);
    if (command == F_OFD_SETLK && lock_error != 0) {
        errno = lock_error;
        return -1;
    }
    return next(fd, command, argument);
}

/* Of five arguments, as those of renameat2. */
QUIPU_API long syscall(long number, ...)
{
    NEXT(syscall)
    long arguments[5];
    va_list list;
    va_start(list, number);
    for (int i = 0; i < 5; i++) {
        arguments[i] = va_arg(list, long);
    }
    va_end(list);
    if (number == SYS_renameat2 && !has_noreplace) {
        errno = EINVAL;
        return -1;
    }
    return next(number, arguments[0], arguments[1], arguments[2], arguments[3],
                arguments[4]);
}

/* NOLINTEND(clang-analyzer-valist.Uninitialized) */
/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static int try_open(struct lock_file *lock_file, quipu_error *error)
{
    const struct lock_file_target target = { .host = quipu_host_table(),
                                             .database = "x.db",
                                             .owner = "x.db" };
    bool alone = false;
    int status = quipu_common_lock_file_open(
        lock_file, &target, fixture_now() + FIXTURE_PATIENCE, &alone, error);

    if (status == QUIPU_OK && alone) {
        quipu_common_lock_file_unlock(lock_file);
    }
    return status;
}

static void leave(struct lock_file *lock_file)
{
    bool alone = quipu_common_lock_file_try_exclusive(
        lock_file, fixture_now() + FIXTURE_PATIENCE);

    quipu_common_lock_file_close(lock_file, quipu_host_table(), alone);
}

static void expect_no_files(void)
{
    assert_int_equal(access("x.db-quipu", F_OK), -1);
    assert_int_equal(access("x.db-quipu-tmp", F_OK), -1);
}

static void lock_file_is_complete_when_it_gets_its_name(void **state)
{
    (void)state;
    static struct lock_file lock_file;
    quipu_error error = { 0 };

    incomplete = "x.db-quipu";
    assert_ok(try_open(&lock_file, &error), &error);
    assert_null(incomplete);
    assert_int_equal(access("x.db-quipu", F_OK), 0);
    assert_int_equal(access("x.db-quipu-tmp", F_OK), -1);
    leave(&lock_file);
    expect_no_files();
}

/* At its write, and at its sync. */
static void file_of_a_killed_process_is_used_by_the_next(void **state)
{
    (void)state;
    static struct lock_file lock_file;
    quipu_error error = { 0 };

    for (int call = 1; call <= 2; call++) {
        int ended = 0;
        (void)fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            kill_at = call;
            (void)try_open(&lock_file, NULL);
            _exit(1);
        }
        assert_int_equal(waitpid(child, &ended, 0), child);
        assert_true(WIFSIGNALED(ended));
        assert_int_equal(access("x.db-quipu-tmp", F_OK), 0);
        assert_ok(try_open(&lock_file, &error), &error);
        assert_int_equal(access("x.db-quipu-tmp", F_OK), -1);
        leave(&lock_file);
        expect_no_files();
    }
}

static void other_file_of_the_temporary_name_is_left_alone(void **state)
{
    (void)state;
    static struct lock_file lock_file;
    quipu_error error = { 0 };
    char text[8] = "";

    FILE *file = fopen("x.db-quipu-tmp", "w");
    assert_non_null(file);
    assert_true(fputs("a note", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_refused(try_open(&lock_file, &error), QUIPU_INVALID, &error,
                   "x.db-quipu-tmp");
    file = fopen("x.db-quipu-tmp", "r");
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof(text), file));
    assert_int_equal(fclose(file), 0);
    assert_string_equal(text, "a note");
    assert_int_equal(unlink("x.db-quipu-tmp"), 0);
    assert_int_equal(symlink("x.db", "x.db-quipu-tmp"), 0);
    assert_refused(try_open(&lock_file, &error), QUIPU_INVALID, &error,
                   "x.db-quipu-tmp");
    assert_int_equal(unlink("x.db-quipu-tmp"), 0);
}

/* It must not be called a foreign file, which a user would remove. */
static void file_that_cannot_be_read_is_not_called_foreign(void **state)
{
    (void)state;
    static struct lock_file lock_file;
    static struct lock_file second;
    quipu_error error = { 0 };

    assert_ok(try_open(&lock_file, &error), &error);
    assert_int_equal(quipu_common_lock_name_recognise("x.db-quipu"), 1);
    assert_int_equal(quipu_common_lock_name_recognise("x.db"), 0);
    fails_to_read = true;
    assert_int_equal(quipu_common_lock_name_recognise("x.db-quipu"), -1);
    assert_refused(try_open(&second, &error), QUIPU_IO, &error, "x.db");
    fails_to_read = false;
    /* The same with the temporary name. */
    assert_int_equal(rename("x.db-quipu", "x.db-quipu-tmp"), 0);
    fails_to_read = true;
    assert_refused(try_open(&second, &error), QUIPU_IO, &error, "x.db");
    fails_to_read = false;
    assert_int_equal(rename("x.db-quipu-tmp", "x.db-quipu"), 0);
    leave(&lock_file);
    expect_no_files();
}

/* Processes that create the file and remove it, again and again. */
static void create_and_remove_by_processes(void)
{
    enum { PROCESSES = 4, ROUNDS = 200 };
    static struct lock_file lock_file;
    pid_t children[PROCESSES];

    (void)fflush(NULL);
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        for (int k = 0; children[i] == 0 && k < ROUNDS; k++) {
            if (try_open(&lock_file, NULL) != QUIPU_OK) {
                _exit(1);
            }
            leave(&lock_file);
        }
        if (children[i] == 0) {
            _exit(0);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int ended = 0;
        assert_int_equal(waitpid(children[i], &ended, 0), children[i]);
        assert_int_equal(ended, 0);
    }
    expect_no_files();
}

static void processes_that_create_it_share_one_file(void **state)
{
    (void)state;
    create_and_remove_by_processes();
    has_noreplace = false;
    create_and_remove_by_processes();
    has_noreplace = true;
}

static int make_database(void **state)
{
    (void)state;
    int fd = open("x.db", O_CREAT | O_WRONLY | O_CLOEXEC, 0644);

    return fd < 0 || close(fd) != 0;
}

/* Linux before 3.15 does not know the command. */
static void system_without_these_locks_is_named(void **state)
{
    (void)state;
    static const int codes[] = { EINVAL, ENOLCK, EOPNOTSUPP };
    static struct lock_file lock_file;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        quipu_error error = { 0 };
        lock_error = codes[i];
        const int status = try_open(&lock_file, &error);
        lock_error = 0;
        assert_refused(status, QUIPU_UNSUPPORTED, &error, "F_OFD_SETLK");
        assert_contains(error.message, "Linux 3.15");
        expect_no_files();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lock_file_is_complete_when_it_gets_its_name),
        cmocka_unit_test(file_of_a_killed_process_is_used_by_the_next),
        cmocka_unit_test(other_file_of_the_temporary_name_is_left_alone),
        cmocka_unit_test(file_that_cannot_be_read_is_not_called_foreign),
        cmocka_unit_test(processes_that_create_it_share_one_file),
        cmocka_unit_test(system_without_these_locks_is_named),
    };
    return cmocka_run_group_tests(tests, make_database, NULL) != 0;
}
