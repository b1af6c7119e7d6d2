/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process managers: they follow a log, and react to its events by changing
 * aggregates, whose events they append, exactly once.
 *
 *     static int on_requested(quipu_unit *unit, void *context,
 *                             const quipu_event *event, quipu_error *error)
 *     {
 *         const struct bank *bank = context;
 *         const struct requested *asked = (const void *)event;
 *         struct account *from =
 *             quipu_unit_get(unit, bank->accounts, &asked->from, error);
 *         struct account *to =
 *             from ? quipu_unit_get(unit, bank->accounts, &asked->to, error)
 *                  : NULL;
 *
 *         if (!to) {
 *             return error->code;
 *         }
 *         return account_transfer(from, to, asked->cents, error);
 *     }
 *     static const quipu_reaction reactions[] = {
 *         { .event = &requested_type, .react = on_requested },
 *         { 0 },
 *     };
 *     static const quipu_process_type transfers = {
 *         .name = "transfers", .reactions = reactions,
 *     };
 *
 *     status = quipu_process_open(store, &transfers, &options, &process,
 *                                 error);
 *     status = quipu_process_run(process, error); // until it is stopped
 *
 * The events that a reaction triggers, in any number of aggregates, and the
 * tracking record, which says that their cause was handled, are one append
 * (R1).  If an aggregate has got another event meanwhile, nothing of the append
 * is stored, and the reaction runs again on fresh aggregates (R2).  Two
 * processes of one name, or one beside other programs that change the same
 * aggregates, do no harm.
 *
 * The id of an event that a reaction triggers follows from the name of the
 * process, the id of the cause, and the number of events that this reaction has
 * triggered before (R3).  So a cause that was handled is recognised by what it
 * has caused, also if the tracking record was lost or set back: nothing is
 * stored twice.  A reaction that has triggered no event leaves no trace: with a
 * lost record it runs again, and decides on what the aggregates are then.
 *
 * No transaction of the back end is needed, so that a process works with each
 * driver that keeps a log and tracking records.
 *
 * Events of the log are handled in batches; the result is that of handling them
 * one by one.  An event that was erased counts as handled, without a reaction
 * (P9).  Failing reactions, parked events and groups are as those of
 * projections (projection.h, group.h).  A process has no version: a new
 * version of the program goes on where the old one has stopped (P11).
 *
 * Threads: `run` and `step` from one thread at a time; `stop`, `request_stop`,
 * `retry` and `status` from any, until `close`.
 */
#ifndef QUIPU_PROCESS_H
#define QUIPU_PROCESS_H

#include <quipu/projection.h>
#include <quipu/unit.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_process quipu_process;

/*
 * Reacts to an event: gets aggregates of the unit, and triggers events in them,
 * or adds others by quipu_unit_event.  `event` is lent for the call.  The
 * function may run again, for the same event on fresh aggregates, so that it
 * must change nothing but the unit.  It must trigger the same events in the
 * same order if the aggregates are the same.
 *
 * The unit may hold the results of reactions to earlier events of the batch: an
 * aggregate that it gives is as they have left it.  Guards, entries and timers
 * may be added; entries that are read elsewhere are as they are stored.  A
 * tracking record and a function in the transaction may not: INVALID.
 *
 * The events get the metadata of quipu_metadata_caused_by for `event`, unless
 * the reaction sets others by quipu_unit_metadata.
 *
 * QUIPU_OK: the event is handled, even if nothing was triggered.  A transient
 * code (quipu_status_is_transient), such as that of quipu_unit_get if the store
 * is busy: try again later, for ever.  Any other code: the event cannot be
 * handled (see quipu_failure_policy).  So is an event for which the unit is one
 * that the store refuses as INVALID, or by a conflict that comes again though
 * nobody has changed anything, such as a guard that can never hold.
 */
typedef int (*quipu_react)(quipu_unit *unit, void *context,
                           const quipu_event *event, quipu_error *error);

/* A row of the table of reactions, which ends with a row without an event. */
typedef struct quipu_reaction {
    const quipu_event_type *event; /* one that the store's mapper knows */
    quipu_react react;
    uint64_t reserved[2];
} quipu_reaction;

