/* SPDX-License-Identifier: Apache-2.0 */
/* Mutants of the SQLite driver that fail after a process was killed, a log was
 * rewound or a file was damaged. */
#include "mutant.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STORE "sqlite:///{dir}/x.db"

/* ----------------------------------------- acknowledged before it is stored */

/* A copy of a request and of all that it refers to, except further columns. */
struct kept {
    quipu_request request;
    quipu_tracking tracking;
    quipu_conditions conditions;
    quipu_item *items;
    quipu_driver_datastore *datastore;
};

/* The append that is not stored yet: one, because a process of the case has one
 * handle. */
static struct kept kept;

static void *copy(const void *data, size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);

    if (!memory) {
        abort();
    }
    if (size > 0) {
        memcpy(memory, data, size);
    }
    return memory;
}

static void keep_bytes(quipu_bytes *bytes)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.*): the items are copied. */
    if (bytes->data) {
        bytes->data = copy(bytes->data, bytes->size);
    }
}

static void keep_conditions(const quipu_conditions *conditions)
{
    quipu_entry_write *entries =
        copy(conditions->entries, conditions->entry_count * sizeof(*entries));

    kept.conditions = *conditions;
    kept.conditions.entries = entries;
    for (size_t i = 0; i < conditions->entry_count; i++) {
        keep_bytes(&entries[i].key);
        keep_bytes(&entries[i].value);
    }
    kept.request.condition = &kept.conditions;
}

static void keep(const struct append_call *a)
{
    const quipu_request *request = &a->requests[0];
    size_t count = request->item_count;

    kept.datastore = a->datastore;
    kept.request = *request;
    kept.items = copy(request->items, count * sizeof(*kept.items));
    kept.request.items = kept.items;
    for (size_t i = 0; i < count; i++) {
        keep_bytes(&kept.items[i].sequence_id);
        keep_bytes(&kept.items[i].topic);
        keep_bytes(&kept.items[i].state);
        keep_bytes(&kept.items[i].event_id);
    }
    if (request->tracking) {
        kept.tracking = *request->tracking;
        keep_bytes(&kept.tracking.consumer);
        keep_bytes(&kept.tracking.log);
        kept.request.tracking = &kept.tracking;
    }
    if (request->condition) {
        keep_conditions(request->condition);
    }
}

/* Stores the kept append.  Its memory is not freed. */
static void store_kept(void)
{
    quipu_result result = { .positions = NULL };
    size_t taken;

    if (kept.datastore) {
        mutant_base_driver()->append(kept.datastore, &kept.request, 1, &result,
                                     &taken, INT64_MAX, NULL);
        kept.datastore = NULL;
    }
}

/* M35: an append is stored only by the next one. */
static int store_later(struct append_call *a)
{
    store_kept();
    if (a->requests[0].guard_count > 0 || a->requests[0].item_count == 0) {
        return mutant_append_first(a);
    }
    keep(a);
    *a->taken = 1;
    mutant_report_success(a, 0);
    return QUIPU_OK;
}

/* --------------------------------------- repeats, positions and damaged files
 */

/* M36: a repeat conflicts with its own first attempt. */
static int refuse_repeat(struct append_call *a)
{
    int status = mutant_append_first(a);

    if (status == QUIPU_OK && a->results[0].flags & QUIPU_RESULT_REPEATED) {
        a->results[0].status = QUIPU_CONFLICT;
        a->results[0].cause = QUIPU_CAUSE_POSITION;
        a->results[0].flags = 0;
    }
    return status;
}

/* M37: a position of the log is a number without an event id. */
static int return_head_without_event(quipu_driver_datastore *datastore,
                                     quipu_driver_schema *bound,
                                     int64_t deadline, quipu_position *head,
                                     quipu_error *error)
{
    int status =
        mutant_base_driver()->log_head(datastore, bound, deadline, head, error);

    if (status == QUIPU_OK) {
        memset(&head->event_id, 0, sizeof(head->event_id));
    }
    return status;
}

