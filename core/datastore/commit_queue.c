/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commit queue: groups the appends of several threads into one commit.
 *
 * Purpose.  A durable commit waits for the disk or the server, some
 * milliseconds in which the datastore can do nothing else.  If each of n
 * threads made its own commit, the last would wait n times as long.  Instead
 * one commit stores the appends of all threads that arrived during the previous
 * one.
 *
 * Method.  A thread enters the queue with its request.  If there is no leader,
 * it becomes the leader at once; otherwise it is a follower and sleeps on a
 * condition variable of its own request, so that exactly the thread that is
 * meant wakes up.  The leader takes the longest possible prefix of the queue as
 * a group (quipu_commit_queue_take), calls the driver once, and stores each
 * result in its request (commit.c).  It repeats this until its own request is
 * answered; normally this is the first group, which its request begins.  Then
 * it leaves: it wakes the answered followers, and makes the thread of the first
 * queued request the next leader (quipu_commit_queue_leave).
 *
 * No thread waits for others to arrive.  A lone append therefore costs, beside
 * the commit itself, three uncontended locks of a mutex.
 *
 * Invariants.
 *
 * INV1  At most one thread is the leader, and only the leader calls the
 *       driver's append and transact.  The arrays `requests` and `results` of
 *       the queue are its property and need no lock.
 * INV2  If there is no leader, the queue is empty: a leader leaves only by
 *       choosing the first queued request, if there is one, under the same lock
 *       under which requests enter.  Hence the request of a thread that becomes
 *       the leader, at once or later, is the first in the queue.
 * INV3  Each request has one owner (enum quipu_commit_owner), which changes
 *       only under the lock of the queue.  QUEUED: its own thread may withdraw
 *       it when its deadline passes.  CHOSEN: its thread must lead, even if its
 *       deadline passes, since no other thread will.  TAKEN: the leader answers
 *       it, and its thread sleeps without a deadline until then.
 * INV4  Order of arrival.  A group is a prefix of the queue, and requests that
 *       are put back go to the front in their old order.
 * INV5  A request lives on the stack of its thread.  The leader does not touch
 *       it after waking the thread as ANSWERED; it signals with the request's
 *       lock held, so that the thread cannot return before the signal is sent.
 * INV6  The queue's lock and a request's lock are never held together, and
 *       neither is held during a call of the driver.
 *
 * Fairness.  By INV4 a request waits for at most ceil(queue / group_limit) + 1
 * commits of its process, unless the driver takes fewer requests than it gets,
 * a failing group is split (commit.c), the group's size reaches
 * QUIPU_COMMIT_QUEUE_BYTES, or deadlines separate it from its neighbours:
 *
 * Deadlines.  While a request is QUEUED, its thread withdraws it when its
 * deadline passes, and answers BUSY; nothing of it has been stored.  From then
 * on the driver watches the deadline.  A driver call has one deadline, the
 * earliest in the group, so that no member waits longer than its caller wants.
 * This takes time from the members with later deadlines: if the driver gives up
 * at the group's deadline, they are put back and tried again until their own.
 * A request joins a group only if its deadline lies within timeout/2 of the
 * group's.  So a call that ends at another member's deadline ends at most
 * timeout/2 before a request's own deadline, which bounds the time that it can
 * lose; it is then tried again without that member.  All requests of a
 * datastore have the same timeout, hence deadlines grow in the order of
 * arrival, and deadlines separate groups only when one commit takes more than
 * timeout/2.
 *
 * A request that enters when there is no leader is executed even if its
 * deadline has passed: work that can be done at once is done, also with
 * timeout=0.
 *
 * Failures.  If a commit fails as a whole, commit.c puts the requests back that
 * may succeed, or have another status, without their companions.  They keep
 * their places (INV4), and the leader continues; if its own request is among
 * them, it leads further groups.
 *
 * Transactions (quipu_records_transact) queue like appends, and end the group
 * before them.  Their thread is chosen as the leader when they are first, and
 * calls the driver itself.  Set-up and tear-down do not queue; the store orders
 * them.
 *
 * Fork: in a child every call is refused before it reaches the queue, so that a
 * lock which a thread of the parent held is never waited for.  An interrupt
 * wakes no thread here.  A datastore is closed when no call is under way, hence
 * with an empty queue.
 */
