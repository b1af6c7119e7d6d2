/* SPDX-License-Identifier: Apache-2.0 */
/* Follows the log, and prints large transfers: each at least once, since the
 * tracking record is written after the line. */
#include "bank.h"

#include <signal.h>
#include <stdio.h>

static quipu_subscription *subscription;

static void stop(int number)
{
    (void)number;
    /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): made for it. */
    quipu_subscription_request_stop(subscription);
}

static int print_large(int64_t least, quipu_error *error)
{
    const quipu_event *event;
    int status = quipu_subscription_event(subscription, &event, error);
    const struct withdrawn *transfer = (const void *)event;

    if (status == QUIPU_OK && transfer->cents >= least) {
        printf("%.*s pays %lld cents to %s\n", (int)event->originator_id.size,
               (const char *)event->originator_id.data,
               (long long)transfer->cents, transfer->to);
    }
    return status;
}

int follow_run(struct bank *bank, int least, quipu_error *error)
{
    const quipu_bytes topic = quipu_bytes_of_text(withdrawn.topic);
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    const quipu_subscription_options options = { .struct_size = sizeof(options),
                                                 .consumer = "large",
                                                 .filter = &filter };
    const quipu_item *item = NULL;
    int status = quipu_subscription_open_events(bank->store, &options,
                                                &subscription, error);

    if (status != QUIPU_OK) {
        return status;
    }
    (void)signal(SIGTERM, stop);
    do {
        status = quipu_subscription_next(subscription, &item, -1, error);
        if (status == QUIPU_OK && item) {
            status = print_large(least, error);
        }
        if (status == QUIPU_OK && item) {
            status = quipu_subscription_acknowledge(subscription, error);
        }
    } while (status == QUIPU_OK && item);
    (void)signal(SIGTERM, SIG_DFL); /* it would use what is closed */
    (void)quipu_subscription_close(subscription, NULL);
    return status;
}
