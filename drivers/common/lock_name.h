/* SPDX-License-Identifier: Apache-2.0 */
/* The name `<database>-quipu` of a lock file: recognising the file that has it,
 * and giving it to a new one.
 *
 * The invariants that are cited are those of lock_file.c.
 *
 * A new lock file is created without a name (O_TMPFILE), written, synced, and
 * then given its name. So it is complete whenever the name exists, also after a
 * power cut, and a file that is not complete is not a lock file. A file system
 * that cannot do that gets an empty file that is then written; a process that
 * is killed in between leaves a file that has to be removed by hand.
 *
 * No function follows a symbolic link in place of the file. */
#ifndef QUIPU_DRIVERS_COMMON_LOCK_NAME_H
#define QUIPU_DRIVERS_COMMON_LOCK_NAME_H

#include "lock_page.h"

/* Creates the file. Returns 0 or an errno: EEXIST if a file has the name. */
int quipu_common_lock_name_create(const char *path,
                                  const struct lock_file_target *target);

/* Returns true if the path leads to the open file (INV4). */
bool quipu_common_lock_name_leads_to(int fd, const char *path);

/* Says what has the name: 1 if it is a lock file, 0 if it is something else, -1
 * if there is nothing, or it cannot be read. The caller's process must not hold
 * locks of fcntl (F_SETLK) on the file: closing it here would release them. */
int quipu_common_lock_name_recognise(const char *path);

#endif
