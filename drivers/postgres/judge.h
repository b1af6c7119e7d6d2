/* SPDX-License-Identifier: Apache-2.0 */
/* Judging the requests of a group one after the other: judge.c asks, in turn,
 * repeats.c, itself for guards and tracking, and positions.c. */
#ifndef POSTGRES_DRIVER_JUDGE_H
#define POSTGRES_DRIVER_JUDGE_H

#include "looks.h"

struct judge {
    struct group *group;
    struct seen *seen;    /* of all items */
    struct entries ids;   /* event ids of this group's items */
    struct entries spots; /* places that they take in sparse sequences */
    /* The request at hand. */
    const quipu_request *request;
    quipu_result *result;
    uint32_t section;
    size_t number; /* one more than its own */
    size_t first;  /* its first item, of all */
};

/* *decided: the event ids settle it, as a repeat or a conflict.  NO_MEMORY. */
int quipu_postgres_judge_event_ids(struct judge *judge, bool *decided,
                                   quipu_error *error);
/* Places the request's items, or refuses it.  NO_MEMORY. */
int quipu_postgres_judge_positions(struct judge *judge, quipu_error *error);

/* Whether the request's tracking record, or a later one, is stored. */
bool quipu_postgres_judge_is_tracked(const struct judge *judge);
/* Where a sequence ends that the request speaks of. */
struct entry *quipu_postgres_judge_tail(const struct judge *judge,
                                        quipu_bytes id);

void quipu_postgres_judge_refuse(struct judge *judge, int status, int cause,
                                 size_t index);
/* A refusal that says where the sequence ends (U1). */
void quipu_postgres_judge_refuse_at(struct judge *judge, int cause,
                                    size_t index, bool found, int64_t last);

int quipu_postgres_judge_no_memory(const struct judge *judge,
                                   quipu_error *error);

#endif
