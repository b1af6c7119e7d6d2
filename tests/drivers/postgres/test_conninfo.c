/* SPDX-License-Identifier: Apache-2.0 */
/* URIs: which are refused, and that no message shows a password. */
#include "fixture.h"

static int try_it(const char *body, const char *options, quipu_error *error)
{
    quipu_driver_datastore *datastore = NULL;
    *error = (quipu_error){ 0 };
    int status = fixture_try_body(body, options, &datastore, error);
    if (status == QUIPU_OK) {
        fixture_close(datastore);
    }
    return status;
}

static void unknown_option_is_refused_with_the_known_ones(void **state)
{
    quipu_error error;
    (void)state;
    assert_refused(try_it("///", "colour=red", &error), QUIPU_INVALID, &error,
                   "has no option \"colour\"; known are: create");
    assert_contains(error.message, "schema");
    assert_contains(error.message, "target_session_attrs");
}

static void unknown_option_behind_a_password_is_not_named(void **state)
{
    quipu_error error;
    (void)state;
    assert_refused(try_it("///", "password=a&s3cret=b", &error), QUIPU_INVALID,
                   &error, "it may be part of a password");
    assert_null(strstr(error.message, "s3cret"));
}

static void values_of_the_drivers_options_are_checked(void **state)
{
    quipu_error error;
    char long_name[80] = "schema=";
    (void)state;
    memset(long_name + 7, 'x', 64);
    assert_refused(try_it("///", long_name, &error), QUIPU_INVALID, &error,
                   "1 to 63 bytes");
    assert_refused(try_it("///", "pool=0", &error), QUIPU_INVALID, &error,
                   "pool");
    assert_refused(try_it("///", "poll=0", &error), QUIPU_INVALID, &error,
                   "poll");
    assert_refused(try_it("///", "prepared=perhaps", &error), QUIPU_INVALID,
                   &error, "auto, yes or no (also true, on, 1");
}

/* libpq's messages quote the part that it cannot parse. */
static void no_message_shows_a_password(void **state)
{
    static const char *const bodies[] = {
        "//me:s3cret@%%/db",        "//me:s3cret@host:port:x/db",
        "//me:s3cret%zz@host/db",   "//me:s3cret@[::1/db",
        "me:s3cret@host/db",        "//me:s3cret@nohost.invalid/db",
        "//me:s3cret@/db?host=%00",
    };
    quipu_error error;
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        assert_int_not_equal(try_it(bodies[i], "", &error), QUIPU_OK);
        assert_null(strstr(error.message, "s3cret"));
    }
    assert_int_not_equal(try_it("//nohost.invalid/db",
                                "password=s3cret&sslpassword=s3cret", &error),
                         QUIPU_OK);
    assert_null(strstr(error.message, "s3cret"));
    assert_int_not_equal(try_it("///", "sslmode=s3cret-mode", &error),
                         QUIPU_OK);
}

/* libpq takes a part of a password that is not percent-encoded for a host, a
 * port, a database or an option. */
static void parts_of_a_password_are_not_shown(void **state)
{
    static const struct {
        const char *body, *options;
    } uris[] = {
        { "//me:s3c/s3cret@host/db", "" },
        { "//me:12/s3cret@host/db", "" },
        { "//me:s3cret/x@host/db", "" },
        { "//me:s3cret/x@host:5432/db", "" },
        { "//me/s3cret@host/db", "" },
        { "//me:x@s3cret@host.invalid/db", "" },
        { "///me:s3cret@host/db", "" },
        { "//me:12", "s3cret@host/db=" },
        { "//me:12", "s3cret@host/db=x" },
        { "//me:s3cret", "x@host/db=y" },
        { "//me:s3cret", "sslmode=disable" },
        { "//me:x@host.invalid:s3cret/db", "" },
    };
    quipu_error error;
    (void)state;
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        assert_refused(try_it(uris[i].body, uris[i].options, &error),
                       QUIPU_INVALID, &error, "%2F");
        assert_null(strstr(error.message, "s3c"));
    }
    assert_refused(try_it("//me:s3%2Fcret%40@nohost.invalid/a%40b", "", &error),
                   QUIPU_IO, &error, "cannot connect");
    assert_null(strstr(error.message, "cret"));
}

static void unreachable_host_is_an_error(void **state)
{
    quipu_error error;
    (void)state;
    assert_refused(try_it("///db", "host=/nowhere/at/all", &error), QUIPU_IO,
                   &error, "cannot connect");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_option_is_refused_with_the_known_ones),
        cmocka_unit_test(unknown_option_behind_a_password_is_not_named),
        cmocka_unit_test(values_of_the_drivers_options_are_checked),
        cmocka_unit_test(no_message_shows_a_password),
        cmocka_unit_test(parts_of_a_password_are_not_shown),
        cmocka_unit_test(unreachable_host_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
