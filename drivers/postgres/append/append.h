/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending: the driver operations append and transact.
 *
 * append.c describes the method: batches, passes, numbering, retries.
 */
#ifndef POSTGRES_APPEND_H
#define POSTGRES_APPEND_H

#include "datastore.h"

/* Stores as many of the requests as fit into one transaction; *taken says how
 * many, and results[0 .. *taken - 1] what became of each.  A status other than
 * OK is that of the whole batch: nothing of it is stored, or, with
 * UNKNOWN_OUTCOME, that is not known. */
int quipu_postgres_append(quipu_driver_datastore *datastore,
                          const quipu_request *requests, size_t count,
                          quipu_result *results, size_t *taken,
                          int64_t deadline, quipu_error *error);

/* Stores one request in a transaction in which the function runs as well.  It
 * gets the PGconn, must not end the transaction, and is called again if the
 * transaction has to be repeated.  INVALID: it ended the transaction, or a
 * statement of it failed and it returned OK. */
int quipu_postgres_append_transact(quipu_driver_datastore *datastore,
                                   const quipu_request *request,
                                   quipu_work function, void *context,
                                   quipu_result *result, int64_t deadline,
                                   quipu_error *error);

#endif
