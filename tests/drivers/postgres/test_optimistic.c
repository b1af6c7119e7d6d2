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
        REFUSED_BY(guard_of_an_empty_sequence_conflicts),
        REFUSED_BY(guard_of_a_non_empty_sequence_conflicts),
        REFUSED_BY(tracking_at_the_same_position_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
