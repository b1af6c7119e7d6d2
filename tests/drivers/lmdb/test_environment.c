/* SPDX-License-Identifier: Apache-2.0 */
/* One environment for a file in each process; several processes on a file. */
#include "fixture.h"

#include "drivers/common/processes.h"
#include "quipu_test_unprivileged.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include "lmdb_driver.h"
#include "quipu_test_skip.h"

static void names_of_one_file_share_an_environment(void **state)
{
    (void)state;
    char link[48];
    char folder[32];
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    (void)snprintf(link, sizeof(link), "%s-link", folder);
    struct place first = fixture_place(folder, NULL);
    assert_int_equal(symlink(folder, link), 0);
    struct place second = fixture_place(link, NULL);
    const struct opening spaced = { .name_space = "other" };
    struct place third = fixture_place(folder, &spaced);
    assert_ptr_equal(first.datastore->environment,
                     second.datastore->environment);
    assert_ptr_equal(first.datastore->environment,
                     third.datastore->environment);
    fixture_append(first.datastore, first.bound, 1);
    assert_int_equal(fixture_count(second.datastore, second.bound), 1);
    assert_int_equal(fixture_count(third.datastore, third.bound), 0);
    fixture_leave(&first); /* the others go on */
    fixture_append(second.datastore, second.bound, 1);
    fixture_append(third.datastore, third.bound, 1);
    fixture_leave(&second);
    fixture_leave(&third);
}

static void open_after_fork(void *context)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    assert_refused(fixture_try_open(context, NULL, &datastore, &error),
                   QUIPU_INVALID, &error, "forked");
    struct place other = fixture_place("of-the-child", NULL);
    fixture_append(other.datastore, other.bound, 1);
    fixture_leave(&other);
}

static void child_of_a_fork_is_refused(void **state)
{
    (void)state;
    char folder[32];
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    struct place place = fixture_place(folder, NULL);
    expect_success(start_child(open_after_fork, folder));
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
}

static int die(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)error;
    (void)raise(SIGKILL);
    return QUIPU_OK;
}

static void die_inside(void *context)
{
    struct place place = fixture_place(context, NULL);
    struct piece piece;
    quipu_result result = { 0 };
    fixture_piece(&piece, 1, -1, 1);
    const quipu_request request = { .schema = place.bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    (void)fixture_driver()->transact(place.datastore, &request, die, NULL,
                                     &result, FOREVER, NULL);
}

static void killed_writer_blocks_no_other(void **state)
{
    (void)state;
    char folder[32];
    int status = 0;
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    for (int i = 0; i < 3; i++) {
        pid_t child = start_child(die_inside, folder);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        struct place place = fixture_place(folder, NULL);
        fixture_append(place.datastore, place.bound, 1);
        assert_int_equal(fixture_count(place.datastore, place.bound), i + 1);
        fixture_leave(&place);
    }
}

#define MAKERS 6

static void make_and_append(void *context)
{
    struct place place = fixture_place(context, NULL);
    for (int i = 0; i < 20; i++) {
        fixture_append(place.datastore, place.bound, 1);
    }
    fixture_leave(&place);
}

static void several_processes_create_one_store(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        char folder[32];
        pid_t children[MAKERS];
        (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
        for (int i = 0; i < MAKERS; i++) {
            children[i] = start_child(make_and_append, folder);
        }
        for (int i = 0; i < MAKERS; i++) {
            expect_success(children[i]);
        }
        struct place place = fixture_place(folder, NULL);
        assert_int_equal(fixture_count(place.datastore, place.bound),
                         MAKERS * 20);
        fixture_leave(&place);
    }
}

static void only_lmdbs_lock_file_remains(void **state)
{
    (void)state;
    char name[64];
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    (void)snprintf(name, sizeof(name), "%s/data.mdb-quipu", folder);
    assert_int_equal(access(name, F_OK), 0);
    fixture_leave(&place);
    assert_int_equal(access(name, F_OK), -1);
    (void)snprintf(name, sizeof(name), "%s/data.mdb-new", folder);
    assert_int_equal(access(name, F_OK), -1);
}

/* ----------------------------------------------------------- PID namespaces */

struct keeper {
    char folder[32];
    atomic_int ready;
};

static void keep_open(void *context)
{
    struct keeper *keeper = context;
    struct place place = fixture_place(keeper->folder, NULL);
    (void)fixture_count(place.datastore, place.bound); /* takes a slot */
    atomic_store(&keeper->ready, 1);
    for (;;) {
        (void)pause();
    }
}

static void expect_other_namespace(void *context)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    assert_int_equal(getpid(), 1);
    assert_refused(fixture_try_open(context, NULL, &datastore, &error),
                   QUIPU_UNSUPPORTED, &error, "PID namespace");
}

/* As a container does. */
static void enter_namespace(void *context)
{
    if (unshare(CLONE_NEWPID) != 0) {
        (void)fflush(NULL);
        _exit(77);
    }
    expect_success(start_child(expect_other_namespace, context));
}

