/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the erasing of a range in parts, and its counting (E3, E4, E9). */
#include "quipu_test.h"

#include "fake_driver.h"
#include "quipu_test_memory.h"

#define ITEMS 7

static quipu_error error;
static quipu_item items[ITEMS];
static const void *rows[ITEMS + 1];

static const quipu_erasure all = { .struct_size = sizeof(all),
                                   .sequence_id = { "sequence-id-0001", 16 },
                                   .lower = INT64_MIN,
                                   .upper = INT64_MAX,
                                   .limit = 3 };

/* Lets cursors yield items at positions 0, 10, 20 ... with the notification ids
 * 1, 2, 3 ..., of which the one at position 20 is erased. */
static int start(void **state)
{
    fake_begin(state);
    for (int i = 0; i < ITEMS; i++) {
        items[i] = fake_item();
        items[i].position = 10 * i;
        items[i].notification_id = i + 1;
        rows[i] = &items[i];
    }
    items[2].flags |= QUIPU_ITEM_ERASED;
    fake.rows = rows;
    return 0;
}

static void check_part(size_t call, int64_t lower, int64_t upper, int64_t limit)
{
    const quipu_erasure *part = &fake.erasures_asked[call];

    assert_int_equal(part->lower, lower);
    assert_int_equal(part->upper, upper);
    assert_int_equal(part->limit, limit);
    assert_int_equal(part->struct_size, sizeof(*part));
}

static void range_is_erased_in_parts(void **state)
{
    int64_t erased = -1;

    (void)state;
    fake.erased[0] = 3;
    fake.erased[2] = 3;
    fake.erased[3] = 1;
    assert_ok(quipu_records_erase(fake_records, &all, &erased, &error), &error);
    assert_int_equal(erased, 7);
    assert_int_equal(fake.range.lower, INT64_MIN);
    assert_int_equal(fake.range.upper, INT64_MAX);
    /* A part is erased until fewer than the limit were left of it. */
    assert_int_equal(fake.count[FAKE_ERASE], 4);
    check_part(0, 0, 30, 3);
    check_part(1, 0, 30, 3);
    check_part(2, 40, 60, 3);
    check_part(3, 40, 60, 3);
    assert_int_equal(fake.erasures_asked[0].flags, 0);
    assert_memory_equal(fake.erasures_asked[0].sequence_id.data,
                        all.sequence_id.data, 16);
    assert_int_equal(fake.count[FAKE_CURSOR_CLOSE], 1);
}

static void log_is_erased_by_notification_ids(void **state)
{
    quipu_erasure log = all;
    int64_t erased;

    (void)state;
    log.sequence_id = (quipu_bytes){ NULL, 0 };
    log.lower = 1;
    log.upper = 9;
    log.limit = 0;
    fake.erased[0] = 6;
    assert_ok(quipu_records_erase(fake_records, &log, &erased, &error), &error);
    assert_int_equal(erased, 6);
    assert_int_equal(fake.count[FAKE_READ_LOG], 1);
    assert_int_equal(fake.range.lower, 1);
    assert_int_equal(fake.range.upper, 9);
    assert_int_equal(fake.count[FAKE_ERASE], 1);
    check_part(0, 1, 7, 1000);
    assert_null(fake.erasures_asked[0].sequence_id.data);
}

static void erased_range_does_not_reach_the_driver(void **state)
{
    int64_t erased = -1;

    (void)state;
    for (size_t i = 0; i < ITEMS; i++) {
        items[i].flags |= QUIPU_ITEM_ERASED;
    }
    assert_ok(quipu_records_erase(fake_records, &all, &erased, &error), &error);
    assert_int_equal(erased, 0);
    assert_int_equal(fake.count[FAKE_ERASE], 0);
}

static void scrubbing_is_a_call_of_its_own(void **state)
{
    quipu_erasure scrub = all;
    int64_t erased = -1;

    (void)state;
    scrub.flags = QUIPU_ERASURE_SCRUB;
    scrub.limit = 100;
    fake.erased[0] = 6;
    assert_ok(quipu_records_erase(fake_records, &scrub, &erased, &error),
              &error);
    assert_int_equal(erased, 6);
    assert_int_equal(fake.count[FAKE_ERASE], 2);
    assert_int_equal(fake.erasures_asked[0].flags, 0);
    assert_int_equal(fake.erasures_asked[1].flags, QUIPU_ERASURE_SCRUB);
    check_part(1, INT64_MIN, INT64_MAX, 100);
}

