/* SPDX-License-Identifier: Apache-2.0 */
/* quipu's own tables and the namespaces: found, or made. */
#include "catalogue.h"

#include "distribution.h"

#include "net/errors.h"
#include "net/query.h"
#include "net/retry.h"
#include "net/transaction.h"
#include "sql/table_ddl.h"
#include "sql/template.h"

#include "common/error.h"
#include "common/store_identity.h"
#include "common/text.h"

#include <string.h>

#define TRIES 20

/* ------------------------------------------------------------- statements */

/* Runs a statement with at most one text parameter. */
static int run(const struct lease *lease, const struct sql_text *sql,
               const char *parameter, PGresult **result)
{
    return quipu_postgres_query_run_text(lease, sql, parameter,
                                         "look at the catalogue", result);
}

/* Renders a template with quipu's own tables and runs it.  *result may be
 * dropped by passing NULL. */
static int run_template(const struct lease *lease,
                        const struct sql_text *template, PGresult **result)
{
    quipu_driver_datastore *datastore = lease->datastore;
    const struct template_names names = { .postgres_schema =
                                              datastore->schema };
    PGresult *dropped = NULL;
    char *text =
        quipu_postgres_template_text(datastore->host, &names, template->text);
    if (!text) {
        return quipu_postgres_error_no_memory(datastore->host, lease->error);
    }
    const struct sql_text sql = { text, template->shape };
    int status = run(lease, &sql, NULL, result ? result : &dropped);
    PQclear(dropped);
    datastore->host->release(text);
    return status;
}

/* ---------------------------------------------------------------- looking */

/* The PostgreSQL schema of the first quipu_store in the search path, or else
 * the schema in which it would be created. */
static const struct sql_text find_postgres_schema = {
    "SELECT coalesce((SELECT n.nspname"
    "                   FROM pg_catalog.pg_class AS c"
    "                   JOIN pg_catalog.pg_namespace AS n"
    "                     ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
    "                  WHERE c.oid OPERATOR(pg_catalog.=)"
    "                        pg_catalog.to_regclass('quipu_store')"
    "                        ::pg_catalog.oid),"
    "                pg_catalog.current_schema())::pg_catalog.text",
    "one name?"
};

static const struct sql_text find_store_table = {
    "SELECT 1"
    "  FROM pg_catalog.pg_class AS c"
    "  JOIN pg_catalog.pg_namespace AS n"
    "    ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
    " WHERE n.nspname OPERATOR(pg_catalog.=) $1"
    "   AND c.relname OPERATOR(pg_catalog.=) 'quipu_store'",
    "opt int4"
};

static const struct sql_text read_format = {
    "SELECT pg_catalog.max(format) FROM {quipu_store}", "one int4?"
};

static int keep_postgres_schema(quipu_driver_datastore *datastore,
                                const char *name, quipu_error *error)
{
    datastore->schema = quipu_common_text_copy(datastore->host, name);
    return datastore->schema
               ? QUIPU_OK
               : quipu_postgres_error_no_memory(datastore->host, error);
}

static int choose_postgres_schema(const struct lease *lease)
{
    quipu_driver_datastore *datastore = lease->datastore;
    PGresult *result = NULL;
    if (datastore->options.schema) {
        return keep_postgres_schema(datastore, datastore->options.schema,
                                    lease->error);
    }
    int status = run(lease, &find_postgres_schema, NULL, &result);
    if (status != QUIPU_OK) {
        return status;
    }
    const char *name = quipu_postgres_binary_get_text(result, 0, 0);
    status = name ? keep_postgres_schema(datastore, name, lease->error)
                  : datastore->host->error_set(
                        lease->error, QUIPU_INVALID, 0, NULL,
                        "no schema in the search path of %s exists; name one "
                        "with schema=",
                        datastore->name);
    PQclear(result);
    return status;
}

static int check_format(const quipu_driver_datastore *datastore,
                        const PGresult *result, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    int64_t format = quipu_postgres_binary_get_int(result, 0, 0);
    if (format < 1) {
        return host->error_set(error, QUIPU_CORRUPT, 0, NULL,
                               "table quipu_store of %s has no format; restore "
                               "it from a backup",
                               datastore->name);
    }
    if (format > STORE_FORMAT_SHARED_FLUSH) {
        return host->error_set(error, QUIPU_UNSUPPORTED, 0, NULL,
                               "%s has format %lld, and this driver supports "
                               "formats up to %d; use "
                               "a newer quipu",
                               datastore->name, (long long)format,
                               STORE_FORMAT_SHARED_FLUSH);
    }
    return QUIPU_OK;
}

