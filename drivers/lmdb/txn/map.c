/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LMDB's map of the data file, and its growth.
 *
 * LMDB maps the whole file at one address.  A map of 1 TiB of addresses costs
 * nothing, so it is usually made once and large (option mapsize).  It has to be
 * replaced by a larger one
 *   - when a write transaction answers MDB_MAP_FULL, and
 *   - when another process has made the file larger than this process's map
 *     (MDB_MAP_RESIZED at the begin of a transaction).  LMDB keeps the size of
 *     the file's map in the meta page; each process grows its own map.
 *
 * While LMDB replaces the map no transaction of the process may be open, and no
 * pointer into the old map may be used afterwards.  So:
 *
 * INV1  A thread enters the map (users + 1) before it begins a transaction and
 *       leaves it after the transaction has ended.
 * INV2  Pointers into the map do not outlive the transaction, and functions of
 *       LMDB that read the map are called inside it only.
 * INV3  The map is replaced only with users == 0 and `closed` set.  Calls
 *       inside are short, unless a function runs in a transaction; so
 *       the growing thread closes the map for CLOSED_TIME at most, opens it
 *       again for a moment, and repeats that until its deadline.  A growth
 *       delays other threads by that time only.
 * INV4  A thread enters by incrementing `users` and then reading `closed`; the
 *       growing thread sets `closed` and then reads `users`.  Both are
 *       sequentially consistent, so at least one of the two sees the other.
 * INV5  `growing` is held by the thread that replaces the map.  The caller
 * names the size that was too small: if the map is larger by then, another
 *       thread has grown it and nothing is left to do.
 * INV6  LMDB gives up the old map before it makes the new one.  If the new one
 *       cannot be made the map is `broken`: every later call answers IO until
 *       all handles are closed.  A trial mmap of the same size beforehand makes
 *       this unlikely.
 *
 * The driver's own reader needs the address of the map, which LMDB does not
 * tell.  quipu_lmdb_map_locate computes it: the driver finds the store's record
 * in a map of its own, and LMDB returns the same value in the same state of the
 * file, so that the address is LMDB's pointer minus the offset in the file.
 * Nothing follows from the alignment of an address: the kernel aligns a map to
 * the pages of the machine, and those of a file made on another machine may be
 * larger.
 */
#include "txn/map.h"

#include "btree/btree.h"
#include "catalogue/store.h"
#include "environment.h"
#include "txn/reader_pool.h"

#include "common/clock.h"
#include "common/fair_lock.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAUSE CLOCK_MILLISECOND /* between two looks while waiting */
#define CLOSED_TIME (10 * CLOCK_MILLISECOND)
#define GAIN_MIN ((size_t)1 << 20)
#define ROUND ((size_t)1 << 16) /* sizes are multiples of it */

int quipu_lmdb_map_init(struct map *map)
{
    return pthread_mutex_init(&map->growing, NULL);
}

void quipu_lmdb_map_finish(struct map *map)
{
    (void)pthread_mutex_destroy(&map->growing);
}

int quipu_lmdb_map_enter(struct environment *environment, int64_t deadline,
                         quipu_error *error)
{
    struct map *map = &environment->map;
    for (;;) {
        (void)atomic_fetch_add(&map->users, 1);
        if (!atomic_load(&map->closed)) { /* INV4 */
            break;
        }
        (void)atomic_fetch_sub(&map->users, 1);
        if (clock_now() >= deadline) {
            return environment->host->error_set(
                error, QUIPU_TIMEOUT, 0, NULL,
                "the map of \"%s\" was being enlarged until the deadline; try "
                "again",
                environment->path);
        }
        clock_sleep_until(clock_after(PAUSE, deadline));
    }
    if (!atomic_load(&map->broken)) {
        return QUIPU_OK;
    }
    quipu_lmdb_map_leave(environment);
    return environment->host->error_set(
        error, QUIPU_IO, 0, NULL,
        "\"%s\" could not be mapped again; close all handles of this process "
        "on it, then open it again",
        environment->path);
}

