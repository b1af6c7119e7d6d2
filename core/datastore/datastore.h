/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An opened datastore, and the checks that begin every call on it.
 *
 * Ownership: records and listings of schemas and tracking records are children
 * of the datastore, cursors and listings of sequences are children of records.
 * A parent counts its open children and cannot be closed before them.
 *
 * Fork: a datastore belongs to the process that opened it.  Each process has a
 * generation, the number of forks between it and the process that first opened
 * a datastore; a handle keeps the generation of its process, and a call in a
 * child finds another one.  Comparing two integers makes no system call.
 *
 * Functions in a transaction must not call quipu on the same datastore.  The
 * thread that runs one keeps a list of the datastores whose functions it is in,
 * and a call on one of them is INVALID.
 */
#ifndef QUIPU_CORE_RECORDS_DATASTORE_H
#define QUIPU_CORE_RECORDS_DATASTORE_H

#include <stdatomic.h>

#include <quipu/datastore.h>

#include "base/clock.h"
#include "base/error.h"
#include "datastore/commit_queue.h"
#include "observe/observer.h"

/* Constant after quipu_datastore_open, except the queue and the counters. */
struct quipu_datastore {
    const quipu_driver *driver;
    quipu_driver_datastore *handle; /* the driver's */
    unsigned generation;            /* of the process that it belongs to */
    uint32_t flags;                 /* enum quipu_open_flag */
    int64_t timeout;                /* milliseconds, option "timeout" */
    quipu_opened opened;            /* as the driver filled it */
    char *uri;                      /* without any password */
    char *name_space;
    struct quipu_metrics *metrics;    /* of its driver */
    struct quipu_commit_queue *queue; /* NULL: one commit for each append */
    atomic_size_t children;           /* open records and listings */
    atomic_uint interrupted;          /* calls of quipu_datastore_interrupt */
};

/* A datastore in whose transaction the thread may run a function of the
 * program; the innermost one is first. */
struct quipu_datastore_transaction {
    const quipu_datastore *datastore;
    const struct quipu_datastore_transaction *outer;
};

/* Adds a transaction to the list of the thread, and takes it out. */
void quipu_datastore_begin(struct quipu_datastore_transaction *transaction,
                           const quipu_datastore *datastore);
void quipu_datastore_end(const struct quipu_datastore_transaction *transaction);

/* Returns INVALID if `datastore` is NULL, belongs to another process, or is
 * called from a function in its own transaction; the driver must then not be
 * called. */
int quipu_datastore_enter(const quipu_datastore *datastore, quipu_error *error);

/* The same for what concerns no single namespace: a datastore that was opened
 * with namespace=* is refused by quipu_datastore_enter only. */
int quipu_datastore_enter_store(const quipu_datastore *datastore,
                                quipu_error *error);

/* Returns DENIED if the datastore was opened with readonly=yes. */
int quipu_datastore_writable(const quipu_datastore *datastore,
                             quipu_error *error);

/* Returns INVALID if a handle, called `name` in the message, has open
 * children. */
int quipu_datastore_check_children(const atomic_size_t *children,
                                   const char *name, quipu_error *error);

/* Frees a datastore without closing the driver's handle; takes NULL. */
void quipu_datastore_destroy(quipu_datastore *datastore);

/* Starts counting forks, once for the process, however often it is called.
 * NO_MEMORY. */
int quipu_datastore_watch_forks(quipu_error *error);

/* The number of forks; only for the next two functions. */
extern atomic_uint quipu_datastore_forks;

/* Returns the generation of this process. */
static inline unsigned quipu_datastore_generation(void)
{
    return atomic_load_explicit(&quipu_datastore_forks, memory_order_relaxed);
}

/* Returns true if a datastore belongs to this process. */
static inline bool quipu_datastore_is_ours(const quipu_datastore *datastore)
{
    return datastore->generation == quipu_datastore_generation();
}

/* Returns the deadline of a call that begins now, by the option "timeout". */
static inline int64_t quipu_datastore_deadline(const quipu_datastore *datastore)
{
    return quipu_clock_deadline(datastore->timeout);
}

/* Sets INVALID: the argument `name` may not be NULL. */
static inline int quipu_argument_missing(const char *name, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID, "%s is NULL", name);
}

#endif
