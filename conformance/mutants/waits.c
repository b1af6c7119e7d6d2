/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants whose wait for new items misses wake-ups, and one that waits where it
 * must not. */
#include "mutant.h"

#include <stdatomic.h>

#define MISSED_WAIT INT64_C(2500000000) /* ns */

static atomic_uint opens;

/* Returns true, after sleeping until the deadline, during the first seconds in
 * which the thread waits for a head, over all its calls. */
static bool misses_wake_up(int64_t after, int64_t deadline)
{
    static _Thread_local int64_t since, waited_for = -1;
    int64_t left = deadline - mutant_now();

    if (waited_for != after) {
        waited_for = after;
        since = mutant_now();
    }
    if (mutant_now() - since >= MISSED_WAIT * mutant_patience) {
        return false;
    }
    mutant_sleep(left > 0 ? left : 0);
    return true;
}

/* M13: misses items that were stored between the last read and the beginning of
 * the wait, until it polls. */
static int miss_earlier_items(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound, int64_t after,
                              int64_t deadline, int64_t *head,
                              quipu_error *error)
{
    quipu_position now = { 0 };

    mutant_base_driver()->log_head(datastore, bound, INT64_MAX, &now, NULL);
    if (after >= 0 && after < now.notification_id && deadline != INT64_MAX &&
        misses_wake_up(after, deadline)) {
        after = INT64_MAX;
        deadline = 0;
    }
    return mutant_base_driver()->wait(datastore, bound, after, deadline, head,
                                      error);
}

/* M14: after another connection was opened the old one gets no notifications.
 */
static int miss_after_reconnect(quipu_driver_datastore *datastore,
                                quipu_driver_schema *bound, int64_t after,
                                int64_t deadline, int64_t *head,
                                quipu_error *error)
{
    if (atomic_load(&opens) > 1 && deadline != INT64_MAX &&
        misses_wake_up(after, deadline)) {
        after = INT64_MAX;
        deadline = 0;
    }
    return mutant_base_driver()->wait(datastore, bound, after, deadline, head,
                                      error);
}

static int count_opens(const quipu_host *host, const quipu_open *how,
                       int64_t deadline, quipu_driver_datastore **datastore,
                       quipu_opened *opened, quipu_error *error)
{
    atomic_fetch_add(&opens, 1);
    return mutant_base_driver()->open(host, how, deadline, datastore, opened,
                                      error);
}

static atomic_uint functions; /* that run in transactions */

static int count_functions(quipu_driver_datastore *datastore,
                           const quipu_request *request, quipu_work work,
                           void *context, quipu_result *result,
                           int64_t deadline, quipu_error *error)
{
    atomic_fetch_add(&functions, 1);
    int status = mutant_base_driver()->transact(
        datastore, request, work, context, result, deadline, error);
    atomic_fetch_sub(&functions, 1);
    return status;
}

/* M80: a lock that has no deadline is held while a function runs in a
 * transaction, and binding a schema takes it. */
static int bind_after_functions(quipu_driver_datastore *datastore,
                                const quipu_schema *schema, int64_t deadline,
                                quipu_driver_schema **bound, quipu_error *error)
{
    while (atomic_load(&functions) > 0) {
        mutant_sleep(1000000);
    }
    return mutant_base_driver()->bind(datastore, schema, deadline, bound,
                                      error);
}

static const struct mutant mutants[] = {
    { "M13", "wake-up-is-missed",
      "pyeventsourcing#305, commanded/eventstore#127, #309: missed NOTIFY",
      "L4.wait-returns-at-once-if-items-are-there",
      .replaced = { .wait = miss_earlier_items } },
    { "M14", "no-notifications-after-reconnect",
      "Eventuous#225: subscription not resumed after a reconnect",
      "L4.woken-by-another-datastore",
      .replaced = { .open = count_opens, .wait = miss_after_reconnect } },
    { "M80", "opening-waits-for-functions",
      "quipu's LMDB driver: mdb_dbi_open under a lock without a deadline",
      "V5.opening-beside-a-transaction-keeps-its-timeout",
      .replaced = { .transact = count_functions, .bind = bind_after_functions },
      .base = "sqlite:///{dir}/x.db" },
};
MUTANT_FAMILY(waits);
