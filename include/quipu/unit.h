/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Units of work: aggregates that are changed together, and whatever else is to
 * be stored with them, as one append.
 *
 *     static int transfer(quipu_unit *unit, void *context, quipu_error *error)
 *     {
 *         const struct order *order = context;
 *         struct account *from =
 *             quipu_unit_get(unit, order->accounts, &order->from, error);
 *         struct account *to =
 *             from ? quipu_unit_get(unit, order->accounts, &order->to, error)
 *                  : NULL;
 *
 *         if (!to) {
 *             return error->code;
 *         }
 *         int status = account_withdraw(from, order->cents, error);
 *
 *         return status == QUIPU_OK ? account_deposit(to, order->cents, error)
 *                                   : status;
 *     }
 *
 *     status = quipu_unit_run(store, NULL, transfer, &order, NULL, error);
 *
 * quipu_unit_run calls the function, which decides on the newest state of the
 * aggregates, and commits.  If another process has changed one of them
 * meanwhile, it does both again on what is stored then.  A program that wants
 * to do this itself creates a unit, and calls quipu_unit_commit.
 *
 * A unit can also set timers: events that are appended at a time to come
 * (timer.h).
 *
 * The unit owns its aggregates.  Their events stay pending until the commit,
 * and are stored in the order in which the unit got the aggregates, those of an
 * aggregate in the order in which they were triggered.  Subscribers of a bus
 * are not called for them; a subscription to the log yields them.
 *
 * Threads: a unit and its aggregates are used by one thread at a time.
 */
#ifndef QUIPU_UNIT_H
#define QUIPU_UNIT_H

#include <quipu/metadata.h>
#include <quipu/repository.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct quipu_unit quipu_unit;

/* Creates an empty unit.  The store must stay open until it is destroyed.
 * INVALID: an argument is NULL, or the store is not one for aggregates, as
 * quipu_repository_open says.  NO_MEMORY. */
QUIPU_API int quipu_unit_create(quipu_store *store, quipu_unit **unit,
                                quipu_error *error);

/* Frees a unit with its aggregates, and loses all that has not been committed.
 * NULL is allowed. */
QUIPU_API void quipu_unit_destroy(quipu_unit *unit);

/* Makes a unit as it was created: frees its aggregates and forgets the rest. */
QUIPU_API void quipu_unit_clear(quipu_unit *unit);

/* -------------------------------------------------------------- contents */

/*
 * All functions of this section return CONFLICT after a commit that has failed:
 * commit again, which repeats the same append, or clear the unit.
 */

/*
 * Gets an aggregate, as quipu_repository_get does, or the one that the unit has
 * of that repository and id already.  It belongs to the unit.  Returns NULL and
 * fills *error on failure.
 *
 * INVALID: an argument is NULL, or the repository is one of another store.
 * NOT_FOUND also: an event in this unit has discarded it.  Otherwise the codes
 * of quipu_repository_get.
 */
QUIPU_API void *quipu_unit_get(quipu_unit *unit, quipu_repository *repository,
                               const quipu_id *id, quipu_error *error);

/* Creates an aggregate without events, as quipu_repository_create does.  It
 * belongs to the unit.  That the id is free is found by the commit.  INVALID
 * also: the unit has an aggregate of that id. */
QUIPU_API void *quipu_unit_new(quipu_unit *unit, quipu_repository *repository,
                               const quipu_id *id, quipu_error *error);

/* Requires that an aggregate of the unit has got no event of others when the
 * unit is committed.  That holds anyway for aggregates with events of their own
 * in the unit; those that were only read to decide need it.  INVALID: it does
 * not belong to the unit.  NO_MEMORY. */
QUIPU_API int quipu_unit_require(quipu_unit *unit,
                                 const quipu_aggregate *aggregate,
                                 quipu_error *error);

/* Adds a guard on any sequence.  It is copied.  INVALID, UNSUPPORTED: found by
 * the commit.  NO_MEMORY. */
QUIPU_API int quipu_unit_guard(quipu_unit *unit, const quipu_guard *guard,
                               quipu_error *error);

