/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache: hits read only what is new, private copies, bounds, a log that was
 * set back under it, a sole writer, and threads.
 */
#include "basket_fixture.h"

#include <pthread.h>
#include <sqlite3.h>

#define STORE "cache.db"

static const quipu_cache_policy roomy = {
    .struct_size = sizeof(roomy),
    .bytes = 1 << 20,
};
static const quipu_cache_policy sole = {
    .struct_size = sizeof(sole),
    .flags = QUIPU_CACHE_SOLE_WRITER,
    .bytes = 1 << 20,
};

static quipu_id id_of(int number)
{
    char text[24];
    quipu_error error;
    quipu_id id;

    (void)snprintf(text, sizeof(text), "basket-%d", number);
    assert_ok(quipu_id_of_text(&id, text, &error), &error);
    return id;
}

static void open_new(struct shop *shop)
{
    (void)remove(STORE);
    (void)remove(STORE "-wal");
    (void)remove(STORE "-shm");
    (void)remove(STORE "-quipu");
    shop_open(shop, STORE "?durability=relaxed");
}

static void hit_applies_only_new_events(void **state)
{
    const quipu_id id = id_of(1);
    struct shop shop;
    (void)state;

    open_new(&shop);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, NULL, &roomy);

    shop_append(&shop, &id, 0, 20, 1);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).events, 20);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).events, 20);
    assert_int_equal(counts_of(baskets).hits, 1);
    shop_append(&shop, &id, 20, 3, 1);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).events, 23);
    assert_same(shop.plain, baskets, &id, 22);
    assert_int_equal(counts_of(baskets).events, 23);
    assert_same(shop.plain, baskets, &id, 4);
    assert_int_equal(counts_of(baskets).events, 28);
    assert_int_equal(counts_of(baskets).cached, 1);
    shop_drop(&shop, &id, 23);
    for (int64_t version = -2; version < 25; version++) {
        assert_same(shop.plain, baskets, &id, version);
    }
    assert_int_equal(counts_of(baskets).cached, 0);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void copies_are_private(void **state)
{
    const quipu_id id = id_of(1);
    struct shop shop;
    quipu_error error;
    (void)state;

    open_new(&shop);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, NULL, &roomy);

    shop_append(&shop, &id, 0, 20, 1);
    for (int i = 0; i < 3; i++) {
        struct basket *basket = quipu_repository_get(baskets, &id, &error);

        assert_non_null(basket);
        assert_true(basket->line_count > 0);
        basket->total = -1;
        basket->lines[0].amount = -1;
        ((char *)basket->note)[0] = 'X';
        assert_same(shop.plain, baskets, &id, -2);
        quipu_aggregate_destroy(basket);
    }
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void cache_is_bounded(void **state)
{
    const quipu_cache_policy bounds[] = {
        { .struct_size = sizeof(*bounds), .bytes = 20000 },
        { .struct_size = sizeof(*bounds), .bytes = 1 << 20, .count = 5 },
        { .struct_size = sizeof(*bounds), .bytes = 10 },
    };
    struct shop shop;
    (void)state;

    open_new(&shop);
    for (int i = 0; i < 60; i++) {
        const quipu_id id = id_of(i);

        shop_append(&shop, &id, 0, 5, (uint32_t)i);
    }
    for (size_t b = 0; b < sizeof(bounds) / sizeof(*bounds); b++) {
        quipu_repository *baskets =
            shop_repository(&shop, &basket_type, NULL, &bounds[b]);

        for (int i = 0; i < 240; i++) {
            const quipu_id id = id_of(i * 7 % 60);
            const quipu_id last = id_of(0);

            assert_same(shop.plain, baskets, &id, -2);
            assert_same(shop.plain, baskets, &last, -2);
            quipu_repository_counts counts = counts_of(baskets);

            assert_true(counts.cached_bytes <= bounds[b].bytes ||
                        counts.cached == 0);
            assert_true(bounds[b].count == 0 ||
                        counts.cached <= bounds[b].count);
        }
        quipu_repository_counts counts = counts_of(baskets);

        if (bounds[b].bytes > 100) {
            /* The one that was always used again has stayed. */
            assert_true(counts.hits >= 239);
            assert_true(counts.cache_evicted > 100);
            assert_true(counts.cached > 4);
        } else {
            assert_int_equal(counts.cached, 0);
        }
        quipu_repository_clear_cache(baskets);
        assert_int_equal(counts_of(baskets).cached, 0);
        quipu_repository_close(baskets);
    }
    shop_close(&shop);
}

