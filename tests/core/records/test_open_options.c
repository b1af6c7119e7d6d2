/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the options that mean the same in every driver, and settings. */
#include "quipu_test.h"

#include "base/clock.h"
#include "datastore/commit_queue.h"
#include "datastore/open_options.h"
#include "fake_driver.h"

static quipu_error error;

static int start(void **state)
{
    (void)state;
    fake_reset();
    memset(&error, 0, sizeof(error));
    return 0;
}

static int open_with(const char *uri, const quipu_option *options, size_t count)
{
    const quipu_settings settings = { .struct_size = sizeof(settings),
                                      .options = options,
                                      .option_count = count };
    quipu_datastore *datastore;
    int status = quipu_datastore_open(uri, &settings, &datastore, &error);

    if (status == QUIPU_OK) {
        assert_ok(quipu_datastore_close(datastore, &error), &error);
    }
    return status;
}

static int open_uri(const char *uri)
{
    return open_with(uri, NULL, 0);
}

static void refuse_uri(const char *uri, const char *why)
{
    assert_refused(open_uri(uri), QUIPU_INVALID, &error, why);
    assert_int_equal(fake_calls(), 0);
}

static void defaults_are_full_created_and_writable(void **state)
{
    (void)state;
    assert_ok(open_uri("fake:there"), &error);
    assert_int_equal(fake.open_flags, QUIPU_OPEN_CREATE);
    assert_int_equal(fake.struct_size, sizeof(quipu_open));
    assert_string_equal(fake.scheme, "fake");
    assert_string_equal(fake.body, "there");
    assert_string_equal(fake.rest, "there");
    assert_string_equal(fake.name_space, "");
    assert_int_equal(fake.option_count, 0);
}

static void option_create_is_applied(void **state)
{
    (void)state;
    assert_ok(open_uri("fake:?create=no"), &error);
    assert_int_equal(fake.open_flags, 0);
    assert_ok(open_uri("fake:?create=yes"), &error);
    assert_int_equal(fake.open_flags, QUIPU_OPEN_CREATE);
    fake_reset();
    refuse_uri("fake:?create=perhaps", "\"create\"");
}

static void option_durability_is_applied(void **state)
{
    (void)state;
    assert_ok(open_uri("fake:?durability=relaxed"), &error);
    assert_int_equal(fake.open_flags, QUIPU_OPEN_CREATE | QUIPU_OPEN_RELAXED);
    assert_ok(open_uri("fake:?durability=full"), &error);
    assert_int_equal(fake.open_flags, QUIPU_OPEN_CREATE);
    fake_reset();
    refuse_uri("fake:?durability=none", "must be full or relaxed");
    refuse_uri("fake:?durability=", "must be full or relaxed");
}

static void readonly_implies_no_create(void **state)
{
    (void)state;
    assert_ok(open_uri("fake:?readonly=yes"), &error);
    assert_int_equal(fake.open_flags, QUIPU_OPEN_READONLY);
    assert_ok(open_uri("fake:?readonly=on&create=yes"), &error);
    assert_int_equal(fake.open_flags, QUIPU_OPEN_READONLY);
    assert_ok(open_uri("fake:?readonly=no"), &error);
    assert_int_equal(fake.open_flags, QUIPU_OPEN_CREATE);
    fake_reset();
    refuse_uri("fake:?readonly=2", "\"readonly\"");
}

/* Checks the deadline of a call that was made between two readings of the
 * clock. */
static void expect_deadline(const char *uri, int64_t milliseconds)
{
    int64_t before = quipu_clock_now();
    int64_t after;

    assert_ok(open_uri(uri), &error);
    after = quipu_clock_now();
    assert_true(fake.deadline >= before + milliseconds * 1000000);
    assert_true(fake.deadline <= after + milliseconds * 1000000);
}

static void timeout_becomes_a_deadline(void **state)
{
    (void)state;
    expect_deadline("fake:", 5000);
    expect_deadline("fake:?timeout=0", 0);
    expect_deadline("fake:?timeout=86400000", 86400000);
    assert_ok(open_uri("fake:?timeout=18446744073709551615"), &error);
    assert_int_equal(fake.deadline, INT64_MAX);
    assert_ok(open_uri("fake:?timeout=9223372036854775807"), &error);
    assert_int_equal(fake.deadline, INT64_MAX);
    fake_reset();
    refuse_uri("fake:?timeout=-1", "\"timeout\"");
    refuse_uri("fake:?timeout=soon", "\"timeout\"");
    refuse_uri("fake:?timeout=5s", "milliseconds");
}

