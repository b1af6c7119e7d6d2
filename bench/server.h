/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stores on a PostgreSQL server.  Each is a schema, whose name identifies the
 * run that made it.  A run holds an advisory lock; the next run drops the
 * schemas whose lock is free.
 */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include "store.h"

#include <libpq-fe.h>

/* Ends the program with the server's message unless `ok`. */
void bench_server_check(PGconn *pg, bool ok, const char *what);

PGconn *bench_server_connect(const char *uri);

/* Runs statements whose results are not needed, outside of a pipeline. */
void bench_server_run(PGconn *pg, const char *text);
/* Runs the statement `before` name `after`. */
void bench_server_run_on(PGconn *pg, const char *before, const char *name,
                         const char *after);

/* Takes the advisory lock of a run; returns the connection that holds it. */
void *bench_server_lock(const char *uri, const char *run);
void bench_server_unlock(void *lock);
/* Drops the schemas of all runs that have ended. */
void bench_server_sweep(const char *uri);

/* Writes the name of the schema of a store. */
void bench_server_name(const struct bench_workspace *workspace,
                       const char *label, char *name, size_t size);

/* The functions of struct bench_driver; bench_server_uri creates the schema. */
void bench_server_uri(const struct bench_store *store, char *uri, size_t size);
void bench_server_remove(const struct bench_store *store);
uint64_t bench_server_size(const struct bench_store *store);

#endif
