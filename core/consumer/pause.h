/* SPDX-License-Identifier: Apache-2.0 */
/* Pauses between the attempts of a consumer after failures of a store. */
#ifndef QUIPU_CORE_CONSUMER_PAUSE_H
#define QUIPU_CORE_CONSUMER_PAUSE_H

#include <quipu/types.h>

/* Whether the same call may succeed later: BUSY, TIMEOUT, IO and
 * UNKNOWN_OUTCOME. */
bool quipu_pause_is_useful(int status);

/*
 * Returns the end of the pause after the n-th failure in a row, from 1: 100
 * milliseconds, doubled for each failure, up to 10 seconds, and of that between
 * half and all, so that many consumers that lost one server do not come back at
 * the same time.
 */
int64_t quipu_pause_deadline(uint32_t failures);

#endif
