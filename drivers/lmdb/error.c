/* SPDX-License-Identifier: Apache-2.0 */
/* The status and the advice for each of LMDB's codes. */
#include "error.h"

#include <errno.h>
#include <lmdb.h>

struct meaning {
    int code;
    int status;
    const char *advice;
};

static const char damaged[] = "restore it from a backup";
static const char unfit[] =
    "its file system cannot lock or map files; use a local file system";

static const struct meaning meanings[] = {
    { MDB_CORRUPTED, QUIPU_CORRUPT, damaged },
    { MDB_PAGE_NOTFOUND, QUIPU_CORRUPT, damaged },
    { MDB_PAGE_FULL, QUIPU_CORRUPT, damaged },
    { MDB_CURSOR_FULL, QUIPU_CORRUPT, damaged },
    { MDB_BAD_DBI, QUIPU_CORRUPT, damaged },
    { MDB_NOTFOUND, QUIPU_CORRUPT, damaged },
    { MDB_INCOMPATIBLE, QUIPU_CORRUPT, damaged },
    { MDB_BAD_VALSIZE, QUIPU_CORRUPT, damaged },
    { MDB_KEYEXIST, QUIPU_CORRUPT, damaged },
    { MDB_INVALID, QUIPU_CORRUPT, "it is not a store; check the path" },
    { MDB_VERSION_MISMATCH, QUIPU_UNSUPPORTED,
      "it is in use by, or was made by, another version of LMDB" },
    { MDB_PANIC, QUIPU_IO,
      "a write has failed; close all handles of this process on it, then open "
      "it again" },
    { MDB_MAP_FULL, QUIPU_IO, "raise mapsize" },
    { MDB_MAP_RESIZED, QUIPU_IO, "open it again" },
    { MDB_DBS_FULL, QUIPU_IO,
      "raise maxschemas, which counts when the first handle of a process opens "
      "the store" },
    { MDB_READERS_FULL, QUIPU_BUSY,
      "too many calls read it at once; try again, or raise maxreaders" },
    { ENOMEM, QUIPU_NO_MEMORY, "free some memory" },
    { ENOSPC, QUIPU_IO,
      "the disk is full, and nothing is stored; make room and try again" },
    { EDQUOT, QUIPU_IO,
      "the quota is used up, and nothing is stored; make room and try again" },
    { ENOLCK, QUIPU_UNSUPPORTED, unfit },
    { EOPNOTSUPP, QUIPU_UNSUPPORTED, unfit },
    { ENODEV, QUIPU_UNSUPPORTED, unfit },
    { EACCES, QUIPU_DENIED,
      "check the permissions of the folder and of the files in it" },
    { EPERM, QUIPU_DENIED,
      "check the permissions of the folder and of the files in it" },
    { EROFS, QUIPU_DENIED, "open it with readonly=yes" },
};

static const struct meaning *find(int code)
{
    static const struct meaning system = { 0, QUIPU_IO,
                                           "check the disk and its file "
                                           "system" };
    static const struct meaning other = { 0, QUIPU_INTERNAL,
                                          "please report this" };
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].code == code) {
            return &meanings[i];
        }
    }
    return code > 0 && code != EINVAL ? &system : &other;
}

int quipu_lmdb_error_set(const quipu_host *host, const char *name, int code,
                         const char *what, quipu_error *error)
{
    const struct meaning *meaning = find(code);
    return host->error_set(error, meaning->status, code, NULL,
                           "cannot %s in \"%s\": %s; %s", what, name,
                           mdb_strerror(code), meaning->advice);
}

int quipu_lmdb_error_no_memory(const quipu_host *host, quipu_error *error)
{
    return host->error_set(error, QUIPU_NO_MEMORY, 0, NULL,
                           "the LMDB driver is out of memory; free some");
}

int quipu_lmdb_error_torn_down(const quipu_host *host,
                               const quipu_schema *schema, quipu_error *error)
{
    return host->error_set(
        error, QUIPU_NOT_FOUND, 0, NULL,
        "schema \"%s\" was torn down while it was read: the rest of its items "
        "is gone; close its records, and open them again if it was set up "
        "again",
        schema->table);
}

int quipu_lmdb_error_as_busy(int status, quipu_error *error)
{
    if (status == QUIPU_TIMEOUT && error) {
        error->code = QUIPU_BUSY;
    }
    return status == QUIPU_TIMEOUT ? QUIPU_BUSY : status;
}
