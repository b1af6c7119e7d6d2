/* SPDX-License-Identifier: Apache-2.0 */
/* From `git log` to events: finds where to go on, and goes there. */
#include "import.h"
#include "batch.h"
#include "history.h"
#include "living.h"
#include "record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Events of one append, and aggregates kept: what memory may cost. */
#define BATCH_EVENTS 1000
#define KEPT_FILES 2000

struct import {
    struct recorder recorder;
    struct ledger ledger;
    struct living living;
    struct batch batch;
    char last[HASH_SIZE]; /* the commit of the last event stored; "": none */
    int64_t commits, events;
};

/* ------------------------------------------------- what is stored already */

/* Files change places within a commit only, so each is settled as a whole. */
static int remember(void *context, const struct file_event *event,
                    quipu_error *error)
{
    struct import *import = context;
    int status = QUIPU_OK;

    if (strcmp(import->last, event->commit) != 0) {
        status = living_settle(&import->living, error);
        snprintf(import->last, sizeof(import->last), "%s", event->commit);
    }
    return status == QUIPU_OK ? recorder_replay(&import->recorder, event, error)
                              : status;
}

static int load(struct import *import, quipu_error *error)
{
    int status = ledger_walk(&import->ledger, remember, import, error);

    return status == QUIPU_OK ? living_settle(&import->living, error) : status;
}

/* ------------------------------------------------------ what is to be added */

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
        /* Only now: a file with events in the batch cannot be got again. */
        living_trim(&import->living, KEPT_FILES);
    }
    for (size_t i = 0; status == QUIPU_OK && i < commit->count; i++) {
        status = recorder_record(&import->recorder, commit, &commit->changes[i],
                                 error);
    }
    import->commits++;
    import->events += (int64_t)commit->count;
    return status == QUIPU_OK ? living_settle(&import->living, error) : status;
}

static void show_progress(const struct import *import, bool end)
{
    if (isatty(STDERR_FILENO) && (end || import->commits % 100 == 0)) {
        fprintf(stderr, end ? "\r\033[K" : "\r%" PRId64 " commits",
                import->commits);
    }
}

static int store_history(struct import *import, const char *repository,
                         struct history *history, quipu_error *error)
{
    const struct commit *commit = NULL;
    int status = history_next(history, &commit, error);

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
            status = history_next(history, &commit, error);
        }
    }
    show_progress(import, true);
    return status == QUIPU_OK ? batch_store(&import->batch, error) : status;
}

/* Whether the repository goes on where the store ends. */
static int check_last(const struct import *import, const char *repository,
                      quipu_error *error)
{
    bool found = true;
    const int status =
        import->last[0] == '\0'
            ? QUIPU_OK
            : history_has(repository, import->last, &found, error);

    return status == QUIPU_OK && !found
               ? refuse_history(import, repository, "does not have", error)
               : status;
}

static int store_new(struct import *import, const char *repository,
                     const char *head, quipu_error *error)
{
    struct history history;
    int status = check_last(import, repository, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = history_open(&history, repository, head,
                          import->last[0] == '\0' ? NULL : import->last, error);
    if (status == QUIPU_OK) {
        status = store_history(import, repository, &history, error);
    }
    history_close(&history);
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
    int status = ledger_open(&import->ledger, uri, true, error);

    if (status == QUIPU_OK) {
        status = batch_open(&import->batch, &import->ledger, error);
        living_init(&import->living);
        import->recorder.living = &import->living;
        import->recorder.files = import->ledger.files;
    }
    return status;
}

static void close_import(struct import *import)
{
    living_finish(&import->living); /* the files before their bus */
    batch_close(&import->batch);
    ledger_close(&import->ledger);
}

int import_repository(const char *uri, const char *repository,
                      quipu_error *error)
{
    struct import import = { 0 };
    char head[HASH_SIZE];
    int status = history_head(repository, head, error);

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
