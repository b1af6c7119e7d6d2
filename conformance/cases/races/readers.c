/* SPDX-License-Identifier: Apache-2.0 */
/* L2 and V2: threads that read while others append: see race.h. */
#include "race.h"

#include <inttypes.h>

#define WRITERS 5

/* Appends an item to both sequences, and another pair to a sequence of its own,
 * until a reader has read meanwhile.  The writers wait for each other at the
 * sequences that they share, if the driver locks sequences; at their own they
 * do not, and so can commit in another order than they got ids. */
static void write_pairs(struct quipu_race *race, unsigned i)
{
    struct quipu_builder *b =
        quipu_builder_create(race->ctx, race->records[i], 2);

    for (unsigned k = 0;
         k < 40 || (race->seen == 0 && quipu_context_has_time(race->ctx));
         k++) {
        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[0], "pair");
        quipu_builder_add_next(b, race->s[1], "pair");
        OK(quipu_builder_append(b));
        quipu_builder_clear(b);
        quipu_builder_add_next(b, race->s[2 + i], "own");
        quipu_builder_add_next(b, race->s[2 + i], "own");
        OK(quipu_builder_append(b));
        atomic_fetch_add(&race->stored, 4);
    }
    atomic_fetch_add(&race->won, 1);
}

/* Follows the log as a consumer does, until all writers have ended. */
static void follow(struct quipu_race *race, unsigned i)
{
    int64_t seen = 0;

    for (bool last = false; !last;) {
        unsigned count;

        last = atomic_load(&race->won) == WRITERS;
        count = quipu_race_follow(race->records[i], &seen);
        atomic_fetch_add(&race->seen, last ? 0 : count);
    }
}

/* Both sequences grow together: a thread that reads the last position of the
 * first and then that of the second must not find the second behind. */
static void compare(struct quipu_race *race, unsigned i)
{
    int64_t before = -1;

    while (atomic_load(&race->won) < WRITERS) {
        int64_t first = quipu_race_last_position(race->records[i], race->s[0]);
        int64_t second = quipu_race_last_position(race->records[i], race->s[1]);

        CHECK(first <= second,
              "sequence 1 was read at position %" PRId64
              ", and sequence 2 after that at %" PRId64,
              first, second);
        atomic_fetch_add(&race->seen, first != before);
        before = first;
    }
}

static void write_or_compare(void *context, unsigned i)
{
    struct quipu_race *race = context;

    if (i < WRITERS) {
        write_pairs(race, i);
    } else {
        compare(race, i);
    }
}

static void write_or_follow(void *context, unsigned i)
{
    struct quipu_race *race = context;

    if (i < WRITERS) {
        write_pairs(race, i);
    } else {
        follow(race, i);
    }
}

/* WRITERS threads write, and the others read. */
static void race_readers(struct quipu_context *ctx, bool separate,
                         void (*body)(void *context, unsigned i))
{
    struct quipu_race race;

    quipu_race_begin(&race, ctx, 0, separate);
    quipu_workers_run_threads(QUIPU_RACE_THREADS, body, &race);
    CHECK(quipu_item_list_check_log(ctx, race.records[0]).count == race.stored,
          "appends were lost or doubled");
    quipu_race_check_collided(ctx, race.seen);
}

static void readers(struct quipu_context *ctx)
{
    race_readers(ctx, false, write_or_follow);
}

static void readers_separate(struct quipu_context *ctx)
{
    race_readers(ctx, true, write_or_follow);
}

static void whole_appends(struct quipu_context *ctx)
{
    race_readers(ctx, false, write_or_compare);
}

static void whole_appends_separate(struct quipu_context *ctx)
{
    race_readers(ctx, true, write_or_compare);
}

#define LOG QUIPU_CAN_LOG

static const struct quipu_case cases[] = {
    { "L2.race-of-writers-and-readers",
      "A consumer that has passed an id never looks below it again.", readers,
      LOG, 0, 600 },
    { "L2.race-of-writers-and-readers-of-datastores",
      "Each thread has a datastore of its own.", readers_separate,
      LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
    { "V2.readers-see-whole-appends",
      "Items that were stored together are seen together, in all sequences.",
      whole_appends, LOG, 0, 600 },
    { "V2.readers-see-whole-appends-of-datastores",
      "Each thread has a datastore of its own.", whole_appends_separate,
      LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 600 },
};
QUIPU_FAMILY_OF_RACES(readers);