static void namespace_has_up_to_63_bytes(void **state)
{
    (void)state;
    assert_ok(open_uri("fake:?namespace=north%20west"), &error);
    assert_string_equal(fake.name_space, "north west");
    assert_ok(open_uri("fake:?namespace="), &error);
    assert_string_equal(fake.name_space, "");
    assert_ok(
        open_uri("fake:?namespace=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                 "aaaaaaaaaaaaaaaaaaaaaaa"),
        &error);
    assert_int_equal(strlen(fake.name_space), 63);
    fake_reset();
    refuse_uri("fake:?namespace=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
               "aaaaaaaaaaaaaaaaaaaaaaaa",
               "0 to 63 bytes");
}

static size_t group_of(const char *uri)
{
    struct quipu_open_options opening;

    assert_ok(quipu_open_options_init(&opening, uri, NULL, &error), &error);
    quipu_open_options_finish(&opening);
    return opening.group;
}

static void option_group_limits_a_commit(void **state)
{
    (void)state;
    assert_int_equal(group_of("fake:"), QUIPU_COMMIT_QUEUE_GROUP);
    assert_int_equal(group_of("fake:?group=1"), 1);
    assert_int_equal(group_of("fake:?group=1024"), 1024);
    assert_ok(open_uri("fake:?group=2"), &error);
    fake_reset();
    refuse_uri("fake:?group=0", "\"group\" must be 1 to 1024");
    refuse_uri("fake:?group=1025", "\"group\" must be 1 to 1024");
    refuse_uri("fake:?group=no", "\"group\"");
}

static void options_of_the_core_do_not_reach_the_driver(void **state)
{
    const quipu_option set[] = { { .name = "secret", .value = "hush" },
                                 { .name = "create", .value = "no" } };

    (void)state;
    assert_ok(
        open_with("fake:b%20?cache=4k&timeout=7&strict=on&namespace=n", set, 2),
        &error);
    assert_int_equal(fake.open_flags, 0);
    assert_string_equal(fake.body, "b%20");
    assert_string_equal(fake.rest, "b%20?cache=4k&strict=on");
    assert_int_equal(fake.option_count, 3);
    assert_string_equal(fake.option_names[0], "cache");
    assert_string_equal(fake.option_values[0], "4k");
    assert_string_equal(fake.option_names[1], "strict");
    assert_string_equal(fake.option_values[1], "on");
    assert_string_equal(fake.option_names[2], "secret");
    assert_string_equal(fake.option_values[2], "hush");
}

static void repeated_options_are_refused(void **state)
{
    const quipu_option again[] = { { .name = "cache", .value = "1" } };
    const quipu_option own[] = { { .name = "timeout", .value = "1" } };
    const quipu_option twice[] = { { .name = "secret", .value = "1" },
                                   { .name = "secret", .value = "1" } };

    (void)state;
    assert_refused(open_with("fake:?cache=2", again, 1), QUIPU_INVALID, &error,
                   "\"cache\" is given twice");
    assert_refused(open_with("fake:?timeout=2", own, 1), QUIPU_INVALID, &error,
                   "\"timeout\" is given twice");
    assert_refused(open_with("fake:", twice, 2), QUIPU_INVALID, &error,
                   "\"secret\" is given twice");
    refuse_uri("fake:?cache=1&cache=1", "twice");
}

static int open_with_defaults(const char *uri, const quipu_option *options,
                              size_t count)
{
    const quipu_option set = { .name = "secret", .value = "hush" };
    const quipu_settings settings = { .struct_size = sizeof(settings),
                                      .options = &set,
                                      .option_count = 1,
                                      .defaults = options,
                                      .default_count = count };
    quipu_datastore *datastore;
    int status = quipu_datastore_open(uri, &settings, &datastore, &error);

    if (status == QUIPU_OK) {
        assert_ok(quipu_datastore_close(datastore, &error), &error);
    }
    return status;
}

static void defaults_apply_last(void **state)
{
    const quipu_option defaults[] = { { .name = "create", .value = "no" },
                                      { .name = "cache", .value = "4k" },
                                      { .name = "secret", .value = "said" } };
    const quipu_option bad[] = { { .name = "cache" } };

    (void)state;
    assert_ok(open_with_defaults("fake:", defaults, 3), &error);
    assert_int_equal(fake.open_flags, 0);
    assert_int_equal(fake.option_count, 2);
    assert_string_equal(fake.option_values[0], "hush");
    assert_string_equal(fake.option_names[1], "cache");
    assert_string_equal(fake.option_values[1], "4k");
    assert_ok(open_with_defaults("fake:?cache=1&cre%61te=yes", defaults, 3),
              &error);
    assert_int_equal(fake.open_flags, QUIPU_OPEN_CREATE);
    assert_string_equal(fake.option_values[0], "1");
    fake_reset();
    assert_refused(open_with_defaults("fake:", bad, 1), QUIPU_INVALID, &error,
                   "defaults[0] has no value");
    assert_refused(open_with_defaults("fake:", NULL, 1), QUIPU_INVALID, &error,
                   "defaults is NULL");
    assert_int_equal(fake_calls(), 0);
}

static void invalid_settings_are_named(void **state)
{
    const quipu_option nameless[] = { { .name = "secret", .value = "1" },
                                      { .value = "1" } };
    const quipu_option valueless[] = { { .name = "secret" } };
    const quipu_option bad_name[] = { { .name = "\xff", .value = "1" } };
    const quipu_option bad_value[] = { { .name = "secret", .value = "\xff" } };
    quipu_option reserved[] = {
        { .name = "secret", .value = "1", .reserved = { 1, 0 } }
    };

    (void)state;
    assert_refused(open_with("fake:", nameless, 2), QUIPU_INVALID, &error,
                   "options[1] has no name");
    assert_refused(open_with("fake:", valueless, 1), QUIPU_INVALID, &error,
                   "options[0] has no value");
    assert_refused(open_with("fake:", bad_name, 1), QUIPU_INVALID, &error,
                   "options[0] is not UTF-8");
    assert_refused(open_with("fake:", bad_value, 1), QUIPU_INVALID, &error,
                   "options[0] is not UTF-8");
    assert_refused(open_with("fake:", reserved, 1), QUIPU_INVALID, &error,
                   "options[0] has a reserved member");
    reserved[0].reserved[0] = 0;
    reserved[0].reserved[1] = 1;
    assert_status(open_with("fake:", reserved, 1), QUIPU_INVALID);
    assert_refused(open_with("fake:", NULL, 1), QUIPU_INVALID, &error,
                   "options is NULL");
    assert_refused(open_with("fake:", nameless, 257), QUIPU_INVALID, &error,
                   "257 options; at most 256");
    assert_int_equal(fake_calls(), 0);
}

static void the_settings_struct_is_checked(void **state)
{
    quipu_settings settings = { .struct_size = 0 };
    quipu_datastore *datastore;

    (void)state;
    assert_refused(quipu_datastore_open("fake:", &settings, &datastore, &error),
                   QUIPU_INVALID, &error, "settings has struct_size 0");
    settings.struct_size = sizeof(settings);
    settings.reserved = 1;
    assert_refused(quipu_datastore_open("fake:", &settings, &datastore, &error),
                   QUIPU_INVALID, &error, "settings: reserved");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(defaults_are_full_created_and_writable, start),
        cmocka_unit_test_setup(option_create_is_applied, start),
        cmocka_unit_test_setup(option_durability_is_applied, start),
        cmocka_unit_test_setup(readonly_implies_no_create, start),
        cmocka_unit_test_setup(timeout_becomes_a_deadline, start),
        cmocka_unit_test_setup(namespace_has_up_to_63_bytes, start),
        cmocka_unit_test_setup(option_group_limits_a_commit, start),
        cmocka_unit_test_setup(options_of_the_core_do_not_reach_the_driver,
                               start),
        cmocka_unit_test_setup(repeated_options_are_refused, start),
        cmocka_unit_test_setup(defaults_apply_last, start),
        cmocka_unit_test_setup(invalid_settings_are_named, start),
        cmocka_unit_test_setup(the_settings_struct_is_checked, start),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
