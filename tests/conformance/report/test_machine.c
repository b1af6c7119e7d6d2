/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that reports name the file system that contains a folder. */
#include "quipu_test.h"

#include "report/machine.h"

#include <string.h>

static const char mounts[] =
    "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
    "23 22 0:21 / /proc rw,nosuid - proc proc rw\n"
    "30 22 0:30 / /data rw shared:3 master:1 - btrfs /dev/vdb rw,subvol=/a\n"
    "31 30 0:31 / /data/with\\040space rw - xfs /dev/vdc rw\n"
    "32 22 0:32 / /tmp rw - tmpfs tmpfs rw\n"
    "33 22 0:33 / /tmp rw - overlay overlay rw,lowerdir=/x - y\n"
    "a line that is none\n";

static void expect(const char *path, const char *expected)
{
    char type[64];

    quipu_machine_file_system(mounts, path, type);
    assert_string_equal(type, expected);
}

static void longest_mount_point_above_the_path_counts(void **state)
{
    (void)state;
    expect("/", "ext4");
    expect("/home/me", "ext4");
    expect("/data", "btrfs");
    expect("/data/x/y", "btrfs");
    expect("/database", "ext4");
    expect("/data/with space/x", "xfs");
}

static void later_mount_covers_an_earlier_one(void **state)
{
    (void)state;
    expect("/tmp/x", "overlay");
}

static void missing_list_is_unknown(void **state)
{
    char type[64];

    (void)state;
    quipu_machine_file_system(NULL, "/tmp", type);
    assert_string_equal(type, "unknown");
}

static void this_machine_is_described(void **state)
{
    struct quipu_machine machine;

    (void)state;
    quipu_machine_describe(&machine);
    assert_memory_equal(machine.kernel, "Linux ", 6);
    assert_true(strlen(machine.quipu) >= 5);
    assert_string_not_equal(machine.file_system, "");
    assert_int_equal(machine.folder[0], '/');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_mount_point_above_the_path_counts),
        cmocka_unit_test(later_mount_covers_an_earlier_one),
        cmocka_unit_test(missing_list_is_unknown),
        cmocka_unit_test(this_machine_is_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
