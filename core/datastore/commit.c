/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls the driver's append for one request or for a group, and distributes the
 * answer.  commit.h has the table of answers; commit_queue.c explains leaders,
 * followers and deadlines.
 *
 * The leader of the queue executes everything here (INV1 of commit_queue.c), so
 * that no lock is needed.  After a driver call, each request of the group is
 * either answered, or put back into the queue at its old place:
 *
 *   put back because it was not taken      its group_limit is unchanged
 *   put back because the group failed      its group_limit is half of the
 *                                          group's size, so that it is tried
 *                                          again in a smaller group
 *   put back because the deadline of       its group_limit is unchanged; the
 *   another member ended the call          no request is at fault
 *
 * A request's group_limit only ever shrinks, and a request alone in its group
 * is always answered (unless the driver did not take it).  So splitting ends
 * after at most log2(group_limit) + 1 tries for each request.
 */
#include "datastore/commit.h"

#include "base/clock.h"
#include "base/status.h"
#include "datastore/driver_call.h"

static const char wrong_number[] =
    "took a number of requests that it was not given";

/* Returns the time if calls are observed, else 0. */
static int64_t observed_now(void)
{
    return quipu_observer_is_needed() ? quipu_clock_now() : 0;
}

static int commit_alone(quipu_datastore *datastore,
                        struct quipu_commit_request *own)
{
    const quipu_driver *driver = datastore->driver;
    size_t taken = 0;
    quipu_error cause;

    own->group = 1;
    own->driver_time = observed_now();
    quipu_status_begin(&cause);
    int status = driver->append(datastore->handle, own->request, 1, own->result,
                                &taken, own->deadline, &cause);

    if (status == QUIPU_OK && taken != 1) {
        return quipu_driver_call_broken(driver, QUIPU_CALL_APPEND, wrong_number,
                                        own->error);
    }
    if (status == QUIPU_OK) {
        quipu_metrics_group(datastore->metrics, 1);
    }
    return quipu_driver_call_end(driver, QUIPU_CALL_APPEND, status, &cause,
                                 own->error);
}

/* ------------------------------------------------------------------- groups */

/* A driver's answer to a group, while it is distributed. */
struct answer {
    quipu_datastore *datastore;
    struct quipu_commit_group *group;
    int status;
    size_t taken;
    quipu_error cause;
    int64_t now; /* when the call returned, if it failed */
    /* Requests to be put back, in order. */
    struct quipu_commit_request *back;
    struct quipu_commit_request **end;
};

static void call_driver(struct answer *answer)
{
    quipu_datastore *datastore = answer->datastore;
    struct quipu_commit_queue *queue = datastore->queue;
    const struct quipu_commit_group *group = answer->group;
    int64_t now = observed_now();
    size_t i = 0;

    for (struct quipu_commit_request *request = group->first; request;
         request = request->next) {
        request->group = group->count;
        request->driver_time = now;
        queue->requests[i] = *request->request;
        queue->results[i] =
            (quipu_result){ .positions = request->result->positions };
        i++;
    }
    answer->taken = 0;
    quipu_status_begin(&answer->cause);
    answer->status = datastore->driver->append(
        datastore->handle, queue->requests, group->count, queue->results,
        &answer->taken, group->deadline, &answer->cause);
    if (answer->status == QUIPU_OK) {
        quipu_metrics_group(datastore->metrics, answer->taken);
    }
}

static void finish(const struct answer *answer,
                   struct quipu_commit_request *request, int status)
{
    request->answered = true;
    request->status = status;
    quipu_commit_queue_answered(answer->group, request);
}

/* Answers a request with the group's own code. */
static void finish_with_code(const struct answer *answer,
                             struct quipu_commit_request *request)
{
    finish(answer, request,
           quipu_driver_call_end(answer->datastore->driver, QUIPU_CALL_APPEND,
                                 answer->status, &answer->cause,
                                 request->error));
}

static void put_back(struct answer *answer,
                     struct quipu_commit_request *request)
{
    *answer->end = request;
    answer->end = &request->next;
    request->next = NULL;
}

