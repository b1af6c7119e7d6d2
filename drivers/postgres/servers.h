/* SPDX-License-Identifier: Apache-2.0 */
/* The servers that a URI, the environment or a service file name: each is
 * tried for itself, so that none uses up the time of all. */
#ifndef POSTGRES_DRIVER_SERVERS_H
#define POSTGRES_DRIVER_SERVERS_H

#include "uri.h"

#include <libpq-fe.h>

#define SERVERS_MAX 32

/* NULL: libpq's usual. */
struct server {
    const char *host;
    const char *address;
    const char *port;
};

struct servers {
    struct server at[SERVERS_MAX];
    size_t count; /* 1: libpq is told what the target says, and no more */
    bool prefer_standby; /* only then others */
    int64_t
        timeout;  /* nanoseconds for each; 0: they share what time there is */
    char *memory; /* the lists, cut into pieces */
};

/* Asks libpq where the target leads, without connecting.  INVALID:
 * connect_timeout is no number; NO_MEMORY. */
int quipu_postgres_servers_find(const quipu_host *host,
                                const struct target *target,
                                struct servers *servers, quipu_error *error);
void quipu_postgres_servers_finish(struct servers *servers,
                                   const quipu_host *host);

/* When to turn from this server, the first of `left`, to the next one. */
int64_t quipu_postgres_servers_until(const struct servers *servers, size_t left,
                                     int64_t deadline);

/* Begins to connect to servers->at[index]; `attributes`, unless NULL, are asked
 * of its session.  The caller's to finish; NULL: no memory. */
PGconn *quipu_postgres_servers_start(const struct servers *servers,
                                     const struct target *target, size_t index,
                                     const char *attributes);

#endif
