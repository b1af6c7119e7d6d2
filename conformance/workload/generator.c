/* SPDX-License-Identifier: Apache-2.0 */
/* Steps of a session: appends, reads, and the draw among them. */
#include "generator.h"

#include <quipu/types.h>

/* An empty append to a random log. */
static struct quipu_session_request begin(struct quipu_session *s)
{
    return (struct quipu_session_request){ .log = quipu_session_random_log(s) };
}

static void add(struct quipu_session_request *request,
                struct quipu_identity_sequence sequence, int64_t position)
{
    if (request->item_count < QUIPU_REQUEST_ITEMS) {
        request->items[request->item_count].sequence = sequence;
        request->items[request->item_count++].position = position;
    }
}

static void add_guard(struct quipu_session_request *request,
                      struct quipu_identity_sequence sequence, int demand,
                      int64_t position)
{
    if (request->guard_count < QUIPU_REQUEST_GUARDS) {
        request->guards[request->guard_count].sequence = sequence;
        request->guards[request->guard_count].demand = demand;
        request->guards[request->guard_count++].position = position;
    }
}

/* ------------------------------------------------------------------- items */

static void append_next(struct quipu_session *s)
{
    struct quipu_session_request request = begin(s);

    for (uint64_t n = 1 + quipu_session_random(s, 3); n > 0; n--) {
        add(&request, quipu_session_random_sequence(s), QUIPU_HISTORY_NEXT);
    }
    quipu_workload_append(s, &request);
}

/* Adds items at the positions after the last one that the session knows. */
static void add_known(struct quipu_session *s,
                      struct quipu_session_request *request,
                      struct quipu_identity_sequence sequence, uint64_t count)
{
    int64_t position = s->logs[request->log].last[sequence.a];

    while (count-- > 0) {
        add(request, sequence, ++position);
    }
}

static void append_after(struct quipu_session *s)
{
    struct quipu_session_request request = begin(s);

    add_known(s, &request, quipu_session_random_sequence(s),
              1 + quipu_session_random(s, 3));
    quipu_workload_append(s, &request);
}

/* Each of up to three sequences gets two items, so that a torn append shows. */
static void group(struct quipu_session *s)
{
    struct quipu_session_request request = begin(s);
    uint32_t first = quipu_session_random_sequence(s).a;

    for (uint32_t i = 0; i < s->shared && i < 3; i++) {
        struct quipu_identity_sequence sequence = { 'h',
                                                    (first + i) % s->shared,
                                                    0 };

        if (quipu_session_random(s, 3) == 0) {
            add_known(s, &request, sequence, 2);
        } else {
            add(&request, sequence, QUIPU_HISTORY_NEXT);
            add(&request, sequence, QUIPU_HISTORY_NEXT);
        }
    }
    quipu_workload_append(s, &request);
}

/* Creates a sequence, with an item of a shared sequence between its two items:
 * the positions of a sequence count its own items only. */
static void create(struct quipu_session *s)
{
    struct quipu_session_request request = begin(s);
    struct quipu_identity_sequence new = { 'n', s->number,
                                           s->recorder.number + 1 };

    add_guard(&request, new, QUIPU_DEMAND_EMPTY, 0);
    add(&request, new, 0);
    add(&request, quipu_session_random_sequence(s), QUIPU_HISTORY_NEXT);
    add(&request, new, 1);
    quipu_workload_append(s, &request);
}

/* ------------------------------------------------------------------ guards */

/* Adds a guard that holds for what the session knows. */
static void add_known_guard(struct quipu_session *s,
                            struct quipu_session_request *request)
{
    struct quipu_identity_sequence sequence = quipu_session_random_sequence(s);
    int64_t last = s->logs[request->log].last[sequence.a];

    if (last < 0) {
        add_guard(request, sequence, QUIPU_DEMAND_EMPTY, 0);
    } else if (quipu_session_random(s, 3) == 0) {
        add_guard(request, sequence, QUIPU_DEMAND_NOT_EMPTY, 0);
    } else {
        add_guard(request, sequence, QUIPU_DEMAND_LAST, last);
    }
}

