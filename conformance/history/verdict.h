/* SPDX-License-Identifier: Apache-2.0 */
/* The program's part that judges kept histories. */
#ifndef QUIPU_VERDICT_H
#define QUIPU_VERDICT_H

/* Prints what a history put to the test, and what is wrong with it; gives
 * QUIPU_CONFORMANCE_HOLDS, _BROKEN, or, if it cannot be read, _MISUSE. */
int quipu_verdict_of(const char *folder);

#endif
