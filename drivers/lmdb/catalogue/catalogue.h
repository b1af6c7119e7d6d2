/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: the schemas of a namespace, as records in LMDB's main database
 * (store.h).  A record is a header, the nine names of table and columns, and
 * the further columns.  A name is its size (0xff: the schema has none), its
 * bytes and a zero; a further column is its kind (one byte) and a name.  A
 * schema to which columns were added ends with a byte: the number of its
 * further columns when it was set up.
 */
#ifndef LMDB_DRIVER_CATALOGUE_H
#define LMDB_DRIVER_CATALOGUE_H

#include "lmdb_driver.h"

struct catalogue_entry {
    uint64_t number;      /* of the schema; never reused */
    uint32_t slot;        /* names its databases */
    size_t first_columns; /* further columns when it was set up */
    quipu_schema schema;
    char *block; /* memory of a schema that was read; the caller releases it */
};

/* Decodes a record.  MDB_CORRUPTED, or ENOMEM. */
int quipu_lmdb_catalogue_read(const quipu_host *host, const MDB_val *value,
                              struct catalogue_entry *entry);
/* Returns true if a record is undamaged, and is that of a schema of this table.
 */
bool quipu_lmdb_catalogue_is_named(const MDB_val *value, MDB_val table);
/* Writes a record.  LMDB's code, or ENOMEM. */
int quipu_lmdb_catalogue_write(const quipu_host *host, MDB_txn *txn,
                               MDB_val key,
                               const struct catalogue_entry *entry);

/* Finds a schema by its table and compares it with *schema; *bound gets number,
 * slot and first_columns.  NOT_FOUND; CONFLICT, whose message names the first
 * difference; CORRUPT, IO, NO_MEMORY. */
int quipu_lmdb_catalogue_find(quipu_driver_datastore *datastore,
                              const struct snapshot *snapshot,
                              const quipu_schema *schema,
                              quipu_driver_schema *bound, quipu_error *error);

/* The same, but the catalogue may lack the last of the further columns:
 * *present tells how many it has. */
int quipu_lmdb_catalogue_find_former(quipu_driver_datastore *datastore,
                                     const struct snapshot *snapshot,
                                     const quipu_schema *schema,
                                     quipu_driver_schema *bound,
                                     size_t *present, quipu_error *error);

#endif
