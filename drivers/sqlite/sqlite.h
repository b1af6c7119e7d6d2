/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the SQLite driver share.
 *
 *     quipu_driver_datastore   one opened URI
 *       file                   the database file, shared in the process
 *         gate                 where the writers of all processes queue
 *       writer, readers        connections
 *     quipu_driver_schema      a schema bound: its SQL
 *     quipu_driver_cursor      pages of rows
 */
#ifndef SQLITE_DRIVER_H
#define SQLITE_DRIVER_H

#include "common/error.h"
#include "common/schema.h"
#include "common/text.h"
#include "file.h"
#include "options.h"

#include <quipu/driver.h>

#include <pthread.h>
#include <sqlite3.h>

#define STORE_APPLICATION_ID 0x71756970 /* "quip" */
#define STORE_FORMAT 1
#define READERS_MAX 8

/* ----------------------------------------------------------------- errors */

/* Says what SQLite's answer means, as a status, and fills *error: "<what>:
 * <SQLite's words>, and the way out". */
int quipu_sqlite_fail(const struct quipu_driver_datastore *datastore,
                      sqlite3 *db, int code, const char *what,
                      quipu_error *error);

int quipu_sqlite_no_memory(const quipu_host *host, quipu_error *error);

/* ------------------------------------------------------------ connections */

/* The statements of one schema, or (schema NULL) those of none. */
enum statement {
    /* of no schema */
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_ROLLBACK_TO,
    SQL_RELEASE,
    SQL_TRACKING_READ,
    SQL_TRACKING_WRITE,
    SQL_TRACKING_NEXT,
    SQL_SCHEMAS_NEXT,
    SQL_COLUMNS,
    SQL_HEAD,
    SQL_SET_HEAD,
    SQL_COMMON_COUNT,
    /* of a schema */
    SQL_LAST = SQL_COMMON_COUNT,
    SQL_BY_EVENT_ID,
    SQL_INSERT,
    SQL_SEQUENCE_UP,
    SQL_SEQUENCE_DOWN,
    SQL_LOG_UP,
    SQL_LOG_DOWN,
    SQL_FIRST_SEQUENCE,
    SQL_NEXT_SEQUENCE,
    SQL_EVENT_ID_AT,
    SQL_COUNT
};

#define CACHES_MAX 16

struct statements {
    uint64_t serial; /* of the bound schema */
    uint64_t used;   /* when, for the least recently used to go */
    sqlite3_stmt *of[SQL_COUNT - SQL_COMMON_COUNT];
};

struct taking; /* read.c's */

struct connection {
    sqlite3 *db;
    int64_t deadline;      /* of the operation under way */
    struct taking *taking; /* where the rows of a cursor's query go */
    sqlite3_stmt *common[SQL_COMMON_COUNT];
    struct statements caches[CACHES_MAX];
    uint64_t clock;
};

/* ------------------------------------------------------------ datastore */

struct quipu_driver_datastore {
    const quipu_host *host;
    struct options options;
    char *path;       /* the file's real name; NULL: in memory */
    char *uri;        /* the same as SQLite's URI, to read without locks */
    bool immutable;   /* read it so: nobody changes the file */
    const char *name; /* for messages */
    char *name_space;
    int64_t space; /* its number in the catalogue; 0: not there yet */
    bool readonly;
    bool relaxed;
    bool gated; /* counted among the writers of `file` */
    quipu_uuid identity;
    struct file *file;
    struct fair_lock *fair_lock;
    struct commit_counter *commit_counter;
    /* Inside the turnstile; db NULL if readonly.  In memory it is the only
     * connection, and reading takes the turnstile, too. */
    struct connection writer;
    int wal_pages;    /* after the last commit of this handle */
    int64_t wal_done; /* of those, what its last checkpoint found */
    /* Readers that are idle, and how many there are in all. */
    pthread_mutex_t lock;
    pthread_cond_t returned;
    struct connection *idle[READERS_MAX];
    size_t idle_count;
    size_t reader_count;
    uint64_t serials;
    _Atomic uint32_t interrupts;
};

/* A function for the queries of cursors, which each connection has; read.c. */
void quipu_sqlite_take(sqlite3_context *context, int count,
                       sqlite3_value **columns);

/* Opens and prepares a connection; flags as sqlite3_open_v2, with
 * SQLITE_OPEN_URI to read without locks. */
int quipu_sqlite_connection_open(quipu_driver_datastore *datastore,
                                 struct connection *connection, int flags,
                                 quipu_error *error);