/* Lets the driver's next call fail. */
static void fail_next_call(enum fake_call call)
{
    if (call == FAKE_ERASE) {
        fake.status[FAKE_ERASE] = QUIPU_BUSY;
    }
}

static void failure_tells_what_was_erased_before(void **state)
{
    int64_t erased = -1;

    (void)state;
    fake.erased[0] = 3;
    fake.erased[1] = 3;
    fake.meanwhile = fail_next_call;
    assert_refused(quipu_records_erase(fake_records, &all, &erased, &error),
                   QUIPU_BUSY, &error, "the fake's own words");
    assert_int_equal(erased, 3);
    assert_int_equal(fake.count[FAKE_ERASE], 2);
    assert_int_equal(fake.count[FAKE_CURSOR_CLOSE], 1);
}

static void driver_that_erases_too_many_is_broken(void **state)
{
    (void)state;
    fake.erased[0] = 4;
    assert_refused(quipu_records_erase(fake_records, &all, NULL, &error),
                   QUIPU_INTERNAL, &error, "erased more items than it may");
    fake.count[FAKE_ERASE] = 0;
    fake.erased[0] = -1;
    assert_refused(quipu_records_erase(fake_records, &all, NULL, &error),
                   QUIPU_INTERNAL, &error, "erased more items than it may");
}

static void refuse(const quipu_erasure *erasure, int status, const char *words)
{
    int64_t number = -1;

    assert_refused(quipu_records_erase(fake_records, erasure, &number, &error),
                   status, &error, words);
    assert_int_equal(number, 0);
    assert_refused(
        quipu_records_erasable(fake_records, erasure, &number, &error), status,
        &error, words);
    assert_int_equal(fake.count[FAKE_READ_SEQUENCE], 0);
    assert_int_equal(fake.count[FAKE_ERASE], 0);
}

static void wrong_arguments_do_not_reach_the_driver(void **state)
{
    quipu_erasure wrong = all;

    (void)state;
    refuse(NULL, QUIPU_INVALID, "erasure is NULL");
    wrong.lower = 2;
    wrong.upper = 1;
    refuse(&wrong, QUIPU_INVALID, "lower is 2, above upper, which is 1");
    wrong = all;
    wrong.limit = -1;
    refuse(&wrong, QUIPU_INVALID, "limit is -1");
    wrong = all;
    wrong.flags = 2;
    refuse(&wrong, QUIPU_INVALID, "flags has an unknown bit (0x2)");
    wrong = all;
    wrong.sequence_id.size = 15;
    refuse(&wrong, QUIPU_INVALID, "sequence_id is not the 16 bytes of a UUID");
    wrong.sequence_id = (quipu_bytes){ NULL, 16 };
    refuse(&wrong, QUIPU_INVALID, "sequence_id is absent");
    wrong = all;
    wrong.struct_size = 3;
    refuse(&wrong, QUIPU_INVALID, "struct_size");
    assert_refused(quipu_records_erase(NULL, &all, NULL, &error), QUIPU_INVALID,
                   &error, "records is NULL");
    assert_refused(quipu_records_erasable(fake_records, &all, NULL, &error),
                   QUIPU_INVALID, &error, "items is NULL");
    assert_refused(quipu_records_erasures(fake_records, NULL, &error),
                   QUIPU_INVALID, &error, "commits is NULL");
}

/* Calls on another datastore with other capabilities or options. */
static void refuse_elsewhere(const char *uri, uint32_t missing,
                             const quipu_erasure *erasure, int status,
                             const char *words)
{
    quipu_datastore *other;
    quipu_records *records;

    fake.opened.capabilities &= ~missing;
    assert_ok(quipu_datastore_open(uri, NULL, &other, &error), &error);
    assert_ok(quipu_records_open(other, &fake_schema, &records, &error),
              &error);
    assert_refused(quipu_records_erase(records, erasure, NULL, &error), status,
                   &error, words);
    assert_int_equal(fake.count[FAKE_ERASE], 0);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_close(other, &error), &error);
    fake.opened.capabilities |= missing;
}

