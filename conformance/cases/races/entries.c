/* SPDX-License-Identifier: Apache-2.0 */
/*
 * K2 to K4 and T1 with several writers: threads (race.h) and processes.
 *
 * Threads of one datastore share the commit queue, so that a driver gets
 * requests of several of them in one call; each must be judged against what
 * the requests before it have changed.
 */
#include "race.h"

#include "cases/entry_list.h"

#include <inttypes.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define EXPECT ((uint32_t)QUIPU_ENTRY_EXPECT)
#define THREADS QUIPU_RACE_THREADS

/* A race with one entry, and with revisions that all threads have read. */
struct entry_race {
    struct quipu_race race;
    const char *key;
    const char *another;
    int64_t revision; /* that all expect in this round; 0: none */
    atomic_uint done; /* writers that have ended */
};

static void begin(struct entry_race *e, struct quipu_context *ctx,
                  bool separate)
{
    *e = (struct entry_race){ .key = quipu_context_name(ctx, "key"),
                              .another = quipu_context_name(ctx, "another") };
    quipu_race_begin(&e->race, ctx, 0, separate);
}

static int64_t revision_of(struct quipu_context *ctx, const char *key)
{
    return quipu_entry_list_revision(quipu_context_datastore(ctx), key);
}

/* -------------------------------------------- K4: one expects what all expect
 */

/* Writes another entry.  While the driver does that, the other threads' appends
 * queue up, and it gets them in one call afterwards. */
static void write_another(struct entry_race *e, struct quipu_builder *b)
{
    quipu_builder_entry(b, e->another, "x", 0, 0);
    CHECK(quipu_race_append(&e->race, b) == QUIPU_OK,
          "a write without an expectation fails: %s", ERR->message);
    quipu_builder_clear(b);
}

/* Writes, deletes or creates the entry, in some threads with an item. */
static void write_expected(void *context, unsigned i)
{
    struct entry_race *e = context;
    struct quipu_race *race = &e->race;
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 1);
    bool deletes = race->round % 3 == 2;
    int status;

    if (i == 0) {
        write_another(e, b);
    }
    quipu_builder_entry(b, e->key, deletes ? NULL : "x",
                        EXPECT | (deletes ? (uint32_t)QUIPU_ENTRY_DELETE : 0),
                        e->revision);
    quipu_builder_add_next(b, race->s[i], "x");
    status = quipu_race_append(race, b);
    CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT,
          "an append returned %s: %s", quipu_status_name(status), ERR->message);
    if (status == QUIPU_CONFLICT) {
        int64_t found = b->result.flags & QUIPU_RESULT_HAS_LAST
                            ? b->result.last_position
                            : 0;

        CHECK(b->result.cause == QUIPU_CAUSE_ENTRY, "result.cause is %d",
              b->result.cause);
        CHECK(deletes ? found == 0 : found == e->revision + 1 || !e->revision,
              "the refusal tells revision %" PRId64 ", and %" PRId64
              " was expected",
              found, e->revision);
    }
    atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->lost, 1);
}

static void race_expectation(struct quipu_context *ctx, bool separate)
{
    struct entry_race e;
    struct quipu_race *race = &e.race;
    int64_t highest = 0;

    begin(&e, ctx, separate);
    for (; race->round < 90 || quipu_race_goes_on(race, race->collided);
         race->round++) {
        int64_t revision;

        quipu_workers_run_threads(THREADS, write_expected, &e);
        CHECK(race->won == race->round + 1,
              "%u appends that expect one revision were accepted in %u rounds",
              race->won, race->round + 1);
        revision = revision_of(ctx, e.key);
        CHECK(race->round % 3 == 2 ? revision == 0 : revision > highest,
              "after revision %" PRId64 " comes %" PRId64, highest, revision);
        highest = revision > highest ? revision : highest;
        e.revision = revision;
    }
    quipu_race_check_collided(ctx, race->collided);
    CHECK(quipu_item_list_check_log(ctx, race->records[0]).count == race->won,
          "there is not one item for each accepted append");
}

static void expectation(struct quipu_context *ctx)
{
    race_expectation(ctx, false);
}

static void expectation_separate(struct quipu_context *ctx)
{
    race_expectation(ctx, true);
}

