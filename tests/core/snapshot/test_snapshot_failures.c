/* SPDX-License-Identifier: Apache-2.0 */
/* Policies that are refused, and snapshots that can be neither read nor
 * written, which fails no call (D2). */
#include "basket_fixture.h"

#include <dlfcn.h>
#include <time.h>

/* -------------------------------------------------------------------- clock */

static struct timespec stopped_clock; /* zero: the clock runs */

/* Takes the place of libc's: the monotonic clock can be stopped. */
int clock_gettime(clockid_t clock_id, struct timespec *tp)
{
    static int (*original)(clockid_t, struct timespec *);

    if (!original) {
        *(void **)&original = dlsym(RTLD_NEXT, "clock_gettime");
    }
    if (clock_id == CLOCK_MONOTONIC && stopped_clock.tv_sec != 0) {
        *tp = stopped_clock;
        return 0;
    }
    return original(clock_id, tp);
}

static void stop_clock(void)
{
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &stopped_clock), 0);
}

static void start_clock(void)
{
    stopped_clock = (struct timespec){ .tv_sec = 0 };
}

/* ----------------------------------------------------------------- policies */

static const quipu_snapshot_policy every_ten = {
    .struct_size = sizeof(every_ten),
    .every = 10,
};
static const quipu_cache_policy small_cache = {
    .struct_size = sizeof(small_cache),
    .bytes = 100000,
};

static quipu_id basket_id(void)
{
    quipu_error error;
    quipu_id id;

    assert_ok(quipu_id_of_text(&id, "basket", &error), &error);
    return id;
}

static void refuse_snapshots(quipu_repository *repository,
                             const quipu_snapshot_policy *policy, int code,
                             const char *why)
{
    quipu_error error;

    assert_refused(quipu_repository_use_snapshots(repository, policy, &error),
                   code, &error, why);
    assert_int_equal(quipu_repository_use_snapshots(repository, policy, NULL),
                     code);
}

static void driver_without_entries_is_unsupported(void **state)
{
    struct shop shop;
    quipu_error error;
    (void)state;

    shop_open(&shop, NULL);
    shop_close(&shop);
    memset(&interposed, 0, sizeof(interposed));
    interposed.without = QUIPU_CAN_ENTRIES;
    quipu_datastore *bare = NULL;

    assert_ok(quipu_datastore_open("interposed:", NULL, &bare, &error), &error);
    shop_open(&shop, NULL);
    const quipu_snapshot_policy policy = { .struct_size = sizeof(policy),
                                           .datastore = bare };

    refuse_snapshots(shop.plain, &policy, QUIPU_UNSUPPORTED,
                     "keeps no key-value entries; name another datastore");
    assert_ok(quipu_datastore_close(bare, &error), &error);
    shop_close(&shop);
}

static void wrong_policies_are_refused(void **state)
{
    struct shop shop;
    quipu_error error;
    quipu_snapshot_policy policy = every_ten;
    quipu_cache_policy cache = small_cache;
    (void)state;

    shop_open(&shop, NULL);
    refuse_snapshots(NULL, &every_ten, QUIPU_INVALID, "the repository is NULL");
    refuse_snapshots(shop.plain, NULL, QUIPU_INVALID, "policy");
    policy.kept = 101;
    refuse_snapshots(shop.plain, &policy, QUIPU_INVALID, "at most 100");
    cache.flags = 1u << 7;
    assert_refused(quipu_repository_use_cache(shop.plain, &cache, &error),
                   QUIPU_INVALID, &error, "unknown flag");
    cache = (quipu_cache_policy){ .struct_size = sizeof(cache) };
    assert_refused(quipu_repository_use_cache(shop.plain, &cache, &error),
                   QUIPU_INVALID, &error, "0 bytes");
    assert_refused(
        quipu_repository_take_snapshot(shop.plain, NULL, NULL, &error),
        QUIPU_INVALID, &error, "does not use snapshots");
    assert_refused(quipu_repository_remove_snapshots(shop.plain, NULL, &error),
                   QUIPU_INVALID, &error, "does not use snapshots");
    assert_ok(quipu_repository_use_snapshots(shop.plain, &every_ten, &error),
              &error);
    refuse_snapshots(shop.plain, &every_ten, QUIPU_INVALID, "has such");
    assert_refused(
        quipu_repository_take_snapshot(shop.plain, NULL, NULL, &error),
        QUIPU_INVALID, &error, "the id is NULL");
    shop_close(&shop);
}

/* ------------------------------------------------------ incomplete tables */

static const quipu_handler dropped[] = {
    { .event = &basket_dropped, .discards = true },
    { 0 },
};

static void type_without_fields_is_invalid(void **state)
{
    const quipu_aggregate_type bare = {
        .name = "Bare",
        .size = sizeof(quipu_aggregate),
        .handlers = dropped,
    };
    struct shop shop;
    quipu_error error;
    (void)state;

    shop_open(&shop, NULL);
    quipu_repository *repository = shop_repository(&shop, &bare, NULL, NULL);

    refuse_snapshots(repository, &every_ten, QUIPU_INVALID,
                     "Bare has no table of fields");
    assert_refused(quipu_repository_use_cache(repository, &small_cache, &error),
                   QUIPU_INVALID, &error, "Bare has no table of fields");
    quipu_repository_close(repository);
    shop_close(&shop);
}

