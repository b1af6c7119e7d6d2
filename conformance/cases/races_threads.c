/* SPDX-License-Identifier: Apache-2.0 */
/* Races of threads.  Each asserts that it raced: it goes on until the threads
 * have collided, and fails if they never do. */
#include "case.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#define THREADS 8
#define ENOUGH 25 /* collisions */
#define PATIENT \
    8000 /* milliseconds to come to so many; for one there is more */

struct race {
    struct quipu_context *ctx;
    quipu_records *records[THREADS];
    quipu_bytes s[THREADS];
    unsigned round;
    atomic_uint won, lost, seen, stored;
    int64_t until;      /* no longer for more collisions */
    atomic_uint inside; /* calls under way */
    atomic_uint met;    /* calls that began while another was under way */
};

static void enter(struct race *race)
{
    if (atomic_fetch_add(&race->inside, 1) > 0) {
        atomic_fetch_add(&race->met, 1);
    }
}

static void leave(struct race *race)
{
    atomic_fetch_sub(&race->inside, 1);
}

/* All threads on one datastore, or on one each. */
static void begin(struct race *race, struct quipu_context *ctx, unsigned shape,
                  bool apart)
{
    memset(race, 0, sizeof(*race));
    race->ctx = ctx;
    race->until = quipu_context_now() + (int64_t)PATIENT * ctx->patience;
    race->records[0] = quipu_context_records(ctx, shape);
    race->s[0] = quipu_context_sequence(ctx);
    for (unsigned i = 1; i < THREADS; i++) {
        race->s[i] = quipu_context_sequence(ctx);
        race->records[i] =
            apart ? quipu_context_bind(ctx, quipu_context_open(ctx, NULL),
                                       quipu_records_schema(race->records[0]))
                  : race->records[0];
    }
}

/* Whether a race must go on: too few collisions yet, and time left. */
static bool go_on(const struct race *race, unsigned collisions)
{
    return collisions == 0
               ? quipu_context_has_time(race->ctx)
               : collisions < ENOUGH && quipu_context_now() < race->until;
}

static void must_have_raced(struct quipu_context *ctx, unsigned collisions)
{
    quipu_context_count(ctx, "collisions", collisions);
    CHECK(collisions > 0, "in all rounds the threads never collided");
}

/* --------------------------------------------------- one position (U1) */

static void grab(void *context, unsigned i)
{
    struct race *race = context;
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 1);
    int status;

    quipu_builder_add_at(b, race->s[0], (int64_t)race->round, "x");
    enter(race);
    status = quipu_builder_append(b);
    leave(race);
    CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT, "answered %s: %s",
          quipu_status_name(status), ERR->message);
    atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->lost, 1);
}

static void race_position(struct quipu_context *ctx, unsigned shape, bool apart)
{
    struct race race;

    begin(&race, ctx, shape, apart);
    for (; race.round < 100 || go_on(&race, race.met); race.round++) {
        quipu_workers_run_threads(THREADS, grab, &race);
        CHECK(race.won == race.round + 1, "%u winners in %u rounds", race.won,
              race.round + 1);
    }
    must_have_raced(ctx, race.met);
    CHECK(race.lost == race.round * (THREADS - 1), "%u losers", race.lost);
    CHECK(quipu_item_list_count(ctx, race.records[0], race.s[0]) == race.round,
          "not one item for each round");
}

static void position(struct quipu_context *ctx)
{
    race_position(ctx, QUIPU_SHAPE_PLAIN, false);
}

static void position_apart(struct quipu_context *ctx)
{
    race_position(ctx, QUIPU_SHAPE_PLAIN, true);
}

static void position_sparse(struct quipu_context *ctx)
{
    race_position(ctx, QUIPU_SHAPE_SPARSE, false);
}

static void position_no_ids(struct quipu_context *ctx)
{
    race_position(ctx, QUIPU_SHAPE_NO_EVENT_ID, false);
}

