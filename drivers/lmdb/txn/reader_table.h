/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of LMDB's reader table, lock.mdb: it gets its blocks on the disk
 * before LMDB maps it.
 *
 * LMDB makes the file longer without writing to it, and maps it.  On a full
 * disk, the first access to a page of the map that has no block ends the
 * process by SIGBUS, which a library must not do.  reader_table.c says why the
 * file is never made longer while another process uses it.
 */
#ifndef LMDB_DRIVER_READER_TABLE_H
#define LMDB_DRIVER_READER_TABLE_H

#include <quipu/driver.h>

/*
 * Allocates the file's blocks, and creates the file if it is missing.
 *
 * Call it before LMDB opens the environment, while no other process opens it
 * (the open lock of the lock file is held), and while this process does not
 * have it open: a POSIX lock of the process on the file is released.
 *
 * `folder` is the store's; `readers` is the option maxreaders.  A process that
 * may not write the file, or whose file system cannot allocate, does without.
 * IO: the disk is full.
 */
int quipu_lmdb_reader_table_allocate(const quipu_host *host, const char *folder,
                                     unsigned readers, quipu_error *error);

#endif
