/* SPDX-License-Identifier: Apache-2.0 */
/* A proxy before the server of PGHOST.  It forwards the bytes of clients and
 * server, and cuts a connection at a chosen point. */
#ifndef POSTGRES_FAULT_PROXY_H
#define POSTGRES_FAULT_PROXY_H

#include <stddef.h>

enum cut {
    CUT_NOTHING,
    CUT_REQUEST,   /* before the next bytes of a client, once */
    CUT_FATAL,     /* the same, with an error of severity FATAL; the end of the
                  * connection does not arrive */
    CUT_ANSWER,    /* before the answer to the next COMMIT that succeeds, or to
                  * an INSERT of one row that is committed by itself, once */
    CUT_BY_POOLER, /* the same, with the error of a pooler instead */
    CUT_LONG, /* any connection on which a client has sent more than a MiB */
    CUT_LONG_ONCE /* the first such connection */
};

/* Starts the proxy; returns the folder of its socket, for the option host. */
const char *fault_proxy_start(void);
void fault_proxy_stop(void);

void fault_proxy_set(enum cut what);
/* The cut that is still to be made. */
enum cut fault_proxy_get(void);

#endif
