/* SPDX-License-Identifier: Apache-2.0 */
/* Files: event types, the aggregate type, and the commands. */
#include "file.h"

#include <string.h>

/* ---------------------------------------------------------------- events */

/* Fields of every event.  Both counts are optional, and share one presence. */
#define COMMON_FIELDS                                            \
    QUIPU_FIELD(struct file_event, path),                        \
        QUIPU_FIELD(struct file_event, commit),                  \
        QUIPU_FIELD(struct file_event, author),                  \
        QUIPU_FIELD_OPTIONAL(struct file_event, added, counted), \
        QUIPU_FIELD_OPTIONAL(struct file_event, removed, counted)

/* Further fields of all events except deletions. */
#define CONTENT_FIELDS \
    QUIPU_FIELD(struct file_event, mode), QUIPU_FIELD(struct file_event, blob)

static const quipu_field content_fields[] = {
    COMMON_FIELDS,
    CONTENT_FIELDS,
    QUIPU_FIELD_IGNORED(struct file_event, from),
    { 0 },
};

static const quipu_field renamed_fields[] = {
    COMMON_FIELDS,
    CONTENT_FIELDS,
    QUIPU_FIELD(struct file_event, from),
    { 0 },
};

static const quipu_field deleted_fields[] = {
    COMMON_FIELDS,
    QUIPU_FIELD_IGNORED(struct file_event, from),
    QUIPU_FIELD_IGNORED(struct file_event, blob),
    QUIPU_FIELD_IGNORED(struct file_event, mode),
    { 0 },
};

const quipu_event_type file_created = {
    .topic = "File.Created",
    .size = sizeof(struct file_event),
    .fields = content_fields,
};

const quipu_event_type file_changed = {
    .topic = "File.Changed",
    .size = sizeof(struct file_event),
    .fields = content_fields,
};

const quipu_event_type file_renamed = {
    .topic = "File.Renamed",
    .size = sizeof(struct file_event),
    .fields = renamed_fields,
};

const quipu_event_type file_deleted = {
    .topic = "File.Deleted",
    .size = sizeof(struct file_event),
    .fields = deleted_fields,
};

const quipu_event_type *const file_events[FILE_EVENT_COUNT] = {
    &file_created,
    &file_changed,
    &file_renamed,
    &file_deleted,
};

/* ------------------------------------------------------------- aggregate */

/* Handler of all events except deletions, which all state the path, the content
 * and the commit. */
static int on_content(void *aggregate, const void *what, quipu_error *error)
{
    struct file *file = (struct file *)aggregate;
    const struct file_event *event = (const struct file_event *)what;
    int status = quipu_text_set(&file->path, event->path, error);

    if (status == QUIPU_OK) {
        status = quipu_text_set(&file->commit, event->commit, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_text_set(&file->author, event->author, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_text_set(&file->blob, event->blob, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_text_set(&file->mode, event->mode, error);
    }
    file->time = event->base.time;
    file->counted =
        (file->counted || file->base.version == 0) && event->counted;
    file->lines += event->added - event->removed;
    return status;
}

static const quipu_handler handlers[] = {
    { .event = &file_created, .apply = on_content },
    { .event = &file_changed, .apply = on_content },
    { .event = &file_renamed, .apply = on_content },
    { .event = &file_deleted, .discards = true },
    { 0 },
};

static const quipu_field fields[] = {
    QUIPU_FIELD_NULLABLE(struct file, path),
    QUIPU_FIELD_NULLABLE(struct file, commit),
    QUIPU_FIELD_NULLABLE(struct file, author),
    QUIPU_FIELD_NULLABLE(struct file, blob),
    QUIPU_FIELD(struct file, time),
    QUIPU_FIELD_NULLABLE(struct file, mode),
    QUIPU_FIELD(struct file, counted),
    QUIPU_FIELD(struct file, lines),
    { 0 },
};

const quipu_aggregate_type file_type = {
    .name = "File",
    .size = sizeof(struct file),
    .fields = fields,
    .handlers = handlers,
};

/* -------------------------------------------------------------- commands */

/* Checks that a file exists and is at a path.  INVALID. */
static int check_path(const struct file *file, const char *path,
                      quipu_error *error)
{
    if (!file->path) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s: the file is not created yet", path);
    }
    if (strcmp(file->path, path) != 0) {
        return quipu_error_set(error, QUIPU_INVALID, "%s: the file is at %s",
                               path, file->path);
    }
    return QUIPU_OK;
}

int file_create(struct file *file, struct file_event *event, quipu_error *error)
{
    if (file->path) {
        return quipu_error_set(error, QUIPU_INVALID, "%s: the file exists",
                               file->path);
    }
    return quipu_aggregate_trigger(&file->base, &file_created, &event->base,
                                   error);
}

int file_change(struct file *file, struct file_event *event, quipu_error *error)
{
    const int status = check_path(file, event->path, error);

    return status == QUIPU_OK
               ? quipu_aggregate_trigger(&file->base, &file_changed,
                                         &event->base, error)
               : status;
}

int file_rename(struct file *file, struct file_event *event, quipu_error *error)
{
    const int status = check_path(file, event->from, error);

    return status == QUIPU_OK
               ? quipu_aggregate_trigger(&file->base, &file_renamed,
                                         &event->base, error)
               : status;
}

int file_delete(struct file *file, struct file_event *event, quipu_error *error)
{
    const int status = check_path(file, event->path, error);

    return status == QUIPU_OK
               ? quipu_aggregate_trigger(&file->base, &file_deleted,
                                         &event->base, error)
               : status;
}
