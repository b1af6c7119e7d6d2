/* SPDX-License-Identifier: Apache-2.0 */
/* Tests projections whose read model is in SQLite. */
#include "balances_fixture.h"

#include <pthread.h>

static quipu_error error;

static void close_projection(quipu_projection *projection)
{
    assert_ok(quipu_projection_close(projection, &error), &error);
}

static int64_t count_parked(struct opened_log *log, int64_t *ids)
{
    const quipu_parked_event *event;
    quipu_parked_events *events;
    int64_t count = 0;

    assert_ok(
        quipu_parked_events_open(log->datastore, "balances@1", &events, &error),
        &error);
    for (;;) {
        assert_ok(quipu_parked_events_next(events, &event, &error), &error);
        if (!event) {
            break;
        }
        if (ids) {
            ids[count] = event->notification_id;
        }
        count++;
    }
    quipu_parked_events_close(events);
    return count;
}

/* ----------------------------------------------------------- exactly once */

static void each_event_is_applied_once(void **state)
{
    const uint32_t sizes[] = { 1, 7, 500 };
    const char *const names[] = { "one.db", "seven.db", "many.db" };
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        struct balances balances = { .refused = 0 };
        struct opened_log log;

        open_log(&log, names[i]);
        add_events(&log, 200);
        quipu_projection *projection = open_balances(
            &log, &balances,
            (quipu_projection_options){ .batch_items = sizes[i] });

        assert_ok(catch_up(projection, &error), &error);
        assert_int_equal(tracked(log.datastore, "balances@1"), 200);
        add_events(&log, 100);
        assert_ok(catch_up(projection, &error), &error);
        assert_int_equal(tracked(log.datastore, "balances@1"), 300);
        close_projection(projection);

        projection = open_balances(
            &log, &balances, (quipu_projection_options){ .target = NULL });
        assert_ok(catch_up(projection, &error), &error);
        close_projection(projection);
        close_log(&log);
        assert_int_equal(balances.applied, 300);
        assert_int_equal(balances.created, 1);
        assert_read_model(names[i], 300, NULL);
    }
}

static void record_passes_other_events(void **state)
{
    struct balances balances = { .refused = 0 };
    struct opened_log log;
    (void)state;

    open_log(&log, "others.db");
    add_events(&log, 2);
    for (int i = 0; i < 40; i++) {
        add_item(&log, "x", "Other");
    }
    quipu_projection *projection = open_balances(
        &log, &balances, (quipu_projection_options){ .target = NULL });

    assert_ok(catch_up(projection, &error), &error);
    assert_int_equal(tracked(log.datastore, "balances@1"), 42);
    close_projection(projection);
    close_log(&log);
    assert_read_model("others.db", 2, NULL);
}

static void read_model_may_be_in_another_file(void **state)
{
    struct balances balances = { .refused = 0 };
    struct opened_log log;
    quipu_datastore *target;
    (void)state;

    open_log(&log, "events.db");
    add_events(&log, 50);
    assert_ok(
        quipu_datastore_open("interposed:///model.db", NULL, &target, &error),
        &error);
    quipu_projection *projection = open_balances(
        &log, &balances, (quipu_projection_options){ .target = target });

    assert_ok(catch_up(projection, &error), &error);
    assert_int_equal(tracked(target, "balances@1"), 50);
    assert_int_equal(tracked(log.datastore, "balances@1"), 0);
    assert_status(quipu_datastore_close(target, &error), QUIPU_INVALID);
    close_projection(projection);
    assert_ok(quipu_datastore_close(target, &error), &error);
    close_log(&log);
    assert_read_model("model.db", 50, NULL);
}

/* The transactions grow while events are fast.  When these become slow, each
 * takes longer than a batch may, so that every transaction has one of them. */
