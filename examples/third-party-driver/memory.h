/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The data structures of the memory driver, and its operations.
 *
 *     store 1 --- n table 1 --- n sequence
 *                         1 --- n record         (one for each stored item)
 *           1 --- n tracking record
 *           1 --- n entry
 *
 * The mutex of a store protects everything that belongs to it.  An append,
 * which may copy much, sets `appending` and releases the mutex; the store then
 * belongs to that append, and other operations wait for its end until their
 * deadline.  A record does not change after it has been stored: to erase it is
 * to replace it by another one, and it exists as long as a cursor lends it;
 * therefore a cursor may lend a record without holding the mutex.
 *
 * All functions of tables, sequences and tracking records are called by the
 * append or with the store locked; the operations lock it themselves.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <quipu/driver.h>

#include <pthread.h>

/* ---------------------------------------------------------------- maps */

/* First member of everything that is stored in a map.  The node owns its key.
 */
struct map_node {
    quipu_bytes key;
    struct map_node *next; /* in the same bucket */
};

/* A hash map from bytes to nodes.  A map of zeros is empty. */
struct map {
    struct map_node **buckets;
    size_t size;  /* number of buckets, a power of two */
    size_t count; /* of nodes */
};

/* Returns the node of a key, or NULL. */
struct map_node *memory_map_find(const struct map *map, quipu_bytes key);
/* Adds an node whose key the map does not have.  Returns false if there is no
 * memory. */
bool memory_map_add(struct map *map, struct map_node *node,
                    const quipu_host *host);
/* Removes an node, which the caller frees. */
void memory_map_remove(struct map *map, struct map_node *node);

/* Frees the buckets, but not the nodes. */
void memory_map_finish(struct map *map, const quipu_host *host);

/* Compares as memcmp does; if one is a prefix of the other, the shorter one is
 * less. */
int memory_map_compare(quipu_bytes a, quipu_bytes b);

/* --------------------------------------------------------------- tables */

/* A stored item: in the log, in its sequence, and in a map by its event id. */
struct record {
    struct map_node node;
    quipu_item item;
    size_t references; /* of the table, and of cursors that lend it */
};

/* An array of records that grows. */
struct records {
    struct record **at;
    size_t count;
    size_t room; /* number of records that there is memory for */
};

struct sequence {
    struct map_node node;   /* by its id */
    struct records records; /* by position; may be empty */
};

/* The items of a schema. */
struct contents {
    size_t references; /* of definitions */
    bool removed;      /* the schema was torn down */
    struct map sequences;
    struct map events;  /* records, if the schema has event ids */
    struct records log; /* the item of notification id n is at n - 1 */
    int64_t head;       /* its last id when an append ended, for those who wait:
                         * also readable, with the mutex, during an append */
    int64_t erasures;   /* that have erased items */
};

/* The definition of a schema that has been set up.  Binding it returns a
 * reference to it.  An alteration makes another definition with the same
 * contents; bindings that were made before keep the former one. */
struct quipu_driver_schema {
    quipu_schema schema;
    struct store *store;
    struct quipu_driver_schema *next; /* in the catalogue, by name */
    size_t references;         /* of the catalogue, bindings and cursors */
    struct contents *contents; /* freed with its last definition */
};

/* Creates a table with one reference, and with the contents of another one, or
 * empty if that is NULL.  NULL: no memory. */
quipu_driver_schema *memory_schema_create_table(struct store *store,
                                                const quipu_schema *schema,
                                                struct contents *contents);
/* Drops a reference; the last one frees the table, and the last table its
 * items. */
void memory_table_release(quipu_driver_schema *table);

/* Returns a sequence, or NULL. */
struct sequence *memory_table_find_sequence(const quipu_driver_schema *table,
                                            quipu_bytes id);
/* Returns the index of the first record at or above a position; the number of
 * records if there is none. */
size_t memory_table_find_index(const struct sequence *sequence,
                               int64_t position);

