/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures consumers:
 *
 *   projection            the rate of a projection, against a loop that reads
 *                         the log by a cursor and applies batches of events in
 *                         transactions with the tracking record
 *   append.1.beside       appends of one thread beside a projection in the same
 *                         store, against appends alone; also the duration that
 *                         99 % of them do not exceed
 *   append.1.elsewhere    the same with the read model in a store of its own
 *   filter                a log of which one item in a million is wanted, by a
 *                         filtered cursor, against a cursor over all items
 *
 * The two ways take turns, a slice each.
 */
#include "benchmark.h"
#include "fail.h"
#include "figure.h"
#include "measure/clock.h"
#include "measure/workers.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define EVENTS 100000 /* that a projection can apply */
#define BATCH 500     /* events of a transaction: the default */
#define SLICES 10
#define SLICE_SECONDS 0.05
#define ITEMS 1000000 /* of the log that is filtered */

/* --------------------------------------------------------------- the events */

struct credited {
    quipu_event base;
    quipu_bytes data;
};

static const quipu_field credited_fields[] = {
    QUIPU_FIELD(struct credited, data),
    { 0 },
};
static const quipu_event_type credited = {
    .topic = MEASURE_TOPIC,
    .size = sizeof(struct credited),
    .fields = credited_fields,
};
static const quipu_event_type *const types[] = { &credited };
static const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                       .types = types,
                                       .type_count = 1 };

/* A store with events, and consumers of it. */
struct followed {
    struct bench_store store;
    struct bench_store elsewhere; /* for the read model; or not opened */
    const struct bench_store *model_store;
    quipu_datastore *datastore;
    quipu_datastore *target;
    quipu_store *events;
    quipu_records *records;
    quipu_projection *projection;
    struct measure_batch batch;
    size_t appended;
};

static quipu_error error;

static void check(int status, const char *what)
{
    bench_fail_on_error(status, &error, what);
}

/* Appends events of sequences of ten. */
static void fill(struct followed *followed, size_t count)
{
    static struct credited events[MEASURE_BATCH_MAX];
    static const quipu_event *pointers[MEASURE_BATCH_MAX];

    for (size_t done = 0; done < count; done += MEASURE_BATCH_MAX) {
        for (size_t i = 0; i < MEASURE_BATCH_MAX; i++) {
            const quipu_uuid sequence =
                measure_workload_sequence((done + i) / 10);
            quipu_id id;

            quipu_id_of_uuid(&id, &sequence);
            quipu_event_init(&events[i].base, &credited, &id,
                             (int64_t)((done + i) % 10));
            events[i].data =
                (quipu_bytes){ measure_workload_state, MEASURE_STATE_SIZE };
            pointers[i] = &events[i].base;
        }
        check(quipu_store_append(followed->events, pointers, MEASURE_BATCH_MAX,
                                 NULL, &error),
              "append");
    }
}

static void open_followed(struct followed *followed,
                          const struct bench_driver *driver,
                          const struct bench_workspace *workspace,
                          const char *label, size_t count)
{
    memset(followed, 0, sizeof(*followed));
    bench_store_init(&followed->store, driver, workspace, label);
    followed->datastore = bench_store_open(&followed->store);
    followed->model_store = &followed->store;
    check(quipu_store_open(followed->datastore, quipu_schema_stored_events(),
                           &mapping, &followed->events, &error),
          "open");
    followed->records = quipu_store_records(followed->events);
    fill(followed, count);
}

static void close_followed(struct followed *followed)
{
    followed->store.driver->model->finish();
    check(quipu_projection_close(followed->projection, &error), "close");
    check(quipu_store_close(followed->events, &error), "close");
    check(quipu_datastore_close(followed->datastore, &error), "close");
    followed->store.driver->remove(&followed->store);
    if (followed->target) {
        check(quipu_datastore_close(followed->target, &error), "close");
        followed->elsewhere.driver->remove(&followed->elsewhere);
    }
}

/* ----------------------------------------------------------- the projection */

