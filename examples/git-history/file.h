/* SPDX-License-Identifier: Apache-2.0 */
/* The domain: files of a repository, from their creation to their deletion. */
#ifndef FILE_H
#define FILE_H

#include <quipu/quipu.h>

/*
 * The event of a file, in one struct for all four types.  A member that does
 * not apply to a type is NULL or zero: only a renaming has `from`, and a
 * deletion has neither mode nor blob.
 */
struct file_event {
    quipu_event base;
    const char *path;   /* after the event; a text of text_of_path */
    const char *from;   /* path before a renaming */
    const char *commit; /* hash of the commit that did it */
    const char *author; /* of that commit */
    const char *blob;   /* git's id of the content */
    const char *mode;   /* "100644", "100755", "120000" ... */
    bool counted;       /* lines are counted; false for binary content */
    int64_t added;      /* lines */
    int64_t removed;
};

extern const quipu_event_type file_created;
extern const quipu_event_type file_changed;
extern const quipu_event_type file_renamed;
extern const quipu_event_type file_deleted;

/* All four types, for the mapper. */
extern const quipu_event_type *const file_events[];
#define FILE_EVENT_COUNT 4

/* The state of a file after its events. */
struct file {
    quipu_aggregate base;
    char *path;
    char *commit; /* the last one that changed it */
    char *author; /* of that commit */
    char *blob;
    quipu_time time;
    char *mode;
    bool counted;  /* all events have counts, so `lines` is valid */
    int64_t lines; /* number of lines: those added less those removed */
};

extern const quipu_aggregate_type file_type;

/*
 * The commands.  The caller fills in the members of the event, and its time;
 * triggering fills in the rest of its base.
 *
 * INVALID: the file exists already (file_create) or does not exist yet, or its
 * path is not the one that the event names.  NOT_FOUND: it is deleted.
 */
int file_create(struct file *file, struct file_event *event,
                quipu_error *error);
int file_change(struct file *file, struct file_event *event,
                quipu_error *error);
int file_rename(struct file *file, struct file_event *event,
                quipu_error *error);
int file_delete(struct file *file, struct file_event *event,
                quipu_error *error);

#endif
