/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Setting up, altering and tearing down schemas.
 *
 * Each runs in one transaction that first locks the namespace's row, so that
 * those of one namespace follow one another.  A schema gets a number that no
 * other schema of the namespace ever has, its rows in the catalogue, a head,
 * and an item table.
 *
 * The item table has the schema's name, and its rows begin with the namespace.
 * Schemas of the same name and shape in different namespaces share it;
 * quipu_tables counts them.  If the name is that of a table of another shape,
 * the schema gets a table of its own (sql/table_ddl.h).
 *
 * An alteration adds its columns to the item table, also if it is shared: the
 * other schemas do not name them.  The table then has at least the columns of
 * its shape, which is that of the definition altered last; so a schema that is
 * set up with that shape can share it.  A column that the table has already,
 * for a schema of another namespace, is used if it is of the same kind.
 */
#ifndef POSTGRES_SETUP_H
#define POSTGRES_SETUP_H

#include "datastore.h"

/* The driver operation setup.  Returns OK without writing if the schema exists
 * with the same definition.  CONFLICT: the definition differs, or a table of
 * that name is not quipu's.  INVALID: another schema's name differs in case
 * only. */
int quipu_postgres_setup(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t deadline,
                         quipu_error *error);
/* The driver operation alter. */
int quipu_postgres_setup_alter(quipu_driver_datastore *datastore,
                               const quipu_schema *schema, int64_t deadline,
                               quipu_error *error);
/* The driver operation teardown: removes the schema and its items, and the
 * table if no other schema uses it. */
int quipu_postgres_setup_undo(quipu_driver_datastore *datastore,
                              const quipu_schema *schema, int64_t deadline,
                              quipu_error *error);

#endif
