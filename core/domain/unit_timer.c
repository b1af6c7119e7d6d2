/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timers of units of work.
 *
 * The entries of a timer are made when the unit is committed, from what is
 * stored then: the place that the old one has in the order of time is removed.
 * They have no conditions (timer.h).
 */
#include "domain/unit.h"

#include <quipu/id.h>
#include <quipu/timer.h>

#include "base/error.h"
#include "base/status.h"
#include "base/utf8.h"
#include "records/conditions.h"
#include "store/store.h"
#include "timer/timer.h"

/* ----------------------------------------------------------------- adding */

static int check_name(const char *name, const char *function,
                      quipu_error *error)
{
    quipu_bytes bytes = quipu_bytes_of_text(name);

    if (bytes.size >= 1 && bytes.size <= QUIPU_TIMER_NAME_MAX &&
        quipu_utf8_valid(bytes)) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "%s: the name of a timer must be 1 to %d bytes of "
                           "text",
                           function, QUIPU_TIMER_NAME_MAX);
}

static int check_store(const quipu_store *store, const char *function,
                       quipu_error *error)
{
    const quipu_datastore *datastore = store->records->datastore;

    if (store->schema_flags & QUIPU_SCHEMA_SPARSE) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s: a sparse schema has no next position, and "
                               "therefore no timers",
                               function);
    }
    if (!(datastore->opened.capabilities & QUIPU_CAN_ENTRIES)) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "%s: driver \"%s\" keeps no key-value entries, "
                               "and therefore no timers",
                               function, datastore->driver->name);
    }
    return QUIPU_OK;
}

/* Checks what setting and cancelling have in common. */
static int check(const quipu_unit *unit, const quipu_id *id, const char *name,
                 const char *function, quipu_error *error)
{
    int status = quipu_unit_check(unit, id, function, error);

    if (status == QUIPU_OK) {
        status = check_name(name, function, error);
    }
    if (status == QUIPU_OK) {
        status = check_store(unit->store, function, error);
    }
    if (status == QUIPU_OK && id && id->size == 0) {
        status =
            quipu_error_set(error, QUIPU_INVALID,
                            "%s: the id of the sequence is empty", function);
    }
    return status;
}

/* Returns the timer of that name, which is added if the unit has none; NULL:
 * NO_MEMORY. */
static struct quipu_unit_timer *find_or_add(quipu_unit *unit,
                                            const quipu_id *id,
                                            const char *name,
                                            quipu_error *error)
{
    quipu_bytes bytes = quipu_bytes_of_text(name);

    for (size_t i = 0; i < unit->timer_count; i++) {
        struct quipu_unit_timer *timer = &unit->timers[i];

        if (quipu_id_equal(&timer->sequence_id, id) &&
            quipu_bytes_equal(quipu_bytes_of_text(timer->name), bytes)) {
            return timer;
        }
    }
    const char *copy = quipu_arena_copy(&unit->arena, name, bytes.size);
    struct quipu_unit_timer *added =
        copy ? quipu_array_add((void **)&unit->timers, &unit->timer_count,
                               sizeof(*added), error)
             : NULL;

    if (!added) {
        (void)quipu_error_no_memory(error);
        return NULL;
    }
    *added = (struct quipu_unit_timer){ .name = copy, .sequence_id = *id };
    return added;
}

/* Sets or cancels a timer; takes the event over, also after an error. */
static int put(quipu_unit *unit, const quipu_id *id, const char *name,
               quipu_event *event, quipu_error *error)
{
    struct quipu_unit_timer *timer = find_or_add(unit, id, name, error);

    if (!timer) {
        quipu_event_destroy(event);
        return QUIPU_NO_MEMORY;
    }
    quipu_event_destroy(timer->event);
    timer->event = event;
    if (event) {
        timer->due = event->time;
    }
    return QUIPU_OK;
}

