/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kept states that are sealed: a state that was made of personal members is
 * encrypted with the current keys of all their subjects, one after the other,
 * so that it cannot be used any more when one of them has been forgotten (D6).
 * If whole states of events are encrypted, it is encrypted with the key of the
 * store, too.
 *
 *     count of layers (1)
 *     for each:  size of the subject (1; 0: the store)  subject
 *                key id (16)  nonce (12)
 *     ciphertext of the last layer
 *
 * A layer is bound to the aggregate, the version and the last event of the
 * state.
 */
#ifndef QUIPU_CORE_SNAPSHOT_SEALED_STATE_H
#define QUIPU_CORE_SNAPSHOT_SEALED_STATE_H

#include "sealing/sealer.h"
#include "snapshot/snapshot.h"

/* Most layers; a state of more subjects is not kept. */
#define QUIPU_SEALED_LAYERS_MAX 32

/* The subjects of a state: each its size, a byte, and its bytes.  All zero: an
 * empty set. */
struct quipu_subject_set {
    uint8_t *bytes; /* owned */
    size_t size;
    size_t count;
};

/* Adds a subject of at most 255 bytes, unless the set has it.  NO_MEMORY. */
int quipu_sealed_state_add_subject(struct quipu_subject_set *set,
                                   quipu_bytes subject, quipu_error *error);

/* Makes the set empty. */
void quipu_sealed_state_clear_subjects(struct quipu_subject_set *set);

/* Whether a state with these subjects is kept sealed. */
bool quipu_sealed_state_is_needed(const struct quipu_sealer *sealer,
                                  const struct quipu_subject_set *set);

/*
 * Replaces the members of a state, which are plain, by sealed ones, which the
 * caller frees with quipu_release; the plain ones stay the caller's.  `id` is
 * that of the aggregate.
 *
 * DENIED: a subject was forgotten; INVALID: there are too many; NO_MEMORY;
 * codes of the provider of keys.
 */
int quipu_sealed_state_seal(const struct quipu_sealer *sealer,
                            const struct quipu_subject_set *set, quipu_bytes id,
                            struct quipu_snapshot *state, quipu_error *error);

/*
 * Opens the members of a sealed state into *members, which the caller frees
 * with quipu_release, and adds its subjects to the set.
 *
 * NOT_FOUND: a subject was forgotten; CORRUPT; NO_MEMORY; codes of the provider
 * of keys.
 */
int quipu_sealed_state_open(const struct quipu_sealer *sealer,
                            struct quipu_subject_set *set, quipu_bytes id,
                            const struct quipu_snapshot *state,
                            quipu_bytes *members, quipu_error *error);

#endif