/* Reads the end and appends there: a command's loop.  No update is lost. */
static void optimistic(void *context, unsigned i)
{
    struct race *race = context;
    quipu_records *r = race->records[i];

    for (unsigned stored = 0; stored < 30;) {
        int64_t last = -1;
        int status = quipu_records_last(r, race->s[0], &last, ERR);

        CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND, "%s",
              ERR->message);
        sched_yield(); /* the decision takes its time: likelier to collide */
        status = quipu_builder_append_at(race->ctx, r, race->s[0], last + 1);
        CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT, "answered %s",
              quipu_status_name(status));
        stored += status == QUIPU_OK;
        race->lost += status == QUIPU_CONFLICT;
    }
}

static void lost_updates(struct quipu_context *ctx)
{
    struct race race;
    size_t stored = 0;

    begin(&race, ctx, 0, false);
    for (unsigned i = 0; i < 1 || go_on(&race, race.lost); i++) {
        quipu_workers_run_threads(THREADS, optimistic, &race);
        stored += (size_t)30 * THREADS;
        CHECK(quipu_item_list_check_log(ctx, race.records[0]).count == stored,
              "appends were lost or doubled");
    }
    must_have_raced(ctx, race.lost);
}

/* ----------------------------------------------------- NEXT, the log, S2 */

static void next_to_one(void *context, unsigned i)
{
    struct race *race = context;

    for (unsigned k = 0; k < 30; k++) {
        struct quipu_builder *b =
            quipu_builder_create(race->ctx, race->records[i], 2);

        quipu_builder_add_next(b, race->s[0], "a");
        quipu_builder_add_next(b, race->s[0], "b");
        enter(race);
        OK(quipu_builder_append(b));
        leave(race);
        CHECK(b->positions[1] == b->positions[0] + 1,
              "two items of one append are apart");
    }
}

static void race_next(struct quipu_context *ctx, bool apart)
{
    struct race race;

    begin(&race, ctx, 0, apart);
    for (unsigned i = 1; i == 1 || go_on(&race, race.met); i++) {
        race.s[0] = quipu_context_sequence(ctx);
        quipu_workers_run_threads(THREADS, next_to_one, &race);
        CHECK(quipu_item_list_check_log(ctx, race.records[0]).count ==
                  (size_t)i * 60 * THREADS,
              "appends were lost or doubled");
    }
    must_have_raced(ctx, race.met);
}

static void next_refused(struct quipu_context *ctx)
{
    race_next(ctx, false);
}

static void next_apart(struct quipu_context *ctx)
{
    race_next(ctx, true);
}

/* --------------------------------- what was told stands there (S5, L1) */

struct told {
    int64_t id;
    int64_t position;
    quipu_uuid event_id;
};

struct teller {
    struct race race;
    struct told told[THREADS][60];
};

static void tell(void *context, unsigned i)
{
    struct teller *teller = context;
    struct race *race = &teller->race;
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 1);

    for (unsigned k = 0; k < 60; k++) {
        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[k % 3], "x");
        enter(race);
        OK(quipu_builder_append(b));
        leave(race);
        teller->told[i][k] = (struct told){ b->result.first_notification_id,
                                            b->positions[0], b->event_ids[0] };
    }
}

static void check_told(const struct teller *teller,
                       const struct quipu_item_list *log)
{
    for (unsigned i = 0; i < THREADS; i++) {
        for (unsigned k = 0; k < 60; k++) {
            const struct told *told = &teller->told[i][k];
            const struct quipu_item_copy *seen = &log->at[told->id - 1];

            CHECK(memcmp(&seen->event_id, &told->event_id, 16) == 0 &&
                      seen->position == told->position,
                  "what was told of append %u is not what is stored", k);
        }
    }
}

static void told_in_a_race(struct quipu_context *ctx)
{
    struct teller *teller = quipu_context_allocate(ctx, sizeof(*teller));
    struct quipu_item_list log;

    begin(&teller->race, ctx, 0, false);
    for (unsigned i = 1; i == 1 || go_on(&teller->race, teller->race.met);
         i++) {
        quipu_workers_run_threads(THREADS, tell, teller);
        log = quipu_item_list_check_log(ctx, teller->race.records[0]);
        CHECK(log.count == (size_t)i * 60 * THREADS, "%zu items", log.count);
        check_told(teller, &log);
    }
    must_have_raced(ctx, teller->race.met);
}

/* --------------------------------------- no late arrivals, nothing torn */

