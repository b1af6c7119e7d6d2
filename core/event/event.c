/* SPDX-License-Identifier: Apache-2.0 */
/* Event types, and the base of an event. */
#include <stdio.h>
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/memory.h>

#include "base/utf8.h"
#include "event/fields.h"

static int check_topic(const char *topic, quipu_error *error)
{
    size_t size = topic ? strlen(topic) : 0;

    if (size == 0) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "an event type has no topic");
    }
    if (size > QUIPU_ID_MAX ||
        !quipu_utf8_valid((quipu_bytes){ topic, size })) {
        return quipu_error_set(
            error, QUIPU_INVALID,
            "an event type's topic must be 1 to 255 bytes of UTF-8; this is "
            "not: %.300s",
            topic);
    }
    return QUIPU_OK;
}

int quipu_event_type_check(const quipu_event_type *type, quipu_error *error)
{
    char owner[QUIPU_ID_MAX + 16];
    size_t i;
    int status;

    if (!type) {
        return quipu_error_set(error, QUIPU_INVALID, "an event type is NULL");
    }
    status = check_topic(type->topic, error);
    if (status != QUIPU_OK) {
        return status;
    }
    snprintf(owner, sizeof(owner), "event type %s", type->topic);
    if (type->size < sizeof(quipu_event)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "%s: its size, %zu bytes, is less than that of "
                               "quipu_event, its first member (%zu)",
                               owner, type->size, sizeof(quipu_event));
    }
    for (i = 0; i < sizeof(type->reserved) / sizeof(type->reserved[0]); i++) {
        if (type->reserved[i]) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "%s: a reserved member is not NULL", owner);
        }
    }
    return quipu_fields_check(owner, type->fields, sizeof(quipu_event),
                              type->size, error);
}

void quipu_event_init(quipu_event *event, const quipu_event_type *type,
                      const quipu_id *originator_id, int64_t originator_version)
{
    memset(event, 0, sizeof(*event));
    event->type = type;
    if (originator_id) {
        event->originator_id = *originator_id;
    }
    event->originator_version = originator_version;
    quipu_uuid_ordered(&event->event_id);
    event->time = quipu_time_now();
}

void quipu_event_destroy(quipu_event *event)
{
    quipu_release(event);
}
