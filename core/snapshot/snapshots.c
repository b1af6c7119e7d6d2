/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshots of one aggregate type, as entries of a datastore.
 *
 *     quipu/snapshot/TYPE/SSID        the newest of an aggregate
 *     quipu/snapshot/TYPE/SSID/N      older ones, N from 0 to kept - 2
 *
 * TYPE are 16 hexadecimal digits of a checksum of the store's identity and
 * namespace, the schema's table and the name of the aggregate type, so that
 * several stores can share one datastore.  ID is the aggregate's id as text,
 * and SS its size in two hexadecimal digits: no key begins with that of another
 * aggregate, though ids may contain any character.  The longest key has 305
 * bytes.
 *
 * INVARIANTS
 *
 *   N1  The newest snapshot is replaced only at the revision at which its
 *       writer has read it.  So of several writers at the same time one
 *       succeeds, and the others have nothing written.
 *   N2  A writer moves the value of the newest to N = number % (kept - 1),
 *       where it replaces the oldest, in the same commit.  So there are never
 *       more than `kept`, and which one is the oldest need not be looked up.
 *   N3  If the number that is kept has changed, or the newest could not be read
 *       or does not belong to the log, all older ones are removed instead.
 */
#include "snapshot/snapshots.h"

#include <stdio.h>

#include <quipu/entries.h>
#include <quipu/id.h>

#include "base/checksum.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "datastore/datastore.h"
#include "records/append.h"

#define REST_MILLISECONDS 1000
/* Bytes of a key, with a NUL. */
#define KEY_SIZE (QUIPU_KEY_MAX + 1)
/* Entries that are removed in one commit. */
#define REMOVED_MAX 128

/* ----------------------------------------------------- opening, finishing */

static int check_policy(const quipu_snapshot_policy *policy,
                        const quipu_datastore_info *info, quipu_error *error)
{
    if (policy->kept > QUIPU_SNAPSHOTS_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "using snapshots: kept is %u, and at most %d "
                               "snapshots of an aggregate are kept",
                               (unsigned)policy->kept, QUIPU_SNAPSHOTS_MAX);
    }
    if (!(info->capabilities & QUIPU_CAN_ENTRIES)) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "using snapshots: driver \"%s\" keeps no "
                               "key-value entries; name another datastore in "
                               "the policy",
                               info->driver);
    }
    return QUIPU_OK;
}

static void name_type(struct quipu_snapshots *snapshots,
                      const quipu_records *records, const char *name)
{
    const quipu_datastore *store = quipu_records_datastore(records);
    const quipu_uuid *identity = &store->opened.identity;
    uint64_t sum = quipu_checksum(0, identity->bytes, sizeof(identity->bytes));

    sum = quipu_checksum_bytes(sum, quipu_bytes_of_text(store->name_space));
    sum = quipu_checksum_bytes(
        sum, quipu_bytes_of_text(quipu_records_schema(records)->table));
    sum = quipu_checksum_bytes(sum, quipu_bytes_of_text(name));
    (void)snprintf(snapshots->prefix, sizeof(snapshots->prefix),
                   "quipu/snapshot/%016llx/", (unsigned long long)sum);
}

