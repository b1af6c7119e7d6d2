/* SPDX-License-Identifier: Apache-2.0 */
/* Tests getting aggregates by id and by version, and aggregates that do not
 * exist or are discarded. */
#include "app_fixture.h"

#include <stdio.h>

static void assert_no_note(struct app *app, const quipu_id *id, int code,
                           const char *why)
{
    quipu_error error = { 0 };

    assert_null(quipu_repository_get(app->notes, id, &error));
    assert_refused(error.code, code, &error, why);
    assert_null(quipu_repository_get(app->notes, id, NULL));
}

static void assert_contains_note(struct app *app, const quipu_id *id,
                                 bool expected)
{
    quipu_error error;
    bool found = !expected;

    assert_ok(quipu_repository_contains(app->notes, id, &found, &error),
              &error);
    assert_int_equal(found, expected);
}

static void get_returns_state_after_all_events(void **state)
{
    struct app app;
    struct note *made = NULL;
    struct note *got = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    made = create_note(&app, "milk");
    assert_ok(note_tag(made, "home", &error), &error);
    assert_ok(note_tag(made, "today", &error), &error);
    assert_ok(note_change(made, "eggs", &error), &error);
    got = get_note(&app, &made->base.id);
    assert_ptr_not_equal(got, made);
    assert_ptr_equal(got->base.type, &note_type);
    assert_true(quipu_id_equal(&got->base.id, &made->base.id));
    assert_int_equal(got->base.version, 4);
    assert_false(got->base.stale || got->base.discarded);
    assert_string_equal(got->text, "eggs");
    assert_int_equal(got->tag_count, 2);
    assert_string_equal(got->tags[0], "home");
    assert_string_equal(got->tags[1], "today");
    assert_contains_note(&app, &made->base.id, true);
    quipu_aggregate_destroy(got);
    quipu_aggregate_destroy(made);
    app_close(&app);
}

static void aggregate_from_get_accepts_commands(void **state)
{
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    quipu_id id;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    id = note->base.id;
    quipu_aggregate_destroy(note);
    note = get_note(&app, &id);
    assert_ok(note_change(note, "eggs", &error), &error);
    assert_ok(note_change(note, note->text, &error), &error);
    quipu_aggregate_destroy(note);
    note = get_note(&app, &id);
    assert_int_equal(note->base.version, 3);
    assert_string_equal(note->text, "eggs");
    quipu_aggregate_destroy(note);
    app_close(&app);
}

static void mutator_is_used_in_replay(void **state)
{
    struct app app;
    struct tally *tally = NULL;
    struct tally *got = NULL;
    quipu_error error;
    bool found = true;
    (void)state;

    app_open(&app, 0);
    tally = quipu_repository_create(app.tallies, NULL, &error);
    assert_non_null(tally);
    assert_ok(tally_add(tally, 40, &error), &error);
    assert_ok(tally_add(tally, 2, &error), &error);
    got = quipu_repository_get(app.tallies, &tally->base.id, &error);
    assert_non_null(got);
    assert_int_equal(got->sum, 42);
    quipu_aggregate_destroy(got);
    assert_ok(tally_add(tally, 0, &error), &error);
    assert_null(quipu_repository_get(app.tallies, &tally->base.id, &error));
    assert_int_equal(error.code, QUIPU_NOT_FOUND);
    assert_ok(
        quipu_repository_contains(app.tallies, &tally->base.id, &found, &error),
        &error);
    assert_false(found);
    quipu_aggregate_destroy(tally);
    app_close(&app);
}

static void unknown_and_discarded_aggregates_are_not_found(void **state)
{
    const quipu_id unknown = uuid_id();
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    assert_no_note(&app, &unknown, QUIPU_NOT_FOUND, "has no events");
    assert_contains_note(&app, &unknown, false);
    note = create_note(&app, "milk");
    assert_ok(quipu_aggregate_discard(&note->base, &error), &error);
    assert_no_note(&app, &note->base.id, QUIPU_NOT_FOUND, "is discarded");
    assert_contains_note(&app, &note->base.id, false);
    quipu_aggregate_destroy(note);
    app_close(&app);
}

/* --------------------------------------------------------------- versions */

