/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of the driver fails in turn.  Those of libpq do not: without
 * memory it may wait for an answer that it has already received. */
#include "drivers/common/tour.h"

#include "quipu_test_memory.h"

#define STORE "///" /* the database that the environment names */

/* The native handle is the PGconn, in a transaction. */
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

static int take(void *context, quipu_error *error)
{
    return tour_take(STORE, context, error);
}

static void failed_allocations_are_reported(void **state)
{
    char usual[] = "";
    char space[] = "space";
    (void)state;
    tour_prepare(STORE);
    quipu_test_memory_sweep(take, usual);
    quipu_test_memory_sweep(take, space);
    tour_check(STORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_allocations_are_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
