/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An actor: one session of a history, in one thread.  Each call asks the store
 * something and records it, and what the actor was told it knows from then on.
 * A status that no working store gives ends the case.
 */
#ifndef QUIPU_ACTOR_H
#define QUIPU_ACTOR_H

#include "context/context.h"
#include "labels.h"
#include "record.h"

#include <stdatomic.h>

#define QUIPU_ACTOR_LOGS 4
#define QUIPU_ACTOR_HOT 8
#define QUIPU_DRAFT_ITEMS 8
#define QUIPU_DRAFT_GUARDS 3

/* An append before it is made.  Plain data: in memory that processes share it
 * tells what a killed one was about. */
struct quipu_draft {
    uint32_t log;
    uint32_t item_count, guard_count;
    struct {
        struct quipu_label sequence;
        int64_t position; /* or QUIPU_HISTORY_NEXT */
        struct quipu_mark mark;
    } items[QUIPU_DRAFT_ITEMS];
    struct {
        struct quipu_label sequence;
        int32_t demand;
        int64_t position;
    } guards[QUIPU_DRAFT_GUARDS];
    bool tracks;
    int64_t track;
};

struct quipu_actor_log {
    char name[2]; /* "a" */
    quipu_records *records;
    bool text, events;             /* of its schema */
    int64_t last[QUIPU_ACTOR_HOT]; /* of each hot sequence; -1: empty */
    int64_t head;
    int64_t tracked;
};

struct quipu_actor {
    struct quipu_context *t;
    struct quipu_recorder recorder;
    uint32_t session;
    uint64_t random;
    struct quipu_actor_log logs[QUIPU_ACTOR_LOGS];
    unsigned log_count, hot;
    struct quipu_draft draft; /* the last that was made, and its status */
    int status;
    bool excuses; /* that the store is away for a while */
    /* In shared memory: the draft under way; or NULL. */
    struct quipu_draft_slot {
        atomic_bool pending;
        struct quipu_draft draft;
    } * slot;
};

/* A random number below n > 0, of the actor's own. */
uint64_t quipu_actor_random(struct quipu_actor *a, uint64_t n);

/* One of its logs; one of the sequences to which all write. */
unsigned quipu_actor_some_log(struct quipu_actor *a);
struct quipu_label quipu_actor_some_hot(struct quipu_actor *a);

/* Gives items that have none the mark of the append to come, and makes it. */
int quipu_actor_append(struct quipu_actor *a, struct quipu_draft *draft);

/* Whether such a status is no violation by itself; if the store was away, after
 * a while. */
bool quipu_actor_excuses(const struct quipu_actor *a, int status);

/* Reads a sequence, or the log; gives how many items came. */
size_t quipu_actor_read(struct quipu_actor *a, unsigned log,
                        struct quipu_label sequence, const quipu_query *query);
size_t quipu_actor_read_log(struct quipu_actor *a, unsigned log,
                            const quipu_query *query, bool final);

void quipu_actor_last(struct quipu_actor *a, unsigned log,
                      struct quipu_label sequence);
void quipu_actor_head(struct quipu_actor *a, unsigned log);
void quipu_actor_track(struct quipu_actor *a, unsigned log);
/* Waits for more than the actor knows of; whether it came. */
bool quipu_actor_wait(struct quipu_actor *a, unsigned log,
                      int64_t milliseconds);

#endif
