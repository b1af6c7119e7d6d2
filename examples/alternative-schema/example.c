/* SPDX-License-Identifier: Apache-2.0 */
/* Events, the aggregate that they make, and the commands that trigger them. */
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

/* Handlers only assign: they run when something happens, and again whenever
 * the example is read. */
static int on_created(void *aggregate, const void *event, quipu_error *error)
{
    struct example *example = aggregate;
    const struct example_created *what = event;

    return quipu_text_set(&example->foo, what->foo, error);
}

static int on_changed(void *aggregate, const void *event, quipu_error *error)
{
    struct example *example = aggregate;
    const struct example_changed *what = event;

    return quipu_text_set(&example->foo, what->foo, error);
}

static const quipu_handler handlers[] = {
    { .event = &created, .apply = on_created },
    { .event = &changed, .apply = on_changed },
    { .event = &discarded, .discards = true },
    { 0 },
};

static const quipu_field fields[] = {
    QUIPU_FIELD_NULLABLE(struct example, foo), /* NULL until it is created */
    { 0 },
};

const quipu_aggregate_type example_type = {
    .name = "Example",
    .size = sizeof(struct example),
    .fields = fields,
    .handlers = handlers,
};

/* -------------------------------------------------------------- commands */

/* Commands check; then they trigger an event, which is applied and stored. */
struct example *example_create(quipu_repository *examples, const char *foo,
                               quipu_error *error)
{
    struct example_created what = { .foo = foo };
    struct example *example = quipu_repository_create(examples, NULL, error);

    if (example && quipu_aggregate_trigger(&example->base, &created, &what.base,
                                           error) != QUIPU_OK) {
        quipu_aggregate_destroy(example);
        example = NULL;
    }
    return example;
}

int example_set_foo(struct example *example, const char *foo,
                    quipu_error *error)
{
    struct example_changed what = { .foo = foo };

    if (!foo || foo[0] == '\0') {
        return quipu_error_set(error, QUIPU_INVALID, "foo may not be empty");
    }
    return quipu_aggregate_trigger(&example->base, &changed, &what.base, error);
}

int example_discard(struct example *example, quipu_error *error)
{
    return quipu_aggregate_discard(&example->base, error);
}
