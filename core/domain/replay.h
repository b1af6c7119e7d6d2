/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replay of an aggregate's events, from the first one on, or from a kept
 * state: a snapshot, or one of the cache.  replay.c describes the steps.
 *
 * A replay is used by one thread; any number of replays of one repository run
 * at the same time.
 */
#ifndef QUIPU_CORE_DOMAIN_REPLAY_H
#define QUIPU_CORE_DOMAIN_REPLAY_H

#include "domain/repository.h"
#include "snapshot/sealed_state.h"

/* The outcome of a replay that did not fail. */
enum quipu_replay_finding {
    QUIPU_REPLAY_FOUND,
    QUIPU_REPLAY_NO_EVENTS,
    QUIPU_REPLAY_DISCARDED,
    QUIPU_REPLAY_NO_SUCH_VERSION /* it ended before that version */
};

struct quipu_replay {
    quipu_repository *repository;
    const quipu_id *id;
    bool newest;     /* apply all events; otherwise */
    int64_t version; /* up to the one of this version */
    bool takes;      /* take a snapshot in any case, and without the cache */
    bool is_one_of_many; /* its events are read together with those of others */
    /* Results. */
    enum quipu_replay_finding finding;
    quipu_aggregate *aggregate; /* NULL unless FOUND */
    /* Private. */
    uint64_t last_event; /* quipu_snapshot_event of the last one applied */
    int64_t applied;     /* number of events */
    struct quipu_subject_set subjects; /* of the personal members in it */
    bool is_wrong; /* the log does not have the kept state's last event */
    int64_t wrong_revision; /* of a snapshot of which that is true */
    bool is_outdated;       /* the kept state is wrong by an erasure */
    bool has_erasures;      /* the following is set */
    int64_t erasures;       /* of the schema, not later than the reading */
    quipu_cursor *ahead;    /* over the items, opened ahead; or NULL */
};

/* Makes an aggregate that is attached to the repository's bus, and to its cache
 * if that has a sole writer.  NO_MEMORY. */
int quipu_replay_make(const quipu_repository *repository, const quipu_id *id,
                      quipu_aggregate **aggregate, quipu_error *error);

/*
 * Makes the aggregate from its events.  OK: replay->finding is set.
 *
 * Keeps the newest state in the cache, and takes a snapshot if one is due.  A
 * failure to take it is the replay's only if replay->takes is set.
 */
int quipu_replay_run(struct quipu_replay *replay, quipu_error *error);

/* The most replays that run together. */
#define QUIPU_REPLAY_MANY_MAX 64

/* Does the same for several replays of one repository, whose events are read in
 * as few round trips to the store as possible.  After a failure of one of them
 * the caller destroys the aggregates of all. */
int quipu_replay_run_many(struct quipu_replay *replays, size_t count,
                          quipu_error *error);

/* Applies the events that replay->aggregate lacks; sets replay->finding, after
 * a failure, too. */
int quipu_replay_refresh(struct quipu_replay *replay, quipu_error *error);

#endif
