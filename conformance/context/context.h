/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trial: one run of one case.  It opens and closes for the case, gives it
 * names and schemas that nobody else has, and keeps memory until the end.
 * Functions that fail end the case.  May be used from several threads.
 */
#ifndef QUIPU_CONTEXT_H
#define QUIPU_CONTEXT_H

#include <quipu/conformance.h>
#include <quipu/quipu.h>

#include <pthread.h>
#include <stdio.h>

/* What a store is beside its capabilities; above all of their bits. */
enum quipu_trait {
    /* Several datastores of one process can have it open. */
    QUIPU_TRAIT_MULTI_OPEN = 1u << 28,
    /* It lives in the folder that replaces {dir} in the URI. */
    QUIPU_TRAIT_FILES = 1u << 30,
    /* No trait of a store: the case's least work is too much for the quick
     * profile. */
    QUIPU_TRAIT_HEAVY = 1u << 29,
    /* The runner can stop and start its server. */
    QUIPU_TRAIT_SERVER = 1u << 27
};

/* The shape of a schema that a case asks for. */
enum quipu_shape {
    QUIPU_SHAPE_PLAIN = 0, /* contiguous, UUIDs, event ids */
    QUIPU_SHAPE_TEXT = 1u << 0,
    QUIPU_SHAPE_SPARSE = 1u << 1,
    QUIPU_SHAPE_NO_EVENT_ID = 1u << 2,
    QUIPU_SHAPE_METADATA = 1u << 3,
    QUIPU_SHAPE_TIME = 1u << 4,
    QUIPU_SHAPE_COLUMNS = 1u << 5, /* one of each kind: see trial.c */
    QUIPU_SHAPE_NAMED = 1u << 6    /* with names of a user's own */
};

#define QUIPU_CONTEXT_HANDLES 300

struct quipu_context {
    const char *uri;       /* {dir} and {name} replaced, by way of the spy */
    const char *plain;     /* the same without the spy */
    const char *directory; /* what {dir} was replaced by, or NULL */
    uint32_t traits;       /* capabilities and traits of the store */
    enum quipu_profile profile;
    unsigned patience;          /* by which waiting is multiplied */
    bool alone;                 /* without the commit queue */
    int64_t until;              /* see quipu_context_has_time; 0: always */
    struct quipu_channel *link; /* to the runner, or NULL */
    uint64_t random;
    char prefix[24]; /* of all its names */
    unsigned names;
    pthread_mutex_t lock; /* of all below, and of the two above */
    quipu_datastore *main;
    quipu_datastore *datastores[QUIPU_CONTEXT_HANDLES];
    quipu_records *records[QUIPU_CONTEXT_HANDLES];
    const quipu_schema *schemas[QUIPU_CONTEXT_HANDLES]; /* to tear down */
    struct quipu_kept *kept;
};

/* What the runner calls.  `seed` makes names and random numbers.  The trial's
 * URI leads through the spy (see spy.h). */
void quipu_context_init(struct quipu_context *ctx, const char *uri,
                        const char *directory, uint32_t traits, uint64_t seed);
/* Closes all, and removes what would stay in the store. */
void quipu_context_finish(struct quipu_context *ctx);
/* Forgets what the parent had, in a child process that begins. */
void quipu_context_after_fork(struct quipu_context *ctx, unsigned index);

/* The datastore of the trial, opened when first asked for. */
quipu_datastore *quipu_context_datastore(struct quipu_context *ctx);
/* Another one, with further options ("readonly=yes&timeout=0") or NULL.  Unless
 * they or the user say otherwise its calls may take long: only a case that asks
 * for a timeout depends on one. */
quipu_datastore *quipu_context_open(struct quipu_context *ctx,
                                    const char *options);
/* Closes one before the end. */
void quipu_context_close(struct quipu_context *ctx, quipu_datastore *datastore);
/* Closes all that is open. */
void quipu_context_close_all(struct quipu_context *ctx);
/* The trial's URI with further options, which replace those of their names. */
const char *quipu_context_uri(struct quipu_context *ctx, const char *options);

/* A schema of its own table, not yet set up.  May be changed. */
quipu_schema *quipu_context_schema(struct quipu_context *ctx, unsigned shape);
/* Binds a schema. */
quipu_records *quipu_context_bind(struct quipu_context *ctx,
                                  quipu_datastore *datastore,
                                  const quipu_schema *schema);
/* Closes records before the end. */
void quipu_context_unbind(struct quipu_context *ctx, quipu_records *records);
/* Sets a schema up in the main datastore, to be torn down at the end. */
void quipu_context_setup(struct quipu_context *ctx, const quipu_schema *schema);
/* All of it: a new schema, set up and bound in the main datastore. */
quipu_records *quipu_context_records(struct quipu_context *ctx, unsigned shape);

/* A name that nobody else has: "c1f2e3_12_what". */
const char *quipu_context_name(struct quipu_context *ctx, const char *what);
/* Text that stays, as printf makes it. */
const char *quipu_context_format(struct quipu_context *ctx, const char *format,
                                 ...) QUIPU_PRINTF(2, 3);
/* The id of a new sequence, a UUID. */
quipu_bytes quipu_context_sequence(struct quipu_context *ctx);
/* Zeroed memory that stays. */
void *quipu_context_allocate(struct quipu_context *ctx, size_t size);
/* For cases that do one thing very often: what was kept since then is freed. */
const void *quipu_context_mark(struct quipu_context *ctx);
void quipu_context_release(struct quipu_context *ctx, const void *then);
/* A random number below n > 0. */
uint64_t quipu_context_random(struct quipu_context *ctx, uint64_t n);

/* How often to do what is done often: the number of the run's profile. */
unsigned quipu_context_scale(const struct quipu_context *ctx, unsigned quick,
                             unsigned full, unsigned soak);

/* Whether less than half of the case's time is gone: until then a case that
 * waits for something to happen of itself, as threads to collide, goes on. */
bool quipu_context_has_time(const struct quipu_context *ctx);

/* ------------------------------------------------------ what the runner does
 */

/*
 * Adds to what the reports sum up over all cases; `what` is one of "collisions"
 * (races that met), "histories", "kills", "power cuts", "faults" (failures that
 * were planned, and came), "stops" (of the server), and of the appends of kills
 * and stops "acknowledged", "unknown outcomes" (that were answered), "left in
 * doubt" (by those or by a death), and "resolved" (of these: repeated, and
 * found or stored).
 */
void quipu_context_count(struct quipu_context *ctx, const char *what,
                         uint64_t n);

/*
 * A file for the history of a failure, which the reports draw; to be closed by
 * the case before it fails.  Each line is a JSON object:
 *
 *   {"lane":"writer 3","from":12.345,"to":12.401,"what":"append a7 @5",
 *    "outcome":"OK ids 41..43","bad":true}
 *
 * (in one line).  `from` and `to` are milliseconds of one clock; without `to`
 * it was never answered; `bad` marks what takes part in the violation.
 */
FILE *quipu_context_timeline(struct quipu_context *ctx);

/* Stops the store's server at once, as a crash would, or starts it again, and
 * returns when that is done.  For cases that need QUIPU_TRAIT_SERVER; by one
 * thread of one process of the case at a time.  The runner starts a server that
 * a case leaves stopped. */
void quipu_context_server_stop(struct quipu_context *ctx);
void quipu_context_server_start(struct quipu_context *ctx);

/* Milliseconds of a monotonic clock. */
int64_t quipu_context_now(void);

#endif
