/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: events that are to happen at a time to come, unless they are called
 * off before.
 *
 *     static int request(quipu_unit *unit, void *context, quipu_error *error)
 *     {
 *         struct request *request = context;
 *         struct expired expired = { .base = { .type = NULL } };
 *         struct order *order =
 *             quipu_unit_new(unit, request->orders, NULL, error);
 *
 *         if (!order) {
 *             return error->code;
 *         }
 *         quipu_event_init(&expired.base, &expired_type, &order->base.id, 0);
 *         return quipu_unit_timer_set(unit, "payment", request->payable_until,
 *                                     &expired.base, error);
 *     }
 *
 * The timer is stored in the append of the unit, and is called off in the same
 * way, by quipu_unit_timer_cancel.  A sequence can have any number of timers,
 * each under a name of its own.
 *
 * When a timer is due, its event is appended at the end of its sequence, once
 * (R4).  A timer runner does that, in any process that has the store open:
 *
 *     status = quipu_timer_runner_open(store, NULL, &runner, error);
 *     status = quipu_timer_runner_run(runner, error); // until it is stopped
 *
 * The append of the event also removes the timer, and requires that it was
 * neither replaced nor cancelled meanwhile.  So several runners, by mistake or
 * on purpose, do no harm.  The event is appended whatever the last event of the
 * sequence is then; an application that must not act on a timer which came too
 * late decides that by the events before it.
 *
 * A timer is never early by the clock of the machine that runs it
 * (CLOCK_REALTIME), and less than a second late if a runner works and the store
 * keeps up.  If the clock of the machine that runs it is behind that of the
 * machine that has set it, it is late by the difference.
 *
 * Timers are key-value entries: "quipu/timer/ID" holds the event, and
 * "quipu/timer-due/TABLE/TIME/ID" puts it in the order of time.
 */
#ifndef QUIPU_TIMER_H
#define QUIPU_TIMER_H

#include <quipu/group.h>
#include <quipu/subscription.h>
#include <quipu/unit.h>

