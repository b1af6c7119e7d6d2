/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A handle on one schema of a datastore, which appends and reads its items.
 *
 * The handle counts its open cursors and listings, and is itself a child of the
 * datastore (datastore.h).  It may be used by several threads at once; all
 * members but the counter are constant after quipu_records_open.
 */
#ifndef QUIPU_CORE_RECORDS_RECORDS_H
#define QUIPU_CORE_RECORDS_RECORDS_H

#include <quipu/records.h>

#include "datastore/datastore.h"

struct quipu_records {
    quipu_datastore *datastore;
    quipu_driver_schema *bound; /* the driver's handle on the schema */
    quipu_schema *schema;       /* its own copy, without attributes */
    atomic_size_t children;     /* open cursors and listings of sequences */
};

/* Returns INVALID if `records` is NULL or belongs to another process; the
 * driver must then not be called. */
static inline int quipu_records_enter(const quipu_records *records,
                                      quipu_error *error)
{
    if (!records) {
        return quipu_argument_missing("records", error);
    }
    return quipu_datastore_enter(records->datastore, error);
}

/* Begins to observe an operation; `records`: NULL if it concerns no schema.
 * quipu_observer_end must be called. */
static inline void quipu_records_observe(struct quipu_observer_call *observed,
                                         enum quipu_call_operation operation,
                                         const quipu_datastore *datastore,
                                         const quipu_records *records)
{
    if (quipu_observer_wanted(observed)) {
        quipu_observer_init(observed, operation, datastore->metrics);
        observed->info.schema = records ? records->schema->table : NULL;
        quipu_observer_begin(observed);
    }
}

#endif
