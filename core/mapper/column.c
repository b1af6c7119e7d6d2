/* SPDX-License-Identifier: Apache-2.0 */
/* Fills further columns from attributes of events. */
#include <math.h>
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>

#include "base/error.h"
#include "base/utf8.h"
#include "encoding/timestamp.h"
#include "event/attribute.h"
#include "event/member.h"
#include "mapper/column.h"

/* A column of one item, and the attribute that goes into it. */
struct filling {
    const quipu_field *attribute;
    const quipu_event *event;
    const char *from; /* address of the member; not for the topic */
    quipu_arena *arena;
    quipu_value *value;
    quipu_error *error;
};

const char *quipu_column_kind_name(int kind)
{
    static const char *const names[] = {
        [QUIPU_VALUE_BOOL] = "bool",     [QUIPU_VALUE_INT] = "int",
        [QUIPU_VALUE_DOUBLE] = "double", [QUIPU_VALUE_TEXT] = "text",
        [QUIPU_VALUE_BYTES] = "bytes",   [QUIPU_VALUE_UUID] = "uuid",
        [QUIPU_VALUE_TIME] = "time",
    };

    if (kind < 0 || (size_t)kind >= sizeof(names) / sizeof(names[0])) {
        return NULL;
    }
    return names[kind];
}

bool quipu_column_fits(int kind, const quipu_field *attribute)
{
    int from = attribute->kind;

    if (attribute->flags & QUIPU_FIELD_IS_ARRAY) {
        return false;
    }
    switch (kind) {
    case QUIPU_VALUE_BOOL:
        return from == QUIPU_KIND_BOOL;
    case QUIPU_VALUE_INT:
        return from == QUIPU_KIND_INT || from == QUIPU_KIND_UINT;
    case QUIPU_VALUE_DOUBLE:
        return from == QUIPU_KIND_REAL;
    case QUIPU_VALUE_TEXT:
        return from == QUIPU_KIND_TEXT || from == QUIPU_KIND_FIXED_TEXT ||
               from == QUIPU_KIND_ID;
    case QUIPU_VALUE_BYTES:
        return from == QUIPU_KIND_BYTES || from == QUIPU_KIND_ID;
    case QUIPU_VALUE_UUID:
        return from == QUIPU_KIND_UUID || from == QUIPU_KIND_ID;
    default:
        return from == QUIPU_KIND_TIME;
    }
}

static int refuse(const struct filling *filling, const char *why)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is one. */
    return quipu_error_set(filling->error, QUIPU_INVALID,
                           "event %s: its %s %s, and cannot go into a column "
                           "of %s",
                           filling->event->type->topic,
                           filling->attribute->name, why,
                           quipu_column_kind_name(filling->value->kind));
}

static int fill_integer(const struct filling *filling)
{
    const quipu_field *attribute = filling->attribute;
    uint64_t natural;

    if (attribute->kind == QUIPU_KIND_INT) {
        filling->value->as.integer =
            quipu_member_load_int(filling->from, attribute->size);
        return QUIPU_OK;
    }
    natural = quipu_member_load_uint(filling->from, attribute->size);
    if (natural > INT64_MAX) {
        return refuse(filling, "is larger than 2^63 - 1");
    }
    filling->value->as.integer = (int64_t)natural;
    return QUIPU_OK;
}

static int fill_real(const struct filling *filling)
{
    float single;
    double real;

    if (filling->attribute->size == sizeof(single)) {
        memcpy(&single, filling->from, sizeof(single));
        real = (double)single;
    } else {
        memcpy(&real, filling->from, sizeof(real));
    }
    if (!isfinite(real)) {
        return refuse(filling, "is not finite");
    }
    filling->value->as.real = real;
    return QUIPU_OK;
}

static int fill_time(const struct filling *filling)
{
    quipu_time time;

    memcpy(&time, filling->from, sizeof(time));
    if (!quipu_timestamp_storable(time)) {
        return refuse(filling, "is not in the years 1 to 9999");
    }
    filling->value->as.integer = time.microseconds;
    return QUIPU_OK;
}

static int fill_bytes(const struct filling *filling)
{
    quipu_bytes bytes =
        quipu_attribute_bytes(filling->attribute, filling->event);

    if (!bytes.data) {
        return refuse(filling, "is NULL, but not nullable");
    }
    if (filling->value->kind == QUIPU_VALUE_TEXT && !quipu_utf8_valid(bytes)) {
        return refuse(filling, "is not UTF-8");
    }
    if (filling->value->kind == QUIPU_VALUE_UUID &&
        bytes.size != sizeof(quipu_uuid)) {
        return refuse(filling, "is not a uuid");
    }
    bytes.data = quipu_arena_copy(filling->arena, bytes.data, bytes.size);
    if (!bytes.data) {
        return quipu_error_no_memory(filling->error);
    }
    filling->value->as.bytes = bytes;
    return QUIPU_OK;
}

/* Returns true if the event has no value for the column: the attribute is
 * absent, or is an event id, time or id that stands for "none". */
static bool is_null(const struct filling *filling)
{
    const quipu_field *attribute = filling->attribute;
    const quipu_event *event = filling->event;

    if (quipu_attribute_is(attribute, QUIPU_BASE_EVENT_ID)) {
        return quipu_uuid_is_nil(&event->event_id);
    }
    if (quipu_attribute_is(attribute, QUIPU_BASE_TIME)) {
        return event->time.microseconds == 0;
    }
    if (attribute->kind == QUIPU_KIND_ID && *filling->from == 0) {
        return true;
    }
    return !quipu_member_present(attribute, (const char *)event);
}

int quipu_column_fill(const quipu_field *attribute, const quipu_event *event,
                      quipu_arena *arena, quipu_value *value,
                      quipu_error *error)
{
    const struct filling filling = {
        .attribute = attribute,
        .event = event,
        .from = attribute ? (const char *)event + attribute->offset : NULL,
        .arena = arena,
        .value = value,
        .error = error,
    };

    if (!attribute || is_null(&filling)) {
        *value = (quipu_value){ .kind = QUIPU_VALUE_NULL };
        return QUIPU_OK;
    }
    switch (value->kind) {
    case QUIPU_VALUE_BOOL:
        value->as.integer = *filling.from != 0;
        return QUIPU_OK;
    case QUIPU_VALUE_INT:
        return fill_integer(&filling);
    case QUIPU_VALUE_DOUBLE:
        return fill_real(&filling);
    case QUIPU_VALUE_TIME:
        return fill_time(&filling);
    default: /* TEXT, BYTES or UUID */
        return fill_bytes(&filling);
    }
}
