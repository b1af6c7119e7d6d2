/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what variables an application is opened by, and which are refused. */
#include "core/domain/app_fixture.h"

#include <sys/auxv.h>

#include "quipu_test_memory.h"

static bool is_privileged;

unsigned long __real_getauxval(unsigned long type);
unsigned long __wrap_getauxval(unsigned long type);

unsigned long __wrap_getauxval(unsigned long type)
{
    return type == AT_SECURE && is_privileged ? 1 : __real_getauxval(type);
}

/* The tests' own variables, such as QUIPU_DRIVER_PATH, stay. */
static int clear(void **state)
{
    static const char *const names[] = {
        "SHOP_QUIPU_URI",       "QUIPU_URI",         "SHOP_QUIPU_SETUP",
        "QUIPU_SETUP",          "QUIPU_SCHEMES",     "SHOP_QUIPU_SCHEMES",
        "SHOP_QUIPU_URL",       "QUIPU_URLS",        "SHOP_QUIPU_setup",
        "SHOP_QUIPU_TEST_IT",   "OTHER_QUIPU_URL",   "SHOP_QUIPU_",
        "QUIPU_SNAPSHOT_EVERY", "QUIPU_CACHE_BYTES", "QUIPU_CACHE_TRUSTED",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        unsetenv(names[i]);
    }
    is_privileged = false;
    script_clear();
    return quipu_drivers_allow(NULL, NULL);
}

static int open_shop(quipu_application **application, quipu_error *error)
{
    quipu_schema schema;

    schema_make(&schema, 0);
    return quipu_environment_open("SHOP", &schema, &fixture_mapping,
                                  application, error);
}

static void assert_shop_refused(int status, const char *message)
{
    quipu_application *application;
    quipu_error error;

    assert_refused(open_shop(&application, &error), status, &error, message);
}

static const char *opened_uri(void)
{
    static char uri[128];
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_application *application;
    quipu_error error;

    assert_ok(open_shop(&application, &error), &error);
    assert_ok(quipu_datastore_describe(quipu_application_datastore(application),
                                       &info, &error),
              &error);
    (void)snprintf(uri, sizeof(uri), "%s", info.uri);
    assert_ok(quipu_application_close(application, &error), &error);
    return uri;
}

/* ---------------------------------------------------------------- reading */

static void own_variable_comes_before_the_common_one(void **state)
{
    (void)state;
    setenv("QUIPU_URI", "scripted:common", 1);
    assert_string_equal(opened_uri(), "scripted:common");
    setenv("SHOP_QUIPU_URI", "scripted:own", 1);
    assert_string_equal(opened_uri(), "scripted:own");
    unsetenv("QUIPU_URI");
    assert_string_equal(opened_uri(), "scripted:own");
}

static void missing_uri_is_refused(void **state)
{
    (void)state;
    assert_shop_refused(QUIPU_INVALID, "SHOP_QUIPU_URI is not set");
}

static void empty_value_is_refused(void **state)
{
    (void)state;
    setenv("QUIPU_URI", "scripted:", 1);
    setenv("SHOP_QUIPU_URI", "", 1);
    assert_shop_refused(QUIPU_INVALID,
                        "variable SHOP_QUIPU_URI is empty; it must be the URI");
    unsetenv("SHOP_QUIPU_URI");
    setenv("QUIPU_SCHEMES", "", 1);
    assert_shop_refused(QUIPU_INVALID, "variable QUIPU_SCHEMES is empty");
    unsetenv("QUIPU_SCHEMES");
    setenv("QUIPU_SETUP", "", 1);
    assert_shop_refused(QUIPU_INVALID,
                        "variable QUIPU_SETUP is empty; it must be yes or no");
}

static void wrong_value_is_refused_and_not_shown(void **state)
{
    quipu_application *application;
    quipu_error error;

    (void)state;
    setenv("QUIPU_URI", "scripted:", 1);
    setenv("SHOP_QUIPU_SETUP", "hunter2", 1);
    assert_refused(open_shop(&application, &error), QUIPU_INVALID, &error,
                   "SHOP_QUIPU_SETUP has a wrong value; it must be yes or no");
    assert_null(strstr(error.message, "hunter2"));
    unsetenv("SHOP_QUIPU_SETUP");
    setenv("SHOP_QUIPU_SCHEMES", "scripted,Hunter2", 1);
    assert_refused(open_shop(&application, &error), QUIPU_INVALID, &error,
                   "SHOP_QUIPU_SCHEMES has a wrong value; it must be a "
                   "comma-separated list of schemes");
    assert_null(strstr(error.message, "unter2"));
}

