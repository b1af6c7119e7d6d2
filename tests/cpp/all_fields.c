/* SPDX-License-Identifier: Apache-2.0 */
#include "all_fields.h"

static const quipu_field part_fields[] = {
    QUIPU_FIELD_DEFAULT(struct all_part, cents, 7),
    QUIPU_FIELD_NULLABLE(struct all_part, what),
    { 0 },
};

static const quipu_field fields[] = {
    QUIPU_FIELD(struct all_fields, yes),
    QUIPU_FIELD(struct all_fields, int8),
    QUIPU_FIELD(struct all_fields, int16),
    QUIPU_FIELD(struct all_fields, int32),
    QUIPU_FIELD_ALIAS(struct all_fields, int32, "number"),
    QUIPU_FIELD(struct all_fields, int64),
    QUIPU_FIELD(struct all_fields, uint8),
    QUIPU_FIELD(struct all_fields, uint64),
    QUIPU_FIELD(struct all_fields, single_real),
    QUIPU_FIELD(struct all_fields, real),
    QUIPU_FIELD_DEFAULT(struct all_fields, text, "none"),
    QUIPU_FIELD_NULLABLE(struct all_fields, note),
    QUIPU_FIELD_DEFAULT(struct all_fields, currency, "EUR"),
    QUIPU_FIELD(struct all_fields, bytes),
    QUIPU_FIELD_NULLABLE(struct all_fields, some_bytes),
    QUIPU_FIELD(struct all_fields, uuid),
    QUIPU_FIELD(struct all_fields, time_of_day),
    QUIPU_FIELD(struct all_fields, id),
    QUIPU_FIELD_OPTIONAL(struct all_fields, limit, has_limit),
    QUIPU_FIELD_ARRAY(struct all_fields, numbers, number_count),
    QUIPU_FIELD_STRUCT(struct all_fields, part, part_fields),
    QUIPU_FIELD_STRUCT_OPTIONAL(struct all_fields, other, has_other,
                                part_fields),
    QUIPU_FIELD_STRUCT_ARRAY(struct all_fields, parts, part_count, part_fields),
    QUIPU_FIELD(struct all_fields, customer),
    QUIPU_FIELD_PERSONAL(struct all_fields, name, customer, "(gone)"),
    QUIPU_FIELD_PERSONAL_NULLABLE(struct all_fields, phone, base.originator_id),
    QUIPU_FIELD_PERSONAL_OPTIONAL(struct all_fields, age, has_age, customer),
    QUIPU_FIELD_PERSONAL_ARRAY(struct all_fields, emails, email_count,
                               customer),
    QUIPU_FIELD_PERSONAL_STRUCT(struct all_fields, secret, part_fields,
                                customer),
    QUIPU_FIELD_IGNORED(struct all_fields, scratch),
    QUIPU_FIELD_DEFAULT(struct all_fields, fee, -5),
    { 0 },
};

const quipu_event_type all_fields_type =
    QUIPU_EVENT_TYPE(struct all_fields, "All.Fields", fields);
