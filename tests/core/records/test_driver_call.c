/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that an operation may return the codes that the contract lists for it,
 * and no others; and that a missing operation is named. */
#include "quipu_test.h"

#include <stdio.h>

#include "fake_driver.h"

static const quipu_bytes id = { "sequence-id-0001", 16 };
static const quipu_bytes absent;
static quipu_error error;

/* One public call for each operation. */
static int call_open(quipu_datastore *store, quipu_records *records)
{
    quipu_datastore *other;

    (void)store;
    (void)records;
    return quipu_datastore_open("fake:", NULL, &other, &error);
}

static int call_setup(quipu_datastore *store, quipu_records *records)
{
    (void)records;
    return quipu_datastore_setup(store, &fake_schema, &error);
}

static int call_alter(quipu_datastore *store, quipu_records *records)
{
    (void)records;
    return quipu_datastore_alter(store, &fake_schema, &error);
}

static int call_teardown(quipu_datastore *store, quipu_records *records)
{
    (void)records;
    return quipu_datastore_teardown(store, &fake_schema, &error);
}

static int call_bind(quipu_datastore *store, quipu_records *records)
{
    quipu_records *other;

    (void)records;
    return quipu_records_open(store, &fake_schema, &other, &error);
}

static int call_append(quipu_datastore *store, quipu_records *records)
{
    quipu_item item = fake_item();
    const quipu_append append = { .struct_size = sizeof(append),
                                  .items = &item,
                                  .item_count = 1 };

    (void)store;
    return quipu_records_append(records, &append, NULL, &error);
}

static int work(void *native, void *context, quipu_error *said)
{
    (void)native;
    (void)context;
    (void)said;
    return QUIPU_OK;
}

static int call_transact(quipu_datastore *store, quipu_records *records)
{
    const quipu_append append = { .struct_size = sizeof(append) };

    (void)store;
    return quipu_records_transact(records, &append, work, NULL, NULL, &error);
}

static int call_read_sequence(quipu_datastore *store, quipu_records *records)
{
    quipu_cursor *cursor;

    (void)store;
    return quipu_records_read(records, id, NULL, &cursor, &error);
}

static int call_read_log(quipu_datastore *store, quipu_records *records)
{
    quipu_cursor *cursor;

    (void)store;
    return quipu_records_read_log(records, NULL, &cursor, &error);
}

static int call_list_schemas(quipu_datastore *store, quipu_records *records)
{
    quipu_schemas *schemas;

    (void)records;
    return quipu_schemas_open(store, &schemas, &error);
}

static int call_list_sequences(quipu_datastore *store, quipu_records *records)
{
    quipu_sequences *sequences;

    (void)store;
    return quipu_sequences_open(records, absent, &sequences, &error);
}

static int call_list_logs(quipu_datastore *store, quipu_records *records)
{
    quipu_logs *logs;

    (void)records;
    return quipu_logs_open(store, &logs, &error);
}

static int call_list_tracking(quipu_datastore *store, quipu_records *records)
{
    quipu_trackings *trackings;

    (void)records;
    return quipu_trackings_open(store, &trackings, &error);
}

static int call_step(quipu_datastore *store, quipu_records *records)
{
    const quipu_item *item;
    quipu_cursor *cursor;
    int status;

    (void)store;
    assert_ok(quipu_records_read(records, id, NULL, &cursor, &error), &error);
    status = quipu_cursor_next(cursor, &item, &error);
    quipu_cursor_close(cursor);
    return status;
}

static int call_last_position(quipu_datastore *store, quipu_records *records)
{
    int64_t last;

    (void)store;
    return quipu_records_last(records, id, &last, &error);
}

static int call_log_head(quipu_datastore *store, quipu_records *records)
{
    quipu_position head;

    (void)store;
    return quipu_records_head(records, &head, &error);
}

static int call_wait(quipu_datastore *store, quipu_records *records)
{
    int64_t head;

    (void)store;
    return quipu_records_wait(records, -1, 0, &head, &error);
}

static int call_read_tracking(quipu_datastore *store, quipu_records *records)
{
    quipu_position position;

    (void)records;
    return quipu_tracking_read(store, "c", "l", &position, &error);
}

