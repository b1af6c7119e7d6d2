/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The snapshots of one aggregate type, as entries of a datastore.
 *
 * A failure to read or write one is no failure of the caller: it is counted,
 * and the caller goes on without (D2).  The caller finds out whether a snapshot
 * belongs to the log, by snapshot->last_event.
 *
 * Any number of threads, between open and finish.
 */
#ifndef QUIPU_CORE_SNAPSHOT_SNAPSHOTS_H
#define QUIPU_CORE_SNAPSHOT_SNAPSHOTS_H

#include <pthread.h>
#include <stdatomic.h>

#include <quipu/records.h>
#include <quipu/snapshot.h>

#include "snapshot/snapshot.h"

/* Most snapshots of one aggregate. */
#define QUIPU_SNAPSHOTS_MAX 100

/* Constant after opening, except the counters. */
struct quipu_snapshots {
    quipu_datastore *datastore; /* counted as its child */
    bool is_readonly;
    uint32_t every;                    /* of the policy */
    uint32_t kept;                     /* at least 1 */
    struct quipu_snapshot_label label; /* layout, declared version and kept */
    char prefix[40];                   /* of the keys of the type */
    atomic_uint_least64_t used, refused, outdated, damaged, taken, failed;
    /* After a failure nothing is tried until then (clock.h). */
    atomic_int_least64_t rests_until;
    pthread_mutex_t mutex; /* protects the following */
    int last_code;
    char last_message[256];
};

/* Which snapshots can be used. */
struct quipu_snapshots_wanted {
    int64_t most;     /* events that they contain */
    int64_t erasures; /* at which they were made */
};

/* A snapshot that was found. */
struct quipu_snapshot_found {
    struct quipu_snapshot snapshot; /* its members are in the entry */
    quipu_entry *entry;             /* owned; NULL: there is none */
};

/*
 * Opens the snapshots of aggregates of the type `name` whose events are in
 * `records`.  `layout`: of all that a state depends on.
 *
 * UNSUPPORTED: the datastore keeps no entries.  NO_MEMORY; codes of
 * datastore.h.
 */
int quipu_snapshots_open(struct quipu_snapshots *snapshots,
                         const quipu_snapshot_policy *policy,
                         quipu_records *records, const char *name,
                         uint64_t layout, quipu_error *error);
void quipu_snapshots_finish(struct quipu_snapshots *snapshots);

/* Finds the newest readable snapshot of an aggregate of those that are wanted.
 * `id` is the text of its id, without a NUL.  The caller destroys
 * found->entry. */
void quipu_snapshots_find(struct quipu_snapshots *snapshots, quipu_bytes id,
                          const struct quipu_snapshots_wanted *wanted,
                          struct quipu_snapshot_found *found);

/*
 * Writes a snapshot as the newest of an aggregate, with the oldest one that is
 * more than the policy keeps removed in the same commit (D4).
 *
 * If the newest that is stored contains as many events, or more, nothing is
 * written, unless it was made at another number of erasures, or is at the
 * revision `wrong` (0: none), which does not
 * belong to the log.  Sets snapshot->version to that of the newest afterwards.
 *
 * CONFLICT: another process has replaced it at the same time.  DENIED: the
 * datastore was opened readonly.  INVALID: the state is larger than a value can
 * be.  Other codes of quipu_datastore_commit, counted as failures.
 * `milliseconds` limits the commit; 0: the timeout of the datastore does.
 */
int quipu_snapshots_write(struct quipu_snapshots *snapshots, quipu_bytes id,
                          struct quipu_snapshot *snapshot, int64_t wrong,
                          int64_t milliseconds, quipu_error *error);

/* Removes the snapshots of an aggregate, or of all if `id` is absent. */
int quipu_snapshots_remove(struct quipu_snapshots *snapshots, quipu_bytes id,
                           quipu_error *error);

/* Whether the last attempt to read or write has failed less than a second
 * ago. */
bool quipu_snapshots_rest(const struct quipu_snapshots *snapshots);

/* Fills the members of *counts that are about snapshots. */
void quipu_snapshots_count(struct quipu_snapshots *snapshots,
                           quipu_repository_counts *counts);

#endif
