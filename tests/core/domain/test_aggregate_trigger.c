/* SPDX-License-Identifier: Apache-2.0 */
/* Tests triggering, discarding and replaying events of one aggregate. */
#include "domain_fixture.h"

static void event_is_filled_applied_and_published(void **state)
{
    struct wired wired;
    struct note *note = NULL;
    const quipu_event *event = NULL;
    quipu_error error;
    quipu_time before = quipu_time_now();
    size_t count = 1;
    (void)state;

    wired_open(&wired);
    note = new_note(wired.bus);
    assert_ok(note_write(note, "milk", &error), &error);
    assert_string_equal(note->text, "milk");
    assert_int_equal(note->base.version, 1);
    quipu_aggregate_pending(&note->base, &count);
    assert_int_equal(count, 0);

    assert_int_equal(wired.recorder.calls, 1);
    assert_int_equal(wired.recorder.counts[0], 1);
    event = wired.recorder.events[0][0];
    assert_ptr_equal(event->type, &note_written);
    assert_true(quipu_id_equal(&event->originator_id, &note->base.id));
    assert_int_equal(event->originator_version, 0);
    assert_int_equal(event->event_id.bytes[6] >> 4, 7);
    assert_true(event->time.microseconds >= before.microseconds);
    assert_null(event->metadata.data);
    assert_string_equal(((const struct note_written *)event)->text, "milk");
    quipu_aggregate_destroy(note);
    wired_close(&wired);
}

static void given_event_id_time_and_metadata_are_kept(void **state)
{
    struct wired wired;
    struct note *note = NULL;
    const quipu_event *event = NULL;
    struct note_written written = { .text = "milk" };
    quipu_error error;
    (void)state;

    wired_open(&wired);
    note = new_note(wired.bus);
    memset(written.base.event_id.bytes, 7, 16);
    written.base.time.microseconds = -5;
    written.base.metadata = quipu_bytes_of_text("by hand");
    assert_ok(quipu_aggregate_trigger(&note->base, &note_written, &written.base,
                                      &error),
              &error);
    event = wired.recorder.events[0][0];
    assert_memory_equal(&event->event_id, &written.base.event_id, 16);
    assert_int_equal(event->time.microseconds, -5);
    assert_bytes(event->metadata.data, event->metadata.size, "by hand", 7);
    quipu_aggregate_destroy(note);
    wired_close(&wired);
}

static void event_struct_can_be_triggered_twice(void **state)
{
    struct wired wired;
    struct note *note = NULL;
    struct note_written written = { .text = "milk" };
    const struct note_written before = written;
    quipu_error error;
    (void)state;

    wired_open(&wired);
    note = new_note(wired.bus);
    for (int i = 0; i < 2; i++) {
        assert_ok(quipu_aggregate_trigger(&note->base, &note_written,
                                          &written.base, &error),
                  &error);
    }
    assert_memory_equal(&written, &before, sizeof(written));
    assert_memory_not_equal(&wired.recorder.events[0][0]->event_id,
                            &wired.recorder.events[1][0]->event_id, 16);
    quipu_aggregate_destroy(note);
    wired_close(&wired);
}

static void event_may_point_into_the_aggregate(void **state)
{
    struct wired wired;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    wired_open(&wired);
    note = new_note(wired.bus);
    assert_ok(note_write(note, "a text of some length", &error), &error);
    assert_ok(note_change(note, note->text, &error), &error);
    assert_string_equal(note->text, "a text of some length");
    assert_ok(note_change(note, note->text + 7, &error), &error);
    assert_string_equal(note->text, "of some length");
    assert_string_equal(
        ((struct note_changed *)wired.recorder.events[2][0])->text,
        "of some length");
    quipu_aggregate_destroy(note);
    wired_close(&wired);
}

