/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the members of a group that apply a projection in SQLite (G1 to G6). */
#include "model_fixture.h"

#include <dlfcn.h>
#include <time.h>

#include "base/clock.h"
#include "group/group_state.h"

#define MILLISECOND INT64_C(1000000)

enum { LEASE = 300, PARTITIONS = 8, SEQUENCES = 24 };

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

/* The members of a case, which take turns in one thread.  NULL: none, or one
 * that does not work any more. */
static struct opened_log opened;
static char store_name[96];
static struct applied contexts[MEMBERS_MOST];
static quipu_projection *members[MEMBERS_MOST];

static void begin(const char *name)
{
    memset(contexts, 0, sizeof(contexts));
    memset(members, 0, sizeof(members));
    model_sqlite.prepare(name, "", store_name);
    open_log(&opened, store_name);
    opened.sequences = SEQUENCES;
}

static const quipu_group_options group_options = {
    .struct_size = sizeof(group_options),
    .partitions = PARTITIONS,
    .lease_milliseconds = LEASE,
};

static void join_with(int i, quipu_projection_options options)
{
    contexts[i].model = &model_sqlite;
    options.group = &group_options;
    members[i] = open_applied(&opened, &contexts[i], options);
}

static void join(int i)
{
    join_with(i, (quipu_projection_options){ .batch_items = 7 });
}

static void leave(int i)
{
    assert_ok(quipu_projection_close(members[i], &error), &error);
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
        (void)divide((size_t)i + 1, 3 * LEASE);
        fill_log(&opened, 1 * SEQUENCES);
    }
    catch_up();
    end();
}

static void partitions_of_one_that_leaves_are_taken_at_once(void **state)
{
    (void)state;

    begin("leaves");
    for (int i = 0; i < 3; i++) {
        join(i);
    }
    (void)divide(3, 3 * LEASE);
    fill_log(&opened, 10 * SEQUENCES);
    leave(0);
    (void)divide(2, LEASE - 50); /* before a lease has passed */
    leave(1);
    (void)divide(1, LEASE - 50);
    catch_up();
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_have_equal_shares),
        cmocka_unit_test(partitions_of_one_that_leaves_are_taken_at_once),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
