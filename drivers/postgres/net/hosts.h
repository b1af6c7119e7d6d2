/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts of a URI with several, and connecting to the first that is
 * suitable.  hosts.c says why libpq does not do that here. */
#ifndef POSTGRES_HOSTS_H
#define POSTGRES_HOSTS_H

#include "conninfo.h"

#include <libpq-fe.h>

#define HOSTS_MAX 32

struct connection;

/* A host; NULL: libpq's default. */
struct host {
    const char *name;
    const char *address;
    const char *port;
};

struct hosts {
    struct host at[HOSTS_MAX];
    size_t count; /* 1: libpq gets the conninfo as it is */
    bool prefer_standby;
    int64_t timeout; /* connect_timeout in nanoseconds, for each host; 0: they
                      * share the time until the deadline */
    char *memory;    /* owns the strings of `at` */
};

/* Why no host could be reached. */
struct hosts_failure {
    int status;
    const char *advice;
    char state[6]; /* a SQLSTATE, "57P03" if a server is starting, or "" */
    bool final;    /* trying the other hosts is of no use */
    bool again;    /* a server may be starting: trying later may be of use */
    char message[600];
};

/* Lists the hosts that the conninfo, the environment and a service file name.
 * Does not connect.  INVALID: connect_timeout is not a number; NO_MEMORY. */
int quipu_postgres_hosts_find(const quipu_host *host,
                              const struct conninfo *conninfo,
                              struct hosts *hosts, quipu_error *error);
void quipu_postgres_hosts_finish(struct hosts *hosts, const quipu_host *host);

/* When to give up the first of `left` hosts, given the time that is left. */
int64_t quipu_postgres_hosts_until(const struct hosts *hosts, size_t left,
                                   int64_t deadline);

/* Connects to the first suitable host.  Sets connection->pg, which the caller
 * finishes in any case; false: *failure says why. */
bool quipu_postgres_hosts_connect(const struct hosts *hosts,
                                  const struct conninfo *conninfo,
                                  int64_t deadline,
                                  struct connection *connection,
                                  struct hosts_failure *failure);

#endif