static int create(void *native, void *context, quipu_error *cause)
{
    const struct followed *followed = context;

    (void)cause;
    followed->store.driver->model->create(native, followed->model_store);
    return QUIPU_OK;
}

static int drop(void *native, void *context, quipu_error *cause)
{
    const struct followed *followed = context;

    (void)cause;
    followed->store.driver->model->drop(native, followed->model_store);
    return QUIPU_OK;
}

static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *cause)
{
    const struct followed *followed = context;
    const struct credited *credit = (const void *)event;

    (void)cause;
    followed->store.driver->model->add(native, followed->model_store,
                                       item->notification_id,
                                       credit->data.size);
    return QUIPU_OK;
}

static const quipu_projection_handler handlers[] = {
    { .event = &credited, .apply = apply },
    { 0 },
};
static const quipu_projection_type type = {
    .name = "applied",
    .version = 1,
    .handlers = handlers,
    .create = create,
    .drop = drop,
};

static void open_projection(struct followed *followed)
{
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .target = followed->target,
                                               .context = followed };

    check(quipu_projection_open(followed->events, &type, &options,
                                &followed->projection, &error),
          "projection");
}

/* Returns the seconds that all events took. */
static double project(struct followed *followed)
{
    double start = measure_clock_seconds();
    bool caught_up = false;

    while (!caught_up) {
        check(quipu_projection_step(followed->projection, &caught_up, &error),
              "step");
    }
    return measure_clock_seconds() - start;
}

/* ----------------------------------------------------------------- by hand */

struct hand_batch {
    const struct followed *followed;
    size_t count;
    struct {
        int64_t id;
        size_t amount;
    } events[BATCH];
};

static int apply_batch(void *native, void *context, quipu_error *cause)
{
    const struct hand_batch *batch = context;
    const struct followed *followed = batch->followed;

    (void)cause;
    for (size_t i = 0; i < batch->count; i++) {
        followed->store.driver->model->add(native, followed->model_store,
                                           batch->events[i].id,
                                           batch->events[i].amount);
    }
    return QUIPU_OK;
}

static void commit_batch(struct hand_batch *batch)
{
    const quipu_tracking tracking = {
        .consumer = quipu_bytes_of_text("hand"),
        .log = quipu_bytes_of_text("stored_events"),
        .position = { .notification_id = batch->events[batch->count - 1].id },
    };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .tracking = &tracking };

    check(quipu_records_transact(batch->followed->records, &append, apply_batch,
                                 batch, NULL, &error),
          "transact");
    batch->count = 0;
}

/* Returns the seconds that all events took. */
static double loop_by_hand(struct followed *followed)
{
    static struct hand_batch batch;
    double start = measure_clock_seconds();
    const quipu_event *event = NULL;
    quipu_events *events;

    batch = (struct hand_batch){ .followed = followed };
    check(quipu_store_read_log(followed->events, NULL, &events, &error),
          "read");
    do {
        check(quipu_events_next(events, &event, &error), "next");
        if (event) {
            const struct credited *credit = (const void *)event;

            batch.events[batch.count].id =
                quipu_events_item(events)->notification_id;
            batch.events[batch.count++].amount = credit->data.size;
        }
        if (batch.count == BATCH || (!event && batch.count > 0)) {
            commit_batch(&batch);
        }
    } while (event);
    quipu_events_close(events);
    return measure_clock_seconds() - start;
}

/* Both fill the same table, each in a store of its own. */
static void compare_projection(const struct bench_driver *driver,
                               const struct bench_workspace *workspace,
                               size_t rounds)
{
    struct followed *stores = bench_allocate(2 * sizeof(*stores));
    double rates[2][MEASURE_ROUNDS_MAX];

    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < 2; i++) {
            open_followed(&stores[i], driver, workspace,
                          i == 0 ? "projection" : "hand", EVENTS);
            open_projection(&stores[i]);
        }
        for (size_t i = 0; i < 2; i++) {
            size_t which = (i + round) % 2;
            double seconds = which == 0 ? project(&stores[which])
                                        : loop_by_hand(&stores[which]);

            rates[which][round] = EVENTS / seconds;
        }
        for (size_t i = 0; i < 2; i++) {
            close_followed(&stores[i]);
        }
    }
    const struct bench_figure figure = { .driver = driver->name,
                                         .name = "projection",
                                         .suffix = "",
                                         .unit = "events/s" };

    bench_figure_report_rounds(figure, rates[0], rates[1], rounds);
    free(stores);
}

