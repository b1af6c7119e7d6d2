/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's own options in a URI; options.c has the table with names,
 * defaults and help texts.  docs/postgresql.md describes them. */
#ifndef POSTGRES_OPTIONS_H
#define POSTGRES_OPTIONS_H

#include <quipu/driver.h>

#define OPTION_COUNT 11
extern const quipu_option_info quipu_postgres_option_table[OPTION_COUNT];

/* Use of prepared statements. */
enum prepared_use {
    PREPARED_AUTO, /* on sessions of its own, not behind a pooler */
    PREPARED_YES,
    PREPARED_NO
};

/* Whether the namespace has shared flushes (net/flush.h). */
enum shared_flush {
    SHARED_FLUSH_ANY, /* as it was made; a new one has none */
    SHARED_FLUSH_YES,
    SHARED_FLUSH_NO
};

/* How a store that is created on a Citus cluster is distributed. */
enum distribute {
    DISTRIBUTE_AUTO,   /* as the server does by itself */
    DISTRIBUTE_SCHEMA, /* as a whole, by its PostgreSQL schema */
    DISTRIBUTE_NAMESPACE,
    DISTRIBUTE_COUNT
};
extern const char *const quipu_postgres_option_distribute[DISTRIBUTE_COUNT];

struct options {
    int64_t idle_check;        /* ms; then an idle connection is checked */
    int64_t lock_timeout;      /* ms; 0: until the deadline */
    int64_t statement_timeout; /* ms; 0: until the deadline */
    int64_t poll;              /* ms, at most, between looks at the log */
    int64_t pool;              /* connections at most */
    bool notify;               /* use NOTIFY and LISTEN */
    bool trust_server;         /* durable with fsync=off */
    enum prepared_use prepared;
    enum shared_flush shared_flush;
    enum distribute distribute;
    const char *schema; /* borrowed for the opening; or NULL */
};

/* Reads the options, whose types the core has checked.  INVALID: a value is out
 * of range. */
int quipu_postgres_options_read(const quipu_host *host, const quipu_open *how,
                                struct options *options, quipu_error *error);

/* Returns true for a name in the driver's own table. */
bool quipu_postgres_option_is_own(const char *name);

#endif
