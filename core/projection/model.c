/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The read model of a projection: creating, resetting and retiring it.
 *
 * The entry "quipu/projection/CONSUMER" tells that it exists, or with the value
 * "retired" that it was removed and is not created again.
 *
 *   INV1  The entry, the read model, the tracking record and the parked events
 *         change in one commit, which expects the revision of the entry and the
 *         position of the record as they were read.
 *   INV2  A commit that begins at 0, where there is no record to compare,
 *         requires the entry at the revision that this projection has read
 *         (quipu_model_beginning).  So nothing is applied to a read model that
 *         was removed, and a removal fails if something was applied meanwhile.
 */
#include "projection/projection.h"

#include <stdio.h>
#include <string.h>

#include <quipu/id.h>

#include "base/status.h"
#include "consumer/consumer.h"
#include "consumer/entry_writes.h"
#include "consumer/skipped.h"
#include "datastore/datastore.h"
#include "group/group_state.h"

/* -------------------------------------------------------------- the entry */

enum state {
    STATE_ABSENT,
    STATE_BUILT,
    STATE_RETIRED,
};

void quipu_model_init(quipu_projection *projection)
{
    projection->model = (quipu_entry_write){
        .key = quipu_consumer_mark_key(projection->runner.consumer,
                                       projection->model_key),
        .flags = QUIPU_ENTRY_CHECK | QUIPU_ENTRY_EXPECT,
    };
}

/* Reads the entry.  Sets *revision if there is one. */
static int read_state(const quipu_projection *projection, int64_t *revision,
                      enum state *state, quipu_error *error)
{
    quipu_entry *entry = NULL;
    quipu_error cause;
    int status = quipu_entry_read(projection->runner.tracker.datastore,
                                  projection->model_key, &entry, &cause);

    *state = STATE_ABSENT;
    if (status == QUIPU_NOT_FOUND) {
        return QUIPU_OK;
    }
    if (status != QUIPU_OK) {
        return quipu_status_end(status, &cause, error, "reading an entry");
    }
    *revision = entry->revision;
    *state = quipu_consumer_is_retired(entry) ? STATE_RETIRED : STATE_BUILT;
    quipu_entry_destroy(entry);
    return QUIPU_OK;
}

static int check_state(const quipu_projection *projection, enum state state,
                       quipu_error *error)
{
    switch (state) {
    case STATE_RETIRED:
        return quipu_error_set(error, QUIPU_NOT_FOUND,
                               "projection \"%s\" was retired: its read model "
                               "and its tracking record were removed; run the "
                               "version that is shown, or build a higher one",
                               projection->runner.consumer);
    case STATE_ABSENT:
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "projection \"%s\" was removed from the store "
                               "while it was open; drop its read model, and "
                               "open it again to build a new one",
                               projection->runner.consumer);
    default:
        return QUIPU_OK;
    }
}

int quipu_model_find(const quipu_projection *projection, int64_t *revision,
                     quipu_error *error)
{
    int64_t found = 0;
    enum state state;
    int status = read_state(projection, &found, &state, error);

    if (status == QUIPU_OK) {
        status = check_state(projection, state, error);
    }
    if (status == QUIPU_OK) {
        *revision = found;
    }
    return status;
}

size_t quipu_model_beginning(const quipu_projection *projection,
                             quipu_entry_write *check)
{
    *check = projection->model;
    return projection->runner.has_entries ? 1 : 0;
}

/* A write of the entry, in the state as it was read last. */
static quipu_entry_write write_state(const quipu_projection *projection,
                                     const char *value)
{
    return (quipu_entry_write){ .key = projection->model.key,
                                .value = { value, strlen(value) },
                                .flags = QUIPU_ENTRY_EXPECT,
                                .revision = projection->model.revision };
}

/* --------------------------------------------------------------- creating */

static int run_create(void *native, void *context, quipu_error *error)
{
    const quipu_projection *projection = context;

    return projection->type->create(native, projection->context, error);
}

/* Creates the read model and its entry.  If another process was faster, *state
 * is that which it has left. */
static int create_with_entry(quipu_projection *projection, enum state *state,
                             quipu_error *error)
{
    const quipu_entry_write write = write_state(projection, "");
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = &write,
                                          .entry_count = 1 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };
    quipu_error cause;

    quipu_status_begin(&cause);
    int status = quipu_tracker_append(
        &projection->runner.tracker, &append,
        projection->type->create ? run_create : NULL, projection, &cause);

    if (status == QUIPU_OK || status == QUIPU_CONFLICT) {
        int found =
            read_state(projection, &projection->model.revision, state, error);

        if (found != QUIPU_OK || *state != STATE_ABSENT) {
            return found;
        }
    }
    return quipu_status_end(status, &cause, error, "the function `create`");
}

int quipu_model_create(quipu_projection *projection, quipu_error *error)
{
    const quipu_append append = { .struct_size = sizeof(append) };
    enum state state;

    if (!projection->runner.has_entries) {
        return projection->type->create &&
                       projection->runner.tracker.recorded.notification_id == 0
                   ? quipu_tracker_append(&projection->runner.tracker, &append,
                                          run_create, projection, error)
                   : QUIPU_OK;
    }
    int status =
        read_state(projection, &projection->model.revision, &state, error);

    if (status == QUIPU_OK && state == STATE_ABSENT) {
        status = create_with_entry(projection, &state, error);
    }
    return status == QUIPU_OK ? check_state(projection, state, error) : status;
}

/* --------------------------------------------------- resetting, retiring */

