/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An LMDB environment as this process has it open: one for all its datastores
 * on that file, found by device and inode, since LMDB must not open a file
 * twice in one process.
 *
 * It holds what they share: LMDB's handle, the idle reading transactions, the
 * gate to the other processes, and whether a sync has failed.
 *
 * The map.  LMDB maps the file as a whole.  While the map is made anew, because
 * this process or another one has to grow it, nobody may have a transaction:
 * all enter the map (quipu_lmdb_map_enter) before they begin one.  Rows that a
 * cursor lends lie in the map, so the cursor stays inside until its next call,
 * which may be long; those are counted apart, and a growth waits for them
 * without keeping others out.
 */
#ifndef LMDB_DRIVER_ENVIRONMENT_H
#define LMDB_DRIVER_ENVIRONMENT_H

#include "options.h"
#include "walk.h"

#include "common/lock_file.h"

#include <lmdb.h>
#include <stdatomic.h>
#include <sys/types.h>

#define IDLE_MAX 64 /* reading transactions that are kept */

/* Transactions, by number, that the processes tell each other of. */
enum mark {
    /* V2: up to this one all may be seen: it is durable, or was appended by a
     * relaxed handle. */
    MARK_SETTLED,
    /* The last one whose commit has begun. */
    MARK_BEGUN
};

struct map {
    _Atomic unsigned inside; /* who has a transaction, cursors included */
    _Atomic unsigned lent;   /* of them, cursors between two calls */
    atomic_bool shut;        /* it is about to be made anew */
    atomic_bool broken;      /* it could not be: there is none */
    const unsigned char *base;
    size_t size;
    size_t page;              /* bytes of one */
    _Atomic uint64_t end;     /* pages that the file has at least */
    pthread_mutex_t changing; /* one at a time */
};

struct environment {
    struct environment *next;
    const quipu_host *host;
    dev_t device;
    ino_t inode;
    pid_t process;
    unsigned holders;
    char *path; /* of the data file */
    /* Held while a datastore is opened on it, or closed. */
    pthread_mutex_t opening;
    MDB_env *env;  /* NULL: not open yet */
    bool writable; /* env is */
    bool lockless;
    struct map map;
    /* Named databases are opened by one thread at a time. */
    pthread_mutex_t naming;
    _Atomic(MDB_txn *) idle[IDLE_MAX];
    bool gated;
    struct lock_file lock_file;
    struct fair_lock *fair_lock;
    struct commit_counter *commit_counter;
    _Atomic uint64_t *marks;                  /* enum mark */
    struct commit_counter own_commit_counter; /* where there is no gate */
    _Atomic uint64_t own_marks[2];
    /* The thread of this process that is inside the turnstile, or 0. */
    _Atomic(pthread_t) insider;
    bool relaxed;         /* how LMDB commits now; inside the turnstile */
    atomic_bool poisoned; /* V5: no appends until all have closed */
};

/*
 * Finds or makes the entry of a data file, which is there, and counts the
 * caller in.  INVALID: a process that has it open was forked, and this is the
 * child: LMDB cannot be used across fork.  NOT_FOUND, DENIED, IO, NO_MEMORY.
 */
int quipu_lmdb_environment_hold(const quipu_host *host, const char *path,
                                struct environment **environment,
                                quipu_error *error);
/* NULL is allowed.  The last one closes it. */
void quipu_lmdb_environment_release(struct environment *environment);

/* With `opening` held, by the first: passes the gate, if it may, and opens the
 * environment, if it may for writing.  BUSY, DENIED, IO, CORRUPT, UNSUPPORTED,
 * NO_MEMORY. */
int quipu_lmdb_environment_open(struct environment *environment,
                                const struct options *options, bool readonly,
                                int64_t deadline, quipu_error *error);

/* -------------------------------------------------------------- the map */

int quipu_lmdb_map_init(struct map *map);
void quipu_lmdb_map_finish(struct map *map);

/* Goes inside, waiting until the deadline if it is shut: TIMEOUT.  IO: there is
 * none any more. */
int quipu_lmdb_map_enter(struct environment *environment, int64_t deadline,
                         quipu_error *error);
void quipu_lmdb_map_leave(struct environment *environment);

/* Finds out where the map lies, with nobody else inside, and waits until the
 * deadline for a slot among the readers; an LMDB code. */
int quipu_lmdb_map_locate(struct environment *environment, int64_t deadline);
/* Whether a value that LMDB returned lies inside the file, or in its own memory
 * as what this transaction has written does. */
bool quipu_lmdb_map_holds(const struct environment *environment,
                          const MDB_val *value);

/* The state after a transaction as it stands in the file, if that is still
 * there: another one takes its place later.  False: the map is not located. */
bool quipu_lmdb_map_meta(const struct environment *environment, uint64_t number,
                         struct meta *meta);

/* What a state shows; an LMDB code. */
int quipu_lmdb_map_view(struct environment *environment,
                        const struct meta *meta, uint64_t number,
                        struct view *view);

/* Whether the file has that page, so that it can be looked at in the map. */
bool quipu_lmdb_map_extends(struct environment *environment, uint64_t number);
static inline bool quipu_lmdb_map_reaches(struct environment *environment,
                                          uint64_t number)
{
    return number < atomic_load_explicit(&environment->map.end,
                                         memory_order_relaxed) ||
           quipu_lmdb_map_extends(environment, number);
}

/*
 * Makes the map large enough for what the file has by now, and twice as large
 * as it was if nobody has done so since it had `size` bytes.  Waits until
 * nobody is inside; the caller is not.  With nobody left but cursors until the
 * deadline: BUSY.  IO: there are not so many addresses.
 */
int quipu_lmdb_map_grow(struct environment *environment, size_t size,
                        int64_t deadline, quipu_error *error);
size_t quipu_lmdb_map_size(const struct environment *environment);

#endif
