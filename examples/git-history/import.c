/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the last stored commit, and imports the commits after it. */
#include "import.h"
#include "batch.h"
#include "git_log.h"
#include "recorder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Limits of the memory that is used: events in a batch, and cached files. */
#define BATCH_EVENTS 1000
#define CACHED_FILES 2000

struct import {
    struct recorder recorder;
    struct file_store store;
    struct tree tree;
    struct batch batch;
    char last[HASH_SIZE]; /* the last stored commit; "": none */
    int64_t commits, events;
};

/* ------------------------------------------------------------ stored commits
 */

/* Replays one stored event into the tree; its commit ends where the next one
 * begins. */
static int replay(void *context, const struct file_event *event,
                  quipu_error *error)
{
    struct import *import = (struct import *)context;
    int status = QUIPU_OK;

    if (strcmp(import->last, event->commit) != 0) {
        status = tree_commit(&import->tree, error);
        snprintf(import->last, sizeof(import->last), "%s", event->commit);
    }
    return status == QUIPU_OK ? recorder_replay(&import->recorder, event, error)
                              : status;
}

/* Replays the stored events into the tree. */
static int load(struct import *import, quipu_error *error)
{
    int status = file_store_read_log(&import->store, replay, import, error);

    return status == QUIPU_OK ? tree_commit(&import->tree, error) : status;
}

/* --------------------------------------------------------------- new commits
 */

static int refuse_history(const struct import *import, const char *repository,
                          const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_CONFLICT,
                           "the store ends with commit %s, which %s %s; import "
                           "into another store",
                           import->last, repository, why);
}

static int store_commit(struct import *import, const struct commit *commit,
                        quipu_error *error)
{
    int status = QUIPU_OK;

    if (import->batch.count > 0 &&
        import->batch.count + commit->count > BATCH_EVENTS) {
        status = batch_store(&import->batch, error);
        if (status != QUIPU_OK) {
            return status;
        }
        /* Not earlier: the repository does not have events of the batch. */
        tree_trim(&import->tree, CACHED_FILES);
    }
    for (size_t i = 0; status == QUIPU_OK && i < commit->count; i++) {
        status = recorder_record(&import->recorder, commit, &commit->changes[i],
                                 error);
    }
    import->commits++;
    import->events += (int64_t)commit->count;
    return status == QUIPU_OK ? tree_commit(&import->tree, error) : status;
}

static void show_progress(const struct import *import, bool end)
{
    if (isatty(STDERR_FILENO) && (end || import->commits % 100 == 0)) {
        fprintf(stderr, end ? "\r\033[K" : "\r%" PRId64 " commits",
                import->commits);
    }
}

static int store_history(struct import *import, const char *repository,
                         struct git_log *log, quipu_error *error)
{
    const struct commit *commit = NULL;
    int status = git_log_next(log, &commit, error);

    if (status == QUIPU_OK && commit && import->last[0] != '\0' &&
        strcmp(commit->parent, import->last) != 0) {
        return refuse_history(import, repository,
                              "has not on the first-parent line of HEAD",
                              error);
    }
    while (status == QUIPU_OK && commit) {
        status = store_commit(import, commit, error);
        show_progress(import, false);
        if (status == QUIPU_OK) {
            status = git_log_next(log, &commit, error);
        }
    }
    show_progress(import, true);
    return status == QUIPU_OK ? batch_store(&import->batch, error) : status;
}

/* Checks that the repository has the last stored commit.  CONFLICT. */
static int check_last(const struct import *import, const char *repository,
                      quipu_error *error)
{
    bool found = true;
    const int status =
        import->last[0] == '\0'
            ? QUIPU_OK
            : git_log_has(repository, import->last, &found, error);

    return status == QUIPU_OK && !found
               ? refuse_history(import, repository, "does not have", error)
               : status;
}

static int store_new(struct import *import, const char *repository,
                     const char *head, quipu_error *error)
{
    struct git_log log;
    int status = check_last(import, repository, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = git_log_open(&log, repository, head,
                          import->last[0] == '\0' ? NULL : import->last, error);
    if (status == QUIPU_OK) {
        status = store_history(import, repository, &log, error);
    }
    git_log_close(&log);
    if (status == QUIPU_OK && import->commits == 0 &&
        strcmp(import->last, head) != 0) {
        return refuse_history(import, repository,
                              "has, but not as a commit before HEAD", error);
    }
    return status;
}

static int open_import(struct import *import, const char *uri,
                       quipu_error *error)
{
    int status = file_store_open(&import->store, uri, true, error);

    if (status == QUIPU_OK) {
        status = batch_open(&import->batch, &import->store, error);
        tree_init(&import->tree);
        import->recorder.tree = &import->tree;
        import->recorder.files = import->store.files;
    }
    return status;
}

static void close_import(struct import *import)
{
    tree_finish(&import->tree); /* the files, before their bus */
    batch_close(&import->batch);
    file_store_close(&import->store);
}

int import_repository(const char *uri, const char *repository,
                      quipu_error *error)
{
    struct import import = { 0 };
    char head[HASH_SIZE];
    int status = git_log_head(repository, head, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = open_import(&import, uri, error);
    if (status == QUIPU_OK) {
        status = load(&import, error);
    }
    if (status == QUIPU_OK && head[0] != '\0') {
        status = store_new(&import, repository, head, error);
    }
    if (status == QUIPU_OK) {
        printf("%" PRId64 " commits and %" PRId64 " events imported%s\n",
               import.commits, import.events,
               head[0] == '\0'       ? ": the repository has no commit"
               : import.commits == 0 ? ": the store is up to date"
                                     : "");
    }
    close_import(&import);
    return status;
}
