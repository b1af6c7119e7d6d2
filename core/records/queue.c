/* SPDX-License-Identifier: Apache-2.0 */
/* The commit queue: who is next, who leads, who gives up. */
#include "records/queue.h"

#include <quipu/error.h>

#include "base/clock.h"
#include "base/memory.h"

#define MILLISECOND INT64_C(1000000)

static int64_t half_of(int64_t milliseconds)
{
    return milliseconds < INT64_MAX / MILLISECOND
               ? milliseconds * MILLISECOND / 2
               : INT64_MAX;
}

struct quipu_queue *quipu_queue_create(size_t bound, int64_t timeout)
{
    struct quipu_queue *queue = quipu_allocate_zeroed(sizeof(*queue));

    if (!queue) {
        return NULL;
    }
    queue->bound = bound;
    queue->apart = half_of(timeout);
    queue->end = &queue->first;
    pthread_mutex_init(&queue->lock, NULL);
    queue->requests = quipu_allocate_array(bound, sizeof(*queue->requests));
    queue->results = quipu_allocate_array(bound, sizeof(*queue->results));
    if (!queue->requests || !queue->results) {
        quipu_queue_destroy(queue);
        return NULL;
    }
    return queue;
}

void quipu_queue_destroy(struct quipu_queue *queue)
{
    if (queue) {
        pthread_mutex_destroy(&queue->lock);
        quipu_release(queue->results);
        quipu_release(queue->requests);
        quipu_release(queue);
    }
}

uint64_t quipu_queue_weigh(const quipu_request *request, uint64_t bytes)
{
    return bytes + request->item_count * sizeof(quipu_item) +
           request->guard_count * sizeof(quipu_guard);
}

/* ---------------------------------------------------------------- queueing */

static void push(struct quipu_queue *queue, struct quipu_ticket *ticket)
{
    ticket->next = NULL;
    *queue->end = ticket;
    queue->end = &ticket->next;
}

static struct quipu_ticket *shift(struct quipu_queue *queue)
{
    struct quipu_ticket *ticket = queue->first;

    queue->first = ticket->next;
    if (!queue->first) {
        queue->end = &queue->first;
    }
    ticket->next = NULL;
    ticket->place = QUIPU_TICKET_TAKEN;
    return ticket;
}

static void remove_from(struct quipu_queue *queue, struct quipu_ticket *ticket)
{
    struct quipu_ticket **at = &queue->first;

    while (*at != ticket) {
        at = &(*at)->next;
    }
    *at = ticket->next;
    if (!*at) {
        queue->end = at;
    }
}

/* Its deadline has passed: it goes, if nobody has taken it. */
static bool give_up(struct quipu_queue *queue, struct quipu_ticket *ticket)
{
    bool may;

    pthread_mutex_lock(&queue->lock);
    may = ticket->place == QUIPU_TICKET_QUEUED;
    if (may) {
        remove_from(queue, ticket);
    }
    pthread_mutex_unlock(&queue->lock);
    if (may) {
        quipu_ticket_expire(ticket);
    }
    return may;
}

/* Who is taken waits for its answer, which comes by a driver's deadline. */
static bool wait_for_call(struct quipu_queue *queue,
                          struct quipu_ticket *ticket)
{
    enum quipu_ticket_call call = quipu_ticket_sleep(ticket, ticket->deadline);

    if (call == QUIPU_TICKET_WAITS && !give_up(queue, ticket)) {
        call = quipu_ticket_sleep(ticket, QUIPU_CLOCK_NEVER);
    }
    quipu_ticket_finish(ticket);
    return call == QUIPU_TICKET_LEADS;
}

static bool called_back(struct quipu_ticket *ticket)
{
    ticket->answered = true;
    ticket->status = quipu_error_set(
        ticket->error, QUIPU_INTERNAL,
        "the datastore was called from inside its own append or transaction; "
        "in a transaction use the native handle");
    return false;
}

bool quipu_queue_enter(struct quipu_queue *queue, struct quipu_ticket *ticket)
{
    bool leads;

    ticket->thread = pthread_self();
    pthread_mutex_lock(&queue->lock);
    leads = !queue->led;
    if (!leads && pthread_equal(queue->leader, ticket->thread)) {
        pthread_mutex_unlock(&queue->lock);
        return called_back(ticket);
    }
    if (leads) {
        queue->led = true;
        queue->leader = ticket->thread;
        ticket->place = QUIPU_TICKET_CHOSEN;
    } else {
        quipu_ticket_prepare(ticket);
    }
    push(queue, ticket);
    pthread_mutex_unlock(&queue->lock);
    return leads || wait_for_call(queue, ticket);
}

/* ----------------------------------------------------------------- leading */

