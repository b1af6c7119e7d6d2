/* SPDX-License-Identifier: Apache-2.0 */
/* Tests appends without a schema, alone and with a function. */
#include "quipu_test.h"

#include "fake_driver.h"

static quipu_tracking tracking;
static quipu_entry_write entry;
static quipu_conditions conditions;
static quipu_append append;
static quipu_result result;
static quipu_error error;
static int runs;

static int start(void **state)
{
    fake_begin(state);
    fake.result.first_notification_id = 0;
    runs = 0;
    tracking = (quipu_tracking){ .consumer = { "reader", 6 },
                                 .log = { "orders", 6 },
                                 .position = { .notification_id = 9 } };
    entry = (quipu_entry_write){ .key = { "key", 3 }, .value = { "value", 5 } };
    conditions = (quipu_conditions){ .struct_size = sizeof(conditions),
                                     .entries = &entry,
                                     .entry_count = 1 };
    append = (quipu_append){ .struct_size = sizeof(append),
                             .tracking = &tracking,
                             .conditions = &conditions };
    memset(&result, 0, sizeof(result));
    return 0;
}

static int count_run(void *native, void *context, quipu_error *out)
{
    assert_non_null(native);
    (void)out;
    runs++;
    return context ? *(int *)context : QUIPU_OK;
}

static int commit(void)
{
    return quipu_datastore_commit(fake_store, &append, &result, &error);
}

static int transact(int *answer)
{
    return quipu_datastore_transact(fake_store, &append, count_run, answer,
                                    &result, &error);
}

static void check_request(enum fake_call call)
{
    assert_int_equal(fake.count[call], 1);
    assert_null(fake.request.schema);
    assert_int_equal(fake.request.item_count, 0);
    assert_int_equal(fake.request.guard_count, 0);
    assert_int_equal(fake.conditions.entry_count, 1);
    assert_int_equal(fake.tracking.position.notification_id, 9);
    fake.count[call] = 0;
}

static void request_has_no_schema(void **state)
{
    (void)state;
    assert_ok(commit(), &error);
    check_request(FAKE_APPEND);
    assert_ok(transact(NULL), &error);
    check_request(FAKE_TRANSACT);
    assert_int_equal(runs, 1);
    append.tracking = NULL; /* entries only */
    assert_ok(commit(), &error);
    append.tracking = &tracking; /* tracking only */
    append.conditions = NULL;
    assert_ok(commit(), &error);
    assert_ok(transact(NULL), &error);
}

static void empty_append_needs_a_function(void **state)
{
    (void)state;
    append.tracking = NULL;
    conditions.entry_count = 0;
    assert_refused(commit(), QUIPU_INVALID, &error, "the append is empty");
    append.conditions = NULL;
    assert_refused(commit(), QUIPU_INVALID, &error, "the append is empty");
    assert_int_equal(fake.count[FAKE_APPEND], 0);
    assert_ok(transact(NULL), &error);
    assert_int_equal(runs, 1);
}

static void items_and_guards_are_invalid(void **state)
{
    static quipu_item item;
    static quipu_guard guard;

    (void)state;
    item = fake_item();
    guard = (quipu_guard){ .sequence_id = item.sequence_id,
                           .demand = QUIPU_DEMAND_EMPTY };
    append.items = &item;
    append.item_count = 1;
    assert_refused(commit(), QUIPU_INVALID, &error,
                   "an append without a schema cannot have items");
    assert_refused(transact(NULL), QUIPU_INVALID, &error,
                   "an append without a schema cannot have items");
    append.item_count = 0;
    append.guards = &guard;
    append.guard_count = 1;
    assert_refused(commit(), QUIPU_INVALID, &error,
                   "an append without a schema cannot have guards");
    assert_int_equal(fake.count[FAKE_APPEND] + fake.count[FAKE_TRANSACT], 0);
}

