/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attempt whose COMMIT was not answered: its requests were stored together,
 * or not at all.  The next attempt finds out by the event ids, and what it
 * finds stored was stored by this call: to the caller it is no repeat.
 */
#ifndef POSTGRES_DRIVER_DOUBT_H
#define POSTGRES_DRIVER_DOUBT_H

#include "group.h"

/* Remembers in group->doubtful what the lost attempt would have stored; NULL:
 * the event ids cannot tell what became of it, or no memory. */
void quipu_postgres_doubt_begin(struct group *group);

/* After an attempt that judged the group and committed: mends the results of
 * requests that the lost one stored. */
void quipu_postgres_doubt_end(struct group *group);

#endif
