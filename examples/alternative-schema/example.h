/* SPDX-License-Identifier: Apache-2.0 */
/* The domain: an example has one attribute, foo. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <quipu/quipu.h>

/* The events of an example.  Each is a struct that begins with quipu_event; a
 * table in example.c describes its further members. */
struct example_created {
    quipu_event base;
    const char *foo;
};

struct example_changed {
    quipu_event base;
    const char *foo;
};

struct example_discarded {
    quipu_event base;
};

/* The event types, for the mapping of the store. */
extern const quipu_event_type *const example_events[];
extern const size_t example_event_count;

/* The aggregate.  It owns the members that its table in example.c describes:
 * they are freed by quipu_aggregate_destroy. */
struct example {
    quipu_aggregate base;
    char *foo;
};

extern const quipu_aggregate_type example_type;

/* Creates an example and stores its first event.  Returns NULL and fills *error
 * on failure. */
struct example *example_create(quipu_repository *examples, const char *foo,
                               quipu_error *error);

/* Changes foo and stores the event.  INVALID: foo is NULL or empty. */
int example_set_foo(struct example *example, const char *foo,
                    quipu_error *error);

/* Discards the example: the repository does not find it any more, while its
 * events stay in the store. */
int example_discard(struct example *example, quipu_error *error);

#endif
