/* SPDX-License-Identifier: Apache-2.0 */
/* Further columns, filled from attributes of events. */
#include <math.h>
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>

#include "base/error.h"
#include "base/utf8.h"
#include "event/access.h"
#include "event/number.h"
#include "mapper/base.h"
#include "mapper/column.h"
#include "mapper/timestamp.h"

/* A column, and the attribute that goes into it. */
struct filling {
    int kind;
    const quipu_field *attribute;
    const quipu_event *event;
    const char *from; /* the member */
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
        return from == QUIPU_KIND_TEXT || from == QUIPU_KIND_ID;
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
                           quipu_column_kind_name(filling->kind));
}

static int fill_integer(const struct filling *filling)
{
    const quipu_field *attribute = filling->attribute;
    uint64_t natural;

    if (attribute->kind == QUIPU_KIND_INT) {
        filling->value->as.integer =
            quipu_int_load(filling->from, attribute->size);
        return QUIPU_OK;
    }
    natural = quipu_uint_load(filling->from, attribute->size);
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
    if (!quipu_time_storable(time)) {
        return refuse(filling, "is not in the years 1 to 9999");
    }
    filling->value->as.integer = time.microseconds;
    return QUIPU_OK;
}

/* The bytes of an attribute whose value is bytes of some sort; absent ones
 * have no data. */
static quipu_bytes bytes_of(const struct filling *filling)
{
    const char *text;

    switch (filling->attribute->kind) {
    case QUIPU_KIND_TEXT:
        text = quipu_attribute_is(filling->attribute, QUIPU_BASE_TOPIC)
                   ? filling->event->type->topic
                   : quipu_pointer_load(filling->from);
        return quipu_bytes_of_text(text);
    case QUIPU_KIND_BYTES:
        return quipu_bytes_load(filling->from);
    case QUIPU_KIND_UUID:
        return (quipu_bytes){ filling->from, sizeof(quipu_uuid) };
    default: /* an id, of which the size comes first */
        return (quipu_bytes){ filling->from + offsetof(quipu_id, data),
                              *(const uint8_t *)filling->from };
    }
}

static int fill_bytes(const struct filling *filling)
{
    quipu_bytes bytes = bytes_of(filling);

    if (!bytes.data) {
        return refuse(filling, "is NULL, which it may not be");
    }
    if (filling->kind == QUIPU_VALUE_TEXT && !quipu_utf8_valid(bytes)) {
        return refuse(filling, "is not UTF-8");
    }
    if (filling->kind == QUIPU_VALUE_UUID && bytes.size != sizeof(quipu_uuid)) {
        return refuse(filling, "is no uuid");
    }
    bytes.data = quipu_arena_copy(filling->arena, bytes.data, bytes.size);
    if (!bytes.data) {
        return quipu_error_no_memory(filling->error);
    }
    filling->value->as.bytes = bytes;
    return QUIPU_OK;
}

/* What stands for "none" in a base, or has no value, is NULL in the column. */
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
    return !quipu_field_present(attribute, (const char *)event);
}

int quipu_column_fill(int kind, const quipu_field *attribute,
                      const quipu_event *event, quipu_arena *arena,
                      quipu_value *value, quipu_error *error)
{
    struct filling filling = { .kind = kind,
                               .attribute = attribute,
                               .event = event,
                               .arena = arena,
                               .value = value,
                               .error = error };

    *value = (quipu_value){ .kind = QUIPU_VALUE_NULL };
    if (!attribute) {
        return QUIPU_OK;
    }
    filling.from = (const char *)event + attribute->offset;
    if (is_null(&filling)) {
        return QUIPU_OK;
    }
    value->kind = kind;
    switch (kind) {
    case QUIPU_VALUE_BOOL:
        value->as.integer = *filling.from != 0;
        return QUIPU_OK;
    case QUIPU_VALUE_INT:
        return fill_integer(&filling);
    case QUIPU_VALUE_DOUBLE:
        return fill_real(&filling);
    case QUIPU_VALUE_TIME:
        return fill_time(&filling);
    default:
        return fill_bytes(&filling);
    }
}
