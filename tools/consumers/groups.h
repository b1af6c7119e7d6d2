/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups among the consumers of a listing: members, and the partitions that
 * each of them owns.
 *
 * A row of the table is a member, or the partitions that are free; its record
 * is the partition that is furthest behind.  A member that was killed is listed
 * until another one removes it.
 *
 *     group     member  record  behind  partitions
 *     shared@1  first        6       2  0-3, 7
 *     shared@1  (free)       6       2  4-6
 */
#ifndef QUIPU_TOOLS_CONSUMERS_GROUPS_H
#define QUIPU_TOOLS_CONSUMERS_GROUPS_H

#include "consumers/listing.h"

#include <jansson.h>

/* Prints a table of the groups, after an empty line; nothing if there are
 * none. */
void consumers_groups_print(const struct listing *listing);

/* Sets `partitions` and `members` of the line of a consumer that is a group: an
 * array with the record of each partition and the index of its owner or null,
 * and an array of members. */
void consumers_groups_set_json(json_t *line, const quipu_consumer *consumer);

#endif
