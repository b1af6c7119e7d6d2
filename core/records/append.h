/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends to the schema of a records handle, alone or in one transaction with a
 * function of the program.
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

/*
 * Executes an append.  `records` has been checked by quipu_records_enter, and
 * if `work` has a function, the driver supports transactions.  `given` and
 * *result (NULL is allowed) are the caller's; `positions` of *result is read,
 * everything else is set, on failure, too.
 *
 * Returns the codes of quipu_records_append, or the number that
 * work->function returned.
 */
int quipu_append_execute(quipu_records *records, const quipu_append *given,
                         struct quipu_append_work *work, quipu_result *result,
                         quipu_error *error);

#endif
