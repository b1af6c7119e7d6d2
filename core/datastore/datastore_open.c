/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens a datastore by its URI.
 *
 * The order of the steps: parse the URI and the settings (open_options.c), find
 * the driver, check the options against those that it publishes, allocate all
 * memory, and call the driver last.  After the driver's `open` has succeeded
 * nothing can fail but the checks of its results, so that an opened store never
 * has to be closed for lack of memory.
 */
#include <quipu/drivers.h>

#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "datastore/datastore.h"
#include "datastore/driver_call.h"
#include "datastore/open_options.h"
#include "driver/host.h"

/* The limits that every store has at least (F1). */
#define STATE_SIZE_LEAST (UINT64_C(16) << 20)
#define APPEND_ITEMS_LEAST UINT64_C(100000)
#define APPEND_SIZE_LEAST (UINT64_C(256) << 20)

/* Sets the texts and the queue.  Returns false if there is no memory. */
static bool allocate_members(quipu_datastore *datastore, const char *uri,
                             const struct quipu_open_options *options)
{
    datastore->uri = quipu_uri_redact(uri);
    datastore->name_space = quipu_text_copy(options->how.name_space);
    if (options->group > 1) {
        datastore->queue =
            quipu_commit_queue_create(options->group, options->timeout);
    }
    return datastore->uri && datastore->name_space &&
           (datastore->queue || options->group == 1);
}

/* Creates a datastore without a driver's handle; NULL: no memory. */
static quipu_datastore *create(const quipu_driver *driver, const char *uri,
                               const struct quipu_open_options *options)
{
    quipu_datastore *datastore = quipu_allocate_zeroed(sizeof(*datastore));

    if (!datastore) {
        return NULL;
    }
    datastore->driver = driver;
    datastore->metrics = quipu_metrics_of(driver->name);
    datastore->generation = quipu_datastore_generation();
    datastore->flags = options->how.flags;
    datastore->timeout = options->timeout;
    if (!allocate_members(datastore, uri, options)) {
        quipu_datastore_destroy(datastore);
        return NULL;
    }
    return datastore;
}

/* Checks the results of a driver's `open`; closes the store if it is refused.
 */
static int check_opened(const quipu_datastore *datastore, quipu_error *error)
{
    const quipu_limits *limits = &datastore->opened.limits;

    if (!datastore->handle) {
        return quipu_driver_call_broken(datastore->driver, QUIPU_CALL_OPEN,
                                        "gave no datastore", error);
    }
    if (limits->state_size < STATE_SIZE_LEAST ||
        limits->append_items < APPEND_ITEMS_LEAST ||
        limits->append_size < APPEND_SIZE_LEAST) {
        datastore->driver->close(datastore->handle);
        return quipu_driver_call_broken(datastore->driver, QUIPU_CALL_OPEN,
                                        "its limits are below the minimum for "
                                        "every store (F1)",
                                        error);
    }
    return QUIPU_OK;
}

static int call_driver(quipu_datastore *datastore, const quipu_open *how,
                       quipu_error *error)
{
    const quipu_driver *driver = datastore->driver;
    quipu_error cause;

    if ((how->flags & QUIPU_OPEN_ALL_NAMESPACES) != 0 && !driver->list_logs) {
        return quipu_driver_call_supported(datastore, QUIPU_CALL_LIST_LOGS,
                                           false, 0, error);
    }
    quipu_status_begin(&cause);
    datastore->opened.struct_size = sizeof(datastore->opened);
    int status = driver->open(quipu_host_table(), how,
                              quipu_datastore_deadline(datastore),
                              &datastore->handle, &datastore->opened, &cause);

    if (status == QUIPU_OK) {
        return check_opened(datastore, error);
    }
    return quipu_driver_call_end(driver, QUIPU_CALL_OPEN, status, &cause,
                                 error);
}

static int open_with(const struct quipu_open_options *options, const char *uri,
                     quipu_datastore **out, quipu_error *error)
{
    const quipu_driver *driver;
    int status = quipu_drivers_find(options->how.scheme, &driver, error);

    if (status == QUIPU_OK) {
        status = quipu_open_options_check(options, driver, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_datastore_watch_forks(error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_datastore *datastore = create(driver, uri, options);

    status = datastore ? call_driver(datastore, &options->how, error)
                       : quipu_error_no_memory(error);
    if (status != QUIPU_OK) {
        quipu_datastore_destroy(datastore);
        return status;
    }
    *out = datastore;
    return QUIPU_OK;
}

int quipu_datastore_open(const char *uri, const quipu_settings *settings,
                         quipu_datastore **datastore, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    struct quipu_open_options options;

    if (!uri) {
        return quipu_argument_missing("uri", error);
    }
    if (!datastore) {
        return quipu_argument_missing("datastore", error);
    }
    int status = quipu_open_options_init(&options, uri, settings, error);

    if (status == QUIPU_OK) {
        status = open_with(&options, uri, datastore, error);
    }
    quipu_open_options_finish(&options);
    return status;
}
