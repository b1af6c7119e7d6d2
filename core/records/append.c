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
#include "datastore/commit.h"
#include "datastore/driver_call.h"
#include "records/conditions.h"
#include "records/conflict_message.h"
#include "records/validate.h"

/* An append under way. */
struct attempt {
    const struct quipu_append_call *call;
    quipu_append append;         /* the caller's, in this version's size */
    quipu_conditions conditions; /* in the same way */
    uint64_t size;               /* bytes of its items and entries */
    quipu_result result;
    int64_t deadline;
    struct quipu_observer_call *observed;
};

/* ---------------------------------------------------------------- observing */

static void begin_observing(const struct attempt *attempt)
{
    const struct quipu_append_call *call = attempt->call;
    const quipu_append *append = &attempt->append;
    struct quipu_observer_call *observed = attempt->observed;

    if (!quipu_observer_wanted(observed)) {
        return;
    }
    quipu_observer_init(observed,
                        call->work->function ? QUIPU_OPERATION_TRANSACT
                                             : QUIPU_OPERATION_APPEND,
                        call->datastore->metrics);
    observed->info.items = append->item_count;
    observed->info.bytes = attempt->size;
    if (call->records) {
        observed->info.schema = call->records->schema->table;
    }
    if (append->tracking) {
        observed->info.consumer = append->tracking->consumer;
    }
    if (append->item_count > 0) {
        quipu_observer_trace(observed, &append->items[0]);
    }
    quipu_observer_begin(observed);
}

/* The driver was called at that time, with `group` requests, or is called
 * now. */
static void observe_queued(struct quipu_observer_call *observed,
                           int64_t driver_time, size_t group)
{
    if (observed->is_on) {
        if (driver_time == 0) {
            driver_time = quipu_clock_now();
        }
        observed->info.queued_nanoseconds = driver_time - observed->begin;
        observed->info.group = (uint32_t)group;
    }
}

static void end_observing(const struct attempt *attempt, int status)
{
    struct quipu_observer_call *observed = attempt->observed;

    if (observed->is_on) {
        observed->info.cause = attempt->result.cause;
        observed->info.result_flags = attempt->result.flags;
        quipu_observer_finish(observed, status);
    }
}

/* ----------------------------------------------------------------- checking */

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

/* Only a transaction may be without items, guards, tracking and entries. */
static int check_not_empty(const struct attempt *attempt, quipu_error *error)
{
    const quipu_append *append = &attempt->append;

    if (append->item_count > 0 || append->guard_count > 0 || append->tracking ||
        attempt->conditions.entry_count > 0 || attempt->call->work->function) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "the append is empty: it has no items, no "
                           "guards, no tracking and no entries");
}

/* Copies the caller's structs; without conditions, attempt->conditions is
 * empty. */
static int take(struct attempt *attempt, const quipu_append *given,
                quipu_error *error)
{
    quipu_append *append = &attempt->append;
    int status =
        quipu_struct_take(append, sizeof(*append), given, "append", error);

    if (status == QUIPU_OK && append->conditions) {
        status =
            quipu_struct_take(&attempt->conditions, sizeof(attempt->conditions),
                              append->conditions, "append: conditions", error);
        append->conditions = &attempt->conditions;
    }
    return status;
}

