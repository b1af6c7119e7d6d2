/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what a unit of work contains, and committing it. */
#include "app_fixture.h"

struct bench {
    struct app app;
    quipu_unit *unit;
    quipu_error error;
};

static void bench_open(struct bench *bench)
{
    app_open(&bench->app, 0);
    assert_ok(quipu_unit_create(bench->app.store, &bench->unit, &bench->error),
              &bench->error);
}

static void bench_close(struct bench *bench)
{
    quipu_unit_destroy(bench->unit);
    app_close(&bench->app);
}

/* Stores a note by its repository and returns its id. */
static quipu_id stored_note(struct bench *bench, const char *text)
{
    struct note *note = create_note(&bench->app, text);
    quipu_id id = note->base.id;

    quipu_aggregate_destroy(note);
    return id;
}

/* Changes a stored note by its repository, as another process would. */
static void change_elsewhere(struct bench *bench, const quipu_id *id)
{
    struct note *note = get_note(&bench->app, id);

    assert_ok(note_change(note, "elsewhere", &bench->error), &bench->error);
    quipu_aggregate_destroy(note);
}

static struct note *get(struct bench *bench, const quipu_id *id)
{
    struct note *note =
        quipu_unit_get(bench->unit, bench->app.notes, id, &bench->error);

    if (!note) {
        fail_msg("getting a note: %s", bench->error.message);
    }
    return note;
}

static void assert_commit(struct bench *bench, int code)
{
    quipu_error error = { 0 };
    int status = quipu_unit_commit(bench->unit, NULL, &error);

    if (status != code) {
        fail_msg("the commit returned %s: %s", quipu_status_name(status),
                 error.message);
    }
}

static void assert_text(struct bench *bench, const quipu_id *id,
                        const char *text)
{
    struct note *note = get_note(&bench->app, id);

    assert_string_equal(note->text, text);
    quipu_aggregate_destroy(note);
}

/* ------------------------------------------------------------ aggregates */

static void aggregates_are_stored_as_one_append(void **state)
{
    struct bench bench;
    struct note *note = NULL;
    struct tally *tally = NULL;
    int64_t ids[3] = { 0 };
    quipu_result result = { .status = 0 };
    (void)state;

    bench_open(&bench);
    quipu_id id = stored_note(&bench, "milk");

    note = get(&bench, &id);
    tally = quipu_unit_new(bench.unit, bench.app.tallies, NULL, &bench.error);
    assert_non_null(tally);
    assert_ok(tally_add(tally, 3, &bench.error), &bench.error);
    assert_ok(note_change(note, "eggs", &bench.error), &bench.error);
    assert_ok(note_tag(note, "home", &bench.error), &bench.error);
    assert_int_equal(log_size(bench.app.store), 1);
    result.positions = ids;
    assert_ok(quipu_unit_commit(bench.unit, &result, &bench.error),
              &bench.error);
    assert_int_equal(atomic_load(&script.appends), 2);
    assert_int_equal(log_size(bench.app.store), 4);
    assert_int_equal(result.first_notification_id, 2);
    assert_int_equal(ids[0], 1);
    assert_int_equal(ids[2], 0); /* the tally's */
    assert_int_equal(note->base.version, 3);
    assert_text(&bench, &id, "eggs");
    bench_close(&bench);
}

static void same_id_gives_the_same_aggregate(void **state)
{
    struct bench bench;
    quipu_id id;
    (void)state;

    bench_open(&bench);
    id = stored_note(&bench, "milk");
    struct note *note = get(&bench, &id);

    assert_ok(note_change(note, "eggs", &bench.error), &bench.error);
    assert_ptr_equal(get(&bench, &id), note);
    assert_null(quipu_unit_new(bench.unit, bench.app.notes, &id, &bench.error));
    assert_int_equal(bench.error.code, QUIPU_INVALID);
    assert_null(
        quipu_unit_get(bench.unit, bench.app.tallies, &id, &bench.error));
    assert_refused(bench.error.code, QUIPU_INVALID, &bench.error, "of type");
    bench_close(&bench);
}

