/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections of a datastore, each lent for one operation.  At most
 * `options.pool` are open; the listener of read/notify.c is not counted.
 */
#ifndef POSTGRES_POOL_H
#define POSTGRES_POOL_H

#include "connection.h"

#include <pthread.h>

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t returned; /* one more is idle, or may be opened */
    struct connection *idle; /* last used first */
    size_t count;            /* open ones, those lent included */
};

int quipu_postgres_pool_init(quipu_driver_datastore *datastore,
                             quipu_error *error);
/* Closes the idle connections; none may be lent. */
void quipu_postgres_pool_finish(quipu_driver_datastore *datastore);

/* Lends an idle connection that is alive, or opens one.  BUSY: all are lent
 * until the deadline; other codes as of opening a connection.  The caller
 * returns it. */
int quipu_postgres_pool_borrow(quipu_driver_datastore *datastore,
                               int64_t deadline, struct connection **connection,
                               quipu_error *error);
/* Takes a connection back; NULL is allowed.  Closes it if it is lost, inside a
 * transaction, or too large to keep. */
void quipu_postgres_pool_return(quipu_driver_datastore *datastore,
                                struct connection *connection);

#endif