static void event_that_cannot_be_copied_changes_nothing(void **state)
{
    struct wired wired;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    wired_open(&wired);
    note = new_note(wired.bus);
    assert_refused(note_write(note, NULL, &error), QUIPU_INVALID, &error,
                   "text");
    assert_int_equal(note->base.version, 0);
    assert_false(note->base.stale);
    assert_int_equal(wired.recorder.calls, 0);
    assert_ok(note_write(note, "milk", &error), &error);
    quipu_aggregate_destroy(note);
    wired_close(&wired);
}

static void event_without_a_handler_is_refused(void **state)
{
    struct tally_added added = { .amount = 1 };
    struct note *note = new_note(NULL);
    quipu_error error;
    (void)state;

    assert_refused(
        quipu_aggregate_trigger(&note->base, &tally_added, &added.base, &error),
        QUIPU_INVALID, &error, "no handler for the event Tally");
    assert_refused(
        quipu_aggregate_trigger(&note->base, NULL, &added.base, &error),
        QUIPU_INVALID, &error, "NULL");
    assert_refused(
        quipu_aggregate_trigger(&note->base, &note_written, NULL, &error),
        QUIPU_INVALID, &error, "NULL");
    assert_refused(
        quipu_aggregate_trigger(NULL, &note_written, &added.base, &error),
        QUIPU_INVALID, &error, "NULL");
    assert_false(note->base.stale);
    quipu_aggregate_destroy(note);
}

static void event_of_another_type_is_refused(void **state)
{
    struct note_dropped dropped = { .base = { .type = &note_dropped } };
    struct note *note = new_note(NULL);
    quipu_error error;
    (void)state;

    assert_refused(quipu_aggregate_trigger(&note->base, &note_written,
                                           &dropped.base, &error),
                   QUIPU_INVALID, &error, "the event is a ");
    assert_false(note->base.stale);
    assert_ok(quipu_aggregate_trigger(&note->base, &note_dropped, &dropped.base,
                                      &error),
              &error);
    quipu_aggregate_destroy(note);
}

static void failing_handler_makes_aggregate_stale_and_publishes_nothing(
    void **state)
{
    struct wired wired;
    struct note *note = NULL;
    quipu_aggregate *saved = NULL;
    quipu_error error;
    size_t count = 1;
    (void)state;

    wired_open(&wired);
    note = new_note(wired.bus);
    assert_ok(note_write(note, "milk", &error), &error);
    assert_refused(note_tear(note, QUIPU_DENIED, false, &error), QUIPU_DENIED,
                   &error, "the page is torn");
    assert_int_equal(error.code, QUIPU_DENIED);
    assert_true(note->base.stale);
    assert_int_equal(note->base.version, 1);
    quipu_aggregate_pending(&note->base, &count);
    assert_int_equal(count, 0);
    assert_int_equal(wired.recorder.calls, 1);
    assert_refused(note_change(note, "x", &error), QUIPU_CONFLICT, &error,
                   "Note ");
    saved = &note->base;
    assert_refused(quipu_aggregates_save(&saved, 1, &error), QUIPU_CONFLICT,
                   &error, "failed midway");
    assert_true(note->base.stale);
    quipu_aggregate_destroy(note);
    wired_close(&wired);
}

static void handler_that_fills_no_error_is_named(void **state)
{
    struct note *note = new_note(NULL);
    quipu_error error;
    (void)state;

    memset(&error, 0x55, sizeof(error));
    assert_refused(note_tear(note, QUIPU_NOT_FOUND, true, &error),
                   QUIPU_NOT_FOUND, &error,
                   "the handler of Note for Note.Torn returned NOT_FOUND");
    quipu_aggregate_destroy(note);
}

static void handler_may_fail_without_an_error_argument(void **state)
{
    struct note *note = new_note(NULL);
    (void)state;

    assert_status(note_tear(note, QUIPU_BUSY, false, NULL), QUIPU_BUSY);
    quipu_aggregate_destroy(note);
}