static void get_at_returns_state_after_a_version(void **state)
{
    const char *const texts[] = { "0", "1", "2" };
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    quipu_id id;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "0");
    id = note->base.id;
    assert_ok(note_change(note, "1", &error), &error);
    assert_ok(note_change(note, "2", &error), &error);
    assert_ok(quipu_aggregate_discard(&note->base, &error), &error);
    quipu_aggregate_destroy(note);
    for (int64_t version = 0; version < 3; version++) {
        note = quipu_repository_get_at(app.notes, &id, version, &error);
        assert_non_null(note);
        assert_string_equal(note->text, texts[version]);
        assert_int_equal(note->base.version, version + 1);
        quipu_aggregate_destroy(note);
    }
    assert_null(quipu_repository_get_at(app.notes, &id, 3, &error));
    assert_refused(error.code, QUIPU_NOT_FOUND, &error, "is discarded");
    app_close(&app);
}

static void missing_version_is_not_found(void **state)
{
    const int64_t versions[] = { INT64_MIN, -1, 1, INT64_MAX - 1 };
    const quipu_id unknown = uuid_id();
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "0");
    for (size_t i = 0; i < 4; i++) {
        assert_null(quipu_repository_get_at(app.notes, &note->base.id,
                                            versions[i], &error));
        assert_refused(error.code, QUIPU_NOT_FOUND, &error,
                       "has no such version");
    }
    assert_null(quipu_repository_get_at(app.notes, &unknown, 0, &error));
    assert_refused(error.code, QUIPU_NOT_FOUND, &error, "has no such version");
    quipu_aggregate_destroy(note);
    app_close(&app);
}

/* INT64_MAX is an ordinary version, which no aggregate has. */
static void highest_version_does_not_mean_newest(void **state)
{
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "0");
    assert_null(
        quipu_repository_get_at(app.notes, &note->base.id, INT64_MAX, &error));
    assert_refused(error.code, QUIPU_NOT_FOUND, &error, "has no such version");
    quipu_aggregate_destroy(note);
    app_close(&app);
}

static void command_on_an_old_version_conflicts(void **state)
{
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    quipu_id id;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "0");
    id = note->base.id;
    assert_ok(note_change(note, "1", &error), &error);
    quipu_aggregate_destroy(note);
    note = quipu_repository_get_at(app.notes, &id, 0, &error);
    assert_status(note_change(note, "x", &error), QUIPU_CONFLICT);
    assert_true(note->base.stale);
    assert_status(note_change(note, "x", &error), QUIPU_CONFLICT);
    quipu_aggregate_destroy(note);
    note = quipu_repository_get_at(app.notes, &id, 1, &error);
    assert_ok(note_change(note, "2", &error), &error);
    quipu_aggregate_destroy(note);
    assert_int_equal(log_size(app.store), 3);
    app_close(&app);
}

/* ---------------------------------------------------- failures in replay */

/* Stores an event without the aggregate. */
static void put_event(struct app *app, const quipu_event *event)
{
    quipu_error error;

    assert_ok(quipu_store_append(app->store, &event, 1, NULL, &error), &error);
}

static void failing_handler_is_named_with_sequence_and_position(void **state)
{
    struct note_torn torn = { .status = QUIPU_DENIED };
    char place[128];
    char text[QUIPU_UUID_TEXT_SIZE];
    quipu_uuid uuid;
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    bool found = true;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    quipu_event_init(&torn.base, &note_torn, &note->base.id, 1);
    put_event(&app, &torn.base);
    memcpy(uuid.bytes, note->base.id.data, sizeof(uuid.bytes));
    quipu_uuid_format(&uuid, text);
    (void)snprintf(place, sizeof(place),
                   "replaying Note, sequence %s, position 1: the page is torn",
                   text);
    assert_no_note(&app, &note->base.id, QUIPU_DENIED, place);
    assert_refused(
        quipu_repository_contains(app.notes, &note->base.id, &found, &error),
        QUIPU_DENIED, &error, place);
    assert_true(found);
    quipu_aggregate_destroy(note);
    note =
        quipu_repository_get_at(app.notes, &torn.base.originator_id, 0, &error);
    assert_non_null(note);
    quipu_aggregate_destroy(note);
    app_close(&app);
}

static void unknown_topic_is_unsupported_in_replay(void **state)
{
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    bool found = true;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    put_item(app.store, &note->base.id, 1, "Note.Forgotten", "\x80", 1);
    assert_no_note(&app, &note->base.id, QUIPU_UNSUPPORTED, "position 1");
    assert_no_note(&app, &note->base.id, QUIPU_UNSUPPORTED, "Note.Forgotten");
    assert_status(
        quipu_repository_contains(app.notes, &note->base.id, &found, &error),
        QUIPU_UNSUPPORTED);
    quipu_aggregate_destroy(note);
    app_close(&app);
}

