/* SPDX-License-Identifier: Apache-2.0 */
/* quipu's own tables: what the store is, its namespaces, and its schemas. */
#include "postgres.h"

#include <string.h>

#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)
#define ATTEMPTS 20

/*
 * Every key that holds for a namespace begins with it.  Heads are a table of
 * their own, with room on its pages, since each append rewrites a row of it.  A
 * table of items serves all namespaces that have it in the same shape, and is
 * counted in quipu_tables.  "@" stands for the schema.
 */
static const char *const tables[] = {
    "CREATE TABLE @.quipu_store (format integer PRIMARY KEY)",
    "INSERT INTO @.quipu_store (format) VALUES (" TEXT_OF(STORE_FORMAT) ")",
    "CREATE TABLE @.quipu_namespaces (number integer PRIMARY KEY,"
    " name text COLLATE \"C\" NOT NULL UNIQUE, identity uuid NOT NULL,"
    " schemas bigint NOT NULL)",
    "CREATE TABLE @.quipu_schemas (namespace integer NOT NULL,"
    " number bigint NOT NULL, name text COLLATE \"C\" NOT NULL,"
    " relation text COLLATE \"C\" NOT NULL, ids text NOT NULL,"
    " positions text NOT NULL, notification_id text NOT NULL,"
    " sequence_id text NOT NULL, position text NOT NULL, topic text NOT NULL,"
    " state text NOT NULL, event_id text, metadata text, time text,"
    " PRIMARY KEY (namespace, name), UNIQUE (namespace, number))",
    "CREATE TABLE @.quipu_columns (namespace integer NOT NULL,"
    " schema bigint NOT NULL, ordinal integer NOT NULL, name text NOT NULL,"
    " kind text NOT NULL, PRIMARY KEY (namespace, schema, ordinal))",
    "CREATE TABLE @.quipu_heads (namespace integer NOT NULL,"
    " schema bigint NOT NULL, head bigint NOT NULL,"
    " PRIMARY KEY (namespace, schema)) WITH (fillfactor = 20)",
    "CREATE TABLE @.quipu_tracking (namespace integer NOT NULL,"
    " consumer text COLLATE \"C\" NOT NULL, log text COLLATE \"C\" NOT NULL,"
    " notification_id bigint NOT NULL, store uuid NOT NULL,"
    " event_id uuid NOT NULL, PRIMARY KEY (namespace, consumer, log))"
    " WITH (fillfactor = 50)",
    "CREATE TABLE @.quipu_tables (relation text COLLATE \"C\" PRIMARY KEY,"
    " shape text NOT NULL, schemas bigint NOT NULL)",
};

/* ---------------------------------------------------------------- looking */

/* One statement, of text parameters, that needs no schema of ours. */
static int ask_plain(quipu_driver_datastore *datastore,
                     struct connection *connection, const char *text,
                     const char *parameter, int64_t deadline, PGresult **result,
                     quipu_error *error)
{
    static Oid types[] = { TYPE_TEXT };
    struct statement statement = { .text = text,
                                   .types = types,
                                   .count = parameter ? 1 : 0 };
    bool prepares = connection->prepares;
    connection->prepares = false;
    quipu_postgres_arguments_begin(&connection->arguments);
    if (parameter) {
        quipu_postgres_add_text(&connection->arguments, parameter);
    }
    int status = quipu_postgres_ask(datastore, connection, &statement, deadline,
                                    "look at the catalogue", result, error);
    connection->prepares = prepares;
    return status;
}

/* Where the store is that the search path leads to, or would be made. */
static const char find_schema[] =
    "SELECT coalesce((SELECT n.nspname FROM pg_catalog.pg_class AS c"
    " JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE c.oid = pg_catalog.to_regclass('quipu_store')),"
    " pg_catalog.current_schema())::text";

static int choose_schema(quipu_driver_datastore *datastore,
                         struct connection *connection, int64_t deadline,
                         quipu_error *error)
{
    const quipu_host *host = datastore->host;
    PGresult *result = NULL;
    if (datastore->options.schema) {
        datastore->schema =
            quipu_common_text_copy(host, datastore->options.schema);
        return datastore->schema ? QUIPU_OK
                                 : quipu_postgres_no_memory(host, error);
    }
    int status = ask_plain(datastore, connection, find_schema, NULL, deadline,
                           &result, error);
    if (status != QUIPU_OK) {
        return status;
    }
    if (PQgetisnull(result, 0, 0) != 0) {
        status = host->error_set(error, QUIPU_INVALID, 0, NULL,
                                 "the search path of %s names no schema that "
                                 "is there; name one with schema=",
                                 datastore->name);
    } else {
        datastore->schema =
            quipu_common_text_copy(host, PQgetvalue(result, 0, 0));
        status = datastore->schema ? QUIPU_OK
                                   : quipu_postgres_no_memory(host, error);
    }
    PQclear(result);
    return status;
}

/* A text in which "@" stands for the schema. */
static char *in_schema(const quipu_driver_datastore *datastore,
                       const char *pattern)
{
    struct text text = { .host = datastore->host };
    char piece[2] = "";
    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '@') {
            quipu_common_text_add_name(&text, datastore->schema);
        } else {
            piece[0] = *pattern;
            quipu_common_text_add(&text, piece);
        }
    }
    if (text.failed) {
        quipu_common_text_finish(&text);
    }
    return text.data;
}

