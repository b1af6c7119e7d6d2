/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for a log to grow.
 *
 * A call that waits reads the head of the log, sleeps until it is woken or a
 * pause has passed, and reads the head again.  Being woken is a hint and
 * nothing relies on it: a lost notification costs a pause, of at most the
 * option poll.  The pauses double from FIRST_PAUSE up to that, and start over
 * when the call is woken.
 *
 * Waiters are woken by appends of the same datastore, by an interrupt, and by
 * notifications of the server.  For the latter one waiter at a time is the
 * listener for all: it polls a connection with LISTEN, which is no part of the
 * pool, and an eventfd by which the threads of this datastore end the poll. The
 * others wait on the condition variable.  No thread is started for this.
 *
 * INV1  A waiter reads the counter `wakeups` before it reads the head, and
 *       does not sleep if the counter has changed since: an append between
 *       the two is not missed.
 * INV2  `listening` is true for at most one thread, and only that thread
 *       uses `listener`, `cannot_listen` and `retry`.
 * INV3  A listener that has just connected reports itself woken: appends
 *       before LISTEN took effect were not notified.
 *
 * An append sends NOTIFY after its commit, in a transaction of its own, and
 * does not wait for the answer: NOTIFY takes a lock of the whole database while
 * it commits.  Notifications within QUIET of one another are omitted: a waiter
 * that was woken polls in short pauses for longer than that.
 */
#include "notify.h"

#include "point_read.h"

#include "net/errors.h"
#include "net/pipeline.h"
#include "net/query.h"

#include "common/clock.h"
#include "common/error.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define FIRST_PAUSE (4 * CLOCK_MILLISECOND)
#define RETRY CLOCK_SECOND             /* between attempts to listen */
#define QUIET (30 * CLOCK_MILLISECOND) /* between notifications */