/* A kind of process; static. */
typedef struct quipu_process_type {
    /* The consumer: 1 to 100 bytes of text without '@' and '/'. */
    const char *name;
    const quipu_reaction *reactions; /* only their events are read */
    const void *reserved[4];
} quipu_process_type;

/* Zero is the default of each member. */
typedef struct quipu_process_options {
    uint32_t struct_size;
    int32_t on_failure; /* enum quipu_failure_policy */
    /* How often an event is tried that its reaction refuses (0: 5), with pauses
     * that grow from 100 milliseconds to 10 seconds. */
    uint32_t attempts;
    /* Events of one append (0: 500), and the time in which they should be
     * handled (0: 50 milliseconds; in a group at most a third of the lease).
     * In a store without entries (QUIPU_CAN_ENTRIES) a batch is one event. */
    uint32_t batch_items;
    uint32_t batch_milliseconds;
    uint32_t reserved;
    /* To which the process writes, and whose aggregates it changes; NULL: that
     * of the events.  It may be one of another schema or datastore, in which
     * the tracking record is kept then. */
    quipu_store *target;
    void *context; /* for the reactions */
    /* Handles the events as a member of the group of the consumer; borrowed for
     * the call that opens.  NULL: alone. */
    const quipu_group_options *group;
} quipu_process_options;

/*
 * Opens a process that follows the log of a store.  The type, the context and
 * the target must outlive it.  *process is closed by quipu_process_close,
 * before the stores.
 *
 * INVALID: a member of the type or of the options is wrong, an event type is in
 * the table twice or is not known to the mapper; or the target is not one for
 * aggregates (quipu_repository_open), or its schema has no event ids.
 * UNSUPPORTED: the store of the events keeps no log; or the target keeps no
 * tracking records; or events are to be parked, or `group` is set, and it keeps
 * no entries.  CONFLICT: the log was set back behind the tracking record; the
 * group has another number of partitions; or the consumer is a group and
 * `group` is NULL.  NO_MEMORY; codes of quipu_tracking_read.
 */
QUIPU_API int quipu_process_open(quipu_store *store,
                                 const quipu_process_type *type,
                                 const quipu_process_options *options,
                                 quipu_process **process, quipu_error *error);

/*
 * Handles events until the process is stopped; then returns OK.  Failures of a
 * store or a vault (BUSY, TIMEOUT, IO, UNKNOWN_OUTCOME) are repeated after
 * pauses, and shown by quipu_process_status.
 *
 * With QUIPU_FAILURE_STOP, the code of the reaction that refuses an event; the
 * message names the event.  A damaged event is one that is refused.  DENIED,
 * UNSUPPORTED, CONFLICT: this program lacks the key, dictionary or release that
 * an event needs; it is neither parked nor skipped, and the events before it
 * are handled.  CONFLICT: the log was set back.  If another process has moved
 * or reset the tracking record, this one goes on from where that is now.
 * Otherwise the codes of quipu_records_append that no repetition mends.
 *
 * A member of a group joins it here, takes its share of the partitions, renews
 * its lease, and leaves the group before the call returns (group.h).
 */
QUIPU_API int quipu_process_run(quipu_process *process, quipu_error *error);

/* Handles at most one batch, without waiting for events.  *caught_up (NULL is
 * allowed): the end of the log was reached.  Codes as above, and those of a
 * failure that may pass; call it again then. */
QUIPU_API int quipu_process_step(quipu_process *process, bool *caught_up,
                                 quipu_error *error);

/* Make `run` return: the append under way is completed before (P8).  As
 * quipu_subscription_stop and quipu_subscription_request_stop. */
QUIPU_API void quipu_process_stop(quipu_process *process);
QUIPU_API void quipu_process_request_stop(quipu_process *process);

/* Shows the progress, as quipu_projection_status does. */
QUIPU_API int quipu_process_status(quipu_process *process,
                                   quipu_consumer_status *status,
                                   quipu_error *error);

/* Handles the parked events again, in the order of the log, each with one
 * append that also removes its entry (P5), as quipu_projection_retry does. */
QUIPU_API int quipu_process_retry(quipu_process *process, int64_t *left,
                                  quipu_error *error);

/* A member of a group leaves it; the status of that is returned, and the
 * process is closed in any case.  INVALID: `run` or `step` is under way, and
 * nothing is closed.  NULL is allowed. */
QUIPU_API int quipu_process_close(quipu_process *process, quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
