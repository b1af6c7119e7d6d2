/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where appends go from the core to a driver. */
#include "records/commit.h"

#include "base/clock.h"
#include "records/calls.h"
#include "records/queue.h"

static const char wrong_number[] =
    "took another number of requests than it was given";

static int commit_alone(quipu_datastore *datastore,
                        const quipu_request *request, quipu_result *result,
                        int64_t deadline, quipu_error *error)
{
    const quipu_driver *driver = datastore->driver;
    size_t taken = 0;
    quipu_error said;
    int status;

    quipu_call_prepare(&said);
    status = driver->append(datastore->handle, request, 1, result, &taken,
                            deadline, &said);
    if (status == QUIPU_OK && taken != 1) {
        return quipu_call_broken(driver, QUIPU_CALL_APPEND, wrong_number,
                                 error);
    }
    return quipu_call_answer(driver, QUIPU_CALL_APPEND, status, &said, error);
}

/* ------------------------------------------------------------------ groups */

/* A driver's answer to a group. */
struct answer {
    int status;
    size_t taken;
    quipu_error said;
};

/* A group that has been judged, ticket by ticket. */
struct judging {
    quipu_datastore *datastore;
    struct quipu_group *group;
    const struct answer *answer;
    int64_t now;
    /* Those to be put back, in order. */
    struct quipu_ticket *back;
    struct quipu_ticket **end;
};

static void ask(quipu_datastore *datastore, const struct quipu_group *group,
                struct answer *answer)
{
    struct quipu_queue *queue = datastore->queue;
    size_t i = 0;

    for (const struct quipu_ticket *ticket = group->first; ticket;
         ticket = ticket->next) {
        queue->requests[i] = *ticket->request;
        queue->results[i] =
            (quipu_result){ .positions = ticket->result->positions };
        i++;
    }
    answer->taken = 0;
    quipu_call_prepare(&answer->said);
    answer->status = datastore->driver->append(
        datastore->handle, queue->requests, group->count, queue->results,
        &answer->taken, group->deadline, &answer->said);
}

static void note(const struct judging *judging, struct quipu_ticket *ticket,
                 int status)
{
    ticket->answered = true;
    ticket->status = status;
    quipu_queue_note(judging->group, ticket);
}

/* The answer's code is this request's own. */
static void pass_on(const struct judging *judging, struct quipu_ticket *ticket)
{
    const struct answer *answer = judging->answer;

    note(judging, ticket,
         quipu_call_answer(judging->datastore->driver, QUIPU_CALL_APPEND,
                           answer->status, &answer->said, ticket->error));
}

static void put_back(struct judging *judging, struct quipu_ticket *ticket)
{
    *judging->end = ticket;
    judging->end = &ticket->next;
    ticket->next = NULL;
}

/* The answer's code, by which nothing is stored, may be another's.  A store
 * that was held or out of reach until the deadline was that for each. */
static void try_again(struct judging *judging, struct quipu_ticket *ticket)
{
    const struct answer *answer = judging->answer;
    bool in_time = judging->now < judging->group->deadline;
    bool busy = answer->status == QUIPU_BUSY;

    if (ticket->deadline <= judging->now &&
        (busy || answer->status == QUIPU_IO)) {
        pass_on(judging, ticket);
        return;
    }
    if (!busy || in_time) {
        ticket->most = (answer->taken + 1) / 2;
    }
    put_back(judging, ticket);
}

static void judge(struct judging *judging, struct quipu_ticket *ticket,
                  size_t index)
{
    const struct answer *answer = judging->answer;

    if (index >= answer->taken) {
        put_back(judging, ticket);
    } else if (answer->status == QUIPU_OK) {
        *ticket->result = judging->datastore->queue->results[index];
        note(judging, ticket, QUIPU_OK);
    } else if (answer->status == QUIPU_UNKNOWN_OUTCOME || answer->taken == 1) {
        pass_on(judging, ticket);
    } else {
        try_again(judging, ticket);
    }
}

static void judge_broken(const struct judging *judging,
                         struct quipu_ticket *ticket)
{
    note(judging, ticket,
         quipu_call_broken(judging->datastore->driver, QUIPU_CALL_APPEND,
                           wrong_number, ticket->error));
}

static void commit_group(quipu_datastore *datastore, struct quipu_group *group)
{
    struct answer answer;
    struct judging judging = { .datastore = datastore,
                               .group = group,
                               .answer = &answer };
    struct quipu_ticket *ticket = group->first;
    bool possible;

    judging.end = &judging.back;
    ask(datastore, group, &answer);
    possible = answer.taken >= 1 && answer.taken <= group->count;
    if (answer.status != QUIPU_OK) {
        judging.now = quipu_clock_now();
        answer.taken = possible ? answer.taken : group->count;
    }
    for (size_t i = 0; ticket; i++) {
        struct quipu_ticket *next = ticket->next;

        if (answer.status == QUIPU_OK && !possible) {
            judge_broken(&judging, ticket);
        } else {
            judge(&judging, ticket, i);
        }
        ticket = next;
    }
    if (judging.back) {
        quipu_queue_put_back(datastore->queue, judging.back, group);
    }
}

/* Makes commits until the own request, which is in the first, has its answer.
 */
static void lead(quipu_datastore *datastore, const struct quipu_ticket *own)
{
    struct quipu_queue *queue = datastore->queue;
    struct quipu_group group = { .count = 0 };

    while (!own->answered) {
        quipu_queue_take(queue, &group);
        if (group.count > 0) {
            commit_group(datastore, &group);
        }
    }
    quipu_queue_leave(queue, &group, own);
}

int quipu_commit(quipu_datastore *datastore, const quipu_request *request,
                 uint64_t bytes, quipu_result *result, int64_t deadline,
                 quipu_error *error)
{
    struct quipu_queue *queue = datastore->queue;
    struct quipu_ticket ticket;

    if (!queue) {
        return commit_alone(datastore, request, result, deadline, error);
    }
    ticket = (struct quipu_ticket){ .request = request,
                                    .size = quipu_queue_weigh(request, bytes),
                                    .most = queue->bound,
                                    .deadline = deadline,
                                    .result = result,
                                    .error = error };
    if (quipu_queue_enter(queue, &ticket)) {
        lead(datastore, &ticket);
    }
    return ticket.status;
}

/* ------------------------------------------------------------ transactions */

int quipu_commit_begin(quipu_datastore *datastore, int64_t deadline,
                       quipu_error *error)
{
    struct quipu_queue *queue = datastore->queue;
    struct quipu_ticket ticket = { .deadline = deadline, .error = error };

    if (!queue) {
        return QUIPU_OK;
    }
    if (quipu_queue_enter(queue, &ticket) &&
        !quipu_queue_take_own(queue, &ticket)) {
        quipu_queue_leave(queue, NULL, NULL);
    }
    return ticket.status;
}

void quipu_commit_end(quipu_datastore *datastore)
{
    if (datastore->queue) {
        quipu_queue_leave(datastore->queue, NULL, NULL);
    }
}