static int judge_format(const quipu_driver_datastore *datastore,
                        const PGresult *result, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    int64_t format = quipu_postgres_get_int(result, 0, 0);
    if (format < 1) {
        return host->error_set(error, QUIPU_CORRUPT, 0, NULL,
                               "%s has a table quipu_store that names no "
                               "format; restore it from a backup",
                               datastore->name);
    }
    if (format > STORE_FORMAT) {
        return host->error_set(
            error, QUIPU_UNSUPPORTED, 0, NULL,
            "%s has format %lld, and this driver knows none above %d; use a "
            "newer quipu",
            datastore->name, (long long)format, STORE_FORMAT);
    }
    return QUIPU_OK;
}

/* Whether the store is there, and of a format that is known. */
static int look(quipu_driver_datastore *datastore,
                struct connection *connection, int64_t deadline, bool *found,
                quipu_error *error)
{
    PGresult *result = NULL;
    int status = ask_plain(
        datastore, connection,
        "SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace"
        " AS n ON n.oid = c.relnamespace WHERE n.nspname = $1"
        " AND c.relname = 'quipu_store'",
        datastore->schema, deadline, &result, error);
    if (status != QUIPU_OK) {
        return status;
    }
    *found = PQntuples(result) > 0;
    PQclear(result);
    result = NULL;
    if (!*found) {
        return QUIPU_OK;
    }
    char *text = in_schema(datastore, "SELECT max(format) FROM @.quipu_store");
    if (!text) {
        return quipu_postgres_no_memory(datastore->host, error);
    }
    status =
        ask_plain(datastore, connection, text, NULL, deadline, &result, error);
    if (status == QUIPU_OK) {
        status = judge_format(datastore, result, error);
    }
    PQclear(result);
    datastore->host->release(text);
    return status;
}

/* ----------------------------------------------------------------- making */

static int run(quipu_driver_datastore *datastore, struct connection *connection,
               const char *pattern, int64_t deadline, quipu_error *error)
{
    PGresult *result = NULL;
    char *text = in_schema(datastore, pattern);
    if (!text) {
        return quipu_postgres_no_memory(datastore->host, error);
    }
    int status =
        ask_plain(datastore, connection, text, NULL, deadline, &result, error);
    PQclear(result);
    datastore->host->release(text);
    return status;
}

static int make_in(quipu_driver_datastore *datastore,
                   struct connection *connection, int64_t deadline,
                   quipu_error *error)
{
    int status = run(datastore, connection,
                     "BEGIN ISOLATION LEVEL READ COMMITTED", deadline, error);
    if (status == QUIPU_OK && datastore->options.schema) {
        PGresult *result = NULL;
        status = ask_plain(datastore, connection,
                           "SELECT 1 FROM pg_catalog.pg_namespace"
                           " WHERE nspname = $1",
                           datastore->schema, deadline, &result, error);
        bool there = status == QUIPU_OK && PQntuples(result) > 0;
        PQclear(result);
        if (status == QUIPU_OK && !there) {
            status =
                run(datastore, connection, "CREATE SCHEMA @", deadline, error);
        }
    }
    for (size_t i = 0;
         status == QUIPU_OK && i < sizeof(tables) / sizeof(tables[0]); i++) {
        status = run(datastore, connection, tables[i], deadline, error);
    }
    return status;
}

bool quipu_postgres_is_race(const quipu_error *error)
{
    static const char *const states[] = { "23505", "42P07", "42P06", "42710",
                                          "40001", "40P01", "XX000", "42P01" };
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(error->sqlstate, states[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int make(quipu_driver_datastore *datastore,
                struct connection *connection, int64_t deadline,
                quipu_error *error)
{
    int status = make_in(datastore, connection, deadline, error);
    if (status == QUIPU_OK) {
        return quipu_postgres_commit(datastore, connection, deadline, error);
    }
    quipu_postgres_rollback(datastore, connection, deadline);
    return status;
}

static int find_or_make(quipu_driver_datastore *datastore,
                        struct connection *connection, bool create,
                        int64_t deadline, quipu_error *error)
{
    quipu_error own = { 0 };
    for (int attempt = 0;; attempt++) {
        bool found = false;
        int status = look(datastore, connection, deadline, &found, error);
        if (status != QUIPU_OK || found) {
            return status;
        }
        if (!create) {
            return datastore->host->error_set(
                error, QUIPU_NOT_FOUND, 0, NULL,
                "%s is no store yet; create=yes makes it one", datastore->name);
        }
        if (attempt > 0 && (attempt == ATTEMPTS || clock_now() > deadline ||
                            !quipu_postgres_is_race(&own))) {
            break;
        }
        status = make(datastore, connection, deadline, &own);
        if (status == QUIPU_OK) {
            return QUIPU_OK;
        }
    }
    if (strcmp(own.sqlstate, "42P07") == 0) {
        own.code = QUIPU_CORRUPT;
    }
    if (error) {
        *error = own;
    }
    return own.code;
}

int quipu_postgres_catalogue_open(quipu_driver_datastore *datastore,
                                  struct connection *connection, bool create,
                                  int64_t deadline, quipu_error *error)
{
    int status = choose_schema(datastore, connection, deadline, error);
    if (status == QUIPU_OK) {
        status = quipu_postgres_common_make(datastore, error);
    }
    if (status == QUIPU_OK) {
        status = find_or_make(datastore, connection, create, deadline, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_namespace_find(datastore, connection, create,
                                               deadline, error);
    }
    return status;
}
