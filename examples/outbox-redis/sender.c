/* SPDX-License-Identifier: Apache-2.0 */
/* The sender: an outbox whose items become messages of a stream. */
#include "feed.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <quipu/id.h>

/* The context of `send`. */
struct sender {
    const struct feed *feed;
    redisContext *redis; /* NULL: not connected */
};

static void disconnect(struct sender *sender)
{
    redisFree(sender->redis);
    sender->redis = NULL;
}

/* Writes the command for an item into the buffer of the connection. */
static int append_command(struct sender *sender, const quipu_item *item)
{
    char event_id[QUIPU_UUID_TEXT_SIZE];
    char id[24];
    quipu_uuid uuid;

    memcpy(uuid.bytes, item->event_id.data, sizeof(uuid.bytes));
    quipu_uuid_format(&uuid, event_id);
    int id_size =
        snprintf(id, sizeof(id), "%lld", (long long)item->notification_id);
    const struct {
        const void *data;
        size_t size;
    } words[] = {
        { "XADD", 4 },
        { sender->feed->stream, strlen(sender->feed->stream) },
        { "*", 1 },
        { "event_id", 8 },
        { event_id, strlen(event_id) },
        { "id", 2 },
        { id, (size_t)id_size },
        { "topic", 5 },
        { item->topic.data, item->topic.size },
        { "sequence", 8 },
        { item->sequence_id.data, item->sequence_id.size },
        { "state", 5 },
        { item->state.data, item->state.size },
    };
    enum { WORDS = sizeof(words) / sizeof(words[0]) };
    const char *arguments[WORDS];
    size_t sizes[WORDS];

    for (int i = 0; i < WORDS; i++) {
        arguments[i] = words[i].data;
        sizes[i] = words[i].size;
    }
    return redisAppendCommandArgv(sender->redis, WORDS, arguments, sizes);
}

/* Waits for the answer to a command. */
static int read_answer(struct sender *sender, quipu_error *error)
{
    redisReply *reply = NULL;

    if (redisGetReply(sender->redis, (void **)&reply) != REDIS_OK) {
        return quipu_error_set(error, QUIPU_IO, "redis: %s",
                               sender->redis->errstr);
    }
    int status = QUIPU_OK;

    if (reply->type == REDIS_REPLY_ERROR) {
        /* "LOADING" while it starts, "OOM", "READONLY": they may pass. */
        status = quipu_error_set(error, QUIPU_IO, "redis: %s", reply->str);
    }
    freeReplyObject(reply);
    return status;
}

/* A quipu_send: the commands of all items go to the server together.  After a
 * failure the connection is given up, so that no answer is left in it. */
static int send_items(void *context, const quipu_item *items, size_t count,
                      quipu_error *error)
{
    struct sender *sender = context;
    int status = QUIPU_OK;

    if (!sender->redis) {
        sender->redis = feed_connect(sender->feed, error);
    }
    if (!sender->redis) {
        return error->code;
    }
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        if (append_command(sender, &items[i]) != REDIS_OK) {
            status = quipu_error_set(error, QUIPU_IO, "redis: %s",
                                     sender->redis->errstr);
        }
    }
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        status = read_answer(sender, error);
    }
    if (status != QUIPU_OK) {
        disconnect(sender);
    }
    return status;
}

static quipu_outbox *running;

static void stop(int signal_number)
{
    (void)signal_number;
    quipu_outbox_request_stop(running);
}

int sender_run(struct feed *feed, quipu_error *error)
{
    const struct sigaction action = { .sa_handler = stop };
    struct sender sender = { .feed = feed };
    const quipu_outbox_options options = { .struct_size = sizeof(options),
                                           .batch_items = FEED_BATCH,
                                           .context = &sender };
    int status =
        quipu_outbox_open(quipu_store_records(feed->store), feed->stream,
                          send_items, &options, &running, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    status = quipu_outbox_run(running, error);
    (void)signal(SIGTERM, SIG_DFL); /* it would use what is closed */
    (void)signal(SIGINT, SIG_DFL);
    (void)quipu_outbox_close(running, NULL);
    disconnect(&sender);
    return status;
}
