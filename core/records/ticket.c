/* SPDX-License-Identifier: Apache-2.0 */
/* A thread's place in a commit queue: a lock and a condition of its own, so
 * that who is called wakes, and nobody else. */
#include "records/ticket.h"

#include <errno.h>

#include <quipu/error.h>

#include "base/clock.h"

void quipu_ticket_prepare(struct quipu_ticket *ticket)
{
    pthread_condattr_t how;

    /* None of this can fail here: nothing is shared between processes. */
    pthread_condattr_init(&how);
    pthread_condattr_setclock(&how, CLOCK_MONOTONIC);
    pthread_cond_init(&ticket->wake, &how);
    pthread_condattr_destroy(&how);
    pthread_mutex_init(&ticket->lock, NULL);
    ticket->call = QUIPU_TICKET_WAITS;
    ticket->waits = true;
}

/* Who called the thread may still be in quipu_ticket_wake, but past its signal,
 * which was given under the lock that the thread has had since; what it does
 * last is to unlock, and POSIX lets a mutex be destroyed as soon as that has
 * let another one in.  (Helgrind does not know this and reports a race.) */
void quipu_ticket_finish(struct quipu_ticket *ticket)
{
    pthread_mutex_destroy(&ticket->lock);
    pthread_cond_destroy(&ticket->wake);
}

enum quipu_ticket_call quipu_ticket_sleep(struct quipu_ticket *ticket,
                                          int64_t deadline)
{
    const struct timespec when = quipu_clock_timespec(deadline);
    enum quipu_ticket_call call;
    int code = 0;

    pthread_mutex_lock(&ticket->lock);
    while (ticket->call == QUIPU_TICKET_WAITS && code != ETIMEDOUT) {
        code =
            deadline == QUIPU_CLOCK_NEVER
                ? pthread_cond_wait(&ticket->wake, &ticket->lock)
                : pthread_cond_timedwait(&ticket->wake, &ticket->lock, &when);
    }
    call = ticket->call;
    pthread_mutex_unlock(&ticket->lock);
    return call;
}

void quipu_ticket_wake(struct quipu_ticket *ticket, enum quipu_ticket_call call)
{
    /* The signal is given inside the lock: outside of it the thread may be
     * gone already, and its ticket with it. */
    pthread_mutex_lock(&ticket->lock);
    ticket->call = call;
    pthread_cond_signal(&ticket->wake);
    pthread_mutex_unlock(&ticket->lock);
}

void quipu_ticket_expire(struct quipu_ticket *ticket)
{
    ticket->answered = true;
    ticket->status = quipu_error_set(
        ticket->error, QUIPU_BUSY,
        "the appends of other threads held the store until the deadline; "
        "nothing is stored; try again, or raise timeout");
}