static void slow_batch_is_divided(void **state)
{
    struct balances balances = { .nanoseconds = 0 };
    struct opened_log log;
    quipu_consumer_status before = { .struct_size = sizeof(before) };
    quipu_consumer_status after = { .struct_size = sizeof(after) };
    (void)state;

    open_log(&log, "slow.db");
    add_events(&log, 400);
    quipu_projection *projection =
        open_balances(&log, &balances,
                      (quipu_projection_options){ .batch_milliseconds = 200 });

    assert_ok(catch_up(projection, &error), &error);
    assert_ok(quipu_projection_status(projection, &before, &error), &error);
    assert_true(before.recorded < 400);
    balances.nanoseconds = 210000000;
    add_events(&log, 8);
    assert_ok(catch_up(projection, &error), &error);
    assert_ok(quipu_projection_status(projection, &after, &error), &error);
    assert_int_equal(after.recorded - before.recorded, 8);
    assert_int_equal(after.yielded, 408);
    close_projection(projection);
    close_log(&log);
    assert_read_model("slow.db", 408, NULL);
}

static void *run_projection(void *context)
{
    assert_ok(quipu_projection_run(context, NULL), NULL);
    return NULL;
}

static void two_runners_apply_each_event_once(void **state)
{
    struct balances balances[2] = { { .refused = 0 }, { .refused = 0 } };
    quipu_projection *projections[2];
    pthread_t threads[2];
    struct opened_log log;
    (void)state;

    open_log(&log, "two.db");
    for (int i = 0; i < 2; i++) {
        projections[i] = open_balances(
            &log, &balances[i],
            (quipu_projection_options){ .batch_items = i == 0 ? 7 : 100 });
        assert_int_equal(
            pthread_create(&threads[i], NULL, run_projection, projections[i]),
            0);
    }
    add_events(&log, 600);
    assert_ok(quipu_tracking_wait(log.datastore, "balances@1", "stored_events",
                                  600, -1, &error),
              &error);
    for (int i = 0; i < 2; i++) {
        quipu_projection_stop(projections[i]);
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        close_projection(projections[i]);
    }
    close_log(&log);
    print_message("applied %d and %d times\n", balances[0].applied,
                  balances[1].applied);
    assert_read_model("two.db", 600, NULL);
}

/* --------------------------------------------------------------- refusals */

static void refused_event_stops_and_is_named(void **state)
{
    struct balances balances = { .refused = 30,
                                 .refusal = QUIPU_NOT_FOUND,
                                 .refusals = -1 };
    struct opened_log log;
    (void)state;

    open_log(&log, "refused.db");
    add_events(&log, 50);
    quipu_projection *projection = open_balances(
        &log, &balances, (quipu_projection_options){ .attempts = 2 });

    for (int again = 0; again < 2; again++) {
        assert_refused(quipu_projection_run(projection, &error),
                       QUIPU_NOT_FOUND, &error,
                       "projection \"balances@1\" cannot apply notification 30 "
                       "(topic \"Credited\"): no such account");
        /* Those before it are kept (P3). */
        assert_int_equal(tracked(log.datastore, "balances@1"), 29);
    }
    balances.refusals = 0;
    assert_ok(catch_up(projection, &error), &error);
    close_projection(projection);
    close_log(&log);
    assert_read_model("refused.db", 50, NULL);
}

static void busy_handler_is_never_blamed(void **state)
{
    struct balances balances = { .refused = 3,
                                 .refusal = QUIPU_BUSY,
                                 .refusals = 4 };
    struct opened_log log;
    pthread_t thread;
    (void)state;

    open_log(&log, "busy.db");
    add_events(&log, 5);
    quipu_projection *projection =
        open_balances(&log, &balances,
                      (quipu_projection_options){
                          .attempts = 1, .on_failure = QUIPU_FAILURE_PARK });

    assert_int_equal(pthread_create(&thread, NULL, run_projection, projection),
                     0);
    assert_ok(quipu_tracking_wait(log.datastore, "balances@1", "stored_events",
                                  5, -1, &error),
              &error);
    quipu_projection_stop(projection);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(count_parked(&log, NULL), 0);
    close_projection(projection);
    close_log(&log);
    assert_read_model("busy.db", 5, NULL);
}

