/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A batch: requests that are stored in one transaction.
 *
 * The core passes the appends that wait at the same time as an array of
 * requests.  The batch takes as many of them as fit into one transaction, in
 * their order, and groups what they mention by schema: items, sequences and
 * tracking records.  Entries belong to the namespace, and so do the tracking
 * records of requests without a schema.  It lives for one call of append and
 * belongs to its thread.
 *
 * INV1  Schemas are in the order of their numbers, and so are the locks on
 *       their heads: two batches never wait for each other.
 * INV2  Rows of a schema are in the order of the requests and their items;
 *       the n-th of them gets the notification id head + n.
 */
#ifndef POSTGRES_BATCH_H
#define POSTGRES_BATCH_H

#include "catalogue/schema.h"
#include "datastore.h"

#include "common/key_table.h"
#include "common/preconditions.h"

#define BATCH_SCHEMAS_MAX 16
#define NO_SCHEMA \
    UINT32_MAX          /* index of the schema batch of a request without
                              * a schema */
#define SEQUENCES_FEW 8 /* these need no memory of their own */
#define ROWS_FEW 4
#define TRACKING_FEW 2

/* The part of a batch that concerns one schema. */
struct schema_batch {
    quipu_driver_schema *bound;
    bool sparse;
    bool exists;          /* the head was found: the schema is not torn down */
    bool has_guards;      /* a request has */
    bool has_repeats;     /* a request repeats a stored one (strict pass) */
    bool has_relative;    /* a row has a `base` */
    bool is_checked;      /* SQL_INSERT_CHECKED is used (optimistic pass) */
    bool is_run;          /* SQL_INSERT_ONE or SQL_INSERT_RUN is used (likewise)
                           */
    int32_t expectations; /* numbered sequences (optimistic pass) */
    size_t items;         /* rows to store */
    size_t placed;        /* those whose position the server has returned */
    int64_t head;         /* of the log, before them */
};

/* A sequence that a request mentions. */
struct sequence {
    uint32_t schema; /* index of the schema batch */
    quipu_bytes id;
    /* Optimistic pass: the state that the requests presuppose. */
    int32_t number;        /* among those of the schema, from 1; 0: none */
    int32_t expected;      /* enum quipu_demand; 0: anything */
    int64_t expected_last; /* for QUIPU_DEMAND_LAST */
    int64_t added;         /* items of the requests so far */
    /* Strict pass: the state after the requests so far. */
    bool found; /* it has items */
    int64_t last;
};

/* An item to store. */
struct row {
    const quipu_item *item;
    int64_t position; /* absolute, or added to the end of sequence `base` */
    int32_t base;     /* number of a sequence, or 0 */
    uint32_t schema;  /* index of the schema batch */
    int64_t nth;      /* among the rows of the schema, from 1 (INV2) */
    bool is_placed;   /* the server has returned its position */
};

/* A tracking record to write.  A batch may have several requests with the same
 * consumer and log: it writes the last record. */
struct tracking_update {
    const quipu_tracking *last;
    uint32_t schema; /* index of the schema batch, or NO_SCHEMA */
    bool write;      /* an accepted request has it */
    int64_t below;   /* the stored record must be below this one */
    bool found;      /* strict pass: a record exists, */
    int64_t stored;  /* at this notification id */
    bool was_found;  /* the same before the first request */
    int64_t was_stored;
};

