/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the check of a driver's options against those that it publishes. */
#include "quipu_test.h"

#include <stdio.h>

#include "datastore/open_options.h"
#include "fake_driver.h"

static int open_uri(const char *uri, quipu_error *error)
{
    quipu_datastore *datastore;
    int status = quipu_datastore_open(uri, NULL, &datastore, error);

    if (status == QUIPU_OK) {
        assert_ok(quipu_datastore_close(datastore, error), error);
    }
    return status;
}

static int start(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static void unknown_option_lists_the_known_ones(void **state)
{
    quipu_error error;

    (void)state;
    assert_refused(open_uri("fake:?cashe=1", &error), QUIPU_INVALID, &error,
                   "driver \"fake\" has no option \"cashe\"");
    assert_contains(error.message,
                    "create, durability, group, namespace, readonly, "
                    "timeout, cache, secret, shards, strict");
    assert_int_equal(fake_calls(), 0);
}

static void unknown_option_that_may_be_a_password_is_not_named(void **state)
{
    static const char *const uris[] = {
        "fake:?secret=a&s3cret=b",       "fake://u:a?s3cret=b@h",
        "fake://u:a?cache=1&s3cret=b@h", "fake://u?a&s3cret=b:c@h",
        "fake://u:a@b/c@h?s3cret=1",
    };
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        int status = open_uri(uris[i], &error);

        assert_status(status, QUIPU_INVALID);
        assert_null(strstr(error.message, "s3cret"));
    }
    assert_refused(open_uri(uris[0], &error), QUIPU_INVALID, &error,
                   "it may be part of a password");
    assert_refused(open_uri("fake://u:word@h/x?cashe=1", &error), QUIPU_INVALID,
                   &error, "no option \"cashe\"");
}

static void unknown_options_reach_a_driver_that_passes_options(void **state)
{
    quipu_error error;

    (void)state;
    assert_ok(open_uri("passes:?cashe=1&cache=2k", &error), &error);
    assert_int_equal(fake.option_count, 2);
    assert_string_equal(fake.option_names[0], "cashe");
    assert_string_equal(fake.rest, "?cashe=1&cache=2k");
    assert_refused(open_uri("passes:?cashe=1&cache=x", &error), QUIPU_INVALID,
                   &error, "\"cache\"");
}

static void values_must_have_the_published_type(void **state)
{
    static const struct {
        const char *uri;
        const char *name;
    } wrong[] = {
        { "fake:?cache=much", "\"cache\"" },
        { "fake:?cache=4kb", "\"cache\"" },
        { "fake:?cache=", "\"cache\"" },
        { "fake:?shards=-1", "\"shards\"" },
        { "fake:?shards=1k", "\"shards\"" },
        { "fake:?strict=maybe", "\"strict\"" },
    };
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_refused(open_uri(wrong[i].uri, &error), QUIPU_INVALID, &error,
                       wrong[i].name);
    }
    assert_int_equal(fake_calls(), 0);
    assert_ok(open_uri("fake:?cache=4k&shards=12&strict=off&secret=any%20thing",
                       &error),
              &error);
    assert_string_equal(fake.option_values[3], "any thing");
}

static void no_message_shows_the_value_of_an_option(void **state)
{
    static const char *const uris[] = {
        "fake:?secrt=pass-word",
        "fake:?cache=pass-word",
        "fake:?secret=pass-word&x=1",
        "fake:?timeout=pass-word",
        "fake:?durability=pass-word",
        "fake:?create=pass-word",
        "fake:?secret=pass-word%",
        "fake:?secret=pass-word&secret=1",
        "fake://u:pass-word@host?x=1",
        "fake://u:pass-word@host#frag",
        "u:pass-word@host",
        "nowhere://u:pass-word@host",
        "fake:?readonly=pass-word",
        "passes:?shards=pass-word",
    };
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        assert_int_not_equal(open_uri(uris[i], &error), QUIPU_OK);
        assert_null(strstr(error.message, "pass-word"));
    }
}

/* Options whose names do not fit into one message. */
static void a_long_list_of_known_options_is_cut(void **state)
{
    static char names[200][16];
    static quipu_option_info infos[200];
    quipu_option option = { .name = "x", .value = "" };
    char rest[] = "?x=";
    const struct quipu_open_options opening = { .uri = { .rest = rest },
                                                .options = &option,
                                                .option_count = 1 };
    quipu_driver driver = { .name = "long",
                            .options = infos,
                            .option_count = 200 };
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        snprintf(names[i], sizeof(names[i]), "option%03zu", i);
        infos[i].name = names[i];
    }
    assert_refused(quipu_open_options_check(&opening, &driver, &error),
                   QUIPU_INVALID, &error, "timeout, option000");
    assert_null(strstr(error.message, "option199"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(unknown_option_lists_the_known_ones, start),
        cmocka_unit_test_setup(
            unknown_option_that_may_be_a_password_is_not_named, start),
        cmocka_unit_test_setup(
            unknown_options_reach_a_driver_that_passes_options, start),
        cmocka_unit_test_setup(values_must_have_the_published_type, start),
        cmocka_unit_test_setup(no_message_shows_the_value_of_an_option, start),
        cmocka_unit_test_setup(a_long_list_of_known_options_is_cut, start),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