static void discarded_aggregate_is_not_found_again(void **state)
{
    struct bench bench;
    quipu_id id;
    (void)state;

    bench_open(&bench);
    id = stored_note(&bench, "milk");
    assert_ok(quipu_aggregate_discard(&get(&bench, &id)->base, &bench.error),
              &bench.error);
    assert_null(quipu_unit_get(bench.unit, bench.app.notes, &id, &bench.error));
    assert_refused(bench.error.code, QUIPU_NOT_FOUND, &bench.error,
                   "discarded");
    assert_commit(&bench, QUIPU_OK);
    bench_close(&bench);
}

static void unit_can_be_committed_again_with_further_events(void **state)
{
    struct bench bench;
    quipu_id id;
    (void)state;

    bench_open(&bench);
    id = stored_note(&bench, "milk");
    struct note *note = get(&bench, &id);

    assert_commit(&bench, QUIPU_OK); /* it is empty */
    assert_int_equal(atomic_load(&script.appends), 1);
    assert_ok(note_change(note, "eggs", &bench.error), &bench.error);
    assert_commit(&bench, QUIPU_OK);
    assert_ok(note_change(note, "bread", &bench.error), &bench.error);
    assert_commit(&bench, QUIPU_OK);
    assert_int_equal(log_size(bench.app.store), 3);
    assert_text(&bench, &id, "bread");
    bench_close(&bench);
}

static void nothing_is_stored_of_a_unit_that_is_not_committed(void **state)
{
    struct bench bench;
    quipu_id id;
    (void)state;

    bench_open(&bench);
    id = stored_note(&bench, "milk");
    assert_ok(note_change(get(&bench, &id), "eggs", &bench.error),
              &bench.error);
    quipu_unit_clear(bench.unit);
    assert_commit(&bench, QUIPU_OK);
    assert_text(&bench, &id, "milk");
    bench_close(&bench);
}

/* -------------------------------------------------------------- conflicts */

static void event_of_others_is_a_conflict_and_stores_nothing(void **state)
{
    struct bench bench;
    quipu_id first;
    quipu_id second;
    (void)state;

    bench_open(&bench);
    first = stored_note(&bench, "milk");
    second = stored_note(&bench, "eggs");
    assert_ok(note_change(get(&bench, &first), "x", &bench.error),
              &bench.error);
    assert_ok(note_change(get(&bench, &second), "y", &bench.error),
              &bench.error);
    change_elsewhere(&bench, &second);
    assert_commit(&bench, QUIPU_CONFLICT);
    assert_text(&bench, &first, "milk");
    assert_text(&bench, &second, "elsewhere");
    bench_close(&bench);
}

static void failed_unit_accepts_nothing_but_repetition_and_clear(void **state)
{
    const quipu_guard guard = { .demand = QUIPU_DEMAND_EMPTY };
    struct bench bench;
    quipu_id id;
    (void)state;

    bench_open(&bench);
    id = stored_note(&bench, "milk");
    struct note *note = get(&bench, &id);

    assert_ok(note_change(note, "x", &bench.error), &bench.error);
    change_elsewhere(&bench, &id);
    assert_commit(&bench, QUIPU_CONFLICT);
    assert_status(note_change(note, "z", &bench.error), QUIPU_CONFLICT);
    assert_null(quipu_unit_get(bench.unit, bench.app.notes, &id, &bench.error));
    assert_int_equal(bench.error.code, QUIPU_CONFLICT);
    assert_refused(quipu_unit_guard(bench.unit, &guard, &bench.error),
                   QUIPU_CONFLICT, &bench.error, "has failed");
    assert_commit(&bench, QUIPU_CONFLICT);
    quipu_unit_clear(bench.unit);
    assert_ok(note_change(get(&bench, &id), "z", &bench.error), &bench.error);
    assert_commit(&bench, QUIPU_OK);
    assert_text(&bench, &id, "z");
    bench_close(&bench);
}

