/* SPDX-License-Identifier: Apache-2.0 */
/* The read model of a projection: creating it once, and resetting it. */
#ifndef QUIPU_CORE_CONSUMER_MODEL_H
#define QUIPU_CORE_CONSUMER_MODEL_H

#include "consumer/projection.h"

/*
 * Runs `create` of the type, if there is one, in one transaction with the entry
 * "quipu/projection/CONSUMER", and not if that exists.  In a target without
 * entries it runs as long as there is no tracking record.
 */
int quipu_model_create(quipu_projection *projection, quipu_error *error);

#endif
