/* SPDX-License-Identifier: Apache-2.0 */
/* Kills a projection that parks an event at each call of the driver (P1, P5).
 * The macro MODEL names the back end. */
#include "kills_fixture.h"

static void read_model_is_what_the_record_says(void **state)
{
    const struct killed_projection killed = {
        .model = &MODEL,
        .options = { .batch_items = 7,
                     .attempts = 1,
                     .on_failure = QUIPU_FAILURE_PARK },
        .refused = 13,
        .events = 28,
    };
    (void)state;

    add_interposed(killed.model->driver);
    struct kill_counts counts = kill_at_each_call(&killed);

    print_message("%d kills in %d rounds\n", counts.kills, counts.rounds);
    assert_true(counts.kills > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_model_is_what_the_record_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