int quipu_unit_timer_set(quipu_unit *unit, const char *name, quipu_time due,
                         const quipu_event *event, quipu_error *error)
{
    static const char function[] = "quipu_unit_timer_set";
    quipu_event *copy = NULL;
    int status = check(unit, event ? &event->originator_id : NULL, name,
                       function, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (due.microseconds < QUIPU_TIME_MIN ||
        due.microseconds > QUIPU_TIME_MAX || due.microseconds == 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s: the time is 0, or not in the years 1 to "
                               "9999",
                               function);
    }
    status = quipu_event_copy(event, &copy, error);
    if (status != QUIPU_OK) {
        return status;
    }
    copy->originator_version = 0; /* the store chooses it */
    copy->time = due;
    if (quipu_uuid_is_nil(&copy->event_id)) {
        quipu_aggregate_event_id(&unit->ids, &copy->event_id);
    }
    return put(unit, &event->originator_id, name, copy, error);
}

int quipu_unit_timer_cancel(quipu_unit *unit, const quipu_id *id,
                            const char *name, quipu_error *error)
{
    int status = check(unit, id, name, "quipu_unit_timer_cancel", error);

    return status == QUIPU_OK ? put(unit, id, name, NULL, error) : status;
}

/* ------------------------------------------------------------- committing */

/* The entries of an append. */
struct writes {
    const quipu_unit *unit;
    quipu_arena *arena;
    quipu_entry_write *items;
    size_t count;
};

/* At most this many writes for each timer. */
#define TIMER_WRITES 4

/* Copies the key; a value without data deletes.  NO_MEMORY. */
static int add(struct writes *writes, quipu_bytes key, quipu_bytes value,
               quipu_error *error)
{
    quipu_entry_write *added = &writes->items[writes->count++];
    const void *copy = quipu_arena_copy(writes->arena, key.data, key.size);

    *added =
        (quipu_entry_write){ .key = { copy, key.size },
                             .value = value,
                             .flags = value.data ? 0 : QUIPU_ENTRY_DELETE };
    return copy ? QUIPU_OK : quipu_error_no_memory(error);
}

/* Reads the time at which the timer is due as it is stored; 0: it is not set,
 * or its entry is damaged. */
static int read_due(const struct writes *writes, const char *key,
                    quipu_time *due, quipu_error *error)
{
    struct quipu_timer_event event;
    quipu_entry *entry = NULL;
    quipu_error cause;
    int status = quipu_entry_read(writes->unit->store->records->datastore, key,
                                  &entry, &cause);

    *due = (quipu_time){ 0 };
    if (status == QUIPU_NOT_FOUND) {
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        return quipu_status_end(status, &cause, error, "reading a timer");
    }
    status = quipu_timer_decode(entry, writes->arena, &event, error);
    if (status == QUIPU_OK) {
        *due = event.due;
    }
    quipu_entry_destroy(entry);
    return status == QUIPU_CORRUPT ? QUIPU_OK : status;
}

/* Removes the places that the timer has now, but not the new one. */
static int remove_places(struct writes *writes, const char *table,
                         const quipu_uuid *id, quipu_time due,
                         const struct quipu_unit_timer *timer,
                         quipu_error *error)
{
    const quipu_bytes absent = { NULL, 0 };
    char key[QUIPU_TIMER_KEY_SIZE];
    int status = QUIPU_OK;

    if (due.microseconds == 0) {
        return QUIPU_OK;
    }
    if (!timer->event || timer->due.microseconds != due.microseconds) {
        status = add(
            writes, quipu_timer_place_key(QUIPU_TIMER_DUE, table, due, id, key),
            absent, error);
    }
    return status == QUIPU_OK ? add(writes,
                                    quipu_timer_place_key(QUIPU_TIMER_REFUSED,
                                                          table, due, id, key),
                                    absent, error)
                              : status;
}