static void store_that_cannot_is_named(void **state)
{
    quipu_erasure scrub = all, log = all;

    (void)state;
    scrub.flags = QUIPU_ERASURE_SCRUB;
    log.sequence_id = (quipu_bytes){ NULL, 0 };
    refuse_elsewhere("unfiltered:", 0, &all, QUIPU_UNSUPPORTED,
                     "driver \"unfiltered\" does not have the operation erase");
    refuse_elsewhere("fake:", QUIPU_CAN_ERASE, &all, QUIPU_UNSUPPORTED,
                     "driver \"fake\" does not have the operation erase for "
                     "this store");
    refuse_elsewhere("fake:", QUIPU_CAN_SCRUB, &scrub, QUIPU_UNSUPPORTED,
                     "driver \"fake\" cannot scrub");
    refuse_elsewhere("fake:", QUIPU_CAN_LOG, &log, QUIPU_UNSUPPORTED,
                     "does not have the operation read_log");
    refuse_elsewhere("fake:?readonly=yes", 0, &all, QUIPU_DENIED, "readonly");
}

static void counting_erases_nothing(void **state)
{
    int64_t count = -1;

    (void)state;
    assert_ok(quipu_records_erasable(fake_records, &all, &count, &error),
              &error);
    assert_int_equal(count, ITEMS - 1);
    assert_int_equal(fake.count[FAKE_ERASE], 0);
}

static void commits_are_those_of_the_driver(void **state)
{
    int64_t commits = -1;

    (void)state;
    fake.erasures = 12;
    assert_ok(quipu_records_erasures(fake_records, &commits, &error), &error);
    assert_int_equal(commits, 12);
}

static void store_that_cannot_erase_has_no_commits(void **state)
{
    quipu_datastore *other;
    quipu_records *records;
    int64_t commits = -1;

    (void)state;
    fake.erasures = 12;
    fake.opened.capabilities &= ~(uint32_t)QUIPU_CAN_ERASE;
    assert_ok(quipu_datastore_open("fake:", NULL, &other, &error), &error);
    assert_ok(quipu_records_open(other, &fake_schema, &records, &error),
              &error);
    assert_ok(quipu_records_erasures(records, &commits, &error), &error);
    assert_int_equal(commits, 0);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_close(other, &error), &error);
}

static int erase_once(void *context, quipu_error *out)
{
    quipu_datastore *datastore = NULL;
    quipu_records *records = NULL;
    int status = quipu_datastore_open("fake:", NULL, &datastore, out);

    (void)context;
    fake.count[FAKE_ERASE] = 0;
    status = status
                 ? status
                 : quipu_records_open(datastore, &fake_schema, &records, out);
    status = status ? status : quipu_records_erase(records, &all, NULL, out);
    assert_status(quipu_records_close(records, NULL), QUIPU_OK);
    assert_status(quipu_datastore_close(datastore, NULL), QUIPU_OK);
    return status;
}

static int first_use(void **state)
{
    start(state);
    return fake_end(state);
}

static void failed_allocations_are_reported(void **state)
{
    (void)state;
    quipu_test_memory_sweep(erase_once, NULL);
}

#define erase_test(test) cmocka_unit_test_setup_teardown(test, start, fake_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        erase_test(range_is_erased_in_parts),
        erase_test(log_is_erased_by_notification_ids),
        erase_test(erased_range_does_not_reach_the_driver),
        erase_test(scrubbing_is_a_call_of_its_own),
        erase_test(failure_tells_what_was_erased_before),
        erase_test(driver_that_erases_too_many_is_broken),
        erase_test(wrong_arguments_do_not_reach_the_driver),
        erase_test(store_that_cannot_is_named),
        erase_test(counting_erases_nothing),
        erase_test(commits_are_those_of_the_driver),
        erase_test(store_that_cannot_erase_has_no_commits),
        cmocka_unit_test_setup(failed_allocations_are_reported, first_use),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