static void password_of_a_uri_is_in_no_message(void **state)
{
    static const char *const uris[] = {
        "scripted://user:hunter2@host/db?no=1",
        "nothing://user:hunter2@host/db",
        "postgresql://user:hun/ter2@host:port/db",
        "hunter2",
        "scripted:?password=hunter2&hunter2=1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        quipu_application *application;
        quipu_error error;

        setenv("SHOP_QUIPU_URI", uris[i], 1);
        int status = open_shop(&application, &error);

        if (status == QUIPU_OK) {
            fail_msg("%s was opened", uris[i]);
        }
        assert_contains(error.message, "SHOP_QUIPU_URI: ");
        assert_null(strstr(error.message, "hun"));
        assert_null(strstr(error.message, "ter2"));
    }
}

static void settings_of_a_privileged_program_are_not_read(void **state)
{
    (void)state;
    setenv("QUIPU_URI", "scripted:", 1);
    setenv("SHOP_QUIPU_URL", "scripted:", 1);
    is_privileged = true;
    assert_shop_refused(QUIPU_INVALID, "SHOP_QUIPU_URI is not set");
}

static void setup_creates_tables_unless_it_is_no(void **state)
{
    quipu_datastore *datastore;
    quipu_schema schema;
    quipu_error error;

    (void)state;
    /* Keeps the store of the memory driver. */
    assert_ok(quipu_datastore_open("scripted:kept", NULL, &datastore, &error),
              &error);
    setenv("QUIPU_URI", "scripted:kept", 1);
    setenv("QUIPU_SETUP", "no", 1);
    assert_shop_refused(QUIPU_NOT_FOUND, "");
    setenv("QUIPU_SETUP", "yes", 1);
    (void)opened_uri();
    setenv("QUIPU_SETUP", "no", 1);
    (void)opened_uri();
    schema_make(&schema, 0);
    assert_ok(quipu_datastore_teardown(datastore, &schema, &error), &error);
    unsetenv("QUIPU_SETUP");
    (void)opened_uri();
    assert_ok(quipu_datastore_close(datastore, &error), &error);
}

/* ---------------------------------------------------------------- schemes */

static void only_listed_schemes_are_opened(void **state)
{
    (void)state;
    setenv("QUIPU_URI", "scripted:", 1);
    setenv("QUIPU_SCHEMES", "sqlite,lmdb", 1);
    assert_shop_refused(QUIPU_DENIED, "QUIPU_URI: ");
    assert_int_equal(quipu_drivers_allow(NULL, NULL), QUIPU_OK);
    setenv("QUIPU_SCHEMES", "lmdb,scripted", 1);
    (void)opened_uri();
}

static void schemes_that_the_program_refuses_stay_refused(void **state)
{
    const quipu_driver *driver;

    (void)state;
    assert_int_equal(quipu_drivers_allow("scripted,sqlite,memory", NULL),
                     QUIPU_OK);
    setenv("QUIPU_URI", "scripted:", 1);
    setenv("QUIPU_SCHEMES", "lmdb,scripted,postgresql,memory,b", 1);
    (void)opened_uri();
    assert_status(quipu_drivers_find("lmdb", &driver, NULL), QUIPU_DENIED);
    assert_status(quipu_drivers_find("sqlite", &driver, NULL), QUIPU_DENIED);
    assert_ok(quipu_drivers_find("memory", &driver, NULL), NULL);
    /* The schemes that both applications of a process accept. */
    setenv("QUIPU_SCHEMES", "lmdb", 1);
    assert_shop_refused(QUIPU_DENIED, "scripted");
    assert_status(quipu_drivers_find("memory", &driver, NULL), QUIPU_DENIED);
}

static void mistake_leaves_the_schemes_as_they_were(void **state)
{
    const quipu_driver *driver;

    (void)state;
    setenv("QUIPU_SCHEMES", "lmdb", 1);
    setenv("QUIPU_URI", "scripted:", 1);
    setenv("QUIPU_SETUP", "never", 1);
    assert_shop_refused(QUIPU_INVALID, "SETUP");
    assert_ok(quipu_drivers_find("memory", &driver, NULL), NULL);
}

/* ------------------------------------------------------ unknown variables */

