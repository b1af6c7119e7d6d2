/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A projection that works on all back ends, and whose read model shows events
 * that were applied twice, not at all, or in another order: a table with a row
 * for each call of the handler, in the order of the commits.
 */
#ifndef QUIPU_TESTS_MODEL_FIXTURE_H
#define QUIPU_TESTS_MODEL_FIXTURE_H

#include "consumer_fixture.h"

/* Is called for each row. */
typedef void (*model_visit)(void *context, int64_t id, int64_t cents);

/* The read model in one back end. */
struct model {
    const char *driver; /* "sqlite" */
    /* Functions in a transaction. */
    int (*create)(void *native);
    int (*drop)(void *native);
    int (*add)(void *native, int64_t id, int64_t cents);
    /* Writes the name of a store, for open_log, and removes what an earlier
     * one of this name has left.  `options` of the URI: "durability=relaxed",
     * or "". */
    void (*prepare)(const char *label, const char *options, char name[96]);
    /* Calls the function for each row; does nothing if there is no table. */
    void (*read)(const char *name, model_visit visit, void *context);
};
extern const struct model model_sqlite;
extern const struct model model_lmdb;
extern const struct model model_postgres;

/* The context of the projection. */
struct applied {
    const struct model *model;
    int64_t refused;       /* each event whose id this divides; 0: none */
    int refusal;           /* with this status */
    atomic_bool is_mended; /* no event is refused any more */
    long nanoseconds;      /* that each event takes */
    atomic_int calls;      /* of the handler */
};

/* The projection "applied", version 1, whose record is that of "applied@1". */
extern const quipu_projection_type applied_type;

quipu_projection *open_applied(struct opened_log *log, struct applied *applied,
                               quipu_projection_options options);

/* The difference between a read model and what the events up to the tracking
 * record, or up to the position of their partition, make of it. */
struct model_counts {
    int64_t record;   /* of the consumer; of a group the lowest position */
    int64_t rows;     /* of the read model */
    int64_t parked;   /* events */
    int64_t twice;    /* applied more than once, or also parked */
    int64_t missing;  /* up to the record, neither applied nor parked */
    int64_t beyond;   /* applied, above the record */
    int64_t disorder; /* applied after a later event of their sequence */
    int64_t wrong;    /* with the amount of another event */
};

/* `sequences`: the number among which the events were dealt in turn; 1: the
 * whole log is one order. */
struct model_counts count_model(const struct model *model, const char *name,
                                const char *consumer, int sequences);

/* Waits until a server has ended the transactions of a killed process. */
void await_model(const struct model *model, const char *name);

/* Whether the read model is exact. */
bool is_exact(const struct model_counts *counts);
/* Fails with all counts unless it is. */
void assert_exact(const struct model_counts *counts);

#endif
