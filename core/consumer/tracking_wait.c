/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for a consumer's tracking record, so that a program can read what it
 * has written from a read model.  No driver tells of changes of these records,
 * so they are read again and again. */
#include <time.h>

#include <quipu/subscription.h>

#include "base/cancellation.h"
#include "base/clock.h"
#include "base/error.h"
#include "datastore/datastore.h"
#include "group/group_state.h"

/* Nanoseconds between two reads: a millisecond at first, then twice as long
 * each time. */
#define PAUSE_FIRST 1000000L
#define PAUSE_MOST 50000000L

/* Returns TIMEOUT if the deadline has passed, otherwise waits. */
static int pause_for(long nanoseconds, int64_t deadline, int64_t position,
                     const char *consumer, quipu_error *error)
{
    int64_t left = quipu_clock_left(deadline);

    if (left == 0) {
        return quipu_error_set(error, QUIPU_TIMEOUT,
                               "consumer \"%s\" has processed its log up to "
                               "notification %lld only before the deadline",
                               consumer, (long long)position);
    }
    const struct timespec pause = { .tv_nsec = left < nanoseconds
                                                   ? (long)left
                                                   : nanoseconds };

    (void)nanosleep(&pause, NULL);
    return QUIPU_OK;
}

/* Reads the record of the consumer, or the lowest position of the partitions if
 * it is a group.  NOT_FOUND: there is neither. */
static int read_position(quipu_datastore *tracking, const char *consumer,
                         const char *log, quipu_position *position,
                         quipu_error *error)
{
    struct quipu_group_state state = { .partition_count = 0 };
    int status = quipu_tracking_read(tracking, consumer, log, position, error);

    if (status != QUIPU_NOT_FOUND) {
        return status;
    }
    if (!(tracking->opened.capabilities & QUIPU_CAN_ENTRIES) ||
        quipu_group_state_check_consumer(consumer, NULL) != QUIPU_OK) {
        return QUIPU_NOT_FOUND;
    }
    status = quipu_group_state_read(&state, tracking, consumer, error);
    if (status == QUIPU_OK && state.partition_count == 0) {
        status = QUIPU_NOT_FOUND;
    } else if (status == QUIPU_OK) {
        *position = quipu_group_state_lowest(
            &state, quipu_group_all_partitions(state.partition_count));
    }
    quipu_group_state_finish(&state);
    return status;
}

int quipu_tracking_wait(quipu_datastore *tracking, const char *consumer,
                        const char *log, int64_t notification_id,
                        int64_t milliseconds, quipu_error *error)
{
    QUIPU_UNCANCELLABLE;
    int64_t deadline = quipu_clock_deadline(milliseconds);
    long pause = PAUSE_FIRST;

    for (;;) {
        quipu_position position = { .notification_id = 0 };
        quipu_error cause;
        int status = read_position(tracking, consumer, log, &position, &cause);

        if (status != QUIPU_OK && status != QUIPU_NOT_FOUND) {
            if (error) {
                *error = cause;
            }
            return status;
        }
        if (status == QUIPU_OK && position.notification_id >= notification_id) {
            return QUIPU_OK;
        }
        status = pause_for(pause, deadline, position.notification_id, consumer,
                           error);
        if (status != QUIPU_OK && status != QUIPU_NOT_FOUND) {
            return status;
        }
        pause = pause * 2 < PAUSE_MOST ? pause * 2 : PAUSE_MOST;
    }
}
