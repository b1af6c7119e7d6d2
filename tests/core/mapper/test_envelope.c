/* SPDX-License-Identifier: Apache-2.0 */
/* Tests writing and reading envelopes. */
#include "harness.h"

static const quipu_event_type plain_type = { .topic = "Plain",
                                             .size = sizeof(quipu_event) };
static const quipu_event_type *const types[] = { &plain_type };

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

static quipu_event make(void)
{
    quipu_event event = { .type = &plain_type,
                          .originator_id = { 16, "0123456789abcdef" } };

    return event;
}

static void assert_state(struct harness *harness, const quipu_event *event,
                         const void *expected, size_t size)
{
    const quipu_item *item = harness_encode(harness, event);

    assert_bytes(item->state.data, item->state.size, expected, size);
}

#define ASSERT_STATE(harness, event, literal) \
    assert_state((harness), (event), (literal), sizeof(literal) - 1)

static void envelope_without_attributes_is_not_written(void **state)
{
    quipu_event event = make();

    ASSERT_STATE(*state, &event, "\x80");
    event.metadata = (quipu_bytes){ "", 0 };
    ASSERT_STATE(*state, &event, "\xC1\1\x81\5\xC4\0\x80");
    event.time.microseconds = 5000000;
    ASSERT_STATE(*state, &event, "\xC1\1\x82\3\xD6\xFF\0\0\0\5\5\xC4\0\x80");
    memset(&event.event_id, 'e', sizeof(event.event_id));
    event.metadata.data = NULL;
    ASSERT_STATE(*state, &event,
                 "\xC1\1\x82\1\xC4\x10"
                 "eeeeeeeeeeeeeeee"
                 "\3\xD6\xFF\0\0\0\5\x80");
}

static void unmapped_originator_is_in_the_envelope(void **state)
{
    quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(types);
    quipu_event event = make();
    const quipu_event *decoded;
    struct harness harness;

    (void)state;
    schema.flags = QUIPU_SCHEMA_TEXT_IDS | QUIPU_SCHEMA_SPARSE;
    mapping.sequence_id = "topic";
    mapping.position = "time";
    harness_open(&harness, &schema, &mapping);
    event.originator_id = (quipu_id){ 2, "ab" };
    event.originator_version = -2;
    ASSERT_STATE(&harness, &event,
                 "\xC1\1\x82\7\xC4\2"
                 "ab\t\xFE\x80");
    decoded = harness_decode(&harness, harness_encode(&harness, &event));
    assert_true(quipu_id_equal(&decoded->originator_id, &event.originator_id));
    assert_int_equal(decoded->originator_version, -2);
    event.originator_version = 0;
    event.originator_id.size = 0;
    ASSERT_STATE(&harness, &event, "\x80");
    harness_close(&harness);
}

static quipu_item make_item(const void *bytes, size_t size)
{
    const quipu_item item = { .sequence_id = { "0123456789abcdef", 16 },
                              .position = 4,
                              .topic = { "Plain", 5 },
                              .state = { bytes, size } };

    return item;
}

#define ITEM(literal) make_item((literal), sizeof(literal) - 1)

#define ASSERT_REJECTED(literal, code, why)            \
    do {                                               \
        const quipu_item item_ = ITEM(literal);        \
        harness_reject(*state, &item_, (code), (why)); \
    } while (0)

static void newer_envelopes_are_unsupported(void **state)
{
    ASSERT_REJECTED("\xC1\2\x80\x80", QUIPU_UNSUPPORTED,
                    "event Plain of sequence "
                    "30313233-3435-3637-3839-616263646566 at position 4: its "
                    "envelope has the version 2, which");
    ASSERT_REJECTED("\xC1\0\x80\x80", QUIPU_UNSUPPORTED, "the version 0");
    ASSERT_REJECTED("\xC1\1\x81\x0A\xA4zstd\x80", QUIPU_UNSUPPORTED,
                    "the critical key 10, which this version of quipu does");
    ASSERT_REJECTED("\xC1\1\x82\1\xC4\x10"
                    "eeeeeeeeeeeeeeee"
                    "\x64\1\x80",
                    QUIPU_UNSUPPORTED, "the critical key 100");
}