/* Until somebody has read meanwhile. */
static void write_pairs(struct race *race, unsigned i)
{
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 2);

    for (unsigned k = 0;
         k < 60 || (race->seen == 0 && quipu_context_has_time(race->ctx));
         k++) {
        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[0], "pair");
        quipu_builder_add_next(b, race->s[1], "pair");
        OK(quipu_builder_append(b));
        atomic_fetch_add(&race->stored, 2);
    }
    atomic_fetch_add(&race->won, 1);
}

/* Follows the log as a consumer does, and looks back at each step whether
 * something came below what was seen. */
static void tail(struct race *race, unsigned i, unsigned writers)
{
    int64_t seen = 0;

    for (bool last = false; !last;) {
        quipu_query q = { .struct_size = sizeof(q),
                          .flags = QUIPU_QUERY_GT,
                          .gt = seen };
        const quipu_item *item;
        quipu_cursor *cursor;

        last = atomic_load(&race->won) == writers;
        OK(quipu_records_read_log(race->records[i], &q, &cursor, ERR));
        for (;;) {
            OK(quipu_cursor_next(cursor, &item, ERR));
            if (!item) {
                break;
            }
            CHECK(item->notification_id == seen + 1,
                  "after id %" PRId64 " came id %" PRId64
                  ": what is between arrives late or never",
                  seen, item->notification_id);
            seen++;
            atomic_fetch_add(&race->seen, !last);
        }
        quipu_cursor_close(cursor);
        CHECK(seen % 2 == 0, "half of an append was seen");
    }
}

static void read_last(quipu_records *r, quipu_bytes s, int64_t *last)
{
    int status = quipu_records_last(r, s, last, ERR);

    CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND,
          "the last position answers %s: %s", quipu_status_name(status),
          ERR->message);
}

/* The two sequences grow together.  Whoever sees the first at a position and
 * looks at the second then must not find it behind. */
static void compare(struct race *race, unsigned i, unsigned writers)
{
    int64_t before = -1;

    while (atomic_load(&race->won) < writers) {
        int64_t first = -1, second = -1;

        read_last(race->records[i], race->s[0], &first);
        read_last(race->records[i], race->s[1], &second);
        CHECK(first <= second,
              "sequence one was seen at %" PRId64 ", and two later at %" PRId64,
              first, second);
        atomic_fetch_add(&race->seen, first != before);
        before = first;
    }
}

static void write_or_compare(void *context, unsigned i)
{
    struct race *race = context;

    if (i < 5) {
        write_pairs(race, i);
    } else {
        compare(race, i, 5);
    }
}

static void write_or_read(void *context, unsigned i)
{
    struct race *race = context;

    if (i < 5) {
        write_pairs(race, i);
    } else {
        tail(race, i, 5);
    }
}

/* Five write and three read. */
static void race_readers(struct quipu_context *ctx, bool apart,
                         void (*body)(void *context, unsigned i))
{
    struct race race;

    begin(&race, ctx, 0, apart);
    quipu_workers_run_threads(THREADS, body, &race);
    CHECK(quipu_item_list_check_log(ctx, race.records[0]).count == race.stored,
          "appends were lost or doubled");
    must_have_raced(ctx, race.seen);
}

static void readers(struct quipu_context *ctx)
{
    race_readers(ctx, false, write_or_read);
}

static void readers_apart(struct quipu_context *ctx)
{
    race_readers(ctx, true, write_or_read);
}

static void torn(struct quipu_context *ctx)
{
    race_readers(ctx, false, write_or_compare);
}

static void torn_apart(struct quipu_context *ctx)
{
    race_readers(ctx, true, write_or_compare);
}

/* ------------------------------------------------------- tracking (U4) */

static void process(void *context, unsigned i)
{
    struct race *race = context;
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 1);

    for (int64_t k = 1; k <= 40; k++) {
        int status;

        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[0], "made of the notification");
        quipu_builder_track(b, race->ctx->prefix, "log",
                            (int64_t)race->round * 40 + k);
        enter(race);
        status = quipu_builder_append(b);
        leave(race);
        CHECK(status == QUIPU_OK || status == QUIPU_ALREADY, "answered %s",
              quipu_status_name(status));
        atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->lost, 1);
    }
}

