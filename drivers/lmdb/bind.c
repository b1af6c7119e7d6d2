/* SPDX-License-Identifier: Apache-2.0 */
/* Binding a schema: a copy of it, checked against the catalogue, and the
 * handles of its databases. */
#include "lmdb_driver.h"

static int find_and_open(quipu_driver_datastore *datastore,
                         const struct view *view, quipu_driver_schema *bound,
                         quipu_error *error)
{
    int status = quipu_lmdb_catalogue_find(datastore, view, &bound->schema,
                                           bound, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = quipu_lmdb_slot_open(view, bound->slot, 0, bound);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_fail(datastore->host, datastore->name, code,
                                 "open the databases of a schema", error);
}

static int bind_in(quipu_driver_datastore *datastore, int64_t deadline,
                   quipu_driver_schema *bound, quipu_error *error)
{
    struct environment *environment = datastore->environment;
    struct view view;
    quipu_lmdb_naming_begin(environment);
    int status = quipu_lmdb_reading_begin(environment, deadline, &view, error);
    if (status == QUIPU_OK) {
        status = find_and_open(datastore, &view, bound, error);
        quipu_lmdb_reading_named(&view);
    }
    quipu_lmdb_naming_end(environment);
    return quipu_lmdb_as_busy(status, error);
}

int quipu_lmdb_bind(quipu_driver_datastore *datastore,
                    const quipu_schema *schema, int64_t deadline,
                    quipu_driver_schema **bound, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    quipu_driver_schema *made = host->allocate(sizeof(*made));
    if (!made) {
        return quipu_lmdb_no_memory(host, error);
    }
    *made = (quipu_driver_schema){ 0 };
    made->names = quipu_common_schema_copy(host, schema, &made->schema);
    int status = made->names ? bind_in(datastore, deadline, made, error)
                             : quipu_lmdb_no_memory(host, error);
    if (status != QUIPU_OK) {
        quipu_lmdb_unbind(datastore, made);
        return status;
    }
    *bound = made;
    return QUIPU_OK;
}

/* The handles stay: LMDB keeps them for the environment. */
void quipu_lmdb_unbind(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound)
{
    datastore->host->release(bound->names);
    datastore->host->release(bound);
}
