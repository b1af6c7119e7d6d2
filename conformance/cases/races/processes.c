/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Races of processes: four processes append at the same time, in rounds.  As in
 * race.h, calls must have overlapped at least once, so a race is repeated until
 * they have.
 */
#include "race.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#define PROCESSES 4
#define WRITERS 2 /* in races of writers and readers */

struct race {
    const quipu_schema *schema;
    quipu_bytes s[2 + WRITERS]; /* two of all, and one of each writer */
    bool has_readers; /* writers go on until a reader has read meanwhile */
    atomic_uint won, lost, seen, stored, done;
    atomic_uint inside;    /* number of appends in progress */
    atomic_uint collided;  /* appends that began while another was in
                            * progress */
    atomic_uint ready[64]; /* a barrier for each round */
};

static struct race *create(struct quipu_context *ctx)
{
    struct race *race = quipu_workers_share_memory(sizeof(*race));

    race->schema = quipu_context_schema(ctx, 0);
    for (size_t i = 0; i < sizeof(race->s) / sizeof(*race->s); i++) {
        race->s[i] = quipu_context_sequence(ctx);
    }
    return race;
}

/* Runs the body in all processes, and returns records to check the result. */
static quipu_records *run(struct quipu_context *ctx, struct race *race,
                          quipu_workers_body *body)
{
    struct quipu_workers workers =
        quipu_workers_start(ctx, PROCESSES, body, race);

    quipu_context_setup(ctx, race->schema);
    quipu_workers_release(&workers);
    quipu_workers_join(&workers);
    return quipu_context_bind(ctx, quipu_context_datastore(ctx), race->schema);
}

static quipu_records *bind(struct quipu_context *ctx, const struct race *race)
{
    return quipu_context_bind(ctx, quipu_context_datastore(ctx), race->schema);
}

/* Busy-waits until all processes have reached this round. */
static void meet(struct race *race, unsigned round)
{
    atomic_fetch_add(&race->ready[round], 1);
    while (atomic_load(&race->ready[round]) < PROCESSES) {
        sched_yield();
    }
}

/* Makes an append, and counts collisions. */
static int append(struct race *race, struct quipu_builder *b)
{
    int status;

    if (atomic_fetch_add(&race->inside, 1) > 0) {
        atomic_fetch_add(&race->collided, 1);
    }
    status = quipu_builder_append(b);
    atomic_fetch_sub(&race->inside, 1);
    return status;
}

/* Repeats a race until appends have overlapped in it. */
static void race_until_collided(struct quipu_context *ctx,
                                quipu_workers_body *body,
                                void (*check)(struct quipu_context *ctx,
                                              const struct race *race,
                                              quipu_records *r))
{
    unsigned collided;

    do {
        struct race *race = create(ctx);
        quipu_records *r = run(ctx, race, body);

        check(ctx, race, r);
        collided = race->collided;
        munmap(race, sizeof(*race));
        quipu_context_close_all(ctx);
    } while (collided == 0 && quipu_context_has_time(ctx));
    quipu_context_count(ctx, "collisions", collided);
    CHECK(collided > 0, "in all attempts no calls overlapped");
}

/* ------------------------------------------------------------ U1 */

static void grab(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct race *race = shared;
    quipu_records *r = bind(ctx, race);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    (void)i;
    for (unsigned round = 0; round < 64; round++) {
        int status;

        meet(race, round);
        quipu_builder_clear(b);
        quipu_builder_add_at(b, race->s[0], (int64_t)round, "x");
        status = append(race, b);
        CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT,
              "an append returned %s: %s", quipu_status_name(status),
              ERR->message);
        atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->lost, 1);
    }
}

static void check_position(struct quipu_context *ctx, const struct race *race,
                           quipu_records *r)
{
    CHECK(race->won == 64, "%u winners in 64 rounds", race->won);
    CHECK(race->lost == 64 * (PROCESSES - 1), "%u appends were refused",
          race->lost);
    CHECK(quipu_item_list_check_log(ctx, r).count == 64,
          "the log does not have one item for each round");
}

static void position(struct quipu_context *ctx)
{
    race_until_collided(ctx, grab, check_position);
}

/* ------------------------------------------------------------ S2 */

/* Appends to the writer's own sequence, at which it waits for no other writer:
 * see write_pairs in readers.c. */
