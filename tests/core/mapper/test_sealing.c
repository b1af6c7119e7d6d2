/* SPDX-License-Identifier: Apache-2.0 */
/* Tests states that are encrypted: that they open to the same event (X1), open
 * nowhere else and not after a change (X2), and are the same each time (X3). */
#include "harness.h"

#include <quipu/sealing.h>

#include "core/sealing/vectors.h"

static const quipu_event_type *const types[] = { &sample_type };

struct changed {
    quipu_event base;
    const char *foo;
};

static const quipu_field changed_fields[] = {
    QUIPU_FIELD(struct changed, foo),
    { 0 },
};

static const quipu_event_type changed_type =
    QUIPU_EVENT_TYPE(struct changed, "Example.Changed", changed_fields);

static const quipu_event_type renamed_type =
    QUIPU_EVENT_TYPE(struct changed, "Example.Renamed", changed_fields);

/* The key of vectors.py, and others of the same form. */
static quipu_key make_key(uint8_t number)
{
    quipu_key key;

    for (size_t i = 0; i < sizeof(key.id); i++) {
        key.id[i] = (uint8_t)(number + i);
    }
    for (size_t i = 0; i < sizeof(key.secret); i++) {
        key.secret[i] = (uint8_t)(0x80 + number + i);
    }
    return key;
}

struct fixture {
    struct harness harness;
    quipu_keyring *ring;
    quipu_sealing sealing;
};

/* Opens a mapper that seals with keys of those numbers, the first of which is
 * the current one. */
static void open_fixture(struct fixture *fixture, const quipu_schema *schema,
                         const quipu_event_type *const *mapped, size_t count,
                         const char *numbers)
{
    quipu_mapping mapping = harness_mapping(mapped);
    quipu_key keys[4];
    size_t key_count = 0;

    for (; numbers[key_count]; key_count++) {
        keys[key_count] = make_key((uint8_t)(numbers[key_count] - '0'));
    }
    assert_ok(quipu_keyring_create(keys, key_count, &fixture->ring, NULL),
              NULL);
    fixture->sealing = (quipu_sealing){
        .struct_size = sizeof(fixture->sealing),
        .keys = quipu_keyring_keys(fixture->ring),
        .whole = true,
    };
    mapping.type_count = count;
    mapping.sealing = &fixture->sealing;
    harness_open(&fixture->harness, schema, &mapping);
}

static void close_fixture(struct fixture *fixture)
{
    harness_close(&fixture->harness);
    quipu_keyring_close(fixture->ring);
}

/* The event of vectors.py. */
static void fill_changed(struct changed *event)
{
    quipu_id id = { .size = 16 };

    memset(id.data, 0x11, 16);
    memset(event, 0, sizeof(*event));
    quipu_event_init(&event->base, &changed_type, &id, 7);
    memset(&event->base.event_id, 0x22, sizeof(event->base.event_id));
    event->base.time.microseconds = 0;
    event->foo = "bar";
}

static quipu_schema schema_with_columns(void)
{
    quipu_schema schema = harness_schema();

    schema.event_id = "event_id";
    schema.metadata = "metadata";
    schema.time = "time";
    return schema;
}

static bool contains(quipu_bytes bytes, const char *text)
{
    return memmem(bytes.data, bytes.size, text, strlen(text)) != NULL;
}

/* ------------------------------------------------------------------ opening */

static void an_event_opens_as_it_was(void **state)
{
    const quipu_schema schemas[] = { harness_schema(), schema_with_columns() };
    void (*const fill[])(struct sample *) = { sample_full, sample_extreme,
                                              sample_sparse };
    struct fixture fixture;
    struct sample sample;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        open_fixture(&fixture, &schemas[i], types, 1, "0");
        for (size_t j = 0; j < 3; j++) {
            fill[j](&sample);
            const quipu_item *item =
                harness_encode(&fixture.harness, &sample.base);

            assert_false(contains(item->state, "names"));
            sample_assert_equal(harness_decode(&fixture.harness, item),
                                &sample);
        }
        close_fixture(&fixture);
    }
}

