/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the members of a group that apply a projection in SQLite (G1 to G6). */
#include "model_fixture.h"

#include <dlfcn.h>
#include <time.h>

#include "base/clock.h"
#include "group/group_state.h"

#define MILLISECOND INT64_C(1000000)

/* The lease of cases in which one passes, that of others, and the milliseconds
 * in which the partitions are divided. */
enum {
    LEASE = 300,
    LONG_LEASE = 20000,
    SOON = 5000,
    PARTITIONS = 8,
    SEQUENCES = 24
};

static quipu_error error;

/* ------------------------------------------------------------------- clock */

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

static void pause_for(int milliseconds)
{
    const struct timespec duration = { .tv_nsec = milliseconds * MILLISECOND };

    (void)nanosleep(&duration, NULL);
}

/* ----------------------------------------------------------------- members */

enum { MEMBERS_MOST = 8 };

/* The members of a case, which take turns in one thread, each with a datastore
 * of its own.  NULL: none, or one that does not work any more. */
static struct opened_log opened; /* to append and to look */
static struct opened_log logs[MEMBERS_MOST];
static char store_name[96];
static struct applied contexts[MEMBERS_MOST];
static quipu_projection *members[MEMBERS_MOST];

static quipu_group_options group_options = {
    .struct_size = sizeof(group_options),
    .partitions = PARTITIONS,
};

static void begin(const char *name)
{
    memset(contexts, 0, sizeof(contexts));
    memset(members, 0, sizeof(members));
    group_options.lease_milliseconds = LEASE;
    model_sqlite.prepare(name, "durability=relaxed", store_name);
    open_log(&opened, store_name);
    opened.sequences = SEQUENCES;
}

static void join_with(int i, quipu_projection_options options)
{
    open_log(&logs[i], store_name);
    contexts[i].model = &model_sqlite;
    options.group = &group_options;
    members[i] = open_applied(&logs[i], &contexts[i], options);
}

static void join(int i)
{
    join_with(i, (quipu_projection_options){ .batch_items = 7 });
}

static void leave(int i)
{
    assert_ok(quipu_projection_close(members[i], &error), &error);
    close_log(&logs[i]);
    members[i] = NULL;
}

/* One step of each member.  Returns true if all have caught up. */
static bool take_turns(void)
{
    bool all = true;

    for (int i = 0; i < MEMBERS_MOST; i++) {
        bool caught_up = true;

        if (members[i]) {
            assert_ok(quipu_projection_step(members[i], &caught_up, &error),
                      &error);
        }
        all = all && caught_up;
    }
    return all;
}

static struct quipu_group_state read_state(void)
{
    struct quipu_group_state state = { .partition_count = 0 };

    assert_ok(
        quipu_group_state_read(&state, opened.datastore, "applied@1", &error),
        &error);
    return state;
}

/* The lowest position of all partitions. */
static int64_t group_position(void)
{
    struct quipu_group_state state = read_state();
    int64_t position =
        quipu_group_state_lowest(&state, UINT64_MAX).notification_id;

    quipu_group_state_finish(&state);
    return position;
}

/* Counts the partitions of each member; *owned: all together. */
static size_t count_shares(uint32_t shares[MEMBERS_MOST], uint32_t *owned)
{
    struct quipu_group_state state = read_state();
    size_t count = state.member_count;

    assert_true(count <= MEMBERS_MOST);
    *owned = 0;
    for (size_t i = 0; i < count; i++) {
        shares[i] = 0;
        for (uint32_t p = 0; p < state.partition_count; p++) {
            shares[i] +=
                memcmp(&state.partitions[p].owner, &state.members[i].token,
                       sizeof(quipu_uuid)) == 0;
        }
        *owned += shares[i];
    }
    quipu_group_state_finish(&state);
    return count;
}