void quipu_lmdb_map_leave(struct environment *environment)
{
    (void)atomic_fetch_sub(&environment->map.users, 1);
}

bool quipu_lmdb_map_contains(const struct environment *environment,
                             const MDB_val *value)
{
    const struct map *map = &environment->map;
    const unsigned char *at = value->mv_data;
    size_t offset = (size_t)(at - map->base);
    if (offset >= map->size ||
        value->mv_size <= map->page_size - offset % map->page_size) {
        return true;
    }
    MDB_envinfo info;
    (void)mdb_env_info(environment->env, &info);
    size_t used = (info.me_last_pgno + 1) * map->page_size;
    return at < map->base + used &&
           value->mv_size <= (size_t)(map->base + used - at);
}

size_t quipu_lmdb_map_size(const struct environment *environment)
{
    return atomic_load(&environment->map.size);
}

/* ---------------------------------------------------------------- locating */

/* Finds the store's record in the state of transaction `number`, which a reader
 * keeps, in a map that ends with the file.  Returns LMDB's code or an errno;
 * EAGAIN: two commits since have overwritten the meta page of that state. */
static int find_offset(const struct environment *environment, int fd,
                       uint64_t number, size_t *offset)
{
    struct map map = { .fd = -1, /* so that quipu_lmdb_map_extends fails */
                       .size = SIZE_MAX,
                       .page_size = environment->map.page_size };
    struct snapshot snapshot = { .strict = true };
    struct lmdb_meta meta;
    struct stat info;
    MDB_val value;
    if (fstat(fd, &info) != 0) {
        return errno;
    }
    const size_t size = (size_t)info.st_size;
    if (size < 2 * map.page_size) {
        return MDB_CORRUPTED;
    }
    void *base = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    if (base == MAP_FAILED) {
        return errno;
    }
    map.base = base;
    atomic_store(&map.end, size / map.page_size);
    quipu_lmdb_snapshot_read_meta(&map, number, &meta);
    int code = meta.txnid > number
                   ? EAGAIN
                   : quipu_lmdb_snapshot_set(&snapshot, &map, &meta, number);
    if (code == MDB_SUCCESS) {
        code = btree_lookup(&snapshot, &quipu_lmdb_store_main, store_key(),
                            &value);
    }
    if (code == MDB_SUCCESS) {
        *offset = (size_t)((const unsigned char *)value.mv_data - map.base);
    }
    (void)munmap(base, size);
    return code;
}

static int locate(struct environment *environment, MDB_txn *txn)
{
    struct map *map = &environment->map;
    MDB_envinfo info;
    mdb_filehandle_t fd;
    MDB_val key = store_key();
    MDB_val value;
    MDB_dbi dbi = 0;
    size_t offset = 0;
    (void)mdb_env_info(environment->env, &info);
    (void)mdb_env_get_fd(environment->env, &fd);
    int code = find_offset(environment, fd, mdb_txn_id(txn), &offset);
    if (code == MDB_SUCCESS) {
        code = mdb_dbi_open(txn, NULL, 0, &dbi);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_get(txn, dbi, &key, &value);
    }
    if (code == MDB_SUCCESS) {
        map->fd = fd;
        map->size = info.me_mapsize;
        map->base = (const unsigned char *)value.mv_data - offset;
    }
    return code;
}

int quipu_lmdb_map_locate(struct environment *environment, int64_t deadline)
{
    struct reader reader;
    int code;
    environment->map.base = NULL;
    do {
        code = quipu_lmdb_reader_pool_begin(environment, &reader);
        if (code == MDB_SUCCESS) {
            code = locate(environment, reader.txn);
            quipu_lmdb_reader_pool_end(environment, reader.txn);
        }
    } while (code == EAGAIN ||
             (code == MDB_READERS_FULL &&
              quipu_lmdb_reader_pool_wait(environment, deadline)));
    return code;
}

