/* SPDX-License-Identifier: Apache-2.0 */
/* Reaching a server: the one there is, or the first of several that will do. */
#ifndef POSTGRES_DRIVER_DIAL_H
#define POSTGRES_DRIVER_DIAL_H

#include "postgres.h"

/* Fills connection->pg, ready for exchange.h; it is the caller's to finish in
 * any case.  `state` gets the SQLSTATE of a refusal, or "". */
int quipu_postgres_dial(const quipu_driver_datastore *datastore,
                        int64_t deadline, struct connection *connection,
                        char state[6], quipu_error *error);

#endif
