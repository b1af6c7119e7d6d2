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

/* Each lock file of these tests is static, since the process registers it: one
 * that a failing test leaves open stays valid for the tests after it. */

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
                                             .owner = name,
                                             .identity = { 1, 2 } };

    return quipu_common_lock_file_open(
        lock_file, &target, fixture_now() + SECOND / 20, alone, error);
}

/* Opens the file as the only user, and releases the open lock. */
static void open_exclusively(struct lock_file *lock_file, const char *name)
{
    bool alone = false;
    quipu_error error = { 0 };
    assert_ok(try_open(lock_file, name, &alone, &error), &error);
    assert_true(alone);
    quipu_common_lock_file_unlock(lock_file);
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
    static struct lock_file second;
    bool alone = true;
    make_database("a.db", 0644);
    static struct lock_file first;
    open_exclusively(&first, "a.db");
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
    static struct lock_file second;
    bool alone = true;
    make_database("b.db", 0644);
    static struct lock_file first;
    open_exclusively(&first, "b.db");
    assert_ok(try_open(&second, "b.db", &alone, NULL), NULL);
    assert_int_equal(quipu_common_fair_lock_acquire(&first.fair_lock, FOREVER),
                     0);
    assert_int_equal(quipu_common_fair_lock_acquire(&second.fair_lock, 0),
                     ETIMEDOUT);
    quipu_common_fair_lock_release(&first.fair_lock);
    quipu_common_commit_counter_advance(&first.page->commit_counter);
    assert_int_equal(
        quipu_common_commit_counter_read(&second.page->commit_counter), 1);
    leave(&second, false);
    leave(&first, true);
}

