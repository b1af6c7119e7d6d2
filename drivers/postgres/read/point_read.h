/* SPDX-License-Identifier: Apache-2.0 */
/* Reads of one row: the end of a sequence, the head of a log, a tracking
 * record. */
#ifndef POSTGRES_POINT_READ_H
#define POSTGRES_POINT_READ_H

#include "catalogue/schema.h"
#include "datastore.h"

/* The last notification id of the log.  NOT_FOUND: the schema was torn down. */
int quipu_postgres_point_read_head(quipu_driver_datastore *datastore,
                                   quipu_driver_schema *bound, int64_t deadline,
                                   int64_t *head, quipu_error *error);

/* The driver operation log_head: also the event id of the last item. */
int quipu_postgres_point_read_log_head(quipu_driver_datastore *datastore,
                                       quipu_driver_schema *bound,
                                       int64_t deadline, quipu_position *head,
                                       quipu_error *error);
/* The driver operation erasures. */
int quipu_postgres_point_read_erasures(quipu_driver_datastore *datastore,
                                       quipu_driver_schema *bound,
                                       int64_t deadline, int64_t *commits,
                                       quipu_error *error);
/* The driver operation last_position. */
int quipu_postgres_point_read_last_position(quipu_driver_datastore *datastore,
                                            quipu_driver_schema *bound,
                                            quipu_bytes sequence_id,
                                            int64_t deadline, bool *found,
                                            int64_t *position,
                                            quipu_error *error);
/* The driver operation read_tracking. */
int quipu_postgres_point_read_tracking(quipu_driver_datastore *datastore,
                                       quipu_bytes consumer, quipu_bytes log,
                                       int64_t deadline,
                                       quipu_position *position,
                                       quipu_error *error);

#endif
