/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of the driver, as <quipu/driver.h> says. */
#ifndef POSTGRES_DRIVER_OPERATIONS_H
#define POSTGRES_DRIVER_OPERATIONS_H

#include <quipu/driver.h>

int quipu_postgres_open(const quipu_host *host, const quipu_open *how,
                        int64_t deadline, quipu_driver_datastore **datastore,
                        quipu_opened *opened, quipu_error *error);
void quipu_postgres_close(quipu_driver_datastore *datastore);
int quipu_postgres_setup(quipu_driver_datastore *datastore,
                         const quipu_schema *schema, int64_t deadline,
                         quipu_error *error);
int quipu_postgres_teardown(quipu_driver_datastore *datastore,
                            const quipu_schema *schema, int64_t deadline,
                            quipu_error *error);
int quipu_postgres_bind(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, int64_t deadline,
                        quipu_driver_schema **bound, quipu_error *error);
void quipu_postgres_unbind(quipu_driver_datastore *datastore,
                           quipu_driver_schema *bound);
int quipu_postgres_append(quipu_driver_datastore *datastore,
                          const quipu_request *requests, size_t count,
                          quipu_result *results, size_t *taken,
                          int64_t deadline, quipu_error *error);
int quipu_postgres_transact(quipu_driver_datastore *datastore,
                            const quipu_request *request, quipu_work work,
                            void *context, quipu_result *result,
                            int64_t deadline, quipu_error *error);
int quipu_postgres_read_sequence(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound,
                                 quipu_bytes sequence_id,
                                 const quipu_range *range, int64_t deadline,
                                 quipu_driver_cursor **cursor,
                                 quipu_error *error);
int quipu_postgres_read_log(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound,
                            const quipu_range *range, int64_t deadline,
                            quipu_driver_cursor **cursor, quipu_error *error);
int quipu_postgres_list_schemas(quipu_driver_datastore *datastore,
                                int64_t deadline, quipu_driver_cursor **cursor,
                                quipu_error *error);
int quipu_postgres_list_sequences(quipu_driver_datastore *datastore,
                                  quipu_driver_schema *bound, quipu_bytes after,
                                  int64_t deadline,
                                  quipu_driver_cursor **cursor,
                                  quipu_error *error);
int quipu_postgres_list_tracking(quipu_driver_datastore *datastore,
                                 int64_t deadline, quipu_driver_cursor **cursor,
                                 quipu_error *error);
int quipu_postgres_step(quipu_driver_cursor *cursor, int64_t deadline,
                        const void **rows, size_t *count, quipu_error *error);
void quipu_postgres_cursor_close(quipu_driver_cursor *cursor);
int quipu_postgres_last_position(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound,
                                 quipu_bytes sequence_id, int64_t deadline,
                                 bool *found, int64_t *position,
                                 quipu_error *error);
int quipu_postgres_log_head(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, int64_t deadline,
                            quipu_position *head, quipu_error *error);
int quipu_postgres_wait(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t after,
                        int64_t deadline, int64_t *head, quipu_error *error);
void quipu_postgres_interrupt(quipu_driver_datastore *datastore);
int quipu_postgres_read_tracking(quipu_driver_datastore *datastore,
                                 quipu_bytes consumer, quipu_bytes log,
                                 int64_t deadline, quipu_position *position,
                                 quipu_error *error);

#endif
