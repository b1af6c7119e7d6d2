/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Projections: read models that follow a log, with the effect of each event
 * exactly once.
 *
 *     static int on_credited(void *native, void *context,
 *                            const quipu_event *event, const quipu_item *item,
 *                            quipu_error *error)
 *     {
 *         const struct credited *credited = (const void *)event;
 *
 *         return add_to_balance(native, &event->originator_id, // sqlite3 *
 *                               credited->cents, error);
 *     }
 *     static const quipu_projection_handler handlers[] = {
 *         { .event = &credited_type, .apply = on_credited },
 *         { 0 },
 *     };
 *     static const quipu_projection_type balances = {
 *         .name = "balances", .version = 1,
 *         .handlers = handlers, .create = create_balances,
 *     };
 *
 *     status = quipu_projection_open(store, &balances, NULL, &projection,
 *                                    error);
 *     status = quipu_projection_run(projection, error); // until it is stopped
 *
 * The changes that the handlers make and the tracking record are committed in
 * one transaction of the datastore that holds the read model (the target),
 * which may be another one than that of the events (P1).  Events are handled in
 * batches; the result is that of handling them one by one (P3).  Two processes
 * that run the same projection by mistake do no harm: one of them makes each
 * commit (T1, P7).
 *
 * The name and version of the type give the consumer of the tracking record:
 * "balances@1".  A new version has a tracking record of its own and is built
 * from the first event, beside the old one; when it has caught up, it is
 * promoted, and the old one is retired (P6).
 *
 * An event that was erased before the projection came to it counts as handled
 * (P9), also if it had been parked.  The read model that the projection has
 * made of an event before that is not changed: `reset` builds the read model
 * without it.
 *
 * Several processes and threads can divide the events of one projection: see
 * group.h, and the option `group`.
 *
 * In SQLite and LMDB a transaction excludes all other writers of the same
 * file, so that a batch delays appends by its duration, at most
 * batch_milliseconds and one event.  A read model in a file of its own delays
 * none.
 *
 * Threads: `run` and `step` from one thread at a time; `stop`, `request_stop`
 * and `status` from any, until `close`.
 */
#ifndef QUIPU_PROJECTION_H
#define QUIPU_PROJECTION_H

#include <quipu/group.h>
#include <quipu/subscription.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_projection quipu_projection;

/*
 * Applies one event to the read model.  `native` is the handle of the back end
 * (sqlite3 *, PGconn *, MDB_txn *) in a transaction; driver.h says under
 * quipu_work what must not be done with it.  The function may run again after a
 * rollback, so that it must change nothing but what the transaction undoes.
 * QUIPU_BUSY: try again later, for ever; any other code than QUIPU_OK: the
 * event cannot be applied (see quipu_failure_policy).
 */
typedef int (*quipu_projection_apply)(void *native, void *context,
                                      const quipu_event *event,
                                      const quipu_item *item,
                                      quipu_error *error);

/* A row of the table of handlers, which ends with a row without an event. */
typedef struct quipu_projection_handler {
    const quipu_event_type *event; /* one that the store's mapper knows */
    quipu_projection_apply apply;
    uint64_t reserved[2];
} quipu_projection_handler;

/* Creates, removes or shows the read model; in a transaction, as above. */
typedef int (*quipu_projection_model)(void *native, void *context,
                                      quipu_error *error);

/* A kind of projection; static. */
typedef struct quipu_projection_type {
    const char *name; /* 1 to 100 bytes of text without '@' */
    uint32_t version; /* at least 1 */
    uint32_t reserved;
    const quipu_projection_handler *handlers; /* only their events are read */
    quipu_projection_model create; /* before the first event; or NULL */
    quipu_projection_model drop;   /* by `reset` and `retire`; or NULL */
    /* By `promote`: makes this the version that readers find, for example by
     * replacing an SQL view; or NULL. */
    quipu_projection_model show;
    /* Called with the item, and NULL for the event, in the place of the handler
     * if the event was erased before it was handled; NULL: such an event is
     * passed over. */
    quipu_projection_apply erased;
    const void *reserved2[2];
} quipu_projection_type;

/* The consequence if a handler has refused an event `attempts` times. */
enum quipu_failure_policy {
    /* `run` and `step` return the code of the handler. */
    QUIPU_FAILURE_STOP = 0,
    /* The event is parked: kept aside in an entry, to be retried later. */
    QUIPU_FAILURE_PARK = 1,
    /* The event and all later ones of its sequence are parked, so that each
     * sequence is handled in its order. */
    QUIPU_FAILURE_PARK_SEQUENCE = 2,
    /* The event is left out for ever, and counted: in the status, and in an
     * entry that quipu_consumers_next and `quipu consumers` show. */
    QUIPU_FAILURE_SKIP = 3
};

