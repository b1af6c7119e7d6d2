/* SPDX-License-Identifier: Apache-2.0 */
/* Random histories, a few of those that ./dev acceptance runs (B4).  The macro
 * MODEL names the back end. */
#include "core/consumer/model_fixture.h"
#include "histories_fixture.h"

static void snapshots_and_cache_change_no_answer(void **state)
{
    struct histories_counts counts = { .histories = 0 };
    char name[96];
    (void)state;

    MODEL.prepare("histories", "durability=relaxed", name);
    histories_run(name, 150, 20261130, &counts);
    print_message("%lld compared, %lld bits broken, %lld events erased: %llu "
                  "damaged, %llu outdated, %llu used, %llu hits\n",
                  (long long)counts.compared, (long long)counts.broken,
                  (long long)counts.erased,
                  (unsigned long long)counts.counts.snapshots_damaged,
                  (unsigned long long)counts.counts.snapshots_outdated,
                  (unsigned long long)counts.counts.snapshots_used,
                  (unsigned long long)counts.counts.hits);
    assert_true(counts.counts.snapshots_used > 100);
    assert_true(counts.counts.snapshots_outdated > 100);
    assert_true(counts.counts.snapshots_damaged > 20);
    assert_true(counts.counts.hits > 100);
    assert_true(counts.counts.incomplete > 0);
    assert_int_equal(counts.counts.snapshots_failed, 0);
    assert_int_equal(counts.counts.snapshots_refused, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshots_and_cache_change_no_answer),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