static void opening_waits_for_the_open_lock(void **state)
{
    (void)state;
    static struct lock_file first;
    static struct lock_file second;
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

static void fill(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* A page that a killed process or a power cut left: with the magic and any
 * other bytes, or, of earlier versions, empty. */
static void only_user_initialises_the_page(void **state)
{
    (void)state;
    char page[LOCK_PAGE_BYTES];
    make_database("d.db", 0644);
    for (int i = 0; i < 2; i++) {
        static struct lock_file lock_file;
        memset(page, i == 0 ? 0xff : 0, sizeof(page));
        memcpy(page, i == 0 ? "quipu\n1" : page, 8);
        fill("d.db-quipu", page, sizeof(page));
        open_exclusively(&lock_file, "d.db");
        assert_int_equal(atomic_load(&lock_file.page->marks[0]), 0);
        assert_int_equal(
            quipu_common_fair_lock_acquire(&lock_file.fair_lock, 0), 0);
        quipu_common_fair_lock_release(&lock_file.fair_lock);
        leave(&lock_file, true);
        assert_false(exists("d.db-quipu"));
    }
}

static void refuse_other_file(void)
{
    static struct lock_file lock_file;
    struct stat before;
    struct stat after;
    bool alone = false;
    quipu_error error = { 0 };
    assert_int_equal(lstat("n.db-quipu", &before), 0);
    assert_refused(try_open(&lock_file, "n.db", &alone, &error), QUIPU_INVALID,
                   &error, "is not a lock file");
    assert_int_equal(lstat("n.db-quipu", &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_size, after.st_size);
    assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(after.st_mtim));
    assert_int_equal(remove("n.db-quipu"), 0);
}

static void other_file_of_that_name_is_left_alone(void **state)
{
    (void)state;
    static const char database[LOCK_PAGE_BYTES] = "SQLite format 3";
    static const char magic[LOCK_PAGE_BYTES] = "quipu\n1";
    make_database("n.db", 0644);
    fill("n.db-quipu", database, sizeof(database));
    refuse_other_file();
    fill("n.db-quipu", "", 0); /* a store that is being created */
    refuse_other_file();
    fill("n.db-quipu", "a note\n", 7);
    refuse_other_file();
    fill("n.db-quipu", magic, 100);
    refuse_other_file();
    fill("target", magic, sizeof(magic));
    assert_int_equal(symlink("target", "n.db-quipu"), 0);
    refuse_other_file();
    assert_int_equal(link("target", "n.db-quipu"), 0);
    refuse_other_file();
    assert_int_equal(mkdir("n.db-quipu", 0700), 0);
    refuse_other_file();
    assert_int_equal(mkfifo("n.db-quipu", 0600), 0);
    refuse_other_file();
    assert_true(exists("target"));
}

static void other_file_is_not_removed_at_closing(void **state)
{
    (void)state;
    static struct lock_file lock_file;
    make_database("o.db", 0644);
    open_exclusively(&lock_file, "o.db");
    assert_true(quipu_common_lock_file_try_exclusive(&lock_file,
                                                     fixture_now() + SECOND));
    assert_int_equal(unlink("o.db-quipu"), 0);
    fill("o.db-quipu", "a note\n", 7);
    quipu_common_lock_file_close(&lock_file, quipu_host_table(), true);
    assert_true(exists("o.db-quipu"));
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
        static struct lock_file lock_file;
        open_exclusively(&lock_file, "e.db");
        (void)quipu_common_fair_lock_acquire(&lock_file.fair_lock, FOREVER);
        (void)!write(pipes[1], &byte, 1);
        for (;;) {
            (void)pause();
        }
    }
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_true(exists("e.db-quipu"));
    static struct lock_file lock_file;
    open_exclusively(&lock_file, "e.db");
    leave(&lock_file, true);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static void page_with_another_layout_is_unsupported(void **state)
{
    (void)state;
    static struct lock_file second;
    bool alone = false;
    quipu_error error = { 0 };
    make_database("f.db", 0644);
    static struct lock_file first;
    open_exclusively(&first, "f.db");
    first.page->size++;
    assert_refused(try_open(&second, "f.db", &alone, &error), QUIPU_UNSUPPORTED,
                   &error, "another version");
    first.page->size--;
    first.page->format++;
    assert_refused(try_open(&second, "f.db", &alone, &error), QUIPU_UNSUPPORTED,
                   &error, "another version");
    first.page->format--;
    leave(&first, true);
}

/* A user that may only read could lock a byte and so stop all writers. */
static void lock_file_has_the_mode_of_the_writers(void **state)
{
    (void)state;
    static const mode_t modes[][2] = { { 0660, 0660 }, { 0644, 0600 },
                                       { 0664, 0660 }, { 0666, 0666 },
                                       { 0604, 0600 }, { 0444, 0600 } };
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        static struct lock_file lock_file;
        struct stat info;
        make_database("g.db", modes[i][0]);
        open_exclusively(&lock_file, "g.db");
        assert_int_equal(stat("g.db-quipu", &info), 0);
        assert_int_equal(info.st_mode & 07777, modes[i][1]);
        leave(&lock_file, true);
        assert_int_equal(unlink("g.db"), 0);
    }
}

/* Users of a file that had the name before, and files beside it, are not those
 * of the file that has the name now. */
static void users_of_another_database_are_refused(void **state)
{
    (void)state;
    static struct lock_file first;
    static struct lock_file second;
    struct lock_file_target target = { .host = quipu_host_table(),
                                       .database = "p.db",
                                       .owner = "p.db" };
    bool alone = false;
    quipu_error error = { 0 };
    make_database("p.db", 0644);
    open_exclusively(&first, "p.db");
    target.identity = (struct file_identity){ 1, 2 };
    assert_ok(
        quipu_common_lock_file_open(&second, &target, FOREVER, &alone, &error),
        &error);
    leave(&second, false);
    target.identity.inode = 3;
    assert_refused(
        quipu_common_lock_file_open(&second, &target, FOREVER, &alone, &error),
        QUIPU_INVALID, &error, "moved or replaced");
    leave(&first, true);
}

static void other_pid_namespace_is_refused_on_demand(void **state)
{
    (void)state;
    static struct lock_file first;
    static struct lock_file second;
    struct lock_file_target target = { .host = quipu_host_table(),
                                       .database = "q.db",
                                       .owner = "q.db",
                                       .one_pid_namespace = true };
    bool alone = false;
    quipu_error error = { 0 };
    make_database("q.db", 0644);
    assert_ok(
        quipu_common_lock_file_open(&first, &target, FOREVER, &alone, &error),
        &error);
    quipu_common_lock_file_unlock(&first);
    assert_ok(
        quipu_common_lock_file_open(&second, &target, FOREVER, &alone, &error),
        &error);
    leave(&second, false);
    first.page->pid_namespace.inode++;
    assert_refused(
        quipu_common_lock_file_open(&second, &target, FOREVER, &alone, &error),
        QUIPU_UNSUPPORTED, &error, "PID namespace");
    target.one_pid_namespace = false;
    assert_ok(
        quipu_common_lock_file_open(&second, &target, FOREVER, &alone, &error),
        &error);
    leave(&second, false);
    leave(&first, true);
}

/* A child that a process forked while it had locks outlives it. */
static void child_of_a_fork_keeps_no_lock(void **state)
{
    (void)state;
    static struct lock_file lock_file;
    int pipes[2];
    pid_t child = 0;
    make_database("r.db", 0644);
    assert_int_equal(pipe(pipes), 0);
    pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        bool alone = false;
        (void)try_open(&lock_file, "r.db", &alone, NULL);
        (void)quipu_common_fair_lock_acquire(&lock_file.fair_lock, FOREVER);
        child = fork();
        if (child == 0) {
            for (;;) {
                (void)pause();
            }
        }
        (void)!write(pipes[1], &child, sizeof(child));
        for (;;) {
            (void)pause();
        }
    }
    assert_int_equal(read(pipes[0], &child, sizeof(child)), sizeof(child));
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    bool alone = false;
    quipu_error error = { 0 };
    int status = try_open(&lock_file, "r.db", &alone, &error);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_ok(status, &error);
    assert_true(alone);
    leave(&lock_file, true);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static void removed_lock_file_is_opened_again(void **state)
{
    (void)state;
    make_database("h.db", 0644);
    static struct lock_file first;
    open_exclusively(&first, "h.db");
    assert_int_equal(unlink("h.db-quipu"), 0);
    static struct lock_file second;
    open_exclusively(&second, "h.db");
    leave(&first, false); /* its file has no name any more */
    assert_true(exists("h.db-quipu"));
    leave(&second, true);
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
        cmocka_unit_test(lock_file_has_the_mode_of_the_writers),
        cmocka_unit_test(other_file_of_that_name_is_left_alone),
        cmocka_unit_test(other_file_is_not_removed_at_closing),
        cmocka_unit_test(users_of_another_database_are_refused),
        cmocka_unit_test(other_pid_namespace_is_refused_on_demand),
        cmocka_unit_test(child_of_a_fork_keeps_no_lock),
        cmocka_unit_test(removed_lock_file_is_opened_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