static void required_aggregate_must_not_change(void **state)
{
    struct bench bench;
    quipu_id changed;
    quipu_id only_read;
    (void)state;

    bench_open(&bench);
    changed = stored_note(&bench, "milk");
    only_read = stored_note(&bench, "eggs");
    for (int i = 0; i < 2; i++) {
        assert_ok(note_change(get(&bench, &changed), "x", &bench.error),
                  &bench.error);
        assert_ok(quipu_unit_require(bench.unit, &get(&bench, &only_read)->base,
                                     &bench.error),
                  &bench.error);
        if (i == 0) {
            change_elsewhere(&bench, &only_read);
            assert_commit(&bench, QUIPU_CONFLICT);
            quipu_unit_clear(bench.unit);
        }
    }
    assert_commit(&bench, QUIPU_OK);
    assert_text(&bench, &changed, "x");
    bench_close(&bench);
}

static void aggregate_with_events_may_be_required_too(void **state)
{
    struct bench bench;
    quipu_id id;
    (void)state;

    bench_open(&bench);
    id = stored_note(&bench, "milk");
    struct note *note = get(&bench, &id);
    struct note *fresh =
        quipu_unit_new(bench.unit, bench.app.notes, NULL, &bench.error);

    assert_non_null(fresh);
    assert_ok(note_change(note, "x", &bench.error), &bench.error);
    assert_ok(note_write(fresh, "y", &bench.error), &bench.error);
    assert_ok(quipu_unit_require(bench.unit, &note->base, &bench.error),
              &bench.error);
    assert_ok(quipu_unit_require(bench.unit, &fresh->base, &bench.error),
              &bench.error);
    assert_commit(&bench, QUIPU_OK);
    struct note *foreign = get_note(&bench.app, &id);

    assert_refused(quipu_unit_require(bench.unit, &foreign->base, &bench.error),
                   QUIPU_INVALID, &bench.error, "does not belong");
    quipu_aggregate_destroy(foreign);
    bench_close(&bench);
}

static void guard_refuses_the_whole_unit(void **state)
{
    struct bench bench;
    quipu_id id;
    quipu_id other;
    (void)state;

    bench_open(&bench);
    id = stored_note(&bench, "milk");
    other = stored_note(&bench, "eggs");
    const quipu_guard guard = { .sequence_id = quipu_id_bytes(&other),
                                .demand = QUIPU_DEMAND_EMPTY };

    assert_ok(note_change(get(&bench, &id), "x", &bench.error), &bench.error);
    assert_ok(quipu_unit_guard(bench.unit, &guard, &bench.error), &bench.error);
    assert_commit(&bench, QUIPU_CONFLICT);
    assert_text(&bench, &id, "milk");
    bench_close(&bench);
}

static void failed_handler_makes_the_unit_useless(void **state)
{
    struct bench bench;
    quipu_id id;
    (void)state;

    bench_open(&bench);
    id = stored_note(&bench, "milk");
    struct note *note = get(&bench, &id);

    assert_ok(note_change(note, "x", &bench.error), &bench.error);
    assert_status(note_tear(note, QUIPU_IO, false, &bench.error), QUIPU_IO);
    assert_refused(quipu_unit_commit(bench.unit, NULL, &bench.error),
                   QUIPU_CONFLICT, &bench.error, "failed midway");
    assert_text(&bench, &id, "milk");
    bench_close(&bench);
}

/* ------------------------------------------------- events without aggregate */

static void event_goes_behind_whatever_its_sequence_has(void **state)
{
    struct bench bench;
    quipu_id id;
    (void)state;

    bench_open(&bench);
    id = stored_note(&bench, "milk");
    const struct note_changed change = {
        .base = { .type = &note_changed, .originator_id = id }, .text = "eggs"
    };

    assert_ok(quipu_unit_event(bench.unit, &change.base, &bench.error),
              &bench.error);
    change_elsewhere(&bench, &id);
    assert_commit(&bench, QUIPU_OK);
    struct note *note = get_note(&bench.app, &id);

    assert_int_equal(note->base.version, 3);
    assert_string_equal(note->text, "eggs");
    quipu_aggregate_destroy(note);
    bench_close(&bench);
}

