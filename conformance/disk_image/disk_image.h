/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Disk images: the state in which files can be found after a power cut, made
 * from a journal of what was done to them (faults/journal_format.h).
 *
 * The head of disk_image.c describes the method and what it assumes of the file
 * system.
 */
#ifndef QUIPU_DISK_IMAGE_H
#define QUIPU_DISK_IMAGE_H

#include "journal.h"

/* A power cut at one point of a journal.  All paths are absolute. */
struct quipu_power_cut {
    size_t end;    /* index of the first journal record that does not happen */
    uint64_t seed; /* of the random choices: the same seed, the same image */
    /* Folder with the files as they were when the journal began, all durable;
     * NULL: it was empty. */
    const char *base;
    /* The journalled folder as it was at the end of the journal: needed for
     * files that were mapped for writing. */
    const char *disk;
    const char *image; /* folder for the result; must not exist */
};

/* Makes the image of a power cut: creates the folder `cut->image` with the
 * files.  Ends the case on failure. */
void quipu_disk_image_make(const struct quipu_journal *journal,
                           const struct quipu_power_cut *cut);

#endif