static void not_found_of_a_handler_is_unsupported_in_replay(void **state)
{
    struct note_torn torn = { .status = QUIPU_NOT_FOUND, .silent = true };
    const quipu_id id = uuid_id();
    struct app app;
    (void)state;

    app_open(&app, 0);
    quipu_event_init(&torn.base, &note_torn, &id, 0);
    put_event(&app, &torn.base);
    assert_no_note(&app, &id, QUIPU_UNSUPPORTED, "position 0: the handler of");
    app_close(&app);
}

static void corrupt_state_names_the_position(void **state)
{
    struct app app;
    struct note *note = NULL;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    put_item(app.store, &note->base.id, 1, "Note.Changed", "\xff", 1);
    assert_no_note(&app, &note->base.id, QUIPU_CORRUPT, "position 1");
    quipu_aggregate_destroy(note);
    app_close(&app);
}

static void failing_cursor_names_the_next_position_and_keeps_its_code(
    void **state)
{
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    assert_ok(note_change(note, "eggs", &error), &error);
    atomic_store(&script.step_error, QUIPU_IO);
    atomic_store(&script.steps_to_error, 2);
    assert_null(quipu_repository_get(app.notes, &note->base.id, &error));
    assert_refused(error.code, QUIPU_IO, &error, "position 1");
    assert_int_equal(error.native, 11);
    assert_string_equal(error.sqlstate, "XX001");
    quipu_aggregate_destroy(note);
    app_close(&app);
}

static void gap_in_a_sparse_sequence_is_refused(void **state)
{
    struct note_changed changed = { .text = "eggs" };
    struct app app;
    struct note *note = NULL;
    (void)state;

    app_open(&app, QUIPU_SCHEMA_SPARSE);
    note = create_note(&app, "milk");
    quipu_event_init(&changed.base, &note_changed, &note->base.id, 2);
    put_event(&app, &changed.base);
    assert_no_note(&app, &note->base.id, QUIPU_INVALID, "position 2");
    quipu_aggregate_destroy(note);
    app_close(&app);
}

static void event_after_discard_is_not_applied(void **state)
{
    struct note_changed changed = { .text = "eggs" };
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    assert_ok(quipu_aggregate_discard(&note->base, &error), &error);
    quipu_event_init(&changed.base, &note_changed, &note->base.id, 2);
    put_event(&app, &changed.base);
    assert_no_note(&app, &note->base.id, QUIPU_NOT_FOUND, "is discarded");
    assert_contains_note(&app, &note->base.id, false);
    quipu_aggregate_destroy(note);
    app_close(&app);
}

/* ------------------------------------------------------------------ ids */

static void text_ids_may_be_given_or_minted(void **state)
{
    const quipu_id given = text_id("naïve");
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    quipu_uuid uuid;
    char text[QUIPU_UUID_TEXT_SIZE];
    (void)state;

    app_open(&app, QUIPU_SCHEMA_TEXT_IDS);
    note = quipu_repository_create(app.notes, &given, &error);
    assert_non_null(note);
    assert_ok(note_write(note, "milk", &error), &error);
    quipu_aggregate_destroy(note);
    note = get_note(&app, &given);
    assert_string_equal(note->text, "milk");
    quipu_aggregate_destroy(note);

    note = create_note(&app, "minted");
    assert_int_equal(note->base.id.size, 36);
    (void)snprintf(text, sizeof(text), "%.36s",
                   (const char *)note->base.id.data);
    assert_ok(quipu_uuid_parse(&uuid, text, &error), &error);
    assert_contains_note(&app, &note->base.id, true);
    quipu_aggregate_destroy(note);
    app_close(&app);
}

static void ids_of_the_wrong_kind_are_refused(void **state)
{
    const quipu_id text = text_id("milk");
    const quipu_id none = { 0 };
    const quipu_id not_text = { .size = 1, .data = { 0xff } };
    struct app app;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    assert_null(quipu_repository_create(app.notes, &text, &error));
    assert_refused(error.code, QUIPU_INVALID, &error, "16 bytes, not 4");
    assert_no_note(&app, &text, QUIPU_INVALID, "16 bytes");
    app_close(&app);
    app_open(&app, QUIPU_SCHEMA_TEXT_IDS);
    assert_null(quipu_repository_create(app.notes, &none, &error));
    assert_refused(error.code, QUIPU_INVALID, &error, "1 to 255 bytes");
    assert_null(quipu_repository_create(app.notes, &not_text, &error));
    assert_refused(error.code, QUIPU_INVALID, &error, "UTF-8");
    app_close(&app);
}

