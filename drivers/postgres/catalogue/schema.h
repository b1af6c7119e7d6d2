/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas: bound ones, and their definitions in the catalogue. */
#ifndef POSTGRES_SCHEMA_H
#define POSTGRES_SCHEMA_H

#include "datastore.h"
#include "sql/item_sql.h"

/* A bound schema.  Constant once bound; threads may share it. */
struct quipu_driver_schema {
    quipu_schema schema; /* a deep copy; `names` owns its strings */
    char *names;
    char *table;    /* the item table; owned */
    int64_t number; /* in the catalogue; never used again after a teardown */
    struct statement sql[ITEM_SQL_COUNT];
};

/* A schema as the catalogue has it. */
struct schema_entry {
    bool former;    /* set by the caller: the catalogue may lack the last of the
                  * further columns */
    size_t columns; /* further columns in the catalogue */
    int64_t number;
    char *table; /* name of its item table; the caller releases it */
};

/* Looks a schema up in the catalogue and compares the definitions.  NOT_FOUND;
 * CONFLICT: the message names the first difference. */
int quipu_postgres_schema_find(const struct lease *lease,
                               const quipu_schema *schema,
                               struct schema_entry *entry);
/* The same on a connection of the pool, and checks that the item table has all
 * columns; CORRUPT: one is missing. */
int quipu_postgres_schema_check(quipu_driver_datastore *datastore,
                                const quipu_schema *schema, int64_t deadline,
                                struct schema_entry *entry, quipu_error *error);

/* The driver operations bind and unbind; unbind takes NULL. */
int quipu_postgres_schema_bind(quipu_driver_datastore *datastore,
                               const quipu_schema *schema, int64_t deadline,
                               quipu_driver_schema **bound, quipu_error *error);
void quipu_postgres_schema_unbind(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound);

/* NOT_FOUND: columns were added to the schema after it was bound; `what` is
 * what cannot be done without them. */
int quipu_postgres_schema_check_columns(const struct lease *lease,
                                        const quipu_driver_schema *bound,
                                        const char *what);

/* NOT_FOUND: the schema was torn down after it was bound. */
int quipu_postgres_schema_torn_down(const quipu_driver_datastore *datastore,
                                    const quipu_driver_schema *bound,
                                    quipu_error *error);

#endif
