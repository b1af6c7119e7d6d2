/* SPDX-License-Identifier: Apache-2.0 */
/* Files that have the names of those that SQLite and the driver keep beside a
 * database.
 *
 * SQLite takes "x-journal", "x-wal" and "x-shm" for its own files. It rolls a
 * journal back and removes it, and overwrites the others, whatever they hold.
 * So before `x` is opened, a file of such a name is looked at. It is left to
 * SQLite if it is empty or begins with what SQLite writes there, or with
 * zeros, as after a power cut. Any other file is somebody's, perhaps another
 * store, and `x` is refused. The lock file is looked at in the same way.
 *
 * The other way round, no store is created under the name of a file that would
 * belong to another one.
 *
 * INV1  To close a descriptor of a file releases all locks of fcntl that the
 *       process has on it. SQLite has such locks on databases and on "-shm"
 *       files. So a file is opened here only if no store of this process has it
 *       open, and a "-shm" only if the database is empty or missing; otherwise
 *       only its size is checked. */
#include "common/lock_name.h"
#include "common/safeguard.h"
#include "sqlite.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A "-shm" has less while it is begun, and otherwise a multiple of it: SQLite
 * extends it by 4096 bytes, and a power cut may leave any sectors of that. */
#define SHM_UNIT 512
#define PATH_ROOM 520

struct neighbour {
    const char *suffix;
    unsigned char magic[4]; /* the first bytes that SQLite writes */
    unsigned char ignored;  /* bits of the last of them that vary */
};

static const struct neighbour neighbours[] = {
    { "-journal", { 0xd9, 0xd5, 0x05, 0xf9 }, 0 },
    { "-wal", { 0x37, 0x7f, 0x06, 0x82 }, 1 },
    { "-shm", { 0x18, 0xe2, 0x2d, 0x00 }, 0 }, /* 3007000 in 32 bits */
};

/* Returns true if the file begins as one of SQLite's. */
static bool begins_well(const char *path, const struct neighbour *neighbour)
{
    unsigned char bytes[8] = { 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0) {
        return true; /* SQLite will tell */
    }
    ssize_t size = pread(fd, bytes, sizeof(bytes), 0);
    (void)close(fd);
    size_t same = 0;
    while (same < 4 && ((bytes[same] ^ neighbour->magic[same]) &
                        ~(same == 3 ? neighbour->ignored : 0)) == 0) {
        same++;
    }
    /* A power cut may have written only some of the first bytes. */
    bool is_torn = true;
    for (size_t i = same; i < sizeof(bytes); i++) {
        is_torn = is_torn && bytes[i] == 0;
    }
    return size <= 0 || same == 4 || is_torn;
}

static bool is_sqlites(const char *path, const struct neighbour *neighbour,
                       bool database_is_empty)
{
    struct stat info;

    if (lstat(path, &info) != 0) {
        return true;
    }
    if (!S_ISREG(info.st_mode) || quipu_sqlite_file_is_open(&info)) {
        return false;
    }
    if (info.st_size == 0) {
        return true;
    }
    if (strcmp(neighbour->suffix, "-shm") == 0 && !database_is_empty) {
        return info.st_size < SHM_UNIT || info.st_size % SHM_UNIT == 0;
    }
    return begins_well(path, neighbour);
}

static int refuse_foreign(const quipu_host *host, const char *path,
                          const char *name, quipu_error *error)
{
    return host->error_set(
        error, QUIPU_INVALID, 0, NULL,
        "\"%s\" is not a file of the database \"%s\", and SQLite would "
        "overwrite or remove it; rename one of the two",
        name, path);
}

/* Returns INVALID if the path is the name of a file that another database has
 * beside it: a new store, a lock file, or, while this process has the other
 * database open, any. */
static int check_own_name(const quipu_host *host, const char *path, bool is_new,
                          quipu_error *error)
{
    static const char *const suffixes[] = { "-journal", "-wal", "-shm",
                                            "-quipu" };

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        const size_t size = strlen(path);
        const size_t tail = strlen(suffixes[i]);
        char base[PATH_ROOM];
        struct stat info;

        if (size <= tail || size >= sizeof(base) ||
            strcmp(path + size - tail, suffixes[i]) != 0) {
            continue;
        }
        memcpy(base, path, size - tail);
        base[size - tail] = '\0';
        if (stat(base, &info) == 0 &&
            (is_new || quipu_sqlite_file_is_open(&info) ||
             (strcmp(suffixes[i], "-quipu") == 0 &&
              quipu_common_lock_name_recognise(path) == 1))) {
            return host->error_set(
                error, QUIPU_INVALID, 0, NULL,
                "\"%s\" is the name of a file that belongs to the database "
                "\"%s\"; name the store otherwise",
                path, base);
        }
    }
    return QUIPU_OK;
}

int quipu_sqlite_neighbours_check(const quipu_host *host, const char *path,
                                  quipu_error *error)
{
    struct stat info = { .st_size = 0 };
    const bool empty = stat(path, &info) != 0 || info.st_size == 0;
    char name[PATH_ROOM];

    if (quipu_sqlite_file_is_open(&info)) {
        return QUIPU_OK; /* it was checked when it was opened */
    }
    for (size_t i = 0; i < sizeof(neighbours) / sizeof(neighbours[0]); i++) {
        (void)snprintf(name, sizeof(name), "%s%s", path, neighbours[i].suffix);
        if (SAFEGUARDED("F4.other-files-beside-it",
                        !is_sqlites(name, &neighbours[i], empty), false)) {
            return refuse_foreign(host, path, name, error);
        }
    }
    (void)snprintf(name, sizeof(name), "%s-quipu", path);
    if (lstat(name, &info) == 0 &&
        (!S_ISREG(info.st_mode) || quipu_sqlite_file_is_open(&info) ||
         quipu_common_lock_name_recognise(name) == 0)) {
        return host->error_set(
            error, QUIPU_INVALID, 0, NULL,
            "\"%s\" is not a lock file of quipu, and \"%s\" needs that name "
            "for one; rename one of the two, or remove it if it is empty and "
            "no program uses it",
            name, path);
    }
    return check_own_name(host, path, empty, error);
}
