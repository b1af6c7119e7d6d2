/* SPDX-License-Identifier: Apache-2.0 */
/* Resources of this process, as /proc/self shows them. */
#include "usage.h"

#include "context/assertion.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long quipu_usage_memory(void)
{
    FILE *file = fopen("/proc/self/status", "re");
    char line[256];
    long size = -1;

    while (file && size < 0 && fgets(line, sizeof(line), file)) {
        if (strncmp(line, "RssAnon:", 8) == 0) {
            size = strtol(line + 8, NULL, 10);
        }
    }
    if (file) {
        (void)fclose(file);
    }
    if (size < 0) {
        quipu_assertion_skip("/proc/self/status has no RssAnon");
    }
    return size;
}

long quipu_usage_memory_in_use(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
    return quipu_usage_memory();
}

/* Stores the numbers that are the names of a folder; returns how many.  With
 * `self` without the descriptor of the listing itself. */
static size_t list_numbers(const char *folder, bool self,
                           pid_t numbers[static QUIPU_USAGE_THREADS])
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    size_t count = 0;

    CHECK(stream, "cannot list %s", folder);
    while ((entry = readdir(stream))) {
        long number = strtol(entry->d_name, NULL, 10);

        if (entry->d_name[0] != '.' && !(self && number == dirfd(stream)) &&
            count < QUIPU_USAGE_THREADS) {
            numbers[count++] = (pid_t)number;
        }
    }
    closedir(stream);
    return count;
}

size_t quipu_usage_descriptors(void)
{
    pid_t numbers[QUIPU_USAGE_THREADS];

    return list_numbers("/proc/self/fd", true, numbers);
}

size_t quipu_usage_threads(pid_t threads[static QUIPU_USAGE_THREADS])
{
    return list_numbers("/proc/self/task", false, threads);
}
