/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aggregates some of whose events are erased: got from the events, from
 * snapshots and from the cache.  The macro MODEL names the back end.
 */
#include "basket_fixture.h"
#include "core/consumer/model_fixture.h"

static const quipu_snapshot_policy always = {
    .struct_size = sizeof(always),
    .every = 1,
    .kept = 3,
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

static void open_new(struct shop *shop, const char *label, quipu_id *id)
{
    char name[96];

    MODEL.prepare(label, "durability=relaxed", name);
    shop_open(shop, name);
    assert_ok(quipu_id_of_text(id, "basket/1", &error), &error);
}

/* Fails unless the basket has that version, after the handlers of so many
 * events. */
static void assert_basket(quipu_repository *repository, const quipu_id *id,
                          int64_t version, int handled)
{
    struct basket *basket = quipu_repository_get(repository, id, &error);

    if (!basket) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(basket->base.version, version);
    assert_int_equal(basket->level, handled);
    quipu_aggregate_destroy(basket);
}

/* ------------------------------------------------------- without kept states
 * */

static void erased_events_are_passed_over(void **state)
{
    struct shop shop;
    quipu_id id;
    (void)state;

    open_new(&shop, "passed", &id);
    shop_append(&shop, &id, 0, 20, 5);
    shop_hide(&shop, &id, 20, 9);
    shop_append(&shop, &id, 21, 3, 5);
    assert_basket(shop.plain, &id, 24, 24);
    assert_int_equal(shop_erase(&shop, &id, 3, 7), 5);
    assert_basket(shop.plain, &id, 24, 19);
    struct basket *basket = quipu_repository_get(shop.plain, &id, &error);

    assert_int_equal(basket->hidden, 9);
    quipu_aggregate_destroy(basket);
    assert_int_equal(shop_erase(&shop, &id, 20, 20), 1);
    basket = quipu_repository_get(shop.plain, &id, &error);
    assert_int_not_equal(basket->hidden, 9);
    quipu_aggregate_destroy(basket);
    /* The first and the last, too; and of a version. */
    assert_int_equal(shop_erase(&shop, &id, 0, 0), 1);
    assert_int_equal(shop_erase(&shop, &id, 23, 23), 1);
    assert_basket(shop.plain, &id, 24, 16);
    basket = quipu_repository_get_at(shop.plain, &id, 4, &error);
    assert_non_null(basket);
    assert_int_equal(basket->base.version, 5);
    assert_int_equal(basket->level, 2);
    /* The next event follows. */
    assert_ok(quipu_repository_refresh(shop.plain, &basket->base, &error),
              &error);
    assert_int_equal(basket->base.version, 24);
    quipu_aggregate_destroy(basket);
    shop_append(&shop, &id, 24, 1, 5);
    assert_basket(shop.plain, &id, 25, 17);
    shop_close(&shop);
}

static void all_erased_exists_with_its_version(void **state)
{
    struct shop shop;
    quipu_id id;
    bool found = false;
    (void)state;

    open_new(&shop, "all", &id);
    shop_append(&shop, &id, 0, 7, 5);
    assert_int_equal(shop_erase(&shop, &id, INT64_MIN, INT64_MAX), 7);
    assert_basket(shop.plain, &id, 7, 0);
    assert_ok(quipu_repository_contains(shop.plain, &id, &found, &error),
              &error);
    assert_true(found);
    assert_null(quipu_repository_get_at(shop.plain, &id, 7, &error));
    assert_int_equal(error.code, QUIPU_NOT_FOUND);
    shop_append(&shop, &id, 7, 1, 5);
    assert_basket(shop.plain, &id, 8, 1);
    shop_close(&shop);
}

static void discarded_stays_discarded(void **state)
{
    struct shop shop;
    quipu_id id;
    (void)state;

    open_new(&shop, "discarded", &id);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &always, &cache);

    shop_append(&shop, &id, 0, 3, 5);
    shop_drop(&shop, &id, 3);
    assert_int_equal(shop_erase(&shop, &id, INT64_MIN, INT64_MAX), 4);
    assert_null(quipu_repository_get(shop.plain, &id, &error));
    assert_int_equal(error.code, QUIPU_NOT_FOUND);
    assert_same(shop.plain, baskets, &id, -2);
    assert_same(shop.plain, baskets, &id, 2);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void cursor_over_events_passes_them_over(void **state)
{
    struct shop shop;
    quipu_id id;
    quipu_id other;
    const quipu_event *event = NULL;
    quipu_event *last = NULL;
    quipu_events *events = NULL;
    int64_t sum = 0;
    (void)state;

    open_new(&shop, "cursor", &id);
    assert_ok(quipu_id_of_text(&other, "basket/2", &error), &error);
    shop_append(&shop, &id, 0, 6, 5);
    assert_int_equal(shop_erase(&shop, &id, 0, 1), 2);
    assert_int_equal(shop_erase(&shop, &id, 5, 5), 1);
    assert_ok(quipu_store_read(shop.store, &id, NULL, &events, &error), &error);
    do {
        assert_ok(quipu_events_next(events, &event, &error), &error);
        sum = event ? sum * 10 + event->originator_version : sum;
    } while (event);
    assert_int_equal(sum, 234);
    assert_null(quipu_events_item(events));
    quipu_events_close(events);
    assert_ok(quipu_store_last(shop.store, &id, &last, &error), &error);
    assert_int_equal(last->originator_version, 4);
    quipu_event_destroy(last);
    /* A sequence that exists is not taken for one that does not. */
    assert_int_equal(shop_erase(&shop, &id, 2, 4), 3);
    assert_refused(quipu_store_last(shop.store, &id, &last, &error),
                   QUIPU_UNSUPPORTED, &error,
                   "all events of the sequence basket/1 were erased");
    assert_refused(quipu_store_last(shop.store, &other, &last, &error),
                   QUIPU_NOT_FOUND, &error, "has no event");
    shop_close(&shop);
}

/* --------------------------------------------------------- with kept states */

/* An erasure of another event than the last: the last one does not show it. */
static void kept_state_of_before_is_not_used(void **state)
{
    struct shop shop;
    quipu_id id;
    (void)state;

    open_new(&shop, "kept", &id);
    quipu_repository *stored =
        shop_repository(&shop, &basket_type, &always, NULL);
    quipu_repository *cached =
        shop_repository(&shop, &basket_type, NULL, &cache);

    shop_append(&shop, &id, 0, 5, 5);
    assert_basket(stored, &id, 5, 5);
    assert_basket(cached, &id, 5, 5);
    assert_int_equal(shop_erase(&shop, &id, 1, 2), 2);
    assert_basket(stored, &id, 5, 3);
    assert_basket(cached, &id, 5, 3);
    assert_true(counts_of(stored).snapshots_outdated > 0);
    assert_int_equal(counts_of(stored).snapshots_refused, 0);
    assert_int_equal(counts_of(cached).cache_refused, 1);
    for (int64_t version = -1; version < 6; version++) {
        assert_same(shop.plain, stored, &id, version);
        assert_same(shop.plain, cached, &id, version);
    }
    /* The states of after it are used. */
    uint64_t used = counts_of(stored).snapshots_used;
    uint64_t hits = counts_of(cached).hits;

    assert_basket(stored, &id, 5, 3);
    assert_basket(cached, &id, 5, 3);
    assert_int_equal(counts_of(stored).snapshots_used, used + 1);
    assert_int_equal(counts_of(cached).hits, hits + 1);
    quipu_repository_close(stored);
    quipu_repository_close(cached);
    shop_close(&shop);
}

/* The number of erasures that a repository has read last may be an old one. */
static void snapshot_of_another_repository_after_it_is_used(void **state)
{
    struct shop shop;
    quipu_id id;
    (void)state;

    open_new(&shop, "another", &id);
    quipu_repository *one = shop_repository(&shop, &basket_type, &always, NULL);
    quipu_repository *two = shop_repository(&shop, &basket_type, &always, NULL);

    shop_append(&shop, &id, 0, 5, 5);
    assert_basket(one, &id, 5, 5);
    assert_int_equal(shop_erase(&shop, &id, 1, 2), 2);
    assert_basket(two, &id, 5, 3);
    uint64_t events = counts_of(one).events;
    uint64_t used = counts_of(one).snapshots_used;

    assert_basket(one, &id, 5, 3);
    assert_int_equal(counts_of(one).snapshots_used, used + 1);
    assert_int_equal(counts_of(one).events, events);
    /* A snapshot of the old number is found, and then that of the new one. */
    const quipu_snapshot_policy by_hand = { .struct_size = sizeof(by_hand) };
    quipu_repository *last =
        shop_repository(&shop, &basket_type, &by_hand, NULL);

    assert_basket(last, &id, 5, 3);
    assert_int_equal(shop_erase(&shop, &id, 3, 3), 1);
    events = counts_of(last).events;
    assert_basket(last, &id, 5, 2);
    assert_int_equal(counts_of(last).events, events + 5);
    assert_int_equal(counts_of(last).snapshots_refused, 0);
    quipu_repository_close(one);
    quipu_repository_close(two);
    quipu_repository_close(last);
    shop_close(&shop);
}

static void others_are_made_again_once(void **state)
{
    struct shop shop;
    quipu_id id;
    quipu_id other;
    (void)state;

    open_new(&shop, "others", &id);
    assert_ok(quipu_id_of_text(&other, "basket/2", &error), &error);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &always, &cache);

    shop_append(&shop, &id, 0, 5, 5);
    shop_append(&shop, &other, 0, 9, 5);
    assert_basket(baskets, &other, 9, 9);
    assert_int_equal(shop_erase(&shop, &id, 0, 4), 5);
    uint64_t events = counts_of(baskets).events;

    assert_basket(baskets, &other, 9, 9);
    assert_int_equal(counts_of(baskets).events, events + 9);
    assert_basket(baskets, &other, 9, 9);
    assert_int_equal(counts_of(baskets).events, events + 9);
    /* Erasing nothing outdates nothing. */
    assert_int_equal(shop_erase(&shop, &id, 0, 4), 0);
    assert_basket(baskets, &other, 9, 9);
    assert_int_equal(counts_of(baskets).events, events + 9);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void snapshot_is_taken_on_demand_after_it(void **state)
{
    const quipu_snapshot_policy on_demand = { .struct_size =
                                                  sizeof(on_demand) };
    struct shop shop;
    quipu_id id;
    int64_t version = 0;
    (void)state;

    open_new(&shop, "demand", &id);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &on_demand, NULL);

    shop_append(&shop, &id, 0, 4, 5);
    assert_ok(quipu_repository_take_snapshot(baskets, &id, &version, &error),
              &error);
    assert_int_equal(shop_erase(&shop, &id, 0, 0), 1);
    assert_ok(quipu_repository_take_snapshot(baskets, &id, &version, &error),
              &error);
    assert_int_equal(version, 4);
    assert_int_equal(counts_of(baskets).snapshots_taken, 2);
    uint64_t used = counts_of(baskets).snapshots_used;

    assert_basket(baskets, &id, 4, 3);
    assert_int_equal(counts_of(baskets).snapshots_used, used + 1);
    assert_int_equal(count_snapshots(shop.datastore), 1);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

/* --------------------------------------------------- erasing an aggregate */

static void erasing_an_aggregate_removes_its_states(void **state)
{
    struct shop shop;
    quipu_id id;
    quipu_id other;
    int64_t erased = -1;
    (void)state;

    open_new(&shop, "aggregate", &id);
    assert_ok(quipu_id_of_text(&other, "basket/2", &error), &error);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &always, &sole);

    for (int64_t from = 0; from < 15; from += 5) {
        shop_append(&shop, &id, from, 5, 5);
        shop_append(&shop, &other, from, 5, 5);
        quipu_repository_clear_cache(baskets);
        assert_basket(baskets, &id, from + 5, (int)from + 5);
        assert_basket(baskets, &other, from + 5, (int)from + 5);
    }
    assert_int_equal(count_snapshots(shop.datastore), 6);
    assert_ok(quipu_repository_erase(baskets, &id, 0, &erased, &error), &error);
    assert_int_equal(erased, 15);
    assert_int_equal(count_snapshots(shop.datastore), 3);
    assert_basket(baskets, &id, 15, 0);
    assert_basket(baskets, &other, 15, 15);
    assert_ok(quipu_repository_erase(baskets, &id, 0, &erased, &error), &error);
    assert_int_equal(erased, 0);
    assert_ok(quipu_snapshots_clear(shop.datastore, &error), &error);
    assert_int_equal(count_snapshots(shop.datastore), 0);
    assert_refused(quipu_repository_erase(baskets, NULL, 0, &erased, &error),
                   QUIPU_INVALID, &error, "NULL");
    assert_int_equal(erased, 0);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

/* A sole writer does not look: the documented exception. */
static void sole_writer_clears_its_cache(void **state)
{
    struct shop shop;
    quipu_id id;
    (void)state;

    open_new(&shop, "sole", &id);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &always, &sole);

    shop_append(&shop, &id, 0, 5, 5);
    assert_basket(baskets, &id, 5, 5);
    assert_int_equal(shop_erase(&shop, &id, 1, 1), 1);
    assert_basket(baskets, &id, 5, 5);
    quipu_repository_clear_cache(baskets);
    assert_basket(baskets, &id, 5, 4);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void scrubbing_is_refused_before_anything(void **state)
{
    struct shop shop;
    quipu_id id;
    int64_t erased = -1;
    (void)state;

    open_new(&shop, "scrub", &id);
    const bool can_scrub = shop_can(&shop, QUIPU_CAN_SCRUB);

    shop_append(&shop, &id, 0, 5, 5);
    int status = quipu_repository_erase(shop.plain, &id, QUIPU_ERASURE_SCRUB,
                                        &erased, &error);

    assert_int_equal(status, can_scrub ? QUIPU_OK : QUIPU_UNSUPPORTED);
    assert_int_equal(erased, can_scrub ? 5 : 0);
    assert_basket(shop.plain, &id, 5, can_scrub ? 0 : 5);
    shop_close(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(erased_events_are_passed_over),
        cmocka_unit_test(all_erased_exists_with_its_version),
        cmocka_unit_test(discarded_stays_discarded),
        cmocka_unit_test(cursor_over_events_passes_them_over),
        cmocka_unit_test(kept_state_of_before_is_not_used),
        cmocka_unit_test(snapshot_of_another_repository_after_it_is_used),
        cmocka_unit_test(others_are_made_again_once),
        cmocka_unit_test(snapshot_is_taken_on_demand_after_it),
        cmocka_unit_test(erasing_an_aggregate_removes_its_states),
        cmocka_unit_test(sole_writer_clears_its_cache),
        cmocka_unit_test(scrubbing_is_refused_before_anything),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
