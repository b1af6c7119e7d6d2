/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame around every call of a driver's operation.
 *
 * Each operation may return a fixed set of codes (<quipu/driver.h> lists them).
 * The core checks this at every call, since programs decide by codes: a code
 * outside the set becomes INTERNAL, with a message that names the driver.  A
 * call looks like this:
 *
 *     quipu_error cause;
 *
 *     quipu_status_begin(&cause);
 *     status = driver->setup(handle, &schema, deadline, &cause);
 *     return quipu_driver_call_end(driver, QUIPU_CALL_SETUP, status, &cause,
 *                                  error);
 *
 * All functions may be called from any thread.
 */
#ifndef QUIPU_CORE_RECORDS_DRIVER_CALL_H
#define QUIPU_CORE_RECORDS_DRIVER_CALL_H

#include <quipu/driver.h>

#include "datastore/datastore.h"

/* The operations that can fail. */
enum quipu_call {
    QUIPU_CALL_OPEN,
    QUIPU_CALL_SETUP,
    QUIPU_CALL_TEARDOWN,
    QUIPU_CALL_BIND,
    QUIPU_CALL_APPEND,
    QUIPU_CALL_TRANSACT,
    QUIPU_CALL_READ_SEQUENCE,
    QUIPU_CALL_READ_LOG,
    QUIPU_CALL_LIST_SCHEMAS,
    QUIPU_CALL_LIST_SEQUENCES,
    QUIPU_CALL_LIST_TRACKING,
    QUIPU_CALL_STEP,
    QUIPU_CALL_LAST_POSITION,
    QUIPU_CALL_LOG_HEAD,
    QUIPU_CALL_WAIT,
    QUIPU_CALL_READ_TRACKING,
    QUIPU_CALL_BACKUP,
    QUIPU_CALL_RESTORE,
    QUIPU_CALL_LIST_ENTRIES,
    QUIPU_CALL_READ_FILTERED,
    QUIPU_CALL_FIND_EVENT,
    QUIPU_CALL_ERASE,
    QUIPU_CALL_ERASURES,
    QUIPU_CALL_ALTER,
    QUIPU_CALL_LAST_ITEM,
    QUIPU_CALL_READ_SEQUENCES,
    QUIPU_CALL_LIST_LOGS
};

/*
 * Ends a call: copies *cause, which quipu_status_begin made empty, to *error if
 * `status` is not QUIPU_OK, and returns the status.  Returns INTERNAL if the
 * contract does not allow `status` to this operation.  A driver that failed
 * without filling *cause gets a message that says so.
 */
int quipu_driver_call_end(const quipu_driver *driver, enum quipu_call call,
                          int status, const quipu_error *cause,
                          quipu_error *error);

/* Sets INTERNAL: the driver returned OK, but broke the contract as `fault`
 * says ("gave no cursor"). */
int quipu_driver_call_broken(const quipu_driver *driver, enum quipu_call call,
                             const char *fault, quipu_error *error);

/* Returns UNSUPPORTED, naming driver and operation, unless the driver has the
 * optional operation (`present`) and the opened datastore reports the
 * `capability`. */
int quipu_driver_call_supported(const quipu_datastore *datastore,
                                enum quipu_call call, bool present,
                                uint32_t capability, quipu_error *error);

#endif
