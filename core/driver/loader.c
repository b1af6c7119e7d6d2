/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads drivers by dlopen.
 *
 * A connection URI decides which code runs in the process, and may come from a
 * configuration that others can write.  The security of loading rests on these
 * invariants:
 *
 * INV1  A file name is built only from a valid scheme, [a-z][a-z0-9-]{0,30}
 *       (base/uri.h).  It has no '/' and no '.', so that no URI can lead out of
 *       the folders of the search path.
 * INV2  Folders are absolute: entries of QUIPU_DRIVER_PATH, which is ignored in
 *       set-user-id programs, and the folder of installed drivers
 *       (search_path.c, install_dir.c).  dlopen gets a path with a '/', and
 *       therefore never searches LD_LIBRARY_PATH or the system's folders.
 * INV3  The policy of the program is consulted before a file is looked for
 *       (drivers.c, registry.c).
 * INV4  A file that exists but cannot be used ends the search.  An attacker or
 *       an accident that breaks a driver cannot make another one be used.
 * INV5  A driver is used only if it exports quipu_driver_entry and its table is
 *       complete and of this ABI (vtable.c).
 *
 * The constructors of a shared object run inside dlopen, before INV5 can be
 * checked.  The folders of the search path must therefore be writable only by
 * users who may choose the code of the process.
 *
 * Shared objects are opened with
 *   RTLD_NOW       undefined symbols are reported at once, not in the middle of
 *                  an operation;
 *   RTLD_LOCAL     their symbols do not resolve references of other drivers;
 *   RTLD_NODELETE  they stay until the process ends.  A library that a driver
 *                  brings along may have registered destructors of threads, and
 *                  tables and texts of the driver remain in use.
 */
#include "driver/loader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "driver/vtable.h"

#if QUIPU_DLOPEN
#include <dlfcn.h>
#endif

/* Paths are cut in messages, so that the reason after them has room. */
#define FOUND "found %.300s, but "

/* Sets UNSUPPORTED for a system error. */
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

/* Returns true if a file cannot be opened for want of a descriptor: dlerror has
 * nothing but words. */
static bool has_no_descriptor(const char *file)
{
    const int fd = open(file, O_RDONLY | O_CLOEXEC);
    const bool none = fd < 0 && (errno == EMFILE || errno == ENFILE);

    if (fd >= 0) {
        (void)close(fd);
    }
    return none;
}

/* Calls the driver's entry and copies its table (INV5). */
static int adopt(const char *file, void *symbol, quipu_driver *table,
                 quipu_error *error)
{
    quipu_driver_entry_fn entry;
    quipu_error why;

    /* POSIX guarantees that a symbol's address is that of the function; ISO C
     * has no conversion from an object pointer, hence memcpy. */
    memcpy(&entry, &symbol, sizeof(entry));
    if (quipu_vtable_adopt(table, entry(), &why) != QUIPU_OK) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED, FOUND "%s", file,
                               why.message);
    }
    return QUIPU_OK;
}

#endif

/* Opens the shared object, for the rest of the process's life, and gets its
 * table. */
static int load_file(const char *file, quipu_driver *table, quipu_error *error)
{
#if QUIPU_DLOPEN
    void *module = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    void *symbol;
    int status;

    if (!module) {
        if (has_no_descriptor(file)) {
            return quipu_error_set(error, QUIPU_IO,
                                   FOUND "the process has too many files open; "
                                         "close some, or raise ulimit -n",
                                   file);
        }
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

/* The locations that were searched without success, as a list for the
 * message. */
struct searched {
    char text[700];
    size_t size;
    unsigned more; /* number of locations that did not fit into `text` */
};

static void add_location(struct searched *searched, const char *location,
                         const char *remark)
{
    size_t room = sizeof(searched->text) - searched->size;
    int size =
        snprintf(searched->text + searched->size, room, "%s%s%s%s%s",
                 searched->size > 0 ? ", " : "", *location ? location : "\"\"",
                 remark ? " (" : "", remark ? remark : "", remark ? ")" : "");

    if (size < 0 || (size_t)size >= room) {
        searched->text[searched->size] = '\0';
        searched->more++;
        return;
    }
    searched->size += (size_t)size;
}

static int report_not_found(const char *scheme, const struct searched *searched,
                            quipu_error *error)
{
    char more[40] = "";

    if (searched->more > 0) {
        snprintf(more, sizeof(more), " and %u more", searched->more);
    }
    return quipu_error_set(error, QUIPU_NOT_FOUND,
                           "no driver for \"%s\": looked for %s%s; install "
                           "it, or name its folder in QUIPU_DRIVER_PATH",
                           scheme, searched->text, more);
}

int quipu_loader_load(const char *scheme, quipu_driver *table,
                      char file[PATH_MAX], quipu_error *error)
{
    struct searched searched = { .size = 0 };
    quipu_search_path path;

    if (!QUIPU_DLOPEN) {
        return quipu_error_set(error, QUIPU_NOT_FOUND,
                               "no driver for \"%s\" is linked in, and this "
                               "quipu is built without loading",
                               scheme);
    }
    quipu_search_path_begin(&path);
    while (quipu_search_path_next(&path)) {
        int status;

        if (path.ignored) {
            add_location(&searched, path.folder, path.ignored);
            continue;
        }
        quipu_search_path_file(&path, scheme, file); /* INV1, INV2 */
        status = quipu_loader_probe(file, error);
        if (status == QUIPU_OK) {
            return load_file(file, table, error);
        }
        if (status != QUIPU_NOT_FOUND) {
            return status; /* INV4 */
        }
        add_location(&searched, file, NULL);
    }
    return report_not_found(scheme, &searched, error);
}
