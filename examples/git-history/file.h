/* SPDX-License-Identifier: Apache-2.0 */
/* The domain: a file in a repository, from its creation to its deletion. */
#ifndef FILE_H
#define FILE_H

#include <quipu/quipu.h>

/*
 * What can happen to a file.  All four events say which commit did it, and
 * some leave members NULL or zero that say nothing there: `from` is of a
 * renaming only, and a deletion has neither mode nor blob.
 */
struct file_event {
    quipu_event base;
    const char *path; /* after the event; as path_to_text writes it */
    const char *from; /* before a renaming */
    const char *commit;
    const char *author;
    const char *blob; /* git's id of the content */
    const char *mode; /* "100644", "100755", "120000" ... */
    bool counted;     /* lines are counted; not so in binary files */
    int64_t added;
    int64_t removed;
};

extern const quipu_event_type file_created;
extern const quipu_event_type file_changed;
extern const quipu_event_type file_renamed;
extern const quipu_event_type file_deleted;

/* All four, for mappers. */
extern const quipu_event_type *const file_events[];
#define FILE_EVENT_COUNT 4

/* A file as its events have made it. */
struct file {
    quipu_aggregate base;
    char *path;
    char *commit; /* the last one that touched it */
    char *author; /* its author */
    char *blob;
    quipu_time time;
    char *mode;
    bool counted;  /* no event was without a count */
    int64_t lines; /* then: sum of lines added less those removed */
};

extern const quipu_aggregate_type file_type;

/*
 * Commands.  The event's members say what happened; its base is filled in.
 * NOT_FOUND: the file is deleted.  INVALID: the file exists already, does not
 * yet, or has not the path that the event says.
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
