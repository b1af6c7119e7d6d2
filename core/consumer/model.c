/* SPDX-License-Identifier: Apache-2.0 */
/* Creating and resetting the read model of a projection. */
#include "consumer/projection.h"

#include <stdio.h>

#include <quipu/id.h>

#include "base/status.h"
#include "consumer/entry_writes.h"
#include "datastore/datastore.h"

/* The entry that tells that the consumer is a projection, and that its read
 * model exists. */
static quipu_entry_write mark(const quipu_projection *projection,
                              char key[QUIPU_PARKED_KEY_SIZE])
{
    return (quipu_entry_write){ .key =
                                    quipu_model_key(projection->consumer, key),
                                .value = { "", 0 } };
}

quipu_bytes quipu_model_key(const char *consumer,
                            char key[QUIPU_PARKED_KEY_SIZE])
{
    int size =
        snprintf(key, QUIPU_PARKED_KEY_SIZE, "quipu/projection/%s", consumer);

    return (quipu_bytes){ key, (size_t)size };
}

/* --------------------------------------------------------------- creating */

static int run_create(void *native, void *context, quipu_error *error)
{
    const quipu_projection *projection = context;

    return projection->type->create(native, projection->options.context, error);
}

static int create_marked(quipu_projection *projection, quipu_error *error)
{
    char key[QUIPU_PARKED_KEY_SIZE];
    quipu_entry_write write = mark(projection, key);
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = &write,
                                          .entry_count = 1 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };
    quipu_entry *found = NULL;
    quipu_error cause;
    int status =
        quipu_entry_read(projection->tracker.datastore, key, &found, &cause);

    quipu_entry_destroy(found);
    if (status == QUIPU_NOT_FOUND) {
        write.flags = QUIPU_ENTRY_EXPECT;
        quipu_status_begin(&cause);
        status = quipu_tracker_append(
            &projection->tracker, &append,
            projection->type->create ? run_create : NULL, projection, &cause);
        /* Another process was faster. */
        if (status == QUIPU_CONFLICT) {
            status = quipu_entry_read(projection->tracker.datastore, key,
                                      &found, NULL);
            quipu_entry_destroy(found);
            status = status == QUIPU_NOT_FOUND ? QUIPU_CONFLICT : status;
        }
    }
    return quipu_status_end(status, &cause, error, "the function `create`");
}

int quipu_model_create(quipu_projection *projection, quipu_error *error)
{
    const quipu_append append = { .struct_size = sizeof(append) };

    if (projection->has_entries) {
        return create_marked(projection, error);
    }
    return projection->type->create &&
                   projection->tracker.recorded.notification_id == 0
               ? quipu_tracker_append(&projection->tracker, &append, run_create,
                                      projection, error)
               : QUIPU_OK;
}

int quipu_model_check(quipu_projection *projection, quipu_error *error)
{
    char key[QUIPU_PARKED_KEY_SIZE];
    quipu_entry *found = NULL;
    quipu_error cause;
    int status = QUIPU_OK;

    if (!projection->has_entries) {
        return QUIPU_OK;
    }
    (void)quipu_model_key(projection->consumer, key);
    status =
        quipu_entry_read(projection->tracker.datastore, key, &found, &cause);
    quipu_entry_destroy(found);
    if (status == QUIPU_NOT_FOUND) {
        return quipu_error_set(error, QUIPU_CONFLICT,
                               "projection \"%s\" was removed from the store "
                               "while it was open; drop its read model, and "
                               "open it again to build a new one",
                               projection->consumer);
    }
    return quipu_status_end(status, &cause, error, "reading the entry");
}

/* -------------------------------------------------------------- resetting */

static int run_reset(void *native, void *context, quipu_error *error)
{
    const quipu_projection *projection = context;
    const quipu_projection_type *type = projection->type;
    int status = QUIPU_OK;

    if (type->drop) {
        status = type->drop(native, projection->options.context, error);
    }
    if (status == QUIPU_OK && type->create) {
        status = type->create(native, projection->options.context, error);
    }
    return status;
}

/* The mark is written again, the parked events are deleted. */
static int reset(quipu_projection *projection,
                 struct quipu_entry_writes *writes, quipu_error *error)
{
    char key[QUIPU_PARKED_KEY_SIZE];
    int status = quipu_tracker_refresh(&projection->tracker, error);

    if (status == QUIPU_OK) {
        status = quipu_entry_writes_delete_all(
            writes, projection->tracker.datastore,
            quipu_parked_prefix(projection->consumer, key), error);
    }
    if (status == QUIPU_OK) {
        const quipu_entry_write write = mark(projection, key);

        status = quipu_entry_writes_add(writes, &write, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    const struct quipu_tracker_commit commit = {
        .rewinds = true,
        .entries = writes->items,
        .entry_count = writes->count,
        .work = run_reset,
        .context = projection,
    };

    return quipu_tracker_commit(&projection->tracker, &commit, error);
}

int quipu_model_reset(quipu_projection *projection, quipu_error *error)
{
    struct quipu_entry_writes writes = { .count = 0 };
    int status = QUIPU_OK;

    if (!projection->has_entries ||
        (projection->type->create && !projection->type->drop)) {
        return quipu_error_set(
            error, QUIPU_UNSUPPORTED, "projection \"%s\" cannot be reset: %s",
            projection->consumer,
            projection->has_entries ? "its type has `create`, but no `drop`"
                                    : "its target keeps no key-value entries");
    }
    status = reset(projection, &writes, error);
    quipu_entry_writes_finish(&writes);
    return status;
}
