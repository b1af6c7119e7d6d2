/* SPDX-License-Identifier: Apache-2.0 */
/* The same races, of processes. */
#include "case.h"

#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#define PROCESSES 4

struct race {
    const quipu_schema *schema;
    quipu_bytes s[2];
    bool awaited; /* who reads: the writers go on until it was meanwhile */
    atomic_uint won, lost, seen, stored, done;
    atomic_uint inside;    /* calls under way */
    atomic_uint met;       /* calls that began while another was under way */
    atomic_uint ready[64]; /* a barrier for each round */
};

static struct race *create(struct quipu_context *ctx)
{
    struct race *race = quipu_workers_share_memory(sizeof(*race));

    race->schema = quipu_context_schema(ctx, 0);
    race->s[0] = quipu_context_sequence(ctx);
    race->s[1] = quipu_context_sequence(ctx);
    return race;
}

/* Runs the body in all processes, and opens the store to see what came out. */
static quipu_records *run(struct quipu_context *ctx, struct race *race,
                          void (*body)(struct quipu_context *ctx, void *shared,
                                       unsigned i))
{
    struct quipu_workers crew = quipu_workers_start(ctx, PROCESSES, body, race);

    quipu_context_setup(ctx, race->schema);
    quipu_workers_release(&crew);
    quipu_workers_join(&crew);
    return quipu_context_bind(ctx, quipu_context_datastore(ctx), race->schema);
}

static quipu_records *enter(struct quipu_context *ctx, const struct race *race)
{
    return quipu_context_bind(ctx, quipu_context_datastore(ctx), race->schema);
}

/* Waits, busily, until all have come to this round. */
static void meet(struct race *race, unsigned round)
{
    atomic_fetch_add(&race->ready[round], 1);
    while (atomic_load(&race->ready[round]) < PROCESSES) {
        sched_yield();
    }
}

/* Appends, and takes note whether others are at it. */
static int append(struct race *race, struct quipu_builder *b)
{
    int status;

    if (atomic_fetch_add(&race->inside, 1) > 0) {
        atomic_fetch_add(&race->met, 1);
    }
    status = quipu_builder_append(b);
    atomic_fetch_sub(&race->inside, 1);
    return status;
}

/* Runs a race again until the processes have met in it. */
static void race_until_met(struct quipu_context *ctx,
                           void (*body)(struct quipu_context *ctx, void *shared,
                                        unsigned i),
                           void (*check)(struct quipu_context *ctx,
                                         const struct race *race,
                                         quipu_records *r))
{
    unsigned met;

    do {
        struct race *race = create(ctx);
        quipu_records *r = run(ctx, race, body);

        check(ctx, race, r);
        met = race->met;
        munmap(race, sizeof(*race));
        quipu_context_close_all(ctx);
    } while (met == 0 && quipu_context_has_time(ctx));
    quipu_context_count(ctx, "collisions", met);
    CHECK(met > 0, "in all attempts the processes never met");
}

/* ------------------------------------------------------------ U1 */

static void grab(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct race *race = shared;
    quipu_records *r = enter(ctx, race);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    (void)i;
    for (unsigned round = 0; round < 64; round++) {
        int status;

        meet(race, round);
        quipu_builder_clear(b);
        quipu_builder_add_at(b, race->s[0], (int64_t)round, "x");
        status = append(race, b);
        CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT, "answered %s: %s",
              quipu_status_name(status), ERR->message);
        atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->lost, 1);
    }
}

static void check_position(struct quipu_context *ctx, const struct race *race,
                           quipu_records *r)
{
    CHECK(race->won == 64, "%u winners in 64 rounds", race->won);
    CHECK(race->lost == 64 * (PROCESSES - 1), "%u losers", race->lost);
    CHECK(quipu_item_list_check_log(ctx, r).count == 64,
          "not one item a round");
}

static void position(struct quipu_context *ctx)
{
    race_until_met(ctx, grab, check_position);
}

/* ------------------------------------------------------------ S2 */

static void next_to_one(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct race *race = shared;
    quipu_records *r = enter(ctx, race);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 2);

    (void)i;
    meet(race, 0);
    for (unsigned k = 0; k < 50 || (race->awaited && race->seen == 0 &&
                                    quipu_context_has_time(ctx));
         k++) {
        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[0], "a");
        quipu_builder_add_next(b, race->s[1], "b");
        OK(append(race, b));
        atomic_fetch_add(&race->stored, 2);
        CHECK(b->positions[0] == b->positions[1],
              "the two sequences do not grow together");
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
    race_until_met(ctx, next_to_one, check_next);
}

/* ------------------------------------------------------- L2, V1 and V2 */

