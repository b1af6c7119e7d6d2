/* SPDX-License-Identifier: Apache-2.0 */
/* The right to write a database, for the handles of one process.
 *
 * A process has one struct writer for each database file that it has open; all
 * its handles on the file share it. It adds to the fair lock, which the
 * processes share, the facts that only the process itself can know:
 *
 *   - which thread holds the lock, so that a call from a function inside that
 *     thread's transaction fails instead of waiting for itself;
 *   - whether a sync has failed. The kernel may then count pages as written
 *     that are not, and a later sync does not report them again; so no handle
 *     of the process writes on until all of them have been closed (V5). */
#ifndef QUIPU_DRIVERS_COMMON_WRITER_H
#define QUIPU_DRIVERS_COMMON_WRITER_H

#include "fair_lock.h"

#include <quipu/driver.h>

#include <stdatomic.h>

struct writer {
    _Atomic(pthread_t) owner; /* the thread that holds the lock, or 0 */
    atomic_bool poisoned;     /* a sync has failed */
};

/* Context of a call: the host, the database's name for messages, the lock. */
struct writer_call {
    const quipu_host *host;
    const char *name;
    struct fair_lock *fair_lock;
};

/* Acquires the lock, waiting until the deadline. DENIED: the thread holds it;
 * BUSY: others held it until the deadline; IO. */
int quipu_common_writer_lock(struct writer *writer,
                             const struct writer_call *call, int64_t deadline,
                             quipu_error *error);

/* Releases the lock, which the calling thread holds. */
void quipu_common_writer_unlock(struct writer *writer,
                                const struct writer_call *call);

/* Returns IO if a sync has failed, or OK. */
int quipu_common_writer_check(const struct writer *writer,
                              const struct writer_call *call,
                              quipu_error *error);

/* Runs the application's function in the transaction that `native` stands for.
 * Returns its status. If it fails without an error of that status, *error says
 * so. The driver itself checks afterwards whether the transaction still
 * exists. */
int quipu_common_writer_run(const quipu_host *host, quipu_work work,
                            void *native, void *context, quipu_error *error);

/* Sets INVALID: the function in the transaction ran `statement`, which it must
 * not run. The driver rolls the transaction back, so that nothing of it is
 * stored. */
int quipu_common_writer_refuse_function(const quipu_host *host,
                                        const char *statement,
                                        quipu_error *error);

#endif
