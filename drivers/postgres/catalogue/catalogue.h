/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu's own tables in a database, and the namespaces in them.
 *
 *     quipu_store       the store's format
 *     quipu_namespaces  number, name and identity; count of schemas ever made
 *     quipu_schemas     the schemas of each namespace
 *     quipu_columns     their further columns
 *     quipu_heads       the last notification id of each schema's log; the row
 *                       that appends lock
 *     quipu_tracking    tracking records
 *     quipu_entries     key-value entries, and the revision floors
 *     quipu_erasures    the number of erasures of each schema
 *     quipu_shared_flush  the namespaces with shared flushes (net/flush.h)
 *     quipu_tables      item tables, each shared by the schemas of one shape
 *
 * All names that begin with quipu_ are reserved.  Set-up and tear-down of
 * schemas are in setup.h.
 */
#ifndef POSTGRES_CATALOGUE_H
#define POSTGRES_CATALOGUE_H

#include "datastore.h"

/*
 * Raised by each change of the tables that older drivers cannot handle.
 *
 * quipu_entries did not raise it.  A store that lacks the table gets it with
 * the first append that has entries.  A driver that does not know the table
 * neither reads nor writes it, and its appends have no conditions: it only
 * raises tracking records, under the lock of their rows, as any append without
 * conditions does.  So it breaks no guarantee of K1 to K7, T1 or T2.
 *
 * Erased items raise it: a driver that does not know them would pass over them
 * in some reads.  So does the first namespace with shared flushes, with which
 * the table of them is made: a driver that does not know them would return what
 * is not durable yet.
 */
#define STORE_FORMAT 1              /* of a store without erased items */
#define STORE_FORMAT_ERASED 2       /* of one with erased items */
#define STORE_FORMAT_SHARED_FLUSH 3 /* of one with quipu_shared_flush */

/* Finds the store's PostgreSQL schema, checks the format, and finds the
 * namespace; fills datastore->schema, namespace_number, identity, shared_flush
 * and sql.
 * With `create`, makes what is missing; with `all_namespaces` looks for none.
 * NOT_FOUND; UNSUPPORTED: a newer format; CORRUPT. */
int quipu_postgres_catalogue_open(const struct lease *lease, bool create,
                                  bool all_namespaces);

/* Create the table of entries, that of erasures, or that of namespaces with
 * shared flushes, in a store that lacks it.  DENIED: the role lacks the
 * right. */
int quipu_postgres_catalogue_add_entries(const struct lease *lease);
int quipu_postgres_catalogue_add_erasures(const struct lease *lease);
int quipu_postgres_catalogue_add_shared_flush(const struct lease *lease);

/* Raises the format to one of the above, if it is lower, in a transaction that
 * has begun. */
int quipu_postgres_catalogue_raise_format(const struct lease *lease,
                                          int32_t format);
/* Lets the item table of a schema take items without a state: in a transaction
 * that has begun, or in one of its own for a table that an older program has
 * made.  DENIED: the role does not own the table. */
int quipu_postgres_catalogue_drop_not_null(const struct lease *lease,
                                           const quipu_schema *schema,
                                           const char *table);
int quipu_postgres_catalogue_allow_erased(const struct lease *lease,
                                          const quipu_schema *schema,
                                          const char *table);

/* -------------------------------------- shared_flush.c: of a namespace
 *
 * A namespace has a row in quipu_shared_flush, or none, from the transaction on
 * that makes it.  The row is never added or removed later: all programs that
 * have the namespace open have to know the property. */

/* Sets datastore->shared_flush for the namespace that was found in a store of
 * that format.  INVALID: the option shared_flush says otherwise.  UNSUPPORTED:
 * on a server that distributes tables.  DENIED: the role may not flush. */
int quipu_postgres_shared_flush_find(const struct lease *lease, int64_t format);
/* UNSUPPORTED: on a server that distributes tables. */
int quipu_postgres_shared_flush_permit(const struct lease *lease);
/* Gives shared flushes to the namespace that the transaction has made with this
 * identity; to none, if it has made none. */
int quipu_postgres_shared_flush_make(const struct lease *lease,
                                     const quipu_uuid *identity);

#endif
