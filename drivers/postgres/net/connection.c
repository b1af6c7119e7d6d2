/* SPDX-License-Identifier: Apache-2.0 */
/* Opening a connection: a host, a look at its server, the session's settings.
 */
#include "connection.h"

#include "datastore.h"
#include "errors.h"
#include "pipeline.h"
#include "retry.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define GREETINGS 5 /* tries when the session ends during its first queries */
/* Between tries while no server is there. */
#define FIRST_PAUSE (10 * CLOCK_MILLISECOND)
#define LONGEST_PAUSE (200 * CLOCK_MILLISECOND)

/* ------------------------------------------------------------ the first query
 */

static const char server_query[] =
    "SELECT pg_catalog.pg_backend_pid(),"
    "       pg_catalog.pg_is_in_recovery(),"
    "       pg_catalog.current_setting('fsync')"
    "           OPERATOR(pg_catalog.=) 'on',"
    "       pg_catalog.current_setting('full_page_writes')"
    "           OPERATOR(pg_catalog.=) 'on',"
    "       pg_catalog.current_setting('server_encoding')"
    "           OPERATOR(pg_catalog.=) 'UTF8',"
    "       pg_catalog.to_regclass('pg_catalog.pg_dist_node') IS NOT NULL";
static const char server_shape[] = "one int4 bool bool bool bool bool";

/* Acknowledged appends depend on the settings of the server. */
static bool needs_sync(const quipu_driver_datastore *datastore)
{
    return !datastore->relaxed && !datastore->readonly &&
           !datastore->options.trust_server;
}

/* Refuses a server that cannot keep what quipu promises. */
static int check_server(const quipu_driver_datastore *datastore,
                        const PGresult *result, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    const char *name = datastore->name;
    int status =
        quipu_postgres_error_status_when_open(datastore, QUIPU_UNSUPPORTED);
    if (!quipu_postgres_binary_get_bool(result, 0, 4)) {
        return host->error_set(error, status, 0, NULL,
                               "the encoding of %s is not UTF-8; create a "
                               "database with ENCODING 'UTF8'",
                               name);
    }
    if (quipu_postgres_binary_get_bool(result, 0, 1) && !datastore->readonly) {
        return host->error_set(
            error, QUIPU_DENIED, 0, NULL,
            "%s is a standby, which is read-only; open it with readonly=yes, "
            "or name the primary, with target_session_attrs=read-write if "
            "there are several hosts",
            name);
    }
    bool fsync = quipu_postgres_binary_get_bool(result, 0, 2);
    bool full_page_writes = quipu_postgres_binary_get_bool(result, 0, 3);
    if (needs_sync(datastore) && (!fsync || !full_page_writes)) {
        return host->error_set(
            error, status, 0, NULL,
            "%s runs with %s=off and may lose everything in a power cut; turn "
            "it on, or open with durability=relaxed, or with trust_server=yes "
            "if the server is durable without it",
            name, fsync ? "full_page_writes" : "fsync");
    }
    return QUIPU_OK;
}

/* Settings of a session of its own.  Each statement of the driver is meant for
 * an index, which no statistics of the planner can tell: a table may have been
 * empty when it was last analysed. */
static const char session_settings[] =
    "SELECT pg_catalog.set_config('enable_seqscan', 'off', false),"
    "       pg_catalog.set_config('jit', 'off', false),"
    "       pg_catalog.set_config('plan_cache_mode', '%s', false),"
    "       pg_catalog.set_config('default_transaction_isolation',"
    "                             'read committed', false),"
    "       pg_catalog.set_config('synchronous_commit',"
    "           CASE WHEN %s THEN 'off'"
    "                WHEN pg_catalog.current_setting('synchronous_commit')"
    "                     OPERATOR(pg_catalog.=) 'off' THEN 'on'"
    "                ELSE pg_catalog.current_setting('synchronous_commit')"
    "           END, false)";
static const char settings_shape[] = "one text text text text text";

static int run(const struct lease *lease, const char *text, const char *shape,
               PGresult **result)
{
    struct connection *connection = lease->connection;
    int64_t deadline = lease->deadline;
    quipu_postgres_pipeline_send_text(connection, text, shape);
    quipu_postgres_pipeline_sync(connection);
    enum answer answer =
        quipu_postgres_pipeline_receive(connection, deadline, result);
    if (answer == ANSWER_OK) {
        answer = quipu_postgres_pipeline_receive_sync(connection, deadline);
    }
    return answer == ANSWER_SYNC
               ? QUIPU_OK
               : quipu_postgres_error_from_answer(lease, answer, result,
                                                  "begin a session");
}

