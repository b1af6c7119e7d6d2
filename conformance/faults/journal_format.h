/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: what processes did to the files below one folder, in one order
 * for all of them.  quipu-faults.so writes it; the suite replays its beginning
 * as far as it likes, and so cuts the power there (see replay.h).
 *
 * A record is a struct journal_record, then its names, each NUL-terminated,
 * then its data.  Names are relative to the folder; "" is the folder itself.
 */
#ifndef QUIPU_FAULTS_JOURNAL_FORMAT_H
#define QUIPU_FAULTS_JOURNAL_FORMAT_H

#include <stdint.h>

enum journal_kind {
    JOURNAL_OPEN = 1,    /* name: leads to the file */
    JOURNAL_CREATE,      /* name: leads to the file, which is new and empty */
    JOURNAL_WRITE,       /* data at the offset */
    JOURNAL_STORE,       /* the same, and durable (O_DSYNC, msync) */
    JOURNAL_TRUNCATE,    /* the file ends at the offset */
    JOURNAL_SYNC,        /* all of the file is durable */
    JOURNAL_SYNC_FOLDER, /* name: its names are durable */
    JOURNAL_SYNC_FAILED, /* what was to be durable may be lost for good */
    JOURNAL_MAP,         /* mapped to be written: see replay.h */
    JOURNAL_REMOVE,      /* name */
    JOURNAL_RENAME,      /* name, and the new name */
    JOURNAL_MARK /* quipu_fault_journal_mark: number `device` is at `offset` */
};

struct journal_record {
    uint32_t kind; /* enum journal_kind */
    uint32_t names_size;
    uint64_t device, inode; /* the file */
    int64_t offset;
    uint64_t data_size;
};

#endif
