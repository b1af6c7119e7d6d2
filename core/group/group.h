/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member of a consumer group: joins, shows that it is alive, takes and gives
 * up partitions, and leaves.  group_state.h has the entries.
 *
 * A look reads all entries of the group, and does what is due: the member
 * writes its own entry (three times in a lease), deletes the entries of members
 * that it has seen unchanged for a lease, and takes free partitions or gives up
 * some, until it has its share.  The members are ordered by their tokens; of m
 * members the first n mod m have a share of n / m + 1 partitions, the others of
 * n / m, so that all compute the same shares.  If a write is refused, another
 * member was faster, and the look is repeated.
 *
 *   INV1  `held` are the partitions whose entries have the token of this member
 *         and the revisions in `state`.  A change that this member has not
 *         committed itself sets `is_changed`, and the work that is based on
 *         the state before must be given up.
 *   INV2  After a commit whose outcome is unknown, `is_known` is false until
 *         the entries have been read, and nothing is committed meanwhile.
 *   INV3  A member is removed only if two reads by this process, at least its
 *         lease apart, found the same revision of its entry, and no read
 *         between them failed.  No time that another process has measured is
 *         used (G3).
 *
 * One thread at a time.
 */
#ifndef QUIPU_CORE_GROUP_GROUP_H
#define QUIPU_CORE_GROUP_GROUP_H

#include <quipu/group.h>

#include "group/group_state.h"

struct quipu_group {
    quipu_datastore *datastore;
    char consumer[QUIPU_GROUP_CONSUMER_MAX + 1];
    struct quipu_group_member self; /* `revision` 0: has not joined */
    uint32_t partition_count;       /* never another one */
    struct quipu_group_state state; /* as it was read or written last */
    uint64_t held;                  /* INV1; bit i: partition i */
    bool is_changed;                /* INV1; reset by the user of the member */
    bool is_known;                  /* INV2 */
    int64_t look_time;              /* of the next look */
    int64_t renewal_time;           /* of the next write of the own entry */
    struct quipu_group_entry scratch[QUIPU_PARTITIONS_MAX]; /* of a commit */
    /* Lent by quipu_group_fence. */
    char fence_keys[QUIPU_PARTITIONS_MAX][QUIPU_GROUP_KEY_SIZE];
};

/*
 * Initializes a member, which has not joined yet, and reads the state.  If
 * there is no such group it is created, with all partitions at `begin`, and the
 * tracking record of the consumer for `log`, which must be at `begin`, is
 * removed in the same commit.  `log` "": there is no record.
 *
 * CONFLICT: the number of partitions or the log is another one; or the record
 * is not at `begin` any more, and the caller reads it again.  *moved tells
 * which.  INVALID: an option is wrong.  quipu_group_finish must be called if
 * the result is OK.
 */
int quipu_group_init(struct quipu_group *group, quipu_datastore *datastore,
                     const char *consumer, const char *log,
                     const quipu_position *begin,
                     const quipu_group_options *given, bool *moved,
                     quipu_error *error);
void quipu_group_finish(struct quipu_group *group);

/* Looks if it is time to, or if the state is unknown.  Joins if the member has
 * not joined or was removed. */
int quipu_group_look(struct quipu_group *group, quipu_error *error);

/* Reads the state, and changes nothing. */
int quipu_group_look_read(struct quipu_group *group, quipu_error *error);

/* Deletes the entry of the member: its partitions are free. */
int quipu_group_leave(struct quipu_group *group, quipu_error *error);

/* --------------------------------------------------------------- commits */

/*
 * Fills the writes that move the partitions held to `position`: those above it
 * are checked only.  With `rewinds` all partitions of the group are set to it,
 * and keep their owners.  `writes` has room for QUIPU_PARTITIONS_MAX; keys and
 * values are in group->scratch.  Returns the number.
 */
size_t quipu_group_fill(struct quipu_group *group,
                        const quipu_position *position, bool rewinds,
                        quipu_entry_write *writes);

/* Notes that these writes are committed. */
void quipu_group_committed(struct quipu_group *group,
                           const quipu_position *position, bool rewinds);

/* Notes that the outcome of a commit is unknown (INV2). */
static inline void quipu_group_doubt(struct quipu_group *group)
{
    group->is_known = false;
}

/* Returns whether the partition of a sequence was handled up to an item. */
bool quipu_group_has_handled(const struct quipu_group *group,
                             const quipu_schema *schema,
                             const quipu_item *item);

#endif
