/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger: the log as it was read at the end, judged as it stands. */
#include "judging.h"
#include "loading.h"

#include "context/assertion.h"

#include <inttypes.h>
#include <stdlib.h>

static void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count + 2, size);

    CHECK(memory, "no memory to check a history");
    return memory;
}

static void add_to_line(struct quipu_ledger_line *line, int64_t id,
                        int64_t value)
{
    line->at = quipu_history_room(line->at, line->count, &line->room,
                                  sizeof(*line->at));
    line->at[line->count].id = id;
    line->at[line->count++].value = value;
}

size_t quipu_ledger_length(const struct quipu_ledger_line *line, int64_t id)
{
    size_t low = 0, high = line->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (line->at[middle].id <= id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

size_t quipu_ledger_below(const struct quipu_ledger_line *line, int64_t value)
{
    size_t low = 0, high = line->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (line->at[middle].value < value) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* ------------------------------------------------------- what stands there */

/* An entry against the append whose mark it bears. */
static void compare_with_append(struct quipu_judging *j, size_t reader,
                                const struct quipu_history_entry *entry)
{
    const struct quipu_history_entry *item;
    const struct quipu_operation *op =
        quipu_history_origin(j->history, entry->mark, &item);
    size_t append;

    if (!op) {
        quipu_judging_object(j, QUIPU_REFUSED_VISIBLE, entry->id, reader,
                             QUIPU_NOBODY,
                             "id %" PRId64 " has an item that no session of "
                             "this history appended",
                             entry->id);
        return;
    }
    append = quipu_judging_number(j, op);
    if (item->sequence != entry->sequence) {
        quipu_judging_object(j, QUIPU_ALTERED_ITEM, entry->id, append, reader,
                             "id %" PRId64 " was appended to %s and is in %s",
                             entry->id,
                             quipu_judging_sequence(j, item->sequence),
                             quipu_judging_sequence(j, entry->sequence));
    } else if (item->position != QUIPU_HISTORY_NEXT &&
               item->position != entry->position) {
        quipu_judging_object(j, QUIPU_ALTERED_ITEM, entry->id, append, reader,
                             "id %" PRId64 " was appended at position %" PRId64
                             " and is at %" PRId64,
                             entry->id, item->position, entry->position);
    } else if (item->hash != entry->hash) {
        quipu_judging_object(
            j, QUIPU_ALTERED_ITEM, entry->id, append, reader,
            "id %" PRId64 " has other bytes than were appended", entry->id);
    }
}

void quipu_judging_compare(struct quipu_judging *j, size_t reader,
                           const struct quipu_history_entry *entry)
{
    const struct quipu_ledger *ledger =
        &j->ledgers[j->history->operations[reader].log];
    const struct quipu_history_entry *stored =
        entry->id >= 1 && entry->id <= ledger->head ? ledger->at[entry->id]
                                                    : NULL;

    if (!stored || !quipu_mark_same(stored->mark, entry->mark)) {
        quipu_judging_object(
            j, QUIPU_VANISHED, entry->id, reader, ledger->final,
            "id %" PRId64 " was seen, and at the end %s", entry->id,
            stored ? "it is another item" : "it is not in the log");
        return;
    }
    if (stored->hash != entry->hash || stored->sequence != entry->sequence ||
        stored->position != entry->position) {
        compare_with_append(j, reader, entry);
    }
}

/* ----------------------------------------------------------- the final read */

/* Puts an entry where its id says; false: something is there. */
static bool put_entry(struct quipu_judging *j, struct quipu_ledger *ledger,
                      const struct quipu_history_entry *entry)
{
    struct quipu_ledger_line *line = &j->sequences[entry->sequence];

    if (ledger->at[entry->id]) {
        quipu_judging_object(
            j, QUIPU_DUPLICATE, entry->id, ledger->final, QUIPU_NOBODY,
            "two items have the notification id %" PRId64, entry->id);
        return false;
    }
    ledger->at[entry->id] = entry;
    if (entry->position < (int64_t)line->count) {
        quipu_judging_object(j, QUIPU_DUPLICATE, entry->id, ledger->final,
                             QUIPU_NOBODY,
                             "id %" PRId64 " is at position %" PRId64
                             " of %s, which an item before it has",
                             entry->id, entry->position,
                             quipu_judging_sequence(j, entry->sequence));
        return true;
    }
    if (entry->position > (int64_t)line->count) {
        quipu_judging_object(
            j, QUIPU_GAP, entry->id, ledger->final, QUIPU_NOBODY,
            "id %" PRId64 " is at position %" PRId64
            " of %s, and no item has %zu",
            entry->id, entry->position,
            quipu_judging_sequence(j, entry->sequence), line->count);
        /* Those that are missing count as there, so that one is told. */
        while ((int64_t)line->count < entry->position &&
               line->count < j->history->entry_count) {
            add_to_line(line, entry->id, 0);
        }
    }
    add_to_line(line, entry->id, entry->position);
    return true;
}

static void check_gaps(struct quipu_judging *j,
                       const struct quipu_ledger *ledger)
{
    for (int64_t id = 1; id <= ledger->head; id++) {
        int64_t from = id;

        while (id <= ledger->head && !ledger->at[id]) {
            id++;
        }
        if (id > from) {
            quipu_judging_object(
                j, QUIPU_GAP, from, ledger->final, QUIPU_NOBODY,
                "no item has the ids %" PRId64 " to %" PRId64, from, id - 1);
        }
    }
}

/* The highest id that makes sense: what lies above is no id of this log. */
static int64_t head_of(const struct quipu_judging *j,
                       const struct quipu_operation *op)
{
    int64_t head = 0;

    for (size_t i = 0; i < op->count; i++) {
        int64_t id = j->history->entries[op->entries + i].id;

        head = id > head && id <= (int64_t)j->history->entry_count ? id : head;
    }
    return head;
}

static void read_ledger(struct quipu_judging *j, struct quipu_ledger *ledger)
{
    const struct quipu_operation *op = &j->history->operations[ledger->final];
    int64_t before = 0;

    ledger->head = head_of(j, op);
    for (size_t i = 0; i < op->count; i++) {
        const struct quipu_history_entry *entry =
            &j->history->entries[op->entries + i];

        compare_with_append(j, ledger->final, entry);
        if (entry->id < 1 || entry->id > ledger->head || entry->id < before) {
            quipu_judging_object(
                j, QUIPU_WRONG_READ, entry->id, ledger->final, QUIPU_NOBODY,
                "id %" PRId64 " comes after id %" PRId64, entry->id, before);
        }
        if (entry->id >= 1 && entry->id <= ledger->head) {
            put_entry(j, ledger, entry);
            before = entry->id;
        }
    }
    check_gaps(j, ledger);
}

/* The last final read of each log; a log without one is empty. */
static void find_finals(struct quipu_judging *j)
{
    const struct quipu_history *h = j->history;

    for (uint32_t i = 0; i < h->logs.count; i++) {
        j->ledgers[i] =
            (struct quipu_ledger){ .log = i, .final = QUIPU_NOBODY };
    }
    for (size_t i = 0; i < h->operation_count; i++) {
        const struct quipu_operation *op = &h->operations[i];
        struct quipu_ledger *ledger = &j->ledgers[op->log];

        if (op->final && op->status == QUIPU_OK &&
            (ledger->final == QUIPU_NOBODY ||
             op->begin > h->operations[ledger->final].begin)) {
            ledger->final = i;
        }
    }
}

/* The next record of a consumer must be above the one before. */
static void track(struct quipu_judging *j, const struct quipu_operation *op,
                  int64_t id)
{
    struct quipu_ledger_line *line = &j->consumers[op->consumer];
    const struct quipu_history_entry *item;

    if (line->count == 0 || line->at[line->count - 1].value < op->track) {
        add_to_line(line, id, op->track);
        return;
    }
    item = j->ledgers[op->log].at[line->at[line->count - 1].id];
    quipu_judging_object(
        j, QUIPU_CAUSELESS_SUCCESS, id, quipu_judging_number(j, op),
        quipu_judging_number(
            j, quipu_history_origin(j->history, item->mark, &item)),
        "it recorded notification %" PRId64
        " when the consumer's record stood at %" PRId64,
        op->track, line->at[line->count - 1].value);
}

/* The order in which consumers' records were stored. */
static void read_tracking(struct quipu_judging *j,
                          const struct quipu_ledger *ledger)
{
    for (int64_t id = 1; id <= ledger->head; id++) {
        const struct quipu_history_entry *item;
        const struct quipu_operation *op =
            ledger->at[id]
                ? quipu_history_origin(j->history, ledger->at[id]->mark, &item)
                : NULL;

        if (op && op->tracks && ledger->at[id]->mark.index == 0 &&
            op->log == ledger->log) {
            track(j, op, id);
        }
    }
}

void quipu_judging_read_ledgers(struct quipu_judging *j)
{
    const struct quipu_history *h = j->history;

    j->ledgers = zeroed(h->logs.count, sizeof(*j->ledgers));
    j->sequences = zeroed(h->sequences.count, sizeof(*j->sequences));
    j->consumers = zeroed(h->consumers.count, sizeof(*j->consumers));
    find_finals(j);
    for (uint32_t i = 0; i < h->logs.count; i++) {
        struct quipu_ledger *ledger = &j->ledgers[i];

        if (ledger->final != QUIPU_NOBODY) {
            ledger->head = head_of(j, &h->operations[ledger->final]);
        }
        ledger->at = zeroed((size_t)ledger->head, sizeof(*ledger->at));
        ledger->appender =
            zeroed((size_t)ledger->head, sizeof(*ledger->appender));
        for (int64_t id = 0; id <= ledger->head; id++) {
            ledger->appender[id] = QUIPU_NOBODY;
        }
        if (ledger->final != QUIPU_NOBODY) {
            read_ledger(j, ledger);
        }
        read_tracking(j, ledger);
    }
}
