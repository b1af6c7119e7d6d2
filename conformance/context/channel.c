/* SPDX-License-Identifier: Apache-2.0 */
/* What joins a case, in its process, to the runner. */
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

/* ------------------------------------------------------- begin and finish */

static void close_all(struct quipu_channel *link)
{
    int *all[] = { &link->timeline, &link->server[0], &link->server[1] };

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        if (*all[i] >= 0) {
            close(*all[i]);
        }
        *all[i] = -1;
    }
}

struct quipu_channel *quipu_channel_create(void)
{
    struct quipu_channel *link =
        mmap(NULL, sizeof(*link), PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (link == MAP_FAILED) {
        return NULL;
    }
    link->server[0] = link->server[1] = -1;
    link->timeline = memfd_create("timeline", MFD_CLOEXEC);
    if (link->timeline < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link->server) != 0) {
        quipu_channel_destroy(link);
        return NULL;
    }
    return link;
}

void quipu_channel_destroy(struct quipu_channel *link)
{
    if (link) {
        close_all(link);
        munmap(link, sizeof(*link));
    }
}

char *quipu_channel_timeline(const struct quipu_channel *link)
{
    struct stat status;
    char *text = NULL;
    size_t size;

    if (fstat(link->timeline, &status) != 0 || status.st_size == 0) {
        return NULL;
    }
    size = (size_t)status.st_size;
    text = malloc(size + 1);
    if (text && pread(link->timeline, text, size, 0) != (ssize_t)size) {
        free(text);
        text = NULL;
    }
    if (text) {
        text[size] = '\0';
    }
    return text;
}

/* ------------------------------------------------------------- the server */

static bool switch_server(struct quipu_channel *link,
                          const struct quipu_server_hooks *hooks, bool start)
{
    int (*hook)(void *) = start ? hooks->start : hooks->stop;
    bool done;

    if (!start) {
        atomic_store(&link->down, true); /* also if that fails half-way */
    }
    done = hook && hook(hooks->context) == 0;
    if (start && done) {
        atomic_store(&link->down, false);
    }
    return done;
}

void quipu_channel_serve(struct quipu_channel *link,
                         const struct quipu_server_hooks *hooks)
{
    char wish, answer;

    if (read(link->server[0], &wish, 1) == 1) {
        answer = switch_server(link, hooks, wish == '+') ? 'y' : 'n';
        (void)!write(link->server[0], &answer, 1);
    }
}

void quipu_channel_restore_server(struct quipu_channel *link,
                                  const struct quipu_server_hooks *hooks)
{
    if (atomic_load(&link->down)) {
        switch_server(link, hooks, true);
    }
}

bool quipu_channel_request_server(struct quipu_channel *link, bool start)
{
    char wish = start ? '+' : '-', answer = 'n';

    return write(link->server[1], &wish, 1) == 1 &&
           read(link->server[1], &answer, 1) == 1 && answer == 'y';
}
