/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders that do not outlive their users.  Whoever makes one holds a lock on
 * it as long as he and the children that he has then live; a folder that nobody
 * has locked was left by a process that was killed, and the next run takes it
 * away.
 */
#ifndef QUIPU_FOLDER_H
#define QUIPU_FOLDER_H

/* Where temporary files are. */
const char *quipu_folder_parent(void);

/* A new folder, "parent/name-XXXXXX"; to be freed.  The lock, a descriptor, is
 * to be closed after it was removed.  NULL: it cannot be made; see errno. */
char *quipu_folder_make(const char *parent, const char *name, int *lock);

/* Removes any folder with all that is in it. */
void quipu_folder_remove(const char *folder);

/* Removes those of one's own, "parent/name-XXXXXX", that nobody has locked. */
void quipu_folder_sweep(const char *parent, const char *name);

#endif
