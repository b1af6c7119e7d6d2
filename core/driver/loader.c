/* SPDX-License-Identifier: Apache-2.0 */
/* Loads modules. */
#include "driver/loader.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "driver/table.h"

#if QUIPU_DLOPEN
#include <dlfcn.h>
#endif

/* Of a path so much is shown that there is room for what is wrong with it. */
#define FOUND "found %.300s, but "

static int refuse_errno(const char *file, int code, quipu_error *error)
{
    char text[QUIPU_SYSTEM_TEXT_SIZE];

    return quipu_error_set_native(error, QUIPU_UNSUPPORTED, code, NULL,
                                  "cannot use %.300s: %s", file,
                                  quipu_error_system_text(code, text));
}

int quipu_loader_probe(const char *file, quipu_error *error)
{
    struct stat info;

    if (lstat(file, &info) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return quipu_error_set(error, QUIPU_NOT_FOUND, "no such file");
        }
        return refuse_errno(file, errno, error);
    }
    if (stat(file, &info) != 0) {
        if (errno == ENOENT) {
            return quipu_error_set(error, QUIPU_UNSUPPORTED,
                                   FOUND "it is a symbolic link to nothing",
                                   file);
        }
        return refuse_errno(file, errno, error);
    }
    if (!S_ISREG(info.st_mode)) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               FOUND "it is not a file", file);
    }
    return QUIPU_OK;
}

#if QUIPU_DLOPEN

static int adopt(const char *file, void *symbol, quipu_driver *table,
                 quipu_error *error)
{
    quipu_driver_entry_fn entry;
    quipu_error why;

    /* POSIX promises that this works; ISO C has no cast for it. */
    memcpy(&entry, &symbol, sizeof(entry));
    if (quipu_table_adopt(table, entry(), &why) != QUIPU_OK) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED, FOUND "%s", file,
                               why.message);
    }
    return QUIPU_OK;
}

#endif

/*
 * Loads a module for ever: a library that it brings in may have left handlers
 * for the ends of threads, and errors and tables of it live on.  All of its
 * symbols must be there now, rather than be missed in the middle of its work,
 * and none of them is lent to other modules.
 */
static int load_file(const char *file, quipu_driver *table, quipu_error *error)
{
#if QUIPU_DLOPEN
    void *module = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void *symbol;
    int status;

    if (!module) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               FOUND "it cannot be loaded: %s", file,
                               dlerror());
    }
    symbol = dlsym(module, "quipu_driver_entry");
    if (!symbol) {
        status = quipu_error_set(error, QUIPU_UNSUPPORTED,
                                 FOUND "it is no driver: it exports no "
                                       "quipu_driver_entry",
                                 file);
    } else {
        status = adopt(file, symbol, table, error);
    }
    if (status != QUIPU_OK) {
        dlclose(module);
    }
    return status;
#else
    (void)table;
    return quipu_error_set(error, QUIPU_UNSUPPORTED,
                           FOUND "this quipu is built without loading", file);
#endif
}

/* Where a driver was looked for in vain, as text with a limit. */
struct places {
    char text[700];
    size_t size;
    unsigned more; /* those for which there was no room */
};

static void add_place(struct places *places, const char *place,
                      const char *remark)
{
    size_t room = sizeof(places->text) - places->size;
    int size =
        snprintf(places->text + places->size, room, "%s%s%s%s%s",
                 places->size > 0 ? ", " : "", *place ? place : "\"\"",
                 remark ? " (" : "", remark ? remark : "", remark ? ")" : "");

    if (size < 0 || (size_t)size >= room) {
        places->text[places->size] = '\0';
        places->more++;
        return;
    }
    places->size += (size_t)size;
}

static int report_places(const char *scheme, const struct places *places,
                         quipu_error *error)
{
    char more[40] = "";

    if (places->more > 0) {
        snprintf(more, sizeof(more), " and %u more", places->more);
    }
    return quipu_error_set(error, QUIPU_NOT_FOUND,
                           "no driver for \"%s\": looked for %s%s; install "
                           "it, or name its folder in QUIPU_DRIVER_PATH",
                           scheme, places->text, more);
}

int quipu_loader_load(const char *scheme, quipu_driver *table,
                      char place[PATH_MAX], quipu_error *error)
{
    struct places places = { .size = 0 };
    quipu_path path;

    if (!QUIPU_DLOPEN) {
        return quipu_error_set(error, QUIPU_NOT_FOUND,
                               "no driver for \"%s\" is linked in, and this "
                               "quipu is built without loading",
                               scheme);
    }
    quipu_path_begin(&path);
    while (quipu_path_next(&path)) {
        int status;

        if (path.ignored) {
            add_place(&places, path.folder, path.ignored);
            continue;
        }
        quipu_path_file(&path, scheme, place);
        status = quipu_loader_probe(place, error);
        if (status == QUIPU_OK) {
            return load_file(place, table, error);
        }
        if (status != QUIPU_NOT_FOUND) {
            return status;
        }
        add_place(&places, place, NULL);
    }
    return report_places(scheme, &places, error);
}
