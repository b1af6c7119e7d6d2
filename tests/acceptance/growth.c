/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A3: a filter that wants nothing, or one item in a million, over a long log
 * with timeout=1000 (W4).  A10: a projection of a long log, and the latency of
 * appends beside it.
 *
 * The logs are filled with durability=relaxed.
 */
#include "acceptance.h"

#define ITEMS INT64_C(10000000)
#define FEW 100000 /* items of the log with which memory is compared */
#define BATCH 1000 /* items of an append */
#define WANTED 10  /* items */
#define MOST_KILOBYTES 16384 /* by which memory may grow */

/* --------------------------------------------------------------------- A3 */

/* Appends items; one of each `each` is wanted, the last one of it. */
static void fill_items(struct opened_log *log, int64_t count, int64_t each)
{
    static quipu_item items[BATCH];
    static quipu_uuid ids[BATCH];
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = items,
                                  .item_count = BATCH };
    quipu_error error;

    while (log->stored < count) {
        char sequence[32];

        (void)snprintf(sequence, sizeof(sequence), "s-%lld",
                       (long long)log->stored);
        for (size_t i = 0; i < BATCH; i++) {
            int64_t number = ++log->stored;

            quipu_uuid_ordered(&ids[i]);
            items[i] = (quipu_item){
                .sequence_id = quipu_bytes_of_text(sequence),
                .position = (int64_t)i,
                .topic = quipu_bytes_of_text(number % each == 0 ? "Wanted"
                                                                : "Noise"),
                .state = quipu_bytes_of_text("0123456789"),
                .event_id = { ids[i].bytes, sizeof(ids[i].bytes) },
            };
        }
        assert_ok(quipu_records_append(log->records, &append, NULL, &error),
                  &error);
    }
}

/* The work of a subscription to the end of the log. */
struct taken {
    int64_t items;
    int64_t microseconds;
    int64_t kilobytes; /* by which memory has grown */
};

/* `topic` NULL: all items. */
static struct taken take(struct opened_log *log, const char *topic)
{
    quipu_bytes topics[1];
    const quipu_match match = { .topics = topics, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    const quipu_subscription_options options = {
        .struct_size = sizeof(options),
        .flags = QUIPU_SUBSCRIPTION_TO_NOW,
        .consumer = topic ? topic : "all",
        .filter = topic ? &filter : NULL,
        .record_items = 100000,
    };
    quipu_subscription *subscription;
    const quipu_item *item = NULL;
    struct taken taken = { .items = -1 };
    quipu_error error;

    topics[0] = quipu_bytes_of_text(topic ? topic : "");
    assert_ok(
        quipu_subscription_open(log->records, &options, &subscription, &error),
        &error);
    int64_t memory = process_memory(getpid());
    int64_t begin = process_now();

    do {
        assert_ok(quipu_subscription_next(subscription, &item, -1, &error),
                  &error);
        taken.items++;
        if (item) {
            assert_ok(quipu_subscription_acknowledge(subscription, &error),
                      &error);
        }
    } while (item);
    taken.microseconds = process_now() - begin;
    taken.kilobytes = process_memory(getpid()) - memory;
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    assert_int_equal(tracked(log->datastore, options.consumer), log->stored);
    return taken;
}

/* Compares the growth of memory over a long log with that over a short one. */
static void compare_memory(struct acceptance *run, int64_t less, int64_t more)
{
    acceptance_note(run,
                    "; memory grew by %lld kB over %d items, %lld over %lld",
                    (long long)less, FEW, (long long)more, (long long)ITEMS);
    assert_true(more < less + MOST_KILOBYTES);
}

static void open_long_log(struct acceptance *run, const char *label,
                          struct opened_log *log)
{
    char name[96];

