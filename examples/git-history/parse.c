/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output, piece by piece, each ended by NUL:
 *
 *     \x01HASH PARENTS, time, author
 *     :MODE MODE BLOB BLOB KIND, path           once for each file;
 *     :MODE MODE BLOB BLOB Rnnn, path, path     the first after a newline
 *     ADDED\tREMOVED\tpath                      once for each file, too
 *     ADDED\tREMOVED\t, path, path
 */
#include "parse.h"
#include "path.h"

#include <stdlib.h>
#include <string.h>

static int surprise(const struct history *history, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_IO,
                           "git log in %s printed something unexpected after "
                           "commit %s",
                           history->repository, history->commit.hash);
}

static int no_memory(quipu_error *error)
{
    return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
}

int parse_token(struct history *history, quipu_error *error)
{
    const ssize_t size =
        getdelim(&history->token, &history->size, '\0', history->git.output);

    if (size >= 0) {
        return QUIPU_OK;
    }
    free(history->token);
    history->token = NULL;
    history->size = 0;
    return ferror(history->git.output)
               ? quipu_error_set(error, QUIPU_IO, "cannot read from git")
               : QUIPU_OK;
}

/* The same where something must follow. */
static int need_token(struct history *history, quipu_error *error)
{
    const int status = parse_token(history, error);

    return status == QUIPU_OK && !history->token ? surprise(history, error)
                                                 : status;
}

void parse_clear(struct commit *commit)
{
    for (size_t i = 0; i < commit->count; i++) {
        free(commit->changes[i].path);
        free(commit->changes[i].from);
        free(commit->changes[i].raw);
    }
    commit->count = 0;
    free(commit->author);
    commit->author = NULL;
}

/* A further change, all zero; NULL: no memory. */
static struct change *add_change(struct commit *commit)
{
    if (commit->count == commit->capacity) {
        const size_t capacity =
            commit->capacity == 0 ? 16 : 2 * commit->capacity;
        struct change *changes =
            reallocarray(commit->changes, capacity, sizeof(*changes));

        if (!changes) {
            return NULL;
        }
        commit->changes = changes;
        commit->capacity = capacity;
    }
    return memset(&commit->changes[commit->count++], 0,
                  sizeof(*commit->changes));
}

/* ------------------------------------------------------------ the header */

static int parse_header(struct history *history, quipu_error *error)
{
    struct commit *commit = &history->commit;
    int status;

    commit->parent[0] = '\0';
    if (sscanf(history->token, "\x01%64s %64s", commit->hash, commit->parent) <
        1) {
        return surprise(history, error);
    }
    status = need_token(history, error);
    if (status == QUIPU_OK) {
        commit->seconds = strtoll(history->token, NULL, 10);
        status = need_token(history, error);
    }
    if (status == QUIPU_OK) {
        commit->author = strdup(history->token);
        if (!commit->author) {
            return no_memory(error);
        }
        text_repair(commit->author);
        status = parse_token(history, error);
    }
    return status;
}

/* ------------------------------------------------------------- the files */

/* The path that is the next piece, as text; raw is as git has it. */
static int take_path(struct history *history, char **path, char **raw,
                     quipu_error *error)
{
    const int status = need_token(history, error);

    if (status != QUIPU_OK) {
        return status;
    }
    free(*raw);
    *raw = strdup(history->token);
    *path = path_to_text(history->token);
    return !*raw || !*path ? no_memory(error) : QUIPU_OK;
}

/* `:OLDMODE MODE OLDBLOB BLOB KIND`. */
static bool read_raw(const char *line, struct change *change)
{
    return sscanf(line, ":%*s %7s %*s %64s %c", change->mode, change->blob,
                  &change->kind) == 3 &&
           strchr("AMTRD", change->kind);
}

static int parse_raw(struct history *history, const char *line,
                     quipu_error *error)
{
    struct change *change = add_change(&history->commit);
    int status = QUIPU_OK;

    if (!change) {
        return no_memory(error);
    }
    if (!read_raw(line, change)) {
        return surprise(history, error);
    }
    if (change->kind == 'R') {
        status = take_path(history, &change->from, &change->raw, error);
    }
    if (status == QUIPU_OK) {
        status = take_path(history, &change->path, &change->raw, error);
    }
    return status == QUIPU_OK ? parse_token(history, error) : status;
}

/* `ADDED<tab>REMOVED<tab>`, or hyphens for binary content. */
static const char *read_counts(const char *line, struct change *counts)
{
    char *end = NULL;

    counts->counted = line[0] != '-';
    if (!counts->counted) {
        return strncmp(line, "-\t-\t", 4) == 0 ? line + 4 : NULL;
    }
    counts->added = strtoll(line, &end, 10);
    if (*end != '\t') {
        return NULL;
    }
    counts->removed = strtoll(end + 1, &end, 10);
    return *end == '\t' ? end + 1 : NULL;
}

/* Sets a file's counts; git prints them in the order of the raw lines. */
static int set_counts(struct history *history, size_t *next, const char *path,
                      const struct change *counts, quipu_error *error)
{
    struct commit *commit = &history->commit;

    while (*next < commit->count &&
           strcmp(commit->changes[*next].raw, path) != 0) {
        (*next)++;
    }
    if (*next == commit->count) {
        return surprise(history, error);
    }
    commit->changes[*next].counted = counts->counted;
    commit->changes[*next].added = counts->added;
    commit->changes[*next].removed = counts->removed;
    return QUIPU_OK;
}

static int parse_counts(struct history *history, size_t *next,
                        quipu_error *error)
{
    struct change counts = { 0 };
    const char *path = read_counts(history->token, &counts);
    int status = QUIPU_OK;

    if (!path) {
        return surprise(history, error);
    }
    if (path[0] == '\0') { /* renamed: from and to follow */
        status = need_token(history, error);
        if (status == QUIPU_OK) {
            status = need_token(history, error);
        }
        path = history->token;
    }
    if (status == QUIPU_OK) {
        status = set_counts(history, next, path, &counts, error);
    }
    return status == QUIPU_OK ? parse_token(history, error) : status;
}

int parse_commit(struct history *history, quipu_error *error)
{
    size_t next = 0;
    int status;

    parse_clear(&history->commit);
    status = parse_header(history, error);
    while (status == QUIPU_OK && history->token &&
           history->token[0] != '\x01') {
        const char *line = history->token;

        line += line[0] == '\n'; /* between the header and the files */
        if (line[0] == ':') {
            status = parse_raw(history, line, error);
        } else {
            status = parse_counts(history, &next, error);
        }
    }
    return status;
}
