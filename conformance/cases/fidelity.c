/* SPDX-License-Identifier: Apache-2.0 */
/* F1 and F2: what goes in comes out, and what cannot is refused. */
#include "suite.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Reads the only item of a sequence and calls `check` on it. */
static void with_item(quipu_records *r, quipu_bytes s,
                      void (*check)(const quipu_item *item, const void *wanted),
                      const void *wanted)
{
    quipu_cursor *cursor;
    const quipu_item *item;

    OK(quipu_records_read(r, s, NULL, &cursor, E));
    OK(quipu_cursor_next(cursor, &item, E));
    CHECK(item, "the item is not there");
    check(item, wanted);
    quipu_cursor_close(cursor);
}

static void check_state(const quipu_item *item, const void *wanted)
{
    const quipu_bytes *state = wanted;

    CHECK(item->state.data, "the state is absent");
    CHECK(item->state.size == state->size,
          "a state of %zu bytes came back with %zu", state->size,
          item->state.size);
    CHECK(state->size == 0 ||
              memcmp(item->state.data, state->data, state->size) == 0,
          "a state of %zu bytes came back with other bytes", state->size);
}

static void store_state(struct quipu_trial *t, quipu_records *r,
                        quipu_bytes state)
{
    quipu_bytes s = quipu_trial_sequence(t);
    struct quipu_batch *b = quipu_batch_create(t, r, 1);

    quipu_batch_next(b, s, "")->state = state;
    OK(quipu_batch_append(b));
    with_item(r, s, check_state, &state);
}

static void states(struct quipu_trial *t)
{
    static const size_t sizes[] = { 0,     1,     2,     15,    16,     255,
                                    256,   1023,  4095,  4096,  4097,   8192,
                                    16383, 32767, 65535, 65536, 1000003 };
    quipu_records *r = quipu_trial_records(t, 0);
    unsigned char *bytes = quipu_trial_keep(t, 1000003);

    for (size_t i = 0; i < 1000003; i++) {
        bytes[i] = (unsigned char)(i * 131 + i / 256);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        store_state(t, r, (quipu_bytes){ bytes, sizes[i] });
    }
}

static void every_byte(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    unsigned char all[256], zeros[300] = { 0 };

    for (unsigned i = 0; i < 256; i++) {
        all[i] = (unsigned char)i;
        store_state(t, r, (quipu_bytes){ &all[i], 1 });
    }
    store_state(t, r, (quipu_bytes){ all, 256 });
    store_state(t, r, (quipu_bytes){ zeros, sizeof zeros });
}

/* What is large takes its time on a busy machine. */
static quipu_records *patient_records(struct quipu_trial *t)
{
    t->main = quipu_trial_open(t, "timeout=120000");
    return quipu_trial_records(t, QUIPU_SHAPE_PLAIN);
}

static void large_state(struct quipu_trial *t)
{
    quipu_records *r = patient_records(t);
    size_t size = (size_t)16 << 20;
    uint64_t *words = quipu_trial_keep(t, size);

    for (size_t i = 0; i < size / 8; i++) {
        words[i] = i * UINT64_C(0x9e3779b97f4a7c15);
    }
    store_state(t, r, (quipu_bytes){ words, size });
}

static void many_items(struct quipu_trial *t)
{
    quipu_records *r = patient_records(t);
    quipu_bytes s[10];
    struct quipu_batch *b = quipu_batch_create(t, r, 100000);
    quipu_cursor *cursor;
    const quipu_item *item;

    for (size_t i = 0; i < 100000; i++) {
        if (i < 10) {
            s[i] = quipu_trial_sequence(t);
        }
        quipu_batch_next(b, s[i % 10], "x");
    }
    OK(quipu_batch_append(b));
    OK(quipu_records_read_log(r, NULL, &cursor, E));
    for (size_t i = 0; i < 100000; i++) {
        OK(quipu_cursor_next(cursor, &item, E));
        CHECK(item && item->notification_id == (int64_t)i + 1 &&
                  item->position == (int64_t)i / 10 &&
                  memcmp(item->event_id.data, &b->event_ids[i], 16) == 0,
              "item %zu is not stored as it was given", i);
    }
    OK(quipu_cursor_next(cursor, &item, E));
    CHECK(!item, "there are more items than were given");
    quipu_cursor_close(cursor);
}

