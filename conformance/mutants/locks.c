/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that hold a lock for too long, or wait for one too long. */
#include "mutant.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LARGE ((size_t)32 << 20)
#define LONG_COMMIT INT64_C(400000000) /* ns */
#define SLICE INT64_C(40000000)        /* ns */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static size_t size_of(const quipu_request *request)
{
    size_t size = 0;

    for (size_t i = 0; i < request->item_count; i++) {
        size += request->items[i].state.size;
    }
    return size;
}

/* M81: waits for the writers' lock whatever the deadline says.  A large commit
 * takes long. */
static int ignore_deadline(struct append_call *a)
{
    int status;

    pthread_mutex_lock(&lock);
    if (size_of(a->requests) >= LARGE) {
        mutant_sleep(LONG_COMMIT * mutant_patience);
    }
    status = mutant_append_all(a);
    pthread_mutex_unlock(&lock);
    return status;
}

/* M82: a wait holds the writers' lock, and lets it go now and then. */
static int append_under_lock(struct append_call *a)
{
    int status;

    pthread_mutex_lock(&lock);
    status = mutant_append_all(a);
    pthread_mutex_unlock(&lock);
    return status;
}

static int wait_under_lock(quipu_driver_datastore *datastore,
                           quipu_driver_schema *bound, int64_t after,
                           int64_t deadline, int64_t *head, quipu_error *error)
{
    int status;

    do {
        int64_t end = mutant_now() + SLICE;

        pthread_mutex_lock(&lock);
        status = mutant_base_driver()->wait(datastore, bound, after,
                                            end < deadline ? end : deadline,
                                            head, error);
        pthread_mutex_unlock(&lock);
    } while (status == QUIPU_TIMEOUT && mutant_now() < deadline);
    return status;
}

/* M88: enables cancellation in an append, in which it then sleeps with the
 * lock. */
static int enable_cancellation(struct append_call *a)
{
    int status;

    (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
    pthread_mutex_lock(&lock);
    mutant_sleep(SLICE / 40);
    status = mutant_append_all(a);
    pthread_mutex_unlock(&lock);
    return status;
}

/* ------------------------------------------------------------- M89, of SQLite
 */

/* M89: the process that has the store open holds an flock, and releases it by
 * closing its descriptor, which a child has, too. */
static int held = -1;
static unsigned users; /* handles of the process */

static bool hold(const char *body, int64_t deadline)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s-held", body + 3); /* behind the "///" */
    held = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    while (flock(held, LOCK_EX | LOCK_NB) != 0) {
        if (mutant_now() > deadline) {
            close(held);
            return false;
        }
        mutant_sleep(SLICE / 40);
    }
    return true;
}

static void release(void)
{
    pthread_mutex_lock(&lock);
    if (--users == 0) {
        close(held);
    }
    pthread_mutex_unlock(&lock);
}

static int open_and_hold(const quipu_host *host, const quipu_open *how,
                         int64_t deadline, quipu_driver_datastore **datastore,
                         quipu_opened *opened, quipu_error *error)
{
    int status;

    pthread_mutex_lock(&lock);
    if (users == 0 && !hold(how->body, deadline)) {
        pthread_mutex_unlock(&lock);
        return host->error_set(error, QUIPU_BUSY, 0, NULL,
                               "another process has the store open");
    }
    users++;
    pthread_mutex_unlock(&lock);
    status = mutant_base_driver()->open(host, how, deadline, datastore, opened,
                                        error);
    if (status != QUIPU_OK) {
        release();
    }
    return status;
}

static void close_and_release(quipu_driver_datastore *datastore)
{
    mutant_base_driver()->close(datastore);
    release();
}

static const struct mutant sqlite[] = {
    { "M89", "child-of-fork-keeps-the-lock",
      "locks of an open file description (flock) that a forked helper shares, "
      "so that they outlive a server that was restarted",
      "contract.child-of-fork-keeps-no-lock",
      .replaced = { .open = open_and_hold, .close = close_and_release },
      .base = "sqlite:///{dir}/x.db" },
};

const struct mutant_family mutant_family_sqlite_locks = {
    sqlite, sizeof(sqlite) / sizeof(*sqlite)
};

static const struct mutant mutants[] = {
    { "M81", "deadline-is-ignored",
      "drivers with one mutex around their library",
      "contract.append-beside-a-long-one-ends-in-time",
      .append = ignore_deadline },
    { "M82", "wait-holds-the-lock", "the same, around the operation that waits",
      "L4.waits-do-not-delay-appends", .append = append_under_lock,
      .replaced = { .wait = wait_under_lock } },
    { "M88", "cancellation-is-enabled",
      "libraries that enable cancellation after a critical section instead of "
      "restoring the state that they found",
      "contract.cancelled-thread-stops-no-other",
      .append = enable_cancellation },
};
MUTANT_FAMILY(locks);
