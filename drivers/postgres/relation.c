/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of items: found, made and removed. */
#include "change.h"

#include <stdio.h>
#include <string.h>

static void add_name(struct text *text, const struct change *change,
                     const char *table)
{
    quipu_common_text_add_name(text, change->datastore->schema);
    quipu_common_text_add(text, ".");
    quipu_common_text_add_name(text, table);
}

static int create_table(const struct change *change, const char *table,
                        const char *shape)
{
    struct text text = { .host = change->datastore->host };
    quipu_common_text_add(&text, "CREATE TABLE ");
    add_name(&text, change, table);
    quipu_common_text_add(&text, " (");
    quipu_common_text_add(&text, shape);
    quipu_common_text_add(&text, ")");
    return quipu_postgres_change_run_text(change, &text, "make a table");
}

/* A table that quipu made is in quipu_tables. */
static int check_free(const struct change *change, const char *table)
{
    PGresult *result = NULL;
    struct arguments *arguments = quipu_postgres_change_arguments(change);
    quipu_postgres_add_text(arguments, change->datastore->schema);
    quipu_postgres_add_text(arguments, table);
    int status = quipu_postgres_change_ask(change, SQL_TABLE_EXISTS, &result);
    if (status == QUIPU_OK && PQntuples(result) > 0) {
        status = change->datastore->host->error_set(
            change->error, QUIPU_CONFLICT, 0, NULL,
            "%s already has a table \"%s\" that quipu did not make; name the "
            "schema otherwise",
            change->datastore->name, table);
    }
    PQclear(result);
    return status;
}

static int make_table(const struct change *change, const char *table,
                      const char *shape)
{
    int status = check_free(change, table);
    if (status == QUIPU_OK) {
        status = create_table(change, table, shape);
    }
    if (status == QUIPU_OK) {
        struct arguments *arguments = quipu_postgres_change_arguments(change);
        quipu_postgres_add_text(arguments, table);
        quipu_postgres_add_text(arguments, shape);
        status = quipu_postgres_change_run(change, SQL_TABLE_ADD);
    }
    return status;
}

static int count_table(const struct change *change, const char *table,
                       int64_t more, int64_t *count)
{
    PGresult *result = NULL;
    struct arguments *arguments = quipu_postgres_change_arguments(change);
    quipu_postgres_add_text(arguments, table);
    quipu_postgres_add_int8(arguments, more);
    int status = quipu_postgres_change_ask(change, SQL_TABLE_COUNT, &result);
    *count = 0;
    if (status == QUIPU_OK && PQntuples(result) == 1) {
        *count = quipu_postgres_get_int(result, 0, 0);
    }
    PQclear(result);
    return status;
}

/* Finds or makes the table for a schema: that of its name, if it has the shape
 * or is not there yet; `other` otherwise. */
int quipu_postgres_relation_provide(const struct change *change,
                                    const char *shape, const char *other,
                                    const char **table)
{
    PGresult *result = NULL;
    int64_t count = 0;
    *table = change->schema->table;
    quipu_postgres_add_text(quipu_postgres_change_arguments(change), *table);
    int status = quipu_postgres_change_ask(change, SQL_TABLE_FIND, &result);
    if (status != QUIPU_OK) {
        return status;
    }
    bool there = PQntuples(result) > 0;
    const char *has = there ? PQgetvalue(result, 0, 0) : NULL;
    bool same = has && strcmp(has, shape) == 0;
    PQclear(result);
    if (same) {
        return count_table(change, *table, 1, &count);
    }
    if (there) {
        *table = other;
    }
    return make_table(change, *table, shape);
}

int quipu_postgres_relation_clear(struct change *change)
{
    struct text text = { .host = change->datastore->host };
    int64_t count = 0;
    int status = count_table(change, change->table, -1, &count);
    if (status != QUIPU_OK) {
        return status;
    }
    if (count > 0) {
        char number[24];
        quipu_common_text_add(&text, "DELETE FROM ");
        add_name(&text, change, change->table);
        (void)snprintf(number, sizeof(number), "%ld",
                       (long)change->datastore->space);
        quipu_common_text_add(&text, " WHERE quipu_namespace = ");
        quipu_common_text_add(&text, number);
        return quipu_postgres_change_run_text(change, &text,
                                              "remove the items");
    }
    quipu_common_text_add(&text, "DROP TABLE ");
    add_name(&text, change, change->table);
    status = quipu_postgres_change_run_text(change, &text, "drop a table");
    if (status == QUIPU_OK) {
        quipu_postgres_add_text(quipu_postgres_change_arguments(change),
                                change->table);
        status = quipu_postgres_change_run(change, SQL_TABLE_REMOVE);
    }
    return status;
}
