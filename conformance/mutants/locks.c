/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that hold a lock for too long, or wait for one too long. */
#include "mutant.h"

#include <pthread.h>

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
        pthread_mutex_lock(&lock);
        mutant_sleep(SLICE);
        status = mutant_base_driver()->wait(datastore, bound, after,
                                            mutant_now(), head, error);
        pthread_mutex_unlock(&lock);
    } while (status == QUIPU_TIMEOUT && mutant_now() < deadline);
    return status;
}

static const struct mutant mutants[] = {
    { "M81", "deadline-is-ignored",
      "drivers with one mutex around their library",
      "contract.append-beside-a-long-one-ends-in-time",
      .append = ignore_deadline },
    { "M82", "wait-holds-the-lock", "the same, around the operation that waits",
      "L4.waits-do-not-delay-appends", .append = append_under_lock,
      .replaced = { .wait = wait_under_lock } },
};
MUTANT_FAMILY(locks);
