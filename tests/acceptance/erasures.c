/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C5: two processes erase random ranges of the log and of sequences, beside
 * eight processes that append; all of them are killed again and again.  In the
 * end every append that was acknowledged is stored once, at its place, and with
 * the contents that it was appended with, unless it lies in a range that was
 * erased (E1 to E6); and `quipu verify` finds no fault.
 *
 * Then, on back ends that keep files, the power is cut while one process
 * appends and erases (erasures_power.c).
 */
#include "erasures.h"

#include "acceptance.h"

#include <stdlib.h>

enum {
    WRITERS = 8,
    ERASERS = 2,
    PROCESSES = WRITERS + ERASERS,
    ITEMS = 20000, /* of a writer, at most */
    RANGE = 8,     /* items of a range, at most */
    LIMIT = 4,     /* items of a commit, at most */
    PAUSE = 20000  /* microseconds between two erasures, at most */
};

/* Which items were to be erased: set before the call, and after it has
 * succeeded. */
struct marks {
    atomic_bool begun;
    atomic_bool done;
};

/* Memory that the processes share. */
struct erasing {
    char uri[128];
    atomic_bool is_over;
    atomic_bool is_open[PROCESSES];
    atomic_int_fast64_t stored[WRITERS]; /* acknowledged appends */
    atomic_int_fast64_t slowest;         /* append, in microseconds */
    atomic_int_fast64_t erased;          /* items that calls have reported */
    atomic_int_fast64_t calls;           /* of erase, that have succeeded */
    struct marks by_id[WRITERS * ITEMS + 1];
    struct marks by_position[WRITERS][ITEMS];
};

struct process {
    struct erasing *erasing;
    unsigned index;
};

/* ------------------------------------------------------------------ items */

void erasures_make_item(struct erasures_item *made, unsigned writer,
                        int64_t position)
{
    const size_t size = 20 + (size_t)(position * 7919 + writer) % 90 * 60;

    memset(made, 0, sizeof(*made));
    memset(made->state, 'x', size);
    (void)snprintf(made->sequence, sizeof(made->sequence), "writer-%u", writer);
    (void)snprintf(made->event, sizeof(made->event), "%u/%013lld", writer,
                   (long long)position);
    memcpy(made->state, made->event, sizeof(made->event) - 1);
    made->item = (quipu_item){
        .sequence_id = { made->sequence, strlen(made->sequence) },
        .position = position,
        .topic = quipu_bytes_of_text("Said"),
        .state = { made->state, size },
        .event_id = { made->event, 16 },
    };
}

void erasures_open(struct erasures_log *log, const char *uri)
{
    quipu_schema schema;
    quipu_error error;

    quipu_schema_init(&schema, sizeof(schema), quipu_schema_stored_events());
    schema.flags |= QUIPU_SCHEMA_TEXT_IDS;
    assert_ok(quipu_datastore_open(uri, NULL, &log->datastore, &error), &error);
    assert_ok(quipu_datastore_setup(log->datastore, &schema, &error), &error);
    assert_ok(
        quipu_records_open(log->datastore, &schema, &log->records, &error),
        &error);
}

void erasures_close(struct erasures_log *log)
{
    quipu_error error;

    assert_ok(quipu_records_close(log->records, &error), &error);
    assert_ok(quipu_datastore_close(log->datastore, &error), &error);
}

void erasures_append(struct erasures_log *log, unsigned writer,
                     int64_t position)
{
    static struct erasures_item made;
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = &made.item,
                                  .item_count = 1 };
    quipu_error error;

    erasures_make_item(&made, writer, position);
    assert_ok(quipu_records_append(log->records, &append, NULL, &error),
              &error);
}

bool erasures_check_item(const quipu_item *item, unsigned *writer)
{
    static struct erasures_item made;
    const bool is_erased = (item->flags & QUIPU_ITEM_ERASED) != 0;

    assert_int_equal(item->sequence_id.size, strlen("writer-0"));
    *writer = (unsigned)(((const char *)item->sequence_id.data)[7] - '0');
    erasures_make_item(&made, *writer, item->position);
    assert_bytes(item->topic.data, item->topic.size, "Said", 4);
    assert_bytes(item->event_id.data, item->event_id.size, made.event, 16);
    assert_bytes(item->state.data, item->state.size, made.state,
                 is_erased ? 0 : made.item.state.size);
    return is_erased;
}

/* -------------------------------------------------------------- processes */

