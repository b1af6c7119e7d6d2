/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of erasing that every driver has to pass, without the core. The test
 * program of a driver runs them before its own. */
#ifndef DRIVERS_ERASURES_H
#define DRIVERS_ERASURES_H

#include "fixture.h"

/* Supplied by the program of each driver: opens the store of that name with
 * enum quipu_open_flag, and creates it if the flags say so. */
quipu_driver_datastore *erasures_open(const char *name, uint32_t flags);

/* Runs the tests; returns the number of those that failed. */
int erasures_run_tests(void);

/* ------------------------------------------------------- for further tests */

/* A whole sequence, and the whole log. */
quipu_erasure erasures_of_sequence(quipu_bytes sequence_id);
quipu_erasure erasures_of_log(void);

/* Calls erase once and asserts its success; returns the number it erased. */
int64_t erasures_erase(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound,
                       const quipu_erasure *erasure);
/* Calls it until nothing is left; returns the sum. */
int64_t erasures_erase_all(quipu_driver_datastore *datastore,
                           quipu_driver_schema *bound,
                           const quipu_erasure *erasure);

/* The number of commits that have erased items. */
int64_t erasures_commits(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound);

/* Reads the log and returns the number of its items that are erased; asserts
 * that those have no contents, and the others a state. */
size_t erasures_count(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound);

#endif