static void guard(struct quipu_session *s)
{
    struct quipu_session_request request = begin(s);
    struct quipu_identity_sequence sequence = quipu_session_random_sequence(s);

    /* Sometimes with fresh knowledge, so that guards hold often enough. */
    if (quipu_session_random(s, 2) == 0) {
        quipu_workload_read_last(s, request.log, sequence);
    }
    add_known_guard(s, &request);
    add(&request, sequence, QUIPU_HISTORY_NEXT);
    if (quipu_session_random(s, 2) == 0) {
        add_known(s, &request, (struct quipu_identity_sequence){ 'h', 0, 0 },
                  sequence.a != 0);
    }
    quipu_workload_append(s, &request);
}

static void guard_only(struct quipu_session *s)
{
    struct quipu_session_request request = begin(s);

    add_known_guard(s, &request);
    if (quipu_session_random(s, 2) == 0) {
        add_known_guard(s, &request);
    }
    quipu_workload_append(s, &request);
}

/* -------------------------------------------------- tracking and event ids */

/* All sessions are instances of one consumer. */
static void track(struct quipu_session *s)
{
    struct quipu_session_request request = begin(s);

    request.tracks = true;
    request.tracking = s->logs[request.log].tracked + 1;
    add(&request, quipu_session_random_sequence(s), QUIPU_HISTORY_NEXT);
    quipu_workload_append(s, &request);
}

static void repeat(struct quipu_session *s)
{
    struct quipu_session_request request = s->request;

    if (request.item_count > 0 && s->logs[request.log].events) {
        quipu_workload_append(s, &request);
    }
}

/* Appends two items, one of them with the event id of the last append. */
static void steal(struct quipu_session *s)
{
    struct quipu_session_request request = { .log = s->request.log };

    if (s->status != QUIPU_OK || s->request.item_count == 0 ||
        !s->logs[request.log].events) {
        return;
    }
    add(&request, quipu_session_random_sequence(s), QUIPU_HISTORY_NEXT);
    add(&request, s->request.items[0].sequence, QUIPU_HISTORY_NEXT);
    request.items[quipu_session_random(s, 2)].origin =
        s->request.items[0].origin;
    quipu_workload_append(s, &request);
    s->status = QUIPU_CONFLICT; /* a stolen id is not stolen again */
}

/* ------------------------------------------------------------------- reads */

#define WINDOW 12 /* about the number of items that a read requests */

/* A query near the end that the session knows, so that it is short and may show
 * new items.  It has each kind of bound, or none. */
static quipu_query random_query(struct quipu_session *s, int64_t end)
{
    quipu_query q = { .struct_size = sizeof(q) };
    int64_t low = end - (int64_t)quipu_session_random(s, WINDOW);
    int64_t high = low + (int64_t)quipu_session_random(s, WINDOW) + 1;
    uint64_t form = quipu_session_random(s, 16);

    q.gt = q.gte = low;
    q.lt = q.lte = high;
    q.limit = (int64_t)quipu_session_random(s, WINDOW);
    if (form & 1) {
        q.flags |= QUIPU_QUERY_DESCENDING;
    }
    /* A limit where there is no lower bound, or everything would be read. */
    if (form & 2) {
        q.flags |= form & 4 ? QUIPU_QUERY_GT : QUIPU_QUERY_GTE;
    } else {
        q.flags |= QUIPU_QUERY_LIMIT;
    }
    if (form & 8) {
        q.flags |= form & 4 ? QUIPU_QUERY_LT : QUIPU_QUERY_LTE;
    }
    return q;
}

static void read_sequence(struct quipu_session *s)
{
    unsigned log = quipu_session_random_log(s);
    struct quipu_identity_sequence sequence = quipu_session_random_sequence(s);
    quipu_query q = random_query(s, s->logs[log].last[sequence.a]);

    quipu_workload_read(s, log, sequence, &q);
}

static void read_log(struct quipu_session *s)
{
    unsigned log = quipu_session_random_log(s);
    quipu_query q = random_query(s, s->logs[log].head);

    quipu_workload_read_log(s, log, &q, false);
}

/* An append to both sequences must show in the second read if it shows in the
 * first. */