static void write_items(struct erasing *erasing, unsigned writer)
{
    struct erasures_log log;
    char sequence[16];
    int64_t last = -1;
    quipu_error error;

    erasures_open(&log, erasing->uri);
    (void)snprintf(sequence, sizeof(sequence), "writer-%u", writer);
    int status = quipu_records_last(log.records, quipu_bytes_of_text(sequence),
                                    &last, &error);

    assert_true(status == QUIPU_OK || status == QUIPU_NOT_FOUND);
    while (!atomic_load(&erasing->is_over)) {
        if (last + 1 == ITEMS) {
            process_sleep(1000); /* until it is killed */
            continue;
        }
        const int64_t begin = process_now();

        erasures_append(&log, writer, ++last); /* E6: never refused */
        const int64_t duration = process_now() - begin;

        if (duration > atomic_load(&erasing->slowest)) {
            atomic_store(&erasing->slowest, duration);
        }
        atomic_store(&erasing->stored[writer], last + 1);
        atomic_store(&erasing->is_open[writer], true);
    }
    erasures_close(&log);
}

/* Chooses a range of stored items: the marks of its first item, or NULL if
 * there are none yet. */
static struct marks *choose_range(struct erasing *erasing,
                                  struct erasures_log *log,
                                  quipu_erasure *erasure, char sequence[16])
{
    quipu_position head;
    quipu_error error;
    const bool is_of_log = process_random(2) == 0;
    const unsigned writer = (unsigned)process_random(WRITERS);

    assert_ok(quipu_records_head(log->records, &head, &error), &error);
    const int64_t count = is_of_log ? head.notification_id
                                    : atomic_load(&erasing->stored[writer]);

    if (count == 0) {
        return NULL;
    }
    erasure->lower = process_random(count) + (is_of_log ? 1 : 0);
    erasure->upper = erasure->lower + process_random(RANGE);
    const int64_t most = is_of_log ? count : count - 1;

    if (erasure->upper > most) {
        erasure->upper = most;
    }
    if (is_of_log) {
        return &erasing->by_id[erasure->lower];
    }
    (void)snprintf(sequence, 16, "writer-%u", writer);
    erasure->sequence_id = quipu_bytes_of_text(sequence);
    return &erasing->by_position[writer][erasure->lower];
}

static void erase_once(struct erasing *erasing, struct erasures_log *log)
{
    quipu_erasure erasure = { .struct_size = sizeof(erasure),
                              .limit = 1 + process_random(LIMIT) };
    char sequence[16];
    int64_t erased = 0;
    quipu_error error;
    struct marks *marks = choose_range(erasing, log, &erasure, sequence);

    if (!marks) {
        return;
    }
    const int64_t count = erasure.upper - erasure.lower + 1;

    for (int64_t i = 0; i < count; i++) {
        atomic_store(&marks[i].begun, true);
    }
    assert_ok(quipu_records_erase(log->records, &erasure, &erased, &error),
              &error);
    atomic_fetch_add(&erasing->erased, erased);
    atomic_fetch_add(&erasing->calls, 1);
    for (int64_t i = 0; i < count; i++) {
        atomic_store(&marks[i].done, true);
    }
}

static void run_process(void *context)
{
    const struct process *process = context;
    struct erasing *erasing = process->erasing;
    struct erasures_log log;

    if (process->index < WRITERS) {
        write_items(erasing, process->index);
        return;
    }
    erasures_open(&log, erasing->uri);
    while (!atomic_load(&erasing->is_over)) {
        erase_once(erasing, &log);
        process_sleep(process_random(PAUSE));
        atomic_store(&erasing->is_open[process->index], true);
    }
    erasures_close(&log);
}

/* Kills one of the processes at a time, and starts it again. */
static void kill_often(struct erasing *erasing, int kills)
{
    static struct process processes[PROCESSES];
    pid_t pids[PROCESSES];

    for (unsigned i = 0; i < PROCESSES; i++) {
        processes[i] = (struct process){ erasing, i };
        pids[i] = process_start(run_process, &processes[i]);
    }
    for (int n = 0; n < kills; n++) {
        /* Half of the kills are of a process that erases. */
        const unsigned i = process_random(2) == 0
                               ? WRITERS + (unsigned)process_random(ERASERS)
                               : (unsigned)process_random(WRITERS);

        process_wait_to_kill(pids[i], &erasing->is_open[i], 40000);
        assert_true(process_kill(pids[i]));
        pids[i] = process_start(run_process, &processes[i]);
    }
    atomic_store(&erasing->is_over, true);
    for (unsigned i = 0; i < PROCESSES; i++) {
        assert_false(process_wait_killed(pids[i]));
    }
}