void quipu_sqlite_connection_close(struct connection *connection);

/* A prepared statement, reset; `schema` NULL for those of none. */
int quipu_sqlite_statement_get(quipu_driver_datastore *datastore,
                               struct connection *connection,
                               const quipu_driver_schema *schema,
                               enum statement which, sqlite3_stmt **statement,
                               quipu_error *error);
/* Steps a statement that returns nothing, and resets it. */
int quipu_sqlite_statement_run(quipu_driver_datastore *datastore,
                               struct connection *connection,
                               const quipu_driver_schema *schema,
                               enum statement which, quipu_error *error);

/* Lends a reading connection until it is returned.  TIMEOUT, and as opening. */
int quipu_sqlite_reader_borrow(quipu_driver_datastore *datastore,
                               int64_t deadline, struct connection **connection,
                               quipu_error *error);
void quipu_sqlite_reader_return(quipu_driver_datastore *datastore,
                                struct connection *connection);

/* Closes those that are not lent. */
void quipu_sqlite_readers_close(quipu_driver_datastore *datastore);

/* Enters the turnstile, waiting until the deadline.  BUSY; INTERNAL if this
 * thread is inside already. */
int quipu_sqlite_turnstile_take(quipu_driver_datastore *datastore,
                                int64_t deadline, quipu_error *error);
/* Leaves it. */
void quipu_sqlite_turnstile_give(quipu_driver_datastore *datastore);

/* Enters and begins a transaction; BUSY, IO, DENIED. */
int quipu_sqlite_writing_begin(quipu_driver_datastore *datastore,
                               int64_t deadline, quipu_error *error);
/* Commits and leaves; on failure all is undone, or UNKNOWN_OUTCOME. */
int quipu_sqlite_writing_commit(quipu_driver_datastore *datastore,
                                quipu_error *error);
/* Undoes, and stays inside; or leaves as well. */
void quipu_sqlite_writing_undo(quipu_driver_datastore *datastore);
void quipu_sqlite_writing_abandon(quipu_driver_datastore *datastore);

/* With the gate shut: makes durable what the last to use the WAL left in it.
 * IO, DENIED, CORRUPT, NO_MEMORY. */
int quipu_sqlite_wal_settle(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_error *error);
/* Inside the turnstile: the writing connection keeps a WAL, as durable as the
 * datastore is to be.  UNSUPPORTED where no memory can be shared. */
int quipu_sqlite_wal_use(quipu_driver_datastore *datastore, quipu_error *error);

/* ---------------------------------------------------------------- schemas */

struct quipu_driver_schema {
    quipu_schema schema; /* a deep copy, in `names` */
    char *names;
    uint64_t serial;
    int64_t number; /* in the catalogue */
    char *sql[SQL_COUNT - SQL_COMMON_COUNT];
    /* Inside an append alone: who keeps the head of the log (a schema may be
     * bound several times), and for the keeper, the head. */
    quipu_driver_schema *keeper;
    quipu_driver_schema *next_keeper;
    int64_t head;
    bool head_changed;
};

/* Makes the SQL of a schema whose table has that name in the database. */
int quipu_sqlite_schema_sql(quipu_driver_schema *bound, const quipu_host *host,
                            const char *table, quipu_error *error);
void quipu_sqlite_schema_sql_finish(quipu_driver_schema *bound,
                                    const quipu_host *host);

/* The statement that makes the table of a schema, to be released; NULL: no
 * memory. */
char *quipu_sqlite_schema_ddl(const quipu_driver_datastore *datastore,
                              const quipu_schema *schema, const char *table);

/* Looks a schema up in the catalogue, as quipu_sqlite_catalogue_find, with a
 * reader. */
int quipu_sqlite_schema_find(quipu_driver_datastore *datastore,
                             const quipu_schema *schema, int64_t deadline,
                             int64_t *number, quipu_error *error);
/* The table's name in the database, to be released. */
char *quipu_sqlite_schema_table(const quipu_driver_datastore *datastore,
                                const char *table);

/* Catalogue: the schema's number and whether it is as stored.  NOT_FOUND,
 * CONFLICT (the message names the first difference). */
int quipu_sqlite_catalogue_find(quipu_driver_datastore *datastore,
                                struct connection *connection,
                                const quipu_schema *schema, int64_t *number,
                                quipu_error *error);
/* Whether the table still has all columns; CORRUPT names the first that is
 * missing. */
