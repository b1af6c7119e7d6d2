/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An append that is made until its outcome is known.  Prints:
 *
 *     OK: notification 1
 *     OK: notification 1, stored by an earlier call
 *     the event is stored: yes
 *     CONFLICT: the position is taken
 */
#include "howto.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* Makes the same append until it is stored, or cannot be. */
static int append(quipu_store *store, const quipu_event *event,
                  quipu_result *result, quipu_error *error)
{
    const quipu_event *list[] = { event };
    struct timespec pause = { .tv_nsec = 10000000 };
    int status = QUIPU_BUSY;

    for (int attempt = 0; attempt < 8 && quipu_status_is_transient(status);
         attempt++) {
        if (attempt > 0) {
            (void)nanosleep(&pause, NULL);
            pause.tv_nsec += pause.tv_nsec / 2;
        }
        /* The event has the same event id each time (U3). */
        *result = (quipu_result){ .status = QUIPU_OK };
        status = quipu_store_append(store, list, 1, result, error);
    }
    return status;
}

/* Tells whether an event is stored, without appending it. */
static int is_stored(quipu_records *records, const quipu_uuid *event_id,
                     bool *stored, quipu_error *error)
{
    const quipu_item *item = NULL;
    quipu_cursor *cursor;

    QUIPU_TRY(quipu_records_find_event(records, event_id, &cursor, error));
    int status = quipu_cursor_next(cursor, &item, error);

    *stored = item != NULL;
    quipu_cursor_close(cursor);
    return status;
}

/* ------------------------------------------------------------- the program */

static void print(int status, const quipu_result *result)
{
    printf("%s: notification %" PRId64 "%s\n", quipu_status_name(status),
           result->first_notification_id,
           result->flags & QUIPU_RESULT_REPEATED ? ", stored by an earlier call"
                                                 : "");
}

int retries_show(struct bank *bank, quipu_error *error)
{
    const quipu_id id = account_id("ann");
    struct opened first = { .cents = 100 }, other = { .cents = 5 };
    quipu_result result;
    bool stored = false;

    quipu_event_init(&first.base, &opened, &id, 0);
    QUIPU_TRY(append(bank->store, &first.base, &result, error));
    print(QUIPU_OK, &result);

    /* As if the answer had been lost: */
    QUIPU_TRY(append(bank->store, &first.base, &result, error));
    print(QUIPU_OK, &result);
    QUIPU_TRY(is_stored(quipu_store_records(bank->store), &first.base.event_id,
                        &stored, error));
    printf("the event is stored: %s\n", stored ? "yes" : "no");

    /* Another event at the position is a conflict, and is not tried again. */
    quipu_event_init(&other.base, &opened, &id, 0);
    int status = append(bank->store, &other.base, &result, error);

    printf("%s: the position is taken\n", quipu_status_name(status));
    return QUIPU_OK;
}