#include "datastore/commit_queue.h"

#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

#define MILLISECOND INT64_C(1000000)

/* Returns half of a timeout in nanoseconds, INT64_MAX if that is no number. */
static int64_t half_of(int64_t milliseconds)
{
    return milliseconds < INT64_MAX / MILLISECOND
               ? milliseconds * MILLISECOND / 2
               : INT64_MAX;
}

struct quipu_commit_queue *quipu_commit_queue_create(size_t group_limit,
                                                     int64_t timeout)
{
    struct quipu_commit_queue *queue = quipu_allocate_zeroed(sizeof(*queue));

    if (!queue) {
        return NULL;
    }
    queue->group_limit = group_limit;
    queue->deadline_span = half_of(timeout);
    queue->end = &queue->first;
    pthread_mutex_init(&queue->lock, NULL);
    queue->requests =
        quipu_allocate_array(group_limit, sizeof(*queue->requests));
    queue->results = quipu_allocate_array(group_limit, sizeof(*queue->results));
    if (!queue->requests || !queue->results) {
        quipu_commit_queue_destroy(queue);
        return NULL;
    }
    return queue;
}

void quipu_commit_queue_destroy(struct quipu_commit_queue *queue)
{
    if (queue) {
        pthread_mutex_destroy(&queue->lock);
        quipu_release(queue->results);
        quipu_release(queue->requests);
        quipu_release(queue);
    }
}

uint64_t quipu_commit_queue_weigh(const quipu_request *request, uint64_t bytes)
{
    return bytes + request->item_count * sizeof(quipu_item) +
           request->guard_count * sizeof(quipu_guard);
}

/* ----------------------------------------------------------------- sleeping */

/* Prepares the request's lock and condition variable.  None of these calls can
 * fail on Linux, since nothing is shared between processes. */
static void prepare_to_wait(struct quipu_commit_request *request)
{
    pthread_condattr_t attributes;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&request->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&request->lock, NULL);
    request->wakeup = QUIPU_COMMIT_ASLEEP;
    request->waits = true;
}

/* The waking thread may still be inside pthread_mutex_unlock of
 * quipu_commit_queue_wake; POSIX allows destroying a mutex once another thread
 * has acquired it.  (Helgrind does not know this and reports a race.) */
static void finish_waiting(struct quipu_commit_request *request)
{
    pthread_mutex_destroy(&request->lock);
    pthread_cond_destroy(&request->wake);
}

/* Sleeps until the thread is woken or the deadline passes; in the latter case
 * returns ASLEEP. */
static enum quipu_commit_wakeup sleep_until(
    struct quipu_commit_request *request, int64_t deadline)
{
    const struct timespec time = quipu_clock_timespec(deadline);
    int code = 0;

    pthread_mutex_lock(&request->lock);
    while (request->wakeup == QUIPU_COMMIT_ASLEEP && code != ETIMEDOUT) {
        code =
            deadline == QUIPU_CLOCK_NEVER
                ? pthread_cond_wait(&request->wake, &request->lock)
                : pthread_cond_timedwait(&request->wake, &request->lock, &time);
    }
    enum quipu_commit_wakeup wakeup = request->wakeup;

    pthread_mutex_unlock(&request->lock);
    return wakeup;
}

void quipu_commit_queue_wake(struct quipu_commit_request *request,
                             enum quipu_commit_wakeup wakeup)
{
    /* Signalling after unlocking would be too late: the thread may have
     * returned, and its request with it (INV5). */
    pthread_mutex_lock(&request->lock);
    request->wakeup = wakeup;
    pthread_cond_signal(&request->wake);
    pthread_mutex_unlock(&request->lock);
}

/* Answers a request whose deadline passed while it was queued. */
static void expire(struct quipu_commit_request *request)
{
    request->answered = true;
    request->status = quipu_error_set(
        request->error, QUIPU_BUSY,
        "the appends of other threads held the store until the deadline; "
        "nothing is stored; try again, or raise timeout");
}

/* ----------------------------------------------------------------- queueing */

static void push(struct quipu_commit_queue *queue,
                 struct quipu_commit_request *request)
{
    request->next = NULL;
    *queue->end = request;
    queue->end = &request->next;
}

