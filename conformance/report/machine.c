/* SPDX-License-Identifier: Apache-2.0 */
/* Describes the machine of a run. */
#include "machine.h"

#include "context/folder.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#if defined(__GLIBC__)
#include <gnu/libc-version.h>
#endif

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* Decodes the octal escapes of a mount point, "\040" for a space, in place. */
static void decode(char *text)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (*from == '\\' && is_octal(from[1]) && is_octal(from[2]) &&
            is_octal(from[3])) {
            *to++ = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 +
                           from[3] - '0');
            from += 3;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
}

/* Returns true if `path` is a folder or below it. */
static bool contains(const char *folder, const char *path)
{
    size_t length = strlen(folder);

    if (length == 1) {
        return true; /* "/" */
    }
    return strncmp(folder, path, length) == 0 &&
           (path[length] == '/' || path[length] == '\0');
}

void quipu_machine_file_system(const char *mounts, const char *path,
                               char type[static 64])
{
    size_t longest = 0;

    snprintf(type, 64, "unknown");
    for (const char *line = mounts; line && *line;) {
        const char *end = strchrnul(line, '\n');
        char point[PATH_MAX], name[64];
        const char *rest = strstr(line, " - ");

        if (rest && rest < end && sscanf(rest + 3, "%63s", name) == 1 &&
            sscanf(line, "%*s %*s %*s %*s %4095s", point) == 1) {
            decode(point);
            if (contains(point, path) && strlen(point) >= longest) {
                longest = strlen(point);
                snprintf(type, 64, "%s", name);
            }
        }
        line = *end ? end + 1 : end;
    }
}

/* Returns the content of /proc/self/mountinfo, to be freed, or NULL. */
static char *read_mounts(void)
{
    FILE *file = fopen("/proc/self/mountinfo", "re");
    char *text = NULL;
    size_t room = 0;

    if (file) {
        if (getdelim(&text, &room, '\0', file) < 0) {
            free(text);
            text = NULL;
        }
        (void)fclose(file);
    }
    return text;
}

void quipu_machine_describe(struct quipu_machine *machine)
{
    struct utsname names;
    char path[PATH_MAX];
    char *mounts = read_mounts();

    *machine = (struct quipu_machine){ .quipu = QUIPU_VERSION };
    if (uname(&names) == 0) {
        snprintf(machine->kernel, sizeof(machine->kernel), "%.60s %.60s %.60s",
                 names.sysname, names.release, names.machine);
    }
#if defined(__GLIBC__)
    snprintf(machine->libc, sizeof(machine->libc), "glibc %s",
             gnu_get_libc_version());
#endif
    snprintf(machine->folder, sizeof(machine->folder), "%s",
             quipu_folder_parent());
    quipu_machine_file_system(
        mounts, realpath(quipu_folder_parent(), path) ? path : "/",
        machine->file_system);
    free(mounts);
}
