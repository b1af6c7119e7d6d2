/* SPDX-License-Identifier: Apache-2.0 */
/* The optimistic pass: if one expectation does not hold, the server stores
 * nothing.  Each test has a datastore of its own, since a refused append makes
 * the next ones begin with the strict pass. */
#include "fixture.h"

static quipu_driver_datastore *datastore;
static quipu_driver_schema *bound;

/* Sequence 1 has positions 0 and 1; the consumer is at 5. */
static int open_fresh(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    struct piece pieces[2];
    (void)state;
    datastore = fixture_open("schema=optimistic");
    bound = fixture_bind(datastore, &schema);
    quipu_error error = { 0 };
    const quipu_tracking tracking = { .consumer = { "me", 2 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id = 5 } };
    fixture_piece(&pieces[0], 1, 0, 1);
    fixture_piece(&pieces[1], 1, 1, 2);
    const quipu_item items[] = { pieces[0].item, pieces[1].item };
    const quipu_request request = {
        .schema = bound, .items = items, .item_count = 2, .tracking = &tracking
    };
    quipu_result result = { 0 };
    size_t taken = 0;
    assert_ok(fixture_driver()->append(datastore, &request, 1, &result, &taken,
                                       fixture_now() + 20 * SECOND, &error),
              &error);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
    datastore = fixture_open("schema=optimistic");
    bound = fixture_bind(datastore, &schema);
    return 0;
}

static int close_and_remove(void **state)
{
    quipu_schema schema = fixture_schema("plain");
    quipu_error error = { 0 };
    (void)state;
    fixture_driver()->unbind(datastore, bound);
    assert_ok(fixture_driver()->teardown(datastore, &schema,
                                         fixture_now() + 20 * SECOND, &error),
              &error);
    fixture_close(datastore);
    fixture_sql("DELETE FROM optimistic.quipu_tracking");
    return 0;
}

/* Appends one item with a guard and a tracking record, if there are. */
static void refuse(uint32_t sequence, int64_t position, uint64_t event,
                   const quipu_guard *guard, int64_t tracked, int status,
                   int cause)
{
    struct piece piece;
    const quipu_tracking tracking = { .consumer = { "me", 2 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id =
                                                        tracked } };
    quipu_error error = { 0 };
    quipu_result result = { 0 };
    size_t taken = 0;
    fixture_piece(&piece, sequence, position, event);
    const quipu_request request = { .schema = bound,
                                    .items = &piece.item,
                                    .item_count = 1,
                                    .guards = guard,
                                    .guard_count = guard ? 1 : 0,
                                    .tracking =
                                        tracked > 0 ? &tracking : NULL };
    assert_ok(fixture_driver()->append(datastore, &request, 1, &result, &taken,
                                       fixture_now() + 20 * SECOND, &error),
              &error);
    assert_int_equal(result.status, status);
    assert_int_equal(result.cause, cause);
    assert_int_equal(fixture_head(datastore, bound), 2);
    assert_int_equal(fixture_ask("SELECT count(*) FROM optimistic.plain"), 2);
    assert_int_equal(fixture_ask("SELECT sum(notification_id)"
                                 " FROM optimistic.quipu_tracking"),
                     5);
}

static void taken_position_conflicts(void **state)
{
    (void)state;
    refuse(1, 1, 9, NULL, 0, QUIPU_CONFLICT, QUIPU_CAUSE_POSITION);
}

static void position_beyond_the_next_conflicts(void **state)
{
    (void)state;
    refuse(1, 3, 9, NULL, 0, QUIPU_CONFLICT, QUIPU_CAUSE_POSITION);
}

static void first_position_above_zero_conflicts(void **state)
{
    (void)state;
    refuse(2, 1, 9, NULL, 0, QUIPU_CONFLICT, QUIPU_CAUSE_POSITION);
}

static void stored_event_id_conflicts(void **state)
{
    (void)state;
    refuse(2, 0, 2, NULL, 0, QUIPU_CONFLICT, QUIPU_CAUSE_EVENT_ID);
}

static void guard_at_another_position_conflicts(void **state)
{
    const quipu_guard guard = { .sequence_id = { "\1\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                                 "\0\0",
                                                 16 },
                                .demand = QUIPU_DEMAND_LAST,
                                .position = 0 };
    (void)state;
    refuse(2, -1, 9, &guard, 0, QUIPU_CONFLICT, QUIPU_CAUSE_GUARD);
}

/* At an explicit position: the statement for one item knows no guards. */
static void guard_beside_an_explicit_position_conflicts(void **state)
{
    const quipu_guard guard = { .sequence_id = { "\1\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                                 "\0\0",
                                                 16 },
                                .demand = QUIPU_DEMAND_EMPTY };
    (void)state;
    refuse(2, 0, 9, &guard, 0, QUIPU_CONFLICT, QUIPU_CAUSE_GUARD);
}

