/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the memory driver keeps, and who may touch it.
 *
 *     store 1 --- n table 1 --- n sequence
 *                         1 --- n record      (one for each stored item)
 *           1 --- n track                     (tracking records)
 *
 * One mutex for each store guards everything below it.  A record never changes
 * once it is stored, and lives as long as its table does: that is why a cursor
 * may lend records without holding the lock.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <quipu/driver.h>

#include <pthread.h>

/* ---------------------------------------------------------------- maps */

/* What stands in a map begins with this; the key belongs to the entry. */
struct entry {
    quipu_bytes key;
    struct entry *next; /* in the same bucket */
};

/* From bytes to an entry; all zero is an empty map. */
struct map {
    struct entry **buckets;
    size_t size; /* buckets, a power of two */
    size_t count;
};

struct entry *memory_map_find(const struct map *map, quipu_bytes key);
/* The key must not be there yet.  False: no memory. */
bool memory_map_add(struct map *map, struct entry *entry,
                    const quipu_host *host);
void memory_map_remove(struct map *map, struct entry *entry);
void memory_map_finish(struct map *map, const quipu_host *host);

/* Byte order, a shorter one before a longer one that it begins. */
int memory_bytes_compare(quipu_bytes a, quipu_bytes b);

/* --------------------------------------------------------------- tables */

/* An item as stored: by event id in a map, and in the log and a sequence. */
struct record {
    struct entry entry;
    quipu_item item;
};

/* An array of records that grows. */
struct records {
    struct record **at;
    size_t count;
    size_t room;
};

struct sequence {
    struct entry entry;     /* by its id */
    struct records records; /* by position; empty after a refused append */
};

/* A schema that is set up.  To bind it is to hold it. */
struct quipu_driver_schema {
    quipu_schema schema;
    struct store *store;
    struct quipu_driver_schema *next; /* in the catalogue, by name */
    size_t holders;                   /* the catalogue, bindings, cursors */
    bool removed;                     /* torn down while it was held */
    struct map sequences;
    struct map events;  /* records, if the schema has event ids */
    struct records log; /* notification id n stands at n - 1 */
};

/* NULL: no memory. */
quipu_driver_schema *memory_table_create(struct store *store,
                                         const quipu_schema *schema);
void memory_table_release(
    quipu_driver_schema *table); /* the last holder's frees it */

struct sequence *memory_sequence_find(const quipu_driver_schema *table,
                                      quipu_bytes id);
/* Where in the sequence the first position at or above this one stands. */
size_t memory_sequence_place(const struct sequence *sequence, int64_t position);

/*
 * Stores an item at the end of the log and at `place` of its sequence.  The
 * caller has judged it.  `memory_table_cut` takes back all after the first
 * `count`. False: no memory, and nothing has changed.
 */
bool memory_table_add(quipu_driver_schema *table, const quipu_item *item,
                      int64_t position);
void memory_table_cut(quipu_driver_schema *table, size_t count);

/* --------------------------------------------------------------- stores */

struct track {
    quipu_tracking row; /* its text stands behind the struct */
    struct track *next; /* by consumer and log */
};

struct store {
    const quipu_host *host;
    pthread_mutex_t lock;
    pthread_cond_t news; /* the log of a table grew, or an interrupt */
    quipu_uuid identity;
    quipu_driver_schema *tables;
    struct track *tracks;
    /* Under the lock of the registry, not of the store: */
    char *name; /* "" for a private one */
    size_t users;
    struct store *next;
};

struct quipu_driver_datastore {
    struct store *store;
    bool readonly;
    unsigned interrupts; /* how many there were */
};

/* The tracking record, or NULL; where is the link at which it is or belongs. */
struct track *memory_track_find(struct store *store, quipu_bytes consumer,
                                quipu_bytes log, struct track ***where);

/* ----------------------------------------------------------- operations */

int memory_append(quipu_driver_datastore *datastore,
                  const quipu_request *requests, size_t count,
                  quipu_result *results, size_t *taken, int64_t deadline,
                  quipu_error *error);

int memory_setup(quipu_driver_datastore *datastore, const quipu_schema *schema,
                 int64_t deadline, quipu_error *error);
int memory_teardown(quipu_driver_datastore *datastore,
                    const quipu_schema *schema, int64_t deadline,
                    quipu_error *error);
int memory_bind(quipu_driver_datastore *datastore, const quipu_schema *schema,
                int64_t deadline, quipu_driver_schema **bound,
                quipu_error *error);
void memory_unbind(quipu_driver_datastore *datastore,
                   quipu_driver_schema *bound);

int memory_read_sequence(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         const quipu_range *range, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error);
int memory_read_log(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, const quipu_range *range,
                    int64_t deadline, quipu_driver_cursor **cursor,
                    quipu_error *error);
int memory_list_schemas(quipu_driver_datastore *datastore, int64_t deadline,
                        quipu_driver_cursor **cursor, quipu_error *error);
int memory_list_sequences(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, quipu_bytes after,
                          int64_t deadline, quipu_driver_cursor **cursor,
                          quipu_error *error);
int memory_list_tracking(quipu_driver_datastore *datastore, int64_t deadline,
                         quipu_driver_cursor **cursor, quipu_error *error);
int memory_step(quipu_driver_cursor *cursor, int64_t deadline,
                const void **rows, size_t *count, quipu_error *error);
void memory_cursor_close(quipu_driver_cursor *cursor);

int memory_last_position(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, quipu_bytes sequence_id,
                         int64_t deadline, bool *found, int64_t *position,
                         quipu_error *error);
int memory_log_head(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t deadline,
                    quipu_position *head, quipu_error *error);
int memory_wait(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                int64_t after, int64_t deadline, int64_t *head,
                quipu_error *error);
int memory_read_tracking(quipu_driver_datastore *datastore,
                         quipu_bytes consumer, quipu_bytes log,
                         int64_t deadline, quipu_position *position,
                         quipu_error *error);

#endif