#ifdef __cplusplus
extern "C" {
#endif

#define QUIPU_TIMER_NAME_MAX 100 /* bytes */

/* -------------------------------------------------- setting, cancelling */

/*
 * Sets a timer, as a part of the unit: at `due` the event is appended to the
 * sequence that event->originator_id names.  `name` is 1 to 100 bytes of text,
 * and the sequence's own; a timer that the sequence has under this name is
 * replaced.  A time that has passed is due at once.
 *
 * The event is copied; its time becomes `due`, and it gets an event id if it
 * has none, and the metadata of the unit like the other events.  A timer makes
 * no commit fail with CONFLICT: of two units that set it at the same time the
 * later one counts.  Committing a unit again after UNKNOWN_OUTCOME sets no
 * timer twice, in a schema with event ids.
 *
 * INVALID: an argument is NULL, the name or the time is wrong, or the
 * originator id is empty; or the schema is sparse, where there is no next
 * position.  UNSUPPORTED: the store keeps no entries.  CONFLICT: as for the
 * other contents of a unit (unit.h).  NO_MEMORY.  An event that cannot be
 * stored is found by the commit.
 */
QUIPU_API int quipu_unit_timer_set(quipu_unit *unit, const char *name,
                                   quipu_time due, const quipu_event *event,
                                   quipu_error *error);

/*
 * Cancels the timer that the sequence `id` has under this name, as a part of
 * the unit; does nothing if there is none, because it has never been set or its
 * event was appended already.  The last call for a name counts.  Codes as
 * above.
 */
QUIPU_API int quipu_unit_timer_cancel(quipu_unit *unit, const quipu_id *id,
                                      const char *name, quipu_error *error);

/* -------------------------------------------------------------- running */

typedef struct quipu_timer_runner quipu_timer_runner;

/* Zero is the default of each member. */
typedef struct quipu_timer_runner_options {
    uint32_t struct_size;
    uint32_t batch_items; /* events of one append, at most 10,000 (0: 200) */
    /* Divides the timers by their sequences among the members of the group
     * "timers:TABLE", so that the runners do not refuse each other's appends;
     * borrowed for the call that opens.  NULL: alone. */
    const quipu_group_options *group;
} quipu_timer_runner_options;

typedef struct quipu_timer_status {
    uint32_t struct_size;
    int32_t state;      /* enum quipu_consumer_state: LIVE, STANDBY (a member of
                           a group without a partition), RETRYING, FAILED,
                           STOPPED */
    uint64_t appended;  /* events, by this runner */
    uint64_t refused;   /* timers that were set aside, by this runner */
    uint64_t conflicts; /* appends that were refused and made again */
    uint64_t retries;   /* after failures of the store */
    /* The time for which the first timer has been due that is not appended; 0:
     * none is due. */
    int64_t behind_microseconds;
    quipu_time next; /* due time of the first timer that is not due; 0: none */
    int32_t last_code; /* of the last failure or refusal; 0: none */
    uint32_t reserved;
    char last_message[256];
} quipu_timer_status;

/*
 * Opens a runner for the timers of a store's sequences.  It needs no type of
 * event but only the schema.  *runner is closed before the store.
 *
 * UNSUPPORTED: the store keeps no entries.  INVALID: an option is wrong; or the
 * schema is sparse.  CONFLICT: the group has another number of partitions.
 * NO_MEMORY.
 */
QUIPU_API int quipu_timer_runner_open(quipu_store *store,
                                      const quipu_timer_runner_options *options,
                                      quipu_timer_runner **runner,
                                      quipu_error *error);

/*
 * Appends the events of timers that are due, in the order of time, until the
 * runner is stopped; then returns OK.  Looks for timers at least every half
 * second.  Failures of the store (BUSY, TIMEOUT, IO, UNKNOWN_OUTCOME) are
 * repeated after pauses, and shown by the status.
 *
 * A timer whose event can never be appended does not delay the others: it is
 * set aside, counted, and listed with the reason (quipu_timers_next), and can
 * be replaced or cancelled.  That is so if its entry is damaged, if the event
 * does not suit the schema, or if another event has its id.
 *
 * NOT_FOUND: the schema was torn down.  INVALID: another thread runs it.
 * Otherwise the codes of quipu_records_append that no repetition mends.
 */
QUIPU_API int quipu_timer_runner_run(quipu_timer_runner *runner,
                                     quipu_error *error);

/* Makes at most one append, without waiting.  *next (NULL is allowed): the time
 * at which the next call is due: that of a timer, at most half a second ahead.
 * Failures of the store are returned at once.  For loops of a program's own,
 * and for tests. */
QUIPU_API int quipu_timer_runner_step(quipu_timer_runner *runner,
                                      quipu_time *next, quipu_error *error);

/* Make `run` return, after the append under way.  As quipu_subscription_stop
 * and quipu_subscription_request_stop. */
QUIPU_API void quipu_timer_runner_stop(quipu_timer_runner *runner);
QUIPU_API void quipu_timer_runner_request_stop(quipu_timer_runner *runner);

/* Fills the struct; any thread, until `close`.  INVALID: its struct_size is
 * wrong. */
QUIPU_API int quipu_timer_runner_status(quipu_timer_runner *runner,
                                        quipu_timer_status *status,
                                        quipu_error *error);

/* A member of a group leaves it; the status of that is returned, and the runner
 * is closed in any case.  INVALID: `run` or `step` is under way, and nothing is
 * closed.  NULL is allowed. */
QUIPU_API int quipu_timer_runner_close(quipu_timer_runner *runner,
                                       quipu_error *error);

/* -------------------------------------------------------------- listing */

typedef struct quipu_timers quipu_timers;

/* A timer that is set. */
typedef struct quipu_timer {
    const char *table; /* of the schema */
    quipu_bytes sequence_id;
    quipu_bytes name;  /* absent if the entry is damaged */
    quipu_bytes topic; /* likewise */
    quipu_time due;
    int32_t code; /* not 0: it was set aside, because of this failure */
    uint32_t reserved;
    quipu_bytes message; /* of that failure */
    uint64_t reserved2[4];
} quipu_timer;

/* List the timers of all schemas of a datastore: by table, those of a table in
 * the order of time; those that were set aside come last.  `next` lends one
 * until the next call, and sets *timer to NULL after the last.  Threads and
 * codes of quipu_entries_open. */
QUIPU_API int quipu_timers_open(quipu_datastore *datastore,
                                quipu_timers **timers, quipu_error *error);
QUIPU_API int quipu_timers_next(quipu_timers *timers, const quipu_timer **timer,
                                quipu_error *error);
QUIPU_API void quipu_timers_close(quipu_timers *timers);

#ifdef __cplusplus
}
#endif

#endif
