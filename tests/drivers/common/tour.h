/* SPDX-License-Identifier: Apache-2.0 */
/* A tour of all operations of a driver, each of which may fail. */
#ifndef DRIVERS_TOUR_H
#define DRIVERS_TOUR_H

#include "fixture.h"

/* Opens the file, calls every operation, and closes it. Returns the status of
 * the first one that failed, after closing everything. The results of a
 * successful operation are checked. */
int tour_take(const char *file, const char *name_space, quipu_error *error);

/* Creates the file and runs the tour once, which sets everything up. */
void tour_prepare(const char *file);

/* Asserts that the file is a store as tours leave it, with or without faults.
 */
void tour_check(const char *file);

#endif
