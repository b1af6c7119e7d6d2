/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A runner hands the events of a log to a consumer, in parts, each of which the
 * consumer applies in one commit with the tracking record.  It is the common
 * part of projections and processes.
 *
 * The runner reads batches, chooses the size of the parts, finds the event that
 * is to blame for a failure, parks or skips it, pauses after failures of a
 * store, and looks at the group.  The consumer only applies.  runner.c
 * describes the method.
 */
#ifndef QUIPU_CORE_CONSUMER_RUNNER_H
#define QUIPU_CORE_CONSUMER_RUNNER_H

#include <quipu/projection.h>

#include "consumer/batch.h"
#include "consumer/parked.h"
#include "consumer/progress.h"
#include "consumer/tracker.h"
#include "store/store.h"

/* Results of `apply` beside those of a commit; no codes of quipu. */
enum quipu_runner_result {
    /* The part is to be smaller: of part->applied events. */
    QUIPU_RUNNER_SMALLER = 10001,
    /* The program refuses events[part->applied] with part->refusal.  If the
     * driver answers another code, such as IO because the connection was lost,
     * the event is not to blame (P4). */
    QUIPU_RUNNER_REFUSED = 10002,
    /* Others have changed what the program has read; try again. */
    QUIPU_RUNNER_AGAIN = 10003
};

/* The conflict that has refused an append for an event.  If the next attempt
 * meets the same one, nobody has changed anything in between. */
struct quipu_part_conflict {
    int64_t notification_id; /* of the event */
    quipu_result result;
};

/* Some of the next events of a batch. */
struct quipu_part {
    struct quipu_batch_event *events;
    size_t count;
    size_t applied; /* out */
    int refusal;    /* out: a code of the program */
    /* Out: when the first event was applied, by quipu_clock_now; 0: the next
     * part is not to be larger. */
    int64_t begin;
    struct quipu_part_conflict *conflict; /* in, out; of the last attempts */
};

/* A kind of consumer. */
struct quipu_runner_type {
    const char *kind;                    /* for messages: "projection" */
    enum quipu_call_operation operation; /* for the observer */
    /* Applies all events of the part with the commit, or nothing.  Two threads
     * may call it: one that runs, one that retries parked events. */
    int (*apply)(void *owner, struct quipu_part *part,
                 const struct quipu_tracker_commit *commit, quipu_error *error);
    /* Sets *check to what each commit that begins without a tracking record
     * must have, and returns 1, or returns 0; NULL: nothing. */
    size_t (*condition)(const void *owner, quipu_entry_write *check);
    /* Reads what belongs to the record, before that is read again; or NULL. */
    int (*refresh)(void *owner, quipu_error *error);
};

/* As in quipu_projection_options. */
struct quipu_runner_options {
    int32_t on_failure;
    uint32_t attempts;
    uint32_t batch_items;
    uint32_t batch_milliseconds;
};

struct quipu_runner {
    const struct quipu_runner_type *type;
    void *owner;                         /* the projection or process */
    struct quipu_runner_options options; /* with the defaults */
    quipu_store *store;                  /* whose log is read; or NULL */
    quipu_records *records;
    char consumer[128];
    bool has_entries; /* of the datastore with the record */
    struct quipu_stopper stopper;
    struct quipu_progress progress;
    struct quipu_follower follower;
    struct quipu_tracker tracker;
    struct quipu_batch batch;
    struct quipu_parked_sequences parked; /* with PARK_SEQUENCE */
    bool is_parked_stale;                 /* `parked` must be read again */
    atomic_bool is_running;

    size_t part_items;  /* events of the next part */
    uint32_t refusals;  /* of the first event of the batch */
    bool is_refused;    /* the step has failed because of that event */
    bool is_given_up;   /* it is not tried again */
    uint32_t conflicts; /* QUIPU_RUNNER_AGAIN, one after the other */
    struct quipu_part_conflict conflict; /* the last one */
    uint32_t failures;                   /* of the store, likewise */
    int64_t committed_time;
};

/* -------------------------------------------------------- opening, closing */