static void states_are_those_of_the_vectors(void **state)
{
    static const quipu_event_type *const mapped[] = { &changed_type };
    const quipu_schema schema = schema_with_columns();
    struct fixture fixture;
    struct changed event;
    size_t count;

    (void)state;
    open_fixture(&fixture, &schema, mapped, 1, "0");
    fill_changed(&event);
    const quipu_item *item = harness_encode(&fixture.harness, &event.base);

    assert_bytes(item->state.data, item->state.size, vector_state,
                 sizeof(vector_state));
    quipu_items_clear(fixture.harness.items);
    assert_ok(quipu_items_add_next(fixture.harness.items, &event.base,
                                   &fixture.harness.error),
              &fixture.harness.error);
    quipu_item *next = quipu_items_array(fixture.harness.items, &count);

    assert_int_equal(next->flags & QUIPU_ITEM_NEXT, QUIPU_ITEM_NEXT);
    assert_bytes(next->state.data, next->state.size, vector_state_next,
                 sizeof(vector_state_next));
    next->position = 12345; /* as the store has chosen */
    const struct changed *read = harness_decode(&fixture.harness, next);

    assert_string_equal(read->foo, "bar");
    close_fixture(&fixture);
}

static void the_same_event_has_the_same_state(void **state)
{
    const quipu_schema schema = harness_schema();
    struct fixture fixture;
    struct sample sample;
    uint8_t first[2048];

    (void)state;
    open_fixture(&fixture, &schema, types, 1, "0");
    sample_full(&sample);
    const quipu_item *item = harness_encode(&fixture.harness, &sample.base);
    const size_t size = item->state.size;

    assert_true(size <= sizeof(first));
    memcpy(first, item->state.data, size);
    item = harness_encode(&fixture.harness, &sample.base);
    assert_bytes(item->state.data, item->state.size, first, size);
    sample.i8++;
    item = harness_encode(&fixture.harness, &sample.base);
    assert_memory_not_equal(item->state.data, first, size);
    close_fixture(&fixture);
}

/* ----------------------------------------------------------------- changes */

/* Asserts that a state does not open; returns the status. */
static int assert_closed(struct fixture *fixture, const quipu_item *item)
{
    struct harness *harness = &fixture->harness;
    quipu_event *event = NULL;

    quipu_arena_reset(&harness->arena);
    int status = quipu_mapper_decode(harness->mapper, item, &harness->arena,
                                     &event, &harness->error);

    assert_int_not_equal(status, QUIPU_OK);
    assert_null(event);
    return status;
}

/* No state with a changed bit opens.  A change of the nonce, the ciphertext or
 * the tag is CORRUPT.  The bytes before them say how to open the state, and a
 * change there can look like another version (UNSUPPORTED) or another key
 * (DENIED). */
static void a_change_of_any_bit_is_refused(void **state)
{
    static const quipu_event_type *const mapped[] = { &changed_type };
    const size_t key_at = 9, nonce_at = key_at + QUIPU_KEY_ID_SIZE + 2;
    const quipu_schema schema = schema_with_columns();
    struct fixture fixture;
    struct changed event;
    uint8_t bytes[256];

    (void)state;
    open_fixture(&fixture, &schema, mapped, 1, "0");
    fill_changed(&event);
    quipu_item item = *harness_encode(&fixture.harness, &event.base);

    memcpy(bytes, item.state.data, item.state.size);
    item.state.data = bytes;
    for (size_t bit = 0; bit < 8 * item.state.size; bit++) {
        const size_t at = bit / 8;

        bytes[at] ^= (uint8_t)(1U << bit % 8);
        int status = assert_closed(&fixture, &item);

        if (at >= key_at && at < key_at + QUIPU_KEY_ID_SIZE) {
            assert_int_equal(status, QUIPU_DENIED);
        } else if (at >= key_at || status != QUIPU_UNSUPPORTED) {
            assert_int_equal(status, QUIPU_CORRUPT);
        }
        assert_true(at < nonce_at || status == QUIPU_CORRUPT);
        bytes[at] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t size = 0; size < item.state.size; size++) {
        quipu_item shorter = item;

        shorter.state.size = size;
        assert_int_equal(assert_closed(&fixture, &shorter), QUIPU_CORRUPT);
    }
    close_fixture(&fixture);
}