/* Encodes the event of a timer in the arena. */
static int encode(const struct writes *writes, quipu_items *items,
                  const struct quipu_unit_timer *timer, quipu_bytes *value,
                  quipu_error *error)
{
    size_t count = 0;

    quipu_items_clear(items);
    int status = quipu_items_add_next(items, timer->event, error);

    if (status != QUIPU_OK) {
        return status;
    }
    struct quipu_timer_event event = {
        .due = timer->due,
        .name = quipu_bytes_of_text(timer->name),
        .item = quipu_items_array(items, &count)[0],
    };

    *value = quipu_timer_encode(&event, writes->arena);
    return value->data ? QUIPU_OK : quipu_error_no_memory(error);
}

static int add_timer(struct writes *writes, quipu_items *items,
                     const struct quipu_unit_timer *timer, quipu_error *error)
{
    const quipu_records *records = writes->unit->store->records;
    const char *table = records->schema->table;
    quipu_bytes sequence_id = quipu_id_bytes(&timer->sequence_id);
    quipu_uuid id = quipu_timer_id(table, sequence_id, timer->name);
    quipu_bytes value = { NULL, 0 };
    char key[QUIPU_TIMER_KEY_SIZE];
    char place[QUIPU_TIMER_KEY_SIZE];
    quipu_bytes event_key = quipu_timer_key(&id, key);
    quipu_time stored;
    int status = read_due(writes, key, &stored, error);

    if (status == QUIPU_OK) {
        status = remove_places(writes, table, &id, stored, timer, error);
    }
    if (status == QUIPU_OK && timer->event) {
        status = encode(writes, items, timer, &value, error);
    }
    if (status == QUIPU_OK && timer->event) {
        status = add(writes,
                     quipu_timer_place_key(QUIPU_TIMER_DUE, table, timer->due,
                                           &id, place),
                     sequence_id, error);
    }
    return status == QUIPU_OK ? add(writes, event_key, value, error) : status;
}

static int add_timers(struct writes *writes, quipu_error *error)
{
    const quipu_unit *unit = writes->unit;
    quipu_items *items = NULL;
    int status = quipu_items_create(unit->store->mapper, &items, error);

    for (size_t i = 0; status == QUIPU_OK && i < unit->timer_count; i++) {
        status = add_timer(writes, items, &unit->timers[i], error);
    }
    quipu_items_destroy(items);
    return status;
}

/* The entries of the program are not those of quipu.  The append does not check
 * that, if it writes timers, or the record of a process. */
static int check_entries(const quipu_unit *unit, quipu_error *error)
{
    for (size_t i = 0; i < unit->entry_count; i++) {
        const quipu_entry_write *write = &unit->entries[i];

        if (!(write->flags & QUIPU_ENTRY_CHECK) &&
            quipu_conditions_is_own_key(write->key)) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "entries[%zu]: key begins with \"quipu/\", "
                                   "which quipu keeps to itself",
                                   i);
        }
    }
    return QUIPU_OK;
}

static void add_entries(struct writes *writes)
{
    const quipu_unit *unit = writes->unit;

    for (size_t i = 0; i < unit->entry_count; i++) {
        writes->items[writes->count++] = unit->entries[i];
    }
}

int quipu_unit_timer_writes(const quipu_unit *unit, quipu_arena *arena,
                            const quipu_entry_write **writes, size_t *count,
                            quipu_error *error)
{
    struct writes all = { .unit = unit, .arena = arena };

    int status = check_entries(unit, error);

    *writes = unit->entries;
    *count = unit->entry_count;
    if (status != QUIPU_OK || unit->timer_count == 0) {
        return status;
    }
    all.items = quipu_arena_allocate_array(
        arena, unit->entry_count + TIMER_WRITES * unit->timer_count,
        sizeof(*all.items));
    if (!all.items) {
        return quipu_error_no_memory(error);
    }
    add_entries(&all);
    status = add_timers(&all, error);
    *writes = all.items;
    *count = all.count;
    return status;
}
