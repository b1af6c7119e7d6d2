/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the PostgreSQL driver share.
 *
 * Opening      driver.c options.c uri.c servers.c open.c catalogue.c
 *              namespace.c
 * Connections  dial.c connect.c pool.c; exchange.c wire.c guard.c; ask.c
 *              error.c
 * SQL          statements.h common.c own.c, made by schema.c
 * Schemas      setup.c teardown.c change.c relation.c table.c; bind.c compare.c
 * Appending    group.h says; transactions with the caller's own work: work.c
 * Reading      read.c rows.c lists.c head.c tracking.c
 * Waiting      pulse.c
 *
 *     quipu_driver_datastore   one opened URI
 *       pool                   connections, lent for one operation each
 *       pulse                  wakes those who wait for the log
 *     quipu_driver_schema      a schema bound: its SQL
 *     quipu_driver_cursor      pages of rows
 */
#ifndef POSTGRES_DRIVER_H
#define POSTGRES_DRIVER_H

#include "exchange.h"
#include "options.h"
#include "pulse.h"
#include "servers.h"
#include "statements.h"

#include "common/clock.h"
#include "common/error.h"
#include "common/schema.h"
#include "common/text.h"

#include <quipu/driver.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#define STORE_FORMAT 1
#define IDLE_LIMIT 30000 /* milliseconds that a transaction may stand still */

/* ------------------------------------------------------------ datastore */

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t returned;
    struct connection *idle; /* the one used last comes first */
    size_t count;            /* in all, those lent included */
};

struct quipu_driver_datastore {
    const quipu_host *host;
    struct options options;
    struct target target;
    struct servers servers;
    const char *name; /* for messages */
    char *name_space;
    char *schema;  /* PostgreSQL's, of the tables; NULL: not known yet */
    int32_t space; /* the namespace's number; 0: not there yet */
    quipu_uuid identity;
    bool readonly;
    bool relaxed;
    bool opened;        /* codes of opening are no longer answered */
    _Atomic bool plain; /* prepared statements do not work after all */
    pid_t process;
    struct statement common[SQL_COMMON_COUNT];
    struct pool pool;
    struct pulse pulse;
    _Atomic uint32_t wary;    /* appends to come that are judged first */
    _Atomic int64_t notified; /* when the last NOTIFY went out */
};

struct quipu_driver_schema {
    quipu_schema schema; /* a deep copy, in `names` */
    char *names;
    int64_t number; /* in the catalogue */
    struct statement of[SQL_OWN_COUNT];
};

/* ----------------------------------------------------------------- errors */

/* What an answer that is not ANSWER_OK means, as a status, and fills *error:
 * "cannot <what>: <the server's words>; <the way out>".  Clears *result. */
int quipu_postgres_fail(const quipu_driver_datastore *datastore,
                        struct connection *connection, enum answer answer,
                        PGresult **result, const char *what,
                        quipu_error *error);
int quipu_postgres_no_memory(const quipu_host *host, quipu_error *error);
/* The SQLSTATE of an error, or "" if it has none. */
const char *quipu_postgres_state(const PGresult *result);
bool quipu_postgres_is_state(const PGresult *result, const char *state);
/* What a SQLSTATE means; *way_out gets words. */
int quipu_postgres_status_of(const char *state, const char **way_out);
/* The code for an operation other than opening. */
int quipu_postgres_status_later(const quipu_driver_datastore *datastore,
                                int status);
/* A read's late answer is TIMEOUT where an append's is BUSY. */
int quipu_postgres_as_read(int status, quipu_error *error);

/* ------------------------------------------------------------ connections */

/* Makes a connection and looks at the server that answers. */
int quipu_postgres_connect(quipu_driver_datastore *datastore, int64_t deadline,
                           struct connection **made, quipu_error *error);
void quipu_postgres_disconnect(quipu_driver_datastore *datastore,
                               struct connection *connection);

int quipu_postgres_pool_init(quipu_driver_datastore *datastore,
                             quipu_error *error);
void quipu_postgres_pool_finish(quipu_driver_datastore *datastore);
/* Lends a connection that is alive, as far as it can be told.  BUSY: all are
 * lent until the deadline; and as connecting. */
int quipu_postgres_borrow(quipu_driver_datastore *datastore, int64_t deadline,
                          struct connection **connection, quipu_error *error);
/* Takes it back; one that is lost is closed. */
void quipu_postgres_return(quipu_driver_datastore *datastore,
                           struct connection *connection);

