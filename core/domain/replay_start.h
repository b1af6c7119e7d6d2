/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The starts of a replay: the kept states, and the first event.  replay.c says
 * in which order they are tried, and how the log confirms one.
 */
#ifndef QUIPU_CORE_DOMAIN_REPLAY_START_H
#define QUIPU_CORE_DOMAIN_REPLAY_START_H

#include "domain/replay.h"
#include "snapshot/cache.h"
#include "snapshot/snapshots.h"

/* In the order in which they are tried. */
enum quipu_replay_origin {
    QUIPU_REPLAY_CACHE,
    QUIPU_REPLAY_SNAPSHOT,
    QUIPU_REPLAY_FIRST_EVENT
};

struct quipu_replay_start {
    enum quipu_replay_origin origin;
    struct quipu_snapshot state; /* version 0: there is none */
    bool is_newest; /* the state is the newest one: nothing has to be read */
    struct quipu_cache_found cached;    /* of the cache */
    struct quipu_snapshot_found stored; /* of a snapshot */
    uint64_t changes;                   /* of the cache, before reading */
};

/* Notes the number of erasures, which was just read. */
void quipu_replay_start_note(struct quipu_replay *replay, int64_t erasures);

/* Finds the start of the given origin.  Returns whether there is one, which is
 * to be released. */
bool quipu_replay_start_find(struct quipu_replay *replay,
                             enum quipu_replay_origin origin,
                             struct quipu_replay_start *start);
void quipu_replay_start_release(const struct quipu_replay_start *start);

/* Counts a start by what the log said of it, and forgets a wrong one. */
void quipu_replay_start_judge(struct quipu_replay *replay,
                              const struct quipu_replay_start *start);

#endif
