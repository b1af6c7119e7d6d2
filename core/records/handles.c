/* SPDX-License-Identifier: Apache-2.0 */
/* What every call on a handle checks first. */
#include "records/handles.h"

#include <quipu/error.h>

int quipu_children_open(const char *what, size_t children, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID,
                           "%s cannot be closed: %zu opened from it %s still "
                           "open; close what was opened later first",
                           what, children, children == 1 ? "is" : "are");
}

int quipu_datastore_enter(const quipu_datastore *datastore, quipu_error *error)
{
    if (!datastore) {
        return quipu_argument_missing("datastore", error);
    }
    if (!quipu_datastore_is_ours(datastore)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the datastore belongs to the process that "
                               "opened it; after fork the child opens its "
                               "own");
    }
    return QUIPU_OK;
}

int quipu_records_enter(const quipu_records *records, quipu_error *error)
{
    if (!records) {
        return quipu_argument_missing("records", error);
    }
    return quipu_datastore_enter(records->datastore, error);
}

int quipu_datastore_writable(const quipu_datastore *datastore,
                             quipu_error *error)
{
    if (datastore->flags & QUIPU_OPEN_READONLY) {
        return quipu_error_set(error, QUIPU_DENIED,
                               "the datastore was opened readonly");
    }
    return QUIPU_OK;
}
