/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots: getting aggregates with them is the same as without, for every
 * version, layout, kind of damage and log (D1 to D4).  The macro MODEL names
 * the back end.
 */
#include "basket_fixture.h"
#include "core/consumer/model_fixture.h"

static const quipu_snapshot_policy every_ten = {
    .struct_size = sizeof(every_ten),
    .every = 10,
};
static const quipu_snapshot_policy on_demand = {
    .struct_size = sizeof(on_demand),
    .kept = 3,
};

static void open_new(struct shop *shop, const char *label, quipu_id *id)
{
    char name[96];
    quipu_error error;

    MODEL.prepare(label, "durability=relaxed", name);
    shop_open(shop, name);
    assert_ok(quipu_id_of_text(id, "basket/1", &error), &error);
}

static int64_t take(quipu_repository *repository, const quipu_id *id)
{
    quipu_error error;
    int64_t version = -1;

    assert_ok(quipu_repository_take_snapshot(repository, id, &version, &error),
              &error);
    return version;
}

static void snapshot_is_taken_after_every_events(void **state)
{
    struct shop shop;
    quipu_id id;
    (void)state;

    open_new(&shop, "taken", &id);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &every_ten, NULL);

    shop_append(&shop, &id, 0, 9, 1);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(count_snapshots(shop.datastore), 0);
    shop_append(&shop, &id, 9, 16, 1);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).snapshots_taken, 1);
    assert_int_equal(counts_of(baskets).events, 9 + 25);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).events, 9 + 25);
    shop_append(&shop, &id, 25, 9, 1);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).events, 9 + 25 + 9);
    assert_int_equal(counts_of(baskets).snapshots_taken, 1);
    shop_append(&shop, &id, 34, 1, 1);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).snapshots_taken, 2);
    assert_int_equal(counts_of(baskets).snapshots_used, 3);
    assert_int_equal(count_snapshots(shop.datastore), 1);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void every_version_is_the_same(void **state)
{
    struct shop shop;
    quipu_id id;
    (void)state;

    open_new(&shop, "versions", &id);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &on_demand, NULL);

    for (int64_t from = 0; from < 50; from += 10) {
        shop_append(&shop, &id, from, 10, 7);
        assert_int_equal(take(baskets, &id), from + 10);
        for (int64_t version = -1; version < from + 12; version++) {
            assert_same(shop.plain, baskets, &id, version);
        }
        assert_same(shop.plain, baskets, &id, -2);
    }
    assert_same(shop.plain, baskets, &id, INT64_MAX);
    assert_same(shop.plain, baskets, &id, INT64_MIN);
    assert_int_equal(count_snapshots(shop.datastore), 3);
    assert_int_equal(counts_of(baskets).snapshots_refused, 0);
    assert_int_equal(counts_of(baskets).snapshots_failed, 0);

    /* From the snapshot of 30 events, not from the beginning. */
    uint64_t before = counts_of(baskets).events;

    assert_same(shop.plain, baskets, &id, 34);
    assert_int_equal(counts_of(baskets).events, before + 5);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void taking_twice_writes_once(void **state)
{
    struct shop shop;
    quipu_error error;
    quipu_id id;
    (void)state;

    open_new(&shop, "twice", &id);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &on_demand, NULL);

    assert_refused(quipu_repository_take_snapshot(baskets, &id, NULL, &error),
                   QUIPU_NOT_FOUND, &error, "has no events");
    shop_append(&shop, &id, 0, 3, 1);
    assert_int_equal(take(baskets, &id), 3);
    assert_int_equal(take(baskets, &id), 3);
    assert_int_equal(counts_of(baskets).snapshots_taken, 1);
    assert_int_equal(count_snapshots(shop.datastore), 1);
    assert_ok(quipu_repository_remove_snapshots(baskets, &id, &error), &error);
    assert_int_equal(count_snapshots(shop.datastore), 0);
    assert_int_equal(take(baskets, &id), 3);
    assert_ok(quipu_repository_remove_snapshots(baskets, NULL, &error), &error);
    assert_ok(quipu_repository_remove_snapshots(baskets, NULL, &error), &error);
    assert_int_equal(count_snapshots(shop.datastore), 0);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void snapshots_of_other_ids_are_apart(void **state)
{
    static const char *const ids[] = { "a",  "a/0",   "a/",
                                       "aa", "a/0/0", "\xc3\xa4" };
    enum { IDS = sizeof(ids) / sizeof(*ids) };
    struct shop shop;
    quipu_error error;
    quipu_id id;
    (void)state;

    open_new(&shop, "apart", &id);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &on_demand, NULL);

    for (uint32_t i = 0; i < IDS; i++) {
        assert_ok(quipu_id_of_text(&id, ids[i], &error), &error);
        shop_append(&shop, &id, 0, 2, i);
        assert_int_equal(take(baskets, &id), 2);
        shop_append(&shop, &id, 2, 2, i);
        assert_int_equal(take(baskets, &id), 4);
    }
    assert_int_equal(count_snapshots(shop.datastore), 2 * IDS);
    for (uint32_t i = 0; i < IDS; i++) {
        assert_ok(quipu_id_of_text(&id, ids[i], &error), &error);
        assert_same(shop.plain, baskets, &id, -2);
        assert_same(shop.plain, baskets, &id, 1);
    }
    assert_ok(quipu_id_of_text(&id, "a", &error), &error);
    assert_ok(quipu_repository_remove_snapshots(baskets, &id, &error), &error);
    assert_int_equal(count_snapshots(shop.datastore), 2 * IDS - 2);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void other_layout_or_version_is_as_none(void **state)
{
    static const quipu_snapshot_policy second = {
        .struct_size = sizeof(second),
        .every = 10,
        .version = 2,
    };
    struct shop shop;
    quipu_id id;
    (void)state;

    open_new(&shop, "layouts", &id);
    quipu_repository *baskets[] = {
        shop_repository(&shop, &basket_type, &every_ten, NULL),
        shop_repository(&shop, &basket_turned, &every_ten, NULL),
        shop_repository(&shop, &basket_type, &second, NULL),
    };

    shop_append(&shop, &id, 0, 25, 3);
    for (int i = 0; i < 3; i++) {
        assert_same(shop.plain, baskets[i], &id, -2);
        assert_int_equal(counts_of(baskets[i]).snapshots_outdated, i > 0);
        assert_int_equal(counts_of(baskets[i]).snapshots_used, 0);
        assert_int_equal(counts_of(baskets[i]).snapshots_taken, 1);
        assert_int_equal(count_snapshots(shop.datastore), 1);
        assert_same(shop.plain, baskets[i], &id, -2);
        assert_int_equal(counts_of(baskets[i]).snapshots_used, 1);
    }
    for (int i = 0; i < 3; i++) {
        quipu_repository_close(baskets[i]);
    }
    shop_close(&shop);
}

