/* SPDX-License-Identifier: Apache-2.0 */
/* A VFS with injected faults and callbacks; see shim.h. */
#include "shim.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

struct file {
    sqlite3_file base;
    enum shim_file kind;
    /* the file of the default VFS follows */
};

#define CODE_KILL (-1) /* no code of SQLite */

static sqlite3_vfs *under;
static atomic_int counts[SHIM_CALLS][SHIM_OTHER + 1];
static struct {
    atomic_int call;
    atomic_int file;
    atomic_int from; /* number of calls until the first that fails */
    atomic_int times;
    atomic_int code;
    atomic_bool failed;
} plan = { .call = SHIM_CALLS };

static struct {
    void (*_Atomic call)(void *context);
    void *context;
} hooks[SHIM_MOMENTS];

static sqlite3_file *real(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)((struct file *)(void *)file + 1);
}

static enum shim_file kind_of(sqlite3_file *file)
{
    return ((struct file *)(void *)file)->kind;
}

/* Returns the result code that the call must return, 0: none. */
static int judge(enum shim_call call, enum shim_file kind)
{
    atomic_fetch_add(&counts[call][SHIM_ANY], 1);
    atomic_fetch_add(&counts[call][kind], 1);
    int wanted = atomic_load(&plan.file);
    if ((int)call != atomic_load(&plan.call) ||
        (wanted != SHIM_ANY && wanted != (int)kind)) {
        return SQLITE_OK;
    }
    int n = atomic_fetch_sub(&plan.from, 1);
    if (n > 1 || n <= 1 - atomic_load(&plan.times)) {
        return SQLITE_OK;
    }
    atomic_store(&plan.failed, true);
    if (atomic_load(&plan.code) == CODE_KILL) {
        (void)raise(SIGKILL);
    }
    return atomic_load(&plan.code);
}

static int shim_close(sqlite3_file *file)
{
    return real(file)->pMethods->xClose(real(file));
}

static int shim_read(sqlite3_file *file, void *data, int size,
                     sqlite3_int64 offset)
{
    int code = judge(SHIM_READ, kind_of(file));
    return code != SQLITE_OK
               ? code
               : real(file)->pMethods->xRead(real(file), data, size, offset);
}

static int shim_write(sqlite3_file *file, const void *data, int size,
                      sqlite3_int64 offset)
{
    int code = judge(SHIM_WRITE, kind_of(file));
    return code != SQLITE_OK
               ? code
               : real(file)->pMethods->xWrite(real(file), data, size, offset);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    int code = judge(SHIM_SYNC, kind_of(file));
    return code != SQLITE_OK ? code
                             : real(file)->pMethods->xSync(real(file), flags);
}

/* The other methods are passed on. */
static int shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return real(f)->pMethods->xTruncate(real(f), size);
}

static int shim_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real(f)->pMethods->xFileSize(real(f), size);
}

static int shim_lock(sqlite3_file *f, int lock)
{
    return real(f)->pMethods->xLock(real(f), lock);
}

static int shim_unlock(sqlite3_file *f, int lock)
{
    return real(f)->pMethods->xUnlock(real(f), lock);
}

static int shim_reserved(sqlite3_file *f, int *held)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), held);
}

static int shim_control(sqlite3_file *f, int op, void *argument)
{
    return real(f)->pMethods->xFileControl(real(f), op, argument);
}

static int shim_sector(sqlite3_file *f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}

static int shim_traits(sqlite3_file *f)
{
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int shim_shm_map(sqlite3_file *f, int page, int size, int extend,
                        void volatile **memory)
{
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, memory);
}

static void call_at(enum shim_moment moment)
{
    void (*call)(void *) = atomic_load(&hooks[moment].call);
    if (call) {
        call(hooks[moment].context);
    }
}

/* A checkpoint takes the second lock of the WAL index. */
static int shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    if (offset == 1 && n == 1 &&
        flags == (SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE)) {
        call_at(SHIM_CHECKPOINT);
    }
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static void shim_shm_barrier(sqlite3_file *f)
{
    real(f)->pMethods->xShmBarrier(real(f));
}

static int shim_shm_unmap(sqlite3_file *f, int remove)
{
    return real(f)->pMethods->xShmUnmap(real(f), remove);
}

static int shim_fetch(sqlite3_file *f, sqlite3_int64 offset, int size, void **p)
{
    return real(f)->pMethods->xFetch(real(f), offset, size, p);
}

/* A checkpoint unmaps pages if it finds that another connection has written. */
static int shim_unfetch(sqlite3_file *f, sqlite3_int64 offset, void *p)
{
    if (!p) {
        call_at(SHIM_SURPRISE);
    }
    return real(f)->pMethods->xUnfetch(real(f), offset, p);
}

static const sqlite3_io_methods methods = {
    .iVersion = 3,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector,
    .xDeviceCharacteristics = shim_traits,
    .xShmMap = shim_shm_map,
    .xShmLock = shim_shm_lock,
    .xShmBarrier = shim_shm_barrier,
    .xShmUnmap = shim_shm_unmap,
    .xFetch = shim_fetch,
    .xUnfetch = shim_unfetch,
};

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
                     int flags, int *out)
{
    (void)vfs;
    struct file *shim = (struct file *)(void *)file;
    shim->kind = (flags & SQLITE_OPEN_MAIN_DB) != 0 ? SHIM_DATABASE
                 : (flags & SQLITE_OPEN_WAL) != 0   ? SHIM_WAL
                                                    : SHIM_OTHER;
    file->pMethods = NULL;
    int code = judge(SHIM_OPEN, shim->kind);
    if (code == SQLITE_OK) {
        code = under->xOpen(under, name, real(file), flags, out);
    }
    if (code == SQLITE_OK) {
        file->pMethods = &methods;
    }
    return code;
}

void shim_install(void)
{
    static sqlite3_vfs vfs;
    under = sqlite3_vfs_find(NULL);
    vfs = *under;
    vfs.zName = "shim";
    vfs.pNext = NULL;
    vfs.szOsFile += (int)sizeof(struct file);
    vfs.xOpen = shim_open;
    (void)sqlite3_vfs_register(&vfs, 1);
}

void shim_fail(enum shim_call call, enum shim_file file, int n, int times,
               int code)
{
    atomic_store(&plan.call, SHIM_CALLS);
    atomic_store(&plan.failed, false);
    atomic_store(&plan.file, (int)file);
    atomic_store(&plan.from, n);
    atomic_store(&plan.times, times);
    atomic_store(&plan.code, code);
    atomic_store(&plan.call, (int)call);
}

void shim_kill(enum shim_call call, enum shim_file file, int n)
{
    shim_fail(call, file, n, 1, CODE_KILL);
}

void shim_heal(void)
{
    atomic_store(&plan.call, SHIM_CALLS);
}

void shim_at(enum shim_moment moment, void (*call)(void *context),
             void *context)
{
    atomic_store(&hooks[moment].call, NULL);
    hooks[moment].context = context;
    atomic_store(&hooks[moment].call, call);
}

bool shim_has_failed(void)
{
    return atomic_load(&plan.failed);
}

int shim_count(enum shim_call call, enum shim_file file)
{
    return atomic_load(&counts[call][file]);
}

void shim_reset(void)
{
    memset((void *)counts, 0, sizeof(counts));
}