static const quipu_backup to_file = { .struct_size = sizeof(to_file),
                                      .path = "file" };

static int call_backup(quipu_datastore *store, quipu_records *records)
{
    (void)records;
    return quipu_backup_create(store, &to_file, &error);
}

static int call_restore(quipu_datastore *store, quipu_records *records)
{
    (void)store;
    (void)records;
    return quipu_backup_restore("fake:", NULL, &to_file, &error);
}

static int call_list_entries(quipu_datastore *store, quipu_records *records)
{
    quipu_entries *entries;

    (void)records;
    return quipu_entries_open(store, absent, &entries, &error);
}

/* The log has one item, so that the driver is called. */
static int call_read_filtered(quipu_datastore *store, quipu_records *records)
{
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .partition_count = 1,
                                  .partitions = 1 };
    const quipu_query one = { .struct_size = sizeof(one),
                              .flags = QUIPU_QUERY_LTE,
                              .lte = 1 };
    const quipu_item *item;
    quipu_cursor *cursor;
    int status;

    (void)store;
    fake.position.notification_id = 1;
    assert_ok(
        quipu_records_read_filtered(records, &one, &filter, &cursor, &error),
        &error);
    status = quipu_cursor_next(cursor, &item, &error);
    quipu_cursor_close(cursor);
    return status;
}

static int call_find_event(quipu_datastore *store, quipu_records *records)
{
    const quipu_uuid event_id = { { 1 } };
    quipu_cursor *cursor;

    (void)store;
    return quipu_records_find_event(records, &event_id, &cursor, &error);
}

static int call_erase(quipu_datastore *store, quipu_records *records)
{
    const quipu_item item = fake_item();
    const void *const rows[] = { &item, NULL };
    const quipu_erasure erasure = { .struct_size = sizeof(erasure),
                                    .sequence_id = id,
                                    .upper = INT64_MAX };
    unsigned before = fake.count[FAKE_ERASE];
    int status;

    (void)store;
    fake.count[FAKE_ERASE] = 0;
    fake.rows = rows;
    status = quipu_records_erase(records, &erasure, NULL, &error);
    fake.rows = NULL;
    fake.count[FAKE_ERASE] += before;
    return status;
}

static int call_erasures(quipu_datastore *store, quipu_records *records)
{
    int64_t commits;

    (void)store;
    return quipu_records_erasures(records, &commits, &error);
}

static void ignore(void *context, const quipu_item *item)
{
    (void)context;
    (void)item;
}

static int call_last_item(quipu_datastore *store, quipu_records *records)
{
    (void)store;
    return quipu_records_last_item(records, id, ignore, NULL, NULL, &error);
}

static int call_read_sequences(quipu_datastore *store, quipu_records *records)
{
    const quipu_sequence_query query = { id, NULL };
    quipu_cursor *cursor = NULL;
    int status =
        quipu_records_read_many(records, &query, 1, &cursor, NULL, &error);

    (void)store;
    quipu_cursor_close(cursor);
    return status;
}

/* The codes beside OK, NO_MEMORY and INTERNAL, copied from driver.h by hand. */
enum {
    B = 1 << QUIPU_BUSY,
    D = 1 << QUIPU_DENIED,
    I = 1 << QUIPU_IO,
    C = 1 << QUIPU_CORRUPT,
    T = 1 << QUIPU_TIMEOUT,
    N = 1 << QUIPU_NOT_FOUND,
    X = 1 << QUIPU_CONFLICT,
    V = 1 << QUIPU_INVALID,
    U = 1 << QUIPU_UNKNOWN_OUTCOME,
    S = 1 << QUIPU_UNSUPPORTED
};

