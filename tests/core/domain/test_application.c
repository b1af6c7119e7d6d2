/* SPDX-License-Identifier: Apache-2.0 */
/* Tests an application as a whole: commands that are stored through bus and
 * policy, races for a version, appends whose outcome is unknown, and closing.
 */
#include "app_fixture.h"

#include <pthread.h>

#include "quipu_test_memory.h"

static void commands_are_stored_and_reach_listeners(void **state)
{
    struct recorder recorder = { .calls = 0 };
    struct app app;
    struct note *note = NULL;
    quipu_subscriber *subscriber = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    assert_ok(quipu_bus_subscribe(app.bus, recorder_policy, &recorder,
                                  &subscriber, &error),
              &error);
    note = create_note(&app, "milk");
    assert_ok(note_change(note, "eggs", &error), &error);
    assert_ok(quipu_aggregate_discard(&note->base, &error), &error);
    assert_int_equal(log_size(app.store), 3);
    assert_int_equal(recorder.calls, 3);
    assert_ptr_equal(recorder.events[2][0]->type, &note_dropped);
    quipu_bus_unsubscribe(subscriber);
    recorder_clear(&recorder);
    quipu_aggregate_destroy(note);
    app_close(&app);
}

/* ---------------------------------------------------------------- races */

static void losing_append_conflicts_and_succeeds_after_getting_again(
    void **state)
{
    struct app app;
    struct note *winner = NULL;
    struct note *loser = NULL;
    quipu_error error;
    quipu_id id;
    (void)state;

    app_open(&app, 0);
    winner = create_note(&app, "milk");
    id = winner->base.id;
    loser = get_note(&app, &id);
    assert_ok(note_change(winner, "eggs", &error), &error);
    assert_status(note_change(loser, "bread", &error), QUIPU_CONFLICT);
    assert_true(loser->base.stale);
    assert_refused(note_change(loser, "bread", &error), QUIPU_CONFLICT, &error,
                   "stale");
    assert_int_equal(log_size(app.store), 2);
    quipu_aggregate_destroy(loser);
    loser = get_note(&app, &id);
    assert_string_equal(loser->text, "eggs");
    assert_ok(note_change(loser, "bread", &error), &error);
    assert_int_equal(log_size(app.store), 3);
    quipu_aggregate_destroy(loser);
    quipu_aggregate_destroy(winner);
    app_close(&app);
}

#define RACERS 4
#define STEPS 25

struct racer {
    struct app *app;
    quipu_id id;
    int conflicts;
    int failures;
};

/* Adds 1, STEPS times; gets the tally again until the append succeeds. */
static void *race(void *context)
{
    struct racer *racer = context;

    for (int done = 0; done < STEPS;) {
        struct tally *tally =
            quipu_repository_get(racer->app->tallies, &racer->id, NULL);
        int status = tally ? tally_add(tally, 1, NULL) : QUIPU_INTERNAL;

        quipu_aggregate_destroy(tally);
        if (status == QUIPU_OK) {
            done++;
        } else if (status == QUIPU_CONFLICT) {
            racer->conflicts++;
        } else {
            racer->failures++;
            return NULL;
        }
    }
    return NULL;
}

static void concurrent_updates_are_not_lost(void **state)
{
    struct racer racers[RACERS];
    pthread_t threads[RACERS];
    struct app app;
    struct tally *tally = NULL;
    quipu_error error;
    quipu_id id;
    (void)state;

    app_open(&app, 0);
    tally = quipu_repository_create(app.tallies, NULL, &error);
    assert_non_null(tally);
    assert_ok(tally_add(tally, 1, &error), &error);
    id = tally->base.id;
    quipu_aggregate_destroy(tally);
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){ .app = &app, .id = id };
        pthread_create(&threads[i], NULL, race, &racers[i]);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(racers[i].failures, 0);
    }
    tally = quipu_repository_get(app.tallies, &id, &error);
    assert_int_equal(tally->sum, 1 + RACERS * STEPS);
    assert_int_equal(tally->base.version, 1 + RACERS * STEPS);
    quipu_aggregate_destroy(tally);
    app_close(&app);
}

/* ------------------------------------------------------- unknown outcome */

