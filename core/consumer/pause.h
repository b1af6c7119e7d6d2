/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pauses between the attempts of a consumer after failures of a store.
 *
 * A consumer runs for months, and its store is restarted, fails over, or is
 * held by another process meanwhile.  None of that may end the consumer, and
 * none may make it ask without a pause: a server that starts has enough to do.
 *
 * A failure that no repetition mends, such as a damaged store or a right that
 * is missing, ends the consumer at once.  All functions may be called from any
 * thread.
 */
#ifndef QUIPU_CORE_CONSUMER_PAUSE_H
#define QUIPU_CORE_CONSUMER_PAUSE_H

#include <quipu/types.h>

/* Whether the same call may succeed later without anything being mended by the
 * program: BUSY, TIMEOUT, IO and UNKNOWN_OUTCOME.  After the last one the
 * caller finds out first what became of the call. */
bool quipu_pause_is_useful(int status);

/*
 * Returns the end of the pause after the n-th failure in a row, from 1: 100
 * milliseconds, doubled for each failure, up to 10 seconds, and of that between
 * half and all, so that many consumers that lost one server do not come back at
 * the same time.
 */
int64_t quipu_pause_deadline(uint32_t failures);

#endif
