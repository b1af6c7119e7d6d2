/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands in LMDB's main database, beside the names of the others:
 *
 *     quipu                    the store: its format, the next schema's number
 *     quipu.n.<namespace>      its number and identity
 *     quipu.s.<number>.<table> a schema: its number, its slot, its columns
 *     quipu.<slot>.head        which schema has the slot, and its log's head
 *
 * and which databases there are:
 *
 *     quipu.<slot>.items       notification id -> item (record.h)
 *     quipu.<slot>.index       sequence id, position (key.h) -> notification id
 *     quipu.<slot>.events      event id -> notification id
 *     quipu.t.<number>         a namespace's tracking: consumer, a zero, log
 *
 * LMDB never forgets a name cheaply, so a slot whose schema was torn down is
 * given to the next one; who is bound to the old one sees by the number in the
 * head that it is gone.  Every value here begins with its check (record.h).
 */
#ifndef LMDB_DRIVER_STORE_H
#define LMDB_DRIVER_STORE_H

#include "lmdb_driver.h"

#define MAIN_DBI 1 /* LMDB's own number for it */
extern const struct database quipu_lmdb_main;
#define STORE_FORMAT 1

struct store_record {
    uint32_t check;
    uint32_t format;
    uint64_t next_schema;
    uint32_t next_space;
    uint32_t reserved;
};

struct space_record {
    uint32_t check;
    uint32_t number;
    quipu_uuid identity;
};

struct head_record {
    uint32_t check;
    uint32_t reserved;
    uint64_t schema; /* its number; 0: the slot is free */
    int64_t head;
};

static inline MDB_val store_key(void)
{
    return (MDB_val){ 5, (void *)"quipu" };
}

/* Reads and writes a record of `size`, which begins with its check.  An LMDB
 * code: MDB_NOTFOUND, MDB_CORRUPTED. */
int quipu_lmdb_store_get(const struct view *view, MDB_val key, void *record,
                         size_t size);
int quipu_lmdb_store_put(MDB_txn *txn, MDB_val key, void *record, size_t size);

/* The keys, in the caller's memory. */
#define STORE_NAME_MAX 96
MDB_val quipu_lmdb_key_space(char name[STORE_NAME_MAX], const char *name_space);
/* `table` NULL: what all of the namespace begin with. */
MDB_val quipu_lmdb_key_schema(char name[STORE_NAME_MAX], uint32_t space,
                              const char *table);
MDB_val quipu_lmdb_key_head(char name[STORE_NAME_MAX], uint32_t slot);

/*
 * The head of a bound schema; *alive false: it was torn down.  CORRUPT, IO.
 */
int quipu_lmdb_head_get(quipu_driver_datastore *datastore,
                        const struct view *view,
                        const quipu_driver_schema *bound, bool *alive,
                        int64_t *head, quipu_error *error);
int quipu_lmdb_head_put(MDB_txn *txn, uint32_t slot, uint64_t number,
                        int64_t head);

/* Once for each environment, before anything else: LMDB learns how its keys are
 * compared.  An LMDB code. */
int quipu_lmdb_main_open(MDB_txn *txn);

/* Makes what a new store has.  An LMDB code. */
int quipu_lmdb_store_create(MDB_txn *txn);

/* A schema as it is stored: `block` is to be released.  MDB_CORRUPTED, or
 * ENOMEM. */
struct stored_schema {
    uint64_t number;
    uint32_t slot;
    quipu_schema schema;
    char *block;
};
int quipu_lmdb_schema_read(const quipu_host *host, const MDB_val *value,
                           struct stored_schema *stored);
int quipu_lmdb_schema_write(const quipu_host *host, MDB_txn *txn, MDB_val key,
                            const struct stored_schema *stored);

#endif
