/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The definitions of tables: quipu's own, and those of items.
 *
 * A change of any of them is a new store format (STORE_FORMAT), unless older
 * drivers can work on the store as well (catalogue/catalogue.h).  Names of
 * tables and columns are quoted wherever they come from a schema.
 */
#ifndef POSTGRES_TABLE_DDL_H
#define POSTGRES_TABLE_DDL_H

#include <quipu/driver.h>

#include "common/text.h"

/* The statements that create quipu's own tables, as templates (template.h), in
 * their order; NULL ends the list. */
extern const char *const quipu_postgres_table_ddl_own[];
/* Those of them that create the tables of entries and of erasures, which a
 * store of an older program may lack. */
extern const char quipu_postgres_table_ddl_entries[];
extern const char quipu_postgres_table_ddl_erasures[];
extern const char quipu_postgres_table_ddl_shared_flush[];

/* The shape of a schema's item table: its columns and keys as CREATE TABLE
 * takes them.  Two schemas with the same name and equal shapes share a
 * table.  The caller releases the text; NULL: no memory. */
char *quipu_postgres_table_ddl_shape(const quipu_host *host,
                                     const quipu_schema *schema);

/* Adds the definition of a further column, as ADD COLUMN takes it. */
void quipu_postgres_table_ddl_add_column(struct text *text,
                                         const quipu_column *column);

/* The name of the item table for a schema whose own name is that of a table of
 * another shape: "quipu_<namespace>_<number>_<name>", cut at the length that
 * PostgreSQL allows, though never within a UTF-8 character. */
void quipu_postgres_table_ddl_other_name(int32_t namespace_number,
                                         int64_t number, const char *name,
                                         char other[QUIPU_NAME_MAX + 1]);

#endif
