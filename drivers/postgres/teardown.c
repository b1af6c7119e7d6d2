/* SPDX-License-Identifier: Apache-2.0 */
/* Tearing down schemas. */
#include "change.h"
#include "operations.h"

/* The head first: appends under way hold it, and who waits for it finds it
 * gone. */
static int remove_schema(struct change *change)
{
    int status = quipu_postgres_change_run_numbered(change, SQL_HEAD_REMOVE);
    if (status == QUIPU_OK) {
        status = quipu_postgres_change_run_numbered(change, SQL_SCHEMA_REMOVE);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_change_run_numbered(change, SQL_COLUMNS_REMOVE);
    }
    return status == QUIPU_OK ? quipu_postgres_relation_clear(change) : status;
}

int quipu_postgres_teardown(quipu_driver_datastore *datastore,
                            const quipu_schema *schema, int64_t deadline,
                            quipu_error *error)
{
    if (datastore->readonly) {
        return quipu_postgres_refuse_readonly(datastore, error);
    }
    return quipu_postgres_change(datastore, schema, deadline, QUIPU_OK,
                                 remove_schema, error);
}
