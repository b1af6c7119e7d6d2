/* SPDX-License-Identifier: Apache-2.0 */
/* What a guard demands of a sequence. */
#include "preconditions.h"

#include "safeguard.h"

bool quipu_common_preconditions_guard_holds(const quipu_guard *guard,
                                            bool found, int64_t last)
{
    switch (guard->demand) {
    case QUIPU_DEMAND_EMPTY:
        return SAFEGUARDED("S3.guard-that-it-is-empty", !found, true);
    case QUIPU_DEMAND_NOT_EMPTY:
        return SAFEGUARDED("S3.guard-that-it-is-not", found, true);
    default:
        return SAFEGUARDED("S3.guard-at-zero-of-nothing", found, true) &&
               SAFEGUARDED("S3.guard-at-a-position", last == guard->position,
                           last >= guard->position);
    }
}
