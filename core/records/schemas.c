/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listing of a datastore's schemas, from its catalogue, by table name.
 *
 * quipu_schema grows at its end, and the driver may have been compiled with
 * another version of it than the core.  Therefore a driver lends schemas one at
 * a time instead of in arrays, and each is copied into a struct of this
 * version's size before the program gets it.
 */
#include "base/cancellation.h"
#include "base/memory.h"
#include "base/status.h"
#include "base/structs.h"
#include "records/rows.h"

struct quipu_schemas {
    struct quipu_rows rows; /* of the driver's quipu_schema */
    quipu_schema schema;    /* the current one, in this version's size */
};

static int open_listing(quipu_datastore *datastore, quipu_schemas **out,
                        quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    quipu_schemas *schemas = quipu_allocate(sizeof(*schemas));
    quipu_error cause;

    if (!schemas) {
        return quipu_error_no_memory(error);
    }
    quipu_rows_init(&schemas->rows, datastore, NULL);
    quipu_rows_opening(&schemas->rows, NULL, &cause);
    int status = datastore->driver->list_schemas(
        datastore->handle, quipu_datastore_deadline(datastore),
        &schemas->rows.handle, &cause);

    status = quipu_rows_opened(&schemas->rows, QUIPU_CALL_LIST_SCHEMAS, status,
                               &cause, error);
    if (status != QUIPU_OK) {
        quipu_schemas_close(schemas);
        return status;
    }
    *out = schemas;
    return QUIPU_OK;
}

int quipu_schemas_open(quipu_datastore *datastore, quipu_schemas **schemas,
                       quipu_error *error)
{
    int status = quipu_datastore_enter(datastore, error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!schemas) {
        return quipu_argument_missing("schemas", error);
    }
    return open_listing(datastore, schemas, error);
}

/* Copies the schema that the driver lent. */
static int take_row(quipu_schemas *schemas, const void *row, quipu_error *error)
{
    const char *fault = NULL;

    if (schemas->rows.left > 0) {
        fault = "lent several schemas at once";
    } else if (quipu_struct_take(&schemas->schema, sizeof(schemas->schema), row,
                                 "schema", NULL) != QUIPU_OK) {
        fault = "lent a schema with a wrong struct_size";
    }
    if (fault) {
        schemas->rows.state = QUIPU_ROWS_FAILED;
        return quipu_driver_call_broken(schemas->rows.datastore->driver,
                                        QUIPU_CALL_STEP, fault, error);
    }
    return QUIPU_OK;
}

int quipu_schemas_next(quipu_schemas *schemas, const quipu_schema **schema,
                       quipu_error *error)
{
    const void *row;

    if (!schemas || !schema) {
        return quipu_argument_missing(schemas ? "schema" : "schemas", error);
    }
    int status = quipu_rows_next(&schemas->rows, sizeof(**schema), &row, error);

    if (status == QUIPU_OK && row) {
        status = take_row(schemas, row, error);
    }
    if (status == QUIPU_OK) {
        *schema = row ? &schemas->schema : NULL;
    }
    return status;
}

void quipu_schemas_close(quipu_schemas *schemas)
{
    if (schemas && quipu_rows_finish(&schemas->rows)) {
        quipu_release(schemas);
    }
}
