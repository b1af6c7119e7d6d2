/* SPDX-License-Identifier: Apache-2.0 */
/* Binds a schema of a datastore, and lets it go. */
#include <quipu/records.h>

#include <quipu/memory.h>

#include "base/error.h"
#include "base/memory.h"
#include "records/calls.h"
#include "records/handles.h"
#include "records/schemas.h"

static int bind_schema(quipu_records *records, quipu_error *error)
{
    quipu_datastore *datastore = records->datastore;
    const quipu_driver *driver = datastore->driver;
    quipu_error said;
    int status;

    quipu_call_prepare(&said);
    status = driver->bind(datastore->handle, records->schema,
                          quipu_deadline_of(datastore), &records->bound, &said);
    if (status == QUIPU_OK && !records->bound) {
        return quipu_call_broken(driver, QUIPU_CALL_BIND,
                                 "gave no bound schema", error);
    }
    return quipu_call_answer(driver, QUIPU_CALL_BIND, status, &said, error);
}

static int records_make(quipu_datastore *datastore, const quipu_schema *schema,
                        quipu_records **out, quipu_error *error)
{
    quipu_records *records = quipu_allocate_zeroed(sizeof(*records));
    int status;

    if (!records) {
        return quipu_error_no_memory(error);
    }
    records->datastore = datastore;
    records->schema = quipu_schema_copy(schema);
    status = records->schema ? bind_schema(records, error)
                             : quipu_error_no_memory(error);
    if (status != QUIPU_OK) {
        quipu_release(records->schema);
        quipu_release(records);
        return status;
    }
    atomic_fetch_add(&datastore->children, 1);
    *out = records;
    return QUIPU_OK;
}

int quipu_records_open(quipu_datastore *datastore, const quipu_schema *given,
                       quipu_records **records, quipu_error *error)
{
    quipu_schema schema;
    int status = quipu_datastore_enter(datastore, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!records) {
        return quipu_argument_missing("records", error);
    }
    status = quipu_schema_take(&schema, given, error);
    if (status != QUIPU_OK) {
        return status;
    }
    return records_make(datastore, &schema, records, error);
}

int quipu_records_close(quipu_records *records, quipu_error *error)
{
    quipu_datastore *datastore;
    size_t children;
    int status;

    if (!records) {
        return QUIPU_OK;
    }
    status = quipu_records_enter(records, error);
    if (status != QUIPU_OK) {
        return status;
    }
    children = atomic_load(&records->children);
    if (children > 0) {
        return quipu_children_open("records", children, error);
    }
    datastore = records->datastore;
    datastore->driver->unbind(datastore->handle, records->bound);
    atomic_fetch_sub(&datastore->children, 1);
    quipu_release(records->schema);
    quipu_release(records);
    return QUIPU_OK;
}

const quipu_schema *quipu_records_schema(const quipu_records *records)
{
    return records ? records->schema : NULL;
}

quipu_datastore *quipu_records_datastore(const quipu_records *records)
{
    return records ? records->datastore : NULL;
}
