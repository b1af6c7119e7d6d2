/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random histories of aggregates, got with and without snapshots and cache, by
 * programs of several layouts and versions, while snapshots are damaged, and
 * events erased (D1 to D4).
 */
#ifndef QUIPU_TESTS_HISTORIES_FIXTURE_H
#define QUIPU_TESTS_HISTORIES_FIXTURE_H

#include "basket_fixture.h"

struct histories_counts {
    int64_t histories;
    int64_t events;
    int64_t compared;               /* aggregates */
    int64_t broken;                 /* bits changed in snapshots */
    int64_t erased;                 /* events */
    quipu_repository_counts counts; /* sums of all repositories */
};

/* Runs that number of histories, in the store of that name.  Fails if anything
 * differs. */
void histories_run(const char *name, int64_t histories, uint32_t seed,
                   struct histories_counts *counts);

#endif
