/* SPDX-License-Identifier: Apache-2.0 */
/* Tests how partitions are divided among the members of a group, and what
 * happens to those of a member that leaves or is lost (G3, G4). */
#include "group_fixture.h"

#include <dlfcn.h>
#include <time.h>

#include "base/clock.h"

static quipu_error error;

/* Seconds by which the clock of the day is wrong. */
static atomic_long wrong_seconds;

/* Takes the place of libc's in this program. */
int clock_gettime(clockid_t clock_id, struct timespec *tp)
{
    static int (*original)(clockid_t, struct timespec *);

    if (!original) {
        *(void **)&original = dlsym(RTLD_NEXT, "clock_gettime");
    }
    int result = original(clock_id, tp);

    if (clock_id == CLOCK_REALTIME) {
        tp->tv_sec += atomic_load(&wrong_seconds);
    }
    return result;
}

static void members_have_equal_shares(void **state)
{
    (void)state;

    begin_case("shares");
    fill_log(&opened, 10 * SEQUENCES);
    for (int i = 0; i < 5; i++) { /* 8; 4 4; 3 3 2; 2 2 2 2; 2 2 2 1 1 */
        join(i);
        (void)divide((size_t)i + 1, SOON);
        fill_log(&opened, 1 * SEQUENCES);
    }
    catch_up();
    end_case();
}

static void partitions_of_one_that_leaves_are_taken_at_once(void **state)
{
    (void)state;

    begin_case("leaves");
    group_options.lease_milliseconds = LONG_LEASE;
    for (int i = 0; i < 3; i++) {
        join(i);
    }
    (void)divide(3, SOON);
    fill_log(&opened, 10 * SEQUENCES);
    leave(0);
    (void)divide(2, SOON); /* long before a lease has passed */
    leave(1);
    (void)divide(1, SOON);
    catch_up();
    end_case();
}

static void partitions_of_a_lost_member_are_taken_after_a_lease(void **state)
{
    (void)state;

    begin_case("lost");
    join(0);
    join(1);
    (void)divide(2, SOON);
    quipu_projection *lost = suspend(0);

    fill_log(&opened, 10 * SEQUENCES);
    (void)take_over();
    catch_up();
    members[0] = lost; /* it joins again */
    fill_log(&opened, SEQUENCES);
    (void)divide(2, SOON);
    catch_up();
    end_case();
}

/* A member that sees another one for the first time waits for a lease, by its
 * monotonic clock, while the clock of the day is set forwards or back (G3). */
static void clocks_of_the_day_are_not_compared(void **state)
{
    static const long jumps[] = { 3600, -3600 };
    (void)state;

    begin_case("clocks");
    for (int i = 0; i < 2; i++) {
        join(0);
        (void)divide(1, SOON);
        quipu_projection *lost = suspend(0);

        join(1);
        (void)take_turns(); /* it sees the other one */
        atomic_store(&wrong_seconds, jumps[i]);
        assert_true(take_over() >= LEASE - 20);
        atomic_store(&wrong_seconds, 0);
        fill_log(&opened, SEQUENCES);
        catch_up();
        members[0] = lost;
        leave(0);
        leave(1);
    }
    end_case();
}

/* Renews nothing as long as the log has events, but works. */
static void working_members_are_not_removed(void **state)
{
    (void)state;

    begin_case("working");
    join(0);
    join(1);
    contexts[0].nanoseconds = 20 * MILLISECOND;
    fill_log(&opened, 5 * SEQUENCES);
    (void)divide(2, SOON);
    struct quipu_group_state before = read_state();

    for (int64_t until = quipu_clock_deadline(4 * LEASE);
         quipu_clock_left(until) > 0;) {
        (void)take_turns();
    }
    struct quipu_group_state after = read_state();

    assert_int_equal(after.member_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_memory_equal(&before.members[i].token, &after.members[i].token,
                            sizeof(quipu_uuid));
        assert_true(after.members[i].revision > before.members[i].revision + 6);
    }
    quipu_group_state_finish(&before);
    quipu_group_state_finish(&after);
    contexts[0].nanoseconds = 0;
    catch_up();
    end_case();
}

/* The store fails for two leases, so that nobody renews: none is to blame. */
static void failing_store_costs_no_member_its_lease(void **state)
{
    (void)state;

    begin_case("outage");
    join(0);
    join(1);
    (void)divide(2, SOON);
    struct quipu_group_state before = read_state();

    pause_for(LEASE / 3 + 1);
    assert_ok(quipu_projection_step(members[0], NULL, &error), &error);
    interposed.status = QUIPU_IO; /* member 0 has seen the last renewal of 1 */
    interposed.times = 1000000;
    interposed.fail_at = 1;
    for (int64_t until = quipu_clock_deadline(2 * LEASE);
         quipu_clock_left(until) > 0;) {
        for (int i = 0; i < 2; i++) {
            bool caught_up;

            (void)quipu_projection_step(members[i], &caught_up, &error);
        }
        pause_for(5);
    }
    interposed.fail_at = 0;
    for (int i = 0; i < 20; i++) {
        (void)take_turns();
        pause_for(10);
    }
    struct quipu_group_state after = read_state();

    assert_int_equal(after.member_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_memory_equal(&before.members[i].token, &after.members[i].token,
                            sizeof(quipu_uuid));
    }
    quipu_group_state_finish(&before);
    quipu_group_state_finish(&after);
    end_case();
}

static quipu_projection *late;

static void join_and_take(void)
{
    members[1] = late;
    assert_ok(quipu_projection_step(late, NULL, &error), &error);
}

static void skip_listing(void)
{
    interposed.before_list = join_and_take;
}

/* Between the two listings of the look that follows. */
static void begin_at_second_listing(void)
{
    interposed.before_list = skip_listing;
}

/* Member 1 joins, and takes its share, while member 0 reads the entries: its
 * partitions must not seem to be without an owner. */
static void member_that_joins_meanwhile_keeps_its_partitions(void **state)
{
    uint32_t shares[MEMBERS_MOST];
    uint32_t owned;
    (void)state;

    begin_case("meanwhile");
    join(0);
    join(1);
    late = members[1];
    members[1] = NULL;
    interposed.before_append = begin_at_second_listing;
    assert_ok(quipu_projection_step(members[0], NULL, &error), &error);
    assert_non_null(members[1]);
    assert_int_equal(count_shares(shares, &owned), 2);
    assert_int_equal(shares[0], PARTITIONS / 2);
    assert_int_equal(shares[1], PARTITIONS / 2);
    end_case();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_have_equal_shares),
        cmocka_unit_test(partitions_of_one_that_leaves_are_taken_at_once),
        cmocka_unit_test(partitions_of_a_lost_member_are_taken_after_a_lease),
        cmocka_unit_test(clocks_of_the_day_are_not_compared),
        cmocka_unit_test(working_members_are_not_removed),
        cmocka_unit_test(failing_store_costs_no_member_its_lease),
        cmocka_unit_test(member_that_joins_meanwhile_keeps_its_partitions),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
