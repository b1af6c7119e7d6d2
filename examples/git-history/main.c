/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu-git-history: the history of a git repository as event-sourced files.
 *
 * Each file of the repository is an aggregate, and each commit triggers events
 * of the files that it changes.  The commands besides `import` answer from the
 * store alone.
 */
#include "import.h"
#include "query.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOP_MOST 100000 /* largest NUMBER of the command `top` */

static const char usage[] =
    "usage: quipu-git-history import URI REPOSITORY\n"
    "       quipu-git-history summary URI\n"
    "       quipu-git-history top URI [NUMBER]\n"
    "       quipu-git-history log URI PATH\n"
    "       quipu-git-history show URI PATH VERSION\n"
    "       quipu-git-history sizes URI [DICTIONARY]\n"
    "\n"
    "Stores the history of a git repository as events, one sequence for each\n"
    "file from its creation, through renamings, to its deletion, and answers\n"
    "queries from the store.\n"
    "\n"
    "  import   store the history; repeated, it adds the new commits. A merge\n"
    "           counts as one commit of the branch that it was merged into\n"
    "  summary  numbers of events, commits, files and lines\n"
    "  top      the files with most events, 10 unless NUMBER is given\n"
    "  log      all events of the files that were ever at PATH\n"
    "  show     the file at PATH after its event of VERSION, counted from 0\n"
    "  sizes    bytes of all states, plain and compressed; with the "
    "dictionary\n"
    "           of zstd in a file, too\n";

static bool read_number(const char *text, int64_t least, int64_t most,
                        int64_t *number)
{
    char *end = NULL;

    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *number >= least &&
           *number <= most;
}

static int import(char **arguments, int count, quipu_error *error)
{
    /* With these, git would use another repository than the one named. */
    static const char *const misleading[] = { "GIT_DIR", "GIT_WORK_TREE",
                                              "GIT_INDEX_FILE", "GIT_PREFIX",
                                              "GIT_COMMON_DIR" };

    (void)count;
    for (size_t i = 0; i < sizeof(misleading) / sizeof(*misleading); i++) {
        unsetenv(misleading[i]);
    }
    return import_repository(arguments[0], arguments[1], error);
}

static int top(char **arguments, int count, quipu_error *error)
{
    struct file_store store;
    int64_t most = 10;
    int status;

    if (count > 1 && !read_number(arguments[1], 1, TOP_MOST, &most)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s is not a number from 1 to %d", arguments[1],
                               TOP_MOST);
    }
    status = file_store_open(&store, arguments[0], false, error);
    if (status == QUIPU_OK) {
        status = query_top(&store, (size_t)most, error);
        file_store_close(&store);
    }
    return status;
}

static int summary(char **arguments, int count, quipu_error *error)
{
    struct file_store store;
    int status = file_store_open(&store, arguments[0], false, error);

    (void)count;
    if (status == QUIPU_OK) {
        status = query_summary(&store, error);
        file_store_close(&store);
    }
    return status;
}

static int sizes(char **arguments, int count, quipu_error *error)
{
    struct file_store store;
    int status = file_store_open(&store, arguments[0], false, error);

    if (status == QUIPU_OK) {
        status = query_sizes(&store, count > 1 ? arguments[1] : NULL, error);
        file_store_close(&store);
    }
    return status;
}

/* The commands `log` and `show`; the latter has a version, too. */
static int query_path(char **arguments, int count, quipu_error *error)
{
    struct file_store store;
    int64_t version = 0;
    char *path = NULL;
    int status;

    if (count > 2 && !read_number(arguments[2], 0, INT64_MAX, &version)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s is not a version, a number from 0",
                               arguments[2]);
    }
    path = text_of_path(arguments[1]);
    if (!path) {
        return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
    }
    status = file_store_open(&store, arguments[0], false, error);
    if (status == QUIPU_OK) {
        status = count > 2 ? query_show(&store, path, version, error)
                           : query_log(&store, path, error);
        file_store_close(&store);
    }
    free(path);
    return status;
}

static const struct command {
    const char *name;
    int least, most; /* arguments */
    int (*run)(char **arguments, int count, quipu_error *error);
} commands[] = {
    { "import", 2, 2, import },   { "summary", 1, 1, summary },
    { "top", 1, 2, top },         { "log", 2, 2, query_path },
    { "show", 3, 3, query_path }, { "sizes", 1, 2, sizes },
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct command *command = argc > 1 ? find(argv[1]) : NULL;
    quipu_error error;
    int status;

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (!command || argc - 2 < command->least || argc - 2 > command->most) {
        fputs(usage, stderr);
        return 2;
    }
    status = command->run(argv + 2, argc - 2, &error);
    if (status == QUIPU_OK && (fflush(stdout) != 0 || ferror(stdout))) {
        status = quipu_error_set(
            &error, QUIPU_IO, "cannot write the output: %s", strerror(errno));
    }
    if (status != QUIPU_OK) {
        (void)fflush(stdout);
        fputs("quipu-git-history: ", stderr);
        fprintf(stderr, "%s\n", error.message);
        return status == QUIPU_INVALID ? 2 : 1;
    }
    return 0;
}
