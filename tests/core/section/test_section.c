/* SPDX-License-Identifier: Apache-2.0 */
/* Tests sections over a fake log: names, ends of the log, holes, tags. */
#include "quipu_test.h"

#include "core/records/fake_driver.h"
#include "quipu_test_memory.h"

#define ITEMS 100

static quipu_error error;
static quipu_item items[ITEMS];
static int64_t hole; /* an id that the log does not yield; 0: none */

/* Lends the items of the range in one page. */
static int lend_range(const quipu_range *range)
{
    int64_t upper = range->upper;

    assert_true(range->lower >= 1 && range->lower <= range->upper);
    assert_true(range->upper <= ITEMS);
    if (hole >= range->lower && hole <= range->upper) {
        upper = hole - 1;
    }
    fake.page = &items[range->lower - 1];
    fake.page_count = (size_t)(upper - range->lower + 1);
    fake.pages = 1;
    return QUIPU_OK;
}

static void set_head(int64_t head)
{
    fake.position.notification_id = head;
}

static int begin(void **state)
{
    fake_begin(state);
    for (int64_t i = 0; i < ITEMS; i++) {
        items[i] = fake_item();
        items[i].position = i;
        items[i].notification_id = i + 1;
    }
    fake.open_log = lend_range;
    hole = 0;
    set_head(ITEMS);
    return 0;
}

static quipu_section *open_section(const char *name, uint32_t size)
{
    quipu_section *section = NULL;

    assert_ok(quipu_section_open(fake_records, name, size, &section, &error),
              &error);
    return section;
}

static void refuse(const char *name, uint32_t size, int status,
                   const char *message)
{
    quipu_section *section = NULL;

    assert_refused(
        quipu_section_open(fake_records, name, size, &section, &error), status,
        &error, message);
    assert_null(section);
}

/* ------------------------------------------------------------------- names */

struct expected {
    int64_t head;
    const char *opened;
    uint32_t size;
    const char *name, *previous, *next;
    size_t count;
    bool final;
};

static void assert_text(const char *text, const char *expected)
{
    if (expected) {
        assert_string_equal(text, expected);
    } else {
        assert_null(text);
    }
}

