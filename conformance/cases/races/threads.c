/* SPDX-License-Identifier: Apache-2.0 */
/* Races of threads that append: see race.h. */
#include "race.h"

#include <inttypes.h>
#include <sched.h>
#include <string.h>

/* -------------------------------------------------- appends at one position */

static void grab(void *context, unsigned i)
{
    struct quipu_race *race = context;
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 1);
    int status;

    quipu_builder_add_at(b, race->s[0], (int64_t)race->round, "x");
    status = quipu_race_append(race, b);
    CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT,
          "an append returned %s: %s", quipu_status_name(status), ERR->message);
    atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->lost, 1);
}

static void race_position(struct quipu_context *ctx, unsigned shape,
                          bool separate)
{
    struct quipu_race race;

    quipu_race_begin(&race, ctx, shape, separate);
    for (; race.round < 100 || quipu_race_goes_on(&race, race.collided);
         race.round++) {
        quipu_workers_run_threads(QUIPU_RACE_THREADS, grab, &race);
        CHECK(race.won == race.round + 1, "%u winners in %u rounds", race.won,
              race.round + 1);
    }
    quipu_race_check_collided(ctx, race.collided);
    CHECK(race.lost == race.round * (QUIPU_RACE_THREADS - 1),
          "%u appends were refused", race.lost);
    CHECK(quipu_item_list_count(ctx, race.records[0], race.s[0]) == race.round,
          "the sequence does not have one item for each round");
}

static void position(struct quipu_context *ctx)
{
    race_position(ctx, QUIPU_SHAPE_PLAIN, false);
}

static void position_separate(struct quipu_context *ctx)
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

/* Reads the last position and appends at the next one, as a command does. */
static void run_commands(void *context, unsigned i)
{
    struct quipu_race *race = context;
    quipu_records *r = race->records[i];

    for (unsigned stored = 0; stored < 30;) {
        int64_t last = -1;
        int status = quipu_records_last(r, race->s[0], &last, ERR);

        CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND, "%s",
              ERR->message);
        sched_yield(); /* makes a collision more likely */
        status = quipu_builder_append_at(race->ctx, r, race->s[0], last + 1);
        CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT,
              "an append returned %s", quipu_status_name(status));
        stored += status == QUIPU_OK;
        race->lost += status == QUIPU_CONFLICT;
    }
}

static void commands(struct quipu_context *ctx)
{
    struct quipu_race race;
    size_t stored = 0;

    quipu_race_begin(&race, ctx, 0, false);
    for (unsigned i = 0; i < 1 || quipu_race_goes_on(&race, race.lost); i++) {
        quipu_workers_run_threads(QUIPU_RACE_THREADS, run_commands, &race);
        stored += (size_t)30 * QUIPU_RACE_THREADS;
        CHECK(quipu_item_list_check_log(ctx, race.records[0]).count == stored,
              "appends were lost or doubled");
    }
    quipu_race_check_collided(ctx, race.lost);
}

/* --------------------------------------------------- appends with NEXT (S2) */

static void next_to_one(void *context, unsigned i)
{
    struct quipu_race *race = context;

    for (unsigned k = 0; k < 30; k++) {
        struct quipu_builder *b =
            quipu_builder_create(race->ctx, race->records[i], 2);

        quipu_builder_add_next(b, race->s[0], "a");
        quipu_builder_add_next(b, race->s[0], "b");
        OK(quipu_race_append(race, b));
        CHECK(b->positions[1] == b->positions[0] + 1,
              "two items of one append are separate");
    }
}

static void race_next(struct quipu_context *ctx, bool separate)
{
    struct quipu_race race;

    quipu_race_begin(&race, ctx, 0, separate);
    for (unsigned i = 1; i == 1 || quipu_race_goes_on(&race, race.collided);
         i++) {
        race.s[0] = quipu_context_sequence(ctx);
        quipu_workers_run_threads(QUIPU_RACE_THREADS, next_to_one, &race);
        CHECK(quipu_item_list_check_log(ctx, race.records[0]).count ==
                  (size_t)i * 60 * QUIPU_RACE_THREADS,
              "appends were lost or doubled");
    }
    quipu_race_check_collided(ctx, race.collided);
}

static void next(struct quipu_context *ctx)
{
    race_next(ctx, false);
}

static void next_separate(struct quipu_context *ctx)
{
    race_next(ctx, true);
}

/* ----------------------------------------- reported results (S5, L1) */

struct reported {
    int64_t id;
    int64_t position;
    quipu_uuid event_id;
};

struct reporter {
    struct quipu_race race;
    struct reported results[QUIPU_RACE_THREADS][60];
};

static void append_and_report(void *context, unsigned i)
{
    struct reporter *reporter = context;
    struct quipu_race *race = &reporter->race;
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 1);

    for (unsigned k = 0; k < 60; k++) {
        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[k % 3], "x");
        OK(quipu_race_append(race, b));
        reporter->results[i][k] =
            (struct reported){ b->result.first_notification_id, b->positions[0],
                               b->event_ids[0] };
    }
}

static void check_reported(const struct reporter *reporter,
                           const struct quipu_item_list *log)
{
    for (unsigned i = 0; i < QUIPU_RACE_THREADS; i++) {
        for (unsigned k = 0; k < 60; k++) {
            const struct reported *reported = &reporter->results[i][k];
            const struct quipu_item_copy *seen = &log->at[reported->id - 1];

            CHECK(memcmp(&seen->event_id, &reported->event_id, 16) == 0 &&
                      seen->position == reported->position,
                  "the reported result of append %u is not what is stored", k);
        }
    }
}

