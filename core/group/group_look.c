/* SPDX-License-Identifier: Apache-2.0 */
/* Looks of a member at the entries of its group; group.h has the method. */
#include "group/group.h"

#include <inttypes.h>
#include <string.h>

#include <quipu/id.h>

#include "base/clock.h"
#include "base/status.h"

#define MILLISECOND INT64_C(1000000)
#define LOOK_NANOSECONDS (500 * MILLISECOND) /* between two looks, at most */
/* Repetitions of a look in which other members were faster. */
#define ROUNDS 8

static int64_t lease(const struct quipu_group_member *member)
{
    return member->lease_milliseconds * MILLISECOND;
}

static uint64_t bit(uint32_t partition)
{
    return UINT64_C(1) << partition;
}

/* A write that waits for another process, for example one that was stopped in
 * a transaction, must not cost the member its own lease. */
static int write_entries(const struct quipu_group *group,
                         const quipu_entry_write *writes, size_t count,
                         quipu_error *error)
{
    return quipu_group_state_write(
        group->datastore, writes, count,
        quipu_clock_deadline(group->self.lease_milliseconds / 3), error);
}

/* ---------------------------------------------------------------- reading */

static void lose_all(struct quipu_group *group)
{
    group->self.revision = 0;
    group->is_changed = group->is_changed || group->held != 0;
    group->held = 0;
}

/* Adopts what was read: `before` has the revisions that the member knew. */
static void adopt(struct quipu_group *group, const int64_t *before)
{
    const struct quipu_group_state *state = &group->state;
    const struct quipu_group_member *self =
        quipu_group_state_member(state, &group->self.token);
    uint64_t held = 0;

    if (!self) { /* it was removed, or has not joined */
        lose_all(group);
        return;
    }
    group->self.revision = self->revision;
    for (uint32_t i = 0; i < state->partition_count; i++) {
        const struct quipu_group_partition *partition = &state->partitions[i];

        if (memcmp(&partition->owner, &self->token, sizeof(self->token)) == 0) {
            held |= bit(i);
            group->is_changed =
                group->is_changed || partition->revision != before[i];
        }
    }
    group->is_changed = group->is_changed || held != group->held;
    group->held = held;
}

/* As long as the store fails, no member can renew, so that the revisions seen
 * before do not count. */
static void forget_seen(struct quipu_group_state *state)
{
    for (size_t i = 0; i < state->member_count; i++) {
        state->members[i].revision = 0;
    }
}

int quipu_group_look_read(struct quipu_group *group, quipu_error *error)
{
    const uint32_t count = group->partition_count;
    int64_t before[QUIPU_PARTITIONS_MAX] = { 0 };

    for (uint32_t i = 0; i < count; i++) {
        before[i] = group->state.partitions[i].revision;
    }
    int status = quipu_group_state_read(&group->state, group->datastore,
                                        group->consumer, error);

    if (status != QUIPU_OK) {
        forget_seen(&group->state);
        return status;
    }
    adopt(group, before);
    group->is_known = true;
    return group->state.partition_count == count
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_CONFLICT,
                                 "group \"%s\" was removed, or created again "
                                 "with %" PRIu32 " partitions instead of "
                                 "%" PRIu32 "; close and open it",
                                 group->consumer, group->state.partition_count,
                                 count);
}

/* ------------------------------------------------------ the member's entry */

/* Joins, or renews the own entry if that is due.  *again: the entries have
 * changed. */
static int show_alive(struct quipu_group *group, bool *again,
                      quipu_error *error)
{
    const int64_t now = quipu_clock_now();
    const bool joins = group->self.revision == 0;
    struct quipu_group_entry entry;

    if (!joins && now < group->renewal_time) {
        return QUIPU_OK;
    }
    if (joins) {
        quipu_uuid_ordered(&group->self.token);
    }
    quipu_entry_write write =
        quipu_group_state_encode_member(&entry, group->consumer, &group->self);

    write.flags = QUIPU_ENTRY_EXPECT;
    write.revision = group->self.revision;
    int status = write_entries(group, &write, 1, error);

    if (status == QUIPU_CONFLICT) {
        lose_all(group); /* another member has removed this one */
        *again = true;
        return QUIPU_OK;
    }
    if (status == QUIPU_OK) {
        group->self.revision += !joins; /* K3 */
        group->renewal_time = now + lease(&group->self) / 3;
        *again = joins;
    }
    return status;
}

/* Deletes the entries of members that were alive last a lease before `now`,
 * which is a time before the state was read (INV3). */
static int remove_dead(struct quipu_group *group, int64_t now, bool *again,
                       quipu_error *error)
{
    int status = QUIPU_OK;

    for (size_t i = 0; status == QUIPU_OK && i < group->state.member_count;
         i++) {
        const struct quipu_group_member *member = &group->state.members[i];
        struct quipu_group_entry entry;

        if (now - member->seen_time < lease(member) ||
            memcmp(&member->token, &group->self.token, sizeof(member->token)) ==
                0) {
            continue;
        }
        quipu_entry_write deletion =
            quipu_group_state_encode_member(&entry, group->consumer, member);

        deletion.value = (quipu_bytes){ NULL, 0 };
        deletion.flags = QUIPU_ENTRY_DELETE | QUIPU_ENTRY_EXPECT;
        deletion.revision = member->revision;
        status = write_entries(group, &deletion, 1, error);
        *again = true;
        if (status == QUIPU_CONFLICT) { /* it is alive, or removed already */
            status = QUIPU_OK;
        }
    }
    return status;
}

