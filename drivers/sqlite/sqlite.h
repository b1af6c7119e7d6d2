/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the SQLite driver share.
 *
 *     quipu_driver_datastore   one opened URI
 *       file                   the database file, shared in the process
 *       gate                   where the writers of all processes queue
 *       writer, readers        connections
 *     quipu_driver_schema      a schema bound: its SQL
 *     quipu_driver_cursor      pages of rows
 */
#ifndef SQLITE_DRIVER_H
#define SQLITE_DRIVER_H

#include <quipu/driver.h>

#include <pthread.h>
#include <sqlite3.h>

#define STORE_APPLICATION_ID 0x71756970 /* "quip" */
#define STORE_FORMAT 1
#define READERS_MAX 8

/* ------------------------------------------------------------------- text */

/* Text that grows; `failed` is set when memory is short. */
struct text {
    const quipu_host *host;
    char *data;
    size_t size;
    size_t room;
    bool failed;
};

void quipu_sqlite_text_add(struct text *text, const char *piece);
/* A name as SQL writes it: in double quotes, those within doubled. */
void quipu_sqlite_text_add_name(struct text *text, const char *name);
void quipu_sqlite_text_finish(struct text *text);
char *quipu_sqlite_text_copy(const quipu_host *host, const char *text);

/* ----------------------------------------------------------------- errors */

/* Says what SQLite's answer means, as a status, and fills *error: "<what>:
 * <SQLite's words>, and the way out". */
int quipu_sqlite_fail(const struct quipu_driver_datastore *datastore,
                      sqlite3 *db, int code, const char *what,
                      quipu_error *error);

/* Hands an error on that may still turn out not to be one. */
int quipu_sqlite_error_pass(int status, const quipu_error *own,
                            quipu_error *error);

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
    SQL_COMMON_COUNT,
    /* of a schema */
    SQL_HEAD = SQL_COMMON_COUNT,
    SQL_SET_HEAD,
    SQL_LAST,
    SQL_TAKEN,
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

struct connection {
    sqlite3 *db;
    int64_t deadline; /* of the operation under way */
    sqlite3_stmt *common[SQL_COMMON_COUNT];
    struct statements caches[CACHES_MAX];
    uint64_t clock;
};

/* -------------------------------------------------------------- files */

/*
 * What the handles of this process on one file share: who waits for its log,
 * and whether a sync of it has failed (V5).
 */
struct file {
    struct file *next;
    uint64_t device;
    uint64_t inode;
    size_t holders;
    bool poisoned;
    uint64_t commits; /* of this process */
    pthread_mutex_t lock;
    pthread_cond_t grown;
};

/* The file at a path that exists, or with path NULL a private one. */
struct file *quipu_sqlite_file_hold(const quipu_host *host, const char *path);
void quipu_sqlite_file_release(const quipu_host *host, struct file *file);
bool quipu_sqlite_file_is_poisoned(struct file *file);
void quipu_sqlite_file_poison(struct file *file);
/* Wakes those who wait. */
void quipu_sqlite_file_grew(struct file *file);
uint64_t quipu_sqlite_file_commits(struct file *file);
/* Waits until another commit than `seen` or the time (both clocks are
 * CLOCK_MONOTONIC in nanoseconds). */
void quipu_sqlite_file_wait(struct file *file, uint64_t seen, int64_t until);

/* --------------------------------------------------------------- gate */

/* Where writers queue: threads and, with a file, processes. */
struct gate {
    int fd; /* of the lock file, or -1 */
    struct gate_shared *shared;
};

/* Opens it; `path` NULL: for this process alone.  *alone: no other process or
 * handle had it open.  BUSY, IO, DENIED, NO_MEMORY. */
int quipu_sqlite_gate_open(struct gate *gate, const quipu_host *host,
                           const char *path,
                           void (*when_alone)(const char *path, void *context),
                           void *context, quipu_error *error);
void quipu_sqlite_gate_close(struct gate *gate, const quipu_host *host);
/* True once it is entered, false when the deadline has passed. */
bool quipu_sqlite_gate_enter(struct gate *gate, int64_t deadline);
void quipu_sqlite_gate_leave(struct gate *gate);

/* ------------------------------------------------------------ datastore */

