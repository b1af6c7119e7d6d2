/* SPDX-License-Identifier: Apache-2.0 */
/* Listing the timers of a datastore: first those that will be appended, by
 * their places in the order of time, then those that were set aside. */
#include <quipu/timer.h>

#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "datastore/datastore.h"
#include "timer/timer.h"

static const char *const prefixes[] = { QUIPU_TIMER_DUE, QUIPU_TIMER_REFUSED };
enum { PREFIXES = sizeof(prefixes) / sizeof(*prefixes) };

struct quipu_timers {
    quipu_datastore *datastore;
    quipu_entries *places; /* listing with the prefix; NULL: not opened */
    size_t prefix;         /* index */
    quipu_entry *entry;    /* the event of the timer that is lent */
    quipu_arena arena;     /* its columns and table */
    quipu_timer timer;
};

int quipu_timers_open(quipu_datastore *datastore, quipu_timers **timers,
                      quipu_error *error)
{
    if (!timers) {
        return quipu_argument_missing("timers", error);
    }
    quipu_timers *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    created->datastore = datastore;
    int status = quipu_entries_open(datastore, quipu_bytes_of_text(prefixes[0]),
                                    &created->places, error);

    if (status != QUIPU_OK) {
        quipu_release(created);
        return status;
    }
    *timers = created;
    return QUIPU_OK;
}

/* Sets *place to the next entry of the places, or to NULL after the last. */
static int next_place(quipu_timers *timers, const quipu_entry **place,
                      quipu_error *error)
{
    int status = quipu_entries_next(timers->places, place, error);

    while (status == QUIPU_OK && !*place && timers->prefix + 1 < PREFIXES) {
        quipu_bytes prefix = quipu_bytes_of_text(prefixes[++timers->prefix]);

        quipu_entries_close(timers->places);
        timers->places = NULL;
        status = quipu_entries_open(timers->datastore, prefix, &timers->places,
                                    error);
        if (status == QUIPU_OK) {
            status = quipu_entries_next(timers->places, place, error);
        }
    }
    return status;
}

/* Fills the timer from its event, or from its place if that is damaged. */
static int fill(quipu_timers *timers, const quipu_entry *place,
                const struct quipu_timer_place *parsed, bool *is_set,
                quipu_error *error)
{
    struct quipu_timer_event event;
    quipu_timer *timer = &timers->timer;
    const char *table = quipu_arena_copy(&timers->arena, parsed->table.data,
                                         parsed->table.size);
    int status =
        quipu_timer_decode(timers->entry, &timers->arena, &event, NULL);

    if (!table || status == QUIPU_NO_MEMORY) {
        return quipu_error_no_memory(error);
    }
    *is_set = status != QUIPU_OK ||
              event.due.microseconds == parsed->due.microseconds;
    *timer = (quipu_timer){ .table = table,
                            .sequence_id = place->value,
                            .due = parsed->due };
    if (timers->prefix > 0) {
        (void)quipu_timer_decode_refusal(place->value, &timer->sequence_id,
                                         &timer->code, &timer->message);
    }
    if (status == QUIPU_OK) {
        timer->name = event.name;
        timer->topic = event.item.topic;
    }
    return QUIPU_OK;
}

/* Looks at one place.  *is_set: there is a timer, as timers->timer. */
static int look(quipu_timers *timers, const quipu_entry *place, bool *is_set,
                quipu_error *error)
{
    struct quipu_timer_place parsed;
    char key[QUIPU_TIMER_KEY_SIZE];
    quipu_error cause;

    *is_set = false;
    quipu_entry_destroy(timers->entry);
    timers->entry = NULL;
    quipu_arena_reset(&timers->arena);
    if (!quipu_timer_place_parse(place->key, prefixes[timers->prefix],
                                 &parsed)) {
        return QUIPU_OK;
    }
    (void)quipu_timer_key(&parsed.id, key);
    int status =
        quipu_entry_read(timers->datastore, key, &timers->entry, &cause);

    if (status == QUIPU_OK) {
        return fill(timers, place, &parsed, is_set, error);
    }
    return status == QUIPU_NOT_FOUND
               ? QUIPU_OK
               : quipu_status_end(status, &cause, error, "reading an entry");
}

int quipu_timers_next(quipu_timers *timers, const quipu_timer **timer,
                      quipu_error *error)
{
    const quipu_entry *place = NULL;
    bool is_set = false;
    int status = QUIPU_OK;

    if (!timers || !timer) {
        return quipu_argument_missing(timers ? "timer" : "timers", error);
    }
    do {
        status = next_place(timers, &place, error);
        if (status == QUIPU_OK && place) {
            status = look(timers, place, &is_set, error);
        }
    } while (status == QUIPU_OK && place && !is_set);
    if (status == QUIPU_OK) {
        *timer = is_set ? &timers->timer : NULL;
    }
    return status;
}

void quipu_timers_close(quipu_timers *timers)
{
    if (timers) {
        quipu_entries_close(timers->places);
        quipu_entry_destroy(timers->entry);
        quipu_arena_finish(&timers->arena);
        quipu_release(timers);
    }
}
