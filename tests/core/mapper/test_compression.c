/* SPDX-License-Identifier: Apache-2.0 */
/* Tests states that are compressed, alone and together with encryption. */
#include "harness.h"

#include <quipu/sealing.h>

static const quipu_event_type *const types[] = { &sample_type };

static char long_text[5000];

/* Opens a mapper that compresses states of more bytes than `above`. */
static void open_mapper(struct harness *harness, uint64_t above, int32_t level)
{
    const quipu_schema schema = harness_schema();
    const quipu_sealing sealing = { .struct_size = sizeof(sealing),
                                    .level = level,
                                    .compress_above = above };
    quipu_mapping mapping = harness_mapping(types);

    mapping.sealing = &sealing;
    harness_open(harness, &schema, &mapping);
}

static void fill(struct sample *sample)
{
    sample_full(sample);
    for (size_t i = 0; i + 1 < sizeof(long_text); i++) {
        long_text[i] = "compressible "[i % 13];
    }
    sample->text = long_text;
}

static bool is_compressed(const quipu_item *item)
{
    quipu_state parts;

    assert_ok(quipu_state_split(item->state, &parts, NULL), NULL);
    return parts.flags & QUIPU_STATE_IS_COMPRESSED;
}

static void large_states_are_compressed(void **state)
{
    struct harness harness;
    struct sample sample;

    (void)state;
    open_mapper(&harness, 1000, 0);
    fill(&sample);
    const quipu_item *item = harness_encode(&harness, &sample.base);

    assert_true(is_compressed(item));
    assert_true(item->state.size < 1000);
    sample_assert_equal(harness_decode(&harness, item), &sample);
    sample_full(&sample); /* a small one */
    item = harness_encode(&harness, &sample.base);
    assert_false(is_compressed(item));
    sample_assert_equal(harness_decode(&harness, item), &sample);
    harness_close(&harness);
}

static void every_mapper_reads_them(void **state)
{
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    struct harness writer;
    struct harness reader;
    struct sample sample;

    (void)state;
    open_mapper(&writer, 1, 19);
    harness_open(&reader, &schema, &mapping);
    fill(&sample);
    sample_assert_equal(
        harness_decode(&reader, harness_encode(&writer, &sample.base)),
        &sample);
    harness_close(&writer);
    harness_close(&reader);
}

static void a_state_that_does_not_shrink_stays_plain(void **state)
{
    const quipu_schema schema = harness_schema();
    const quipu_mapping mapping = harness_mapping(types);
    struct harness harness;
    struct harness plain;
    struct sample sample;

    (void)state;
    open_mapper(&harness, 1, 0);
    harness_open(&plain, &schema, &mapping);
    sample_sparse(&sample);
    static uint8_t noise[3000];
    uint32_t seed = 1;

    for (size_t i = 0; i < sizeof(noise); i++) {
        seed = seed * 1664525 + 1013904223;
        noise[i] = (uint8_t)(seed >> 24);
    }
    sample.bytes = (quipu_bytes){ noise, sizeof(noise) };
    const quipu_item *item = harness_encode(&harness, &sample.base);
    const quipu_item *expected = harness_encode(&plain, &sample.base);

    if (!is_compressed(item)) { /* the other members may shrink */
        assert_bytes(item->state.data, item->state.size, expected->state.data,
                     expected->state.size);
    }
    assert_true(item->state.size <= expected->state.size);
    harness_close(&harness);
    harness_close(&plain);
}

/* A state that announces a size which its contents do not have, and one whose
 * size is above what any state may have. */
static void a_wrong_size_is_corrupt(void **state)
{
    struct harness harness;
    struct sample sample;
    uint8_t bytes[2048];

    (void)state;
    open_mapper(&harness, 1000, 0);
    fill(&sample);
    quipu_item item = *harness_encode(&harness, &sample.base);
    size_t at = 3;

    memcpy(bytes, item.state.data, item.state.size);
    item.state.data = bytes;
    while (memcmp(bytes + at, "\x04\x93\x01\xCD", 4) != 0) {
        at++; /* key 4, an array of 3, codec 1, a number of 16 bits */
    }
    bytes[at + 5] ^= 1;
    harness_reject(&harness, &item, QUIPU_CORRUPT,
                   "cannot be decompressed to its size");
    bytes[at + 5] ^= 1;
    bytes[at + 2] = 2;
    harness_reject(&harness, &item, QUIPU_UNSUPPORTED, "the codec 2");
    bytes[at + 2] = 1;
    bytes[at + 6] = 9;
    harness_reject(&harness, &item, QUIPU_UNSUPPORTED, "dictionary 9");

    static const uint8_t bomb[] = {
        0xC1, 0x01, 0x81, 0x04, 0x93, 0x01,
        0xCE, 0x04, 0x00, 0x00, 0x01, /* 64 MiB + 1 */
        0x00, 0x80
    };

    item.state = (quipu_bytes){ bomb, sizeof(bomb) };
    harness_reject(&harness, &item, QUIPU_CORRUPT, "has a wrong number");
    harness_close(&harness);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_states_are_compressed),
        cmocka_unit_test(every_mapper_reads_them),
        cmocka_unit_test(a_state_that_does_not_shrink_stays_plain),
        cmocka_unit_test(a_wrong_size_is_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
