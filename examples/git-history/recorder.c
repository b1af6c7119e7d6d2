/* SPDX-License-Identifier: Apache-2.0 */
/* Executes changes as commands of files, and replays events into the tree. */
#include "recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Namespace of the version 5 UUIDs that are the ids of files. */
static const quipu_uuid name_space = { { 0x2b, 0x9c, 0x1e, 0x5a, 0x74, 0xd3,
                                         0x4f, 0x0e, 0x9a, 0x61, 0x0c, 0x88,
                                         0xe5, 0x3d, 0x17, 0xb2 } };

static int no_memory(quipu_error *error)
{
    return quipu_error_set(error, QUIPU_NO_MEMORY, "out of memory");
}

static int unknown_file(const char *path, const char *commit,
                        quipu_error *error)
{
    return quipu_error_set(error, QUIPU_CORRUPT,
                           "commit %s is about %s, which the store does not "
                           "know",
                           commit, path);
}

/* Makes the id of a file from the commit that created it and its path there, so
 * that every import of the same history gives it the same id. */
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

/* Converts a time of git, which may be any number, to the nearest that an event
 * can have. */
static quipu_time time_of(int64_t seconds)
{
    quipu_time time = { QUIPU_TIME_MAX };

    if (seconds < QUIPU_TIME_MIN / 1000000) {
        time.microseconds = QUIPU_TIME_MIN;
    } else if (seconds <= QUIPU_TIME_MAX / 1000000) {
        time.microseconds = seconds * 1000000;
    }
    /* Zero would mean that the time is not known. */
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

/* Gets the aggregate of an entry, unless it is cached. */
static int need_file(struct recorder *recorder, struct tree_entry *entry,
                     quipu_error *error)
{
    struct file *file = entry->file;
    quipu_id id;

    if (!file) {
        quipu_id_of_uuid(&id, &entry->id);
        file = quipu_repository_get(recorder->files, &id, error);
        if (!file) {
            return error->code;
        }
    }
    tree_cache(recorder->tree, entry, file);
    return QUIPU_OK;
}

static int create(struct recorder *recorder, const struct commit *commit,
                  const struct change *change, struct file_event *event,
                  quipu_error *error)
{
    struct tree_entry *entry = NULL;
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
    entry = tree_add(recorder->tree, NULL, change->path, &uuid);
    if (!entry) {
        quipu_aggregate_destroy(file);
        return no_memory(error);
    }
    tree_cache(recorder->tree, entry, file);
    return file_create(file, event, error);
}

static int change_content(struct recorder *recorder,
                          const struct commit *commit,
                          const struct change *change, struct file_event *event,
                          quipu_error *error)
{
    struct tree_entry *entry = tree_find(recorder->tree, change->path);
    int status;

    if (!entry) {
        return unknown_file(change->path, commit->hash, error);
    }
    status = need_file(recorder, entry, error);
    return status == QUIPU_OK ? file_change(entry->file, event, error) : status;
}

static int rename_file(struct recorder *recorder, const struct commit *commit,
                       const struct change *change, struct file_event *event,
                       quipu_error *error)
{
    struct tree_entry *entry = tree_remove(recorder->tree, change->from);
    int status;

    if (!entry) {
        return unknown_file(change->from, commit->hash, error);
    }
    if (!tree_add(recorder->tree, entry, change->path, &entry->id)) {
        tree_free(recorder->tree, entry);
        return no_memory(error);
    }
    status = need_file(recorder, entry, error);
    return status == QUIPU_OK ? file_rename(entry->file, event, error) : status;
}

static int delete_file(struct recorder *recorder, const struct commit *commit,
                       const struct change *change, struct file_event *event,
                       quipu_error *error)
{
    struct tree_entry *entry = tree_remove(recorder->tree, change->path);
    int status;

    if (!entry) {
        return unknown_file(change->path, commit->hash, error);
    }
    status = need_file(recorder, entry, error);
    if (status == QUIPU_OK) {
        status = file_delete(entry->file, event, error);
    }
    tree_free(recorder->tree, entry);
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

/* Adds the file of an event to the tree. */
static int add_stored(struct recorder *recorder, struct tree_entry *entry,
                      const struct file_event *event, quipu_error *error)
{
    quipu_uuid id;

    memcpy(id.bytes, event->base.originator_id.data, sizeof(id.bytes));
    if (!tree_add(recorder->tree, entry, event->path, &id)) {
        return no_memory(error);
    }
    return QUIPU_OK;
}

int recorder_replay(struct recorder *recorder, const struct file_event *event,
                    quipu_error *error)
{
    const char *path = event->path;
    struct tree_entry *entry = NULL;

    if (event->base.type == &file_changed) {
        return QUIPU_OK;
    }
    if (event->base.type == &file_created) {
        return add_stored(recorder, NULL, event, error);
    }
    if (event->base.type == &file_renamed) {
        path = event->from;
    }
    entry = tree_remove(recorder->tree, path);
    if (!entry) {
        return unknown_file(path, event->commit, error);
    }
    if (event->base.type == &file_renamed) {
        return add_stored(recorder, entry, event, error);
    }
    tree_free(recorder->tree, entry);
    return QUIPU_OK;
}
