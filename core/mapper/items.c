/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of items made from events.
 *
 * The items are in one array that grows; the bytes that they point to are in an
 * arena that is reset as a whole.  A state is encoded in a buffer first,
 * because its size is not known before, and then copied into the arena.  An
 * item is added to the count as the last step, so a failure leaves the list as
 * it was; memory that the arena has given out by then stays unused until the
 * next clear.
 */
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/memory.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/memory.h"
#include "encoding/timestamp.h"
#include "mapper/column.h"
#include "mapper/envelope.h"
#include "mapper/mapper.h"
#include "mapper/members.h"
#include "mapper/payload.h"
#include "mapper/personal.h"

/* Number of items that the first allocation has room for. */
#define CAPACITY_MIN 16

struct quipu_items {
    const quipu_mapper *mapper;
    quipu_arena arena;     /* everything that the items point to */
    quipu_encoder state;   /* of the item that is being made */
    quipu_encoder members; /* of a state that is sealed, in clear */
    quipu_encoder scratch; /* of a state that is compressed */
    quipu_item *array;
    size_t count;
    size_t capacity;
};

int quipu_items_create(const quipu_mapper *mapper, quipu_items **items,
                       quipu_error *error)
{
    quipu_items *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    created->mapper = mapper;
    quipu_arena_init(&created->arena);
    quipu_encoder_init(&created->state);
    quipu_encoder_init(&created->members);
    quipu_encoder_init(&created->scratch);
    *items = created;
    return QUIPU_OK;
}

void quipu_items_clear(quipu_items *items)
{
    quipu_arena_reset(&items->arena);
    items->count = 0;
}

void quipu_items_destroy(quipu_items *items)
{
    if (!items) {
        return;
    }
    quipu_arena_finish(&items->arena);
    quipu_encoder_finish(&items->state);
    quipu_encoder_finish(&items->members);
    quipu_encoder_finish(&items->scratch);
    quipu_release(items->array);
    quipu_release(items);
}

quipu_item *quipu_items_array(quipu_items *items, size_t *count)
{
    *count = items->count;
    return items->array;
}

/* Makes room for one more item. */
static int reserve(quipu_items *items, quipu_error *error)
{
    size_t capacity = items->capacity ? items->capacity * 2 : CAPACITY_MIN;
    quipu_item *grown;

    if (items->count < items->capacity) {
        return QUIPU_OK;
    }
    grown = quipu_reallocate(items->array, capacity * sizeof(*grown));
    if (!grown) {
        return quipu_error_no_memory(error);
    }
    items->array = grown;
    items->capacity = capacity;
    return QUIPU_OK;
}

/* Copies bytes into the arena. */
static int copy(quipu_items *items, const void *data, size_t size,
                quipu_bytes *bytes, quipu_error *error)
{
    bytes->data = quipu_arena_copy(&items->arena, data, size);
    bytes->size = size;
    return bytes->data ? QUIPU_OK : quipu_error_no_memory(error);
}

/* Checks the base of an event, which may go into columns or the envelope. */
static int check_base(const quipu_event *event, quipu_error *error)
{
    if (!quipu_timestamp_storable(event->time)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "event %s: its time is not in the years 1 to "
                               "9999",
                               event->type->topic);
    }
    if (event->metadata.size > UINT32_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "event %s: its metadata are larger than 4 GiB",
                               event->type->topic);
    }
    return QUIPU_OK;
}

/* Fills the columns of event id, metadata and time, if the schema has them. */
static int fill_base(quipu_items *items, const quipu_event *event,
                     quipu_item *item, quipu_error *error)
{
    const quipu_mapper *mapper = items->mapper;
    int status = check_base(event, error);

    if (status == QUIPU_OK && mapper->has_event_id &&
        !quipu_uuid_is_nil(&event->event_id)) {
        status = copy(items, &event->event_id, sizeof(event->event_id),
                      &item->event_id, error);
    }
    if (status == QUIPU_OK && mapper->has_metadata && event->metadata.data) {
        status = copy(items, event->metadata.data, event->metadata.size,
                      &item->metadata, error);
    }
    if (mapper->has_time && event->time.microseconds != 0) {
        item->time = event->time;
        item->flags |= QUIPU_ITEM_TIME;
    }
    return status;
}

