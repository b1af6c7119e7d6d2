/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens mappers, and decodes items to events.
 *
 * Opening does everything that depends only on the schema and the event types:
 * it checks the types, resolves their attributes (binding.c) and enters them in
 * a hash table by topic, with their aliases and the topics that are retired.
 * Afterwards a mapper is read-only.
 *
 * Decoding an item finds the binding of its topic and fills a new event in
 * steps, each of which may overwrite what an earlier one has set:
 *
 *   1. the envelope (envelope.c);
 *   2. the columns of event id, metadata and time;
 *   3. the payload is decrypted and decompressed (payload.c), and the personal
 *      members in it opened (personal.c), as far as they are sealed; and it is
 *      changed by the casts, if it is of an earlier version (cast.c);
 *   4. the members (members.c);
 *   5. sequence id and position (item_key.c), which are authoritative, since
 *      the store has checked them.
 *
 * Encoding is in items.c.
 */
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/memory.h>
#include <quipu/schema.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/structs.h"
#include "event/traits.h"
#include "mapper/cast.h"
#include "mapper/envelope.h"
#include "mapper/mapper.h"
#include "mapper/members.h"
#include "mapper/payload.h"
#include "mapper/personal.h"

/* ------------------------------------------------------- types by topic */

/* Hashes a topic, eight bytes at a time (Fibonacci hashing).  Topics come from
 * the program and its store; it is no defence against chosen collisions. */
static uint64_t hash(const char *data, size_t size)
{
    const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t sum = size;
    uint64_t word;

    for (; size >= sizeof(word); size -= sizeof(word)) {
        memcpy(&word, data, sizeof(word));
        sum = (sum ^ word) * factor;
        sum ^= sum >> 32;
        data += sizeof(word);
    }
    word = 0;
    memcpy(&word, data, size);
    sum = (sum ^ word) * factor;
    return sum ^ sum >> 32;
}

/* Returns the slot of a topic, or the empty slot where it would be entered. */
static quipu_topic *find_slot(const quipu_mapper *mapper, const char *topic,
                              size_t size)
{
    size_t slot = (size_t)hash(topic, size) & mapper->slot_mask;

    while (mapper->slots[slot].text &&
           (mapper->slots[slot].size != size ||
            memcmp(mapper->slots[slot].text, topic, size) != 0)) {
        slot = (slot + 1) & mapper->slot_mask;
    }
    return &mapper->slots[slot];
}

/* Returns the mapper's entry of a topic, which has no text if it is unknown.
 * `likely`, which may be NULL, is tried first. */
static const quipu_topic *find_topic(const quipu_mapper *mapper,
                                     quipu_bytes topic,
                                     const quipu_topic *likely)
{
    static const quipu_topic absent = { .text = NULL };

    if (!topic.data) {
        return &absent;
    }
    if (likely && likely->text && likely->size == topic.size &&
        memcmp(likely->text, topic.data, topic.size) == 0) {
        return likely;
    }
    return find_slot(mapper, topic.data, topic.size);
}

static bool is_retired(const quipu_topic *topic)
{
    return topic->text && !topic->binding;
}

const quipu_binding *quipu_mapper_find(const quipu_mapper *mapper,
                                       quipu_bytes topic)
{
    return find_topic(mapper, topic, NULL)->binding;
}

const quipu_event_type *quipu_mapper_type(const quipu_mapper *mapper,
                                          const char *topic)
{
    const quipu_binding *binding =
        topic ? quipu_mapper_find(mapper, quipu_bytes_of_text(topic)) : NULL;

    return binding ? binding->type : NULL;
}

bool quipu_mapper_is_retired(const quipu_mapper *mapper, const char *topic)
{
    return topic &&
           is_retired(find_topic(mapper, quipu_bytes_of_text(topic), NULL));
}

bool quipu_mapper_passes_over(const quipu_mapper *mapper,
                              const quipu_item *item)
{
    return is_retired(find_topic(mapper, item->topic, NULL));
}

/* --------------------------------------------------------------- opening */

