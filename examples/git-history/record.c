/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the file that a change is about, and tells it. */
#include "record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ids of files are names in this namespace. */
static const quipu_uuid name_space = { { 0x2b, 0x9c, 0x1e, 0x5a, 0x74, 0xd3,
                                         0x4f, 0x0e, 0x9a, 0x61, 0x0c, 0x88,
                                         0xe5, 0x3d, 0x17, 0xb2 } };

static int no_memory(quipu_error *error)
{
    return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
}

static int not_there(const char *path, const char *commit, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_CORRUPT,
                           "commit %s is about %s, which the store does not "
                           "know",
                           commit, path);
}

/* A file is named by the commit that created it, and its path there: the same
 * in each import of the same history. */
static int make_id(const struct commit *commit, const char *path,
                   quipu_uuid *id, quipu_error *error)
{
    char *name = NULL;
    const int size = asprintf(&name, "%s:%s", commit->hash, path);

    if (size < 0) {
        return no_memory(error);
    }
    quipu_uuid_of_name(id, &name_space, name, (size_t)size);
    free(name);
    return QUIPU_OK;
}

/* Git's times may be any number; an event's cannot. */
static quipu_time time_of(int64_t seconds)
{
    quipu_time time = { QUIPU_TIME_MAX };

    if (seconds < QUIPU_TIME_MIN / 1000000) {
        time.microseconds = QUIPU_TIME_MIN;
    } else if (seconds <= QUIPU_TIME_MAX / 1000000) {
        time.microseconds = seconds * 1000000;
    }
    /* Zero would mean that it is not known, and be set to the time now. */
    time.microseconds += time.microseconds == 0;
    return time;
}

static void make_event(const struct commit *commit, const struct change *change,
                       struct file_event *event)
{
    *event = (struct file_event){
        .path = change->path,
        .from = change->from,
        .commit = commit->hash,
        .author = commit->author,
        .blob = change->blob,
        .mode = change->mode,
        .counted = change->counted,
        .added = change->added,
        .removed = change->removed,
    };
    event->base.time = time_of(commit->seconds);
}

/* Gets the file's aggregate, unless it is kept. */
static int need_file(struct recorder *recorder, struct living_file *living,
                     quipu_error *error)
{
    struct file *file = living->file;
    quipu_id id;

    if (!file) {
        quipu_id_of_uuid(&id, &living->id);
        file = quipu_repository_get(recorder->files, &id, error);
        if (!file) {
            return error->code;
        }
    }
    living_keep(recorder->living, living, file);
    return QUIPU_OK;
}

static int create(struct recorder *recorder, const struct commit *commit,
                  const struct change *change, struct file_event *event,
                  quipu_error *error)
{
    struct living_file *living = NULL;
    struct file *file = NULL;
    quipu_uuid uuid;
    quipu_id id;
    int status = make_id(commit, change->path, &uuid, error);

    if (status != QUIPU_OK) {
        return status;
    }
    quipu_id_of_uuid(&id, &uuid);
    file = quipu_repository_create(recorder->files, &id, error);
    if (!file) {
        return error->code;
    }
    living = living_put(recorder->living, NULL, change->path, &uuid);
    if (!living) {
        quipu_aggregate_destroy(file);
        return no_memory(error);
    }
    living_keep(recorder->living, living, file);
    return file_create(file, event, error);
}

static int change_content(struct recorder *recorder,
                          const struct commit *commit,
                          const struct change *change, struct file_event *event,
                          quipu_error *error)
{
    struct living_file *living = living_find(recorder->living, change->path);
    int status;

    if (!living) {
        return not_there(change->path, commit->hash, error);
    }
    status = need_file(recorder, living, error);
    return status == QUIPU_OK ? file_change(living->file, event, error)
                              : status;
}

static int rename_file(struct recorder *recorder, const struct commit *commit,
                       const struct change *change, struct file_event *event,
                       quipu_error *error)
{
    struct living_file *living = living_take(recorder->living, change->from);
    int status;

    if (!living) {
        return not_there(change->from, commit->hash, error);
    }
    if (living_put(recorder->living, living, change->path, &living->id) ==
        NULL) {
        living_free(recorder->living, living);
        return no_memory(error);
    }
    status = need_file(recorder, living, error);
    return status == QUIPU_OK ? file_rename(living->file, event, error)
                              : status;
}

static int delete_file(struct recorder *recorder, const struct commit *commit,
                       const struct change *change, struct file_event *event,
                       quipu_error *error)
{
    struct living_file *living = living_take(recorder->living, change->path);
    int status;

    if (!living) {
        return not_there(change->path, commit->hash, error);
    }
    status = need_file(recorder, living, error);
    if (status == QUIPU_OK) {
        status = file_delete(living->file, event, error);
    }
    living_free(recorder->living, living);
    return status;
}

int recorder_record(struct recorder *recorder, const struct commit *commit,
                    const struct change *change, quipu_error *error)
{
    struct file_event event;

    make_event(commit, change, &event);
    switch (change->kind) {
    case 'A':
        return create(recorder, commit, change, &event, error);
    case 'R':
        return rename_file(recorder, commit, change, &event, error);
    case 'D':
        return delete_file(recorder, commit, change, &event, error);
    default:
        return change_content(recorder, commit, change, &event, error);
    }
}

static int put_stored(struct recorder *recorder, struct living_file *living,
                      const struct file_event *event, quipu_error *error)
{
    quipu_uuid id;

    memcpy(id.bytes, event->base.originator_id.data, sizeof(id.bytes));
    if (!living_put(recorder->living, living, event->path, &id)) {
        return no_memory(error);
    }
    return QUIPU_OK;
}

int recorder_replay(struct recorder *recorder, const struct file_event *event,
                    quipu_error *error)
{
    const char *path = event->path;
    struct living_file *living = NULL;

    if (event->base.type == &file_changed) {
        return QUIPU_OK;
    }
    if (event->base.type == &file_created) {
        return put_stored(recorder, NULL, event, error);
    }
    if (event->base.type == &file_renamed) {
        path = event->from;
    }
    living = living_take(recorder->living, path);
    if (!living) {
        return not_there(path, event->commit, error);
    }
    if (event->base.type == &file_renamed) {
        return put_stored(recorder, living, event, error);
    }
    living_free(recorder->living, living);
    return QUIPU_OK;
}