static void unknown_variable_is_refused(void **state)
{
    (void)state;
    setenv("QUIPU_URI", "scripted:", 1);
    setenv("SHOP_QUIPU_URL", "scripted:", 1);
    assert_shop_refused(QUIPU_INVALID,
                        "no setting for the environment variable "
                        "SHOP_QUIPU_URL; did you mean SHOP_QUIPU_URI?  Known "
                        "after SHOP_QUIPU_ and QUIPU_ are ");
    unsetenv("SHOP_QUIPU_URL");
    setenv("QUIPU_URLS", "scripted:", 1);
    assert_shop_refused(QUIPU_INVALID, "QUIPU_URLS; did you mean QUIPU_URI?");
    unsetenv("QUIPU_URLS");
    setenv("SHOP_QUIPU_setup", "yes", 1);
    assert_shop_refused(QUIPU_INVALID,
                        "SHOP_QUIPU_setup; did you mean SHOP_QUIPU_SETUP?");
    unsetenv("SHOP_QUIPU_setup");
    setenv("SHOP_QUIPU_schemes_OK_UR", "yes", 1);
    assert_shop_refused(QUIPU_INVALID, "did you mean SHOP_QUIPU_SCHEMES?");
    unsetenv("SHOP_QUIPU_schemes_OK_UR");
    setenv("SHOP_QUIPU_", "yes", 1);
    assert_shop_refused(QUIPU_INVALID, "variable SHOP_QUIPU_; did you mean");
}

static void all_known_settings_are_listed(void **state)
{
    (void)state;
    setenv("SHOP_QUIPU_URL", "scripted:", 1);
    assert_shop_refused(QUIPU_INVALID,
                        "are CACHE_BYTES, CACHE_TRUSTED, SCHEMES, SETUP, "
                        "SNAPSHOT_EVERY, URI");
}

static void variables_of_quipu_and_of_others_are_no_mistakes(void **state)
{
    (void)state;
    setenv("QUIPU_URI", "scripted:", 1);
    assert_non_null(getenv("QUIPU_DRIVER_PATH"));
    setenv("QUIPU_TEST_POSTGRES_START", "x", 0);
    setenv("QUIPU_FAULTS", "x", 0);
    setenv("OTHER_QUIPU_URL", "x", 1);
    (void)opened_uri();
    /* But quipu reads them without the name of an application only. */
    setenv("SHOP_QUIPU_TEST_IT", "x", 1);
    assert_shop_refused(QUIPU_INVALID, "SHOP_QUIPU_TEST_IT");
    unsetenv("QUIPU_FAULTS");
}

static void unknown_variable_of_any_size_is_refused(void **state)
{
    char name[2000] = "QUIPU_";
    char *in_name = name + strlen(name);

    (void)state;
    memset(in_name, 'X', sizeof(name) - 20);
    setenv(name, "hunter2", 1);
    assert_shop_refused(QUIPU_INVALID, "QUIPU_XXXX");
    unsetenv(name);
}

static void application_needs_a_name(void **state)
{
    static const char *const names[] = { "",        "shop",  "1SHOP",
                                         "_SHOP",   "SHOP=", "QUIPU",
                                         "QUIPU_X", "S HOP", NULL };
    char longest[65];

    (void)state;
    setenv("QUIPU_URI", "scripted:", 1);
    memset(longest, 'A', sizeof(longest));
    longest[64] = '\0';
    for (size_t i = 0; i <= sizeof(names) / sizeof(names[0]); i++) {
        const char *name =
            i < sizeof(names) / sizeof(names[0]) ? names[i] : longest;
        quipu_application *application;
        quipu_schema schema;

        schema_make(&schema, 0);
        assert_status(quipu_environment_open(name, &schema, &fixture_mapping,
                                             &application, NULL),
                      QUIPU_INVALID);
    }
    longest[63] = '\0';
    quipu_application *application;
    quipu_schema schema;
    quipu_error error;

    schema_make(&schema, 0);
    assert_ok(quipu_environment_open(longest, &schema, &fixture_mapping,
                                     &application, &error),
              &error);
    assert_ok(quipu_application_close(application, &error), &error);
    assert_status(
        quipu_environment_open("SHOP", &schema, &fixture_mapping, NULL, &error),
        QUIPU_INVALID);
}

/* --------------------------------------------------- snapshots and cache */

static void wrong_numbers_are_refused(void **state)
{
    static const char *const wrong[][2] = {
        { "QUIPU_SNAPSHOT_EVERY", "0" },
        { "QUIPU_SNAPSHOT_EVERY", "-1" },
        { "QUIPU_SNAPSHOT_EVERY", "10k" },
        { "QUIPU_SNAPSHOT_EVERY", "4294967296" },
        { "QUIPU_CACHE_BYTES", "0" },
        { "QUIPU_CACHE_BYTES", "64MB" },
        { "QUIPU_CACHE_BYTES", "" },
        { "QUIPU_CACHE_TRUSTED", "maybe" },
    };

    (void)state;
    setenv("QUIPU_URI", "scripted:", 1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        setenv(wrong[i][0], wrong[i][1], 1);
        assert_shop_refused(QUIPU_INVALID, wrong[i][0]);
        unsetenv(wrong[i][0]);
    }
}

