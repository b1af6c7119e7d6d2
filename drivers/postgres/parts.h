/* SPDX-License-Identifier: Apache-2.0 */
/* What of an item one array of a statement has. */
#ifndef POSTGRES_DRIVER_PARTS_H
#define POSTGRES_DRIVER_PARTS_H

#include "group.h"

enum part {
    PART_SEQUENCE,
    PART_POSITION,
    PART_REF, /* of a place in the group, not of an item */
    PART_TOPIC,
    PART_STATE,
    PART_EVENT_ID,
    PART_METADATA,
    PART_TIME,
    PART_COLUMN /* and on */
};

/* The type of the ids of a section's sequences. */
enum type quipu_postgres_id_type(const struct section *section);

/* Puts a part of an item as it came, any but PART_REF, into an array. */
void quipu_postgres_put_part(struct arguments *arguments,
                             const quipu_item *item, size_t part);

#endif
