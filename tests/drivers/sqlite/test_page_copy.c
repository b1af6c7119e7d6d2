/* SPDX-License-Identifier: Apache-2.0 */
/* The copy of a database, for backups and restores. */
#include "fixture.h"

#include <fcntl.h>

#include "copy/page_copy.h"

#define FRESH "copied-quipu-new"

/* A copy of an idle store is void if a program begins to write meanwhile, and
 * is made again in the same file.  It then leaves no WAL there. */
static void second_copy_to_the_same_file_leaves_no_wal(void **state)
{
    const quipu_schema schema = fixture_schema("stored_events", 0);
    const quipu_backup backup = { .struct_size = sizeof(backup) };
    const char *const left[] = { FRESH "-wal", FRESH "-shm", FRESH "-journal" };
    char file[32];
    quipu_error error = { 0 };
    (void)state;

    (void)snprintf(file, sizeof(file), "%s", fixture_file());
    quipu_driver_datastore *datastore = fixture_open(file);
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);

    for (uint32_t i = 1; i <= 50; i++) {
        fixture_append(datastore, bound, i);
    }
    int fresh = open(FRESH, O_RDWR | O_CREAT | O_EXCL, 0600);

    assert_true(fresh >= 0);
    (void)close(fresh);
    struct replacement replacement = { .plan = { .host = datastore->host,
                                                 .path = "copied" },
                                       .fresh = (char[]){ FRESH } };
    struct page_copy copy = { .backup = &backup,
                              .name = file,
                              .remedy = "restore it" };

    for (int i = 0; i < 2; i++) {
        struct connection from = { .db = NULL };

        assert_ok(quipu_sqlite_connection_open(datastore, &from,
                                               SQLITE_OPEN_READONLY, &error),
                  &error);
        from.deadline = INT64_MAX;
        assert_ok(quipu_sqlite_page_copy_to(&from, &replacement, &copy, &error),
                  &error);
        quipu_sqlite_connection_close(&from);
        for (size_t j = 0; j < sizeof(left) / sizeof(left[0]); j++) {
            assert_int_not_equal(access(left[j], F_OK), 0);
        }
    }
    assert_int_equal(fixture_ask(FRESH, "SELECT count(*) FROM stored_events"),
                     50);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(second_copy_to_the_same_file_leaves_no_wal),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
