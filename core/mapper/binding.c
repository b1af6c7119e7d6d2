/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binds an event type to a mapper: finds its attributes and checks that they
 * suit what they are used for.
 *
 * An attribute is stored in exactly one authoritative place:
 *
 *   B1  the item's sequence id and position, for the two of the mapping;
 *   B2  a column of its own, for event id, time and metadata, if the schema has
 *       one;
 *   B3  the envelope, for what remains of the base;
 *   B4  the map of the members, for the fields of the type other than B1.
 *
 * Further columns hold copies, and are not read back.  The topic is always the
 * item's topic.
 */
#include <quipu/error.h>

#include "event/attribute.h"
#include "event/field.h"
#include "mapper/column.h"
#include "mapper/envelope.h"
#include "mapper/mapper.h"

/* Returns true if an attribute always has a value that can be a sequence id. */
static bool can_be_sequence_id(const quipu_mapper *mapper,
                               const quipu_field *attribute)
{
    if (attribute->flags) {
        return false;
    }
    switch (attribute->kind) {
    case QUIPU_KIND_ID:
        return true;
    case QUIPU_KIND_TEXT:
    case QUIPU_KIND_FIXED_TEXT:
        return mapper->text_ids;
    case QUIPU_KIND_UUID:
        return !mapper->text_ids;
    default:
        return false;
    }
}

/* Returns true if an attribute always has a value that can be a position. */
static bool can_be_position(const quipu_field *attribute)
{
    return !attribute->flags && (attribute->kind == QUIPU_KIND_INT ||
                                 attribute->kind == QUIPU_KIND_UINT ||
                                 attribute->kind == QUIPU_KIND_TIME);
}

/* Refuses a personal attribute where it would stand in clear (X7). */
static int check_personal(const quipu_binding *binding,
                          const quipu_field *attribute, const char *use,
                          quipu_error *error)
{
    if (!quipu_field_is_personal(attribute)) {
        return QUIPU_OK;
    }
    return quipu_error_set(error, QUIPU_INVALID,
                           "attribute %s of event type %s is personal, and %s, "
                           "which is not sealed",
                           attribute->name, binding->type->topic, use);
}

static int resolve_sequence_id(quipu_binding *binding,
                               const quipu_mapper *mapper,
                               const quipu_mapping *mapping, quipu_error *error)
{
    const char *name =
        mapping->sequence_id
            ? mapping->sequence_id
            : quipu_attribute_base[QUIPU_BASE_ORIGINATOR_ID].name;
    const quipu_field *attribute =
        mapping->sequence_id ? quipu_attribute_find(binding->type, name)
                             : &quipu_attribute_base[QUIPU_BASE_ORIGINATOR_ID];

    if (!attribute) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "event type %s has no attribute %s, which is "
                               "to be the sequence id",
                               binding->type->topic, name);
    }
    int status =
        check_personal(binding, attribute, "cannot be the sequence id", error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!can_be_sequence_id(mapper, attribute)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "attribute %s of event type %s cannot be the "
                               "sequence id: in this schema that is %s, "
                               "always there",
                               name, binding->type->topic,
                               mapper->text_ids ? "a text or an id"
                                                : "a uuid or an id");
    }
    binding->key.sequence_id = attribute;
    return QUIPU_OK;
}

static int resolve_position(quipu_binding *binding,
                            const quipu_mapping *mapping, quipu_error *error)
{
    const char *name =
        mapping->position
            ? mapping->position
            : quipu_attribute_base[QUIPU_BASE_ORIGINATOR_VERSION].name;
    const quipu_field *attribute =
        mapping->position
            ? quipu_attribute_find(binding->type, name)
            : &quipu_attribute_base[QUIPU_BASE_ORIGINATOR_VERSION];

    if (!attribute) {
        return quipu_error_set(
            error, QUIPU_INVALID,
            "event type %s has no attribute %s, which is to be the position",
            binding->type->topic, name);
    }
    int status =
        check_personal(binding, attribute, "cannot be the position", error);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!can_be_position(attribute)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "attribute %s of event type %s cannot be the "
                               "position: that is an integer or a time, "
                               "always there",
                               name, binding->type->topic);
    }
    binding->key.position = attribute;
    return QUIPU_OK;
}

