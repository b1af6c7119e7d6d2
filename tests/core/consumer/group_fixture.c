/* SPDX-License-Identifier: Apache-2.0 */
#include "group_fixture.h"

#include <time.h>

#include "base/clock.h"

static quipu_error error;

struct opened_log opened;
struct opened_log logs[MEMBERS_MOST];
char store_name[96];
struct applied contexts[MEMBERS_MOST];
quipu_projection *members[MEMBERS_MOST];
quipu_group_options group_options = {
    .struct_size = sizeof(group_options),
    .partitions = PARTITIONS,
};

void pause_for(int milliseconds)
{
    const struct timespec duration = { .tv_nsec = milliseconds * MILLISECOND };

    (void)nanosleep(&duration, NULL);
}

void begin_case(const char *name)
{
    memset(contexts, 0, sizeof(contexts));
    memset(members, 0, sizeof(members));
    group_options.lease_milliseconds = LEASE;
    model_sqlite.prepare(name, "durability=relaxed", store_name);
    open_log(&opened, store_name);
    opened.sequences = SEQUENCES;
}

void join_with(int i, quipu_projection_options options)
{
    open_log(&logs[i], store_name);
    contexts[i].model = &model_sqlite;
    options.group = &group_options;
    members[i] = open_applied(&logs[i], &contexts[i], options);
}

void join(int i)
{
    join_with(i, (quipu_projection_options){ .batch_items = 7 });
}

void leave(int i)
{
    assert_ok(quipu_projection_close(members[i], &error), &error);
    close_log(&logs[i]);
    members[i] = NULL;
}

bool take_turns(void)
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

struct quipu_group_state read_state(void)
{
    struct quipu_group_state state = { .partition_count = 0 };

    assert_ok(
        quipu_group_state_read(&state, opened.datastore, "applied@1", &error),
        &error);
    return state;
}

int64_t group_position(void)
{
    struct quipu_group_state state = read_state();
    int64_t position =
        quipu_group_state_lowest(&state, UINT64_MAX).notification_id;

    quipu_group_state_finish(&state);
    return position;
}

size_t count_shares(uint32_t shares[MEMBERS_MOST], uint32_t *owned)
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

int64_t divide(size_t count, int64_t limit)
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

void catch_up(void)
{
    while (!take_turns() || group_position() < opened.stored) {
        pause_for(1);
    }
}

void end_case(void)
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

quipu_projection *suspend(int i)
{
    quipu_projection *suspended = members[i];

    members[i] = NULL;
    return suspended;
}

int64_t take_over(void)
{
    int64_t took = divide(1, 2 * LEASE + 1000);

    assert_true(took >= LEASE - LEASE / 3 - 20); /* since its last renewal */
    return took;
}
