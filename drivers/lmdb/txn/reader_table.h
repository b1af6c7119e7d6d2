/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of LMDB's reader table, lock.mdb, before LMDB maps it: it gets its
 * blocks on the disk, and loses the slots of a dead process that had the number
 * of this one.
 *
 * LMDB makes the file longer without writing to it, and maps it.  On a full
 * disk, the first access to a page of the map that has no block ends the
 * process by SIGBUS, which a library must not do.  reader_table.c says why the
 * file is never made longer while another process uses it.
 *
 * Slots of a process that was killed are freed when another one finds that no
 * process has its number and the store open (mdb_reader_check).  If the number
 * has been given to a process that has the store open, such a slot looks like
 * one of its own, for ever: LMDB then reuses no page that the dead transaction
 * has seen, and the file grows with each commit.
 */
#ifndef LMDB_DRIVER_READER_TABLE_H
#define LMDB_DRIVER_READER_TABLE_H

#include <quipu/driver.h>

/*
 * Allocates the file's blocks, frees slots that have the number of this
 * process, and creates the file if it is missing.
 *
 * Call it before LMDB opens the environment, while no other process opens it
 * (the open lock of the lock file is held), and while this process does not
 * have it open: a POSIX lock of the process on the file is released.
 *
 * `folder` is the store's; `readers` is the option maxreaders.  A process that
 * may not write the file, or whose file system cannot allocate, does without.
 * IO: the disk is full.  INVALID: as below.
 */
int quipu_lmdb_reader_table_prepare(const quipu_host *host, const char *folder,
                                    unsigned readers, quipu_error *error);

/*
 * Checks that the file, if it exists, may be left to LMDB.  INVALID: it is
 * another program's.  The same conditions apply to the call; it changes
 * nothing.
 */
int quipu_lmdb_reader_table_check(const quipu_host *host, const char *folder,
                                  quipu_error *error);

#endif