struct quipu_driver_datastore {
    const quipu_host *host;
    char *path; /* NULL: in memory */
    char *name_space;
    int64_t space; /* its number in the catalogue; 0: not there yet */
    bool readonly;
    bool relaxed;
    int64_t checkpoint; /* pages of the WAL */
    quipu_uuid identity;
    struct file *file;
    struct gate gate;
    struct connection writer;
    int wal_pages; /* after the last commit of this handle */
    /* Readers that are idle, and how many there are in all. */
    pthread_mutex_t lock;
    pthread_cond_t returned;
    struct connection *idle[READERS_MAX];
    size_t idle_count;
    size_t reader_count;
    uint64_t serials;
    uint64_t interrupts;
};

/* CLOCK_MONOTONIC in nanoseconds. */
int64_t quipu_sqlite_clock_now(void);

/* Opens and prepares a connection; flags as sqlite3_open_v2. */
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

/* Enters the gate and begins a transaction; BUSY, IO, DENIED. */
int quipu_sqlite_writing_begin(quipu_driver_datastore *datastore,
                               int64_t deadline, quipu_error *error);
/* Commits and leaves; on failure all is undone, or UNKNOWN_OUTCOME. */
int quipu_sqlite_writing_commit(quipu_driver_datastore *datastore,
                                quipu_error *error);
void quipu_sqlite_writing_abandon(quipu_driver_datastore *datastore);

/* ---------------------------------------------------------------- schemas */

struct quipu_driver_schema {
    quipu_schema schema; /* a deep copy, in `names` */
    char *names;
    uint64_t serial;
    int64_t number; /* in the catalogue */
    char *sql[SQL_COUNT - SQL_COMMON_COUNT];
    /* The head of the log inside the writing transaction under way. */
    bool head_known;
    bool head_changed;
    int64_t head;
    quipu_driver_schema *next_changed;
};

/* Makes the SQL of a schema whose table has that name in the database. */
int quipu_sqlite_schema_sql(quipu_driver_schema *bound, const quipu_host *host,
                            const char *table, quipu_error *error);
void quipu_sqlite_schema_sql_finish(quipu_driver_schema *bound,
                                    const quipu_host *host);

struct text;
/* The statement that makes the table of a schema. */
int quipu_sqlite_schema_ddl(const quipu_driver_datastore *datastore,
                            const quipu_schema *schema, const char *table,
                            struct text *text, quipu_error *error);
/* Looks a schema up in the catalogue, as quipu_sqlite_catalogue_find, with a
 * reader. */
int quipu_sqlite_schema_find(quipu_driver_datastore *datastore,
                             const quipu_schema *schema, int64_t deadline,
                             int64_t *number, quipu_error *error);
/* A deep copy of *from in *to, in the one block that is returned; NULL: no
 * memory. */
char *quipu_sqlite_schema_copy(const quipu_host *host, const quipu_schema *from,
                               quipu_schema *to);

/* The table's name in the database, to be released. */
char *quipu_sqlite_schema_table(const quipu_driver_datastore *datastore,
                                const char *table);

/* Catalogue: the schema's number and whether it is as stored.  NOT_FOUND,
 * CONFLICT (the message names the first difference). */
int quipu_sqlite_catalogue_find(quipu_driver_datastore *datastore,
                                struct connection *connection,
                                const quipu_schema *schema, int64_t *number,
                                quipu_error *error);
/* Runs SQL on the writing connection. */
int quipu_sqlite_catalogue_exec(quipu_driver_datastore *datastore,
                                const char *sql, const char *what,
                                quipu_error *error);
int quipu_sqlite_catalogue_create(quipu_driver_datastore *datastore,
                                  quipu_error *error);
/* Checks what was opened, and reads the identity of the namespace, making it
 * if it is not there and may be. */
int quipu_sqlite_catalogue_check(quipu_driver_datastore *datastore,
                                 struct connection *connection, bool *empty,
                                 quipu_error *error);
int quipu_sqlite_catalogue_identity(quipu_driver_datastore *datastore,
                                    bool create, int64_t deadline,
                                    quipu_error *error);

extern const char *const quipu_sqlite_common_sql[SQL_COMMON_COUNT];

/* ----------------------------------------- operations, as driver.h says */

/* The file of a URI's body, or NULL for memory; to be released. */
int quipu_sqlite_path_of_body(const quipu_host *host, const char *body,
                              char **path, quipu_error *error);

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
