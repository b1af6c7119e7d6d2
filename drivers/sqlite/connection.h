/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of SQLite, and the statements prepared on them. */
#ifndef QUIPU_DRIVERS_SQLITE_CONNECTION_H
#define QUIPU_DRIVERS_SQLITE_CONNECTION_H

#include <quipu/driver.h>

#include <sqlite3.h>
#include <sys/types.h>
#include <time.h>

/* The statements that a connection keeps prepared. The first ones belong to no
 * schema; the others are templates, expanded for each bound schema. */
enum statement {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SAVEPOINT,
    SQL_ROLLBACK_TO,
    SQL_RELEASE,
    SQL_TRACKING_READ,
    SQL_TRACKING_WRITE,
    SQL_TRACKING_DELETE,
    SQL_TRACKING_NEXT,
    SQL_SCHEMAS_NEXT,
    SQL_LOGS_NEXT,
    SQL_COLUMNS,
    SQL_HEAD,
    SQL_SET_HEAD,
    SQL_ENTRY_TABLES,
    SQL_ENTRY_REVISION,
    SQL_ENTRY_WRITE,
    SQL_ENTRY_DELETE,
    SQL_ENTRIES_FROM,
    SQL_ENTRIES_AFTER,
    SQL_REVISION_RAISE,
    SQL_SCHEMA_VERSION,
    SQL_ERASURE_TABLES,
    SQL_ERASED,
    SQL_ERASED_ADD,
    SQL_ERASED_REMOVE,
    SQL_ERASURES,
    SQL_ERASURES_ADD,
    SQL_ERASURES_REMOVE,
    SQL_COMMON_COUNT,
    SQL_LAST = SQL_COMMON_COUNT,
    SQL_BY_EVENT_ID,
    SQL_INSERT,
    SQL_SEQUENCE_UP,
    SQL_SEQUENCE_DOWN,
    SQL_LOG_UP,
    SQL_LOG_DOWN,
    SQL_FILTERED_UP,
    SQL_FILTERED_DOWN,
    SQL_FIND_EVENT,
    SQL_FIRST_SEQUENCE,
    SQL_NEXT_SEQUENCE,
    SQL_EVENT_ID_AT,
    SQL_UNERASED_IN_SEQUENCE,
    SQL_UNERASED_IN_LOG,
    SQL_ERASE,
    SQL_COUNT
};

/* Prepared statements of one bound schema. */
struct statements {
    uint64_t serial; /* of the bound schema; 0: unused */
    uint64_t used;   /* connection->uses at the last use */
    sqlite3_stmt *of[SQL_COUNT - SQL_COMMON_COUNT];
    /* How often SQLite had compiled each when its schema was last found; -1:
     * not yet (lookup.c). */
    int compiled[SQL_COUNT - SQL_COMMON_COUNT];
};

#define STATEMENT_CACHES 16

/* Receiver of the rows of a cursor's query (read.c): the SQL function
 * quipu_collect hands it the columns of each row, and quipu_passes asks it
 * before whether to. */
struct row_collector {
    /* Returns true to end the query. */
    bool (*collect)(struct row_collector *collector, sqlite3_value **columns);
    /* Returns true if a row with this topic and sequence id is to be handed to
     * `collect`. NULL: the query does not ask. */
    bool (*passes)(struct row_collector *collector, sqlite3_value **columns);
};

/* State of the authorizer (authorizer.c). */
struct authorizer {
    /* Table of the driver's statement, or of the append in the function. */
    char written[QUIPU_NAME_MAX + 64];
    /* The last trigger that was refused, and the table that it would write. */
    char trigger[64];
    char table[64];
    bool in_function;  /* the function in the transaction runs */
    bool rolled_back;  /* the transaction was ended in the function */
    char refused[100]; /* statement of the function; "": none */
};

/* The database file as the file system shows it (idle.c). */
struct idle_state {
    bool idle; /* the file alone has all commits */
    ino_t inode;
    off_t size;
    struct timespec modified;
};

