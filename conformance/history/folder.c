/* SPDX-License-Identifier: Apache-2.0 */
/* Where histories are recorded, and kept when they convict. */
#include "folder.h"
#include "context/assertion.h"
#include "context/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORDING "quipu-recording"
#define KEPT "quipu-history"

/* Of the folder of this process: it records one history at a time. */
static int lock = -1;

/* The user's, that of temporary files, or the usual one. */
static const char *parent(void)
{
    const char *wish = getenv(QUIPU_HISTORY_FOLDER_VARIABLE);

    return wish && *wish ? wish : quipu_folder_parent();
}

char *quipu_history_folder_make(void)
{
    char *folder = quipu_folder_make(parent(), RECORDING, &lock);

    CHECK(folder, "in %s: %s", parent(), strerror(errno));
    return folder;
}

void quipu_history_folder_remove(char *folder)
{
    quipu_folder_remove(folder);
    close(lock);
    free(folder);
}

void quipu_history_folder_sweep(void)
{
    quipu_folder_sweep(parent(), RECORDING);
}

void quipu_history_folder_keep(char *folder)
{
    const char *wish = getenv(QUIPU_HISTORY_FOLDER_VARIABLE);
    char *kept;

    if (wish && !*wish) {
        quipu_history_folder_remove(folder);
        return;
    }
    CHECK(asprintf(&kept, "%s/" KEPT "%s", parent(), strrchr(folder, '-')) > 0,
          "no memory for a folder's name");
    CHECK(rename(folder, kept) == 0, "%s: %s", kept, strerror(errno));
    close(lock);
    dprintf(STDERR_FILENO, "the history is kept in %s: see --check-history\n",
            kept);
    free(kept);
    free(folder);
}
