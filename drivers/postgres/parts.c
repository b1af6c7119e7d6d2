/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of items, as the arrays of statements have them. */
#include "parts.h"

enum type quipu_postgres_id_type(const struct section *section)
{
    return (section->bound->schema.flags & QUIPU_SCHEMA_TEXT_IDS) != 0
               ? TYPE_TEXT
               : TYPE_UUID;
}

static void put_time(struct arguments *arguments, const quipu_item *item)
{
    if ((item->flags & QUIPU_ITEM_TIME) != 0) {
        quipu_postgres_put_time(arguments, item->time.microseconds);
    } else {
        quipu_postgres_put_null(arguments);
    }
}

static void put_value(struct arguments *arguments, const quipu_value *value)
{
    switch (value->kind) {
    case QUIPU_VALUE_NULL:
        quipu_postgres_put_null(arguments);
        break;
    case QUIPU_VALUE_BOOL:
        quipu_postgres_put_bool(arguments, value->as.integer != 0);
        break;
    case QUIPU_VALUE_INT:
        quipu_postgres_put_int8(arguments, value->as.integer);
        break;
    case QUIPU_VALUE_TIME:
        quipu_postgres_put_time(arguments, value->as.integer);
        break;
    case QUIPU_VALUE_DOUBLE:
        quipu_postgres_put_double(arguments, value->as.real);
        break;
    default:
        quipu_postgres_put_bytes(arguments, value->as.bytes);
        break;
    }
}

void quipu_postgres_put_part(struct arguments *arguments,
                             const quipu_item *item, size_t part)
{
    switch (part) {
    case PART_SEQUENCE:
        quipu_postgres_put_bytes(arguments, item->sequence_id);
        break;
    case PART_POSITION:
        quipu_postgres_put_int8(arguments, item->position);
        break;
    case PART_TOPIC:
        quipu_postgres_put_bytes(arguments, item->topic);
        break;
    case PART_STATE:
        quipu_postgres_put_bytes(arguments, item->state);
        break;
    case PART_EVENT_ID:
        quipu_postgres_put_bytes(arguments, item->event_id);
        break;
    case PART_METADATA:
        quipu_postgres_put_bytes(arguments, item->metadata);
        break;
    case PART_TIME:
        put_time(arguments, item);
        break;
    default:
        put_value(arguments, &item->columns[part - PART_COLUMN]);
        break;
    }
}
