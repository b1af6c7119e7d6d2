/* SPDX-License-Identifier: Apache-2.0 */
/* The preconditions of an append over a store that is an array of items, with
 * the entry "k" at revision 3 and a tracking record at 5. */
#include "quipu_test.h"

#include "common/preconditions.h"
#include "driver/host.h"

#include <string.h>

#define BYTES(text) ((quipu_bytes){ (text), strlen(text) })

struct store {
    const quipu_item *items;
    size_t count;
    int64_t tracked; /* 0: no record */
};

static int last_position(void *context, quipu_bytes sequence_id, bool *found,
                         int64_t *last, quipu_error *error)
{
    const struct store *store = context;

    (void)error;
    *found = false;
    for (size_t i = 0; i < store->count; i++) {
        const quipu_item *item = &store->items[i];
        if (quipu_common_key_table_is_equal(item->sequence_id, sequence_id)) {
            *found = true;
            *last = item->position;
        }
    }
    return QUIPU_OK;
}

static int item_of(void *context, const quipu_item *item,
                   struct stored_item *stored, quipu_error *error)
{
    const struct store *store = context;

    (void)error;
    *stored = (struct stored_item){ .found = false };
    for (size_t i = 0; i < store->count; i++) {
        if (quipu_common_key_table_is_equal(store->items[i].event_id,
                                            item->event_id)) {
            quipu_common_preconditions_compare(&store->items[i], item, stored);
        }
    }
    return QUIPU_OK;
}

static int tracking_of(void *context, const quipu_tracking *tracking,
                       bool *found, int64_t *notification_id,
                       quipu_error *error)
{
    const struct store *store = context;

    (void)tracking;
    (void)error;
    *found = store->tracked != 0;
    *notification_id = store->tracked;
    return QUIPU_OK;
}

static int position_is_taken(void *context, quipu_bytes sequence_id,
                             int64_t position, bool *taken, quipu_error *error)
{
    const struct store *store = context;

    (void)error;
    *taken = false;
    for (size_t i = 0; i < store->count; i++) {
        const quipu_item *item = &store->items[i];
        if (item->position == position &&
            quipu_common_key_table_is_equal(item->sequence_id, sequence_id)) {
            *taken = true;
        }
    }
    return QUIPU_OK;
}

static int entry_of(void *context, quipu_bytes key, bool *found,
                    int64_t *revision, quipu_error *error)
{
    (void)context;
    (void)error;
    *found = quipu_common_key_table_is_equal(key, BYTES("k"));
    *revision = 3;
    return QUIPU_OK;
}

static const struct preconditions_lookups lookups = {
    .last_position = last_position,
    .item = item_of,
    .tracking = tracking_of,
    .position_is_taken = position_is_taken,
    .entry = entry_of,
};

/* Two items of sequence "s", positions 0 and 1, event ids "a" and "b". */
static quipu_item stored_items[2];

static quipu_item item_at(const char *sequence, int64_t position,
                          const char *event)
{
    return (quipu_item){ .sequence_id = BYTES(sequence),
                         .position = position < 0 ? 0 : position,
                         .flags = position < 0 ? QUIPU_ITEM_NEXT : 0u,
                         .topic = BYTES("t"),
                         .state = BYTES("x"),
                         .event_id = BYTES(event) };
}

static int64_t tracked = 5; /* in the store; 0: no record */

/* Checks a request, which has a schema if it has items or guards, against the
 * store; returns the result. `positions` are those of the accepted items. */