/* Whether `count` members have equal shares of all partitions. */
static bool is_divided_by(size_t count)
{
    uint32_t shares[MEMBERS_MOST];
    uint32_t owned;

    if (count_shares(shares, &owned) != count || owned != PARTITIONS) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (shares[i] < PARTITIONS / count ||
            shares[i] > (PARTITIONS + count - 1) / count) {
            return false;
        }
    }
    return true;
}

/* Lets the members take turns until the partitions are divided.  Returns the
 * milliseconds that this took, at most `limit`. */
static int64_t divide(size_t count, int64_t limit)
{
    int64_t from = quipu_clock_now();
    int64_t took = 0;

    while (!is_divided_by(count)) {
        (void)take_turns();
        pause_for(5);
        took = (quipu_clock_now() - from) / MILLISECOND;
        assert_true(took <= limit);
    }
    return took;
}

static void catch_up(void)
{
    while (!take_turns() || group_position() < opened.stored) {
        pause_for(1);
    }
}

static void end(void)
{
    int64_t stored = opened.stored;

    for (int i = 0; i < MEMBERS_MOST; i++) {
        if (members[i]) {
            leave(i);
        }
    }
    close_log(&opened);
    struct model_counts counts =
        count_model(&model_sqlite, store_name, "applied@1", SEQUENCES);

    assert_exact(&counts);
    assert_int_equal(counts.record, stored);
    assert_int_equal(counts.rows + counts.parked, stored);
}

/* ------------------------------------------------------------------- cases */

static void members_have_equal_shares(void **state)
{
    (void)state;

    begin("shares");
    fill_log(&opened, 10 * SEQUENCES);
    for (int i = 0; i < 5; i++) { /* 8; 4 4; 3 3 2; 2 2 2 2; 2 2 2 1 1 */
        join(i);
        (void)divide((size_t)i + 1, SOON);
        fill_log(&opened, 1 * SEQUENCES);
    }
    catch_up();
    end();
}

static void partitions_of_one_that_leaves_are_taken_at_once(void **state)
{
    (void)state;

    begin("leaves");
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
    end();
}

/* ------------------------------------------------------ lost members (G4) */

/* The member stops working, as if its process had been killed or stopped. */
static quipu_projection *suspend(int i)
{
    quipu_projection *suspended = members[i];

    members[i] = NULL;
    return suspended;
}

/* Returns the milliseconds until one member has all partitions. */
static int64_t take_over(void)
{
    int64_t took = divide(1, 2 * LEASE + 1000);

    assert_true(took >= LEASE - LEASE / 3 - 20); /* since its last renewal */
    return took;
}

static void partitions_of_a_lost_member_are_taken_after_a_lease(void **state)
{
    (void)state;

    begin("lost");
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
    end();
}

/* A member that sees another one for the first time waits for a lease, by its
 * monotonic clock, while the clock of the day is set forwards or back (G3). */
static void clocks_of_the_day_are_not_compared(void **state)
{
    static const long jumps[] = { 3600, -3600 };
    (void)state;

    begin("clocks");
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
    end();
}

/* Renews nothing as long as the log has events, but works. */
static void working_members_are_not_removed(void **state)
{
    (void)state;

    begin("working");
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
    end();
}

/* The store fails for two leases, so that nobody renews: none is to blame. */
static void failing_store_costs_no_member_its_lease(void **state)
{
    (void)state;

    begin("outage");
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
    end();
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

    begin("meanwhile");
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
    end();
}

/* -------------------------------------------------------- fences (G1, G2) */

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
        begin("stopped");
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
        end();
    }
}

/* The same while the member renews: it must notice that it was removed, and
 * must not write its old entry again. */
static void removed_member_does_not_renew(void **state)
{
    (void)state;

    begin("renewal");
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
    end();
}

/* --------------------------------------------------------------- positions */

/* Partitions that were handled further than others, by a member that has left,
 * are not handled again by one that reads from the lowest position. */
static void positions_move_forwards_only(void **state)
{
    int64_t highest[PARTITIONS] = { 0 };
    (void)state;

    begin("positions");
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
    end();
}

