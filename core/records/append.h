/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends to the schema of a records handle or to a datastore, alone or in one
 * transaction with a function of the program.
 *
 * The way of an append: check the caller's structs (validate.h), pass the
 * request to the driver through the commit queue (commit.h), and turn the
 * result into a status and a message (conflict_message.h).
 */
#ifndef QUIPU_CORE_RECORDS_APPEND_H
#define QUIPU_CORE_RECORDS_APPEND_H

#include "records/records.h"

/* The program's function in a transaction, and what it returned. */
struct quipu_append_work {
    quipu_work function; /* NULL: an append without a function */
    void *context;
    int status; /* of its last run; QUIPU_OK before */
};

/* An append that the core executes. */
struct quipu_append_call {
    quipu_datastore *datastore;
    quipu_records *records; /* NULL: the append concerns no schema */
    bool is_internal;       /* it may write entries of quipu's own */
    int64_t deadline;       /* an earlier one than the datastore's; or 0 */
    struct quipu_append_work *work;
};

/*
 * Executes an append.  The datastore has been checked by quipu_datastore_enter;
 * if the work has a function, the driver supports transactions, and if there
 * are no records, entries.  `given` and *result (NULL is allowed) are the
 * caller's; `positions` of *result is read, everything else is set, on failure,
 * too.
 *
 * Returns the codes of quipu_records_append, or the number that
 * work->function returned.
 */
int quipu_append_execute(const struct quipu_append_call *call,
                         const quipu_append *given, quipu_result *result,
                         quipu_error *error);

/* The same for an append with a function.  INVALID: the function is NULL;
 * UNSUPPORTED: the driver does not have the operation. */
int quipu_append_transact(const struct quipu_append_call *call,
                          const quipu_append *given, quipu_result *result,
                          quipu_error *error);

#endif
