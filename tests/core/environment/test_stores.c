/* SPDX-License-Identifier: Apache-2.0 */
/* Tests an application that the environment of the test opens on a back end:
 * SHOP_QUIPU_URI is the variable of a store that does not exist yet. */
#include "core/domain/app_fixture.h"

static quipu_application *open_shop(quipu_schema *schema)
{
    quipu_application *application;
    quipu_error error;

    schema_make(schema, 0);
    assert_ok(quipu_environment_open("SHOP", schema, &fixture_mapping,
                                     &application, &error),
              &error);
    return application;
}

static void events_are_found_after_opening_again(void **state)
{
    quipu_schema schema;
    quipu_repository *notes;
    quipu_error error;

    (void)state;
    unsetenv("QUIPU_SETUP");
    quipu_application *application = open_shop(&schema);

    assert_ok(
        quipu_application_repository(application, &note_type, &notes, &error),
        &error);
    struct note *note = quipu_repository_create(notes, NULL, &error);

    assert_non_null(note);
    assert_ok(note_write(note, "milk", &error), &error);
    quipu_aggregate_destroy(note);
    quipu_repository_close(notes);
    assert_ok(quipu_application_close(application, &error), &error);

    /* The tables exist, and a reader creates none. */
    setenv("QUIPU_SETUP", "no", 1);
    application = open_shop(&schema);
    assert_int_equal(log_size(quipu_application_store(application)), 1);
    assert_ok(quipu_datastore_teardown(quipu_application_datastore(application),
                                       &schema, &error),
              &error);
    assert_ok(quipu_application_close(application, &error), &error);
}

static void schema_that_does_not_exist_is_not_found(void **state)
{
    quipu_application *application;
    quipu_schema schema;
    quipu_error error;

    (void)state;
    setenv("QUIPU_SETUP", "no", 1);
    schema_make(&schema, 0);
    assert_status(quipu_environment_open("SHOP", &schema, &fixture_mapping,
                                         &application, &error),
                  QUIPU_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_found_after_opening_again),
        cmocka_unit_test(schema_that_does_not_exist_is_not_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