static void a_state_opens_at_its_place_only(void **state)
{
    static const quipu_event_type *const mapped[] = { &changed_type,
                                                      &renamed_type };
    const quipu_schema schema = schema_with_columns();
    struct fixture fixture;
    struct changed event;

    (void)state;
    open_fixture(&fixture, &schema, mapped, 2, "0");
    fill_changed(&event);
    quipu_item item = *harness_encode(&fixture.harness, &event.base);
    uint8_t other[16];

    memset(other, 0x33, sizeof(other));
    quipu_item moved = item;

    moved.sequence_id.data = other;
    harness_reject(&fixture.harness, &moved, QUIPU_CORRUPT,
                   "event Example.Changed of sequence "
                   "33333333-3333-3333-3333-333333333333 at position 7");
    moved = item;
    moved.position = 8;
    harness_reject(&fixture.harness, &moved, QUIPU_CORRUPT, "at position 8");
    moved = item;
    moved.event_id.data = other;
    harness_reject(&fixture.harness, &moved, QUIPU_CORRUPT, "does not open");
    moved.event_id = (quipu_bytes){ NULL, 0 };
    harness_reject(&fixture.harness, &moved, QUIPU_CORRUPT, "does not open");
    moved = item;
    moved.topic = quipu_bytes_of_text("Example.Renamed");
    harness_reject(&fixture.harness, &moved, QUIPU_CORRUPT, "does not open");
    close_fixture(&fixture);
}

/* The attributes in the envelope are in clear, and authenticated. */
static void the_envelope_cannot_be_changed(void **state)
{
    const quipu_schema schema = harness_schema();
    struct fixture fixture;
    struct sample sample;
    uint8_t bytes[2048];

    (void)state;
    open_fixture(&fixture, &schema, types, 1, "0");
    sample_full(&sample);
    quipu_item item = *harness_encode(&fixture.harness, &sample.base);

    assert_true(contains(item.state, "meta"));
    memcpy(bytes, item.state.data, item.state.size);
    item.state.data = bytes;
    uint8_t *metadata = memmem(bytes, item.state.size, "meta", 4);

    assert_non_null(metadata);
    metadata[0] = 'M';
    harness_reject(&fixture.harness, &item, QUIPU_CORRUPT, "does not open");
    close_fixture(&fixture);
}

/* -------------------------------------------------------------------- keys */

static void old_keys_still_open(void **state)
{
    const quipu_schema schema = harness_schema();
    struct fixture fixture;
    struct sample sample;
    uint8_t bytes[2048];

    (void)state;
    open_fixture(&fixture, &schema, types, 1, "0");
    sample_full(&sample);
    quipu_item old = *harness_encode(&fixture.harness, &sample.base);
    quipu_uuid id;

    memcpy(bytes, old.state.data, old.state.size);
    memcpy(&id, old.sequence_id.data, sizeof(id));
    old.state.data = bytes;
    old.sequence_id.data = &id;
    old.topic = quipu_bytes_of_text(sample_type.topic);
    close_fixture(&fixture);

    open_fixture(&fixture, &schema, types, 1, "10");
    sample_assert_equal(harness_decode(&fixture.harness, &old), &sample);
    const quipu_item *item = harness_encode(&fixture.harness, &sample.base);

    assert_int_equal(item->state.size, old.state.size);
    assert_memory_not_equal(item->state.data, bytes, old.state.size);
    sample_assert_equal(harness_decode(&fixture.harness, item), &sample);
    close_fixture(&fixture);

    /* Without the old key: DENIED, and it is named. */
    open_fixture(&fixture, &schema, types, 1, "1");
    harness_reject(&fixture.harness, &old, QUIPU_DENIED,
                   "with the key 000102030405060708090a0b0c0d0e0f");
    close_fixture(&fixture);

    /* Without any: */
    const quipu_mapping mapping = harness_mapping(types);
    struct harness harness;

    harness_open(&harness, &schema, &mapping);
    harness_reject(&harness, &old, QUIPU_DENIED, "no keys are given");
    harness_close(&harness);
}

