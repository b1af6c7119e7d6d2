/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The context of a case: the handle that each function of a case works with.
 *
 * It opens datastores and closes them at the end, makes names and schemas that
 * no other case uses, and owns memory until the end of the case.  Its functions
 * end the case on failure, so they return no status.
 *
 * All functions are thread-safe, except those that the runner calls
 * (quipu_context_init, _finish, _after_fork) and quipu_context_datastore, whose
 * first call must not race.
 */
#ifndef QUIPU_CONTEXT_H
#define QUIPU_CONTEXT_H

#include <quipu/conformance.h>
#include <quipu/quipu.h>

#include <pthread.h>
#include <stdio.h>

/* Traits of a store and of a run that are not capabilities of the driver.  They
 * share a mask with enum quipu_capability, so their bits lie above; they are no
 * enumerators, since clang 19 warns of | between two enumerations. */
/* The runner can stop and start the store's server. */
#define QUIPU_TRAIT_SERVER (1u << 27)
/* All datastores that are opened with this URI in one process access the same
 * store.  (Not so for "memory:", where each has its own.) */
#define QUIPU_TRAIT_MULTI_OPEN (1u << 28)
/* The profile is not quick: cases that need this are too slow for it. */
#define QUIPU_TRAIT_HEAVY (1u << 29)
/* The store's files are in the folder that replaces {dir} in the URI. */
#define QUIPU_TRAIT_FILES (1u << 30)

/* Properties of a schema that a case asks for. */
enum quipu_shape {
    QUIPU_SHAPE_PLAIN = 0, /* contiguous, ids are UUIDs, with event ids */
    QUIPU_SHAPE_TEXT = 1u << 0,
    QUIPU_SHAPE_SPARSE = 1u << 1,
    QUIPU_SHAPE_NO_EVENT_ID = 1u << 2,
    QUIPU_SHAPE_METADATA = 1u << 3,
    QUIPU_SHAPE_TIME = 1u << 4,
    QUIPU_SHAPE_COLUMNS = 1u << 5, /* a further column of each kind */
    QUIPU_SHAPE_NAMED = 1u << 6    /* names that have to be quoted in SQL */
};

#define QUIPU_CONTEXT_HANDLES 300 /* at most, of each kind */

struct quipu_context {
    const char *uri;        /* {dir} and {name} replaced; the scheme is that of
                             * the contract proxy */
    const char *direct_uri; /* the same with the driver's own scheme */
    const char *directory;  /* the folder that replaced {dir}, or NULL */
    uint32_t traits;        /* enum quipu_capability and QUIPU_TRAIT_* */
    enum quipu_profile profile;
    unsigned patience; /* factor of all time limits, at least 1 */
    bool ungrouped;    /* datastores are opened with group=1, so that the core's
                        * commit queue groups nothing */
    int64_t until;     /* see quipu_context_has_time; 0: no limit */
    struct quipu_channel *channel; /* to the runner, or NULL */
    uint64_t random;               /* state of the generator */
    char prefix[24];               /* of all names of this case */
    unsigned names;                /* number of names made */
    /* Protects `random`, `names` and all members below. */
    pthread_mutex_t lock;
    quipu_datastore *main; /* of quipu_context_datastore, or NULL */
    quipu_datastore *datastores[QUIPU_CONTEXT_HANDLES];
    quipu_records *records[QUIPU_CONTEXT_HANDLES];
    const quipu_schema *schemas[QUIPU_CONTEXT_HANDLES]; /* to tear down */
    struct quipu_allocation *allocations;               /* newest first */
};

/* ------------------------------------------------------- for the runner only
 */

/* Initialises a context.  `uri` and `directory` are borrowed; `seed` determines
 * all random numbers of the case. */
void quipu_context_init(struct quipu_context *ctx, const char *uri,
                        const char *directory, uint32_t traits, uint64_t seed);
/* Closes all handles, tears schemas down unless the store is removed anyway,
 * and frees all memory. */
void quipu_context_finish(struct quipu_context *ctx);
/* To be called first in a forked child: gives it names and random numbers of
 * its own, and leaves the parent's schemas to the parent.  `index` tells the
 * children of one parent apart. */
void quipu_context_after_fork(struct quipu_context *ctx, unsigned index);

/* -------------------------------------------------------------- datastores */

/* Returns the main datastore, which is opened by the first call. */
quipu_datastore *quipu_context_datastore(struct quipu_context *ctx);
/* Opens another datastore, with further options ("readonly=yes&timeout=0") or
 * NULL.  Unless the options or the URI set a timeout it is long, so that only a
 * case that asks for a timeout can see one expire. */
quipu_datastore *quipu_context_open(struct quipu_context *ctx,
                                    const char *options);
