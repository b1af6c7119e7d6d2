/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Format of the journal: the operations of all processes on the files below one
 * folder, in one order.  quipu-faults.so writes it, and the suite makes disk
 * images from it (disk_image/disk_image.c).
 *
 * A record is a struct journal_record, its names, each NUL-terminated, and its
 * data.  Names are relative to the folder; "" is the folder itself.  Records
 * are not aligned.
 */
#ifndef QUIPU_FAULTS_JOURNAL_FORMAT_H
#define QUIPU_FAULTS_JOURNAL_FORMAT_H

#include <stdint.h>

enum journal_kind {
    JOURNAL_OPEN = 1,    /* name: an existing file was opened */
    JOURNAL_CREATE,      /* name: a new, empty file was created; no name, if it
                            has none yet (O_TMPFILE) */
    JOURNAL_WRITE,       /* data was written at the offset */
    JOURNAL_STORE,       /* the same, and it is durable (O_DSYNC, msync) */
    JOURNAL_TRUNCATE,    /* the file was truncated or extended to the offset */
    JOURNAL_SYNC,        /* the whole file is durable */
    JOURNAL_SYNC_FOLDER, /* name: the names in the folder are durable */
    JOURNAL_SYNC_FAILED, /* data of this sync may be lost */
    JOURNAL_MAP,         /* the file was mapped for writing */
    JOURNAL_REMOVE,      /* name */
    JOURNAL_RENAME,      /* name, and the new name */
    JOURNAL_LINK,        /* name: an open file was given it */
    JOURNAL_MARK         /* writer `device` has made `offset` appends */
};

struct journal_record {
    uint32_t kind;          /* enum journal_kind */
    uint32_t names_size;    /* bytes of all names, with their NULs */
    uint64_t device, inode; /* identify the file */
    int64_t offset;
    uint64_t data_size;
};

#endif