int quipu_sqlite_table_check(quipu_driver_datastore *datastore,
                             struct connection *connection,
                             const quipu_schema *schema, quipu_error *error);
/* Runs SQL on the writing connection. */
int quipu_sqlite_catalogue_exec(quipu_driver_datastore *datastore,
                                const char *sql, const char *what,
                                quipu_error *error);
int quipu_sqlite_catalogue_create(quipu_driver_datastore *datastore,
                                  quipu_error *error);

enum store_kind {
    STORE_EMPTY,   /* a database without tables, or no bytes at all */
    STORE_FOREIGN, /* one with tables, none of them quipu's */
    STORE_OURS
};

/* Looks what a file is, and changes no byte of it.  CORRUPT: no database, a
 * damaged one, or another application's.  UNSUPPORTED: a format that is not
 * known, or no UTF-8.  BUSY, DENIED, IO. */
int quipu_sqlite_catalogue_check(quipu_driver_datastore *datastore,
                                 struct connection *connection,
                                 enum store_kind *kind, quipu_error *error);
/* Reads the identity of the namespace, making it if it is not there and may
 * be. */
int quipu_sqlite_catalogue_identity(quipu_driver_datastore *datastore,
                                    bool create, int64_t deadline,
                                    quipu_error *error);

extern const char *const quipu_sqlite_common_sql[SQL_COMMON_COUNT];

/* ----------------------------------------- operations, as driver.h says */

int quipu_sqlite_open(const quipu_host *host, const quipu_open *how,
                      int64_t deadline, quipu_driver_datastore **datastore,
                      quipu_opened *opened, quipu_error *error);
void quipu_sqlite_close(quipu_driver_datastore *datastore);
int quipu_sqlite_setup(quipu_driver_datastore *datastore,
                       const quipu_schema *schema, int64_t deadline,
                       quipu_error *error);
int quipu_sqlite_teardown(quipu_driver_datastore *datastore,
                          const quipu_schema *schema, int64_t deadline,
                          quipu_error *error);
int quipu_sqlite_bind(quipu_driver_datastore *datastore,
                      const quipu_schema *schema, int64_t deadline,
                      quipu_driver_schema **bound, quipu_error *error);
void quipu_sqlite_unbind(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound);
int quipu_sqlite_append(quipu_driver_datastore *datastore,
                        const quipu_request *requests, size_t count,
                        quipu_result *results, size_t *taken, int64_t deadline,
                        quipu_error *error);
int quipu_sqlite_transact(quipu_driver_datastore *datastore,
                          const quipu_request *request, quipu_work work,
                          void *context, quipu_result *result, int64_t deadline,
                          quipu_error *error);
int quipu_sqlite_read_sequence(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_bytes sequence_id,
                               const quipu_range *range, int64_t deadline,
                               quipu_driver_cursor **cursor,
                               quipu_error *error);
int quipu_sqlite_read_log(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, const quipu_range *range,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error);
int quipu_sqlite_list_schemas(quipu_driver_datastore *datastore,
                              int64_t deadline, quipu_driver_cursor **cursor,
                              quipu_error *error);
int quipu_sqlite_list_sequences(quipu_driver_datastore *datastore,
                                quipu_driver_schema *bound, quipu_bytes after,
                                int64_t deadline, quipu_driver_cursor **cursor,
                                quipu_error *error);
int quipu_sqlite_list_tracking(quipu_driver_datastore *datastore,
                               int64_t deadline, quipu_driver_cursor **cursor,
                               quipu_error *error);
int quipu_sqlite_step(quipu_driver_cursor *cursor, int64_t deadline,
                      const void **rows, size_t *count, quipu_error *error);
void quipu_sqlite_cursor_close(quipu_driver_cursor *cursor);
int quipu_sqlite_last_position(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_bytes sequence_id, int64_t deadline,
                               bool *found, int64_t *position,
                               quipu_error *error);
int quipu_sqlite_log_head(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, int64_t deadline,
                          quipu_position *head, quipu_error *error);
int quipu_sqlite_wait(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, int64_t after,
                      int64_t deadline, int64_t *head, quipu_error *error);
void quipu_sqlite_interrupt(quipu_driver_datastore *datastore);
int quipu_sqlite_read_tracking(quipu_driver_datastore *datastore,
                               quipu_bytes consumer, quipu_bytes log,
                               int64_t deadline, quipu_position *position,
                               quipu_error *error);

#endif
