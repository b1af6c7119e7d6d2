/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a history from its folder.
 *
 * The files stay mapped until quipu_history_finish(), because the operations
 * point to their lines.  An incomplete last line of a session is ignored: the
 * session was killed while it wrote it.  Any other line that is not of the
 * format makes the load fail.
 */
#include "history.h"

#include "parser.h"
#include "pool.h"

#include "context/assertion.h"

#include <quipu/types.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct quipu_history_file {
    struct quipu_history_file *next;
    char *text;
    size_t size;
};

static bool fail(struct quipu_history *history, const char *format, ...)
    QUIPU_PRINTF(2, 3);

static bool fail(struct quipu_history *history, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(history->problem, sizeof(history->problem), format, arguments);
    va_end(arguments);
    return false;
}

static struct quipu_history_file *map(struct quipu_history *history,
                                      const char *path)
{
    struct quipu_history_file *file = calloc(1, sizeof(*file));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    CHECK(file, "out of memory");
    file->next = history->files;
    history->files = file;
    if (fd < 0 || fstat(fd, &status) != 0) {
        fail(history, "%s: %s", path, strerror(errno));
        file = NULL;
    } else if (status.st_size > 0) {
        file->size = (size_t)status.st_size;
        file->text = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
        CHECK(file->text != MAP_FAILED, "cannot map %s: out of memory", path);
    }
    if (fd >= 0) {
        close(fd);
    }
    return file;
}

/* The next line that is not a comment or empty; `number` counts all lines. */
static bool next_line(const struct quipu_history_file *file, const char **at,
                      struct quipu_history_token *line, unsigned *number)
{
    do {
        ++*number;
        if (!quipu_history_token_line(at, file->text + file->size, line)) {
            return false;
        }
    } while (line->at == line->end || *line->at == '#');
    return true;
}

static bool check_version(struct quipu_history *history,
                          const struct quipu_history_file *file,
                          const char *path, const char **at, unsigned *number)
{
    struct quipu_history_token line;

    *at = file->text;
    if (!next_line(file, at, &line, number) ||
        !quipu_history_token_is(line, "quipu-history 1")) {
        return fail(history, "%s does not begin with \"quipu-history %d\"",
                    path, QUIPU_HISTORY_VERSION);
    }
    return true;
}

/* ------------------------------------------------------------------- run */

static void copy_text(char *to, size_t size, struct quipu_history_token line)
{
    quipu_history_token_skip(&line, " ");
    snprintf(to, size, "%.*s", (int)quipu_history_token_length(line), line.at);
}

static bool load_run(struct quipu_history *history, const char *path)
{
    const struct quipu_history_file *file = map(history, path);
    struct quipu_history_token line, word;
    const char *at;
    unsigned number = 0;
    int64_t value;

    if (!file || !check_version(history, file, path, &at, &number)) {
        return false;
    }
    while (next_line(file, &at, &line, &number)) {
        if (quipu_history_token_skip(&line, "workload")) {
            copy_text(history->workload, sizeof(history->workload), line);
        } else if (quipu_history_token_skip(&line, "store")) {
            copy_text(history->store, sizeof(history->store), line);
        } else if (quipu_history_token_skip(&line, "seed ")) {
            word = line;
            history->seed = 0;
            while (word.at < word.end && *word.at >= '0' && *word.at <= '9') {
                history->seed =
                    history->seed * 10 + (uint64_t)(*word.at++ - '0');
            }
        } else if (quipu_history_token_skip(&line, "wake ") &&
                   quipu_history_token_number(&line, &value)) {
            history->wake_limit = value * 1000000;
        } else {
            return fail(history, "%s:%u: not a line of the format", path,
                        number);
        }
    }
    return true;
}

/* --------------------------------------------------------------- a session */

/* The operation that a line with the number belongs to: a new one for a
 * request, the last one for a response.  NULL: the number is out of order, or
 * the time goes backwards. */
static struct quipu_operation *operation_of(
    struct quipu_history *history, struct quipu_history_session *session,
    int64_t number, int64_t time, const char *line)
{
    struct quipu_operation *op;

    if (number == (int64_t)session->count) {
        op = session->count > 0
                 ? &history->operations[history->operation_count - 1]
                 : NULL;
        if (!op || op->response || time < op->begin) {
            return NULL;
        }
        op->response = line;
        op->opened = op->end = time;
        return op;
    }
    if (number != (int64_t)session->count + 1) {
        return NULL;
    }
    session->count++;
    op = QUIPU_HISTORY_POOL_ADD(history, operations, operation);
    op->request = line;
    op->begin = time;
    op->opened = op->end = QUIPU_HISTORY_NEVER;
    op->status = QUIPU_HISTORY_UNANSWERED;
    op->session = (uint32_t)(session - history->sessions);
    op->number = (uint32_t)number;
    return op;
}

static bool load_line(struct quipu_history *history,
                      struct quipu_history_session *session,
                      struct quipu_history_token line)
{
    struct quipu_history_token rest = line, word;
    struct quipu_operation *op;
    int64_t time, number;

