/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu-outbox-redis: hands the events of a store to a Redis stream, and reads
 * them from there.
 *
 * A message of the stream has the fields "event_id", "id" (the notification
 * id), "topic", "sequence" and "state".  The sender may send messages again
 * after it was killed; the receiver sorts them out by the event id.
 */
#ifndef FEED_H
#define FEED_H

#include <hiredis/hiredis.h>

#include <quipu/quipu.h>

/* The most items that the sender sends before it records them: so many messages
 * come again at most. */
#define FEED_BATCH 100

/* A program of the example. */
struct feed {
    quipu_datastore *datastore;
    quipu_store *store;
    const char *socket; /* path of the server's Unix socket */
    const char *stream; /* its key */
};

int feed_open(struct feed *feed, const char *uri, quipu_error *error);
void feed_close(struct feed *feed);

/* Connects to the server; NULL: see *error.  IO: there is none now. */
redisContext *feed_connect(const struct feed *feed, quipu_error *error);

/* Appends events to 8 sequences in turns. */
int feed_fill(struct feed *feed, long count, quipu_error *error);

/* Sends events until SIGTERM or SIGINT. */
int sender_run(struct feed *feed, quipu_error *error);

/* Prints each message of the stream once, in its order: notification id, event
 * id, sequence, topic.  *messages: the number of all, *repeated: of those that
 * were not printed, because they came before. */
int receiver_run(const struct feed *feed, long *messages, long *repeated,
                 quipu_error *error);

#endif
