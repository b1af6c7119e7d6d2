/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions, projections and timers of a log some of whose events are
 * erased (P9).  The macro MODEL names the back end. */
#include "model_fixture.h"

#include "core/timer/timer_fixture.h"

#include <quipu/erasure.h>
#include <quipu/id.h>

enum { EVENTS = 60, SEQUENCES = 8 };

static quipu_error error;

static void open_new(struct opened_log *log, const char *label, char name[96])
{
    MODEL.prepare(label, "durability=relaxed", name);
    open_log(log, name);
    log->sequences = SEQUENCES;
    fill_log(log, EVENTS);
}

/* Erases the events with these notification ids. */
static void erase(struct opened_log *log, int64_t from, int64_t to)
{
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .lower = from,
                                    .upper = to };
    int64_t erased = 0;

    assert_ok(quipu_records_erase(log->records, &erasure, &erased, &error),
              &error);
    assert_int_equal(erased, to - from + 1);
}

static void catch_up(quipu_projection *projection)
{
    bool caught_up = false;

    while (!caught_up) {
        assert_ok(quipu_projection_step(projection, &caught_up, &error),
                  &error);
    }
}

static void close_projection(quipu_projection *projection)
{
    assert_ok(quipu_projection_close(projection, &error), &error);
}

/* Closes the log, and fails unless the read model has all events but so many.
 * */
static void assert_left_out(struct opened_log *log, const char *name,
                            int64_t missing, int64_t parked)
{
    close_log(log);
    struct model_counts counts =
        count_model(&MODEL, name, "applied@1", SEQUENCES);

    assert_int_equal(counts.record, EVENTS);
    assert_int_equal(counts.missing, missing);
    assert_int_equal(counts.parked, parked);
    assert_int_equal(counts.rows, EVENTS - missing - parked);
    counts.missing = 0;
    assert_exact(&counts);
}

/* ------------------------------------------------------------- subscriptions
 * */

static void subscription_yields_them(void **state)
{
    const quipu_subscription_options options = {
        .struct_size = sizeof(options),
        .flags = QUIPU_SUBSCRIPTION_TO_NOW,
        .consumer = "reader",
    };
    struct opened_log log;
    quipu_subscription *subscription;
    const quipu_event *event;
    const quipu_item *item;
    char name[96];
    int erased = 0;
    (void)state;

    open_new(&log, "subscription", name);
    erase(&log, 3, 5);
    assert_ok(quipu_subscription_open_events(log.store, &options, &subscription,
                                             &error),
              &error);
    for (int64_t id = 1;; id++) {
        assert_ok(quipu_subscription_next(subscription, &item, -1, &error),
                  &error);
        if (!item) {
            break;
        }
        assert_int_equal(item->notification_id, id);
        int status = quipu_subscription_event(subscription, &event, &error);

        if (item->flags & QUIPU_ITEM_ERASED) {
            assert_refused(status, QUIPU_NOT_FOUND, &error, "was erased");
            assert_true(item->flags & QUIPU_ITEM_TIME);
            assert_int_equal(item->state.size, 0);
            erased++;
        } else {
            assert_ok(status, &error);
        }
        assert_ok(quipu_subscription_acknowledge(subscription, &error), &error);
    }
    assert_int_equal(erased, 3);
    assert_ok(quipu_subscription_close(subscription, &error), &error);
    assert_int_equal(tracked(log.datastore, "reader"), EVENTS);
    close_log(&log);
}

/* --------------------------------------------------------------- projections
 * */

static void they_count_as_handled(void **state)
{
    const uint32_t batches[] = { 1, 7, 500 };
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        struct applied applied = { .model = &MODEL };
        struct opened_log log;
        char name[96];

        open_new(&log, "handled", name);
        erase(&log, 1, 1);
        erase(&log, 10, 19);
        erase(&log, EVENTS, EVENTS);
        quipu_projection *projection = open_applied(
            &log, &applied,
            (quipu_projection_options){ .batch_items = batches[i] });

        catch_up(projection);
        close_projection(projection);
        assert_left_out(&log, name, 12, 0);
    }
}

static void members_of_a_group_pass_them(void **state)
{
    const quipu_group_options group = { .struct_size = sizeof(group),
                                        .partitions = 4 };
    struct applied applied = { .model = &MODEL };
    struct opened_log log;
    char name[96];
    (void)state;

    open_new(&log, "group", name);
    erase(&log, 20, 39);
    quipu_projection *projection = open_applied(
        &log, &applied, (quipu_projection_options){ .group = &group });

    catch_up(projection);
    close_projection(projection);
    assert_left_out(&log, name, 20, 0);
}

/* The context is `struct applied` with the number of calls. */
static int on_erased(void *native, void *context, const quipu_event *event,
                     const quipu_item *item, quipu_error *caused)
{
    struct applied *applied = context;
    (void)native;

    assert_null(event);
    assert_true(item->flags & QUIPU_ITEM_ERASED);
    assert_true(item->sequence_id.size > 0);
    atomic_fetch_add(&applied->calls, 1);
    return item->notification_id == applied->refused
               ? quipu_error_set(caused, QUIPU_INVALID, "not this one")
               : QUIPU_OK;
}