static void trigger_whose_answer_is_lost_is_stored_once(void **state)
{
    quipu_aggregate *saved = NULL;
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    saved = &note->base;
    atomic_store(&script.lost_answers, 1);
    assert_refused(note_change(note, "eggs", &error), QUIPU_UNKNOWN_OUTCOME,
                   &error, "answer lost");
    assert_string_equal(error.sqlstate, "08007");
    assert_true(note->base.stale);
    assert_int_equal(log_size(app.store), 2);
    assert_ok(quipu_aggregates_save(&saved, 1, &error), &error);
    assert_false(note->base.stale);
    assert_int_equal(log_size(app.store), 2);
    assert_ok(note_change(note, "bread", &error), &error);
    assert_int_equal(log_size(app.store), 3);
    quipu_aggregate_destroy(note);
    app_close(&app);
}

static void trigger_whose_append_is_lost_is_stored_by_retry(void **state)
{
    quipu_aggregate *saved = NULL;
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    saved = &note->base;
    atomic_store(&script.lost_appends, 1);
    assert_status(note_change(note, "eggs", &error), QUIPU_UNKNOWN_OUTCOME);
    assert_int_equal(log_size(app.store), 1);
    assert_ok(quipu_aggregates_save(&saved, 1, &error), &error);
    assert_int_equal(log_size(app.store), 2);
    quipu_aggregate_destroy(note);
    app_close(&app);
}

static void retry_conflicts_after_another_append(void **state)
{
    quipu_aggregate *saved = NULL;
    struct app app;
    struct note *note = NULL;
    struct note *other = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    saved = &note->base;
    atomic_store(&script.lost_appends, 1);
    assert_status(note_change(note, "eggs", &error), QUIPU_UNKNOWN_OUTCOME);
    other = get_note(&app, &note->base.id);
    assert_ok(note_change(other, "bread", &error), &error);
    assert_status(quipu_aggregates_save(&saved, 1, &error), QUIPU_CONFLICT);
    assert_true(note->base.stale);
    assert_int_equal(log_size(app.store), 2);
    quipu_aggregate_destroy(other);
    quipu_aggregate_destroy(note);
    app_close(&app);
}

/* ------------------------------------------------ saving several at once */

/* A note and a tally that collect, with two events and one. */
static void make_both(struct app *app, quipu_aggregate *both[2])
{
    quipu_error error;
    struct note *note = quipu_repository_create(app->notes, NULL, &error);
    struct tally *tally = quipu_repository_create(app->tallies, NULL, &error);

    assert_non_null(note);
    assert_non_null(tally);
    both[0] = &note->base;
    both[1] = &tally->base;
    quipu_aggregate_collect(both[0]);
    quipu_aggregate_collect(both[1]);
    assert_ok(note_write(note, "milk", &error), &error);
    assert_ok(note_tag(note, "home", &error), &error);
    assert_ok(tally_add(tally, 1, &error), &error);
    assert_int_equal(log_size(app->store), 0);
}

static void destroy_both(quipu_aggregate *both[2])
{
    quipu_aggregate_destroy(both[0]);
    quipu_aggregate_destroy(both[1]);
}

static void aggregates_of_two_types_are_saved_in_one_append(void **state)
{
    quipu_aggregate *both[2];
    struct app app;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    make_both(&app, both);
    assert_ok(quipu_aggregates_save(both, 2, &error), &error);
    assert_int_equal(atomic_load(&script.appends), 1);
    assert_int_equal(log_size(app.store), 3);
    assert_ok(quipu_aggregates_save(both, 2, &error), &error);
    assert_int_equal(log_size(app.store), 3);
    destroy_both(both);
    app_close(&app);
}

static void save_with_one_conflict_stores_nothing(void **state)
{
    quipu_aggregate *both[2];
    struct app app;
    struct tally *winner = NULL;
    quipu_error error;
    bool found = true;
    (void)state;

    app_open(&app, 0);
    make_both(&app, both);
    winner = quipu_repository_create(app.tallies, &both[1]->id, &error);
    assert_non_null(winner);
    assert_ok(tally_add(winner, 5, &error), &error);
    assert_status(quipu_aggregates_save(both, 2, &error), QUIPU_CONFLICT);
    assert_true(both[0]->stale && both[1]->stale);
    assert_int_equal(log_size(app.store), 1);
    assert_ok(
        quipu_repository_contains(app.notes, &both[0]->id, &found, &error),
        &error);
    assert_false(found);
    assert_ok(quipu_aggregates_save(both, 1, &error), &error);
    assert_int_equal(log_size(app.store), 3);
    quipu_aggregate_destroy(winner);
    destroy_both(both);
    app_close(&app);
}