/*
 * Appends an item to the log and inserts it into its sequence at a position
 * that is free.  Returns false if there is no memory; nothing has changed then.
 * `memory_table_truncate` removes all items but the first `count` of the log.
 */
bool memory_table_add(quipu_driver_schema *table, const quipu_item *item,
                      int64_t position);
void memory_table_truncate(quipu_driver_schema *table, size_t count);

/* Returns a record without contents to take the place of another one, or NULL:
 * no memory.  `replace` puts it there. */
struct record *memory_table_erased(const quipu_driver_schema *table,
                                   const struct record *record);
void memory_table_replace(quipu_driver_schema *table, struct record *record);

/* Drops a reference. */
void memory_table_drop(struct record *record, const quipu_host *host);

/* -------------------------------------------------------------- entries */

/* A version of a key-value entry: a write makes another one. */
struct entry {
    quipu_entry row;   /* key and value are behind the struct */
    size_t references; /* of the store, and of cursors that lend it */
};

/* The entries of a store, by key. */
struct entries {
    struct entry **at;
    size_t count;
    size_t room;
    int64_t revision_floor; /* the largest revision of a deleted entry */
};

/* --------------------------------------------------------------- stores */

struct tracking_record {
    quipu_tracking row;           /* its texts are behind the struct */
    struct tracking_record *next; /* by consumer and log */
};

struct store {
    const quipu_host *host;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* an append has ended, or an interrupt */
    bool appending;
    quipu_uuid identity;
    quipu_driver_schema *tables;
    struct tracking_record *tracking_records;
    struct entries entries;
    /* The following are protected by the mutex of the registry in memory.c. */
    char *name;   /* "" for a private store */
    size_t users; /* number of datastores */
    struct store *next;
};

struct quipu_driver_datastore {
    struct store *store;
    bool readonly;
    unsigned interrupts; /* number of calls of memory_interrupt */
};

/* Locks the mutex when no append runs.  Returns BUSY, and does not lock it, if
 * an append still runs at the deadline. */
int memory_store_lock(struct store *store, int64_t deadline,
                      quipu_error *error);
/* The same without a deadline, for operations that give something back and
 * cannot fail. */
void memory_store_lock_always(struct store *store);
void memory_store_unlock(struct store *store);
/* With the mutex held: waits for `changed`.  Returns false if the deadline has
 * passed. */
bool memory_store_wait(struct store *store, int64_t deadline);

/* Returns a tracking record, or NULL; *where is the link that points to it, or
 * where it would have to be inserted. */
struct tracking_record *memory_tracking_find(struct store *store,
                                             quipu_bytes consumer,
                                             quipu_bytes log,
                                             struct tracking_record ***where);

/* Stores a tracking record, or removes it if its position is 0.  Returns false
 * if there is no memory; nothing has changed then. */
bool memory_tracking_store(struct store *store, const quipu_tracking *tracking);

/* Returns an entry, or NULL. */
struct entry *memory_entry_find(const struct store *store, quipu_bytes key);
/* Returns the first entry whose key is above `key` (absent: all), or equal to
 * it if `inclusive`; NULL: there is none. */
struct entry *memory_entry_next(const struct store *store, quipu_bytes key,
                                bool inclusive);
/* Drops a reference. */
void memory_entry_release(struct store *store, struct entry *entry);

/*
 * The entries of a request are written in two steps, so that the second, which
 * belongs to the commit, cannot fail.  `prepare` allocates all that is needed,
 * in *prepared; it returns false if there is no memory.  `store` writes and
 * deletes.  `discard` frees what `prepare` has made and `store` has not used;
 * it is called in any case.  `conditions` may be NULL.
 */
bool memory_entries_prepare(struct store *store,
                            const quipu_conditions *conditions,
                            struct entry ***prepared);
void memory_entries_store(struct store *store,
                          const quipu_conditions *conditions,
                          struct entry **prepared);
