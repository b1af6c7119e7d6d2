/* SPDX-License-Identifier: Apache-2.0 */
/* The members of one group that apply a projection in SQLite.  They take turns
 * in one thread, each with a datastore of its own. */
#ifndef QUIPU_TESTS_GROUP_FIXTURE_H
#define QUIPU_TESTS_GROUP_FIXTURE_H

#include "model_fixture.h"

#include "group/group_state.h"

#define MILLISECOND INT64_C(1000000)

/* The lease of cases in which one passes, that of others, and the milliseconds
 * in which the partitions are divided. */
enum {
    LEASE = 300,
    LONG_LEASE = 20000,
    SOON = 5000,
    PARTITIONS = 8,
    SEQUENCES = 24,
    MEMBERS_MOST = 8
};

extern struct opened_log opened; /* to append and to look */
extern char store_name[96];
extern quipu_group_options group_options;
/* Of each member: its log, its context, and its projection, which is NULL if
 * there is none, or one that does not work any more. */
extern struct opened_log logs[MEMBERS_MOST];
extern struct applied contexts[MEMBERS_MOST];
extern quipu_projection *members[MEMBERS_MOST];

void pause_for(int milliseconds);

/* Opens an empty store for a case, with the short lease. */
void begin_case(const char *name);
/* Closes all, and fails unless the read model is exact. */
void end_case(void);

void join(int i);
void join_with(int i, quipu_projection_options options);
void leave(int i);

/* The member stops working, as if its process had been killed or stopped.
 * Returns it, to be put back. */
quipu_projection *suspend(int i);

/* One step of each member.  Returns true if all have caught up. */
bool take_turns(void);

/* Lets the members take turns until the group has handled the whole log. */
void catch_up(void);

/* Lets the members take turns until `count` members have equal shares of all
 * partitions.  Returns the milliseconds that this took, at most `limit`. */
int64_t divide(size_t count, int64_t limit);

/* Returns the milliseconds until one member has the partitions of a lost one,
 * too: a lease at least. */
int64_t take_over(void);

/* The entries of the group; the caller finishes them. */
struct quipu_group_state read_state(void);

/* The lowest position of all partitions. */
int64_t group_position(void);

/* Counts the partitions of each member; *owned: all together.  Returns the
 * number of members. */
size_t count_shares(uint32_t shares[MEMBERS_MOST], uint32_t *owned);

#endif
