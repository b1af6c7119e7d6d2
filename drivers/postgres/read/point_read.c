/* SPDX-License-Identifier: Apache-2.0 */
/* Reads of one row. */
#include "point_read.h"

#include "net/query.h"

#include "common/error.h"
#include "common/safeguard.h"

#include <string.h>

struct schema_key {
    int32_t namespace_number;
    int64_t number;
};

static void put_schema(struct arguments *arguments, const void *context)
{
    const struct schema_key *key = context;
    quipu_postgres_binary_add_int4(arguments, key->namespace_number);
    quipu_postgres_binary_add_int8(arguments, key->number);
}

/* -------------------------------------------------------------------- heads */

/* Runs a statement about a schema's head; without one the schema was torn
 * down. */
static int read_head(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound,
                     const struct statement *statement, int64_t deadline,
                     PGresult **result, quipu_error *error)
{
    const struct schema_key key = { datastore->namespace_number,
                                    bound->number };
    const struct query query = { .statement = statement,
                                 .put = put_schema,
                                 .context = &key,
                                 .what = "read the head" };
    int status =
        quipu_postgres_query_read(datastore, &query, deadline, result, error);
    if (status == QUIPU_OK && PQntuples(*result) == 0) {
        PQclear(*result);
        *result = NULL;
        return quipu_postgres_schema_torn_down(datastore, bound, error);
    }
    return status;
}

int quipu_postgres_point_read_head(quipu_driver_datastore *datastore,
                                   quipu_driver_schema *bound, int64_t deadline,
                                   int64_t *head, quipu_error *error)
{
    PGresult *result = NULL;
    int status = read_head(datastore, bound, &datastore->sql[SQL_HEAD],
                           deadline, &result, error);
    if (status == QUIPU_OK) {
        *head = quipu_postgres_binary_get_int(result, 0, 0);
    }
    PQclear(result);
    return status;
}

int quipu_postgres_point_read_log_head(quipu_driver_datastore *datastore,
                                       quipu_driver_schema *bound,
                                       int64_t deadline, quipu_position *head,
                                       quipu_error *error)
{
    bool has_ids = bound->schema.event_id;
    PGresult *result = NULL;
    int status = read_head(datastore, bound,
                           has_ids ? &bound->sql[SQL_HEAD_EVENT]
                                   : &datastore->sql[SQL_HEAD],
                           deadline, &result, error);
    if (status == QUIPU_OK) {
        *head = (quipu_position){ .store = { { 0 } } };
        SAFEGUARD("L5.store-of-a-head")
        head->store = datastore->identity;
        head->notification_id = quipu_postgres_binary_get_int(result, 0, 0);
        if (has_ids) {
            head->event_id = quipu_postgres_binary_get_uuid(result, 0, 1);
        }
    }
    PQclear(result);
    return status;
}

/* A store of an older program has no table of erasures before the first one. */
int quipu_postgres_point_read_erasures(quipu_driver_datastore *datastore,
                                       quipu_driver_schema *bound,
                                       int64_t deadline, int64_t *commits,
                                       quipu_error *error)
{
    PGresult *result = NULL;
    quipu_error own = { 0 };
    int64_t head = 0;
    int status = read_head(datastore, bound, &datastore->sql[SQL_ERASURES],
                           deadline, &result, &own);
    if (status != QUIPU_OK && strcmp(own.sqlstate, "42P01") == 0) {
        *commits = 0;
        return quipu_postgres_point_read_head(datastore, bound, deadline, &head,
                                              error);
    }
    if (status == QUIPU_OK) {
        *commits = quipu_postgres_binary_get_int(result, 0, 0);
    }
    PQclear(result);
    return quipu_common_error_pass(status, &own, error);
}

/* --------------------------------------------------------------- sequences */

struct sequence_key {
    int32_t namespace_number;
    quipu_bytes id;
    int64_t number;
};

static void put_sequence(struct arguments *arguments, const void *context)
{
    const struct sequence_key *key = context;
    quipu_postgres_binary_add_int4(arguments, key->namespace_number);
    quipu_postgres_binary_add_bytes(arguments, key->id);
    quipu_postgres_binary_add_int8(arguments, key->number);
}

int quipu_postgres_point_read_last_position(quipu_driver_datastore *datastore,
                                            quipu_driver_schema *bound,
                                            quipu_bytes sequence_id,
                                            int64_t deadline, bool *found,
                                            int64_t *position,
                                            quipu_error *error)
{
    const struct sequence_key key = { datastore->namespace_number, sequence_id,
                                      bound->number };
    const struct query query = { .statement = &bound->sql[SQL_LAST],
                                 .put = put_sequence,
                                 .context = &key,
                                 .what = "read the end of a sequence" };
    PGresult *result = NULL;
    int status =
        quipu_postgres_query_read(datastore, &query, deadline, &result, error);
    if (status == QUIPU_OK) {
        *found = !quipu_postgres_binary_is_null(result, 0, 0);
        if (*found) {
            *position = quipu_postgres_binary_get_int(result, 0, 0);
        }
    }
    PQclear(result);
    return status;
}

/* --------------------------------------------------------- tracking records */

struct tracking_key {
    int32_t namespace_number;
    quipu_bytes consumer, log;
};

static void put_record(struct arguments *arguments, const void *context)
{
    const struct tracking_key *key = context;
    quipu_postgres_binary_add_int4(arguments, key->namespace_number);
    quipu_postgres_binary_add_bytes(arguments, key->consumer);
    quipu_postgres_binary_add_bytes(arguments, key->log);
}

int quipu_postgres_point_read_tracking(quipu_driver_datastore *datastore,
                                       quipu_bytes consumer, quipu_bytes log,
                                       int64_t deadline,
                                       quipu_position *position,
                                       quipu_error *error)
{
    const struct tracking_key key = { datastore->namespace_number, consumer,
                                      log };
    const struct query query = { .statement =
                                     &datastore->sql[SQL_TRACKING_READ],
                                 .put = put_record,
                                 .context = &key,
                                 .what = "read a tracking record" };
    PGresult *result = NULL;
    int status =
        quipu_postgres_query_read(datastore, &query, deadline, &result, error);
    if (status == QUIPU_OK && PQntuples(result) == 0) {
        status = datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "consumer \"%.*s\" has recorded nothing of log \"%.*s\"",
            (int)consumer.size, (const char *)consumer.data, (int)log.size,
            (const char *)log.data);
    } else if (status == QUIPU_OK) {
        quipu_postgres_binary_get_position(result, 0, position);
    }
    PQclear(result);
    return status;
}