/* A connection is used by one thread at a time. */
struct connection {
    quipu_driver_datastore *datastore;
    sqlite3 *db;                     /* NULL: closed */
    int64_t deadline;                /* of the current operation */
    struct row_collector *collector; /* NULL: no cursor's query is running */
    struct authorizer authorizer;    /* of the writing connection */
    struct idle_state state;         /* of a reader of an idle database */
    sqlite3_stmt *common[SQL_COMMON_COUNT];
    struct statements caches[STATEMENT_CACHES];
    uint64_t uses;
    /* Of the tables of erased items (erasure.c, INV3): a committed state had
     * them, or the last schema version of SQLite that had not; 0: none. */
    bool has_erased;
    int64_t unerased_version;
};

/* Checks the loaded SQLite before it writes a byte. UNSUPPORTED. */
int quipu_sqlite_connection_check_library(const quipu_host *host,
                                          quipu_error *error);

/* Opens the datastore's database; flags are those of sqlite3_open_v2, with
 * SQLITE_OPEN_URI to read it without locks. On failure nothing stays open. */
int quipu_sqlite_connection_open(quipu_driver_datastore *datastore,
                                 struct connection *connection, int flags,
                                 quipu_error *error);

/* Finalizes the statements and closes the connection; allowed on a closed one.
 */
void quipu_sqlite_connection_close(struct connection *connection);

/* Gets a prepared statement, which the caller resets after use; `schema` is
 * NULL for one of no schema. */
int quipu_sqlite_statement_get(struct connection *connection,
                               const quipu_driver_schema *schema,
                               enum statement which, sqlite3_stmt **statement,
                               quipu_error *error);

/* Returns the counter of the compilations of a schema's statement that were
 * checked, and sets *now to the present number. */
int *quipu_sqlite_statement_compiled(struct connection *connection,
                                     const quipu_driver_schema *schema,
                                     enum statement which, int *now);

/* Steps a statement that returns no row, and resets it. */
int quipu_sqlite_statement_run(struct connection *connection,
                               const quipu_driver_schema *schema,
                               enum statement which, quipu_error *error);

/* Prepares a statement that is used once, to be finalized by the caller.
 * Returns a result code of SQLite. */
int quipu_sqlite_statement_prepare(const struct connection *connection,
                                   const char *sql, sqlite3_stmt **statement);

/* Executes SQL without results; `what` completes "cannot ..." in the error. */
int quipu_sqlite_statement_execute(const struct connection *connection,
                                   const char *sql, const char *what,
                                   quipu_error *error);

/* Expands the templates for a bound schema whose table has that name in the
 * database. */
int quipu_sqlite_statements_expand(quipu_driver_schema *bound,
                                   const quipu_host *host, const char *table,
                                   quipu_error *error);
void quipu_sqlite_statements_release(quipu_driver_schema *bound,
                                     const quipu_host *host);

/* Return the statement that creates the table of a schema, and the one that
 * adds a further column to a table, to be released by the caller; NULL if
 * memory is short. */
char *quipu_sqlite_statements_create_table(const quipu_host *host,
                                           const quipu_schema *schema,
                                           const char *table);
char *quipu_sqlite_statements_add_column(const quipu_host *host,
                                         const char *table,
                                         const quipu_column *column);

/* ------------------------------- foreign SQL, in authorizer.c */

/* Sets the authorizer and the hooks of the writing connection. */
void quipu_sqlite_authorizer_init(struct connection *connection);

/* Checks that the statement that was just run has changed that number of rows
 * of the table. DENIED: a trigger of the table suppressed one; CORRUPT:
 * something else did. */
int quipu_sqlite_authorizer_check_change(const struct connection *connection,
                                         const char *table, int rows,
                                         quipu_error *error);

/* Sets the error of a failed insertion of an item. DENIED, with the names of
 * the table's triggers, if one of them may be the cause. */
int quipu_sqlite_authorizer_set_error(const struct connection *connection,
                                      const char *table, int code,
                                      quipu_error *error);

/* Runs the function in the transaction of an append to a table. INVALID: it ran
 * a statement that it must not run; the transaction is to be rolled back. */
int quipu_sqlite_authorizer_run_function(struct connection *connection,
                                         const char *table, quipu_work work,
                                         void *context, quipu_error *error);

/* ------------------------------------ key-value entries, in entries.c */

/* Finds out whether the store has the tables of entries. */
int quipu_sqlite_entries_exist(struct connection *connection, bool *exist,
                               quipu_error *error);

