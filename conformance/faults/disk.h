/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that can lose power: what a process did to the files below one folder,
 * and what of it a sync has made durable.
 *
 * Method (after SQLite's src/test6.c, done at the level of libc): every write
 * and truncation is remembered with its file until a sync of that file moves it
 * into a durable copy.  A file's name is durable from the first sync of the
 * file, or of its folder; so are removals and renamings from the next sync of
 * the folder.  When the power is cut, each piece that is not durable is at
 * random applied, dropped, or torn into sectors of which some arrive.
 *
 * Not seen: writes through a shared memory map.  All functions take the lock of
 * the disk themselves.
 */
#ifndef QUIPU_FAULTS_DISK_H
#define QUIPU_FAULTS_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DISK_SECTOR 512

/* Watches the files in a folder; keeps durable copies in another, which is
 * there and empty.  Both are absolute. */
void disk_start(const char *watched, const char *durable, uint64_t seed);

/* Whether a path lies in the folder; only such are told of below. */
bool disk_watches(const char *path);

/* A descriptor was opened; `created` if the name was not there before. */
void disk_opened(int fd, const char *path, bool created);
void disk_closed(int fd);
/* Whether the descriptor belongs to a watched file. */
bool disk_knows(int fd);

void disk_wrote(int fd, const void *data, size_t size, off_t offset);
/* The same with a descriptor whose writes are durable at once (O_DSYNC). */
void disk_wrote_durably(int fd, const void *data, size_t size, off_t offset);
void disk_truncated(int fd, off_t size);
void disk_removed(const char *path);
void disk_renamed(const char *from, const char *to);

/* What a sync does: makes the file of `fd` durable, or the names of the folder
 * if it is one. */
void disk_synced(int fd);

/* Cuts the power: leaves in the image what a disk could hold now. */
void disk_cut(void);

#endif
