/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connects the processes of a case with the runner: shared counters, the file
 * of a failure's history, and a socket pair by which the case has the runner
 * stop or start the store's server.
 */
#ifndef QUIPU_CHANNEL_H
#define QUIPU_CHANNEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Number of counters, and their names: see quipu_context_count. */
#define QUIPU_COUNTS 10
extern const char *const quipu_channel_count_names[QUIPU_COUNTS];

/* Size of a list of guarantees: "L2 V1". */
#define QUIPU_BROKEN_SIZE 64

/* Lies in memory that all processes of a case share. */
struct quipu_channel {
    int timeline;     /* descriptor of an unlinked file */
    int server[2];    /* sockets: [0] is the runner's end, [1] the case's */
    atomic_bool down; /* the server was stopped and not started again */
    char broken[QUIPU_BROKEN_SIZE]; /* see quipu_context_blame */
    _Atomic uint64_t counts[QUIPU_COUNTS];
};

/* Creates a channel; returns NULL if memory or descriptors are exhausted. */
struct quipu_channel *quipu_channel_create(void);
void quipu_channel_destroy(struct quipu_channel *channel);

/* Returns what was written to the timeline, NUL-terminated and to be freed, or
 * NULL if nothing was. */
char *quipu_channel_timeline(const struct quipu_channel *channel);

/* ------------------------------------------------------ stopping the server */

/* Functions that stop and start the server, called in the runner's process;
 * they return 0 on success.  NULL: there are none. */
struct quipu_server_hooks {
    int (*stop)(void *context);
    int (*start)(void *context);
    void *context;
};

/* Runner: answers one request that can be read from its socket. */
void quipu_channel_serve(struct quipu_channel *channel,
                         const struct quipu_server_hooks *hooks);
/* Runner: starts the server if the case has left it stopped. */
void quipu_channel_restore_server(struct quipu_channel *channel,
                                  const struct quipu_server_hooks *hooks);

/* Case: has the runner start or stop the server, and waits until that is done.
 * Returns false if the hook failed or does not exist. */
bool quipu_channel_request_server(struct quipu_channel *channel, bool start);

#endif
