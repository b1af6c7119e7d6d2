/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of a consumer group, and the state that they describe.
 *
 *   quipu/group/CONSUMER/partition/NN   NN: the number in two digits
 *       byte 1 (the format), token of the owner (16 bytes; zeros: free), the
 *       position up to which the partition has been handled: notification id
 *       (8), event id (16), identity of the store (16)
 *   quipu/group/CONSUMER/member/TOKEN   TOKEN: a random UUID as text
 *       byte 1, lease in milliseconds (4), name for listings
 *   quipu/group/CONSUMER/settings
 *       byte 1, number of partitions (4), name of the log, or "" for a group of
 *       a program's own loop
 *
 * Numbers are in little-endian order, texts stand after their size (2 bytes).
 * The settings and the entries of all partitions are written in one commit.  A
 * consumer has either these entries or a tracking record, never both.
 *
 *   INV1  The owner of a partition is the member with its token.  A partition
 *         whose token is that of no member is free; so a member's partitions
 *         are all free as soon as its entry is deleted.
 *   INV2  Each write of a partition's entry by a member expects the revision
 *         that it has read or written before: of all members one at most can
 *         commit for a partition (G1).  A reset writes all of them, after which
 *         no commit that was begun before succeeds.
 *   INV3  A member writes its own entry to show that it is alive, which changes
 *         nothing but the revision.
 */
#ifndef QUIPU_CORE_GROUP_GROUP_STATE_H
#define QUIPU_CORE_GROUP_GROUP_STATE_H

#include <quipu/entries.h>

#define QUIPU_GROUP_CONSUMER_MAX 127 /* bytes; without '/' */
#define QUIPU_GROUP_KEY_SIZE 256
#define QUIPU_GROUP_MEMBER_NAME_SIZE 64
/* Room for the value of any entry of a group. */
#define QUIPU_GROUP_VALUE_SIZE 320

struct quipu_group_partition {
    quipu_uuid owner; /* nil: free */
    quipu_position position;
    int64_t revision;
};

struct quipu_group_member {
    quipu_uuid token;
    uint32_t lease_milliseconds;
    char name[QUIPU_GROUP_MEMBER_NAME_SIZE];
    int64_t revision;
    int64_t seen_time; /* when this process had read this revision first */
};

struct quipu_group_state {
    uint32_t partition_count; /* 0: there is no such group */
    struct quipu_group_partition partitions[QUIPU_PARTITIONS_MAX];
    struct quipu_group_member *members; /* owned; by token */
    size_t member_count;
    size_t member_capacity;
};

struct quipu_group_settings {
    uint32_t partition_count;
    char log[256];
};

/* INVALID: a group cannot have this name. */
int quipu_group_state_check_consumer(const char *consumer, quipu_error *error);

/* Reads the settings.  NOT_FOUND: there is no such group; CORRUPT; codes of
 * quipu_entry_read. */
int quipu_group_state_read_settings(quipu_datastore *datastore,
                                    const char *consumer,
                                    struct quipu_group_settings *settings,
                                    quipu_error *error);

/*
 * Reads partitions, then members, into a zeroed state or one that was read
 * before, which keeps the `seen_time` of revisions that are the same.
 * NO_MEMORY, CORRUPT, codes of quipu_entries_open.
 */
int quipu_group_state_read(struct quipu_group_state *state,
                           quipu_datastore *datastore, const char *consumer,
                           quipu_error *error);
void quipu_group_state_finish(struct quipu_group_state *state);

/* Returns the member with a token, or NULL: a partition with this owner is
 * free. */
const struct quipu_group_member *quipu_group_state_member(
    const struct quipu_group_state *state, const quipu_uuid *token);

/* Return the lowest position of the partitions in the set (bit i: partition
 * i), up to which all their items have been handled, and the highest. */
quipu_position quipu_group_state_lowest(const struct quipu_group_state *state,
                                        uint64_t partitions);
quipu_position quipu_group_state_highest(const struct quipu_group_state *state,
                                         uint64_t partitions);

/* Returns the set of all partitions. */
static inline uint64_t quipu_group_all_partitions(uint32_t partition_count)
{
    return partition_count == 0 ? 0 : UINT64_MAX >> (64 - partition_count);
}

/* ---------------------------------------------------------------- writing */

/* An entry to be written, with its key and value; must not be moved. */
struct quipu_group_entry {
    char key[QUIPU_GROUP_KEY_SIZE];
    uint8_t value[QUIPU_GROUP_VALUE_SIZE];
};

/* Writes the prefix of the keys of a group; the consumer has at most 127
 * bytes. */
quipu_bytes quipu_group_state_prefix(const char *consumer,
                                     char prefix[QUIPU_GROUP_KEY_SIZE]);

/* Writes the key of a partition's entry. */
quipu_bytes quipu_group_state_partition_key(char key[QUIPU_GROUP_KEY_SIZE],
                                            const char *consumer,
                                            uint32_t number);

/* Fill `entry`, and return the write that refers to it, without flags. */
quipu_entry_write quipu_group_state_encode_partition(
    struct quipu_group_entry *entry, const char *consumer, uint32_t number,
    const struct quipu_group_partition *partition);
quipu_entry_write quipu_group_state_encode_member(
    struct quipu_group_entry *entry, const char *consumer,
    const struct quipu_group_member *member);
quipu_entry_write quipu_group_state_encode_settings(
    struct quipu_group_entry *entry, const char *consumer,
    const struct quipu_group_settings *settings);

/* Returns the check that there is no group of this name. */
quipu_entry_write quipu_group_state_check_absence(
    char key[QUIPU_GROUP_KEY_SIZE], const char *consumer);

/* Executes an append that writes entries of a group only.  `deadline`: 0, or an
 * earlier one than that of the datastore. */
int quipu_group_state_write(quipu_datastore *datastore,
                            const quipu_entry_write *writes, size_t count,
                            int64_t deadline, quipu_error *error);

#endif
