/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that makes the payments that are ordered.  Each ends once: it is
 * paid, refused, or expires.
 *
 * The order has set a timer.  When the process pays, it cancels the timer; when
 * the timer was faster, the process finds that the payment has expired.  In
 * both cases the slower one of them gets CONFLICT, and looks again.
 */
#include "bank.h"

#include <signal.h>
#include <stdio.h>

static int pay(quipu_unit *unit, const struct bank *bank,
               struct payment *payment, quipu_error *error)
{
    struct account *from =
        quipu_unit_get(unit, bank->accounts, &payment->from, error);
    struct account *to =
        from ? quipu_unit_get(unit, bank->accounts, &payment->to, error) : NULL;
    const char *name = (const char *)payment->to.data;
    char to_name[ACCOUNT_NAME_SIZE];

    if (!to) {
        return error->code;
    }
    (void)snprintf(to_name, sizeof(to_name), "%.*s", payment->to.size, name);
    int status = account_withdraw(from, payment->cents, to_name, error);

    if (status == QUIPU_DENIED) {
        return QUIPU_TRIGGER(payment, refused, error, .reason = error->message);
    }
    if (status == QUIPU_OK) {
        status = QUIPU_TRIGGER(to, deposited, error, .cents = payment->cents);
    }
    return status == QUIPU_OK
               ? QUIPU_TRIGGER(payment, paid, error, .cents = payment->cents)
               : status;
}

/* Reacts to an order.  All that it does is one append, together with the record
 * that the order was handled. */
static int on_order(quipu_unit *unit, void *context, const quipu_event *event,
                    quipu_error *error)
{
    const struct bank *bank = context;
    const quipu_id *id = &event->originator_id;
    struct payment *payment = quipu_unit_get(unit, bank->payments, id, error);

    if (!payment) {
        return error->code;
    }
    if (payment->has_ended) {
        return QUIPU_OK; /* it has expired */
    }
    int status = pay(unit, bank, payment, error);

    return status == QUIPU_OK
               ? quipu_unit_timer_cancel(unit, id, PAYMENT_TIMER, error)
               : status;
}

static const quipu_reaction reactions[] = {
    { .event = &ordered, .react = on_order },
    { 0 },
};
const quipu_process_type payments = { .name = "payments",
                                      .reactions = reactions };

static quipu_process *process;

static void stop_process(int number)
{
    (void)number;
    /* NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c): made for it. */
    quipu_process_request_stop(process);
}

int payments_run(struct bank *bank, int unused, quipu_error *error)
{
    const quipu_process_options options = { .struct_size = sizeof(options),
                                            .context = bank };
    int status =
        quipu_process_open(bank->store, &payments, &options, &process, error);
    (void)unused;

    if (status == QUIPU_OK) {
        (void)signal(SIGTERM, stop_process);
        status = quipu_process_run(process, error);
        (void)signal(SIGTERM, SIG_DFL); /* it would use what is closed */
        (void)quipu_process_close(process, NULL);
    }
    return status;
}
