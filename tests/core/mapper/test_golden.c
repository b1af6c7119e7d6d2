/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that the bytes of a state are as docs/state-format.md defines them.  Do
 * not change the expected bytes: existing stores contain such states. */
#include "harness.h"

static const quipu_event_type *const types[] = { &sample_type };

/* clang-format off */
static const uint8_t envelope[] = {
    0xC1, 0x01,                                     /* mark, version */
    0x83,                                           /* head of 3 */
    0x01, 0xC4, 0x10,                               /* 1: event id */
    0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A,
    0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A,
    0x03, 0xD7, 0xFF,                               /* 3: time */
    0x1D, 0x6F, 0x28, 0x00, 0x59, 0x26, 0xC7, 0x40,
    0x05, 0xC4, 0x09,                               /* 5: metadata */
    'm', 'e', 't', 'a', 0, 'd', 'a', 't', 'a',
};

static const uint8_t members[] = {
    0xDE, 0x00, 0x18,                               /* map of 24 */
    0xA4, 'f', 'l', 'a', 'g', 0xC3,
    0xA2, 'i', '8', 0xFB,                           /* -5 */
    0xA3, 'i', '1', '6', 0xD1, 0xFE, 0xD4,          /* -300 */
    0xA3, 'i', '3', '2', 0xCE, 0x00, 0x01, 0x11, 0x70,
    0xA3, 'i', '6', '4',
    0xD3, 0xFF, 0xFF, 0xFF, 0xFE, 0xD5, 0xFA, 0x0E, 0x00,
    0xA2, 'u', '8', 0xCC, 0xC8,                     /* 200 */
    0xA3, 'u', '1', '6', 0xCD, 0xEA, 0x60,          /* 60000 */
    0xA3, 'u', '3', '2', 0xCE, 0xEE, 0x6B, 0x28, 0x00,
    0xA3, 'u', '6', '4',
    0xCF, 0x00, 0x00, 0x00, 0x02, 0x54, 0x0B, 0xE4, 0x00,
    0xA6, 's', 'i', 'n', 'g', 'l', 'e', 0xCA, 0x3F, 0xA0, 0x00, 0x00,
    0xA4, 'r', 'e', 'a', 'l',
    0xCB, 0x3F, 0xB9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9A,
    0xA4, 't', 'e', 'x', 't', 0xA3, 'b', 'a', 'r',
    0xA5, 'b', 'y', 't', 'e', 's', 0xC4, 0x04, 0x00, 0x01, 0x02, 0xFF,
    0xA4, 'u', 'u', 'i', 'd', 0xC4, 0x10,
    0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5,
    0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5, 0xA5,
    0xA4, 'w', 'h', 'e', 'n', 0xC7, 0x0C, 0xFF,     /* -1 microsecond */
    0x3B, 0x9A, 0xC6, 0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xA2, 'i', 'd', 0xC4, 0x03, 'a', 'b', 'c',
    0xA5, 'p', 'o', 'i', 'n', 't', 0x82,
    0xA1, 'x', 0x0C, 0xA1, 'y', 0xCA, 0xBF, 0xC0, 0x00, 0x00,
    0xA5, 'm', 'a', 'y', 'b', 'e', 0xD0, 0xB3,      /* -77 */
    0xA4, 'n', 'o', 't', 'e', 0xA5, 'n', 'o', 't', 'e', 'd',
    0xA4, 'b', 'l', 'o', 'b', 0xC4, 0x00,
    0xA5, 'l', 'i', 'n', 'e', 's', 0x93,            /* array of 3 */
    0x83, 0xA4, 'w', 'h', 'a', 't', 0xA3, 'o', 'n', 'e',
    0xA6, 'a', 'm', 'o', 'u', 'n', 't', 0x01,
    0xA2, 'a', 't', 0x82,
    0xA1, 'x', 0xFD, 0xA1, 'y', 0xCA, 0x3F, 0x00, 0x00, 0x00,
    0x82, 0xA4, 'w', 'h', 'a', 't', 0xA0,           /* `at` is absent */
    0xA6, 'a', 'm', 'o', 'u', 'n', 't', 0xCE, 0xFF, 0xFF, 0xFF, 0xFF,
    0x83, 0xA4, 'w', 'h', 'a', 't', 0xAB,
    'd', 0xC3, 0xB6, 'n', 'e', 'r', ' ', 0xF0, 0x9F, 0xA5, 0x99,
    0xA6, 'a', 'm', 'o', 'u', 'n', 't', 0x00,
    0xA2, 'a', 't', 0x82,
    0xA1, 'x', 0xCD, 0x7F, 0xFF, 0xA1, 'y', 0xCA, 0x80, 0x00, 0x00, 0x00,
    0xA5, 'n', 'a', 'm', 'e', 's', 0x93,
    0xA3, 'A', 'd', 'a', 0xA0, 0xA5, 'G', 'r', 'a', 'c', 'e',
    0xA7, 'n', 'u', 'm', 'b', 'e', 'r', 's', 0x94,
    0x00, 0xFF, 0xD1, 0x80, 0x00, 0xCD, 0x7F, 0xFF,
    0xA5, 'l', 'i', 'm', 'i', 't', 0x05,
};
/* clang-format on */

static void assert_state(const quipu_schema *schema, const void *expected,
                         size_t size)
{
    const quipu_mapping mapping = harness_mapping(types);
    struct harness harness;
    struct sample sample;
    quipu_item *item;

    harness_open(&harness, schema, &mapping);
    sample_full(&sample);
    item = harness_encode(&harness, &sample.base);
    assert_bytes(item->state.data, item->state.size, expected, size);
    item->state.data = expected;
    sample_assert_equal(harness_decode(&harness, item), &sample);
    harness_close(&harness);
}

static void state_without_envelope_is_the_map(void **state)
{
    quipu_schema schema = harness_schema();

    (void)state;
    schema.event_id = "event_id";
    schema.metadata = "metadata";
    schema.time = "time";
    assert_state(&schema, members, sizeof(members));
}

static void envelope_precedes_the_map(void **state)
{
    const quipu_schema schema = harness_schema();
    uint8_t both[sizeof(envelope) + sizeof(members)];

    (void)state;
    memcpy(both, envelope, sizeof(envelope));
    memcpy(both + sizeof(envelope), members, sizeof(members));
    assert_state(&schema, both, sizeof(both));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_without_envelope_is_the_map),
        cmocka_unit_test(envelope_precedes_the_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
