/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decoding of one item: its state as a stream of tokens, the arena for what
 * the event points to, and messages that name the item and the field.
 *
 * A decoder lives on the stack of quipu_mapper_decode; envelope.c, members.c
 * and item_key.c decode their parts with it, one after the other.  The checks
 * of state.c use the same functions without an item and without an arena, so
 * that they accept no value that a mapper refuses.
 */
#ifndef QUIPU_CORE_ENCODING_DECODER_H
#define QUIPU_CORE_ENCODING_DECODER_H

#include <quipu/event.h>

#include "base/arena.h"
#include "encoding/reader.h"
#include "event/field.h"

/* All pointers are borrowed. */
typedef struct quipu_decoder {
    quipu_bytes state;      /* of the item, as it is stored */
    quipu_reader reader;    /* at the next byte of the state */
    const quipu_item *item; /* NULL: messages are about "the state" */
    bool text_ids;          /* its sequence id is text; otherwise a UUID */
    quipu_arena *arena; /* NULL: text and bytes point into the state, and text
                           does not end with a NUL */
    bool lends;         /* bytes point into the item, with an arena, too */
    quipu_error *error; /* or NULL */
} quipu_decoder;

/* ---------------------------------------------------------------- failing */

/* Fills the error with CORRUPT: the item, the field that `path` leads to (NULL:
 * the state as a whole), and the reason.  Returns CORRUPT. */
int quipu_decoder_refuse(const quipu_decoder *decoder,
                         const quipu_field_path *path, const char *why);

/* The same for a token of the wrong kind: "is a map instead of text". */
int quipu_decoder_refuse_kind(const quipu_decoder *decoder,
                              const quipu_field_path *path, const char *wanted,
                              const quipu_token *token);

/* Fills the error with `status`, the item and the reason, which is about the
 * item and not its state.  Returns `status`. */
int quipu_decoder_refuse_item(const quipu_decoder *decoder, int status,
                              const char *why);

/* ---------------------------------------------------------------- reading */

/* Fills the error with CORRUPT after a read that has failed; returns that. */
int quipu_decoder_refuse_read(const quipu_decoder *decoder,
                              const quipu_field_path *path, int read);

/* Reads the next token.  CORRUPT, naming `path` as above. */
static inline int quipu_decoder_next(quipu_decoder *decoder,
                                     const quipu_field_path *path,
                                     quipu_token *token)
{
    int read = quipu_reader_next(&decoder->reader, token);

    return read == QUIPU_READ_OK
               ? QUIPU_OK
               : quipu_decoder_refuse_read(decoder, path, read);
}

/* Skips the elements that follow an array's or map's head.  CORRUPT. */
int quipu_decoder_skip(quipu_decoder *decoder, const quipu_field_path *path,
                       const quipu_token *token);

/* Returns bytes of the item or of its state as the event keeps them: a copy in
 * the arena, or themselves if they are lent.  NULL: no memory. */
const void *quipu_decoder_keep(const quipu_decoder *decoder, quipu_bytes bytes);

/*
 * Sets the member at `to`, which is neither a struct nor an array, from a
 * token; a text or bytes value is copied or lent as the decoder says.
 * CORRUPT: the token is of another kind or out of the member's range;
 * NO_MEMORY.
 */
int quipu_decoder_value(const quipu_decoder *decoder, const quipu_field *field,
                        const quipu_token *token, char *to,
                        const quipu_field_path *path);

#endif
