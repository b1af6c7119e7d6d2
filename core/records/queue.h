/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commit queue: threads that append to one datastore at the same time,
 * under whatever schema, share commits.
 *
 * There is no thread behind it.  Who finds nobody leading leads: takes what has
 * queued, itself first, makes one commit of it, and answers each.  With its own
 * answer it hands the lead to who has waited longest by then.  Nobody waits for
 * others to come, so a lone append is what it would be without a queue, but for
 * a lock that nobody else wants, before and after.
 *
 * First come, first served.  A group is what has queued longest, up to `bound`
 * requests and QUIPU_QUEUE_BYTES.  So nobody waits for more than
 * ceil(queue / bound) + 1 commits of the process, unless a driver takes fewer
 * requests than it is given, or a group has to be split (see commit.h), or
 * deadlines part it:
 *
 * Deadlines.  A thread may give up as long as it is queued; then nothing of its
 * request has been stored: BUSY.  A group has the earliest deadline of its
 * members, so that nobody waits longer than it wants.  As that takes time from
 * the others, only those share a commit whose deadlines are less than half of
 * the datastore's timeout apart; so nobody loses more than that, and it costs
 * at most one commit more, and only when one takes so long.  Who is left when
 * the earliest deadline passes is tried again until its own.
 *
 * A transaction (quipu_records_transact) takes its turn like an append, and has
 * it alone.  Set-up and tear-down do not queue; a store orders them.
 *
 * Fork: a child is refused before it comes here, so a lock that was held in its
 * parent matters to nobody.  Interrupting wakes nobody here.  Closing comes
 * last and alone, when nobody is queued.
 */
#ifndef QUIPU_CORE_RECORDS_QUEUE_H
#define QUIPU_CORE_RECORDS_QUEUE_H

#include "records/ticket.h"

enum {
    QUIPU_QUEUE_BOUND = 256,     /* requests of a group, by default */
    QUIPU_QUEUE_BOUND_MAX = 1024 /* and at most */
};

/* What a group weighs at most if it has more than one request, so that one
 * who appends little does not wait long for many who append much. */
#define QUIPU_QUEUE_BYTES (UINT64_C(8) << 20)

struct quipu_queue {
    size_t bound;
    int64_t apart; /* deadlines of a group, in nanoseconds */
    pthread_mutex_t lock;
    /* Under the lock. */
    struct quipu_ticket *first; /* in order of arrival */
    struct quipu_ticket **end;
    bool led;
    pthread_t leader;
    /* Of who leads: room for `bound`. */
    quipu_request *requests;
    quipu_result *results;
};

/* What one commit is made of, and who has been answered meanwhile. */
struct quipu_group {
    struct quipu_ticket *first; /* in order of arrival */
    struct quipu_ticket **end;
    size_t count;
    size_t most; /* the least of its members */
    uint64_t size;
    int64_t deadline; /* the earliest */
    struct quipu_ticket *answered;
};

/* For a datastore whose calls may take `timeout` milliseconds.  NULL when
 * memory is short; destroying it takes NULL. */
struct quipu_queue *quipu_queue_create(size_t bound, int64_t timeout);
void quipu_queue_destroy(struct quipu_queue *queue);

/* What a request weighs whose items have `bytes`: each item and guard costs a
 * store something, however small it is. */
uint64_t quipu_queue_weigh(const quipu_request *request, uint64_t bytes);

/*
 * Queues.  True: the thread leads, until quipu_queue_leave.  False: the ticket
 * has its answer; or BUSY, as its deadline passed; or INTERNAL, as this thread
 * leads already, and has been called back out of its own append.
 */
bool quipu_queue_enter(struct quipu_queue *queue, struct quipu_ticket *ticket);

/* Takes the next group out of the queue, which may be of none: those whose
 * deadline is past are answered. */
void quipu_queue_take(struct quipu_queue *queue, struct quipu_group *group);

/* Takes the own ticket alone, without a request; false if its deadline is past:
 * it is answered. */
bool quipu_queue_take_own(struct quipu_queue *queue,
                          struct quipu_ticket *ticket);

/* Puts tickets back before all others, in their order; those whose deadline is
 * past are answered. */
void quipu_queue_put_back(struct quipu_queue *queue,
                          struct quipu_ticket *tickets,
                          struct quipu_group *group);

/* Notes that a ticket of the group has its answer, for quipu_queue_leave. */
void quipu_queue_note(struct quipu_group *group, struct quipu_ticket *ticket);

/* Wakes those of the group who are answered, but the own, and hands the lead
 * on.  `group` may be NULL. */
void quipu_queue_leave(struct quipu_queue *queue,
                       const struct quipu_group *group,
                       const struct quipu_ticket *own);

#endif
