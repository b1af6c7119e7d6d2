/* SPDX-License-Identifier: Apache-2.0 */
#include "timer_fixture.h"

int64_t test_clock = BEGIN;

static quipu_time read_clock(void)
{
    return (quipu_time){ test_clock };
}

/* ----------------------------------------------------------------- timers */

void add_change(quipu_unit *unit, const struct timer_change *change)
{
    struct credited event = { .cents = change->cents };
    quipu_error error;
    quipu_id id;

    assert_ok(quipu_id_of_text(&id, change->sequence, &error), &error);
    if (change->cents < 0) {
        assert_ok(quipu_unit_timer_cancel(unit, &id, change->name, &error),
                  &error);
        return;
    }
    quipu_event_init(&event.base, &credited, &id, 0);
    assert_ok(quipu_unit_timer_set(unit, change->name,
                                   (quipu_time){ BEGIN + change->due },
                                   &event.base, &error),
              &error);
}

void change_timer(struct opened_log *log, const struct timer_change *change)
{
    quipu_unit *unit;
    quipu_error error;

    assert_ok(quipu_unit_create(log->store, &unit, &error), &error);
    add_change(unit, change);
    assert_ok(quipu_unit_commit(unit, NULL, &error), &error);
    quipu_unit_destroy(unit);
}

void set_timer(struct opened_log *log, const char *sequence, const char *name,
               int64_t due, int64_t cents)
{
    change_timer(log, &(struct timer_change){ sequence, name, due, cents });
}

void cancel_timer(struct opened_log *log, const char *sequence,
                  const char *name)
{
    change_timer(log, &(struct timer_change){ sequence, name, 0, -1 });
}

/* ---------------------------------------------------------------- runners */

quipu_timer_runner *open_runner(struct opened_log *log,
                                const quipu_timer_runner_options *options)
{
    quipu_timer_runner *runner;
    quipu_error error;

    assert_ok(quipu_timer_runner_open(log->store, options, &runner, &error),
              &error);
    runner->now = read_clock;
    return runner;
}

void close_runner(quipu_timer_runner *runner)
{
    quipu_error error;

    assert_ok(quipu_timer_runner_close(runner, &error), &error);
}

void run_until(quipu_timer_runner *runner, int64_t time)
{
    quipu_time next;
    quipu_error error;

    test_clock = BEGIN + time;
    do {
        assert_ok(quipu_timer_runner_step(runner, &next, &error), &error);
    } while (next.microseconds <= test_clock);
}

quipu_timer_status status_of(quipu_timer_runner *runner)
{
    quipu_timer_status status = { .struct_size = sizeof(status) };
    quipu_error error;

    assert_ok(quipu_timer_runner_status(runner, &status, &error), &error);
    return status;
}

/* ------------------------------------------------------ what is in a store */

const char *events_of(struct opened_log *log)
{
    static char text[8000];
    const quipu_event *event;
    quipu_events *events;
    quipu_error error;
    size_t size = 0;

    text[0] = '\0';
    assert_ok(quipu_store_read_log(log->store, NULL, &events, &error), &error);
    for (;;) {
        assert_ok(quipu_events_next(events, &event, &error), &error);
        if (!event) {
            break;
        }
        const struct credited *each = (const void *)event;

        if (quipu_events_item(events)->notification_id > log->stored) {
            size +=
                (size_t)snprintf(text + size, sizeof(text) - size, "%.*s:%lld ",
                                 (int)event->originator_id.size,
                                 (const char *)event->originator_id.data,
                                 (long long)each->cents);
        }
    }
    quipu_events_close(events);
    return text;
}

int count_entries(struct opened_log *log, const char *prefix)
{
    const quipu_entry *entry;
    quipu_entries *entries;
    quipu_error error;
    int count = 0;

    assert_ok(quipu_entries_open(log->datastore, quipu_bytes_of_text(prefix),
                                 &entries, &error),
              &error);
    for (;;) {
        assert_ok(quipu_entries_next(entries, &entry, &error), &error);
        if (!entry) {
            break;
        }
        count++;
    }
    quipu_entries_close(entries);
    return count;
}
