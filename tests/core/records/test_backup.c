/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of backup and restore: the arguments that reach the driver,
 * and those that are refused. */
#include "quipu_test.h"

#include "fake_driver.h"

static quipu_error error;

static quipu_backup backup_of(const char *path)
{
    return (quipu_backup){ .struct_size = sizeof(quipu_backup), .path = path };
}

static void arguments_reach_the_driver(void **state)
{
    quipu_backup backup = backup_of("a file");

    (void)state;
    backup.flags = QUIPU_BACKUP_REPLACE;
    assert_ok(quipu_backup_create(fake_store, &backup, &error), &error);
    assert_string_equal(fake.path, "a file");
    assert_int_equal(fake.backup_flags, QUIPU_BACKUP_REPLACE);
    backup.flags = 0;
    assert_ok(
        quipu_backup_restore("fake:body?namespace=x", NULL, &backup, &error),
        &error);
    assert_string_equal(fake.body, "body");
    assert_int_equal(fake.backup_flags, 0);
    assert_int_equal(fake.count[FAKE_RESTORE], 1);
}

static void wrong_arguments_are_refused(void **state)
{
    quipu_backup backup = backup_of(NULL);

    (void)state;
    assert_refused(quipu_backup_create(fake_store, &backup, &error),
                   QUIPU_INVALID, &error, "path is NULL");
    backup.path = "";
    assert_refused(quipu_backup_restore("fake:", NULL, &backup, &error),
                   QUIPU_INVALID, &error, "path is empty");
    backup = backup_of("x");
    backup.flags = 6;
    assert_refused(quipu_backup_create(fake_store, &backup, &error),
                   QUIPU_INVALID, &error, "unknown bit (0x6)");
    assert_refused(quipu_backup_create(fake_store, NULL, &error), QUIPU_INVALID,
                   &error, "backup is NULL");
    assert_refused(quipu_backup_create(NULL, &backup, &error), QUIPU_INVALID,
                   &error, "datastore is NULL");
    backup.flags = 0;
    assert_refused(quipu_backup_restore(NULL, NULL, &backup, &error),
                   QUIPU_INVALID, &error, "uri is NULL");
    assert_refused(
        quipu_backup_restore("fake:?frobnicate=1", NULL, &backup, &error),
        QUIPU_INVALID, &error, "frobnicate");
    assert_refused(
        quipu_backup_restore("fake:?readonly=yes", NULL, &backup, &error),
        QUIPU_DENIED, &error, "readonly=yes");
    assert_int_equal(fake.count[FAKE_BACKUP] + fake.count[FAKE_RESTORE], 0);
}

static void driver_without_backups_names_the_way_out(void **state)
{
    const quipu_backup backup = backup_of("x");
    quipu_datastore *bare;

    (void)state;
    assert_ok(quipu_datastore_open("bare:", NULL, &bare, &error), &error);
    assert_refused(quipu_backup_create(bare, &backup, &error),
                   QUIPU_UNSUPPORTED, &error, "pg_dump");
    assert_contains(error.message, "quipu copy");
    assert_ok(quipu_datastore_close(bare, &error), &error);
    assert_refused(quipu_backup_restore("bare:", NULL, &backup, &error),
                   QUIPU_UNSUPPORTED, &error, "quipu export and import");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(arguments_reach_the_driver),
        fake_test(wrong_arguments_are_refused),
        fake_test(driver_without_backups_names_the_way_out),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