/* Each thread reads the revision and expects it, as a program that counts. */
static void count_up(void *context, unsigned i)
{
    struct entry_race *e = context;
    struct quipu_race *race = &e->race;
    quipu_datastore *datastore = quipu_records_datastore(race->records[i]);
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 1);

    for (unsigned counted = 0; counted < 30;) {
        int64_t revision = quipu_entry_list_revision(datastore, e->key);
        int status;

        sched_yield(); /* makes a collision more likely */
        quipu_builder_clear(b);
        quipu_builder_entry(b, e->key, "x", EXPECT, revision);
        if (i % 2) {
            quipu_builder_add_next(b, race->s[i], "x");
            status = quipu_race_append(race, b);
        } else {
            status = quipu_builder_commit(b, datastore);
        }
        CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT,
              "an append returned %s: %s", quipu_status_name(status),
              ERR->message);
        counted += status == QUIPU_OK;
        atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->lost, 1);
    }
}

static void counting(struct quipu_context *ctx)
{
    struct entry_race e;
    int64_t first;

    begin(&e, ctx, false);
    do {
        e.race.won = 0;
        first = revision_of(ctx, e.key);
        quipu_workers_run_threads(THREADS, count_up, &e);
        CHECK(e.race.won == 30 * THREADS, "%u appends were accepted",
              e.race.won);
        /* The first write of a new entry can have any revision. */
        CHECK(first == 0 ||
                  revision_of(ctx, e.key) == first + (int64_t)e.race.won,
              "%u accepted writes have raised revision %" PRId64 " to %" PRId64,
              e.race.won, first, revision_of(ctx, e.key));
        e.race.round++;
    } while (e.race.round < 2 || quipu_race_goes_on(&e.race, e.race.lost));
    quipu_race_check_collided(ctx, e.race.collided + e.race.lost);
}

/* Writes without an expectation are all accepted, and each raises the revision.
 */
static void write_any(void *context, unsigned i)
{
    struct entry_race *e = context;
    struct quipu_race *race = &e->race;
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 1);

    for (unsigned k = 0; k < 30; k++) {
        quipu_builder_clear(b);
        quipu_builder_entry(b, e->key, "x", 0, 0);
        quipu_builder_add_next(b, race->s[i], "x");
        OK(quipu_race_append(race, b));
    }
}

static void any_writes(struct quipu_context *ctx)
{
    struct entry_race e;

    begin(&e, ctx, false);
    write_any(&e, 0);
    for (; e.race.round < 1 || quipu_race_goes_on(&e.race, e.race.collided);
         e.race.round++) {
        int64_t before = revision_of(ctx, e.key);

        quipu_workers_run_threads(THREADS, write_any, &e);
        CHECK(revision_of(ctx, e.key) == before + 30 * THREADS,
              "%d writes have raised revision %" PRId64 " to %" PRId64,
              30 * THREADS, before, revision_of(ctx, e.key));
    }
    quipu_race_check_collided(ctx, e.race.collided);
}

/* ----------------------------------------------------- K2: seen by a reader */

#define WRITERS 4

/* Each append stores one item and raises the entry of its writer by one, so the
 * revision counts the items. */
static void write_counted(struct entry_race *e, unsigned i)
{
    struct quipu_race *race = &e->race;
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 1);

    for (unsigned k = 0;
         k < 30 || (race->seen < 20 && quipu_context_has_time(race->ctx));
         k++) {
        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[i], "x");
        quipu_builder_entry(
            b, quipu_context_format(race->ctx, "%s %u", e->key, i), "x", 0, 0);
        OK(quipu_race_append(race, b));
    }
    atomic_fetch_add(&e->done, 1);
}

/* The second read sees a state at least as new as that of the first. */
static void read_counted(struct entry_race *e, unsigned i)
{
    struct quipu_race *race = &e->race;
    unsigned writer = i % WRITERS;
    quipu_datastore *datastore = quipu_records_datastore(race->records[i]);
    const char *key = quipu_context_format(race->ctx, "%s %u", e->key, writer);

    do {
        int64_t items =
            quipu_race_last_position(race->records[i], race->s[writer]) + 1;
        int64_t revision = quipu_entry_list_revision(datastore, key);

        CHECK(revision >= items,
              "%" PRId64 " items were read, and then an entry that was "
              "written with %" PRId64 " of them",
              items, revision);
        items = quipu_race_last_position(race->records[i], race->s[writer]) + 1;
        CHECK(items >= revision,
              "an entry was read that was written with %" PRId64
              " items, and then %" PRId64 " of them",
              revision, items);
        race->seen += items > 0 && atomic_load(&e->done) < WRITERS;
    } while (atomic_load(&e->done) < WRITERS);
}

static void write_or_read(void *context, unsigned i)
{
    if (i < WRITERS) {
        write_counted(context, i);
    } else {
        read_counted(context, i);
    }
}

