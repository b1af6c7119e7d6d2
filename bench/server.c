/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores on a PostgreSQL server: a schema each, whose name tells the run that
 * it belongs to.  A run holds an advisory lock as long as it lives, so that the
 * next one knows which schemas nobody uses any more.
 */
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "quipu_bench_"
#define LOCK_CLASS "1903520112" /* "quip" */
#define NAME_SIZE 640

void bench_server_need(PGconn *pg, bool ok, const char *what)
{
    if (!ok) {
        bench_die(what, PQerrorMessage(pg));
    }
}

PGconn *bench_server_connect(const char *uri)
{
    PGconn *pg = PQconnectdb(uri);
    bench_server_need(pg, PQstatus(pg) == CONNECTION_OK, uri);
    bench_server_run(pg, "SET client_min_messages = warning");
    return pg;
}

/* A result to clear. */
static PGresult *ask(PGconn *pg, const char *text)
{
    PGresult *result = PQexec(pg, text);
    ExecStatusType status = PQresultStatus(result);
    bench_server_need(
        pg, status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, text);
    return result;
}

void bench_server_run(PGconn *pg, const char *text)
{
    PQclear(ask(pg, text));
}

void bench_server_run_on(PGconn *pg, const char *before, const char *name,
                         const char *after)
{
    char text[NAME_SIZE];
    (void)snprintf(text, sizeof(text), "%s%s%s", before, name, after);
    bench_server_run(pg, text);
}

/* ------------------------------------------------------------------- runs */

/* Whether the lock of a run could be had. */
static bool lock(PGconn *pg, const char *run)
{
    char text[NAME_SIZE];
    (void)snprintf(
        text, sizeof(text),
        "SELECT pg_try_advisory_lock(" LOCK_CLASS ", x'%.8s'::integer)", run);
    PGresult *result = ask(pg, text);
    bool locked = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    return locked;
}

void *bench_server_hold(const char *uri, const char *run)
{
    PGconn *pg = bench_server_connect(uri);
    if (!lock(pg, run)) {
        bench_die(run, "another run has this name");
    }
    return pg;
}

void bench_server_release(void *held)
{
    PQfinish(held);
}

void bench_server_sweep(const char *uri)
{
    PGconn *pg = bench_server_connect(uri);
    PGresult *names = ask(pg, "SELECT nspname FROM pg_namespace WHERE nspname ~"
                              " '^" PREFIX "[0-9a-f]{8}_[a-z]+$'");
    for (int i = 0; i < PQntuples(names); i++) {
        const char *name = PQgetvalue(names, i, 0);
        if (lock(pg, name + strlen(PREFIX))) {
            bench_server_run_on(pg, "DROP SCHEMA IF EXISTS ", name, " CASCADE");
        }
    }
    PQclear(names);
    PQfinish(pg);
}

/* ----------------------------------------------------------------- stores */

void bench_server_name(const struct bench_place *place, const char *label,
                       char *name, size_t size)
{
    (void)snprintf(name, size, PREFIX "%s_%s", place->run, label);
}

void bench_server_uri(const struct bench_store *store, char *uri, size_t size)
{
    const char *server = store->place->server;
    PGconn *pg = bench_server_connect(server);
    bench_server_run_on(pg, "CREATE SCHEMA IF NOT EXISTS ", store->name, "");
    PQfinish(pg);
    (void)snprintf(uri, size, "%s%cschema=%s&", server,
                   strchr(server, '?') ? '&' : '?', store->name);
}

void bench_server_remove(const struct bench_store *store)
{
    PGconn *pg = bench_server_connect(store->place->server);
    bench_server_run_on(pg, "DROP SCHEMA IF EXISTS ", store->name, " CASCADE");
    PQfinish(pg);
}

uint64_t bench_server_size(const struct bench_store *store)
{
    char text[NAME_SIZE];
    PGconn *pg = bench_server_connect(store->place->server);
    (void)snprintf(text, sizeof(text),
                   "SELECT pg_total_relation_size('%s.stored_events')",
                   store->name);
    PGresult *result = ask(pg, text);
    uint64_t size = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    PQfinish(pg);
    return size;
}
