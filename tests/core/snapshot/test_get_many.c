/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several aggregates that are got together: the same as one by one, from the
 * events, from snapshots and from the cache.  The macro MODEL names the back
 * end.
 */
#include "basket_fixture.h"

#include <quipu/id.h>

#include "core/consumer/model_fixture.h"

/* More than are read at a time. */
#define BASKETS 150

static const quipu_snapshot_policy always = {
    .struct_size = sizeof(always),
    .every = 1,
    .kept = 2,
};
static const quipu_cache_policy cache = {
    .struct_size = sizeof(cache),
    .bytes = 1 << 20,
};
static const quipu_cache_policy sole = {
    .struct_size = sizeof(sole),
    .flags = QUIPU_CACHE_SOLE_WRITER,
    .bytes = 1 << 20,
};

static quipu_error error;

/* The number of events of a basket: some have none. */
static int64_t events_of(size_t index)
{
    return (int64_t)(index % 4);
}

static void open_new(struct shop *shop, const char *label, quipu_id *ids)
{
    char name[96];

    MODEL.prepare(label, "durability=relaxed", name);
    shop_open(shop, name);
    for (size_t i = 0; i < BASKETS; i++) {
        char text[32];

        (void)snprintf(text, sizeof(text), "basket/%zu", i);
        assert_ok(quipu_id_of_text(&ids[i], text, &error), &error);
        if (events_of(i) > 0) {
            shop_append(shop, &ids[i], 0, events_of(i), (uint32_t)i);
        }
    }
    shop_drop(shop, &ids[7], events_of(7));
}

static void assert_equal(const struct basket *expected,
                         const struct basket *actual)
{
    char *a = basket_text(expected);
    char *b = basket_text(actual);

    assert_string_equal(a, b);
    assert_true(quipu_id_equal(&expected->base.id, &actual->base.id));
    free(a);
    free(b);
}

/* Gets all of them together, and compares each with what its events alone
 * make. */
static void assert_many(struct shop *shop, quipu_repository *repository,
                        const quipu_id *ids)
{
    static void *many[BASKETS];

    memset(many, -1, sizeof(many));
    assert_ok(quipu_repository_get_many(repository, ids, BASKETS, many, &error),
              &error);
    for (size_t i = 0; i < BASKETS; i++) {
        struct basket *one = quipu_repository_get(shop->plain, &ids[i], &error);

        assert_true((one != NULL) == (many[i] != NULL));
        assert_true(one || error.code == QUIPU_NOT_FOUND);
        if (one) {
            assert_equal(one, many[i]);
        }
        quipu_aggregate_destroy(one);
        quipu_aggregate_destroy(many[i]);
    }
}

/* ------------------------------------------------------------------- tests */

static void many_are_as_one_by_one(void **state)
{
    static const struct {
        const quipu_snapshot_policy *snapshots;
        const quipu_cache_policy *cache;
    } policies[] = {
        { NULL, NULL },      { &always, NULL },  { NULL, &cache },
        { &always, &cache }, { &always, &sole },
    };
    static quipu_id ids[BASKETS];
    struct shop shop;
    (void)state;

    open_new(&shop, "many", ids);
    ids[100] = ids[42]; /* one of them twice */
    for (size_t i = 0; i < sizeof(policies) / sizeof(*policies); i++) {
        quipu_repository *baskets = shop_repository(
            &shop, &basket_type, policies[i].snapshots, policies[i].cache);

        assert_many(&shop, baskets, ids);
        assert_many(&shop, baskets, ids);
        quipu_repository_close(baskets);
    }
    shop_close(&shop);
}

/* Events and erasures of others are seen. */
static void many_are_the_newest(void **state)
{
    static quipu_id ids[BASKETS];
    struct shop shop;
    (void)state;

    open_new(&shop, "newest", ids);
    quipu_repository *stored =
        shop_repository(&shop, &basket_type, &always, NULL);
    quipu_repository *cached =
        shop_repository(&shop, &basket_type, NULL, &cache);

    for (int64_t round = 0; round < 3; round++) {
        assert_many(&shop, stored, ids);
        assert_many(&shop, cached, ids);
        shop_append(&shop, &ids[3], events_of(3) + round, 1, 9);
        assert_many(&shop, stored, ids);
        assert_many(&shop, cached, ids);
        if (shop_can(&shop, QUIPU_CAN_ERASE)) {
            assert_int_equal(shop_erase(&shop, &ids[3], round, round), 1);
        }
    }
    assert_many(&shop, stored, ids);
    assert_many(&shop, cached, ids);
    quipu_repository_close(stored);
    quipu_repository_close(cached);
    shop_close(&shop);
}

/* A snapshot that cannot be read is as none, also if others can. */
static void damaged_snapshots_are_as_none(void **state)
{
    static quipu_id ids[BASKETS];
    struct shop shop;
    (void)state;

    open_new(&shop, "damaged", ids);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &always, NULL);

    assert_many(&shop, baskets, ids);
    for (int number = 0; number < 60; number += 7) {
        assert_true(damage_snapshot(shop.datastore, number, 300));
    }
    assert_many(&shop, baskets, ids);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

/* After a failure there is none, and every cursor is closed: the shop can be
 * closed. */
static void after_a_failure_there_is_none(void **state)
{
    static quipu_id ids[BASKETS];
    static void *many[BASKETS];
    struct shop shop;
    (void)state;

    open_new(&shop, "failure", ids);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &always, &cache);
    static const size_t wrong[] = { 0, 20, 70, BASKETS - 1 };

    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        const quipu_id kept = ids[wrong[i]];

        ids[wrong[i]].size = 0;
        memset(many, -1, sizeof(many));
        assert_refused(
            quipu_repository_get_many(baskets, ids, BASKETS, many, &error),
            QUIPU_INVALID, &error, "sequence_id");
        for (size_t j = 0; j < BASKETS; j++) {
            assert_null(many[j]);
        }
        ids[wrong[i]] = kept;
        assert_many(&shop, baskets, ids);
    }
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void wrong_arguments_are_refused(void **state)
{
    static quipu_id ids[BASKETS];
    void *none[1] = { NULL };
    struct shop shop;
    (void)state;

    open_new(&shop, "arguments", ids);
    assert_refused(quipu_repository_get_many(NULL, ids, 1, none, &error),
                   QUIPU_INVALID, &error, "NULL");
    assert_refused(quipu_repository_get_many(shop.plain, NULL, 1, none, &error),
                   QUIPU_INVALID, &error, "NULL");
    assert_refused(quipu_repository_get_many(shop.plain, ids, 1, NULL, &error),
                   QUIPU_INVALID, &error, "NULL");
    assert_ok(quipu_repository_get_many(shop.plain, NULL, 0, NULL, &error),
              &error);
    shop_close(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_are_as_one_by_one),
        cmocka_unit_test(many_are_the_newest),
        cmocka_unit_test(damaged_snapshots_are_as_none),
        cmocka_unit_test(after_a_failure_there_is_none),
        cmocka_unit_test(wrong_arguments_are_refused),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
