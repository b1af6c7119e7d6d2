/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that threads can share a mapper, each with its own list. */
#include <pthread.h>

#include "harness.h"

#define THREADS 8
#define ROUNDS 200

struct worker {
    pthread_t thread;
    const quipu_mapper *mapper;
    int64_t number;
    int done; /* rounds that succeeded */
};

static bool round_trip(const struct worker *worker, quipu_items *items,
                       int64_t version)
{
    struct sample sample;
    quipu_event *event = NULL;
    bool equal;
    size_t count;

    sample_full(&sample);
    sample.i64 = worker->number;
    sample.base.originator_version = version;
    quipu_items_clear(items);
    if (quipu_items_add(items, &sample.base, NULL) != QUIPU_OK ||
        quipu_mapper_event(worker->mapper, quipu_items_array(items, &count),
                           &event, NULL) != QUIPU_OK) {
        return false;
    }
    equal = ((const struct sample *)event)->i64 == worker->number &&
            event->originator_version == version &&
            quipu_mapper_type(worker->mapper, "Sample.Taken") == event->type;
    quipu_event_destroy(event);
    return equal;
}

static void *work(void *context)
{
    struct worker *worker = context;
    quipu_items *items = NULL;

    if (quipu_items_create(worker->mapper, &items, NULL) != QUIPU_OK) {
        return NULL;
    }
    for (int64_t i = 0; i < ROUNDS; i++) {
        worker->done += round_trip(worker, items, i);
    }
    quipu_items_destroy(items);
    return NULL;
}

static void threads_share_a_mapper(void **state)
{
    static const quipu_event_type *const types[] = { &sample_type };
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    struct worker workers[THREADS] = { { 0 } };
    struct harness harness;

    (void)state;
    harness_open(&harness, &schema, &mapping);
    for (int i = 0; i < THREADS; i++) {
        workers[i].mapper = harness.mapper;
        workers[i].number = i;
        assert_int_equal(
            pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].done, ROUNDS);
    }
    harness_close(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_share_a_mapper),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
