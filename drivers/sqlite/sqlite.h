/* SPDX-License-Identifier: Apache-2.0 */
/* Types and functions that the files of the SQLite driver share.
 *
 *     quipu_driver_datastore an opened URI
 *       file                 the database file, shared by the process (file.h)
 *         lock_file          the lock file, shared by all processes
 *       writer               the connection that writes (connection.h)
 *       readers              a pool of connections that read
 *     quipu_driver_schema    a bound schema: its copy, number and SQL
 *     quipu_driver_cursor    a read or a listing (read/cursor.h)
 *
 * The files form layers; a file calls only files of the lines above its own:
 *
 *     error, options, path, file, item_row
 *     connection, statements, item_page, neighbours
 *     wal_mark, authorizer
 *     idle
 *     checkpoint
 *     transaction
 *     readers
 *     lookup, recovery, catalogue, probe
 *     entries, erasure
 *     schema, append, erase, cursor, wait, copy/page_copy
 *     copy/backup
 *     read, listing
 *     open
 *     driver
 *
 * Functions return QUIPU_OK or a status with *error filled in, unless stated
 * otherwise; `error` may be NULL. Deadlines are instants of clock.h. */
#ifndef QUIPU_DRIVERS_SQLITE_SQLITE_H
#define QUIPU_DRIVERS_SQLITE_SQLITE_H

#include "common/schema.h"
#include "common/text.h"
#include "connection.h"
#include "file.h"

#include <quipu/driver.h>

#include <pthread.h>
#include <sqlite3.h>

#define STORE_APPLICATION_ID 0x71756970 /* "quip", PRAGMA application_id */
#define STORE_FORMAT 1                  /* of a new store */
#define STORE_FORMAT_ERASED 2 /* of one with erased items: the newest */
#define READERS_MAX 1000
/* The oldest SQLite: 3.37.0 has the STRICT tables of the store. */
#define SQLITE_VERSION_NEEDED 3037000

/* ----------------------------------------------------------------- options */

#define OPTION_COUNT 6
extern const quipu_option_info quipu_sqlite_options_table[OPTION_COUNT];

/* The driver's own options of a URI. */
struct options {
    bool adopt;         /* add a store to a database that has other tables */
    bool immutable;     /* with readonly: read without locks */
    int64_t checkpoint; /* pages of the WAL that start a checkpoint */
    int64_t mmap;       /* bytes that a reader maps at most */
    int64_t readers;    /* reading connections at most, 1 to READERS_MAX */
    bool trusted;       /* the file's triggers and views may call anything */
};

/* Reads the options; the core has checked their values. */
void quipu_sqlite_options_read(const quipu_host *host, const quipu_open *how,
                               struct options *options);

/* --------------------------------------------------------------- datastore */

struct quipu_driver_datastore {
    const quipu_host *host;
    struct options options;
    char *path;       /* the file's canonical name; NULL: in memory */
    char *uri;        /* the same as an immutable URI of SQLite */
    bool immutable;   /* readers open `uri` */
    const char *name; /* for messages */
    char *name_space;
    int64_t name_space_number; /* in the catalogue; 0: not created yet */
    bool readonly;
    bool relaxed;             /* durability=relaxed */
    _Atomic bool has_entries; /* a reader has seen the tables of entries */
    bool is_writer;           /* counted in file->writers */
    quipu_uuid identity;
    struct file *file;
    /* Those of the lock file, or, in memory and if readonly, those of `file`.
     */
    struct fair_lock *fair_lock;
    struct commit_counter *commit_counter;
    /* Used by the owner of the fair lock; db NULL if readonly. In memory it is
     * the only connection, and readers acquire the lock as well. */
    struct connection writer;
    bool wal_is_new;            /* its mark may have to be announced */
    int wal_pages;              /* pages of the WAL after the last commit */
    int64_t checkpointed_pages; /* wal_pages at the last checkpoint */
    /* The pool of readers (readers.c). `lock` protects it and `serials`. */
    pthread_mutex_t lock;
    pthread_cond_t returned;
    struct connection **idle; /* room for options.readers */
    size_t idle_count;
    size_t reader_count; /* idle and borrowed */
    uint64_t serials;    /* the last serial of a bound schema */
    _Atomic uint32_t interrupts;
};

/* ------------------------------------------------------------------ errors */

/* Translates a result code of SQLite into a status and fills *error with
 * `cannot <what> in "<name>": <SQLite's message>; <what to do>`. `connection`
 * is the one that returned the code. */
int quipu_sqlite_error_set(const struct connection *connection, int code,
                           const char *what, quipu_error *error);

