/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptors that refer to files and folders below the watched folder.
 * Only calls on these are counted, recorded, and made to fail.
 */
#ifndef QUIPU_FAULTS_FILES_H
#define QUIPU_FAULTS_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define FILES_PATH (PATH_MAX + NAME_MAX + 2)

enum file_kind {
    FILE_NONE, /* not below the watched folder */
    FILE_PLAIN,
    FILE_FOLDER
};

struct file {
    enum file_kind kind;
    bool is_synchronous; /* O_DSYNC or O_SYNC: each write is durable */
    uint64_t device, inode;
    char *name; /* of a folder, relative to the watched one; else NULL */
};

/* Sets the watched folder, an absolute path.  To be called once. */
void files_watch(const char *folder);

/* Stores the absolute form of a path in `absolute`.  Returns the part of it
 * that is relative to the watched folder, or NULL if the path is elsewhere. */
const char *files_name(const char *path, char absolute[FILES_PATH]);

/* Adds a descriptor that was opened by `name`; removes one that is closed. */
void files_opened(int fd, const char *name, int flags);
void files_closed(int fd);

/* Returns the file of a descriptor. */
struct file files_of(int fd);

#endif
