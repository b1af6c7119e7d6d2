/* SPDX-License-Identifier: Apache-2.0 */
/* Aggregates and events for the tests of core/domain, and a recorder: a policy
 * that copies its events and returns the statuses that a test has set. */
#ifndef QUIPU_TESTS_CORE_DOMAIN_FIXTURE_H
#define QUIPU_TESTS_CORE_DOMAIN_FIXTURE_H

#include "quipu_test.h"

#include <quipu/quipu.h>

/* An aggregate that owns a text and an array of texts. */
struct note {
    quipu_aggregate base;
    char *text;
    char **tags;
    size_t tag_count;
};
struct note_written {
    quipu_event base;
    const char *text;
};
struct note_changed {
    quipu_event base;
    const char *text;
};
struct note_tagged {
    quipu_event base;
    const char *tag;
};
struct note_dropped {
    quipu_event base;
};
/* Its handler assigns a part and then fails with `status`; with `silent` it
 * fills no error. */
struct note_torn {
    quipu_event base;
    int status;
    bool silent;
};

extern const quipu_event_type note_written, note_changed, note_tagged,
    note_dropped, note_torn;
extern const quipu_aggregate_type note_type;

/* An aggregate of another type, with a mutator. */
struct tally {
    quipu_aggregate base;
    int64_t sum;
};
struct tally_added {
    quipu_event base;
    int64_t amount; /* 0: discards the aggregate */
};
extern const quipu_event_type tally_added;
extern const quipu_aggregate_type tally_type;

/* All the event types above. */
#define FIXTURE_TYPE_COUNT 6
extern const quipu_event_type *const fixture_types[FIXTURE_TYPE_COUNT];

/* Commands. */
int note_write(struct note *note, const char *text, quipu_error *error);
int note_change(struct note *note, const char *text, quipu_error *error);
int note_tag(struct note *note, const char *tag, quipu_error *error);
int note_tear(struct note *note, int status, bool silent, quipu_error *error);
int tally_add(struct tally *tally, int64_t amount, quipu_error *error);

/* The policy.  Call n returns answers[n] if there is one, otherwise OK. */
#define RECORDER_CALLS 8
#define RECORDER_EVENTS 16
struct recorder {
    int answers[RECORDER_CALLS];
    size_t calls;
    size_t counts[RECORDER_CALLS];
    quipu_event *events[RECORDER_CALLS][RECORDER_EVENTS]; /* copies */
};
int recorder_policy(void *context, const quipu_event *const *events,
                    size_t count, quipu_error *error);
void recorder_clear(struct recorder *recorder);

/* A bus to which the recorder is subscribed. */
struct wired {
    struct recorder recorder;
    quipu_bus *bus;
    quipu_subscriber *subscriber;
};
void wired_open(struct wired *wired);
void wired_close(struct wired *wired);

/* Creates an aggregate on a bus, or on none; must succeed. */
struct note *new_note(quipu_bus *bus);
struct tally *new_tally(quipu_bus *bus);

#endif
