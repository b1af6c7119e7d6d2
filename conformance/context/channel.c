/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel between a case and the runner.
 *
 * A request to stop the server is the byte '-', one to start it '+'; the answer
 * is 'y' or 'n'.  The case blocks until the answer arrives; the runner reads
 * requests when poll reports its end of the socket pair as readable (child.c).
 */
#include "channel.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const quipu_channel_count_names[QUIPU_COUNTS] = {
    "collisions", "histories",       "kills",        "power cuts",
    "faults",     "stops",           "acknowledged", "left in doubt",
    "resolved",   "unknown outcomes"
};

/* ----------------------------------------------------- create and destroy */

static void close_all(struct quipu_channel *channel)
{
    int *all[] = { &channel->timeline, &channel->server[0],
                   &channel->server[1] };

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        if (*all[i] >= 0) {
            close(*all[i]);
        }
        *all[i] = -1;
    }
}

struct quipu_channel *quipu_channel_create(void)
{
    struct quipu_channel *channel =
        mmap(NULL, sizeof(*channel), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (channel == MAP_FAILED) {
        return NULL;
    }
    channel->server[0] = channel->server[1] = -1;
    channel->timeline = memfd_create("timeline", MFD_CLOEXEC);
    if (channel->timeline < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
                                            0, channel->server) != 0) {
        quipu_channel_destroy(channel);
        return NULL;
    }
    return channel;
}

void quipu_channel_destroy(struct quipu_channel *channel)
{
    if (channel) {
        close_all(channel);
        munmap(channel, sizeof(*channel));
    }
}

char *quipu_channel_timeline(const struct quipu_channel *channel)
{
    struct stat status;
    char *text = NULL;
    size_t size;

    if (fstat(channel->timeline, &status) != 0 || status.st_size == 0) {
        return NULL;
    }
    size = (size_t)status.st_size;
    text = malloc(size + 1);
    if (text && pread(channel->timeline, text, size, 0) != (ssize_t)size) {
        free(text);
        text = NULL;
    }
    if (text) {
        text[size] = '\0';
    }
    return text;
}

/* ------------------------------------------------------------- the server */

static bool switch_server(struct quipu_channel *channel,
                          const struct quipu_server_hooks *hooks, bool start)
{
    int (*hook)(void *) = start ? hooks->start : hooks->stop;
    bool done;

    if (!start) {
        atomic_store(&channel->down, true); /* even if the hook fails */
    }
    done = hook && hook(hooks->context) == 0;
    if (start && done) {
        atomic_store(&channel->down, false);
    }
    return done;
}

void quipu_channel_serve(struct quipu_channel *channel,
                         const struct quipu_server_hooks *hooks)
{
    char request, answer;

    if (read(channel->server[0], &request, 1) == 1) {
        answer = switch_server(channel, hooks, request == '+') ? 'y' : 'n';
        (void)!write(channel->server[0], &answer, 1);
    }
}

void quipu_channel_restore_server(struct quipu_channel *channel,
                                  const struct quipu_server_hooks *hooks)
{
    if (atomic_load(&channel->down)) {
        switch_server(channel, hooks, true);
    }
}

bool quipu_channel_request_server(struct quipu_channel *channel, bool start)
{
    char request = start ? '+' : '-', answer = 'n';

    return write(channel->server[1], &request, 1) == 1 &&
           read(channel->server[1], &answer, 1) == 1 && answer == 'y';
}
