/* SPDX-License-Identifier: Apache-2.0 */
/* The listing of the logs of all namespaces. */
#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "records/rows.h"

struct quipu_logs {
    struct quipu_rows rows; /* of quipu_log */
};

static int open_listing(quipu_datastore *datastore, quipu_logs **out,
                        quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_logs *logs = quipu_allocate(sizeof(*logs));
    quipu_error cause;

    if (!logs) {
        return quipu_error_no_memory(error);
    }
    quipu_rows_init(&logs->rows, datastore, NULL);
    quipu_rows_opening(&logs->rows, NULL, &cause);
    /* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): checked before. */
    int status = datastore->driver->list_logs(
        datastore->handle, quipu_datastore_deadline(datastore),
        &logs->rows.handle, &cause);

    status = quipu_rows_opened(&logs->rows, QUIPU_CALL_LIST_LOGS, status,
                               &cause, error);
    if (status != QUIPU_OK) {
        quipu_logs_close(logs);
        return status;
    }
    *out = logs;
    return QUIPU_OK;
}

int quipu_logs_open(quipu_datastore *datastore, quipu_logs **logs,
                    quipu_error *error)
{
    int status = quipu_datastore_enter_store(datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_driver_call_supported(datastore, QUIPU_CALL_LIST_LOGS,
                                             datastore->driver->list_logs,
                                             UINT32_MAX, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (!logs) {
        return quipu_argument_missing("logs", error);
    }
    return open_listing(datastore, logs, error);
}

int quipu_logs_next(quipu_logs *logs, const quipu_log **log, quipu_error *error)
{
    const void *row;

    if (!logs || !log) {
        return quipu_argument_missing(logs ? "log" : "logs", error);
    }
    int status = quipu_rows_next(&logs->rows, sizeof(**log), &row, error);

    if (status == QUIPU_OK) {
        *log = row;
    }
    return status;
}

void quipu_logs_close(quipu_logs *logs)
{
    if (logs && quipu_rows_finish(&logs->rows)) {
        quipu_release(logs);
    }
}
