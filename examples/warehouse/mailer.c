/* SPDX-License-Identifier: Apache-2.0 */
/* The mailer, a process of its own: prints a mail for each order that is placed
 * or shipped.  Its tracking record is written after the mail, so that each is
 * sent at least once. */
#include "warehouse.h"

#include <signal.h>
#include <stdio.h>

static quipu_subscription *subscription;

static void stop(int number)
{
    (void)number;
    /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): made for it. */
    quipu_subscription_request_stop(subscription);
}

/* Mails the customer of the order that the event is about. */
static int mail(const struct warehouse *warehouse, const quipu_event *event,
                quipu_error *error)
{
    quipu_id id;
    struct order *order =
        quipu_repository_get(warehouse->orders, &event->originator_id, error);
    struct customer *customer = NULL;
    int status =
        order ? quipu_id_of_text(&id, order->customer, error) : error->code;

    if (status == QUIPU_OK) {
        customer = quipu_repository_get(warehouse->customers, &id, error);
        status =
            customer || error->code == QUIPU_NOT_FOUND ? QUIPU_OK : error->code;
    }
    if (customer) { /* the customer has not left */
        printf("to %s: order %.*s is %s\n", customer->email,
               (int)event->originator_id.size,
               (const char *)event->originator_id.data,
               event->type == &order_placed ? "placed" : "shipped");
    }
    quipu_aggregate_destroy(customer);
    quipu_aggregate_destroy(order);
    return status;
}

static int mail_next(const struct warehouse *warehouse, bool *stopped,
                     quipu_error *error)
{
    const quipu_item *item;
    const quipu_event *event;

    QUIPU_TRY(quipu_subscription_next(subscription, &item, -1, error));
    *stopped = !item;
    if (*stopped) {
        return QUIPU_OK;
    }
    QUIPU_TRY(quipu_subscription_event(subscription, &event, error));
    QUIPU_TRY(mail(warehouse, event, error));
    return quipu_subscription_acknowledge(subscription, error);
}

int mailer_run(struct warehouse *warehouse, char **words, quipu_error *error)
{
    const quipu_bytes topics[] = { quipu_bytes_of_text(order_placed.topic),
                                   quipu_bytes_of_text(order_shipped.topic) };
    const quipu_match match = { .topics = topics, .topic_count = 2 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = "mailer",
                                                 .filter = &filter };
    bool stopped = false;
    int status = QUIPU_OK;
    (void)words;

    QUIPU_TRY(quipu_subscription_open_events(warehouse->store, &options,
                                             &subscription, error));
    (void)signal(SIGTERM, stop);
    while (status == QUIPU_OK && !stopped) {
        status = mail_next(warehouse, &stopped, error);
    }
    (void)signal(SIGTERM, SIG_DFL); /* it would use what is closed */
    (void)quipu_subscription_close(subscription, NULL);
    return status;
}