static quipu_result check_as(const quipu_request *request, uint32_t flags,
                             bool strict, int64_t *positions)
{
    const bool has_schema = request->item_count > 0 || request->guard_count > 0;
    const quipu_schema schema = { .event_id = "event_id", .flags = flags };
    struct store store = { stored_items, 2, tracked };
    quipu_result result = { .status = QUIPU_OK };
    quipu_error error = { 0 };
    struct preconditions check = {
        .host = quipu_host_table(),
        .lookups = &lookups,
        .context = &store,
        .schema = has_schema ? &schema : NULL,
        .request = request,
        .result = &result,
        .strict = strict,
    };

    stored_items[0] = item_at("s", 0, "a");
    stored_items[1] = item_at("s", 1, "b");
    stored_items[0].notification_id = 1;
    stored_items[1].notification_id = 2;
    assert_ok(quipu_common_preconditions_check(&check, &error), &error);
    for (size_t i = 0; positions && i < request->item_count; i++) {
        positions[i] = quipu_common_preconditions_position(&check, i);
    }
    quipu_common_preconditions_finish(&check);
    return result;
}

/* Asserts a conflict in both passes. */
static void assert_conflict(const quipu_request *request, int cause,
                            size_t index)
{
    for (int strict = 0; strict <= 1; strict++) {
        quipu_result result = check_as(request, 0, strict != 0, NULL);
        assert_status(result.status, QUIPU_CONFLICT);
        assert_int_equal(result.cause, cause);
        assert_int_equal(result.index, index);
    }
}

static void next_items_continue_their_sequences(void **state)
{
    const quipu_item items[] = { item_at("s", -1, "c"), item_at("n", -1, "d"),
                                 item_at("s", 3, "e"), item_at("n", 1, "f") };
    const quipu_request request = { .items = items, .item_count = 4 };
    int64_t positions[4];

    (void)state;
    assert_status(check_as(&request, 0, false, positions).status, QUIPU_OK);
    assert_int_equal(positions[0], 2);
    assert_int_equal(positions[1], 0);
    assert_int_equal(positions[2], 3);
    assert_int_equal(positions[3], 1);
}

static void wrong_position_conflicts_with_the_stored_end(void **state)
{
    const quipu_item items[] = { item_at("s", 2, "c"), item_at("s", 2, "d") };
    const quipu_request request = { .items = items, .item_count = 2 };

    (void)state;
    assert_conflict(&request, QUIPU_CAUSE_POSITION, 1);
    assert_int_equal(check_as(&request, 0, false, NULL).last_position, 1);
}

static void repeat_is_found_in_the_strict_pass(void **state)
{
    const quipu_item items[] = { item_at("s", -1, "a"), item_at("s", -1, "b") };
    const quipu_request request = { .items = items, .item_count = 2 };
    quipu_result result = check_as(&request, 0, true, NULL);

    (void)state;
    assert_status(result.status, QUIPU_OK);
    assert_int_equal(result.flags & QUIPU_RESULT_REPEATED,
                     QUIPU_RESULT_REPEATED);
    assert_int_equal(result.first_notification_id, 1);
}

static void refusal_in_the_optimistic_pass_yields_to_a_repeat(void **state)
{
    const quipu_item items[] = { item_at("s", 0, "a"), item_at("s", 1, "b") };
    const quipu_request request = { .items = items, .item_count = 2 };
    quipu_result result = check_as(&request, 0, false, NULL);

    (void)state;
    assert_status(result.status, QUIPU_OK);
    assert_int_equal(result.flags & QUIPU_RESULT_REPEATED,
                     QUIPU_RESULT_REPEATED);
}

static void first_stored_item_is_the_cause_of_an_overlap(void **state)
{
    const quipu_item begins[] = { item_at("s", 0, "a"), item_at("s", 1, "c") };
    const quipu_item ends[] = { item_at("s", 7, "c"), item_at("s", 8, "b") };
    const quipu_request first = { .items = begins, .item_count = 2 };
    const quipu_request second = { .items = ends, .item_count = 2 };

    (void)state;
    assert_conflict(&first, QUIPU_CAUSE_EVENT_ID, 0);
    assert_conflict(&second, QUIPU_CAUSE_EVENT_ID, 1);
}