/* M41: replaces a damaged file by a new store. */
static int replace_damaged(const quipu_host *host, const quipu_open *how,
                           int64_t deadline, quipu_driver_datastore **datastore,
                           quipu_opened *opened, quipu_error *error)
{
    int status = mutant_base_driver()->open(host, how, deadline, datastore,
                                            opened, error);

    if (status == QUIPU_CORRUPT && strncmp(how->body, "///", 3) == 0) {
        unlink(how->body + 3);
        status = mutant_base_driver()->open(host, how, deadline, datastore,
                                            opened, error);
    }
    return status;
}

/* ------------------------------------------------------ synced too late */

/* M84: a handle with durability=full acknowledges the repeat of an append that
 * a relaxed handle has stored, without a sync.  The last such append, of the
 * relaxed handle that was opened last: */
static struct {
    quipu_driver_datastore *relaxed;
    unsigned char event_id[16];
    int64_t first;
    int64_t positions[2];
} stored;

static int note_relaxed(const quipu_host *host, const quipu_open *how,
                        int64_t deadline, quipu_driver_datastore **datastore,
                        quipu_opened *opened, quipu_error *error)
{
    int status = mutant_base_driver()->open(host, how, deadline, datastore,
                                            opened, error);

    if (status == QUIPU_OK && how->flags & QUIPU_OPEN_RELAXED) {
        memset(&stored, 0, sizeof(stored));
        stored.relaxed = *datastore;
    }
    return status;
}

static int acknowledge_repeat(struct append_call *a)
{
    const quipu_request *request = &a->requests[0];
    quipu_result *result = &a->results[0];
    bool pair = request->item_count == 2 && request->items[0].event_id.data;
    int status;

    if (pair && a->datastore != stored.relaxed &&
        memcmp(stored.event_id, request->items[0].event_id.data, 16) == 0) {
        *a->taken = 1;
        *result = (quipu_result){ .positions = result->positions,
                                  .flags = QUIPU_RESULT_REPEATED,
                                  .first_notification_id = stored.first };
        if (result->positions) {
            memcpy(result->positions, stored.positions,
                   sizeof(stored.positions));
        }
        return QUIPU_OK;
    }
    status = mutant_append_first(a);
    if (pair && a->datastore == stored.relaxed && status == QUIPU_OK &&
        result->status == QUIPU_OK && result->positions) {
        memcpy(stored.event_id, request->items[0].event_id.data, 16);
        stored.first = result->first_notification_id;
        memcpy(stored.positions, result->positions, sizeof(stored.positions));
    }
    return status;
}

/* M85: an append is visible at its commit, and synced after that.  After a sync
 * that failed nothing is appended until all handles are closed. */
static char log_path[1024];
static const quipu_host *late_host;
static atomic_uint late_handles;
static atomic_bool late_failed;

static int open_relaxed(const quipu_host *host, const quipu_open *how,
                        int64_t deadline, quipu_driver_datastore **datastore,
                        quipu_opened *opened, quipu_error *error)
{
    quipu_open changed = *how;
    int status;

    if (strncmp(how->body, "///", 3) == 0) {
        snprintf(log_path, sizeof(log_path), "%s-wal", how->body + 3);
    }
    late_host = host;
    changed.flags |= QUIPU_OPEN_RELAXED;
    status = mutant_base_driver()->open(host, &changed, deadline, datastore,
                                        opened, error);
    if (status == QUIPU_OK) {
        atomic_fetch_add(&late_handles, 1);
    }
    return status;
}

static void close_relaxed(quipu_driver_datastore *datastore)
{
    mutant_base_driver()->close(datastore);
    if (atomic_fetch_sub(&late_handles, 1) == 1) {
        atomic_store(&late_failed, false);
    }
}

static int sync_after_commit(struct append_call *a)
{
    int status, file;

    if (atomic_load(&late_failed)) {
        *a->taken = 1;
        return late_host->error_set(a->error, QUIPU_IO, 0, NULL,
                                    "a sync has failed; close all handles");
    }
    status = mutant_append_first(a);
    file = open(log_path, O_RDWR | O_CLOEXEC);
    if (file >= 0) {
        if (fsync(file) != 0) {
            atomic_store(&late_failed, true);
            status = late_host->error_set(a->error, QUIPU_UNKNOWN_OUTCOME, 0,
                                          NULL, "the sync of an append failed");
        }
        close(file);
    }
    return status;
}

