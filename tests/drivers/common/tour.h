/* SPDX-License-Identifier: Apache-2.0 */
/* A tour through all operations of the driver, that may fail at any of them. */
#ifndef DRIVERS_TOUR_H
#define DRIVERS_TOUR_H

#include "fixture.h"

/* Opens the file, uses every operation, and closes it.  Returns the status of
 * the first that failed, after which all is closed properly.  What a step
 * answers is checked if it answers OK. */
int tour_take(const char *file, const char *name_space, quipu_error *error);

/* Makes the file and takes the tour once, so that all is set up. */
void tour_prepare(const char *file);

/* Asserts that the file is a store as tours leave it, whatever they met. */
void tour_check(const char *file);

#endif
