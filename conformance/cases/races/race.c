/* SPDX-License-Identifier: Apache-2.0 */
/* Races of threads: collisions, and reads beside the writers. */
#include "race.h"

#include <inttypes.h>
#include <string.h>

#define ENOUGH 25 /* collisions */
/* Milliseconds for ENOUGH collisions; for the first one there is more time. */
#define TIME_FOR_ENOUGH 8000

void quipu_race_begin(struct quipu_race *race, struct quipu_context *ctx,
                      unsigned shape, bool separate)
{
    memset(race, 0, sizeof(*race));
    race->ctx = ctx;
    race->until =
        quipu_context_now() + (int64_t)TIME_FOR_ENOUGH * ctx->patience;
    race->records[0] = quipu_context_records(ctx, shape);
    race->s[0] = quipu_context_sequence(ctx);
    for (unsigned i = 1; i < QUIPU_RACE_THREADS; i++) {
        race->s[i] = quipu_context_sequence(ctx);
        race->records[i] =
            separate
                ? quipu_context_bind(ctx, quipu_context_open(ctx, NULL),
                                     quipu_records_schema(race->records[0]))
                : race->records[0];
    }
}

int quipu_race_append(struct quipu_race *race, struct quipu_builder *builder)
{
    int status;

    if (atomic_fetch_add(&race->inside, 1) > 0) {
        atomic_fetch_add(&race->collided, 1);
    }
    status = quipu_builder_append(builder);
    atomic_fetch_sub(&race->inside, 1);
    return status;
}

bool quipu_race_goes_on(const struct quipu_race *race, unsigned collisions)
{
    return collisions == 0
               ? quipu_context_has_time(race->ctx)
               : collisions < ENOUGH && quipu_context_now() < race->until;
}

void quipu_race_check_collided(struct quipu_context *ctx, unsigned collisions)
{
    quipu_context_count(ctx, "collisions", collisions);
    CHECK(collisions > 0, "in all rounds no calls overlapped");
}

int64_t quipu_race_last_position(quipu_records *records, quipu_bytes sequence)
{
    int64_t last = -1;
    int status = quipu_records_last(records, sequence, &last, ERR);

    CHECK(status == QUIPU_OK || status == QUIPU_NOT_FOUND,
          "reading the last position returns %s: %s", quipu_status_name(status),
          ERR->message);
    return last;
}

unsigned quipu_race_follow(quipu_records *records, int64_t *seen)
{
    quipu_query q = { .struct_size = sizeof(q),
                      .flags = QUIPU_QUERY_GT,
                      .gt = *seen };
    const quipu_item *item;
    quipu_cursor *cursor;
    unsigned count = 0;

    OK(quipu_records_read_log(records, &q, &cursor, ERR));
    for (;;) {
        OK(quipu_cursor_next(cursor, &item, ERR));
        if (!item) {
            break;
        }
        CHECK(item->notification_id == *seen + 1,
              "id %" PRId64 " follows id %" PRId64
              ": the items between them are late or missing",
              item->notification_id, *seen);
        ++*seen;
        count++;
    }
    quipu_cursor_close(cursor);
    CHECK(*seen % 2 == 0, "half of an append was read");
    return count;
}