    run->model->prepare(label, "durability=relaxed&timeout=1000", name);
    open_log(log, name);
}

static void filter_log(struct acceptance *run)
{
    struct opened_log log;

    open_long_log(run, "few", &log);
    fill_items(&log, FEW, ITEMS / WANTED);
    struct taken less = take(&log, "Nothing");

    close_log(&log);
    open_long_log(run, "many", &log);
    int64_t begin = process_now();

    fill_items(&log, ITEMS, ITEMS / WANTED);
    acceptance_note(run, "%lld items, filled in %.0f s", (long long)ITEMS,
                    (double)(process_now() - begin) / 1e6);
    struct taken all = take(&log, NULL);
    struct taken nothing = take(&log, "Nothing");
    struct taken wanted = take(&log, "Wanted");

    close_log(&log);
    acceptance_note(run,
                    "; wanted %lld of %d, record at the head; time to all "
                    "items' (%.1f s): nothing %.3f, wanted %.3f",
                    (long long)wanted.items, WANTED,
                    (double)all.microseconds / 1e6,
                    (double)nothing.microseconds / (double)all.microseconds,
                    (double)wanted.microseconds / (double)all.microseconds);
    assert_int_equal(all.items, ITEMS);
    assert_int_equal(nothing.items, 0);
    assert_int_equal(wanted.items, WANTED);
    compare_memory(run, less.kilobytes, nothing.kilobytes);
}

const struct acceptance_test acceptance_filters = {
    .name = "A3",
    .title = "a filter that wants little of a long log",
    .run = filter_log,
};

/* -------------------------------------------------------------------- A10 */

enum { APPENDS = 1000, PAUSE = 5000 /* microseconds between two */ };

/* The process of a projection. */
struct growth {
    const struct model *model;
    char name[96];
    atomic_bool may_begin; /* it is started before the store is opened */
    _Atomic int64_t position;
};

static void project(void *context)
{
    struct growth *growth = context;
    struct applied applied = { .model = growth->model };
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    bool caught_up = false;
    int64_t failures = 0;
    struct opened_log log;
    quipu_error error;

    while (!atomic_load(&growth->may_begin)) {
        process_sleep(1000);
    }
    open_log(&log, growth->name);
    quipu_projection *projection =
        open_applied(&log, &applied, (quipu_projection_options){ 0 });

    for (;;) {
        acceptance_step(projection, &caught_up, &failures);
        assert_ok(quipu_projection_status(projection, &status, &error), &error);
        atomic_store(&growth->position, status.position);
    }
}

/* Appends single events in a steady rhythm; returns the duration in
 * microseconds below which 99 % of them lie. */
static int64_t measure_appends(struct opened_log *log)
{
    int64_t times[APPENDS];

    for (size_t i = 0; i < APPENDS; i++) {
        int64_t begin = process_now();

        add_events(log, 1);
        times[i] = process_now() - begin;
        process_sleep(PAUSE);
    }
    return acceptance_quantile(times, APPENDS, 0.99);
}

/* Waits for a position; returns the memory of the process then. */
static int64_t memory_at(struct growth *growth, pid_t process, int64_t position)
{
    while (atomic_load(&growth->position) < position) {
        assert_true(process_is_running(process));
        process_sleep(1000);
    }
    return process_memory(process);
}

static void grow(struct acceptance *run)
{
    struct growth *growth = process_share(sizeof(*growth));
    struct opened_log log;

    growth->model = run->model;
    acceptance_fill(run, "growing", "durability=relaxed", ITEMS, 1,
                    growth->name);
    strstr(growth->name, "durability")[-1] = '\0'; /* from here on: full */
    pid_t process = process_start(project, growth);

    open_log(&log, growth->name);
    log.sequences = 1;
    log.stored = ITEMS;
    int64_t alone = measure_appends(&log);
    int64_t begin = process_now();

    atomic_store(&growth->may_begin, true);
    int64_t less = memory_at(growth, process, FEW);
    int64_t beside = measure_appends(&log);
    bool was_busy = atomic_load(&growth->position) < ITEMS;
    int64_t more = memory_at(growth, process, log.stored);
    double seconds = (double)(process_now() - begin) / 1e6;

    assert_true(process_kill(process));
    close_log(&log);
    struct model_counts counts =
        count_model(run->model, growth->name, "applied@1", 1);

    acceptance_note(run,
                    "%lld events projected in %.0f s; append p99 %.1f ms "
                    "beside it, %.1f alone",
                    (long long)counts.rows, seconds, (double)beside / 1e3,
                    (double)alone / 1e3);
    compare_memory(run, less, more);
    assert_exact(&counts);
    assert_int_equal(counts.rows, log.stored);
    assert_true(was_busy);
    /* An append waits for a batch of 50 ms, the commit of the batch, and its
     * own commit. */
    assert_true(beside <= 50000 + 2 * alone);
}

const struct acceptance_test acceptance_growth = {
    .name = "A10",
    .title = "project a long log beside appends",
    .run = grow,
};