/* An aggregate whose state can be kept, which counts how often an event was
 * applied to it. */
struct kept {
    quipu_aggregate base;
    int64_t sum;
};
static int applied;

static int apply_kept(void *aggregate, const void *event, quipu_error *error)
{
    (void)error;
    applied++;
    ((struct kept *)aggregate)->sum +=
        ((const struct tally_added *)event)->amount;
    return QUIPU_OK;
}

static const quipu_handler kept_handlers[] = {
    { .event = &tally_added, .apply = apply_kept },
    { 0 },
};
static const quipu_field kept_fields[] = {
    QUIPU_FIELD(struct kept, sum),
    { 0 },
};
static const quipu_aggregate_type kept_type = { .name = "Kept",
                                                .size = sizeof(struct kept),
                                                .fields = kept_fields,
                                                .handlers = kept_handlers };

/* The events that are applied when an aggregate of three is got twice. */
static int applied_by_getting(void)
{
    quipu_application *application;
    quipu_repository *repository;
    quipu_error error;

    assert_ok(open_shop(&application, &error), &error);
    assert_ok(quipu_application_repository(application, &kept_type, &repository,
                                           &error),
              &error);
    struct kept *kept = quipu_repository_create(repository, NULL, &error);

    assert_non_null(kept);
    for (int i = 0; i < 3; i++) {
        assert_ok(QUIPU_TRIGGER(kept, tally_added, &error, .amount = 1),
                  &error);
    }
    quipu_id id = kept->base.id;

    quipu_aggregate_destroy(kept);
    applied = 0;
    for (int i = 0; i < 2; i++) {
        kept = quipu_repository_get(repository, &id, &error);
        assert_non_null(kept);
        assert_int_equal(kept->sum, 3);
        quipu_aggregate_destroy(kept);
    }
    quipu_repository_close(repository);
    assert_ok(quipu_application_close(application, &error), &error);
    return applied;
}

static void repositories_use_snapshots_and_caches(void **state)
{
    (void)state;
    setenv("QUIPU_URI", "scripted:", 1);
    assert_int_equal(applied_by_getting(), 6);
    setenv("QUIPU_SNAPSHOT_EVERY", "2", 1);
    assert_int_equal(applied_by_getting(), 3);
    unsetenv("QUIPU_SNAPSHOT_EVERY");
    setenv("QUIPU_CACHE_BYTES", "1m", 1);
    assert_int_equal(applied_by_getting(), 3);
    setenv("QUIPU_CACHE_TRUSTED", "yes", 1);
    assert_int_equal(applied_by_getting(), 3);
}

/* ---------------------------------------------------------------- closing */

static void application_is_closed_whole_or_not_at_all(void **state)
{
    quipu_application *application;
    quipu_records *records;
    quipu_schema schema;
    quipu_error error;

    (void)state;
    setenv("QUIPU_URI", "scripted:", 1);
    assert_ok(open_shop(&application, &error), &error);
    schema_make(&schema, 0);
    assert_ok(quipu_records_open(quipu_application_datastore(application),
                                 &schema, &records, &error),
              &error);
    assert_refused(quipu_application_close(application, &error), QUIPU_INVALID,
                   &error, "1 opened from its datastore");
    assert_int_equal(log_size(quipu_application_store(application)), 0);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_application_close(application, &error), &error);
}

static void borrowed_datastore_stays_open(void **state)
{
    quipu_records *records;
    struct app app;
    quipu_error error;

    (void)state;
    app_open(&app, 0);
    assert_ptr_equal(quipu_application_datastore(app.application),
                     app.datastore);
    assert_ok(quipu_records_open(app.datastore, &app.schema, &records, &error),
              &error);
    quipu_repository_close(app.tallies);
    quipu_repository_close(app.notes);
    assert_ok(quipu_application_close(app.application, &error), &error);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_close(app.datastore, &error), &error);
}

/* ---------------------------------------------------------------- listing */

static void list(void *context, const char *variable, const char *value,
                 const char *help)
{
    char *text = context;
    size_t size = strlen(text);

    assert_true(strlen(help) > 10);
    (void)snprintf(text + size, 1024 - size, "%s=%s\n", variable,
                   value ? value : "(unset)");
}