/* Fills the further columns. */
static int fill_columns(quipu_items *items, const quipu_binding *binding,
                        const quipu_event *event, quipu_item *item,
                        quipu_error *error)
{
    size_t count = items->mapper->column_count;
    quipu_value *values;
    int status = QUIPU_OK;

    if (count == 0) {
        return QUIPU_OK;
    }
    values = quipu_arena_allocate_array(&items->arena, count, sizeof(*values));
    if (!values) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        values[i].kind = items->mapper->columns[i].kind;
        status = quipu_column_fill(binding->columns[i], event, &items->arena,
                                   &values[i], error);
    }
    item->columns = values;
    item->column_count = count;
    return status;
}

/* Returns the key of the type if the event has personal members. */
static const quipu_item_key *personal_of(const quipu_binding *binding,
                                         const quipu_event *event)
{
    return binding->has_personal && quipu_personal_has_any(event)
               ? &binding->key
               : NULL;
}

/* Encodes the members; `personal` NULL: with the personal ones in clear. */
static int encode_members(quipu_encoder *encoder, const quipu_binding *binding,
                          const quipu_event *event, quipu_personal *personal)
{
    encoder->personal = personal;
    int status = quipu_members_encode(encoder, event->type->fields,
                                      &binding->key, event);

    encoder->personal = NULL;
    return status == QUIPU_OK ? quipu_encoder_status(encoder) : status;
}

/* Encodes the members as they are stored in an item. */
static int seal_members(const quipu_items *items, quipu_encoder *encoder,
                        const quipu_binding *binding, const quipu_event *event,
                        const quipu_item *item)
{
    quipu_personal personal = { .sealer = items->mapper->sealer,
                                .item = item,
                                .event = event };
    int status = encode_members(encoder, binding, event, &personal);

    quipu_personal_finish(&personal);
    return status;
}

/* Encodes a state in clear, for comparisons. */
static int encode_clear(quipu_encoder *state, const quipu_binding *binding,
                        const quipu_event *event)
{
    quipu_payload payload = { .version = binding->traits.version };

    quipu_envelope_write(state, binding->parts, &payload, event);
    return encode_members(state, binding, event, NULL);
}

/* Encodes the state: envelope and members. */
static int encode_plain(quipu_items *items, const quipu_binding *binding,
                        const quipu_event *event, const quipu_item *item)
{
    quipu_payload payload = { .version = binding->traits.version,
                              .personal_of = personal_of(binding, event) };

    quipu_envelope_write(&items->state, binding->parts, &payload, event);
    return seal_members(items, &items->state, binding, event, item);
}

/* The same for a state that is compressed or encrypted: the envelope says how,
 * so the members are encoded before it. */
static int encode_sealed(quipu_items *items, const quipu_binding *binding,
                         const quipu_event *event, const quipu_item *item)
{
    quipu_encoder *members = &items->members;

    quipu_encoder_begin(members, event->type->topic, items->state.error);
    int status = seal_members(items, members, binding, event, item);

    if (status != QUIPU_OK) {
        return status;
    }
    const struct quipu_payload_input input = {
        .sealer = items->mapper->sealer,
        .event = event,
        .item = item,
        .parts = binding->parts,
        .version = binding->traits.version,
        .personal_of = personal_of(binding, event),
        .members = { members->data, members->size },
    };

    return quipu_payload_write(&input, &items->state, &items->scratch);
}

static int fill_state(quipu_items *items, const quipu_binding *binding,
                      const quipu_event *event, quipu_item *item,
                      quipu_error *error)
{
    const struct quipu_sealer *sealer = items->mapper->sealer;
    quipu_encoder *state = &items->state;

    quipu_encoder_begin(state, event->type->topic, error);
    int status = sealer->whole || sealer->compress_above > 0
                     ? encode_sealed(items, binding, event, item)
                     : encode_plain(items, binding, event, item);

    if (status == QUIPU_OK) {
        status = copy(items, state->data, state->size, &item->state, error);
    }
    return status;
}

