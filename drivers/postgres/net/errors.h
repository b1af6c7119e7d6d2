/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of the server and of libpq as quipu's status codes and messages.
 *
 * A message reads "cannot <what> in <store>: <the server's message>; <what to
 * do>".  Messages of libpq and of the server never contain a password.
 */
#ifndef POSTGRES_ERRORS_H
#define POSTGRES_ERRORS_H

#include "pipeline.h"

/* Fills lease->error from an answer other than ANSWER_OK and returns its status
 * code. `what` is a verb phrase: "append".  Clears *result and sets it to NULL.
 */
int quipu_postgres_error_from_answer(const struct lease *lease,
                                     enum answer answer, PGresult **result,
                                     const char *what);
/* CORRUPT: the rows of an answer are not those that the statement asks for;
 * `problem` says why. */
int quipu_postgres_error_malformed(const quipu_driver_datastore *datastore,
                                   const char *what, const char *problem,
                                   quipu_error *error);
/* DENIED: a table did not take a change as it was made. */
int quipu_postgres_error_not_stored(const quipu_driver_datastore *datastore,
                                    const char *what, const char *table,
                                    quipu_error *error);
int quipu_postgres_error_no_memory(const quipu_host *host, quipu_error *error);
/* DENIED: the store is open with readonly=yes. */
int quipu_postgres_error_readonly(const quipu_driver_datastore *datastore,
                                  quipu_error *error);

/* Replaces the advice in an error that has the SQLSTATE, by one that knows more
 * of the statement. */
void quipu_postgres_error_advise(quipu_error *error, const char *state,
                                 const char *advice);

/* The SQLSTATE of a result, or "". */
const char *quipu_postgres_error_state(const PGresult *result);
/* Returns true if the SQLSTATE begins with `prefix`. */
bool quipu_postgres_error_has_state(const PGresult *result, const char *prefix);
/* Returns true for an error by which the coordinator of a Citus cluster reports
 * that it has lost a worker: class 08 if it cannot connect, or XX000. */
bool quipu_postgres_error_is_of_worker(const struct connection *connection,
                                       const char *state);

/* The status code for a SQLSTATE; *advice gets a phrase that says what to
 * do. */
int quipu_postgres_error_status(const char *state, const char **advice);
/* Maps a code of opening to that of another operation: a server that is missing
 * or unsuitable is IO then. */
int quipu_postgres_error_status_when_open(
    const quipu_driver_datastore *datastore, int status);
/* Maps the BUSY of a statement timeout to TIMEOUT, the code that reads have for
 * it; other codes stay. */
int quipu_postgres_error_as_read(int status, quipu_error *error);

#endif