static void results_in_a_race(struct quipu_context *ctx)
{
    struct reporter *reporter = quipu_context_allocate(ctx, sizeof(*reporter));
    struct quipu_item_list log;

    quipu_race_begin(&reporter->race, ctx, 0, false);
    for (unsigned i = 1;
         i == 1 || quipu_race_goes_on(&reporter->race, reporter->race.collided);
         i++) {
        quipu_workers_run_threads(QUIPU_RACE_THREADS, append_and_report,
                                  reporter);
        log = quipu_item_list_check_log(ctx, reporter->race.records[0]);
        CHECK(log.count == (size_t)i * 60 * QUIPU_RACE_THREADS, "%zu items",
              log.count);
        check_reported(reporter, &log);
    }
    quipu_race_check_collided(ctx, reporter->race.collided);
}

/* ----------------------------------------------------------- tracking (U4) */

static void process(void *context, unsigned i)
{
    struct quipu_race *race = context;
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 1);

    for (int64_t k = 1; k <= 40; k++) {
        int status;

        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[0], "made of the notification");
        quipu_builder_track(b, race->ctx->prefix, "log",
                            (int64_t)race->round * 40 + k);
        status = quipu_race_append(race, b);
        CHECK(status == QUIPU_OK || status == QUIPU_ALREADY,
              "an append returned %s", quipu_status_name(status));
        atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->lost, 1);
    }
}

/* Eight copies of one consumer: each notification makes one item.  (All process
 * them in order, so none is skipped.) */
static void consumers(struct quipu_context *ctx)
{
    struct quipu_race race;
    quipu_position p;

    quipu_race_begin(&race, ctx, 0, false);
    for (; race.round < 1 || quipu_race_goes_on(&race, race.collided);
         race.round++) {
        quipu_workers_run_threads(QUIPU_RACE_THREADS, process, &race);
        CHECK(race.won == 40 * (race.round + 1),
              "%u of %u notifications were processed", race.won,
              40 * (race.round + 1));
        CHECK(quipu_item_list_count(ctx, race.records[0], race.s[0]) ==
                  race.won,
              "there is not one item for each processed notification");
        OK(quipu_tracking_read(ctx->main, ctx->prefix, "log", &p, ERR));
        CHECK(p.notification_id == (int64_t)race.won,
              "the tracking record is at %" PRId64, p.notification_id);
    }
    quipu_race_check_collided(ctx, race.collided);
}

/* ------------------------------------------------------------- guards (S3) */

/* Writes to the thread's own sequence if the common one has not grown. */
static void guarded(void *context, unsigned i)
{
    struct quipu_race *race = context;
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 2);
    int status;

    quipu_builder_add_next(b, race->s[i], "x");
    quipu_builder_add_next(b, race->s[0], "x");
    quipu_builder_guard(b, race->s[0], QUIPU_DEMAND_LAST, (int64_t)race->round);
    status = quipu_race_append(race, b);
    CHECK(status == QUIPU_OK || status == QUIPU_CONFLICT,
          "an append returned %s", quipu_status_name(status));
    atomic_fetch_add(status == QUIPU_OK ? &race->won : &race->lost, 1);
}

static void guards(struct quipu_context *ctx)
{
    struct quipu_race race;

    quipu_race_begin(&race, ctx, 0, false);
    OK(quipu_builder_append_next(ctx, race.records[0], race.s[0]));
    for (int64_t last = 0;
         last < 60 || quipu_race_goes_on(&race, race.collided);) {
        unsigned won = race.won;

        race.round = (unsigned)last;
        quipu_workers_run_threads(QUIPU_RACE_THREADS, guarded, &race);
        CHECK(race.won == won + 1, "%u guards held at the same time",
              race.won - won);
        OK(quipu_records_last(race.records[0], race.s[0], &last, ERR));
    }
    quipu_race_check_collided(ctx, race.collided);
    quipu_item_list_check_log(ctx, race.records[0]);
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
    { "U1.race-at-one-position",
      "The check and the insert must be one atomic step: two winners are a "
      "lost update.",
      position, 0, 0, 600 },
    { "U1.race-at-one-position-of-datastores",
      "Each thread has a datastore of its own.", position_separate,
      QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "U1.race-at-one-position-when-sparse",
      "In a sparse schema only the position separates the writers.",
      position_sparse, 0, 0, 600 },
    { "U1.race-without-event-ids",
      "Without event ids only the position is unique.", position_no_ids, 0, 0,
      600 },
    { "U1.race-of-commands",
      "Every program reads, decides, appends, and retries after a conflict.",
      commands, LOG, 0, 600 },
    { "S2.race-of-next-never-conflicts",
      "A writer that leaves the position to the store cannot lose a race.",
      next, LOG, 0, 600 },
    { "S2.race-of-next-of-datastores",
      "Each thread has a datastore of its own.", next_separate,
      LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "S5.results-match-the-store-in-a-race",
      "In a group commit each caller must get the result of its own items.",
      results_in_a_race, LOG, 0, 600 },
    { "U4.race-of-consumers",
      "Two copies of one consumer must not process a notification twice.",
      consumers, LOG | QUIPU_CAN_TRACK, 0, 600 },
    { "S3.race-of-guards",
      "The check of a guard and the insert of the items must be one atomic "
      "step.",
      guards, LOG, 0, 600 },
};
QUIPU_FAMILY_OF_RACES(threads);