/* ---------------------------------------------------- appends beside it */

static int append_one(void *context, size_t number, quipu_error *cause)
{
    struct followed *followed = context;
    const struct measure_event event = {
        measure_workload_sequence(EVENTS + followed->appended++ / 10),
        MEASURE_NEXT_POSITION
    };

    (void)number;
    return measure_workload_append(followed->records, &followed->batch, &event,
                                   1, cause);
}

static void *run_projection(void *context)
{
    quipu_error cause;

    bench_fail_on_error(quipu_projection_run(context, &cause), &cause, "run");
    return NULL;
}

/* Where the read model is. */
enum place { NOWHERE, SAME_STORE, ELSEWHERE, PLACES };

/* Appends for a slice, beside a projection that begins with the first event. */
static void run_slice(struct followed *followed, enum place place,
                      struct measure_result *result)
{
    const struct measure_workers workers = { .count = 1,
                                             .seconds = SLICE_SECONDS,
                                             .operate = append_one,
                                             .context = followed };
    pthread_t thread;

    if (place != NOWHERE) {
        open_projection(followed);
        check(quipu_projection_reset(followed->projection, &error), "reset");
        if (pthread_create(&thread, NULL, run_projection,
                           followed->projection) != 0) {
            bench_fail("projection", "the system refuses a thread");
        }
    }
    check(measure_workers_run(&workers, result, &error), "append");
    if (place != NOWHERE) {
        quipu_projection_stop(followed->projection);
        (void)pthread_join(thread, NULL);
        followed->store.driver->model->finish();
        check(quipu_projection_close(followed->projection, &error), "close");
        followed->projection = NULL;
    }
}

static void open_place(struct followed *followed,
                       const struct bench_driver *driver,
                       const struct bench_workspace *workspace,
                       enum place place)
{
    static const char *const labels[PLACES] = { "alone", "same", "two" };

    open_followed(followed, driver, workspace, labels[place], EVENTS);
    if (place == ELSEWHERE) {
        bench_store_init(&followed->elsewhere, driver, workspace, "model");
        followed->target = bench_store_open(&followed->elsewhere);
        followed->model_store = &followed->elsewhere;
    }
}

/* Rates, and durations that 99 % of the appends do not exceed. */
struct appends {
    double rates[MEASURE_ROUNDS_MAX];
    double percentiles[MEASURE_ROUNDS_MAX];
};

static void run_round(const struct bench_driver *driver,
                      const struct bench_workspace *workspace,
                      struct appends *appends, size_t round)
{
    struct followed *stores = bench_allocate(PLACES * sizeof(*stores));
    struct measure_result *results = bench_allocate(PLACES * sizeof(*results));

    for (enum place place = NOWHERE; place < PLACES; place++) {
        open_place(&stores[place], driver, workspace, place);
    }
    for (size_t slice = 0; slice < SLICES; slice++) {
        for (size_t i = 0; i < PLACES; i++) {
            enum place place = (enum place)((i + slice) % PLACES);

            run_slice(&stores[place], place, &results[place]);
        }
    }
    for (enum place place = NOWHERE; place < PLACES; place++) {
        const struct measure_histogram *durations = &results[place].durations;

        appends[place].rates[round] =
            (double)durations->count / results[place].seconds;
        appends[place].percentiles[round] = measure_clock_milliseconds(
            measure_histogram_percentile(durations, 99));
        close_followed(&stores[place]);
    }
    free(results);
    free(stores);
}

