/* SPDX-License-Identifier: Apache-2.0 */
/* Kills the process of a projection before each call of the driver, one after
 * the other. */
#ifndef QUIPU_TESTS_KILLS_FIXTURE_H
#define QUIPU_TESTS_KILLS_FIXTURE_H

#include "consumer_fixture.h"

enum { KILLS_EVENTS = 40 };

/* A projection, and its read model in some back end. */
struct killed_projection {
    const quipu_projection_type *type;
    quipu_projection_options options;
    /* Removes the store and the read model of the round before, and writes the
     * name of the new store, for open_log. */
    void (*prepare)(int round, char name[64]);
    /* Fails unless the read model has each event up to the tracking record once
     * and no other, except those that are parked; returns the record. */
    int64_t (*check)(const char *name);
};

/* Kills processes that apply KILLS_EVENTS events at their n-th call, for each n
 * until they are killed no more, and checks the read model after each. */
void kill_at_each_call(const struct killed_projection *killed);

#endif
