/* SPDX-License-Identifier: Apache-2.0 */
/* "power": projections in stores whose power is cut. */
#ifndef QUIPU_TESTS_POWER_H
#define QUIPU_TESTS_POWER_H

/* To be called first in `main`: in a subprocess with recorded file operations
 * it does that process's work, and does not return.  The jobs of other tests
 * are among those that it knows. */
void power_enter(void);

#endif
