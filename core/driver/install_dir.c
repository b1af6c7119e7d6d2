/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds the folder of installed drivers.
 *
 * Security: code is loaded from this folder.  Its path is derived either from
 * the configuration at build time or from the path of the library itself.  A
 * user who can choose the library's file has already chosen the code that runs,
 * so that trusting the folder beside it adds no right.  In a statically linked
 * program, dladdr returns the program's own idea of its name, which a caller
 * with fewer rights can set through argv[0] or a link; hence nothing is derived
 * if AT_SECURE is set.
 *
 * A library that was loaded along a relative entry of LD_LIBRARY_PATH has a
 * relative path, which means another file as soon as the program changes its
 * folder.  The kernel knows the absolute one, whatever the current folder is.
 * A file that was removed has none: its folder may be another one by now.
 */
#include "driver/install_dir.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/driver.h>

#include "driver/search_path.h"

#if QUIPU_DLOPEN
#include <dlfcn.h>
#include <sys/auxv.h>
#endif

#ifndef QUIPU_DRIVER_DIR
#error \
    "QUIPU_DRIVER_DIR must be the folder of installed drivers without the ABI"
#endif

#define TEXT_OF(number) #number
#define DIGITS_OF(macro) TEXT_OF(macro)
#define BELOW_LIBRARIES "/quipu/drivers/" DIGITS_OF(QUIPU_DRIVER_ABI)

static const char built_in[] = QUIPU_DRIVER_DIR "/" DIGITS_OF(QUIPU_DRIVER_ABI);

bool quipu_install_dir_beside(const char *library, char folder[PATH_MAX])
{
    static const char stem[] = "/libquipu.so";
    const char *base = strrchr(library, '/');

    if (library[0] != '/' || !base ||
        strncmp(base, stem, sizeof(stem) - 1) != 0) {
        return false;
    }
    int size = snprintf(folder, PATH_MAX, "%.*s%s", (int)(base - library),
                        library, BELOW_LIBRARIES);
    return size > 0 && size < PATH_MAX;
}

#if QUIPU_DLOPEN
/* Sets `library` to the path of the file that is mapped where this library is;
 * false if there is none, or it was removed. */
static bool find_mapped_file(char library[PATH_MAX])
{
    const uintptr_t here = (uintptr_t)built_in;
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[PATH_MAX + 128]; /* START-END MODE OFFSET DEVICE INODE PATH */
    bool found = false;

    while (maps && !found && fgets(line, sizeof(line), maps)) {
        char *rest;
        uintmax_t start = strtoumax(line, &rest, 16);
        uintmax_t end = *rest == '-' ? strtoumax(rest + 1, &rest, 16) : 0;
        const char *path = strchr(rest, '/');

        if (start <= here && here < end && path) {
            line[strcspn(line, "\n")] = '\0';
            found = snprintf(library, PATH_MAX, "%s", path) < PATH_MAX;
        }
    }
    if (maps) {
        (void)fclose(maps);
    }
    return found && !strstr(library, " (deleted)");
}
#endif

/* Sets `folder` to the folder beside the loaded library; false if there is no
 * library or it must not be trusted (see the head of this file). */
static bool find_beside_library(char folder[PATH_MAX])
{
#if QUIPU_DLOPEN
    char mapped[PATH_MAX];
    Dl_info info;

    if (getauxval(AT_SECURE) != 0 || dladdr(built_in, &info) == 0 ||
        !info.dli_fname) {
        return false;
    }
    if (info.dli_fname[0] == '/') {
        return quipu_install_dir_beside(info.dli_fname, folder);
    }
    return find_mapped_file(mapped) && quipu_install_dir_beside(mapped, folder);
#else
    (void)folder;
    return false;
#endif
}

void quipu_install_dir_find(char folder[PATH_MAX])
{
    char beside[PATH_MAX];

    if (!find_beside_library(beside)) {
        snprintf(folder, PATH_MAX, "%s", built_in);
    } else if (!realpath(beside, folder)) {
        /* The folder does not exist; use its path as it is.  (realpath is for
         * messages without "..".) */
        snprintf(folder, PATH_MAX, "%s", beside);
    }
}
