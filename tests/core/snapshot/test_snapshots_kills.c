/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kills a process that takes snapshots before each of its commits, and checks
 * the snapshots in the store (D1, D4).  The macro MODEL names the back end.
 */
#include "basket_fixture.h"

#include "quipu_test_child.h"

#include "core/consumer/model_fixture.h"

enum { ROUNDS = 4, EVENTS = 5, KEPT = 2 };

static const quipu_snapshot_policy policy = {
    .struct_size = sizeof(policy),
    .every = EVENTS,
    .kept = KEPT,
};

static quipu_id basket_id(void)
{
    quipu_error error;
    quipu_id id;

    assert_ok(quipu_id_of_text(&id, "basket", &error), &error);
    return id;
}

/* Appends and gets, in turn, and removes the snapshots at the end. */
static void work(const char *name, int kill_at)
{
    const quipu_id id = basket_id();
    struct shop shop;
    quipu_error error;

    shop_open(&shop, name);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &policy, NULL);

    interposed.appends_only = true;
    interposed.kill_at = kill_at;
    for (int64_t round = 0; round < ROUNDS; round++) {
        shop_append(&shop, &id, round * EVENTS, EVENTS, 9);
        struct basket *basket = quipu_repository_get(baskets, &id, &error);

        assert_non_null(basket);
        quipu_aggregate_destroy(basket);
    }
    assert_int_equal(count_snapshots(shop.datastore), KEPT);
    assert_ok(quipu_repository_remove_snapshots(baskets, NULL, &error), &error);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

/* Returns whether the process was killed. */
static bool work_in_process(const char *name, int kill_at)
{
    pid_t process = fork();

    assert_true(process >= 0);
    if (process == 0) {
        work(name, kill_at);
        _exit(0);
    }
    return quipu_test_was_killed(process);
}

static void killed_process_leaves_snapshots_whole(void **state)
{
    const quipu_id id = basket_id();
    char name[96];
    int kill_at = 0;
    int seen = 0;
    bool killed = true;
    (void)state;

    while (killed) {
        struct shop shop;

        MODEL.prepare("killed", "durability=relaxed", name);
        killed = work_in_process(name, ++kill_at);
        shop_open(&shop, name);
        quipu_repository *baskets =
            shop_repository(&shop, &basket_type, &policy, NULL);
        int kept = count_snapshots(shop.datastore);

        assert_true(kept <= KEPT);
        for (int64_t version = -2; version < ROUNDS * EVENTS; version++) {
            assert_same(shop.plain, baskets, &id, version);
        }
        quipu_repository_counts counts = counts_of(baskets);

        assert_int_equal(counts.snapshots_damaged, 0);
        assert_int_equal(counts.snapshots_refused, 0);
        assert_int_equal(counts.snapshots_outdated, 0);
        assert_true(kept == 0 || counts.snapshots_used > 0);
        seen += kept > 0;
        quipu_repository_close(baskets);
        shop_close(&shop);
    }
    print_message("%d kills, %d of them with snapshots\n", kill_at - 1, seen);
    assert_true(seen > ROUNDS * EVENTS / 2 && seen < kill_at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_process_leaves_snapshots_whole),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
