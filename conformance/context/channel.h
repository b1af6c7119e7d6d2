/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What joins a case, in its process, to the runner: counters, the file of the
 * failing history, and a line on which the runner is asked to stop or start the
 * store's server.
 */
#ifndef QUIPU_CHANNEL_H
#define QUIPU_CHANNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is counted: quipu_channel_count_names names each. */
#define QUIPU_COUNTS 10
extern const char *const quipu_channel_count_names[QUIPU_COUNTS];

/* Of this size in memory that all processes of a case share. */
struct quipu_channel {
    int timeline;     /* a file without a name */
    int server[2];    /* a pair of sockets: the runner's end, the case's */
    atomic_bool down; /* the server was stopped, and not started again */
    _Atomic uint64_t counts[QUIPU_COUNTS];
};

/* NULL: the system gives no memory or no descriptors. */
struct quipu_channel *quipu_channel_create(void);
void quipu_channel_destroy(struct quipu_channel *link);

/* What was written to the timeline, NUL-terminated, to be freed; NULL if that
 * is nothing. */
char *quipu_channel_timeline(const struct quipu_channel *link);

/* ------------------------------------------------------ stopping the server */

/* What the runner calls, in its own process; 0 is success. */
struct quipu_server_hooks {
    int (*stop)(void *context);
    int (*start)(void *context);
    void *context;
};

/* Answers one request that waits at the runner's end. */
void quipu_channel_serve(struct quipu_channel *link,
                         const struct quipu_server_hooks *hooks);
/* Starts the server if the case left it stopped. */
void quipu_channel_restore_server(struct quipu_channel *link,
                                  const struct quipu_server_hooks *hooks);

/* In the case: has the runner stop, or start, the server; false: its hook
 * failed, or there is none. */
bool quipu_channel_request_server(struct quipu_channel *link, bool start);

#endif