/* Sets and returns NO_MEMORY. */
int quipu_sqlite_error_no_memory(const quipu_host *host, quipu_error *error);

/* ------------------------------------------------------------------- paths */

/* Extracts the path from the body of a URI, percent-decoded: *path is to be
 * released by the caller, or NULL for a store in memory. INVALID, NO_MEMORY. */
int quipu_sqlite_path_parse(const quipu_host *host, const char *body,
                            char **path, quipu_error *error);

/* Makes a path absolute and resolves symbolic links, so that every name of a
 * file leads to the same WAL and the same lock file beside it. The file need
 * not exist (*exists), its folder must: NOT_FOUND. INVALID: not the name of a
 * regular file. DENIED, IO, NO_MEMORY. The caller releases *real. */
int quipu_sqlite_path_resolve(const quipu_host *host, const char *path,
                              char **real, bool *exists, quipu_error *error);

/* Checks that no file but SQLite's and the driver's has the name of one that
 * they keep beside the database, and that a new store has no such name itself:
 * INVALID. Changes nothing. */
int quipu_sqlite_neighbours_check(const quipu_host *host, const char *path,
                                  quipu_error *error);

/* Returns the path as a "file:" URI of SQLite with immutable=1, to be released
 * by the caller; NULL if memory is short. */
char *quipu_sqlite_path_immutable_uri(const quipu_host *host, const char *path);

/* ----------------------------------------------------------------- readers */

/* A read, which is repeated if the database was idle and was changed during it:
 *
 *     struct reader_use use = { .datastore = datastore, .deadline = deadline };
 *     int status;
 *
 *     do {
 *         status = quipu_sqlite_reader_borrow(&use, error);
 *         if (status == QUIPU_OK) {
 *             status = read by use.reader;
 *         }
 *     } while (quipu_sqlite_reader_return(&use, &status, error));
 */
struct reader_use {
    quipu_driver_datastore *datastore;
    int64_t deadline;
    bool once;                 /* do not repeat it */
    int attempts;              /* made until now */
    struct connection *reader; /* borrowed; NULL: none */
};

/* Borrows a reading connection until it is returned; in memory, the writing one
 * with the fair lock held. TIMEOUT: all were in use until the deadline. */
int quipu_sqlite_reader_borrow(struct reader_use *use, quipu_error *error);

/* Returns the connection, if there is one. True: all that was read is void, and
 * the read is to be repeated. *status becomes BUSY if it is void at the
 * deadline. */
bool quipu_sqlite_reader_return(struct reader_use *use, int *status,
                                quipu_error *error);

/* Closes the idle readers. */
void quipu_sqlite_readers_close(quipu_driver_datastore *datastore);

/* ------------------------------------------------------------ transactions */

/* Acquires the fair lock of the writers. BUSY: others held it until the
 * deadline. DENIED: this thread holds it, in a function in the transaction. */
int quipu_sqlite_transaction_lock(quipu_driver_datastore *datastore,
                                  int64_t deadline, quipu_error *error);
void quipu_sqlite_transaction_unlock(quipu_driver_datastore *datastore);

/* Acquires the lock and begins a transaction. DENIED: the datastore is
 * read-only. IO: a sync has failed in this process. BUSY. */
int quipu_sqlite_transaction_begin(quipu_driver_datastore *datastore,
                                   int64_t deadline, quipu_error *error);

/* Commits, runs a checkpoint if one is due, releases the lock and advances the
 * commit counter. On failure everything is rolled back, or, with
 * UNKNOWN_OUTCOME, may be stored. */
int quipu_sqlite_transaction_commit(quipu_driver_datastore *datastore,
                                    quipu_error *error);

/* Rolls back and keeps the lock. */
void quipu_sqlite_transaction_rollback(quipu_driver_datastore *datastore);

/* Rolls back and releases the lock. */
void quipu_sqlite_transaction_abandon(quipu_driver_datastore *datastore);

/* --------------------------------------------------------------- WAL marks */

/* Checks that the database file has all commits, or has them in the WAL beside
 * it. `view` is any connection that reads the datastore's file. CORRUPT: the
 * file is a copy without its WAL, or the WAL belongs to another state. */
int quipu_sqlite_wal_mark_check(const struct connection *view,
                                quipu_error *error);

/* The steps before and after a checkpoint, outside a transaction. `copied`: the
 * checkpoint has copied all of the WAL. Both return a result code of SQLite. */
int quipu_sqlite_wal_mark_announce(const struct connection *connection);
int quipu_sqlite_wal_mark_complete(const struct connection *connection,
                                   bool copied);

/* Returns true if a process was killed between the two steps, or is between
 * them. For the owner of the fair lock. */
