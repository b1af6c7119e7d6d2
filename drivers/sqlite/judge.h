/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a request is accepted, and where its items go. */
#ifndef SQLITE_DRIVER_JUDGE_H
#define SQLITE_DRIVER_JUDGE_H

#include "rows.h"

#include <string.h>

/* Where a sequence ends while a request is judged. */
struct tail {
    quipu_bytes id;
    bool found;
    int64_t last;
};

struct judge {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    bool careful;       /* event ids are looked up whatever comes */
    struct tail *tails; /* an open hash table, by sequence id */
    size_t tail_room;   /* a power of two, or 0 */
    struct tail one;    /* instead, for a request of one item */
    int64_t *positions; /* where the items go, or NULL: as they say */
};

/* Judges event ids (without care: if anything else refuses), guards, tracking,
 * and positions in contiguous schemas.
 * result->status says what became of it; returns the status of the store. */
int quipu_sqlite_judge_request(struct judge *judge,
                               const quipu_request *request,
                               quipu_result *result, quipu_error *error);
void quipu_sqlite_judge_finish(struct judge *judge);

/* Judges event ids alone; *decided: they settle it, as a repeat or a
 * conflict. */
int quipu_sqlite_judge_event_ids(struct judge *judge,
                                 const quipu_request *request,
                                 quipu_result *result, bool *decided,
                                 quipu_error *error);

/* Whether a tracking record is stored, or one above it; true for none. */
int quipu_sqlite_tracking_is_stored(struct judge *judge,
                                    const quipu_tracking *tracking,
                                    bool *stored, quipu_error *error);

static inline bool judge_same(quipu_bytes a, quipu_bytes b)
{
    return a.size == b.size &&
           (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline void judge_refuse(quipu_result *result, int status, int cause,
                                size_t index)
{
    result->status = status;
    result->cause = cause;
    result->index = index;
}

/* Where an accepted item goes. */
int64_t quipu_sqlite_judge_position(const struct judge *judge,
                                    const quipu_request *request, size_t index);

/* Whether the request's schema leaves positions to the index to judge. */
bool quipu_sqlite_is_sparse(const quipu_request *request);

/* A position of a sparse schema was taken: undoes the request and says so. */
int quipu_sqlite_judge_taken(struct judge *judge, const quipu_request *request,
                             size_t index, quipu_result *result,
                             quipu_error *error);

/* Binds the key of a tracking record. */
void quipu_sqlite_bind_tracking(sqlite3_stmt *statement,
                                const quipu_driver_datastore *datastore,
                                quipu_bytes consumer, quipu_bytes log);
/* Reads a tracking record; *found false if there is none. */
int quipu_sqlite_tracking_find(quipu_driver_datastore *datastore,
                               struct connection *connection,
                               quipu_bytes consumer, quipu_bytes log,
                               bool *found, quipu_position *position,
                               quipu_error *error);

#endif
