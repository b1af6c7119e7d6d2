/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a store is distributed on a Citus cluster (docs/scaling.md).
 *
 * - By its PostgreSQL schema: Citus places every table of the schema, also one
 *   that is created later, on the same worker by itself.
 * - By namespace: the tables whose keys begin with the namespace are
 *   distributed by it and colocated with quipu_heads; quipu_store,
 *   quipu_namespaces and quipu_tables are reference tables.  A table that is
 *   created later has to be distributed by the driver, or its rows would stay
 *   on the coordinator.
 *
 * On a server without Citus, whose connections are not `sharded`, nothing is
 * done.
 */
#ifndef POSTGRES_DISTRIBUTION_H
#define POSTGRES_DISTRIBUTION_H

#include "datastore.h"

/* Settings of a transaction that creates or alters tables, which has begun.
 * The names in the DDL, also those of types in the shape of an item table, have
 * no schema: the search path keeps them from being those of another role.
 * Citus is to use one connection to each worker, so that statements on rows may
 * come before the DDL. */
int quipu_postgres_distribution_begin_ddl(const struct lease *lease);

/* Distributes quipu's own tables, which were created in the same transaction,
 * as the option says. */
int quipu_postgres_distribution_make(const struct lease *lease);
/* Distributes a table that was created in the same transaction by `column`, if
 * the store is distributed by namespace. */
int quipu_postgres_distribution_add(const struct lease *lease,
                                    const char *table, const char *column);

/* UNSUPPORTED: the store is not distributed as the option says, or the server
 * has no Citus. */
int quipu_postgres_distribution_check(const struct lease *lease);

#endif
