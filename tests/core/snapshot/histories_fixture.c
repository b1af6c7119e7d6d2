/* SPDX-License-Identifier: Apache-2.0 */
#include "histories_fixture.h"

/* Each history is one aggregate: a few steps, of which each appends, breaks a
 * snapshot, or gets the aggregate from one of the repositories. */
enum { REPOSITORIES = 6, STEPS = 24, KEPT_MAX = 3 };

struct run {
    struct shop shop;
    quipu_repository *repositories[REPOSITORIES];
    uint64_t random;
    struct histories_counts *counts;
};

static uint32_t draw(struct run *run, uint32_t below)
{
    run->random = run->random * UINT64_C(6364136223846793005) +
                  UINT64_C(1442695040888963407);
    return (uint32_t)(run->random >> 33) % below;
}

static void open_repositories(struct run *run)
{
    const quipu_snapshot_policy third = { .struct_size = sizeof(third),
                                          .every = 3,
                                          .kept = KEPT_MAX };
    const quipu_snapshot_policy fifth = { .struct_size = sizeof(fifth),
                                          .every = 5 };
    const quipu_snapshot_policy changed = {
        .struct_size = sizeof(changed), .every = 2, .version = 2, .kept = 2
    };
    /* Room for few states, so that some are evicted. */
    const quipu_cache_policy cache = { .struct_size = sizeof(cache),
                                       .bytes = 4000 };
    const quipu_cache_policy one = { .struct_size = sizeof(one),
                                     .bytes = 1 << 20,
                                     .count = 1 };
    struct shop *shop = &run->shop;
    quipu_repository **to = run->repositories;

    to[0] = shop_repository(shop, &basket_type, &third, NULL);
    to[1] = shop_repository(shop, &basket_type, &fifth, &cache);
    to[2] = shop_repository(shop, &basket_turned, &fifth, NULL);
    to[3] = shop_repository(shop, &basket_type, &changed, &one);
    to[4] = shop_repository(shop, &basket_type, NULL, &cache);
    to[5] = shop_repository(shop, &basket_lacking, &third, &cache);
}

static void add(quipu_repository_counts *sum,
                const quipu_repository_counts *counts)
{
    sum->events += counts->events;
    sum->hits += counts->hits;
    sum->cache_refused += counts->cache_refused;
    sum->cache_evicted += counts->cache_evicted;
    sum->snapshots_used += counts->snapshots_used;
    sum->snapshots_refused += counts->snapshots_refused;
    sum->snapshots_outdated += counts->snapshots_outdated;
    sum->snapshots_damaged += counts->snapshots_damaged;
    sum->snapshots_taken += counts->snapshots_taken;
    sum->snapshots_failed += counts->snapshots_failed;
    sum->incomplete += counts->incomplete;
}

static void close_repositories(struct run *run)
{
    for (int i = 0; i < REPOSITORIES; i++) {
        const quipu_repository_counts counts = counts_of(run->repositories[i]);

        add(&run->counts->counts, &counts);
        quipu_repository_close(run->repositories[i]);
    }
}

static void compare(struct run *run, const quipu_id *id, int64_t version)
{
    quipu_repository *repository = run->repositories[draw(run, REPOSITORIES)];
    bool newest = draw(run, 2);

    assert_same(run->shop.plain, repository, id,
                newest ? -2 : (int64_t)draw(run, (uint32_t)version + 2) - 1);
    run->counts->compared++;
}

/* Erases some events, with those that were erased before. */
static void erase(struct run *run, const quipu_id *id, int64_t version)
{
    int64_t from = (int64_t)draw(run, (uint32_t)version + 1);

    if (shop_can(&run->shop, QUIPU_CAN_ERASE)) {
        run->counts->erased +=
            shop_erase(&run->shop, id, from, from + (int64_t)draw(run, 4));
    }
}

static void run_history(struct run *run, const quipu_id *id)
{
    int64_t version = 0;
    quipu_error error;

    for (int step = 0; step < STEPS; step++) {
        uint32_t kind = draw(run, 16);
        int64_t events = 1 + draw(run, 4);

        if (kind < 5) {
            shop_append(&run->shop, id, version, events, draw(run, 1u << 30));
            version += events;
            run->counts->events += events;
        } else if (kind == 5) {
            run->counts->broken += damage_snapshot(
                run->shop.datastore, (int)draw(run, 2), draw(run, 1u << 20));
        } else if (kind == 6 && draw(run, 4) == 0) {
            assert_ok(quipu_repository_remove_snapshots(run->repositories[0],
                                                        id, &error),
                      &error);
        } else if (kind == 7) {
            erase(run, id, version);
        } else {
            compare(run, id, version);
        }
    }
    if (draw(run, 4) == 0) {
        shop_drop(&run->shop, id, version);
        run->counts->events++;
        erase(run, id, version);
    }
    for (int i = 0; i < REPOSITORIES; i++) {
        compare(run, id, version);
    }
    assert_true(count_snapshots(run->shop.datastore) <= KEPT_MAX);
    assert_ok(
        quipu_repository_remove_snapshots(run->repositories[0], id, &error),
        &error);
    run->counts->histories++;
}

void histories_run(const char *name, int64_t histories, uint32_t seed,
                   struct histories_counts *counts)
{
    struct run run = { .random = seed, .counts = counts };
    quipu_error error;
    char text[32];
    quipu_id id;

    shop_open(&run.shop, name);
    open_repositories(&run);
    for (int64_t i = 0; i < histories; i++) {
        (void)snprintf(text, sizeof(text), "basket-%lld", (long long)i);
        assert_ok(quipu_id_of_text(&id, text, &error), &error);
        run_history(&run, &id);
    }
    close_repositories(&run);
    shop_close(&run.shop);
}
