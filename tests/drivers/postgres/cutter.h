/* SPDX-License-Identifier: Apache-2.0 */
/* A go-between that passes on what clients and the server of PGHOST say to each
 * other, and cuts a connection where it is told. */
#ifndef POSTGRES_CUTTER_H
#define POSTGRES_CUTTER_H

#include <stddef.h>

enum cut {
    CUT_NOTHING,
    CUT_REQUEST, /* the next bytes of a client, once */
    CUT_ANSWER,  /* the answer to the next COMMIT that succeeds, once */
    CUT_LONG,    /* connections on which a client says more than a MiB */
    CUT_LONG_ONCE
};

/* Starts it; the folder of its socket, to be given as host=. */
const char *cutter_start(void);
void cutter_stop(void);

void cutter_set(enum cut what);
/* What is still to be cut. */
enum cut cutter_get(void);

#endif
