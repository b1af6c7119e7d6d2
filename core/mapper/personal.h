/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Personal members: sealed one by one on their way into a state, and opened on
 * their way out.  personal.c describes the form.
 */
#ifndef QUIPU_CORE_MAPPER_PERSONAL_H
#define QUIPU_CORE_MAPPER_PERSONAL_H

#include <quipu/sealing.h>

#include "encoding/decoder.h"
#include "encoding/encoder.h"
#include "mapper/item_key.h"
#include "mapper/mapper.h"
#include "sealing/sealer.h"

/* Type of the extension that a sealed member is. */
#define QUIPU_PERSONAL_EXT 1
/* Bytes of the extension before the ciphertext: suite, key id, nonce. */
#define QUIPU_PERSONAL_HEAD_SIZE \
    (1 + QUIPU_KEY_ID_SIZE + QUIPU_CIPHER_NONCE_SIZE)

/* The context in which the members of one event are sealed or opened. */
/* Lives while the members are encoded or decoded. */
typedef struct quipu_personal {
    const struct quipu_sealer *sealer;
    const quipu_item *item;   /* its sequence id, topic, position and flags */
    const quipu_event *event; /* its event id and originator id are set */
    /* The cipher that was used last: members often have the same subject. */
    struct quipu_cipher *cipher; /* held; or NULL */
    quipu_bytes subject;
    /* Of opening: the subjects of all members that were opened. */
    const struct quipu_subject *subjects;
} quipu_personal;

/* Releases the cipher. */
void quipu_personal_finish(quipu_personal *personal);

/* Returns whether the event has a personal member with a value. */
bool quipu_personal_has_any(const quipu_event *event);

/* Appends the value of QUIPU_STATE_PERSONAL: which members are sealed, and
 * where their subjects stand.  `key` is that of the type. */
void quipu_personal_write_names(quipu_encoder *encoder,
                                const quipu_item_key *key,
                                const quipu_event *event);

/*
 * Replaces the value of a member, which the encoder has from `start` on, by the
 * sealed one.  INVALID: the subject is empty; DENIED: it was forgotten; other
 * codes of the provider of keys.
 */
int quipu_personal_seal(quipu_personal *personal, quipu_encoder *encoder,
                        size_t start, const quipu_field *field);

/*
 * Opens the members that `names`, the value that quipu_personal_write_names has
 * written, says are sealed: the decoder, which is at the map of the members,
 * continues with a copy of the map, in its arena, that has them in clear, or as
 * nil if their keys were destroyed.  Then event->flags has
 * QUIPU_EVENT_FORGOTTEN.
 *
 * CORRUPT: a member was changed, or is not of this item.  DENIED: there are no
 * keys.  UNSUPPORTED: the suite is a newer one.  Other codes of the provider.
 */
int quipu_personal_open(quipu_personal *personal, quipu_decoder *decoder,
                        quipu_bytes names, quipu_event *event);

/* Reads the value of QUIPU_STATE_PERSONAL, and sets *names to its bytes.
 * CORRUPT. */
int quipu_personal_read_names(quipu_decoder *decoder, quipu_bytes *names);

/* Whether `names`, which may be absent, has a member. */
bool quipu_personal_is_named(quipu_bytes names, quipu_bytes member);

#endif
