/* SPDX-License-Identifier: Apache-2.0 */
/* Binding a schema: a copy of it, checked against the catalogue, and its SQL.
 */
#include "sqlite.h"

#include "common/safeguard.h"

#include <string.h>

/* Looks a schema up outside of a transaction of its own. */
int quipu_sqlite_schema_find(quipu_driver_datastore *datastore,
                             const quipu_schema *schema, int64_t deadline,
                             int64_t *number, quipu_error *error)
{
    struct connection *reader = NULL;
    int status =
        quipu_sqlite_reader_borrow(datastore, deadline, &reader, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_catalogue_find(datastore, reader, schema, number,
                                             error);
        if (status == QUIPU_OK) {
            SAFEGUARD("F4.lost-columns")
            status = quipu_sqlite_table_check(datastore, reader, schema, error);
        }
        quipu_sqlite_reader_return(datastore, reader);
    }
    return status;
}

int quipu_sqlite_bind(quipu_driver_datastore *datastore,
                      const quipu_schema *schema, int64_t deadline,
                      quipu_driver_schema **bound, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    int64_t number = 0;
    int status =
        quipu_sqlite_schema_find(datastore, schema, deadline, &number, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_driver_schema *made = host->allocate(sizeof(*made));
    if (!made) {
        return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                               "no memory for a schema");
    }
    *made = (quipu_driver_schema){ .number = number };
    made->names = quipu_common_schema_copy(host, schema, &made->schema);
    char *table = quipu_sqlite_schema_table(datastore, schema->table);
    status = made->names && table
                 ? quipu_sqlite_schema_sql(made, host, table, error)
                 : host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                                   "no memory for a schema");
    host->release(table);
    if (status != QUIPU_OK) {
        quipu_sqlite_unbind(datastore, made);
        return status;
    }
    (void)pthread_mutex_lock(&datastore->lock);
    made->serial = ++datastore->serials;
    (void)pthread_mutex_unlock(&datastore->lock);
    *bound = made;
    return QUIPU_OK;
}

void quipu_sqlite_unbind(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound)
{
    quipu_sqlite_schema_sql_finish(bound, datastore->host);
    datastore->host->release(bound->names);
    datastore->host->release(bound);
}
