/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The groups among the consumers of a listing: members, and the partitions that
 * each of them owns.
 *
 * A row of the table is a member, or the partitions that are free; its record
 * is the partition that is furthest behind.  A member that was killed is listed
 * until another one removes it.
 */
#ifndef QUIPU_TOOLS_CONSUMERS_GROUPS_H
#define QUIPU_TOOLS_CONSUMERS_GROUPS_H

#include "consumers/listing.h"

#include <jansson.h>

/* Prints a table of the groups, after an empty line; nothing if there are
 * none. */
void consumers_groups_print(const struct listing *listing);

/* Sets the members `partitions` and `members` of the line of a consumer that is
 * a group. */
void consumers_groups_set_json(json_t *line, const quipu_consumer *consumer);

#endif
