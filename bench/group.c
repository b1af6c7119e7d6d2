/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that append one event at a time to one datastore, each to sequences
 * of its own: with commits shared, and with one commit each (group=1), in turn.
 */
#include "bench.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS_MAX 32
#define SLICES 10
#define SLICE_SECONDS 0.1

struct crowd;

struct member {
    pthread_t thread;
    struct crowd *crowd;
    quipu_uuid sequence;
    size_t events;
    double longest; /* seconds */
};

/* The threads of one side. */
struct crowd {
    struct bench_store store;
    quipu_datastore *datastore;
    quipu_records *records;
    size_t count;
    struct member members[THREADS_MAX];
    pthread_barrier_t start;
    double until;
    /* Of a round, and of all. */
    double events, seconds;
    double rates[BENCH_ROUNDS_MAX];
    double longest;
};

static void append_one(struct member *member)
{
    quipu_error error = { 0 };
    quipu_uuid event_id;
    quipu_uuid_ordered(&event_id);
    const quipu_item item = {
        .sequence_id = { member->sequence.bytes, 16 },
        .topic = { BENCH_TOPIC, sizeof(BENCH_TOPIC) - 1 },
        .state = { bench_state, BENCH_STATE_SIZE },
        .event_id = { event_id.bytes, 16 },
        .flags = QUIPU_ITEM_NEXT,
    };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = &item,
                                  .item_count = 1 };
    bench_need(
        quipu_records_append(member->crowd->records, &append, NULL, &error),
        &error, "append");
}

static void *run_member(void *context)
{
    struct member *member = context;
    (void)pthread_barrier_wait(&member->crowd->start);
    double now = bench_now();
    while (now < member->crowd->until) {
        if (member->events % 10 == 0) {
            quipu_uuid_random(&member->sequence);
        }
        append_one(member);
        double after = bench_now();
        if (after - now > member->longest) {
            member->longest = after - now;
        }
        member->events++;
        now = after;
    }
    return NULL;
}

static void run_slice(struct crowd *crowd)
{
    (void)pthread_barrier_init(&crowd->start, NULL, (unsigned)crowd->count + 1);
    for (size_t i = 0; i < crowd->count; i++) {
        struct member *member = &crowd->members[i];
        *member = (struct member){ .crowd = crowd };
        if (pthread_create(&member->thread, NULL, run_member, member) != 0) {
            bench_die("group", "the system gives no thread");
        }
    }
    double begin = bench_now();
    crowd->until = begin + SLICE_SECONDS;
    (void)pthread_barrier_wait(&crowd->start);
    for (size_t i = 0; i < crowd->count; i++) {
        struct member *member = &crowd->members[i];
        (void)pthread_join(member->thread, NULL);
        crowd->events += (double)member->events;
        if (member->longest > crowd->longest) {
            crowd->longest = member->longest;
        }
    }
    crowd->seconds += bench_now() - begin;
    (void)pthread_barrier_destroy(&crowd->start);
}

static void open_crowd(struct crowd *crowd, const struct bench_driver *driver,
                       const struct bench_place *place, size_t group)
{
    quipu_error error = { 0 };
    bench_store_init(&crowd->store, driver, place,
                     group == 1 ? "alone" : "group");
    crowd->store.group = group;
    crowd->datastore = bench_store_open(&crowd->store);
    bench_need(quipu_records_open(crowd->datastore,
                                  quipu_schema_stored_events(), &crowd->records,
                                  &error),
               &error, "open");
    crowd->events = crowd->seconds = 0;
}

static void close_crowd(struct crowd *crowd, size_t round)
{
    quipu_error error = { 0 };
    crowd->rates[round] = crowd->events / crowd->seconds;
    bench_need(quipu_records_close(crowd->records, &error), &error, "close");
    bench_need(quipu_datastore_close(crowd->datastore, &error), &error,
               "close");
    crowd->store.driver->remove(&crowd->store);
}

static void run_round(struct crowd *group, struct crowd *alone,
                      const struct bench_driver *driver,
                      const struct bench_place *place, size_t round)
{
    open_crowd(group, driver, place, 0);
    open_crowd(alone, driver, place, 1);
    for (size_t slice = 0; slice < SLICES; slice++) {
        run_slice(slice % 2 == 0 ? group : alone);
        run_slice(slice % 2 == 0 ? alone : group);
    }
    close_crowd(group, round);
    close_crowd(alone, round);
}

static void measure(const struct bench_driver *driver,
                    const struct bench_place *place, size_t rounds,
                    const char *name, size_t threads)
{
    struct crowd *group = bench_allocate(sizeof(*group));
    struct crowd *alone = bench_allocate(sizeof(*alone));
    group->count = alone->count = threads;
    for (size_t round = 0; round < rounds; round++) {
        run_round(group, alone, driver, place, round);
    }
    const struct bench_figure figure = { .driver = driver->name,
                                         .name = name,
                                         .suffix = "",
                                         .unit = "events/s",
                                         .longest = group->longest * 1000,
                                         .baseline_longest =
                                             alone->longest * 1000 };
    bench_report_rounds(figure, group->rates, alone->rates, rounds);
    free(alone);
    free(group);
}

void bench_groups(const struct bench_driver *driver,
                  const struct bench_place *place, size_t rounds,
                  const char *const *patterns, size_t pattern_count)
{
    static const size_t threads[] = { 1, 4, 16, 32 };
    for (size_t i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "append.1.group.%zu", threads[i]);
        if (bench_wanted(driver->name, name, patterns, pattern_count)) {
            measure(driver, place, rounds, name, threads[i]);
        }
    }
}
