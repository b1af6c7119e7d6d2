/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of a data file before LMDB opens it.
 *
 * LMDB makes a lock file beside whatever it opens, trusts what it reads, and
 * ends the process by an assertion or SIGBUS where the file is damaged or cut
 * off.  So the driver first maps the file for reading and checks with its own
 * reader (page_cursor.c) that it is LMDB's, complete, and a store.  A file that
 * is refused is not changed, and no file is made beside it.
 */
#ifndef LMDB_DRIVER_FILE_CHECK_H
#define LMDB_DRIVER_FILE_CHECK_H

#include <quipu/driver.h>

struct file_check {
    const quipu_host *host;
    const char *path; /* of the data file */
    /* Results, for the options with which LMDB opens the file. */
    size_t page_size; /* bytes */
    size_t used;      /* bytes up to the highest page in use */
};

/* Checks the file at check->path and fills in the results.  CORRUPT: no LMDB
 * file, a damaged one, or not a store of quipu.  UNSUPPORTED: a newer format.
 * BUSY: it grew at
 * each attempt.  DENIED, IO, NO_MEMORY. */
int quipu_lmdb_file_check_run(struct file_check *check, quipu_error *error);

#endif
