/* SPDX-License-Identifier: Apache-2.0 */
/* What a guard demands of a sequence (S3). */
#ifndef SHARED_DRIVER_PRECONDITIONS_H
#define SHARED_DRIVER_PRECONDITIONS_H

#include <quipu/driver.h>

/* Whether a sequence is what the guard demands: `found` says that it has items,
 * and the last is at `last`. */
bool quipu_common_preconditions_guard_holds(const quipu_guard *guard,
                                            bool found, int64_t last);

#endif