static void first_twin_is_the_cause(void **state)
{
    const quipu_item items[] = { item_at("s", 7, "c"), item_at("s", 8, "d"),
                                 item_at("s", 9, "d"), item_at("s", 9, "c") };
    const quipu_request request = { .items = items, .item_count = 4 };

    (void)state;
    assert_conflict(&request, QUIPU_CAUSE_EVENT_ID, 2);
}

static void guards_precede_tracking_and_positions(void **state)
{
    const quipu_item item = item_at("s", 9, "c");
    const quipu_guard guards[] = {
        { .sequence_id = BYTES("s"), .demand = QUIPU_DEMAND_NOT_EMPTY },
        { .sequence_id = BYTES("s"), .demand = QUIPU_DEMAND_EMPTY },
    };
    const quipu_tracking tracking = { .position.notification_id = 5 };
    quipu_request request = { .items = &item,
                              .item_count = 1,
                              .guards = guards,
                              .guard_count = 2,
                              .tracking = &tracking };

    (void)state;
    assert_conflict(&request, QUIPU_CAUSE_GUARD, 1);
    request.guard_count = 1;
    assert_status(check_as(&request, 0, false, NULL).status, QUIPU_ALREADY);
}

/* -------------------------------------------------------------- conditions */

static quipu_entry_write expected(const char *key, int64_t revision)
{
    return (quipu_entry_write){ .key = BYTES(key),
                                .value = BYTES("v"),
                                .revision = revision,
                                .flags = QUIPU_ENTRY_EXPECT };
}

/* Asserts that both passes accept the request, which is no repeat. */
static void assert_accepted(const quipu_request *request)
{
    for (int strict = 0; strict <= 1; strict++) {
        quipu_result result = check_as(request, 0, strict != 0, NULL);
        assert_status(result.status, QUIPU_OK);
        assert_int_equal(result.flags, 0);
    }
}

/* Asserts a conflict in both passes that reports `last`; 0: nothing. */
static void assert_conflict_at(const quipu_request *request, int cause,
                               size_t index, int64_t last)
{
    assert_conflict(request, cause, index);
    quipu_result result = check_as(request, 0, false, NULL);
    assert_int_equal(result.flags, last != 0 ? QUIPU_RESULT_HAS_LAST : 0);
    assert_int_equal(result.last_position, last);
}

static void entry_is_expected_at_its_revision(void **state)
{
    quipu_entry_write writes[] = {
        { .key = BYTES("k"), .value = BYTES("v") },
        expected("k", 3),
        expected("n", 0),
        { .key = BYTES("k"),
          .revision = 3,
          .flags = QUIPU_ENTRY_EXPECT | QUIPU_ENTRY_CHECK },
        { .key = BYTES("n"), .flags = QUIPU_ENTRY_DELETE },
    };
    const quipu_conditions conditions = { .entries = writes, .entry_count = 5 };
    const quipu_request request = { .condition = &conditions };

    (void)state;
    assert_accepted(&request);
    writes[3].revision = 4;
    assert_conflict_at(&request, QUIPU_CAUSE_ENTRY, 3, 3);
    writes[3].revision = 2;
    assert_conflict_at(&request, QUIPU_CAUSE_ENTRY, 3, 3);
    writes[2] = expected("n", 3); /* the number that a look-up left */
    assert_conflict_at(&request, QUIPU_CAUSE_ENTRY, 2, 0);
    writes[1] = expected("k", 0);
    assert_conflict_at(&request, QUIPU_CAUSE_ENTRY, 1, 3);
}

