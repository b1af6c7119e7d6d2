/* SPDX-License-Identifier: Apache-2.0 */
/* Which descriptors belong to files below the watched folder. */
#ifndef QUIPU_FAULTS_FILES_H
#define QUIPU_FAULTS_FILES_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define FILES_PATH (PATH_MAX + NAME_MAX + 2)

enum file_kind { FILE_NONE, FILE_PLAIN, FILE_FOLDER };

struct file {
    enum file_kind kind;
    bool is_synchronous; /* O_DSYNC or O_SYNC: what is written is durable */
    uint64_t device, inode;
    char *name; /* of a folder, relative to the watched one */
};

/* The folder, absolute. */
void files_watch(const char *folder);

/* Makes a path absolute; the name relative to the folder in it, or NULL if it
 * lies elsewhere. */
const char *files_name(const char *path, char absolute[FILES_PATH]);

/* A descriptor was opened, or is to be closed. */
void files_opened(int fd, const char *name, int flags);
void files_closed(int fd);

/* What a descriptor is; kind FILE_NONE: not ours. */
struct file files_of(int fd);

#endif
