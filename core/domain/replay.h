/* SPDX-License-Identifier: Apache-2.0 */
/* Replaying stored events into an aggregate. */
#ifndef QUIPU_CORE_DOMAIN_REPLAY_H
#define QUIPU_CORE_DOMAIN_REPLAY_H

#include <quipu/repository.h>

struct quipu_repository {
    quipu_store *store;
    quipu_bus *bus; /* or NULL */
    const quipu_aggregate_type *type;
};

/* What came of looking for an aggregate, beside failure. */
enum quipu_finding {
    QUIPU_FINDING_FOUND,
    QUIPU_FINDING_NEVER_WAS,
    QUIPU_FINDING_DISCARDED,
    QUIPU_FINDING_NO_SUCH_VERSION
};

struct quipu_replay {
    const quipu_repository *repository;
    const quipu_id *id;
    bool newest;     /* of all events, or */
    int64_t version; /* up to that of this version */
    /* Set by the run. */
    enum quipu_finding finding;
    quipu_aggregate *aggregate; /* NULL unless it is found */
};

/* A failure names the sequence and the position, and is never NOT_FOUND. */
int quipu_replay_run(struct quipu_replay *replay, quipu_error *error);

#endif
