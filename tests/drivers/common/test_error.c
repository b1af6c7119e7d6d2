/* SPDX-License-Identifier: Apache-2.0 */
/* Errors that all drivers have in common. */
#include "quipu_test.h"

#include <string.h>

#include "driver/host.h"

const quipu_driver *quipu_driver_entry_sqlite(void);
const quipu_driver *quipu_driver_entry_lmdb(void);
const quipu_driver *quipu_driver_entry_postgres(void);

static const quipu_driver_entry_fn entries[] = {
#ifdef WITH_SQLITE
    quipu_driver_entry_sqlite,
#endif
#ifdef WITH_LMDB
    quipu_driver_entry_lmdb,
#endif
#ifdef WITH_POSTGRES
    quipu_driver_entry_postgres,
#endif
    NULL
};

/* As a program would pass them that was built with an older quipu. */
static void host_functions_of_an_older_core_are_refused(void **state)
{
    const quipu_open how = { .struct_size = sizeof(how),
                             .scheme = "x",
                             .body = "///x",
                             .rest = "///x",
                             .name_space = "" };

    (void)state;
    for (size_t i = 0; entries[i]; i++) {
        quipu_host host = *quipu_host_table();
        quipu_opened opened = { .struct_size = sizeof(opened) };
        quipu_driver_datastore *datastore = NULL;
        quipu_error err = { 0 };

        host.struct_size = offsetof(quipu_host, decode_percent);
        host.decode_percent = NULL;
        host.option_bool = NULL;
        host.option_number = NULL;
        assert_status(entries[i]()->open(&host, &how, INT64_MAX, &datastore,
                                         &opened, &err),
                      QUIPU_UNSUPPORTED);
        assert_non_null(strstr(err.message, "upgrade libquipu"));
        assert_null(datastore);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_functions_of_an_older_core_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
