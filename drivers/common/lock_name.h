/* SPDX-License-Identifier: Apache-2.0 */
/* The name `<database>-quipu` of a lock file: recognising the file that has it,
 * and giving it to a new one.
 *
 * The invariants that are cited are those of lock_file.c.
 *
 * A new lock file is created without a name (O_TMPFILE), written, synced, and
 * then given its name. So it is complete whenever the name exists, also after a
 * power cut, and a file that is not complete is not a lock file. On a file
 * system that cannot do that, the file is created as `<database>-quipu-tmp`,
 * locked, written, and renamed. A file that a killed process left under that
 * name is used by the next one.
 *
 * No function follows a symbolic link in place of the file. */
#ifndef QUIPU_DRIVERS_COMMON_LOCK_NAME_H
#define QUIPU_DRIVERS_COMMON_LOCK_NAME_H

#include "lock_page.h"

/* Added to the name of a lock file that is not complete yet. */
#define LOCK_NAME_TEMPORARY "-tmp"

/* Creates the file. Returns 0 or an errno. EEXIST: a file has the name. EAGAIN:
 * another process is creating it. ENOTUNIQ: another program's file has the
 * temporary name. */
int quipu_common_lock_name_create(const char *path,
                                  const struct lock_file_target *target);

/* Returns true if the path leads to the open file (INV4). */
bool quipu_common_lock_name_leads_to(int fd, const char *path);

/* Says what has the name: 1 if it is a lock file, 0 if it is something else, -1
 * if there is nothing, or it cannot be read. The caller's process must not hold
 * locks of fcntl (F_SETLK) on the file: closing it here would release them. */
int quipu_common_lock_name_recognise(const char *path);

#endif
