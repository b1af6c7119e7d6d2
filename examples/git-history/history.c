/* SPDX-License-Identifier: Apache-2.0 */
/* Asks git for a history, and hands it out commit by commit. */
#include "history.h"
#include "parse.h"

#include <stdlib.h>
#include <string.h>

/* Whatever the user's configuration says, this is what is asked for. */
#define SETTINGS                                                    \
    "-c", "log.showRoot=true", "-c", "diff.renameLimit=1000", "-c", \
        "diff.orderFile=/dev/null", "-c", "diff.ignoreSubmodules=none"

int history_head(const char *repository, char hash[HASH_SIZE],
                 quipu_error *error)
{
    const char *const is_one[] = { "-C", repository, "rev-parse", "--git-dir",
                                   NULL };
    const char *const head[] = { "-C",      repository, "rev-parse",
                                 "--quiet", "--verify", "HEAD^{commit}",
                                 NULL };
    char folder[16];
    int code = 0;
    int status = git_line(is_one, folder, sizeof(folder), &code, error);

    if (status == QUIPU_OK && code != 0) {
        return quipu_error_set(error, QUIPU_NOT_FOUND,
                               "%s is no git repository", repository);
    }
    if (status == QUIPU_OK) {
        status = git_line(head, hash, HASH_SIZE, &code, error);
    }
    return status;
}

int history_has(const char *repository, const char *hash, bool *found,
                quipu_error *error)
{
    char name[HASH_SIZE + 16];
    char line[HASH_SIZE];
    const char *const arguments[] = { "-C",      repository, "rev-parse",
                                      "--quiet", "--verify", name,
                                      NULL };
    int code = 0;
    int status;

    snprintf(name, sizeof(name), "%s^{commit}", hash);
    status = git_line(arguments, line, sizeof(line), &code, error);
    *found = code == 0;
    return status;
}

int history_open(struct history *history, const char *repository,
                 const char *tip, const char *after, quipu_error *error)
{
    char range[2 * HASH_SIZE + 2];
    const char *const arguments[] = { SETTINGS,
                                      "-C",
                                      repository,
                                      "log",
                                      "-z",
                                      "--raw",
                                      "--numstat",
                                      "--reverse",
                                      "--first-parent",
                                      "-m",
                                      "-M",
                                      "--no-abbrev",
                                      "--no-color",
                                      "--no-notes",
                                      "--no-ext-diff",
                                      "--no-textconv",
                                      "--no-relative",
                                      "--no-show-signature",
                                      "--encoding=UTF-8",
                                      PARSE_FORMAT,
                                      range,
                                      "--",
                                      NULL };
    int status;

    snprintf(range, sizeof(range), "%s%s%s", !after ? "" : after,
             !after ? "" : "..", tip);
    memset(history, 0, sizeof(*history));
    history->repository = repository;
    status = git_start(&history->git, arguments, error);
    if (status == QUIPU_OK) {
        status = parse_token(history, error);
    }
    return status;
}

/* At the end of the output: whether git came to its own end. */
static int check_end(struct history *history, quipu_error *error)
{
    int code = 0;
    const int status = git_finish(&history->git, &code, error);

    history->git.output = NULL;
    if (status == QUIPU_OK && code != 0) {
        return quipu_error_set(error, QUIPU_IO,
                               "git log in %s failed with status %d",
                               history->repository, code);
    }
    return status;
}

/*
 * A commit is whole only when something follows it, or git has ended well;
 * otherwise its last files may be missing.
 */
int history_next(struct history *history, const struct commit **commit,
                 quipu_error *error)
{
    int status = QUIPU_OK;

    *commit = NULL;
    if (history->token) {
        status = parse_commit(history, error);
        if (status == QUIPU_OK) {
            *commit = &history->commit;
        }
    }
    if (status == QUIPU_OK && !history->token && history->git.output) {
        status = check_end(history, error);
    }
    return status;
}

void history_close(struct history *history)
{
    int code = 0;

    parse_clear(&history->commit);
    free(history->commit.changes);
    free(history->token);
    if (history->git.output) {
        git_finish(&history->git, &code, NULL);
    }
    memset(history, 0, sizeof(*history));
}
