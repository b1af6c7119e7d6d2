/* SPDX-License-Identifier: Apache-2.0 */
/* Appends, alone or in one transaction with work of the program's own. */
#include <quipu/error.h>
#include <quipu/records.h>

#include "base/structs.h"
#include "records/calls.h"
#include "records/check.h"
#include "records/commit.h"
#include "records/handles.h"
#include "records/refusal.h"

/* The program's part of a transaction, and what became of it. */
struct work {
    quipu_work function; /* NULL: an append alone */
    void *context;
    int status;
};

/* An append on its way. */
struct way {
    quipu_records *records;
    quipu_append append;
    uint64_t size; /* bytes of its items */
    quipu_result result;
    struct work work;
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

static int prepare(struct way *way, const quipu_append *append,
                   quipu_error *error)
{
    quipu_records *records = way->records;
    int status = quipu_struct_take(&way->append, sizeof(way->append), append,
                                   "append", error);

    if (status == QUIPU_OK) {
        status = quipu_check_append(records, &way->append, way->work.function,
                                    &way->size, &way->result, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_datastore_writable(records->datastore, error);
    }
    return status;
}

/* Remembers what the program's function answers: that alone may come back
 * from the driver beside the codes of its own. */
static int run_work(void *native, void *context, quipu_error *error)
{
    struct work *work = context;

    work->status = work->function(native, work->context, error);
    return work->status;
}

static int transact(struct way *way, const quipu_request *request,
                    int64_t deadline, quipu_error *error)
{
    quipu_datastore *datastore = way->records->datastore;
    struct work *work = &way->work;
    quipu_error said;
    int status = quipu_commit_begin(datastore, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_call_prepare(&said);
    status = datastore->driver->transact(datastore->handle, request, run_work,
                                         work, &way->result, deadline, &said);
    quipu_commit_end(datastore);
    if (status != QUIPU_OK && status == work->status) {
        return quipu_call_worked(status, &said, error);
    }
    return quipu_call_answer(datastore->driver, QUIPU_CALL_TRANSACT, status,
                             &said, error);
}

static int go(struct way *way, quipu_error *error)
{
    quipu_records *records = way->records;
    int64_t deadline = quipu_deadline_of(records->datastore);
    bool alone = !way->work.function;
    quipu_request request = { .schema = records->bound,
                              .items = way->append.items,
                              .item_count = way->append.item_count,
                              .guards = way->append.guards,
                              .guard_count = way->append.guard_count,
                              .tracking = way->append.tracking };
    int status = alone ? quipu_commit(records->datastore, &request, way->size,
                                      &way->result, deadline, error)
                       : transact(way, &request, deadline, error);

    if (status != QUIPU_OK) {
        return status;
    }
    return quipu_refusal_explain(
        records, &way->append, alone ? QUIPU_CALL_APPEND : QUIPU_CALL_TRANSACT,
        &way->result, error);
}

static int append_with(struct way *way, const quipu_append *append,
                       quipu_result *result, quipu_error *error)
{
    int status = check_result(result, error);

    if (status != QUIPU_OK) {
        return status;
    }
    way->result.positions = result ? result->positions : NULL;
    status = prepare(way, append, error);
    if (status == QUIPU_OK) {
        status = go(way, error);
    }
    if (result) {
        *result = way->result;
        result->status = status;
    }
    return status;
}

int quipu_records_append(quipu_records *records, const quipu_append *append,
                         quipu_result *result, quipu_error *error)
{
    struct way way = { .records = records };
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    return append_with(&way, append, result, error);
}

int quipu_records_transact(quipu_records *records, const quipu_append *append,
                           quipu_work work, void *context, quipu_result *result,
                           quipu_error *error)
{
    struct way way = { .records = records,
                       .work = { .function = work, .context = context } };
    int status = quipu_records_enter(records, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!work) {
        return quipu_argument_missing("work", error);
    }
    status = quipu_call_possible(records->datastore, QUIPU_CALL_TRANSACT,
                                 records->datastore->driver->transact,
                                 QUIPU_CAN_TRANSACT, error);
    if (status != QUIPU_OK) {
        return status;
    }
    return append_with(&way, append, result, error);
}
