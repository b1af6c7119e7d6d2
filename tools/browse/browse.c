/* SPDX-License-Identifier: Apache-2.0 */
/* quipu browse: a page on which a store is looked at in a web browser. */
#include "args.h"
#include "output/output.h"
#include "store.h"

#if QUIPU_HAS_MICROHTTPD

#include "browse/browser.h"
#include "browse/page.h"
#include "http/service.h"

#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PORT 8485

/* Starts xdg-open, which opens the URL in the user's browser.  Its messages go
 * to standard error. */
static void open_url(const char *url)
{
    char program[] = "xdg-open";
    char argument[80];
    char *arguments[] = { program, argument, NULL };
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t child;

    (void)snprintf(argument, sizeof(argument), "%s", url);
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int reason = posix_spawnp(&child, program, &actions, &attributes, arguments,
                              environ);

    if (reason != 0) {
        fprintf(stderr, "quipu: cannot start xdg-open: %s; open %s yourself\n",
                strerror(reason), url);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
}

static enum outcome run(const struct args *args)
{
    struct browser browser = {
        .has_keys = (args->given & (OPTION_KEYS | OPTION_DICTIONARY)) != 0
    };
    const struct server_settings settings = { .answer = browser_answer,
                                              .context = &browser,
                                              .hurry = browser_hurry,
                                              .headers = page_headers };
    struct store store;
    quipu_error error;
    enum outcome outcome = service_check("browse", args);

    if (outcome == DONE) {
        outcome = store_open(args, &store);
    }
    if (outcome != DONE) {
        return outcome;
    }
    browser.store = &store;
    if (service_run(args, "127.0.0.1", PORT, &settings,
                    (args->given & OPTION_OPEN) != 0 ? open_url : NULL,
                    &error) != QUIPU_OK) {
        outcome = output_error(&error);
    }
    store_close(&store);
    return outcome;
}

#else

static enum outcome run(const struct args *args)
{
    quipu_error error;

    (void)args;
    quipu_error_set(&error, QUIPU_UNSUPPORTED,
                    "this quipu was built without libmicrohttpd, which browse "
                    "needs; install libmicrohttpd-dev and build quipu again");
    return output_error(&error);
}

#endif

const struct command browse_command = {
    .name = "browse",
    .arguments = "URI",
    .summary = "look at the store in a web browser",
    .help =
        "Serves a page on which the store can be looked at: the log, also\n"
        "live, sequences, events with their states, differences between\n"
        "events, and consumers. Prints its URL, and ends with SIGINT or\n"
        "SIGTERM. It only reads the store. Only programs on this machine can\n"
        "connect, but those of any user. The port is 8485 unless --port\n"
        "names another. With --keys encrypted states are shown opened.",
    .argument_count = 1,
    .options = OPTION_SCHEMA | OPTION_PORT | OPTION_IDLE | OPTION_KEYS |
               OPTION_DICTIONARY | OPTION_OPEN | OPTION_HELP,
    .run = run,
};