static int run_drop(void *native, void *context, quipu_error *error)
{
    const quipu_projection *projection = context;

    return projection->type->drop
               ? projection->type->drop(native, projection->context, error)
               : QUIPU_OK;
}

static int run_reset(void *native, void *context, quipu_error *error)
{
    const quipu_projection *projection = context;
    int status = run_drop(native, context, error);

    return status == QUIPU_OK && projection->type->create
               ? run_create(native, context, error)
               : status;
}

/* The entries that a removal changes, and the work of its transaction. */
struct removal {
    const char *what; /* is done, for messages */
    const quipu_entry_write *entries;
    size_t entry_count;
    bool takes_group; /* the entries of the group, too */
    quipu_work work;
};

/* Lists the entries of a removal: those given, the parked events, the count of
 * those skipped, and perhaps the group. */
static int list_entries(const quipu_projection *projection,
                        const struct removal *removal,
                        struct quipu_entry_writes *writes, quipu_error *error)
{
    quipu_datastore *datastore = projection->runner.tracker.datastore;
    char prefix[QUIPU_PARKED_KEY_SIZE];
    char group_prefix[QUIPU_GROUP_KEY_SIZE];
    char skipped_key[QUIPU_SKIPPED_KEY_SIZE];
    const quipu_entry_write skipped = {
        .key = quipu_skipped_key(projection->runner.consumer, skipped_key),
        .flags = QUIPU_ENTRY_DELETE,
    };
    int status = quipu_entry_writes_add(writes, &skipped, error);

    for (size_t i = 0; i < removal->entry_count && status == QUIPU_OK; i++) {
        status = quipu_entry_writes_add(writes, &removal->entries[i], error);
    }
    if (status == QUIPU_OK) {
        status = quipu_entry_writes_delete_all(
            writes, datastore,
            quipu_parked_prefix(projection->runner.consumer, prefix), error);
    }
    return status == QUIPU_OK && removal->takes_group
               ? quipu_entry_writes_delete_all(
                     writes, datastore,
                     quipu_group_state_prefix(projection->runner.consumer,
                                              group_prefix),
                     error)
               : status;
}

/* The record is read first, so that nothing is parked unnoticed. */
static int commit_removal(quipu_projection *projection,
                          const struct removal *removal,
                          struct quipu_entry_writes *writes, quipu_error *error)
{
    int status = quipu_tracker_refresh(&projection->runner.tracker, error);

    if (status == QUIPU_OK) {
        status = list_entries(projection, removal, writes, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    const struct quipu_tracker_commit commit = {
        .rewinds = true,
        .entries = writes->items,
        .entry_count = writes->count,
        .work = removal->work,
        .context = projection,
    };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = writes->items,
                                          .entry_count = writes->count };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    return removal->takes_group
               ? quipu_tracker_append(&projection->runner.tracker, &append,
                                      removal->work, projection, error)
               : quipu_tracker_commit(&projection->runner.tracker, &commit,
                                      error);
}

static int remove_model(quipu_projection *projection,
                        const struct removal *removal, quipu_error *error)
{
    struct quipu_entry_writes writes = { .count = 0 };
    quipu_error cause;

    quipu_status_begin(&cause);
    int status = commit_removal(projection, removal, &writes, &cause);

    quipu_entry_writes_finish(&writes);
    if (status == QUIPU_CONFLICT) {
        return quipu_error_set(error, status,
                               "projection \"%s\" was not %s: another process "
                               "has changed it meanwhile (%.300s); stop those "
                               "that run it, or try again",
                               projection->runner.consumer, removal->what,
                               cause.message);
    }
    return quipu_status_end(status, &cause, error, "the function `drop`");
}

static int check_removable(const quipu_projection *projection, const char *what,
                           quipu_error *error)
{
    if (projection->runner.has_entries &&
        (!projection->type->create || projection->type->drop)) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_UNSUPPORTED,
                           "projection \"%s\" cannot be %s: %s",
                           projection->runner.consumer, what,
                           projection->runner.has_entries
                               ? "its type has `create`, but no `drop`"
                               : "its target keeps no key-value entries");
}

int quipu_model_reset(quipu_projection *projection, quipu_error *error)
{
    int status = check_removable(projection, "reset", error);

    if (status == QUIPU_OK) {
        status =
            quipu_model_find(projection, &projection->model.revision, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    const quipu_entry_write entry = write_state(projection, "");
    const struct removal removal = {
        .what = "reset", .entries = &entry, .entry_count = 1, .work = run_reset
    };

    return remove_model(projection, &removal, error);
}

int quipu_model_retire(quipu_projection *projection, quipu_error *error)
{
    struct quipu_shown shown;
    int status = check_removable(projection, "retired", error);

    if (status == QUIPU_OK) {
        status =
            quipu_model_find(projection, &projection->model.revision, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_shown_read(&shown, projection->runner.tracker.datastore,
                                  projection->type->name, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    if (shown.version == projection->type->version) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "projection \"%s\" cannot be retired: it is the "
                               "version that is shown; promote another one "
                               "first",
                               projection->runner.consumer);
    }
    const quipu_entry_write entries[] = {
        write_state(projection, QUIPU_CONSUMER_RETIRED),
        quipu_shown_entry(&shown, QUIPU_ENTRY_CHECK),
    };

    const struct removal removal = {
        .what = "retired",
        .entries = entries,
        .entry_count = 2,
        .takes_group = projection->runner.tracker.group != NULL,
        .work = run_drop,
    };

    return remove_model(projection, &removal, error);
}
