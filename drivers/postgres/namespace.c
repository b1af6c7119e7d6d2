/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces: found by their names, or made. */
#include "postgres.h"

#include "common/store_identity.h"

#define ATTEMPTS 20

static int read_namespace(quipu_driver_datastore *datastore,
                          struct connection *connection, int64_t deadline,
                          bool *found, quipu_error *error)
{
    PGresult *result = NULL;
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_add_text(&connection->arguments, datastore->name_space);
    int status = quipu_postgres_ask(
        datastore, connection, &datastore->common[SQL_NAMESPACE_FIND], deadline,
        "read the namespaces", &result, error);
    *found = status == QUIPU_OK && PQntuples(result) == 1;
    if (*found) {
        datastore->space = (int32_t)quipu_postgres_get_int(result, 0, 0);
        datastore->identity = quipu_postgres_get_uuid(result, 0, 1);
    }
    PQclear(result);
    return status;
}

static int add_namespace(quipu_driver_datastore *datastore,
                         struct connection *connection, int64_t deadline,
                         quipu_error *error)
{
    quipu_uuid identity;
    PGresult *result = NULL;
    if (!quipu_common_store_identity_make(&identity)) {
        return datastore->host->error_set(error, QUIPU_INTERNAL, 0, NULL,
                                          "the system has no random bytes");
    }
    int status = quipu_postgres_begin(datastore, connection, deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_add_text(&connection->arguments, datastore->name_space);
    quipu_postgres_add_bytes(&connection->arguments,
                             (quipu_bytes){ identity.bytes, 16 });
    status = quipu_postgres_ask(datastore, connection,
                                &datastore->common[SQL_NAMESPACE_ADD], deadline,
                                "make the namespace", &result, error);
    PQclear(result);
    if (status != QUIPU_OK) {
        quipu_postgres_rollback(datastore, connection, deadline);
        return status;
    }
    return quipu_postgres_commit(datastore, connection, deadline, error);
}

/* Two that are made at once may meet in name or number: then one is not, and
 * is looked for again. */
int quipu_postgres_namespace_find(quipu_driver_datastore *datastore,
                                  struct connection *connection, bool create,
                                  int64_t deadline, quipu_error *error)
{
    for (int attempt = 0; attempt <= ATTEMPTS; attempt++) {
        bool found = false;
        int status =
            read_namespace(datastore, connection, deadline, &found, error);
        if (status != QUIPU_OK || found) {
            return status;
        }
        if (!create) {
            return datastore->host->error_set(
                error, QUIPU_NOT_FOUND, 0, NULL,
                "%s has no namespace \"%s\"; create=yes makes it",
                datastore->name, datastore->name_space);
        }
        status = add_namespace(datastore, connection, deadline, error);
        if (status != QUIPU_OK && status != QUIPU_BUSY) {
            return status;
        }
    }
    return datastore->host->error_set(error, QUIPU_BUSY, 0, NULL,
                                      "others made namespaces in %s at the "
                                      "same time again and again; try again",
                                      datastore->name);
}
