/* SPDX-License-Identifier: Apache-2.0 */
/* B4 and B5: snapshots and the cache change no answer, and what they save. */
#include "acceptance.h"

#include "core/snapshot/histories_fixture.h"

#include <time.h>

/* --------------------------------------------------------------------- B4 */

static void run_histories(struct acceptance *run)
{
    struct histories_counts counts = { .histories = 0 };
    const quipu_repository_counts *sums = &counts.counts;
    char name[96];

    /* The answers count, and not their time. */
    run->model->prepare("histories", "durability=relaxed&timeout=60000", name);
    histories_run(name, run->is_short ? 150 : 100000,
                  (uint32_t)process_random(INT32_MAX), &counts);
    acceptance_note(
        run,
        "%lld histories of %lld events, %lld aggregates equal; "
        "snapshots: %llu used, %llu taken, %llu outdated, %lld "
        "bits broken, %llu damaged; %llu hits, %llu evicted",
        (long long)counts.histories, (long long)counts.events,
        (long long)counts.compared, (unsigned long long)sums->snapshots_used,
        (unsigned long long)sums->snapshots_taken,
        (unsigned long long)sums->snapshots_outdated, (long long)counts.broken,
        (unsigned long long)sums->snapshots_damaged,
        (unsigned long long)sums->hits,
        (unsigned long long)sums->cache_evicted);
    assert_true(sums->snapshots_used > 0 && sums->hits > 0);
    assert_true(sums->snapshots_damaged > 0 && sums->snapshots_outdated > 0);
}

const struct acceptance_test acceptance_histories = {
    .name = "B4",
    .title = "aggregates are the same with snapshots and cache as without",
    .run = run_histories,
    .has_short = true,
};

/* --------------------------------------------------------------------- B5 */

enum { EVENTS = 10000, EVERY = 100, GETS = 201, WARM = 10 };

static int64_t nanoseconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t time_get(quipu_repository *repository, const quipu_id *id)
{
    quipu_error error;
    int64_t begin = nanoseconds();
    struct basket *basket = quipu_repository_get(repository, id, &error);
    int64_t end = nanoseconds();

    assert_non_null(basket);
    assert_int_equal(basket->base.version, EVENTS);
    quipu_aggregate_destroy(basket);
    return end - begin;
}

static int64_t time_last(const struct shop *shop, const quipu_id *id)
{
    const quipu_bytes bytes = { id->data, id->size };
    quipu_error error;
    int64_t last = 0;
    int64_t begin = nanoseconds();

    assert_ok(quipu_records_last(quipu_store_records(shop->store), bytes, &last,
                                 &error),
              &error);
    return nanoseconds() - begin;
}

/* A hit and a read of the last position are one round trip each to a server,
 * whose time varies by much more than 2 us.  Two would be twice as long. */
static double noise_of(const struct model *model, double trip)
{
    return model == &model_postgres ? trip * 3 / 4 : 0;
}

static void measure_gets(struct acceptance *run)
{
    static int64_t plain[GETS], snapshot[GETS], cached[GETS], last[GETS];
    const quipu_snapshot_policy every = { .struct_size = sizeof(every),
                                          .every = EVERY };
    const quipu_cache_policy cache = { .struct_size = sizeof(cache),
                                       .bytes = 1 << 20 };
    struct shop shop;
    quipu_error error;
    char name[96];
    quipu_id id;

    run->model->prepare("gets", "durability=relaxed", name);
    shop_open(&shop, name);
    quipu_repository *with_snapshots =
        shop_repository(&shop, &basket_type, &every, NULL);
    quipu_repository *with_cache =
        shop_repository(&shop, &basket_type, NULL, &cache);

    assert_ok(quipu_id_of_text(&id, "basket", &error), &error);
    /* The last snapshot lacks as many events as one does on average. */
    shop_append(&shop, &id, 0, EVENTS - EVERY / 2, 1);
    assert_ok(quipu_repository_take_snapshot(with_snapshots, &id, NULL, &error),
              &error);
    shop_append(&shop, &id, EVENTS - EVERY / 2, EVERY / 2, 1);
    (void)time_get(with_cache, &id);
    for (int i = 0; i < GETS; i++) {
        plain[i] = time_get(shop.plain, &id);
        snapshot[i] = time_get(with_snapshots, &id);
        /* The replay has emptied the processor's caches. */
        for (int k = 0; k < WARM; k++) {
            cached[i] = time_get(with_cache, &id);
            last[i] = time_last(&shop, &id);
        }
    }
    double slow = (double)acceptance_quantile(plain, GETS, 0.5) / 1000;
    double fast = (double)acceptance_quantile(snapshot, GETS, 0.5) / 1000;
    double hit = (double)acceptance_quantile(cached, GETS, 0.5) / 1000;
    double read = (double)acceptance_quantile(last, GETS, 0.5) / 1000;

    acceptance_note(run,
                    "medians of %d: %d events %.1f us, from a snapshot %.1f us "
                    "(%.0f times), cache hit %.2f us (%.0f times), last "
                    "position %.2f us",
                    GETS, EVENTS, slow, fast, slow / fast, hit, slow / hit,
                    read);
    assert_true(slow >= 50 * fast);
    assert_true(hit <= read + 2 + noise_of(run->model, read));
    quipu_repository_close(with_cache);
    quipu_repository_close(with_snapshots);
    shop_close(&shop);
}

const struct acceptance_test acceptance_gets = {
    .name = "B5",
    .title = "the time to get an aggregate of 10,000 events",
    .run = measure_gets,
};
