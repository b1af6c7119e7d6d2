/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiver: reads a stream from its beginning to its end.
 *
 * Only the batch under way comes again when a sender was killed, so that it is
 * enough to know the event ids of the last messages that were no repetitions.
 */
#include "feed.h"

#include <stdio.h>
#include <string.h>

#define RECENT FEED_BATCH

struct receiver {
    char ids[RECENT][QUIPU_UUID_TEXT_SIZE]; /* event ids, in a ring */
    long printed;
    long messages;
    char last[64]; /* the stream's id of the last message */
};

static int refuse(const redisContext *redis, const redisReply *reply,
                  quipu_error *error)
{
    return quipu_error_set(
        error, QUIPU_IO, "redis: %s",
        reply && reply->type == REDIS_REPLY_ERROR ? reply->str : redis->errstr);
}

static bool is_known(const struct receiver *receiver, const char *event_id)
{
    bool known = false;

    for (int i = 0; i < RECENT && !known; i++) {
        known = strcmp(receiver->ids[i], event_id) == 0;
    }
    return known;
}

/* Returns the value of a field; fields and values alternate. */
static const char *find(const redisReply *fields, const char *name)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        if (strcmp(fields->element[i]->str, name) == 0) {
            return fields->element[i + 1]->str;
        }
    }
    return "";
}

/* A message is the pair of its id and its fields. */
static void receive(struct receiver *receiver, const redisReply *message)
{
    const redisReply *fields = message->element[1];
    const char *event_id = find(fields, "event_id");

    receiver->messages++;
    (void)snprintf(receiver->last, sizeof(receiver->last), "%s",
                   message->element[0]->str);
    if (is_known(receiver, event_id)) {
        return;
    }
    (void)snprintf(receiver->ids[receiver->printed % RECENT],
                   QUIPU_UUID_TEXT_SIZE, "%s", event_id);
    receiver->printed++;
    printf("%s %s %s %s\n", find(fields, "id"), event_id,
           find(fields, "sequence"), find(fields, "topic"));
}

/* Reads the next messages.  *done: there are none. */
static int read_some(struct receiver *receiver, redisContext *redis,
                     const char *stream, bool *done, quipu_error *error)
{
    redisReply *reply = redisCommand(redis, "XRANGE %s (%s + COUNT 500", stream,
                                     receiver->last);

    if (!reply || reply->type != REDIS_REPLY_ARRAY) {
        int status = refuse(redis, reply, error);

        freeReplyObject(reply);
        return status;
    }
    for (size_t i = 0; i < reply->elements; i++) {
        receive(receiver, reply->element[i]);
    }
    *done = reply->elements == 0;
    freeReplyObject(reply);
    return QUIPU_OK;
}

int receiver_run(const struct feed *feed, long *messages, long *repeated,
                 quipu_error *error)
{
    struct receiver receiver = { .last = "0" };
    redisContext *redis = feed_connect(feed, error);
    int status = redis ? QUIPU_OK : error->code;
    bool done = false;

    while (status == QUIPU_OK && !done) {
        status = read_some(&receiver, redis, feed->stream, &done, error);
    }
    redisFree(redis);
    *messages = receiver.messages;
    *repeated = receiver.messages - receiver.printed;
    return status;
}
