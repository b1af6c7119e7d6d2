/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LMDB's map of the data file, shared by all threads of the process.
 *
 * map.c opens with an essay on how the map grows.
 */
#ifndef LMDB_DRIVER_MAP_H
#define LMDB_DRIVER_MAP_H

#include <quipu/driver.h>

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct environment;

struct map {
    _Atomic unsigned users;    /* transactions */
    atomic_bool closed;        /* it is about to be replaced: do not enter */
    atomic_bool broken;        /* it could not be replaced: there is none */
    int fd;                    /* of the data file; LMDB's */
    const unsigned char *base; /* address of page 0; NULL: not located */
    _Atomic size_t size;       /* bytes; 0: not located yet */
    size_t page_size;          /* bytes */
    _Atomic uint64_t end;      /* pages that the file has at least */
    pthread_mutex_t growing;   /* one thread at a time grows the map */
};

/* An errno, or 0. */
int quipu_lmdb_map_init(struct map *map);
void quipu_lmdb_map_finish(struct map *map);

/* Counts the caller in as a user; until quipu_lmdb_map_leave the map stays
 * where it is.  Waits until the deadline while the map grows: TIMEOUT.  IO: the
 * map is broken. */
int quipu_lmdb_map_enter(struct environment *environment, int64_t deadline,
                         quipu_error *error);
void quipu_lmdb_map_leave(struct environment *environment);

/* Finds out at which address the map lies, with no other user inside.  Waits
 * until the deadline for a reader slot.  Returns LMDB's code. */
int quipu_lmdb_map_locate(struct environment *environment, int64_t deadline);

/* Returns true if a value that LMDB returned lies inside the file, or in LMDB's
 * own memory, as the values that this transaction has written do. */
bool quipu_lmdb_map_contains(const struct environment *environment,
                             const MDB_val *value);

/* Looks the file's size up; returns true if it has that page. */
static inline bool quipu_lmdb_map_extends(struct map *map, uint64_t number)
{
    struct stat info;
    if (fstat(map->fd, &info) != 0) {
        return false;
    }
    uint64_t end = (uint64_t)info.st_size / map->page_size;
    atomic_store_explicit(&map->end, end, memory_order_relaxed);
    return number < end;
}

/* Returns true if the file has that page, so that its bytes can be read without
 * SIGBUS. */
static inline bool quipu_lmdb_map_reaches(struct map *map, uint64_t number)
{
    return number < atomic_load_explicit(&map->end, memory_order_relaxed) ||
           quipu_lmdb_map_extends(map, number);
}

/* Makes the map large enough for the file as it is now, and twice as large as
 * `size` unless it is larger than that already.  Waits until the map has no
 * users; the caller must not be one.  BUSY: a transaction went on until the
 * deadline.  IO: the process has no room for a larger map. */
int quipu_lmdb_map_grow(struct environment *environment, size_t size,
                        int64_t deadline, quipu_error *error);
/* Returns the bytes that are mapped.  Any thread may call it, inside the map or
 * not: LMDB's own mdb_env_info reads the map, which another thread may replace
 * meanwhile. */
size_t quipu_lmdb_map_size(const struct environment *environment);

#endif
