/* SPDX-License-Identifier: Apache-2.0 */
/* A log to follow, in a store of the memory driver or of SQLite whose
 * operations can fail at will: URI "interposed:NAME", one store for all
 * datastores of that name. */
#ifndef QUIPU_TESTS_CONSUMER_FIXTURE_H
#define QUIPU_TESTS_CONSUMER_FIXTURE_H

#include "quipu_test.h"

#include <quipu/quipu.h>

#include <stdatomic.h>

struct interposed {
    /* Counts the calls of operations of the log and of tracking records. The
     * call with the number `fail_at` answers `status` (1 is the next). */
    atomic_int calls;
    int fail_at;
    int status;
    bool appends_only; /* counts and fails appends only */
    bool after;        /* the append is executed before it answers `status` */
    bool counts_ends;  /* an append counts again when it is done, as a
                          transaction does */
    bool single_rows;  /* a step of a cursor over the log lends one item */
    int kill_at;  /* the process is killed before the call of this number */
    int times;    /* calls in a row that fail; at least 1 */
    int64_t head; /* not 0: the answer of log_head */
    const quipu_uuid *store; /* not NULL: that of log_head */
    atomic_bool is_in_wait;
    uint32_t without; /* capabilities that a datastore opened now lacks */
    /* Counts transactions that are CONFLICT, and appends to a position that is
     * taken; or NULL. */
    atomic_int *refused;
    void (*before_list)(void);     /* runs once before the next listing */
    void (*before_append)(void);   /* runs once before the next append */
    void (*before_transact)(void); /* likewise, the next transaction */
};
extern struct interposed interposed;

/* Adds the driver to the process, over another one: "sqlite". */
void add_interposed(const char *name);
/* The same as set-up functions of a cmocka group. */
int add_interposed_memory(void **state);
int add_interposed_sqlite(void **state);

/* An account is credited; the type of all events here. */
struct credited {
    quipu_event base;
    int64_t cents;
};
extern const quipu_event_type credited;

struct opened_log {
    quipu_datastore *datastore;
    quipu_records *records;
    quipu_store *store;
    int64_t stored; /* items */
    int sequences;  /* among which events are dealt in turn; 0: each its own */
};

/* Opens an empty log in a store of its own, with text ids. `name`: of a store
 * that several logs share; NULL: none. */
void open_log(struct opened_log *log, const char *name);
void close_log(struct opened_log *log);

/* Writes the id of a sequence: "a-0", "b-1", "a-2" ... */
void name_sequence(int64_t number, char text[32]);

/* Appends events to the sequences "a-0", "b-1", "a-2" ... in turns, one in each
 * append.  That with notification id N has N - 1 cents. */
void add_events(struct opened_log *log, int count);
/* The same, with many events in an append. */
void fill_log(struct opened_log *log, int64_t count);

/* Appends an item of any topic. */
void add_item(struct opened_log *log, const char *id, const char *topic);

/* The notification id of a tracking record; 0: there is none.  The call is not
 * counted, and does not fail. */
int64_t tracked(quipu_datastore *datastore, const char *consumer);

/* Sets a tracking record of the log, as a consumer would. */
void set_tracked(struct opened_log *log, const char *consumer, int64_t id);

#endif