static const struct operation {
    const char *name;
    int (*call)(quipu_datastore *store, quipu_records *records);
    enum fake_call fake;
    int codes;
    uint32_t capability; /* of an optional operation */
} operations[] = {
    { "open", call_open, FAKE_OPEN, B | V | I | C | D | N | S, 0 },
    { "setup", call_setup, FAKE_SETUP, X | B | D | I | C | U | V, 0 },
    { "teardown", call_teardown, FAKE_TEARDOWN, N | B | D | I | C | U | X, 0 },
    { "bind", call_bind, FAKE_BIND, N | X | B | D | I | C, 0 },
    { "append", call_append, FAKE_APPEND, B | D | I | C | N | U, 0 },
    { "transact", call_transact, FAKE_TRANSACT, B | D | I | C | N | U | V,
      QUIPU_CAN_TRANSACT },
    { "read_sequence", call_read_sequence, FAKE_READ_SEQUENCE,
      T | B | D | I | C | N, 0 },
    { "read_log", call_read_log, FAKE_READ_LOG, T | B | D | I | C | N,
      QUIPU_CAN_LOG },
    { "list_schemas", call_list_schemas, FAKE_LIST_SCHEMAS, T | B | D | I | C,
      0 },
    { "list_sequences", call_list_sequences, FAKE_LIST_SEQUENCES,
      T | B | D | I | C | N, 0 },
    { "list_tracking", call_list_tracking, FAKE_LIST_TRACKING,
      T | B | D | I | C, QUIPU_CAN_TRACK },
    { "list_logs", call_list_logs, FAKE_LIST_LOGS, T | B | D | I | C, 0 },
    { "step", call_step, FAKE_STEP, T | B | D | I | C | N, 0 },
    { "last_position", call_last_position, FAKE_LAST_POSITION,
      T | B | D | I | C | N, 0 },
    { "log_head", call_log_head, FAKE_LOG_HEAD, T | B | D | I | C | N,
      QUIPU_CAN_LOG },
    { "wait", call_wait, FAKE_WAIT, T | B | D | I | C | N, QUIPU_CAN_LOG },
    { "read_tracking", call_read_tracking, FAKE_READ_TRACKING,
      N | T | B | D | I | C, QUIPU_CAN_TRACK },
    { "backup", call_backup, FAKE_BACKUP, X | V | N | T | B | D | I | C,
      QUIPU_CAN_BACKUP },
    { "list_entries", call_list_entries, FAKE_LIST_ENTRIES, T | B | D | I | C,
      QUIPU_CAN_ENTRIES },
    /* Without the operation or the log, others are used or missing. */
    { "read_filtered", call_read_filtered, FAKE_READ_FILTERED,
      T | B | D | I | C | N, 0 },
    { "find_event", call_find_event, FAKE_FIND_EVENT, T | B | D | I | C | N,
      0 },
    { "erase", call_erase, FAKE_ERASE, B | D | I | C | N | U, QUIPU_CAN_ERASE },
    /* Without the capability nothing can have been erased. */
    { "erasures", call_erasures, FAKE_ERASURES, T | B | D | I | C | N, 0 },
    { "alter", call_alter, FAKE_ALTER, N | X | B | D | I | C | U | V, 0 },
    /* Without the operation others are used. */
    { "last_item", call_last_item, FAKE_LAST_ITEM, T | B | D | I | C | N, 0 },
    { "read_sequences", call_read_sequences, FAKE_READ_SEQUENCES,
      T | B | D | I | C | N, 0 },
    { "restore", call_restore, FAKE_RESTORE, X | V | N | T | B | D | I | C | S,
      0 },
};

#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static bool may_answer(const struct operation *operation, int status)
{
    return status == QUIPU_NO_MEMORY || status == QUIPU_INTERNAL ||
           (status > 0 && status < 31 && (operation->codes & (1 << status)));
}

static void expect(const struct operation *operation, int status)
{
    char words[96];

    fake.status[operation->fake] = status;
    memset(&error, 0, sizeof(error));
    if (may_answer(operation, status)) {
        assert_refused(operation->call(fake_store, fake_records), status,
                       &error, "the fake's own words");
        assert_int_equal(error.code, status);
        assert_int_equal(error.native, 7);
    } else {
        snprintf(words, sizeof(words), "driver \"fake\": %s returned %s (%d)",
                 operation->name, quipu_status_name(status), status);
        assert_refused(operation->call(fake_store, fake_records),
                       QUIPU_INTERNAL, &error, words);
        assert_contains(error.message, "the fake's own words");
        assert_int_equal(error.code, QUIPU_INTERNAL);
    }
    fake.status[operation->fake] = QUIPU_OK;
}

