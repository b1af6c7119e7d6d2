/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A libFuzzer target that takes the input as the state of an item.  An event
 * that is decoded must be encoded and decoded again with the same bytes.
 *
 * quipu_state_check must agree with the mapper (the invariants of state.c):
 *
 *   A1  The check accepts an envelope exactly if the mapper does.
 *   A2  A type without fields, whose reader skips every value, reads each state
 *       that the check accepts.
 *   A3  The check accepts each state that the sample's type reads without
 *       skipping a value.
 *   A4  The check accepts a value exactly if a member of some kind can hold it.
 *       Maps, and arrays of maps or of several kinds of numbers, are compared
 *       in one direction.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quipu/quipu.h>

#include "base/arena.h"
#include "core/mapper/sample.h"
#include "encoding/reader.h"
#include "mapper/mapper.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Members of each kind, of which each type of `one_types` has one, called x. */
struct one {
    quipu_event base;
    union {
        bool truth;
        int64_t integer;
        uint64_t natural;
        double real;
        const char *text;
        char fixed_text[8];
        quipu_bytes bytes;
        quipu_time time;
        void *array;
    } x;
    size_t count;
};

/* clang-format off */
#define ONE(of_kind, of_size, with)               \
    {                                             \
        { .name = "x",                            \
          .kind = (of_kind),                      \
          .flags = (with),                        \
          .offset = offsetof(struct one, x),      \
          .size = (of_size),                      \
          .extra = offsetof(struct one, count) }, \
        { 0 }                                     \
    }
/* clang-format on */
#define KIND(kind, type) \
    ONE(kind, sizeof(type), 0), ONE(kind, sizeof(type), QUIPU_FIELD_IS_ARRAY)

static const quipu_field one_fields[][2] = {
    KIND(QUIPU_KIND_BOOL, bool),
    KIND(QUIPU_KIND_INT, int64_t),
    KIND(QUIPU_KIND_UINT, uint64_t),
    KIND(QUIPU_KIND_REAL, double),
    KIND(QUIPU_KIND_TEXT, char *),
    KIND(QUIPU_KIND_FIXED_TEXT, char[8]),
    KIND(QUIPU_KIND_BYTES, quipu_bytes),
    KIND(QUIPU_KIND_TIME, quipu_time),
    ONE(QUIPU_KIND_TEXT, sizeof(char *), QUIPU_FIELD_MAY_BE_NULL),
};

#define ONES (sizeof(one_fields) / sizeof(one_fields[0]))

static char one_topics[ONES][8];
static quipu_event_type one_types[ONES];
static const quipu_event_type empty_type = { .topic = "Empty",
                                             .size = sizeof(quipu_event) };

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
    const quipu_event_type *types[ONES + 2] = { &sample_type, &empty_type };
    const quipu_mapping mapping = { .struct_size = sizeof(mapping),
                                    .types = types,
                                    .type_count = ONES + 2 };

    if (mapper) {
        return;
    }
    for (size_t i = 0; i < ONES; i++) {
        snprintf(one_topics[i], sizeof(one_topics[i]), "One%zu", i);
        one_types[i] = (quipu_event_type){ .topic = one_topics[i],
                                           .size = sizeof(struct one),
                                           .fields = one_fields[i] };
        types[i + 2] = &one_types[i];
    }
    demand(quipu_mapper_open(quipu_schema_stored_events(), &mapping, &mapper,
                             NULL) == QUIPU_OK,
           "no mapper");
    demand(quipu_items_create(mapper, &items, NULL) == QUIPU_OK,
           "no list of items");
}

/* Decodes a state as an event of a type. */
static int decode(const quipu_event_type *type, quipu_bytes state,
                  quipu_arena *arena, quipu_event **event)
{
    const quipu_item item = { .sequence_id = { "0123456789abcdef", 16 },
                              .topic = quipu_bytes_of_text(type->topic),
                              .state = state };

    return quipu_mapper_decode(mapper, &item, arena, event, NULL);
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
    struct quipu_lent_event again = { .event = NULL };
    void *state = quipu_arena_copy(arena, item.state.data, item.state.size);
    const size_t size = item.state.size;

    item.state.data = state; /* which the event points into */
    demand(quipu_mapper_lend(mapper, &item, &again, NULL) == QUIPU_OK &&
               again.event,
           "an encoded event cannot be decoded");
    item = encode(again.event);
    demand(item.state.size == size && memcmp(item.state.data, state, size) == 0,
           "an event encodes in two ways");
    quipu_arena_finish(&again.arena);
}

/* ------------------------------------------------ agreement with the check */

static quipu_token next(quipu_reader *reader)
{
    quipu_token token;

    demand(quipu_reader_next(reader, &token) == QUIPU_READ_OK,
           "a state that was read ends");
    return token;
}

static const quipu_field *find(const quipu_field *fields, quipu_bytes name)
{
    while (fields->name &&
           !quipu_bytes_equal(quipu_bytes_of_text(fields->name), name)) {
        fields++;
    }
    return fields->name ? fields : NULL;
}

/* Moves the reader behind a map that has been read as a struct.  Returns true
 * if the struct has a field for each of its keys. */
