/* SPDX-License-Identifier: Apache-2.0 */
#include "quipu_test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/lock_file.h"
#include "driver/host.h"
#include "now.h"

static void make_database(const char *name, mode_t mode)
{
    int fd = open(name, O_CREAT | O_WRONLY, 0644);
    assert_true(fd >= 0);
    assert_int_equal(fchmod(fd, mode), 0);
    (void)close(fd);
}

static bool exists(const char *name)
{
    return access(name, F_OK) == 0;
}

static int try_open(struct lock_file *lock_file, const char *name, bool *alone,
                    quipu_error *error)
{
    const struct lock_file_target target = { .host = quipu_host_table(),
                                             .database = name,
                                             .owner = name };

    return quipu_common_lock_file_open(
        lock_file, &target, fixture_now() + SECOND / 20, alone, error);
}

/* Opens the file as the only user, and releases the open lock. */
static struct lock_file open_exclusively(const char *name)
{
    struct lock_file lock_file;
    bool alone = false;
    quipu_error error = { 0 };
    assert_ok(try_open(&lock_file, name, &alone, &error), &error);
    assert_true(alone);
    quipu_common_lock_file_unlock(&lock_file);
    return lock_file;
}

static void leave(struct lock_file *lock_file, bool expected_alone)
{
    bool alone =
        quipu_common_lock_file_try_exclusive(lock_file, fixture_now() + SECOND);
    assert_int_equal(alone, expected_alone);
    quipu_common_lock_file_close(lock_file, quipu_host_table(), alone);
}

static void first_user_is_exclusive_and_last_removes_the_file(void **state)
{
    (void)state;
    struct lock_file second;
    bool alone = true;
    make_database("a.db", 0644);
    struct lock_file first = open_exclusively("a.db");
    assert_true(exists("a.db-quipu"));
    assert_ok(try_open(&second, "a.db", &alone, NULL), NULL);
    assert_false(alone);
    leave(&first, false);
    assert_true(exists("a.db-quipu"));
    leave(&second, true);
    assert_false(exists("a.db-quipu"));
}

static void two_users_share_one_page(void **state)
{
    (void)state;
    struct lock_file second;
    bool alone = true;
    make_database("b.db", 0644);
    struct lock_file first = open_exclusively("b.db");
    assert_ok(try_open(&second, "b.db", &alone, NULL), NULL);
    assert_int_equal(
        quipu_common_fair_lock_acquire(&first.page->fair_lock, FOREVER), 0);
    assert_int_equal(quipu_common_fair_lock_acquire(&second.page->fair_lock, 0),
                     ETIMEDOUT);
    quipu_common_fair_lock_release(&first.page->fair_lock);
    quipu_common_commit_counter_advance(&first.page->commit_counter);
    assert_int_equal(
        quipu_common_commit_counter_read(&second.page->commit_counter), 1);
    leave(&second, false);
    leave(&first, true);
}

static void opening_waits_for_the_open_lock(void **state)
{
    (void)state;
    struct lock_file first;
    struct lock_file second;
    bool alone = false;
    quipu_error error = { 0 };
    make_database("c.db", 0644);
    assert_ok(try_open(&first, "c.db", &alone, &error), &error);
    assert_true(alone);
    assert_refused(try_open(&second, "c.db", &alone, &error), QUIPU_BUSY,
                   &error, "being opened or closed");
    quipu_common_lock_file_unlock(&first);
    assert_ok(try_open(&second, "c.db", &alone, &error), &error);
    leave(&second, false);
    leave(&first, true);
}

/* A page that a power cut left: with locked mutexes, or with any other bytes.
 */
static void only_user_initialises_the_page(void **state)
{
    (void)state;
    make_database("d.db", 0644);
    FILE *file = fopen("d.db-quipu", "w");
    assert_non_null(file);
    for (int i = 0; i < 5000; i++) {
        (void)fputc(0xff, file);
    }
    (void)fclose(file);
    struct lock_file lock_file = open_exclusively("d.db");
    assert_int_equal(
        quipu_common_fair_lock_acquire(&lock_file.page->fair_lock, 0), 0);
    quipu_common_fair_lock_release(&lock_file.page->fair_lock);
    leave(&lock_file, true);
}

static void killed_process_releases_its_locks(void **state)
{
    (void)state;
    int pipes[2];
    char byte = 0;
    make_database("e.db", 0644);
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct lock_file lock_file = open_exclusively("e.db");
        (void)quipu_common_fair_lock_acquire(&lock_file.page->fair_lock,
                                             FOREVER);
        (void)!write(pipes[1], &byte, 1);
        for (;;) {
            (void)pause();
        }
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(exists("e.db-quipu"));
    struct lock_file lock_file = open_exclusively("e.db");
    leave(&lock_file, true);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static void page_with_another_layout_is_unsupported(void **state)
{
    (void)state;
    struct lock_file second;
    bool alone = false;
    quipu_error error = { 0 };
    make_database("f.db", 0644);
    struct lock_file first = open_exclusively("f.db");
    first.page->size++;
    assert_refused(try_open(&second, "f.db", &alone, &error), QUIPU_UNSUPPORTED,
                   &error, "too different");
    first.page->size--;
    first.page->format++;
    assert_refused(try_open(&second, "f.db", &alone, &error), QUIPU_UNSUPPORTED,
                   &error, "too different");
    first.page->format--;
    first.page->magic[0] = 'x';
    assert_refused(try_open(&second, "f.db", &alone, &error), QUIPU_UNSUPPORTED,
                   &error, "too different");
    assert_int_equal(ftruncate(first.fd, 8192), 0);
    assert_refused(try_open(&second, "f.db", &alone, &error), QUIPU_UNSUPPORTED,
                   &error, "too different");
    leave(&first, true);
}

static void lock_file_has_the_mode_of_the_database(void **state)
{
    (void)state;
    struct stat info;
    make_database("g.db", 0660);
    struct lock_file lock_file = open_exclusively("g.db");
    assert_int_equal(stat("g.db-quipu", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0660);
    leave(&lock_file, true);
}

static void removed_lock_file_is_opened_again(void **state)
{
    (void)state;
    make_database("h.db", 0644);
    struct lock_file first = open_exclusively("h.db");
    assert_int_equal(unlink("h.db-quipu"), 0);
    struct lock_file second = open_exclusively("h.db");
    leave(&first, false); /* its file has no name any more */
    assert_true(exists("h.db-quipu"));
    leave(&second, true);
}

static void symbolic_link_as_lock_file_is_refused(void **state)
{
    (void)state;
    struct lock_file lock_file;
    bool alone = false;
    quipu_error error = { 0 };
    make_database("i.db", 0644);
    assert_int_equal(symlink("elsewhere", "i.db-quipu"), 0);
    assert_refused(try_open(&lock_file, "i.db", &alone, &error), QUIPU_IO,
                   &error, "lock file (-quipu)");
    assert_false(exists("elsewhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_user_is_exclusive_and_last_removes_the_file),
        cmocka_unit_test(two_users_share_one_page),
        cmocka_unit_test(opening_waits_for_the_open_lock),
        cmocka_unit_test(only_user_initialises_the_page),
        cmocka_unit_test(killed_process_releases_its_locks),
        cmocka_unit_test(page_with_another_layout_is_unsupported),
        cmocka_unit_test(lock_file_has_the_mode_of_the_database),
        cmocka_unit_test(removed_lock_file_is_opened_again),
        cmocka_unit_test(symbolic_link_as_lock_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