#define SETTINGS_SIZE (sizeof(session_settings) + 24)

/* Citus has to know the namespace to make a plan: it cannot make a generic
 * one. */
static void write_settings(const quipu_driver_datastore *datastore,
                           const struct connection *connection,
                           char text[SETTINGS_SIZE])
{
    (void)snprintf(text, SETTINGS_SIZE, session_settings,
                   connection->sharded ? "auto" : "force_generic_plan",
                   datastore->relaxed ? "true" : "false");
}

/* The first setting with which a worker may lose what it has committed: the
 * settings of this session do not reach the workers.  A worker that cannot be
 * reached commits nothing. */
static const char workers_query[] =
    "SELECT pg_catalog.min(w.result)"
    "  FROM pg_catalog.run_command_on_workers('"
    "SELECT CASE WHEN pg_catalog.current_setting(''fsync'')"
    "                 OPERATOR(pg_catalog.=) ''off'' THEN ''fsync''"
    "            WHEN pg_catalog.current_setting(''full_page_writes'')"
    "                 OPERATOR(pg_catalog.=) ''off'' THEN ''full_page_writes''"
    "            WHEN pg_catalog.current_setting(''synchronous_commit'')"
    "                 OPERATOR(pg_catalog.=) ''off''"
    "            THEN ''synchronous_commit'' ELSE '''' END"
    "') AS w"
    " WHERE w.success AND w.result OPERATOR(pg_catalog.<>) ''";

/* A worker that does not answer must not keep all others from being used: Citus
 * would wait for it for half a minute. */
static const char patience_query[] =
    "SELECT pg_catalog.set_config('citus.node_connection_timeout', '2000', "
    "false)";

static int check_workers(const struct lease *lease)
{
    quipu_driver_datastore *datastore = lease->datastore;
    PGresult *result = NULL;
    int status = QUIPU_OK;
    if (lease->connection->own_session) {
        status = run(lease, patience_query, "one text", &result);
        PQclear(result);
        result = NULL;
    }
    if (status == QUIPU_OK) {
        status = run(lease, workers_query, "one text?", &result);
    }
    const char *setting = status == QUIPU_OK
                              ? quipu_postgres_binary_get_text(result, 0, 0)
                              : NULL;
    if (setting) {
        status = datastore->host->error_set(
            lease->error,
            quipu_postgres_error_status_when_open(datastore, QUIPU_UNSUPPORTED),
            0, NULL,
            "a worker of %s runs with %s=off and may lose what it has "
            "committed; turn it on in all workers, or open with "
            "durability=relaxed, or with trust_server=yes if they are durable "
            "without it",
            datastore->name, setting);
    }
    PQclear(result);
    return status;
}

static bool is_preparing(const quipu_driver_datastore *datastore,
                         const struct connection *connection)
{
    enum prepared_use use = datastore->options.prepared;
    return !atomic_load(&datastore->no_prepared) &&
           (use == PREPARED_YES ||
            (use == PREPARED_AUTO && connection->own_session));
}

/* Behind a pooler the process id of the protocol differs from that of the
 * server process: the session is shared, transaction by transaction. */
static int begin_session(const struct lease *lease)
{
    quipu_driver_datastore *datastore = lease->datastore;
    struct connection *connection = lease->connection;
    PGresult *result = NULL;
    char text[SETTINGS_SIZE];
    int status = run(lease, server_query, server_shape, &result);
    if (status == QUIPU_OK) {
        status = check_server(datastore, result, lease->error);
        connection->own_session = quipu_postgres_binary_get_int(result, 0, 0) ==
                                  PQbackendPID(connection->pg);
        connection->sharded = quipu_postgres_binary_get_bool(result, 0, 5);
        connection->prepares = is_preparing(datastore, connection);
    }
    PQclear(result);
    result = NULL;
    if (status == QUIPU_OK && connection->sharded && needs_sync(datastore)) {
        status = check_workers(lease);
    }
    if (status == QUIPU_OK && connection->own_session) {
        write_settings(datastore, connection, text);
        status = run(lease, text, settings_shape, &result);
        PQclear(result);
    }
    return status;
}

/* The statements of DISCARD ALL, but for prepared statements, and with the role
 * of the URI's options restored. */