static void number_kept_is_bounded(void **state)
{
    struct shop shop;
    quipu_id id;
    (void)state;

    open_new(&shop, "kept", &id);
    for (uint32_t kept = 5; kept > 0; kept--) {
        const quipu_snapshot_policy policy = { .struct_size = sizeof(policy),
                                               .kept = kept };
        quipu_repository *baskets =
            shop_repository(&shop, &basket_type, &policy, NULL);
        int64_t from = 20 * (5 - (int64_t)kept);

        for (int64_t i = from; i < from + 20; i++) {
            shop_append(&shop, &id, i, 1, 3);
            assert_int_equal(take(baskets, &id), i + 1);
            assert_true(count_snapshots(shop.datastore) <= (int)kept);
        }
        assert_int_equal(count_snapshots(shop.datastore), kept);

        /* The newest ones are kept. */
        uint64_t before = counts_of(baskets).events;

        assert_same(shop.plain, baskets, &id, from + 20 - kept);
        assert_int_equal(counts_of(baskets).events, before);
        quipu_repository_close(baskets);
    }
    shop_close(&shop);
}

static void damaged_snapshot_is_as_none(void **state)
{
    struct shop shop;
    quipu_id id;
    (void)state;

    open_new(&shop, "damaged", &id);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &every_ten, NULL);

    shop_append(&shop, &id, 0, 12, 5);
    assert_same(shop.plain, baskets, &id, -2);
    /* A step that meets all bits of a byte in turn. */
    for (size_t bit = 0; bit < 3000; bit += 17) {
        uint64_t damaged = counts_of(baskets).snapshots_damaged;
        uint64_t taken = counts_of(baskets).snapshots_taken;

        assert_true(damage_snapshot(shop.datastore, 0, bit));
        assert_same(shop.plain, baskets, &id, 11);
        assert_int_equal(counts_of(baskets).snapshots_damaged, damaged + 1);
        assert_same(shop.plain, baskets, &id, -2);
        assert_int_equal(counts_of(baskets).snapshots_damaged, damaged + 2);
        assert_int_equal(counts_of(baskets).snapshots_taken, taken + 1);
        assert_same(shop.plain, baskets, &id, -2);
        assert_int_equal(counts_of(baskets).snapshots_damaged, damaged + 2);
    }
    quipu_repository_close(baskets);
    shop_close(&shop);
}

/* Tears the schema down, sets it up again and stores other events. */
static void exchange_log(struct shop *shop, const quipu_id *id, int64_t count,
                         uint32_t seed, const char *name)
{
    quipu_error error;

    assert_ok(quipu_datastore_teardown(shop->datastore, &shop->schema, &error),
              &error);
    shop_close(shop);
    shop_open(shop, name);
    shop_append(shop, id, 0, count, seed);
}

