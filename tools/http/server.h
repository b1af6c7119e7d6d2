/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server of `quipu serve` and `quipu browse`, by libmicrohttpd: a
 * thread for each connection, and the limits that keep clients from occupying
 * all of them.
 */
#ifndef QUIPU_TOOLS_SERVER_H
#define QUIPU_TOOLS_SERVER_H

#include "answer.h"
#include "listener.h"
#include "request.h"

#define SERVER_CONNECTIONS_MAX 64

struct server;

struct server_header {
    const char *name;
    const char *value;
};

struct server_settings {
    /* Makes the answer, which the server frees.  Called in any thread, by
     * several at once. */
    void (*answer)(void *context, const struct request *request,
                   struct answer *answer);
    void *context; /* of `answer` */
    /* Called when the server begins to end: answers that wait for something
     * are to be made now.  NULL: none does. */
    void (*hurry)(void *context);
    /* Headers of all answers, ended by one without a name; NULL: none. */
    const struct server_header *headers;
    /* Seconds in which a client has to send the head of a request, from the
     * connection, or the end of the answer before, on; seconds for which an
     * answer may be stuck. */
    unsigned idle;
};

/*
 * Starts to answer requests on the socket of the listener, which is then the
 * server's also if starting fails.  All is borrowed until server_stop.  The
 * threads inherit the signal mask of the caller.  IO: the system starts no
 * thread.
 */
int server_start(const struct server_settings *settings,
                 const struct listener *listener, struct server **server,
                 quipu_error *error);

/* Ends connections whose client is too slow.  To be called every second. */
void server_sweep(struct server *server);

/* Accepts no connection any more, and closes each one after the answer that is
 * under way.  Calls `hurry`. */
void server_quiesce(struct server *server);

/* Returns true while an answer is under way. */
bool server_is_busy(struct server *server);

/* Ends all connections and threads, and frees the server. */
void server_stop(struct server *server);

#endif
