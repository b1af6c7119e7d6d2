/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutants that are wrong only if other appends happen at the same time, in
 * other calls or in the same one.
 */
#include "delayed_visibility.h"
#include "mutant.h"

#include <pthread.h>
#include <stdlib.h>

#define MOMENT 1000000 /* ns */

/* Returns the last position of a sequence, or -1 if it is empty. */
static int64_t last_of(const struct append_call *a, quipu_driver_schema *schema,
                       quipu_bytes id)
{
    int64_t last = -1;
    bool found = false;

    mutant_base_driver()->last_position(a->datastore, schema, id, INT64_MAX,
                                        &found, &last, NULL);
    return found ? last : -1;
}

/* Returns a copy of the items with explicit positions in place of NEXT, as they
 * are before the call. */
static quipu_item *resolve(const struct append_call *a,
                           const quipu_request *request)
{
    quipu_item *items = calloc(request->item_count + 1, sizeof(*items));

    if (!items) {
        abort();
    }
    for (size_t i = 0; i < request->item_count; i++) {
        items[i] = request->items[i];
        if (items[i].flags & QUIPU_ITEM_NEXT) {
            items[i].flags &= ~(uint32_t)QUIPU_ITEM_NEXT;
            items[i].position =
                1 + last_of(a, request->schema, items[i].sequence_id);
        }
        for (size_t k = 0; k < i; k++) {
            items[i].position += mutant_bytes_equal(items[k].sequence_id,
                                                    items[i].sequence_id) &&
                                 request->items[i].flags & QUIPU_ITEM_NEXT;
        }
    }
    return items;
}

/* M04: reads the next positions before it appends, without a lock.  Long
 * requests stay unchanged, because `resolve` takes quadratic time. */
static int resolve_next_early(struct append_call *a)
{
    quipu_request *requests = calloc(a->count, sizeof(*requests));
    quipu_item **items = calloc(a->count, sizeof(*items));
    struct append_call changed = *a;
    int status;

    if (!requests || !items) {
        abort();
    }
    for (size_t i = 0; i < a->count; i++) {
        requests[i] = a->requests[i];
        if (requests[i].item_count < 100) {
            requests[i].items = items[i] = resolve(a, &requests[i]);
        }
    }
    changed.requests = requests;
    status = mutant_append_all(&changed);
    for (size_t i = 0; i < a->count; i++) {
        free(items[i]);
    }
    free(items);
    free(requests);
    return status;
}

/* --------------------------------- late arrivals, appends seen in part */

/* M05 and M08: the items become visible after later ones. */
static int show_late(struct append_call *a)
{
    return delayed_visibility_append_for(a, 0, MOMENT);
}

/* M66: the same, but under locks of the append's sequences, so that only
 * appends to others overtake it.  A lock is a bit of `held`. */
static int show_late_under_locks(struct append_call *a)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
    static uint64_t held;
    const quipu_request *request = &a->requests[0];
    uint64_t wanted = 0;
    int status;

    for (size_t i = 0; i < request->item_count; i++) {
        quipu_bytes id = request->items[i].sequence_id;

        wanted |= UINT64_C(1)
                  << ((const unsigned char *)id.data)[id.size - 1] % 64;
    }
    pthread_mutex_lock(&mutex);
    /* NOLINTNEXTLINE(bugprone-infinite-loop): other threads change `held`. */
    while (held & wanted) {
        pthread_cond_wait(&released, &mutex);
    }
    held |= wanted;
    pthread_mutex_unlock(&mutex);
    status = delayed_visibility_append_for(a, 0, MOMENT);
    pthread_mutex_lock(&mutex);
    held &= ~wanted;
    pthread_cond_broadcast(&released);
    pthread_mutex_unlock(&mutex);
    return status;
}

/* M06: items that later ones have overtaken stay hidden. */
static int hide_overtaken(struct append_call *a)
{
    int status;

    if (delayed_visibility_append(a, 0, &status)) {
        mutant_sleep(MOMENT);
        if (!delayed_visibility_passed(a)) {
            delayed_visibility_end();
        }
    }
    return status;
}

/* M20: the first item becomes visible before the others. */
static int show_first_item_early(struct append_call *a)
{
    return delayed_visibility_append_for(a, 1, MOMENT);
}

