/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <errno.h>

#include "common/error.h"
#include "driver/host.h"
#include "sqlite.h"

static quipu_error error_of(int code)
{
    quipu_driver_datastore datastore = { .host = quipu_host_table(),
                                         .name = "/data/x.db" };
    quipu_error error = { 0 };
    const struct connection connection = { .datastore = &datastore };
    int status = quipu_sqlite_error_set(&connection, code, "read", &error);
    assert_int_equal(status, error.code);
    assert_int_equal(error.native, code);
    assert_contains(error.message, "cannot read in \"/data/x.db\"");
    return error;
}

static void each_code_has_a_status_and_a_remedy(void **state)
{
    (void)state;
    static const struct {
        int code;
        int status;
        const char *remedy;
    } codes[] = {
        { SQLITE_BUSY, QUIPU_BUSY, "try again" },
        { SQLITE_BUSY_RECOVERY, QUIPU_BUSY, "try again" },
        { SQLITE_LOCKED, QUIPU_BUSY, "try again" },
        { SQLITE_NOMEM, QUIPU_NO_MEMORY, "memory" },
        { SQLITE_IOERR_NOMEM, QUIPU_NO_MEMORY, "memory" },
        { SQLITE_FULL, QUIPU_IO, "disk is full" },
        { SQLITE_IOERR_FSYNC, QUIPU_IO, "disk or its file system" },
        { SQLITE_CANTOPEN, QUIPU_IO, "check that the file" },
        { SQLITE_PROTOCOL, QUIPU_IO, "locks" },
        { SQLITE_READONLY, QUIPU_DENIED, "permissions" },
        { SQLITE_READONLY_DBMOVED, QUIPU_IO, "moved or removed" },
        { SQLITE_READONLY_ROLLBACK, QUIPU_DENIED, "without readonly=yes" },
        { SQLITE_PERM, QUIPU_DENIED, "permissions" },
        { SQLITE_AUTH, QUIPU_DENIED, "permissions" },
        { SQLITE_CORRUPT_VTAB, QUIPU_CORRUPT, "backup" },
        { SQLITE_NOTADB, QUIPU_CORRUPT, "not a store" },
        { SQLITE_ERROR, QUIPU_CORRUPT, "not as quipu created them" },
        { SQLITE_CONSTRAINT_CHECK, QUIPU_CORRUPT, "not as quipu created them" },
        { SQLITE_MISUSE, QUIPU_INTERNAL, "report" },
        { SQLITE_TOOBIG, QUIPU_DENIED, "trigger" },
        { SQLITE_CONSTRAINT_TRIGGER, QUIPU_DENIED, "trigger" },
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        quipu_error error = error_of(codes[i].code);
        assert_status(error.code, codes[i].status);
        assert_contains(error.message, codes[i].remedy);
    }
}

static void system_errors_are_described(void **state)
{
    (void)state;
    static const struct {
        int number;
        int status;
        const char *words;
    } errors[] = {
        { EACCES, QUIPU_DENIED, "Permission denied; check the permissions" },
        { EPERM, QUIPU_DENIED, "check the permissions" },
        { EROFS, QUIPU_DENIED, "check the permissions" },
        { ENOMEM, QUIPU_NO_MEMORY, "memory" },
        { EIO, QUIPU_IO, "Input/output error" },
        { 99999, QUIPU_IO, "unknown error" },
    };
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        quipu_error error = { 0 };
        assert_refused(quipu_common_error_set_system(quipu_host_table(),
                                                     "/x.db", errors[i].number,
                                                     "open", &error),
                       errors[i].status, &error, errors[i].words);
        assert_contains(error.message, "cannot open \"/x.db\"");
    }
}

static void kept_error_is_passed_on(void **state)
{
    (void)state;
    const quipu_error own = { .code = QUIPU_CONFLICT, .message = "kept" };
    quipu_error error = { 0 };
    assert_status(quipu_common_error_pass(QUIPU_CONFLICT, &own, &error),
                  QUIPU_CONFLICT);
    assert_string_equal(error.message, "kept");
    quipu_error untouched = { .message = "before" };
    assert_ok(quipu_common_error_pass(QUIPU_OK, &own, &untouched), NULL);
    assert_string_equal(untouched.message, "before");
    assert_status(quipu_common_error_pass(QUIPU_CONFLICT, &own, NULL),
                  QUIPU_CONFLICT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_code_has_a_status_and_a_remedy),
        cmocka_unit_test(system_errors_are_described),
        cmocka_unit_test(kept_error_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
