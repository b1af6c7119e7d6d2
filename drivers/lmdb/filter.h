/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deciding whether an item of a log passes a filter (W1), before it is decoded.
 *
 * The core checks every item that the driver yields, so that an item may be
 * yielded that does not pass; but no item may be left out that does.  So the
 * partition of a sequence must be the one that types.h defines, for ever
 * (W3).
 */
#ifndef LMDB_DRIVER_FILTER_H
#define LMDB_DRIVER_FILTER_H

#include <quipu/driver.h>

#include <stdbool.h>

/* Returns true if an item with that sequence id and topic passes: it fits one
 * of the matches, its id begins with one of the prefixes, and its sequence is
 * in one of the partitions.  A condition that is not set passes every item. */
bool quipu_lmdb_filter_passes(const quipu_filter *filter,
                              const quipu_schema *schema,
                              quipu_bytes sequence_id, quipu_bytes topic);

/* Returns the partition of a sequence, below partition_count, which is not 0.
 * types.h defines it (quipu_filter). */
uint32_t quipu_lmdb_filter_partition(const quipu_schema *schema,
                                     quipu_bytes sequence_id,
                                     uint32_t partition_count);

#endif
