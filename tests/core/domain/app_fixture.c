/* SPDX-License-Identifier: Apache-2.0 */
#include "app_fixture.h"

const quipu_mapping fixture_mapping = {
    .struct_size = sizeof(fixture_mapping),
    .types = fixture_types,
    .type_count = FIXTURE_TYPE_COUNT,
};

int app_add_driver(void **state)
{
    (void)state;
    script_add_driver();
    return 0;
}

void app_open(struct app *app, uint32_t schema_flags)
{
    app_open_uri(app, "scripted:", schema_flags);
}

void app_open_uri(struct app *app, const char *uri, uint32_t schema_flags)
{
    quipu_error error;

    script_clear();
    schema_make(&app->schema, schema_flags);
    datastore_open(&app->datastore, uri, &app->schema);
    assert_ok(quipu_application_open(app->datastore, &app->schema,
                                     &fixture_mapping, &app->application,
                                     &error),
              &error);
    app->store = quipu_application_store(app->application);
    app->bus = quipu_application_bus(app->application);
    assert_ok(quipu_application_repository(app->application, &note_type,
                                           &app->notes, &error),
              &error);
    assert_ok(quipu_application_repository(app->application, &tally_type,
                                           &app->tallies, &error),
              &error);
}

void app_close(struct app *app)
{
    quipu_error error;

    quipu_repository_close(app->tallies);
    quipu_repository_close(app->notes);
    assert_ok(quipu_application_close(app->application, &error), &error);
    assert_ok(quipu_datastore_close(app->datastore, &error), &error);
}

struct note *create_note(struct app *app, const char *text)
{
    quipu_error error;
    struct note *note = quipu_repository_create(app->notes, NULL, &error);

    if (!note) {
        fail_msg("creating a note: %s", error.message);
    }
    assert_ok(note_write(note, text, &error), &error);
    return note;
}

struct note *get_note(struct app *app, const quipu_id *id)
{
    quipu_error error;
    struct note *note = quipu_repository_get(app->notes, id, &error);

    if (!note) {
        fail_msg("getting a note: %s", error.message);
    }
    return note;
}
