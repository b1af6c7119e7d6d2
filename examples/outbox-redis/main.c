/* SPDX-License-Identifier: Apache-2.0 */
/* quipu-outbox-redis: the commands. */
#include "feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- commands */

static int receive(const struct feed *feed, quipu_error *error)
{
    long messages = 0;
    long repeated = 0;
    int status = receiver_run(feed, &messages, &repeated, error);

    fprintf(stderr, "%ld messages, %ld of them repeated\n", messages, repeated);
    return status;
}

static int run(struct feed *feed, int argc, char **argv, quipu_error *error)
{
    const char *command = argv[2];

    if (strcmp(command, "fill") == 0) {
        return feed_fill(feed, strtol(argv[3], NULL, 10), error);
    }
    feed->socket = argv[3];
    feed->stream = argc > 4 ? argv[4] : "feed";
    return strcmp(command, "send") == 0 ? sender_run(feed, error)
                                        : receive(feed, error);
}

int main(int argc, char **argv)
{
    struct feed feed = { .datastore = NULL };
    quipu_error error;

    if (argc < 4) {
        puts("usage: quipu-outbox-redis URI fill COUNT\n"
             "       quipu-outbox-redis URI send|receive SOCKET [STREAM]\n\n"
             "  fill     append COUNT events to a new store\n"
             "  send     send the events to a stream of the Redis server at "
             "SOCKET\n"
             "  receive  print each event of the stream once");
        return argc > 1 ? 2 : 0;
    }
    int status = feed_open(&feed, argv[1], &error);

    if (status == QUIPU_OK) {
        status = run(&feed, argc, argv, &error);
    }
    feed_close(&feed);
    if (status != QUIPU_OK) {
        fprintf(stderr, "quipu-outbox-redis: %s\n", error.message);
    }
    return status == QUIPU_OK ? 0 : 1;
}
