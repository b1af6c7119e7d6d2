/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The final log: builds the tables that the rest of the checker consults, and
 * establishes INV1 (checker.c).
 *
 * Entries are placed by their id, so a final read that returns them in the
 * wrong order still gives a usable table.  An id above the number of all
 * entries of the history cannot be an id of the log, since ids have no gaps; it
 * is reported and ignored, which bounds the size of the table.
 */
#include "checker.h"
#include "pool.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdlib.h>

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count + 2, size);

    CHECK(memory, "out of memory while checking a history");
    return memory;
}

static void add_step(struct quipu_progression *steps, int64_t id, int64_t value)
{
    steps->at = quipu_history_pool_grow(steps->at, steps->count, &steps->room,
                                        sizeof(*steps->at));
    steps->at[steps->count].id = id;
    steps->at[steps->count++].value = value;
}

/* ---------------------------------------------------------------- entries */

/* Checks an entry against the append that requested it. */
static void compare_with_append(struct quipu_checker *c, size_t reader,
                                const struct quipu_history_entry *entry)
{
    const struct quipu_history_entry *item;
    const struct quipu_operation *op =
        quipu_history_find_append(c->history, entry->origin, &item);
    size_t append;

    if (!op) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_FAILED_VISIBLE, entry->id, reader,
                            QUIPU_NO_OPERATION),
            "id %" PRId64
            " has an item that no session of this history appended",
            entry->id);
        return;
    }
    append = quipu_checker_index(c, op);
    if (item->sequence != entry->sequence) {
        quipu_history_violations_add(
            c, QUIPU_VIOLATION(QUIPU_ALTERED_ITEM, entry->id, append, reader),
            "id %" PRId64 " was appended to %s and is in %s", entry->id,
            quipu_checker_sequence(c, item->sequence),
            quipu_checker_sequence(c, entry->sequence));
    } else if (item->position != QUIPU_HISTORY_NEXT &&
               item->position != entry->position) {
        quipu_history_violations_add(
            c, QUIPU_VIOLATION(QUIPU_ALTERED_ITEM, entry->id, append, reader),
            "id %" PRId64 " was appended at position %" PRId64
            " and is at %" PRId64,
            entry->id, item->position, entry->position);
    } else if (item->hash != entry->hash) {
        quipu_history_violations_add(
            c, QUIPU_VIOLATION(QUIPU_ALTERED_ITEM, entry->id, append, reader),
            "id %" PRId64 " has other bytes than were appended", entry->id);
    }
}

void quipu_history_final_log_compare(struct quipu_checker *c, size_t reader,
                                     const struct quipu_history_entry *entry)
{
    const struct quipu_final_log *log =
        &c->logs[c->history->operations[reader].log];
    const struct quipu_history_entry *stored =
        entry->id >= 1 && entry->id <= log->head ? log->at[entry->id] : NULL;

    if (!stored || !quipu_history_same_origin(stored->origin, entry->origin)) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_VANISHED, entry->id, reader, log->final_read),
            "id %" PRId64 " was read, but the final log %s", entry->id,
            stored ? "has another item there" : "does not contain it");
        return;
    }
    if (stored->hash != entry->hash || stored->sequence != entry->sequence ||
        stored->position != entry->position) {
        compare_with_append(c, reader, entry);
    }
}

/* ---------------------------------------------------------- the final read */