/* Closes a datastore before the end of the case. */
void quipu_context_close(struct quipu_context *ctx, quipu_datastore *datastore);
/* Closes all records and datastores that are open. */
void quipu_context_close_all(struct quipu_context *ctx);
/* Returns the URI with further options, which replace options of the same
 * names. */
const char *quipu_context_uri(struct quipu_context *ctx, const char *options);

/* ----------------------------------------------------------------- schemas */

/* Returns a new schema with a table name of its own (enum quipu_shape, bits),
 * which is not set up yet.  The caller may change it. */
quipu_schema *quipu_context_schema(struct quipu_context *ctx, unsigned shape);
/* Opens records of a schema. */
quipu_records *quipu_context_bind(struct quipu_context *ctx,
                                  quipu_datastore *datastore,
                                  const quipu_schema *schema);
/* Closes records before the end of the case. */
void quipu_context_unbind(struct quipu_context *ctx, quipu_records *records);
/* Sets a schema up in the main datastore; it is torn down at the end. */
void quipu_context_setup(struct quipu_context *ctx, const quipu_schema *schema);
/* Makes a new schema, sets it up and opens its records, all in the main
 * datastore. */
quipu_records *quipu_context_records(struct quipu_context *ctx, unsigned shape);

/* ------------------------------------------------- names, memory and numbers
 */

/* Returns a name that no other case uses: "c1f2e3d4c5_12_what". */
const char *quipu_context_name(struct quipu_context *ctx, const char *what);
/* Returns a formatted string, which lives until the end of the case. */
const char *quipu_context_format(struct quipu_context *ctx, const char *format,
                                 ...) QUIPU_PRINTF(2, 3);
/* Returns the id of a new sequence, a random UUID. */
quipu_bytes quipu_context_sequence(struct quipu_context *ctx);
/* Returns zeroed memory, which lives until the end of the case. */
void *quipu_context_allocate(struct quipu_context *ctx, size_t size);
/* For cases with many rounds: quipu_context_release frees all memory that was
 * allocated since quipu_context_mark returned `mark`. */
const void *quipu_context_mark(struct quipu_context *ctx);
void quipu_context_release(struct quipu_context *ctx, const void *mark);
/* Returns a random number below n > 0. */
uint64_t quipu_context_random(struct quipu_context *ctx, uint64_t n);

/* ------------------------------------------------------------------- limits */

/* Returns the argument for the profile of this run: how often to do something.
 */
unsigned quipu_context_scale(const struct quipu_context *ctx, unsigned quick,
                             unsigned full, unsigned soak);

/* Returns true until half of the case's time limit has passed.  A case that
 * waits for an event that is up to chance, such as a collision of threads, goes
 * on that long. */
bool quipu_context_has_time(const struct quipu_context *ctx);

/* Milliseconds of CLOCK_MONOTONIC. */
int64_t quipu_context_now(void);

void quipu_context_sleep(uint64_t microseconds);

/* ------------------------------------------------------- results of the case
 */

/*
 * Adds to a number that reports sum up over all cases.  `what` is one of
 * quipu_channel_count_names: "collisions" (calls of racing workers that
 * overlapped), "histories", "kills", "power cuts", "faults" (planned failures
 * that happened), "stops" (of the server), and, of the appends that kills and
 * stops interrupted, "acknowledged", "unknown outcomes" (returned as such),
 * "left in doubt" (by an unknown outcome or by the death of the process) and
 * "resolved" (repeated, and then found or stored).
 */
void quipu_context_count(struct quipu_context *ctx, const char *what,
                         uint64_t n);

/* Names a guarantee ("L2") that the failure of this case shows to be broken.
 * If a case that fails has named some, its failure counts for these, and not
 * for the guarantee in its own id.  To be called by one process of a case. */
void quipu_context_blame(struct quipu_context *ctx, const char *guarantee);

/*
 * Returns a stream for the history of a failure, which the reports draw.  The
 * case closes it before it fails.  Each line is a JSON object:
 *
 *   {"lane":"writer 3","from":12.345,"to":12.401,"what":"append a7 @5",
 *    "outcome":"OK ids 41..43","bad":true}
 *
 * (without the line break).  `from` and `to` are milliseconds of one clock;
 * without `to` the call did not return; `bad` marks what takes part in the
 * violation.
 */
FILE *quipu_context_timeline(struct quipu_context *ctx);

/* Has the runner stop the store's server immediately, as a crash would, or
 * start it again; returns when that is done.  For cases that need
 * QUIPU_TRAIT_SERVER, and to be called by one thread of one process at a time.
 * The runner starts a server that the case leaves stopped. */
void quipu_context_server_stop(struct quipu_context *ctx);
void quipu_context_server_start(struct quipu_context *ctx);

#endif