static int prepare(struct attempt *attempt, const quipu_append *given,
                   quipu_error *error)
{
    const struct quipu_append_call *call = attempt->call;
    int status = take(attempt, given, error);

    if (status == QUIPU_OK) {
        status = check_not_empty(attempt, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_validate_append(call->datastore, call->records,
                                       &attempt->append, &attempt->size,
                                       &attempt->result, error);
    }
    if (status == QUIPU_OK && attempt->append.conditions) {
        status = quipu_conditions_validate(
            call, &attempt->append, &attempt->size, &attempt->result, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_datastore_writable(call->datastore, error);
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

/*
 * Executes the append and the function in one transaction.  A status of the
 * function is passed to the caller unchanged, also if it is no code of quipu. A
 * status of the driver has to be one that the contract allows.
 *
 * A transaction with items or guards waits for its turn among the appends, so
 * that these are served in order of arrival.  One without, as a projection
 * makes it, concerns no sequence: where the store can, it runs beside appends,
 * and elsewhere the driver makes one of them wait.
 */
static int transact(struct attempt *attempt, const quipu_request *request,
                    quipu_error *error)
{
    quipu_datastore *datastore = attempt->call->datastore;
    struct quipu_append_work *work = attempt->call->work;
    struct quipu_datastore_transaction transaction;
    const bool queues = request->item_count > 0 || request->guard_count > 0;
    quipu_error cause;
    int status = queues
                     ? quipu_commit_begin(datastore, attempt->deadline, error)
                     : QUIPU_OK;

    observe_queued(attempt->observed, 0, 0);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_status_begin(&cause);
    quipu_datastore_begin(&transaction, datastore);
    status = datastore->driver->transact(datastore->handle, request, run_work,
                                         work, &attempt->result,
                                         attempt->deadline, &cause);
    quipu_datastore_end(&transaction);
    if (queues) {
        quipu_commit_end(datastore);
    }
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

    int status = quipu_commit(attempt->call->datastore, &own);

    observe_queued(attempt->observed, own.driver_time, own.group);
    return status;
}

static int execute(struct attempt *attempt, quipu_error *error)
{
    const struct quipu_append_call *call = attempt->call;
    const quipu_append *append = &attempt->append;
    bool alone = !call->work->function;
    quipu_request request = {
        .schema = call->records ? call->records->bound : NULL,
        .items = append->items,
        .item_count = append->item_count,
        .guards = append->guards,
        .guard_count = append->guard_count,
        .tracking = append->tracking,
        .condition = append->conditions,
    };

    attempt->deadline = quipu_datastore_deadline(call->datastore);
    if (call->deadline > 0 && call->deadline < attempt->deadline) {
        attempt->deadline = call->deadline;
    }
    int status = alone ? commit(attempt, &request, error)
                       : transact(attempt, &request, error);

    if (status != QUIPU_OK) {
        return status;
    }
    return quipu_conflict_message_set(
        call, append, alone ? QUIPU_CALL_APPEND : QUIPU_CALL_TRANSACT,
        &attempt->result, error);
}

int quipu_append_execute(const struct quipu_append_call *call,
                         const quipu_append *given, quipu_result *result,
                         quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    struct quipu_observer_call observed;
    struct attempt attempt = { .call = call, .observed = &observed };
    int status = check_result(result, error);

    if (status != QUIPU_OK) {
        return status;
    }
    attempt.result.positions = result ? result->positions : NULL;
    status = prepare(&attempt, given, error);
    if (status == QUIPU_OK) {
        begin_observing(&attempt);
        status = execute(&attempt, error);
        end_observing(&attempt, status);
    }
    if (result) {
        *result = attempt.result;
        result->status = status;
    }
    return status;
}

int quipu_append_transact(const struct quipu_append_call *call,
                          const quipu_append *given, quipu_result *result,
                          quipu_error *error)
{
    if (!call->work->function) {
        return quipu_argument_missing("work", error);
    }
    int status = quipu_driver_call_supported(
        call->datastore, QUIPU_CALL_TRANSACT, call->datastore->driver->transact,
        QUIPU_CAN_TRANSACT, error);

    if (status != QUIPU_OK) {
        return status;
    }
    return quipu_append_execute(call, given, result, error);
}

/* ------------------------------------------------ appends without a schema */

static int enter_without_schema(const quipu_datastore *datastore,
                                quipu_error *error)
{
    int status = quipu_datastore_enter(datastore, error);

    if (status == QUIPU_OK &&
        !(datastore->opened.capabilities & QUIPU_CAN_ENTRIES)) {
        status = quipu_error_set(error, QUIPU_UNSUPPORTED,
                                 "driver \"%s\" keeps no key-value entries, "
                                 "and takes no append without a schema",
                                 datastore->driver->name);
    }
    return status;
}

int quipu_datastore_commit(quipu_datastore *datastore,
                           const quipu_append *append, quipu_result *result,
                           quipu_error *error)
{
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = { .datastore = datastore,
                                            .work = &none };
    int status = enter_without_schema(datastore, error);

    return status == QUIPU_OK
               ? quipu_append_execute(&call, append, result, error)
               : status;
}

int quipu_datastore_transact(quipu_datastore *datastore,
                             const quipu_append *append, quipu_work work,
                             void *context, quipu_result *result,
                             quipu_error *error)
{
    struct quipu_append_work in_transaction = { .function = work,
                                                .context = context };
    const struct quipu_append_call call = { .datastore = datastore,
                                            .work = &in_transaction };
    int status = enter_without_schema(datastore, error);

    return status == QUIPU_OK
               ? quipu_append_transact(&call, append, result, error)
               : status;
}
