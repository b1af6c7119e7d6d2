/* SPDX-License-Identifier: Apache-2.0 */
/* Pauses with exponential growth and jitter. */
#include "consumer/pause.h"

#include "base/clock.h"

#define FIRST INT64_C(100)  /* milliseconds */
#define MOST INT64_C(10000) /* milliseconds */
#define DOUBLINGS 7         /* that reach MOST */

bool quipu_pause_is_useful(int status)
{
    return status == QUIPU_BUSY || status == QUIPU_TIMEOUT ||
           status == QUIPU_IO || status == QUIPU_UNKNOWN_OUTCOME;
}

int64_t quipu_pause_deadline(uint32_t failures)
{
    uint32_t doublings = failures > 0 ? failures - 1 : 0;
    int64_t pause = FIRST << (doublings < DOUBLINGS ? doublings : DOUBLINGS);

    pause = pause < MOST ? pause : MOST;
    /* The low digits of the clock differ between processes. */
    pause = pause / 2 + quipu_clock_now() / 1000 % (pause / 2 + 1);
    return quipu_clock_deadline(pause);
}
