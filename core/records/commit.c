/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where appends go from the core to a driver. */
#include "records/commit.h"

#include "records/calls.h"

int quipu_commit(quipu_datastore *datastore, const quipu_request *request,
                 quipu_result *result, int64_t deadline, quipu_error *error)
{
    const quipu_driver *driver = datastore->driver;
    size_t taken = 0;
    quipu_error said;
    int status;

    quipu_call_prepare(&said);
    status = driver->append(datastore->handle, request, 1, result, &taken,
                            deadline, &said);
    if (status == QUIPU_OK && taken != 1) {
        return quipu_call_broken(driver, QUIPU_CALL_APPEND,
                                 "took another number of requests than it was "
                                 "given",
                                 error);
    }
    return quipu_call_answer(driver, QUIPU_CALL_APPEND, status, &said, error);
}