static void event_without_originator_is_refused(void **state)
{
    const struct note_changed change = { .base = { .type = &note_changed },
                                         .text = "eggs" };
    struct bench bench;
    (void)state;

    bench_open(&bench);
    assert_refused(quipu_unit_event(bench.unit, &change.base, &bench.error),
                   QUIPU_INVALID, &bench.error, "originator id");
    assert_status(quipu_unit_event(bench.unit, NULL, NULL), QUIPU_INVALID);
    bench_close(&bench);
}

/* ------------------------------------------------------ entries, tracking */

static void entries_and_tracking_are_stored_with_the_events(void **state)
{
    const int64_t none = 0;
    char key[] = "rates/eur";
    char consumer[] = "importer";
    quipu_tracking tracking = { .consumer = quipu_bytes_of_text(consumer),
                                .log = quipu_bytes_of_text("orders"),
                                .position = { .notification_id = 7 } };
    const quipu_entry_write write = { .key = quipu_bytes_of_text(key),
                                      .value = { "104", 3 },
                                      .flags = QUIPU_ENTRY_EXPECT };
    quipu_position position = { .notification_id = 0 };
    quipu_entry *entry = NULL;
    struct bench bench;
    quipu_id id;
    (void)state;

    bench_open(&bench);
    id = stored_note(&bench, "milk");
    assert_ok(note_change(get(&bench, &id), "x", &bench.error), &bench.error);
    assert_ok(quipu_unit_entry(bench.unit, &write, &bench.error), &bench.error);
    assert_ok(quipu_unit_track(bench.unit, &tracking, &none, &bench.error),
              &bench.error);
    key[0] = 'R'; /* the unit has copies */
    consumer[0] = 'I';
    assert_commit(&bench, QUIPU_OK);
    assert_ok(quipu_entry_read(bench.app.datastore, "rates/eur", &entry,
                               &bench.error),
              &bench.error);
    assert_bytes(entry->value.data, entry->value.size, "104", 3);
    quipu_entry_destroy(entry);
    assert_ok(quipu_tracking_read(bench.app.datastore, "importer", "orders",
                                  &position, &bench.error),
              &bench.error);
    assert_int_equal(position.notification_id, 7);

    /* The same again: neither the entry nor the record is as expected. */
    assert_ok(note_change(get(&bench, &id), "y", &bench.error), &bench.error);
    tracking.consumer = quipu_bytes_of_text("importer");
    tracking.position.notification_id = 8;
    assert_ok(quipu_unit_track(bench.unit, &tracking, &none, &bench.error),
              &bench.error);
    assert_commit(&bench, QUIPU_CONFLICT);
    assert_text(&bench, &id, "x");
    bench_close(&bench);
}

/* ------------------------------------------------- a function in the commit */

/* Uses the unit, which is refused, and then answers as it was told. */
struct intrusion {
    struct bench *bench;
    struct note *note;
    int answer;
    int calls;
    int trigger_status;
    int unit_status;
};

static int intrude(void *native, void *context, quipu_error *error)
{
    const quipu_guard guard = { .demand = QUIPU_DEMAND_EMPTY };
    struct intrusion *intrusion = context;

    assert_non_null(native);
    intrusion->calls++;
    intrusion->trigger_status = note_change(intrusion->note, "inside", NULL);
    intrusion->unit_status =
        quipu_unit_guard(intrusion->bench->unit, &guard, NULL);
    return intrusion->answer == QUIPU_OK
               ? QUIPU_OK
               : quipu_error_set(error, intrusion->answer, "as it was told");
}

static void function_runs_in_the_transaction_of_the_unit(void **state)
{
    struct bench bench;
    (void)state;

    app_open_uri(&bench.app, "sqlite:///:memory:", 0);
    assert_ok(quipu_unit_create(bench.app.store, &bench.unit, &bench.error),
              &bench.error);
    quipu_id id = stored_note(&bench, "milk");
    struct intrusion intrusion = { .bench = &bench,
                                   .note = get(&bench, &id),
                                   .answer = 4711 };

    assert_ok(note_change(intrusion.note, "eggs", &bench.error), &bench.error);
    assert_ok(quipu_unit_work(bench.unit, intrude, &intrusion, &bench.error),
              &bench.error);
    assert_commit(&bench, 4711);
    assert_text(&bench, &id, "milk");
    intrusion.answer = QUIPU_OK;
    assert_commit(&bench, QUIPU_OK);
    assert_int_equal(intrusion.calls, 2);
    assert_int_equal(intrusion.trigger_status, QUIPU_INVALID);
    assert_int_equal(intrusion.unit_status, QUIPU_CONFLICT);
    assert_text(&bench, &id, "eggs");
    bench_close(&bench);
}