/* Checks the options, and replaces zeros by the defaults.  INVALID. */
int quipu_runner_check_options(struct quipu_runner_options *options,
                               quipu_error *error);

/* Checks the event type at `index` of the table of a consumer: the store must
 * know it, and it must not be in the table before.  INVALID. */
int quipu_runner_check_event(const struct quipu_runner *runner,
                             const quipu_event_type *const *types, size_t index,
                             quipu_error *error);

/* Checks that the datastore of the record keeps records, and entries if events
 * are to be parked.  UNSUPPORTED. */
int quipu_runner_check_target(const struct quipu_runner_options *options,
                              const quipu_datastore *target,
                              quipu_error *error);

/*
 * Opens the parts of a runner that has type, owner, options, store, records and
 * consumer, and is otherwise zero, for events of these types, an array that
 * must outlive it.  After an error nothing is open.
 */
int quipu_runner_init(struct quipu_runner *runner,
                      const quipu_event_type *const *types, size_t count,
                      quipu_error *error);

/* The same for all items that pass a filter without partitions (NULL: all),
 * which are not decoded: the runner needs no store. */
int quipu_runner_init_items(struct quipu_runner *runner,
                            const quipu_filter *given, quipu_error *error);

/* Reads the tracking record, which is to be written with `writes` or to
 * `target`, as for quipu_tracker_init. */
int quipu_runner_track(struct quipu_runner *runner, quipu_records *writes,
                       quipu_datastore *target, quipu_error *error);

/* Joins the group, if there is one, and goes to the position of the record. */
int quipu_runner_begin(struct quipu_runner *runner,
                       const quipu_group_options *group, quipu_error *error);

void quipu_runner_finish(struct quipu_runner *runner);

/* ----------------------------------------------------------------- running */

/* Only one thread at a time may use the runner.  INVALID: another one does;
 * otherwise `leave` must be called. */
int quipu_runner_enter(struct quipu_runner *runner, quipu_error *error);
void quipu_runner_leave(struct quipu_runner *runner);

/* Do what the functions of quipu_projection of these names do. */
int quipu_runner_step(struct quipu_runner *runner, bool *caught_up,
                      quipu_error *error);
int quipu_runner_run(struct quipu_runner *runner, quipu_error *error);
void quipu_runner_stop(struct quipu_runner *runner);
int quipu_runner_retry(struct quipu_runner *runner, int64_t *left,
                       quipu_error *error);

/* -------------------------------------------------------- parts of running */

/* Applies, parks or skips a part of the batch, which is not empty.  OK also if
 * the next step is to try another part. */
int quipu_runner_part_commit(struct quipu_runner *runner, quipu_error *error);

/* Moves the record past events that do not concern the consumer, once a
 * second. */
int quipu_runner_part_pass(struct quipu_runner *runner, quipu_error *error);

/* Turns a code of the program, which is not OK, into QUIPU_RUNNER_REFUSED, and
 * sets an error if there is none. */
int quipu_runner_part_refuse(struct quipu_part *part, int status,
                             quipu_error *error);

/* The event at part->applied could not be decoded; likewise. */
int quipu_runner_part_undecoded(struct quipu_part *part, quipu_error *error);

/* Reads record and parked events again, after another process has changed
 * them, and goes on from there.  Codes of `refresh` of the type. */
int quipu_runner_restart(struct quipu_runner *runner, quipu_error *error);

/* Goes on from the position of the tracker, with the partitions that it
 * holds. */
int quipu_runner_restart_here(struct quipu_runner *runner, quipu_error *error);

/* Shows the position of the tracker in the progress. */
static inline void quipu_runner_show(struct quipu_runner *runner)
{
    const struct quipu_batch *batch = &runner->batch;

    quipu_progress_oldest(
        &runner->progress,
        quipu_batch_is_empty(batch) ? NULL : &batch->events[batch->begin].item);
    quipu_progress_position(&runner->progress,
                            quipu_tracker_position(&runner->tracker),
                            runner->follower.head.notification_id);
}

#endif