static void compare_appends(const struct bench_driver *driver,
                            const struct bench_workspace *workspace,
                            size_t rounds)
{
    static const char *const names[PLACES] = { NULL, "append.1.beside",
                                               "append.1.elsewhere" };
    struct appends *appends = bench_allocate(PLACES * sizeof(*appends));

    for (size_t round = 0; round < rounds; round++) {
        run_round(driver, workspace, appends, round);
    }
    for (enum place place = SAME_STORE; place < PLACES; place++) {
        struct bench_figure figure = { .driver = driver->name,
                                       .name = names[place],
                                       .suffix = "",
                                       .unit = "events/s" };

        bench_figure_report_rounds(figure, appends[place].rates,
                                   appends[NOWHERE].rates, rounds);
        figure.suffix = ".p99";
        figure.unit = "ms";
        bench_figure_report_rounds(figure, appends[place].percentiles,
                                   appends[NOWHERE].percentiles, rounds);
    }
    free(appends);
}

/* --------------------------------------------------------------- filtering */

static size_t read_filtered(struct followed *followed)
{
    const quipu_bytes topic = quipu_bytes_of_text("Wanted");
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    quipu_cursor *cursor;
    size_t count = 0;

    check(quipu_records_read_filtered(followed->records, NULL, &filter, &cursor,
                                      &error),
          "read");
    check(measure_workload_next(cursor, SIZE_MAX, &count, &error), "next");
    quipu_cursor_close(cursor);
    return count;
}

static void append_wanted(struct followed *followed)
{
    quipu_uuid ids[2];
    const quipu_item item = { .sequence_id = { ids[0].bytes, 16 },
                              .topic = quipu_bytes_of_text("Wanted"),
                              .state = { measure_workload_state,
                                         MEASURE_STATE_SIZE },
                              .event_id = { ids[1].bytes, 16 },
                              .flags = QUIPU_ITEM_NEXT };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = &item,
                                  .item_count = 1 };

    quipu_uuid_random(&ids[0]);
    quipu_uuid_ordered(&ids[1]);
    check(quipu_records_append(followed->records, &append, NULL, &error),
          "append");
}

static void compare_filter(const struct bench_driver *driver,
                           const struct bench_workspace *workspace,
                           size_t rounds)
{
    struct followed *followed = bench_allocate(sizeof(*followed));
    double rates[2][MEASURE_ROUNDS_MAX];

    open_followed(followed, driver, workspace, "filter", ITEMS);
    append_wanted(followed);
    for (size_t round = 0; round < rounds; round++) {
        double start = measure_clock_seconds();
        size_t count = read_filtered(followed);
        double middle = measure_clock_seconds();
        size_t all = 0;

        check(measure_workload_scan(followed->records, &all, &error), "scan");
        if (count != 1 || all != ITEMS + 1) {
            bench_fail("filter", "a wrong number of items was read");
        }
        rates[0][round] = ITEMS / (middle - start);
        rates[1][round] = ITEMS / (measure_clock_seconds() - middle);
    }
    close_followed(followed);
    const struct bench_figure figure = { .driver = driver->name,
                                         .name = "filter",
                                         .suffix = "",
                                         .unit = "items/s" };

    bench_figure_report_rounds(figure, rates[0], rates[1], rounds);
    free(followed);
}

/* ------------------------------------------------------------------- all */

const char *const bench_consumers_names[] = { "projection", "append.1.beside",
                                              "filter", NULL };

void bench_consumers_run(const struct benchmark_selection *selection,
                         const struct bench_driver *driver,
                         const struct bench_workspace *workspace, size_t rounds)
{
    static void (*const run[])(
        const struct bench_driver *, const struct bench_workspace *,
        size_t) = { compare_projection, compare_appends, compare_filter };

    for (size_t i = 0; bench_consumers_names[i]; i++) {
        if (benchmark_selected(selection, driver->name,
                               bench_consumers_names[i])) {
            run[i](driver, workspace, rounds);
        }
    }
}