/* Finds the binding of an event's type; INVALID. */
static int find_binding(const quipu_mapper *mapper, const quipu_event *event,
                        const quipu_binding **binding, quipu_error *error)
{
    if (!event || !event->type) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "an event without a type cannot be stored");
    }
    *binding =
        quipu_mapper_find(mapper, quipu_bytes_of_text(event->type->topic));
    if (!*binding || (*binding)->type != event->type) {
        return quipu_error_set(
            error, QUIPU_INVALID, "event type %s is not among the mapper's",
            event->type->topic ? event->type->topic : "without a topic");
    }
    return QUIPU_OK;
}

static int add(quipu_items *items, const quipu_event *event, bool is_next,
               quipu_error *error)
{
    const quipu_binding *binding = NULL;
    quipu_item item = { 0 };
    int status = find_binding(items->mapper, event, &binding, error);

    if (status == QUIPU_OK) {
        status = reserve(items, error);
    }
    if (status == QUIPU_OK) {
        item.topic = (quipu_bytes){ event->type->topic, binding->topic_size };
        status = quipu_item_key_fill_item(&binding->key, event, &items->arena,
                                          &item, error);
    }
    if (is_next) {
        item.flags |= QUIPU_ITEM_NEXT;
        item.position = 0;
    }
    if (status == QUIPU_OK) {
        status = fill_base(items, event, &item, error);
    }
    if (status == QUIPU_OK) {
        status = fill_columns(items, binding, event, &item, error);
    }
    if (status == QUIPU_OK) {
        status = fill_state(items, binding, event, &item, error);
    }
    if (status == QUIPU_OK) {
        items->array[items->count++] = item;
    }
    return status;
}

int quipu_items_add(quipu_items *items, const quipu_event *event,
                    quipu_error *error)
{
    return add(items, event, false, error);
}

int quipu_items_add_next(quipu_items *items, const quipu_event *event,
                         quipu_error *error)
{
    return add(items, event, true, error);
}

/* ---------------------------------------------------------------- comparing */

/* Decodes an item, and encodes its event again in clear. */
static int reencode(quipu_items *items, const quipu_item *item,
                    quipu_encoder *encoder, quipu_error *error)
{
    const quipu_binding *binding = NULL;
    quipu_event *event = NULL;
    quipu_arena arena;

    quipu_arena_init(&arena);
    int status =
        quipu_mapper_decode(items->mapper, item, &arena, &event, error);

    if (status == QUIPU_OK) {
        status = find_binding(items->mapper, event, &binding, error);
    }
    if (status == QUIPU_OK) {
        quipu_encoder_begin(encoder, event->type->topic, error);
        status = encode_clear(encoder, binding, event);
    }
    quipu_arena_finish(&arena);
    return status;
}

int quipu_items_same(quipu_items *items, size_t index, const quipu_item *other,
                     bool *same, quipu_error *error)
{
    const quipu_item *item = &items->array[index];
    quipu_encoder *first = &items->state;
    quipu_encoder *second = &items->members;

    *same = false;
    if (!quipu_bytes_equal(item->sequence_id, other->sequence_id) ||
        quipu_mapper_find(items->mapper, item->topic) !=
            quipu_mapper_find(items->mapper, other->topic)) {
        return QUIPU_OK;
    }
    int status = reencode(items, item, first, error);

    if (status == QUIPU_OK) {
        status = reencode(items, other, second, error);
    }
    *same = status == QUIPU_OK && first->size == second->size &&
            memcmp(first->data, second->data, first->size) == 0;
    return status;
}

int quipu_items_replace(quipu_items *items, size_t index,
                        const quipu_item *other, quipu_error *error)
{
    quipu_item *item = &items->array[index];
    int status =
        copy(items, other->topic.data, other->topic.size, &item->topic, error);

    return status == QUIPU_OK ? copy(items, other->state.data,
                                     other->state.size, &item->state, error)
                              : status;
}