/* A provider that answers with a status. */
static int answer(void *context, quipu_bytes subject, quipu_key *key,
                  quipu_error *error)
{
    const int *status = context;

    (void)subject, (void)key;
    return quipu_error_set(error, *status, "the provider says so");
}

static int answer_find(void *context, quipu_bytes subject,
                       const uint8_t id[QUIPU_KEY_ID_SIZE], quipu_key *key,
                       quipu_error *error)
{
    (void)id;
    return answer(context, subject, key, error);
}

static void failures_of_the_provider_are_returned(void **state)
{
    static const struct {
        int answer;
        int expected;
    } cases[] = {
        { QUIPU_IO, QUIPU_IO },
        { QUIPU_DENIED, QUIPU_DENIED },
        { QUIPU_TIMEOUT, QUIPU_TIMEOUT },
        { QUIPU_NOT_FOUND, QUIPU_DENIED }, /* NOT_FOUND has a meaning */
    };
    static const quipu_event_type *const mapped[] = { &changed_type };
    const quipu_schema schema = schema_with_columns();
    quipu_mapping mapping = harness_mapping(mapped);
    struct fixture fixture;
    struct changed event;
    int status = QUIPU_OK;
    const quipu_keys keys = { .struct_size = sizeof(keys),
                              .current = answer,
                              .find = answer_find,
                              .context = &status };
    const quipu_sealing sealing = { .struct_size = sizeof(sealing),
                                    .keys = &keys,
                                    .whole = true };
    struct harness harness;

    (void)state;
    fill_changed(&event);
    open_fixture(&fixture, &schema, mapped, 1, "0");
    const quipu_item *item = harness_encode(&fixture.harness, &event.base);

    mapping.sealing = &sealing;
    harness_open(&harness, &schema, &mapping);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        status = cases[i].answer;
        harness_reject(&harness, item, cases[i].expected,
                       "the provider says so");
        assert_refused(
            quipu_items_add(harness.items, &event.base, &harness.error),
            cases[i].expected, &harness.error, "event Example.Changed");
    }
    harness_close(&harness);
    close_fixture(&fixture);
}

static void a_state_in_clear_is_refused_on_demand(void **state)
{
    static const quipu_event_type *const mapped[] = { &changed_type };
    const quipu_schema schema = schema_with_columns();
    quipu_mapping mapping = harness_mapping(mapped);
    struct fixture fixture;
    struct harness clear;
    struct changed event;

    (void)state;
    fill_changed(&event);
    harness_open(&clear, &schema, &mapping);
    const quipu_item *item = harness_encode(&clear, &event.base);

    open_fixture(&fixture, &schema, mapped, 1, "0");
    (void)harness_decode(&fixture.harness, item);
    harness_close(&fixture.harness);
    fixture.sealing.require_whole = true;
    mapping.sealing = &fixture.sealing;
    harness_open(&fixture.harness, &schema, &mapping);
    harness_reject(&fixture.harness, item, QUIPU_CORRUPT, "is not encrypted");
    const quipu_item *sealed = harness_encode(&fixture.harness, &event.base);

    (void)harness_decode(&fixture.harness, sealed);
    close_fixture(&fixture);
    harness_close(&clear);
}