/* Eight copies of one consumer: each notification makes one item.  (All go
 * through them in order, so none is passed over.) */
static void consumers(struct quipu_context *ctx)
{
    struct race race;
    quipu_position p;

    begin(&race, ctx, 0, false);
    for (; race.round < 1 || go_on(&race, race.met); race.round++) {
        quipu_workers_run_threads(THREADS, process, &race);
        CHECK(race.won == 40 * (race.round + 1),
              "%u of %u notifications were processed", race.won,
              40 * (race.round + 1));
        CHECK(quipu_item_list_count(ctx, race.records[0], race.s[0]) ==
                  race.won,
              "the items do not fit the records");
        OK(quipu_tracking_read(ctx->main, ctx->prefix, "log", &p, ERR));
        CHECK(p.notification_id == (int64_t)race.won,
              "the record stands at %" PRId64, p.notification_id);
    }
    must_have_raced(ctx, race.met);
}

/* ------------------------------------------------- guards on others (S3) */

/* Each may write to its own sequence while the common one stands still. */
static void guarded(void *context, unsigned i)
{
    struct race *race = context;
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 2);
    int status;

    quipu_builder_add_next(b, race->s[i], "x");
    quipu_builder_add_next(b, race->s[0], "x");
    quipu_builder_guard(b, race->s[0], QUIPU_DEMAND_LAST, (int64_t)race->round);
    enter(race);
    status = quipu_builder_append(b);
    leave(race);
    CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT, "answered %s",
          quipu_status_name(status));
    atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->lost, 1);
}

static void guards(struct quipu_context *ctx)
{
    struct race race;

    begin(&race, ctx, 0, false);
    OK(quipu_builder_append_next(ctx, race.records[0], race.s[0]));
    for (int64_t last = 0; last < 60 || go_on(&race, race.met);) {
        unsigned won = race.won;

        race.round = (unsigned)last;
        quipu_workers_run_threads(THREADS, guarded, &race);
        CHECK(race.won == won + 1, "%u guards held at once", race.won - won);
        OK(quipu_records_last(race.records[0], race.s[0], &last, ERR));
    }
    must_have_raced(ctx, race.met);
    quipu_item_list_check_log(ctx, race.records[0]);
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
    { "U1.race-at-one-position",
      "The check and the insert must be one atomic step: two winners are a "
      "lost update.",
      position, 0, 0, 600 },
    { "U1.race-at-one-position-of-datastores",
      "Each thread has a datastore of its own.", position_apart,
      QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "U1.race-at-one-position-when-sparse",
      "In a sparse schema only the position separates the writers.",
      position_sparse, 0, 0, 600 },
    { "U1.race-without-event-ids",
      "Without event ids only the position is unique.", position_no_ids, 0, 0,
      600 },
    { "U1.race-of-commands",
      "Every program reads, decides, appends, and retries after a conflict.",
      lost_updates, LOG, 0, 600 },
    { "S2.race-of-next-never-conflicts",
      "A writer that leaves the position to the store cannot lose a race.",
      next_refused, LOG, 0, 600 },
    { "S2.race-of-next-of-datastores",
      "Each thread has a datastore of its own.", next_apart,
      LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "S5.results-match-the-store-in-a-race",
      "In a group commit each caller must get the result of its own items.",
      told_in_a_race, LOG, 0, 600 },
    { "L2.race-of-writers-and-readers",
      "A consumer that has passed an id never looks below it again.", readers,
      LOG, 0, 600 },
    { "L2.race-of-writers-and-readers-of-datastores",
      "Each thread has a datastore of its own.", readers_apart,
      LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "V2.readers-see-whole-appends",
      "Items that were stored together are seen together, in all sequences.",
      torn, LOG, 0, 600 },
    { "V2.readers-see-whole-appends-of-datastores",
      "Each thread has a datastore of its own.", torn_apart,
      LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "U4.race-of-consumers",
      "Two copies of one consumer must not process a notification twice.",
      consumers, LOG | QUIPU_CAN_TRACK, 0, 600 },
    { "S3.race-of-guards",
      "The check of a guard and the insert of the items must be one atomic "
      "step.",
      guards, LOG, 0, 600 },
};
QUIPU_FAMILY_OF_RACES(races_threads);