struct batch {
    quipu_driver_datastore *datastore;
    const quipu_request *requests;
    quipu_result *results;
    size_t count;
    size_t item_count; /* of all requests */
    int64_t deadline;
    int64_t transfer_time; /* nanoseconds beyond it for a long message */
    struct schema_batch schemas[BATCH_SCHEMAS_MAX];
    uint32_t schema_count;
    uint32_t *schema_of; /* of each request; NULL: there is one schema only */
    struct sequence *sequences; /* in the order in which they are mentioned */
    size_t sequence_count;
    size_t sequence_room;            /* most that the requests can mention */
    struct key_table sequence_index; /* if there may be more than a few */
    struct row *rows;
    size_t row_count;
    struct tracking_update *tracking;
    size_t tracking_count;
    bool expects_tracking; /* a request has TRACKING_FROM */
    bool has_erased;       /* an item is flagged as erased */
    bool refuses_erased;   /* the last try failed: a table requires a state */
    size_t entry_room;     /* entries that all requests mention */
    struct entry *entries; /* strict pass: append/entries.h */
    size_t entry_count;
    int64_t floor; /* the revision floor, as accepted requests leave it */
    bool raises_floor;
    int64_t transaction; /* number of the one that COMMIT was sent for; 0: it
                          * is not known */
    bool in_doubt;       /* a COMMIT was not answered */
    bool *uncertain; /* requests that a lost COMMIT may have stored, or NULL */
    bool accepted;   /* a request is to be committed */
    bool refused;    /* a request was refused, or was a repeat */
    struct sequence few_sequences[SEQUENCES_FEW];
    struct row few_rows[ROWS_FEW];
    struct tracking_update few_tracking[TRACKING_FEW];
};

/* Outcome of one try to store a batch. */
enum outcome {
    OUTCOME_DONE,   /* each request has its result */
    OUTCOME_STRICT, /* nothing is stored: the strict pass has to decide */
    OUTCOME_RETRY,  /* nothing is stored: a transient error */
    OUTCOME_FAILED, /* nothing is stored, and the error stands */
    OUTCOME_UNKNOWN /* COMMIT was sent and not answered */
};

/* Parts of an item, as the parameters of a statement have them. */
enum item_field {
    FIELD_SEQUENCE,
    FIELD_POSITION,
    FIELD_TOPIC,
    FIELD_STATE,
    FIELD_EVENT_ID,
    FIELD_METADATA,
    FIELD_TIME,
    FIELD_COLUMN /* the first further column */
};

/* Takes in as many of batch->requests as fit; batch->count says how many.
 * NO_MEMORY; the caller finishes the batch in any case. */
int quipu_postgres_batch_init(struct batch *batch, quipu_error *error);
void quipu_postgres_batch_finish(struct batch *batch);
/* Clears results and everything that a pass has entered, for another try. */
void quipu_postgres_batch_clear(struct batch *batch);

/* The index of a request's schema batch, or NO_SCHEMA. */
static inline uint32_t batch_schema_of(const struct batch *batch,
                                       size_t request)
{
    if (!batch->requests[request].schema) {
        return NO_SCHEMA;
    }
    return batch->schema_of ? batch->schema_of[request] : 0;
}

/* Returns true if a request has entries, or expects a tracking record: only the
 * strict pass takes such batches. */
static inline bool batch_has_conditions(const struct batch *batch)
{
    return batch->entry_room > 0 || batch->expects_tracking;
}

/* The entry of a sequence, made if it is new.  NULL: no memory. */
struct sequence *quipu_postgres_batch_sequence(struct batch *batch,
                                               uint32_t schema, quipu_bytes id);
/* The entry of a record's consumer and log, made if it is new. */
struct tracking_update *quipu_postgres_batch_tracking_update(
    struct batch *batch, const quipu_tracking *tracking, uint32_t schema);
/* Adds an item to store; returns its row, which the caller may change. */
struct row *quipu_postgres_batch_add_row(struct batch *batch, uint32_t schema,
                                         const quipu_item *item,
                                         int64_t position);

/* Time by which an answer has to be there.  The server stops waiting for locks
 * at the deadline, and then an answer comes; a long message may take
 * transfer_time more. */
int64_t quipu_postgres_batch_latest(const struct batch *batch);

/* Begins the arguments of a statement of the batch, of which the first is the
 * number of its namespace. */
struct arguments *quipu_postgres_batch_arguments(const struct batch *batch,
                                                 struct connection *connection);

/* The type of a schema's sequence ids. */
enum type quipu_postgres_batch_id_type(const struct schema_batch *schema);
/* Puts a part of an item into the array that is being written. */
void quipu_postgres_batch_put_field(struct arguments *arguments,
                                    const quipu_item *item, size_t field);

#endif