/* Nothing else is expected of a sparse sequence. */
static void guard_of_a_sparse_sequence_conflicts(void **state)
{
    struct piece piece;
    quipu_schema schema = fixture_schema("loose");
    quipu_error error = { 0 };
    quipu_result result = { 0 };
    size_t taken = 0;
    (void)state;
    schema.flags |= QUIPU_SCHEMA_SPARSE;
    quipu_driver_schema *loose = fixture_bind(datastore, &schema);
    fixture_piece(&piece, 2, 7, 9);
    const quipu_guard guard = { .sequence_id = piece.item.sequence_id,
                                .demand = QUIPU_DEMAND_NOT_EMPTY };
    const quipu_request request = { .schema = loose,
                                    .items = &piece.item,
                                    .item_count = 1,
                                    .guards = &guard,
                                    .guard_count = 1 };
    assert_ok(fixture_driver()->append(datastore, &request, 1, &result, &taken,
                                       fixture_now() + 20 * SECOND, &error),
              &error);
    assert_status(result.status, QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_GUARD);
    assert_int_equal(fixture_head(datastore, loose), 0);
    fixture_driver()->unbind(datastore, loose);
    assert_ok(fixture_driver()->teardown(datastore, &schema,
                                         fixture_now() + 20 * SECOND, &error),
              &error);
}

static void guard_of_an_empty_sequence_conflicts(void **state)
{
    const quipu_guard guard = { .sequence_id = { "\1\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                                 "\0\0",
                                                 16 },
                                .demand = QUIPU_DEMAND_EMPTY };
    (void)state;
    refuse(2, -1, 9, &guard, 0, QUIPU_CONFLICT, QUIPU_CAUSE_GUARD);
}

static void guard_of_a_non_empty_sequence_conflicts(void **state)
{
    const quipu_guard guard = { .sequence_id = { "\3\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                                 "\0\0",
                                                 16 },
                                .demand = QUIPU_DEMAND_NOT_EMPTY };
    (void)state;
    refuse(2, -1, 9, &guard, 0, QUIPU_CONFLICT, QUIPU_CAUSE_GUARD);
}

static void tracking_at_the_same_position_is_refused(void **state)
{
    (void)state;
    refuse(1, -1, 9, NULL, 5, QUIPU_ALREADY, QUIPU_CAUSE_TRACKING);
}

/* Appends `count` items of sequence 1 from `first` on.  The statement for one
 * item is another one than that for several. */
static int append_run(int64_t first, size_t count, uint64_t event,
                      quipu_result *result)
{
    struct piece pieces[3];
    quipu_item items[3];
    quipu_error error = { 0 };
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        fixture_piece(&pieces[i], 1, first + (int64_t)i, event + i);
        items[i] = pieces[i].item;
    }
    const quipu_request request = { .schema = bound,
                                    .items = items,
                                    .item_count = count };
    *result = (quipu_result){ 0 };
    assert_ok(fixture_driver()->append(datastore, &request, 1, result, &taken,
                                       fixture_now() + 20 * SECOND, &error),
              &error);
    return result->status;
}

static void runs_follow_one_another(void **state)
{
    quipu_result result;
    (void)state;
    for (size_t count = 1; count <= 3; count++) {
        int64_t head = fixture_head(datastore, bound);
        assert_status(append_run(head, count, 10 * count, &result), QUIPU_OK);
        assert_int_equal(result.first_notification_id, head + 1);
        assert_int_equal(fixture_head(datastore, bound), head + (int64_t)count);
    }
    assert_int_equal(fixture_ask("SELECT count(*) FROM optimistic.plain"
                                 " WHERE id = aggregate_version + 1"),
                     8);
}

static void run_beyond_the_next_position_conflicts(void **state)
{
    quipu_result result;
    (void)state;
    assert_status(append_run(3, 3, 10, &result), QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_POSITION);
    assert_int_equal(fixture_head(datastore, bound), 2);
}

#define REFUSED_BY(name) \
    cmocka_unit_test_setup_teardown(name, open_fresh, close_and_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        REFUSED_BY(taken_position_conflicts),
        REFUSED_BY(position_beyond_the_next_conflicts),
        REFUSED_BY(first_position_above_zero_conflicts),
        REFUSED_BY(stored_event_id_conflicts),
        REFUSED_BY(guard_at_another_position_conflicts),
        REFUSED_BY(guard_beside_an_explicit_position_conflicts),
        REFUSED_BY(guard_of_a_sparse_sequence_conflicts),
        REFUSED_BY(guard_of_an_empty_sequence_conflicts),
        REFUSED_BY(guard_of_a_non_empty_sequence_conflicts),
        REFUSED_BY(tracking_at_the_same_position_is_refused),
        REFUSED_BY(run_beyond_the_next_position_conflicts),
        cmocka_unit_test_setup_teardown(runs_follow_one_another, open_fresh,
                                        close_and_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
