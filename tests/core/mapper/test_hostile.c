/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that every state, however malformed, is decoded or refused. */
#include <stdlib.h>

#include "harness.h"

#include <quipu/memory.h>

static const quipu_event_type *const types[] = { &sample_type };

static int set_up(void **state)
{
    static struct harness harness;
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);

    harness_open(&harness, &schema, &mapping);
    *state = &harness;
    return 0;
}

static int tear_down(void **state)
{
    harness_close(*state);
    return 0;
}

/* Returns the item of a sample, valid until the next call. */
static quipu_item make_item(struct harness *harness)
{
    static uint8_t bytes[1024];
    struct sample sample;
    quipu_item item;

    sample_full(&sample);
    item = *harness_encode(harness, &sample.base);
    assert_true(item.state.size <= sizeof(bytes));
    memcpy(bytes, item.state.data, item.state.size);
    item.state.data = bytes;
    item.sequence_id.data = "0123456789abcdef";
    return item;
}

/* Decodes bytes: the result must be an event that can be stored again, or
 * CORRUPT or UNSUPPORTED with a message that names the item. */
static int decode(struct harness *harness, quipu_item item, const void *bytes,
                  size_t size)
{
    void *exact = quipu_allocate(size + !size);
    quipu_event *event = NULL;
    int status;

    /* cppcheck-suppress uninitvar ; the callers fill what they measure */
    memcpy(exact, bytes, size);
    item.state = (quipu_bytes){ exact, size };
    quipu_arena_reset(&harness->arena);
    status = quipu_mapper_decode(harness->mapper, &item, &harness->arena,
                                 &event, &harness->error);
    quipu_release(exact); /* the event does not point into it */
    if (status == QUIPU_OK) {
        harness_encode(harness, event);
        return status;
    }
    assert_true(status == QUIPU_CORRUPT || status == QUIPU_UNSUPPORTED);
    assert_int_equal(harness->error.code, status);
    assert_contains(harness->error.message, "event Sample.Taken of sequence");
    return status;
}

static void every_prefix_is_corrupt(void **state)
{
    const quipu_item item = make_item(*state);

    for (size_t size = 0; size < item.state.size; size++) {
        assert_int_equal(decode(*state, item, item.state.data, size),
                         QUIPU_CORRUPT);
    }
    assert_int_equal(decode(*state, item, item.state.data, item.state.size),
                     QUIPU_OK);
}

static void every_changed_byte_decodes_or_is_refused(void **state)
{
    const quipu_item item = make_item(*state);
    uint8_t *bytes = quipu_allocate(item.state.size);
    int refused = 0;

    memcpy(bytes, item.state.data, item.state.size);
    for (size_t at = 0; at < item.state.size; at++) {
        const uint8_t right = bytes[at];

        for (int value = 0; value < 256; value++) {
            bytes[at] = (uint8_t)value;
            refused += decode(*state, item, bytes, item.state.size) != QUIPU_OK;
        }
        bytes[at] = right;
    }
    assert_true(refused > 1000);
    quipu_release(bytes);
}

