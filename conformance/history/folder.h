/* SPDX-License-Identifier: Apache-2.0 */
/* Where histories are recorded, and kept when they convict. */
#ifndef QUIPU_HISTORY_FOLDER_H
#define QUIPU_HISTORY_FOLDER_H

#include <stdbool.h>

/* The environment variable that names the folder in which they are kept; an
 * empty one has none kept, and without it they are, where temporary files
 * are. */
#define QUIPU_HISTORY_FOLDER_VARIABLE "QUIPU_HISTORIES"

/* A new folder, to be freed by one of the next two; what cannot be made ends
 * the case. */
char *quipu_history_folder_make(void);
void quipu_history_folder_remove(char *folder);
/* Removes those of processes that were killed before they could judge. */
void quipu_history_folder_sweep(void);
/* Leaves it where it is to be kept, if it is, and says so on standard error. */
void quipu_history_folder_keep(char *folder);

#endif