/*
 * Adds an event at the end of the sequence that event->originator_id names,
 * whatever its last version is then; the aggregate is not read.  The event is
 * copied; an event id and a time are set if it has none.  INVALID: the event or
 * its type is NULL, or the originator id is empty; or the schema is sparse,
 * where there is no next position.  NO_MEMORY.
 */
QUIPU_API int quipu_unit_event(quipu_unit *unit, const quipu_event *event,
                               quipu_error *error);

/* Adds the writing, deletion or check of an entry.  It is copied.  INVALID,
 * UNSUPPORTED: found by the commit.  NO_MEMORY. */
QUIPU_API int quipu_unit_entry(quipu_unit *unit, const quipu_entry_write *write,
                               quipu_error *error);

/*
 * Sets the tracking record of the unit; the last call counts.  It is copied.
 * `from` (NULL: no condition): the notification id at which the record must
 * stand, 0 if there must be none (T1).  INVALID: an argument is NULL.
 * NO_MEMORY.
 */
QUIPU_API int quipu_unit_track(quipu_unit *unit, const quipu_tracking *tracking,
                               const int64_t *from, quipu_error *error);

/* Sets the metadata that the unit's events get when it is committed, except
 * those that have metadata of their own (metadata.h); the last call counts.
 * They are copied; NULL: none.  INVALID: the unit is NULL.
 * NO_MEMORY. */
QUIPU_API int quipu_unit_metadata(quipu_unit *unit, quipu_metadata *metadata,
                                  quipu_error *error);

/* Sets the function that runs in the transaction of the commit, for rows of the
 * program's own; the last call counts.  See quipu_records_transact.  It must
 * not use the unit.  INVALID: an argument is NULL. */
QUIPU_API int quipu_unit_work(quipu_unit *unit, quipu_work work, void *context,
                              quipu_error *error);

/* ------------------------------------------------------------ committing */

/*
 * Stores all that the unit contains as one append, or nothing of it.  A unit
 * without contents is OK at once.
 *
 * OK: the events are not pending any more, and the unit contains nothing but
 * its aggregates, which are as they were stored; the unit may be used for
 * another append.  *result (NULL is allowed) as for quipu_records_append.
 *
 * After any other code the aggregates with events are stale, and the unit can
 * only be committed again or cleared.  CONFLICT: an aggregate has got events of
 * others, or another condition does not hold; clear the unit, and decide again.
 * Also, before anything was tried: a handler of an aggregate has failed.
 * ALREADY: the tracking record has passed.  UNKNOWN_OUTCOME: commit again,
 * which stores nothing twice if the unit has events and the schema event ids.
 * Otherwise the codes of quipu_items_add, quipu_records_append and
 * quipu_records_transact.
 */
QUIPU_API int quipu_unit_commit(quipu_unit *unit, quipu_result *result,
                                quipu_error *error);

/* Fills an empty unit.  A status other than OK ends the attempt. */
typedef int (*quipu_unit_function)(quipu_unit *unit, void *context,
                                   quipu_error *error);

/* Limits of quipu_unit_run.  Zero is the default of each member. */
typedef struct quipu_unit_limits {
    uint32_t struct_size;
    uint32_t attempts;    /* calls of the function; 0: 16 */
    int64_t milliseconds; /* for all of them; 0: 10,000; negative: no limit */
} quipu_unit_limits;

/*
 * Calls `function` with an empty unit and commits it; again with an empty unit
 * after CONFLICT of the commit, and after a transient failure of the function
 * (quipu_status_is_transient).  After a transient failure of the commit the
 * same append is repeated, so that it is stored once (U3).  There are growing
 * pauses of random length between the attempts.  `limits` NULL: the defaults.
 *
 * Another status of the function is returned at once, and so is another code of
 * the commit; nothing is stored then.  When a limit is reached, the last code:
 * CONFLICT, BUSY, TIMEOUT, IO.  UNKNOWN_OUTCOME: the time was over before the
 * outcome was known; or the unit had no events, or the schema has no event ids,
 * so that repeating it might have stored it twice.  INVALID: an argument is
 * wrong.
 */
QUIPU_API int quipu_unit_run(quipu_store *store,
                             const quipu_unit_limits *limits,
                             quipu_unit_function function, void *context,
                             quipu_result *result, quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