static void refused_publication_keeps_event_and_makes_aggregate_stale(
    void **state)
{
    struct wired wired;
    struct note *note = NULL;
    const quipu_event *const *pending = NULL;
    quipu_error error;
    size_t count = 0;
    (void)state;

    wired_open(&wired);
    wired.recorder.answers[0] = QUIPU_BUSY;
    note = new_note(wired.bus);
    assert_refused(note_write(note, "milk", &error), QUIPU_BUSY, &error,
                   "as it was told");
    assert_true(note->base.stale);
    assert_int_equal(note->base.version, 1);
    pending = quipu_aggregate_pending(&note->base, &count);
    assert_int_equal(count, 1);
    assert_ptr_equal(pending[0]->type, &note_written);
    assert_status(note_change(note, "x", &error), QUIPU_CONFLICT);
    assert_status(quipu_aggregate_discard(&note->base, &error), QUIPU_CONFLICT);
    assert_int_equal(wired.recorder.calls, 1);
    quipu_aggregate_destroy(note);
    wired_close(&wired);
}

static void bus_without_a_policy_refuses(void **state)
{
    quipu_bus *bus = NULL;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    assert_ok(quipu_bus_open(&bus, &error), &error);
    note = new_note(bus);
    assert_refused(note_write(note, "milk", &error), QUIPU_INVALID, &error,
                   "no policy is subscribed");
    assert_true(note->base.stale);
    quipu_aggregate_destroy(note);
    assert_ok(quipu_bus_close(bus, &error), &error);
}

/* ----------------------------------------------------------- discarding */

static void discarded_aggregate_refuses_commands(void **state)
{
    struct wired wired;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    wired_open(&wired);
    note = new_note(wired.bus);
    assert_ok(note_write(note, "milk", &error), &error);
    assert_ok(quipu_aggregate_discard(&note->base, &error), &error);
    assert_true(note->base.discarded);
    assert_ptr_equal(wired.recorder.events[1][0]->type, &note_dropped);
    assert_refused(note_change(note, "x", &error), QUIPU_NOT_FOUND, &error,
                   "is discarded");
    assert_status(quipu_aggregate_discard(&note->base, &error),
                  QUIPU_NOT_FOUND);
    assert_int_equal(note->base.version, 2);
    quipu_aggregate_destroy(note);
    wired_close(&wired);
}

static void discard_requires_exactly_one_discarding_handler(void **state)
{
    const quipu_handler two[] = {
        { .event = &note_dropped, .discards = true },
        { .event = &note_tagged, .discards = true },
        { 0 },
    };
    const quipu_aggregate_type ambiguous = {
        .name = "Ambiguous",
        .size = sizeof(quipu_aggregate),
        .handlers = two,
    };
    struct tally *tally = new_tally(NULL);
    quipu_aggregate *other = NULL;
    void *made = NULL;
    quipu_error error;
    (void)state;

    assert_refused(quipu_aggregate_discard(&tally->base, &error), QUIPU_INVALID,
                   &error, "0 handlers that discard");
    assert_ok(quipu_aggregate_create(&ambiguous, NULL, NULL, &made, &error),
              &error);
    other = made;
    assert_refused(quipu_aggregate_discard(other, &error), QUIPU_INVALID,
                   &error, "2 handlers that discard");
    assert_status(quipu_aggregate_discard(NULL, &error), QUIPU_INVALID);
    quipu_aggregate_destroy(other);
    quipu_aggregate_destroy(tally);
}

/* ------------------------------------------------------------- mutators */

static void mutator_applies_and_discards(void **state)
{
    struct tally *tally = new_tally(NULL);
    struct note_dropped dropped = { 0 };
    quipu_event_type bad = tally_added;
    quipu_error error;
    (void)state;

    assert_ok(tally_add(tally, 5, &error), &error);
    assert_ok(tally_add(tally, -2, &error), &error);
    assert_int_equal(tally->sum, 3);
    assert_ok(tally_add(tally, 0, &error), &error);
    assert_true(tally->base.discarded);
    assert_status(tally_add(tally, 1, &error), QUIPU_NOT_FOUND);
    quipu_aggregate_destroy(tally);

    tally = new_tally(NULL);
    bad.size = 3;
    assert_status(
        quipu_aggregate_trigger(&tally->base, &bad, &dropped.base, &error),
        QUIPU_INVALID);
    assert_false(tally->base.stale);
    assert_refused(quipu_aggregate_trigger(&tally->base, &note_dropped,
                                           &dropped.base, &error),
                   QUIPU_INVALID, &error, "a tally only adds");
    assert_true(tally->base.stale);
    quipu_aggregate_destroy(tally);
}

