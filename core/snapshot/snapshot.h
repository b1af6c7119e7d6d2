/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kept state of an aggregate, and its form as the value of an entry.
 *
 * A state says to which log it belongs by the checksum of the last event that
 * it contains.  A replay that uses it reads this event again, and compares.
 */
#ifndef QUIPU_CORE_SNAPSHOT_SNAPSHOT_H
#define QUIPU_CORE_SNAPSHOT_SNAPSHOT_H

#include <quipu/types.h>

/* A state. */
struct quipu_snapshot {
    int64_t version;     /* number of events that it contains, above 0 */
    uint64_t last_event; /* quipu_snapshot_event of the one at version - 1 */
    int64_t erasures;    /* of the schema, before its events were read (E9) */
    quipu_bytes members; /* packed (event/packed_fields.h); borrowed */
    bool is_sealed;      /* they are sealed (sealed_state.h) */
};

/* The rest of a value: its layout and version, by which its state can be read
 * or not, and its place among the snapshots of the aggregate. */
struct quipu_snapshot_label {
    uint64_t layout;   /* of the members, the events, and the erasures */
    uint32_t declared; /* the version in the program's policy */
    uint32_t kept;     /* the number in the policy of its writer */
    uint32_t number;   /* of snapshots that were taken before it; may wrap */
};

enum quipu_snapshot_verdict {
    QUIPU_SNAPSHOT_READABLE,
    QUIPU_SNAPSHOT_DAMAGED,
    QUIPU_SNAPSHOT_OUTDATED /* of another layout or declared version */
};

/* Returns the layout of a value whose state was made at that number of
 * erasures: one that is made at another number is OUTDATED.  With 0 it is the
 * layout of the members and events itself. */
uint64_t quipu_snapshot_layout(uint64_t layout, int64_t erasures);

/* Returns a checksum of an item: of its position and of all that handlers can
 * see of its event. */
uint64_t quipu_snapshot_event(const quipu_item *item);

/* Returns the number of bytes of a snapshot's value. */
size_t quipu_snapshot_size(const struct quipu_snapshot *snapshot);

/* Writes the value.  `key` is that of the aggregate's newest snapshot, and part
 * of the checksum, so that the value of another aggregate is damaged. */
void quipu_snapshot_encode(const struct quipu_snapshot *snapshot,
                           const struct quipu_snapshot_label *label,
                           quipu_bytes key, void *value);

/* Reads a value, into which snapshot->members then points.  `wanted` has the
 * layout and the declared version of the program.  Unless the value is READABLE
 * nothing is set. */
enum quipu_snapshot_verdict quipu_snapshot_decode(
    quipu_bytes value, quipu_bytes key,
    const struct quipu_snapshot_label *wanted, struct quipu_snapshot *snapshot,
    struct quipu_snapshot_label *label);

#endif