/* Removes the events of a sequence from a position on, behind quipu's back. */
static void set_back(int64_t position)
{
    char sql[200];
    sqlite3 *db = NULL;
    char *message = NULL;

    assert_int_equal(sqlite3_open(STORE, &db), SQLITE_OK);
    (void)snprintf(sql, sizeof(sql),
                   "DELETE FROM stored_events WHERE aggregate_id = "
                   "'basket-1' AND aggregate_version >= %lld",
                   (long long)position);
    if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
        fail_msg("%s", message);
    }
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void log_that_was_set_back_is_noticed(void **state)
{
    const quipu_id id = id_of(1);
    struct shop shop;
    (void)state;

    open_new(&shop);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, NULL, &roomy);

    shop_append(&shop, &id, 0, 20, 1);
    assert_same(shop.plain, baskets, &id, -2);
    set_back(15);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).cache_refused, 1);
    set_back(10);
    shop_append(&shop, &id, 10, 5, 2);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).cache_refused, 2);
    set_back(10);
    shop_append(&shop, &id, 10, 30, 3);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).cache_refused, 3);
    set_back(0);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).cache_refused, 4);
    assert_int_equal(counts_of(baskets).cached, 0);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

/* ------------------------------------------------------------- sole writer */

static int note(struct basket *basket, const char *text, quipu_error *error)
{
    struct basket_noted event = { .note = text };

    return quipu_aggregate_trigger(&basket->base, &basket_noted, &event.base,
                                   error);
}

static void sole_writer_reads_nothing(void **state)
{
    const quipu_id id = id_of(1);
    struct shop shop;
    quipu_error error;
    (void)state;

    open_new(&shop);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, NULL, &sole);

    shop_append(&shop, &id, 0, 20, 1);
    assert_same(shop.plain, baskets, &id, -2);
    interposed.calls = 0;
    for (int i = 0; i < 5; i++) {
        struct basket *basket = quipu_repository_get(baskets, &id, &error);

        assert_non_null(basket);
        assert_int_equal(basket->base.version, 20);
        quipu_aggregate_destroy(basket);
    }
    assert_int_equal(atomic_load(&interposed.calls), 0);
    assert_int_equal(counts_of(baskets).hits, 5);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static int note_in_unit(quipu_unit *unit, void *context, quipu_error *error)
{
    const quipu_id id = id_of(1);
    struct basket *basket = quipu_unit_get(unit, context, &id, error);

    return basket ? note(basket, "in a unit", error) : error->code;
}

/* After each way of saving the next get sees what was saved. */
static void sole_writer_sees_what_it_saves(void **state)
{
    const quipu_id id = id_of(1);
    struct shop shop;
    quipu_error error;
    (void)state;

    open_new(&shop);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, NULL, &sole);

    shop_append(&shop, &id, 0, 20, 1);
    for (int i = 0; i < 5; i++) {
        assert_same(shop.plain, baskets, &id, -2);
        assert_ok(quipu_unit_run(shop.store, NULL, note_in_unit, baskets, NULL,
                                 &error),
                  &error);
        assert_same(shop.plain, baskets, &id, -2);
        struct basket *basket = quipu_repository_get(baskets, &id, &error);
        size_t count;

        assert_non_null(basket);
        assert_ok(note(basket, "alone", &error), &error);
        assert_ok(
            quipu_store_append(shop.store,
                               quipu_aggregate_pending(&basket->base, &count),
                               1, NULL, &error),
            &error);
        assert_ok(quipu_aggregate_saved(&basket->base, &error), &error);
        quipu_aggregate_destroy(basket);
        assert_same(shop.plain, baskets, &id, -2);
    }
    /* Another writer is noticed by a conflict, after which a unit of work
     * reads again. */
    shop_append(&shop, &id, 30, 4, 5);
    assert_ok(
        quipu_unit_run(shop.store, NULL, note_in_unit, baskets, NULL, &error),
        &error);
    assert_same(shop.plain, baskets, &id, -2);
    /* A state that is cached is not trusted while an aggregate is saved. */
    struct basket *late = quipu_repository_get(baskets, &id, &error);

    quipu_repository_close(baskets);
    assert_ok(note(late, "late", &error), &error);
    quipu_aggregate_destroy(late);
    shop_close(&shop);
}