/* Removes the first request, which the leader now owns. */
static struct quipu_commit_request *shift(struct quipu_commit_queue *queue)
{
    struct quipu_commit_request *request = queue->first;

    queue->first = request->next;
    if (!queue->first) {
        queue->end = &queue->first;
    }
    request->next = NULL;
    request->owner = QUIPU_COMMIT_TAKEN;
    return request;
}

static void remove_from(struct quipu_commit_queue *queue,
                        struct quipu_commit_request *request)
{
    struct quipu_commit_request **at = &queue->first;

    while (*at != request) {
        at = &(*at)->next;
    }
    *at = request->next;
    if (!*at) {
        queue->end = at;
    }
}

/* Withdraws a request whose deadline has passed, and answers it.  Returns false
 * if it no longer belongs to its thread or its thread is to lead (INV3). */
static bool withdraw(struct quipu_commit_queue *queue,
                     struct quipu_commit_request *request)
{
    pthread_mutex_lock(&queue->lock);
    bool withdrawn = request->owner == QUIPU_COMMIT_QUEUED;

    if (withdrawn) {
        remove_from(queue, request);
    }
    pthread_mutex_unlock(&queue->lock);
    if (withdrawn) {
        expire(request);
    }
    return withdrawn;
}

/* Waits as a follower.  Returns true if the thread is to lead.  A request that
 * has been taken is waited for without a deadline, since the driver watches the
 * group's. */
static bool follow(struct quipu_commit_queue *queue,
                   struct quipu_commit_request *request)
{
    enum quipu_commit_wakeup wakeup = sleep_until(request, request->deadline);

    if (wakeup == QUIPU_COMMIT_ASLEEP && !withdraw(queue, request)) {
        wakeup = sleep_until(request, QUIPU_CLOCK_NEVER);
    }
    finish_waiting(request);
    return wakeup == QUIPU_COMMIT_LEADS;
}

/* Refuses a call that would wait for itself. */
static bool refuse_callback(struct quipu_commit_request *request)
{
    request->answered = true;
    request->status = quipu_error_set(
        request->error, QUIPU_INTERNAL,
        "the datastore was called from inside its own append or transaction; "
        "in a transaction use the native handle");
    return false;
}

bool quipu_commit_queue_enter(struct quipu_commit_queue *queue,
                              struct quipu_commit_request *request)
{
    request->thread = pthread_self();
    pthread_mutex_lock(&queue->lock);
    bool leads = !queue->has_leader;

    if (!leads && pthread_equal(queue->leader, request->thread)) {
        pthread_mutex_unlock(&queue->lock);
        return refuse_callback(request);
    }
    if (leads) {
        queue->has_leader = true;
        queue->leader = request->thread;
        request->owner = QUIPU_COMMIT_CHOSEN;
    } else {
        prepare_to_wait(request);
    }
    push(queue, request);
    pthread_mutex_unlock(&queue->lock);
    return leads || follow(queue, request);
}

/* ------------------------------------------------------------------ leading */

/* Returns true if a queued request's deadline has passed.  A request that led
 * at once is never late.  The clock is read once, when it is first needed: *now
 * is 0 before. */
static bool is_late(const struct quipu_commit_request *request, int64_t *now)
{
    if (!request->waits) {
        return false;
    }
    if (*now == 0) {
        *now = quipu_clock_now();
    }
    return request->deadline <= *now;
}

void quipu_commit_queue_answered(struct quipu_commit_group *group,
                                 struct quipu_commit_request *request)
{
    request->next = group->answered;
    group->answered = request;
}

static void expire_taken(struct quipu_commit_group *group,
                         struct quipu_commit_request *request)
{
    expire(request);
    quipu_commit_queue_answered(group, request);
}

/* Returns true if the deadlines of the group and this one lie within the span.
 */
static bool keeps_span(const struct quipu_commit_group *group, int64_t deadline,
                       int64_t span)
{
    const int64_t first =
        deadline < group->deadline ? deadline : group->deadline;
    const int64_t last = deadline > group->latest ? deadline : group->latest;

    return last - first <= span;
}

/* Returns true if a request may join the group: it is no transaction, and the
 * group is empty or keeps its limits of count, size and deadlines. */
