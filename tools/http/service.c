/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a command that is an HTTP server. */
#include "service.h"

#include "listener.h"

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#define PORT_MAX 65535
#define IDLE_SECONDS 30
#define IDLE_SECONDS_MAX 3600

int64_t service_number(const struct args *args, uint64_t option, int64_t given,
                       int64_t otherwise)
{
    return (args->given & option) != 0 ? given : otherwise;
}

enum outcome service_refuse_number(const char *command, const char *option,
                                   int64_t least, int64_t most)
{
    fprintf(stderr,
            "quipu: --%s takes a number from %" PRId64 " to %" PRId64
            "\nTry 'quipu %s --help'.\n",
            option, least, most, command);
    return USAGE;
}

enum outcome service_check(const char *command, const struct args *args)
{
    if (args->port > PORT_MAX) {
        return service_refuse_number(command, "port", 0, PORT_MAX);
    }
    if ((args->given & OPTION_IDLE) != 0 &&
        (args->idle < 1 || args->idle > IDLE_SECONDS_MAX)) {
        return service_refuse_number(command, "idle", 1, IDLE_SECONDS_MAX);
    }
    return DONE;
}

/* Blocks the signals that end the server, in all threads. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN); /* of clients that close their connection */
}

/* Waits for a signal.  Then answers that are under way are completed: until
 * none is left, the idle limit is over, or a second signal arrives. */
static void wait_for_end(struct server *server, const sigset_t *signals,
                         unsigned idle)
{
    const struct timespec second = { .tv_sec = 1 };
    const struct timespec slice = { .tv_nsec = 20000000 }; /* 50 a second */
    unsigned slices = idle * 50;

    while (sigtimedwait(signals, NULL, &second) == -1) {
        server_sweep(server);
    }
    server_quiesce(server);
    while (server_is_busy(server) && slices-- > 0 &&
           sigtimedwait(signals, NULL, &slice) == -1) {
    }
}

static int serve(const struct server_settings *settings,
                 const struct listener *listener,
                 void (*ready)(const char *url), quipu_error *error)
{
    struct server *server = NULL;
    sigset_t signals;

    block_signals(&signals);
    int status = server_start(settings, listener, &server, error);

    if (status == QUIPU_OK) {
        printf("%s\n", listener->url);
        if (fflush(stdout) == 0) { /* otherwise the command fails at its end */
            if (ready) {
                ready(listener->url);
            }
            wait_for_end(server, &signals, settings->idle);
        }
        server_stop(server);
    }
    return status;
}

int service_run(const struct args *args, const char *address, int port,
                const struct server_settings *settings,
                void (*ready)(const char *url), quipu_error *error)
{
    struct server_settings used = *settings;
    struct listener listener;
    int status = listener_open(
        address, (int)service_number(args, OPTION_PORT, args->port, port),
        &listener, error);

    used.idle =
        (unsigned)service_number(args, OPTION_IDLE, args->idle, IDLE_SECONDS);
    return status == QUIPU_OK ? serve(&used, &listener, ready, error) : status;
}
