/* SPDX-License-Identifier: Apache-2.0 */
/* Tests opening a datastore. */
#include "quipu_test.h"

#include "fake_driver.h"

static int start(void **state)
{
    (void)state;
    fake_reset();
    return 0;
}

static int open_uri(const char *uri, quipu_error *error)
{
    quipu_datastore *datastore = (quipu_datastore *)&fake;
    int status = quipu_datastore_open(uri, NULL, &datastore, error);

    if (status != QUIPU_OK) {
        assert_ptr_equal(datastore, &fake); /* unchanged */
        return status;
    }
    assert_ok(quipu_datastore_close(datastore, error), error);
    return status;
}

static void opening_and_closing_call_the_driver_once(void **state)
{
    quipu_error error;

    (void)state;
    assert_ok(open_uri("fake:there", &error), &error);
    assert_int_equal(fake.count[FAKE_OPEN], 1);
    assert_int_equal(fake.count[FAKE_CLOSE], 1);
    assert_int_equal(fake_calls(), 2);
}

static void missing_arguments_are_named(void **state)
{
    quipu_datastore *datastore;
    quipu_error error;

    (void)state;
    assert_refused(quipu_datastore_open(NULL, NULL, &datastore, &error),
                   QUIPU_INVALID, &error, "uri is NULL");
    assert_refused(quipu_datastore_open("fake:", NULL, NULL, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_status(quipu_datastore_open(NULL, NULL, NULL, NULL), QUIPU_INVALID);
}

static void malformed_uri_is_refused(void **state)
{
    quipu_error error;

    (void)state;
    assert_status(open_uri("", &error), QUIPU_INVALID);
    assert_status(open_uri("fake", &error), QUIPU_INVALID);
    assert_status(open_uri("../fake:", &error), QUIPU_INVALID);
    assert_status(open_uri("unheard-of:", &error), QUIPU_NOT_FOUND);
    assert_int_equal(fake_calls(), 0);
}

static void errors_of_the_driver_are_returned(void **state)
{
    quipu_error error;

    (void)state;
    fake.status[FAKE_OPEN] = QUIPU_DENIED;
    assert_refused(open_uri("fake:", &error), QUIPU_DENIED, &error,
                   "the fake's own words");
    assert_int_equal(error.code, QUIPU_DENIED);
    assert_int_equal(error.native, 7);
    assert_string_equal(error.sqlstate, "08006");
    assert_int_equal(fake.count[FAKE_CLOSE], 0);
}

static void null_datastore_from_the_driver_is_internal(void **state)
{
    quipu_error error;

    (void)state;
    fake.no_handle = true;
    assert_refused(open_uri("fake:", &error), QUIPU_INTERNAL, &error,
                   "driver \"fake\": open returned OK, but gave no datastore");
    assert_int_equal(fake.count[FAKE_CLOSE], 0);
}

static void limits_below_the_minimum_are_internal(void **state)
{
    uint64_t *const limits[] = { &fake.opened.limits.state_size,
                                 &fake.opened.limits.append_items,
                                 &fake.opened.limits.append_size };
    quipu_error error;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        fake_reset();
        (*limits[i])--;
        assert_refused(open_uri("fake:", &error), QUIPU_INTERNAL, &error,
                       "driver \"fake\": open returned OK, but its limits");
        assert_int_equal(fake.count[FAKE_CLOSE], 1);
    }
}

static void success_leaves_the_error_unchanged(void **state)
{
    quipu_error error;
    quipu_error before;

    (void)state;
    memset(&error, 0x5a, sizeof(error));
    before = error;
    fake.chatty = true;
    assert_status(open_uri("fake:", &error), QUIPU_OK);
    assert_memory_equal(&error, &before, sizeof(error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(opening_and_closing_call_the_driver_once, start),
        cmocka_unit_test_setup(missing_arguments_are_named, start),
        cmocka_unit_test_setup(malformed_uri_is_refused, start),
        cmocka_unit_test_setup(errors_of_the_driver_are_returned, start),
        cmocka_unit_test_setup(null_datastore_from_the_driver_is_internal,
                               start),
        cmocka_unit_test_setup(limits_below_the_minimum_are_internal, start),
        cmocka_unit_test_setup(success_leaves_the_error_unchanged, start),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