static void log_that_was_exchanged_is_noticed(void **state)
{
    static const int64_t counts[] = { 0, 4, 19, 20, 21, 40 };
    struct shop shop;
    quipu_id id;
    char name[96];
    (void)state;

    MODEL.prepare("exchanged", "durability=relaxed", name);
    open_new(&shop, "exchanged", &id);
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        exchange_log(&shop, &id, 20, 1, name);
        quipu_repository *baskets =
            shop_repository(&shop, &basket_type, &every_ten, NULL);

        assert_same(shop.plain, baskets, &id, -2);
        assert_int_equal(count_snapshots(shop.datastore), 1);
        quipu_repository_close(baskets);
        exchange_log(&shop, &id, counts[i], 2, name);
        baskets = shop_repository(&shop, &basket_type, &every_ten, NULL);
        assert_same(shop.plain, baskets, &id, 19);
        assert_int_equal(counts_of(baskets).snapshots_refused, 1);
        assert_same(shop.plain, baskets, &id, -2);
        assert_int_equal(counts_of(baskets).snapshots_refused, 2);
        assert_int_equal(counts_of(baskets).snapshots_taken, counts[i] >= 10);
        assert_same(shop.plain, baskets, &id, -2);
        assert_int_equal(counts_of(baskets).snapshots_refused,
                         counts[i] >= 10 ? 2 : 3);
        quipu_repository_close(baskets);
    }
    shop_close(&shop);
}

static void discarded_aggregate_has_none(void **state)
{
    struct shop shop;
    quipu_error error;
    quipu_id id;
    (void)state;

    open_new(&shop, "discarded", &id);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &every_ten, NULL);

    shop_append(&shop, &id, 0, 15, 1);
    assert_same(shop.plain, baskets, &id, -2);
    shop_drop(&shop, &id, 15);
    for (int64_t version = -2; version < 17; version++) {
        assert_same(shop.plain, baskets, &id, version);
    }
    assert_refused(quipu_repository_take_snapshot(baskets, &id, NULL, &error),
                   QUIPU_NOT_FOUND, &error, "is discarded");
    assert_int_equal(counts_of(baskets).snapshots_taken, 1);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void refreshed_aggregate_may_come_from_a_snapshot(void **state)
{
    struct shop shop;
    quipu_error error;
    quipu_id id;
    (void)state;

    open_new(&shop, "refreshed", &id);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &every_ten, NULL);

    shop_append(&shop, &id, 0, 15, 1);
    assert_int_equal(take(baskets, &id), 15);
    struct basket *basket = quipu_repository_get(baskets, &id, &error);

    assert_non_null(basket);
    shop_append(&shop, &id, 15, 5, 1);
    assert_ok(quipu_repository_refresh(baskets, &basket->base, &error), &error);
    struct basket *plain = quipu_repository_get(shop.plain, &id, &error);
    char *expected = basket_text(plain);
    char *actual = basket_text(basket);

    assert_string_equal(expected, actual);
    free(expected);
    free(actual);
    quipu_aggregate_destroy(plain);
    quipu_aggregate_destroy(basket);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void other_datastore_may_keep_them(void **state)
{
    struct shop shop;
    quipu_error error;
    quipu_id id;
    (void)state;

    open_new(&shop, "other", &id);
    quipu_snapshot_policy policy = { .struct_size = sizeof(policy),
                                     .every = 10 };

    assert_ok(quipu_datastore_open("memory:", NULL, &policy.datastore, &error),
              &error);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &policy, NULL);

    shop_append(&shop, &id, 0, 15, 1);
    assert_same(shop.plain, baskets, &id, -2);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(count_snapshots(shop.datastore), 0);
    assert_int_equal(count_snapshots(policy.datastore), 1);
    assert_int_equal(counts_of(baskets).snapshots_used, 1);
    assert_refused(quipu_datastore_close(policy.datastore, &error),
                   QUIPU_INVALID, &error, "still open");
    quipu_repository_close(baskets);
    assert_ok(quipu_datastore_close(policy.datastore, &error), &error);
    shop_close(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snapshot_is_taken_after_every_events),
        cmocka_unit_test(every_version_is_the_same),
        cmocka_unit_test(taking_twice_writes_once),
        cmocka_unit_test(snapshots_of_other_ids_are_apart),
        cmocka_unit_test(other_layout_or_version_is_as_none),
        cmocka_unit_test(number_kept_is_bounded),
        cmocka_unit_test(damaged_snapshot_is_as_none),
        cmocka_unit_test(log_that_was_exchanged_is_noticed),
        cmocka_unit_test(discarded_aggregate_has_none),
        cmocka_unit_test(refreshed_aggregate_may_come_from_a_snapshot),
        cmocka_unit_test(other_datastore_may_keep_them),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
