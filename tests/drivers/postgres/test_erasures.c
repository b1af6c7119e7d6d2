/* SPDX-License-Identifier: Apache-2.0 */
/* The tests of erasing that all drivers share, each in a PostgreSQL schema of
 * its own. */
#include "drivers/common/erasures.h"

/* The native handle is the PGconn. */
int fixture_work(void *native, void *context, quipu_error *error)
{
    (void)context;
    (void)error;
    return native ? QUIPU_OK : QUIPU_INTERNAL;
}

/* The store of a server is not a file. */
const char *fixture_data(const char *file)
{
    return file;
}

quipu_driver_datastore *erasures_open(const char *name, uint32_t flags)
{
    const struct opening how = { .flags = flags,
                                 .option = "schema",
                                 .value = name };
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    assert_ok(fixture_try_open("///", &how, &datastore, &error), &error);
    return datastore;
}

int main(void)
{
    return erasures_run_tests() != 0;
}