/* ------------------------------------------------------------ nested calls */

struct nested {
    quipu_aggregate base;
};

static int nested_status; /* status of the nested call */
static quipu_aggregate *nested_aggregate;

static void try_from_within(void)
{
    struct note_dropped dropped = { 0 };
    quipu_error error;

    nested_status = quipu_aggregate_trigger(nested_aggregate, &note_dropped,
                                            &dropped.base, &error);
    if (nested_status == QUIPU_INVALID) {
        nested_status = strstr(error.message, "in the middle of an event")
                            ? QUIPU_INVALID
                            : QUIPU_INTERNAL;
    }
    if (quipu_aggregates_save(&nested_aggregate, 1, &error) != QUIPU_INVALID ||
        quipu_aggregate_replay(nested_aggregate, &dropped.base, &error) !=
            QUIPU_INVALID) {
        nested_status = QUIPU_INTERNAL;
    }
}

static int triggering_handler(void *aggregate, const void *event,
                              quipu_error *error)
{
    (void)aggregate;
    (void)event;
    (void)error;
    try_from_within();
    return QUIPU_OK;
}

static void trigger_in_a_handler_is_refused(void **state)
{
    const quipu_handler handlers[] = {
        { .event = &note_dropped, .apply = triggering_handler }, { 0 }
    };
    const quipu_aggregate_type type = {
        .name = "Nested",
        .size = sizeof(struct nested),
        .handlers = handlers,
    };
    struct note_dropped dropped = { 0 };
    quipu_error error;
    void *made = NULL;
    (void)state;

    assert_ok(quipu_aggregate_create(&type, NULL, NULL, &made, &error), &error);
    nested_aggregate = made;
    nested_status = QUIPU_OK;
    assert_ok(quipu_aggregate_trigger(nested_aggregate, &note_dropped,
                                      &dropped.base, &error),
              &error);
    assert_int_equal(nested_status, QUIPU_INVALID);
    assert_int_equal(nested_aggregate->version, 1);
    assert_false(nested_aggregate->stale);
    quipu_aggregate_destroy(made);
}

static void triggering_listener(void *context, const quipu_event *const *events,
                                size_t count)
{
    (void)context;
    (void)events;
    (void)count;
    try_from_within();
}

static void trigger_in_a_listener_to_the_aggregate_is_refused(void **state)
{
    struct wired wired;
    struct note *note = NULL;
    quipu_subscriber *listener = NULL;
    quipu_error error;
    (void)state;

    wired_open(&wired);
    assert_ok(quipu_bus_listen(wired.bus, triggering_listener, NULL, &listener,
                               &error),
              &error);
    note = new_note(wired.bus);
    nested_aggregate = &note->base;
    nested_status = QUIPU_OK;
    assert_ok(note_write(note, "milk", &error), &error);
    assert_int_equal(nested_status, QUIPU_INVALID);
    assert_int_equal(wired.recorder.calls, 1);
    assert_ok(note_change(note, "eggs", &error), &error);
    quipu_aggregate_destroy(note);
    quipu_bus_unsubscribe(listener);
    wired_close(&wired);
}

/* --------------------------------------------------------------- replay */

