/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last item of a sequence with the number of erasures, in one statement, so
 * that both are of one snapshot.
 *
 * The statement finds nothing if the sequence is empty or the schema was torn
 * down, and it fails in a store of an older program, which has no table of
 * erasures before the first one.  Then the number is read by itself, and after
 * it the item, which is not of an earlier moment.
 */
#include "point_read.h"
#include "read.h"

#include "net/query.h"

#include "common/error.h"

#include <string.h>

struct last_item {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    quipu_bytes sequence_id;
    int64_t deadline;
    quipu_see see;
    void *context;
};

static void put_sequence(struct arguments *arguments, const void *context)
{
    const struct last_item *last = context;
    quipu_postgres_binary_add_int4(arguments,
                                   last->datastore->namespace_number);
    quipu_postgres_binary_add_bytes(arguments, last->sequence_id);
    quipu_postgres_binary_add_int8(arguments, last->bound->number);
}

/* Shows the item of the answer, whose last column is the number.  The statement
 * leaves no large contents out, and a state that is NULL is that of an erased
 * item; so the row can always be read. */
static void see_row(const struct last_item *last, const PGresult *result,
                    int64_t *erasures)
{
    quipu_value values[QUIPU_COLUMNS_MAX];
    quipu_item item;
    *erasures = quipu_postgres_binary_get_int(result, 0, PQnfields(result) - 1);
    (void)quipu_postgres_item_row_read(result, 0, false, last->bound, &item,
                                       values);
    item.sequence_id = last->sequence_id;
    last->see(last->context, &item);
}

/* Reads the number and then the item, by a cursor. */
static int read_both(const struct last_item *last, int64_t *erasures,
                     quipu_error *error)
{
    static const quipu_range range = {
        .descending = true, .lower = INT64_MIN, .upper = INT64_MAX, .limit = 1
    };
    quipu_driver_cursor *cursor = NULL;
    const void *items = NULL;
    size_t count = 0;
    int status = quipu_postgres_point_read_erasures(
        last->datastore, last->bound, last->deadline, erasures, error);
    if (status == QUIPU_OK) {
        status = quipu_postgres_read_sequence(last->datastore, last->bound,
                                              last->sequence_id, &range,
                                              last->deadline, &cursor, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    status =
        quipu_postgres_read_step(cursor, last->deadline, &items, &count, error);
    if (status == QUIPU_OK && count > 0) {
        last->see(last->context, items);
    }
    quipu_postgres_read_close(cursor);
    return status;
}

int quipu_postgres_last_item_read(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound,
                                  quipu_bytes sequence_id, int64_t deadline,
                                  quipu_see see, void *context,
                                  int64_t *erasures, quipu_error *error)
{
    const struct last_item last = { datastore, bound, sequence_id,
                                    deadline,  see,   context };
    const struct query query = { .statement = &bound->sql[SQL_LAST_ITEM],
                                 .put = put_sequence,
                                 .context = &last,
                                 .what = "read the last item of a sequence" };
    PGresult *result = NULL;
    quipu_error own = { 0 };
    int status =
        quipu_postgres_query_read(datastore, &query, deadline, &result, &own);
    if (status == QUIPU_OK && PQntuples(result) > 0) {
        see_row(&last, result, erasures);
    } else if (status == QUIPU_OK || strcmp(own.sqlstate, "42P01") == 0) {
        status = read_both(&last, erasures, &own);
    }
    PQclear(result);
    return quipu_common_error_pass(status, &own, error);
}