static void function_for_them_is_called(void **state)
{
    quipu_projection_type type = applied_type;
    struct applied applied = { .model = &MODEL, .refused = 12 };
    quipu_projection_options options = { .struct_size = sizeof(options),
                                         .on_failure = QUIPU_FAILURE_PARK,
                                         .attempts = 1,
                                         .context = &applied };
    quipu_projection *projection;
    struct opened_log log;
    int64_t left = -1;
    char name[96];
    (void)state;

    type.erased = on_erased;
    open_new(&log, "function", name);
    erase(&log, 1, EVENTS);
    assert_ok(
        quipu_projection_open(log.store, &type, &options, &projection, &error),
        &error);
    catch_up(projection);
    assert_true(atomic_load(&applied.calls) >= EVENTS);
    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    assert_int_equal(left, 1);
    applied.refused = 0;
    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    assert_int_equal(left, 0);
    close_projection(projection);
    assert_left_out(&log, name, EVENTS, 0);
}

/* ------------------------------------------------------------ parked events */

/* Every seventh event is parked, and two of these are erased. */
static void parked_event_that_is_erased_is_not_parked(void **state)
{
    struct applied applied = { .model = &MODEL,
                               .refused = 7,
                               .refusal = QUIPU_INVALID };
    struct opened_log log;
    int64_t left = -1;
    char name[96];
    (void)state;

    open_new(&log, "parked", name);
    quipu_projection *projection =
        open_applied(&log, &applied,
                     (quipu_projection_options){
                         .on_failure = QUIPU_FAILURE_PARK, .attempts = 1 });

    catch_up(projection);
    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    assert_int_equal(left, 8);
    erase(&log, 7, 7);
    erase(&log, 14, 14);
    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    assert_int_equal(left, 6);
    close_projection(projection);
    assert_left_out(&log, name, 2, 6);
}

/* Later events of a sequence wait for an earlier one that is parked, but not
 * when that is erased. */
static void erased_event_blocks_no_sequence(void **state)
{
    struct applied applied = { .model = &MODEL,
                               .refused = EVENTS / 4,
                               .refusal = QUIPU_INVALID };
    struct opened_log log;
    int64_t left = -1;
    char name[96];
    (void)state;

    open_new(&log, "sequence", name);
    quipu_projection *projection = open_applied(
        &log, &applied,
        (quipu_projection_options){ .on_failure = QUIPU_FAILURE_PARK_SEQUENCE,
                                    .attempts = 1 });

    catch_up(projection);
    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    /* 15, 23, 31, 39, 47, 55; 30, 38, 46, 54; 45, 53; 60. */
    assert_int_equal(left, 13);
    erase(&log, 15, 15);
    erase(&log, 30, 30);
    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    assert_int_equal(left, 3);
    close_projection(projection);
    assert_left_out(&log, name, 2, 3);
}

/* ----------------------------------------------------------------- timers */

/* Opens an empty log with a sequence "a-0". */
static quipu_timer_runner *open_timers(struct opened_log *log, quipu_id *id)
{
    char name[96];

    MODEL.prepare("timers", "durability=relaxed", name);
    test_clock = BEGIN;
    open_log(log, name);
    log->sequences = 1;
    assert_ok(quipu_id_of_text(id, "a-0", &error), &error);
    return open_runner(log, NULL);
}

static void timer_of_an_erased_sequence_is_appended(void **state)
{
    struct opened_log log;
    quipu_event *last;
    quipu_id id;
    quipu_timer_runner *runner = open_timers(&log, &id);
    (void)state;

    set_timer(&log, "a-0", "payment", SECOND, 7);
    add_events(&log, 3);
    erase(&log, 1, 3);
    run_until(runner, SECOND);
    assert_string_equal(events_of(&log), "a-0:7 ");
    assert_no_timers(&log);
    assert_ok(quipu_store_last(log.store, &id, &last, &error), &error);
    assert_int_equal(last->originator_version, 3);
    quipu_event_destroy(last);
    close_runner(runner);
    close_log(&log);
}

/* An event that was erased equals each that has its id (E2): the timer whose
 * event it is has run. */
static void erased_event_of_a_timer_is_not_appended_again(void **state)
{
    struct credited event = { .cents = 8 };
    const quipu_event *const events[] = { &event.base };
    struct opened_log log;
    quipu_unit *unit;
    quipu_id id;
    quipu_timer_runner *runner = open_timers(&log, &id);
    (void)state;

    quipu_event_init(&event.base, &credited, &id, 0);
    assert_ok(quipu_unit_create(log.store, &unit, &error), &error);
    assert_ok(quipu_unit_timer_set(unit, "payment",
                                   (quipu_time){ BEGIN + SECOND }, &event.base,
                                   &error),
              &error);
    assert_ok(quipu_unit_commit(unit, NULL, &error), &error);
    quipu_unit_destroy(unit);
    assert_ok(quipu_store_append(log.store, events, 1, NULL, &error), &error);
    erase(&log, 1, 1);
    run_until(runner, SECOND);
    assert_int_equal(status_of(runner).refused, 0);
    assert_no_timers(&log);
    assert_string_equal(events_of(&log), "");
    close_runner(runner);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(subscription_yields_them),
        cmocka_unit_test(they_count_as_handled),
        cmocka_unit_test(members_of_a_group_pass_them),
        cmocka_unit_test(function_for_them_is_called),
        cmocka_unit_test(parked_event_that_is_erased_is_not_parked),
        cmocka_unit_test(erased_event_blocks_no_sequence),
        cmocka_unit_test(timer_of_an_erased_sequence_is_appended),
        cmocka_unit_test(erased_event_of_a_timer_is_not_appended_again),
    };

    add_interposed(MODEL.driver);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
