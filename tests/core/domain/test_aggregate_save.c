/* SPDX-License-Identifier: Apache-2.0 */
/* Tests collecting events, and saving those of several aggregates together. */
#include "domain_fixture.h"

struct pair {
    struct wired wired;
    struct note *note;
    struct tally *tally;
    quipu_aggregate *both[2];
    quipu_error error;
};

/* Two aggregates of two types that collect, the note with two events, the
 * tally with one. */
static void pair_open(struct pair *pair)
{
    wired_open(&pair->wired);
    pair->note = new_note(pair->wired.bus);
    pair->tally = new_tally(pair->wired.bus);
    pair->both[0] = &pair->note->base;
    pair->both[1] = &pair->tally->base;
    quipu_aggregate_collect(pair->both[0]);
    quipu_aggregate_collect(pair->both[1]);
    assert_ok(note_write(pair->note, "milk", &pair->error), &pair->error);
    assert_ok(tally_add(pair->tally, 1, &pair->error), &pair->error);
    assert_ok(note_change(pair->note, "eggs", &pair->error), &pair->error);
    assert_int_equal(pair->wired.recorder.calls, 0);
}

static void pair_close(struct pair *pair)
{
    quipu_aggregate_destroy(pair->tally);
    quipu_aggregate_destroy(pair->note);
    wired_close(&pair->wired);
}

static size_t pending_count(const quipu_aggregate *aggregate)
{
    size_t count = 0;

    quipu_aggregate_pending(aggregate, &count);
    return count;
}

static void save_publishes_one_list_in_order_of_the_aggregates(void **state)
{
    const quipu_event_type *expected[] = { &note_written, &note_changed,
                                           &tally_added };
    struct pair pair;
    (void)state;

    pair_open(&pair);
    assert_ok(quipu_aggregates_save(pair.both, 2, &pair.error), &pair.error);
    assert_int_equal(pair.wired.recorder.calls, 1);
    assert_int_equal(pair.wired.recorder.counts[0], 3);
    for (size_t i = 0; i < 3; i++) {
        assert_ptr_equal(pair.wired.recorder.events[0][i]->type, expected[i]);
    }
    assert_int_equal(pending_count(pair.both[0]), 0);
    assert_int_equal(pending_count(pair.both[1]), 0);
    pair_close(&pair);
}

static void saving_again_publishes_nothing(void **state)
{
    struct pair pair;
    (void)state;

    pair_open(&pair);
    assert_ok(quipu_aggregates_save(pair.both, 2, &pair.error), &pair.error);
    assert_ok(quipu_aggregates_save(pair.both, 2, &pair.error), &pair.error);
    assert_ok(quipu_aggregates_save(NULL, 0, &pair.error), &pair.error);
    assert_int_equal(pair.wired.recorder.calls, 1);
    assert_ok(note_change(pair.note, "bread", &pair.error), &pair.error);
    assert_ok(quipu_aggregates_save(pair.both, 2, &pair.error), &pair.error);
    assert_int_equal(pair.wired.recorder.counts[1], 1);
    pair_close(&pair);
}

static void failed_save_makes_aggregates_with_events_stale(void **state)
{
    struct pair pair;
    struct note *idle = NULL;
    quipu_aggregate *three[3];
    (void)state;

    pair_open(&pair);
    idle = new_note(pair.wired.bus);
    three[0] = pair.both[0];
    three[1] = &idle->base;
    three[2] = pair.both[1];
    pair.wired.recorder.answers[0] = QUIPU_CONFLICT;
    assert_refused(quipu_aggregates_save(three, 3, &pair.error), QUIPU_CONFLICT,
                   &pair.error, "as it was told");
    assert_true(pair.note->base.stale);
    assert_true(pair.tally->base.stale);
    assert_false(idle->base.stale);
    assert_int_equal(pending_count(pair.both[0]), 2);
    assert_int_equal(pending_count(pair.both[1]), 1);
    assert_status(note_change(pair.note, "x", &pair.error), QUIPU_CONFLICT);
    quipu_aggregate_destroy(idle);
    pair_close(&pair);
}

