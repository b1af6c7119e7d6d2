/* SPDX-License-Identifier: Apache-2.0 */
/* Tests reading and listing key-value entries. */
#include "quipu_test.h"

#include "fake_driver.h"
#include "quipu_test_memory.h"

static quipu_error error;

static quipu_entry row(const char *key, const char *value, int64_t revision)
{
    return (quipu_entry){ .key = quipu_bytes_of_text(key),
                          .value = quipu_bytes_of_text(value),
                          .revision = revision };
}

static void entry_is_copied(void **state)
{
    char value[] = "old";
    quipu_entry stored = row("rates/eur", value, 7);
    const void *const rows[] = { &stored, NULL };
    quipu_entry *entry = NULL;

    (void)state;
    fake.rows = rows;
    assert_ok(quipu_entry_read(fake_store, "rates/eur", &entry, &error),
              &error);
    assert_string_equal(fake.prefix, "rates/eur");
    assert_string_equal(fake.from, "rates/eur");
    memcpy(value, "new", 3);
    assert_bytes(entry->key.data, entry->key.size, "rates/eur", 9);
    assert_bytes(entry->value.data, entry->value.size, "old", 3);
    assert_int_equal(entry->revision, 7);
    assert_int_equal(fake.count[FAKE_CURSOR_CLOSE], 1);
    quipu_entry_destroy(entry);
    quipu_entry_destroy(NULL);
}

static void empty_value_has_an_address(void **state)
{
    quipu_entry stored = row("k", "", 1);
    const void *const rows[] = { &stored, NULL };
    quipu_entry *entry = NULL;

    (void)state;
    fake.rows = rows;
    assert_ok(quipu_entry_read(fake_store, "k", &entry, &error), &error);
    assert_non_null(entry->value.data);
    assert_int_equal(entry->value.size, 0);
    quipu_entry_destroy(entry);
}

/* The first entry with the prefix may be a longer one. */
static void other_key_is_not_found(void **state)
{
    static const char *const keys[] = { "ab", "b", "A", "aa" };
    quipu_entry *entry = NULL;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        quipu_entry stored = row(keys[i], "x", 1);
        const void *const rows[] = { &stored, NULL };

        fake.rows = rows;
        assert_refused(quipu_entry_read(fake_store, "a", &entry, &error),
                       QUIPU_NOT_FOUND, &error, "there is no entry \"a\"");
    }
    fake.rows = NULL;
    assert_refused(quipu_entry_read(fake_store, "a", &entry, &error),
                   QUIPU_NOT_FOUND, &error, "there is no entry \"a\"");
    assert_null(entry);
    assert_int_equal(fake.count[FAKE_CURSOR_CLOSE], 5);
}

static void entries_are_lent_one_by_one(void **state)
{
    const quipu_entry page[] = { row("a", "1", 1), row("ab", "2", 2),
                                 row("b", "3", 3) };
    const quipu_entry *entry;
    quipu_entries *entries;

    (void)state;
    fake.page = page;
    fake.page_count = 3;
    fake.pages = 1;
    assert_ok(quipu_entries_open(fake_store, quipu_bytes_of_text("a"), &entries,
                                 &error),
              &error);
    assert_string_equal(fake.prefix, "a");
    assert_string_equal(fake.from, "(absent)");
    for (int i = 0; i < 3; i++) {
        assert_ok(quipu_entries_next(entries, &entry, &error), &error);
        assert_ptr_equal(entry, &page[i]);
    }
    for (int i = 0; i < 2; i++) {
        assert_ok(quipu_entries_next(entries, &entry, &error), &error);
        assert_null(entry);
    }
    assert_int_equal(fake.count[FAKE_STEP], 2);
    quipu_entries_close(entries);
    quipu_entries_close(NULL);
}

static void absent_and_empty_prefixes_mean_all(void **state)
{
    const quipu_bytes prefixes[] = { { NULL, 0 }, { "", 0 } };
    quipu_entries *entries;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_ok(quipu_entries_open(fake_store, prefixes[i], &entries, &error),
                  &error);
        assert_string_equal(fake.prefix, "(absent)");
        assert_string_equal(fake.from, "(absent)");
        quipu_entries_close(entries);
    }
}

static void failed_listing_can_only_be_closed(void **state)
{
    const quipu_entry stored = row("a", "1", 1);
    const void *const rows[] = { &stored, NULL };
    const quipu_entry *entry = &stored;
    quipu_entries *entries;

    (void)state;
    fake.rows = rows;
    fake.status[FAKE_STEP] = QUIPU_CORRUPT;
    assert_ok(quipu_entries_open(fake_store, quipu_bytes_of_text("a"), &entries,
                                 &error),
              &error);
    assert_status(quipu_entries_next(entries, &entry, &error), QUIPU_CORRUPT);
    assert_refused(quipu_entries_next(entries, &entry, &error), QUIPU_INVALID,
                   &error, "can only be closed");
    assert_ptr_equal(entry, &stored);
    quipu_entries_close(entries);
}

