/* SPDX-License-Identifier: Apache-2.0 */
/* Stores on a PostgreSQL server, and the locks of runs. */
#include "server.h"
#include "fail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "quipu_bench_"
#define LOCK_CLASS "1903520112" /* "quip" */
#define NAME_SIZE 640

void bench_server_check(PGconn *pg, bool ok, const char *what)
{
    if (!ok) {
        bench_fail(what, PQerrorMessage(pg));
    }
}

PGconn *bench_server_connect(const char *uri)
{
    PGconn *pg = PQconnectdb(uri);
    bench_server_check(pg, PQstatus(pg) == CONNECTION_OK, uri);
    bench_server_run(pg, "SET client_min_messages = warning");
    return pg;
}

/* Runs a statement; the caller clears the result. */
static PGresult *query(PGconn *pg, const char *text)
{
    PGresult *result = PQexec(pg, text);
    ExecStatusType status = PQresultStatus(result);
    bench_server_check(
        pg, status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, text);
    return result;
}

void bench_server_run(PGconn *pg, const char *text)
{
    PQclear(query(pg, text));
}

void bench_server_run_on(PGconn *pg, const char *before, const char *name,
                         const char *after)
{
    char text[NAME_SIZE];
    (void)snprintf(text, sizeof(text), "%s%s%s", before, name, after);
    bench_server_run(pg, text);
}

/* ------------------------------------------------------------------- runs */

/* Returns true if the lock of a run was free; the connection has it then. */
static bool try_lock(PGconn *pg, const char *run)
{
    char text[NAME_SIZE];
    (void)snprintf(
        text, sizeof(text),
        "SELECT pg_try_advisory_lock(" LOCK_CLASS ", x'%.8s'::integer)", run);
    PGresult *result = query(pg, text);
    bool locked = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    return locked;
}

void *bench_server_lock(const char *uri, const char *run)
{
    PGconn *pg = bench_server_connect(uri);
    if (!try_lock(pg, run)) {
        bench_fail(run, "another run has the same name");
    }
    return pg;
}

/* Closing the connection alone would free the lock at some later moment. */
void bench_server_unlock(void *lock)
{
    bench_server_run(lock, "SELECT pg_advisory_unlock_all()");
    PQfinish(lock);
}

void bench_server_sweep(const char *uri)
{
    PGconn *pg = bench_server_connect(uri);
    PGresult *names =
        query(pg, "SELECT nspname FROM pg_namespace WHERE nspname ~"
                  " '^" PREFIX "[0-9a-f]{8}_[a-z_]+$'");
    for (int i = 0; i < PQntuples(names); i++) {
        const char *name = PQgetvalue(names, i, 0);
        if (try_lock(pg, name + strlen(PREFIX))) {
            bench_server_run_on(pg, "DROP SCHEMA IF EXISTS ", name, " CASCADE");
        }
    }
    PQclear(names);
    PQfinish(pg);
}

/* ----------------------------------------------------------------- stores */

void bench_server_name(const struct bench_workspace *workspace,
                       const char *label, char *name, size_t size)
{
    (void)snprintf(name, size, PREFIX "%s_%s", workspace->run, label);
}

void bench_server_uri(const struct bench_store *store, char *uri, size_t size)
{
    const char *server = store->workspace->server;
    PGconn *pg = bench_server_connect(server);
    bench_server_run_on(pg, "CREATE SCHEMA IF NOT EXISTS ", store->name, "");
    PQfinish(pg);
    (void)snprintf(uri, size, "%s%cschema=%s&", server,
                   strchr(server, '?') ? '&' : '?', store->name);
}

void bench_server_remove(const struct bench_store *store)
{
    PGconn *pg = bench_server_connect(store->workspace->server);
    bench_server_run_on(pg, "DROP SCHEMA IF EXISTS ", store->name, " CASCADE");
    PQfinish(pg);
}

uint64_t bench_server_size(const struct bench_store *store)
{
    char text[NAME_SIZE];
    PGconn *pg = bench_server_connect(store->workspace->server);
    (void)snprintf(text, sizeof(text),
                   "SELECT pg_total_relation_size('%s.stored_events')",
                   store->name);
    PGresult *result = query(pg, text);
    uint64_t size = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    PQfinish(pg);
    return size;
}