/* ----------------------------------------------------------------- growing */

/* Waits until the map has no users; on success it is closed (INV3). */
static bool close_map(struct map *map, int64_t deadline)
{
    for (;;) {
        const int64_t until = clock_now() + CLOSED_TIME;
        atomic_store(&map->closed, true);
        while (atomic_load(&map->users) > 0 && clock_now() < until) {
            clock_sleep_until(clock_now() + PAUSE / 10);
        }
        if (atomic_load(&map->users) == 0) {
            return true;
        }
        atomic_store(&map->closed, false);
        if (clock_now() >= deadline) {
            return false;
        }
        clock_sleep_until(clock_after(PAUSE, deadline));
    }
}

/* Returns true if the process has room for a map of that size (INV6). */
static bool has_room(size_t size)
{
    void *trial = mmap(NULL, size, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (trial == MAP_FAILED) {
        return false;
    }
    (void)munmap(trial, size);
    return true;
}

static size_t round_up(size_t size)
{
    return (size + ROUND - 1) / ROUND * ROUND;
}

/* Replaces the map of `old` bytes by one twice as large or, if the process has
 * no room for that, as large as it has room for. */
static int replace_map(struct environment *environment, size_t old,
                       quipu_error *error)
{
    MDB_envinfo info;
    (void)mdb_env_info(environment->env, &info);
    size_t used = (info.me_last_pgno + 1) * environment->map.page_size;
    size_t least = round_up((used > old ? used : old) + GAIN_MIN);
    size_t size = round_up((used > old ? used : old) * 2);
    while (size > least && !has_room(size)) {
        size = round_up(least + (size - least) / 2 - ROUND);
    }
    if (size < least) {
        size = least;
    }
    if (!has_room(size)) {
        return environment->host->error_set(
            error, QUIPU_IO, 0, NULL,
            "the process has no addresses for a larger map of \"%s\", which "
            "now has %zu bytes; raise its limit (ulimit -v)",
            environment->path, old);
    }
    int code = mdb_env_set_mapsize(environment->env, size);
    if (code != MDB_SUCCESS) {
        atomic_store(&environment->map.broken, true);
        return quipu_lmdb_error_set(environment->host, environment->path, code,
                                    "enlarge the map", error);
    }
    return QUIPU_OK;
}

static int locate_again(struct environment *environment, int64_t deadline,
                        quipu_error *error)
{
    int code = quipu_lmdb_map_locate(environment, deadline);
    if (code != MDB_SUCCESS) {
        atomic_store(&environment->map.broken, true);
        return quipu_lmdb_error_set(environment->host, environment->path, code,
                                    "find the enlarged map", error);
    }
    return QUIPU_OK;
}

static int fail_busy(const struct environment *environment, quipu_error *error)
{
    return environment->host->error_set(
        error, QUIPU_BUSY, 0, NULL,
        "the map of \"%s\" has to grow, and a transaction of this process went "
        "on until the deadline; try again, or raise mapsize",
        environment->path);
}

/* With `growing` held. */
static int grow(struct environment *environment, size_t size, int64_t deadline,
                quipu_error *error)
{
    struct map *map = &environment->map;
    if (quipu_lmdb_map_size(environment) > size) {
        return QUIPU_OK; /* INV5 */
    }
    if (!close_map(map, deadline)) {
        return fail_busy(environment, error);
    }
    int status = replace_map(environment, size, error);
    if (status == QUIPU_OK) {
        status = locate_again(environment, deadline, error);
    }
    atomic_store(&map->closed, false);
    return status;
}

int quipu_lmdb_map_grow(struct environment *environment, size_t size,
                        int64_t deadline, quipu_error *error)
{
    pthread_mutex_t *growing = &environment->map.growing;
    if (quipu_common_fair_lock_take_mutex(growing, deadline) != 0) {
        return fail_busy(environment, error);
    }
    int status = grow(environment, size, deadline, error);
    (void)pthread_mutex_unlock(growing);
    return status;
}
