/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process, as the files of this folder see it: a runner whose parts are
 * applied by the reactions in a unit of work.
 */
#ifndef QUIPU_CORE_PROCESS_PROCESS_H
#define QUIPU_CORE_PROCESS_PROCESS_H

#include <quipu/process.h>

#include "consumer/runner.h"

struct quipu_process {
    const quipu_process_type *type;
    void *context; /* of the reactions */
    struct quipu_runner runner;
    const quipu_event_type **events; /* of the reactions, in their order;
                                        owned */
    quipu_store *target;             /* held */
};

/* The operations of the runner. */
extern const struct quipu_runner_type quipu_process_runner;

/* Whether the id of an item of the target is one that the reaction to `cause`
 * has given as one of the first `count` ids (R3). */
bool quipu_process_has_caused(const quipu_process *process,
                              const quipu_event *cause, uint32_t count,
                              const quipu_item *item);

#endif
