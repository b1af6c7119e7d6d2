/* SPDX-License-Identifier: Apache-2.0 */
/* The quipu command: whatever can be done with a store without its events. */
#include "args.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {
    &quipu_tool_drivers, &quipu_tool_info,   &quipu_tool_sequences,
    &quipu_tool_read,    &quipu_tool_log,    &quipu_tool_verify,
    &quipu_tool_export,  &quipu_tool_import, &quipu_tool_copy,
    &quipu_tool_bench,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(*commands))

static void print_help(FILE *file)
{
    fputs("usage: quipu COMMAND [OPTION]... [ARGUMENT]...\n\n"
          "Looks into event stores, named by their connection URI, moves and "
          "measures\nthem.\n\n"
          "Commands:\n",
          file);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        char left[40];

        snprintf(left, sizeof(left), "%s %s", commands[i]->name,
                 commands[i]->arguments);
        fprintf(file, "  %-22s %s\n", left, commands[i]->summary);
    }
    fputs("\n'quipu COMMAND --help' tells the options of a command.\n"
          "'quipu --version' tells the version.\n",
          file);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static enum outcome refuse(const char *name)
{
    fprintf(stderr, "quipu: there is no command '%s'\n", name);
    print_help(stderr);
    return USAGE;
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
        command = find(argv[2]);
        if (!command) {
            return refuse(argv[2]);
        }
        argv[2] = help; /* `quipu help log` is `quipu log --help` */
        argc = 3;
    } else if (strcmp(argv[1], "--version") == 0) {
        puts("quipu " QUIPU_VERSION);
        return DONE;
    } else {
        command = find(argv[1]);
    }
    if (!command) {
        return refuse(argv[1]);
    }
    if (!quipu_tool_args_parse(command, argc - 1, argv + 1, &args, &outcome)) {
        return outcome;
    }
    return command->run(&args);
}

/* Where a standard stream is closed, the next file that is opened would take
 * its place, and a message or a result would be written into the store. */
static void fill_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
        const int wrong_way = stream == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        const bool closed = fcntl(stream, F_GETFD) == -1 && errno == EBADF;
        const int opened = closed ? open("/dev/null", wrong_way) : stream;

        if (opened != stream) {
            exit(FINDING);
        }
    }
}

int main(int argc, char **argv)
{
    fill_streams();
    /* Whoever started this may ignore it: end quietly all the same when the
     * reader of a pipe goes away. */
    signal(SIGPIPE, SIG_DFL);
    /* For the width of characters only; what is written is always UTF-8. */
    setlocale(LC_CTYPE, "C.UTF-8");
    return (int)quipu_tool_finish(run(argc, argv));
}
