/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending as an author writes it bit by bit, for tests/checks/guide.sh: until
 * the step of the guide that adds append guards (GUARDS), requests with guards
 * are refused as section 2 of the guide says.
 */
#include "memory.h"

int guide_append(quipu_driver_datastore *datastore,
                 const quipu_request *requests, size_t count,
                 quipu_result *results, size_t *taken, int64_t deadline,
                 quipu_error *error);

int guide_append(quipu_driver_datastore *datastore,
                 const quipu_request *requests, size_t count,
                 quipu_result *results, size_t *taken, int64_t deadline,
                 quipu_error *error)
{
    const quipu_host *host = datastore->store->host;

    for (size_t i = 0; !GUARDS && i < count; i++) {
        if (requests[i].guard_count > 0) {
            *taken = count;
            return host->error_set(error, QUIPU_UNSUPPORTED, 0, NULL,
                                   "append guards");
        }
    }
    return memory_append(datastore, requests, count, results, taken, deadline,
                         error);
}