static void status_and_wait_know_the_whole_group(void **state)
{
    quipu_consumer_status status = { .struct_size = sizeof(status) };
    (void)state;

    begin("status");
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
    end();
}

/* Other events move the positions, too, within a second. */
static void positions_pass_other_events(void **state)
{
    (void)state;

    begin("others");
    join(0);
    (void)divide(1, SOON);
    fill_log(&opened, SEQUENCES);
    catch_up();
    add_item(&opened, "x", "Other");
    catch_up();
    leave(0);
    close_log(&opened);
}

/* A partition that is further on than the log, which was set back. */
static void log_that_was_set_back_is_noticed(void **state)
{
    (void)state;

    begin("back");
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

/* --------------------------------------------------- alone, and in a group */

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

    begin("record");
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
    end();
}

/* The group begins between the opening and the first commit of a projection
 * that is alone, and that has no record yet. */
static void first_commit_alone_requires_that_there_is_no_group(void **state)
{
    quipu_projection *alone = NULL;
    (void)state;

    begin("first");
    fill_log(&opened, SEQUENCES);
    assert_ok(open_alone(&alone), &error);
    join(0);
    assert_refused(quipu_projection_step(alone, NULL, &error), QUIPU_CONFLICT,
                   &error, "is a group");
    assert_ok(quipu_projection_close(alone, &error), &error);
    catch_up();
    end();
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

    begin("moves");
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
    end();
}

/* ------------------------------------------------------------ wrong options */

static void refuse_group(quipu_group_options options, int status,
                         const char *text)
{
    const quipu_projection_options how = { .struct_size = sizeof(how),
                                           .context = &contexts[0],
                                           .group = &options };
    quipu_projection *projection = NULL;

    options.struct_size = sizeof(options);
    contexts[0].model = &model_sqlite;
    assert_refused(quipu_projection_open(opened.store, &applied_type, &how,
                                         &projection, &error),
                   status, &error, text);
}

static void wrong_options_are_refused(void **state)
{
    quipu_datastore *plain;
    quipu_group *group;
    char name[65];
    (void)state;

    memset(name, 'n', sizeof(name));
    name[64] = '\0';
    begin("wrong");
    refuse_group((quipu_group_options){ .partitions = 65 }, QUIPU_INVALID,
                 "above 64");
    refuse_group((quipu_group_options){ .lease_milliseconds = 99 },
                 QUIPU_INVALID, "from 100 to 3600000");
    refuse_group((quipu_group_options){ .lease_milliseconds = 3600001 },
                 QUIPU_INVALID, "from 100 to 3600000");
    refuse_group((quipu_group_options){ .member = name }, QUIPU_INVALID,
                 "up to 63 bytes");
    join(0);
    refuse_group((quipu_group_options){ .partitions = 9 }, QUIPU_CONFLICT,
                 "has 8 partitions, not 9");
    leave(0);
    close_log(&opened);
    interposed.without = QUIPU_CAN_ENTRIES;
    assert_ok(
        quipu_datastore_open("interposed:///plain.db", NULL, &plain, &error),
        &error);
    assert_refused(quipu_group_open(plain, "g", NULL, &group, &error),
                   QUIPU_UNSUPPORTED, &error, "entries");
    assert_ok(quipu_datastore_close(plain, &error), &error);
}

/* -------------------------------------------------------------------- reset */

static void reset_makes_all_members_begin_again(void **state)
{
    (void)state;

    begin("reset");
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
    end();
}

/* A reset meets a member that has read a batch. */
static void reset_now(void)
{
    assert_ok(quipu_projection_reset(members[0], &error), &error);
}

static void reset_refuses_a_batch_that_was_read_before(void **state)
{
    (void)state;

    begin("reset-batch");
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
    end();
}

/* ------------------------------------------------------------------- target */

static void count_row(void *context, int64_t id, int64_t cents)
{
    (void)id;
    (void)cents;
    *(int64_t *)context += 1;
}

