/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of items: their shape, as text and as SQL. */
#ifndef POSTGRES_DRIVER_TABLE_H
#define POSTGRES_DRIVER_TABLE_H

#include "postgres.h"

/* The columns of a schema's table in SQL: what two schemas must share to share
 * a table.  To be released; NULL: no memory. */
char *quipu_postgres_table_shape(const quipu_host *host,
                                 const quipu_schema *schema);

/* A table's name for a schema whose own is taken by a table of other shape: not
 * longer than PostgreSQL's names are. */
void quipu_postgres_table_other_name(int32_t space, int64_t number,
                                     const char *name,
                                     char other[QUIPU_NAME_MAX + 1]);

#endif