static void list_shows_settings_without_secrets(void **state)
{
    quipu_error error;
    char text[1024] = "";

    (void)state;
    assert_ok(quipu_environment_list("SHOP", list, text, &error), &error);
    assert_string_equal(text, "SHOP_QUIPU_CACHE_BYTES=(unset)\n"
                              "SHOP_QUIPU_CACHE_TRUSTED=(unset)\n"
                              "SHOP_QUIPU_SCHEMES=(unset)\n"
                              "SHOP_QUIPU_SETUP=(unset)\n"
                              "SHOP_QUIPU_SNAPSHOT_EVERY=(unset)\n"
                              "SHOP_QUIPU_URI=(unset)\n");
    setenv("QUIPU_URI", "postgresql://user:hunter2@host/db?password=hunter2",
           1);
    setenv("SHOP_QUIPU_SETUP", "hunter2", 1);
    setenv("QUIPU_SETUP", "no", 1);
    setenv("SHOP_QUIPU_SCHEMES", "sqlite,lmdb", 1);
    text[0] = '\0';
    assert_ok(quipu_environment_list("SHOP", list, text, &error), &error);
    assert_string_equal(text, "SHOP_QUIPU_CACHE_BYTES=(unset)\n"
                              "SHOP_QUIPU_CACHE_TRUSTED=(unset)\n"
                              "SHOP_QUIPU_SCHEMES=sqlite,lmdb\n"
                              "SHOP_QUIPU_SETUP=***\n"
                              "SHOP_QUIPU_SNAPSHOT_EVERY=(unset)\n"
                              "QUIPU_URI=postgresql://user:***@host/db?"
                              "password=***\n");
}

static void list_refuses_wrong_arguments(void **state)
{
    char text[1024] = "";

    (void)state;
    assert_status(quipu_environment_list(NULL, list, text, NULL),
                  QUIPU_INVALID);
    assert_status(quipu_environment_list("SHOP", NULL, text, NULL),
                  QUIPU_INVALID);
    assert_status(quipu_environment_list("shop", list, text, NULL),
                  QUIPU_INVALID);
}

static int open_and_close(void *context, quipu_error *error)
{
    quipu_application *application = NULL;
    int status = open_shop(&application, error);

    (void)context;
    return status == QUIPU_OK ? quipu_application_close(application, error)
                              : status;
}

static int list_texts(void *context, quipu_error *error)
{
    char text[1024] = "";

    (void)context;
    return quipu_environment_list("SHOP", list, text, error);
}

static void lack_of_memory_is_told_at_any_place(void **state)
{
    (void)state;
    setenv("QUIPU_URI", "scripted:", 1);
    quipu_test_memory_sweep(open_and_close, NULL);
    quipu_test_memory_sweep(list_texts, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(own_variable_comes_before_the_common_one, clear),
        cmocka_unit_test_setup(missing_uri_is_refused, clear),
        cmocka_unit_test_setup(empty_value_is_refused, clear),
        cmocka_unit_test_setup(wrong_value_is_refused_and_not_shown, clear),
        cmocka_unit_test_setup(password_of_a_uri_is_in_no_message, clear),
        cmocka_unit_test_setup(settings_of_a_privileged_program_are_not_read,
                               clear),
        cmocka_unit_test_setup(setup_creates_tables_unless_it_is_no, clear),
        cmocka_unit_test_setup(only_listed_schemes_are_opened, clear),
        cmocka_unit_test_setup(schemes_that_the_program_refuses_stay_refused,
                               clear),
        cmocka_unit_test_setup(mistake_leaves_the_schemes_as_they_were, clear),
        cmocka_unit_test_setup(unknown_variable_is_refused, clear),
        cmocka_unit_test_setup(all_known_settings_are_listed, clear),
        cmocka_unit_test_setup(variables_of_quipu_and_of_others_are_no_mistakes,
                               clear),
        cmocka_unit_test_setup(unknown_variable_of_any_size_is_refused, clear),
        cmocka_unit_test_setup(application_needs_a_name, clear),
        cmocka_unit_test_setup(wrong_numbers_are_refused, clear),
        cmocka_unit_test_setup(repositories_use_snapshots_and_caches, clear),
        cmocka_unit_test_setup(application_is_closed_whole_or_not_at_all,
                               clear),
        cmocka_unit_test_setup(borrowed_datastore_stays_open, clear),
        cmocka_unit_test_setup(list_shows_settings_without_secrets, clear),
        cmocka_unit_test_setup(list_refuses_wrong_arguments, clear),
        cmocka_unit_test_setup(lack_of_memory_is_told_at_any_place, clear),
    };

    return cmocka_run_group_tests(tests, app_add_driver, NULL);
}