static bool has_all_keys(quipu_reader *reader, const quipu_field *fields,
                         const quipu_token *map)
{
    bool all = true;

    for (uint32_t i = 0; i < map->count; i++) {
        quipu_token token = next(reader);
        const quipu_field *field = find(fields, token.bytes);
        uint32_t structs = field && field->kind == QUIPU_KIND_STRUCT;

        all = all && field;
        token = next(reader);
        if (structs && token.kind == QUIPU_TOKEN_ARRAY) {
            structs = token.count;
            for (uint32_t j = 0; j < structs; j++) {
                token = next(reader);
                all = has_all_keys(reader, field->fields, &token) && all;
            }
        } else if (structs && token.kind == QUIPU_TOKEN_MAP) {
            all = has_all_keys(reader, field->fields, &token) && all;
        } else {
            quipu_reader_skip(reader, &token);
        }
    }
    return all;
}

/* A3; `fields` have been read as a sample. */
static void demand_check_accepts(quipu_bytes state, quipu_bytes fields)
{
    quipu_reader reader = quipu_reader_of(fields);
    const quipu_token map = next(&reader);

    if (has_all_keys(&reader, sample_fields, &map)) {
        demand(quipu_state_check(state, NULL) == QUIPU_OK,
               "the check refuses a state that was read (A3)");
    }
}

/* A1 and A2. */
static void compare_envelope(quipu_arena *arena, quipu_bytes state,
                             quipu_bytes fields, int split)
{
    const size_t size = state.size - fields.size;
    quipu_event *event;
    uint8_t *copy;
    int status = decode(&empty_type, state, arena, &event);

    if (split != QUIPU_OK) {
        demand(status == split, "the check refuses an envelope (A1)");
        return;
    }
    if (quipu_state_check(state, NULL) == QUIPU_OK) {
        demand(status == QUIPU_OK, "the mapper refuses a state (A2)");
    }
    copy = quipu_arena_allocate(arena, size + 1);
    demand(copy, "no memory");
    memcpy(copy, state.data ? state.data : "", size);
    copy[size] = 0x80;
    status =
        decode(&empty_type, (quipu_bytes){ copy, size + 1 }, arena, &event);
    demand(status == QUIPU_OK, "the mapper refuses an envelope (A1)");
}

/* Returns true if a member of some kind can hold x of the state. */
static bool is_held(quipu_arena *arena, quipu_bytes state)
{
    quipu_event *event;
    bool held = false;

    for (size_t i = 0; i < ONES; i++) {
        held |= decode(&one_types[i], state, arena, &event) == QUIPU_OK;
    }
    return held;
}

/* Returns true if the value is no container, or an array of such values of one
 * kind; the reader is behind its head. */
static bool is_plain(quipu_reader reader, const quipu_token *value)
{
    int kind = 0;

    if (value->kind != QUIPU_TOKEN_ARRAY) {
        return value->kind != QUIPU_TOKEN_MAP;
    }
    for (uint32_t i = 0; i < value->count; i++) {
        const quipu_token token = next(&reader);

        kind = i == 0 ? token.kind : kind;
        if (token.kind != kind || kind == QUIPU_TOKEN_MAP ||
            kind == QUIPU_TOKEN_ARRAY) {
            return false;
        }
    }
    return true;
}

/* A4: for the value after the first key of the fields. */
static void compare_value(quipu_arena *arena, quipu_bytes fields)
{
    quipu_reader reader = quipu_reader_of(fields);
    quipu_reader rest;
    const uint8_t *start;
    quipu_bytes state;
    quipu_token token;
    bool held;
    bool accepted;
    char *copy;

    if (quipu_reader_next(&reader, &token) != QUIPU_READ_OK ||
        token.kind != QUIPU_TOKEN_MAP || token.count == 0 ||
        quipu_reader_next(&reader, &token) != QUIPU_READ_OK ||
        quipu_reader_skip(&reader, &token) != QUIPU_READ_OK) {
        return;
    }
    start = reader.at;
    if (quipu_reader_next(&reader, &token) != QUIPU_READ_OK) {
        return;
    }
    rest = reader;
    if (quipu_reader_skip(&reader, &token) != QUIPU_READ_OK) {
        return;
    }
    state.size = 3 + (size_t)(reader.at - start);
    copy = quipu_arena_allocate(arena, state.size);
    demand(copy, "no memory");
    memcpy(copy, "\x81\xa1x", 3);
    memcpy(copy + 3, start, state.size - 3);
    state.data = copy;
    held = is_held(arena, state);
    accepted = quipu_state_check(state, NULL) == QUIPU_OK;
    demand(accepted || !held, "the check refuses a value (A4)");
    if (is_plain(rest, &token)) {
        demand(held || !accepted, "no member can hold a value (A4)");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const quipu_bytes state = { data, size };
    quipu_state parts;
    quipu_arena arena;
    quipu_event *event;
    int split;
    int status;

    open_once();
    quipu_arena_init(&arena);
    split = quipu_state_split(state, &parts, NULL);
    status = decode(&sample_type, state, &arena, &event);
    if (split == QUIPU_OK && parts.version > 1) {
        demand(status == QUIPU_UNSUPPORTED, "a newer version is read");
        quipu_arena_finish(&arena);
        return 0;
    }
    if (status == QUIPU_OK) {
        demand(split == QUIPU_OK, "the check refuses an envelope (A1)");
        round_trip(&arena, event);
        demand_check_accepts(state, parts.fields);
    } else {
        demand(status == QUIPU_CORRUPT || status == QUIPU_UNSUPPORTED,
               "another status than CORRUPT or UNSUPPORTED");
    }
    compare_envelope(&arena, state, parts.fields, split);
    if (split == QUIPU_OK) {
        compare_value(&arena, parts.fields);
    }
    quipu_arena_finish(&arena);
    return 0;
}