static void append_to_own(struct race *race, struct quipu_builder *b,
                          unsigned i)
{
    quipu_builder_clear(b);
    quipu_builder_add_next(b, race->s[2 + i], "own");
    quipu_builder_add_next(b, race->s[2 + i], "own");
    OK(append(race, b));
    atomic_fetch_add(&race->stored, 2);
}

static void next_to_one(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct race *race = shared;
    quipu_records *r = bind(ctx, race);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);

    meet(race, 0);
    for (unsigned k = 0; k < 50 || (race->has_readers && race->seen == 0 &&
                                    quipu_context_has_time(ctx));
         k++) {
        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[0], "a");
        quipu_builder_add_next(b, race->s[1], "b");
        OK(append(race, b));
        atomic_fetch_add(&race->stored, 2);
        CHECK(b->positions[0] == b->positions[1],
              "the two sequences have different lengths");
        if (race->has_readers) {
            append_to_own(race, b, i);
        }
    }
    atomic_fetch_add(&race->done, 1);
}

static void check_next(struct quipu_context *ctx, const struct race *race,
                       quipu_records *r)
{
    CHECK(race->stored == 100 * PROCESSES &&
              quipu_item_list_check_log(ctx, r).count == race->stored,
          "appends were lost or doubled");
}

static void next(struct quipu_context *ctx)
{
    race_until_collided(ctx, next_to_one, check_next);
}

/* ------------------------------------------------------- L2, V1 and V2 */

/* Follows the log as a consumer does, until the writers have ended. */
static void follow(struct quipu_context *ctx, struct race *race)
{
    quipu_records *r = bind(ctx, race);
    int64_t seen = 0;

    meet(race, 0);
    for (bool last = false; !last;) {
        unsigned count;

        last = atomic_load(&race->done) == WRITERS;
        count = quipu_race_follow(r, &seen);
        atomic_fetch_add(&race->seen, last ? 0 : count);
    }
    CHECK(seen == (int64_t)race->stored,
          "the reader read %" PRId64 " items instead of %u", seen,
          race->stored);
}

static void write_or_follow(struct quipu_context *ctx, void *shared, unsigned i)
{
    if (i < WRITERS) {
        next_to_one(ctx, shared, i);
    } else {
        follow(ctx, shared);
    }
}

/* Both sequences grow together: a process that reads the last position of the
 * first and then that of the second must not find the second behind. */
static void compare(struct quipu_context *ctx, struct race *race)
{
    quipu_records *r = bind(ctx, race);
    int64_t before = -1;

    meet(race, 0);
    while (atomic_load(&race->done) < WRITERS) {
        int64_t first = quipu_race_last_position(r, race->s[0]);
        int64_t second = quipu_race_last_position(r, race->s[1]);

        CHECK(first <= second,
              "sequence 1 was read at position %" PRId64
              ", and sequence 2 after that at %" PRId64,
              first, second);
        atomic_fetch_add(&race->seen, first != before);
        before = first;
    }
}

static void write_or_compare(struct quipu_context *ctx, void *shared,
                             unsigned i)
{
    if (i < WRITERS) {
        next_to_one(ctx, shared, i);
    } else {
        compare(ctx, shared);
    }
}

static void race_readers(struct quipu_context *ctx, quipu_workers_body *body)
{
    struct race *race = create(ctx);
    quipu_records *r;

    race->has_readers = true;
    r = run(ctx, race, body);
    CHECK(quipu_item_list_check_log(ctx, r).count == race->stored,
          "the log has another length than expected");
    quipu_context_count(ctx, "collisions", race->seen);
    CHECK(race->seen > 0, "no reader read anything while a writer was active");
}

static void readers(struct quipu_context *ctx)
{
    race_readers(ctx, write_or_follow);
}

static void whole_appends(struct quipu_context *ctx)
{
    race_readers(ctx, write_or_compare);
}

/* The processes append in turn; each must see the append of the one before. */
static void append_in_turn(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct race *race = shared;
    quipu_records *r = bind(ctx, race);

    for (unsigned turn = i; turn < 40; turn += PROCESSES) {
        int64_t last = -1;
        int status;

        while (atomic_load(&race->done) != turn) {
            sched_yield();
        }
        status = quipu_records_last(r, race->s[0], &last, ERR);
        CHECK(status == QUIPU_OK || turn == 0, "%s", ERR->message);
        CHECK(last == (int64_t)turn - 1,
              "%u appends were acknowledged, but the last position is %" PRId64,
              turn, last);
        OK(quipu_builder_append_at(ctx, r, race->s[0], (int64_t)turn));
        atomic_fetch_add(&race->done, 1);
    }
}