static void a_wrong_sealing_is_refused(void **state)
{
    const quipu_schema schema = harness_schema();
    quipu_mapping mapping = harness_mapping(types);
    quipu_keys keys = { .struct_size = sizeof(keys), .current = answer };
    quipu_sealing sealing = { .struct_size = sizeof(sealing), .whole = true };
    quipu_mapper *mapper = NULL;
    quipu_error error;

    (void)state;
    mapping.sealing = &sealing;
    assert_refused(quipu_mapper_open(&schema, &mapping, &mapper, &error),
                   QUIPU_INVALID, &error, "there are no keys");
    sealing.keys = &keys;
    assert_refused(quipu_mapper_open(&schema, &mapping, &mapper, &error),
                   QUIPU_INVALID, &error, "lacks a function");
    keys.find = answer_find;
    sealing.suite = 2;
    assert_refused(quipu_mapper_open(&schema, &mapping, &mapper, &error),
                   QUIPU_UNSUPPORTED, &error, "no suite 2");
    sealing.suite = 0;
    sealing.whole = false;
    sealing.require_whole = true;
    assert_refused(quipu_mapper_open(&schema, &mapping, &mapper, &error),
                   QUIPU_INVALID, &error, "needs whole");
    sealing.require_whole = false;
    sealing.reserved[1] = 1;
    assert_refused(quipu_mapper_open(&schema, &mapping, &mapper, &error),
                   QUIPU_INVALID, &error, "reserved");
    sealing.reserved[1] = 0;
    sealing.dictionary_count = 1;
    assert_refused(quipu_mapper_open(&schema, &mapping, &mapper, &error),
                   QUIPU_INVALID, &error, "dictionaries");
    sealing.struct_size = 0;
    assert_refused(quipu_mapper_open(&schema, &mapping, &mapper, &error),
                   QUIPU_INVALID, &error, "sealing has struct_size 0");
}

/* ------------------------------------------------------------------- tools */

static void an_opener_gives_the_state_in_clear(void **state)
{
    const quipu_schema schemas[] = { harness_schema(), schema_with_columns() };
    const quipu_mapping mapping = harness_mapping(types);
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct fixture fixture;
        struct harness clear;
        struct sample sample;
        quipu_opener *opener = NULL;
        quipu_bytes opened;
        quipu_state parts;

        sample_full(&sample);
        open_fixture(&fixture, &schemas[i], types, 1, "0");
        harness_open(&clear, &schemas[i], &mapping);
        const quipu_item *sealed =
            harness_encode(&fixture.harness, &sample.base);
        const quipu_item *expected = harness_encode(&clear, &sample.base);

        assert_ok(quipu_state_split(sealed->state, &parts, &error), &error);
        assert_int_equal(parts.flags, QUIPU_STATE_IS_ENCRYPTED);
        assert_null(parts.fields.data);
        assert_non_null(parts.sealed.data);
        assert_ok(quipu_state_check(sealed->state, &error), &error);
        assert_ok(quipu_opener_create(&fixture.sealing, &opener, &error),
                  &error);
        assert_ok(quipu_opener_open(opener, sealed, &opened, &error), &error);
        assert_bytes(opened.data, opened.size, expected->state.data,
                     expected->state.size);
        assert_ok(quipu_opener_open(opener, expected, &opened, &error), &error);
        assert_ptr_equal(opened.data, expected->state.data);
        quipu_item moved = *sealed;

        moved.position++;
        assert_refused(quipu_opener_open(opener, &moved, &opened, &error),
                       QUIPU_CORRUPT, &error, "does not open");
        quipu_opener_destroy(opener);
        harness_close(&clear);
        close_fixture(&fixture);
    }
    quipu_opener_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_opens_as_it_was),
        cmocka_unit_test(states_are_those_of_the_vectors),
        cmocka_unit_test(the_same_event_has_the_same_state),
        cmocka_unit_test(a_change_of_any_bit_is_refused),
        cmocka_unit_test(a_state_opens_at_its_place_only),
        cmocka_unit_test(the_envelope_cannot_be_changed),
        cmocka_unit_test(old_keys_still_open),
        cmocka_unit_test(failures_of_the_provider_are_returned),
        cmocka_unit_test(a_state_in_clear_is_refused_on_demand),
        cmocka_unit_test(a_wrong_sealing_is_refused),
        cmocka_unit_test(an_opener_gives_the_state_in_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
