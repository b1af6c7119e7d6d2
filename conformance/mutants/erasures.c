/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutants that erase wrongly: too much, too little, only for some readers, or
 * that give away what an erased item must keep.
 *
 * The memory driver lends its own records, so that a mutant can change them in
 * place.  Its cases are single-threaded but for M207, which changes none.
 */
#include "mutant.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define IDS 4096 /* notification ids that a mutant remembers */

static int base_erase(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, const quipu_erasure *erasure,
                      int64_t deadline, int64_t *erased, quipu_error *error)
{
    return mutant_base_driver()->erase(datastore, bound, erasure, deadline,
                                       erased, error);
}

/* Calls `change` with each erased item of the log, as it is stored. */
static void change_erased(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound,
                          void (*change)(quipu_item *item))
{
    const quipu_range all = { .struct_size = sizeof(all),
                              .lower = INT64_MIN,
                              .upper = INT64_MAX,
                              .limit = INT64_MAX };
    const quipu_driver *base = mutant_base_driver();
    quipu_driver_cursor *cursor = NULL;
    const void *rows = NULL;
    size_t count = 0;

    if (base->read_log(datastore, bound, &all, INT64_MAX, &cursor, NULL)) {
        return;
    }
    while (base->step(cursor, INT64_MAX, &rows, &count, NULL) == QUIPU_OK &&
           count > 0) {
        quipu_item *item;

        memcpy(&item, &rows, sizeof(item)); /* without its const */
        if (item->flags & QUIPU_ITEM_ERASED) {
            change(item);
        }
    }
    base->cursor_close(cursor);
}

/* Returns true if the item that has the event id is stored as erased. */
static bool is_erased(const struct append_call *a, const quipu_item *item)
{
    const quipu_driver *base = mutant_base_driver();
    quipu_driver_cursor *cursor = NULL;
    const void *rows = NULL;
    size_t count = 0;
    bool erased = false;

    if (!item->event_id.data ||
        base->find_event(a->datastore, a->requests->schema, item->event_id,
                         a->deadline, &cursor, NULL) != QUIPU_OK) {
        return false;
    }
    if (base->step(cursor, a->deadline, &rows, &count, NULL) == QUIPU_OK &&
        count > 0) {
        erased = (((const quipu_item *)rows)->flags & QUIPU_ITEM_ERASED) != 0;
    }
    base->cursor_close(cursor);
    return erased;
}

/* Appends the first request with other items, which are changed copies. */
static int append_changed(struct append_call *a,
                          void (*change)(struct append_call *a,
                                         quipu_item *item))
{
    quipu_request request = a->requests[0];
    quipu_item *items = calloc(request.item_count + 1, sizeof(*items));
    int status;

    if (!items) {
        abort();
    }
    for (size_t i = 0; i < request.item_count; i++) {
        items[i] = request.items[i];
        change(a, &items[i]);
    }
    request.items = items;
    status = mutant_append_one(a, &request);
    free(items);
    return status;
}

/* ----------------------------------------------------- too much, too little */

/* M201: one item behind the range is erased, too. */
static int erase_one_more(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound,
                          const quipu_erasure *erasure, int64_t deadline,
                          int64_t *erased, quipu_error *error)
{
    quipu_erasure longer = *erasure;
    int status;

    longer.upper += longer.upper < INT64_MAX ? 1 : 0;
    status = base_erase(datastore, bound, &longer, deadline, erased, error);
    if (status == QUIPU_OK && *erased > 0) {
        --*erased; /* reports what it was asked for */
    }
    return status;
}

/* M202: sequences are not erased, and reported erased. */
static int erase_log_only(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound,
                          const quipu_erasure *erasure, int64_t deadline,
                          int64_t *erased, quipu_error *error)
{
    if (!erasure->sequence_id.data) {
        return base_erase(datastore, bound, erasure, deadline, erased, error);
    }
    *erased = 3 < erasure->limit ? 3 : erasure->limit - 1;
    return QUIPU_OK;
}

/* ---------------------------------------------------------- what stays */

static void forget_topic(quipu_item *item)
{
    item->topic = (quipu_bytes){ "erased", 6 };
}