/* -------------------------------------------------------------- opening */

static void repository_requires_a_store_by_originator_and_version(void **state)
{
    struct opened opened;
    quipu_repository *repository = NULL;
    quipu_mapping mapping = fixture_mapping;
    quipu_error error;
    (void)state;

    mapping.position = "time";
    opened_open(&opened, QUIPU_SCHEMA_SPARSE, &mapping);
    assert_refused(quipu_repository_open(opened.store, NULL, &note_type,
                                         &repository, &error),
                   QUIPU_INVALID, &error, "originator_version");
    opened_close(&opened);
    mapping.position = "originator_version";
    mapping.sequence_id = "originator_id";
    opened_open(&opened, 0, &mapping);
    assert_ok(quipu_repository_open(opened.store, NULL, &note_type, &repository,
                                    &error),
              &error);
    quipu_repository_close(repository);
    opened_close(&opened);
}

static void repository_requires_types_of_the_store(void **state)
{
    struct opened opened;
    quipu_repository *repository = NULL;
    quipu_aggregate_type wrong = note_type;
    quipu_error error;
    (void)state;

    opened_open(&opened, 0, &noted_mapping);
    assert_refused(quipu_repository_open(opened.store, NULL, &note_type,
                                         &repository, &error),
                   QUIPU_INVALID, &error, "handler for Note.Written");
    wrong.name = NULL;
    assert_status(
        quipu_repository_open(opened.store, NULL, &wrong, &repository, &error),
        QUIPU_INVALID);
    assert_status(
        quipu_repository_open(NULL, NULL, &note_type, &repository, &error),
        QUIPU_INVALID);
    assert_status(
        quipu_repository_open(opened.store, NULL, &tally_type, NULL, &error),
        QUIPU_INVALID);
    assert_null(repository);
    quipu_repository_close(NULL);
    opened_close(&opened);
}

static void aggregates_of_a_repository_without_bus_collect(void **state)
{
    struct opened opened;
    quipu_repository *repository = NULL;
    const quipu_event *const *pending = NULL;
    quipu_aggregate *saved = NULL;
    struct note *note = NULL;
    struct note *got = NULL;
    quipu_error error;
    size_t count = 0;
    (void)state;

    opened_open(&opened, 0, &fixture_mapping);
    assert_ok(quipu_repository_open(opened.store, NULL, &note_type, &repository,
                                    &error),
              &error);
    note = quipu_repository_create(repository, NULL, &error);
    assert_non_null(note);
    assert_ok(note_write(note, "milk", &error), &error);
    assert_ok(note_tag(note, "home", &error), &error);
    saved = &note->base;
    assert_status(quipu_aggregates_save(&saved, 1, &error), QUIPU_INVALID);
    pending = quipu_aggregate_pending(&note->base, &count);
    assert_int_equal(count, 2);
    assert_ok(quipu_store_append(opened.store, pending, count, NULL, &error),
              &error);
    got = quipu_repository_get(repository, &note->base.id, &error);
    assert_non_null(got);
    assert_string_equal(got->tags[0], "home");
    quipu_repository_close(repository);
    quipu_aggregate_destroy(got);
    quipu_aggregate_destroy(note);
    opened_close(&opened);
}

/* ------------------------------------------------------------ refreshing */

static void refresh_applies_what_was_stored_since(void **state)
{
    struct app app;
    struct note *kept = NULL;
    struct note *other = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    kept = create_note(&app, "milk");
    other = get_note(&app, &kept->base.id);
    assert_ok(note_tag(other, "home", &error), &error);
    assert_ok(note_change(other, "eggs", &error), &error);
    assert_ok(quipu_repository_refresh(app.notes, &kept->base, &error), &error);
    assert_int_equal(kept->base.version, 3);
    assert_string_equal(kept->text, "eggs");
    assert_int_equal(kept->tag_count, 1);
    assert_ok(quipu_repository_refresh(app.notes, &kept->base, &error), &error);
    assert_int_equal(kept->base.version, 3);
    assert_ok(note_change(kept, "bread", &error), &error);
    assert_ok(quipu_aggregate_discard(&kept->base, &error), &error);
    for (int i = 0; i < 2; i++) {
        assert_refused(
            quipu_repository_refresh(app.notes, &other->base, &error),
            QUIPU_NOT_FOUND, &error, "is discarded");
        assert_true(other->base.discarded);
    }
    quipu_aggregate_destroy(other);
    quipu_aggregate_destroy(kept);
    app_close(&app);
}

