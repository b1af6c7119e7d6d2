/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes appends and transactions.
 *
 * Everything that can be checked without the store is checked before the
 * request enters the commit queue, so that an invalid append costs no other
 * thread anything, and drivers need no checks of their own.  The result is
 * explained in words only after the commit, outside the queue.
 */
#include "records/append.h"

#include "base/cancellation.h"
#include "base/status.h"
#include "base/structs.h"
#include "records/commit.h"
#include "records/conflict_message.h"
#include "records/driver_call.h"
#include "records/validate.h"

/* An append under way. */
struct attempt {
    quipu_records *records;
    quipu_append append; /* the caller's, in this version's size */
    uint64_t size;       /* bytes of its items */
    quipu_result result;
    struct quipu_append_work *work;
    int64_t deadline;
};

static int check_result(const quipu_result *result, quipu_error *error)
{
    if (result &&
        (result->reserved || result->reserved2[0] || result->reserved2[1])) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "result has a reserved member that is not 0; "
                               "zero it before the call");
    }
    return QUIPU_OK;
}

/* Only a transaction may be without items, guards and tracking. */
static int check_not_empty(const struct attempt *attempt, quipu_error *error)
{
    const quipu_append *append = &attempt->append;

    if (append->item_count > 0 || append->guard_count > 0 || append->tracking ||
        attempt->work->function) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "the append is empty: it has no items, no "
                           "guards and no tracking");
}

static int prepare(struct attempt *attempt, const quipu_append *given,
                   quipu_error *error)
{
    quipu_records *records = attempt->records;
    int status = quipu_struct_take(&attempt->append, sizeof(attempt->append),
                                   given, "append", error);

    if (status == QUIPU_OK) {
        status = check_not_empty(attempt, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_validate_append(records, &attempt->append,
                                       &attempt->size, &attempt->result, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_datastore_writable(records->datastore, error);
    }
    return status;
}

/* Passed to the driver in place of the program's function.  Keeps what the
 * function returns, to tell its status from a status of the driver. */
static int run_work(void *native, void *context, quipu_error *error)
{
    struct quipu_append_work *work = context;

    work->status = work->function(native, work->context, error);
    return work->status;
}

/* Executes the append and the function in one transaction.  A status of the
 * function is passed to the caller unchanged, also if it is no code of quipu. A
 * status of the driver has to be one that the contract allows. */
static int transact(struct attempt *attempt, const quipu_request *request,
                    quipu_error *error)
{
    quipu_datastore *datastore = attempt->records->datastore;
    struct quipu_append_work *work = attempt->work;
    struct quipu_datastore_transaction transaction;
    quipu_error cause;
    int status = quipu_commit_begin(datastore, attempt->deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_status_begin(&cause);
    quipu_datastore_begin(&transaction, datastore);
    status = datastore->driver->transact(datastore->handle, request, run_work,
                                         work, &attempt->result,
                                         attempt->deadline, &cause);
    quipu_datastore_end(&transaction);
    quipu_commit_end(datastore);
    if (status != QUIPU_OK && status == work->status) {
        return quipu_status_end(status, &cause, error,
                                "the function in the transaction");
    }
    return quipu_driver_call_end(datastore->driver, QUIPU_CALL_TRANSACT, status,
                                 &cause, error);
}

static int commit(struct attempt *attempt, const quipu_request *request,
                  quipu_error *error)
{
    struct quipu_commit_request own = { .request = request,
                                        .size = attempt->size,
                                        .deadline = attempt->deadline,
                                        .result = &attempt->result,
                                        .error = error };

    return quipu_commit(attempt->records->datastore, &own);
}

static int execute(struct attempt *attempt, quipu_error *error)
{
    quipu_records *records = attempt->records;
    const quipu_append *append = &attempt->append;
    bool alone = !attempt->work->function;
    quipu_request request = { .schema = records->bound,
                              .items = append->items,
                              .item_count = append->item_count,
                              .guards = append->guards,
                              .guard_count = append->guard_count,
                              .tracking = append->tracking };

    attempt->deadline = quipu_datastore_deadline(records->datastore);
    int status = alone ? commit(attempt, &request, error)
                       : transact(attempt, &request, error);

    if (status != QUIPU_OK) {
        return status;
    }
    return quipu_conflict_message_set(
        records, append, alone ? QUIPU_CALL_APPEND : QUIPU_CALL_TRANSACT,
        &attempt->result, error);
}

int quipu_append_execute(quipu_records *records, const quipu_append *given,
                         struct quipu_append_work *work, quipu_result *result,
                         quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    struct attempt attempt = { .records = records, .work = work };
    int status = check_result(result, error);

    if (status != QUIPU_OK) {
        return status;
    }
    attempt.result.positions = result ? result->positions : NULL;
    status = prepare(&attempt, given, error);
    if (status == QUIPU_OK) {
        status = execute(&attempt, error);
    }
    if (result) {
        *result = attempt.result;
        result->status = status;
    }
    return status;
}