void memory_entries_discard(struct store *store,
                            const quipu_conditions *conditions,
                            struct entry **prepared);
/* Frees all entries, with the store. */
void memory_entries_finish(struct store *store);

/* ----------------------------------------------------------- operations */

int memory_append(quipu_driver_datastore *datastore,
                  const quipu_request *requests, size_t count,
                  quipu_result *results, size_t *taken, int64_t deadline,
                  quipu_error *error);

int memory_erase(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                 const quipu_erasure *erasure, int64_t deadline,
                 int64_t *erased, quipu_error *error);
int memory_erase_commits(quipu_driver_datastore *datastore,
                         quipu_driver_schema *bound, int64_t deadline,
                         int64_t *commits, quipu_error *error);

int memory_schema_setup(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, int64_t deadline,
                        quipu_error *error);
int memory_schema_alter(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, int64_t deadline,
                        quipu_error *error);
int memory_schema_teardown(quipu_driver_datastore *datastore,
                           const quipu_schema *schema, int64_t deadline,
                           quipu_error *error);
int memory_schema_bind(quipu_driver_datastore *datastore,
                       const quipu_schema *schema, int64_t deadline,
                       quipu_driver_schema **bound, quipu_error *error);
void memory_schema_unbind(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound);

int memory_cursor_read_sequence(quipu_driver_datastore *datastore,
                                quipu_driver_schema *bound,
                                quipu_bytes sequence_id,
                                const quipu_range *range, int64_t deadline,
                                quipu_driver_cursor **cursor,
                                quipu_error *error);
int memory_cursor_last_item(quipu_driver_datastore *datastore,
                            quipu_driver_schema *bound, quipu_bytes sequence_id,
                            int64_t deadline, quipu_see see, void *context,
                            int64_t *erasures, quipu_error *error);
int memory_cursor_read_log(quipu_driver_datastore *datastore,
                           quipu_driver_schema *bound, const quipu_range *range,
                           int64_t deadline, quipu_driver_cursor **cursor,
                           quipu_error *error);
int memory_cursor_list_schemas(quipu_driver_datastore *datastore,
                               int64_t deadline, quipu_driver_cursor **cursor,
                               quipu_error *error);
int memory_cursor_list_sequences(quipu_driver_datastore *datastore,
                                 quipu_driver_schema *bound, quipu_bytes after,
                                 int64_t deadline, quipu_driver_cursor **cursor,
                                 quipu_error *error);
int memory_cursor_list_tracking(quipu_driver_datastore *datastore,
                                int64_t deadline, quipu_driver_cursor **cursor,
                                quipu_error *error);
int memory_cursor_list_entries(quipu_driver_datastore *datastore,
                               quipu_bytes prefix, quipu_bytes from,
                               int64_t deadline, quipu_driver_cursor **cursor,
                               quipu_error *error);
int memory_cursor_read_filtered(quipu_driver_datastore *datastore,
                                quipu_driver_schema *bound,
                                const quipu_range *range,
                                const quipu_filter *filter, int64_t deadline,
                                quipu_driver_cursor **cursor,
                                quipu_error *error);
int memory_cursor_find_event(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound, quipu_bytes event_id,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error);
int memory_cursor_step(quipu_driver_cursor *cursor, int64_t deadline,
                       const void **rows, size_t *count, quipu_error *error);
void memory_cursor_close(quipu_driver_cursor *cursor);

int memory_log_last_position(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound,
                             quipu_bytes sequence_id, int64_t deadline,
                             bool *found, int64_t *position,
                             quipu_error *error);
int memory_log_head(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t deadline,
                    quipu_position *head, quipu_error *error);
int memory_log_wait(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t after, int64_t deadline,
                    int64_t *head, quipu_error *error);
int memory_tracking_read(quipu_driver_datastore *datastore,
                         quipu_bytes consumer, quipu_bytes log,
                         int64_t deadline, quipu_position *position,
                         quipu_error *error);

#endif
