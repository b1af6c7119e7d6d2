/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request of GET or HEAD to the HTTP server of a command; borrowed until its
 * answer is made.  All texts are the client's: of any length up to that of a
 * request's head, and of any bytes but NUL.
 */
#ifndef QUIPU_TOOLS_REQUEST_H
#define QUIPU_TOOLS_REQUEST_H

#include <stdbool.h>

struct MHD_Connection;

struct request {
    const char *path;  /* decoded; that of no resource if it had a NUL */
    const char *known; /* the If-None-Match header, or NULL */
    struct MHD_Connection *handle;
    int socket; /* of the connection */
};

/* Returns the value of an argument of the URL, decoded, or NULL.  One that had
 * a NUL is no UTF-8. */
const char *request_argument(const struct request *request, const char *name);

/* Returns the value of a header, or NULL. */
const char *request_header(const struct request *request, const char *name);

/* Returns true if the client has closed its connection. */
bool request_is_gone(const struct request *request);

#endif
