/* SPDX-License-Identifier: Apache-2.0 */
/* Tests appending events at named positions, and with an expected version. */
#include "store_fixture.h"

static int add_driver(void **state)
{
    (void)state;
    script_add_driver();
    return 0;
}

static int append_one(quipu_store *store, const quipu_event *event,
                      quipu_error *error)
{
    return quipu_store_append(store, &event, 1, NULL, error);
}

static void events_of_several_sequences_are_stored_together(void **state)
{
    const quipu_id one = uuid_id();
    const quipu_id two = uuid_id();
    struct noted a = make_noted(&one, 0, "a");
    struct noted b = make_noted(&two, 0, "b");
    struct noted c = make_noted(&one, 1, "c");
    const quipu_event *const events[] = { &a.base, &b.base, &c.base };
    int64_t positions[3] = { -1, -1, -1 };
    quipu_result result = { .positions = positions };
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    assert_ok(quipu_store_append(opened.store, events, 3, &result, &error),
              &error);
    assert_int_equal(result.first_notification_id, 1);
    assert_int_equal(positions[0], 0);
    assert_int_equal(positions[1], 0);
    assert_int_equal(positions[2], 1);
    assert_int_equal(log_size(opened.store), 3);
    opened_close(&opened);
}

static void append_at_taken_position_stores_nothing_of_the_list(void **state)
{
    const quipu_id one = uuid_id();
    const quipu_id two = uuid_id();
    struct noted a = make_noted(&two, 0, "a");
    struct noted b = make_noted(&one, 0, "b");
    const quipu_event *const events[] = { &a.base, &b.base };
    quipu_result result = { 0 };
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    fill(opened.store, &one, 1);
    assert_status(quipu_store_append(opened.store, events, 2, &result, &error),
                  QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_POSITION);
    assert_int_equal(result.index, 1);
    assert_int_equal(log_size(opened.store), 1);
    opened_close(&opened);
}

static void repeated_append_stores_once(void **state)
{
    const quipu_id id = uuid_id();
    struct noted a = make_noted(&id, 0, "a");
    struct noted b = make_noted(&id, 1, "b");
    const quipu_event *const events[] = { &a.base, &b.base };
    quipu_result result = { 0 };
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    atomic_store(&script.lost_answers, 1);
    assert_status(quipu_store_append(opened.store, events, 2, &result, &error),
                  QUIPU_UNKNOWN_OUTCOME);
    result = (quipu_result){ 0 };
    assert_ok(quipu_store_append(opened.store, events, 2, &result, &error),
              &error);
    assert_true(result.flags & QUIPU_RESULT_REPEATED);
    assert_int_equal(result.first_notification_id, 1);
    assert_int_equal(log_size(opened.store), 2);
    opened_close(&opened);
}

