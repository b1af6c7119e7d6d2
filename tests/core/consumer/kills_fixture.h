/* SPDX-License-Identifier: Apache-2.0 */
/* Kills the process of a projection before each call of the driver, one after
 * the other. */
#ifndef QUIPU_TESTS_KILLS_FIXTURE_H
#define QUIPU_TESTS_KILLS_FIXTURE_H

#include "model_fixture.h"

/* A projection whose process is killed. */
struct killed_projection {
    const struct model *model;
    quipu_projection_options options;
    int64_t refused; /* as of struct applied: events that are parked */
    int events;      /* in the log */
};

struct kill_counts {
    int kills;
    int rounds; /* stores, each with another call at which it was killed */
};

/* Kills processes that apply all events at their n-th call, for each n until
 * they are killed no more, and checks the read model after each. */
struct kill_counts kill_at_each_call(const struct killed_projection *killed);

#endif
