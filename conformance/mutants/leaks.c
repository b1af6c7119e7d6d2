/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants that leak memory, or fail when there is none. */
#include "mutant.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const quipu_host *host;

static int keep_host(const quipu_host *given, const quipu_open *how,
                     int64_t deadline, quipu_driver_datastore **datastore,
                     quipu_opened *opened, quipu_error *error)
{
    host = given;
    return mutant_base_driver()->open(given, how, deadline, datastore, opened,
                                      error);
}

static int fail_without_memory(struct append_call *a)
{
    *a->taken = 1;
    return host->error_set(a->error, QUIPU_NO_MEMORY, 0, NULL,
                           "no memory for an append");
}

/* M38: an early return for a refused append does not release memory. */
static int leak_when_refused(struct append_call *a)
{
    void *notes = host->allocate(64);
    int status = notes ? mutant_append_first(a) : fail_without_memory(a);

    if (status != QUIPU_OK || a->results[0].status == QUIPU_OK) {
        host->release(notes);
    }
    return status;
}

/* M39: stores the first item, and then fails for want of memory. */
static int store_until_out_of_memory(struct append_call *a)
{
    quipu_request request = a->requests[0];
    void *notes = host->allocate(64);

    if (notes) {
        host->release(notes);
        return mutant_append_first(a);
    }
    request.item_count = 1;
    request.tracking = NULL;
    mutant_append_one(a, &request);
    return fail_without_memory(a);
}

/* M83: of a group for which there is no memory, stores the first item of the
 * second request. */
static int store_part_of_group(struct append_call *a)
{
    quipu_request request;
    void *notes;

    if (a->count < 2) {
        return mutant_append_all(a);
    }
    notes = host->allocate(64);
    if (notes) {
        host->release(notes);
        return mutant_append_all(a);
    }
    request = a->requests[1];
    request.item_count = 1;
    request.tracking = NULL;
    mutant_append_one(a, &request);
    return fail_without_memory(a);
}

/* Copies that are kept, newest first. */
struct copy {
    struct copy *older;
    unsigned char bytes[];
};

static struct copy *copies;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the copies */

static void keep_bytes(quipu_bytes bytes)
{
    struct copy *copy = malloc(sizeof(*copy) + bytes.size);

    if (!copy) {
        abort();
    }
    memcpy(copy->bytes, bytes.data, bytes.size);
    pthread_mutex_lock(&lock);
    copy->older = copies;
    copies = copy;
    pthread_mutex_unlock(&lock);
}

/* M40: keeps a copy of each item that was read. */
static enum filter_result keep_copies(struct read_call *r,
                                      const quipu_item *item)
{
    (void)r;
    keep_bytes(item->sequence_id);
    if (item->state.size > 0) {
        keep_bytes(item->state);
    }
    return ITEM_SHOW;
}

/* M86: collects a whole result when its cursor is opened, and frees it when the
 * next one is. */
static void free_copies(void)
{
    pthread_mutex_lock(&lock);
    while (copies) {
        struct copy *older = copies->older;

        free(copies);
        copies = older;
    }
    pthread_mutex_unlock(&lock);
}

static void collect_items(struct read_call *r)
{
    const quipu_driver *driver = mutant_base_driver();
    quipu_driver_cursor *cursor;
    const void *rows;
    size_t count = 1;
    int status =
        r->log ? driver->read_log(r->datastore, r->schema, &r->range,
                                  r->deadline, &cursor, NULL)
               : driver->read_sequence(r->datastore, r->schema, r->sequence_id,
                                       &r->range, r->deadline, &cursor, NULL);

    free_copies();
    if (status != QUIPU_OK) {
        return;
    }
    while (driver->step(cursor, INT64_MAX, &rows, &count, NULL) == QUIPU_OK &&
           count > 0) {
        const quipu_item *item = rows;

        keep_bytes(item->sequence_id);
        if (item->state.size > 0) {
            keep_bytes(item->state);
        }
    }
    driver->cursor_close(cursor);
}

/* M68: the same for a list of sequences. */
static int collect_sequences(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound, quipu_bytes after,
                             int64_t deadline, quipu_driver_cursor **cursor,
                             quipu_error *error)
{
    const quipu_driver *driver = mutant_base_driver();
    const void *rows;
    size_t count = 1;
    int status = driver->list_sequences(datastore, bound, after, deadline,
                                        cursor, error);

    free_copies();
    if (status != QUIPU_OK) {
        return status;
    }
    while (driver->step(*cursor, INT64_MAX, &rows, &count, NULL) == QUIPU_OK &&
           count > 0) {
        keep_bytes(((const quipu_sequence *)rows)->id);
    }
    driver->cursor_close(*cursor);
    return driver->list_sequences(datastore, bound, after, deadline, cursor,
                                  error);
}

/* N01: a sound driver whose library compacts in the background: it takes much
 * memory now and then, and for a moment. */
#define COMPACTION ((size_t)32 << 20)
#define BETWEEN INT64_C(300000000) /* ns */

static void *compact(void *unused)
{
    for (;;) {
        void *memory = malloc(COMPACTION);

        if (memory) {
            memset(memory, 1, COMPACTION);
        }
        mutant_sleep(BETWEEN / 10);
        free(memory);
        mutant_sleep(BETWEEN);
    }
    return unused;
}

static void start_compaction(void)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, compact, NULL) == 0) {
        pthread_detach(thread);
    }
}

static int open_and_compact(const quipu_host *given, const quipu_open *how,
                            int64_t deadline,
                            quipu_driver_datastore **datastore,
                            quipu_opened *opened, quipu_error *error)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, start_compaction);
    return mutant_base_driver()->open(given, how, deadline, datastore, opened,
                                      error);
}

static const struct mutant mutants[] = {
    { "M38", "refused-append-leaks",
      "curl's torture tests: an early return does not release memory",
      "U2.refused-append-without-memory", .append = leak_when_refused,
      .replaced = { .open = keep_host } },
    { "M39", "append-without-memory-is-half-stored",
      "SQLite's OOM tests: an error in the middle of an operation",
      "U2.append-without-memory", .append = store_until_out_of_memory,
      .replaced = { .open = keep_host } },
    { "M83", "group-without-memory-is-stored-in-part",
      "the same, in the second of several requests", "U2.group-without-memory",
      .append = store_part_of_group, .replaced = { .open = keep_host } },
    { "M40", "long-read-is-held-in-memory",
      "libpq without single-row mode: the whole result before its first row",
      "V4.long-reads-in-constant-memory", .filter = keep_copies },
    { "M86", "result-is-collected-before-its-first-row",
      "drivers that fetch all rows in execute(): MySQL's store_result",
      "V4.long-reads-in-constant-memory", .on_open = collect_items },
    { "M68", "list-is-collected-before-its-first-row",
      "the same for a list of streams", "V4.long-reads-in-constant-memory",
      .replaced = { .list_sequences = collect_sequences } },
    { "N01", "store-compacts-in-the-background",
      "RocksDB: flushes and compactions take memory beside every read",
      "V4.long-reads-in-constant-memory", .sound = true,
      .replaced = { .open = open_and_compact } },
};
MUTANT_FAMILY(leaks);
