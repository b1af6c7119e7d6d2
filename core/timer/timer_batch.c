/* SPDX-License-Identifier: Apache-2.0 */
/* Reading timers that are due, and appending their events; timer_batch.h has
 * the method, timer.h the invariants. */
#include "timer/timer_batch.h"

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "group/group.h"
#include "records/append.h"

/* Bytes of the events of an append, from which on it takes no further one. */
#define APPEND_BYTES ((size_t)1 << 20)

int quipu_timer_batch_init(struct quipu_timer_batch *batch,
                           quipu_records *records, size_t most,
                           quipu_error *error)
{
    *batch = (struct quipu_timer_batch){ .records = records,
                                         .most = most,
                                         .limit = most };
    batch->timers = quipu_allocate_array(most, sizeof(*batch->timers));
    return batch->timers ? QUIPU_OK : quipu_error_no_memory(error);
}

static void clear(struct quipu_timer_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        quipu_entry_destroy(batch->timers[i].entry);
        batch->timers[i].entry = NULL;
    }
    batch->count = 0;
    quipu_arena_reset(&batch->arena);
}

void quipu_timer_batch_finish(struct quipu_timer_batch *batch)
{
    clear(batch);
    quipu_release(batch->timers);
    quipu_arena_finish(&batch->arena);
}

/* ---------------------------------------------------------------- reading */

/* The partition of a timer's sequence, of a group. */
static uint32_t partition(const struct quipu_timer_batch *batch,
                          quipu_bytes sequence_id)
{
    return quipu_filter_partition(batch->records->schema, sequence_id,
                                  batch->group->partition_count);
}

static bool is_ours(const struct quipu_timer_batch *batch,
                    quipu_bytes sequence_id)
{
    return !batch->group ||
           (batch->held >> partition(batch, sequence_id) & 1) != 0;
}

/* Takes the place of a timer that is due into the batch. */
static void add(struct quipu_timer_batch *batch,
                const struct quipu_timer_place *place, const quipu_entry *entry)
{
    struct quipu_due_timer *added = &batch->timers[batch->count++];

    *added = (struct quipu_due_timer){ .place = *place,
                                       .place_revision = entry->revision };
    added->sequence_id.size = (uint8_t)entry->value.size;
    memcpy(added->sequence_id.data, entry->value.data, entry->value.size);
}

/* Reads places until the batch is full, or one is not due. */
static int collect_open(struct quipu_timer_batch *batch, quipu_entries *places,
                        quipu_time now, quipu_error *error)
{
    const size_t table_size = strlen(batch->records->schema->table);
    const quipu_entry *entry = NULL;
    int status;

    while ((status = quipu_entries_next(places, &entry, error)) == QUIPU_OK &&
           entry && batch->count < batch->limit) {
        struct quipu_timer_place place;

        /* Another table may begin with the name of this one, and a '/'. */
        if (!quipu_timer_place_parse(entry->key, QUIPU_TIMER_DUE, &place) ||
            place.table.size != table_size ||
            entry->value.size > QUIPU_ID_MAX || !is_ours(batch, entry->value)) {
            continue;
        }
        if (place.due.microseconds > now.microseconds) {
            batch->next = place.due;
            break;
        }
        add(batch, &place, entry);
    }
    return status;
}

static int collect(struct quipu_timer_batch *batch, quipu_time now,
                   quipu_error *error)
{
    char prefix[QUIPU_TIMER_KEY_SIZE];
    quipu_entries *places = NULL;

    (void)snprintf(prefix, sizeof(prefix), QUIPU_TIMER_DUE "%s/",
                   batch->records->schema->table);
    int status = quipu_entries_open(
        batch->records->datastore, quipu_bytes_of_text(prefix), &places, error);

    if (status == QUIPU_OK) {
        status = collect_open(batch, places, now, error);
        quipu_entries_close(places);
    }
    if (status == QUIPU_OK && batch->count > 0) {
        batch->first = batch->timers[0].place.due;
    }
    return status;
}

/* --------------------------------------------------------------- appending */

static quipu_entry_write deletion(quipu_bytes key, uint32_t flags,
                                  int64_t revision)
{
    return (quipu_entry_write){ .key = key,
                                .flags = QUIPU_ENTRY_DELETE | flags,
                                .revision = revision };
}

/* Copies the key of a timer's place into the arena; absent: NO_MEMORY. */
static quipu_bytes place_key(struct quipu_timer_batch *batch,
                             const char *prefix,
                             const struct quipu_due_timer *timer)
{
    char key[QUIPU_TIMER_KEY_SIZE];
    quipu_bytes bytes =
        quipu_timer_place_key(prefix, batch->records->schema->table,
                              timer->place.due, &timer->place.id, key);

    bytes.data = quipu_arena_copy(&batch->arena, bytes.data, bytes.size);
    return bytes;
}

