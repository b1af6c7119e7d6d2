/* SPDX-License-Identifier: Apache-2.0 */
/* What a program does with a datastore once it is open. */
#include <quipu/datastore.h>

#include <quipu/error.h>
#include <quipu/memory.h>

#include "base/structs.h"
#include "records/calls.h"
#include "records/handles.h"
#include "records/schemas.h"

int quipu_datastore_close(quipu_datastore *datastore, quipu_error *error)
{
    size_t children;
    int status;

    if (!datastore) {
        return QUIPU_OK;
    }
    status = quipu_datastore_enter(datastore, error);
    if (status != QUIPU_OK) {
        return status;
    }
    children = atomic_load(&datastore->children);
    if (children > 0) {
        return quipu_children_open("the datastore", children, error);
    }
    datastore->driver->close(datastore->handle);
    quipu_queue_destroy(datastore->queue);
    quipu_release(datastore->name_space);
    quipu_release(datastore->uri);
    quipu_release(datastore);
    return QUIPU_OK;
}

void quipu_datastore_interrupt(quipu_datastore *datastore)
{
    if (!datastore || !quipu_datastore_is_ours(datastore)) {
        return;
    }
    /* First the count: a wait that the driver wakes must see it. */
    atomic_fetch_add(&datastore->interrupted, 1);
    datastore->driver->interrupt(datastore->handle);
}

/* What set-up and tear-down have in common. */
typedef int (*schema_call)(quipu_driver_datastore *datastore,
                           const quipu_schema *schema, int64_t deadline,
                           quipu_error *error);

static int call_with_schema(quipu_datastore *datastore, enum quipu_call call,
                            schema_call function, const quipu_schema *given,
                            quipu_error *error)
{
    quipu_schema schema;
    quipu_error said;
    int status = quipu_schema_take(&schema, given, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_call_prepare(&said);
    status = function(datastore->handle, &schema, quipu_deadline_of(datastore),
                      &said);
    return quipu_call_answer(datastore->driver, call, status, &said, error);
}

int quipu_datastore_setup(quipu_datastore *datastore,
                          const quipu_schema *schema, quipu_error *error)
{
    int status = quipu_datastore_enter(datastore, error);

    if (status != QUIPU_OK) {
        return status;
    }
    return call_with_schema(datastore, QUIPU_CALL_SETUP,
                            datastore->driver->setup, schema, error);
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