static void sections_are_named_by_their_places(void **state)
{
    static const struct expected rows[] = {
        { 0, "1,20", 20, "1,20", NULL, NULL, 0, false },
        { 0, "current", 20, "1,20", NULL, NULL, 0, false },
        { 1, "current", 20, "1,20", NULL, NULL, 1, false },
        { 19, "1,20", 20, "1,20", NULL, NULL, 19, false },
        { 20, "1,20", 20, "1,20", NULL, "21,40", 20, true },
        { 20, "21,40", 20, "21,40", "1,20", NULL, 0, false },
        { 20, "current", 20, "21,40", "1,20", NULL, 0, false },
        { 55, "21,40", 20, "21,40", "1,20", "41,60", 20, true },
        { 55, "current", 20, "41,60", "21,40", NULL, 15, false },
        { 100, "1,1", 1, "1,1", NULL, "2,2", 1, true },
        { 100, "100,100", 1, "100,100", "99,99", "101,101", 1, true },
        { 100, "current", 1, "101,101", "100,100", NULL, 0, false },
        { 100, "current", 7, "99,105", "92,98", NULL, 2, false },
        { 100, "current", 10000, "1,10000", NULL, NULL, 100, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct expected *row = &rows[i];

        set_head(row->head);
        quipu_section *section = open_section(row->opened, row->size);

        assert_string_equal(section->name, row->name);
        assert_text(section->previous, row->previous);
        assert_text(section->next, row->next);
        assert_int_equal(section->count, row->count);
        assert_int_equal(section->final, row->final);
        assert_int_equal(section->head.notification_id, row->head);
        for (size_t item = 0; item < section->count; item++) {
            assert_int_equal(section->items[item].notification_id,
                             (int64_t)strtoll(row->name, NULL, 10) +
                                 (int64_t)item);
        }
        quipu_section_close(section);
    }
}

static void other_names_are_refused_with_the_way_out(void **state)
{
    static const char *const malformed[] = {
        "",
        "1",
        "1,",
        ",20",
        "0,20",
        "01,20",
        "1,020",
        "1, 20",
        " 1,20",
        "1,20 ",
        "1;20",
        "-1,20",
        "+1,20",
        "1,2O",
        "Current",
        "curren",
        "1,20,",
        "current ",
        "0x1,2",
        "1.0,20",
        "\xff,1",
        "9223372036854775807,2",
        "1,9223372036854775808",
        "9223372036854775801,9223372036854775807",
        "99999999999999999999999999999999999999999999999999999999,1",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(*malformed); i++) {
        refuse(malformed[i], 20, QUIPU_INVALID, "the first one is \"1,20\"");
    }
    refuse("2,21", 20, QUIPU_INVALID, "the item 2 is in the section \"1,20\"");
    refuse("21,41", 20, QUIPU_INVALID,
           "the item 21 is in the section \"21,40\"");
    refuse("21,30", 20, QUIPU_INVALID, "in the section \"21,40\"");
    refuse("40,21", 20, QUIPU_INVALID, "in the section \"21,40\"");
    assert_int_equal(fake.count[FAKE_READ_LOG], 0);
}

static void sections_beyond_the_log_do_not_exist(void **state)
{
    (void)state;
    set_head(20);
    refuse("41,60", 20, QUIPU_NOT_FOUND,
           "has no section \"41,60\", since it ends at item 20");
    set_head(19);
    refuse("21,40", 20, QUIPU_NOT_FOUND, "since it ends at item 19");
    set_head(0);
    refuse("21,40", 20, QUIPU_NOT_FOUND, "since it ends at item 0");
}

static void sizes_are_limited(void **state)
{
    quipu_section *section = NULL;

    (void)state;
    refuse("1,0", 0, QUIPU_INVALID, "must be 1 to 10000");
    refuse("1,10001", 10001, QUIPU_INVALID, "must be 1 to 10000");
    refuse("1,20", UINT32_MAX, QUIPU_INVALID, "must be 1 to 10000");
    assert_status(quipu_section_open(fake_records, NULL, 20, &section, &error),
                  QUIPU_INVALID);
    assert_status(quipu_section_open(fake_records, "1,20", 20, NULL, &error),
                  QUIPU_INVALID);
    assert_status(quipu_section_open(NULL, "1,20", 20, &section, &error),
                  QUIPU_INVALID);
    quipu_section_close(NULL);
}

/* ---------------------------------------------------------------- contents */

/* An item that is appended between the look at the head and the reading would
 * make a section that is full, but not final. */
static void items_above_the_head_are_left_out(void **state)
{
    (void)state;
    set_head(15);
    quipu_section *section = open_section("current", 20);

    assert_int_equal(fake.range.upper, 15);
    assert_int_equal(section->count, 15);
    quipu_section_close(section);
}

static void missing_item_is_corrupt(void **state)
{
    (void)state;
    hole = 31;
    refuse("21,40", 20, QUIPU_CORRUPT, "ends at item 100, but lacks item 31");
    hole = 21;
    refuse("21,40", 20, QUIPU_CORRUPT, "lacks item 21");
    hole = 0;
    items[24].notification_id = 26; /* an id is taken twice, another one not */
    refuse("21,40", 20, QUIPU_CORRUPT, "lacks item 25");
    set_head(INT64_MAX);
    refuse("current", 20, QUIPU_CORRUPT, "the log ends at item 92233720368");
}

static void items_are_copied(void **state)
{
    (void)state;
    quipu_section *section = open_section("1,20", 20);
    const quipu_item *copy = &section->items[3];
    const quipu_item *lent = &items[3];

    assert_int_equal(copy->position, 3);
    assert_ptr_not_equal(copy->state.data, lent->state.data);
    assert_bytes(copy->state.data, copy->state.size, lent->state.data,
                 lent->state.size);
    assert_bytes(copy->sequence_id.data, copy->sequence_id.size,
                 lent->sequence_id.data, lent->sequence_id.size);
    assert_bytes(copy->topic.data, copy->topic.size, lent->topic.data,
                 lent->topic.size);
    assert_bytes(copy->event_id.data, copy->event_id.size, lent->event_id.data,
                 lent->event_id.size);
    assert_bytes(copy->metadata.data, copy->metadata.size, lent->metadata.data,
                 lent->metadata.size);
    assert_int_equal(copy->column_count, 7);
    assert_ptr_not_equal(copy->columns, lent->columns);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(copy->columns[i].as.integer,
                         lent->columns[i].as.integer);
    }
    assert_bytes(copy->columns[3].as.bytes.data, 4, "text", 4);
    assert_ptr_not_equal(copy->columns[3].as.bytes.data,
                         lent->columns[3].as.bytes.data);
    quipu_section_close(section);
}

static void failures_of_the_store_are_passed_on(void **state)
{
    quipu_section *section = NULL;

    (void)state;
    fake.status[FAKE_LOG_HEAD] = QUIPU_BUSY;
    assert_status(
        quipu_section_open(fake_records, "1,20", 20, &section, &error),
        QUIPU_BUSY);
    fake.status[FAKE_LOG_HEAD] = QUIPU_OK;
    fake.status[FAKE_STEP] = QUIPU_NOT_FOUND;
    assert_status(
        quipu_section_open(fake_records, "1,20", 20, &section, &error),
        QUIPU_NOT_FOUND);
    fake.status[FAKE_STEP] = QUIPU_OK;
    fake.opened.capabilities &= ~(uint32_t)QUIPU_CAN_LOG;
    assert_null(section);
}

static int open_and_close(void *context, quipu_error *err)
{
    quipu_section *section = NULL;
    int status = quipu_section_open(fake_records, "21,40", 20, &section, err);

    (void)context;
    quipu_section_close(section);
    return status;
}

static void no_memory_is_told(void **state)
{
    (void)state;
    quipu_test_memory_sweep(open_and_close, NULL);
}

