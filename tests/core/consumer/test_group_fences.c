/* SPDX-License-Identifier: Apache-2.0 */
/* Tests that a member that has lost its partitions commits nothing for them
 * (G1, G2), and that failures and resets lose no event. */
#include "group_fixture.h"

static quipu_error error;

/* Member 1 takes everything over, and handles it. */
static void let_the_other_take_over(void)
{
    quipu_projection *stopped = suspend(0);

    (void)take_over();
    catch_up();
    members[0] = stopped;
}

/* The member is stopped between reading a batch, with its look at the group,
 * and the transaction, for longer than a lease.  It cannot know. */
static void stopped_member_commits_nothing(void **state)
{
    const int sizes[] = { 1, 7 };
    (void)state;

    for (size_t i = 0; i < 2; i++) {
        begin_case("stopped");
        join(0);
        join(1);
        (void)divide(2, SOON);
        fill_log(&opened, sizes[i] * SEQUENCES);
        interposed.before_transact = let_the_other_take_over;
        for (int64_t calls = contexts[0].calls;
             interposed.before_transact != NULL;) {
            assert_ok(quipu_projection_step(members[0], NULL, &error), &error);
            assert_int_equal(contexts[0].calls, calls);
        }
        (void)divide(2, SOON);
        fill_log(&opened, SEQUENCES);
        catch_up();
        end_case();
    }
}

/* The same while the member renews: it must notice that it was removed, and
 * must not write its old entry again. */
static void removed_member_does_not_renew(void **state)
{
    (void)state;

    begin_case("renewal");
    join(0);
    join(1);
    (void)divide(2, SOON);
    fill_log(&opened, SEQUENCES);
    catch_up();
    struct quipu_group_state before = read_state();

    interposed.before_append = let_the_other_take_over;
    while (interposed.before_append) {
        assert_ok(quipu_projection_step(members[0], NULL, &error), &error);
        pause_for(1);
    }
    struct quipu_group_state after = read_state();

    assert_int_equal(after.member_count, 2);
    assert_true(
        quipu_group_state_member(&after, &before.members[0].token) == NULL ||
        quipu_group_state_member(&after, &before.members[1].token) == NULL);
    quipu_group_state_finish(&before);
    quipu_group_state_finish(&after);
    (void)divide(2, SOON);
    fill_log(&opened, SEQUENCES);
    catch_up();
    end_case();
}

/* A reset meets a member that has read a batch. */
static void reset_now(void)
{
    assert_ok(quipu_projection_reset(members[0], &error), &error);
}

static void reset_refuses_a_batch_that_was_read_before(void **state)
{
    (void)state;

    begin_case("reset-batch");
    join(0);
    join(1);
    (void)divide(2, SOON);
    fill_log(&opened, SEQUENCES);
    catch_up();
    fill_log(&opened, SEQUENCES);
    interposed.before_transact = reset_now;
    while (interposed.before_transact) {
        assert_ok(quipu_projection_step(members[1], NULL, &error), &error);
    }
    catch_up();
    end_case();
}

/* Every call of the driver of one of two members fails once, in each way. */
static void failures_lose_nothing(void **state)
{
    static const struct {
        int status;
        bool after;
    } failures[] = { { QUIPU_BUSY, false },
                     { QUIPU_UNKNOWN_OUTCOME, false },
                     { QUIPU_UNKNOWN_OUTCOME, true } };
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        begin_case("failures");
        join(0);
        join(1);
        for (int n = 1; n <= 60; n++) {
            interposed.status = failures[i].status;
            interposed.after = failures[i].after;
            interposed.appends_only = failures[i].after;
            atomic_store(&interposed.calls, 0);
            interposed.fail_at = n % 20 + 1;
            fill_log(&opened, 0);
            for (int turn = 0; turn < 6; turn++) {
                bool caught_up;

                (void)quipu_projection_step(members[turn % 2], &caught_up,
                                            &error);
            }
            interposed.fail_at = 0;
            fill_log(&opened, SEQUENCES);
        }
        catch_up();
        end_case();
    }
}

static int append_with(const quipu_entry_write *fence, const char *value)
{
    quipu_entry_write entries[2] = {
        { .key = quipu_bytes_of_text("result"),
          .value = quipu_bytes_of_text(value) },
        *fence,
    };
    const quipu_conditions conditions = { .struct_size = sizeof(conditions),
                                          .entries = entries,
                                          .entry_count = 2 };
    const quipu_append append = { .struct_size = sizeof(append),
                                  .conditions = &conditions };

    return quipu_datastore_commit(opened.datastore, &append, NULL, &error);
}

static void own_loop_is_fenced(void **state)
{
    const quipu_group_options options = { .struct_size = sizeof(options),
                                          .partitions = 2,
                                          .lease_milliseconds = LEASE,
                                          .member = "first" };
    quipu_entry_write fence;
    quipu_group *first;
    quipu_group *second;
    uint64_t held = 0;
    (void)state;

    begin_case("own");
    assert_ok(quipu_group_open(opened.datastore, "invoices", &options, &first,
                               &error),
              &error);
    assert_false(quipu_group_fence(first, 0, &fence)); /* has not joined */
    assert_ok(quipu_group_renew(first, &held, &error), &error);
    assert_int_equal(held, 3);
    assert_true(quipu_group_fence(first, 1, &fence));
    assert_false(quipu_group_fence(first, 2, &fence));
    assert_ok(append_with(&fence, "first"), &error);
    assert_ok(append_with(&fence, "again"), &error);
    assert_ok(
        quipu_group_open(opened.datastore, "invoices", NULL, &second, &error),
        &error);
    held = 0;
    while (held == 0) {
        assert_ok(quipu_group_renew(second, &held, &error), &error);
        pause_for(5);
    }
    assert_int_equal(held, 3); /* the first one was silent for a lease */
    assert_refused(append_with(&fence, "late"), QUIPU_CONFLICT, &error,
                   "quipu/group/invoices/partition/01");
    assert_status(quipu_datastore_close(opened.datastore, NULL), QUIPU_INVALID);
    assert_ok(quipu_group_close(first, &error), &error);
    assert_ok(quipu_group_close(second, &error), &error);
    assert_ok(quipu_group_close(NULL, &error), &error);
    assert_refused(
        quipu_group_open(opened.datastore, "a/b", NULL, &first, &error),
        QUIPU_INVALID, &error, "without '/'");
    join(0);
    assert_refused(
        quipu_group_open(opened.datastore, "applied@1", NULL, &first, &error),
        QUIPU_CONFLICT, &error, "handles the log");
    leave(0);
    close_log(&opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stopped_member_commits_nothing),
        cmocka_unit_test(removed_member_does_not_renew),
        cmocka_unit_test(reset_refuses_a_batch_that_was_read_before),
        cmocka_unit_test(failures_lose_nothing),
        cmocka_unit_test(own_loop_is_fenced),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