static void wrong_arguments_are_refused(void **state)
{
    const quipu_expected any = { .version = QUIPU_EXPECT_ANY };
    const quipu_id id = uuid_id();
    struct noted a = make_noted(&id, 0, "a");
    const quipu_event *const events[] = { &a.base, NULL };
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    assert_refused(quipu_store_append(opened.store, events, 0, NULL, &error),
                   QUIPU_INVALID, &error, "no events");
    assert_refused(quipu_store_append(opened.store, events, 2, NULL, &error),
                   QUIPU_INVALID, &error, "event 1 is NULL");
    assert_status(quipu_store_append(opened.store, NULL, 1, NULL, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_append(NULL, events, 1, NULL, &error),
                  QUIPU_INVALID);
    assert_status(quipu_store_append_expecting(opened.store, &any, events, 0,
                                               NULL, &error),
                  QUIPU_INVALID);
    a.text = NULL;
    assert_status(append_one(opened.store, &a.base, &error), QUIPU_INVALID);
    assert_status(quipu_store_append_expecting(opened.store, &any, events, 1,
                                               NULL, &error),
                  QUIPU_INVALID);
    a.base.type = &measured;
    assert_status(append_one(opened.store, &a.base, &error), QUIPU_INVALID);
    assert_int_equal(atomic_load(&script.appends), 0);
    opened_close(&opened);
}

/* ----------------------------------------------------------- expecting */

/* Appends one event to a sequence of `length` events, with a version that must
 * be ignored. */
static void expect(int length, quipu_expected expected, int status)
{
    const quipu_id id = uuid_id();
    struct noted event = make_noted(&id, 17, "late");
    const quipu_event *const events[] = { &event.base };
    int64_t position = -1;
    quipu_result result = { .positions = &position };
    struct opened opened;
    quipu_event *last = NULL;
    quipu_error error;

    opened_open(&opened, 0, &noted_mapping);
    fill(opened.store, &id, length);
    assert_status(quipu_store_append_expecting(opened.store, &expected, events,
                                               1, &result, &error),
                  status);
    assert_int_equal(log_size(opened.store),
                     (size_t)length + (status == QUIPU_OK));
    if (status == QUIPU_OK) {
        assert_int_equal(position, length);
        assert_ok(quipu_store_last(opened.store, &id, &last, &error), &error);
        assert_int_equal(last->originator_version, length);
        quipu_event_destroy(last);
    } else {
        assert_int_equal(result.cause, QUIPU_CAUSE_GUARD);
    }
    opened_close(&opened);
}

static void any_is_met_by_every_sequence(void **state)
{
    (void)state;
    expect(0, (quipu_expected){ .version = QUIPU_EXPECT_ANY }, QUIPU_OK);
    expect(2, (quipu_expected){ .version = QUIPU_EXPECT_ANY }, QUIPU_OK);
}

static void none_is_met_only_by_an_empty_sequence(void **state)
{
    (void)state;
    expect(0, (quipu_expected){ .version = QUIPU_EXPECT_NONE }, QUIPU_OK);
    expect(1, (quipu_expected){ .version = QUIPU_EXPECT_NONE }, QUIPU_CONFLICT);
}

static void exists_is_met_only_by_a_sequence_with_events(void **state)
{
    (void)state;
    expect(0, (quipu_expected){ .version = QUIPU_EXPECT_EXISTS },
           QUIPU_CONFLICT);
    expect(1, (quipu_expected){ .version = QUIPU_EXPECT_EXISTS }, QUIPU_OK);
}

static void exact_is_met_only_by_its_last_position(void **state)
{
    quipu_expected exact = { .version = QUIPU_EXPECT_EXACT };
    (void)state;

    expect(0, exact, QUIPU_CONFLICT);
    expect(1, exact, QUIPU_OK);
    expect(2, exact, QUIPU_CONFLICT);
    exact.position = 1;
    expect(1, exact, QUIPU_CONFLICT);
    expect(2, exact, QUIPU_OK);
}

static void several_events_get_consecutive_positions(void **state)
{
    const quipu_expected exact = { .version = QUIPU_EXPECT_EXACT,
                                   .position = 1 };
    const quipu_id id = uuid_id();
    struct noted a = make_noted(&id, 0, "a");
    struct noted b = make_noted(&id, 0, "b");
    const quipu_event *const events[] = { &a.base, &b.base };
    int64_t positions[2] = { 0, 0 };
    quipu_result result = { .positions = positions };
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    fill(opened.store, &id, 2);
    assert_ok(quipu_store_append_expecting(opened.store, &exact, events, 2,
                                           &result, &error),
              &error);
    assert_int_equal(positions[0], 2);
    assert_int_equal(positions[1], 3);
    opened_close(&opened);
}

static void events_of_several_sequences_are_refused(void **state)
{
    const quipu_expected any = { .version = QUIPU_EXPECT_ANY };
    const quipu_id one = uuid_id();
    const quipu_id two = uuid_id();
    struct noted a = make_noted(&one, 0, "a");
    struct noted b = make_noted(&two, 0, "b");
    const quipu_event *const events[] = { &a.base, &b.base };
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    assert_refused(quipu_store_append_expecting(opened.store, &any, events, 2,
                                                NULL, &error),
                   QUIPU_INVALID, &error, "event 1 is of another sequence");
    assert_int_equal(log_size(opened.store), 0);
    opened_close(&opened);
}

static void unknown_expected_version_is_refused(void **state)
{
    const quipu_expected wrong[] = {
        { .version = -1 },
        { .version = QUIPU_EXPECT_EXACT + 1 },
        { .version = QUIPU_EXPECT_ANY, .reserved = 1 },
    };
    const quipu_id id = uuid_id();
    struct noted a = make_noted(&id, 0, "a");
    const quipu_event *const events[] = { &a.base };
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    for (size_t i = 0; i < 3; i++) {
        assert_refused(quipu_store_append_expecting(opened.store, &wrong[i],
                                                    events, 1, NULL, &error),
                       QUIPU_INVALID, &error,
                       "expected.version must be ANY, NONE, EXISTS or EXACT");
    }
    assert_status(quipu_store_append_expecting(opened.store, NULL, events, 1,
                                               NULL, &error),
                  QUIPU_INVALID);
    opened_close(&opened);
}

static void sparse_schema_has_no_next_position(void **state)
{
    const quipu_expected any = { .version = QUIPU_EXPECT_ANY };
    const quipu_id id = uuid_id();
    struct noted a = make_noted(&id, 0, "a");
    const quipu_event *const events[] = { &a.base };
    struct opened opened;
    quipu_error error;
    (void)state;

    opened_open(&opened, QUIPU_SCHEMA_SPARSE, &noted_mapping);
    assert_refused(quipu_store_append_expecting(opened.store, &any, events, 1,
                                                NULL, &error),
                   QUIPU_INVALID, &error, "sparse");
    assert_ok(append_one(opened.store, &a.base, &error), &error);
    opened_close(&opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_of_several_sequences_are_stored_together),
        cmocka_unit_test(append_at_taken_position_stores_nothing_of_the_list),
        cmocka_unit_test(repeated_append_stores_once),
        cmocka_unit_test(wrong_arguments_are_refused),
        cmocka_unit_test(any_is_met_by_every_sequence),
        cmocka_unit_test(none_is_met_only_by_an_empty_sequence),
        cmocka_unit_test(exists_is_met_only_by_a_sequence_with_events),
        cmocka_unit_test(exact_is_met_only_by_its_last_position),
        cmocka_unit_test(several_events_get_consecutive_positions),
        cmocka_unit_test(events_of_several_sequences_are_refused),
        cmocka_unit_test(unknown_expected_version_is_refused),
        cmocka_unit_test(sparse_schema_has_no_next_position),
    };

    return cmocka_run_group_tests(tests, add_driver, NULL) != 0;
}