/* The table lacks a member of one byte, which could be padding. */
static void state_outside_of_the_table_is_not_kept(void **state)
{
    const quipu_id id = basket_id();
    struct shop shop;
    quipu_error error;
    (void)state;

    shop_open(&shop, NULL);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_lacking, &every_ten, &small_cache);
    shop_append(&shop, &id, 0, 9, 4);
    shop_hide(&shop, &id, 9, 0);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).incomplete, 0);
    assert_int_equal(counts_of(baskets).cached, 1);
    assert_int_equal(counts_of(baskets).snapshots_taken, 1);
    shop_hide(&shop, &id, 10, 1);
    assert_same(shop.plain, baskets, &id, -2);
    assert_same(shop.plain, baskets, &id, -2);
    assert_int_equal(counts_of(baskets).incomplete, 2);
    assert_int_equal(counts_of(baskets).cached, 0);
    assert_refused(quipu_repository_take_snapshot(baskets, &id, NULL, &error),
                   QUIPU_INVALID, &error, "that a snapshot would lose");
    quipu_repository_close(baskets);
    shop_close(&shop);
}

/* ----------------------------------------------------------------- failures */

static void failing_write_fails_no_call(void **state)
{
    static const int codes[] = { QUIPU_BUSY, QUIPU_IO, QUIPU_UNKNOWN_OUTCOME,
                                 QUIPU_DENIED, QUIPU_NO_MEMORY };
    const quipu_id id = basket_id();
    (void)state;

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        struct shop shop;

        shop_open(&shop, NULL);
        quipu_repository *baskets =
            shop_repository(&shop, &basket_type, &every_ten, NULL);

        shop_append(&shop, &id, 0, 10, 1);
        interposed.appends_only = true;
        interposed.calls = 0;
        interposed.fail_at = 1;
        interposed.times = 1000;
        interposed.status = codes[i];
        stop_clock();
        assert_same(shop.plain, baskets, &id, -2);
        quipu_repository_counts counts = counts_of(baskets);
        int tried = atomic_load(&interposed.calls);

        assert_true(tried > 0);
        assert_int_equal(counts.snapshots_taken, 0);
        assert_int_equal(counts.snapshots_failed, 1);
        assert_true(counts.last_code == codes[i] ||
                    counts.last_code == QUIPU_BUSY);
        assert_contains(counts.last_message, "interposed failure");
        /* For a second nothing is tried. */
        assert_same(shop.plain, baskets, &id, -2);
        assert_int_equal(atomic_load(&interposed.calls), tried);
        interposed.fail_at = 0;
        stopped_clock.tv_sec++;
        assert_same(shop.plain, baskets, &id, -2);
        assert_int_equal(counts_of(baskets).snapshots_taken, 1);
        start_clock();
        quipu_repository_close(baskets);
        shop_close(&shop);
    }
}

static void failing_read_fails_no_call(void **state)
{
    const quipu_id id = basket_id();
    struct shop shop;
    (void)state;

    shop_open(&shop, NULL);
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &every_ten, NULL);

    shop_append(&shop, &id, 0, 10, 1);
    assert_same(shop.plain, baskets, &id, -2);
    /* Opening the listing; not the steps of cursors, of which the events are
     * read, too. */
    struct basket *expected;
    quipu_error error;

    interposed.calls = 0;
    interposed.status = QUIPU_IO;
    interposed.fail_at = 1;
    expected = quipu_repository_get(baskets, &id, &error);
    assert_non_null(expected);
    quipu_aggregate_destroy(expected);
    interposed.fail_at = 0;
    assert_int_equal(counts_of(baskets).snapshots_failed, 1);
    assert_int_equal(counts_of(baskets).last_code, QUIPU_IO);
    quipu_repository_close(baskets);
    shop_close(&shop);
}

static quipu_repository *rival;

/* Another process takes a snapshot at the same time. */
static void take_as_rival(void)
{
    const quipu_id id = basket_id();
    quipu_error error;

    assert_ok(quipu_repository_take_snapshot(rival, &id, NULL, &error), &error);
}

static void writer_at_the_same_time_is_no_failure(void **state)
{
    const quipu_snapshot_policy kept = { .struct_size = sizeof(kept),
                                         .every = 10,
                                         .kept = 2 };
    const quipu_id id = basket_id();
    struct shop shop;
    struct shop other;
    quipu_error error;
    int64_t version = 0;
    (void)state;

    shop_open(&shop, "rivals");
    shop_open(&other, "rivals");
    quipu_repository *baskets =
        shop_repository(&shop, &basket_type, &kept, NULL);

    rival = shop_repository(&other, &basket_type, &kept, NULL);
    for (int64_t from = 0; from < 50; from += 10) {
        shop_append(&shop, &id, from, 10, 1);
        interposed.before_append = take_as_rival;
        assert_same(shop.plain, baskets, &id, -2);
        assert_true(count_snapshots(shop.datastore) <= 2);
    }
    assert_int_equal(counts_of(baskets).snapshots_taken, 0);
    assert_int_equal(counts_of(baskets).snapshots_failed, 0);
    assert_int_equal(counts_of(rival).snapshots_taken, 5);
    shop_append(&shop, &id, 50, 1, 1);
    interposed.before_append = take_as_rival;
    assert_ok(quipu_repository_take_snapshot(baskets, &id, &version, &error),
              &error);
    assert_int_equal(version, 51);
    quipu_repository_close(rival);
    quipu_repository_close(baskets);
    shop_close(&other);
    shop_close(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(driver_without_entries_is_unsupported),
        cmocka_unit_test(wrong_policies_are_refused),
        cmocka_unit_test(type_without_fields_is_invalid),
        cmocka_unit_test(state_outside_of_the_table_is_not_kept),
        cmocka_unit_test(failing_write_fails_no_call),
        cmocka_unit_test(failing_read_fails_no_call),
        cmocka_unit_test(writer_at_the_same_time_is_no_failure),
    };

    return cmocka_run_group_tests(tests, add_interposed_memory, NULL);
}