/* Zero is the default of each member. */
typedef struct quipu_projection_options {
    uint32_t struct_size;
    int32_t on_failure; /* enum quipu_failure_policy */
    /* How often an event is tried that its handler refuses (0: 5), with pauses
     * that grow from 100 milliseconds to 10 seconds. */
    uint32_t attempts;
    /* Events of one transaction (0: 500), and the time in which they should be
     * handled (0: 50 milliseconds; in a group at most a third of the lease).
     * With a target without entries (QUIPU_CAN_ENTRIES) a batch is one
     * event. */
    uint32_t batch_items;
    uint32_t batch_milliseconds;
    uint32_t reserved;
    quipu_datastore *target; /* NULL: the datastore of the events */
    void *context;           /* for the functions of the type */
    /* Handles the events as a member of the group of the consumer; borrowed
     * for the call that opens.  NULL: alone. */
    const quipu_group_options *group;
} quipu_projection_options;

/*
 * Opens a projection of the events of a store.  The type and the context must
 * outlive it, and so must the target.  *projection is closed by
 * quipu_projection_close, before the store.
 *
 * `create` runs here, in one transaction with an entry that says so (and that
 * marks the consumer as a projection, also without `create`); if the target
 * keeps no entries, it runs at every opening until the first event was
 * handled, and must do nothing if all exists.
 *
 * INVALID: a member of the type or of the options is wrong, an event type is in
 * the table twice or is not known to the mapper.  UNSUPPORTED: the store of the
 * events keeps no log; or the target runs no function in a transaction, or
 * keeps no tracking records; or it is another datastore than that of the
 * events, or events are to be parked, or `group` is set, and it keeps no
 * entries.  CONFLICT: the log was set back behind the tracking record; the
 * group has another number of partitions; or the consumer is a group and
 * `group` is NULL.  The first member of a group begins it at the tracking
 * record of the consumer, which is then removed.  NOT_FOUND: this
 * version was retired.
 */
QUIPU_API int quipu_projection_open(quipu_store *store,
                                    const quipu_projection_type *type,
                                    const quipu_projection_options *options,
                                    quipu_projection **projection,
                                    quipu_error *error);

/*
 * Handles events until the projection is stopped; then returns OK.  Failures of
 * a store or a vault (BUSY, TIMEOUT, IO, UNKNOWN_OUTCOME) are repeated after
 * pauses, and shown by quipu_projection_status.
 *
 * With QUIPU_FAILURE_STOP, the code of the handler that refuses an event; the
 * message names the event.  A damaged event is one that is refused.  DENIED,
 * UNSUPPORTED, CONFLICT: this program lacks the key, dictionary or release that
 * an event needs; it is neither parked nor skipped, and the events before it
 * are applied.  CONFLICT: the log was set back, or the projection was removed
 * (quipu_consumer_remove).  NOT_FOUND: this version was retired.  If another
 * process has moved or reset the tracking record, the projection goes on from
 * where that is now.
 * Otherwise the codes of quipu_records_transact that no repetition mends.
 *
 * A member of a group joins it here, takes its share of the partitions, renews
 * its lease, and leaves the group before the call returns (group.h).
 */
QUIPU_API int quipu_projection_run(quipu_projection *projection,
                                   quipu_error *error);

/* Handles at most one batch, without waiting for events.  *caught_up (NULL is
 * allowed) tells that the end of the log was reached.  Failures of a store,
 * and the code of a handler that refuses an event, are returned at once.  For
 * loops of a program's own, and for tests.  A member of a group joins it here,
 * must be called three times in each lease, and leaves the group when it is
 * closed; *caught_up then concerns the partitions that it holds. */
QUIPU_API int quipu_projection_step(quipu_projection *projection,
                                    bool *caught_up, quipu_error *error);

/* Make `run` return: the batch under way is committed or rolled back before
 * (P8).  As quipu_subscription_stop and quipu_subscription_request_stop. */
QUIPU_API void quipu_projection_stop(quipu_projection *projection);
QUIPU_API void quipu_projection_request_stop(quipu_projection *projection);

/* A member of a group leaves it; the status of that is returned, and the
 * projection is closed in any case.  INVALID: `run` or `step` is under way, and
 * nothing is closed.  NULL is allowed. */
QUIPU_API int quipu_projection_close(quipu_projection *projection,
                                     quipu_error *error);

/* Shows the progress.  `yielded` counts the events that were handled,
 * `recorded` the commits.  In a group `position` is that of all members
 * together, as it was when this one looked last. */