/* *found: the store exists; its format is checked. */
static int find_store(const struct lease *lease, bool *found)
{
    quipu_driver_datastore *datastore = lease->datastore;
    PGresult *result = NULL;
    int status = run(lease, &find_store_table, datastore->schema, &result);
    if (status != QUIPU_OK) {
        return status;
    }
    *found = PQntuples(result) > 0;
    PQclear(result);
    if (!*found) {
        return QUIPU_OK;
    }
    result = NULL;
    status = run_template(lease, &read_format, &result);
    if (status == QUIPU_OK) {
        status = check_format(datastore, result, lease->error);
    }
    PQclear(result);
    return status;
}

/* ----------------------------------------------------------------- making */

/* Creates the PostgreSQL schema that the option names, if it does not exist.
 * CREATE SCHEMA IF NOT EXISTS needs rights on the database even then. */
static int make_postgres_schema(const struct lease *lease)
{
    quipu_driver_datastore *datastore = lease->datastore;
    PGresult *result = NULL;
    const struct sql_text find = { "SELECT 1"
                                   "  FROM pg_catalog.pg_namespace"
                                   " WHERE nspname OPERATOR(pg_catalog.=) $1",
                                   "opt int4" };
    const struct sql_text create = { "CREATE SCHEMA {schema}", "" };
    int status = run(lease, &find, datastore->schema, &result);
    bool exists = status == QUIPU_OK && PQntuples(result) > 0;
    PQclear(result);
    if (status != QUIPU_OK || exists) {
        return status;
    }
    return run_template(lease, &create, NULL);
}

/* Begins a transaction that creates tables. */
static int begin_making(const struct lease *lease)
{
    PGresult *result = NULL;
    const struct sql_text begin = { "BEGIN ISOLATION LEVEL READ COMMITTED",
                                    "" };
    int status = run(lease, &begin, NULL, &result);
    PQclear(result);
    return status == QUIPU_OK ? quipu_postgres_distribution_begin_ddl(lease)
                              : status;
}

static int make_store(const struct lease *lease)
{
    quipu_driver_datastore *datastore = lease->datastore;
    int status = begin_making(lease);
    if (status == QUIPU_OK && datastore->options.schema) {
        status = make_postgres_schema(lease);
    }
    for (const char *const *template = quipu_postgres_table_ddl_own;
         status == QUIPU_OK && *template; template ++) {
        const struct sql_text sql = { *template, "" };
        status = run_template(lease, &sql, NULL);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_distribution_make(lease);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_distribution_check(lease);
    }
    if (status == QUIPU_OK) {
        return quipu_postgres_transaction_commit(lease, lease->deadline);
    }
    quipu_postgres_transaction_rollback(lease);
    quipu_postgres_error_advise(
        lease->error, "42501",
        "grant CREATE on the PostgreSQL schema, or on the database if the "
        "schema does not exist, or connect as another role");
    return status;
}

/* Another process may make the store at the same time.  So after a failure
 * this one looks again, and tries again if the error is that of such a
 * race. */
static int find_or_make_store(const struct lease *lease, bool create)
{
    quipu_driver_datastore *datastore = lease->datastore;
    struct retry retry = quipu_postgres_retry_begin(lease->deadline, TRIES);
    quipu_error own = { 0 };
    struct lease making = *lease;
    making.error = &own;
    for (bool tried = false;; tried = true) {
        bool found = false;
        int status = find_store(lease, &found);
        if (status == QUIPU_OK && found) {
            return quipu_postgres_distribution_check(lease);
        }
        if (status != QUIPU_OK) {
            return status;
        }
        if (!create) {
            return datastore->host->error_set(
                lease->error, QUIPU_NOT_FOUND, 0, NULL,
                "%s is not a store yet; create=yes makes it one",
                datastore->name);
        }
        if (tried && (!quipu_postgres_retry_is_race(&own) ||
                      !quipu_postgres_retry_again(&retry, 0))) {
            break;
        }
        if (make_store(&making) == QUIPU_OK) {
            return QUIPU_OK;
        }
    }
    if (strcmp(own.sqlstate, "42P07") == 0) {
        own.code = QUIPU_CORRUPT; /* some of the tables exist, but no store */
    }
    return quipu_common_error_pass(own.code, &own, lease->error);
}

/* ---------------------------------------------------------- older stores */

/* A table that stores of older programs lack. */
struct later_table {
    const char *name;
    const char *ddl;
    const char *advice; /* to a role that may not create it */
};

static int make_table(const struct lease *lease,
                      const struct later_table *table)
{
    const struct sql_text sql = { table->ddl, "" };
    int status = begin_making(lease);
    if (status == QUIPU_OK) {
        status = run_template(lease, &sql, NULL);
    }
    if (status == QUIPU_OK) {
        status =
            quipu_postgres_distribution_add(lease, table->name, "namespace");
    }
    if (status == QUIPU_OK) {
        return quipu_postgres_transaction_commit(lease, lease->deadline);
    }
    quipu_postgres_transaction_rollback(lease);
    quipu_postgres_error_advise(lease->error, "42501", table->advice);
    return status;
}