/* Whether nobody came to it in time.  Who led at once is tried whatever its
 * deadline: what can be done at once is done.  *now is read when needed. */
static bool is_late(const struct quipu_ticket *ticket, int64_t *now)
{
    if (!ticket->waits) {
        return false;
    }
    if (*now == 0) {
        *now = quipu_clock_now();
    }
    return ticket->deadline <= *now;
}

void quipu_queue_note(struct quipu_group *group, struct quipu_ticket *ticket)
{
    ticket->next = group->answered;
    group->answered = ticket;
}

static void expire(struct quipu_group *group, struct quipu_ticket *ticket)
{
    quipu_ticket_expire(ticket);
    quipu_queue_note(group, ticket);
}

static bool are_near(int64_t deadline, int64_t other, int64_t apart)
{
    return deadline < other ? other - deadline <= apart
                            : deadline - other <= apart;
}

static bool joins(const struct quipu_queue *queue,
                  const struct quipu_group *group,
                  const struct quipu_ticket *ticket)
{
    size_t most = ticket->most < group->most ? ticket->most : group->most;

    if (!ticket->request) {
        return false; /* a transaction */
    }
    return group->count == 0 ||
           (group->count < most &&
            group->size + ticket->size <= QUIPU_QUEUE_BYTES &&
            are_near(ticket->deadline, group->deadline, queue->apart));
}

static void join(struct quipu_group *group, struct quipu_ticket *ticket)
{
    *group->end = ticket;
    group->end = &ticket->next;
    group->count++;
    group->size += ticket->size;
    if (ticket->most < group->most) {
        group->most = ticket->most;
    }
    if (ticket->deadline < group->deadline) {
        group->deadline = ticket->deadline;
    }
}

void quipu_queue_take(struct quipu_queue *queue, struct quipu_group *group)
{
    struct quipu_ticket *answered = group->answered;
    int64_t now = 0;

    *group = (struct quipu_group){ .end = &group->first,
                                   .most = queue->bound,
                                   .deadline = QUIPU_CLOCK_NEVER,
                                   .answered = answered };
    pthread_mutex_lock(&queue->lock);
    while (queue->first) {
        if (is_late(queue->first, &now)) {
            expire(group, shift(queue));
        } else if (joins(queue, group, queue->first)) {
            join(group, shift(queue));
        } else {
            break;
        }
    }
    pthread_mutex_unlock(&queue->lock);
}

bool quipu_queue_take_own(struct quipu_queue *queue,
                          struct quipu_ticket *ticket)
{
    int64_t now = 0;

    pthread_mutex_lock(&queue->lock);
    (void)shift(queue); /* who leads is the first */
    pthread_mutex_unlock(&queue->lock);
    if (is_late(ticket, &now)) {
        quipu_ticket_expire(ticket);
        return false;
    }
    return true;
}

void quipu_queue_put_back(struct quipu_queue *queue,
                          struct quipu_ticket *tickets,
                          struct quipu_group *group)
{
    struct quipu_ticket *kept = NULL;
    struct quipu_ticket **end = &kept;
    int64_t now;

    pthread_mutex_lock(&queue->lock);
    /* Read inside the lock: whose thread found its deadline past, and itself
     * taken, sleeps for ever. */
    now = quipu_clock_now();
    while (tickets) {
        struct quipu_ticket *ticket = tickets;

        tickets = ticket->next;
        if (ticket->deadline <= now) {
            expire(group, ticket);
        } else {
            ticket->place = QUIPU_TICKET_QUEUED;
            *end = ticket;
            end = &ticket->next;
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

static struct quipu_ticket *choose_next(struct quipu_queue *queue)
{
    struct quipu_ticket *next;

    pthread_mutex_lock(&queue->lock);
    next = queue->first;
    queue->led = next;
    if (next) {
        queue->leader = next->thread;
        next->place = QUIPU_TICKET_CHOSEN;
    }
    pthread_mutex_unlock(&queue->lock);
    return next;
}

void quipu_queue_leave(struct quipu_queue *queue,
                       const struct quipu_group *group,
                       const struct quipu_ticket *own)
{
    struct quipu_ticket *answered = group ? group->answered : NULL;
    struct quipu_ticket *next;

    /* First those who are done: who has more to append is then in the next
     * group, which would else be half of what it can be. */
    while (answered) {
        struct quipu_ticket *ticket = answered;

        answered = ticket->next; /* then the ticket may be gone */
        if (ticket != own) {
            quipu_ticket_wake(ticket, QUIPU_TICKET_ANSWERED);
        }
    }
    next = choose_next(queue);
    if (next) {
        quipu_ticket_wake(next, QUIPU_TICKET_LEADS);
    }
}