static void event_that_cannot_be_decoded_stops(void **state)
{
    struct balances balances = { .refused = 0 };
    struct opened_log log;
    (void)state;

    open_log(&log, "damaged.db");
    add_events(&log, 2);
    add_item(&log, "x", "Credited"); /* with an empty state */
    quipu_projection *projection = open_balances(
        &log, &balances, (quipu_projection_options){ .target = NULL });

    assert_refused(quipu_projection_run(projection, &error), QUIPU_CORRUPT,
                   &error, "cannot apply notification 3");
    assert_int_equal(tracked(log.datastore, "balances@1"), 2);
    close_projection(projection);
    close_log(&log);
}

/* ---------------------------------------------------------------- parking */

static void refused_event_is_parked_and_retried(void **state)
{
    const int64_t missing[] = { 3, 0 };
    struct balances balances;
    const quipu_parked_event *event;
    quipu_parked_events *events;
    struct opened_log log;
    int64_t left = -1;
    quipu_projection *projection =
        project_with_parked(&log, &balances, "parked.db");
    (void)state;

    assert_int_equal(tracked(log.datastore, "balances@1"), 5);
    assert_read_model("parked.db", 5, missing);
    assert_ok(
        quipu_parked_events_open(log.datastore, "balances@1", &events, &error),
        &error);
    assert_ok(quipu_parked_events_next(events, &event, &error), &error);
    assert_int_equal(event->notification_id, 3);
    assert_int_equal(event->code, QUIPU_NOT_FOUND);
    assert_int_equal(event->attempts, 1);
    assert_false(event->follows);
    assert_true(event->parked.microseconds > 0);
    assert_bytes(event->sequence_id.data, event->sequence_id.size, "a-2", 3);
    assert_bytes(event->topic.data, event->topic.size, "Credited", 8);
    assert_bytes(event->message.data, event->message.size, "no such account",
                 15);
    quipu_parked_events_close(events);

    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    assert_int_equal(left, 1);
    assert_read_model("parked.db", 5, missing);
    balances.refusals = 0;
    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    assert_int_equal(left, 0);
    assert_int_equal(count_parked(&log, NULL), 0);
    close_projection(projection);
    close_log(&log);
}

static void parked_event_is_discarded(void **state)
{
    struct balances balances;
    struct opened_log log;
    quipu_projection *projection =
        project_with_parked(&log, &balances, "discarded.db");
    (void)state;

    assert_status(
        quipu_parked_event_discard(log.datastore, "balances@1", 2, &error),
        QUIPU_NOT_FOUND);
    assert_ok(
        quipu_parked_event_discard(log.datastore, "balances@1", 3, &error),
        &error);
    assert_status(
        quipu_parked_event_discard(log.datastore, "balances@1", 3, &error),
        QUIPU_NOT_FOUND);
    assert_int_equal(count_parked(&log, NULL), 0);
    close_projection(projection);
    close_log(&log);
}

/* Appends an event to the sequence "a-2", which has event 3 already. */
static void credit_again(struct opened_log *log, int64_t version)
{
    struct credited event = { .cents = log->stored };
    const quipu_event *const events[] = { &event.base };
    quipu_id id;

    assert_ok(quipu_id_of_text(&id, "a-2", &error), &error);
    quipu_event_init(&event.base, &credited, &id, version);
    assert_ok(quipu_store_append(log->store, events, 1, NULL, &error), &error);
    log->stored++;
}

