/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the positions of the partitions of a group: where they begin, how they
 * move, and what the program is told of them. */
#include "group_fixture.h"

static quipu_error error;

static int open_alone(quipu_projection **projection)
{
    static struct applied context = { .model = &model_sqlite };
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = &context };

    return quipu_projection_open(opened.store, &applied_type, &options,
                                 projection, &error);
}

static void group_begins_at_the_tracking_record(void **state)
{
    quipu_projection *alone = NULL;
    bool caught_up = false;
    (void)state;

    begin_case("record");
    fill_log(&opened, 3 * SEQUENCES);
    assert_ok(open_alone(&alone), &error);
    while (!caught_up) {
        assert_ok(quipu_projection_step(alone, &caught_up, &error), &error);
    }
    fill_log(&opened, SEQUENCES);
    join(0); /* while the other one is open */
    assert_int_equal(tracked(opened.datastore, "applied@1"), 0);
    assert_int_equal(group_position(), 3 * SEQUENCES);
    assert_refused(quipu_projection_step(alone, NULL, &error), QUIPU_CONFLICT,
                   &error, "is a group of 8 partitions");
    assert_ok(quipu_projection_close(alone, &error), &error);
    assert_refused(open_alone(&alone), QUIPU_CONFLICT, &error,
                   "is a group of 8 partitions");
    catch_up();
    end_case();
}

/* The group begins between the opening and the first commit of a projection
 * that is alone, and that has no record yet. */
static void first_commit_alone_requires_that_there_is_no_group(void **state)
{
    quipu_projection *alone = NULL;
    (void)state;

    begin_case("first");
    fill_log(&opened, SEQUENCES);
    assert_ok(open_alone(&alone), &error);
    join(0);
    assert_refused(quipu_projection_step(alone, NULL, &error), QUIPU_CONFLICT,
                   &error, "is a group");
    assert_ok(quipu_projection_close(alone, &error), &error);
    catch_up();
    end_case();
}

static quipu_projection *stays_alone;

static void step_alone(void)
{
    assert_ok(quipu_projection_step(stays_alone, NULL, &error), &error);
}

/* The record moves while the group is created: it is read again. */
static void record_that_moves_is_read_again(void **state)
{
    (void)state;

    begin_case("moves");
    fill_log(&opened, SEQUENCES);
    assert_ok(open_alone(&stays_alone), &error);
    open_log(&logs[0], store_name);
    contexts[0].model = &model_sqlite;
    interposed.before_append = step_alone;
    members[0] =
        open_applied(&logs[0], &contexts[0],
                     (quipu_projection_options){ .group = &group_options });
    assert_true(group_position() > 0);
    assert_refused(quipu_projection_step(stays_alone, NULL, &error),
                   QUIPU_CONFLICT, &error, "is a group");
    assert_ok(quipu_projection_close(stays_alone, &error), &error);
    catch_up();
    end_case();
}

/* Partitions that were handled further than others, by a member that has left,
 * are not handled again by one that reads from the lowest position. */
static void positions_move_forwards_only(void **state)
{
    int64_t highest[PARTITIONS] = { 0 };
    (void)state;

    begin_case("positions");
    group_options.lease_milliseconds = LONG_LEASE;
    join(0);
    join(1);
    (void)divide(2, SOON);
    fill_log(&opened, 20 * SEQUENCES);
    quipu_projection *slow = suspend(0);

    while (!take_turns()) { /* member 1, and its half of the partitions */
    }
    members[0] = slow;
    leave(0); /* at the beginning */
    do {
        struct quipu_group_state now = read_state();

        for (uint32_t i = 0; i < PARTITIONS; i++) {
            int64_t id = now.partitions[i].position.notification_id;

            assert_true(id >= highest[i]);
            highest[i] = id;
        }
        quipu_group_state_finish(&now);
        (void)take_turns();
    } while (group_position() < opened.stored);
    end_case();
}

/* Other events move the positions, too, within a second. */
static void positions_pass_other_events(void **state)
{
    (void)state;

    begin_case("others");
    join(0);
    (void)divide(1, SOON);
    fill_log(&opened, SEQUENCES);
    catch_up();
    add_item(&opened, "x", "Other");
    catch_up();
    leave(0);
    close_log(&opened);
}

static void status_and_wait_know_the_whole_group(void **state)
{
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    (void)state;

    begin_case("status");
    group_options.lease_milliseconds = LONG_LEASE;
    join(0);
    join(1);
    (void)divide(2, SOON);
    fill_log(&opened, 10 * SEQUENCES);
    quipu_projection *slow = suspend(0);

    while (!take_turns()) {
    }
    assert_ok(quipu_projection_status(members[1], &status, &error), &error);
    assert_int_equal(status.position, 0);
    assert_int_equal(status.behind, opened.stored);
    assert_status(quipu_tracking_wait(opened.datastore, "applied@1",
                                      "stored_events", 1, 0, &error),
                  QUIPU_TIMEOUT);
    members[0] = slow;
    catch_up();
    assert_ok(quipu_tracking_wait(opened.datastore, "applied@1",
                                  "stored_events", opened.stored, 0, &error),
              &error);
    pause_for(501); /* until the next look */
    (void)take_turns();
    assert_ok(quipu_projection_status(members[1], &status, &error), &error);
    assert_int_equal(status.position, opened.stored);
    assert_int_equal(status.behind, 0);
    end_case();
}

/* A partition that is further on than the log, which was set back. */
static void log_that_was_set_back_is_noticed(void **state)
{
    (void)state;

    begin_case("back");
    group_options.lease_milliseconds = LONG_LEASE;
    join(0);
    join(1);
    (void)divide(2, SOON);
    fill_log(&opened, 10 * SEQUENCES);
    quipu_projection *slow = suspend(0);

    while (!take_turns()) {
    }
    members[0] = slow;
    leave(0);
    leave(1);
    interposed.head = opened.stored - 5;
    const quipu_projection_options options = { .struct_size = sizeof(options),
                                               .context = &contexts[0],
                                               .group = &group_options };

    assert_refused(quipu_projection_open(opened.store, &applied_type, &options,
                                         &members[0], &error),
                   QUIPU_CONFLICT, &error, "set back");
    members[0] = NULL;
    close_log(&opened);
}

static void reset_makes_all_members_begin_again(void **state)
{
    (void)state;

    begin_case("reset");
    fill_log(&opened, 3 * SEQUENCES);
    join(0);
    join(1);
    (void)divide(2, SOON);
    catch_up();
    assert_ok(quipu_projection_reset(members[0], &error), &error);
    assert_int_equal(group_position(), 0);
    fill_log(&opened, SEQUENCES);
    catch_up();
    assert_true(contexts[1].calls > 4 * SEQUENCES / 3);
    end_case();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(group_begins_at_the_tracking_record),
        cmocka_unit_test(first_commit_alone_requires_that_there_is_no_group),
        cmocka_unit_test(record_that_moves_is_read_again),
        cmocka_unit_test(positions_move_forwards_only),
        cmocka_unit_test(positions_pass_other_events),
        cmocka_unit_test(status_and_wait_know_the_whole_group),
        cmocka_unit_test(log_that_was_set_back_is_noticed),
        cmocka_unit_test(reset_makes_all_members_begin_again),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
