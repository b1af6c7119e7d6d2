/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first look at a data file, before LMDB sees it.
 *
 * LMDB makes a lock file beside whatever it opens, trusts what it reads, and
 * ends the process by an assertion or SIGBUS where that is damaged.  So a file
 * is looked at with plain reads first: whether it is LMDB's, whole, and a
 * store.
 */
#ifndef LMDB_DRIVER_PROBE_H
#define LMDB_DRIVER_PROBE_H

#include <quipu/driver.h>

struct probe {
    size_t page; /* bytes of one */
    size_t used; /* bytes of the file that are in use */
};

/* CORRUPT: no LMDB file, a damaged one, or not quipu's.  UNSUPPORTED: of
 * another format.  DENIED, IO, NO_MEMORY. */
int quipu_lmdb_probe(const quipu_host *host, const char *path,
                     struct probe *found, quipu_error *error);

#endif
