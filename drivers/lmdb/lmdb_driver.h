/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the LMDB driver share.
 *
 *     quipu_driver_datastore   one opened URI
 *       environment            the file, shared in the process
 *         gate                 where the writers of all processes queue
 *     quipu_driver_schema      a schema bound: its named databases
 *     quipu_driver_cursor      pages of rows
 *
 * What is where, in LMDB's main database and in named ones, is told in
 * docs/lmdb.md and in store.h.
 */
#ifndef LMDB_DRIVER_H
#define LMDB_DRIVER_H

#include "environment.h"
#include "options.h"

#include <quipu/driver.h>

#include "common/error.h"
#include "common/schema.h"
#include "common/text.h"

struct quipu_driver_datastore {
    const quipu_host *host;
    struct options options;
    char *folder;
    char *path;       /* of the data file in it */
    const char *name; /* for messages */
    char *name_space;
    uint32_t space;          /* its number in the catalogue */
    struct database tracked; /* its tracking records */
    bool readonly;
    bool relaxed;
    quipu_uuid identity;
    struct environment *environment;
    _Atomic uint32_t interrupts;
};

struct quipu_driver_schema {
    quipu_schema schema; /* a deep copy, in `names` */
    char *names;
    uint64_t number; /* in the catalogue; never given again */
    uint32_t slot;   /* which named databases it has; given again */
    struct database items;
    struct database index;
    struct database events;
};

/* ----------------------------------------------------------------- errors */

/* Says what LMDB's answer means, as a status, and fills *error: "cannot <what>
 * in "<name>": <LMDB's words>; <the way out>". */
int quipu_lmdb_fail(const quipu_host *host, const char *name, int code,
                    const char *what, quipu_error *error);
int quipu_lmdb_no_memory(const quipu_host *host, quipu_error *error);
/* For operations that may not answer TIMEOUT: BUSY instead. */
int quipu_lmdb_as_busy(int status, quipu_error *error);

/* ---------------------------------------------------------------- reading */

/*
 * Lends a reading transaction, inside the map, on the latest state, which is
 * durable (V2).  TIMEOUT, BUSY (no slot for another reader until the deadline),
 * IO, CORRUPT, NO_MEMORY.
 */
int quipu_lmdb_reading_begin(struct environment *environment, int64_t deadline,
                             struct view *view, quipu_error *error);
void quipu_lmdb_reading_end(const struct view *view);
/* The same, and the names opened in it stay open. */
void quipu_lmdb_reading_named(const struct view *view);

typedef int (*quipu_lmdb_look)(quipu_driver_datastore *datastore,
                               const struct view *view, void *context,
                               quipu_error *error);

/* Begins, looks, and ends. */
int quipu_lmdb_reading_run(quipu_driver_datastore *datastore, int64_t deadline,
                           quipu_lmdb_look look, void *context,
                           quipu_error *error);

/* ---------------------------------------------------------------- writing */

/* Enters the turnstile, waiting until the deadline.  DENIED, BUSY, IO; INTERNAL
 * if this thread is inside already. */
int quipu_lmdb_writing_enter(quipu_driver_datastore *datastore,
                             int64_t deadline, quipu_error *error);
void quipu_lmdb_writing_leave(quipu_driver_datastore *datastore);

/* Begins a transaction, inside.  BUSY, IO. */
int quipu_lmdb_writing_begin(quipu_driver_datastore *datastore,
                             int64_t deadline, MDB_txn **txn,
                             quipu_error *error);
/* Undoes all. */
void quipu_lmdb_writing_undo(quipu_driver_datastore *datastore, MDB_txn *txn);
/* Commits, or undoes all.  *full: the map was; make it grow and do it again.
 * IO: nothing is stored.  UNKNOWN_OUTCOME. */
int quipu_lmdb_writing_commit(quipu_driver_datastore *datastore, MDB_txn *txn,
                              bool *full, quipu_error *error);
/* Makes durable what has been committed, by whomever.  UNKNOWN_OUTCOME. */
int quipu_lmdb_writing_sync(quipu_driver_datastore *datastore,
                            quipu_error *error);

/* What is done inside a transaction: any status but OK undoes it.  A full map
 * is told by *full, with any status. */
typedef int (*quipu_lmdb_change)(quipu_driver_datastore *datastore,
                                 MDB_txn *txn, void *context, bool *full,
                                 quipu_error *error);

struct writing {
    quipu_lmdb_change change;
    void *context;
    bool names;         /* it opens named databases */
    bool empty;         /* set by the change: there is nothing to commit */
    struct view before; /* what the file had when it began */
};

