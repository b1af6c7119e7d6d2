/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where appends go from the core to a driver. */
#ifndef QUIPU_CORE_RECORDS_COMMIT_H
#define QUIPU_CORE_RECORDS_COMMIT_H

#include "records/handles.h"

/*
 * Has a driver judge and store one request.  OK: it was judged, and
 * result->status tells how.  Else it was not, and *error tells why.
 */
int quipu_commit(quipu_datastore *datastore, const quipu_request *request,
                 quipu_result *result, int64_t deadline, quipu_error *error);

#endif