static int add_column(quipu_mapper *mapper, const quipu_column *column,
                      quipu_error *error)
{
    const char *name = column->attribute ? column->attribute : column->name;
    quipu_further_column *added = &mapper->columns[mapper->column_count];

    added->kind = column->kind;
    added->name = quipu_text_copy(name);
    if (!added->name) {
        return quipu_error_no_memory(error);
    }
    mapper->column_count++;
    return QUIPU_OK;
}

/* Copies what a mapper needs of a schema, so that the caller may free it. */
static int copy_schema(quipu_mapper *mapper, const quipu_schema *schema,
                       quipu_error *error)
{
    int status = QUIPU_OK;

    mapper->text_ids = schema->flags & QUIPU_SCHEMA_TEXT_IDS;
    mapper->sparse = schema->flags & QUIPU_SCHEMA_SPARSE;
    mapper->has_event_id = schema->event_id;
    mapper->has_metadata = schema->metadata;
    mapper->has_time = schema->time;
    if (schema->column_count == 0) {
        return QUIPU_OK;
    }
    mapper->columns =
        quipu_allocate_array(schema->column_count, sizeof(*mapper->columns));
    if (!mapper->columns) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < schema->column_count && status == QUIPU_OK; i++) {
        status = add_column(mapper, &schema->columns[i], error);
    }
    return status;
}

/* Makes room for the topics: those of the types, their aliases, and the
 * retired ones.  The types have been checked. */
static int allocate_topics(quipu_mapper *mapper, const quipu_mapping *mapping,
                           quipu_error *error)
{
    size_t count = mapping->type_count;
    size_t slots = 2; /* a power of two, at least twice the topics */

    for (size_t i = 0; i < mapping->type_count; i++) {
        count += quipu_traits_alias_count(&mapper->bindings[i].traits);
    }
    while (mapping->retired && mapping->retired[mapper->retired_count]) {
        mapper->retired_count++;
    }
    count += mapper->retired_count;
    while (slots / 2 < count && slots <= SIZE_MAX / 4) {
        slots *= 2;
    }
    mapper->retired = quipu_allocate_array(
        mapper->retired_count + !mapper->retired_count, sizeof(char *));
    mapper->slots = quipu_allocate_array(slots, sizeof(*mapper->slots));
    mapper->slot_mask = slots - 1;
    return mapper->slots && mapper->retired ? QUIPU_OK
                                            : quipu_error_no_memory(error);
}

/* Enters a topic; `what` is "the topic" or "the alias" of the binding's type,
 * or "the retired topic".  INVALID: the mapper has it already. */
static int enter_topic(quipu_mapper *mapper, const char *topic,
                       const quipu_binding *binding, const char *what,
                       quipu_error *error)
{
    const size_t size = strlen(topic);
    quipu_topic *slot = find_slot(mapper, topic, size);

    if (!slot->text) {
        *slot = (quipu_topic){ topic, size, binding };
        return QUIPU_OK;
    }
    if (binding && slot->binding && topic == binding->type->topic) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "two event types have the topic %s", topic);
    }
    return quipu_error_set(
        error, QUIPU_INVALID, "%s %s%s%s is %s%s as well", what, topic,
        binding ? " of event type " : "", binding ? binding->type->topic : "",
        !slot->binding                             ? "retired"
        : slot->text == slot->binding->type->topic ? "the topic of "
                                                   : "an alias of ",
        slot->binding ? slot->binding->type->topic : "");
}

static int enter_aliases(quipu_mapper *mapper, const quipu_binding *binding,
                         quipu_error *error)
{
    const char *const *aliases = binding->traits.aliases;
    int status = QUIPU_OK;

    for (size_t i = 0; aliases && aliases[i] && status == QUIPU_OK; i++) {
        status = enter_topic(mapper, aliases[i], binding, "the alias", error);
    }
    return status;
}

