/* SPDX-License-Identifier: Apache-2.0 */
/* A counter of commits that threads can wait on, those of several processes if
 * it is in shared memory: a futex.
 *
 * A waiter reads the counter, then the state of the store, and waits for the
 * counter to change only if the state is not what it waits for. A commit that
 * happens in between has changed the counter, so the wait returns at once. */
#ifndef QUIPU_DRIVERS_COMMON_COMMIT_COUNTER_H
#define QUIPU_DRIVERS_COMMON_COMMIT_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

/* Zero at first. */
struct commit_counter {
    _Atomic uint32_t value; /* wraps around */
    /* Number of threads that wait. One that was killed stays counted, which
     * only costs a system call at each commit. */
    _Atomic uint32_t waiters;
};

/* Returns the current value. */
uint32_t quipu_common_commit_counter_read(struct commit_counter *counter);

/* Counts a commit, or an interruption, and wakes all waiters. */
void quipu_common_commit_counter_advance(struct commit_counter *counter);

/* The same, but wakes only the thread that has waited longest. */
void quipu_common_commit_counter_pass(struct commit_counter *counter);

/* Waits until the value differs from `seen` or the deadline has passed; may
 * return earlier. */
void quipu_common_commit_counter_wait(struct commit_counter *counter,
                                      uint32_t seen, int64_t deadline);

#endif