static void race_together(struct quipu_context *ctx, bool separate)
{
    struct entry_race e;

    begin(&e, ctx, separate);
    e.key = quipu_context_name(ctx, "counter");
    /* The keys are new, and no entry was deleted before: the first revision is
     * 1, or the race counts from another one. */
    for (unsigned i = 0; i < WRITERS; i++) {
        const char *key = quipu_context_format(ctx, "%s %u", e.key, i);
        struct quipu_builder *b =
            quipu_builder_create(ctx, e.race.records[0], 1);

        quipu_builder_add_next(b, e.race.s[i], "x");
        quipu_builder_entry(b, key, "x", EXPECT, 0);
        OK(quipu_builder_append(b));
        for (int64_t at = 1, end = revision_of(ctx, key); at < end; at++) {
            OK(quipu_builder_append_next(ctx, e.race.records[0], e.race.s[i]));
        }
    }
    quipu_workers_run_threads(THREADS, write_or_read, &e);
    CHECK(e.race.seen > 0, "no reader has read while writers were active");
}

static void together(struct quipu_context *ctx)
{
    race_together(ctx, false);
}

static void together_separate(struct quipu_context *ctx)
{
    race_together(ctx, true);
}

/* ------------------------------------------------------------- T1: runners */

/* A runner of the consumer `name`: reads its record, takes the next
 * notifications as a batch, and records them, with one item for each.  It lives
 * in one thread or process. */
static void run_batches(struct quipu_context *ctx, struct quipu_builder *b,
                        const char *name, quipu_bytes sequence, unsigned size,
                        unsigned *refused)
{
    quipu_datastore *datastore = quipu_records_datastore(b->records);

    for (;;) {
        quipu_position p = { 0 };
        int status = quipu_tracking_read(datastore, name, "log", &p, ERR);
        int64_t from = p.notification_id;

        CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND, "%s",
              ERR->message);
        if (from >= 300) {
            return;
        }
        sched_yield();
        quipu_builder_clear(b);
        for (unsigned i = 0; i < size; i++) {
            quipu_builder_add_next(
                b, sequence,
                quipu_context_format(ctx, "%" PRId64, from + 1 + i));
        }
        quipu_builder_track(b, name, "log", from + size);
        quipu_builder_track_from(b, from, false);
        status = quipu_builder_append(b);
        CHECK(status == QUIPU_OK || (status == QUIPU_CONFLICT &&
                                     b->result.cause == QUIPU_CAUSE_TRACKING),
              "a batch returned %s: %s", quipu_status_name(status),
              ERR->message);
        CHECK(status == QUIPU_OK || b->result.last_position > from,
              "a refused batch is told position %" PRId64 " after %" PRId64,
              b->result.last_position, from);
        *refused += status == QUIPU_CONFLICT;
    }
}

/* Checks that the notifications were processed in order, each once. */
static void check_processed(struct quipu_context *ctx, quipu_records *records,
                            quipu_bytes sequence)
{
    struct quipu_item_list list =
        quipu_item_list_read(ctx, records, sequence, NULL);

    CHECK(list.count >= 300, "%zu notifications were processed", list.count);
    for (size_t i = 0; i < list.count; i++) {
        CHECK(strtoll(list.at[i].state, NULL, 10) == (int64_t)i + 1,
              "after notification %zu, %s is processed", i, list.at[i].state);
    }
}

static void run_runner(void *context, unsigned i)
{
    struct entry_race *e = context;
    struct quipu_builder *b =
        quipu_builder_create(e->race.ctx, e->race.records[i], 11);
    unsigned refused = 0;

    run_batches(e->race.ctx, b, e->key, e->race.s[0], 1 + i % 2 * 10, &refused);
    atomic_fetch_add(&e->race.lost, refused);
}

/* Runners with batches of one and of eleven, of one consumer after the other,
 * until batches have overlapped. */
static void runners(struct quipu_context *ctx)
{
    struct entry_race e;

    do {
        begin(&e, ctx, false);
        quipu_workers_run_threads(THREADS, run_runner, &e);
        check_processed(ctx, e.race.records[0], e.race.s[0]);
    } while (e.race.lost == 0 && quipu_context_has_time(ctx));
    CHECK(e.race.lost > 0, "in all rounds no two batches overlapped");
}

struct process_race {
    const quipu_schema *schema;
    quipu_bytes sequence;
    const char *key; /* of the entry, and the name of the consumer */
    atomic_uint won, refused;
};

static void run_runner_process(struct quipu_context *ctx, void *shared,
                               unsigned i)
{
    struct process_race *race = shared;
    quipu_records *r =
        quipu_context_bind(ctx, quipu_context_datastore(ctx), race->schema);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 11);
    unsigned refused = 0;

    run_batches(ctx, b, race->key, race->sequence, 1 + i % 2 * 10, &refused);
    atomic_fetch_add(&race->refused, refused);
}

