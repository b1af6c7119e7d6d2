/* SPDX-License-Identifier: Apache-2.0 */
/* Binding a schema: a copy of it, checked against the catalogue, and its SQL.
 */
#include "operations.h"
#include "postgres.h"

#include <string.h>

static quipu_driver_schema *create(const quipu_host *host,
                                   const quipu_schema *schema, int64_t number)
{
    quipu_driver_schema *made = host->allocate(sizeof(*made));
    if (!made) {
        return NULL;
    }
    memset(made, 0, sizeof(*made));
    made->number = number;
    made->names = quipu_common_schema_copy(host, schema, &made->schema);
    return made;
}

/* Finds the schema and looks at its table. */
static int find(quipu_driver_datastore *datastore, const quipu_schema *schema,
                int64_t deadline, int64_t *number, char **table,
                quipu_error *error)
{
    struct connection *connection = NULL;
    int status = quipu_postgres_borrow(datastore, deadline, &connection, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_postgres_schema_find(datastore, connection, schema, deadline,
                                        number, table, error);
    if (status == QUIPU_OK) {
        status = quipu_postgres_table_check(datastore, connection, schema,
                                            *table, deadline, error);
    }
    quipu_postgres_return(datastore, connection);
    return status;
}

int quipu_postgres_bind(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, int64_t deadline,
                        quipu_driver_schema **bound, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    quipu_driver_schema *made = NULL;
    int64_t number = 0;
    char *table = NULL;
    int status = find(datastore, schema, deadline, &number, &table, error);
    if (status == QUIPU_OK) {
        made = create(host, schema, number);
        status = made && made->names
                     ? quipu_postgres_own_make(datastore, made, table, error)
                     : quipu_postgres_no_memory(host, error);
    }
    host->release(table);
    if (status != QUIPU_OK) {
        quipu_postgres_unbind(datastore, made);
        return status;
    }
    *bound = made;
    return QUIPU_OK;
}

void quipu_postgres_unbind(quipu_driver_datastore *datastore,
                           quipu_driver_schema *bound)
{
    if (bound) {
        quipu_postgres_own_finish(bound, datastore->host);
        datastore->host->release(bound->names);
        datastore->host->release(bound);
    }
}
