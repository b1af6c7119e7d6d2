/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Temporary folders that do not outlive their users.
 *
 * A folder "parent/name-XXXXXX" belongs to the process that created it, and to
 * the children that inherited its lock: an flock on the folder itself, which
 * the kernel releases when the last of them ends.  A folder that is not locked
 * was left behind by a killed process, and quipu_folder_sweep removes it.
 *
 * On a file system without flock folders are not locked, and never swept.
 */
#ifndef QUIPU_FOLDER_H
#define QUIPU_FOLDER_H

/* Returns the parent of temporary folders: $TMPDIR if that is an absolute path,
 * else "/tmp". */
const char *quipu_folder_parent(void);

/* Creates and locks a folder.  Returns its path, to be freed, or NULL; stores
 * the descriptor that holds the lock, to be closed after the folder is removed,
 * in `lock`. */
char *quipu_folder_make(const char *parent, const char *name, int *lock);

/* Removes a folder, which need not be one made here, with all its content. */
void quipu_folder_remove(const char *folder);

/* Removes the caller's folders "parent/name-XXXXXX" that no process has locked.
 */
void quipu_folder_sweep(const char *parent, const char *name);

#endif
