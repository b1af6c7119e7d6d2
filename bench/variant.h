/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways to do the same work that the benchmarks compare: by hand on the bare
 * library of a back end, by quipu_records, and by the event store.
 *
 * A function of a variant ends the program with a message if a call fails: a
 * benchmark that works partly measures nothing.
 */
#ifndef BENCH_VARIANT_H
#define BENCH_VARIANT_H

#include "measure/workload.h"

struct bench_store;

struct bench_variant {
    const char *name;
    /* Creates the store, which must not exist, and returns the handle that the
     * other functions take. */
    void *(*open)(const struct bench_store *store);
    /* Commits `count` events of one sequence at once, at the positions from
     * `first` on. */
    void (*append)(void *opened, const quipu_uuid *sequence, int64_t first,
                   size_t count);
    /* Stores events of any sequences with one commit.  It prepares a store that
     * is read, so it need not check the positions. */
    void (*fill)(void *opened, const struct measure_event *events,
                 size_t count);
    /* Read a sequence, or the log, with all members of each item; return the
     * number of items. */
    size_t (*read)(void *opened, const quipu_uuid *sequence);
    size_t (*scan)(void *opened);
    void (*close)(void *opened);
};

/* The read model of a projection that is measured: a table with notification
 * ids and amounts of events.  The functions run in a transaction. */
struct bench_model {
    void (*create)(void *native, const struct bench_store *store);
    void (*drop)(void *native, const struct bench_store *store);
    void (*add)(void *native, const struct bench_store *store, int64_t id,
                size_t amount);
    /* Gives back what `add` has kept; before the store is closed. */
    void (*finish)(void);
};
extern const struct bench_model bench_model_sqlite;
extern const struct bench_model bench_model_lmdb;
extern const struct bench_model bench_model_postgres;

/* Initialiser of a variant whose other functions have these names. */
/* clang-format off */
#define BENCH_VARIANT(label, opening)                                     \
    {                                                                     \
        .name = (label), .open = (opening), .append = append,             \
        .fill = fill, .read = read_sequence, .scan = scan,                \
        .close = close_store                                              \
    }
/* clang-format on */

/* The event that the variants with events read. */
struct bench_credited {
    quipu_event base;
    quipu_bytes data;
};

extern const struct bench_variant bench_variant_records;
extern const struct bench_variant bench_variant_events;
/* By hand, without and with decoding what is read (hand_event.h). */
extern const struct bench_variant bench_hand_sqlite;
extern const struct bench_variant bench_hand_sqlite_events;
extern const struct bench_variant bench_hand_lmdb;
extern const struct bench_variant bench_hand_lmdb_events;
extern const struct bench_variant bench_hand_postgres;
extern const struct bench_variant bench_hand_postgres_events;

#endif