static int resolve_columns(quipu_binding *binding, const quipu_mapper *mapper,
                           quipu_error *error)
{
    for (size_t i = 0; i < mapper->column_count; i++) {
        const quipu_further_column *column = &mapper->columns[i];
        const quipu_field *attribute =
            quipu_attribute_find(binding->type, column->name);
        int status = attribute
                         ? check_personal(binding, attribute,
                                          "cannot go into a column", error)
                         : QUIPU_OK;

        if (status != QUIPU_OK) {
            return status;
        }
        if (attribute && !quipu_column_fits(column->kind, attribute)) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "attribute %s of event type %s, %s %s, "
                                   "does not fit its column, of %s",
                                   column->name, binding->type->topic,
                                   attribute->flags & QUIPU_FIELD_IS_ARRAY
                                       ? "an array of"
                                       : "of kind",
                                   quipu_field_kind_name(attribute->kind),
                                   quipu_column_kind_name(column->kind));
        }
        binding->columns[i] = attribute;
    }
    return QUIPU_OK;
}

/* Personal members need keys. */
static int check_keys(quipu_binding *binding, const quipu_mapper *mapper,
                      quipu_error *error)
{
    for (const quipu_field *f = binding->type->fields; f && f->name; f++) {
        if (!quipu_field_is_personal(f)) {
            continue;
        }
        binding->has_personal = true;
        if (!mapper->sealer->has_keys) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "attribute %s of event type %s is personal, "
                                   "and the mapping has no keys to seal it "
                                   "with",
                                   f->name, binding->type->topic);
        }
    }
    return QUIPU_OK;
}

/* Returns the attributes of the base that only the envelope can hold (B3), as
 * enum quipu_envelope_part. */
static unsigned envelope_parts(const quipu_binding *binding,
                               const quipu_mapper *mapper)
{
    const quipu_field *id = binding->key.sequence_id;
    const quipu_field *position = binding->key.position;
    unsigned parts = 0;

    if (!mapper->has_event_id && !quipu_attribute_is(id, QUIPU_BASE_EVENT_ID)) {
        parts |= QUIPU_ENVELOPE_EVENT_ID;
    }
    if (!mapper->has_time && !quipu_attribute_is(position, QUIPU_BASE_TIME)) {
        parts |= QUIPU_ENVELOPE_TIME;
    }
    if (!mapper->has_metadata) {
        parts |= QUIPU_ENVELOPE_METADATA;
    }
    if (!quipu_attribute_is(id, QUIPU_BASE_ORIGINATOR_ID)) {
        parts |= QUIPU_ENVELOPE_ORIGINATOR_ID;
    }
    if (!quipu_attribute_is(position, QUIPU_BASE_ORIGINATOR_VERSION)) {
        parts |= QUIPU_ENVELOPE_ORIGINATOR_VERSION;
    }
    return parts;
}

int quipu_binding_resolve(quipu_binding *binding, const quipu_mapper *mapper,
                          const quipu_mapping *mapping, quipu_error *error)
{
    int status = resolve_sequence_id(binding, mapper, mapping, error);

    if (status == QUIPU_OK) {
        status = resolve_position(binding, mapping, error);
    }
    if (status == QUIPU_OK) {
        status = resolve_columns(binding, mapper, error);
    }
    if (status == QUIPU_OK) {
        status = check_keys(binding, mapper, error);
    }
    if (status == QUIPU_OK) {
        binding->key.text_ids = mapper->text_ids;
        binding->key.sparse = mapper->sparse;
        binding->parts = envelope_parts(binding, mapper);
    }
    return status;
}