static void trailing_bytes_are_corrupt(void **state)
{
    const quipu_item item = make_item(*state);
    uint8_t *bytes = quipu_allocate(item.state.size + 1);

    memcpy(bytes, item.state.data, item.state.size);
    for (int value = 0; value < 256; value++) {
        bytes[item.state.size] = (uint8_t)value;
        assert_int_equal(decode(*state, item, bytes, item.state.size + 1),
                         QUIPU_CORRUPT);
    }
    quipu_release(bytes);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void random_bytes_decode_or_are_refused(void **state)
{
    const quipu_item item = make_item(*state);
    uint32_t seed = 1495713600;
    uint8_t bytes[64] = { 0 };

    for (int round = 0; round < 10000; round++) {
        size_t size = next_random(&seed) % sizeof(bytes);

        for (size_t i = 0; i < size; i++) {
            bytes[i] = (uint8_t)next_random(&seed);
        }
        decode(*state, item, bytes, size);
        if (size > 2) { /* in an envelope's head */
            bytes[0] = 0xC1;
            bytes[1] = 1;
            decode(*state, item, bytes, size);
        }
    }
}

static void random_changes_decode_or_are_refused(void **state)
{
    const quipu_item item = make_item(*state);
    uint8_t *bytes = quipu_allocate(item.state.size);
    uint32_t seed = 42;

    for (int round = 0; round < 10000; round++) {
        memcpy(bytes, item.state.data, item.state.size);
        for (uint32_t i = next_random(&seed) % 4; i < 4; i++) {
            bytes[next_random(&seed) % item.state.size] =
                (uint8_t)next_random(&seed);
        }
        decode(*state, item, bytes, item.state.size);
    }
    quipu_release(bytes);
}

/* ----------------------------------------------------- deep nesting, sizes */

static size_t largest_request;

static void *watch_allocate(size_t size)
{
    largest_request = size > largest_request ? size : largest_request;
    return malloc(size);
}

static void *watch_reallocate(void *memory, size_t size)
{
    largest_request = size > largest_request ? size : largest_request;
    return realloc(memory, size);
}

/* A count of 2^32 - 1 of anything, in a state of few bytes. */
static void declared_sizes_allocate_nothing(void **state)
{
    static const char *const keys[] = { "lines", "names", "numbers", "text",
                                        "bytes" };
    static const uint8_t heads[] = { 0xDD, 0xDF, 0xDB, 0xC6, 0xC9 };
    const quipu_allocator watch = { sizeof(watch), 0, watch_allocate,
                                    watch_reallocate, free };
    struct harness own;
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    quipu_item item;
    uint8_t bytes[40];

    (void)state;
    assert_ok(quipu_allocator_use(&watch, NULL), NULL);
    harness_open(&own, &schema, &mapping);
    item = make_item(&own);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        size_t size = strlen(keys[i]);

        bytes[0] = 0x81;
        bytes[1] = (uint8_t)(0xA0 | size);
        memcpy(bytes + 2, keys[i], size);
        memset(bytes + 2 + size, 0xFF, sizeof(bytes) - 2 - size);
        for (size_t head = 0; head < sizeof(heads); head++) {
            bytes[2 + size] = heads[head];
            largest_request = 0;
            assert_int_equal(decode(&own, item, bytes, sizeof(bytes)),
                             QUIPU_CORRUPT);
            assert_true(largest_request < 20000);
        }
    }
    harness_close(&own);
    assert_ok(quipu_allocator_use(NULL, NULL), NULL);
}

static void a_million_nested_arrays_are_refused(void **state)
{
    const size_t size = 1000000;
    const quipu_item item = make_item(*state);
    uint8_t *bytes = quipu_allocate(size);

    bytes[0] = 0x81;
    memcpy(bytes + 1, "\xA1?", 2);
    memset(bytes + 3, 0x91, size - 3);
    assert_int_equal(decode(*state, item, bytes, size), QUIPU_CORRUPT);
    bytes[size - 1] = 1; /* well-formed, but the fields are missing */
    assert_int_equal(decode(*state, item, bytes, size), QUIPU_CORRUPT);
    assert_contains(((struct harness *)*state)->error.message, "is missing");
    quipu_release(bytes);
}

int main(void)
{
#define WITH_MAPPER(test) \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_MAPPER(every_prefix_is_corrupt),
        WITH_MAPPER(every_changed_byte_decodes_or_is_refused),
        WITH_MAPPER(trailing_bytes_are_corrupt),
        WITH_MAPPER(random_bytes_decode_or_are_refused),
        WITH_MAPPER(random_changes_decode_or_are_refused),
        cmocka_unit_test(declared_sizes_allocate_nothing),
        WITH_MAPPER(a_million_nested_arrays_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
