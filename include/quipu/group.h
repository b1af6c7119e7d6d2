/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups: several processes and threads divide the work of one consumer.
 *
 * The sequences of a log are divided into partitions (quipu_filter in types.h).
 * Each partition belongs to one member of the group at a time, so that the
 * events of a sequence are handled in their order.  Members join and leave at
 * any time: the partitions are then divided again, in equal shares (G6), and
 * those of a member that was killed are taken over by others (G4).
 *
 * Each thread that opens a projection with the same options is a member:
 *
 *     const quipu_group_options group = { .struct_size = sizeof(group),
 *                                         .partitions = 16 };
 *     const quipu_projection_options options = {
 *         .struct_size = sizeof(options), .group = &group
 *     };
 *
 *     status = quipu_projection_open(store, &balances, &options, &projection,
 *                                    error);
 *     status = quipu_projection_run(projection, error); // a member meanwhile
 *
 * A member shows that it is alive by writing an entry, three times in each
 * lease.  Another member that has seen this entry unchanged for a whole lease,
 * by its own monotonic clock, removes it, and the partitions are free.  Clocks
 * of two machines are never compared (G3), and safety does not depend on any
 * clock: each commit for a partition requires that the partition's entry is as
 * its owner has written it, so that a member that was stopped for long and does
 * not know that it lost a partition gets CONFLICT (G1, G2).
 *
 * Members look at the group's entries every half second.  There is no thread
 * behind it: the call that runs the projection does it on its way.  A handler
 * that runs for longer than a lease may cost the member its partitions, and its
 * changes are then rolled back.
 *
 * The entries are in the datastore to which the members write (the target of a
 * projection), under "quipu/group/CONSUMER/".
 */
#ifndef QUIPU_GROUP_H
#define QUIPU_GROUP_H

#include <quipu/datastore.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero is the default of each member. */
typedef struct quipu_group_options {
    uint32_t struct_size;
    /* 1 to 64; recorded by the first member, and CONFLICT for those that give
     * another number.  0: as recorded, or 1, of which one member is active and
     * the others are ready to take over. */
    uint32_t partitions;
    /* The time after which a member that shows no sign of life is removed: 100
     * to 3,600,000 milliseconds (0: 10,000).  Members may differ. */
    uint32_t lease_milliseconds;
    uint32_t reserved;
    /* For listings: up to 63 bytes of text.  NULL: the names of host and
     * process. */
    const char *member;
} quipu_group_options;

/* --------------------------------------- for loops of a program's own */

/*
 * A member of a group whose work is done by a loop of the program, for example
 * one that calls a service and records the result:
 *
 *     status = quipu_group_open(datastore, "invoices", &options, &group,
 *                               error);
 *     while (status == QUIPU_OK && !stopped) {
 *         quipu_entry_write fence;
 *         uint64_t held;
 *
 *         status = quipu_group_renew(group, &held, error);
 *         for (uint32_t p = 0; status == QUIPU_OK && p < 16; p++) {
 *             if (quipu_group_fence(group, p, &fence)) {
 *                 status = handle_partition(p, &fence, error);
 *             }
 *         }
 *     }
 *     quipu_group_close(group, NULL);
 *
 * where handle_partition puts the fence among the entries of each append.  The
 * group keeps no position; that is the program's.
 *
 * Threads: one at a time.
 */
typedef struct quipu_group quipu_group;

/*
 * Joins a group with the first call of quipu_group_renew.  `consumer` is the
 * group's name: 1 to 127 bytes of text without '/'.  The datastore must outlive
 * the group.  UNSUPPORTED: the store keeps no entries.  CONFLICT: the group has
 * another number of partitions, which the message tells, or is that of a
 * projection.  INVALID: the name or an option is wrong.
 */
QUIPU_API int quipu_group_open(quipu_datastore *datastore, const char *consumer,
                               const quipu_group_options *options,
                               quipu_group **group, quipu_error *error);

/*
 * Shows that the member is alive, takes partitions that are free, and gives up
 * those beyond its share, if it is time for that; must be called three times in
 * each lease.  Sets *held to the partitions that the member holds: bit i for
 * partition i.  A write that would have to wait is left to a later call.  After
 * BUSY, TIMEOUT, IO and UNKNOWN_OUTCOME call it again; the fences remain as
 * they were.
 */
QUIPU_API int quipu_group_renew(quipu_group *group, uint64_t *held,
                                quipu_error *error);

/*
 * Sets *fence to the check that the member holds a partition, for the entries
 * of an append: CONFLICT (QUIPU_CAUSE_ENTRY) if another member has taken it.
 * Its revision is the same as long as the member holds the partition; after
 * another one the partition was perhaps another member's meanwhile, and the
 * program reads again how far it was handled.  The key is valid until the group
 * is closed.  Returns false if the member does not hold the partition.
 */
QUIPU_API bool quipu_group_fence(const quipu_group *group, uint32_t partition,
                                 quipu_entry_write *fence);

/* Leaves the group, so that others take the partitions at once (G5), and closes
 * it in any case.  Returns the status of leaving.  NULL is allowed. */
QUIPU_API int quipu_group_close(quipu_group *group, quipu_error *error);

#ifdef __cplusplus
}
#endif

#endif
