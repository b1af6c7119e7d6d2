/* SPDX-License-Identifier: Apache-2.0 */
/* Handling the parked events again. */
#include "consumer/runner.h"

#include <quipu/id.h>

#include "base/clock.h"
#include "base/memory.h"

#define PAUSE_FIRST 1  /* milliseconds, after a conflict */
#define PAUSE_MOST 100 /* likewise */

/* Applies the event, and deletes the entry in the same commit; again if others
 * have changed what the program has read. */
static int apply(struct quipu_runner *runner, struct quipu_part *part,
                 const quipu_entry *entry, quipu_error *error)
{
    const quipu_entry_write deletion = {
        .key = entry->key,
        .flags = QUIPU_ENTRY_DELETE | QUIPU_ENTRY_EXPECT,
        .revision = entry->revision,
    };
    uint32_t conflicts = 0;
    int status;

    do {
        struct quipu_tracker_commit commit = { .stays = true,
                                               .entries = &deletion,
                                               .entry_count = 1 };

        if (conflicts > 0) {
            quipu_clock_sleep(
                quipu_clock_backoff(PAUSE_FIRST, PAUSE_MOST, conflicts));
        }
        status = runner->type->apply(runner->owner, part, &commit, error);
        conflicts++;
    } while (status == QUIPU_RUNNER_AGAIN);
    return status;
}

/* Whether the consumer still handles the event.  One that was erased since it
 * was parked is handled by nothing, and does not stay parked. */
static bool is_handled(const struct quipu_batch *batch,
                       const struct quipu_batch_event *event)
{
    return batch->type_count == 0 || quipu_batch_event_erased(event) ||
           (event->event && event->type < batch->type_count);
}

/* Decodes the item, if the consumer still handles its type, and applies it. */
static int apply_item(struct quipu_runner *runner, const quipu_item *item,
                      const quipu_entry *entry, bool *refused,
                      quipu_error *error)
{
    struct quipu_batch_event event;
    struct quipu_part_conflict conflict = { .notification_id = 0 };
    struct quipu_part part = { .events = &event,
                               .count = 1,
                               .conflict = &conflict };
    quipu_arena arena;

    quipu_arena_init(&arena);
    int status = quipu_batch_decode(&runner->batch, item, runner->store, &arena,
                                    &event, error);

    *refused = status == QUIPU_OK && !is_handled(&runner->batch, &event);
    if (status == QUIPU_OK && !*refused) {
        status = apply(runner, &part, entry, error);
        *refused = status == QUIPU_RUNNER_REFUSED;
    }
    quipu_arena_finish(&arena);
    return status;
}

/* Reads the event of a parked entry from the log, and applies it.  *refused: it
 * stays parked. */
static int retry_one(struct quipu_runner *runner, const quipu_entry *entry,
                     int64_t notification_id, bool *refused, quipu_error *error)
{
    const quipu_query only = { .struct_size = sizeof(only),
                               .flags = QUIPU_QUERY_GTE | QUIPU_QUERY_LTE,
                               .gte = notification_id,
                               .lte = notification_id };
    const quipu_item *item = NULL;
    quipu_cursor *cursor;
    int status = quipu_records_read_log(runner->records, &only, &cursor, error);

    *refused = false;
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_cursor_next(cursor, &item, error);
    if (status == QUIPU_OK && !item) {
        status = quipu_error_set(error, QUIPU_CONFLICT,
                                 "the log ends before the parked event");
    } else if (status == QUIPU_OK) {
        status = apply_item(runner, item, entry, refused, error);
    }
    quipu_cursor_close(cursor);
    return *refused ? QUIPU_OK : status;
}

/* The sequences of which an event was refused in this round. */
struct refused {
    struct quipu_parked_sequence *items;
    size_t count;
};

static bool is_blocked(const struct quipu_runner *runner,
                       const struct refused *refused, quipu_bytes id)
{
    const struct quipu_parked_sequences sequences = { .items = refused->items,
                                                      .count = refused->count };

    return runner->options.on_failure == QUIPU_FAILURE_PARK_SEQUENCE &&
           quipu_parked_sequences_find(&sequences, id);
}

static int block(struct refused *refused, quipu_bytes id, quipu_error *error)
{
    void *items = quipu_reallocate(refused->items, (refused->count + 1) *
                                                       sizeof(*refused->items));

    if (!items) {
        return quipu_error_no_memory(error);
    }
    refused->items = items;
    refused->items[refused->count].id = (quipu_id){ .size = (uint8_t)id.size };
    for (size_t i = 0; i < id.size; i++) {
        refused->items[refused->count].id.data[i] =
            ((const uint8_t *)id.data)[i];
    }
    refused->count++;
    return QUIPU_OK;
}

/* Retries the event of an entry, unless an earlier one of its sequence was
 * refused. */
static int retry_entry(struct quipu_runner *runner, const quipu_entry *entry,
                       struct refused *refused, int64_t *left,
                       quipu_error *error)
{
    quipu_parked_event event;
    bool stays = true;
    int status = quipu_parked_decode(entry, &event, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!is_blocked(runner, refused, event.sequence_id)) {
        status = retry_one(runner, entry, event.notification_id, &stays, error);
        if (status == QUIPU_OK && stays) {
            status = block(refused, event.sequence_id, error);
        }
    }
    *left += stays;
    return status;
}

static int retry_all(struct quipu_runner *runner, int64_t *left,
                     quipu_error *error)
{
    char prefix[QUIPU_PARKED_KEY_SIZE];
    struct refused refused = { .count = 0 };
    const quipu_entry *entry = NULL;
    quipu_entries *entries;
    int status = quipu_entries_open(
        runner->tracker.datastore,
        quipu_parked_prefix(runner->consumer, prefix), &entries, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_entries_next(entries, &entry, error);
        if (status == QUIPU_OK && entry) {
            status = retry_entry(runner, entry, &refused, left, error);
        }
    } while (status == QUIPU_OK && entry);
    quipu_entries_close(entries);
    quipu_release(refused.items);
    return status;
}

int quipu_runner_retry(struct quipu_runner *runner, int64_t *left,
                       quipu_error *error)
{
    int64_t stay = 0;
    int status = quipu_records_enter(runner->records, error);

    if (status == QUIPU_OK && !runner->has_entries) {
        status = quipu_error_set(error, QUIPU_UNSUPPORTED,
                                 "%s \"%s\" has no parked events: its target "
                                 "keeps no key-value entries",
                                 runner->type->kind, runner->consumer);
    }
    if (status == QUIPU_OK) {
        status = retry_all(runner, &stay, error);
    }
    if (status == QUIPU_OK && left) {
        *left = stay;
    }
    return status;
}
