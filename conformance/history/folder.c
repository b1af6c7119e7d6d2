/* SPDX-License-Identifier: Apache-2.0 */
/* Where histories are recorded, and kept when they convict. */
#include "folder.h"
#include "trial/check.h"
#include "trial/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The user's, that of temporary files, or the usual one. */
static const char *parent(void)
{
    const char *wish = getenv(QUIPU_HISTORY_FOLDER_VARIABLE);
    const char *temporary = getenv("TMPDIR");

    if (wish && *wish) {
        return wish;
    }
    return temporary && *temporary == '/' ? temporary : "/tmp";
}

char *quipu_history_folder_make(void)
{
    char *folder;

    CHECK(asprintf(&folder, "%s/quipu-history-XXXXXX", parent()) > 0,
          "no memory for a folder's name");
    CHECK(mkdtemp(folder), "%s: %s", folder, strerror(errno));
    return folder;
}

void quipu_history_folder_remove(char *folder)
{
    quipu_folder_remove(folder);
    free(folder);
}

void quipu_history_folder_keep(char *folder)
{
    const char *wish = getenv(QUIPU_HISTORY_FOLDER_VARIABLE);

    if (wish && !*wish) {
        quipu_history_folder_remove(folder);
        return;
    }
    dprintf(STDERR_FILENO, "the history is kept in %s: see --check-history\n",
            folder);
    free(folder);
}