int quipu_snapshots_open(struct quipu_snapshots *snapshots,
                         const quipu_snapshot_policy *policy,
                         quipu_records *records, const char *name,
                         uint64_t layout, quipu_error *error)
{
    quipu_datastore *datastore = policy->datastore
                                     ? policy->datastore
                                     : quipu_records_datastore(records);
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    int status = quipu_datastore_describe(datastore, &info, error);

    if (status == QUIPU_OK) {
        status = check_policy(policy, &info, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    *snapshots = (struct quipu_snapshots){
        .datastore = datastore,
        .is_readonly = info.readonly,
        .every = policy->every,
        .kept = policy->kept > 0 ? policy->kept : 1,
    };
    snapshots->label = (struct quipu_snapshot_label){
        .layout = layout,
        .declared = policy->version,
        .kept = snapshots->kept,
    };
    name_type(snapshots, records, name);
    if (pthread_mutex_init(&snapshots->mutex, NULL) != 0) {
        return quipu_error_no_memory(error);
    }
    atomic_fetch_add(&datastore->children, 1);
    return QUIPU_OK;
}

void quipu_snapshots_finish(struct quipu_snapshots *snapshots)
{
    atomic_fetch_sub(&snapshots->datastore->children, 1);
    (void)pthread_mutex_destroy(&snapshots->mutex);
}

/* ---------------------------------------------------------------- counting */

static void count(atomic_uint_least64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static uint64_t value_of(const atomic_uint_least64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Counts a failure, and keeps its message. */
static void note_failure(struct quipu_snapshots *snapshots, int status,
                         const quipu_error *error)
{
    count(&snapshots->failed);
    (void)pthread_mutex_lock(&snapshots->mutex);
    snapshots->last_code = status;
    (void)snprintf(snapshots->last_message, sizeof(snapshots->last_message),
                   "%.255s", error->message);
    (void)pthread_mutex_unlock(&snapshots->mutex);
}

/* The same for a failure of the datastore, which will not be over at once. */
static void fail(struct quipu_snapshots *snapshots, int status,
                 const quipu_error *error)
{
    atomic_store(&snapshots->rests_until,
                 quipu_clock_deadline(REST_MILLISECONDS));
    note_failure(snapshots, status, error);
}

bool quipu_snapshots_rest(const struct quipu_snapshots *snapshots)
{
    int64_t until =
        atomic_load_explicit(&snapshots->rests_until, memory_order_relaxed);

    return until > 0 && quipu_clock_now() < until;
}

void quipu_snapshots_count(struct quipu_snapshots *snapshots,
                           quipu_repository_counts *counts)
{
    counts->snapshots_used = value_of(&snapshots->used);
    counts->snapshots_refused = value_of(&snapshots->refused);
    counts->snapshots_outdated = value_of(&snapshots->outdated);
    counts->snapshots_damaged = value_of(&snapshots->damaged);
    counts->snapshots_taken = value_of(&snapshots->taken);
    counts->snapshots_failed = value_of(&snapshots->failed);
    (void)pthread_mutex_lock(&snapshots->mutex);
    counts->last_code = snapshots->last_code;
    (void)snprintf(counts->last_message, sizeof(counts->last_message), "%s",
                   snapshots->last_message);
    (void)pthread_mutex_unlock(&snapshots->mutex);
}

/* ----------------------------------------------------------------- finding */

/* Writes the key of the newest snapshot. */
static quipu_bytes make_key(const struct quipu_snapshots *snapshots,
                            quipu_bytes id, char key[KEY_SIZE])
{
    int size = snprintf(key, KEY_SIZE, "%s%02x%.*s", snapshots->prefix,
                        (unsigned)id.size, (int)id.size, (const char *)id.data);

    return (quipu_bytes){ key, (size_t)size };
}

/* Returns the label of snapshots that are made at that number of erasures. */
static struct quipu_snapshot_label label_at(
    const struct quipu_snapshots *snapshots, int64_t erasures)
{
    struct quipu_snapshot_label label = snapshots->label;

    label.layout = quipu_snapshot_layout(label.layout, erasures);
    return label;
}

static enum quipu_snapshot_verdict decode(struct quipu_snapshots *snapshots,
                                          const quipu_entry *entry,
                                          quipu_bytes key, int64_t erasures,
                                          struct quipu_snapshot *snapshot)
{
    const struct quipu_snapshot_label wanted = label_at(snapshots, erasures);
    struct quipu_snapshot_label label;
    enum quipu_snapshot_verdict verdict =
        quipu_snapshot_decode(entry->value, key, &wanted, snapshot, &label);

    snapshot->erasures = erasures;
    if (verdict == QUIPU_SNAPSHOT_DAMAGED) {
        count(&snapshots->damaged);
    } else if (verdict == QUIPU_SNAPSHOT_OUTDATED) {
        count(&snapshots->outdated);
    }
    return verdict;
}

/* Reads a snapshot; *found is empty if it cannot be used. */
static int read_one(struct quipu_snapshots *snapshots, const char *key,
                    quipu_bytes newest,
                    const struct quipu_snapshots_wanted *wanted,
                    struct quipu_snapshot_found *found, quipu_error *error)
{
    int status =
        quipu_entry_read(snapshots->datastore, key, &found->entry, error);

    if (status != QUIPU_OK) {
        return status == QUIPU_NOT_FOUND ? QUIPU_OK : status;
    }
    if (decode(snapshots, found->entry, newest, wanted->erasures,
               &found->snapshot) != QUIPU_SNAPSHOT_READABLE ||
        found->snapshot.version > wanted->most) {
        quipu_entry_destroy(found->entry);
        found->entry = NULL;
    }
    return QUIPU_OK;
}

/* If the entry has a better snapshot than the best so far, sets *best to its
 * version, and writes its key. */
static void compare(struct quipu_snapshots *snapshots, const quipu_entry *entry,
                    quipu_bytes newest,
                    const struct quipu_snapshots_wanted *wanted, int64_t *best,
                    char key[KEY_SIZE])
{
    struct quipu_snapshot snapshot;

    if (decode(snapshots, entry, newest, wanted->erasures, &snapshot) ==
            QUIPU_SNAPSHOT_READABLE &&
        snapshot.version <= wanted->most && snapshot.version > *best) {
        *best = snapshot.version;
        (void)snprintf(key, KEY_SIZE, "%.*s", (int)entry->key.size,
                       (const char *)entry->key.data);
    }
}

/* Looks among all of the aggregate for the best, and reads it.  It may have
 * been replaced meanwhile, so it is judged again. */
static int find_older(struct quipu_snapshots *snapshots, quipu_bytes newest,
                      const struct quipu_snapshots_wanted *wanted,
                      struct quipu_snapshot_found *found, quipu_error *error)
{
    const quipu_entry *entry = NULL;
    quipu_entries *entries;
    char key[KEY_SIZE] = "";
    int64_t best = 0;
    int status =
        quipu_entries_open(snapshots->datastore, newest, &entries, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_entries_next(entries, &entry, error);
        if (status == QUIPU_OK && entry) {
            compare(snapshots, entry, newest, wanted, &best, key);
        }
    } while (status == QUIPU_OK && entry);
    quipu_entries_close(entries);
    return status == QUIPU_OK && best > 0
               ? read_one(snapshots, key, newest, wanted, found, error)
               : status;
}

void quipu_snapshots_find(struct quipu_snapshots *snapshots, quipu_bytes id,
                          const struct quipu_snapshots_wanted *wanted,
                          struct quipu_snapshot_found *found)
{
    char key[KEY_SIZE];
    quipu_error error;

    *found = (struct quipu_snapshot_found){ .entry = NULL };
    if (quipu_snapshots_rest(snapshots)) {
        return;
    }
    const quipu_bytes newest = make_key(snapshots, id, key);
    int status = read_one(snapshots, key, newest, wanted, found, &error);

    if (status == QUIPU_OK && !found->entry && snapshots->kept > 1 &&
        wanted->most < INT64_MAX) {
        status = find_older(snapshots, newest, wanted, found, &error);
    }
    if (status != QUIPU_OK) {
        fail(snapshots, status, &error);
    }
}

/* ----------------------------------------------------------------- writing */

/* A commit that writes a snapshot, or removes some. */
struct change {
    quipu_entry_write writes[REMOVED_MAX + 1];
    size_t count;
    char keys[REMOVED_MAX][KEY_SIZE]; /* of removed entries */
    size_t removed;
};

static int commit(const struct quipu_snapshots *snapshots,
                  const struct change *change, int64_t milliseconds,
                  quipu_error *error)
{
    struct quipu_append_work none = { .function = NULL };
    const struct quipu_append_call call = {
        .datastore = snapshots->datastore,
        .is_internal = true,
        .deadline = milliseconds > 0 ? quipu_clock_deadline(milliseconds) : 0,
        .work = &none,
    };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = change->writes,
                                          .entry_count = change->count };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    return quipu_append_execute(&call, &append, NULL, error);
}

/* Adds the removal of up to REMOVED_MAX entries whose keys begin with
 * `prefix`. */
static int remove_listed(const struct quipu_snapshots *snapshots,
                         quipu_bytes prefix, struct change *change,
                         quipu_error *error)
{
    const quipu_entry *entry = NULL;
    quipu_entries *entries;
    int status =
        quipu_entries_open(snapshots->datastore, prefix, &entries, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_entries_next(entries, &entry, error);
        if (status == QUIPU_OK && entry) {
            char *key = change->keys[change->removed++];

            memcpy(key, entry->key.data, entry->key.size);
            change->writes[change->count++] = (quipu_entry_write){
                .key = { key, entry->key.size },
                .flags = QUIPU_ENTRY_DELETE,
            };
        }
    } while (status == QUIPU_OK && entry && change->removed < REMOVED_MAX);
    quipu_entries_close(entries);
    return status;
}

/* The stored newest snapshot, and what becomes of it. */
struct newest {
    quipu_entry *entry; /* NULL: there is none */
    struct quipu_snapshot snapshot;
    struct quipu_snapshot_label label;
    struct quipu_snapshot_label wanted; /* that of the new one */
    bool is_good; /* it can be read, and belongs to the log */
};

static int read_newest(struct quipu_snapshots *snapshots, const char *key,
                       int64_t wrong, struct newest *newest, quipu_error *error)
{
    int status =
        quipu_entry_read(snapshots->datastore, key, &newest->entry, error);

    if (status == QUIPU_OK) {
        newest->is_good =
            newest->entry->revision != wrong &&
            quipu_snapshot_decode(
                newest->entry->value, quipu_bytes_of_text(key), &newest->wanted,
                &newest->snapshot, &newest->label) == QUIPU_SNAPSHOT_READABLE;
    }
    return status == QUIPU_NOT_FOUND ? QUIPU_OK : status;
}

/* Moves the newest one to the place of the oldest (N2), or removes all that are
 * older (N3). */
static int place_older(struct quipu_snapshots *snapshots,
                       const struct newest *newest, quipu_bytes key,
                       struct change *change, quipu_error *error)
{
    char prefix[KEY_SIZE];
    char *moved = change->keys[0];
    const uint32_t places = snapshots->kept - 1;

    if (!newest->entry || !newest->is_good ||
        newest->label.kept != snapshots->kept) {
        int size = snprintf(prefix, sizeof(prefix), "%.*s/", (int)key.size,
                            (const char *)key.data);

        return remove_listed(snapshots, (quipu_bytes){ prefix, (size_t)size },
                             change, error);
    }
    if (places > 0) {
        int size = snprintf(moved, KEY_SIZE, "%.*s/%u", (int)key.size,
                            (const char *)key.data,
                            (unsigned)(newest->label.number % places));

        change->removed = 1;
        change->writes[change->count++] =
            (quipu_entry_write){ .key = { moved, (size_t)size },
                                 .value = newest->entry->value };
    }
    return QUIPU_OK;
}

/* Replaces the newest snapshot. */
static int replace(struct quipu_snapshots *snapshots,
                   const struct newest *newest, quipu_bytes key,
                   const struct quipu_snapshot *snapshot, int64_t milliseconds,
                   quipu_error *error)
{
    struct quipu_snapshot_label label = newest->wanted;
    size_t size = quipu_snapshot_size(snapshot);
    struct change *change = quipu_allocate(sizeof(*change));
    void *value = quipu_allocate(size);
    int status = QUIPU_NO_MEMORY;

    if (!change || !value) {
        quipu_error_no_memory(error);
        goto release;
    }
    label.number = newest->is_good ? newest->label.number + 1 : 0;
    quipu_snapshot_encode(snapshot, &label, key, value);
    change->removed = 0;
    change->count = 1;
    change->writes[0] = (quipu_entry_write){
        .key = key,
        .value = { value, size },
        .flags = QUIPU_ENTRY_EXPECT, /* N1 */
        .revision = newest->entry ? newest->entry->revision : 0,
    };
    status = place_older(snapshots, newest, key, change, error);
    if (status == QUIPU_OK) {
        status = commit(snapshots, change, milliseconds, error);
    }
release:
    quipu_release(value);
    quipu_release(change);
    return status;
}

static int write_newest(struct quipu_snapshots *snapshots, quipu_bytes id,
                        struct quipu_snapshot *snapshot, int64_t wrong,
                        int64_t milliseconds, quipu_error *error)
{
    char text[KEY_SIZE];
    const quipu_bytes key = make_key(snapshots, id, text);
    struct newest newest = { .wanted =
                                 label_at(snapshots, snapshot->erasures) };
    int status = read_newest(snapshots, text, wrong, &newest, error);

    if (status == QUIPU_OK && newest.is_good &&
        newest.snapshot.version >= snapshot->version) {
        snapshot->version = newest.snapshot.version;
    } else if (status == QUIPU_OK) {
        status =
            replace(snapshots, &newest, key, snapshot, milliseconds, error);
        if (status == QUIPU_OK) {
            count(&snapshots->taken);
        }
    }
    quipu_entry_destroy(newest.entry);
    return status;
}

/* A state that is too large is so for this aggregate, and no failure of the
 * datastore. */
static int check_size(struct quipu_snapshots *snapshots,
                      const struct quipu_snapshot *snapshot, quipu_error *error)
{
    uint64_t limit = snapshots->datastore->opened.limits.state_size;
    size_t size = quipu_snapshot_size(snapshot);

    return size <= limit
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_INVALID,
                                 "a snapshot of %zu bytes is larger than the "
                                 "%llu that an entry of this store holds",
                                 size, (unsigned long long)limit);
}

int quipu_snapshots_write(struct quipu_snapshots *snapshots, quipu_bytes id,
                          struct quipu_snapshot *snapshot, int64_t wrong,
                          int64_t milliseconds, quipu_error *error)
{
    int status = check_size(snapshots, snapshot, error);

    if (status != QUIPU_OK) {
        note_failure(snapshots, status, error);
        return status;
    }
    status = write_newest(snapshots, id, snapshot, wrong, milliseconds, error);
    if (status != QUIPU_OK && status != QUIPU_CONFLICT) {
        fail(snapshots, status, error);
    }
    return status;
}

int quipu_snapshots_remove(struct quipu_snapshots *snapshots, quipu_bytes id,
                           quipu_error *error)
{
    struct change *change = quipu_allocate(sizeof(*change));
    quipu_bytes prefix = quipu_bytes_of_text(snapshots->prefix);
    char key[KEY_SIZE];
    int status = QUIPU_OK;

    if (!change) {
        return quipu_error_no_memory(error);
    }
    if (id.data) {
        prefix = make_key(snapshots, id, key);
    }
    do {
        change->count = 0;
        change->removed = 0;
        status = remove_listed(snapshots, prefix, change, error);
        if (status == QUIPU_OK && change->count > 0) {
            status = commit(snapshots, change, 0, error);
        }
    } while (status == QUIPU_OK && change->count > 0);
    quipu_release(change);
    return status;
}

int quipu_snapshots_clear(quipu_datastore *datastore, quipu_error *error)
{
    struct quipu_snapshots all = { .datastore = datastore,
                                   .prefix = "quipu/snapshot/" };

    return datastore
               ? quipu_snapshots_remove(&all, (quipu_bytes){ NULL, 0 }, error)
               : quipu_argument_missing("datastore", error);
}
