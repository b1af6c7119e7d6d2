/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks do to a PostgreSQL server, besides being measured. */
#ifndef BENCH_SERVER_H
#define BENCH_SERVER_H

#include "bench.h"

#include <libpq-fe.h>

/* Ends the program with what the server said, unless it is well. */
void bench_server_need(PGconn *pg, bool ok, const char *what);

PGconn *bench_server_connect(const char *uri);

/* Runs statements that return nothing of use, outside of a pipeline. */
void bench_server_run(PGconn *pg, const char *text);
/* The same with a name before `after`. */
void bench_server_run_on(PGconn *pg, const char *before, const char *name,
                         const char *after);

#endif