/* The entries of the group are in the datastore of the read model. */
static void read_model_may_be_in_another_file(void **state)
{
    quipu_datastore *target;
    char target_name[96];
    char uri[128];
    int64_t rows = 0;
    (void)state;

    begin("events");
    fill_log(&opened, 10 * SEQUENCES);
    model_sqlite.prepare("model", "durability=relaxed", target_name);
    (void)snprintf(uri, sizeof(uri), "interposed:///%s", target_name);
    assert_ok(quipu_datastore_open(uri, NULL, &target, &error), &error);
    join_with(0, (quipu_projection_options){ .target = target });
    join_with(1, (quipu_projection_options){ .target = target });
    for (int64_t position = 0; position < opened.stored;) {
        struct quipu_group_state now = { .partition_count = 0 };

        (void)take_turns();
        assert_ok(quipu_group_state_read(&now, target, "applied@1", &error),
                  &error);
        position = quipu_group_state_lowest(
                       &now, quipu_group_all_partitions(now.partition_count))
                       .notification_id;
        quipu_group_state_finish(&now);
    }
    assert_int_equal(group_position(), 0); /* not beside the events */
    leave(0);
    leave(1);
    assert_ok(quipu_datastore_close(target, &error), &error);
    model_sqlite.read(target_name, count_row, &rows);
    assert_int_equal(rows, opened.stored);
    close_log(&opened);
}

/* ------------------------------------------------------------------ parking */

/* The partition of a sequence that has a parked event goes to a member that has
 * not parked it. */
static void parked_sequence_stays_parked_with_another_member(void **state)
{
    const quipu_projection_options options = {
        .on_failure = QUIPU_FAILURE_PARK_SEQUENCE,
        .attempts = 1,
        .batch_items = 7,
    };
    int64_t left = -1;
    (void)state;

    begin("parked");
    fill_log(&opened, SEQUENCES);
    join_with(0, options);
    contexts[0].refused = 5;
    contexts[0].refusal = QUIPU_NOT_FOUND;
    catch_up();
    join_with(1, options);
    (void)divide(2, SOON);
    leave(0);
    (void)divide(1, SOON);
    fill_log(&opened, 2 * SEQUENCES);
    catch_up();
    assert_ok(quipu_projection_retry(members[1], &left, &error), &error);
    assert_int_equal(left, 0);
    end();
}

/* --------------------------------------------------------- failing stores */

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
        begin("failures");
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
        end();
    }
}

/* ------------------------------------------------ loops of a program's own */

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

    begin("own");
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
        cmocka_unit_test(members_have_equal_shares),
        cmocka_unit_test(partitions_of_one_that_leaves_are_taken_at_once),
        cmocka_unit_test(partitions_of_a_lost_member_are_taken_after_a_lease),
        cmocka_unit_test(clocks_of_the_day_are_not_compared),
        cmocka_unit_test(working_members_are_not_removed),
        cmocka_unit_test(failing_store_costs_no_member_its_lease),
        cmocka_unit_test(member_that_joins_meanwhile_keeps_its_partitions),
        cmocka_unit_test(stopped_member_commits_nothing),
        cmocka_unit_test(removed_member_does_not_renew),
        cmocka_unit_test(positions_move_forwards_only),
        cmocka_unit_test(status_and_wait_know_the_whole_group),
        cmocka_unit_test(positions_pass_other_events),
        cmocka_unit_test(log_that_was_set_back_is_noticed),
        cmocka_unit_test(group_begins_at_the_tracking_record),
        cmocka_unit_test(first_commit_alone_requires_that_there_is_no_group),
        cmocka_unit_test(record_that_moves_is_read_again),
        cmocka_unit_test(wrong_options_are_refused),
        cmocka_unit_test(reset_makes_all_members_begin_again),
        cmocka_unit_test(reset_refuses_a_batch_that_was_read_before),
        cmocka_unit_test(read_model_may_be_in_another_file),
        cmocka_unit_test(parked_sequence_stays_parked_with_another_member),
        cmocka_unit_test(failures_lose_nothing),
        cmocka_unit_test(own_loop_is_fenced),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