/* Places an entry by its id, and appends it to its sequence. */
static void put_entry(struct quipu_checker *c, struct quipu_final_log *log,
                      const struct quipu_history_entry *entry)
{
    struct quipu_progression *steps = &c->sequences[entry->sequence];

    if (log->at[entry->id]) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION_OF("L1", QUIPU_DUPLICATE, entry->id,
                               log->final_read, QUIPU_NO_OPERATION),
            "two items have the notification id %" PRId64, entry->id);
        return;
    }
    log->at[entry->id] = entry;
    if (entry->position < (int64_t)steps->count) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION(QUIPU_DUPLICATE, entry->id, log->final_read,
                            QUIPU_NO_OPERATION),
            "id %" PRId64 " is at position %" PRId64
            " of %s, which an earlier item has",
            entry->id, entry->position,
            quipu_checker_sequence(c, entry->sequence));
        return;
    }
    if (entry->position > (int64_t)steps->count) {
        quipu_history_violations_add(
            c,
            QUIPU_VIOLATION_OF("S1", QUIPU_GAP, entry->id, log->final_read,
                               QUIPU_NO_OPERATION),
            "id %" PRId64 " is at position %" PRId64
            " of %s, but no item has position %zu",
            entry->id, entry->position,
            quipu_checker_sequence(c, entry->sequence), steps->count);
        /* Fill in the missing positions, so that the gap is reported once. */
        while ((int64_t)steps->count < entry->position &&
               steps->count < c->history->entry_count) {
            add_step(steps, entry->id, 0);
        }
    }
    add_step(steps, entry->id, entry->position);
}

static void check_gaps(struct quipu_checker *c,
                       const struct quipu_final_log *log)
{
    for (int64_t id = 1; id <= log->head; id++) {
        int64_t from = id;

        while (id <= log->head && !log->at[id]) {
            id++;
        }
        if (id > from) {
            quipu_history_violations_add(
                c,
                QUIPU_VIOLATION(QUIPU_GAP, from, log->final_read,
                                QUIPU_NO_OPERATION),
                "no item has the ids %" PRId64 " to %" PRId64, from, id - 1);
        }
    }
}

/* The highest id that can be an id of this log. */
static int64_t head_of(const struct quipu_checker *c,
                       const struct quipu_operation *op)
{
    int64_t head = 0;

    for (size_t i = 0; i < op->count; i++) {
        int64_t id = c->history->entries[op->entries + i].id;

        head = id > head && id <= (int64_t)c->history->entry_count ? id : head;
    }
    return head;
}

static void build_log(struct quipu_checker *c, struct quipu_final_log *log)
{
    const struct quipu_operation *op = &c->history->operations[log->final_read];
    int64_t before = 0;

    for (size_t i = 0; i < op->count; i++) {
        const struct quipu_history_entry *entry =
            &c->history->entries[op->entries + i];

        compare_with_append(c, log->final_read, entry);
        if (entry->id < 1 || entry->id > log->head || entry->id < before) {
            quipu_history_violations_add(
                c,
                QUIPU_VIOLATION(QUIPU_WRONG_READ, entry->id, log->final_read,
                                QUIPU_NO_OPERATION),
                "id %" PRId64 " comes after id %" PRId64, entry->id, before);
        }
        if (entry->id >= 1 && entry->id <= log->head) {
            put_entry(c, log, entry);
            before = entry->id;
        }
    }
    check_gaps(c, log);
}

/* Finds the last final read of each log; a log without one is empty. */
static void find_finals(struct quipu_checker *c)
{
    const struct quipu_history *h = c->history;

    for (uint32_t i = 0; i < h->logs.count; i++) {
        c->logs[i] =
            (struct quipu_final_log){ .log = i,
                                      .final_read = QUIPU_NO_OPERATION };
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        const struct quipu_operation *op = &h->operations[i];
        struct quipu_final_log *log = &c->logs[op->log];

        if (op->final && op->status == QUIPU_OK &&
            (log->final_read == QUIPU_NO_OPERATION ||
             op->begin > h->operations[log->final_read].begin)) {
            log->final_read = i;
        }
    }
}

/* Adds the tracking record that the append stored with `id`; it must be above
 * the consumer's record before it. */