/*
 * Handles a request of a group that failed with a code that another member may
 * have caused.  If the request's own deadline has passed, BUSY and IO are its
 * own answer, too: the store was locked or unreachable until then.  If the
 * driver gave up at the group's deadline (BUSY), nothing is wrong with the
 * group, and it is not split.
 */
static void retry(struct answer *answer, struct quipu_commit_request *request)
{
    bool in_time = answer->now < answer->group->deadline;
    bool busy = answer->status == QUIPU_BUSY;

    if (request->deadline <= answer->now &&
        (busy || answer->status == QUIPU_IO)) {
        finish_with_code(answer, request);
        return;
    }
    if (!busy || in_time) {
        request->group_limit = (answer->taken + 1) / 2;
    }
    put_back(answer, request);
}

/* Applies the table of commit.h to the request at `index` of the group. */
static void distribute(struct answer *answer,
                       struct quipu_commit_request *request, size_t index)
{
    if (index >= answer->taken) {
        put_back(answer, request);
    } else if (answer->status == QUIPU_OK) {
        *request->result = answer->datastore->queue->results[index];
        finish(answer, request, QUIPU_OK);
    } else if (answer->status == QUIPU_UNKNOWN_OUTCOME || answer->taken == 1) {
        finish_with_code(answer, request);
    } else {
        retry(answer, request);
    }
}

static void finish_broken(const struct answer *answer,
                          struct quipu_commit_request *request)
{
    finish(answer, request,
           quipu_driver_call_broken(answer->datastore->driver,
                                    QUIPU_CALL_APPEND, wrong_number,
                                    request->error));
}

static void commit_group(quipu_datastore *datastore,
                         struct quipu_commit_group *group)
{
    struct answer answer = { .datastore = datastore, .group = group };
    struct quipu_commit_request *request = group->first;

    answer.end = &answer.back;
    call_driver(&answer);
    bool possible = answer.taken >= 1 && answer.taken <= group->count;

    if (answer.status != QUIPU_OK) {
        answer.now = quipu_clock_now();
        answer.taken = possible ? answer.taken : group->count;
    }
    for (size_t i = 0; request; i++) {
        struct quipu_commit_request *next = request->next;

        if (answer.status == QUIPU_OK && !possible) {
            finish_broken(&answer, request);
        } else {
            distribute(&answer, request, i);
        }
        request = next;
    }
    if (answer.back) {
        quipu_commit_queue_put_back(datastore->queue, answer.back, group);
    }
}

/* Commits group after group until the leader's own request, which is in the
 * first group, is answered. */
static void lead(quipu_datastore *datastore,
                 const struct quipu_commit_request *own)
{
    struct quipu_commit_queue *queue = datastore->queue;
    struct quipu_commit_group group = { .count = 0 };

    while (!own->answered) {
        quipu_commit_queue_take(queue, &group);
        if (group.count > 0) {
            commit_group(datastore, &group);
        }
    }
    quipu_commit_queue_leave(queue, &group, own);
}

int quipu_commit(quipu_datastore *datastore, struct quipu_commit_request *own)
{
    struct quipu_commit_queue *queue = datastore->queue;

    if (!queue) {
        return commit_alone(datastore, own);
    }
    own->size = quipu_commit_queue_weigh(own->request, own->size);
    own->group_limit = queue->group_limit;
    if (quipu_commit_queue_enter(queue, own)) {
        lead(datastore, own);
    }
    return own->status;
}

/* ------------------------------------------------------------- transactions */

int quipu_commit_begin(quipu_datastore *datastore, int64_t deadline,
                       quipu_error *error)
{
    struct quipu_commit_queue *queue = datastore->queue;
    struct quipu_commit_request own = { .deadline = deadline, .error = error };

    if (!queue) {
        return QUIPU_OK;
    }
    if (quipu_commit_queue_enter(queue, &own) &&
        !quipu_commit_queue_take_own(queue, &own)) {
        quipu_commit_queue_leave(queue, NULL, NULL);
    }
    return own.status;
}

void quipu_commit_end(quipu_datastore *datastore)
{
    if (datastore->queue) {
        quipu_commit_queue_leave(datastore->queue, NULL, NULL);
    }
}
