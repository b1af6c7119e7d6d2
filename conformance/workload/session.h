/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session of a workload: one thread that calls the store and records each
 * request and response.
 *
 * A session remembers what responses told it about the store (the last
 * positions of the shared sequences, the head, the tracking record), so that
 * most of its later requests are close to the truth and yet may be overtaken by
 * other sessions.  A status that no correct store returns ends the case.
 */
#ifndef QUIPU_WORKLOAD_SESSION_H
#define QUIPU_WORKLOAD_SESSION_H

#include "context/context.h"
#include "history/record.h"
#include "identity.h"

#include <stdatomic.h>

#define QUIPU_SESSION_LOGS 4
#define QUIPU_SESSION_SHARED 8 /* shared sequences of a log, at most */
#define QUIPU_REQUEST_ITEMS 8
#define QUIPU_REQUEST_GUARDS 3

/* An append before it is made.  It has no pointers, so that it can be kept in
 * memory that processes share: another process repeats the append of a killed
 * one. */
struct quipu_session_request {
    uint32_t log;
    uint32_t item_count, guard_count;
    struct {
        struct quipu_identity_sequence sequence;
        int64_t position;                   /* or QUIPU_HISTORY_NEXT */
        struct quipu_history_origin origin; /* session 0: a new item */
    } items[QUIPU_REQUEST_ITEMS];
    struct {
        struct quipu_identity_sequence sequence;
        int32_t demand; /* enum quipu_demand */
        int64_t position;
    } guards[QUIPU_REQUEST_GUARDS];
    bool tracks;
    int64_t tracking; /* the notification id of the tracking record */
};

/* The knowledge of a session about one log. */
struct quipu_session_log {
    char name[2]; /* "a" */
    quipu_records *records;
    bool text;                          /* sequence ids are text */
    bool events;                        /* items have event ids */
    int64_t last[QUIPU_SESSION_SHARED]; /* last positions; -1: empty */
    int64_t head;
    int64_t tracked;
};

/* The append that a session runs. */
struct quipu_session_pending {
    atomic_bool pending;
    struct quipu_session_request request;
};

struct quipu_session {
    struct quipu_context *ctx;
    struct quipu_recorder recorder;
    uint32_t number;
    uint64_t random;      /* state of its generator */
    const char *consumer; /* of all sessions; each run has its own */
    struct quipu_session_log logs[QUIPU_SESSION_LOGS];
    unsigned log_count, shared;
    struct quipu_session_request request; /* the last append, and its status */
    int status;
    bool tolerates_outage;              /* the workload stops the server */
    struct quipu_session_pending *slot; /* in shared memory; or NULL */
};

/* Returns a random number below n > 0; it depends on the seed alone. */
uint64_t quipu_session_random(struct quipu_session *s, uint64_t n);

/* A random log, and a random one of its shared sequences. */
unsigned quipu_session_random_log(struct quipu_session *s);
struct quipu_identity_sequence quipu_session_random_sequence(
    struct quipu_session *s);

/* Returns true if the status is that of a store which is down, and the workload
 * stops the server; waits a few milliseconds in that case. */
bool quipu_session_tolerates(const struct quipu_session *s, int status);

/* ------------------------------------------------------- appends (append.c) */

/* Gives new items their origin, makes the append and records it; returns its
 * status. */
int quipu_workload_append(struct quipu_session *s,
                          struct quipu_session_request *request);

/* ----------------------------------------------------------- reads (read.c) */

/* Reads a sequence, or a log, to the end of the query; returns the number of
 * items. */
size_t quipu_workload_read(struct quipu_session *s, unsigned log,
                           struct quipu_identity_sequence sequence,
                           const quipu_query *query);
size_t quipu_workload_read_log(struct quipu_session *s, unsigned log,
                               const quipu_query *query, bool final);

void quipu_workload_read_last(struct quipu_session *s, unsigned log,
                              struct quipu_identity_sequence sequence);
void quipu_workload_read_head(struct quipu_session *s, unsigned log);
void quipu_workload_read_tracking(struct quipu_session *s, unsigned log);

/* Waits until the log has more than the session knows of; returns false if the
 * wait timed out or failed. */
bool quipu_workload_read_wait(struct quipu_session *s, unsigned log,
                              int64_t milliseconds);

#endif