/* --------------------------------------------------------------- checking */

struct totals {
    int64_t items;
    int64_t erased;
    int64_t positions[WRITERS]; /* items of each writer so far */
    int64_t lost;               /* items that were to be erased, and are not */
    int64_t others;             /* items that were not to be, and are erased */
};

static void take_item(const struct erasing *erasing, const quipu_item *item,
                      struct totals *totals)
{
    unsigned writer = 0;
    const bool is_erased = erasures_check_item(item, &writer);

    assert_int_equal(item->notification_id, ++totals->items); /* L1 */
    assert_int_equal(item->position, totals->positions[writer]++);
    const struct marks *id = &erasing->by_id[item->notification_id];
    const struct marks *position =
        &erasing->by_position[writer][item->position];

    totals->erased += is_erased;
    totals->lost +=
        !is_erased && (atomic_load(&id->done) || atomic_load(&position->done));
    totals->others +=
        is_erased && !atomic_load(&id->begun) && !atomic_load(&position->begun);
}

static struct totals check_store(const struct erasing *erasing)
{
    struct totals totals = { 0 };
    struct erasures_log log;
    const quipu_item *item = NULL;
    quipu_cursor *cursor;
    int64_t commits = 0;
    quipu_error error;

    erasures_open(&log, erasing->uri);
    assert_ok(quipu_records_read_log(log.records, NULL, &cursor, &error),
              &error);
    do {
        assert_ok(quipu_cursor_next(cursor, &item, &error), &error);
        if (item) {
            take_item(erasing, item, &totals);
        }
    } while (item);
    quipu_cursor_close(cursor);
    for (unsigned i = 0; i < WRITERS; i++) {
        assert_true(totals.positions[i] >= atomic_load(&erasing->stored[i]));
    }
    assert_true(totals.erased >= atomic_load(&erasing->erased));
    assert_ok(quipu_records_erasures(log.records, &commits, &error), &error);
    assert_true(commits > 0);
    erasures_close(&log);
    return totals;
}

static void verify(const struct erasing *erasing)
{
    char command[400];

    (void)snprintf(command, sizeof(command),
                   "\"%s\" verify --raw '%s' >verify.out", QUIPU_PROGRAM,
                   erasing->uri);
    /* NOLINTNEXTLINE(cert-env33-c): the test's own command. */
    assert_int_equal(system(command), 0);
}

static bool can_erase(const struct erasing *erasing)
{
    const quipu_erasure all = { .struct_size = sizeof(all),
                                .lower = INT64_MIN,
                                .upper = INT64_MAX };
    struct erasures_log log;
    int64_t items = 0;
    quipu_error error;

    erasures_open(&log, erasing->uri);
    int status = quipu_records_erasable(log.records, &all, &items, &error);

    erasures_close(&log);
    return status != QUIPU_UNSUPPORTED;
}

static void erase_beside_writers(struct acceptance *run)
{
    struct erasing *erasing = process_share(sizeof(*erasing));
    const int kills = run->is_short ? 20 : 300;
    char name[96];

    run->model->prepare("erasing", "timeout=60000", name);
    (void)snprintf(erasing->uri, sizeof(erasing->uri), "%s:///%s",
                   run->model->driver, name);
    if (!can_erase(erasing)) {
        acceptance_skip(run, "the store cannot erase");
    }
    kill_often(erasing, kills);
    const struct totals totals = check_store(erasing);

    acceptance_note(run,
                    "%d kills, %lld items, %lld calls, %lld erased, not "
                    "erased %lld, others erased %lld, slowest append %lld ms",
                    kills, (long long)totals.items,
                    (long long)atomic_load(&erasing->calls),
                    (long long)totals.erased, (long long)totals.lost,
                    (long long)totals.others,
                    (long long)atomic_load(&erasing->slowest) / 1000);
    assert_int_equal(totals.lost + totals.others, 0);
    assert_true(totals.erased > 0 && totals.erased < totals.items);
    verify(erasing);
    acceptance_note(run, ", verified");
    if (run->model != &model_postgres && !run->is_short) {
        erasures_cut_power(run);
    }
}

const struct acceptance_test acceptance_erasures = {
    .name = "C5",
    .title = "erase random ranges beside writers, with kills and power cuts",
    .run = erase_beside_writers,
    .has_short = true,
};
