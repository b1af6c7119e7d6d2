/* SPDX-License-Identifier: Apache-2.0 */
/* The domain: an example has an attribute, foo, and that is all. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <quipu/quipu.h>

/* What can happen to an example.  Each event is a struct that begins with
 * quipu_event, and a table of its further members in example.c. */
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

/* The types of these events, for the mapper. */
extern const quipu_event_type *const example_events[];
extern const size_t example_event_count;

/* An example as its events have made it.  What its table describes belongs to
 * it, and goes when it is destroyed. */
struct example {
    quipu_aggregate base;
    char *foo;
};

extern const quipu_aggregate_type example_type;

/* Makes an example and stores its first event.  NULL: see *error. */
struct example *example_create(quipu_repository *examples, const char *foo,
                               quipu_error *error);

/* Gives it another foo, and stores that. */
int example_set_foo(struct example *example, const char *foo,
                    quipu_error *error);

/* Ends its life; the events stay. */
int example_discard(struct example *example, quipu_error *error);

#endif
