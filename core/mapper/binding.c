/* SPDX-License-Identifier: Apache-2.0 */
/* Resolves the attributes of an event type. */
#include <quipu/error.h>

#include "event/kind.h"
#include "mapper/base.h"
#include "mapper/binding.h"
#include "mapper/column.h"
#include "mapper/envelope.h"

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
        return mapper->text_ids;
    case QUIPU_KIND_UUID:
        return !mapper->text_ids;
    default:
        return false;
    }
}

static bool can_be_position(const quipu_field *attribute)
{
    return !attribute->flags && (attribute->kind == QUIPU_KIND_INT ||
                                 attribute->kind == QUIPU_KIND_UINT ||
                                 attribute->kind == QUIPU_KIND_TIME);
}

static int resolve_sequence_id(const quipu_mapper *mapper,
                               const quipu_mapping *mapping,
                               quipu_binding *binding, quipu_error *error)
{
    const char *name = mapping->sequence_id
                           ? mapping->sequence_id
                           : quipu_base_fields[QUIPU_BASE_ORIGINATOR_ID].name;
    const quipu_field *attribute =
        mapping->sequence_id ? quipu_attribute_find(binding->type, name)
                             : &quipu_base_fields[QUIPU_BASE_ORIGINATOR_ID];

    if (!attribute) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "event type %s has no attribute %s, which is "
                               "to be the sequence id",
                               binding->type->topic, name);
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
    binding->mapped.first = attribute;
    return QUIPU_OK;
}

static int resolve_position(const quipu_mapping *mapping,
                            quipu_binding *binding, quipu_error *error)
{
    const char *name =
        mapping->position
            ? mapping->position
            : quipu_base_fields[QUIPU_BASE_ORIGINATOR_VERSION].name;
    const quipu_field *attribute =
        mapping->position ? quipu_attribute_find(binding->type, name)
                          : &quipu_base_fields[QUIPU_BASE_ORIGINATOR_VERSION];

    if (!attribute) {
        return quipu_error_set(
            error, QUIPU_INVALID,
            "event type %s has no attribute %s, which is to be the position",
            binding->type->topic, name);
    }
    if (!can_be_position(attribute)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "attribute %s of event type %s cannot be the "
                               "position: that is an integer or a time, "
                               "always there",
                               name, binding->type->topic);
    }
    binding->mapped.second = attribute;
    return QUIPU_OK;
}

static int resolve_columns(const quipu_mapper *mapper, quipu_binding *binding,
                           quipu_error *error)
{
    const quipu_further_column *column;
    const quipu_field *attribute;
    size_t i;

    for (i = 0; i < mapper->column_count; i++) {
        column = &mapper->columns[i];
        attribute = quipu_attribute_find(binding->type, column->name);
        if (attribute && !quipu_column_fits(column->kind, attribute)) {
            return quipu_error_set(error, QUIPU_INVALID,
                                   "attribute %s of event type %s, %s %s, "
                                   "does not fit its column, of %s",
                                   column->name, binding->type->topic,
                                   attribute->flags & QUIPU_FIELD_IS_ARRAY
                                       ? "an array of"
                                       : "of kind",
                                   quipu_kind_name(attribute->kind),
                                   quipu_column_kind_name(column->kind));
        }
        binding->columns[i] = attribute;
    }
    return QUIPU_OK;
}

/* What of the base only the envelope can hold. */
static unsigned resolve_parts(const quipu_mapper *mapper,
                              const quipu_binding *binding)
{
    const quipu_field *id = binding->mapped.first;
    const quipu_field *position = binding->mapped.second;
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

int quipu_binding_resolve(const quipu_mapper *mapper,
                          const quipu_mapping *mapping, quipu_binding *binding,
                          quipu_error *error)
{
    int status = resolve_sequence_id(mapper, mapping, binding, error);

    if (status == QUIPU_OK) {
        status = resolve_position(mapping, binding, error);
    }
    if (status == QUIPU_OK) {
        status = resolve_columns(mapper, binding, error);
    }
    if (status == QUIPU_OK) {
        binding->parts = resolve_parts(mapper, binding);
    }
    return status;
}