static void save_whose_answer_is_lost_is_stored_once(void **state)
{
    quipu_aggregate *both[2];
    struct app app;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    make_both(&app, both);
    atomic_store(&script.lost_answers, 2);
    assert_status(quipu_aggregates_save(both, 2, &error),
                  QUIPU_UNKNOWN_OUTCOME);
    assert_status(quipu_aggregates_save(both, 2, &error),
                  QUIPU_UNKNOWN_OUTCOME);
    assert_ok(quipu_aggregates_save(both, 2, &error), &error);
    assert_int_equal(log_size(app.store), 3);
    assert_false(both[0]->stale || both[1]->stale);
    assert_ok(tally_add((struct tally *)both[1], 2, &error), &error);
    assert_ok(quipu_aggregates_save(both, 2, &error), &error);
    assert_int_equal(log_size(app.store), 4);
    destroy_both(both);
    app_close(&app);
}

static void two_copies_of_one_aggregate_cannot_be_saved_together(void **state)
{
    quipu_aggregate *copies[2];
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    for (int i = 0; i < 2; i++) {
        struct note *copy = get_note(&app, &note->base.id);

        copies[i] = &copy->base;
        quipu_aggregate_collect(copies[i]);
        assert_ok(note_change(copy, "eggs", &error), &error);
    }
    assert_status(quipu_aggregates_save(copies, 2, &error), QUIPU_CONFLICT);
    assert_int_equal(log_size(app.store), 1);
    destroy_both(copies);
    quipu_aggregate_destroy(note);
    app_close(&app);
}

/* ------------------------------------------------------ opening, closing */

static void application_in_use_does_not_close(void **state)
{
    struct recorder recorder = { .calls = 0 };
    struct app app;
    struct note *note = NULL;
    quipu_subscriber *subscriber = NULL;
    quipu_events *events = NULL;
    quipu_cursor *cursor = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    assert_status(quipu_application_close(app.application, &error),
                  QUIPU_INVALID); /* two repositories */
    quipu_repository_close(app.notes);
    quipu_repository_close(app.tallies);
    assert_refused(quipu_application_close(app.application, &error),
                   QUIPU_INVALID, &error, "destroy the aggregates");
    assert_ok(note_change(note, "eggs", &error), &error);
    quipu_aggregate_destroy(note);

    assert_ok(quipu_bus_subscribe(app.bus, recorder_policy, &recorder,
                                  &subscriber, &error),
              &error);
    assert_refused(quipu_application_close(app.application, &error),
                   QUIPU_INVALID, &error, "listeners first (1)");
    quipu_bus_unsubscribe(subscriber);

    assert_ok(quipu_store_read_log(app.store, NULL, &events, &error), &error);
    assert_refused(quipu_application_close(app.application, &error),
                   QUIPU_INVALID, &error, "cursors");
    quipu_events_close(events);
    assert_ok(quipu_records_read_log(quipu_store_records(app.store), NULL,
                                     &cursor, &error),
              &error);
    assert_status(quipu_application_close(app.application, &error),
                  QUIPU_INVALID);
    quipu_cursor_close(cursor);

    app.notes = NULL;
    app.tallies = NULL;
    app_close(&app);
}

static void failed_open_leaves_nothing_open(void **state)
{
    quipu_application *application = NULL;
    quipu_repository *repository = NULL;
    quipu_datastore *datastore = NULL;
    quipu_schema schema;
    quipu_error error;
    (void)state;

    schema_make(&schema, 0);
    assert_ok(quipu_datastore_open("memory:", NULL, &datastore, &error),
              &error);
    assert_status(quipu_application_open(datastore, &schema, &fixture_mapping,
                                         &application, &error),
                  QUIPU_NOT_FOUND);
    assert_null(application);
    assert_status(quipu_application_open(datastore, &schema, &fixture_mapping,
                                         NULL, &error),
                  QUIPU_INVALID);
    assert_status(quipu_application_open(NULL, &schema, &fixture_mapping,
                                         &application, &error),
                  QUIPU_INVALID);
    assert_status(
        quipu_application_repository(NULL, &note_type, &repository, &error),
        QUIPU_INVALID);
    assert_ok(quipu_application_close(NULL, &error), &error);
    assert_ok(quipu_datastore_close(datastore, &error), &error);
}

