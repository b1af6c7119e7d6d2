/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A2: two processes run one projection by mistake, with batches of different
 * sizes, and both are killed again and again (P7).
 *
 * As a control the same is done by processes that write the tracking record
 * without a condition on its old position, which U4 alone cannot keep from
 * applying events twice: the test must notice that.
 */
#include "acceptance.h"

struct runner {
    const struct model *model;
    char name[96];
    int64_t events;
    uint32_t batch_items;
    bool is_naive;
    atomic_bool is_open;
};

static void run_projection(struct opened_log *log, const struct runner *runner)
{
    const quipu_projection_options options = { .batch_items =
                                                   runner->batch_items };
    struct applied applied = { .model = runner->model, .nanoseconds = 20000 };

    (void)acceptance_catch_up(open_applied(log, &applied, options));
}

/* -------------------------------------------------- without the condition */

enum { NAIVE_BATCH_MOST = 500 };

struct naive_batch {
    const struct model *model;
    int64_t ids[NAIVE_BATCH_MOST];
    size_t count;
};

static int apply_batch(void *native, void *context, quipu_error *error)
{
    const struct naive_batch *batch = context;

    (void)error;
    for (size_t i = 0; i < batch->count; i++) {
        int status =
            batch->model->add(native, batch->ids[i], batch->ids[i] - 1);

        if (status != QUIPU_OK) {
            return status;
        }
        process_sleep(20);
    }
    return QUIPU_OK;
}

static void read_batch(struct opened_log *log, int64_t after,
                       uint32_t batch_items, struct naive_batch *batch)
{
    const quipu_query query = { .struct_size = sizeof(query),
                                .flags = QUIPU_QUERY_GT | QUIPU_QUERY_LIMIT,
                                .gt = after,
                                .limit = batch_items };
    const quipu_item *item = NULL;
    quipu_cursor *cursor;
    quipu_error error;

    batch->count = 0;
    assert_ok(quipu_records_read_log(log->records, &query, &cursor, &error),
              &error);
    do {
        assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
        if (item) {
            batch->ids[batch->count++] = item->notification_id;
        }
    } while (item);
    quipu_cursor_close(cursor);
}

static int commit_batch(struct opened_log *log, struct naive_batch *batch)
{
    const quipu_tracking tracking = {
        .consumer = quipu_bytes_of_text("applied@1"),
        .log = quipu_bytes_of_text("stored_events"),
        .position = { .notification_id = batch->ids[batch->count - 1] },
    };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .tracking = &tracking };

    return quipu_records_transact(log->records, &append, apply_batch, batch,
                                  NULL, NULL);
}

/* Keeps its position in memory, and reads the record only at the beginning and
 * when it is refused. */
static void run_naively(struct opened_log *log, const struct runner *runner)
{
    static struct naive_batch batch;
    int64_t position = tracked(log->datastore, "applied@1");

    batch.model = runner->model;
    while (position < runner->events) {
        read_batch(log, position, runner->batch_items, &batch);
        position = commit_batch(log, &batch) == QUIPU_OK
                       ? batch.ids[batch.count - 1]
                       : tracked(log->datastore, "applied@1");
    }
}

/* --------------------------------------------------------------- the test */

static void run_runner(void *context)
{
    struct runner *runner = context;
    struct opened_log log;

    open_log(&log, runner->name);
    atomic_store(&runner->is_open, true);
    if (runner->is_naive) {
        run_naively(&log, runner);
    } else {
        run_projection(&log, runner);
    }
}

/* Kills one of the two at random times, and starts it again, until one of them
 * has ended by itself.  Returns the number of kills. */
static int64_t kill_both(struct runner *runners)
{
    pid_t processes[2];
    int64_t kills = 0;
    size_t i = 0;

    for (i = 0; i < 2; i++) {
        processes[i] = process_start(run_runner, &runners[i]);
    }
    for (;;) {
        i = (size_t)process_random(2);
        process_wait_to_kill(processes[i], &runners[i].is_open, 40000);
        if (!process_kill(processes[i])) {
            (void)process_wait_killed(processes[1 - i]);
            return kills;
        }
        kills++;
        processes[i] = process_start(run_runner, &runners[i]);
    }
}

/* Creates the read model as the projection would. */
static void create_model(const struct runner *runner)
{
    struct applied applied = { .model = runner->model };
    struct opened_log log;
    quipu_error error;

    open_log(&log, runner->name);
    assert_ok(quipu_projection_close(
                  open_applied(&log, &applied, (quipu_projection_options){ 0 }),
                  &error),
              &error);
    close_log(&log);
}

static struct model_counts run_pair(struct acceptance *run, uint32_t first,
                                    uint32_t second, bool is_naive,
                                    int64_t *kills)
{
    struct runner *runners = process_share(2 * sizeof(*runners));

    runners[0] = (struct runner){ .model = run->model,
                                  .events = run->is_short ? 1000 : 10000,
                                  .batch_items = first,
                                  .is_naive = is_naive };
    acceptance_fill(run, "runners", "durability=relaxed", runners[0].events, 1,
                    runners[0].name);
    if (is_naive) {
        create_model(&runners[0]);
    }
    runners[1] = runners[0];
    runners[1].batch_items = second;
    *kills += kill_both(runners);
    struct model_counts counts =
        count_model(run->model, runners[0].name, "applied@1", 1);

    assert_int_equal(counts.record, runners[0].events);
    return counts;
}

static void run_two(struct acceptance *run)
{
    static const uint32_t pairs[][2] = {
        { 1, 7 }, { 7, 500 }, { 500, 1 }, { 500, 500 }
    };
    int64_t kills = 0;
    size_t count = run->is_short ? 2 : sizeof(pairs) / sizeof(*pairs);

    for (size_t i = 0; i < count; i++) {
        struct model_counts counts =
            run_pair(run, pairs[i][0], pairs[i][1], false, &kills);

        assert_exact(&counts);
        assert_int_equal(counts.rows, counts.record);
    }
    acceptance_note(run, "%zu pairs of runners, %lld kills; twice 0, missing 0",
                    count, (long long)kills);
    assert_true(kills > 0);

    /* The kills decide whether the two meet; on a machine with much other work
     * the few of the short form may not bring it about. */
    struct model_counts naive = { .twice = 0 };
    int most = run->is_short ? 5 : 40;

    for (int tries = 0; naive.twice == 0 && tries < most; tries++) {
        naive = run_pair(run, 7, 500, true, &kills);
    }
    acceptance_note(run, "; control without T1: twice %lld",
                    (long long)naive.twice);
    assert_true(run->is_short || naive.twice > 0);
}

const struct acceptance_test acceptance_runners = {
    .name = "A2",
    .title = "two runners of one projection, killed at random times",
    .run = run_two,
    .has_short = true,
};