/* 256 MiB in 16 items that share their bytes. */
static void large_append(struct quipu_trial *t)
{
    quipu_records *r = patient_records(t);
    quipu_bytes s = quipu_trial_sequence(t);
    size_t size = ((size_t)16 << 20) - 4096; /* leaves room for the rest */
    struct quipu_batch *b = quipu_batch_create(t, r, 16);
    void *state = quipu_trial_keep(t, size);

    for (size_t i = 0; i < 16; i++) {
        quipu_batch_next(b, s, "")->state = (quipu_bytes){ state, size };
    }
    OK(quipu_batch_append(b));
    CHECK(quipu_list_count(t, r, s) == 16, "not sixteen items");
}

/* Memory that is only there in name: whoever checks the size first, as all
 * should, never touches it. */
static void over_limits(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_datastore_info info = { .struct_size = sizeof info };
    struct quipu_batch *b = quipu_batch_create(t, r, 1);
    void *memory;
    size_t size;

    OK(quipu_datastore_describe(quipu_trial_datastore(t), &info, E));
    CHECK(info.limits.state_size >= UINT64_C(16) << 20,
          "the store takes states of %" PRIu64 " bytes only",
          info.limits.state_size);
    CHECK(info.limits.append_items >= 100000,
          "the store takes %" PRIu64 " items in one append only",
          info.limits.append_items);
    CHECK(info.limits.append_size >= UINT64_C(256) << 20,
          "the store takes appends of %" PRIu64 " bytes only",
          info.limits.append_size);
    if (info.limits.state_size > UINT64_C(1) << 36) {
        return; /* nobody has so much memory to offer */
    }
    size = (size_t)info.limits.state_size + 1;
    memory = mmap(NULL, size, PROT_READ,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(memory != MAP_FAILED, "the system gives no addresses");
    quipu_batch_next(b, s, "")->state = (quipu_bytes){ memory, size };
    ANSWERS(QUIPU_INVALID, quipu_batch_append(b));
    munmap(memory, size);
    CHECK(quipu_list_count(t, r, s) == 0, "something was stored");
}

/* ------------------------------------------------------ metadata and time */

static void check_metadata(const quipu_item *item, const void *wanted)
{
    const quipu_bytes *metadata = wanted;

    CHECK(!item->metadata.data == !metadata->data,
          "metadata that were %s came back %s",
          metadata->data ? "present" : "absent",
          item->metadata.data ? "present" : "absent");
    CHECK(quipu_bytes_equal(item->metadata, *metadata),
          "metadata came back with other bytes");
}

static void metadata(struct quipu_trial *t)
{
    static const quipu_bytes values[] = {
        { NULL, 0 }, { "", 0 }, { "\0", 1 }, { "a\0b\xff", 4 }
    };
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_METADATA);

    for (size_t i = 0; i < 4; i++) {
        quipu_bytes s = quipu_trial_sequence(t);
        struct quipu_batch *b = quipu_batch_create(t, r, 1);

        quipu_batch_next(b, s, "x")->metadata = values[i];
        OK(quipu_batch_append(b));
        with_item(r, s, check_metadata, &values[i]);
    }
}

static void check_time(const quipu_item *item, const void *wanted)
{
    const int64_t *time = wanted;

    if (!time) {
        CHECK(!(item->flags & QUIPU_ITEM_TIME), "a time out of nothing");
        return;
    }
    CHECK(item->flags & QUIPU_ITEM_TIME, "the time is absent");
    CHECK(item->time.microseconds == *time,
          "time %" PRId64 " came back as %" PRId64, *time,
          item->time.microseconds);
}

static void times(struct quipu_trial *t)
{
    static const int64_t good[] = {
        QUIPU_TIME_MIN,   QUIPU_TIME_MIN + 1, -1, 0, 1,
        1495713600000001, QUIPU_TIME_MAX
    };
    static const int64_t bad[] = { QUIPU_TIME_MIN - 1, QUIPU_TIME_MAX + 1,
                                   INT64_MIN, INT64_MAX };
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_TIME);
    struct quipu_batch *b = quipu_batch_create(t, r, 1);

    for (size_t i = 0; i < 7 + 4 + 1; i++) {
        quipu_bytes s = quipu_trial_sequence(t);
        quipu_item *item;

        quipu_batch_clear(b);
        item = quipu_batch_next(b, s, "x");
        item->flags |= i < 11 ? QUIPU_ITEM_TIME : 0;
        item->time.microseconds = i < 7 ? good[i] : i < 11 ? bad[i - 7] : 0;
        if (i < 7 || i == 11) {
            OK(quipu_batch_append(b));
            with_item(r, s, check_time, i < 7 ? &good[i] : NULL);
        } else {
            ANSWERS(QUIPU_INVALID, quipu_batch_append(b));
        }
    }
}

/* ------------------------------------------------------- further columns */

