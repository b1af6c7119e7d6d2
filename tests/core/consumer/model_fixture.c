/* SPDX-License-Identifier: Apache-2.0 */
#include "model_fixture.h"

#include <time.h>

#include "group/group_state.h"

/* ------------------------------------------------------------- projection */

static int create(void *native, void *context, quipu_error *error)
{
    const struct applied *applied = context;

    (void)error;
    return applied->model->create(native);
}

static int drop(void *native, void *context, quipu_error *error)
{
    const struct applied *applied = context;

    (void)error;
    return applied->model->drop(native);
}

/* The row of a refused event is written first: it must be rolled back. */
static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *error)
{
    struct applied *applied = context;
    const struct credited *credit = (const void *)event;
    const struct timespec duration = { .tv_nsec = applied->nanoseconds };
    int64_t id = item->notification_id;

    atomic_fetch_add(&applied->calls, 1);
    if (applied->nanoseconds > 0) {
        (void)nanosleep(&duration, NULL);
    }
    int status = applied->model->add(native, id, credit->cents);

    if (applied->refused > 0 && id % applied->refused == 0 &&
        !atomic_load(&applied->is_mended)) {
        return quipu_error_set(error, applied->refusal, "no such account");
    }
    return status;
}

static const quipu_projection_handler handlers[] = {
    { .event = &credited, .apply = apply },
    { 0 },
};

const quipu_projection_type applied_type = {
    .name = "applied",
    .version = 1,
    .handlers = handlers,
    .create = create,
    .drop = drop,
};

quipu_projection *open_applied(struct opened_log *log, struct applied *applied,
                               quipu_projection_options options)
{
    quipu_projection *projection = NULL;
    quipu_error error;

    options.struct_size = sizeof(options);
    options.context = applied;
    assert_ok(quipu_projection_open(log->store, &applied_type, &options,
                                    &projection, &error),
              &error);
    return projection;
}

/* --------------------------------------------------------------- counting */

/* The rows that were read so far. */
struct reading {
    struct model_counts *counts;
    uint8_t *times;   /* for each id, how often it was applied */
    int64_t room;     /* of `times` */
    int64_t *last;    /* for each sequence, the highest id that was applied */
    int64_t *records; /* for each sequence, up to where it was handled */
    int64_t sequences;
};

static void make_room(struct reading *reading, int64_t id)
{
    if (id < reading->room) {
        return;
    }
    int64_t room = 2 * id + 1024;

    uint8_t *times = realloc(reading->times, (size_t)room);

    assert_non_null(times);
    reading->times = times;
    memset(reading->times + reading->room, 0, (size_t)(room - reading->room));
    reading->room = room;
}

static void count_row(void *context, int64_t id, int64_t cents)
{
    struct reading *reading = context;
    struct model_counts *counts = reading->counts;
    int64_t *last = &reading->last[(id - 1) % reading->sequences];

    assert_true(id > 0);
    make_room(reading, id);
    counts->rows++;
    counts->wrong += cents != id - 1;
    counts->twice += reading->times[id] > 0;
    counts->disorder += id < *last;
    reading->times[id] = 1;
    *last = id > *last ? id : *last;
}

static void count_parked(struct reading *reading, quipu_datastore *datastore,
                         const char *consumer)
{
    const quipu_parked_event *event = NULL;
    quipu_parked_events *events;
    quipu_error error;

    assert_ok(quipu_parked_events_open(datastore, consumer, &events, &error),
              &error);
    do {
        assert_ok(quipu_parked_events_next(events, &event, &error), &error);
        if (event) {
            make_room(reading, event->notification_id);
            reading->counts->parked++;
            reading->counts->twice += reading->times[event->notification_id];
            reading->times[event->notification_id] = 1;
        }
    } while (event);
    quipu_parked_events_close(events);
}

/* Reads how far each sequence was handled: up to the tracking record, or up to
 * the position of its partition.  Returns the highest. */
static int64_t read_records(struct reading *reading, struct opened_log *log,
                            const char *consumer)
{
    struct quipu_group_state state = { .partition_count = 0 };
    int64_t highest = tracked(log->datastore, consumer);
    quipu_error error;

    reading->counts->record = highest;
    assert_ok(quipu_group_state_read(&state, log->datastore, consumer, &error),
              &error);
    for (int64_t i = 0; i < reading->sequences; i++) {
        reading->records[i] = highest;
    }
    if (state.partition_count > 0) {
        uint64_t all = quipu_group_all_partitions(state.partition_count);

        reading->counts->record =
            quipu_group_state_lowest(&state, all).notification_id;
        highest = quipu_group_state_highest(&state, all).notification_id;
        for (int64_t i = 0; i < reading->sequences; i++) {
            char text[32];

            name_sequence(i, text);
            uint32_t partition = quipu_filter_partition(
                quipu_records_schema(log->records), quipu_bytes_of_text(text),
                state.partition_count);

            reading->records[i] =
                state.partitions[partition].position.notification_id;
        }
    }
    quipu_group_state_finish(&state);
    return highest;
}

struct model_counts count_model(const struct model *model, const char *name,
                                const char *consumer, int sequences)
{
    struct model_counts counts = { .rows = 0 };
    struct reading reading = { .counts = &counts, .sequences = sequences };
    struct opened_log log;

    reading.last = calloc((size_t)sequences, sizeof(*reading.last));
    reading.records = calloc((size_t)sequences, sizeof(*reading.records));
    assert_true(reading.last && reading.records);
    model->read(name, count_row, &reading);
    open_log(&log, name);
    make_room(&reading, read_records(&reading, &log, consumer));
    count_parked(&reading, log.datastore, consumer);
    close_log(&log);
    for (int64_t id = 1; id < reading.room; id++) {
        bool handled = id <= reading.records[(id - 1) % sequences];

        counts.missing += handled && reading.times[id] == 0;
        counts.beyond += !handled && reading.times[id] > 0;
    }
    free(reading.times);
    free(reading.last);
    free(reading.records);
    return counts;
}

static void ignore_row(void *context, int64_t id, int64_t cents)
{
    (void)context;
    (void)id;
    (void)cents;
}

/* Reading waits for them first (model_postgres.c). */
void await_model(const struct model *model, const char *name)
{
    model->read(name, ignore_row, NULL);
}

bool is_exact(const struct model_counts *counts)
{
    return counts->twice == 0 && counts->missing == 0 && counts->beyond == 0 &&
           counts->disorder == 0 && counts->wrong == 0;
}

void assert_exact(const struct model_counts *counts)
{
    if (!is_exact(counts)) {
        print_error("record %lld, %lld rows, %lld parked: twice %lld, missing "
                    "%lld, beyond the record %lld, out of order %lld, wrong "
                    "%lld\n",
                    (long long)counts->record, (long long)counts->rows,
                    (long long)counts->parked, (long long)counts->twice,
                    (long long)counts->missing, (long long)counts->beyond,
                    (long long)counts->disorder, (long long)counts->wrong);
    }
    assert_true(is_exact(counts));
}
