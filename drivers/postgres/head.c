/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of sequences and of the log. */
#include "operations.h"
#include "rows.h"

#include "common/safeguard.h"

struct of_schema {
    int32_t space;
    int64_t number;
};

static void put_schema(struct arguments *arguments, const void *context)
{
    const struct of_schema *of = context;
    quipu_postgres_add_int4(arguments, of->space);
    quipu_postgres_add_int8(arguments, of->number);
}

int quipu_postgres_torn_down(const quipu_driver_datastore *datastore,
                             const quipu_driver_schema *bound,
                             quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_NOT_FOUND, 0, NULL,
        "schema \"%s\" of %s is no longer set up; it was torn down since it "
        "was bound",
        bound->schema.table, datastore->name);
}

static int ask_one(quipu_driver_datastore *datastore,
                   quipu_driver_schema *bound, const struct statement *which,
                   int64_t deadline, PGresult **result, quipu_error *error)
{
    const struct of_schema of = { datastore->space, bound->number };
    int status = quipu_postgres_read(datastore, which, put_schema, &of,
                                     deadline, "read the head", result, error);
    if (status == QUIPU_OK && PQntuples(*result) == 0) {
        PQclear(*result);
        *result = NULL;
        return quipu_postgres_torn_down(datastore, bound, error);
    }
    return status;
}

int quipu_postgres_ask_head(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, int64_t deadline,
                            int64_t *head, quipu_error *error)
{
    PGresult *result = NULL;
    int status = ask_one(datastore, bound, &datastore->common[SQL_HEAD],
                         deadline, &result, error);
    if (status == QUIPU_OK) {
        *head = quipu_postgres_get_int(result, 0, 0);
    }
    PQclear(result);
    return status;
}

int quipu_postgres_log_head(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, int64_t deadline,
                            quipu_position *head, quipu_error *error)
{
    bool has_ids = bound->schema.event_id;
    PGresult *result = NULL;
    int status = ask_one(datastore, bound,
                         has_ids ? &bound->of[SQL_HEAD_EVENT]
                                 : &datastore->common[SQL_HEAD],
                         deadline, &result, error);
    if (status == QUIPU_OK) {
        *head = (quipu_position){ .store = { { 0 } } };
        SAFEGUARD("L5.store-of-a-head")
        head->store = datastore->identity;
        head->notification_id = quipu_postgres_get_int(result, 0, 0);
        if (has_ids) {
            head->event_id = quipu_postgres_get_uuid(result, 0, 1);
        }
    }
    PQclear(result);
    return status;
}

struct of_sequence {
    int32_t space;
    quipu_bytes id;
};

static void put_sequence(struct arguments *arguments, const void *context)
{
    const struct of_sequence *of = context;
    quipu_postgres_add_int4(arguments, of->space);
    quipu_postgres_add_bytes(arguments, of->id);
}

int quipu_postgres_last_position(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound,
                                 quipu_bytes sequence_id, int64_t deadline,
                                 bool *found, int64_t *position,
                                 quipu_error *error)
{
    const struct of_sequence of = { datastore->space, sequence_id };
    PGresult *result = NULL;
    int status = quipu_postgres_read(
        datastore, &bound->of[SQL_LAST], put_sequence, &of, deadline,
        "read the end of a sequence", &result, error);
    if (status == QUIPU_OK) {
        *found = !quipu_postgres_is_null(result, 0, 0);
        if (*found) {
            *position = quipu_postgres_get_int(result, 0, 0);
        }
    }
    PQclear(result);
    return status;
}