static void check_values(const quipu_item *item, const void *wanted)
{
    const quipu_value *values = wanted;

    CHECK(item->column_count == 7, "%zu columns, not 7", item->column_count);
    for (size_t i = 0; i < 7; i++) {
        const quipu_value *got = &item->columns[i], *want = &values[i];

        CHECK(got->kind == want->kind, "column %zu has kind %d, not %d", i,
              got->kind, want->kind);
        switch (want->kind) {
        case QUIPU_VALUE_NULL:
            break;
        case QUIPU_VALUE_DOUBLE:
            /* The bits count: -0.0 is not 0.0. */
            /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
            CHECK(memcmp(&got->as.real, &want->as.real, sizeof(double)) == 0,
                  "%.17g came back as %.17g", want->as.real, got->as.real);
            break;
        case QUIPU_VALUE_TEXT:
        case QUIPU_VALUE_BYTES:
        case QUIPU_VALUE_UUID:
            CHECK(got->as.bytes.data &&
                      quipu_bytes_equal(got->as.bytes, want->as.bytes),
                  "column %zu came back with other bytes", i);
            break;
        default:
            CHECK(got->as.integer == want->as.integer,
                  "column %zu: %" PRId64 " came back as %" PRId64, i,
                  want->as.integer, got->as.integer);
        }
    }
}

static const int32_t kinds[7] = { QUIPU_VALUE_BOOL,   QUIPU_VALUE_INT,
                                  QUIPU_VALUE_DOUBLE, QUIPU_VALUE_TEXT,
                                  QUIPU_VALUE_BYTES,  QUIPU_VALUE_UUID,
                                  QUIPU_VALUE_TIME };

#define BYTES(text)                             \
    {                                           \
        .as.bytes = {(text), sizeof(text) - 1 } \
    }

/* Columns of table.c's seven kinds, in rows; kinds are set later. */
static const quipu_value good_values[][7] = {
    { { .as.integer = 0 },
      { .as.integer = 0 },
      { .as.real = -0.0 },
      BYTES(""),
      BYTES(""),
      BYTES("0123456789abcdef"),
      { .as.integer = 0 } },
    { { .as.integer = 1 },
      { .as.integer = INT64_MIN },
      { .as.real = -1.7976931348623157e308 },
      BYTES("naïve ☃"),
      BYTES("\0\xff\0"),
      BYTES("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
      { .as.integer = QUIPU_TIME_MIN } },
    { { .as.integer = 0 },
      { .as.integer = INT64_MAX },
      { .as.real = 1.7976931348623157e308 },
      BYTES("'; DROP"),
      BYTES("\xc1"),
      BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
      { .as.integer = QUIPU_TIME_MAX } },
    { { .as.integer = 1 },
      { .as.integer = -1 },
      { .as.real = 4.9406564584124654e-324 },
      BYTES("12"),
      BYTES("12"),
      BYTES("fedcba9876543210"),
      { .as.integer = -1 } },
    { { .as.integer = 1 },
      { .as.integer = INT64_C(9007199254740993) },
      { .as.real = 0.1 },
      BYTES("1e3"),
      BYTES("0x1"),
      BYTES("fedcba9876543210"),
      { .as.integer = 1 } },
    { { .as.integer = 0 },
      { .as.integer = 5 },
      { .as.real = 3.0 },
      BYTES(" 7 "),
      BYTES(" "),
      BYTES("fedcba9876543210"),
      { .as.integer = 1 } },
};

static int append_values(struct quipu_trial *t, quipu_records *r, quipu_bytes s,
                         const quipu_value *values)
{
    struct quipu_batch *b = quipu_batch_create(t, r, 1);
    quipu_item *item = quipu_batch_next(b, s, "x");

    item->columns = values;
    item->column_count = 7;
    return quipu_batch_append(b);
}

static void columns(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_COLUMNS);
    size_t rows = sizeof good_values / sizeof *good_values;

    for (size_t row = 0; row < rows; row++) {
        quipu_bytes s = quipu_trial_sequence(t);
        quipu_value values[7];

        for (size_t i = 0; i < 7; i++) {
            values[i] = good_values[row][i];
            values[i].kind = kinds[i];
        }
        OK(append_values(t, r, s, values));
        with_item(r, s, check_values, values);
    }
}

/* Each column absent, and all. */
static void null_columns(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_COLUMNS);

    for (size_t absent = 0; absent <= 7; absent++) {
        quipu_bytes s = quipu_trial_sequence(t);
        quipu_value values[7] = { 0 };

        for (size_t i = 0; i < 7; i++) {
            if (i != absent && absent < 7) {
                values[i] = good_values[1][i];
                values[i].kind = kinds[i];
            }
        }
        OK(append_values(t, r, s, values));
        with_item(r, s, check_values, values);
    }
}

