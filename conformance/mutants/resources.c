/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that keep what they have taken: memory that the host does not count,
 * descriptors, threads. */
#include "mutant.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STORE "sqlite:///{dir}/x.db"
#define LEAK 64 /* bytes */

static void *volatile leaked;
static volatile int leaked_descriptor;

static void leak(void)
{
    leaked = malloc(LEAK);
    if (leaked) {
        memset(leaked, 1, LEAK);
    }
}

/* M69: each append leaks. */
static int leak_in_append(struct append_call *a)
{
    leak();
    return mutant_append_all(a);
}

/* M70: each step leaks. */
static int leak_in_step(quipu_driver_cursor *cursor, int64_t deadline,
                        const void **rows, size_t *count, quipu_error *error)
{
    leak();
    return mutant_base_driver()->step(cursor, deadline, rows, count, error);
}

/* M71: each opening leaks a descriptor. */
static int leak_descriptor(const quipu_host *host, const quipu_open *how,
                           int64_t deadline, quipu_driver_datastore **datastore,
                           quipu_opened *opened, quipu_error *error)
{
    leaked_descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (leaked_descriptor < 0) {
        abort();
    }
    return mutant_base_driver()->open(host, how, deadline, datastore, opened,
                                      error);
}

/* M72: each opening starts a thread that goes on. */
static void *go_on(void *unused)
{
    for (;;) {
        pause();
    }
    return unused;
}

static int leave_thread(const quipu_host *host, const quipu_open *how,
                        int64_t deadline, quipu_driver_datastore **datastore,
                        quipu_opened *opened, quipu_error *error)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, go_on, NULL) != 0) {
        abort();
    }
    pthread_detach(thread);
    return mutant_base_driver()->open(host, how, deadline, datastore, opened,
                                      error);
}

static const struct mutant mutants[] = {
    { "M69", "append-leaks",
      "LevelDB and RocksDB users: a WriteBatch that is not destroyed",
      "contract.calls-leak-no-memory", .append = leak_in_append,
      .base = STORE },
    { "M70", "step-leaks", "libpq users: a PGresult that is not cleared",
      "contract.calls-leak-no-memory", .replaced = { .step = leak_in_step },
      .base = STORE },
    { "M71", "opening-leaks-a-descriptor",
      "lock files that are opened and never closed",
      "contract.closing-releases-descriptors",
      .replaced = { .open = leak_descriptor } },
    { "M72", "thread-outlives-its-store",
      "background threads that are not joined", "contract.closing-ends-threads",
      .replaced = { .open = leave_thread } },
};
MUTANT_FAMILY(resources);