bool quipu_sqlite_wal_mark_is_announced(
    const quipu_driver_datastore *datastore);

/* Returns the bytes of the file of the WAL; -1: there is none. */
int64_t quipu_sqlite_wal_mark_wal_size(const quipu_driver_datastore *datastore);

/* ---------------------------------------------------------- idle databases */

/* Reads the state of the datastore's file. */
void quipu_sqlite_idle_read(const quipu_driver_datastore *datastore,
                            struct idle_state *state);

/* Returns true if the file was not changed between two states. */
bool quipu_sqlite_idle_is_unchanged(const struct idle_state *a,
                                    const struct idle_state *b);

/* Waits until a change of the file would be seen in its state. */
void quipu_sqlite_idle_settle(const struct idle_state *state);

/* ------------------------------------------------- checkpoints and recovery */

/* Marks an empty WAL before the first commit of the datastore. The caller owns
 * the fair lock and is outside a transaction. */
int quipu_sqlite_checkpoint_begin(quipu_driver_datastore *datastore,
                                  quipu_error *error);

/* Runs a checkpoint if the WAL is long enough. The caller owns the fair lock
 * and is outside a transaction. A failure is reported as a message. */
void quipu_sqlite_checkpoint_run(quipu_driver_datastore *datastore);

/* Copies all of the WAL and empties its file. The caller owns the fair lock and
 * is outside a transaction. BUSY: readers used the WAL until the deadline of
 * the writing connection. */
int quipu_sqlite_checkpoint_truncate(quipu_driver_datastore *datastore,
                                     quipu_error *error);

/* Copies all of the WAL, as the last writer of all processes. Returns false,
 * and reports it as a message, if that failed; then SQLite must not copy it at
 * closing either, since the WAL mark may not be complete. */
bool quipu_sqlite_checkpoint_finish(quipu_driver_datastore *datastore,
                                    int64_t deadline);

/* Replaces SQLite's automatic checkpoints on the writing connection by a count
 * of the pages in the WAL. */
void quipu_sqlite_checkpoint_init(quipu_driver_datastore *datastore);

/* Makes durable what earlier processes left in the WAL. The caller holds the
 * open lock of the lock file and is the only user. IO, DENIED, CORRUPT,
 * NO_MEMORY. */
int quipu_sqlite_recovery_run(quipu_driver_datastore *datastore,
                              int64_t deadline, quipu_error *error);

/* Lets SQLite roll back the unfinished transaction of a killed process. The
 * caller is registered in the lock file. */
int quipu_sqlite_recovery_rollback(quipu_driver_datastore *datastore,
                                   int64_t deadline, quipu_error *error);

/* --------------------------------------------------------------- catalogue */

/* Creates the tables of the catalogue; in a transaction. */
int quipu_sqlite_catalogue_create(quipu_driver_datastore *datastore,
                                  quipu_error *error);

/* Reads identity and number of the datastore's namespace. Creates the namespace
 * if it is missing and `create` is set. NOT_FOUND. */
int quipu_sqlite_catalogue_identity(quipu_driver_datastore *datastore,
                                    bool create, int64_t deadline,
                                    quipu_error *error);

/* Finds the number of a schema. NOT_FOUND. CONFLICT: the catalogue has it with
 * another definition; the message names the first difference. With `present`
 * it may lack the last of the further columns: *present tells how many it
 * has. */
int quipu_sqlite_catalogue_find(struct connection *connection,
                                const quipu_schema *schema, int64_t *number,
                                size_t *present, quipu_error *error);

/* Tells whether a table of the database has a column of that name, which
 * SQLite compares without regard to case. */
int quipu_sqlite_catalogue_has_column(const struct connection *connection,
                                      const char *table, const char *column,
                                      bool *found, quipu_error *error);

/* Checks that the table of a schema still has all its columns. CORRUPT. */
int quipu_sqlite_catalogue_check_table(struct connection *connection,
                                       const quipu_schema *schema,
                                       quipu_error *error);

/* Returns the name of a schema's table in the database, to be released by the
 * caller; NULL if memory is short. */
char *quipu_sqlite_catalogue_table_name(const quipu_driver_datastore *datastore,
                                        const char *table);

/* ------------------------------------------------------------------- probe */

enum store_kind {
    STORE_EMPTY,   /* a database without tables, or an empty file */
    STORE_FOREIGN, /* a database with tables, none of them quipu's */
    STORE_OURS
};

/* Finds out what a connection's database is, by reading only. CORRUPT: not a
 * database, a damaged one, or another application's. UNSUPPORTED: an unknown
 * format, or text that is not UTF-8. BUSY, DENIED, IO. */
