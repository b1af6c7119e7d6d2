/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every call of a driver's operation: its deadline, and which
 * answers it may give. */
#ifndef QUIPU_CORE_RECORDS_CALLS_H
#define QUIPU_CORE_RECORDS_CALLS_H

#include <quipu/driver.h>

#include "records/handles.h"

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
    QUIPU_CALL_READ_TRACKING
};

/* Makes `said` ready for a driver, which gets an error of the core's own: so
 * the caller's stays untouched by a call that succeeds, and a driver that
 * fails without a word is found out. */
static inline void quipu_call_prepare(quipu_error *said)
{
    said->code = QUIPU_OK;
    said->native = 0;
    said->sqlstate[0] = '\0';
    said->message[0] = '\0';
}

/* Passes on what a driver answered: `status` with what it `said`, or INTERNAL
 * if the contract does not allow that answer to this call. */
int quipu_call_answer(const quipu_driver *driver, enum quipu_call call,
                      int status, const quipu_error *said, quipu_error *error);

/* Passes on what the program's own function answered in a transaction: any
 * number, with the words that it left, or none. */
int quipu_call_worked(int status, const quipu_error *said, quipu_error *error);

/* INTERNAL: the driver answered OK, but breaks the contract in that `what`. */
int quipu_call_broken(const quipu_driver *driver, enum quipu_call call,
                      const char *what, quipu_error *error);

/*
 * Whether the datastore has an optional operation: its function is `present`
 * and it claims the `capability`.  UNSUPPORTED, naming the driver and the
 * operation.
 */
int quipu_call_possible(const quipu_datastore *datastore, enum quipu_call call,
                        bool present, uint32_t capability, quipu_error *error);

/* The deadline of a call that begins now and may take `milliseconds`; less
 * than 0: for ever. */
int64_t quipu_deadline_in(int64_t milliseconds);

/* The same, by the datastore's option `timeout`. */
int64_t quipu_deadline_of(const quipu_datastore *datastore);

#endif
