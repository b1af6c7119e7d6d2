/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The quipu command: shows, verifies, moves and measures event stores.  It
 * needs no event types, since the schemas come from the catalogue of the store.
 */
#include "args.h"
#include "interrupt.h"
#include "keys.h"
#include "output/moment.h"
#include "output/output.h"
#include "output/pager.h"
#include "output/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print_help(FILE *file)
{
    fputs(
        "usage: quipu COMMAND [OPTION]... [ARGUMENT]...\n\n"
        "Shows, verifies, moves and measures event stores, which are named by "
        "their\nconnection URI.\n\n"
        "Commands:\n",
        file);
    for (size_t i = 0; commands[i]; i++) {
        char left[40];

        snprintf(left, sizeof(left), "%s %s", commands[i]->name,
                 commands[i]->arguments);
        fprintf(file, "  %-24s %s\n", left, commands[i]->summary);
    }
    fputs("\n'quipu COMMAND --help' lists the options of a command.\n"
          "'quipu --version' prints the version.\n",
          file);
}

static enum outcome refuse(const char *name)
{
    const char *near = command_suggest(name);

    fprintf(stderr, "quipu: there is no command '%s'", name);
    if (near) {
        fprintf(stderr, "; did you mean '%s'?", near);
    }
    fputs("\n'quipu help' lists the commands.\n", stderr);
    return USAGE;
}

/* A pager is for lists that end, and of commands that ask nothing. */
static bool wants_pager(const struct args *args, const struct command *command)
{
    const uint64_t never = OPTION_FOLLOW | OPTION_WATCH | OPTION_RESET |
                           OPTION_REMOVE | OPTION_DROP | OPTION_NO_PAGER;

    return (command->options & OPTION_NO_PAGER) != 0 &&
           (args->given & never) == 0 && terminal_is_output();
}

static enum outcome run(int argc, char **argv)
{
    static char help[] = "--help";
    const struct command *command = NULL;
    struct args args;
    enum outcome outcome = DONE;

    if (argc < 2) {
        print_help(stderr);
        return USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        if (argc < 3) {
            print_help(stdout);
            return DONE;
        }
        command = command_find(argv[2]);
        if (!command) {
            return refuse(argv[2]);
        }
        argv[2] = help; /* `quipu help log` is `quipu log --help` */
        argc = 3;
    } else if (strcmp(argv[1], "complete") == 0) { /* shells call it */
        complete_words(argc - 2, argv + 2);
        return DONE;
    } else if (strcmp(argv[1], "--version") == 0) {
        puts("quipu " QUIPU_VERSION);
        return DONE;
    } else {
        command = command_find(argv[1]);
    }
    if (!command) {
        return refuse(argv[1]);
    }
    if (!args_parse(command, argc - 1, argv + 1, &args, &outcome)) {
        return outcome;
    }
    if (!terminal_init(args.color)) {
        fprintf(stderr,
                "quipu: --color takes always, never or auto, not '%s'\n",
                args.color);
        return USAGE;
    }
    moment_use_local(args.local);
    if (wants_pager(&args, command)) {
        pager_start();
    }
    if (command->interrupted) {
        interrupt_advise(command->interrupted);
    }
    if ((command->options & OPTION_KEYS) != 0 && !keys_load(&args)) {
        return FINDING;
    }
    return command->run(&args);
}

/*
 * Opens /dev/null for each standard stream that is closed.  Otherwise the next
 * file that is opened would get its descriptor, and messages or results would
 * be written into the store.  The access mode is the opposite of the stream's,
 * so that using the stream still fails.
 */
static void open_closed_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        const int flags = stream == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        const bool closed = fcntl(stream, F_GETFD) == -1 && errno == EBADF;
        const int opened = closed ? open("/dev/null", flags) : stream;

        if (opened != stream) {
            exit(FINDING);
        }
    }
}

int main(int argc, char **argv)
{
    open_closed_streams();
    /* The parent process may ignore SIGPIPE, and children inherit that.  Exit
     * without a message when the reader of a pipe exits. */
    signal(SIGPIPE, SIG_DFL);
    /* Used for the width of characters only; output is always UTF-8. */
    setlocale(LC_CTYPE, "C.UTF-8");
    return (int)output_finish(run(argc, argv));
}
