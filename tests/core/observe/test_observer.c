/* SPDX-License-Identifier: Apache-2.0 */
/* Tests how the observer of the process is set, and which calls it gets. */
#include "core/domain/app_fixture.h"

#include <quipu/observe.h>

#include "observe/observer.h"

static quipu_error error;

/* Counts its calls, and does once what a test wants. */
struct counting {
    int begun;
    int ended;
    const quipu_observer *next; /* set at a beginning; NULL: none */
    bool changes;
};

static void *began(void *context, const quipu_call_info *call)
{
    struct counting *counting = context;

    (void)call;
    counting->begun++;
    if (counting->changes) {
        counting->changes = false;
        assert_ok(quipu_observer_set(counting->next, &error), &error);
    }
    return counting;
}

static void ended(void *context, const quipu_call_info *call)
{
    struct counting *counting = context;

    assert_ptr_equal(call->span, counting);
    counting->ended++;
}

static quipu_observer observer_of(struct counting *counting)
{
    return (quipu_observer){ .struct_size = sizeof(quipu_observer),
                             .began = began,
                             .ended = ended,
                             .context = counting };
}

static void append_one(struct app *app)
{
    quipu_aggregate_destroy(create_note(app, "milk"));
}

static void call_ends_with_the_observer_it_began_with(void **state)
{
    struct counting first = { .changes = true };
    struct counting second = { .begun = 0 };
    const quipu_observer observers[] = { observer_of(&first),
                                         observer_of(&second) };
    struct app app;

    (void)state;
    app_open(&app, 0);
    first.next = &observers[1];
    assert_ok(quipu_observer_set(&observers[0], &error), &error);
    append_one(&app);
    assert_int_equal(first.begun, 1);
    assert_int_equal(first.ended, 1);
    assert_int_equal(second.begun, 0);
    append_one(&app);
    assert_int_equal(second.begun, 1);
    assert_int_equal(second.ended, 1);
    second.changes = true;
    append_one(&app);
    assert_int_equal(second.ended, 2);
    append_one(&app);
    assert_int_equal(second.begun, 2);
    assert_int_equal(first.begun, 1);
    app_close(&app);
}

static void functions_may_be_absent(void **state)
{
    struct counting counting = { .begun = 0 };
    quipu_observer only_began = observer_of(&counting);
    quipu_observer none = { .struct_size = sizeof(none) };
    struct app app;

    (void)state;
    app_open(&app, 0);
    only_began.ended = NULL;
    assert_ok(quipu_observer_set(&only_began, &error), &error);
    append_one(&app);
    assert_int_equal(counting.begun, 1);
    assert_ok(quipu_observer_set(&none, &error), &error);
    append_one(&app);
    assert_ok(quipu_observer_set(NULL, &error), &error);
    app_close(&app);
}

static void wrong_observer_is_refused(void **state)
{
    struct counting counting = { .begun = 0 };
    const quipu_observer right = observer_of(&counting);
    quipu_observer wrong = right;
    struct app app;

    (void)state;
    app_open(&app, 0);
    assert_ok(quipu_observer_set(&right, &error), &error);
    wrong.reserved = 1;
    assert_status(quipu_observer_set(&wrong, &error), QUIPU_INVALID);
    wrong = right;
    wrong.struct_size = 8;
    assert_status(quipu_observer_set(&wrong, &error), QUIPU_INVALID);
    append_one(&app); /* the other one is still there */
    assert_int_equal(counting.ended, 1);
    assert_ok(quipu_observer_set(NULL, &error), &error);
    app_close(&app);
}

/* ------------------------------------------------------------- traceparent */

static void assert_parent(const char *metadata, size_t size,
                          const char *expected)
{
    static struct quipu_metrics metrics = { .driver = "x" };
    struct counting counting = { .begun = 0 };
    const quipu_observer observer = observer_of(&counting);
    struct quipu_observer_call call;

    assert_ok(quipu_observer_set(&observer, &error), &error);
    quipu_observer_init(&call, QUIPU_OPERATION_APPEND, &metrics);
    quipu_observer_trace(&call,
                         &(const quipu_item){ .metadata = { metadata, size } });
    assert_ok(quipu_observer_set(NULL, &error), &error);
    if (!expected) {
        assert_null(call.info.traceparent.data);
    } else {
        assert_bytes(call.info.traceparent.data, call.info.traceparent.size,
                     expected, strlen(expected));
    }
}

#define PARENT(metadata, expected) \
    assert_parent(metadata, sizeof(metadata) - 1, expected)

static void traceparent_is_found_in_metadata_of_text(void **state)
{
    (void)state;
    PARENT("\x81\xabtraceparent\xa2"
           "00",
           "00");
    PARENT("\x82\xa1x\xa1y\xabtraceparent\xa2"
           "00",
           "00");
    PARENT("", NULL);
    PARENT("traceparent", NULL);
    PARENT("\x81\xabtracepArent\xa2"
           "00",
           NULL);
    PARENT("\x81\xabtraceparent\x01", NULL); /* no text */
    PARENT("\x81\xabtraceparent\xa2"
           "0",
           NULL); /* cut */
    PARENT("\x82\x01\x02\xabtraceparent\xa1"
           "0",
           NULL); /* another map */
    PARENT("\xc1", NULL);
    PARENT("\xdf\xff\xff\xff\xff", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call_ends_with_the_observer_it_began_with),
        cmocka_unit_test(functions_may_be_absent),
        cmocka_unit_test(wrong_observer_is_refused),
        cmocka_unit_test(traceparent_is_found_in_metadata_of_text),
    };

    return cmocka_run_group_tests(tests, app_add_driver, NULL);
}
