/* SPDX-License-Identifier: Apache-2.0 */
/* A full disk: nothing is stored, the message says so, and the same handle goes
 * on when there is room again.  Needs root, which mounts a small tmpfs. */
#include "fixture.h"

#include "drivers/common/processes.h"
#include "quipu_test_skip.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define DISK "disk"
#define STORE DISK "/store"
#define FILLER DISK "/filler"
#define KIBI ((size_t)1 << 10)

/* Makes the disk, or skips the test.  The mount is the process's own, so that a
 * test that fails leaves none. */
static void mount_disk(void)
{
    (void)mkdir(DISK, 0777);
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("quipu", DISK, "tmpfs", 0, "size=2m") != 0) {
        quipu_test_skip("it needs the right to mount a disk");
    }
}

static void unmount_disk(void)
{
    assert_int_equal(umount(DISK), 0);
}

/* Fills the disk up to that many bytes. */
static void fill(size_t left)
{
    static const char bytes[4096] = { 1 };
    int fd = open(FILLER, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    off_t size = 0;
    ssize_t written = 0;
    while ((written = pwrite(fd, bytes, sizeof(bytes), size)) > 0) {
        size += written;
    }
    assert_int_equal(ftruncate(fd, size - (off_t)left), 0);
    assert_int_equal(close(fd), 0);
}

static void make_room(void)
{
    assert_int_equal(unlink(FILLER), 0);
}

/* Each amount of room is tried, so that writes are cut short at every page. */
static void full_disk_is_reported_and_survived(void **state)
{
    (void)state;
    quipu_error error = { 0 };
    size_t refused = 0;
    mount_disk();
    struct place place = fixture_place(STORE, NULL);
    fixture_append(place.datastore, place.bound, 1);
    size_t stored = 1;
    for (size_t left = 0; left <= 64 * KIBI; left += 4 * KIBI) {
        fill(left);
        int status = fixture_append_large(&place, 40 * KIBI, &error);
        if (status != QUIPU_OK) {
            assert_refused(status, QUIPU_IO, &error, "No space left on device");
            assert_contains(error.message, "nothing is stored");
            refused++;
        }
        stored += status == QUIPU_OK;
        make_room();
        assert_int_equal(fixture_count(place.datastore, place.bound), stored);
        fixture_append(place.datastore, place.bound, 1);
        stored++;
    }
    assert_true(refused > 5);
    assert_int_equal(fixture_count(place.datastore, place.bound), stored);
    fixture_leave(&place);
    unmount_disk();
}

/* Opens the store, which has no reader table, on a disk with that much room. */
static void open_and_read(void *context)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    (void)context;
    (void)signal(SIGBUS, SIG_DFL); /* not cmocka's handler, which continues */
    int status = fixture_try_open(STORE, NULL, &datastore, &error);
    if (status == QUIPU_OK) {
        fixture_close(datastore);
    } else if (status != QUIPU_IO || !strstr(error.message, "No space left")) {
        print_error("%d, %s\n", status, error.message);
        _exit(1);
    }
}

static void opening_on_a_full_disk_is_reported(void **state)
{
    (void)state;
    mount_disk();
    struct place place = fixture_place(STORE, NULL);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
    for (size_t left = 0; left <= 128 * KIBI; left += 4 * KIBI) {
        (void)unlink(STORE "/lock.mdb");
        fill(left);
        expect_success(start_child(open_and_read, NULL));
        make_room();
    }
    place = fixture_place(STORE, NULL);
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    fixture_leave(&place);
    unmount_disk();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_disk_is_reported_and_survived),
        cmocka_unit_test(opening_on_a_full_disk_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