static void refresh_refuses_what_is_not_as_stored(void **state)
{
    struct app app;
    struct note *note = NULL;
    quipu_error error;
    (void)state;

    app_open(&app, 0);
    note = create_note(&app, "milk");
    assert_status(quipu_repository_refresh(NULL, &note->base, NULL),
                  QUIPU_INVALID);
    assert_status(quipu_repository_refresh(app.notes, NULL, NULL),
                  QUIPU_INVALID);
    assert_refused(quipu_repository_refresh(app.tallies, &note->base, &error),
                   QUIPU_INVALID, &error, "is one of");
    quipu_aggregate_collect(&note->base);
    assert_ok(note_change(note, "eggs", &error), &error);
    assert_refused(quipu_repository_refresh(app.notes, &note->base, &error),
                   QUIPU_INVALID, &error, "pending");
    atomic_store(&script.busy_appends, 1);
    quipu_aggregate *const notes[] = { &note->base };

    assert_status(quipu_aggregates_save(notes, 1, &error), QUIPU_BUSY);
    assert_refused(quipu_repository_refresh(app.notes, &note->base, &error),
                   QUIPU_CONFLICT, &error, "stale");
    quipu_aggregate_destroy(note);
    app_close(&app);
}

static void null_arguments_are_refused(void **state)
{
    const quipu_id id = uuid_id();
    struct app app;
    quipu_error error;
    bool found = false;
    (void)state;

    app_open(&app, 0);
    assert_null(quipu_repository_create(NULL, NULL, &error));
    assert_int_equal(error.code, QUIPU_INVALID);
    assert_null(quipu_repository_get(NULL, &id, &error));
    assert_int_equal(error.code, QUIPU_INVALID);
    assert_null(quipu_repository_get_at(app.notes, NULL, 0, &error));
    assert_int_equal(error.code, QUIPU_INVALID);
    assert_status(quipu_repository_contains(NULL, &id, &found, &error),
                  QUIPU_INVALID);
    assert_status(quipu_repository_contains(app.notes, NULL, &found, &error),
                  QUIPU_INVALID);
    assert_status(quipu_repository_contains(app.notes, &id, NULL, &error),
                  QUIPU_INVALID);
    app_close(&app);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(get_returns_state_after_all_events),
        cmocka_unit_test(aggregate_from_get_accepts_commands),
        cmocka_unit_test(mutator_is_used_in_replay),
        cmocka_unit_test(unknown_and_discarded_aggregates_are_not_found),
        cmocka_unit_test(get_at_returns_state_after_a_version),
        cmocka_unit_test(missing_version_is_not_found),
        cmocka_unit_test(highest_version_does_not_mean_newest),
        cmocka_unit_test(command_on_an_old_version_conflicts),
        cmocka_unit_test(failing_handler_is_named_with_sequence_and_position),
        cmocka_unit_test(unknown_topic_is_unsupported_in_replay),
        cmocka_unit_test(not_found_of_a_handler_is_unsupported_in_replay),
        cmocka_unit_test(corrupt_state_names_the_position),
        cmocka_unit_test(
            failing_cursor_names_the_next_position_and_keeps_its_code),
        cmocka_unit_test(gap_in_a_sparse_sequence_is_refused),
        cmocka_unit_test(event_after_discard_is_not_applied),
        cmocka_unit_test(text_ids_may_be_given_or_minted),
        cmocka_unit_test(ids_of_the_wrong_kind_are_refused),
        cmocka_unit_test(repository_requires_a_store_by_originator_and_version),
        cmocka_unit_test(repository_requires_types_of_the_store),
        cmocka_unit_test(aggregates_of_a_repository_without_bus_collect),
        cmocka_unit_test(refresh_applies_what_was_stored_since),
        cmocka_unit_test(refresh_refuses_what_is_not_as_stored),
        cmocka_unit_test(null_arguments_are_refused),
    };

    return cmocka_run_group_tests(tests, app_add_driver, NULL) != 0;
}
