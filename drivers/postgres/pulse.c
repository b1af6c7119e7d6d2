/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the log to grow. */
#include "operations.h"
#include "postgres.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define FIRST_PAUSE (4 * CLOCK_MILLISECOND)
#define RETRY CLOCK_SECOND
/* Between two notifications: who is woken by the first looks often for a
 * while. */
#define QUIET (30 * CLOCK_MILLISECOND)

int quipu_postgres_pulse_init(quipu_driver_datastore *datastore,
                              quipu_error *error)
{
    struct pulse *pulse = &datastore->pulse;
    pthread_condattr_t monotonic;
    (void)pthread_mutex_init(&pulse->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&pulse->beat, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    pulse->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return pulse->wake >= 0
               ? QUIPU_OK
               : datastore->host->error_set(error, QUIPU_IO, errno, NULL,
                                            "cannot make an eventfd: %s",
                                            strerrordesc_np(errno));
}

void quipu_postgres_pulse_finish(quipu_driver_datastore *datastore)
{
    struct pulse *pulse = &datastore->pulse;
    quipu_postgres_disconnect(datastore, pulse->listener);
    if (pulse->wake >= 0) {
        (void)close(pulse->wake);
    }
    (void)pthread_cond_destroy(&pulse->beat);
    (void)pthread_mutex_destroy(&pulse->lock);
}

/* With the lock. */
static void wake_all(struct pulse *pulse)
{
    uint64_t one = 1;
    pulse->beats++;
    (void)pthread_cond_broadcast(&pulse->beat);
    if (pulse->listening) {
        (void)!write(pulse->wake, &one, sizeof(one));
    }
}

void quipu_postgres_pulse_beat(quipu_driver_datastore *datastore)
{
    struct pulse *pulse = &datastore->pulse;
    (void)pthread_mutex_lock(&pulse->lock);
    wake_all(pulse);
    (void)pthread_mutex_unlock(&pulse->lock);
}

void quipu_postgres_interrupt(quipu_driver_datastore *datastore)
{
    struct pulse *pulse = &datastore->pulse;
    (void)pthread_mutex_lock(&pulse->lock);
    pulse->interrupts++;
    wake_all(pulse);
    (void)pthread_mutex_unlock(&pulse->lock);
}

/* ---------------------------------------------------------- notifications */

/* "quipu_" and the identity, which no other store's listeners have. */
static void name_channel(const quipu_driver_datastore *datastore, char name[40])
{
    int size = snprintf(name, 40, "quipu_");
    for (size_t i = 0; i < sizeof(datastore->identity.bytes); i++) {
        size += snprintf(name + size, (size_t)(40 - size), "%02x",
                         datastore->identity.bytes[i]);
    }
}

/* The answer is left for whoever uses the connection next. */
void quipu_postgres_announce(quipu_driver_datastore *datastore,
                             struct connection *connection)
{
    char name[40];
    int64_t now = clock_now();
    int64_t last = atomic_load(&datastore->notified);
    quipu_postgres_pulse_beat(datastore);
    if (!datastore->options.notify || connection->lost || now - last < QUIET ||
        !atomic_compare_exchange_strong(&datastore->notified, &last, now)) {
        return;
    }
    name_channel(datastore, name);
    quipu_postgres_arguments_begin(&connection->arguments);
    quipu_postgres_add_text(&connection->arguments, name);
    quipu_postgres_send(connection, &datastore->common[SQL_NOTIFY]);
    quipu_postgres_send_end(connection);
    if (connection->no_memory || PQflush(connection->pg) < 0) {
        connection->lost = true;
    }
    connection->echo = true;
}

/* ------------------------------------------------------------- listening */

static int listen_to(quipu_driver_datastore *datastore,
                     struct connection *connection)
{
    char text[64];
    char name[40];
    PGresult *result = NULL;
    struct statement statement = { .text = text };
    name_channel(datastore, name);
    (void)snprintf(text, sizeof(text), "LISTEN %s", name);
    connection->prepares = false;
    quipu_postgres_arguments_begin(&connection->arguments);
    int status = quipu_postgres_ask(datastore, connection, &statement, 0,
                                    "listen", &result, NULL);
    PQclear(result);
    return status;
}

/* Only one thread at a time: who listens.  True: it is new, so that one has to
 * look again before one trusts it. */
static bool make_listener(quipu_driver_datastore *datastore)
{
    struct pulse *pulse = &datastore->pulse;
    struct connection *connection = NULL;
    if (pulse->listener || pulse->deaf || !datastore->options.notify ||
        clock_now() < pulse->retry) {
        return false;
    }
    pulse->retry = clock_now() + RETRY;
    if (quipu_postgres_connect(datastore, clock_now() + RETRY / 2, &connection,
                               NULL) != QUIPU_OK) {
        return false;
    }
    if (!connection->direct || listen_to(datastore, connection) != QUIPU_OK) {
        pulse->deaf = true;
        quipu_postgres_disconnect(datastore, connection);
        return false;
    }
    pulse->listener = connection;
    return true;
}

/* Whether the server notified; a listener that is lost is dropped. */
static bool hear(quipu_driver_datastore *datastore)
{
    struct pulse *pulse = &datastore->pulse;
    PGconn *pg = pulse->listener->pg;
    bool heard = false;
    PGnotify *note = NULL;
    if (PQconsumeInput(pg) == 0 || PQstatus(pg) == CONNECTION_BAD) {
        quipu_postgres_disconnect(datastore, pulse->listener);
        pulse->listener = NULL;
        return true;
    }
    while ((note = PQnotifies(pg))) {
        PQfreemem(note);
        heard = true;
    }
    return heard;
}

/* Waits for the server, or until someone of this handle wakes us. */
static bool listen_until(quipu_driver_datastore *datastore, int64_t until)
{
    struct pulse *pulse = &datastore->pulse;
    if (make_listener(datastore)) {
        return true;
    }
    struct pollfd pollers[2] = { { .fd = pulse->wake, .events = POLLIN },
                                 { .fd = -1, .events = POLLIN } };
    if (pulse->listener) {
        pollers[1].fd = PQsocket(pulse->listener->pg);
    }
    int64_t now = clock_now();
    struct timespec left = clock_timespec(until > now ? until - now : 0);
    (void)ppoll(pollers, 2, &left, NULL);
    uint64_t count = 0;
    bool woken = read(pulse->wake, &count, sizeof(count)) > 0;
    if (pulse->listener && pollers[1].revents != 0) {
        woken = hear(datastore) || woken;
    }
    return woken;
}

/* Sleeps until the next beat, or `until`; whether it was a beat. */
static bool nap(quipu_driver_datastore *datastore, uint32_t beats,
                int64_t until)
{
    struct pulse *pulse = &datastore->pulse;
    struct timespec when = clock_timespec(until);
    int code = 0;
    (void)pthread_mutex_lock(&pulse->lock);
    if (pulse->beats == beats && !pulse->listening) {
        pulse->listening = true;
        (void)pthread_mutex_unlock(&pulse->lock);
        bool woken = listen_until(datastore, until);
        (void)pthread_mutex_lock(&pulse->lock);
        pulse->listening = false;
        if (woken) {
            pulse->beats++;
            (void)pthread_cond_broadcast(&pulse->beat);
        }
    } else {
        while (pulse->beats == beats && code == 0) {
            code = pthread_cond_timedwait(&pulse->beat, &pulse->lock, &when);
        }
    }
    bool woken = pulse->beats != beats;
    (void)pthread_mutex_unlock(&pulse->lock);
    return woken;
}

/* --------------------------------------------------------------- the wait */

static void read_pulse(struct pulse *pulse, uint32_t *beats,
                       uint32_t *interrupts)
{
    (void)pthread_mutex_lock(&pulse->lock);
    *beats = pulse->beats;
    *interrupts = pulse->interrupts;
    (void)pthread_mutex_unlock(&pulse->lock);
}

int quipu_postgres_wait(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t after,
                        int64_t deadline, int64_t *head, quipu_error *error)
{
    struct pulse *pulse = &datastore->pulse;
    int64_t longest = datastore->options.poll * CLOCK_MILLISECOND;
    int64_t pause = FIRST_PAUSE;
    uint32_t beats = 0, interrupts = 0, first = 0;
    read_pulse(pulse, &beats, &first);
    for (;;) {
        int64_t now = 0;
        read_pulse(pulse, &beats, &interrupts);
        int status =
            quipu_postgres_ask_head(datastore, bound, deadline, &now, error);
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
        bool woken = nap(datastore, beats, clock_after(pause, deadline));
        pause = woken ? FIRST_PAUSE : 2 * pause;
        pause = pause < longest ? pause : longest;
    }
}
