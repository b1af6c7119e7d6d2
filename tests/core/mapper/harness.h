/* SPDX-License-Identifier: Apache-2.0 */
/* A mapper with a list of items and an arena, for tests. */
#ifndef QUIPU_TESTS_MAPPER_HARNESS_H
#define QUIPU_TESTS_MAPPER_HARNESS_H

#include "quipu_test.h"
#include "sample.h"

#include "base/arena.h"
#include "mapper/mapper.h"

struct harness {
    quipu_mapper *mapper;
    quipu_items *items;
    quipu_arena arena;
    quipu_error error;
};

/* A contiguous schema with uuids and no optional column. */
quipu_schema harness_schema(void);

/* A mapping of one type to the default attributes. */
quipu_mapping harness_mapping(const quipu_event_type *const *type);

void harness_open(struct harness *harness, const quipu_schema *schema,
                  const quipu_mapping *mapping);
void harness_close(struct harness *harness);

/* Returns the item of an event, which must be valid; until the next call. */
quipu_item *harness_encode(struct harness *harness, const quipu_event *event);

/* Asserts that an event is refused, with that in the message. */
void harness_refuse(struct harness *harness, const quipu_event *event,
                    const char *why);

/* Returns the event of an item, which must be valid; until the next call. */
const void *harness_decode(struct harness *harness, const quipu_item *item);

/* Asserts that an item is not decoded, with that in the message. */
void harness_reject(struct harness *harness, const quipu_item *item, int status,
                    const char *why);

#endif
