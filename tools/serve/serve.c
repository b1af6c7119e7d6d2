/* SPDX-License-Identifier: Apache-2.0 */
/* quipu serve: hands the sections of a log out over HTTP. */
#include "args.h"
#include "output/output.h"
#include "store.h"

#if QUIPU_HAS_MICROHTTPD

#include "http/service.h"
#include "serve/sections.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PORT 8484
#define SECTION_SIZE 20
#define CACHE_SECONDS 3600

/* Reads a section, so that a store without a log is refused now. */
static int check_log(const struct sections_source *source, quipu_error *error)
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
    struct sections_source source = {
        .records = store->schemas[0].records,
        .size = (uint32_t)service_number(args, OPTION_SIZE, args->size,
                                         SECTION_SIZE),
        .opened = opened,
        .max_age =
            service_number(args, OPTION_KEEP, args->max_age, CACHE_SECONDS),
        .mark = mark,
    };
    const struct server_settings settings = { .answer = sections_answer,
                                              .context = &source };
    int status = check_log(&source, &error);

    if (status == QUIPU_OK) {
        status = service_run(args, args->listen ? args->listen : "127.0.0.1",
                             PORT, &settings, NULL, &error);
    }
    return status == QUIPU_OK ? DONE : output_error(&error);
}

static enum outcome run(const struct args *args)
{
    enum outcome outcome = service_check("serve", args);

    if (outcome == DONE && (args->given & OPTION_SIZE) != 0 &&
        (args->size < 1 || args->size > QUIPU_SECTION_SIZE_MAX)) {
        outcome =
            service_refuse_number("serve", "size", 1, QUIPU_SECTION_SIZE_MAX);
    }
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