    if (!quipu_history_token_next(&rest, &word) ||
        !quipu_history_token_number(&word, &time) ||
        !quipu_history_token_next(&rest, &word) ||
        !quipu_history_token_number(&word, &number)) {
        return false;
    }
    op = operation_of(history, session, number, time, line.at);
    if (!op) {
        return false;
    }
    return op->response ? quipu_history_parser_response(history, op, rest)
                        : quipu_history_parser_request(history, op, rest);
}

static bool load_session(struct quipu_history *history, const char *path)
{
    const struct quipu_history_file *file = map(history, path);
    struct quipu_history_session *session;
    struct quipu_history_token line;
    const char *at;
    unsigned line_number = 0;
    int64_t number, process;

    if (file && file->size == 0) {
        return true; /* killed before its first write */
    }
    if (!file || !check_version(history, file, path, &at, &line_number)) {
        return false;
    }
    if (!next_line(file, &at, &line, &line_number) ||
        !quipu_history_token_skip(&line, "session ") ||
        !quipu_history_token_number(&line, &number) ||
        !quipu_history_token_skip(&line, " process ") ||
        !quipu_history_token_number(&line, &process) || number < 1) {
        return fail(history, "%s:%u: expected \"session N process M\"", path,
                    line_number);
    }
    session = QUIPU_HISTORY_POOL_ADD(history, sessions, session);
    session->number = (uint32_t)number;
    session->process = (uint32_t)process;
    session->operations = history->operation_count;
    while (next_line(file, &at, &line, &line_number)) {
        if (!load_line(history, session, line)) {
            return fail(
                history, "%s:%u: not a line of the format: %.*s", path,
                line_number,
                (int)(line.end - line.at < 120 ? line.end - line.at : 120),
                line.at);
        }
    }
    return true;
}

/* ------------------------------------------------------------------ folder */

static bool load_sessions(struct quipu_history *history, const char *folder)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, versionsort);
    bool good = true;

    if (count < 0) {
        return fail(history, "%s: %s", folder, strerror(errno));
    }
    for (int i = 0; i < count; i++) {
        char path[4096];

        if (good && strncmp(names[i]->d_name, "session-", 8) == 0) {
            snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
            good = load_session(history, path);
        }
        free(names[i]);
    }
    free(names);
    return good;
}

/* Each log needs a final read: it gives the order of commits, without which
 * nothing can be checked. */
static bool has_finals(struct quipu_history *history, const char *folder)
{
    for (size_t i = 0; i < history->logs.count; i++) {
        bool found = false;

        for (size_t k = 0; k < history->operation_count && !found; k++) {
            const struct quipu_operation *op = &history->operations[k];

            found = op->final && op->log == i && op->status == QUIPU_OK;
        }
        if (!found) {
            return fail(history, "%s: log %s has no final read", folder,
                        history->logs.at[i].text);
        }
    }
    return true;
}

bool quipu_history_load(struct quipu_history *history, const char *folder)
{
    char path[4096];

    *history = (struct quipu_history){ .workload = "" };
    snprintf(path, sizeof(path), "%s/run", folder);
    return load_run(history, path) && load_sessions(history, folder) &&
           has_finals(history, folder);
}

void quipu_history_finish(struct quipu_history *history)
{
    while (history->files) {
        struct quipu_history_file *file = history->files;

        history->files = file->next;
        if (file->text) {
            munmap(file->text, file->size);
        }
        free(file);
    }
    quipu_history_pool_finish_names(&history->logs);
    quipu_history_pool_finish_names(&history->sequences);
    quipu_history_pool_finish_names(&history->consumers);
    free(history->sessions);
    free(history->operations);
    free(history->entries);
    free(history->guards);
    free(history->positions);
    *history = (struct quipu_history){ .workload = "" };
}

/* ------------------------------------------------------------------ origins
 */

bool quipu_history_same_origin(struct quipu_history_origin a,
                               struct quipu_history_origin b)
{
    return a.session == b.session && a.number == b.number && a.index == b.index;
}

/* Sessions are loaded in the order of their numbers, mostly without a gap, so
 * the first guess is usually right. */
static const struct quipu_history_session *session_of(
    const struct quipu_history *history, uint32_t number)
{
    for (size_t i = 0; i <= history->session_count; i++) {
        size_t guess = i == 0 ? number - (size_t)1 : i - 1;

        if (guess < history->session_count &&
            history->sessions[guess].number == number) {
            return &history->sessions[guess];
        }
    }
    return NULL;
}

const struct quipu_operation *quipu_history_find_append(
    const struct quipu_history *history, struct quipu_history_origin origin,
    const struct quipu_history_entry **item)
{
    const struct quipu_history_session *session =
        origin.session > 0 ? session_of(history, origin.session) : NULL;
    const struct quipu_operation *op;

    if (!session || origin.number < 1 || origin.number > session->count) {
        return NULL;
    }
    op = &history->operations[session->operations + origin.number - 1];
    if (op->call != QUIPU_HISTORY_APPEND || origin.index >= op->count) {
        return NULL;
    }
    *item = &history->entries[op->entries + origin.index];
    return quipu_history_same_origin((*item)->origin, origin) ? op : NULL;
}