static bool may_join(const struct quipu_commit_queue *queue,
                     const struct quipu_commit_group *group,
                     const struct quipu_commit_request *request)
{
    size_t limit = request->group_limit < group->limit ? request->group_limit
                                                       : group->limit;

    if (!request->request) {
        return false;
    }
    return group->count == 0 ||
           (group->count < limit &&
            group->size + request->size <= QUIPU_COMMIT_QUEUE_BYTES &&
            keeps_span(group, request->deadline, queue->deadline_span));
}

static void join(struct quipu_commit_group *group,
                 struct quipu_commit_request *request)
{
    *group->end = request;
    group->end = &request->next;
    group->count++;
    group->size += request->size;
    if (request->group_limit < group->limit) {
        group->limit = request->group_limit;
    }
    if (request->deadline < group->deadline) {
        group->deadline = request->deadline;
    }
    if (request->deadline > group->latest) {
        group->latest = request->deadline;
    }
}

void quipu_commit_queue_take(struct quipu_commit_queue *queue,
                             struct quipu_commit_group *group)
{
    struct quipu_commit_request *answered = group->answered;
    int64_t now = 0;

    *group = (struct quipu_commit_group){ .end = &group->first,
                                          .limit = queue->group_limit,
                                          .deadline = QUIPU_CLOCK_NEVER,
                                          .answered = answered };
    pthread_mutex_lock(&queue->lock);
    while (queue->first) {
        if (is_late(queue->first, &now)) {
            expire_taken(group, shift(queue));
        } else if (may_join(queue, group, queue->first)) {
            join(group, shift(queue));
        } else {
            break;
        }
    }
    pthread_mutex_unlock(&queue->lock);
}

bool quipu_commit_queue_take_own(struct quipu_commit_queue *queue,
                                 struct quipu_commit_request *request)
{
    int64_t now = 0;

    pthread_mutex_lock(&queue->lock);
    (void)shift(queue); /* its own (INV2) */
    pthread_mutex_unlock(&queue->lock);
    if (is_late(request, &now)) {
        expire(request);
        return false;
    }
    return true;
}

void quipu_commit_queue_put_back(struct quipu_commit_queue *queue,
                                 struct quipu_commit_request *requests,
                                 struct quipu_commit_group *group)
{
    struct quipu_commit_request *kept = NULL;
    struct quipu_commit_request **end = &kept;

    pthread_mutex_lock(&queue->lock);
    /* Read under the lock.  A thread whose deadline passed while its request
     * was TAKEN found that it could not withdraw, and sleeps without a
     * deadline.  If its request became QUEUED again, nothing would withdraw it
     * in time.  Here such a request is late, and is answered instead. */
    int64_t now = quipu_clock_now();

    while (requests) {
        struct quipu_commit_request *request = requests;

        requests = request->next;
        if (request->deadline <= now) {
            expire_taken(group, request);
        } else {
            request->owner = QUIPU_COMMIT_QUEUED;
            *end = request;
            end = &request->next;
        }
    }
    if (kept) {
        *end = queue->first;
        if (!queue->first) {
            queue->end = end;
        }
        queue->first = kept;
    }
    pthread_mutex_unlock(&queue->lock);
}

/* Makes the thread of the first queued request the leader (INV2). */
static struct quipu_commit_request *choose_leader(
    struct quipu_commit_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    struct quipu_commit_request *next = queue->first;

    queue->has_leader = next;
    if (next) {
        queue->leader = next->thread;
        next->owner = QUIPU_COMMIT_CHOSEN;
    }
    pthread_mutex_unlock(&queue->lock);
    return next;
}

void quipu_commit_queue_leave(struct quipu_commit_queue *queue,
                              const struct quipu_commit_group *group,
                              const struct quipu_commit_request *own)
{
    struct quipu_commit_request *answered = group ? group->answered : NULL;

    /* The answered threads are woken before the next leader: a thread that has
     * more to append can then enter before the next group is taken.  Otherwise
     * the threads would alternate in two halves. */
    while (answered) {
        struct quipu_commit_request *request = answered;

        answered = request->next; /* before the request ends (INV5) */
        if (request != own) {
            quipu_commit_queue_wake(request, QUIPU_COMMIT_ANSWERED);
        }
    }
    struct quipu_commit_request *next = choose_leader(queue);

    if (next) {
        quipu_commit_queue_wake(next, QUIPU_COMMIT_LEADS);
    }
}
