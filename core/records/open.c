/* SPDX-License-Identifier: Apache-2.0 */
/* Opens a datastore by its URI. */
#include <quipu/datastore.h>

#include <quipu/drivers.h>
#include <quipu/memory.h>

#include "base/error.h"
#include "base/memory.h"
#include "driver/host.h"
#include "records/calls.h"
#include "records/handles.h"
#include "records/opening.h"
#include "records/process.h"

/* F1: what every store holds at least. */
#define STATE_SIZE_LEAST (UINT64_C(16) << 20)
#define APPEND_ITEMS_LEAST UINT64_C(100000)
#define APPEND_SIZE_LEAST (UINT64_C(256) << 20)

static void destroy(quipu_datastore *datastore)
{
    if (datastore) {
        quipu_queue_destroy(datastore->queue);
        quipu_release(datastore->name_space);
        quipu_release(datastore->uri);
        quipu_release(datastore);
    }
}

/* A datastore of nothing but the texts and the queue; false: no memory. */
static bool fill(quipu_datastore *datastore, const char *uri,
                 const struct quipu_opening *opening)
{
    datastore->uri = quipu_uri_redact(uri);
    datastore->name_space = quipu_text_copy(opening->how.name_space);
    if (opening->group > 1) {
        datastore->queue = quipu_queue_create(opening->group, opening->timeout);
    }
    return datastore->uri && datastore->name_space &&
           (datastore->queue || opening->group == 1);
}

/* All that needs memory, before the driver is asked. */
static quipu_datastore *create(const quipu_driver *driver, const char *uri,
                               const struct quipu_opening *opening)
{
    quipu_datastore *datastore = quipu_allocate_zeroed(sizeof(*datastore));

    if (!datastore) {
        return NULL;
    }
    datastore->driver = driver;
    datastore->generation = quipu_process_generation();
    datastore->flags = opening->how.flags;
    datastore->timeout = opening->timeout;
    if (!fill(datastore, uri, opening)) {
        destroy(datastore);
        return NULL;
    }
    return datastore;
}

static int check_opened(const quipu_datastore *datastore, quipu_error *error)
{
    const quipu_limits *limits = &datastore->opened.limits;

    if (!datastore->handle) {
        return quipu_call_broken(datastore->driver, QUIPU_CALL_OPEN,
                                 "gave no datastore", error);
    }
    if (limits->state_size < STATE_SIZE_LEAST ||
        limits->append_items < APPEND_ITEMS_LEAST ||
        limits->append_size < APPEND_SIZE_LEAST) {
        datastore->driver->close(datastore->handle);
        return quipu_call_broken(datastore->driver, QUIPU_CALL_OPEN,
                                 "its limits are below the least that every "
                                 "store has",
                                 error);
    }
    return QUIPU_OK;
}

static int call_driver(quipu_datastore *datastore, const quipu_open *how,
                       quipu_error *error)
{
    const quipu_driver *driver = datastore->driver;
    quipu_error said;
    int status;

    quipu_call_prepare(&said);
    datastore->opened.struct_size = sizeof(datastore->opened);
    status = driver->open(quipu_host_table(), how, quipu_deadline_of(datastore),
                          &datastore->handle, &datastore->opened, &said);
    if (status == QUIPU_OK) {
        return check_opened(datastore, error);
    }
    return quipu_call_answer(driver, QUIPU_CALL_OPEN, status, &said, error);
}

static int open_with(const struct quipu_opening *opening, const char *uri,
                     quipu_datastore **out, quipu_error *error)
{
    const quipu_driver *driver;
    quipu_datastore *datastore;
    int status = quipu_drivers_find(opening->how.scheme, &driver, error);

    if (status == QUIPU_OK) {
        status = quipu_opening_check(opening, driver, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_process_watch(error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    datastore = create(driver, uri, opening);
    status = datastore ? call_driver(datastore, &opening->how, error)
                       : quipu_error_no_memory(error);
    if (status != QUIPU_OK) {
        destroy(datastore);
        return status;
    }
    *out = datastore;
    return QUIPU_OK;
}

int quipu_datastore_open(const char *uri, const quipu_settings *settings,
                         quipu_datastore **datastore, quipu_error *error)
{
    struct quipu_opening opening;
    int status;

    if (!uri) {
        return quipu_argument_missing("uri", error);
    }
    if (!datastore) {
        return quipu_argument_missing("datastore", error);
    }
    status = quipu_opening_init(&opening, uri, settings, error);
    if (status == QUIPU_OK) {
        status = open_with(&opening, uri, datastore, error);
    }
    quipu_opening_finish(&opening);
    return status;
}
