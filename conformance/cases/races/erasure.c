/* SPDX-License-Identifier: Apache-2.0 */
/*
 * E6, E1, E9: erasures beside appends and reads.
 *
 * Threads append to sequences of their own, with datastores of their own and
 * with one that they share, while others erase the whole log in small commits
 * and read it.  Every append must be accepted, and every item read must be
 * whole or erased.
 */
#include "race.h"

#include "cases/erasure/item_texts.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>

#define THREADS QUIPU_RACE_THREADS
#define ERASER 0
#define READER 1
#define APPENDERS (THREADS - 2)

struct erasure_race {
    struct quipu_race race;
    unsigned appends;      /* of each thread */
    atomic_uint appending; /* threads */
    atomic_llong appended; /* items */
    atomic_llong erased;
    atomic_llong commits;
};

/* Appends until something was erased meanwhile, several times.  After the first
 * appends it pauses, or the log would grow faster than it is erased. */
static bool goes_on(struct erasure_race *e, unsigned n)
{
    if (n < e->appends) {
        return true;
    }
    if (atomic_load(&e->commits) >= 3 || !quipu_context_has_time(e->race.ctx)) {
        return false;
    }
    quipu_context_sleep(20000);
    return true;
}

static void append_items(struct erasure_race *e, unsigned i)
{
    struct quipu_race *race = &e->race;
    quipu_records *r = race->records[i];

    for (unsigned n = 0; goes_on(e, n); n++) {
        struct quipu_builder *b = quipu_builder_create(race->ctx, r, 2);

        for (int64_t k = 0; k < 2; k++) {
            quipu_item_texts_fill(race->ctx, quipu_records_schema(r),
                                  quipu_builder_add_next(b, race->s[i], ""), k);
        }
        OK(quipu_builder_append(b));
        atomic_fetch_add(&e->appended, 2);
    }
    atomic_fetch_sub(&e->appending, 1);
}

static void erase_all(struct erasure_race *e, quipu_records *records)
{
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .lower = INT64_MIN,
                                    .upper = INT64_MAX,
                                    .limit = 5 };
    int64_t erased = -1;

    OK(quipu_records_erase(records, &erasure, &erased, ERR));
    atomic_fetch_add(&e->erased, erased);
    atomic_fetch_add(&e->commits, erased > 0);
}

/* Reads the log, and checks that each item is whole or erased. */
static void read_all(quipu_records *records)
{
    const quipu_item *item;
    quipu_cursor *cursor;

    OK(quipu_records_read_log(records, NULL, &cursor, ERR));
    for (;;) {
        OK(quipu_cursor_next(cursor, &item, ERR));
        if (!item) {
            break;
        }
        quipu_item_text_check(item);
        CHECK((item->flags & QUIPU_ITEM_ERASED) ||
                  (item->state.size > 0 && item->metadata.size > 0 &&
                   item->columns[0].kind != QUIPU_VALUE_NULL),
              "item %" PRId64 " is not erased, and lacks contents",
              item->notification_id);
    }
    quipu_cursor_close(cursor);
}

static void run_thread(void *context, unsigned i)
{
    struct erasure_race *e = context;

    if (i == ERASER) {
        while (atomic_load(&e->appending) > 0) {
            erase_all(e, e->race.records[i]);
        }
    } else if (i == READER) {
        while (atomic_load(&e->appending) > 0) {
            read_all(e->race.records[i]);
        }
    } else {
        append_items(e, i);
    }
}

static void race_erasure(struct quipu_context *ctx, bool separate)
{
    struct erasure_race *e = quipu_context_allocate(ctx, sizeof(*e));
    struct quipu_item_texts log;
    const quipu_bytes of_log = { NULL, 0 };
    int64_t items;

    quipu_race_begin(&e->race, ctx, QUIPU_SHAPE_METADATA | QUIPU_SHAPE_COLUMNS,
                     separate);
    e->appends = quipu_context_scale(ctx, 30, 200, 1000);
    e->appending = APPENDERS;
    quipu_workers_run_threads(THREADS, run_thread, e);
    items = e->appended;
    erase_all(e, e->race.records[ERASER]);
    CHECK(quipu_item_list_check_log(ctx, e->race.records[0]).count ==
              (size_t)items,
          "the log has not the %" PRId64 " items that were appended", items);
    CHECK(e->erased == items,
          "%lld items are reported erased, and %" PRId64 " were appended",
          (long long)e->erased, items);
    log = quipu_item_texts_read(ctx, e->race.records[0], of_log);
    for (size_t i = 0; i < log.count; i++) {
        CHECK(quipu_item_text_is_erased(&log.at[i]), "item %zu is not erased",
              i + 1);
    }
    CHECK(e->commits >= 3,
          "erasures and appends did not happen at the same time");
}

static void one_datastore(struct quipu_context *ctx)
{
    race_erasure(ctx, false);
}

static void separate_datastores(struct quipu_context *ctx)
{
    race_erasure(ctx, true);
}

/* ---------------------------------------------------------- the last item */

struct last_item {
    int64_t position;
    bool is_erased;
};

/* One thread appends an item and erases it, again and again; the others look at
 * the last item.  After n erasures it is the one at position n - 1, erased, or
 * one behind that.  So an older item with the number n was read before the
 * number: a cache would take the contents for those after the erasure. */
struct last_item_race {
    struct quipu_race race;
    struct last_item (*read)(struct last_item_race *e, quipu_records *records,
                             int64_t *erasures);
    int64_t rounds;
    atomic_bool is_over;
    atomic_uint looks; /* with a number above 0 */
};