static void store_without_a_log_is_unsupported(void **state)
{
    quipu_section *section = NULL;
    quipu_datastore *datastore;
    quipu_records *records;

    (void)state;
    fake.opened.capabilities &= ~(uint32_t)QUIPU_CAN_LOG;
    assert_ok(quipu_datastore_open("bare:there", NULL, &datastore, &error),
              &error);
    assert_ok(quipu_records_open(datastore, &fake_schema, &records, &error),
              &error);
    assert_status(quipu_section_open(records, "1,20", 20, &section, &error),
                  QUIPU_UNSUPPORTED);
    assert_ok(quipu_records_close(records, &error), &error);
    assert_ok(quipu_datastore_close(datastore, &error), &error);
}

/* -------------------------------------------------------------------- tags */

static char tag[64];

/* Whether the tag of "1,20" has changed since the last call. */
static bool tag_differs(void)
{
    quipu_section *section = open_section("1,20", 20);
    bool differs = strcmp(tag, section->tag) != 0;

    assert_true(strlen(section->tag) < sizeof(tag));
    assert_int_equal(strspn(section->tag, "0123456789abcdef-"),
                     strlen(section->tag));
    strcpy(tag, section->tag); /* NOLINT(clang-analyzer-security*) */
    quipu_section_close(section);
    return differs;
}

static void tag_is_that_of_the_contents(void **state)
{
    quipu_item *item = &items[7];
    quipu_value values[7];

    (void)state;
    set_head(19);
    assert_true(tag_differs());
    assert_false(tag_differs());
    set_head(20);
    assert_true(tag_differs());
    set_head(50); /* another section has grown */
    assert_false(tag_differs());
    item->position++;
    assert_true(tag_differs());
    item->state = (quipu_bytes){ "", 0 };
    assert_true(tag_differs());
    item->metadata = (quipu_bytes){ "", 0 };
    assert_true(tag_differs());
    item->metadata = (quipu_bytes){ NULL, 0 };
    assert_true(tag_differs());
    item->topic = quipu_bytes_of_text("Other");
    assert_true(tag_differs());
    item->sequence_id = (quipu_bytes){ "0123456789ABCDEF", 16 };
    assert_true(tag_differs());
    item->event_id = (quipu_bytes){ "0123456789ABCDEF", 16 };
    assert_true(tag_differs());
    item->flags |= QUIPU_ITEM_TIME;
    item->time.microseconds = 12345;
    assert_true(tag_differs());
    item->time.microseconds++;
    assert_true(tag_differs());
    item->flags &= ~(uint32_t)QUIPU_ITEM_TIME;
    assert_true(tag_differs());
    item->time.microseconds++; /* there is none */
    assert_false(tag_differs());
    memcpy(values, item->columns, sizeof(values));
    item->columns = values;
    assert_false(tag_differs());
    for (int i = 0; i < 7; i++) {
        values[i].as.integer ^= i >= 3 && i <= 5 ? 0 : 1;
        if (i >= 3 && i <= 5) {
            values[i].as.bytes = (quipu_bytes){ "ABCDEFGHIJKLMNOP", 16 };
        }
        assert_true(tag_differs());
        values[i] = (quipu_value){ .kind = QUIPU_VALUE_NULL };
        assert_true(tag_differs());
    }
    item->column_count--; /* the schema was altered */
    assert_true(tag_differs());
}

/* The number of erased items is in the tag, so that no checksum is trusted for
 * what must not be in a cache any more. */
static void tag_tells_of_each_erasure(void **state)
{
    char expected[16];

    (void)state;
    set_head(20);
    assert_true(tag_differs());
    assert_int_equal(strncmp(tag, "20-0-", 5), 0);
    for (int erased = 1; erased <= 20; erased++) {
        items[20 - erased].flags |= QUIPU_ITEM_ERASED;
        assert_true(tag_differs());
        (void)snprintf(expected, sizeof(expected), "20-%d-", erased);
        assert_int_equal(strncmp(tag, expected, strlen(expected)), 0);
    }
}

/* A log that was rewound may be empty again, in another place, and one that was
 * replaced in the same. */
static void empty_sections_differ(void **state)
{
    (void)state;
    set_head(0);
    quipu_section *first = open_section("current", 20);

    set_head(20);
    quipu_section *second = open_section("current", 20);

    set_head(0);
    fake.position.store.bytes[15] ^= 1;
    quipu_section *other = open_section("current", 20);

    assert_string_not_equal(first->tag, second->tag);
    assert_string_not_equal(first->tag, other->tag);
    quipu_section_close(first);
    quipu_section_close(second);
    quipu_section_close(other);
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, fake_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(sections_are_named_by_their_places),
        test(other_names_are_refused_with_the_way_out),
        test(sections_beyond_the_log_do_not_exist),
        test(sizes_are_limited),
        test(items_above_the_head_are_left_out),
        test(missing_item_is_corrupt),
        test(items_are_copied),
        test(failures_of_the_store_are_passed_on),
        test(no_memory_is_told),
        test(store_without_a_log_is_unsupported),
        test(tag_is_that_of_the_contents),
        test(tag_tells_of_each_erasure),
        test(empty_sections_differ),
    };

    return cmocka_run_group_tests(tests, fake_group, NULL);
}