/* The same at the beginning of a pass over the requests of an append, if one of
 * them mentions an entry; creates the tables if one writes an entry. */
int quipu_sqlite_entries_begin(struct connection *writer,
                               const quipu_request *requests, size_t count,
                               bool *exist, quipu_error *error);

/* Looks up the revision of an entry. The tables exist. */
int quipu_sqlite_entries_look_up(struct connection *connection, quipu_bytes key,
                                 bool *found, int64_t *revision,
                                 quipu_error *error);

/* Writes and deletes the entries of an accepted request. The tables exist. */
int quipu_sqlite_entries_write(struct connection *writer,
                               const quipu_conditions *conditions,
                               quipu_error *error);

/* ---------------------------------------- erased items, in erasure.c */

/* Finds out whether the store has the tables of erased items. */
int quipu_sqlite_erasure_exists(struct connection *connection, bool *exists,
                                quipu_error *error);

/* Creates them if they are missing, and raises the format of the store; in a
 * transaction. */
int quipu_sqlite_erasure_begin(struct connection *writer, quipu_error *error);

/* Marks an item as erased, and counts a commit of an erasure. The tables exist.
 */
int quipu_sqlite_erasure_add(struct connection *writer,
                             const quipu_driver_schema *bound,
                             int64_t notification_id, quipu_error *error);
int quipu_sqlite_erasure_count(struct connection *writer,
                               const quipu_driver_schema *bound,
                               quipu_error *error);

/* Reads the number of commits of erasures, in the state that the connection's
 * open transaction sees, if there is one. */
int quipu_sqlite_erasure_commits(struct connection *connection,
                                 const quipu_driver_schema *bound,
                                 int64_t *commits, quipu_error *error);

/* Removes all of a schema that is torn down. */
int quipu_sqlite_erasure_remove(struct connection *writer, int64_t schema,
                                quipu_error *error);

/* Flags those of the items that are erased, and removes what else was read of
 * them. `values`: their further columns, one item after the other; NULL: they
 * were not read. */
int quipu_sqlite_erasure_mark(struct connection *connection,
                              const quipu_driver_schema *bound,
                              quipu_item *items, quipu_value *values,
                              size_t count, quipu_error *error);

/* ---------------------------------------- single rows, in lookup.c */

/* The end of a sequence. */
struct sequence_end {
    bool found; /* the sequence has items */
    int64_t position;
};

/* Looks up the last position of a sequence. */
int quipu_sqlite_lookup_last(struct connection *connection,
                             const quipu_driver_schema *bound, quipu_bytes id,
                             struct sequence_end *end, quipu_error *error);

/* Looks up the head of a log: its last notification id. NOT_FOUND: the schema
 * was torn down. */
int quipu_sqlite_lookup_head(struct connection *connection,
                             const quipu_driver_schema *bound, int64_t *head,
                             quipu_error *error);

/* Checks, after a statement of a schema was stepped, that it has read the table
 * of that schema, and not one that was set up later under its name. NOT_FOUND:
 * the schema was torn down. */
int quipu_sqlite_lookup_check(struct connection *connection,
                              const quipu_driver_schema *bound,
                              enum statement which, quipu_error *error);

/* Looks up the tracking record of a consumer and log. */
int quipu_sqlite_lookup_tracking(struct connection *connection,
                                 const quipu_tracking *key, bool *found,
                                 quipu_position *position, quipu_error *error);

/* Binds namespace, consumer and log to the parameters 1 to 3. */
void quipu_sqlite_lookup_bind_tracking(sqlite3_stmt *statement,
                                       const quipu_driver_datastore *datastore,
                                       const quipu_tracking *key);

/* Copies a tracking record's position from the first three columns of a row. */
void quipu_sqlite_lookup_read_position(sqlite3_stmt *row,
                                       quipu_position *position);

/* Returns the status of a read of a schema. A read of a table that is missing
 * reports CORRUPT; if the catalogue no longer has the schema, that becomes
 * NOT_FOUND. */
int quipu_sqlite_lookup_torn_down(struct connection *connection,
                                  const quipu_driver_schema *bound, int status,
                                  quipu_error *error);

#endif
