/* SPDX-License-Identifier: Apache-2.0 */
/* quipu serve: hands the sections of a log out over HTTP. */
#include "args.h"
#include "output/output.h"
#include "store.h"

#if QUIPU_HAS_MICROHTTPD

#include "serve/listener.h"
#include "serve/server.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PORT 8484
#define PORT_MAX 65535
#define SECTION_SIZE 20
#define IDLE_SECONDS 30
#define IDLE_SECONDS_MAX 3600
#define CACHE_SECONDS 3600

static int64_t number_of(const struct args *args, uint64_t option,
                         int64_t given, int64_t otherwise)
{
    return (args->given & option) != 0 ? given : otherwise;
}

static enum outcome refuse_number(const char *option, int64_t least,
                                  int64_t most)
{
    fprintf(stderr,
            "quipu: --%s takes a number from %" PRId64 " to %" PRId64
            "\nTry 'quipu serve --help'.\n",
            option, least, most);
    return USAGE;
}

static enum outcome check_numbers(const struct args *args)
{
    if (args->port > PORT_MAX) {
        return refuse_number("port", 0, PORT_MAX);
    }
    if ((args->given & OPTION_IDLE) != 0 &&
        (args->idle < 1 || args->idle > IDLE_SECONDS_MAX)) {
        return refuse_number("idle", 1, IDLE_SECONDS_MAX);
    }
    if ((args->given & OPTION_SIZE) != 0 &&
        (args->size < 1 || args->size > QUIPU_SECTION_SIZE_MAX)) {
        return refuse_number("size", 1, QUIPU_SECTION_SIZE_MAX);
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
                 struct listener *listener, quipu_error *error)
{
    struct server *server = NULL;
    sigset_t signals;

    block_signals(&signals);
    int status = server_start(settings, listener, &server, error);

    if (status == QUIPU_OK) {
        printf("%s\n", listener->url);
        if (fflush(stdout) == 0) { /* otherwise the command fails at its end */
            wait_for_end(server, &signals, settings->idle);
        }
        server_stop(server);
    }
    return status;
}

/* Reads a section, so that a store without a log is refused now. */
static int check_log(const struct answer_source *source, quipu_error *error)
{
    quipu_section *section = NULL;
    int status = quipu_section_open(source->records, "current", source->size,
                                    &section, error);

    quipu_section_close(section);
    return status;
}

static enum outcome serve_store(const struct args *args,
                                const struct store *store)
{
    struct listener listener;
    quipu_error error;
    char mark[32] = "";
    const bool opened = (args->given & (OPTION_KEYS | OPTION_DICTIONARY)) != 0;

    if (store->count != 1) {
        fprintf(stderr,
                "quipu: serve hands out one log, but the store has %zu; name "
                "one with --schema\n",
                store->count);
        return USAGE;
    }
    if (opened) {
        /* Other keys may be given next time, and open other states. */
        (void)snprintf(mark, sizeof(mark), "-%llx%x",
                       (unsigned long long)time(NULL), (unsigned)getpid());
    }
    const struct server_settings settings = {
        .source = { .records = store->schemas[0].records,
                    .size = (uint32_t)number_of(args, OPTION_SIZE, args->size,
                                                SECTION_SIZE),
                    .opened = opened,
                    .mark = mark },
        .idle =
            (unsigned)number_of(args, OPTION_IDLE, args->idle, IDLE_SECONDS),
        .max_age = number_of(args, OPTION_KEEP, args->max_age, CACHE_SECONDS),
    };
    int status = check_log(&settings.source, &error);

    if (status == QUIPU_OK) {
        status =
            listener_open(args->listen ? args->listen : "127.0.0.1",
                          (int)number_of(args, OPTION_PORT, args->port, PORT),
                          &listener, &error);
    }
    if (status == QUIPU_OK) {
        status = serve(&settings, &listener, &error);
    }
    return status == QUIPU_OK ? DONE : output_error(&error);
}

static enum outcome run(const struct args *args)
{
    enum outcome outcome = check_numbers(args);

    return outcome == DONE ? store_run(args, serve_store) : outcome;
}

#else

static enum outcome run(const struct args *args)
{
    quipu_error error;

    (void)args;
    quipu_error_set(&error, QUIPU_UNSUPPORTED,
                    "this quipu was built without libmicrohttpd, which serve "
                    "needs; install libmicrohttpd-dev and build quipu again");
    return output_error(&error);
}

#endif

const struct command serve_command = {
    .name = "serve",
    .arguments = "URI",
    .summary = "hand out the log over HTTP",
    .help =
        "Hands the sections of one log out over HTTP, as JSON, to consumers\n"
        "on other machines: /sections/1,20, /sections/21,40 and so on, and\n"
        "/sections/current. Prints its URL, and ends with SIGINT or SIGTERM.\n"
        "Without --listen only programs on this machine can connect. There\n"
        "is neither authentication nor encryption. With --keys encrypted\n"
        "states are handed out opened.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_LISTEN | OPTION_PORT | OPTION_SIZE |
               OPTION_KEEP | OPTION_IDLE | OPTION_KEYS | OPTION_DICTIONARY |
               OPTION_HELP,
    .run = run,
};