static void later_events_of_a_parked_sequence_follow_it(void **state)
{
    const int64_t missing[] = { 3, 6, 8, 0 };
    struct balances balances = { .refused = 3,
                                 .refusal = QUIPU_NOT_FOUND,
                                 .refusals = -1 };
    struct opened_log log;
    int64_t ids[8];
    int64_t left = -1;
    (void)state;

    open_log(&log, "sequence.db");
    add_events(&log, 5);
    credit_again(&log, 1); /* 6 */
    add_events(&log, 1);
    quipu_projection *projection = open_balances(
        &log, &balances,
        (quipu_projection_options){
            .attempts = 1, .on_failure = QUIPU_FAILURE_PARK_SEQUENCE });

    assert_ok(catch_up(projection, &error), &error);
    close_projection(projection);
    /* It is remembered by the next process. */
    credit_again(&log, 2); /* 8 */
    projection = open_balances(
        &log, &balances,
        (quipu_projection_options){
            .attempts = 1, .on_failure = QUIPU_FAILURE_PARK_SEQUENCE });
    assert_ok(catch_up(projection, &error), &error);
    assert_read_model("sequence.db", 8, missing);
    assert_int_equal(count_parked(&log, ids), 3);
    assert_int_equal(ids[0], 3);
    assert_int_equal(ids[1], 6);
    assert_int_equal(ids[2], 8);
    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    assert_int_equal(left, 3);
    balances.refusals = 0;
    assert_ok(quipu_projection_retry(projection, &left, &error), &error);
    assert_int_equal(left, 0);
    /* The sequence is free again, also for the projection that is open. */
    credit_again(&log, 3);
    assert_ok(catch_up(projection, &error), &error);
    assert_int_equal(count_parked(&log, NULL), 0);
    assert_int_equal(tracked(log.datastore, "balances@1"), 9);
    close_projection(projection);
    close_log(&log);
}

/* The parked sequences are read again after an event was parked.  If that
 * fails, no later event of the sequence may be applied. */
static void sequence_stays_parked_beside_failures(void **state)
{
    const int64_t missing[] = { 3, 6, 0 };
    int failures = 0;
    (void)state;

    for (int n = 1; n < 30; n++) {
        struct balances balances = { .refused = 3,
                                     .refusal = QUIPU_NOT_FOUND,
                                     .refusals = -1 };
        struct opened_log log;
        char name[32];
        int status = QUIPU_IO;

        (void)snprintf(name, sizeof(name), "beside-%d.db", n);
        open_log(&log, name);
        add_events(&log, 5);
        credit_again(&log, 1); /* 6 */
        quipu_projection *projection = open_balances(
            &log, &balances,
            (quipu_projection_options){
                .attempts = 1, .on_failure = QUIPU_FAILURE_PARK_SEQUENCE });

        interposed.status = QUIPU_IO;
        interposed.fail_at = atomic_load(&interposed.calls) + n;
        while (status == QUIPU_IO) {
            status = catch_up(projection, &error);
            failures += status == QUIPU_IO;
        }
        assert_ok(status, &error);
        interposed.fail_at = 0;
        close_projection(projection);
        close_log(&log);
        assert_read_model(name, 6, missing);
    }
    assert_true(failures > 10);
}

/* -------------------------------------------------- failures of the store */

/* Applies all events with a failure at the n-th call; false: there were fewer.
 */
