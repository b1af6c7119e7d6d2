/* SPDX-License-Identifier: Apache-2.0 */
/* A counter that threads, of several processes if it is in shared memory, can
 * wait on: it beats when something was committed. */
#ifndef SHARED_DRIVER_PULSE_H
#define SHARED_DRIVER_PULSE_H

#include <stdatomic.h>
#include <stdint.h>

/* All zero is its beginning. */
struct pulse {
    _Atomic uint32_t beats;
    /* Those waiting; one that was killed is counted for ever, which costs a
     * system call a beat and nothing else. */
    _Atomic uint32_t waiters;
};

uint32_t quipu_common_pulse_read(struct pulse *pulse);
void quipu_common_pulse_beat(struct pulse *pulse);

/* Waits until the counter is not `seen` or `deadline` is there, or less. */
void quipu_common_pulse_wait(struct pulse *pulse, uint32_t seen,
                             int64_t deadline);

#endif