static void wrong_values(struct quipu_trial *t)
{
    static const struct {
        size_t column;
        quipu_value value;
    } wrong[] = {
        { 0, { .kind = QUIPU_VALUE_BOOL, .as.integer = 2 } },
        { 0, { .kind = QUIPU_VALUE_INT, .as.integer = 1 } },
        { 1, { .kind = QUIPU_VALUE_DOUBLE, .as.real = 1.0 } },
        { 1, { .kind = 99, .as.integer = 1 } },
        { 2, { .kind = QUIPU_VALUE_DOUBLE, .as.real = (double)NAN } },
        { 2, { .kind = QUIPU_VALUE_DOUBLE, .as.real = (double)INFINITY } },
        { 2, { .kind = QUIPU_VALUE_DOUBLE, .as.real = -(double)INFINITY } },
        { 3, { .kind = QUIPU_VALUE_TEXT, .as.bytes = { "a\0b", 3 } } },
        { 3, { .kind = QUIPU_VALUE_TEXT, .as.bytes = { "\xff", 1 } } },
        { 4, { .kind = QUIPU_VALUE_TEXT, .as.bytes = { "text", 4 } } },
        { 5, { .kind = QUIPU_VALUE_UUID, .as.bytes = { "short", 5 } } },
        { 6, { .kind = QUIPU_VALUE_TIME, .as.integer = QUIPU_TIME_MAX + 1 } },
        { 6, { .kind = QUIPU_VALUE_TIME, .as.integer = INT64_MIN } },
    };
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_COLUMNS);
    quipu_bytes s = quipu_trial_sequence(t);

    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        quipu_value values[7] = { 0 };
        int status;

        values[wrong[i].column] = wrong[i].value;
        status = append_values(t, r, s, values);
        CHECK(status == QUIPU_INVALID, "wrong value %zu answered %s", i,
              quipu_status_name(status));
    }
    CHECK(quipu_list_count(t, r, s) == 0, "something was stored");
}

/* ------------------------------------------------------------ text and ids */

static void check_topic(const quipu_item *item, const void *wanted)
{
    CHECK(quipu_bytes_equal(item->topic, *(const quipu_bytes *)wanted),
          "the topic came back with other bytes");
}

static void topics(struct quipu_trial *t)
{
    static char longest[256];
    quipu_bytes good[] = { { "x", 1 },
                           { longest, 255 },
                           { "naïve ☃", 10 },
                           { "'\"`;--%", 7 },
                           { "\xf4\x8f\xbf\xbf", 4 } };
    quipu_bytes bad[] = { { NULL, 0 },           { "", 0 },
                          { longest, 256 },      { "a\0b", 3 },
                          { "\xff", 1 },         { "\xc0\x80", 2 },
                          { "\xed\xa0\x80", 3 }, { "\xf4\x90\x80\x80", 4 },
                          { "\xc3", 1 } };
    quipu_records *r = quipu_trial_records(t, 0);
    struct quipu_batch *b = quipu_batch_create(t, r, 1);

    memset(longest, 'T', sizeof longest);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        quipu_bytes s = quipu_trial_sequence(t);

        quipu_batch_clear(b);
        quipu_batch_next(b, s, "x")->topic = good[i];
        OK(quipu_batch_append(b));
        with_item(r, s, check_topic, &good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int status;

        quipu_batch_clear(b);
        quipu_batch_next(b, quipu_trial_sequence(t), "x")->topic = bad[i];
        status = quipu_batch_append(b);
        CHECK(status == QUIPU_INVALID, "wrong topic %zu answered %s", i,
              quipu_status_name(status));
    }
}

static void wrong_ids(struct quipu_trial *t)
{
    static const char longer[256] = "x";
    const quipu_bytes uuids[] = { { NULL, 0 },
                                  { "", 0 },
                                  { "0123456789abcde", 15 },
                                  { "0123456789abcdef0", 17 } };
    const quipu_bytes texts[] = {
        { NULL, 0 }, { "", 0 }, { longer, 256 }, { "a\0", 2 }, { "\xfe", 1 }
    };
    quipu_records *u = quipu_trial_records(t, 0);
    quipu_records *x = quipu_trial_records(t, QUIPU_SHAPE_TEXT);

    for (size_t i = 0; i < sizeof uuids / sizeof *uuids; i++) {
        ANSWERS(QUIPU_INVALID, quipu_batch_one_next(t, u, uuids[i]));
    }
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ANSWERS(QUIPU_INVALID, quipu_batch_one_next(t, x, texts[i]));
    }
}