static int find_table(const struct lease *lease, const char *name, bool *found)
{
    quipu_driver_datastore *datastore = lease->datastore;
    struct arguments *arguments = &lease->connection->arguments;
    PGresult *result = NULL;
    quipu_postgres_binary_begin(arguments);
    quipu_postgres_binary_add_text(arguments, datastore->schema);
    quipu_postgres_binary_add_text(arguments, name);
    int status =
        quipu_postgres_query_run(lease, &datastore->sql[SQL_TABLE_EXISTS],
                                 "look at the catalogue", &result);
    *found = status == QUIPU_OK && PQntuples(result) > 0;
    PQclear(result);
    return status;
}

/* Another process may make the table at the same time; it is there then, too.
 * If a commit was not answered, the next try finds out. */
static int add_table(const struct lease *lease, const struct later_table *table)
{
    bool found = false;
    int status = find_table(lease, table->name, &found);
    if (status == QUIPU_OK && !found) {
        status = make_table(lease, table);
    }
    if (status != QUIPU_OK && (status == QUIPU_UNKNOWN_OUTCOME ||
                               quipu_postgres_retry_is_race(lease->error))) {
        status = QUIPU_OK;
    }
    return status;
}

int quipu_postgres_catalogue_add_entries(const struct lease *lease)
{
    static const struct later_table entries = {
        "quipu_entries", quipu_postgres_table_ddl_entries,
        "the store was made by an older quipu and lacks the table "
        "quipu_entries: grant CREATE on the PostgreSQL schema, or append an "
        "entry as another role once"
    };
    return add_table(lease, &entries);
}

int quipu_postgres_catalogue_add_erasures(const struct lease *lease)
{
    static const struct later_table erasures = {
        "quipu_erasures", quipu_postgres_table_ddl_erasures,
        "the store was made by an older quipu and lacks the table "
        "quipu_erasures: erase an item once as the owner of the tables"
    };
    return add_table(lease, &erasures);
}

int quipu_postgres_catalogue_add_shared_flush(const struct lease *lease)
{
    static const struct later_table shared_flush = {
        "quipu_shared_flush", quipu_postgres_table_ddl_shared_flush,
        "the store lacks the table quipu_shared_flush: grant CREATE on the "
        "PostgreSQL schema, or make a namespace with shared_flush=yes as "
        "another role once"
    };
    return add_table(lease, &shared_flush);
}

/* ------------------------------------------------------------ erased items */

int quipu_postgres_catalogue_raise_format(const struct lease *lease,
                                          int32_t format)
{
    struct arguments *arguments = &lease->connection->arguments;
    PGresult *result = NULL;
    quipu_postgres_binary_begin(arguments);
    quipu_postgres_binary_add_int4(arguments, format);
    int status = quipu_postgres_query_run(
        lease, &lease->datastore->sql[SQL_FORMAT_RAISE],
        "raise the format of the store", &result);
    PQclear(result);
    return status;
}

/* Does nothing if the table has no such constraint. */
int quipu_postgres_catalogue_drop_not_null(const struct lease *lease,
                                           const quipu_schema *schema,
                                           const char *table)
{
    quipu_driver_datastore *datastore = lease->datastore;
    const struct template_names names = { datastore->schema, schema, table };
    PGresult *result = NULL;
    char *text = quipu_postgres_template_text(
        datastore->host, &names,
        "ALTER TABLE {items} ALTER COLUMN {state} DROP NOT NULL");
    if (!text) {
        return quipu_postgres_error_no_memory(datastore->host, lease->error);
    }
    const struct sql_text sql = { text, "" };
    int status = quipu_postgres_query_run_text(
        lease, &sql, NULL, "prepare a table for erased items", &result);
    PQclear(result);
    datastore->host->release(text);
    return status;
}

int quipu_postgres_catalogue_allow_erased(const struct lease *lease,
                                          const quipu_schema *schema,
                                          const char *table)
{
    int status = quipu_postgres_transaction_begin(lease);
    if (status == QUIPU_OK) {
        status = quipu_postgres_catalogue_drop_not_null(lease, schema, table);
    }
    if (status == QUIPU_OK) {
        return quipu_postgres_transaction_commit(lease, lease->deadline);
    }
    quipu_postgres_transaction_rollback(lease);
    quipu_postgres_error_advise(
        lease->error, "42501",
        "an older quipu made the table, and it does not take erased items: "
        "erase an item once as its owner");
    return status;
}

