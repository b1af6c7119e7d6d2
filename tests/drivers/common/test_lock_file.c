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

static int try_gate(struct lock_file *lock_file, const char *name, bool *alone,
                    quipu_error *error)
{
    const struct lock_file_target target = { .host = quipu_host_table(),
                                             .database = name,
                                             .owner = name };

    return quipu_common_lock_file_open(
        lock_file, &target, fixture_now() + SECOND / 20, alone, error);
}

/* Opens as the first, and lets others in. */
static struct lock_file enter_alone(const char *name)
{
    struct lock_file lock_file;
    bool alone = false;
    quipu_error error = { 0 };
    assert_ok(try_gate(&lock_file, name, &alone, &error), &error);
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

static void the_first_is_alone_and_the_last_removes(void **state)
{
    (void)state;
    struct lock_file second;
    bool alone = true;
    make_database("a.db", 0644);
    struct lock_file first = enter_alone("a.db");
    assert_true(exists("a.db-quipu"));
    assert_ok(try_gate(&second, "a.db", &alone, NULL), NULL);
    assert_false(alone);
    leave(&first, false);
    assert_true(exists("a.db-quipu"));
    leave(&second, true);
    assert_false(exists("a.db-quipu"));
}

static void both_see_one_turnstile(void **state)
{
    (void)state;
    struct lock_file second;
    bool alone = true;
    make_database("b.db", 0644);
    struct lock_file first = enter_alone("b.db");
    assert_ok(try_gate(&second, "b.db", &alone, NULL), NULL);
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

static void others_wait_at_the_door(void **state)
{
    (void)state;
    struct lock_file first;
    struct lock_file second;
    bool alone = false;
    quipu_error error = { 0 };
    make_database("c.db", 0644);
    assert_ok(try_gate(&first, "c.db", &alone, &error), &error);
    assert_true(alone);
    assert_refused(try_gate(&second, "c.db", &alone, &error), QUIPU_BUSY,
                   &error, "being opened or closed");
    quipu_common_lock_file_unlock(&first);
    assert_ok(try_gate(&second, "c.db", &alone, &error), &error);
    leave(&second, false);
    leave(&first, true);
}

/* What a power cut left: a page with locked mutexes, or any bytes at all. */
static void whoever_is_alone_sets_the_page_up_anew(void **state)
{
    (void)state;
    make_database("d.db", 0644);
    FILE *file = fopen("d.db-quipu", "w");
    assert_non_null(file);
    for (int i = 0; i < 5000; i++) {
        (void)fputc(0xff, file);
    }
    (void)fclose(file);
    struct lock_file lock_file = enter_alone("d.db");
    assert_int_equal(
        quipu_common_fair_lock_acquire(&lock_file.page->fair_lock, 0), 0);
    quipu_common_fair_lock_release(&lock_file.page->fair_lock);
    leave(&lock_file, true);
}

static void who_is_killed_is_not_there_any_more(void **state)
{
    (void)state;
    int pipes[2];
    char byte = 0;
    make_database("e.db", 0644);
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct lock_file lock_file = enter_alone("e.db");
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
    struct lock_file lock_file = enter_alone("e.db");
    leave(&lock_file, true);
    (void)close(pipes[0]);
    (void)close(pipes[1]);
}

static void programs_that_differ_too_much_keep_out(void **state)
{
    (void)state;
    struct lock_file second;
    bool alone = false;
    quipu_error error = { 0 };
    make_database("f.db", 0644);
    struct lock_file first = enter_alone("f.db");
    first.page->size++;
    assert_refused(try_gate(&second, "f.db", &alone, &error), QUIPU_UNSUPPORTED,
                   &error, "too different");
    first.page->size--;
    first.page->format++;
    assert_refused(try_gate(&second, "f.db", &alone, &error), QUIPU_UNSUPPORTED,
                   &error, "too different");
    first.page->format--;
    first.page->magic[0] = 'x';
    assert_refused(try_gate(&second, "f.db", &alone, &error), QUIPU_UNSUPPORTED,
                   &error, "too different");
    assert_int_equal(ftruncate(first.fd, 8192), 0);
    assert_refused(try_gate(&second, "f.db", &alone, &error), QUIPU_UNSUPPORTED,
                   &error, "too different");
    leave(&first, true);
}

static void the_lock_file_has_the_mode_of_the_database(void **state)
{
    (void)state;
    struct stat info;
    make_database("g.db", 0660);
    struct lock_file lock_file = enter_alone("g.db");
    assert_int_equal(stat("g.db-quipu", &info), 0);
    assert_int_equal(info.st_mode & 0777, 0660);
    leave(&lock_file, true);
}

static void a_lock_file_that_was_removed_is_not_believed(void **state)
{
    (void)state;
    make_database("h.db", 0644);
    struct lock_file first = enter_alone("h.db");
    assert_int_equal(unlink("h.db-quipu"), 0);
    struct lock_file second = enter_alone("h.db");
    leave(&first, false); /* it is no longer the lock_file */
    assert_true(exists("h.db-quipu"));
    leave(&second, true);
}

static void a_link_in_place_of_the_lock_file_is_refused(void **state)
{
    (void)state;
    struct lock_file lock_file;
    bool alone = false;
    quipu_error error = { 0 };
    make_database("i.db", 0644);
    assert_int_equal(symlink("elsewhere", "i.db-quipu"), 0);
    assert_refused(try_gate(&lock_file, "i.db", &alone, &error), QUIPU_IO,
                   &error, "lock file (-quipu)");
    assert_false(exists("elsewhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_alone_and_the_last_removes),
        cmocka_unit_test(both_see_one_turnstile),
        cmocka_unit_test(others_wait_at_the_door),
        cmocka_unit_test(whoever_is_alone_sets_the_page_up_anew),
        cmocka_unit_test(who_is_killed_is_not_there_any_more),
        cmocka_unit_test(programs_that_differ_too_much_keep_out),
        cmocka_unit_test(the_lock_file_has_the_mode_of_the_database),
        cmocka_unit_test(a_lock_file_that_was_removed_is_not_believed),
        cmocka_unit_test(a_link_in_place_of_the_lock_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
