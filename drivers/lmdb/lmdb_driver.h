/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two handles of the LMDB driver, and its operations.
 *
 *     quipu_driver_datastore   an opened URI
 *       environment            LMDB's environment, shared in the process
 *                              (environment.h)
 *         lock_file            where the writers of all processes queue
 *     quipu_driver_schema      a bound schema: the handles of its databases
 *     quipu_driver_cursor      a read or a listing (cursor.h)
 *
 * An append goes driver.c -> append.c -> txn/write_txn.c, with btree/precheck.h
 * before each of LMDB's writes.  A read goes driver.c -> read.c -> page_fill.c
 * -> txn/read_txn.c and btree/btree.h.  docs/lmdb.md describes the store.
 */
#ifndef LMDB_DRIVER_H
#define LMDB_DRIVER_H

#include "btree/btree.h"
#include "environment.h"
#include "error.h"
#include "options.h"

#include <quipu/driver.h>

struct quipu_driver_datastore {
    const quipu_host *host;
    struct options options;
    char *folder;
    char *path;       /* of the data file in it */
    const char *name; /* in messages: `path`, or the URI's body until then */
    char *name_space;
    uint32_t space;              /* number of the namespace (store.h) */
    struct database tracked;     /* tracking records of the namespace */
    struct database entries;     /* its entries; see entries_dbi */
    _Atomic MDB_dbi entries_dbi; /* 0: not open, or not created (entries.h) */
    bool readonly;
    bool relaxed; /* durability=relaxed */
    quipu_uuid identity;
    struct environment *environment;
    _Atomic uint32_t interrupts; /* counts calls of interrupt */
};

struct quipu_driver_schema {
    quipu_schema schema; /* a deep copy, in the block `names` */
    char *names;
    uint64_t number;      /* in the catalogue; never reused */
    uint32_t slot;        /* names its databases; reused after a teardown */
    size_t first_columns; /* further columns when it was set up */
    struct database items;
    struct database index;
    struct database events;
};

/* Operations of the driver's table; quipu/driver.h documents each. */

int quipu_lmdb_datastore_open(const quipu_host *host, const quipu_open *how,
                              int64_t deadline,
                              quipu_driver_datastore **datastore,
                              quipu_opened *opened, quipu_error *error);
void quipu_lmdb_datastore_close(quipu_driver_datastore *datastore);
int quipu_lmdb_schema_setup(quipu_driver_datastore *datastore,
                            const quipu_schema *schema, int64_t deadline,
                            quipu_error *error);
int quipu_lmdb_schema_alter(quipu_driver_datastore *datastore,
                            const quipu_schema *schema, int64_t deadline,
                            quipu_error *error);
int quipu_lmdb_schema_teardown(quipu_driver_datastore *datastore,
                               const quipu_schema *schema, int64_t deadline,
                               quipu_error *error);
int quipu_lmdb_schema_bind(quipu_driver_datastore *datastore,
                           const quipu_schema *schema, int64_t deadline,
                           quipu_driver_schema **bound, quipu_error *error);
void quipu_lmdb_schema_unbind(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound);
int quipu_lmdb_append(quipu_driver_datastore *datastore,
                      const quipu_request *requests, size_t count,
                      quipu_result *results, size_t *taken, int64_t deadline,
                      quipu_error *error);
int quipu_lmdb_append_transact(quipu_driver_datastore *datastore,
                               const quipu_request *request, quipu_work work,
                               void *context, quipu_result *result,
                               int64_t deadline, quipu_error *error);
int quipu_lmdb_erase(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound, const quipu_erasure *erasure,
                     int64_t deadline, int64_t *erased, quipu_error *error);
int quipu_lmdb_erase_count(quipu_driver_datastore *datastore,
                           quipu_driver_schema *bound, int64_t deadline,
                           int64_t *commits, quipu_error *error);
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
int quipu_lmdb_list_logs(quipu_driver_datastore *datastore, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error);
int quipu_lmdb_entry_list_open(quipu_driver_datastore *datastore,
                               quipu_bytes prefix, quipu_bytes from,
                               int64_t deadline, quipu_driver_cursor **cursor,
                               quipu_error *error);
int quipu_lmdb_read_filtered(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound,
                             const quipu_range *range,
                             const quipu_filter *filter, int64_t deadline,
                             quipu_driver_cursor **cursor, quipu_error *error);
int quipu_lmdb_read_event(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, quipu_bytes event_id,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error);
int quipu_lmdb_cursor_step(quipu_driver_cursor *cursor, int64_t deadline,
                           const void **rows, size_t *count,
                           quipu_error *error);
void quipu_lmdb_cursor_close(quipu_driver_cursor *cursor);
int quipu_lmdb_read_last_position(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound,
                                  quipu_bytes sequence_id, int64_t deadline,
                                  bool *found, int64_t *position,
                                  quipu_error *error);
int quipu_lmdb_read_last_item(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound,
                              quipu_bytes sequence_id, int64_t deadline,
                              quipu_see see, void *context, int64_t *erasures,
                              quipu_error *error);
int quipu_lmdb_log_head(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t deadline,
                        quipu_position *position, quipu_error *error);
int quipu_lmdb_log_wait(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t after,
                        int64_t deadline, int64_t *id, quipu_error *error);
void quipu_lmdb_log_interrupt(quipu_driver_datastore *datastore);
int quipu_lmdb_tracking_read(quipu_driver_datastore *datastore,
                             quipu_bytes consumer, quipu_bytes log,
                             int64_t deadline, quipu_position *position,
                             quipu_error *error);
int quipu_lmdb_backup(quipu_driver_datastore *datastore,
                      const quipu_backup *backup, int64_t deadline,
                      quipu_error *error);
int quipu_lmdb_backup_restore(const quipu_host *host, const quipu_open *target,
                              const quipu_backup *backup, int64_t deadline,
                              quipu_error *error);

#endif
