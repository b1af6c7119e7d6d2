/* SPDX-License-Identifier: Apache-2.0 */
/* Finds the folder of installed drivers. */
#include "driver/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/driver.h>

#include "driver/path.h"

#if QUIPU_DLOPEN
#include <dlfcn.h>
#include <sys/auxv.h>
#endif

#ifndef QUIPU_DRIVER_DIR
#error "QUIPU_DRIVER_DIR is the folder of installed drivers, less the ABI"
#endif

#define TEXT_OF(number) #number
#define DIGITS_OF(macro) TEXT_OF(macro)
#define BELOW_LIBRARIES "/quipu/drivers/" DIGITS_OF(QUIPU_DRIVER_ABI)

static const char built_in[] = QUIPU_DRIVER_DIR "/" DIGITS_OF(QUIPU_DRIVER_ABI);

bool quipu_home_beside(const char *library, char folder[PATH_MAX])
{
    static const char stem[] = "/libquipu.so";
    const char *base = strrchr(library, '/');
    int size;

    if (library[0] != '/' || !base ||
        strncmp(base, stem, sizeof(stem) - 1) != 0) {
        return false;
    }
    size = snprintf(folder, PATH_MAX, "%.*s%s", (int)(base - library), library,
                    BELOW_LIBRARIES);
    return size > 0 && size < PATH_MAX;
}

/*
 * Whoever chose the library's file has chosen the code that runs, so that the
 * folder beside it is trusted no more than that.  In a program that is linked
 * statically the file's name is the program's own idea of its name, which a
 * caller with fewer rights could have made up: hence AT_SECURE.
 */
static bool find_beside_library(char folder[PATH_MAX])
{
#if QUIPU_DLOPEN
    Dl_info info;

    return getauxval(AT_SECURE) == 0 && dladdr(built_in, &info) != 0 &&
           info.dli_fname && quipu_home_beside(info.dli_fname, folder);
#else
    (void)folder;
    return false;
#endif
}

void quipu_home_folder(char folder[PATH_MAX])
{
    char beside[PATH_MAX];

    if (!find_beside_library(beside)) {
        snprintf(folder, PATH_MAX, "%s", built_in);
    } else if (!realpath(beside, folder)) { /* messages without ".." */
        snprintf(folder, PATH_MAX, "%s", beside);
    }
}