/* Executes an append of entries, and of items unless there are none. */
static int commit(const struct quipu_timer_batch *batch,
                  const quipu_item *items, size_t item_count,
                  const quipu_entry_write *entries, size_t entry_count,
                  quipu_result *result, quipu_error *error)
{
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = {
        .datastore = batch->records->datastore,
        .records = batch->records,
        .is_internal = true,
        .work = &none,
    };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = entries,
                                          .entry_count = entry_count };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = items,
                                  .item_count = item_count,
                                  .conditions = &conditions };

    return quipu_append_execute(&call, &append, result, error);
}

/* Sets a timer aside, for that reason, unless it was changed meanwhile. */
static int refuse(struct quipu_timer_batch *batch,
                  const struct quipu_due_timer *timer, const quipu_error *cause,
                  quipu_error *error)
{
    quipu_result result = { .status = 0 };
    quipu_entry_write entries[3] = {
        deletion(place_key(batch, QUIPU_TIMER_DUE, timer), QUIPU_ENTRY_EXPECT,
                 timer->place_revision),
        { .key = place_key(batch, QUIPU_TIMER_REFUSED, timer),
          .value = quipu_timer_encode_refusal(
              quipu_id_bytes(&timer->sequence_id), cause->code,
              quipu_bytes_of_text(cause->message), &batch->arena) },
        { .key = timer->entry->key,
          .flags = QUIPU_ENTRY_CHECK | QUIPU_ENTRY_EXPECT,
          .revision = timer->entry->revision },
    };

    if (!entries[0].key.data || !entries[1].key.data ||
        !entries[1].value.data) {
        return quipu_error_no_memory(error);
    }
    int status = commit(batch, NULL, 0, entries, 3, &result, error);

    if (status == QUIPU_OK) {
        batch->refused++;
        batch->refusal = *cause;
    } else if (status == QUIPU_CONFLICT) {
        batch->is_conflict = true;
        status = QUIPU_OK;
    }
    return status;
}

static void forget(struct quipu_due_timer *timer)
{
    quipu_entry_destroy(timer->entry);
    timer->entry = NULL;
}

/* Reads the event of a timer; sets it aside if its entry is damaged. */
static int load(struct quipu_timer_batch *batch, struct quipu_due_timer *timer,
                quipu_error *error)
{
    char key[QUIPU_TIMER_KEY_SIZE];
    quipu_error cause;

    (void)quipu_timer_key(&timer->place.id, key);
    int status =
        quipu_entry_read(batch->records->datastore, key, &timer->entry, &cause);

    if (status == QUIPU_NOT_FOUND) {
        return QUIPU_OK;
    }
    if (status == QUIPU_OK) {
        status = quipu_timer_decode(timer->entry, &batch->arena, &timer->event,
                                    &cause);
    }
    if (status == QUIPU_CORRUPT && timer->entry) {
        timer->is_refused = true;
        status = refuse(batch, timer, &cause, error);
        forget(timer);
        return status;
    }
    if (status != QUIPU_OK) {
        return quipu_status_end(status, &cause, error, "reading a timer");
    }
    if (timer->event.due.microseconds != timer->place.due.microseconds) {
        forget(timer);
    }
    return QUIPU_OK;
}

static int load_all(struct quipu_timer_batch *batch, quipu_error *error)
{
    size_t bytes = 0;
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < batch->count; i++) {
        status = load(batch, &batch->timers[i], error);
        bytes +=
            batch->timers[i].entry ? batch->timers[i].entry->value.size : 0;
        if (bytes > APPEND_BYTES) {
            batch->count = i + 1;
        }
    }
    return status;
}

/* The append of a batch. */
struct pending {
    quipu_item *items;
    struct quipu_due_timer **timers; /* of the items */
    size_t count;
    quipu_entry_write *entries;
    size_t entry_count;
};

/* Adds the checks that the partitions of the batch are held. */
static void add_fences(const struct quipu_timer_batch *batch,
                       struct pending *pending)
{
    uint64_t needed = 0;

    for (size_t i = 0; i < batch->count; i++) {
        needed |= UINT64_C(1) << partition(
                      batch, quipu_id_bytes(&batch->timers[i].sequence_id));
    }
    for (uint32_t i = 0; i < QUIPU_PARTITIONS_MAX; i++) {
        if ((needed >> i & 1) != 0 &&
            quipu_group_fence(batch->group, i,
                              &pending->entries[pending->entry_count])) {
            pending->entry_count++;
        }
    }
}