static void retry_publishes_the_same_events(void **state)
{
    struct recorder *seen = NULL;
    struct pair pair;
    (void)state;

    pair_open(&pair);
    seen = &pair.wired.recorder;
    seen->answers[0] = QUIPU_UNKNOWN_OUTCOME;
    assert_status(quipu_aggregates_save(pair.both, 2, &pair.error),
                  QUIPU_UNKNOWN_OUTCOME);
    assert_ok(quipu_aggregates_save(pair.both, 2, &pair.error), &pair.error);
    assert_int_equal(seen->counts[1], 3);
    for (size_t i = 0; i < 3; i++) {
        assert_memory_equal(&seen->events[0][i]->event_id,
                            &seen->events[1][i]->event_id, 16);
        assert_int_equal(seen->events[0][i]->time.microseconds,
                         seen->events[1][i]->time.microseconds);
        assert_int_equal(seen->events[0][i]->originator_version,
                         seen->events[1][i]->originator_version);
    }
    assert_false(pair.note->base.stale || pair.tally->base.stale);
    assert_ok(note_change(pair.note, "bread", &pair.error), &pair.error);
    pair_close(&pair);
}

static void save_repeats_a_trigger_that_failed_to_publish(void **state)
{
    quipu_aggregate *saved = NULL;
    struct wired wired;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    wired_open(&wired);
    wired.recorder.answers[0] = QUIPU_BUSY;
    note = new_note(wired.bus);
    saved = &note->base;
    assert_status(note_write(note, "milk", &error), QUIPU_BUSY);
    assert_ok(quipu_aggregates_save(&saved, 1, &error), &error);
    assert_memory_equal(&wired.recorder.events[0][0]->event_id,
                        &wired.recorder.events[1][0]->event_id, 16);
    assert_ok(note_change(note, "eggs", &error), &error);
    assert_int_equal(wired.recorder.events[2][0]->originator_version, 1);
    quipu_aggregate_destroy(note);
    wired_close(&wired);
}

/* A program stores the events itself if there is no bus. */
static void events_saved_by_other_means_are_not_pending(void **state)
{
    struct note *note = new_note(NULL);
    const quipu_event *const *events = NULL;
    size_t count = 0;
    quipu_error error;
    (void)state;

    assert_ok(note_write(note, "milk", &error), &error);
    assert_ok(quipu_aggregate_saved(&note->base, &error), &error);
    assert_int_equal(pending_count(&note->base), 0);
    assert_ok(note_change(note, "eggs", &error), &error);
    events = quipu_aggregate_pending(&note->base, &count);
    assert_int_equal(count, 1);
    assert_int_equal(events[0]->originator_version, 1);
    assert_status(note_tear(note, QUIPU_DENIED, false, &error), QUIPU_DENIED);
    assert_refused(quipu_aggregate_saved(&note->base, &error), QUIPU_CONFLICT,
                   &error, "failed midway");
    assert_int_equal(pending_count(&note->base), 1);
    quipu_aggregate_destroy(note);
}

static void aggregate_saved_by_other_means_is_not_stale(void **state)
{
    struct pair pair;
    (void)state;

    pair_open(&pair);
    pair.wired.recorder.answers[0] = QUIPU_UNKNOWN_OUTCOME;
    assert_status(quipu_aggregates_save(pair.both, 2, &pair.error),
                  QUIPU_UNKNOWN_OUTCOME);
    assert_ok(quipu_aggregate_saved(pair.both[0], &pair.error), &pair.error);
    assert_false(pair.note->base.stale);
    assert_ok(note_change(pair.note, "bread", &pair.error), &pair.error);
    pair_close(&pair);
}

static int save_from_within(void *context, const quipu_event *const *events,
                            size_t count, quipu_error *error)
{
    quipu_aggregate *aggregate = context;
    (void)events;
    (void)count;

    return quipu_aggregate_saved(aggregate, error);
}

static void subscriber_cannot_mark_aggregate_as_saved(void **state)
{
    quipu_subscriber *subscriber = NULL;
    struct pair pair;
    (void)state;

    pair_open(&pair);
    assert_ok(quipu_bus_subscribe(pair.wired.bus, save_from_within,
                                  pair.both[0], &subscriber, &pair.error),
              &pair.error);
    assert_refused(quipu_aggregates_save(pair.both, 2, &pair.error),
                   QUIPU_INVALID, &pair.error, "says that it is saved");
    assert_int_equal(pending_count(pair.both[0]), 2);
    quipu_bus_unsubscribe(subscriber);
    pair_close(&pair);
}

