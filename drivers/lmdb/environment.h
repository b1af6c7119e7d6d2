/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An LMDB environment of this process, shared by all its datastores on one data
 * file.  LMDB must not open a file twice in a process, so environments are kept
 * in a register, found by device and inode, and counted.
 */
#ifndef LMDB_DRIVER_ENVIRONMENT_H
#define LMDB_DRIVER_ENVIRONMENT_H

#include "options.h"
#include "txn/map.h"
#include "txn/reader_pool.h"

#include "common/file_names.h"
#include "common/lock_file.h"
#include "common/writer.h"

#include <lmdb.h>
#include <stdatomic.h>
#include <sys/types.h>

/* Numbers of transactions that the processes publish in the lock file;
 * write_txn.c says how they are used. */
enum mark { MARK_DURABLE, MARK_COMMIT_BEGUN, MARKS };

struct environment {
    struct environment *next; /* in the register */
    const quipu_host *host;
    dev_t device;
    ino_t inode;
    pid_t process;    /* that has created it: LMDB forbids use after fork */
    unsigned holders; /* datastores; under the register's lock */
    char *path;       /* of the data file */
    pthread_mutex_t opening; /* held while a datastore opens it */
    MDB_env *env;            /* NULL: not open */
    bool writable;           /* env is open for writing */
    bool lockless;           /* immutable=yes: nobody writes, no locks */
    struct map map;
    pthread_mutex_t names; /* LMDB: one thread at a time opens databases */
    _Atomic(pthread_t) names_owner; /* the thread that holds it, or 0 */
    _Atomic(MDB_txn *) idle[READERS_IDLE_MAX]; /* reader_pool.c */

    /* The lock file and its parts; without it, the members below. */
    bool has_lock_file;
    struct lock_file lock_file;
    struct file_names file_names; /* under the fair lock */
    struct fair_lock *fair_lock;
    struct commit_counter *commit_counter;
    _Atomic uint64_t *marks; /* by enum mark */
    struct commit_counter own_commit_counter;
    _Atomic uint64_t own_marks[MARKS];

    struct writer writer; /* the lock's owner; whether a sync has failed */
    int sync_fd;          /* of the data file, to ask for failed syncs; or -1 */
    bool relaxed;         /* env has MDB_NOMETASYNC; under the fair lock */
    bool free_list_is_checked; /* the whole of it; under the fair lock */
};

/* Finds or creates the entry of a data file, which exists, and counts the
 * caller in.  INVALID: it was open in the parent when this process was forked.
 * NOT_FOUND, DENIED, IO, NO_MEMORY. */
int quipu_lmdb_environment_acquire(const quipu_host *host, const char *path,
                                   struct environment **environment,
                                   quipu_error *error);
/* Returns true if this process has the data file open. */
bool quipu_lmdb_environment_is_open(const char *path);
/* NULL is allowed.  The last holder closes it. */
void quipu_lmdb_environment_release(struct environment *environment);

/* Checks the file, opens the lock file and LMDB's environment; for writing if
 * the permissions allow it.  With `opening` held, and env NULL.  BUSY, DENIED,
 * IO, CORRUPT, UNSUPPORTED, NO_MEMORY; then env is NULL again. */
int quipu_lmdb_environment_open(struct environment *environment,
                                const struct options *options, bool readonly,
                                int64_t deadline, quipu_error *error);

/* Returns IO unless the path still leads to the data file. */
int quipu_lmdb_environment_check_name(const struct environment *environment,
                                      quipu_error *error);

/* A thread that opens named databases holds this lock from before its
 * transaction begins until it has ended.  A function in a transaction may open
 * databases, so the lock is held while it runs, which may be long.  BUSY: held
 * by another thread until the deadline; DENIED: by this one. */
int quipu_lmdb_environment_lock_names(struct environment *environment,
                                      int64_t deadline, quipu_error *error);
void quipu_lmdb_environment_unlock_names(struct environment *environment);

#endif