static void read_pair(struct quipu_session *s)
{
    unsigned log = quipu_session_random_log(s);
    struct quipu_identity_sequence one = quipu_session_random_sequence(s);
    struct quipu_identity_sequence other = { 'h', (one.a + 1) % s->shared, 0 };
    quipu_query q = { .struct_size = sizeof(q),
                      .flags = QUIPU_QUERY_LIMIT | QUIPU_QUERY_DESCENDING,
                      .limit = 2 };

    quipu_workload_read(s, log, one, &q);
    if (quipu_session_random(s, 2) == 0) {
        quipu_workload_read_last(s, log, other);
    } else {
        quipu_workload_read(s, log, other, &q);
    }
}

static void read_last(struct quipu_session *s)
{
    unsigned log = quipu_session_random_log(s);

    quipu_workload_read_last(s, log, quipu_session_random_sequence(s));
}

static void read_head(struct quipu_session *s)
{
    quipu_workload_read_head(s, quipu_session_random_log(s));
}

static void read_tracking(struct quipu_session *s)
{
    quipu_workload_read_tracking(s, quipu_session_random_log(s));
}

bool quipu_generator_follow(struct quipu_session *s, unsigned log,
                            int64_t milliseconds)
{
    quipu_query q = { .struct_size = sizeof(q),
                      .flags = QUIPU_QUERY_GT | QUIPU_QUERY_LIMIT,
                      .limit = 100 };

    if (!quipu_workload_read_wait(s, log, milliseconds)) {
        return false;
    }
    do {
        q.gt = s->logs[log].head;
    } while (quipu_workload_read_log(s, log, &q, false) == 100);
    return true;
}

static void tail(struct quipu_session *s)
{
    quipu_generator_follow(s, quipu_session_random_log(s), 20);
}

/* -------------------------------------------------------------------- draw */

static void (*const steps[QUIPU_STEPS])(struct quipu_session *s) = {
    [QUIPU_STEP_NEXT] = append_next,
    [QUIPU_STEP_POSITION] = append_after,
    [QUIPU_STEP_GROUP] = group,
    [QUIPU_STEP_GUARD] = guard,
    [QUIPU_STEP_GUARD_ONLY] = guard_only,
    [QUIPU_STEP_CREATE] = create,
    [QUIPU_STEP_TRACKING] = track,
    [QUIPU_STEP_REPEAT] = repeat,
    [QUIPU_STEP_STOLEN_ID] = steal,
    [QUIPU_STEP_READ] = read_sequence,
    [QUIPU_STEP_PAIR] = read_pair,
    [QUIPU_STEP_LAST] = read_last,
    [QUIPU_STEP_HEAD] = read_head,
    [QUIPU_STEP_LOG] = read_log,
    [QUIPU_STEP_TAIL] = tail,
    [QUIPU_STEP_READ_TRACKING] = read_tracking,
};

void quipu_generator_step(struct quipu_session *s,
                          const uint8_t weights[QUIPU_STEPS])
{
    unsigned sum = 0;
    uint64_t drawn;
    int step = 0;

    for (int i = 0; i < QUIPU_STEPS; i++) {
        sum += weights[i];
    }
    drawn = quipu_session_random(s, sum);
    while (drawn >= weights[step]) {
        drawn -= weights[step++];
    }
    steps[step](s);
}

/* ------------------------------------------------------------- end of a run */

void quipu_generator_append_last(struct quipu_session *s)
{
    for (unsigned log = 0; log < s->log_count; log++) {
        struct quipu_session_request request = { .log = log };

        add(&request, quipu_session_random_sequence(s), QUIPU_HISTORY_NEXT);
        quipu_workload_append(s, &request);
    }
}

void quipu_generator_read_all(struct quipu_session *s, bool tracks)
{
    quipu_query q = { .struct_size = sizeof(q) };

    for (unsigned log = 0; log < s->log_count; log++) {
        quipu_workload_read_head(s, log);
        for (uint32_t i = 0; i < s->shared; i++) {
            struct quipu_identity_sequence sequence = { 'h', i, 0 };

            q.flags = 0;
            quipu_workload_read(s, log, sequence, &q);
            q.flags = QUIPU_QUERY_DESCENDING;
            quipu_workload_read(s, log, sequence, &q);
            quipu_workload_read_last(s, log, sequence);
        }
        q.flags = 0;
        if (tracks) {
            quipu_workload_read_tracking(s, log);
        }
        /* The log last: a server may still complete the append of a process
         * that was killed. */
        quipu_workload_read_log(s, log, &q, true);
    }
}