static int enter_retired(quipu_mapper *mapper, const quipu_mapping *mapping,
                         size_t index, quipu_error *error)
{
    int status = quipu_traits_check_topic(mapping->retired[index],
                                          "an entry of mapping.retired", error);

    if (status != QUIPU_OK) {
        return status;
    }
    mapper->retired[index] = quipu_text_copy(mapping->retired[index]);
    return mapper->retired[index]
               ? enter_topic(mapper, mapper->retired[index], NULL,
                             "the retired topic", error)
               : quipu_error_no_memory(error);
}

/* Enters all topics: of a topic that occurs twice the message names the type
 * whose topic it is, not an alias. */
static int enter_topics(quipu_mapper *mapper, const quipu_mapping *mapping,
                        quipu_error *error)
{
    int status = allocate_topics(mapper, mapping, error);

    for (size_t i = 0; i < mapper->binding_count && status == QUIPU_OK; i++) {
        status = enter_topic(mapper, mapper->bindings[i].type->topic,
                             &mapper->bindings[i], "the topic", error);
    }
    for (size_t i = 0; i < mapper->binding_count && status == QUIPU_OK; i++) {
        status = enter_aliases(mapper, &mapper->bindings[i], error);
    }
    for (size_t i = 0; i < mapper->retired_count && status == QUIPU_OK; i++) {
        status = enter_retired(mapper, mapping, i, error);
    }
    return status;
}

/* Adds an event type: checks it and resolves its attributes. */
static int add_type(quipu_mapper *mapper, const quipu_mapping *mapping,
                    const quipu_event_type *type, quipu_error *error)
{
    quipu_binding *binding = &mapper->bindings[mapper->binding_count];
    int status = quipu_event_type_check(type, error);

    if (status != QUIPU_OK) {
        return status;
    }
    binding->type = type;
    binding->traits = quipu_traits_of(type);
    mapper->has_evolved = mapper->has_evolved || binding->traits.version > 1 ||
                          quipu_traits_alias_count(&binding->traits) > 0;
    binding->topic_size = strlen(type->topic);
    if (mapper->column_count > 0) {
        binding->columns = quipu_allocate_array(mapper->column_count,
                                                sizeof(*binding->columns));
        if (!binding->columns) {
            return quipu_error_no_memory(error);
        }
    }
    mapper->binding_count++;
    return quipu_binding_resolve(binding, mapper, mapping, error);
}

static int add_types(quipu_mapper *mapper, const quipu_mapping *mapping,
                     quipu_error *error)
{
    const size_t count = mapping->type_count;
    int status = QUIPU_OK;

    if (count > 0 && !mapping->types) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "the mapping counts event types, and its list "
                               "of them is NULL");
    }
    mapper->bindings =
        quipu_allocate_array(count + !count, sizeof(*mapper->bindings));
    if (!mapper->bindings) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < count && status == QUIPU_OK; i++) {
        status = add_type(mapper, mapping, mapping->types[i], error);
    }
    return status == QUIPU_OK ? enter_topics(mapper, mapping, error) : status;
}

/* INVALID: no event type has the attribute of a column.  Its name is then most
 * likely misspelt. */
static int check_columns(const quipu_mapper *mapper, quipu_error *error)
{
    for (size_t column = 0; column < mapper->column_count; column++) {
        size_t i = 0;

        while (i < mapper->binding_count &&
               !mapper->bindings[i].columns[column]) {
            i++;
        }
        if (i == mapper->binding_count) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "no event type has the attribute %s of a "
                                   "further column",
                                   mapper->columns[column].name);
        }
    }
    return QUIPU_OK;
}

/* Without a sealing the mapper still reads states that are compressed. */
static int create_sealer(quipu_mapper *mapper, const quipu_sealing *sealing,
                         quipu_error *error)
{
    const quipu_sealing none = { .struct_size = sizeof(none) };

    return quipu_sealer_create(sealing ? sealing : &none, &mapper->sealer,
                               error);
}