/* What the schema has no column for must be absent, what it has, present. */
static void wrong_items(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, 0);
    quipu_records *bare = quipu_trial_records(t, QUIPU_SHAPE_NO_EVENT_ID);
    quipu_bytes s = quipu_trial_sequence(t);
    quipu_value value = { .kind = QUIPU_VALUE_NULL };

    for (unsigned wrong = 0; wrong < 9; wrong++) {
        struct quipu_batch *b = quipu_batch_create(t, wrong ? r : bare, 1);
        quipu_item *item = quipu_batch_next(b, s, "x");
        int status;

        switch (wrong) {
        case 0:
            item->event_id = (quipu_bytes){ "0123456789abcdef", 16 };
            break;
        case 1:
            item->event_id = (quipu_bytes){ NULL, 0 };
            break;
        case 2:
            item->event_id.size = 15;
            break;
        case 3:
            item->metadata = quipu_bytes_of_text("x");
            break;
        case 4:
            item->flags |= QUIPU_ITEM_TIME;
            break;
        case 5:
            item->columns = &value;
            item->column_count = 1;
            break;
        case 6:
            item->state = (quipu_bytes){ NULL, 0 };
            break;
        case 7:
            item->flags |= 1u << 30;
            break;
        default:
            item->notification_id = 5;
        }
        status = quipu_batch_append(b);
        CHECK(status == QUIPU_INVALID, "wrong item %u answered %s", wrong,
              quipu_status_name(status));
    }
    CHECK(quipu_list_count(t, r, s) + quipu_list_count(t, bare, s) == 0,
          "something was stored");
}

static void long_text_ids(struct quipu_trial *t)
{
    quipu_records *r = quipu_trial_records(t, QUIPU_SHAPE_TEXT);
    char a[255], b[255];

    memset(a, 'i', sizeof a);
    memset(b, 'i', sizeof b);
    b[254] = 'j';
    quipu_batch_fill(t, r, (quipu_bytes){ a, 255 }, 2);
    quipu_batch_fill(t, r, (quipu_bytes){ b, 255 }, 1);
    quipu_batch_fill(t, r, (quipu_bytes){ a, 254 }, 3);
    CHECK(quipu_list_count(t, r, (quipu_bytes){ a, 255 }) == 2 &&
              quipu_list_count(t, r, (quipu_bytes){ b, 255 }) == 1 &&
              quipu_list_count(t, r, (quipu_bytes){ a, 254 }) == 3,
          "long ids that differ at their end are mixed up");
}

static const struct quipu_case cases[] = {
    { "F1.states-of-many-sizes", "Sizes around pages and powers of two.",
      states, 0, 0, 0 },
    { "F1.states-of-every-byte",
      "A state is bytes, not text: NUL and 0xFF included.", every_byte, 0, 0,
      0 },
    { "F1.state-of-16-mib", "The least that every store takes.", large_state, 0,
      0, 60 },
    { "F1.append-of-100000-items",
      "The least that every store takes, in one transaction.", many_items,
      QUIPU_CAN_LOG, 0, 0 },
    { "F1.append-of-256-mib", "The least that every store takes.", large_append,
      QUIPU_TRAIT_HEAVY, 0, 600 },
    { "F1.over-the-limit-is-invalid",
      "More is a clear error with nothing stored.", over_limits, 0, 0, 0 },
    { "F1.metadata-absent-is-not-empty",
      "Absent and empty mean different things to a program.", metadata, 0, 0,
      0 },
    { "F1.times-to-the-microsecond", "The years 1 to 9999, and no others.",
      times, 0, 0, 0 },
    { "F1.columns-of-every-kind",
      "Typed columns must not be bent: \"12\" is text, 3.0 a double.", columns,
      0, 0, 0 },
    { "F1.columns-that-are-null", "Each column is nullable.", null_columns, 0,
      0, 0 },
    { "F1.wrong-values-are-invalid",
      "What one store bends and another refuses is no common language.",
      wrong_values, 0, 0, 0 },
    { "F1.items-fit-their-schema",
      "What has no column would be lost in silence.", wrong_items, 0, 0, 0 },
    { "F2.topics-are-utf8", "Text is checked once, and comes back the same.",
      topics, 0, 0, 0 },
    { "F2.wrong-ids-are-invalid",
      "An id that is cut or padded names another sequence.", wrong_ids, 0, 0,
      0 },
    { "F2.long-ids-differ-at-their-end",
      "An index that keeps only a prefix conflates sequences.", long_text_ids,
      0, 0, 0 },
};
QUIPU_FAMILY(fidelity);