static void wrong_arguments_do_not_reach_the_driver(void **state)
{
    const quipu_bytes absent = { NULL, 0 };
    unsigned before = fake_calls();
    char longer[QUIPU_KEY_MAX + 2];
    quipu_entries *entries;
    const quipu_entry *entry;
    quipu_entry *read;

    (void)state;
    memset(longer, 'k', sizeof(longer));
    longer[QUIPU_KEY_MAX + 1] = '\0';
    assert_refused(quipu_entries_open(NULL, absent, &entries, &error),
                   QUIPU_INVALID, &error, "datastore is NULL");
    assert_refused(quipu_entries_open(fake_store, absent, NULL, &error),
                   QUIPU_INVALID, &error, "entries is NULL");
    assert_refused(quipu_entries_open(fake_store, quipu_bytes_of_text(longer),
                                      &entries, &error),
                   QUIPU_INVALID, &error, "prefix is longer than 480 bytes");
    assert_refused(quipu_entries_open(fake_store, quipu_bytes_of_text("\xff"),
                                      &entries, &error),
                   QUIPU_INVALID, &error, "prefix is not UTF-8");
    assert_refused(quipu_entries_next(NULL, &entry, &error), QUIPU_INVALID,
                   &error, "entries is NULL");
    assert_refused(quipu_entry_read(NULL, "k", &read, &error), QUIPU_INVALID,
                   &error, "datastore is NULL");
    assert_refused(quipu_entry_read(fake_store, NULL, &read, &error),
                   QUIPU_INVALID, &error, "key is absent");
    assert_refused(quipu_entry_read(fake_store, "", &read, &error),
                   QUIPU_INVALID, &error, "key is empty");
    assert_refused(quipu_entry_read(fake_store, longer, &read, &error),
                   QUIPU_INVALID, &error, "key is longer than 480 bytes");
    assert_refused(quipu_entry_read(fake_store, "\xc3", &read, &error),
                   QUIPU_INVALID, &error, "key is not UTF-8");
    assert_refused(quipu_entry_read(fake_store, "k", NULL, &error),
                   QUIPU_INVALID, &error, "entry is NULL");
    assert_int_equal(fake_calls(), before);
    assert_ok(quipu_entries_open(fake_store, absent, &entries, &error), &error);
    assert_refused(quipu_entries_next(entries, NULL, &error), QUIPU_INVALID,
                   &error, "entry is NULL");
    quipu_entries_close(entries);
}

/* Entries that belong to quipu can be read. */
static void keys_of_quipu_are_readable(void **state)
{
    quipu_entry stored = row("quipu/x", "1", 1);
    const void *const rows[] = { &stored, NULL };
    quipu_entry *entry = NULL;

    (void)state;
    fake.rows = rows;
    assert_ok(quipu_entry_read(fake_store, "quipu/x", &entry, &error), &error);
    quipu_entry_destroy(entry);
}

/* ------------------------------------------------------------------- memory */

static int read_and_list(void *context, quipu_error *out)
{
    static const quipu_entry stored = { .key = { "k", 1 },
                                        .value = { "value", 5 },
                                        .revision = 1 };
    static const void *const rows[] = { &stored, NULL };
    const quipu_bytes absent = { NULL, 0 };
    quipu_datastore *datastore = NULL;
    quipu_entries *entries = NULL;
    quipu_entry *entry = NULL;
    int status = quipu_datastore_open("fake:", NULL, &datastore, out);

    (void)context;
    fake.rows = rows;
    status = status ? status : quipu_entry_read(datastore, "k", &entry, out);
    status =
        status ? status : quipu_entries_open(datastore, absent, &entries, out);
    quipu_entries_close(entries);
    quipu_entry_destroy(entry);
    assert_status(quipu_datastore_close(datastore, NULL), QUIPU_OK);
    return status;
}

static int first_use(void **state)
{
    fake_begin(state);
    return fake_end(state);
}

static void failed_allocations_are_reported(void **state)
{
    (void)state;
    quipu_test_memory_sweep(read_and_list, NULL);
}

static void refusals_of_the_driver_leave_no_memory(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        quipu_test_memory_begin(-1);
        fake.status[i ? FAKE_LIST_ENTRIES : FAKE_STEP] = QUIPU_IO;
        assert_status(read_and_list(NULL, NULL), QUIPU_IO);
        fake.status[i ? FAKE_LIST_ENTRIES : FAKE_STEP] = QUIPU_OK;
        quipu_test_memory_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        fake_test(entry_is_copied),
        fake_test(empty_value_has_an_address),
        fake_test(other_key_is_not_found),
        fake_test(entries_are_lent_one_by_one),
        fake_test(absent_and_empty_prefixes_mean_all),
        fake_test(failed_listing_can_only_be_closed),
        fake_test(wrong_arguments_do_not_reach_the_driver),
        fake_test(keys_of_quipu_are_readable),
        cmocka_unit_test_setup(failed_allocations_are_reported, first_use),
        cmocka_unit_test_setup(refusals_of_the_driver_leave_no_memory,
                               first_use),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL) != 0;
}