/* -------------------------------------------------------------- namespaces */

static int read_namespace(const struct lease *lease, bool *found)
{
    quipu_driver_datastore *datastore = lease->datastore;
    PGresult *result = NULL;
    quipu_postgres_binary_begin(&lease->connection->arguments);
    quipu_postgres_binary_add_text(&lease->connection->arguments,
                                   datastore->name_space);
    int status =
        quipu_postgres_query_run(lease, &datastore->sql[SQL_NAMESPACE_FIND],
                                 "read the namespaces", &result);
    *found = status == QUIPU_OK && PQntuples(result) == 1;
    if (*found) {
        datastore->namespace_number =
            (int32_t)quipu_postgres_binary_get_int(result, 0, 0);
        datastore->identity = quipu_postgres_binary_get_uuid(result, 0, 1);
        status = quipu_postgres_shared_flush_find(
            lease, quipu_postgres_binary_get_int(result, 0, 2));
    }
    PQclear(result);
    return status;
}

static int add_namespace(const struct lease *lease)
{
    quipu_driver_datastore *datastore = lease->datastore;
    bool shared = datastore->options.shared_flush == SHARED_FLUSH_YES;
    quipu_uuid identity;
    PGresult *result = NULL;
    if (!quipu_common_store_identity_make(&identity)) {
        return datastore->host->error_set(lease->error, QUIPU_INTERNAL, 0, NULL,
                                          "the system has no random bytes");
    }
    int status = shared ? quipu_postgres_shared_flush_permit(lease) : QUIPU_OK;
    if (status == QUIPU_OK && shared) {
        status = quipu_postgres_catalogue_add_shared_flush(lease);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_transaction_begin(lease);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_postgres_binary_begin(&lease->connection->arguments);
    quipu_postgres_binary_add_text(&lease->connection->arguments,
                                   datastore->name_space);
    quipu_postgres_binary_add_bytes(&lease->connection->arguments,
                                    (quipu_bytes){ identity.bytes, 16 });
    status = quipu_postgres_query_run(lease, &datastore->sql[SQL_NAMESPACE_ADD],
                                      "make the namespace", &result);
    PQclear(result);
    if (status == QUIPU_OK && shared) {
        status = quipu_postgres_shared_flush_make(lease, &identity);
    }
    if (status == QUIPU_OK && shared) {
        status = quipu_postgres_catalogue_raise_format(
            lease, STORE_FORMAT_SHARED_FLUSH);
    }
    if (status != QUIPU_OK) {
        quipu_postgres_transaction_rollback(lease);
        return status;
    }
    return quipu_postgres_transaction_commit(lease, lease->deadline);
}

/* Two namespaces that are made at the same time may have the same name or
 * number; ON CONFLICT DO NOTHING then adds one of them only, and the other is
 * looked for again.  The deadline does not end the tries: each is bounded by
 * it. */
static int find_or_make_namespace(const struct lease *lease, bool create)
{
    quipu_driver_datastore *datastore = lease->datastore;
    struct retry retry = quipu_postgres_retry_begin(INT64_MAX, TRIES + 1);
    do {
        bool found = false;
        int status = read_namespace(lease, &found);
        if (status != QUIPU_OK || found) {
            return status;
        }
        if (!create) {
            return datastore->host->error_set(
                lease->error, QUIPU_NOT_FOUND, 0, NULL,
                "%s has no namespace \"%s\"; create=yes makes it",
                datastore->name, datastore->name_space);
        }
        status = add_namespace(lease);
        if (status != QUIPU_OK && status != QUIPU_BUSY) {
            return status;
        }
    } while (quipu_postgres_retry_again(&retry, 0));
    return datastore->host->error_set(
        lease->error, QUIPU_BUSY, 0, NULL,
        "other processes made namespaces in %s at the same time, %d times, or "
        "a trigger or a rule on quipu_namespaces suppresses its rows; try "
        "again",
        datastore->name, TRIES + 1);
}

int quipu_postgres_catalogue_open(const struct lease *lease, bool create,
                                  bool all_namespaces)
{
    quipu_driver_datastore *datastore = lease->datastore;
    quipu_postgres_catalogue_sql_finish(datastore); /* of an earlier try */
    datastore->host->release(datastore->schema);
    datastore->schema = NULL;
    int status = choose_postgres_schema(lease);
    if (status == QUIPU_OK) {
        status = quipu_postgres_catalogue_sql_make(datastore, lease->error);
    }
    if (status == QUIPU_OK) {
        status = find_or_make_store(lease, create);
    }
    if (status == QUIPU_OK && !all_namespaces) {
        status = find_or_make_namespace(lease, create);
    }
    return status;
}