/* ------------------------------------------------------- failing allocation */

static int use_repository(quipu_repository *notes, quipu_error *error)
{
    struct note *note = quipu_repository_create(notes, NULL, error);
    quipu_aggregate *saved = NULL;
    struct note *got = NULL;
    bool found = false;
    int status = QUIPU_OK;

    if (!note) {
        return error->code;
    }
    status = note_write(note, "milk", error);
    if (status == QUIPU_OK) {
        saved = &note->base;
        quipu_aggregate_collect(saved);
        status = note_tag(note, "home", error);
    }
    if (status == QUIPU_OK) {
        status = note_change(note, note->text, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_aggregates_save(&saved, 1, error);
    }
    if (status == QUIPU_OK) {
        got = quipu_repository_get(notes, &note->base.id, error);
        status = got ? quipu_aggregate_discard(&got->base, error) : error->code;
    }
    if (status == QUIPU_OK) {
        status =
            quipu_repository_contains(notes, &note->base.id, &found, error);
    }
    quipu_aggregate_destroy(got);
    quipu_aggregate_destroy(note);
    return status;
}

static int listen_in(quipu_application *application, quipu_error *error)
{
    struct recorder recorder = { .calls = 0 };
    quipu_subscriber *subscriber = NULL;
    int status =
        quipu_bus_subscribe(quipu_application_bus(application), recorder_policy,
                            &recorder, &subscriber, error);

    quipu_bus_unsubscribe(subscriber);
    return status;
}

static int live_a_life(void *context, quipu_error *error)
{
    const quipu_schema *schema = context;
    quipu_application *application = NULL;
    quipu_repository *notes = NULL;
    quipu_datastore *datastore = NULL;
    int status = quipu_datastore_open("memory:", NULL, &datastore, error);

    if (status == QUIPU_OK) {
        status = quipu_datastore_setup(datastore, schema, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_application_open(datastore, schema, &fixture_mapping,
                                        &application, error);
    }
    if (status == QUIPU_OK) {
        status = listen_in(application, error);
    }
    if (status == QUIPU_OK) {
        status = quipu_application_repository(application, &note_type, &notes,
                                              error);
    }
    if (status == QUIPU_OK) {
        status = use_repository(notes, error);
    }
    quipu_repository_close(notes);
    quipu_application_close(application, NULL);
    quipu_datastore_close(datastore, NULL);
    return status;
}

static void failing_allocations_leak_nothing(void **state)
{
    quipu_schema schema;
    quipu_error error;
    (void)state;

    schema_make(&schema, 0);
    assert_ok(live_a_life(&schema, &error), &error); /* loads the driver */
    quipu_test_memory_sweep(live_a_life, &schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_stored_and_reach_listeners),
        cmocka_unit_test(
            losing_append_conflicts_and_succeeds_after_getting_again),
        cmocka_unit_test(concurrent_updates_are_not_lost),
        cmocka_unit_test(trigger_whose_answer_is_lost_is_stored_once),
        cmocka_unit_test(trigger_whose_append_is_lost_is_stored_by_retry),
        cmocka_unit_test(retry_conflicts_after_another_append),
        cmocka_unit_test(aggregates_of_two_types_are_saved_in_one_append),
        cmocka_unit_test(save_with_one_conflict_stores_nothing),
        cmocka_unit_test(save_whose_answer_is_lost_is_stored_once),
        cmocka_unit_test(two_copies_of_one_aggregate_cannot_be_saved_together),
        cmocka_unit_test(application_in_use_does_not_close),
        cmocka_unit_test(failed_open_leaves_nothing_open),
        cmocka_unit_test(failing_allocations_leak_nothing),
    };

    return cmocka_run_group_tests(tests, app_add_driver, NULL) != 0;
}