/* Sends one statement alone and receives its answer. */
int quipu_postgres_ask(quipu_driver_datastore *datastore,
                       struct connection *connection,
                       const struct statement *statement, int64_t deadline,
                       const char *what, PGresult **result, quipu_error *error);
/* The same for reading, on a connection of its own, once more if that turns out
 * to be lost.  `put` adds the parameters. */
int quipu_postgres_read(quipu_driver_datastore *datastore,
                        const struct statement *statement,
                        void (*put)(struct arguments *arguments,
                                    const void *context),
                        const void *context, int64_t deadline, const char *what,
                        PGresult **result, quipu_error *error);

/* Whether a server refused a prepared statement for a pooler's sake; then no
 * more are prepared. */
bool quipu_postgres_is_unprepared(quipu_driver_datastore *datastore,
                                  const char *state);

/* Whether an error says that a session can do no more, but another one may. */
bool quipu_postgres_is_over(quipu_driver_datastore *datastore,
                            const char *state);

/* Receives so many answers, which have to be good. */
int quipu_postgres_skip(quipu_driver_datastore *datastore,
                        struct connection *connection, unsigned count,
                        int64_t deadline, const char *what, quipu_error *error);

/* Sends BEGIN, and what has to be set; so many answers are to be skipped.
 * Statements may take longer than to the deadline by `patience` nanoseconds. */
unsigned quipu_postgres_send_begin(quipu_driver_datastore *datastore,
                                   struct connection *connection,
                                   int64_t deadline, int64_t patience);
/* Transactions step by step.  Commit answers UNKNOWN_OUTCOME where it must. */
int quipu_postgres_begin(quipu_driver_datastore *datastore,
                         struct connection *connection, int64_t deadline,
                         quipu_error *error);
int quipu_postgres_commit(quipu_driver_datastore *datastore,
                          struct connection *connection, int64_t deadline,
                          quipu_error *error);
void quipu_postgres_rollback(quipu_driver_datastore *datastore,
                             struct connection *connection, int64_t deadline);
/* What the answer to COMMIT means. */
int quipu_postgres_judge_commit(quipu_driver_datastore *datastore,
                                struct connection *connection,
                                enum answer answer, PGresult **result,
                                quipu_error *error);

/* ---------------------------------------------------------------- schemas */

/* Makes the statements of no schema, once `schema` is known. */
int quipu_postgres_common_make(quipu_driver_datastore *datastore,
                               quipu_error *error);
void quipu_postgres_common_finish(quipu_driver_datastore *datastore);
/* Makes the statements of a schema whose table has that name. */
int quipu_postgres_own_make(const quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, const char *table,
                            quipu_error *error);
void quipu_postgres_own_finish(quipu_driver_schema *bound,
                               const quipu_host *host);

/* Looks a schema up in the catalogue: its number, and its table's name, to be
 * released.  NOT_FOUND; CONFLICT (the message names the first difference);
 * CORRUPT (the table lacks a column). */
int quipu_postgres_schema_find(quipu_driver_datastore *datastore,
                               struct connection *connection,
                               const quipu_schema *schema, int64_t deadline,
                               int64_t *number, char **table,
                               quipu_error *error);
/* Whether the table still has all columns. */
int quipu_postgres_table_check(quipu_driver_datastore *datastore,
                               struct connection *connection,
                               const quipu_schema *schema, const char *table,
                               int64_t deadline, quipu_error *error);

/* Looks what the database has and makes what it lacks, if `create`. */
int quipu_postgres_catalogue_open(quipu_driver_datastore *datastore,
                                  struct connection *connection, bool create,
                                  int64_t deadline, quipu_error *error);

/* Reads the namespace's number and identity; makes it, if `create`. */
int quipu_postgres_namespace_find(quipu_driver_datastore *datastore,
                                  struct connection *connection, bool create,
                                  int64_t deadline, quipu_error *error);

/* Whether an error is what one gets who makes the same table at the same
 * time. */
bool quipu_postgres_is_race(const quipu_error *error);

/* The log's head; NOT_FOUND: torn down. */
int quipu_postgres_ask_head(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, int64_t deadline,
                            int64_t *head, quipu_error *error);
int quipu_postgres_torn_down(const quipu_driver_datastore *datastore,
                             const quipu_driver_schema *bound,
                             quipu_error *error);

#endif