/* M203: the topic is erased, too. */
static int erase_topics(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound,
                        const quipu_erasure *erasure, int64_t deadline,
                        int64_t *erased, quipu_error *error)
{
    int status = base_erase(datastore, bound, erasure, deadline, erased, error);

    if (status == QUIPU_OK) {
        change_erased(datastore, bound, forget_topic);
    }
    return status;
}

static void free_event_id(struct append_call *a, quipu_item *item)
{
    static unsigned char another[16] = "another event i";

    if (is_erased(a, item)) {
        item->event_id = (quipu_bytes){ another, sizeof(another) };
    }
}

/* M204: the event id of an erased item can be used again. */
static int append_with_freed_id(struct append_call *a)
{
    return append_changed(a, free_event_id);
}

/* The last position at which an item of the sequence is erased. */
static bool is_position_erased(const struct append_call *a,
                               const quipu_item *item)
{
    const quipu_range one = { .struct_size = sizeof(one),
                              .lower = item->position,
                              .upper = item->position,
                              .limit = 1 };
    const quipu_driver *base = mutant_base_driver();
    quipu_driver_cursor *cursor = NULL;
    const void *rows = NULL;
    size_t count = 0;
    bool erased = false;

    if (base->read_sequence(a->datastore, a->requests->schema,
                            item->sequence_id, &one, a->deadline, &cursor,
                            NULL) != QUIPU_OK) {
        return false;
    }
    if (base->step(cursor, a->deadline, &rows, &count, NULL) == QUIPU_OK &&
        count > 0) {
        erased = (((const quipu_item *)rows)->flags & QUIPU_ITEM_ERASED) != 0;
    }
    base->cursor_close(cursor);
    return erased;
}

static void free_position(struct append_call *a, quipu_item *item)
{
    if (!(item->flags & QUIPU_ITEM_NEXT) && is_position_erased(a, item)) {
        item->flags |= QUIPU_ITEM_NEXT;
    }
}

/* M205: the position of an erased item can be used again. */
static int append_at_freed_position(struct append_call *a)
{
    return append_changed(a, free_position);
}

/* M206: the repeated append of an erased item conflicts, since the state is not
 * the stored one. */
static int refuse_repeat(struct append_call *a)
{
    const quipu_request *request = a->requests;

    if (request->item_count > 0 && request->schema &&
        is_erased(a, &request->items[0])) {
        a->results[0].status = QUIPU_CONFLICT;
        a->results[0].cause = QUIPU_CAUSE_EVENT_ID;
        *a->taken = 1;
        return QUIPU_OK;
    }
    return mutant_append_first(a);
}

/* ---------------------------------------------------------- beside appends */

static atomic_int erasing;

/* M207: appends are refused while an erasure runs. */
static int erase_alone(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, const quipu_erasure *erasure,
                       int64_t deadline, int64_t *erased, quipu_error *error)
{
    int status;

    atomic_fetch_add(&erasing, 1);
    mutant_sleep(2000000);
    status = base_erase(datastore, bound, erasure, deadline, erased, error);
    atomic_fetch_sub(&erasing, 1);
    return status;
}

static int append_unless_erasing(struct append_call *a)
{
    if (atomic_load(&erasing) > 0) {
        if (a->error) {
            *a->error = (quipu_error){ .code = QUIPU_BUSY,
                                       .message = "an erasure is running" };
        }
        *a->taken = a->count;
        return QUIPU_BUSY;
    }
    return mutant_append_all(a);
}

/* ----------------------------------------------------------------- readers */

/* The items that were erased. A flag that is missing in one of them hides that
 * from a reader. */
static bool erased_ids[IDS];
static int64_t erasures;

static void note_erased(quipu_item *item)
{
    if (item->notification_id < IDS) {
        erased_ids[item->notification_id] = true;
    }
}

static int erase_and_note(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound,
                          const quipu_erasure *erasure, int64_t deadline,
                          int64_t *erased, quipu_error *error)
{
    int status = base_erase(datastore, bound, erasure, deadline, erased, error);

    if (status == QUIPU_OK && *erased > 0) {
        change_erased(datastore, bound, note_erased);
        erasures++;
    }
    return status;
}