/* All of it: enters, begins, changes, commits, leaves, and tells those who
 * wait; again with a larger map, if it was full. */
int quipu_lmdb_writing_run(quipu_driver_datastore *datastore,
                           struct writing *writing, int64_t deadline,
                           quipu_error *error);

/* ------------------------------------------------------------ named things */

/* Opens the three databases of a slot; with MDB_CREATE in `flags` those that
 * are not there are made.  An LMDB code. */
int quipu_lmdb_slot_open(const struct view *view, uint32_t slot, unsigned flags,
                         quipu_driver_schema *bound);
int quipu_lmdb_tracked_open(const struct view *view, uint32_t space,
                            unsigned flags, struct database *tracked);

/* One thread at a time opens named databases: from before its transaction
 * begins until it has ended. */
void quipu_lmdb_naming_begin(struct environment *environment);
void quipu_lmdb_naming_end(struct environment *environment);

/* Finds the schema in the catalogue and compares its columns: *bound gets
 * number and slot.  NOT_FOUND, CONFLICT (the message names the first
 * difference), CORRUPT, IO. */
int quipu_lmdb_catalogue_find(quipu_driver_datastore *datastore,
                              const struct view *view,
                              const quipu_schema *schema,
                              quipu_driver_schema *bound, quipu_error *error);
/* Compares with what is stored. CONFLICT. */
int quipu_lmdb_compare(quipu_driver_datastore *datastore,
                       const quipu_schema *wanted, const quipu_schema *stored,
                       quipu_error *error);
/* Reads the namespace, making it if it is not there and may be.  NOT_FOUND and
 * as writing. */
int quipu_lmdb_namespace_open(quipu_driver_datastore *datastore, bool create,
                              int64_t deadline, quipu_error *error);

/* ----------------------------------------- operations, as driver.h says */

int quipu_lmdb_open(const quipu_host *host, const quipu_open *how,
                    int64_t deadline, quipu_driver_datastore **datastore,
                    quipu_opened *opened, quipu_error *error);
void quipu_lmdb_close(quipu_driver_datastore *datastore);
int quipu_lmdb_setup(quipu_driver_datastore *datastore,
                     const quipu_schema *schema, int64_t deadline,
                     quipu_error *error);
int quipu_lmdb_teardown(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, int64_t deadline,
                        quipu_error *error);
int quipu_lmdb_bind(quipu_driver_datastore *datastore,
                    const quipu_schema *schema, int64_t deadline,
                    quipu_driver_schema **bound, quipu_error *error);
void quipu_lmdb_unbind(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound);
int quipu_lmdb_append(quipu_driver_datastore *datastore,
                      const quipu_request *requests, size_t count,
                      quipu_result *results, size_t *taken, int64_t deadline,
                      quipu_error *error);
int quipu_lmdb_transact(quipu_driver_datastore *datastore,
                        const quipu_request *request, quipu_work work,
                        void *context, quipu_result *result, int64_t deadline,
                        quipu_error *error);
int quipu_lmdb_read_sequence(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound,
                             quipu_bytes sequence_id, const quipu_range *range,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error);
int quipu_lmdb_read_log(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, const quipu_range *range,
                        int64_t deadline, quipu_driver_cursor **cursor,
                        quipu_error *error);
int quipu_lmdb_list_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                            quipu_driver_cursor **cursor, quipu_error *error);
int quipu_lmdb_list_sequences(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound, quipu_bytes after,
                              int64_t deadline, quipu_driver_cursor **cursor,
                              quipu_error *error);
int quipu_lmdb_list_tracking(quipu_driver_datastore *datastore,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error);
int quipu_lmdb_step(quipu_driver_cursor *cursor, int64_t deadline,
                    const void **rows, size_t *count, quipu_error *error);
void quipu_lmdb_cursor_close(quipu_driver_cursor *cursor);
int quipu_lmdb_last_position(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound,
                             quipu_bytes sequence_id, int64_t deadline,
                             bool *found, int64_t *position,
                             quipu_error *error);
int quipu_lmdb_log_head(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t deadline,
                        quipu_position *head, quipu_error *error);
int quipu_lmdb_wait(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t after, int64_t deadline,
                    int64_t *head, quipu_error *error);
void quipu_lmdb_interrupt(quipu_driver_datastore *datastore);
int quipu_lmdb_read_tracking(quipu_driver_datastore *datastore,
                             quipu_bytes consumer, quipu_bytes log,
                             int64_t deadline, quipu_position *position,
                             quipu_error *error);

#endif