/* ---------------------------------------------------------------- misuse */

static void null_arguments_are_refused(void **state)
{
    const quipu_id id = uuid_id();
    struct bench bench;
    quipu_unit *unit = NULL;
    (void)state;

    bench_open(&bench);
    assert_status(quipu_unit_create(NULL, &unit, NULL), QUIPU_INVALID);
    assert_status(quipu_unit_create(bench.app.store, NULL, NULL),
                  QUIPU_INVALID);
    assert_null(quipu_unit_get(NULL, bench.app.notes, &id, NULL));
    assert_null(quipu_unit_get(bench.unit, NULL, &id, NULL));
    assert_null(quipu_unit_get(bench.unit, bench.app.notes, NULL, NULL));
    assert_null(quipu_unit_new(bench.unit, NULL, &id, NULL));
    assert_status(quipu_unit_require(bench.unit, NULL, NULL), QUIPU_INVALID);
    assert_status(quipu_unit_guard(bench.unit, NULL, NULL), QUIPU_INVALID);
    assert_status(quipu_unit_entry(bench.unit, NULL, NULL), QUIPU_INVALID);
    assert_status(quipu_unit_track(bench.unit, NULL, NULL, NULL),
                  QUIPU_INVALID);
    assert_status(quipu_unit_work(bench.unit, NULL, NULL, NULL), QUIPU_INVALID);
    assert_status(quipu_unit_commit(NULL, NULL, NULL), QUIPU_INVALID);
    quipu_unit_clear(NULL);
    quipu_unit_destroy(NULL);
    bench_close(&bench);
}

static void repository_of_another_store_is_refused(void **state)
{
    const quipu_id id = uuid_id();
    struct bench bench;
    struct app other;
    (void)state;

    bench_open(&bench);
    app_open(&other, 0);
    assert_null(quipu_unit_get(bench.unit, other.notes, &id, &bench.error));
    assert_refused(bench.error.code, QUIPU_INVALID, &bench.error,
                   "another store");
    assert_null(quipu_unit_new(bench.unit, other.notes, NULL, NULL));
    app_close(&other);
    bench_close(&bench);
}

static void store_cannot_be_closed_under_a_unit(void **state)
{
    struct bench bench;
    (void)state;

    bench_open(&bench);
    assert_status(quipu_application_close(bench.app.application, NULL),
                  QUIPU_INVALID);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aggregates_are_stored_as_one_append),
        cmocka_unit_test(same_id_gives_the_same_aggregate),
        cmocka_unit_test(discarded_aggregate_is_not_found_again),
        cmocka_unit_test(unit_can_be_committed_again_with_further_events),
        cmocka_unit_test(nothing_is_stored_of_a_unit_that_is_not_committed),
        cmocka_unit_test(event_of_others_is_a_conflict_and_stores_nothing),
        cmocka_unit_test(failed_unit_accepts_nothing_but_repetition_and_clear),
        cmocka_unit_test(required_aggregate_must_not_change),
        cmocka_unit_test(aggregate_with_events_may_be_required_too),
        cmocka_unit_test(guard_refuses_the_whole_unit),
        cmocka_unit_test(failed_handler_makes_the_unit_useless),
        cmocka_unit_test(event_goes_behind_whatever_its_sequence_has),
        cmocka_unit_test(event_without_originator_is_refused),
        cmocka_unit_test(entries_and_tracking_are_stored_with_the_events),
        cmocka_unit_test(function_runs_in_the_transaction_of_the_unit),
        cmocka_unit_test(null_arguments_are_refused),
        cmocka_unit_test(repository_of_another_store_is_refused),
        cmocka_unit_test(store_cannot_be_closed_under_a_unit),
    };

    return cmocka_run_group_tests(tests, app_add_driver, NULL) != 0;
}