static void replayed_events_are_not_pending(void **state)
{
    struct note *note = new_note(NULL);
    struct note_written written = { .text = "milk" };
    struct note_dropped dropped = { 0 };
    quipu_error error;
    size_t count = 1;
    (void)state;

    quipu_event_init(&written.base, &note_written, &note->base.id, 0);
    quipu_event_init(&dropped.base, &note_dropped, &note->base.id, 1);
    assert_ok(quipu_aggregate_replay(&note->base, &written.base, &error),
              &error);
    assert_string_equal(note->text, "milk");
    assert_int_equal(note->base.version, 1);
    quipu_aggregate_pending(&note->base, &count);
    assert_int_equal(count, 0);
    assert_ok(quipu_aggregate_replay(&note->base, &dropped.base, &error),
              &error);
    assert_status(quipu_aggregate_replay(&note->base, &dropped.base, &error),
                  QUIPU_NOT_FOUND);
    assert_status(quipu_aggregate_replay(&note->base, NULL, &error),
                  QUIPU_INVALID);
    assert_status(quipu_aggregate_replay(NULL, &dropped.base, &error),
                  QUIPU_INVALID);
    quipu_aggregate_destroy(note);
}

static void replay_refuses_foreign_and_misplaced_events(void **state)
{
    struct note *note = new_note(NULL);
    struct note *other = new_note(NULL);
    struct note_written written = { .text = "milk" };
    quipu_error error;
    (void)state;

    quipu_event_init(&written.base, &note_written, &other->base.id, 0);
    assert_refused(quipu_aggregate_replay(&note->base, &written.base, &error),
                   QUIPU_INVALID, &error, "another originator");
    quipu_event_init(&written.base, &note_written, &note->base.id, 1);
    assert_refused(quipu_aggregate_replay(&note->base, &written.base, &error),
                   QUIPU_INVALID, &error, "is version 1");
    assert_false(note->base.stale);
    assert_null(note->text);
    quipu_aggregate_destroy(other);
    quipu_aggregate_destroy(note);
}

static void messages_show_text_ids_as_text_and_uuids_as_uuids(void **state)
{
    const char *texts[] = { "shopping", "sixteen letters!" };
    quipu_error error;
    quipu_id id;
    void *made = NULL;
    quipu_uuid uuid = { { 0x01, 0x23 } };
    (void)state;

    for (int i = 0; i < 3; i++) {
        if (i < 2) {
            assert_ok(quipu_id_of_text(&id, texts[i], &error), &error);
        } else {
            quipu_id_of_uuid(&id, &uuid);
        }
        assert_ok(quipu_aggregate_create(&note_type, &id, NULL, &made, &error),
                  &error);
        assert_ok(quipu_aggregate_discard(made, &error), &error);
        assert_refused(note_change(made, "x", &error), QUIPU_NOT_FOUND, &error,
                       i < 2 ? texts[i]
                             : "Note 01230000-0000-0000-0000-000000000000");
        quipu_aggregate_destroy(made);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_is_filled_applied_and_published),
        cmocka_unit_test(given_event_id_time_and_metadata_are_kept),
        cmocka_unit_test(event_struct_can_be_triggered_twice),
        cmocka_unit_test(event_may_point_into_the_aggregate),
        cmocka_unit_test(event_that_cannot_be_copied_changes_nothing),
        cmocka_unit_test(event_without_a_handler_is_refused),
        cmocka_unit_test(event_of_another_type_is_refused),
        cmocka_unit_test(
            failing_handler_makes_aggregate_stale_and_publishes_nothing),
        cmocka_unit_test(handler_that_fills_no_error_is_named),
        cmocka_unit_test(handler_may_fail_without_an_error_argument),
        cmocka_unit_test(
            refused_publication_keeps_event_and_makes_aggregate_stale),
        cmocka_unit_test(bus_without_a_policy_refuses),
        cmocka_unit_test(discarded_aggregate_refuses_commands),
        cmocka_unit_test(discard_requires_exactly_one_discarding_handler),
        cmocka_unit_test(mutator_applies_and_discards),
        cmocka_unit_test(trigger_in_a_handler_is_refused),
        cmocka_unit_test(trigger_in_a_listener_to_the_aggregate_is_refused),
        cmocka_unit_test(replayed_events_are_not_pending),
        cmocka_unit_test(replay_refuses_foreign_and_misplaced_events),
        cmocka_unit_test(messages_show_text_ids_as_text_and_uuids_as_uuids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