static void entries_are_checked_between_guards_and_tracking(void **state)
{
    const quipu_item item = item_at("s", 9, "c");
    quipu_guard guard = { .sequence_id = BYTES("s"),
                          .demand = QUIPU_DEMAND_EMPTY };
    const quipu_tracking tracking = { .position.notification_id = 5 };
    quipu_entry_write write = expected("k", 2);
    const quipu_conditions conditions = { .entries = &write, .entry_count = 1 };
    quipu_request request = { .items = &item,
                              .item_count = 1,
                              .guards = &guard,
                              .guard_count = 1,
                              .tracking = &tracking,
                              .condition = &conditions };

    (void)state;
    assert_conflict(&request, QUIPU_CAUSE_GUARD, 0);
    guard.demand = QUIPU_DEMAND_NOT_EMPTY;
    assert_conflict_at(&request, QUIPU_CAUSE_ENTRY, 0, 3);
    write.revision = 3;
    assert_status(check_as(&request, 0, false, NULL).status, QUIPU_ALREADY);
    request.tracking = NULL;
    assert_conflict(&request, QUIPU_CAUSE_POSITION, 0);
}

static void repeat_looks_at_no_entry(void **state)
{
    const quipu_item items[] = { item_at("s", 0, "a"), item_at("s", 1, "b") };
    quipu_entry_write write = expected("k", 1);
    const quipu_conditions conditions = { .entries = &write, .entry_count = 1 };
    const quipu_request request = { .items = items,
                                    .item_count = 2,
                                    .condition = &conditions };

    (void)state;
    for (int strict = 0; strict <= 1; strict++) {
        quipu_result result = check_as(&request, 0, strict != 0, NULL);
        assert_status(result.status, QUIPU_OK);
        assert_int_equal(result.flags, QUIPU_RESULT_REPEATED);
    }
}

static void tracking_record_is_expected_at_its_position(void **state)
{
    const quipu_tracking tracking = { .position.notification_id = 7 };
    quipu_conditions conditions = { .flags = QUIPU_CONDITIONS_TRACKING_FROM,
                                    .tracking_from = 5 };
    const quipu_request request = { .tracking = &tracking,
                                    .condition = &conditions };

    (void)state;
    assert_accepted(&request);
    conditions.tracking_from = 4;
    assert_conflict_at(&request, QUIPU_CAUSE_TRACKING, 0, 5);
    conditions.tracking_from = 6;
    assert_conflict_at(&request, QUIPU_CAUSE_TRACKING, 0, 5);
    conditions.tracking_from = 0;
    assert_conflict_at(&request, QUIPU_CAUSE_TRACKING, 0, 5);
    tracked = 0;
    assert_accepted(&request);
    conditions.tracking_from = 5;
    assert_conflict_at(&request, QUIPU_CAUSE_TRACKING, 0, 0);
    tracked = 5;
}

static void expected_tracking_position_precedes_the_rise(void **state)
{
    const quipu_tracking tracking = { .position.notification_id = 4 };
    quipu_conditions conditions = { .flags = QUIPU_CONDITIONS_TRACKING_FROM,
                                    .tracking_from = 3 };
    const quipu_request request = { .tracking = &tracking,
                                    .condition = &conditions };

    (void)state;
    assert_conflict_at(&request, QUIPU_CAUSE_TRACKING, 0, 5);
    conditions.tracking_from = 5;
    assert_status(check_as(&request, 0, false, NULL).status, QUIPU_ALREADY);
}

static void rewinding_sets_any_position(void **state)
{
    quipu_tracking tracking = { .position.notification_id = 4 };
    quipu_conditions conditions = { .flags = QUIPU_CONDITIONS_TRACKING_FROM |
                                             QUIPU_CONDITIONS_TRACKING_REWIND,
                                    .tracking_from = 5 };
    const quipu_request request = { .tracking = &tracking,
                                    .condition = &conditions };

    (void)state;
    assert_accepted(&request);
    tracking.position.notification_id = 0;
    assert_accepted(&request);
    tracking.position.notification_id = 5;
    assert_accepted(&request);
    conditions.tracking_from = 4;
    assert_conflict_at(&request, QUIPU_CAUSE_TRACKING, 0, 5);
}

