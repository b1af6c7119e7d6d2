/* SPDX-License-Identifier: Apache-2.0 */
/* Making a connection, and looking at the server that answers. */
#include "dial.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define GREETINGS 5
#define PAUSE (50 * CLOCK_MILLISECOND) /* while the server starts */

/* -------------------------------------------------------------- the server */

static const char hello[] =
    "SELECT pg_catalog.pg_backend_pid(), pg_catalog.pg_is_in_recovery(),"
    " pg_catalog.current_setting('fsync') = 'on',"
    " pg_catalog.current_setting('full_page_writes') = 'on',"
    " pg_catalog.current_setting('server_encoding') = 'UTF8'";

static int judge_server(const quipu_driver_datastore *datastore,
                        const PGresult *result, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    const char *name = datastore->name;
    int status = quipu_postgres_status_later(datastore, QUIPU_UNSUPPORTED);
    if (!quipu_postgres_get_bool(result, 0, 4)) {
        return host->error_set(error, status, 0, NULL,
                               "%s does not keep its texts as UTF-8; make a "
                               "database with ENCODING 'UTF8'",
                               name);
    }
    if (quipu_postgres_get_bool(result, 0, 1) && !datastore->readonly) {
        return host->error_set(
            error, QUIPU_DENIED, 0, NULL,
            "%s is a standby, which only reads; open it with readonly=yes, or "
            "name the primary, with target_session_attrs=read-write if there "
            "are several",
            name);
    }
    if (!datastore->relaxed && !datastore->readonly &&
        (!quipu_postgres_get_bool(result, 0, 2) ||
         !quipu_postgres_get_bool(result, 0, 3))) {
        return host->error_set(
            error, status, 0, NULL,
            "%s runs with %s=off and may lose everything in a power cut; turn "
            "it on, or open with durability=relaxed",
            name,
            quipu_postgres_get_bool(result, 0, 2) ? "full_page_writes"
                                                  : "fsync");
    }
    return QUIPU_OK;
}

/* With a session of our own the planner is told what no statistics can: each
 * statement of quipu's has its index. */
static const char tune[] =
    "SELECT pg_catalog.set_config('enable_seqscan', 'off', false),"
    " pg_catalog.set_config('jit', 'off', false),"
    " pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', false),"
    " pg_catalog.set_config('default_transaction_isolation',"
    " 'read committed', false),"
    " pg_catalog.set_config('synchronous_commit', CASE WHEN %s THEN 'off'"
    " WHEN pg_catalog.current_setting('synchronous_commit') = 'off' THEN 'on'"
    " ELSE pg_catalog.current_setting('synchronous_commit') END, false)";

static int send_alone(quipu_driver_datastore *datastore,
                      struct connection *connection, const char *text,
                      int64_t deadline, PGresult **result, quipu_error *error)
{
    quipu_postgres_send_text(connection, text);
    quipu_postgres_send_end(connection);
    enum answer answer = quipu_postgres_receive(connection, deadline, result);
    if (answer != ANSWER_OK) {
        return quipu_postgres_fail(datastore, connection, answer, result,
                                   "greet the server", error);
    }
    answer = quipu_postgres_receive_end(connection, deadline);
    return answer == ANSWER_END
               ? QUIPU_OK
               : quipu_postgres_fail(datastore, connection, answer, result,
                                     "greet the server", error);
}

/* A pooler has a process number of its own, and shares out the servers' by the
 * transaction. */
static int greet(quipu_driver_datastore *datastore,
                 struct connection *connection, int64_t deadline,
                 quipu_error *error)
{
    PGresult *result = NULL;
    char text[sizeof(tune) + 8];
    int status =
        send_alone(datastore, connection, hello, deadline, &result, error);
    if (status == QUIPU_OK) {
        status = judge_server(datastore, result, error);
        connection->direct = quipu_postgres_get_int(result, 0, 0) ==
                             PQbackendPID(connection->pg);
        connection->prepares =
            datastore->options.prepared == PREPARED_YES ||
            (datastore->options.prepared == PREPARED_AUTO &&
             connection->direct && !atomic_load(&datastore->plain));
    }
    PQclear(result);
    result = NULL;
    if (status == QUIPU_OK && connection->direct) {
        (void)snprintf(text, sizeof(text), tune,
                       datastore->relaxed ? "true" : "false");
        status =
            send_alone(datastore, connection, text, deadline, &result, error);
        PQclear(result);
    }
    return status;
}

/* -------------------------------------------------------------- the whole */

void quipu_postgres_disconnect(quipu_driver_datastore *datastore,
                               struct connection *connection)
{
    if (!connection) {
        return;
    }
    if (connection->pg) {
        if (connection->lost) { /* what is still to be sent must not arrive */
            (void)shutdown(PQsocket(connection->pg), SHUT_RDWR);
        }
        PQfinish(connection->pg);
    }
    quipu_postgres_arguments_finish(&connection->arguments);
    datastore->host->release(connection);
}

static struct connection *create(const quipu_host *host)
{
    struct connection *connection = host->allocate(sizeof(*connection));
    if (connection) {
        memset(connection, 0, sizeof(*connection));
        connection->arguments.host = host;
        connection->limit = -1;
    }
    return connection;
}

int quipu_postgres_connect(quipu_driver_datastore *datastore, int64_t deadline,
                           struct connection **made, quipu_error *error)
{
    char state[6];
    int greetings = 0;
    int64_t latest = clock_grace(deadline);
    for (;;) {
        struct connection *connection = create(datastore->host);
        if (!connection) {
            return quipu_postgres_no_memory(datastore->host, error);
        }
        int status =
            quipu_postgres_dial(datastore, latest, connection, state, error);
        bool greeted = status == QUIPU_OK;
        if (greeted) {
            status = greet(datastore, connection, latest, error);
        }
        if (status == QUIPU_OK) {
            connection->used = clock_now();
            *made = connection;
            return QUIPU_OK;
        }
        greeted = greeted && connection->lost;
        quipu_postgres_disconnect(datastore, connection);
        /* Starting, or ended by somebody before it could greet. */
        bool again =
            strcmp(state, "57P03") == 0 || (greeted && ++greetings < GREETINGS);
        if (!again || clock_now() + PAUSE > deadline) {
            return status;
        }
        clock_sleep_until(clock_now() + PAUSE);
    }
}
