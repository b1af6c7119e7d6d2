/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations on an open datastore: set-up, alteration and tear-down of schemas,
 * interrupt, description, closing.  datastore_open.c opens one.
 */
#include "datastore/datastore.h"

#include <pthread.h>

#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"
#include "datastore/driver_call.h"
#include "datastore/schema.h"

/* ------------------------------------------------------- checks of each call
 */

atomic_uint quipu_datastore_forks;

static void count_fork(void)
{
    atomic_fetch_add_explicit(&quipu_datastore_forks, 1, memory_order_relaxed);
}

int quipu_datastore_watch_forks(quipu_error *error)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool watching;
    int failed = 0;

    pthread_mutex_lock(&lock);
    if (!watching) {
        failed = pthread_atfork(NULL, NULL, count_fork);
        watching = failed == 0;
    }
    pthread_mutex_unlock(&lock);
    if (failed) {
        return quipu_error_set(error, QUIPU_NO_MEMORY,
                               "no memory for a handler of forks");
    }
    return QUIPU_OK;
}

static _Thread_local const struct quipu_datastore_transaction *innermost;

void quipu_datastore_begin(struct quipu_datastore_transaction *transaction,
                           const quipu_datastore *datastore)
{
    *transaction = (struct quipu_datastore_transaction){ datastore, innermost };
    innermost = transaction;
}

void quipu_datastore_end(const struct quipu_datastore_transaction *transaction)
{
    innermost = transaction->outer;
}

static bool is_inside(const quipu_datastore *datastore)
{
    const struct quipu_datastore_transaction *at = innermost;

    while (at && at->datastore != datastore) {
        at = at->outer;
    }
    return at;
}

int quipu_datastore_enter(const quipu_datastore *datastore, quipu_error *error)
{
    int status = quipu_datastore_enter_store(datastore, error);

    if (status == QUIPU_OK &&
        (datastore->flags & QUIPU_OPEN_ALL_NAMESPACES) != 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "\"%s\" was opened with namespace=*, which "
                               "only lists the namespaces; open the one that "
                               "is meant",
                               datastore->uri);
    }
    return status;
}

int quipu_datastore_enter_store(const quipu_datastore *datastore,
                                quipu_error *error)
{
    if (!datastore) {
        return quipu_argument_missing("datastore", error);
    }
    if (!quipu_datastore_is_ours(datastore)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the datastore belongs to the process that "
                               "opened it; after fork the child opens its "
                               "own");
    }
    if (is_inside(datastore)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "\"%s\" was called from the function inside its "
                               "own transaction; use the native handle there",
                               datastore->uri);
    }
    return QUIPU_OK;
}

int quipu_datastore_writable(const quipu_datastore *datastore,
                             quipu_error *error)
{
    if (datastore->flags & QUIPU_OPEN_READONLY) {
        return quipu_error_set(error, QUIPU_DENIED,
                               "the datastore was opened readonly");
    }
    return QUIPU_OK;
}

int quipu_datastore_check_children(const atomic_size_t *children,
                                   const char *name, quipu_error *error)
{
    size_t count = atomic_load(children);

    if (count > 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s cannot be closed: %zu opened from it %s "
                               "still open; close what was opened later first",
                               name, count, count == 1 ? "is" : "are");
    }
    return QUIPU_OK;
}

/* ------------------------------------------------------------------ closing */

void quipu_datastore_destroy(quipu_datastore *datastore)
{
    if (datastore) {
        quipu_commit_queue_destroy(datastore->queue);
        quipu_release(datastore->name_space);
        quipu_release(datastore->uri);
        quipu_release(datastore);
    }
}

int quipu_datastore_close(quipu_datastore *datastore, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    if (!datastore) {
        return QUIPU_OK;
    }
    int status = quipu_datastore_enter_store(datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_check_children(&datastore->children,
                                                "the datastore", error);
    }
    if (status == QUIPU_OK) {
        datastore->driver->close(datastore->handle);
        quipu_datastore_destroy(datastore);
    }
    return status;
}

void quipu_datastore_interrupt(quipu_datastore *datastore)
{
    QUIPU_UNCANCELLABLE;
    if (!datastore || !quipu_datastore_is_ours(datastore)) {
        return;
    }
    /* The count is raised first, so that a wait which the driver wakes finds it
     * changed (wait.c). */
    atomic_fetch_add(&datastore->interrupted, 1);
    datastore->driver->interrupt(datastore->handle);
}

/* ------------------------------------------------------ set-up and tear-down
 */

/* The type of a driver's setup, alter and teardown. */
typedef int (*schema_operation)(quipu_driver_datastore *datastore,
                                const quipu_schema *schema, int64_t deadline,
                                quipu_error *error);

static int call_with_schema(quipu_datastore *datastore, enum quipu_call call,
                            schema_operation operation,
                            const quipu_schema *given, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_schema schema;
    quipu_error cause;
    int status = quipu_schema_take(&schema, given, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_status_begin(&cause);
    status = operation(datastore->handle, &schema,
                       quipu_datastore_deadline(datastore), &cause);
    return quipu_driver_call_end(datastore->driver, call, status, &cause,
                                 error);
}

int quipu_datastore_setup(quipu_datastore *datastore,
                          const quipu_schema *schema, quipu_error *error)
{
    int status = quipu_datastore_enter(datastore, error);

    if (status != QUIPU_OK) {
        return status;
    }
    /* Also if it was opened readonly: setting up a schema that exists writes
     * nothing (F4), and the driver refuses to create one. */
    return call_with_schema(datastore, QUIPU_CALL_SETUP,
                            datastore->driver->setup, schema, error);
}

int quipu_datastore_alter(quipu_datastore *datastore,
                          const quipu_schema *schema, quipu_error *error)
{
    int status = quipu_datastore_enter(datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_writable(datastore, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_driver_call_supported(datastore, QUIPU_CALL_ALTER,
                                             datastore->driver->alter,
                                             UINT32_MAX, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    return call_with_schema(datastore, QUIPU_CALL_ALTER,
                            datastore->driver->alter, schema, error);
}

int quipu_datastore_teardown(quipu_datastore *datastore,
                             const quipu_schema *schema, quipu_error *error)
{
    int status = quipu_datastore_enter(datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_writable(datastore, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    return call_with_schema(datastore, QUIPU_CALL_TEARDOWN,
                            datastore->driver->teardown, schema, error);
}

/* -------------------------------------------------------------- description */

int quipu_datastore_describe(const quipu_datastore *datastore,
                             quipu_datastore_info *given, quipu_error *error)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    int status = quipu_datastore_enter(datastore, error);

    if (status != QUIPU_OK) {
        return status;
    }
    info.capabilities = datastore->opened.capabilities;
    info.identity = datastore->opened.identity;
    info.limits = datastore->opened.limits;
    info.uri = datastore->uri;
    info.driver = datastore->driver->name;
    info.driver_version = datastore->driver->version;
    info.library = datastore->driver->library();
    info.name_space = datastore->name_space;
    info.readonly = (datastore->flags & QUIPU_OPEN_READONLY) != 0;
    info.relaxed = (datastore->flags & QUIPU_OPEN_RELAXED) != 0;
    return quipu_struct_give(given, &info, sizeof(info), "info", error);
}
