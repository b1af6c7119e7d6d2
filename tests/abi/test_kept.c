/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that a driver compiled with the frozen headers works with the library
 * of today. */
#include "quipu_test.h"

#include <quipu/quipu.h>

static const quipu_schema schema = {
    .struct_size = sizeof(schema),
    .flags = QUIPU_SCHEMA_TEXT_IDS,
    .table = "kept_items",
    .notification_id = "id",
    .sequence_id = "sequence_id",
    .position = "position",
    .topic = "topic",
    .state = "state",
};

struct fixture {
    quipu_datastore *datastore;
    quipu_records *records;
    quipu_error error;
};

/* clang-format off */
#define BYTES(text) (quipu_bytes){ (text), sizeof(text) - 1 }
/* clang-format on */

static int set_up(void **state)
{
    static struct fixture f;

    assert_ok(quipu_datastore_open("kept:", NULL, &f.datastore, &f.error),
              &f.error);
    assert_ok(quipu_datastore_setup(f.datastore, &schema, &f.error), &f.error);
    assert_ok(quipu_records_open(f.datastore, &schema, &f.records, &f.error),
              &f.error);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    assert_ok(quipu_records_close(f->records, &f->error), &f->error);
    assert_ok(quipu_datastore_close(f->datastore, &f->error), &f->error);
    return 0;
}

static quipu_item item_of(quipu_bytes id, int64_t position, uint32_t flags,
                          quipu_bytes state)
{
    return (quipu_item){ .sequence_id = id,
                         .position = position,
                         .topic = BYTES("Knot"),
                         .state = state,
                         .flags = flags };
}

static int append(struct fixture *f, const quipu_item *items, size_t count,
                  const quipu_guard *guard, quipu_result *result)
{
    quipu_append request = { .struct_size = sizeof(request),
                             .items = items,
                             .item_count = count,
                             .guards = guard,
                             .guard_count = guard ? 1 : 0 };

    return quipu_records_append(f->records, &request, result, &f->error);
}

static void append_two(struct fixture *f)
{
    quipu_item items[] = {
        item_of(BYTES("cord"), 0, 0, BYTES("one")),
        item_of(BYTES("cord"), 0, QUIPU_ITEM_NEXT, BYTES("")),
    };
    int64_t positions[2];
    quipu_result result = { .positions = positions };

    assert_ok(append(f, items, 2, NULL, &result), &f->error);
    assert_int_equal(result.first_notification_id, 1);
    assert_int_equal(positions[0], 0);
    assert_int_equal(positions[1], 1);
}

static void items_come_back_as_they_went_in(void **state)
{
    struct fixture *f = *state;
    quipu_cursor *cursor;
    const quipu_item *item;

    append_two(f);
    assert_ok(
        quipu_records_read(f->records, BYTES("cord"), NULL, &cursor, &f->error),
        &f->error);
    assert_ok(quipu_cursor_next(cursor, &item, &f->error), &f->error);
    assert_bytes(item->state.data, item->state.size, "one", 3);
    assert_bytes(item->topic.data, item->topic.size, "Knot", 4);
    assert_int_equal(item->position, 0);
    assert_int_equal(item->notification_id, 1);
    assert_ok(quipu_cursor_next(cursor, &item, &f->error), &f->error);
    assert_int_equal(item->state.size, 0);
    assert_int_equal(item->position, 1);
    assert_ok(quipu_cursor_next(cursor, &item, &f->error), &f->error);
    assert_null(item);
    quipu_cursor_close(cursor);
}

static void append_at_taken_position_conflicts(void **state)
{
    struct fixture *f = *state;
    quipu_item item = item_of(BYTES("cord"), 1, 0, BYTES("late"));
    quipu_result result = { .status = 0 };

    append_two(f);
    assert_status(append(f, &item, 1, NULL, &result), QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_POSITION);
    assert_true(result.flags & QUIPU_RESULT_HAS_LAST);
    assert_int_equal(result.last_position, 1);
}

static void guard_that_fails_conflicts(void **state)
{
    struct fixture *f = *state;
    quipu_guard guard = { .sequence_id = BYTES("cord"),
                          .demand = QUIPU_DEMAND_EMPTY };
    quipu_item item = item_of(BYTES("other"), 0, 0, BYTES("x"));
    quipu_result result = { .status = 0 };

    append_two(f);
    assert_status(append(f, &item, 1, &guard, &result), QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_GUARD);
}

static void sequences_are_listed(void **state)
{
    struct fixture *f = *state;
    quipu_sequences *sequences;
    const quipu_sequence *sequence;

    append_two(f);
    assert_ok(quipu_sequences_open(f->records, (quipu_bytes){ 0 }, &sequences,
                                   &f->error),
              &f->error);
    assert_ok(quipu_sequences_next(sequences, &sequence, &f->error), &f->error);
    assert_bytes(sequence->id.data, sequence->id.size, "cord", 4);
    assert_int_equal(sequence->last_position, 1);
    assert_ok(quipu_sequences_next(sequences, &sequence, &f->error), &f->error);
    assert_null(sequence);
    quipu_sequences_close(sequences);
}

/* An operation beyond the end of its table, and one that is NULL in it. */
static void missing_operation_is_unsupported(void **state)
{
    struct fixture *f = *state;
    quipu_cursor *cursor;
    int64_t head;

    assert_status(quipu_records_read_log(f->records, NULL, &cursor, &f->error),
                  QUIPU_UNSUPPORTED);
    assert_status(quipu_records_wait(f->records, 0, 0, &head, &f->error),
                  QUIPU_UNSUPPORTED);
}

#define with_store(test) \
    cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_store(items_come_back_as_they_went_in),
        with_store(append_at_taken_position_conflicts),
        with_store(guard_that_fails_conflicts),
        with_store(sequences_are_listed),
        with_store(missing_operation_is_unsupported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
