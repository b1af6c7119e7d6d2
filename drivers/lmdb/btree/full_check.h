/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of a whole data file that no process has open: a backup.
 *
 * All trees are read with the driver's own reader, which never trusts a page
 * (page.h), and each item is compared with its checksum.  The file must be
 * closed and stay unchanged meanwhile: it is the copy that a backup has made,
 * or the one that a restore is about to put in its place.
 */
#ifndef LMDB_DRIVER_FULL_CHECK_H
#define LMDB_DRIVER_FULL_CHECK_H

#include <quipu/driver.h>

struct full_check {
    const quipu_host *host;
    const char *path;
    const char *name;   /* of the file in messages */
    const char *remedy; /* if it is damaged */
    /* Called now and then; returns false to stop.  May be NULL. */
    bool (*proceed)(void *context);
    void *context;
};

/* CORRUPT: the file is damaged, or no store.  UNSUPPORTED: its format is not
 * known.  TIMEOUT: `proceed` returned false.  DENIED, IO, NO_MEMORY. */
int quipu_lmdb_full_check_run(const struct full_check *check,
                              quipu_error *error);

#endif
