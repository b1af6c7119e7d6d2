/* SPDX-License-Identifier: Apache-2.0 */
/* Tracking records. */
#include "operations.h"
#include "rows.h"

struct of_record {
    int32_t space;
    quipu_bytes consumer, log;
};

static void put_record(struct arguments *arguments, const void *context)
{
    const struct of_record *of = context;
    quipu_postgres_add_int4(arguments, of->space);
    quipu_postgres_add_bytes(arguments, of->consumer);
    quipu_postgres_add_bytes(arguments, of->log);
}

void quipu_postgres_get_position(const PGresult *result, int row,
                                 quipu_position *position)
{
    position->notification_id = quipu_postgres_get_int(result, row, 0);
    position->store = quipu_postgres_get_uuid(result, row, 1);
    position->event_id = quipu_postgres_get_uuid(result, row, 2);
}

int quipu_postgres_read_tracking(quipu_driver_datastore *datastore,
                                 quipu_bytes consumer, quipu_bytes log,
                                 int64_t deadline, quipu_position *position,
                                 quipu_error *error)
{
    const struct of_record of = { datastore->space, consumer, log };
    PGresult *result = NULL;
    int status = quipu_postgres_read(
        datastore, &datastore->common[SQL_TRACKING_READ], put_record, &of,
        deadline, "read a tracking record", &result, error);
    if (status == QUIPU_OK && PQntuples(result) == 0) {
        status = datastore->host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "consumer \"%.*s\" has recorded nothing of log \"%.*s\"",
            (int)consumer.size, (const char *)consumer.data, (int)log.size,
            (const char *)log.data);
    } else if (status == QUIPU_OK) {
        quipu_postgres_get_position(result, 0, position);
    }
    PQclear(result);
    return status;
}
