/* SPDX-License-Identifier: Apache-2.0 */
/* Payments: their events, what follows from them, and ordering one. */
#include "bank.h"

QUIPU_EVENT_DEFINE(ordered, "Payment.Ordered", QUIPU_VALUE(quipu_id, from),
                   QUIPU_VALUE(quipu_id, to), QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DEFINE(paid, "Payment.Paid", QUIPU_VALUE(int64_t, cents));
QUIPU_EVENT_DEFINE(refused, "Payment.Refused",
                   QUIPU_VALUE(const char *, reason));
QUIPU_EVENT_DEFINE(expired, "Payment.Expired", QUIPU_VALUE(int64_t, cents));

/* ------------------------------------------------------------ the aggregate */

static int on_ordered(struct payment *payment, const struct ordered *event,
                      quipu_error *error)
{
    (void)error;
    payment->from = event->from;
    payment->to = event->to;
    payment->cents = event->cents;
    return QUIPU_OK;
}
QUIPU_TYPED_HANDLER(on_ordered, struct payment, struct ordered)

static int on_end(void *aggregate, const void *event, quipu_error *error)
{
    struct payment *payment = aggregate;
    (void)event;
    (void)error;

    payment->has_ended = true;
    return QUIPU_OK;
}

static const quipu_handler handlers[] = {
    { .event = &ordered, .apply = on_ordered_untyped },
    { .event = &paid, .apply = on_end },
    { .event = &refused, .apply = on_end },
    { .event = &expired, .apply = on_end },
    { 0 },
};
static const quipu_field fields[] = {
    QUIPU_FIELD(struct payment, from),
    QUIPU_FIELD(struct payment, to),
    QUIPU_FIELD(struct payment, cents),
    QUIPU_FIELD(struct payment, has_ended),
    { 0 },
};
const quipu_aggregate_type payment_type = {
    .name = "Payment",
    .size = sizeof(struct payment),
    .fields = fields,
    .handlers = handlers,
};

/* ----------------------------------------------------------------- ordering */

struct order {
    struct bank *bank;
    quipu_id id;
    quipu_id from;
    quipu_id to;
    int64_t cents;
    quipu_time expiry;
};

static int place_order(quipu_unit *unit, void *context, quipu_error *error)
{
    const struct order *order = context;
    struct expired event = { .cents = order->cents };
    struct payment *payment =
        quipu_unit_new(unit, order->bank->payments, &order->id, error);

    if (!payment) {
        return error->code;
    }
    int status = QUIPU_TRIGGER(payment, ordered, error, .from = order->from,
                               .to = order->to, .cents = order->cents);

    quipu_event_init(&event.base, &expired, &order->id, 0);
    return status == QUIPU_OK
               ? quipu_unit_timer_set(unit, PAYMENT_TIMER, order->expiry,
                                      &event.base, error)
               : status;
}

int payment_order(struct bank *bank, int from, int to, int64_t cents,
                  int seconds, quipu_error *error)
{
    struct order order = {
        .bank = bank,
        .from = account_id(from),
        .to = account_id(to),
        .cents = cents,
        .expiry = { quipu_time_now().microseconds + seconds * 1000000LL },
    };
    char name[48] = "payment-";
    quipu_uuid uuid;

    quipu_uuid_ordered(&uuid);
    quipu_uuid_format(&uuid, name + 8);
    (void)quipu_id_of_text(&order.id, name, NULL);
    return quipu_unit_run(bank->store, NULL, place_order, &order, NULL, error);
}