/* ----------------------------------------------------------------- shares */

/* Returns the number of partitions that the member should have. *rank: its
 * place among the members. */
static uint32_t share(const struct quipu_group *group, uint32_t *rank)
{
    const struct quipu_group_state *state = &group->state;
    uint32_t members =
        state->member_count > 0 ? (uint32_t)state->member_count : 1;

    *rank = 0;
    while (*rank < members &&
           memcmp(&state->members[*rank].token, &group->self.token,
                  sizeof(group->self.token)) != 0) {
        ++*rank;
    }
    return state->partition_count / members +
           (*rank < state->partition_count % members);
}

static uint64_t free_partitions(const struct quipu_group_state *state)
{
    uint64_t free = 0;

    for (uint32_t i = 0; i < state->partition_count; i++) {
        if (!quipu_group_state_member(state, &state->partitions[i].owner)) {
            free |= bit(i);
        }
    }
    return free;
}

/* Chooses up to `count` of the partitions in a set.  Members of other ranks
 * begin at other places, so that they seldom choose the same. */
static uint64_t choose(const struct quipu_group *group, uint64_t set,
                       uint32_t count, uint32_t rank)
{
    uint32_t all = group->state.partition_count;
    uint32_t begin = rank * count % all;
    uint64_t chosen = 0;

    for (uint32_t i = 0; i < all && count > 0; i++) {
        uint64_t candidate = bit((begin + i) % all) & set;

        chosen |= candidate;
        count -= candidate != 0;
    }
    return chosen;
}

/* Writes a new owner (nil: none) into the entries of some partitions. */
static int transfer(struct quipu_group *group, uint64_t partitions,
                    const quipu_uuid *owner, quipu_error *error)
{
    struct quipu_group_entry entries[QUIPU_PARTITIONS_MAX];
    quipu_entry_write writes[QUIPU_PARTITIONS_MAX];
    struct quipu_group_state *state = &group->state;
    size_t count = 0;

    for (uint32_t i = 0; i < state->partition_count; i++) {
        struct quipu_group_partition next = state->partitions[i];

        if (!(partitions & bit(i))) {
            continue;
        }
        next.owner = *owner;
        writes[count] = quipu_group_state_encode_partition(
            &entries[count], group->consumer, i, &next);
        writes[count].flags = QUIPU_ENTRY_EXPECT;
        writes[count++].revision = next.revision;
    }
    return write_entries(group, writes, count, error);
}

/* Takes or gives up partitions until the member has its share.  *again: the
 * entries have to be read again. */
static int balance(struct quipu_group *group, bool *again, quipu_error *error)
{
    const quipu_uuid nobody = { .bytes = { 0 } };
    uint32_t rank;
    uint32_t wanted = share(group, &rank);
    uint32_t held = (uint32_t)__builtin_popcountll(group->held);
    uint64_t free = free_partitions(&group->state);
    int status;

    if (held > wanted) {
        status =
            transfer(group, choose(group, group->held, held - wanted, rank),
                     &nobody, error);
    } else if (held < wanted && free != 0) {
        status = transfer(group, choose(group, free, wanted - held, rank),
                          &group->self.token, error);
    } else {
        return QUIPU_OK;
    }
    *again = true;
    return status == QUIPU_CONFLICT ? QUIPU_OK : status;
}

/* ------------------------------------------------------------------ looks */

/* Writes what is due.  *again: the entries have to be read again. */
static int write_due(struct quipu_group *group, int64_t begin, bool *again,
                     quipu_error *error)
{
    int status = show_alive(group, again, error);

    if (status == QUIPU_OK && !*again) {
        status = remove_dead(group, begin, again, error);
    }
    return status == QUIPU_OK && !*again ? balance(group, again, error)
                                         : status;
}

static int look(struct quipu_group *group, bool *again, quipu_error *error)
{
    int64_t begin = quipu_clock_now();
    quipu_error cause;
    int status = quipu_group_look_read(group, error);

    *again = false;
    if (status != QUIPU_OK) {
        return status;
    }
    quipu_status_begin(&cause);
    status = write_due(group, begin, again, &cause);
    if (status == QUIPU_BUSY || status == QUIPU_TIMEOUT) {
        /* Another process is in a long transaction: a later look does it. */
        *again = false;
        return QUIPU_OK;
    }
    return quipu_status_end(status, &cause, error, "a look at the group");
}

int quipu_group_look(struct quipu_group *group, quipu_error *error)
{
    int64_t now = quipu_clock_now();
    bool again = true;
    int status = QUIPU_OK;

    if (group->is_known && now < group->look_time) {
        return QUIPU_OK;
    }
    for (int i = 0; status == QUIPU_OK && again && i < ROUNDS; i++) {
        status = look(group, &again, error);
    }
    int64_t third = lease(&group->self) / 3;

    group->look_time =
        now + (third < LOOK_NANOSECONDS ? third : LOOK_NANOSECONDS);
    group->is_known = status == QUIPU_OK;
    return status;
}