static bool apply_all(int n, int status, bool after)
{
    enum { EVENTS = 9 };
    struct balances balances = { .refused = 0 };
    quipu_datastore *observer; /* does not fail */
    struct opened_log log;
    pthread_t thread;
    char name[64];
    char uri[96];

    (void)snprintf(name, sizeof(name), "fails-%d-%d-%d.db", status, after, n);
    (void)snprintf(uri, sizeof(uri), "sqlite:///%s", name);
    open_log(&log, name);
    add_events(&log, EVENTS);
    assert_ok(quipu_datastore_open(uri, NULL, &observer, &error), &error);
    quipu_projection *projection = open_balances(
        &log, &balances,
        (quipu_projection_options){ .batch_items = 4,
                                    .attempts = 1,
                                    .on_failure = QUIPU_FAILURE_PARK });

    interposed.status = status;
    interposed.appends_only = status == QUIPU_UNKNOWN_OUTCOME;
    interposed.after = after;
    interposed.fail_at = atomic_load(&interposed.calls) + n;
    assert_int_equal(pthread_create(&thread, NULL, run_projection, projection),
                     0);
    assert_ok(quipu_tracking_wait(observer, "balances@1", "stored_events",
                                  EVENTS, -1, &error),
              &error);
    quipu_projection_stop(projection);
    assert_int_equal(pthread_join(thread, NULL), 0);
    bool reached = atomic_load(&interposed.calls) >= interposed.fail_at;

    interposed.fail_at = 0;
    assert_int_equal(count_parked(&log, NULL), 0);
    close_projection(projection);
    close_log(&log);
    assert_ok(quipu_datastore_close(observer, &error), &error);
    assert_read_model(name, EVENTS, NULL);
    return reached;
}

static void failures_of_the_store_change_nothing(void **state)
{
    int failures = 0;
    (void)state;

    for (int n = 1; n < 24; n++) {
        failures += apply_all(n, QUIPU_BUSY, false);
        failures += apply_all(n, QUIPU_IO, false);
    }
    for (int n = 1; n < 7; n++) {
        failures += apply_all(n, QUIPU_UNKNOWN_OUTCOME, false);
        failures += apply_all(n, QUIPU_UNKNOWN_OUTCOME, true);
    }
    print_message("%d failures\n", failures);
    assert_true(failures > 20);
}

/* A batch that could not be read to its end is read again as a whole. */
static void failures_between_steps_lose_nothing(void **state)
{
    int failures = 0;
    (void)state;

    for (int n = 1; n < 40; n++) {
        struct balances balances = { .refused = 0 };
        struct opened_log log;
        char name[32];
        int status = QUIPU_IO;

        (void)snprintf(name, sizeof(name), "steps-%d.db", n);
        open_log(&log, name);
        add_events(&log, 9);
        quipu_projection *projection = open_balances(
            &log, &balances, (quipu_projection_options){ .batch_items = 4 });

        interposed.single_rows = true;
        interposed.status = QUIPU_IO;
        interposed.fail_at = atomic_load(&interposed.calls) + n;
        while (status == QUIPU_IO) {
            status = catch_up(projection, &error);
            failures += status == QUIPU_IO;
        }
        assert_ok(status, &error);
        interposed.fail_at = 0;
        close_projection(projection);
        close_log(&log);
        assert_read_model(name, 9, NULL);
    }
    assert_true(failures > 10);
}

/* -------------------------------------------------------------- resetting */

static void reset_applies_all_again(void **state)
{
    struct balances balances;
    struct opened_log log;
    quipu_projection *projection =
        project_with_parked(&log, &balances, "reset.db");
    quipu_projection *other = open_balances(
        &log, &balances, (quipu_projection_options){ .target = NULL });

    (void)state;
    assert_ok(catch_up(other, &error), &error);
    balances.refusals = 0;
    assert_ok(quipu_projection_reset(projection, &error), &error);
    assert_int_equal(balances.created, 2);
    assert_int_equal(tracked(log.datastore, "balances@1"), 0);
    assert_int_equal(count_parked(&log, NULL), 0);
    assert_read_model("reset.db", 0, NULL);
    /* A projection that was open meanwhile begins again, too. */
    add_events(&log, 1);
    while (tracked(log.datastore, "balances@1") < 6) {
        assert_ok(catch_up(other, &error), &error);
    }
    assert_ok(catch_up(projection, &error), &error);
    close_projection(other);
    close_projection(projection);
    close_log(&log);
    assert_read_model("reset.db", 6, NULL);
}

/* --------------------------------------------------------------- mistakes */

