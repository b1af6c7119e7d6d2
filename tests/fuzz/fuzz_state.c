/* SPDX-License-Identifier: Apache-2.0 */
/* A libFuzzer target that takes the input as the state of an item.  An event
 * that is decoded must be encoded and decoded again with the same bytes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/quipu.h>

#include "base/arena.h"
#include "core/mapper/sample.h"
#include "mapper/mapper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static quipu_mapper *mapper;
static quipu_items *items;

static void demand(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "fuzz_state: %s\n", what);
        abort();
    }
}

static void open_once(void)
{
    static const quipu_event_type *const types[] = { &sample_type };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = 1 };

    if (!mapper) {
        demand(quipu_mapper_open(quipu_schema_stored_events(), &mapping,
                                 &mapper, NULL) == QUIPU_OK,
               "no mapper");
        demand(quipu_items_create(mapper, &items, NULL) == QUIPU_OK,
               "no list of items");
    }
}

static quipu_item encode(const quipu_event *event)
{
    size_t count;

    quipu_items_clear(items);
    demand(quipu_items_add(items, event, NULL) == QUIPU_OK,
           "a decoded event cannot be encoded");
    return *quipu_items_array(items, &count);
}

static void round_trip(quipu_arena *arena, const quipu_event *event)
{
    quipu_item item = encode(event);
    quipu_event *again;
    void *state = quipu_arena_copy(arena, item.state.data, item.state.size);
    const size_t size = item.state.size;

    demand(quipu_mapper_decode(mapper, &item, arena, &again, NULL) == QUIPU_OK,
           "an encoded event cannot be decoded");
    item = encode(again);
    demand(item.state.size == size && memcmp(item.state.data, state, size) == 0,
           "an event encodes in two ways");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const quipu_item item = { .sequence_id = { "0123456789abcdef", 16 },
                              .topic = quipu_bytes_of_text(sample_type.topic),
                              .state = { data, size } };
    quipu_arena arena;
    quipu_event *event;
    quipu_error error;
    int status;

    open_once();
    quipu_arena_init(&arena);
    status = quipu_mapper_decode(mapper, &item, &arena, &event, &error);
    if (status == QUIPU_OK) {
        round_trip(&arena, event);
    } else {
        demand(status == QUIPU_CORRUPT || status == QUIPU_UNSUPPORTED,
               "another status than CORRUPT or UNSUPPORTED");
    }
    quipu_arena_finish(&arena);
    return 0;
}