int quipu_mapper_open(const quipu_schema *schema, const quipu_mapping *mapping,
                      quipu_mapper **mapper, quipu_error *error)
{
    quipu_schema own_schema;
    quipu_mapping own_mapping;
    quipu_mapper *opened;
    int status = quipu_schema_check(schema, error);

    if (status == QUIPU_OK) {
        status = quipu_struct_take(&own_schema, sizeof(own_schema), schema,
                                   "schema", error);
    }
    if (status == QUIPU_OK) {
        status = quipu_struct_take(&own_mapping, sizeof(own_mapping), mapping,
                                   "mapping", error);
    }
    if (status != QUIPU_OK) {
        return status;
    }
    opened = quipu_allocate_zeroed(sizeof(*opened));
    if (!opened) {
        return quipu_error_no_memory(error);
    }
    status = copy_schema(opened, &own_schema, error);
    if (status == QUIPU_OK) {
        status = create_sealer(opened, own_mapping.sealing, error);
    }
    if (status == QUIPU_OK) {
        status = add_types(opened, &own_mapping, error);
    }
    if (status == QUIPU_OK) {
        status = check_columns(opened, error);
    }
    if (status != QUIPU_OK) {
        quipu_mapper_close(opened);
        return status;
    }
    *mapper = opened;
    return QUIPU_OK;
}

void quipu_mapper_close(quipu_mapper *mapper)
{
    if (!mapper) {
        return;
    }
    for (size_t i = 0; i < mapper->binding_count; i++) {
        quipu_release(mapper->bindings[i].columns);
    }
    for (size_t i = 0; i < mapper->column_count; i++) {
        quipu_release(mapper->columns[i].name);
    }
    quipu_sealer_destroy(mapper->sealer);
    for (size_t i = 0; mapper->retired && i < mapper->retired_count; i++) {
        quipu_release(mapper->retired[i]);
    }
    quipu_release(mapper->retired);
    quipu_release(mapper->bindings);
    quipu_release(mapper->slots);
    quipu_release(mapper->columns);
    quipu_release(mapper);
}

/* --------------------------------------------------------------- decoding */

/* Sets the attributes that have columns of their own.  NO_MEMORY; CORRUPT. */
static int decode_columns(const quipu_decoder *decoder, quipu_event *event)
{
    const quipu_item *item = decoder->item;

    if (item->event_id.data) {
        if (item->event_id.size != sizeof(event->event_id)) {
            return quipu_decoder_refuse_item(
                decoder, QUIPU_CORRUPT, "its event id does not have 16 bytes");
        }
        memcpy(&event->event_id, item->event_id.data, sizeof(event->event_id));
    }
    if (item->metadata.data) {
        event->metadata.data = quipu_decoder_keep(decoder, item->metadata);
        event->metadata.size = item->metadata.size;
        if (!event->metadata.data) {
            return quipu_error_no_memory(decoder->error);
        }
    }
    if (item->flags & QUIPU_ITEM_TIME) {
        event->time = item->time;
    }
    return QUIPU_OK;
}

/* Opens the personal members, of which the envelope tells. */
static int open_personal(quipu_decoder *decoder, const quipu_mapper *mapper,
                         const quipu_payload *payload, quipu_event *event,
                         const struct quipu_subject **subjects)
{
    quipu_personal personal = { .sealer = mapper->sealer,
                                .item = decoder->item,
                                .event = event };

    if (!payload->personal.data) {
        return QUIPU_OK;
    }
    int status =
        quipu_personal_open(&personal, decoder, payload->personal, event);

    quipu_personal_finish(&personal);
    *subjects = personal.subjects;
    return status;
}

/* The steps that a state needs which has an envelope, is encrypted, or is of an
 * earlier version: 1 to 3. */
static int open_state(quipu_decoder *decoder, const quipu_mapper *mapper,
                      const quipu_binding *binding, quipu_event *event,
                      const struct quipu_subject **subjects)
{
    quipu_payload payload = { .version = 1 };
    int status = quipu_envelope_read(decoder, &payload, event);

    if (status == QUIPU_OK) {
        status = decode_columns(decoder, event);
    }
    if (status == QUIPU_OK) {
        status = quipu_payload_open(decoder, mapper->sealer, &event->event_id,
                                    &payload);
    }
    if (status == QUIPU_OK) {
        status = open_personal(decoder, mapper, &payload, event, subjects);
    }
    if (status == QUIPU_OK) {
        status = quipu_cast_run(decoder, &binding->traits, payload.version);
    }
    return status;
}

