/* SPDX-License-Identifier: Apache-2.0 */
/* What a guard demands of a sequence. */
#include "demand.h"

bool quipu_common_demand_holds(const quipu_guard *guard, bool found,
                               int64_t last)
{
    switch (guard->demand) {
    case QUIPU_DEMAND_EMPTY:
        return !found;
    case QUIPU_DEMAND_NOT_EMPTY:
        return found;
    default:
        return found && last == guard->position;
    }
}