static void newer_type_versions_are_unsupported(void **state)
{
    ASSERT_REJECTED("\xC1\1\x81\2\2\x80", QUIPU_UNSUPPORTED,
                    "at position 4: it is of version 2, and its event type in "
                    "this program is of version 1");
    ASSERT_REJECTED("\xC1\1\x81\2\xCE\xFF\xFF\xFF\xFF\x80", QUIPU_UNSUPPORTED,
                    "of version 4294967295");
}

static void unknown_odd_keys_are_skipped(void **state)
{
    const quipu_item item =
        ITEM("\xC1\1\x83\3\xD6\xFF\0\0\0\5\x0B\x92\1\x91\2\xCD\1\1\xC0\x80");
    const quipu_event *event = harness_decode(*state, &item);

    assert_int_equal(event->time.microseconds, 5000000);
}

static void malformed_envelopes_are_corrupt(void **state)
{
    ASSERT_REJECTED("\xC1", QUIPU_CORRUPT, "its state is truncated");
    ASSERT_REJECTED("\xC1\1", QUIPU_CORRUPT, "its state is truncated");
    ASSERT_REJECTED("\xC1\1\x90\x80", QUIPU_CORRUPT, "whose head is not a map");
    ASSERT_REJECTED("\xC1\1\x81\xA1"
                    "1\1\x80",
                    QUIPU_CORRUPT, "whose keys are not ascending");
    ASSERT_REJECTED("\xC1\1\x81\xFF\1\x80", QUIPU_CORRUPT, "ascending");
    ASSERT_REJECTED("\xC1\1\x82\3\xD6\xFF\0\0\0\5\1\xC0\x80", QUIPU_CORRUPT,
                    "ascending");
    ASSERT_REJECTED("\xC1\1\x82\x0B\1\x0B\1\x80", QUIPU_CORRUPT, "ascending");
    ASSERT_REJECTED("\xC1\1\x81\xCF\0\0\0\1\0\0\0\1\1\x80", QUIPU_CORRUPT,
                    "ascending");
    ASSERT_REJECTED("\xC1\1\x81\1\xC4\1x\x80", QUIPU_CORRUPT,
                    "field event_id is not a uuid of 16 bytes");
    ASSERT_REJECTED("\xC1\1\x81\3\1\x80", QUIPU_CORRUPT,
                    "field time is an integer instead of a timestamp");
    ASSERT_REJECTED("\xC1\1\x81\5\xA0\x80", QUIPU_CORRUPT,
                    "field metadata is text instead of bytes");
    ASSERT_REJECTED("\xC1\1\x81\7\xC0\x80", QUIPU_CORRUPT,
                    "field originator_id is nil instead of an id's bytes");
    ASSERT_REJECTED("\xC1\1\x81\x09\xC2\x80", QUIPU_CORRUPT,
                    "field originator_version is a bool instead of");
    ASSERT_REJECTED("\xC1\1\x81\2\1\x80", QUIPU_CORRUPT,
                    "field version of the envelope is below 2");
    ASSERT_REJECTED("\xC1\1\x81\2\xFE\x80", QUIPU_CORRUPT,
                    "field version of the envelope is out of range");
    ASSERT_REJECTED("\xC1\1\x81\2\xA1"
                    "2\x80",
                    QUIPU_CORRUPT, "is text instead of an integer");
    ASSERT_REJECTED("\xC1\1\x81\x0B", QUIPU_CORRUPT, "is truncated");
    ASSERT_REJECTED("\xC1\1\x80", QUIPU_CORRUPT, "its state is truncated");
    ASSERT_REJECTED("\xC1\1\x80\xC1\1\x80", QUIPU_CORRUPT,
                    "contains a byte that is not MessagePack");
}

int main(void)
{
#define WITH_MAPPER(test) \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        WITH_MAPPER(envelope_without_attributes_is_not_written),
        cmocka_unit_test(unmapped_originator_is_in_the_envelope),
        WITH_MAPPER(newer_envelopes_are_unsupported),
        WITH_MAPPER(newer_type_versions_are_unsupported),
        WITH_MAPPER(unknown_odd_keys_are_skipped),
        WITH_MAPPER(malformed_envelopes_are_corrupt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