static void refuse(struct opened_log *log, const quipu_projection_type *type,
                   quipu_projection_options options, const char *words)
{
    quipu_projection *projection = NULL;

    options.struct_size = sizeof(options);
    assert_refused(
        quipu_projection_open(log->store, type, &options, &projection, &error),
        QUIPU_INVALID, &error, words);
    assert_null(projection);
}

static void wrong_types_and_options_are_refused(void **state)
{
    const quipu_event_type unknown = { .topic = "Unknown",
                                       .size = sizeof(quipu_event) };
    const quipu_projection_handler *good = balances_type.handlers;
    const quipu_projection_handler strange[] = {
        { .event = &unknown, .apply = good->apply }, { 0 }
    };
    const quipu_projection_handler twice[] = { *good, *good, { 0 } };
    const quipu_projection_handler empty[] = { { 0 } };
    const quipu_projection_handler without[] = { { .event = &credited },
                                                 { 0 } };
    const quipu_projection_options none = { .target = NULL };
    struct opened_log log;
    char name[120];
    (void)state;

    open_log(&log, "mistakes.db");
    quipu_projection_type type = plain_type;

    type.name = "";
    refuse(&log, &type, none, "1 to 100 bytes");
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    type.name = name;
    refuse(&log, &type, none, "1 to 100 bytes");
    type.name = "a@b";
    refuse(&log, &type, none, "without '@'");
    type = plain_type;
    type.version = 0;
    refuse(&log, &type, none, "at least 1");
    type = plain_type;
    type.handlers = empty;
    refuse(&log, &type, none, "no handlers");
    type.handlers = strange;
    refuse(&log, &type, none, "\"Unknown\" is not one");
    type.handlers = twice;
    refuse(&log, &type, none, "two handlers");
    type.handlers = without;
    refuse(&log, &type, none, "no function");
    refuse(&log, &plain_type, (quipu_projection_options){ .on_failure = 4 },
           "on_failure");
    refuse(&log, &plain_type,
           (quipu_projection_options){ .batch_items = 10001 }, "above 10000");
    close_log(&log);
}

static void projection_runs_in_one_thread(void **state)
{
    struct balances balances = { .refused = 0 };
    struct opened_log log;
    pthread_t thread;
    (void)state;

    open_log(&log, "thread.db");
    quipu_projection *projection = open_balances(
        &log, &balances, (quipu_projection_options){ .target = NULL });

    assert_int_equal(pthread_create(&thread, NULL, run_projection, projection),
                     0);
    while (!atomic_load(&interposed.is_in_wait)) {
    }
    assert_refused(quipu_projection_step(projection, NULL, &error),
                   QUIPU_INVALID, &error, "running in another thread");
    assert_status(quipu_projection_reset(projection, &error), QUIPU_INVALID);
    assert_status(quipu_projection_close(projection, &error), QUIPU_INVALID);
    quipu_projection_request_stop(projection);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close_projection(projection);
    close_log(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_is_applied_once),
        cmocka_unit_test(record_passes_other_events),
        cmocka_unit_test(read_model_may_be_in_another_file),
        cmocka_unit_test(slow_batch_is_divided),
        cmocka_unit_test(two_runners_apply_each_event_once),
        cmocka_unit_test(refused_event_stops_and_is_named),
        cmocka_unit_test(busy_handler_is_never_blamed),
        cmocka_unit_test(event_that_cannot_be_decoded_stops),
        cmocka_unit_test(refused_event_is_parked_and_retried),
        cmocka_unit_test(parked_event_is_discarded),
        cmocka_unit_test(later_events_of_a_parked_sequence_follow_it),
        cmocka_unit_test(sequence_stays_parked_beside_failures),
        cmocka_unit_test(failures_of_the_store_change_nothing),
        cmocka_unit_test(failures_between_steps_lose_nothing),
        cmocka_unit_test(reset_applies_all_again),
        cmocka_unit_test(wrong_types_and_options_are_refused),
        cmocka_unit_test(projection_runs_in_one_thread),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