static void wrong_lists_are_refused_and_change_nothing(void **state)
{
    struct pair pair;
    struct wired elsewhere;
    struct note *loose = NULL;
    struct note *other = NULL;
    quipu_aggregate *list[3];
    (void)state;

    pair_open(&pair);
    wired_open(&elsewhere);
    loose = new_note(NULL);
    other = new_note(elsewhere.bus);
    list[0] = pair.both[0];
    list[1] = pair.both[1];
    list[2] = pair.both[0];
    assert_refused(quipu_aggregates_save(list, 3, &pair.error), QUIPU_INVALID,
                   &pair.error, "named twice");
    list[2] = &loose->base;
    assert_refused(quipu_aggregates_save(list, 3, &pair.error), QUIPU_INVALID,
                   &pair.error, "attached to no bus");
    assert_refused(quipu_aggregates_save(list + 2, 1, &pair.error),
                   QUIPU_INVALID, &pair.error, "attached to no bus");
    list[2] = &other->base;
    assert_refused(quipu_aggregates_save(list, 3, &pair.error), QUIPU_INVALID,
                   &pair.error, "another one");
    list[2] = NULL;
    assert_refused(quipu_aggregates_save(list, 3, &pair.error), QUIPU_INVALID,
                   &pair.error, "aggregate 2 is NULL");
    assert_refused(quipu_aggregates_save(NULL, 1, &pair.error), QUIPU_INVALID,
                   &pair.error, "aggregate 0 is NULL");
    assert_int_equal(pair.wired.recorder.calls, 0);
    assert_false(pair.note->base.stale || pair.tally->base.stale);
    assert_ok(quipu_aggregates_save(pair.both, 2, &pair.error), &pair.error);
    quipu_aggregate_destroy(other);
    quipu_aggregate_destroy(loose);
    wired_close(&elsewhere);
    pair_close(&pair);
}

static void broken_aggregate_prevents_saving_others(void **state)
{
    struct pair pair;
    (void)state;

    pair_open(&pair);
    assert_status(note_tear(pair.note, QUIPU_DENIED, false, &pair.error),
                  QUIPU_DENIED);
    assert_refused(quipu_aggregates_save(pair.both, 2, &pair.error),
                   QUIPU_CONFLICT, &pair.error, "failed midway");
    assert_int_equal(pair.wired.recorder.calls, 0);
    assert_ok(quipu_aggregates_save(pair.both + 1, 1, &pair.error),
              &pair.error);
    assert_true(pair.note->base.stale);
    assert_int_equal(pending_count(pair.both[0]), 2);
    pair_close(&pair);
}

static size_t heard;

static void count_pending(void *context, const quipu_event *const *events,
                          size_t count)
{
    (void)events;
    heard = count;
    assert_int_equal(pending_count(context), count);
}

static void events_stay_pending_while_they_are_published(void **state)
{
    struct wired wired;
    struct note *note = NULL;
    quipu_subscriber *listener = NULL;
    quipu_error error;
    (void)state;

    wired_open(&wired);
    note = new_note(wired.bus);
    assert_ok(
        quipu_bus_listen(wired.bus, count_pending, note, &listener, &error),
        &error);
    heard = 0;
    assert_ok(note_write(note, "milk", &error), &error);
    assert_int_equal(heard, 1);
    quipu_bus_unsubscribe(listener);
    quipu_aggregate_destroy(note);
    wired_close(&wired);
}

static void collecting_may_begin_after_events(void **state)
{
    struct wired wired;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    wired_open(&wired);
    note = new_note(wired.bus);
    assert_ok(note_write(note, "milk", &error), &error);
    quipu_aggregate_collect(&note->base);
    assert_ok(note_change(note, "eggs", &error), &error);
    assert_ok(quipu_aggregate_discard(&note->base, &error), &error);
    assert_int_equal(wired.recorder.calls, 1);
    assert_int_equal(pending_count(&note->base), 2);
    quipu_aggregate_destroy(note);
    wired_close(&wired);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(save_publishes_one_list_in_order_of_the_aggregates),
        cmocka_unit_test(saving_again_publishes_nothing),
        cmocka_unit_test(failed_save_makes_aggregates_with_events_stale),
        cmocka_unit_test(retry_publishes_the_same_events),
        cmocka_unit_test(save_repeats_a_trigger_that_failed_to_publish),
        cmocka_unit_test(events_saved_by_other_means_are_not_pending),
        cmocka_unit_test(aggregate_saved_by_other_means_is_not_stale),
        cmocka_unit_test(subscriber_cannot_mark_aggregate_as_saved),
        cmocka_unit_test(wrong_lists_are_refused_and_change_nothing),
        cmocka_unit_test(broken_aggregate_prevents_saving_others),
        cmocka_unit_test(events_stay_pending_while_they_are_published),
        cmocka_unit_test(collecting_may_begin_after_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
