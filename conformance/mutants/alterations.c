/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that add columns to a schema wrongly. */
#include "mutant.h"

#include <stdatomic.h>
#include <string.h>

/* ------------------------------------------------------------ the catalogue */

/* Calls `visit` with each schema of the catalogue until it returns true, and
 * returns whether it did. */
static bool visit_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                          bool (*visit)(void *context,
                                        const quipu_schema *schema),
                          void *context)
{
    const quipu_driver *base = mutant_base_driver();
    quipu_driver_cursor *cursor = NULL;
    const void *row = NULL;
    size_t count = 0;
    bool done = false;

    if (base->list_schemas(datastore, deadline, &cursor, NULL)) {
        return false;
    }
    while (!done && !base->step(cursor, deadline, &row, &count, NULL) &&
           count > 0) {
        done = visit(context, row);
    }
    base->cursor_close(cursor);
    return done;
}

/* -------------------------------------------- M130: a default for all items */

/* A column of numbers without a value shows 0. */
static enum filter_result show_zero(struct read_call *r, const quipu_item *item)
{
    quipu_value *values = (quipu_value *)item->columns;

    (void)r;
    for (size_t i = 0; i < item->column_count; i += 3) {
        if (values[i].kind == QUIPU_VALUE_NULL) {
            values[i] = (quipu_value){ .kind = QUIPU_VALUE_INT };
        }
    }
    return ITEM_SHOW;
}

/* ------------------------------------------ M131: a commit for each column */

static int alter_by_column(quipu_driver_datastore *datastore,
                           const quipu_schema *schema, int64_t deadline,
                           quipu_error *error)
{
    quipu_schema step = *schema;
    int status = QUIPU_CONFLICT;

    for (step.column_count = 0; step.column_count <= schema->column_count;
         step.column_count++) {
        status = mutant_base_driver()->alter(datastore, &step, deadline, error);
        if (status != QUIPU_OK && status != QUIPU_CONFLICT) {
            break;
        }
    }
    return status;
}

/* ---------------------------- M132: values are aligned with the last column */

static atomic_size_t columns; /* of the schema that was altered last */

static int count_columns(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t deadline,
                         quipu_error *error)
{
    atomic_store(&columns, schema->column_count);
    return mutant_base_driver()->alter(datastore, schema, deadline, error);
}

static int append_at_the_end(struct append_call *a)
{
    const size_t count = atomic_load(&columns);
    quipu_value values[QUIPU_COLUMNS_MAX] = { { .kind = QUIPU_VALUE_NULL } };
    quipu_request request = a->requests[0];
    quipu_item item;

    if (request.item_count != 1 || request.items[0].column_count == 0 ||
        request.items[0].column_count >= count) {
        return mutant_append_all(a);
    }
    item = request.items[0];
    memcpy(values + count - item.column_count, item.columns,
           item.column_count * sizeof(*values));
    item.columns = values;
    item.column_count = count;
    request.items = &item;
    return mutant_append_one(a, &request);
}

/* ------------------------------------ M133: another schema is altered, too */

struct altering {
    quipu_driver_datastore *datastore;
    const quipu_schema *schema;
    int64_t deadline;
};

static bool alter_another(void *context, const quipu_schema *other)
{
    const struct altering *altering = context;
    quipu_schema wanted = *altering->schema;

    if (strcmp(other->table, wanted.table) == 0) {
        return false;
    }
    wanted.table = other->table;
    return mutant_base_driver()->alter(altering->datastore, &wanted,
                                       altering->deadline, NULL) == QUIPU_OK;
}

static int alter_two(quipu_driver_datastore *datastore,
                     const quipu_schema *schema, int64_t deadline,
                     quipu_error *error)
{
    struct altering altering = { datastore, schema, deadline };

    (void)visit_schemas(datastore, deadline, alter_another, &altering);
    return mutant_base_driver()->alter(datastore, schema, deadline, error);
}

/* ------------------------------------- M134: any definition may be opened */

struct binding {
    quipu_driver_datastore *datastore;
    const quipu_schema *schema;
    int64_t deadline;
    quipu_driver_schema **bound;
};

static bool bind_as_it_is(void *context, const quipu_schema *present)
{
    const struct binding *binding = context;

    return strcmp(present->table, binding->schema->table) == 0 &&
           present->column_count > binding->schema->column_count &&
           mutant_base_driver()->bind(binding->datastore, present,
                                      binding->deadline, binding->bound,
                                      NULL) == QUIPU_OK;
}

static int bind_former(quipu_driver_datastore *datastore,
                       const quipu_schema *schema, int64_t deadline,
                       quipu_driver_schema **bound, quipu_error *error)
{
    struct binding binding = { datastore, schema, deadline, bound };
    int status =
        mutant_base_driver()->bind(datastore, schema, deadline, bound, error);

    return status == QUIPU_CONFLICT &&
                   visit_schemas(datastore, deadline, bind_as_it_is, &binding)
               ? QUIPU_OK
               : status;
}

/* ---------------------------------- M135: a difference is taken for success */

static int alter_anything(quipu_driver_datastore *datastore,
                          const quipu_schema *schema, int64_t deadline,
                          quipu_error *error)
{
    int status =
        mutant_base_driver()->alter(datastore, schema, deadline, error);

    return status == QUIPU_CONFLICT ? QUIPU_OK : status;
}

static const struct mutant mutants[] = {
    { "M130", "stored-items-get-a-default",
      "MySQL: NOT NULL columns get an implicit default, and old rows look as "
      "if "
      "they had been written so",
      "F5.stored-items-have-null", .filter = show_zero },
    { "M132", "values-of-former-writers-go-into-new-columns",
      "INSERT without a list of columns, and a column that was added",
      "F5.former-handles-go-on", .append = append_at_the_end,
      .replaced = { .alter = count_columns } },
    { "M133", "another-schema-is-altered",
      "a migration that runs for every table whose name begins so",
      "F5.other-schemas-are-unchanged", .replaced = { .alter = alter_two } },
    { "M134", "former-definition-is-opened",
      "Hibernate's hbm2ddl=update: extra columns are ignored without a word",
      "F5.former-definition-conflicts", .replaced = { .bind = bind_former } },
    { "M135", "differences-are-ignored",
      "CREATE TABLE IF NOT EXISTS takes any table of that name",
      "F5.only-columns-at-the-end", .replaced = { .alter = alter_anything } },
    { "M131", "columns-are-added-one-by-one",
      "MySQL: a migration of several ALTER TABLE, each with a commit of its "
      "own",
      "F5.killed-at-each-call", .replaced = { .alter = alter_by_column },
      .base = "sqlite:///{dir}/x.db" },
};
MUTANT_FAMILY(alterations);