static void in_turn(struct quipu_context *ctx)
{
    struct race *race = create(ctx);
    quipu_records *r = run(ctx, race, append_in_turn);

    CHECK(quipu_item_list_check_log(ctx, r).count == 40,
          "the log does not have forty items");
}

/* ------------------------------------------------------------ U3, U4 */

static void process_notifications(struct quipu_context *ctx, void *shared,
                                  unsigned i)
{
    struct race *race = shared;
    quipu_records *r = bind(ctx, race);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    (void)i;
    for (unsigned round = 0; round < 64; round++) {
        int status;

        meet(race, round);
        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[0], "x");
        quipu_builder_track(b, race->schema->table, "log", (int64_t)round + 1);
        status = append(race, b);
        CHECK(status == QUIPU_OK || status == QUIPU_ALREADY,
              "an append returned %s", quipu_status_name(status));
        atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->lost, 1);
    }
}

static void check_consumers(struct quipu_context *ctx, const struct race *race,
                            quipu_records *r)
{
    quipu_position p;

    CHECK(race->won == 64 && race->lost == 64 * (PROCESSES - 1),
          "%u notifications of 64 were processed", race->won);
    CHECK(quipu_item_list_check_log(ctx, r).count == 64,
          "there is not one item for each notification");
    OK(quipu_tracking_read(ctx->main, race->schema->table, "log", &p, ERR));
    CHECK(p.notification_id == 64, "the tracking record is at %" PRId64,
          p.notification_id);
}

static void consumers(struct quipu_context *ctx)
{
    race_until_collided(ctx, process_notifications, check_consumers);
}

/* All processes make the same append. */
static void same_append(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct race *race = shared;
    quipu_records *r = bind(ctx, race);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    (void)i;
    for (unsigned round = 0; round < 64; round++) {
        meet(race, round);
        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[0], "x");
        memset(&b->event_ids[0], 0, 16);
        memcpy(&b->event_ids[0], race->s[1].data, 12);
        b->event_ids[0].bytes[15] = (uint8_t)round;
        OK(append(race, b));
        CHECK(b->positions[0] == (int64_t)round, "position %" PRId64,
              b->positions[0]);
        atomic_fetch_add(b->result.flags & QUIPU_RESULT_REPEATED ? &race->lost
                                                                 : &race->won,
                         1);
    }
}

static void check_copies(struct quipu_context *ctx, const struct race *race,
                         quipu_records *r)
{
    CHECK(race->won == 64,
          "%u appends instead of 64 were not reported as repeats", race->won);
    CHECK(quipu_item_list_check_log(ctx, r).count == 64,
          "the log does not have one item for each round");
}

static void copies(struct quipu_context *ctx)
{
    race_until_collided(ctx, same_append, check_copies);
}

#define SHARE (QUIPU_CAN_SHARE | QUIPU_CAN_LOG)

static const struct quipu_case cases[] = {
    { "U1.race-of-processes",
      "The check and the insert must be one atomic step, also across "
      "processes.",
      position, SHARE, 0, 600 },
    { "S2.race-of-processes-with-next",
      "No append is refused, and the positions of both sequences stay equal.",
      next, SHARE, 0, 600 },
    { "L2.race-of-processes-and-readers",
      "A consumer that has passed an id never looks below it again.", readers,
      SHARE, 0, 600 },
    { "V2.processes-see-whole-appends",
      "Items that were stored together are seen together, in all sequences.",
      whole_appends, SHARE, 0, 600 },
    { "V1.writes-are-seen-by-other-processes",
      "An acknowledged append is visible to every process.", in_turn, SHARE, 0,
      600 },
    { "U4.race-of-consumer-processes",
      "A consumer that is started twice must not process a notification twice.",
      consumers, SHARE | QUIPU_CAN_TRACK, 0, 600 },
    { "U3.race-of-copies-in-processes",
      "A retry can come from another process than the original append.", copies,
      SHARE, 0, 600 },
};
QUIPU_FAMILY_OF_RACES(processes);
