/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in the map, and how it grows. */
#include "lmdb_driver.h"

#include "common/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define PAUSE CLOCK_MILLISECOND /* between looks; growing is rare */
#define SMALLEST_GAIN ((size_t)1 << 20)
#define ROUND ((size_t)1 << 16)

int quipu_lmdb_map_init(struct map *map)
{
    return pthread_mutex_init(&map->changing, NULL);
}

void quipu_lmdb_map_finish(struct map *map)
{
    (void)pthread_mutex_destroy(&map->changing);
}

int quipu_lmdb_map_enter(struct environment *environment, int64_t deadline,
                         quipu_error *error)
{
    struct map *map = &environment->map;
    for (;;) {
        (void)atomic_fetch_add(&map->inside, 1);
        if (!atomic_load(&map->shut)) {
            break;
        }
        (void)atomic_fetch_sub(&map->inside, 1);
        if (clock_now() >= deadline) {
            return environment->host->error_set(
                error, QUIPU_TIMEOUT, 0, NULL,
                "the map of \"%s\" was being made larger until the deadline",
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
        "\"%s\" could not be mapped once more; close all handles of this "
        "process on it, then open it again",
        environment->path);
}

void quipu_lmdb_map_leave(struct environment *environment)
{
    (void)atomic_fetch_sub(&environment->map.inside, 1);
}

bool quipu_lmdb_map_holds(const struct environment *environment,
                          const MDB_val *value)
{
    const struct map *map = &environment->map;
    const unsigned char *at = value->mv_data;
    size_t offset = (uintptr_t)at & (map->page - 1);
    if (value->mv_size <= map->page - offset ||
        (size_t)(at - map->base) >= map->size) {
        return true;
    }
    MDB_envinfo info;
    (void)mdb_env_info(environment->env, &info);
    size_t used = (info.me_last_pgno + 1) * map->page;
    return at < map->base + used &&
           value->mv_size <= (size_t)(map->base + used - at);
}

bool quipu_lmdb_map_meta(const struct environment *environment, uint64_t number,
                         struct meta *meta)
{
    const struct map *map = &environment->map;
    if (!map->base) {
        return false;
    }
    /* In this order: what is loaded later, to judge by, is not older. */
    _Atomic uint64_t *from = (void *)(map->base + (number & 1) * map->page +
                                      sizeof(struct page_header));
    uint64_t words[sizeof(*meta) / sizeof(uint64_t)] = { 0 };
    for (size_t i = 0; i < sizeof(*meta) / sizeof(words[0]); i++) {
        words[i] = atomic_load_explicit(&from[i], memory_order_acquire);
    }
    memcpy(meta, words, sizeof(*meta));
    return true;
}

int quipu_lmdb_map_view(struct environment *environment,
                        const struct meta *meta, uint64_t number,
                        struct view *view)
{
    const struct map *map = &environment->map;
    if (meta->txnid != number || meta->free.pad != map->page ||
        meta->last >= map->size / map->page) {
        return MDB_CORRUPTED;
    }
    view->environment = environment;
    view->base = map->base;
    view->page = map->page;
    view->last = meta->last;
    view->root = meta->main.root;
    view->free = meta->free.root;
    return MDB_SUCCESS;
}

bool quipu_lmdb_map_extends(struct environment *environment, uint64_t number)
{
    struct stat info;
    mdb_filehandle_t fd;
    (void)mdb_env_get_fd(environment->env, &fd);
    if (fstat(fd, &info) != 0) {
        return false;
    }
    uint64_t end = (uint64_t)info.st_size / environment->map.page;
    atomic_store_explicit(&environment->map.end, end, memory_order_relaxed);
    return number < end;
}

size_t quipu_lmdb_map_size(const struct environment *environment)
{
    MDB_envinfo info;
    (void)mdb_env_info(environment->env, &info);
    return info.me_mapsize;
}

/* ---------------------------------------------------------------- growing */

/* Waits until nobody is inside; on success others are kept out. */
static bool empty(struct map *map, int64_t deadline)
{
    for (;;) {
        while (atomic_load(&map->lent) > 0 && clock_now() < deadline) {
            clock_sleep_until(clock_after(PAUSE, deadline));
        }
        atomic_store(&map->shut, true);
        /* Those who are inside a call leave soon, or lend. */
        while (atomic_load(&map->inside) > 0 && atomic_load(&map->lent) == 0) {
            clock_sleep_until(clock_now() + PAUSE / 10);
        }
        if (atomic_load(&map->inside) == 0) {
            return true;
        }
        atomic_store(&map->shut, false);
        if (clock_now() >= deadline) {
            return false;
        }
    }
}

/* LMDB gives the old map up before it makes the new one, so it is tried
 * beforehand whether there is room for it. */
static bool is_room(size_t size)
{
    void *try = mmap(NULL, size, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (try == MAP_FAILED) {
        return false;
    }
    (void)munmap(try, size);
    return true;
}

static size_t round_up(size_t size)
{
    return (size + ROUND - 1) / ROUND * ROUND;
}

/* With nobody inside. */
static int remap(struct environment *environment, size_t old,
                 quipu_error *error)
{
    MDB_envinfo info;
    (void)mdb_env_info(environment->env, &info);
    size_t used = (info.me_last_pgno + 1) * environment->map.page;
    size_t least = round_up((used > old ? used : old) + SMALLEST_GAIN);
    size_t size = round_up((used > old ? used : old) * 2);
    while (size > least && !is_room(size)) {
        size = round_up(least + (size - least) / 2 - ROUND);
    }
    if (size < least) {
        size = least;
    }
    if (!is_room(size)) {
        return environment->host->error_set(
            error, QUIPU_IO, 0, NULL,
            "there are no addresses for a larger map of \"%s\", which now has "
            "%zu bytes; raise the limit of the process (ulimit -v)",
            environment->path, old);
    }
    int code = mdb_env_set_mapsize(environment->env, size);
    if (code != MDB_SUCCESS) {
        atomic_store(&environment->map.broken, true);
        return quipu_lmdb_fail(environment->host, environment->path, code,
                               "make the map larger", error);
    }
    return QUIPU_OK;
}

/* The map has moved: finds out where to. */
static int find(struct environment *environment, int64_t deadline,
                quipu_error *error)
{
    environment->map.base = NULL;
    int code = quipu_lmdb_map_locate(environment, deadline);
    if (code != MDB_SUCCESS) {
        atomic_store(&environment->map.broken, true);
        return quipu_lmdb_fail(environment->host, environment->path, code,
                               "find the larger map", error);
    }
    return QUIPU_OK;
}

static int grow(struct environment *environment, size_t size, int64_t deadline,
                quipu_error *error)
{
    struct map *map = &environment->map;
    if (quipu_lmdb_map_size(environment) > size) {
        return QUIPU_OK; /* another thread was here before */
    }
    if (!empty(map, deadline)) {
        return environment->host->error_set(
            error, QUIPU_BUSY, 0, NULL,
            "the map of \"%s\" has to grow, and cannot while cursors of this "
            "process lend rows; close them, or raise mapsize",
            environment->path);
    }
    int status = remap(environment, size, error);
    if (status == QUIPU_OK) {
        status = find(environment, deadline, error);
    }
    atomic_store(&map->shut, false);
    return status;
}

int quipu_lmdb_map_grow(struct environment *environment, size_t size,
                        int64_t deadline, quipu_error *error)
{
    (void)pthread_mutex_lock(&environment->map.changing);
    int status = grow(environment, size, deadline, error);
    (void)pthread_mutex_unlock(&environment->map.changing);
    return status;
}