void quipu_postgres_connection_reset(quipu_driver_datastore *datastore,
                                     struct connection *connection)
{
    static const char *const statements[] = {
        "CLOSE ALL",  "SET SESSION AUTHORIZATION DEFAULT",
        "RESET ROLE", "RESET ALL",
        "UNLISTEN *", "DISCARD TEMP"
    };
    char text[SETTINGS_SIZE];
    int64_t latest = clock_grace(0);
    connection->used_by_caller = false;
    connection->prepares = is_preparing(datastore, connection);
    if (!connection->own_session) {
        return; /* a pooler has lent the session to others already */
    }
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        quipu_postgres_pipeline_send_text(connection, statements[i], "");
    }
    quipu_postgres_pipeline_send_text(
        connection, "SELECT pg_catalog.pg_advisory_unlock_all()", "one void");
    write_settings(datastore, connection, text);
    quipu_postgres_pipeline_send_text(connection, text, settings_shape);
    quipu_postgres_pipeline_sync(connection);
    enum answer answer = ANSWER_OK;
    while (answer == ANSWER_OK) {
        PGresult *result = NULL;
        answer = quipu_postgres_pipeline_receive(connection, latest, &result);
        PQclear(result);
    }
    connection->lost = connection->lost || answer != ANSWER_SYNC;
}

/* ------------------------------------------------------------ open and close
 */

void quipu_postgres_connection_close(quipu_driver_datastore *datastore,
                                     struct connection *connection)
{
    if (!connection) {
        return;
    }
    if (connection->pg) {
        if (connection->lost) { /* a COMMIT still queued must not arrive */
            (void)shutdown(PQsocket(connection->pg), SHUT_RDWR);
        }
        PQfinish(connection->pg);
    }
    quipu_postgres_binary_finish(&connection->arguments);
    datastore->host->release(connection);
}

static struct connection *create(const quipu_host *host)
{
    struct connection *connection = host->allocate(sizeof(*connection));
    if (connection) {
        memset(connection, 0, sizeof(*connection));
        connection->arguments.host = host;
        connection->lock_timeout = -1;
        connection->crowded = CROWDED_APPENDS;
    }
    return connection;
}

static int connect_host(const struct lease *lease,
                        struct hosts_failure *failure)
{
    quipu_driver_datastore *datastore = lease->datastore;
    quipu_error *error = lease->error;
    if (quipu_postgres_hosts_connect(&datastore->hosts, &datastore->conninfo,
                                     lease->deadline, lease->connection,
                                     failure)) {
        return QUIPU_OK;
    }
    if (failure->status == QUIPU_NO_MEMORY) {
        return quipu_postgres_error_no_memory(datastore->host, error);
    }
    int status = failure->status == QUIPU_INTERNAL ? QUIPU_IO : failure->status;
    return datastore->host->error_set(
        error, quipu_postgres_error_status_when_open(datastore, status), 0,
        failure->state, "cannot connect to %s: %s; %s", datastore->name,
        failure->message, failure->advice);
}

int quipu_postgres_connection_open(quipu_driver_datastore *datastore,
                                   int64_t deadline, struct connection **made,
                                   quipu_error *error)
{
    struct retry retry = quipu_postgres_retry_begin(deadline, INT32_MAX);
    int64_t latest = clock_grace(deadline);
    int64_t pause = FIRST_PAUSE;
    int sessions = 0;
    bool again = true;
    int status = QUIPU_OK;
    do {
        struct hosts_failure failure = { .status = QUIPU_OK };
        struct connection *connection = create(datastore->host);
        if (!connection) {
            return quipu_postgres_error_no_memory(datastore->host, error);
        }
        const struct lease lease = { .datastore = datastore,
                                     .connection = connection,
                                     .deadline = latest,
                                     .error = error };
        status = connect_host(&lease, &failure);
        bool connected = status == QUIPU_OK;
        if (connected) {
            status = begin_session(&lease);
        }
        if (status == QUIPU_OK) {
            connection->used = clock_now();
            *made = connection;
            return QUIPU_OK;
        }
        /* No server is there yet, or it ended the session at once. */
        again = failure.again ||
                (connected && connection->lost && ++sessions < GREETINGS);
        quipu_postgres_connection_close(datastore, connection);
        pause = 2 * pause < LONGEST_PAUSE ? 2 * pause : LONGEST_PAUSE;
    } while (again && quipu_postgres_retry_again(&retry, pause));
    return status;
}