/* The record may have been rewound again since the first attempt. */
static void repeat_of_a_rewind_looks_at_no_tracking_record(void **state)
{
    const quipu_item items[] = { item_at("s", 0, "a"), item_at("s", 1, "b") };
    const quipu_tracking tracking = { .position.notification_id = 7 };
    quipu_conditions conditions = { .flags = QUIPU_CONDITIONS_TRACKING_FROM |
                                             QUIPU_CONDITIONS_TRACKING_REWIND,
                                    .tracking_from = 9 };
    const quipu_request request = { .items = items,
                                    .item_count = 2,
                                    .tracking = &tracking,
                                    .condition = &conditions };

    (void)state;
    for (int strict = 0; strict <= 1; strict++) {
        quipu_result result = check_as(&request, 0, strict != 0, NULL);
        assert_status(result.status, QUIPU_OK);
        assert_int_equal(result.flags, QUIPU_RESULT_REPEATED);
    }
    conditions.flags = QUIPU_CONDITIONS_TRACKING_FROM;
    assert_conflict(&request, QUIPU_CAUSE_EVENT_ID, 0);
}

static void taken_sparse_position_conflicts_in_the_strict_pass(void **state)
{
    const quipu_item items[] = { item_at("s", 9, "c"), item_at("s", 1, "d") };
    const quipu_item twice[] = { item_at("s", 9, "c"), item_at("s", 9, "d") };
    const quipu_request taken = { .items = items, .item_count = 2 };
    const quipu_request same = { .items = twice, .item_count = 2 };

    (void)state;
    assert_status(check_as(&taken, QUIPU_SCHEMA_SPARSE, false, NULL).status,
                  QUIPU_OK);
    assert_int_equal(check_as(&taken, QUIPU_SCHEMA_SPARSE, true, NULL).index,
                     1);
    assert_int_equal(check_as(&same, QUIPU_SCHEMA_SPARSE, true, NULL).cause,
                     QUIPU_CAUSE_POSITION);
}

static void key_table_holds_as_many_keys_as_announced(void **state)
{
    struct key_table table;
    char ids[100][4];
    bool added = false;

    (void)state;
    assert_true(quipu_common_key_table_init(&table, quipu_host_table(), 200));
    for (int64_t i = 0; i < 200; i++) {
        char *id = ids[i % 100];
        (void)snprintf(id, sizeof(ids[0]), "%d", (int)(i % 100));
        quipu_common_key_table_get(&table, BYTES(id), i / 100, &added)->last =
            i;
        assert_true(added);
    }
    for (int64_t i = 0; i < 200; i++) {
        const struct key_entry *entry = quipu_common_key_table_get(
            &table, BYTES(ids[i % 100]), i / 100, &added);
        assert_false(added);
        assert_int_equal(entry->last, i);
    }
    quipu_common_key_table_finish(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(next_items_continue_their_sequences),
        cmocka_unit_test(wrong_position_conflicts_with_the_stored_end),
        cmocka_unit_test(repeat_is_found_in_the_strict_pass),
        cmocka_unit_test(refusal_in_the_optimistic_pass_yields_to_a_repeat),
        cmocka_unit_test(first_stored_item_is_the_cause_of_an_overlap),
        cmocka_unit_test(first_twin_is_the_cause),
        cmocka_unit_test(guards_precede_tracking_and_positions),
        cmocka_unit_test(entry_is_expected_at_its_revision),
        cmocka_unit_test(entries_are_checked_between_guards_and_tracking),
        cmocka_unit_test(repeat_looks_at_no_entry),
        cmocka_unit_test(tracking_record_is_expected_at_its_position),
        cmocka_unit_test(expected_tracking_position_precedes_the_rise),
        cmocka_unit_test(rewinding_sets_any_position),
        cmocka_unit_test(repeat_of_a_rewind_looks_at_no_tracking_record),
        cmocka_unit_test(taken_sparse_position_conflicts_in_the_strict_pass),
        cmocka_unit_test(key_table_holds_as_many_keys_as_announced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
