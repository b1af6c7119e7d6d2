/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of the driver fails in turn. */
#include "drivers/common/tour.h"

#include "quipu_test_memory.h"

struct case_of_tour {
    const char *folder;
    const char *name_space;
};

static int take(void *context, quipu_error *error)
{
    const struct case_of_tour *c = context;
    return tour_take(c->folder, c->name_space, error);
}

static void failed_allocation_is_reported(void **state)
{
    (void)state;
    struct case_of_tour there = { "there", "" };
    struct case_of_tour spaced = { "there", "space" };
    tour_prepare("there");
    quipu_test_memory_sweep(take, &there);
    quipu_test_memory_sweep(take, &spaced);
    tour_check("there");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