/* ------------------------------------------------------------------ threads */

enum { THREADS = 4, ROUNDS = 150, BASKETS = 6 };

struct worker {
    struct shop *shop;
    quipu_repository *baskets;
    int number;
    int saved;
};

static int note_any(quipu_unit *unit, void *context, quipu_error *error)
{
    struct worker *worker = context;
    const quipu_id id = id_of(worker->number % BASKETS);
    struct basket *basket = quipu_unit_get(unit, worker->baskets, &id, error);

    return basket ? note(basket, "by a thread", error) : error->code;
}

static void *work(void *context)
{
    struct worker *worker = context;
    quipu_error error;

    for (int i = 0; i < ROUNDS; i++) {
        worker->number++;
        if (i % 3 == 0) {
            assert_ok(quipu_unit_run(worker->shop->store, NULL, note_any,
                                     worker, NULL, &error),
                      &error);
            worker->saved++;
            continue;
        }
        const quipu_id id = id_of(worker->number % BASKETS);
        struct basket *basket =
            quipu_repository_get(worker->baskets, &id, &error);

        assert_non_null(basket);
        basket->total++;
        quipu_aggregate_destroy(basket);
        if (i % 50 == 49) {
            quipu_repository_clear_cache(worker->baskets);
        }
    }
    return NULL;
}

static void run_threads(const quipu_cache_policy *cache)
{
    const quipu_snapshot_policy policy = { .struct_size = sizeof(policy),
                                           .every = 10,
                                           .kept = 2 };
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    struct shop shop;
    int saved = 0;
    int64_t versions = 0;

    open_new(&shop);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &policy, cache);

    for (int i = 0; i < BASKETS; i++) {
        const quipu_id id = id_of(i);

        shop_append(&shop, &id, 0, 5, (uint32_t)i);
    }
    for (int i = 0; i < THREADS; i++) {
        workers[i] =
            (struct worker){ .shop = &shop, .baskets = baskets, .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]),
                         0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        saved += workers[i].saved;
    }
    for (int i = 0; i < BASKETS; i++) {
        const quipu_id id = id_of(i);
        quipu_error error;

        assert_same(shop.plain, baskets, &id, -2);
        struct basket *basket = quipu_repository_get(baskets, &id, &error);

        versions += basket->base.version;
        quipu_aggregate_destroy(basket);
    }
    assert_int_equal(versions, BASKETS * 5 + saved);
    assert_true(count_snapshots(shop.datastore) <= 2 * BASKETS);
    assert_int_equal(counts_of(baskets).cache_refused, 0);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static void threads_share_a_cache(void **state)
{
    const quipu_cache_policy few = { .struct_size = sizeof(few),
                                     .bytes = 1 << 20,
                                     .count = 4 };
    (void)state;

    run_threads(&few);
    run_threads(&sole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hit_applies_only_new_events),
        cmocka_unit_test(copies_are_private),
        cmocka_unit_test(cache_is_bounded),
        cmocka_unit_test(log_that_was_set_back_is_noticed),
        cmocka_unit_test(sole_writer_reads_nothing),
        cmocka_unit_test(sole_writer_sees_what_it_saves),
        cmocka_unit_test(threads_share_a_cache),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
