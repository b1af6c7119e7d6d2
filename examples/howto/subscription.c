/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subscription that sends mail.  Prints:
 *
 *     mail about Account.Opened of ann
 *     mail about Account.Opened of bob
 *     the next process begins behind 2
 */
#include "howto.h"

#include <inttypes.h>
#include <stdio.h>

static int send_mail(const quipu_event *event, quipu_error *error)
{
    (void)error;
    printf("mail about %s of %.*s\n", event->type->topic,
           (int)event->originator_id.size,
           (const char *)event->originator_id.data);
    return QUIPU_OK;
}

/* Sends a mail for each event that was stored before it began; without
 * QUIPU_SUBSCRIPTION_TO_NOW, until it is stopped. */
static int send_all(quipu_store *store, quipu_error *error)
{
    const quipu_subscription_options options = {
        .struct_size = sizeof(options),
        .flags = QUIPU_SUBSCRIPTION_TO_NOW,
        .consumer = "mailer",
    };
    quipu_subscription *subscription;
    const quipu_event *event;
    const quipu_item *item;
    int status =
        quipu_subscription_open_events(store, &options, &subscription, error);

    if (status != QUIPU_OK) {
        return status;
    }
    while (status == QUIPU_OK) {
        status = quipu_subscription_next(subscription, &item, -1, error);
        if (status != QUIPU_OK || !item) {
            break;
        }
        status = quipu_subscription_event(subscription, &event, error);
        if (status == QUIPU_OK) {
            status = send_mail(event, error);
        }
        if (status == QUIPU_OK) {
            status = quipu_subscription_acknowledge(subscription, error);
        }
    }
    int closed = quipu_subscription_close(subscription, status ? NULL : error);

    return status == QUIPU_OK ? closed : status;
}

int subscription_show(struct bank *bank, quipu_error *error)
{
    quipu_position position;

    QUIPU_TRY(account_open(bank, "ann", 100, error));
    QUIPU_TRY(account_open(bank, "bob", 100, error));
    QUIPU_TRY(send_all(bank->store, error));
    QUIPU_TRY(quipu_tracking_read(bank->datastore, "mailer", "accounts",
                                  &position, error));
    printf("the next process begins behind %" PRId64 "\n",
           position.notification_id);
    return QUIPU_OK;
}