static void add_tracking(struct quipu_checker *c,
                         const struct quipu_operation *op, int64_t id)
{
    struct quipu_progression *steps = &c->consumers[op->consumer];
    const struct quipu_history_entry *item;

    if (steps->count == 0 || steps->at[steps->count - 1].value < op->tracking) {
        add_step(steps, id, op->tracking);
        return;
    }
    item = c->logs[op->log].at[steps->at[steps->count - 1].id];
    quipu_history_violations_add(
        c,
        QUIPU_VIOLATION_OF(
            "U4", QUIPU_UNJUSTIFIED_SUCCESS, id, quipu_checker_index(c, op),
            quipu_checker_index(
                c, quipu_history_find_append(c->history, item->origin, &item))),
        "it stored the tracking record %" PRId64
        " although the consumer's record was %" PRId64,
        op->tracking, steps->at[steps->count - 1].value);
}

/* Collects the tracking records in the order of the log. */
static void build_tracking(struct quipu_checker *c,
                           const struct quipu_final_log *log)
{
    for (int64_t id = 1; id <= log->head; id++) {
        const struct quipu_history_entry *item;
        const struct quipu_operation *op =
            log->at[id] ? quipu_history_find_append(c->history,
                                                    log->at[id]->origin, &item)
                        : NULL;

        if (op && op->tracks && log->at[id]->origin.index == 0 &&
            op->log == log->log) {
            add_tracking(c, op, id);
        }
    }
}

void quipu_history_final_log_build(struct quipu_checker *c)
{
    const struct quipu_history *h = c->history;

    c->logs = zeroed(h->logs.count, sizeof(*c->logs));
    c->sequences = zeroed(h->sequences.count, sizeof(*c->sequences));
    c->consumers = zeroed(h->consumers.count, sizeof(*c->consumers));
    find_finals(c);
    for (uint32_t i = 0; i < h->logs.count; i++) {
        struct quipu_final_log *log = &c->logs[i];

        if (log->final_read != QUIPU_NO_OPERATION) {
            log->head = head_of(c, &h->operations[log->final_read]);
        }
        log->at = zeroed((size_t)log->head, sizeof(*log->at));
        log->appender = zeroed((size_t)log->head, sizeof(*log->appender));
        for (int64_t id = 0; id <= log->head; id++) {
            log->appender[id] = QUIPU_NO_OPERATION;
        }
        if (log->final_read != QUIPU_NO_OPERATION) {
            build_log(c, log);
        }
        build_tracking(c, log);
    }
}

void quipu_history_final_log_finish(struct quipu_checker *c)
{
    for (size_t i = 0; i < c->history->logs.count; i++) {
        free(c->logs[i].at);
        free(c->logs[i].appender);
    }
    for (size_t i = 0; i < c->history->sequences.count; i++) {
        free(c->sequences[i].at);
    }
    for (size_t i = 0; i < c->history->consumers.count; i++) {
        free(c->consumers[i].at);
    }
    free(c->logs);
    free(c->sequences);
    free(c->consumers);
}

/* ----------------------------------------------------------------- look-ups */

int64_t quipu_history_final_log_commit_first(const struct quipu_final_log *log,
                                             int64_t id)
{
    int64_t first = id;

    while (first > 1 && log->appender[first - 1] == log->appender[id] &&
           log->appender[id] != QUIPU_NO_OPERATION && log->at[first - 1]) {
        first--;
    }
    return first;
}

int64_t quipu_history_final_log_commit_last(const struct quipu_final_log *log,
                                            int64_t id)
{
    int64_t last = id;

    while (last < log->head && log->at[last + 1] &&
           log->appender[last + 1] == log->appender[id] &&
           log->appender[id] != QUIPU_NO_OPERATION) {
        last++;
    }
    return last;
}

size_t quipu_history_final_log_steps_until(
    const struct quipu_progression *steps, int64_t id)
{
    size_t low = 0, high = steps->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (steps->at[middle].id <= id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t quipu_history_final_log_steps_below(
    const struct quipu_progression *steps, int64_t value)
{
    size_t low = 0, high = steps->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (steps->at[middle].value < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