static enum filter_result filter_hidden(struct read_call *r,
                                        const quipu_item *item)
{
    return delayed_visibility_hides(r, item) ? ITEM_SKIP : ITEM_SHOW;
}

/* M08: a reader stops at a gap between two items, but not at a gap before the
 * first item that it finds. */
static enum filter_result stop_at_gap(struct read_call *r,
                                      const quipu_item *item)
{
    if (delayed_visibility_hides(r, item)) {
        return r->shown > 0 ? ITEM_END : ITEM_SKIP;
    }
    return ITEM_SHOW;
}

/* ------------------------------------------------- locks that do nothing */

/* M24: a position that is free when the call begins is written even if another
 * call writes it meanwhile.  In a real store the other item is lost; here it
 * stays, and the losing call returns OK. */
static int append_without_lock(struct append_call *a)
{
    bool *was_free = calloc(a->count, sizeof(*was_free));
    int status;

    if (!was_free) {
        abort();
    }
    for (size_t i = 0; i < a->count; i++) {
        const quipu_request *request = &a->requests[i];

        was_free[i] =
            request->item_count == 1 &&
            request->items[0].position ==
                1 + last_of(a, request->schema, request->items[0].sequence_id);
    }
    mutant_sleep(MOMENT / 10);
    status = mutant_append_all(a);
    for (size_t i = 0; status == QUIPU_OK && i < *a->taken; i++) {
        if (was_free[i] && a->results[i].cause == QUIPU_CAUSE_POSITION) {
            mutant_report_success(a, i);
        }
    }
    free(was_free);
    return status;
}

/* M31: derives the notification ids from the end of the log after the append.
 */
static int report_ids_from_head(struct append_call *a)
{
    int status = mutant_append_all(a);
    quipu_position head = { 0 };

    mutant_sleep(MOMENT / 10);
    mutant_base_driver()->log_head(a->datastore, a->requests[0].schema,
                                   INT64_MAX, &head, NULL);
    for (size_t i = 0; status == QUIPU_OK && i < *a->taken; i++) {
        if (a->results[i].status == QUIPU_OK &&
            a->results[i].first_notification_id > 0) {
            a->results[i].first_notification_id =
                head.notification_id + 1 - (int64_t)a->requests[i].item_count;
        }
    }
    return status;
}

static const struct mutant mutants[] = {
    { "M04", "next-conflicts-under-load",
      "Emmett: an append with Any is refused when others append",
      "S2.race-of-next-never-conflicts", .append = resolve_next_early },
    { "M05", "id-is-assigned-before-commit",
      "commanded/eventstore#3, akka-persistence-jdbc#96, marten#1629",
      "L2.race-of-writers-and-readers", .append = show_late,
      .filter = filter_hidden },
    { "M06", "gap-is-skipped-after-timeout",
      "akka-persistence-jdbc, prooph: a slow writer's event is never read",
      "S5.results-match-the-store-in-a-race", .append = hide_overtaken,
      .filter = filter_hidden },
    { "M08", "leading-gap-is-not-noticed",
      "marten#4964: a gap before the first row found is no gap",
      "L2.race-of-writers-and-readers", .append = show_late,
      .filter = stop_at_gap },
    { "M20", "append-is-visible-in-part",
      "some events of an append are read before the others are visible",
      "L2.race-of-writers-and-readers", .append = show_first_item_early,
      .filter = filter_hidden },
    { "M24", "lock-does-nothing",
      "emmett#328: advisory locks without effect (RDS Proxy, CockroachDB)",
      "U1.race-at-one-position-of-datastores", .append = append_without_lock },
    { "M66", "id-is-assigned-before-commit-under-locks",
      "the same with a lock for each stream: SELECT ... FOR UPDATE of its "
      "last row",
      "L2.race-of-writers-and-readers-without-queue",
      .append = show_late_under_locks, .filter = filter_hidden },
    { "M31", "reported-ids-are-not-the-stored-ones",
      "Jepsen's inconsistent-offsets: two appends get the same offset",
      "S5.results-match-the-store-in-a-race", .append = report_ids_from_head },
};
MUTANT_FAMILY(races);