QUIPU_API int quipu_projection_status(quipu_projection *projection,
                                      quipu_consumer_status *status,
                                      quipu_error *error);

/*
 * Removes the read model with `drop`, its tracking record and its parked
 * events, and creates it again, in one transaction: the next `run` handles all
 * events again.  INVALID: `run` or `step` is under way on this projection.
 * Others of the same consumer, in any process, begin again, too.  CONFLICT: one
 * of them has committed meanwhile, or the projection was removed.  NOT_FOUND:
 * this version was retired.  UNSUPPORTED: the target keeps no entries, or the
 * type has `create` without `drop`.
 */
QUIPU_API int quipu_projection_reset(quipu_projection *projection,
                                     quipu_error *error);

/* --------------------------------------------------------------- versions */

/*
 * Shows this version: runs `show` of the type and records the version in one
 * commit, so that readers find the read model of the one version or of the
 * other, whole.  The version that was shown goes on, and may be shown again.
 * Does nothing if this version is shown already.
 *
 * `lag`: the largest number of notifications by which the tracking record may
 * be below the head of the log.  With 0 the read model contains every event
 * that was stored before the call.  `run` may be under way meanwhile, here or
 * elsewhere.
 *
 * BUSY: the lag is larger, or the store is busy; try again.  CONFLICT: another
 * process has promoted, reset, retired or removed a version meanwhile.
 * NOT_FOUND: this version was retired.  INVALID: `lag` is negative.
 * UNSUPPORTED: the target keeps no entries.  UNKNOWN_OUTCOME: call it again.
 * Otherwise the code that `show` has returned.
 */
QUIPU_API int quipu_projection_promote(quipu_projection *projection,
                                       int64_t lag, quipu_error *error);

/*
 * Reads the version of a projection that is shown; 0: none was promoted.  A
 * program that finds the same version after it has read the read model knows
 * that this version was not retired meanwhile.  INVALID: the name is wrong;
 * codes of quipu_entry_read.
 */
QUIPU_API int quipu_projection_shown(quipu_datastore *target, const char *name,
                                     uint32_t *version, quipu_error *error);

/*
 * Removes this version for ever: its read model with `drop`, its tracking
 * record and its parked events, in one commit.  Others that run it, in any
 * process, return NOT_FOUND at their next commit, and so does opening it.  A
 * read model that is needed again gets a higher version.
 *
 * CONFLICT: it is the version that is shown; or another process has committed
 * for it, or promoted a version, meanwhile: try again.  NOT_FOUND: it was
 * retired already, perhaps by a call of which the outcome was unknown.
 * INVALID: `run` or `step` is under way on this projection.  UNSUPPORTED: as
 * quipu_projection_reset.
 */
QUIPU_API int quipu_projection_retire(quipu_projection *projection,
                                      quipu_error *error);

/* ---------------------------------------------------------- parked events */

typedef struct quipu_parked_events quipu_parked_events;

/* An event that is kept aside. */
typedef struct quipu_parked_event {
    int64_t notification_id;
    quipu_bytes sequence_id;
    quipu_bytes topic;
    quipu_bytes message; /* of the last attempt */
    int32_t code;        /* that the handler returned */
    uint32_t attempts;
    quipu_time parked; /* when */
    bool follows;      /* only because an earlier one of its sequence is */
    uint8_t reserved[7];
    uint64_t reserved2[2];
} quipu_parked_event;

/* List the parked events of a consumer ("balances@1"), by notification id;
 * `next` lends one until the next call, and sets *event to NULL after the
 * last.  Codes of quipu_entries_open. */
QUIPU_API int quipu_parked_events_open(quipu_datastore *target,
                                       const char *consumer,
                                       quipu_parked_events **events,
                                       quipu_error *error);
QUIPU_API int quipu_parked_events_next(quipu_parked_events *events,
                                       const quipu_parked_event **event,
                                       quipu_error *error);
QUIPU_API void quipu_parked_events_close(quipu_parked_events *events);

/*
 * Handles the parked events again, in the order of the log, each in a
 * transaction that also removes its entry (P5).  An event that is refused stays
 * parked, and so do later ones of its sequence with
 * QUIPU_FAILURE_PARK_SEQUENCE.  `run` may be under way meanwhile, here or
 * elsewhere.  *left (NULL is allowed): events that are still parked.
 */
QUIPU_API int quipu_projection_retry(quipu_projection *projection,
                                     int64_t *left, quipu_error *error);

/* Removes a parked event without handling it.  NOT_FOUND: it is not parked.
 * Any process may call it, also without the projection. */
QUIPU_API int quipu_parked_event_discard(quipu_datastore *target,
                                         const char *consumer,
                                         int64_t notification_id,
                                         quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