static void store_in_use_in_another_pid_namespace_is_refused(void **state)
{
    (void)state;
    int status = 0;
    struct keeper *keeper = share_memory(sizeof(*keeper));
    (void)snprintf(keeper->folder, sizeof(keeper->folder), "%s",
                   fixture_file());
    pid_t holder = start_child(keep_open, keeper);
    while (atomic_load(&keeper->ready) == 0) {
        (void)usleep(1000);
    }
    pid_t child = start_child(enter_namespace, keeper->folder);
    assert_int_equal(waitpid(child, &status, 0), child);
    kill_child(holder);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        quipu_test_skip("it needs the right to make a PID namespace");
    }
    assert_int_equal(status, 0);
    struct place place = fixture_place(keeper->folder, NULL);
    fixture_leave(&place);
    assert_int_equal(munmap(keeper, sizeof(*keeper)), 0);
}

/* ------------------------------------------------------------ reader table */

/* A slot of a killed process whose number a later one has: it pins all pages
 * that its transaction has seen. */
static void slot_of_a_reused_process_number_is_freed(void **state)
{
    (void)state;
    char name[64];
    struct stat info;
    struct keeper *keeper = share_memory(sizeof(*keeper));
    (void)snprintf(keeper->folder, sizeof(keeper->folder), "%s",
                   fixture_file());
    const char *folder = keeper->folder;
    (void)snprintf(name, sizeof(name), "%s/lock.mdb", folder);
    pid_t holder = start_child(keep_open, keeper);
    while (atomic_load(&keeper->ready) == 0) {
        (void)usleep(1000);
    }
    int fd = open(name, O_RDWR);
    assert_true(fd >= 0);
    const uint32_t own = (uint32_t)getpid();
    const uint64_t oldest = 1;
    const uint32_t slots = 2; /* the second is that of the dead process */
    assert_int_equal(pwrite(fd, &slots, 4, 56), 4);
    assert_int_equal(pwrite(fd, &oldest, 8, 128 + 64), 8);
    assert_int_equal(pwrite(fd, &own, 4, 128 + 64 + 8), 4);
    (void)close(fd);
    struct place place = fixture_place(folder, NULL);
    for (int i = 0; i < 400; i++) {
        fixture_append(place.datastore, place.bound, 1);
    }
    assert_int_equal(stat(fixture_data(folder), &info), 0);
    assert_true(info.st_size < 4 << 20);
    fixture_leave(&place);
    kill_child(holder);
    assert_int_equal(munmap(keeper, sizeof(*keeper)), 0);
}

/* ---------------------------------------------------------------- readonly */

static void read_only(void *context)
{
    const struct opening how = { .flags = QUIPU_OPEN_READONLY };
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    size_t count = 0;
    assert_refused(fixture_try_open(context, NULL, &datastore, &error),
                   QUIPU_DENIED, &error, "permissions");
    struct place place = { NULL, NULL };
    const quipu_schema schema = fixture_schema("events", 0);
    assert_ok(fixture_try_open(context, &how, &place.datastore, &error),
              &error);
    assert_ok(fixture_driver()->bind(place.datastore, &schema, FOREVER,
                                     &place.bound, &error),
              &error);
    assert_ok(fixture_scan(&place, &count, &error), &error);
    assert_int_equal(count, 1);
    fixture_leave(&place);
}

static void reader_without_write_permission_can_read(void **state)
{
    (void)state;
    char folder[32];
    char lock[64];
    char *home = quipu_test_enter_public_folder();
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    (void)snprintf(lock, sizeof(lock), "%s/lock.mdb", folder);
    struct place place = fixture_place(folder, NULL);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
    assert_int_equal(chmod(fixture_data(folder), 0444), 0);
    assert_int_equal(chmod(lock, 0666), 0);
    quipu_test_run_unprivileged(read_only, folder);
    quipu_test_leave_public_folder(home);
}

static void immutable_creates_no_lock_file(void **state)
{
    (void)state;
    char lock[64];
    quipu_error error = { 0 };
    size_t count = 0;
    const struct opening how = { .flags = QUIPU_OPEN_READONLY,
                                 .option = "immutable",
                                 .value = "yes" };
    const char *folder = fixture_file();
    (void)snprintf(lock, sizeof(lock), "%s/lock.mdb", folder);
    struct place place = fixture_place(folder, NULL);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
    assert_int_equal(unlink(lock), 0);
    place = fixture_place(folder, &how);
    assert_ok(fixture_scan(&place, &count, &error), &error);
    assert_int_equal(count, 1);
    fixture_leave(&place);
    assert_int_equal(access(lock, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_one_file_share_an_environment),
        cmocka_unit_test(child_of_a_fork_is_refused),
        cmocka_unit_test(killed_writer_blocks_no_other),
        cmocka_unit_test(several_processes_create_one_store),
        cmocka_unit_test(only_lmdbs_lock_file_remains),
        cmocka_unit_test(store_in_use_in_another_pid_namespace_is_refused),
        cmocka_unit_test(slot_of_a_reused_process_number_is_freed),
        cmocka_unit_test(reader_without_write_permission_can_read),
        cmocka_unit_test(immutable_creates_no_lock_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