/* ------------------------------------------------ what comes after a doubt */

/* M109: writes the entries of an append whose outcome was unknown again, in the
 * background, when the store works again. */
static int write_after_doubt(struct append_call *a)
{
    static bool is_in_doubt;
    int status;

    if (is_in_doubt) {
        is_in_doubt = false;
        kept.datastore = a->datastore;
        store_kept();
    }
    status = mutant_append_first(a);
    if (status == QUIPU_UNKNOWN_OUTCOME && a->requests[0].item_count == 0) {
        keep(a);
        is_in_doubt = true;
    }
    return status;
}

/* -------------------------------------------- reported before it is erased */

/* The erasure that was reported and is not made yet. */
static struct {
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    quipu_erasure erasure;
} late;

static void make_late(void)
{
    int64_t erased;

    if (late.bound) {
        (void)mutant_base_driver()->erase(late.datastore, late.bound,
                                          &late.erasure, INT64_MAX, &erased,
                                          NULL);
        late.bound = NULL;
    }
}

/* M212: an erasure is reported before it is made, together with the next. */
static int erase_later(quipu_driver_datastore *datastore,
                       quipu_driver_schema *bound, const quipu_erasure *erasure,
                       int64_t deadline, int64_t *erased, quipu_error *error)
{
    (void)deadline;
    (void)error;
    *erased = 0;
    if (late.bound == bound && late.erasure.lower == erasure->lower) {
        return QUIPU_OK;
    }
    make_late();
    late.datastore = datastore;
    late.bound = bound;
    late.erasure = *erasure; /* of the log: it refers to no sequence id */
    *erased = erasure->limit;
    return QUIPU_OK;
}

static void close_later(quipu_driver_datastore *datastore)
{
    if (late.datastore == datastore) {
        make_late();
    }
    mutant_base_driver()->close(datastore);
}

static const struct mutant mutants[] = {
    { "M35", "acknowledged-before-stored",
      "NATS 2.12.1 (Jepsen): acknowledged before it is on the disk",
      "V3.kill-9-of-four-writers", .append = store_later, .base = STORE },
    { "M36", "repeat-after-crash-is-conflict",
      "stores that check positions only: a retry conflicts with itself",
      "V3.kill-9-of-four-writers", .append = refuse_repeat, .base = STORE },
    { "M37", "log-position-is-a-number",
      "Emmett: positions that mean nothing after dump and restore",
      "L5.rewound-log-is-detected",
      .replaced = { .log_head = return_head_without_event }, .base = STORE },
    { "M84", "repeat-is-acknowledged-without-a-sync",
      "a look-up that finds the event and does not ask whether it is on the "
      "disk",
      "V3.power-cut-with-a-relaxed-handle", .append = acknowledge_repeat,
      .replaced = { .open = note_relaxed }, .base = STORE },
    { "M85", "visible-before-it-is-synced",
      "RocksDB: a write is read by others before its log is synced",
      "V2.visible-appends-survive-a-power-cut", .append = sync_after_commit,
      .replaced = { .open = open_relaxed, .close = close_relaxed },
      .base = STORE },
    { "M109", "entry-is-written-later-after-a-doubt",
      "a write-behind queue that goes on after it has reported a failure",
      "K5.unknown-outcome", .append = write_after_doubt, .base = STORE },
    { "M41", "damaged-store-is-replaced",
      "caches that start empty when their file cannot be read",
      "F4.damaged-files-are-not-changed",
      .replaced = { .open = replace_damaged }, .base = STORE },
    { "M212", "erasure-is-reported-before-it-is-stored",
      "deletions that are queued and acknowledged", "E4.kills", .base = STORE,
      .replaced = { .erase = erase_later, .close = close_later } },
};
MUTANT_FAMILY(durability);
