/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs `git log -z --raw --numstat` and parses its output, which consists of
 * pieces that end with NUL:
 *
 *     \x01HASH PARENTS, time, author             once for each commit
 *     :MODE MODE BLOB BLOB KIND, path            once for each file; the first
 *     :MODE MODE BLOB BLOB Rnnn, path, path      one begins with a newline
 *     ADDED\tREMOVED\tpath                       once for each file, too
 *     ADDED\tREMOVED\t, path, path               after a renaming
 *
 * The byte 1 begins a commit, because no line about a file can begin with it.
 * A piece is read ahead: a commit ends where the next one begins.
 */
#include "git_log.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT "--format=tformat:%x01%H %P%x00%at%x00%an"

/* Settings that the user's configuration must not change. */
#define SETTINGS                                                    \
    "-c", "log.showRoot=true", "-c", "diff.renameLimit=1000", "-c", \
        "diff.orderFile=/dev/null", "-c", "diff.ignoreSubmodules=none"

/* ----------------------------------------------------------------- parsing */

/* IO: the output is not as described above. */
static int unexpected(const struct git_log *log, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_IO,
                           "git log in %s printed something unexpected after "
                           "commit %s",
                           log->repository, log->commit.hash);
}

static int no_memory(quipu_error *error)
{
    return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
}

/* Reads the next piece of the output into log->token; NULL at the end. */
static int next_token(struct git_log *log, quipu_error *error)
{
    const ssize_t size =
        getdelim(&log->token, &log->size, '\0', log->git.output);

    if (size >= 0) {
        return QUIPU_OK;
    }
    free(log->token);
    log->token = NULL;
    log->size = 0;
    return ferror(log->git.output)
               ? quipu_error_set(error, QUIPU_IO, "cannot read from git")
               : QUIPU_OK;
}

/* Reads the next piece where there must be one. */
static int need_token(struct git_log *log, quipu_error *error)
{
    const int status = next_token(log, error);

    return status == QUIPU_OK && !log->token ? unexpected(log, error) : status;
}

/* Frees the contents of a commit; keeps the memory of the array. */
static void clear_commit(struct commit *commit)
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

/* Adds a change, all zero; NULL: no memory. */
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

/* ------------------------------------------------------------------ header */

/* Reads hash, parent, time and author of a commit. */
static int parse_header(struct git_log *log, quipu_error *error)
{
    struct commit *commit = &log->commit;
    int status;

    commit->parent[0] = '\0';
    if (sscanf(log->token, "\x01%64s %64s", commit->hash, commit->parent) < 1) {
        return unexpected(log, error);
    }
    status = need_token(log, error);
    if (status == QUIPU_OK) {
        commit->seconds = strtoll(log->token, NULL, 10);
        status = need_token(log, error);
    }
    if (status == QUIPU_OK) {
        commit->author = strdup(log->token);
        if (!commit->author) {
            return no_memory(error);
        }
        text_repair(commit->author);
        status = next_token(log, error);
    }
    return status;
}

/* ------------------------------------------------------------------- files */

/* Reads a path, the next piece: as text, and in *raw as git writes it. */
static int take_path(struct git_log *log, char **path, char **raw,
                     quipu_error *error)
{
    const int status = need_token(log, error);

    if (status != QUIPU_OK) {
        return status;
    }
    free(*raw);
    *raw = strdup(log->token);
    *path = text_of_path(log->token);
    return !*raw || !*path ? no_memory(error) : QUIPU_OK;
}

/* Parses `:OLDMODE MODE OLDBLOB BLOB KIND`. */
static bool read_raw(const char *line, struct change *change)
{
    return sscanf(line, ":%*s %7s %*s %64s %c", change->mode, change->blob,
                  &change->kind) == 3 &&
           strchr("AMTRD", change->kind);
}

/* Reads a line with a colon and the paths that follow it. */
static int parse_raw(struct git_log *log, const char *line, quipu_error *error)
{
    struct change *change = add_change(&log->commit);
    int status = QUIPU_OK;

    if (!change) {
        return no_memory(error);
    }
    if (!read_raw(line, change)) {
        return unexpected(log, error);
    }
    if (change->kind == 'R') {
        status = take_path(log, &change->from, &change->raw, error);
    }
    if (status == QUIPU_OK) {
        status = take_path(log, &change->path, &change->raw, error);
    }
    return status == QUIPU_OK ? next_token(log, error) : status;
}

