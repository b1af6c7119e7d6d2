/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power cuts, at any point of a journal that quipu-faults.so wrote.
 *
 * Method (after SQLite's src/test6.c and the tools that log the writes to a
 * block device): a write or truncation is pending until a sync of its file.  A
 * name is durable from the first sync of its file, or of its folder; so are
 * removals and renamings from the next sync of the folder.  When the power is
 * cut each piece that is not durable is by chance applied, dropped, or torn:
 * some of its sectors arrive, or only its beginning, to the byte where the file
 * ends.  A sector that was there before is old or new, never a mixture.  After
 * a sync that failed, its pieces have that fate, and no later sync helps.
 *
 * Of a file that was mapped to be written, any sector may be as it was last.
 */
#ifndef QUIPU_REPLAY_H
#define QUIPU_REPLAY_H

#include "journal.h"

struct quipu_cut {
    size_t end;        /* the first record that does not happen */
    uint64_t seed;     /* of chance */
    const char *base;  /* what the folder held at the beginning, or NULL */
    const char *disk;  /* the folder as it was at the end of the journal */
    const char *image; /* a folder, made here: what the cut leaves */
};

void quipu_journal_cut(const struct quipu_journal *journal,
                       const struct quipu_cut *cut);

#endif
