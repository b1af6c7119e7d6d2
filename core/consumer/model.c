/* SPDX-License-Identifier: Apache-2.0 */
/* Creating and resetting the read model of a projection. */
#include "consumer/projection.h"

#include <stdio.h>

#include <quipu/id.h>

#include "base/memory.h"
#include "base/status.h"
#include "datastore/datastore.h"

#define KEY_SIZE 256

/* The entry that tells that the read model exists. */
static quipu_entry_write mark(const quipu_projection *projection,
                              char key[KEY_SIZE])
{
    int size =
        snprintf(key, KEY_SIZE, "quipu/projection/%s", projection->consumer);

    return (quipu_entry_write){ .key = { key, (size_t)size },
                                .value = { "", 0 } };
}

/* --------------------------------------------------------------- creating */

static int run_create(void *native, void *context, quipu_error *error)
{
    const quipu_projection *projection = context;

    return projection->type->create(native, projection->options.context, error);
}

static int create_marked(quipu_projection *projection, quipu_error *error)
{
    char key[KEY_SIZE];
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
        status = quipu_tracker_append(&projection->tracker, &append, run_create,
                                      projection, &cause);
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

    if (!projection->type->create) {
        return QUIPU_OK;
    }
    if (projection->has_entries) {
        return create_marked(projection, error);
    }
    return projection->tracker.recorded.notification_id == 0
               ? quipu_tracker_append(&projection->tracker, &append, run_create,
                                      projection, error)
               : QUIPU_OK;
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

/* The entries of a reset: the mark is written, the parked events deleted. */
struct removal {
    quipu_entry_write *writes;
    char (*keys)[KEY_SIZE];
    size_t count;
    size_t capacity;
};

static int grow(struct removal *removal, quipu_error *error)
{
    size_t capacity = removal->capacity * 2 + 8;
    void *writes =
        quipu_reallocate(removal->writes, capacity * sizeof(*removal->writes));

    if (!writes) {
        return quipu_error_no_memory(error);
    }
    removal->writes = writes;
    void *keys =
        quipu_reallocate(removal->keys, capacity * sizeof(*removal->keys));

    if (!keys) {
        return quipu_error_no_memory(error);
    }
    removal->keys = keys;
    removal->capacity = capacity;
    return QUIPU_OK;
}

static int collect(quipu_projection *projection, struct removal *removal,
                   quipu_error *error)
{
    const quipu_parked_event *event = NULL;
    quipu_parked_events *events;
    int status = quipu_parked_events_open(projection->tracker.datastore,
                                          projection->consumer, &events, error);

    if (status != QUIPU_OK) {
        return status;
    }
    do {
        status = quipu_parked_events_next(events, &event, error);
        if (status == QUIPU_OK && event &&
            removal->count == removal->capacity) {
            status = grow(removal, error);
        }
        if (status == QUIPU_OK && event) {
            (void)quipu_parked_key(projection->consumer, event->notification_id,
                                   removal->keys[removal->count++]);
        }
    } while (status == QUIPU_OK && event);
    quipu_parked_events_close(events);
    if (status == QUIPU_OK && removal->count == removal->capacity) {
        status = grow(removal, error);
    }
    /* The keys do not move any more. */
    for (size_t i = 0; status == QUIPU_OK && i < removal->count; i++) {
        removal->writes[i] =
            (quipu_entry_write){ .key = quipu_bytes_of_text(removal->keys[i]),
                                 .flags = QUIPU_ENTRY_DELETE };
    }
    return status;
}

static int reset(quipu_projection *projection, struct removal *removal,
                 quipu_error *error)
{
    int status = quipu_tracker_refresh(&projection->tracker, error);

    if (status == QUIPU_OK) {
        status = collect(projection, removal, error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    removal->writes[removal->count] =
        mark(projection, removal->keys[removal->count]);
    removal->count++;
    const struct quipu_tracker_commit commit = {
        .rewinds = true,
        .entries = removal->writes,
        .entry_count = removal->count,
        .work = run_reset,
        .context = projection,
    };

    return quipu_tracker_commit(&projection->tracker, &commit, error);
}

int quipu_model_reset(quipu_projection *projection, quipu_error *error)
{
    struct removal removal = { .count = 0 };
    int status = QUIPU_OK;

    if (!projection->has_entries ||
        (projection->type->create && !projection->type->drop)) {
        return quipu_error_set(
            error, QUIPU_UNSUPPORTED, "projection \"%s\" cannot be reset: %s",
            projection->consumer,
            projection->has_entries ? "its type has `create`, but no `drop`"
                                    : "its target keeps no key-value entries");
    }
    status = reset(projection, &removal, error);
    quipu_release(removal.writes);
    quipu_release(removal.keys);
    return status;
}
