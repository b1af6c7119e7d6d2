/* SPDX-License-Identifier: Apache-2.0 */
/* Which ids somebody may have meant. */
#ifndef QUIPU_NEAR_H
#define QUIPU_NEAR_H

#include <stddef.h>

#define QUIPU_NEAR 5

/* The ids of cases that are most like the text, the nearest first; gives how
 * many. */
size_t quipu_near(const char *text, const char *near[static QUIPU_NEAR]);

#endif
