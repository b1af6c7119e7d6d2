/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutants: copies of a sound driver, each broken in one way in which a real
 * event store was once broken.  The suite must fail each mutant, by the case
 * that is meant for it; main.c runs them.
 *
 * A mutant wraps a base driver (the memory driver, unless it names another) and
 * uses nothing of it but its operation table.  It replaces operations, or gives
 * hooks through which driver.c passes each append and each read.  One mutant is
 * active at a time in a process; the state that a mutant keeps is global in the
 * process.
 */
#ifndef QUIPU_MUTANT_H
#define QUIPU_MUTANT_H

#include <quipu/driver.h>

/* The arguments of a driver's `append`. */
struct append_call {
    quipu_driver_datastore *datastore;
    const quipu_request *requests;
    size_t count; /* of requests */
    quipu_result *results;
    size_t *taken;
    int64_t deadline;
    quipu_error *error;
};

/* A read of items, from opening its cursor to closing it. */
struct read_call {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *schema;
    bool log;                /* false: of one sequence */
    quipu_bytes sequence_id; /* valid only while the cursor is opened */
    quipu_range range;
    int64_t deadline;
    /* For `filter`: number of items returned so far, and the last of them. */
    int64_t shown;
    quipu_item last;
    /* Notification ids that were hidden when the cursor was opened: see
     * delayed_visibility.h. */
    int64_t hidden_from, hidden_to;
    /* For use by the mutant: a copy of the sequence id, and the range that the
     * caller requested. */
    quipu_id wanted;
    quipu_range requested;
};

/* Action of a filter for the next item of the base driver's cursor. */
enum filter_result {
    ITEM_SHOW,
    ITEM_SKIP,
    ITEM_END /* the cursor ends before this item */
};

struct mutant {
    const char *id;     /* "M01"; in lower case the scheme of its URI */
    const char *name;   /* describes the defect */
    const char *bug;    /* the store in which it was seen, and how */
    const char *killer; /* id of the case that must fail */
    /* Hooks; each may be NULL. */
    int (*append)(struct append_call *a); /* replaces the operation */
    void (*on_open)(struct read_call *r); /* may change the read */
    enum filter_result (*filter)(struct read_call *r, const quipu_item *item);
    bool open_at_first_step; /* opens the base cursor of a log read late */
    /* For listings of entries: may change a row, and returns whether to show
     * it; the order, of pointers to quipu_entry as for qsort. */
    bool (*entry)(quipu_entry *row);
    int (*compare_entries)(const void *a, const void *b);
    /* Operations that replace those of the base driver; NULL: unchanged. */
    quipu_driver replaced;
    /* Not broken, but unusual: `killer` must pass on it. */
    bool sound;
    /* URI of the base driver; NULL: the memory driver. */
    const char *base;
    /* For a driver that is made unsafe instead of wrapped: the URI on which it
     * must fail, an environment variable to set to 1 for that (or NULL), and
     * the URI on which the unchanged driver must pass. */
    const char *uri, *variable, *sound_uri;
};

/* The mutants of one file. */
struct mutant_family {
    const struct mutant *mutants;
    size_t count;
};

#define MUTANT_FAMILY(name)                             \
    const struct mutant_family mutant_family_##name = { \
        mutants, sizeof(mutants) / sizeof(*mutants)     \
    }

extern const struct mutant_family mutant_family_alterations;
extern const struct mutant_family mutant_family_appends;
extern const struct mutant_family mutant_family_backups;
extern const struct mutant_family mutant_family_durability;
extern const struct mutant_family mutant_family_entries;
extern const struct mutant_family mutant_family_erasures;
extern const struct mutant_family mutant_family_errors;
extern const struct mutant_family mutant_family_exits;
extern const struct mutant_family mutant_family_filters;
extern const struct mutant_family mutant_family_histories;
extern const struct mutant_family mutant_family_last_items;
extern const struct mutant_family mutant_family_leaks;
extern const struct mutant_family mutant_family_lmdb_stores;
extern const struct mutant_family mutant_family_locks;
extern const struct mutant_family mutant_family_preconditions;
extern const struct mutant_family mutant_family_races;
extern const struct mutant_family mutant_family_reads;
extern const struct mutant_family mutant_family_resources;
extern const struct mutant_family mutant_family_segments;
extern const struct mutant_family mutant_family_sqlite_locks;
extern const struct mutant_family mutant_family_sqlite_stores;
extern const struct mutant_family mutant_family_stores;
extern const struct mutant_family mutant_family_waits;
extern const struct mutant_family mutant_family_unsafe_sqlite;
extern const struct mutant_family mutant_family_unsafe_lmdb;

/* Factor by which the sleeps of mutants are multiplied, at least 1. */
extern unsigned mutant_patience;

/* Makes a mutant the active one; NULL: none.  Not thread-safe; called before
 * the process opens a store. */
void mutant_activate(const struct mutant *mutant);
/* The active mutant, or NULL. */
const struct mutant *mutant_active(void);
/* Operation table of the active mutant's base driver.  Ends the program if the
 * driver cannot be loaded. */
const quipu_driver *mutant_base_driver(void);

/* The following make an append by the base driver and return its status:
 * all requests of the call; */
int mutant_append_all(struct append_call *a);
/* another request in place of the first, and no further one; */
int mutant_append_one(struct append_call *a, const quipu_request *request);
/* the first request, and no further one. */
int mutant_append_first(struct append_call *a);

/* Fills the result of request `index` as if it had been stored. */
void mutant_report_success(struct append_call *a, size_t index);

/* The log's last notification id, read from the base driver. */
int64_t mutant_log_head(const struct append_call *a);

/* Sleeps; this also gives other threads time to run. */
void mutant_sleep(int64_t nanoseconds);
/* CLOCK_MONOTONIC, in nanoseconds. */
int64_t mutant_now(void);

bool mutant_bytes_equal(quipu_bytes a, quipu_bytes b);

#endif