/* Parses `ADDED<tab>REMOVED<tab>`, with hyphens if the content is binary.
 * Returns the rest of the piece, a path or nothing; NULL: it is not this. */
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

/* Sets the counts of the file at a path.  Git prints them in the order of the
 * lines with a colon, and *next is where to go on searching. */
static int set_counts(struct git_log *log, size_t *next, const char *path,
                      const struct change *counts, quipu_error *error)
{
    struct commit *commit = &log->commit;

    while (*next < commit->count &&
           strcmp(commit->changes[*next].raw, path) != 0) {
        (*next)++;
    }
    if (*next == commit->count) {
        return unexpected(log, error);
    }
    commit->changes[*next].counted = counts->counted;
    commit->changes[*next].added = counts->added;
    commit->changes[*next].removed = counts->removed;
    return QUIPU_OK;
}

/* Reads the line counts of a file. */
static int parse_counts(struct git_log *log, size_t *next, quipu_error *error)
{
    struct change counts = { 0 };
    const char *path = read_counts(log->token, &counts);
    int status = QUIPU_OK;

    if (!path) {
        return unexpected(log, error);
    }
    if (path[0] == '\0') { /* renamed: from and to follow */
        status = need_token(log, error);
        if (status == QUIPU_OK) {
            status = need_token(log, error);
        }
        path = log->token;
    }
    if (status == QUIPU_OK) {
        status = set_counts(log, next, path, &counts, error);
    }
    return status == QUIPU_OK ? next_token(log, error) : status;
}

/* Reads one commit, which begins with the current token. */
static int parse_commit(struct git_log *log, quipu_error *error)
{
    size_t next = 0;
    int status;

    clear_commit(&log->commit);
    status = parse_header(log, error);
    while (status == QUIPU_OK && log->token && log->token[0] != '\x01') {
        const char *line = log->token;

        line += line[0] == '\n'; /* between the header and the files */
        if (line[0] == ':') {
            status = parse_raw(log, line, error);
        } else {
            status = parse_counts(log, &next, error);
        }
    }
    return status;
}

/* ------------------------------------------------------------ running git */

int git_log_head(const char *repository, char hash[HASH_SIZE],
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

int git_log_has(const char *repository, const char *hash, bool *found,
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

int git_log_open(struct git_log *log, const char *repository, const char *tip,
                 const char *after, quipu_error *error)
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
                                      FORMAT,
                                      range,
                                      "--",
                                      NULL };
    int status;

    snprintf(range, sizeof(range), "%s%s%s", !after ? "" : after,
             !after ? "" : "..", tip);
    memset(log, 0, sizeof(*log));
    log->repository = repository;
    status = git_start(&log->git, arguments, error);
    if (status == QUIPU_OK) {
        status = next_token(log, error);
    }
    return status;
}

/* At the end of the output: checks that git has ended well. */
static int check_end(struct git_log *log, quipu_error *error)
{
    int code = 0;
    const int status = git_finish(&log->git, &code, error);

    log->git.output = NULL;
    if (status == QUIPU_OK && code != 0) {
        return quipu_error_set(error, QUIPU_IO,
                               "git log in %s failed with status %d",
                               log->repository, code);
    }
    return status;
}

/* A commit is complete only if another piece follows it or git has ended well;
 * otherwise its last files may be missing. */
int git_log_next(struct git_log *log, const struct commit **commit,
                 quipu_error *error)
{
    int status = QUIPU_OK;

    *commit = NULL;
    if (log->token) {
        status = parse_commit(log, error);
        if (status == QUIPU_OK) {
            *commit = &log->commit;
        }
    }
    if (status == QUIPU_OK && !log->token && log->git.output) {
        status = check_end(log, error);
    }
    return status;
}

void git_log_close(struct git_log *log)
{
    int code = 0;

    clear_commit(&log->commit);
    free(log->commit.changes);
    free(log->token);
    if (log->git.output) {
        git_finish(&log->git, &code, NULL);
    }
    memset(log, 0, sizeof(*log));
}
