/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutants: the reference driver, broken in one way in which a real event store
 * was once broken.  The suite must fail each by the case that is meant for it.
 *
 * A mutant knows the reference by its table only.  It replaces operations, or
 * gives hooks that see an append, or a read, on its way there.  One mutant is
 * played at a time; what one keeps is of its process.
 */
#ifndef QUIPU_MUTANT_H
#define QUIPU_MUTANT_H

#include <quipu/driver.h>

/* The arguments of `append`. */
struct append {
    quipu_driver_datastore *datastore;
    const quipu_request *requests;
    size_t count;
    quipu_result *results;
    size_t *taken;
    int64_t deadline;
    quipu_error *error;
};

/* A read of items, from its opening to its end. */
struct reading {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *schema;
    bool log;
    quipu_bytes sequence_id; /* until it is opened */
    quipu_range range;
    int64_t deadline;
    /* For `shows`: how many it has shown, and the last of them. */
    int64_t shown;
    quipu_item last;
    /* Notification ids that were veiled when it was opened. */
    int64_t veiled_from, veiled_to;
    quipu_id wanted; /* for a mutant's own use, as the next */
    quipu_range asked;
};

enum showing { SHOW, SKIP, END };

struct mutant {
    const char *id;     /* "M01"; in lower case its scheme */
    const char *name;   /* what is wrong with it */
    const char *bug;    /* where that was seen */
    const char *killer; /* the id of the case that must fail */
    /* Hooks, or NULL.  `append` does the append, as a driver does. */
    int (*append)(struct append *a);
    void (*opens)(struct reading *r);
    enum showing (*shows)(struct reading *r, const quipu_item *item);
    bool opens_late; /* at the first step */
    /* Operations replaced as they are; the rest is NULL. */
    quipu_driver replaced;
    /* What is broken, as a URI, if it is not the reference. */
    const char *base;
    /* For a driver that is not wrapped: the URI by which it is unsafe, an
     * environment variable that makes it so, and the URI by which it is not. */
    const char *uri, *variable, *sound_uri;
};

struct mutant_family {
    const struct mutant *mutants;
    size_t count;
};

#define MUTANT_FAMILY(name)                             \
    const struct mutant_family mutant_family_##name = { \
        mutants, sizeof(mutants) / sizeof(*mutants)     \
    }

extern const struct mutant_family mutant_family_appends;
extern const struct mutant_family mutant_family_hoards;
extern const struct mutant_family mutant_family_judging;
extern const struct mutant_family mutant_family_lasting;
extern const struct mutant_family mutant_family_races;
extern const struct mutant_family mutant_family_reads;
extern const struct mutant_family mutant_family_stores;
extern const struct mutant_family mutant_family_waits;
extern const struct mutant_family mutant_family_histories;
extern const struct mutant_family mutant_family_unsafe;
extern const struct mutant_family mutant_family_unsafe_lmdb;

/* ---------------------------------------------------------------- playing */

/* The table of what is broken: of the reference, or of the mutant's base. */
const quipu_driver *mutant_reference(void);

/* Which mutant the driver of all the schemes plays; NULL: the reference. */
void mutant_play(const struct mutant *mutant);
/* The table of what is played. */
const quipu_driver *mutant_entry(void);

/* By which what must be long is multiplied. */
extern unsigned mutant_patience;

/* Says of an append that stored nothing that it stored all. */
void mutant_pretend(struct append *a, size_t index);

/* Appends as the reference does. */
int mutant_pass(struct append *a);
/* The same for one other request in place of the first, alone. */
int mutant_pass_one(struct append *a, const quipu_request *request);
/* For the first request alone, as it is. */
int mutant_pass_first(struct append *a);

/* Sleeps; also what gives others their turn. */
void mutant_nap(int64_t nanoseconds);
/* CLOCK_MONOTONIC in nanoseconds. */
int64_t mutant_now(void);

bool mutant_same(quipu_bytes a, quipu_bytes b);

/* ------------------------------------------------------------------ views */

/* Cursors that look through the mutant's `shows`. */
int mutant_view_items(const struct reading *reading,
                      quipu_driver_cursor **cursor, quipu_error *error);
int mutant_view_of(quipu_driver_cursor *real, quipu_driver_cursor **cursor,
                   quipu_error *error);
int mutant_view_step(quipu_driver_cursor *cursor, int64_t deadline,
                     const void **rows, size_t *count, quipu_error *error);
void mutant_view_close(quipu_driver_cursor *cursor);
/* Opens what `reading` says in the reference. */
int mutant_open_real(const struct reading *reading,
                     quipu_driver_cursor **cursor, quipu_error *error);
/* What is played, for `shows` and `opens_late`. */
const struct mutant *mutant_played(void);

/* ------------------------------------------------------------------- veil */

/*
 * A range of a log's ids that readers do not see for a moment: how a commit
 * looks that comes later than its numbers.  One veil a process.
 */

/*
 * Appends, and leaves items of the first request that is stored under the
 * veil: all but the first `seen` of them.  False: there is a veil already, or
 * nothing to hide; the append is made all the same.
 */
bool mutant_veil_append(struct append *a, size_t seen, int *status);
/* Whether the log has gone on behind what is veiled. */
bool mutant_veil_passed(const struct append *a);
void mutant_unveil(void);
/* Tells a read that opens what is veiled. */
void mutant_veil_look(struct reading *reading);
bool mutant_veiled(const struct reading *reading, const quipu_item *item);

#endif