int quipu_postgres_notify_init(quipu_driver_datastore *datastore,
                               quipu_error *error)
{
    struct notify *notify = &datastore->notify;
    pthread_condattr_t monotonic;
    (void)pthread_mutex_init(&notify->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&notify->woken, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    notify->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return notify->wake >= 0
               ? QUIPU_OK
               : datastore->host->error_set(error, QUIPU_IO, errno, NULL,
                                            "cannot make an eventfd: %s",
                                            quipu_common_error_describe(errno));
}

void quipu_postgres_notify_finish(quipu_driver_datastore *datastore)
{
    struct notify *notify = &datastore->notify;
    quipu_postgres_connection_close(datastore, notify->listener);
    if (notify->wake >= 0) {
        (void)close(notify->wake);
    }
    (void)pthread_cond_destroy(&notify->woken);
    (void)pthread_mutex_destroy(&notify->lock);
}

/* Under the lock. */
static void wake_all(struct notify *notify)
{
    uint64_t one = 1;
    notify->wakeups++;
    (void)pthread_cond_broadcast(&notify->woken);
    if (notify->listening) {
        (void)!write(notify->wake, &one, sizeof(one));
    }
}

static void wake_own(quipu_driver_datastore *datastore)
{
    struct notify *notify = &datastore->notify;
    (void)pthread_mutex_lock(&notify->lock);
    wake_all(notify);
    (void)pthread_mutex_unlock(&notify->lock);
}

void quipu_postgres_notify_interrupt(quipu_driver_datastore *datastore)
{
    struct notify *notify = &datastore->notify;
    (void)pthread_mutex_lock(&notify->lock);
    notify->interrupts++;
    wake_all(notify);
    (void)pthread_mutex_unlock(&notify->lock);
}

/* ---------------------------------------------------------- notifications */

/* The channel: "quipu_" and the identity of store and namespace. */
static void name_channel(const quipu_driver_datastore *datastore, char name[40])
{
    int size = snprintf(name, 40, "quipu_");
    for (size_t i = 0; i < sizeof(datastore->identity.bytes); i++) {
        size += snprintf(name + size, (size_t)(40 - size), "%02x",
                         datastore->identity.bytes[i]);
    }
}

/* The answer is read by the next user of the connection, so that the append
 * does not wait for it. */
void quipu_postgres_notify_announce(quipu_driver_datastore *datastore,
                                    struct connection *connection)
{
    char name[40];
    int64_t now = clock_now();
    int64_t last = atomic_load(&datastore->notified);
    wake_own(datastore);
    if (!datastore->options.notify || connection->lost || now - last < QUIET ||
        !atomic_compare_exchange_strong(&datastore->notified, &last, now)) {
        return;
    }
    name_channel(datastore, name);
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_binary_add_text(&connection->arguments, name);
    quipu_postgres_pipeline_send(connection, &datastore->sql[SQL_NOTIFY]);
    quipu_postgres_pipeline_sync(connection);
    if (connection->no_memory || PQflush(connection->pg) < 0) {
        connection->lost = true;
    }
    connection->unread_answers = true;
}

/* ------------------------------------------------------------- listening */

static int listen_to(quipu_driver_datastore *datastore,
                     struct connection *connection)
{
    const struct lease lease = { .datastore = datastore,
                                 .connection = connection };
    char text[64];
    char name[40];
    PGresult *result = NULL;
    name_channel(datastore, name);
    (void)snprintf(text, sizeof(text), "LISTEN %s", name);
    const struct sql_text sql = { text, "" };
    int status =
        quipu_postgres_query_run_text(&lease, &sql, NULL, "listen", &result);
    PQclear(result);
    return status;
}

/* Connects the listener if there is none and it is time to try.  Returns true
 * if it is new (INV3). */
static bool make_listener(quipu_driver_datastore *datastore)
{
    struct notify *notify = &datastore->notify;
    struct connection *connection = NULL;
    if (notify->listener || notify->cannot_listen ||
        !datastore->options.notify || clock_now() < notify->retry) {
        return false;
    }
    notify->retry = clock_now() + RETRY;
    if (quipu_postgres_connection_open(datastore, clock_now() + RETRY / 2,
                                       &connection, NULL) != QUIPU_OK) {
        return false;
    }
    if (!connection->own_session ||
        listen_to(datastore, connection) != QUIPU_OK) {
        notify->cannot_listen = true;
        quipu_postgres_connection_close(datastore, connection);
        return false;
    }
    notify->listener = connection;
    return true;
}

/* Returns true if a notification has arrived, or the listener was lost and has
 * been dropped. */
static bool read_notifications(quipu_driver_datastore *datastore)
{
    struct notify *notify = &datastore->notify;
    PGconn *pg = notify->listener->pg;
    bool any = false;
    PGnotify *note = NULL;
    if (PQconsumeInput(pg) == 0 || PQstatus(pg) == CONNECTION_BAD) {
        quipu_postgres_connection_close(datastore, notify->listener);
        notify->listener = NULL;
        return true;
    }
    while ((note = PQnotifies(pg))) {
        PQfreemem(note);
        any = true;
    }
    return any;
}

/* The listener's sleep: until a notification, a wake-up of this datastore, or
 * `until`. */
static bool listen_until(quipu_driver_datastore *datastore, int64_t until)
{
    struct notify *notify = &datastore->notify;
    if (make_listener(datastore)) {
        return true;
    }
    struct pollfd pollers[2] = { { .fd = notify->wake, .events = POLLIN },
                                 { .fd = -1, .events = POLLIN } };
    if (notify->listener) {
        pollers[1].fd = PQsocket(notify->listener->pg);
    }
    int64_t now = clock_now();
    struct timespec left = clock_timespec(until > now ? until - now : 0);
    (void)ppoll(pollers, 2, &left, NULL);
    uint64_t count = 0;
    bool woken = read(notify->wake, &count, sizeof(count)) > 0;
    if (notify->listener && pollers[1].revents != 0) {
        woken = read_notifications(datastore) || woken;
    }
    return woken;
}

/* Sleeps until the counter differs from `wakeups` (INV1), or until `until`;
 * returns true in the first case.  If no other thread is the listener, this one
 * becomes it (INV2). */
static bool wait_for_wakeup(quipu_driver_datastore *datastore, uint32_t wakeups,
                            int64_t until)
{
    struct notify *notify = &datastore->notify;
    struct timespec when = clock_timespec(until);
    int code = 0;
    (void)pthread_mutex_lock(&notify->lock);
    if (notify->wakeups == wakeups && !notify->listening) {
        notify->listening = true;
        (void)pthread_mutex_unlock(&notify->lock);
        bool woken = listen_until(datastore, until);
        (void)pthread_mutex_lock(&notify->lock);
        notify->listening = false;
        if (woken) {
            notify->wakeups++;
            (void)pthread_cond_broadcast(&notify->woken);
        }
    } else {
        while (notify->wakeups == wakeups && code == 0) {
            code = pthread_cond_timedwait(&notify->woken, &notify->lock, &when);
        }
    }
    bool woken = notify->wakeups != wakeups;
    (void)pthread_mutex_unlock(&notify->lock);
    return woken;
}

/* --------------------------------------------------------------- the wait */

/* The counters of wake-ups and interrupts, before the head is read (INV1). */
static void read_counters(struct notify *notify, uint32_t *wakeups,
                          uint32_t *interrupts)
{
    (void)pthread_mutex_lock(&notify->lock);
    *wakeups = notify->wakeups;
    *interrupts = notify->interrupts;
    (void)pthread_mutex_unlock(&notify->lock);
}

int quipu_postgres_notify_wait(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound, int64_t after,
                               int64_t deadline, int64_t *head,
                               quipu_error *error)
{
    struct notify *notify = &datastore->notify;
    int64_t longest = datastore->options.poll * CLOCK_MILLISECOND;
    int64_t pause = FIRST_PAUSE;
    uint32_t wakeups = 0, interrupts = 0, first = 0;
    read_counters(notify, &wakeups, &first);
    for (;;) {
        int64_t now = 0;
        read_counters(notify, &wakeups, &interrupts);
        int status = quipu_postgres_point_read_head(datastore, bound, deadline,
                                                    &now, error);
        if (status != QUIPU_OK) {
            return status;
        }
        if (now > after || interrupts != first) {
            *head = now;
            return QUIPU_OK;
        }
        if (clock_now() >= deadline) {
            return datastore->host->error_set(
                error, QUIPU_TIMEOUT, 0, NULL,
                "the log of \"%s\" did not grow beyond %lld",
                bound->schema.table, (long long)after);
        }
        bool woken =
            wait_for_wakeup(datastore, wakeups, clock_after(pause, deadline));
        pause = woken ? FIRST_PAUSE : 2 * pause;
        pause = pause < longest ? pause : longest;
    }
}