int quipu_sqlite_probe_connection(struct connection *connection,
                                  enum store_kind *kind, quipu_error *error);

/* The same for the datastore's file, before anything is opened for writing. It
 * changes no byte of the file, and leaves no file beside one that is refused
 * (F4). */
int quipu_sqlite_probe_file(quipu_driver_datastore *datastore, int64_t deadline,
                            enum store_kind *kind, quipu_error *error);

/* After a failed probe: returns true if the failure is due to a process that
 * was killed while it wrote or created this store, so that a process that opens
 * it for writing may let SQLite roll the transaction back. */
bool quipu_sqlite_probe_is_recoverable(quipu_driver_datastore *datastore,
                                       const quipu_error *error);

/* Returns true if the file system is mounted read-only. */
bool quipu_sqlite_probe_is_read_only(const quipu_driver_datastore *datastore);

/* ----------------------------------------------------------------- schemas */

struct quipu_driver_schema {
    quipu_schema schema; /* a deep copy, in `names` */
    char *names;
    char *table;     /* its name in the database */
    uint64_t serial; /* key of the prepared statements of a connection */
    int64_t number;  /* in the catalogue */
    char *sql[SQL_COUNT - SQL_COMMON_COUNT]; /* NULL: the schema lacks it */
    /* Only during an append, protected by the fair lock. A log may be bound
     * several times; one of the bound schemas owns its head. */
    quipu_driver_schema *head_owner;      /* NULL: not determined */
    quipu_driver_schema *next_head_owner; /* in the list of the append */
    int64_t head;                         /* of the owner */
    bool head_changed;
};

/* --------------------------------------- operations, as driver.h says */

int quipu_sqlite_open(const quipu_host *host, const quipu_open *how,
                      int64_t deadline, quipu_driver_datastore **datastore,
                      quipu_opened *opened, quipu_error *error);
void quipu_sqlite_close(quipu_driver_datastore *datastore);

int quipu_sqlite_schema_setup(quipu_driver_datastore *datastore,
                              const quipu_schema *schema, int64_t deadline,
                              quipu_error *error);
int quipu_sqlite_schema_alter(quipu_driver_datastore *datastore,
                              const quipu_schema *schema, int64_t deadline,
                              quipu_error *error);
int quipu_sqlite_schema_teardown(quipu_driver_datastore *datastore,
                                 const quipu_schema *schema, int64_t deadline,
                                 quipu_error *error);
int quipu_sqlite_schema_bind(quipu_driver_datastore *datastore,
                             const quipu_schema *schema, int64_t deadline,
                             quipu_driver_schema **bound, quipu_error *error);
void quipu_sqlite_schema_unbind(quipu_driver_datastore *datastore,
                                quipu_driver_schema *bound);

int quipu_sqlite_append(quipu_driver_datastore *datastore,
                        const quipu_request *requests, size_t count,
                        quipu_result *results, size_t *taken, int64_t deadline,
                        quipu_error *error);
int quipu_sqlite_append_transact(quipu_driver_datastore *datastore,
                                 const quipu_request *request, quipu_work work,
                                 void *context, quipu_result *result,
                                 int64_t deadline, quipu_error *error);

int quipu_sqlite_erase(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, const quipu_erasure *erasure,
                       int64_t deadline, int64_t *erased, quipu_error *error);
int quipu_sqlite_erasures(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, int64_t deadline,
                          int64_t *commits, quipu_error *error);

int quipu_sqlite_lookup_last_position(quipu_driver_datastore *datastore,
                                      quipu_driver_schema *bound,
                                      quipu_bytes sequence_id, int64_t deadline,
                                      bool *found, int64_t *position,
                                      quipu_error *error);
int quipu_sqlite_lookup_log_head(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound, int64_t deadline,
                                 quipu_position *head, quipu_error *error);
int quipu_sqlite_lookup_tracking_record(quipu_driver_datastore *datastore,
                                        quipu_bytes consumer, quipu_bytes log,
                                        int64_t deadline,
                                        quipu_position *position,
                                        quipu_error *error);

int quipu_sqlite_wait(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, int64_t after,
                      int64_t deadline, int64_t *head, quipu_error *error);
void quipu_sqlite_wait_interrupt(quipu_driver_datastore *datastore);

int quipu_sqlite_backup(quipu_driver_datastore *datastore,
                        const quipu_backup *backup, int64_t deadline,
                        quipu_error *error);
int quipu_sqlite_backup_restore(const quipu_host *host,
                                const quipu_open *target,
                                const quipu_backup *backup, int64_t deadline,
                                quipu_error *error);

#endif
