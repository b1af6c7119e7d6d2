/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs out, at each allocation of quipu's in turn.  libpq's own are left
 * alone: without memory it may wait for an answer that it has. */
#include "drivers/common/tour.h"

#include "quipu_test_memory.h"

#define STORE "///" /* of the environment */

/* The native handle is libpq's connection, in a transaction. */
int fixture_work(void *native, void *context, quipu_error *error)
{
    (void)context;
    (void)error;
    return native ? QUIPU_OK : QUIPU_INTERNAL;
}

/* A server's store is no file. */
const char *fixture_data(const char *file)
{
    return file;
}

static int take(void *context, quipu_error *error)
{
    return tour_take(STORE, context, error);
}

static void quipus_allocations_may_fail(void **state)
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
        cmocka_unit_test(quipus_allocations_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