static struct process_race *create_process_race(struct quipu_context *ctx)
{
    struct process_race *race = quipu_workers_share_memory(sizeof(*race));

    race->schema = quipu_context_schema(ctx, 0);
    race->sequence = quipu_context_sequence(ctx);
    race->key = quipu_context_name(ctx, "key");
    return race;
}

static quipu_records *run_processes(struct quipu_context *ctx,
                                    struct process_race *race,
                                    quipu_workers_body *body)
{
    struct quipu_workers workers = quipu_workers_start(ctx, 4, body, race);

    quipu_context_setup(ctx, race->schema);
    quipu_workers_release(&workers);
    quipu_workers_join(&workers);
    return quipu_context_bind(ctx, quipu_context_datastore(ctx), race->schema);
}

static void runners_in_processes(struct quipu_context *ctx)
{
    unsigned refused;

    do {
        struct process_race *race = create_process_race(ctx);

        check_processed(ctx, run_processes(ctx, race, run_runner_process),
                        race->sequence);
        refused = race->refused;
        munmap(race, sizeof(*race));
        quipu_context_close_all(ctx);
    } while (refused == 0 && quipu_context_has_time(ctx));
    CHECK(refused > 0, "in all rounds no two batches overlapped");
}

/* Increments the entry, and stores an item for each that was accepted. */
static void count_in_process(struct quipu_context *ctx, void *shared,
                             unsigned i)
{
    struct process_race *race = shared;
    quipu_datastore *datastore = quipu_context_datastore(ctx);
    quipu_records *r = quipu_context_bind(ctx, datastore, race->schema);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    (void)i;
    for (unsigned counted = 0; counted < 50;) {
        int64_t revision = quipu_entry_list_revision(datastore, race->key);
        int status;

        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->sequence, "x");
        quipu_builder_entry(b, race->key, "x", EXPECT, revision);
        status = quipu_builder_append(b);
        CHECK(status == QUIPU_OK || (status == QUIPU_CONFLICT &&
                                     b->result.cause == QUIPU_CAUSE_ENTRY),
              "an append returned %s: %s", quipu_status_name(status),
              ERR->message);
        counted += status == QUIPU_OK;
        atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->refused, 1);
    }
}

static void counting_in_processes(struct quipu_context *ctx)
{
    struct process_race *race = create_process_race(ctx);
    quipu_records *r = run_processes(ctx, race, count_in_process);
    int64_t revision = revision_of(ctx, race->key);

    CHECK(race->won == 200, "%u appends were accepted", race->won);
    /* The entry was new: its first revision was 1, or higher by the floor of
     * revisions, which no writer of the case has raised. */
    CHECK(revision >= 200, "200 accepted writes have made revision %" PRId64,
          revision);
    CHECK(quipu_item_list_check_log(ctx, r).count == 200,
          "there is not one item for each accepted append");
}

#define ENTRIES (QUIPU_CAN_ENTRIES | QUIPU_CAN_LOG)

static const struct quipu_case cases[] = {
    { "K4.race",
      "Of several programs that expect one revision exactly one may win.",
      expectation, ENTRIES, 0, 600 },
    { "K4.race-of-datastores", "Each thread has a datastore of its own.",
      expectation_separate, ENTRIES | QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "K4.race-of-counters",
      "Programs that read a counter and write it again lose no count.",
      counting, ENTRIES, 0, 600 },
    { "K4.race-of-processes",
      "Programs that read a counter and write it again lose no count.",
      counting_in_processes, ENTRIES | QUIPU_CAN_SHARE, 0, 600 },
    { "K3.race-of-writes",
      "Each of several writes that are committed together has a revision of "
      "its own.",
      any_writes, ENTRIES, 0, 600 },
    { "K2.together",
      "A reader that sees an event must see the read model that was made of "
      "it.",
      together, ENTRIES, 0, 600 },
    { "K2.together-in-datastores", "Each thread has a datastore of its own.",
      together_separate, ENTRIES | QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "T1.race",
      "Two runners of one consumer, with batches of other sizes, must apply "
      "each event once.",
      runners, ENTRIES | QUIPU_CAN_TRACK, 0, 600 },
    { "T1.race-of-processes",
      "Two runners of one consumer are usually two processes.",
      runners_in_processes, ENTRIES | QUIPU_CAN_TRACK | QUIPU_CAN_SHARE, 0,
      600 },
};
QUIPU_FAMILY_OF_RACES(entries);