/* The steps of decoding.  Most states are a map of the members and no more. */
static int decode(quipu_decoder *decoder, const quipu_mapper *mapper,
                  const quipu_binding *binding, quipu_event *event,
                  const struct quipu_subject **subjects)
{
    const bool is_plain = !quipu_envelope_is_next(&decoder->reader) &&
                          !mapper->sealer->require_whole &&
                          binding->traits.version == 1;
    int status = is_plain
                     ? decode_columns(decoder, event)
                     : open_state(decoder, mapper, binding, event, subjects);

    if (status == QUIPU_OK) {
        status = quipu_members_decode(decoder, binding->type->fields,
                                      &binding->key, event);
    }
    if (status == QUIPU_OK) {
        status = quipu_item_key_fill_event(&binding->key, decoder, event);
    }
    return status;
}

/* Decodes an item of a topic into a new event in the decoder's arena. */
static int decode_topic(quipu_decoder *decoder, const quipu_mapper *mapper,
                        const quipu_topic *topic, quipu_event **event,
                        const struct quipu_subject **subjects)
{
    const quipu_binding *binding = topic->binding;

    if (decoder->item->flags & QUIPU_ITEM_ERASED) {
        return quipu_decoder_refuse_item(decoder, QUIPU_NOT_FOUND,
                                         "it was erased");
    }
    if (!binding) {
        return quipu_decoder_refuse_item(
            decoder, QUIPU_NOT_FOUND,
            is_retired(topic) ? "its topic is retired"
                              : "no event type of the mapper has this topic");
    }
    quipu_event *decoded =
        quipu_arena_allocate(decoder->arena, binding->type->size);

    if (!decoded) {
        return quipu_error_no_memory(decoder->error);
    }
    memset(decoded, 0, binding->type->size);
    decoded->type = binding->type;
    int status = decode(decoder, mapper, binding, decoded, subjects);

    if (status == QUIPU_OK) {
        *event = decoded;
    }
    return status;
}

static quipu_decoder decoder_of(const quipu_mapper *mapper,
                                const quipu_item *item, quipu_arena *arena,
                                quipu_error *error)
{
    return (quipu_decoder){ .state = item->state,
                            .reader = quipu_reader_of(item->state),
                            .item = item,
                            .text_ids = mapper->text_ids,
                            .arena = arena,
                            .error = error };
}

int quipu_mapper_decode(const quipu_mapper *mapper, const quipu_item *item,
                        quipu_arena *arena, quipu_event **event,
                        quipu_error *error)
{
    quipu_decoder decoder = decoder_of(mapper, item, arena, error);
    const struct quipu_subject *subjects;

    return decode_topic(&decoder, mapper, find_topic(mapper, item->topic, NULL),
                        event, &subjects);
}

int quipu_mapper_lend(const quipu_mapper *mapper, const quipu_item *item,
                      struct quipu_lent_event *lent, quipu_error *error)
{
    quipu_decoder decoder = decoder_of(mapper, item, &lent->arena, error);

    decoder.lends = true;
    quipu_arena_reset(&lent->arena);
    lent->event = NULL;
    lent->subjects = NULL;
    lent->topic = find_topic(mapper, item->topic, lent->topic);
    if (item->flags & QUIPU_ITEM_ERASED || is_retired(lent->topic)) {
        return QUIPU_OK;
    }
    return decode_topic(&decoder, mapper, lent->topic, &lent->event,
                        &lent->subjects);
}

int quipu_mapper_event(const quipu_mapper *mapper, const quipu_item *item,
                       quipu_event **event, quipu_error *error)
{
    quipu_arena arena;
    quipu_event *decoded = NULL;
    int status;

    quipu_arena_init(&arena);
    status = quipu_mapper_decode(mapper, item, &arena, &decoded, error);
    if (status == QUIPU_OK) {
        status = quipu_event_copy(decoded, event, error);
    }
    quipu_arena_finish(&arena);
    return status;
}