static void codes_that_are_not_listed_become_internal(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPERATIONS; i++) {
        for (int status = 1; status <= QUIPU_INTERNAL + 1; status++) {
            expect(&operations[i], status);
        }
        expect(&operations[i], -1);
        expect(&operations[i], 32 + QUIPU_IO);
        expect(&operations[i], INT32_MAX);
        expect(&operations[i], INT32_MIN);
    }
}

static void failure_without_an_error_gets_a_message(void **state)
{
    char words[96];

    (void)state;
    fake.mute = true;
    for (size_t i = 0; i < OPERATIONS; i++) {
        fake.status[operations[i].fake] = QUIPU_IO;
        snprintf(words, sizeof(words),
                 "driver \"fake\": %s returned IO without an error message",
                 operations[i].name);
        assert_refused(operations[i].call(fake_store, fake_records), QUIPU_IO,
                       &error, words);
        fake.status[operations[i].fake] = 99;
        snprintf(words, sizeof(words),
                 "%s returned ? (99), which the driver contract does not allow",
                 operations[i].name);
        assert_refused(operations[i].call(fake_store, fake_records),
                       QUIPU_INTERNAL, &error, words);
        fake.status[operations[i].fake] = QUIPU_OK;
    }
}

static void returned_code_replaces_the_code_in_the_error(void **state)
{
    (void)state;
    fake.wrong_word = true;
    fake.status[FAKE_SETUP] = QUIPU_BUSY;
    assert_refused(call_setup(fake_store, fake_records), QUIPU_BUSY, &error,
                   "own words");
    assert_int_equal(error.code, QUIPU_BUSY);
    assert_status(quipu_datastore_setup(fake_store, &fake_schema, NULL),
                  QUIPU_BUSY);
}

/* Opens a datastore beside fake_store. */
static quipu_datastore *open_other(const char *uri, quipu_records **records)
{
    quipu_datastore *other;

    assert_ok(quipu_datastore_open(uri, NULL, &other, &error), &error);
    assert_ok(quipu_records_open(other, &fake_schema, records, &error), &error);
    return other;
}

static void close_other(quipu_datastore *other, quipu_records *records)
{
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_close(other, &error), &error);
}

static void missing_operation_is_named(void **state)
{
    quipu_records *records;
    quipu_datastore *bare = open_other("bare:", &records);
    char words[96];
    unsigned before = fake_calls();

    (void)state;
    for (size_t i = 0; i < OPERATIONS; i++) {
        if (operations[i].capability) {
            snprintf(words, sizeof(words),
                     "driver \"bare\" does not have the operation %s",
                     operations[i].name);
            assert_refused(operations[i].call(bare, records), QUIPU_UNSUPPORTED,
                           &error, words);
        }
    }
    assert_int_equal(fake_calls(), before);
    close_other(bare, records);
}

static void operation_without_its_capability_is_unsupported(void **state)
{
    uint32_t all = fake.opened.capabilities;
    char words[96];

    (void)state;
    for (size_t i = 0; i < OPERATIONS; i++) {
        quipu_records *records;
        quipu_datastore *other;

        if (!operations[i].capability) {
            continue;
        }
        fake.opened.capabilities = all & ~operations[i].capability;
        other = open_other("fake:", &records);
        snprintf(words, sizeof(words),
                 "driver \"fake\" does not have the operation %s for this "
                 "store",
                 operations[i].name);
        assert_refused(operations[i].call(other, records), QUIPU_UNSUPPORTED,
                       &error, words);
        assert_int_equal(fake.count[operations[i].fake], 0);
        close_other(other, records);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(codes_that_are_not_listed_become_internal),
        fake_test(failure_without_an_error_gets_a_message),
        fake_test(returned_code_replaces_the_code_in_the_error),
        fake_test(missing_operation_is_named),
        fake_test(operation_without_its_capability_is_unsupported),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
