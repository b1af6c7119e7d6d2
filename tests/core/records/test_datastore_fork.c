/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that a child of fork cannot use the datastore of its parent. */
#include "quipu_test.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "datastore/datastore.h"
#include "fake_driver.h"

static quipu_cursor *cursor;
static quipu_schemas *schemas;
static quipu_trackings *trackings;
static quipu_sequences *sequences;
static quipu_logs *logs;
static const quipu_bytes absent;

static int start(void **state)
{
    quipu_error error;

    fake_begin(state);
    assert_ok(quipu_records_read_log(fake_records, NULL, &cursor, &error),
              &error);
    assert_ok(quipu_schemas_open(fake_store, &schemas, &error), &error);
    assert_ok(quipu_trackings_open(fake_store, &trackings, &error), &error);
    assert_ok(quipu_logs_open(fake_store, &logs, &error), &error);
    assert_ok(quipu_sequences_open(fake_records, absent, &sequences, &error),
              &error);
    return 0;
}

static int finish(void **state)
{
    quipu_cursor_close(cursor);
    quipu_schemas_close(schemas);
    quipu_trackings_close(trackings);
    quipu_sequences_close(sequences);
    quipu_logs_close(logs);
    return fake_end(state);
}

static int work(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)error;
    return QUIPU_OK;
}

/* Returns the number of calls that were not refused as they must be in a
 * child. */
static int wrong;

static void refused(int status, const quipu_error *error, const char *call)
{
    if (status != QUIPU_INVALID ||
        !strstr(error->message, "belongs to the process")) {
        fprintf(stderr, "not refused: %s\n", call);
        wrong++;
    }
}

#define REFUSED(call) refused((call), &error, #call)

static void try_datastore(void)
{
    quipu_datastore_info info = { .struct_size = sizeof(info) };
    quipu_position position;
    quipu_records *records;
    quipu_error error;

    REFUSED(quipu_datastore_setup(fake_store, &fake_schema, &error));
    REFUSED(quipu_datastore_teardown(fake_store, &fake_schema, &error));
    REFUSED(quipu_datastore_describe(fake_store, &info, &error));
    REFUSED(quipu_tracking_read(fake_store, "c", "l", &position, &error));
    REFUSED(quipu_records_open(fake_store, &fake_schema, &records, &error));
}

static void ignore(void *context, const quipu_item *item)
{
    (void)context;
    (void)item;
}

static void try_records(void)
{
    quipu_item item = fake_item();
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = &item,
                                  .item_count = 1 };
    const quipu_sequence_query query = { item.sequence_id, NULL };
    quipu_position position = { .notification_id = 1 };
    quipu_cursor *opened = NULL;
    int64_t number;
    quipu_error error;

    REFUSED(quipu_records_append(fake_records, &append, NULL, &error));
    REFUSED(quipu_records_transact(fake_records, &append, work, NULL, NULL,
                                   &error));
    REFUSED(
        quipu_records_last(fake_records, item.sequence_id, &number, &error));
    REFUSED(quipu_records_last_item(fake_records, item.sequence_id, ignore,
                                    NULL, NULL, &error));
    REFUSED(quipu_records_read_many(fake_records, &query, 1, &opened, NULL,
                                    &error));
    REFUSED(quipu_records_head(fake_records, &position, &error));
    REFUSED(quipu_records_position(fake_records, 1, &position, &error));
    REFUSED(quipu_records_check_position(fake_records, &position, &error));
    REFUSED(quipu_records_wait(fake_records, 0, 0, &number, &error));
}

static void try_cursors(void)
{
    const quipu_bytes id = { "sequence-id-0001", 16 };
    const quipu_item *item;
    const quipu_schema *schema;
    const quipu_tracking *tracking;
    const quipu_sequence *sequence;
    const quipu_log *log;
    quipu_cursor *cursor2;
    quipu_schemas *schemas2;
    quipu_trackings *trackings2;
    quipu_sequences *sequences2;
    quipu_logs *logs2;
    quipu_error error;

    REFUSED(quipu_records_read(fake_records, id, NULL, &cursor2, &error));
    REFUSED(quipu_records_read_log(fake_records, NULL, &cursor2, &error));
    REFUSED(quipu_cursor_next(cursor, &item, &error));
    REFUSED(quipu_schemas_open(fake_store, &schemas2, &error));
    REFUSED(quipu_schemas_next(schemas, &schema, &error));
    REFUSED(quipu_trackings_open(fake_store, &trackings2, &error));
    REFUSED(quipu_trackings_next(trackings, &tracking, &error));
    REFUSED(quipu_sequences_open(fake_records, absent, &sequences2, &error));
    REFUSED(quipu_sequences_next(sequences, &sequence, &error));
    REFUSED(quipu_logs_open(fake_store, &logs2, &error));
    REFUSED(quipu_logs_next(logs, &log, &error));
}

static void try_closing(void)
{
    quipu_error error;

    REFUSED(quipu_records_close(fake_records, &error));
    REFUSED(quipu_datastore_close(fake_store, &error));
    quipu_datastore_interrupt(fake_store);
    quipu_cursor_close(cursor);
    quipu_schemas_close(schemas);
    quipu_trackings_close(trackings);
    quipu_sequences_close(sequences);
    quipu_logs_close(logs);
}

static int wait_for(pid_t child)
{
    int status;

    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void calls_of_a_child_are_refused_and_change_nothing(void **state)
{
    unsigned before = fake_calls();
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        try_datastore();
        try_records();
        try_cursors();
        try_closing();
        _exit(wrong || fake_calls() != before ? 1 : 0);
    }
    assert_int_equal(wait_for(child), 0);
}

static void datastore_of_a_child_is_refused_in_its_child(void **state)
{
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        quipu_datastore *own;
        pid_t grandchild;
        int status;

        if (quipu_datastore_open("fake:", NULL, &own, NULL) ||
            quipu_datastore_setup(own, &fake_schema, NULL)) {
            _exit(1);
        }
        grandchild = fork();
        if (grandchild == 0) {
            status = quipu_datastore_setup(own, &fake_schema, NULL);
            _exit(status == QUIPU_INVALID ? 0 : 1);
        }
        waitpid(grandchild, &status, 0);
        _exit(!WIFEXITED(status) || WEXITSTATUS(status) ||
                      quipu_datastore_close(own, NULL)
                  ? 1
                  : 0);
    }
    assert_int_equal(wait_for(child), 0);
}

static void parent_continues_after_fork(void **state)
{
    pid_t child = fork();
    quipu_error error;

    (void)state;
    if (child == 0) {
        _exit(0);
    }
    assert_int_equal(wait_for(child), 0);
    assert_ok(quipu_datastore_setup(fake_store, &fake_schema, &error), &error);
    assert_ok(quipu_datastore_watch_forks(&error), &error);
}

#define fork_test(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        fork_test(calls_of_a_child_are_refused_and_change_nothing),
        fork_test(datastore_of_a_child_is_refused_in_its_child),
        fork_test(parent_continues_after_fork),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