static void see_last(void *context, const quipu_item *item)
{
    *(struct last_item *)context =
        (struct last_item){ item->position,
                            (item->flags & QUIPU_ITEM_ERASED) != 0 };
}

static struct last_item read_last_item(struct last_item_race *e,
                                       quipu_records *records,
                                       int64_t *erasures)
{
    struct last_item last = { .position = -1 };

    OK(quipu_records_last_item(records, e->race.s[0], see_last, &last, erasures,
                               ERR));
    return last;
}

/* Reads it by a cursor that is opened together with another one. */
static struct last_item read_sequences(struct last_item_race *e,
                                       quipu_records *records,
                                       int64_t *erasures)
{
    const quipu_query down = { .struct_size = sizeof(down),
                               .flags =
                                   QUIPU_QUERY_DESCENDING | QUIPU_QUERY_LIMIT,
                               .limit = 1 };
    const quipu_sequence_query queries[] = { { e->race.s[1], &down },
                                             { e->race.s[0], &down } };
    struct last_item last = { .position = -1 };
    const quipu_item *item = NULL;
    quipu_cursor *cursors[2];

    OK(quipu_records_read_many(records, queries, 2, cursors, erasures, ERR));
    OK(quipu_cursor_next(cursors[1], &item, ERR));
    if (item) {
        see_last(&last, item);
    }
    quipu_cursor_close(cursors[0]);
    quipu_cursor_close(cursors[1]);
    return last;
}

static void look_at_last(struct last_item_race *e, quipu_records *records)
{
    int64_t erasures = -1;
    const struct last_item last = e->read(e, records, &erasures);

    CHECK(erasures == 0 || last.position >= erasures ||
              (last.position == erasures - 1 && last.is_erased),
          "the last item is at position %" PRId64 " and %serased, and its "
          "sequence had been erased %" PRId64 " times before",
          last.position, last.is_erased ? "" : "not ", erasures);
    atomic_fetch_add(&e->looks, erasures > 0);
}

/* Erases until another thread has seen that. */
static bool goes_on_erasing(struct last_item_race *e, int64_t n)
{
    return n < e->rounds ||
           (atomic_load(&e->looks) == 0 && quipu_context_has_time(e->race.ctx));
}

static void run_last_item(void *context, unsigned i)
{
    struct last_item_race *e = context;
    quipu_records *records = e->race.records[i];

    for (int64_t n = 0; i == ERASER && goes_on_erasing(e, n); n++) {
        const quipu_erasure one = { .struct_size = sizeof(one),
                                    .sequence_id = e->race.s[0],
                                    .lower = n,
                                    .upper = n };

        OK(quipu_builder_append_next(e->race.ctx, records, e->race.s[0]));
        OK(quipu_records_erase(records, &one, NULL, ERR));
    }
    if (i == ERASER) {
        atomic_store(&e->is_over, true);
    }
    while (!atomic_load(&e->is_over)) {
        look_at_last(e, records);
    }
}

static void race_last_item(struct quipu_context *ctx, bool separate,
                           struct last_item (*read)(struct last_item_race *e,
                                                    quipu_records *records,
                                                    int64_t *erasures))
{
    /* Several times, as a sequence is empty only once. */
    for (int i = 0; i < 5; i++) {
        struct last_item_race *e = quipu_context_allocate(ctx, sizeof(*e));

        quipu_race_begin(&e->race, ctx, QUIPU_SHAPE_PLAIN, separate);
        e->rounds = quipu_context_scale(ctx, 8, 60, 400);
        e->read = read;
        quipu_workers_run_threads(4, run_last_item, e);
        CHECK(e->looks > 0,
              "erasures and looks did not happen at the same time");
        quipu_context_close_all(ctx);
    }
}

static void last_item_of_one_datastore(struct quipu_context *ctx)
{
    race_last_item(ctx, false, read_last_item);
}

static void last_item_of_separate_datastores(struct quipu_context *ctx)
{
    race_last_item(ctx, true, read_last_item);
}

static void sequences_of_one_datastore(struct quipu_context *ctx)
{
    race_last_item(ctx, false, read_sequences);
}

static void sequences_of_separate_datastores(struct quipu_context *ctx)
{
    race_last_item(ctx, true, read_sequences);
}

static const struct quipu_case cases[] = {
    { "E9.last-item-beside-erasures",
      "A cache compares both, and must not take old contents for new ones.",
      last_item_of_one_datastore, QUIPU_CAN_ERASE, 0, 120 },
    { "E9.last-item-beside-erasures-of-other-handles",
      "The same if another process erases.", last_item_of_separate_datastores,
      QUIPU_CAN_ERASE | QUIPU_TRAIT_MULTI_OPEN, 0, 120 },
    { "E9.sequences-together-beside-erasures",
      "A snapshot of before an erasure must not be taken for one of after it.",
      sequences_of_one_datastore, QUIPU_CAN_ERASE, 0, 120 },
    { "E9.sequences-together-beside-erasures-of-other-handles",
      "The same if another process erases.", sequences_of_separate_datastores,
      QUIPU_CAN_ERASE | QUIPU_TRAIT_MULTI_OPEN, 0, 120 },
    { "E6.beside-appends",
      "Erasing years of events takes long, and the program goes on meanwhile.",
      one_datastore, QUIPU_CAN_ERASE | QUIPU_CAN_LOG, 0, 120 },
    { "E6.beside-appends-of-other-handles",
      "The same if another process erases, as `quipu erase` does.",
      separate_datastores,
      QUIPU_CAN_ERASE | QUIPU_CAN_LOG | QUIPU_TRAIT_MULTI_OPEN, 0, 120 },
};
QUIPU_FAMILY_OF_RACES(erasure);
