/* SPDX-License-Identifier: Apache-2.0 */
/* A counter that threads, of several processes if it is in shared memory, can
 * wait on: it value when something was committed. */
#ifndef SHARED_DRIVER_COMMIT_COUNTER_H
#define SHARED_DRIVER_COMMIT_COUNTER_H

#include <stdatomic.h>
#include <stdint.h>

/* All zero is its beginning. */
struct commit_counter {
    _Atomic uint32_t value;
    /* Those waiting; one that was killed is counted for ever, which costs a
     * system call a beat and nothing else. */
    _Atomic uint32_t waiters;
};

uint32_t quipu_common_commit_counter_read(
    struct commit_counter *commit_counter);
void quipu_common_commit_counter_advance(struct commit_counter *commit_counter);

/* Waits until the counter is not `seen` or `deadline` is there, or less. */
void quipu_common_commit_counter_wait(struct commit_counter *commit_counter,
                                      uint32_t seen, int64_t deadline);

#endif
