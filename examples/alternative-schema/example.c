/* SPDX-License-Identifier: Apache-2.0 */
/* The event types, the aggregate type with its handlers, and the commands. */
#include "example.h"

/* ---------------------------------------------------------------- events */

static const quipu_field created_fields[] = {
    QUIPU_FIELD(struct example_created, foo),
    { 0 },
};

static const quipu_field changed_fields[] = {
    QUIPU_FIELD(struct example_changed, foo),
    { 0 },
};

static const quipu_event_type created = {
    .topic = "Example.Created",
    .size = sizeof(struct example_created),
    .fields = created_fields,
};

static const quipu_event_type changed = {
    .topic = "Example.Changed",
    .size = sizeof(struct example_changed),
    .fields = changed_fields,
};

static const quipu_event_type discarded = {
    .topic = "Example.Discarded",
    .size = sizeof(struct example_discarded),
};

const quipu_event_type *const example_events[] = {
    &created,
    &changed,
    &discarded,
};
const size_t example_event_count =
    sizeof(example_events) / sizeof(*example_events);

/* ------------------------------------------------------------- aggregate */

/* Handlers only assign: they run when an event is triggered, and again whenever
 * the example is read from the store. */
static int on_created(void *aggregate, const void *event, quipu_error *error)
{
    struct example *example = (struct example *)aggregate;
    const struct example_created *created_event =
        (const struct example_created *)event;

    return quipu_text_set(&example->foo, created_event->foo, error);
}

static int on_changed(void *aggregate, const void *event, quipu_error *error)
{
    struct example *example = (struct example *)aggregate;
    const struct example_changed *changed_event =
        (const struct example_changed *)event;

    return quipu_text_set(&example->foo, changed_event->foo, error);
}

static const quipu_handler handlers[] = {
    { .event = &created, .apply = on_created },
    { .event = &changed, .apply = on_changed },
    { .event = &discarded, .discards = true },
    { 0 },
};

static const quipu_field fields[] = {
    QUIPU_FIELD_NULLABLE(struct example, foo), /* NULL before the first event */
    { 0 },
};

const quipu_aggregate_type example_type = {
    .name = "Example",
    .size = sizeof(struct example),
    .fields = fields,
    .handlers = handlers,
};

/* -------------------------------------------------------------- commands */

/* A command checks its arguments and then triggers an event, which is applied
 * to the aggregate and stored. */
struct example *example_create(quipu_repository *examples, const char *foo,
                               quipu_error *error)
{
    struct example_created event = { .foo = foo };
    struct example *example = quipu_repository_create(examples, NULL, error);

    if (example && quipu_aggregate_trigger(&example->base, &created,
                                           &event.base, error) != QUIPU_OK) {
        quipu_aggregate_destroy(example);
        example = NULL;
    }
    return example;
}

int example_set_foo(struct example *example, const char *foo,
                    quipu_error *error)
{
    struct example_changed event = { .foo = foo };

    if (!foo || foo[0] == '\0') {
        return quipu_error_set(error, QUIPU_INVALID, "foo may not be empty");
    }
    return quipu_aggregate_trigger(&example->base, &changed, &event.base,
                                   error);
}

int example_discard(struct example *example, quipu_error *error)
{
    return quipu_aggregate_discard(&example->base, error);
}
