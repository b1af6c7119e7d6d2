/* SPDX-License-Identifier: Apache-2.0 */
/* A thread that is cancelled during a call of quipu ends after it: neither the
 * driver nor the commit queue is left in the middle of something. */
#include "quipu_test.h"

#include "schedule.h"

/* The calls of a thread that is cancelled before the first of them. */
struct calls {
    int made;
    bool survived; /* the cancellation did not end the thread at all */
};

static void cancellation_point(enum fake_call call)
{
    (void)call;
    pthread_testcancel();
}

static void expect(struct calls *calls, int status)
{
    calls->made += status == QUIPU_OK;
}

static int nothing(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)error;
    pthread_testcancel();
    return QUIPU_OK;
}

static void list_all(struct calls *calls, quipu_datastore *store,
                     quipu_records *records)
{
    quipu_schemas *schemas = NULL;
    quipu_sequences *sequences = NULL;
    quipu_trackings *trackings = NULL;
    quipu_logs *logs = NULL;
    const quipu_schema *schema = NULL;

    expect(calls, quipu_schemas_open(store, &schemas, NULL));
    expect(calls, quipu_schemas_next(schemas, &schema, NULL));
    quipu_schemas_close(schemas);
    expect(calls,
           quipu_sequences_open(records, (quipu_bytes){ 0 }, &sequences, NULL));
    quipu_sequences_close(sequences);
    expect(calls, quipu_trackings_open(store, &trackings, NULL));
    quipu_trackings_close(trackings);
    expect(calls, quipu_logs_open(store, &logs, NULL));
    quipu_logs_close(logs);
}

static void ignore(void *context, const quipu_item *item)
{
    (void)context;
    (void)item;
}

static void read_all(struct calls *calls, quipu_records *records)
{
    quipu_cursor *cursor = NULL;
    const quipu_item *item = NULL;
    quipu_bytes id = fake_item().sequence_id;
    const quipu_sequence_query query = { id, NULL };
    quipu_position head;
    int64_t last;

    expect(calls, quipu_records_read(records, id, NULL, &cursor, NULL));
    expect(calls, quipu_cursor_next(cursor, &item, NULL));
    quipu_cursor_close(cursor);
    expect(calls, quipu_records_read_log(records, NULL, &cursor, NULL));
    quipu_cursor_close(cursor);
    expect(calls, quipu_records_last(records, id, &last, NULL));
    expect(calls,
           quipu_records_last_item(records, id, ignore, NULL, NULL, NULL));
    expect(calls,
           quipu_records_read_many(records, &query, 1, &cursor, NULL, NULL));
    quipu_cursor_close(cursor);
    expect(calls, quipu_records_head(records, &head, NULL));
    expect(calls, quipu_records_wait(records, 0, 1, &last, NULL));
}

#define CALLS 22

static void *make_all_calls(void *context)
{
    struct calls *calls = context;
    quipu_item item = fake_item();
    quipu_append append = { .struct_size = sizeof(append),
                            .items = &item,
                            .item_count = 1 };
    quipu_datastore *store = NULL;
    quipu_records *records = NULL;
    quipu_position position;

    (void)pthread_cancel(pthread_self());
    expect(calls, quipu_datastore_open("fake:", NULL, &store, NULL));
    expect(calls, quipu_datastore_setup(store, &fake_schema, NULL));
    expect(calls, quipu_records_open(store, &fake_schema, &records, NULL));
    expect(calls, quipu_records_append(records, &append, NULL, NULL));
    expect(calls,
           quipu_records_transact(records, &append, nothing, NULL, NULL, NULL));
    read_all(calls, records);
    list_all(calls, store, records);
    expect(calls, quipu_tracking_read(store, "a", "b", &position, NULL));
    quipu_datastore_interrupt(store);
    expect(calls, quipu_records_close(records, NULL));
    expect(calls, quipu_datastore_teardown(store, &fake_schema, NULL));
    expect(calls, quipu_datastore_close(store, NULL));
    pthread_testcancel();
    calls->survived = true;
    return NULL;
}

static void no_call_is_a_cancellation_point(void **state)
{
    struct calls calls = { .made = 0 };
    pthread_t thread;
    void *result = NULL;

    (void)state;
    fake.last_position = 1;
    fake.found = true;
    fake.head = 1;
    fake.meanwhile = cancellation_point;
    assert_int_equal(pthread_create(&thread, NULL, make_all_calls, &calls), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    fake.meanwhile = NULL;
    assert_int_equal(calls.made, CALLS);
    assert_false(calls.survived);
    assert_ptr_equal(result, PTHREAD_CANCELED);
}

/* Its request is on its stack, to which the leader writes the answer. */
static void follower_is_answered_before_it_is_cancelled(void **state)
{
    struct schedule_worker *worker;

    (void)state;
    schedule_begin("fake:?timeout=600000");
    schedule_append('l'); /* leads, and is held in the driver */
    worker = schedule_append('a');
    assert_int_equal(pthread_cancel(worker->thread), 0);
    schedule_release();
    schedule_join_all();
    assert_true(atomic_load(&worker->answered));
    assert_int_equal(worker->status, QUIPU_OK);
    schedule_append('b'); /* the queue still works */
    schedule_join_all();
    schedule_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(no_call_is_a_cancellation_point),
        cmocka_unit_test(follower_is_answered_before_it_is_cancelled),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL);
}