static void wrong_arguments_do_not_reach_the_driver(void **state)
{
    unsigned before = fake_calls();

    (void)state;
    assert_refused(quipu_datastore_commit(NULL, &append, &result, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_refused(quipu_datastore_commit(fake_store, NULL, &result, &error),
                   QUIPU_INVALID, &error, "append");
    assert_refused(quipu_datastore_transact(NULL, &append, count_run, NULL,
                                            &result, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_refused(quipu_datastore_transact(fake_store, &append, NULL, NULL,
                                            &result, &error),
                   QUIPU_INVALID, &error, "work is NULL");
    assert_int_equal(fake_calls(), before);
    assert_ok(quipu_datastore_commit(fake_store, &append, NULL, NULL), NULL);
}

static void refusals_are_explained(void **state)
{
    (void)state;
    entry.flags = QUIPU_ENTRY_EXPECT;
    entry.revision = 3;
    fake.result.status = QUIPU_CONFLICT;
    fake.result.cause = QUIPU_CAUSE_ENTRY;
    assert_refused(commit(), QUIPU_CONFLICT, &error,
                   "entries[0]: entry \"key\" was expected at revision 3, but "
                   "there is none");
    fake.result.flags = QUIPU_RESULT_HAS_LAST;
    fake.result.last_position = 5;
    assert_refused(commit(), QUIPU_CONFLICT, &error, "but it is at revision 5");
    assert_int_equal(result.last_position, 5);
    entry.revision = 0;
    assert_refused(transact(NULL), QUIPU_CONFLICT, &error,
                   "was expected not to exist, but it is at revision 5");
    assert_int_equal(runs, 0);
    fake.result.cause = QUIPU_CAUSE_TRACKING;
    conditions.flags = QUIPU_CONDITIONS_TRACKING_FROM;
    conditions.tracking_from = 4;
    assert_refused(commit(), QUIPU_CONFLICT, &error,
                   "expected at notification 4, but it is at 5");
    fake.result.flags = 0;
    assert_refused(commit(), QUIPU_CONFLICT, &error,
                   "expected at notification 4, but there is none");
    fake.result.status = QUIPU_ALREADY;
    assert_refused(commit(), QUIPU_ALREADY, &error, "has already processed");
}

/* A driver cannot refuse an entry, item or guard that is not there. */
static void impossible_refusals_are_internal(void **state)
{
    static const struct {
        int cause;
        size_t index;
    } rows[] = { { QUIPU_CAUSE_ENTRY, 1 },    { QUIPU_CAUSE_TRACKING, 0 },
                 { QUIPU_CAUSE_POSITION, 0 }, { QUIPU_CAUSE_GUARD, 0 },
                 { QUIPU_CAUSE_EVENT_ID, 0 }, { QUIPU_CAUSE_NONE, 0 } };

    (void)state;
    fake.result.status = QUIPU_CONFLICT;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        fake.result.cause = rows[i].cause;
        fake.result.index = rows[i].index;
        assert_refused(commit(), QUIPU_INTERNAL, &error,
                       "its CONFLICT has a cause or an index that the append "
                       "does not have");
    }
}

static void status_of_the_function_is_returned(void **state)
{
    int answer = QUIPU_NOT_FOUND;

    (void)state;
    assert_status(transact(&answer), QUIPU_NOT_FOUND);
    assert_int_equal(result.status, QUIPU_NOT_FOUND);
    answer = 12345;
    assert_status(transact(&answer), 12345);
}

/* Opens another store, and makes both calls. */
static void check_other(const char *uri, int status, const char *why)
{
    quipu_datastore *other;

    assert_ok(quipu_datastore_open(uri, NULL, &other, &error), &error);
    assert_refused(quipu_datastore_commit(other, &append, &result, &error),
                   status, &error, why);
    assert_refused(quipu_datastore_transact(other, &append, count_run, NULL,
                                            &result, &error),
                   status, &error, why);
    assert_int_equal(fake.count[FAKE_APPEND] + fake.count[FAKE_TRANSACT], 0);
    assert_ok(quipu_datastore_close(other, &error), &error);
}

static void readonly_store_is_denied(void **state)
{
    (void)state;
    check_other("fake:x?readonly=yes", QUIPU_DENIED, "readonly");
}

static void store_without_entries_is_unsupported(void **state)
{
    (void)state;
    fake.opened.capabilities &= ~(uint32_t)QUIPU_CAN_ENTRIES;
    check_other("fake:", QUIPU_UNSUPPORTED,
                "keeps no key-value entries, and takes no append without a "
                "schema");
}

#define commit_test(test) cmocka_unit_test_setup_teardown(test, start, fake_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        commit_test(request_has_no_schema),
        commit_test(empty_append_needs_a_function),
        commit_test(items_and_guards_are_invalid),
        commit_test(wrong_arguments_do_not_reach_the_driver),
        commit_test(refusals_are_explained),
        commit_test(impossible_refusals_are_internal),
        commit_test(status_of_the_function_is_returned),
        commit_test(readonly_store_is_denied),
        commit_test(store_without_entries_is_unsupported),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