/* Adds the event of a timer and its removal, or the removal of a place that
 * counts for nothing. */
static int add_timer(struct quipu_timer_batch *batch,
                     struct quipu_due_timer *timer, struct pending *pending,
                     quipu_error *error)
{
    quipu_bytes key = place_key(batch, QUIPU_TIMER_DUE, timer);

    if (!key.data) {
        return quipu_error_no_memory(error);
    }
    if (!timer->entry) { /* unless it was set again at that time (INV1) */
        pending->entries[pending->entry_count++] =
            deletion(key, QUIPU_ENTRY_EXPECT, timer->place_revision);
        return QUIPU_OK;
    }
    pending->entries[pending->entry_count++] = deletion(key, 0, 0);
    pending->entries[pending->entry_count++] =
        deletion(timer->entry->key, QUIPU_ENTRY_EXPECT, timer->entry->revision);
    pending->timers[pending->count] = timer;
    pending->items[pending->count++] = timer->event.item;
    return QUIPU_OK;
}

static int prepare(struct quipu_timer_batch *batch, struct pending *pending,
                   quipu_error *error)
{
    quipu_arena *arena = &batch->arena;
    int status = QUIPU_OK;

    *pending = (struct pending){
        .items = quipu_arena_allocate_array(arena, batch->count,
                                            sizeof(*pending->items)),
        .timers = quipu_arena_allocate_array(arena, batch->count,
                                             sizeof(*pending->timers)),
        .entries = quipu_arena_allocate_array(
            arena, 2 * batch->count + QUIPU_PARTITIONS_MAX,
            sizeof(*pending->entries)),
    };
    if (!pending->items || !pending->timers || !pending->entries) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; status == QUIPU_OK && i < batch->count; i++) {
        if (!batch->timers[i].is_refused) {
            status = add_timer(batch, &batch->timers[i], pending, error);
        }
    }
    if (batch->group) {
        add_fences(batch, pending);
    }
    return status;
}

/* The append was refused: a smaller one is next, or the only timer is set
 * aside, if it is itself to blame. */
static int give_way(struct quipu_timer_batch *batch,
                    const struct pending *pending, const quipu_result *result,
                    const quipu_error *cause, quipu_error *error)
{
    bool is_to_blame = result->cause == QUIPU_CAUSE_EVENT_ID ||
                       result->cause == QUIPU_CAUSE_ITEM;

    if (is_to_blame && pending->count == 1) {
        return refuse(batch, pending->timers[0], cause, error);
    }
    batch->limit = is_to_blame ? 1 : (batch->limit + 1) / 2;
    batch->is_conflict = !is_to_blame;
    if (batch->group) {
        quipu_group_doubt(batch->group); /* perhaps it has lost a partition */
    }
    return QUIPU_OK;
}

static int append(struct quipu_timer_batch *batch, quipu_error *error)
{
    quipu_result result = { .status = 0 };
    struct pending pending;
    quipu_error cause;
    int status = prepare(batch, &pending, error);

    if (status != QUIPU_OK || pending.entry_count == 0) {
        return status;
    }
    quipu_status_begin(&cause);
    status = commit(batch, pending.items, pending.count, pending.entries,
                    pending.entry_count, &result, &cause);
    if (status == QUIPU_OK && (result.flags & QUIPU_RESULT_REPEATED)) {
        /* The events were stored before, and a repeat removes no entry. */
        result = (quipu_result){ .status = 0 };
        status = commit(batch, NULL, 0, pending.entries, pending.entry_count,
                        &result, &cause);
    }
    if (status == QUIPU_OK) {
        batch->appended = pending.count;
        batch->limit =
            batch->limit * 2 < batch->most ? batch->limit * 2 : batch->most;
        return QUIPU_OK;
    }
    return status == QUIPU_CONFLICT || result.cause == QUIPU_CAUSE_ITEM
               ? give_way(batch, &pending, &result, &cause, error)
               : quipu_status_end(status, &cause, error, "the append");
}

int quipu_timer_batch_run(struct quipu_timer_batch *batch, quipu_time now,
                          quipu_error *error)
{
    clear(batch);
    batch->first = batch->next = (quipu_time){ 0 };
    batch->appended = batch->refused = 0;
    batch->is_conflict = false;
    int status = collect(batch, now, error);

    if (status == QUIPU_OK) {
        status = load_all(batch, error);
    }
    return status == QUIPU_OK && batch->count > 0 ? append(batch, error)
                                                  : status;
}
