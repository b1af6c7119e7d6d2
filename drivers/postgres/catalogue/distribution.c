/* SPDX-License-Identifier: Apache-2.0 */
/* The distribution of a store's tables on a Citus cluster. */
#include "distribution.h"

#include "net/errors.h"
#include "net/query.h"

static int run(const struct lease *lease, const char *text)
{
    const struct sql_text sql = { text, "" };
    PGresult *result = NULL;
    int status = quipu_postgres_query_run_text(lease, &sql, NULL,
                                               "write the catalogue", &result);
    PQclear(result);
    return status;
}

int quipu_postgres_distribution_begin_ddl(const struct lease *lease)
{
    enum distribute wanted = lease->datastore->options.distribute;
    int status = run(lease, "SET LOCAL search_path = pg_catalog, pg_temp");
    if (status == QUIPU_OK && lease->connection->sharded) {
        status = run(lease,
                     "SET LOCAL citus.multi_shard_modify_mode = 'sequential'");
    }
    if (status == QUIPU_OK && lease->connection->sharded &&
        wanted == DISTRIBUTE_SCHEMA) {
        status =
            run(lease, "SET LOCAL citus.enable_schema_based_sharding = on");
    }
    return status;
}

static struct arguments *begin_arguments(const struct lease *lease)
{
    struct arguments *arguments = &lease->connection->arguments;
    quipu_postgres_binary_begin(arguments);
    quipu_postgres_binary_add_text(arguments, lease->datastore->schema);
    return arguments;
}

/* Looks up how quipu_heads is distributed. */
static int find(const struct lease *lease, enum distribute *distribute)
{
    PGresult *result = NULL;
    *distribute = DISTRIBUTE_AUTO;
    if (!lease->connection->sharded) {
        return QUIPU_OK;
    }
    (void)begin_arguments(lease);
    int status = quipu_postgres_query_run(
        lease, &lease->datastore->sql[SQL_DISTRIBUTION],
        "look at the catalogue", &result);
    if (status == QUIPU_OK && PQntuples(result) > 0) {
        *distribute = quipu_postgres_binary_get_bool(result, 0, 0)
                          ? DISTRIBUTE_NAMESPACE
                          : DISTRIBUTE_SCHEMA;
    }
    PQclear(result);
    return status;
}

/* `column` "": as a reference table. */
static int distribute(const struct lease *lease, const char *table,
                      const char *column)
{
    PGresult *result = NULL;
    struct arguments *arguments = begin_arguments(lease);
    quipu_postgres_binary_add_text(arguments, table);
    quipu_postgres_binary_add_text(arguments, column);
    int status =
        quipu_postgres_query_run(lease, &lease->datastore->sql[SQL_DISTRIBUTE],
                                 "distribute a table", &result);
    PQclear(result);
    return status;
}

int quipu_postgres_distribution_make(const struct lease *lease)
{
    static const struct {
        const char *table;
        const char *column;
    } own[] = {
        { "quipu_store", "" },
        { "quipu_namespaces", "" },
        { "quipu_tables", "" },
        { "quipu_heads", "namespace" }, /* first: the others follow it */
        { "quipu_tracking", "namespace" },
        { "quipu_schemas", "namespace" },
        { "quipu_columns", "namespace" },
        { "quipu_entries", "namespace" },
        { "quipu_erasures", "namespace" },
    };
    bool wanted = lease->connection->sharded &&
                  lease->datastore->options.distribute == DISTRIBUTE_NAMESPACE;
    int status = QUIPU_OK;
    for (size_t i = 0;
         wanted && status == QUIPU_OK && i < sizeof(own) / sizeof(own[0]);
         i++) {
        status = distribute(lease, own[i].table, own[i].column);
    }
    return status;
}

int quipu_postgres_distribution_add(const struct lease *lease,
                                    const char *table, const char *column)
{
    enum distribute found;
    int status = find(lease, &found);
    return status == QUIPU_OK && found == DISTRIBUTE_NAMESPACE
               ? distribute(lease, table, column)
               : status;
}

int quipu_postgres_distribution_check(const struct lease *lease)
{
    const quipu_driver_datastore *datastore = lease->datastore;
    enum distribute wanted = datastore->options.distribute;
    enum distribute found = DISTRIBUTE_AUTO;
    if (wanted == DISTRIBUTE_AUTO) {
        return QUIPU_OK;
    }
    int status = find(lease, &found);
    if (status != QUIPU_OK || found == wanted) {
        return status;
    }
    return datastore->host->error_set(
        lease->error, QUIPU_UNSUPPORTED, 0, NULL,
        "distribute=%s: %s %s; open it without the option, or distribute its "
        "tables as docs/scaling.md says",
        quipu_postgres_option_distribute[wanted], datastore->name,
        !lease->connection->sharded
            ? "is no Citus cluster"
            : "has a store that is distributed otherwise, or not at all");
}
