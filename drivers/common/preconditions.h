/* SPDX-License-Identifier: Apache-2.0 */
/* The preconditions of an append: event ids, append guards, entries, tracking
 * and positions, checked for the SQLite and the LMDB driver, and for the strict
 * pass of the PostgreSQL driver.
 *
 * A driver describes one request, supplies functions that look something up in
 * its transaction, and gets the outcome in the request's quipu_result and the
 * positions of the accepted items. preconditions.c describes the order of the
 * checks and the two passes of an append. */
#ifndef QUIPU_DRIVERS_COMMON_PRECONDITIONS_H
#define QUIPU_DRIVERS_COMMON_PRECONDITIONS_H

#include "key_table.h"

#include <quipu/driver.h>

/* The stored item that has the event id of an appended one. */
struct stored_item {
    bool found;
    bool is_equal; /* as preconditions.c, INV5, says of one item */
    int64_t notification_id;
    int64_t position;
};

/* Look-ups in the state that the transaction sees, earlier requests of the same
 * append included. Each returns QUIPU_OK or the status of the store, with the
 * error filled in, and gets the `context` of struct preconditions. */
struct preconditions_lookups {
    /* The last position of a sequence; *found false: it has no items. */
    int (*last_position)(void *context, quipu_bytes sequence_id, bool *found,
                         int64_t *last, quipu_error *error);
    /* The item stored under the event id of `item`, compared with it by
     * quipu_common_preconditions_compare. Called only if the schema has event
     * ids. */
    int (*item)(void *context, const quipu_item *item,
                struct stored_item *stored, quipu_error *error);
    /* The notification id of the tracking record that has the consumer and log
     * of `tracking`; *found false: there is none. */
    int (*tracking)(void *context, const quipu_tracking *tracking, bool *found,
                    int64_t *notification_id, quipu_error *error);
    /* Whether a position of a sparse schema is taken. NULL: the driver inserts
     * behind a savepoint and calls quipu_common_preconditions_refuse_position
     * if its index refuses the item. */
    int (*position_is_taken)(void *context, quipu_bytes sequence_id,
                             int64_t position, bool *taken, quipu_error *error);
    /* The revision of the entry with a key; *found false: there is none. Called
     * only for entries that a request expects at a revision. NULL: the driver
     * does not declare QUIPU_CAN_ENTRIES. */
    int (*entry)(void *context, quipu_bytes key, bool *found, int64_t *revision,
                 quipu_error *error);
};

/* The check of one request. The driver sets the first part. */
struct preconditions {
    const quipu_host *host;
    const struct preconditions_lookups *lookups;
    void *context;
    const quipu_schema *schema; /* NULL: the request has no schema */
    const quipu_request *request;
    quipu_result *result;
    bool strict; /* false: the optimistic pass */
    /* The rest is private, zero at first. */
    struct key_table
        sequences;      /* last positions, while the items are checked */
    int64_t *positions; /* of accepted items, if more than one */
    int64_t position;   /* of a single one */
};

/* Checks the request. Returns QUIPU_OK if result->status tells the outcome, or
 * the status of a look-up that failed, or NO_MEMORY. Outcomes:
 *   OK        the items may be inserted at the positions of _position, and the
 *             entries and the tracking record may be written
 *   OK, with QUIPU_RESULT_REPEATED: stored by an earlier append; write nothing,
 *             also no entry
 *   CONFLICT  cause EVENT_ID, GUARD, ENTRY, TRACKING or POSITION
 *   ALREADY   cause TRACKING
 * A request that is accepted may have nothing to write: it only checks entries.
 * The driver assigns the revisions: an entry that exists gets the next one, a
 * new key the revision floor of its namespace plus 1 (K3).
 * Call quipu_common_preconditions_finish in all cases. */
int quipu_common_preconditions_check(struct preconditions *check,
                                     quipu_error *error);

/* Releases what the check has allocated. */
void quipu_common_preconditions_finish(struct preconditions *check);

/* Returns the position of an item of an accepted request. */
int64_t quipu_common_preconditions_position(const struct preconditions *check,
                                            size_t index);

/* Refuses the request because the index on positions has refused an item of a
 * sparse schema. The driver has undone the request before, so that the last
 * position that the result reports is that of the store. */
int quipu_common_preconditions_refuse_position(struct preconditions *check,
                                               size_t index,
                                               quipu_error *error);

/* Fills *stored from the item found under the event id of `appended`. */
void quipu_common_preconditions_compare(const quipu_item *found,
                                        const quipu_item *appended,
                                        struct stored_item *stored);

/* Returns true if a sequence is as the guard expects. `found`: it has items,
 * the last of them at `last`. */
bool quipu_common_preconditions_guard_holds(const quipu_guard *guard,
                                            bool found, int64_t last);

/* Returns true if an entry is as the write of it expects. `found`: it exists,
 * at `revision`. */
bool quipu_common_preconditions_entry_holds(const quipu_entry_write *write,
                                            bool found, int64_t revision);

/* Returns true if a tracking record is as the request expects (T1). `found`: it
 * exists, at `notification_id`. */
bool quipu_common_preconditions_tracking_holds(const quipu_request *request,
                                               bool found,
                                               int64_t notification_id);

/* Returns true if the request sets its tracking record to any position (T2). At
 * position 0 the driver removes the record, if there is one. */
bool quipu_common_preconditions_rewinds(const quipu_request *request);

/* Returns the conditions of a request, or NULL. */
static inline const quipu_conditions *preconditions_conditions(
    const quipu_request *request)
{
    return (const quipu_conditions *)request->condition;
}

/* Returns true if the items of a schema may leave positions out. */
static inline bool preconditions_is_sparse(const quipu_schema *schema)
{
    return (schema->flags & QUIPU_SCHEMA_SPARSE) != 0;
}

#endif