/* Follows the log until the writers are done and it is read to its end. */
static void tail(struct quipu_context *ctx, struct race *race, unsigned writers)
{
    quipu_records *r = enter(ctx, race);
    int64_t seen = 0;

    meet(race, 0);
    for (bool last = false; !last;) {
        quipu_query q = { .struct_size = sizeof(q),
                          .flags = QUIPU_QUERY_GT,
                          .gt = seen };
        const quipu_item *item;
        quipu_cursor *cursor;

        last = atomic_load(&race->done) == writers;
        OK(quipu_records_read_log(r, &q, &cursor, ERR));
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
    CHECK(seen == (int64_t)race->stored, "the reader saw %" PRId64 " items",
          seen);
}

static void write_or_tail(struct quipu_context *ctx, void *shared, unsigned i)
{
    if (i < 2) {
        next_to_one(ctx, shared, i);
    } else {
        tail(ctx, shared, 2);
    }
}

static void read_last(quipu_records *r, quipu_bytes s, int64_t *last)
{
    int status = quipu_records_last(r, s, last, ERR);

    CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND,
          "the last position answers %s: %s", quipu_status_name(status),
          ERR->message);
}

/* The two sequences grow together: one must not be seen ahead. */
static void compare(struct quipu_context *ctx, struct race *race,
                    unsigned writers)
{
    quipu_records *r = enter(ctx, race);
    int64_t before = -1;

    meet(race, 0);
    while (atomic_load(&race->done) < writers) {
        int64_t first = -1, second = -1;

        read_last(r, race->s[0], &first);
        read_last(r, race->s[1], &second);
        CHECK(first <= second,
              "sequence one was seen at %" PRId64 ", and two later at %" PRId64,
              first, second);
        atomic_fetch_add(&race->seen, first != before);
        before = first;
    }
}

static void write_or_compare(struct quipu_context *ctx, void *shared,
                             unsigned i)
{
    if (i < 2) {
        next_to_one(ctx, shared, i);
    } else {
        compare(ctx, shared, 2);
    }
}

static void race_readers(struct quipu_context *ctx,
                         void (*body)(struct quipu_context *ctx, void *shared,
                                      unsigned i))
{
    struct race *race = create(ctx);
    quipu_records *r;

    race->awaited = true;
    r = run(ctx, race, body);
    CHECK(quipu_item_list_check_log(ctx, r).count == race->stored,
          "the log is not whole");
    quipu_context_count(ctx, "collisions", race->seen);
    CHECK(race->seen > 0, "no reader ever read while a writer wrote");
}

static void readers(struct quipu_context *ctx)
{
    race_readers(ctx, write_or_tail);
}

static void torn(struct quipu_context *ctx)
{
    race_readers(ctx, write_or_compare);
}

/* What one process is told, the others see at once: a baton goes round. */
static void pass_on(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct race *race = shared;
    quipu_records *r = enter(ctx, race);

    for (unsigned turn = i; turn < 40; turn += PROCESSES) {
        int64_t last = -1;
        int status;

        while (atomic_load(&race->done) != turn) {
            sched_yield();
        }
        status = quipu_records_last(r, race->s[0], &last, ERR);
        CHECK(status == QUIPU_OK || turn == 0, "%s", ERR->message);
        CHECK(last == (int64_t)turn - 1,
              "%u appends were acknowledged, and the last seen is %" PRId64,
              turn, last);
        OK(quipu_builder_append_at(ctx, r, race->s[0], (int64_t)turn));
        atomic_fetch_add(&race->done, 1);
    }
}

static void baton(struct quipu_context *ctx)
{
    struct race *race = create(ctx);
    quipu_records *r = run(ctx, race, pass_on);

    CHECK(quipu_item_list_check_log(ctx, r).count == 40, "not forty items");
}

/* ------------------------------------------------------------ U3, U4 */

static void retry_and_track(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct race *race = shared;
    quipu_records *r = enter(ctx, race);
    struct quipu_builder *b = quipu_builder_create(ctx, r, 1);

    (void)i;
    for (unsigned round = 0; round < 64; round++) {
        int status;

        meet(race, round);
        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[0], "x");
        quipu_builder_track(b, race->schema->table, "log", (int64_t)round + 1);
        status = append(race, b);
        CHECK(status == QUIPU_OK || status == QUIPU_ALREADY, "answered %s",
              quipu_status_name(status));
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
          "not one item a notification");
    OK(quipu_tracking_read(ctx->main, race->schema->table, "log", &p, ERR));
    CHECK(p.notification_id == 64, "the record stands at %" PRId64,
          p.notification_id);
}

static void consumers(struct quipu_context *ctx)
{
    race_until_met(ctx, retry_and_track, check_consumers);
}

/* All processes make one and the same append. */
static void same_append(struct quipu_context *ctx, void *shared, unsigned i)
{
    struct race *race = shared;
    quipu_records *r = enter(ctx, race);
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
    CHECK(race->won == 64, "%u first appends of 64", race->won);
    CHECK(quipu_item_list_check_log(ctx, r).count == 64,
          "not one item a round");
}

static void copies(struct quipu_context *ctx)
{
    race_until_met(ctx, same_append, check_copies);
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
      torn, SHARE, 0, 600 },
    { "V1.writes-are-seen-by-other-processes",
      "An acknowledged append is visible to every process.", baton, SHARE, 0,
      600 },
    { "U4.race-of-consumer-processes",
      "A consumer that is started twice must not process a notification twice.",
      consumers, SHARE | QUIPU_CAN_TRACK, 0, 600 },
    { "U3.race-of-copies-in-processes",
      "A retry can come from another process than the original append.", copies,
      SHARE, 0, 600 },
};
QUIPU_FAMILY_OF_RACES(races_processes);