/* Flags an item, or takes the flag away; `state` is what it then has. */
static void set_erased(const quipu_item *lent, bool erased, const char *state)
{
    quipu_item *item;

    memcpy(&item, &lent, sizeof(item)); /* without its const */
    if (item->notification_id >= IDS || !erased_ids[item->notification_id]) {
        return;
    }
    if (erased) {
        item->flags |= QUIPU_ITEM_ERASED;
        item->state = (quipu_bytes){ "", 0 };
    } else {
        item->flags &= ~(uint32_t)QUIPU_ITEM_ERASED;
        item->state = (quipu_bytes){ state, strlen(state) };
    }
}

/* M208: an item is erased in the log only; its sequence has a second copy. */
static enum filter_result show_second_copy(struct read_call *r,
                                           const quipu_item *item)
{
    set_erased(item, r->log, "a second copy");
    return ITEM_SHOW;
}

static void note_opening(struct read_call *r)
{
    r->requested.limit = erasures;
}

/* M209: a cursor that was opened before an erasure yields erased contents
 * without the mark. */
static enum filter_result show_without_mark(struct read_call *r,
                                            const quipu_item *item)
{
    set_erased(item, r->requested.limit == erasures, "");
    return ITEM_SHOW;
}

/* ---------------------------------------------------------- copies, counts */

static void revive(struct append_call *a, quipu_item *item)
{
    (void)a;
    item->flags &= ~(uint32_t)QUIPU_ITEM_ERASED;
}

/* M210: an item that is appended as erased is stored as an empty one. */
static int append_revived(struct append_call *a)
{
    return append_changed(a, revive);
}

/* M211: erasures are not counted. */
static int count_none(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, int64_t deadline,
                      int64_t *commits, quipu_error *error)
{
    int status = mutant_base_driver()->erasures(datastore, bound, deadline,
                                                commits, error);

    *commits = 0;
    return status;
}

static const struct mutant mutants[] = {
    { "M201", "erasure-reaches-one-item-too-far",
      "redaction by a half-open range that was read as a closed one",
      "E5.nothing-else", .replaced = { .erase = erase_one_more } },
    { "M202", "erasure-is-reported-and-not-made",
      "a deletion that matches no row and counts as done", "E1.erased-range",
      .replaced = { .erase = erase_log_only } },
    { "M203", "topic-is-erased",
      "tombstones without a type: consumers cannot dispatch them",
      "E2.places-stay", .replaced = { .erase = erase_topics } },
    { "M204", "event-id-of-an-erased-item-is-free",
      "deleted rows: a retry that arrives late stores the event again",
      "E2.event-ids-are-taken", .append = append_with_freed_id },
    { "M205", "position-of-an-erased-item-is-free",
      "deleted rows: the version is given to another event",
      "E2.positions-are-taken", .append = append_at_freed_position },
    { "M206", "repeat-of-an-erased-item-conflicts",
      "duplicates that are told by comparing contents",
      "E2.event-ids-are-taken", .append = refuse_repeat },
    { "M207", "appends-are-refused-during-an-erasure",
      "scavenging under the lock of the writers", "E6.beside-appends",
      .append = append_unless_erasing, .replaced = { .erase = erase_alone } },
    { "M208", "erased-in-the-log-only",
      "an index by stream that holds a second copy of the event",
      "E1.erased-range", .filter = show_second_copy,
      .replaced = { .erase = erase_and_note } },
    { "M209", "open-cursor-yields-half-of-an-item",
      "two reads that are combined: masking beside a running projection",
      "E1.cursor-opened-before", .on_open = note_opening,
      .filter = show_without_mark, .replaced = { .erase = erase_and_note } },
    { "M210", "copy-of-an-erased-item-is-an-empty-event",
      "exports that have no word for a deleted event", "E7.appended-as-erased",
      .append = append_revived },
    { "M211", "erasures-are-not-counted",
      "caches of archived pages that go on serving deleted events",
      "E9.counted", .replaced = { .erasures = count_none } },
};
MUTANT_FAMILY(erasures);
