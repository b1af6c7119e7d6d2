/* SPDX-License-Identifier: Apache-2.0 */
/* The worker of the power cuts: the suite's own program, run once more. */
#ifndef QUIPU_POWER_H
#define QUIPU_POWER_H

/* What main calls first: -1 if these are no arguments of a worker's, else its
 * exit status. */
int quipu_power_worker(int argc, char **argv);

#endif
