/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses and messages for the codes of LMDB. */
#include "fixture.h"

#include <errno.h>

#include "driver/host.h"
#include "error.h"

#include <lmdb.h>

static void message_says_what_to_do(void **state)
{
    (void)state;
    static const struct {
        int code;
        int status;
        const char *advice;
    } codes[] = {
        { MDB_CORRUPTED, QUIPU_CORRUPT, "backup" },
        { MDB_PAGE_NOTFOUND, QUIPU_CORRUPT, "backup" },
        { MDB_INVALID, QUIPU_CORRUPT, "check the path" },
        { MDB_VERSION_MISMATCH, QUIPU_UNSUPPORTED, "another version" },
        { MDB_PANIC, QUIPU_IO, "open it again" },
        { MDB_DBS_FULL, QUIPU_IO, "maxschemas" },
        { MDB_READERS_FULL, QUIPU_BUSY, "maxreaders" },
        { MDB_BAD_TXN, QUIPU_INTERNAL, "report" },
        { ENOMEM, QUIPU_NO_MEMORY, "memory" },
        { ENOSPC, QUIPU_IO, "make room" },
        { ENOLCK, QUIPU_UNSUPPORTED, "local" },
        { EACCES, QUIPU_DENIED, "permissions" },
        { EROFS, QUIPU_DENIED, "readonly=yes" },
        { EIO, QUIPU_IO, "disk" },
        { EINVAL, QUIPU_INTERNAL, "report" },
    };
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        quipu_error error = { 0 };
        assert_status(quipu_lmdb_error_set(quipu_host_table(), "/data/x",
                                           codes[i].code, "read", &error),
                      codes[i].status);
        assert_int_equal(error.native, codes[i].code);
        assert_contains(error.message, "cannot read in \"/data/x\"");
        assert_contains(error.message, codes[i].advice);
    }
}

static void timeout_becomes_busy(void **state)
{
    (void)state;
    quipu_error error = { .code = QUIPU_TIMEOUT };
    assert_status(quipu_lmdb_error_as_busy(QUIPU_TIMEOUT, &error), QUIPU_BUSY);
    assert_int_equal(error.code, QUIPU_BUSY);
    assert_status(quipu_lmdb_error_as_busy(QUIPU_TIMEOUT, NULL), QUIPU_BUSY);
    assert_status(quipu_lmdb_error_as_busy(QUIPU_IO, NULL), QUIPU_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(message_says_what_to_do),
        cmocka_unit_test(timeout_becomes_busy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
