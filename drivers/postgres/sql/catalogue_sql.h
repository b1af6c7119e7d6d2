/* SPDX-License-Identifier: Apache-2.0 */
/* The statements that work on quipu's own tables and on transactions; rendered
 * once for a datastore. */
#ifndef POSTGRES_CATALOGUE_SQL_H
#define POSTGRES_CATALOGUE_SQL_H

#include "net/prepared.h"

enum catalogue_sql {
    SQL_BEGIN,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_SETTINGS,    /* timeouts and durability, of transaction or session */
    SQL_TRANSACTION, /* its number */
    SQL_SAME_TRANSACTION,   /* fails in a transaction with another number */
    SQL_TRANSACTION_STATUS, /* whether it was committed */
    SQL_COMMIT_EARLY,       /* the transaction commits before its flush */
    SQL_FLUSH,              /* waits until all commits before are durable */
    SQL_NOTIFY,
    SQL_HEAD, /* of the log of one schema */
    SQL_HEAD_RAISE,
    SQL_HEADS_LOCK,
    SQL_HEADS_READ,
    SQL_HEAD_ADD,
    SQL_HEAD_REMOVE,
    SQL_TRACKING_WRITE,  /* fails unless it raises the record */
    SQL_TRACKING_STORED, /* fails unless the record is stored */
    SQL_TRACKING_PUT,    /* the same two without a schema */
    SQL_TRACKING_PUT_STORED,
    SQL_TRACKING_REMOVE,
    SQL_TRACKING_REMOVED, /* fails unless the record is gone */
    SQL_TRACKING_COMPARE, /* of several records */
    SQL_TRACKING_LOCK,    /* the same, and locks them */
    SQL_TRACKING_READ,
    SQL_TRACKING_LIST,
    SQL_ENTRIES_SLOTS, /* locks for keys that may have no row */
    SQL_ENTRIES_LOCK,  /* rows, and reads their revisions */
    SQL_ENTRIES_FLOOR,
    SQL_ENTRIES_ADD,
    SQL_ENTRIES_UPDATE,
    SQL_ENTRIES_REMOVE,
    SQL_ENTRIES_STORED, /* fails unless the entries are as written */
    SQL_ENTRIES_RAISE,  /* the floor */
    SQL_ENTRIES_LIST,
    SQL_FORMAT_RAISE, /* of the store, for erased items */
    SQL_ERASURES,     /* the number of erasures of a schema */
    SQL_ERASURES_ADD,
    SQL_NAMESPACE_FIND,
    SQL_NAMESPACE_ADD,
    SQL_SHARED_FLUSH_FIND, /* whether a namespace has shared flushes */
    SQL_SHARED_FLUSH_ADD,
    SQL_NAMESPACE_COUNT, /* takes the next schema number, and a lock */
    SQL_SCHEMA_FIND,
    SQL_SCHEMA_NEXT,
    SQL_LOGS, /* of all namespaces */
    SQL_SCHEMA_COLUMNS,
    SQL_SCHEMA_ADD,
    SQL_SCHEMA_REMOVE,
    SQL_SIMILAR_NAME, /* a schema whose name differs in case only */
    SQL_COLUMNS_ADD,
    SQL_COLUMNS_REMOVE,
    SQL_TABLE_FIND,
    SQL_TABLE_ADD,
    SQL_TABLE_COUNT,
    SQL_TABLE_SHAPE,
    SQL_TABLE_REMOVE,
    SQL_TABLE_EXISTS,
    SQL_TABLE_COLUMNS,
    SQL_TABLE_COLUMN,
    SQL_COLUMN_SHARED,
    SQL_DISTRIBUTION, /* on a Citus cluster: of quipu_heads */
    SQL_DISTRIBUTE,   /* ... and distributes a table */
    CATALOGUE_SQL_COUNT
};

/* Renders the statements for the datastore's PostgreSQL schema, which has to be
 * known.  NO_MEMORY; the caller calls finish in any case. */
int quipu_postgres_catalogue_sql_make(quipu_driver_datastore *datastore,
                                      quipu_error *error);
void quipu_postgres_catalogue_sql_finish(quipu_driver_datastore *datastore);

#endif
