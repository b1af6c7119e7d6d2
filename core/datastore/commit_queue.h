/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commit queue: threads that append to one datastore at the same time, to
 * any of its schemas, share commits.
 *
 * A *request* is one append (or transaction) of one thread.  The thread whose
 * request is first becomes the *leader*: it takes the queued requests, up to
 * the limits of a *group*, passes them to the driver in one call, and delivers
 * each result.  The other threads are *followers*: they sleep until their
 * request is answered or they become the leader.  There is no thread of the
 * queue's own.
 *
 * commit_queue.c has the method and its invariants; commit.c calls the driver
 * and decides what becomes of a group that fails.
 */
#ifndef QUIPU_CORE_RECORDS_COMMIT_QUEUE_H
#define QUIPU_CORE_RECORDS_COMMIT_QUEUE_H

#include <pthread.h>

#include <quipu/driver.h>

/* The number of requests in a group (option "group"): default and maximum. */
enum { QUIPU_COMMIT_QUEUE_GROUP = 256, QUIPU_COMMIT_QUEUE_GROUP_MAX = 1024 };

/* The size in bytes, by quipu_commit_queue_weigh, of a group that has more than
 * one request.  It bounds how long a small append waits for large ones. */
#define QUIPU_COMMIT_QUEUE_BYTES (UINT64_C(8) << 20)

/* The reason for which a sleeping thread is woken. */
enum quipu_commit_wakeup {
    QUIPU_COMMIT_ASLEEP = 0,
    QUIPU_COMMIT_LEADS = 1,   /* it is the leader now */
    QUIPU_COMMIT_ANSWERED = 2 /* its request has its status */
};

/* The owner of a request, which alone may end it.  Changes under the queue's
 * lock. */
enum quipu_commit_owner {
    QUIPU_COMMIT_QUEUED = 0, /* its thread, which may withdraw it */
    QUIPU_COMMIT_CHOSEN = 1, /* its thread, which must lead */
    QUIPU_COMMIT_TAKEN = 2   /* the leader */
};

/* One append or transaction.  It lives on the stack of its thread; no other
 * thread touches it after it has been woken as ANSWERED. */
struct quipu_commit_request {
    /* Set by its thread before it enters the queue. */
    const quipu_request *request; /* NULL: a transaction, which its thread
                                     executes itself once it leads */
    uint64_t size;                /* bytes, by quipu_commit_queue_weigh */
    size_t group_limit;           /* requests in its group, including itself */
    int64_t deadline;             /* see base/clock.h */
    quipu_result *result;
    quipu_error *error; /* or NULL */

    /* The answer.  *result is set if `status` is QUIPU_OK, else *error. */
    bool answered;
    int status;

    /* Of the last call of the driver with it, for the observer; 0: none. */
    size_t group;        /* requests in the call */
    int64_t driver_time; /* when it began, if calls are observed */

    /* Used by the queue. */
    struct quipu_commit_request *next;
    enum quipu_commit_owner owner;
    bool waits; /* there was a leader when it entered */
    pthread_t thread;

    /* The place where the thread of a request that `waits` sleeps. */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    enum quipu_commit_wakeup wakeup; /* under `lock` */
};

struct quipu_commit_queue {
    size_t group_limit;    /* requests in a group */
    int64_t deadline_span; /* nanoseconds between deadlines in a group */
    pthread_mutex_t lock;
    /* Under the lock. */
    struct quipu_commit_request *first; /* in order of arrival */
    struct quipu_commit_request **end;
    bool has_leader;
    pthread_t leader; /* the current or the last one */
    /* Owned by the leader; `group_limit` elements each. */
    quipu_request *requests;
    quipu_result *results;
};

/* The requests of one driver call, and those that were answered since their
 * leader began to lead. */
struct quipu_commit_group {
    struct quipu_commit_request *first; /* in order of arrival */
    struct quipu_commit_request **end;
    size_t count;
    size_t limit;     /* the smallest group_limit of its members */
    uint64_t size;    /* bytes */
    int64_t deadline; /* the earliest of its members */
    int64_t latest;   /* the latest deadline of its members */
    struct quipu_commit_request *answered;
};

/* Creates a queue for a datastore whose calls may take `timeout` milliseconds.
 * NULL: no memory.  Destroying it takes NULL. */
struct quipu_commit_queue *quipu_commit_queue_create(size_t group_limit,
                                                     int64_t timeout);
void quipu_commit_queue_destroy(struct quipu_commit_queue *queue);

/* Returns the size of a request whose items have `bytes`, for the limit of a
 * group.  Each item and guard counts with its struct, since it costs a store
 * something however small it is. */
uint64_t quipu_commit_queue_weigh(const quipu_request *request, uint64_t bytes);

/*
 * Puts a request into the queue.  Returns true at once if there is no leader,
 * or later, when the calling thread is chosen: the thread is then the leader
 * and has to call quipu_commit_queue_leave.
 *
 * Returns false if the request has its status: the leader's answer; BUSY, since
 * its deadline passed while it was queued; or INTERNAL, since the calling
 * thread is the leader already, called back from its own append.
 */
bool quipu_commit_queue_enter(struct quipu_commit_queue *queue,
                              struct quipu_commit_request *request);

/*
 * For the leader: takes the next group out of the queue.  Requests at the head
 * whose deadline has passed are answered with BUSY.  The group is empty if
 * there are none left, or a transaction comes first.
 */
void quipu_commit_queue_take(struct quipu_commit_queue *queue,
                             struct quipu_commit_group *group);

/* For a leader with a transaction: takes its own request, which is the first,
 * out of the queue.  Returns false if its deadline has passed: it is answered
 * with BUSY. */
bool quipu_commit_queue_take_own(struct quipu_commit_queue *queue,
                                 struct quipu_commit_request *request);

/* For the leader: puts requests of a group back before all others, in their
 * order.  Those whose deadline has passed are answered with BUSY instead. */
void quipu_commit_queue_put_back(struct quipu_commit_queue *queue,
                                 struct quipu_commit_request *requests,
                                 struct quipu_commit_group *group);

/* Notes that a request has its status.  Its thread is woken by
 * quipu_commit_queue_leave. */
void quipu_commit_queue_answered(struct quipu_commit_group *group,
                                 struct quipu_commit_request *request);

/* Ends the calling thread's leadership: wakes the threads of the requests that
 * `group` (or NULL: none) has answered, except `own`, and makes the thread of
 * the first queued request the leader. */
void quipu_commit_queue_leave(struct quipu_commit_queue *queue,
                              const struct quipu_commit_group *group,
                              const struct quipu_commit_request *own);

/* Wakes the thread of a request that waits. */
void quipu_commit_queue_wake(struct quipu_commit_request *request,
                             enum quipu_commit_wakeup wakeup);

#endif
