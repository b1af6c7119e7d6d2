/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings of schemas, sequences, tracking records, logs and entries.
 *
 * Each step is a statement of its own, which selects the rows behind the last
 * key: no transaction stays open between steps, and rows added meanwhile may
 * or may not be seen.
 */
#ifndef POSTGRES_LISTINGS_H
#define POSTGRES_LISTINGS_H

#include "read.h"

/* The driver operations list_schemas, list_sequences, list_tracking and
 * list_logs; the cursor is stepped and closed by read.h. */
int quipu_postgres_listing_schemas(quipu_driver_datastore *datastore,
                                   int64_t deadline,
                                   quipu_driver_cursor **cursor,
                                   quipu_error *error);
int quipu_postgres_listing_sequences(quipu_driver_datastore *datastore,
                                     quipu_driver_schema *bound,
                                     quipu_bytes after, int64_t deadline,
                                     quipu_driver_cursor **cursor,
                                     quipu_error *error);
int quipu_postgres_listing_tracking(quipu_driver_datastore *datastore,
                                    int64_t deadline,
                                    quipu_driver_cursor **cursor,
                                    quipu_error *error);
int quipu_postgres_listing_logs(quipu_driver_datastore *datastore,
                                int64_t deadline, quipu_driver_cursor **cursor,
                                quipu_error *error);

/* The driver operation list_entries (entry_listing.c); the cursor is stepped
 * and closed by read.h. A store that never had entries has none. */
int quipu_postgres_entry_listing_open(quipu_driver_datastore *datastore,
                                      quipu_bytes prefix, quipu_bytes from,
                                      int64_t deadline,
                                      quipu_driver_cursor **cursor,
                                      quipu_error *error);

#endif
