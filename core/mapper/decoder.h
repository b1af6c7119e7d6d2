/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the decoder share. */
#ifndef QUIPU_CORE_MAPPER_DECODER_H
#define QUIPU_CORE_MAPPER_DECODER_H

#include <quipu/event.h>

#include "base/arena.h"
#include "event/path.h"
#include "mapper/reader.h"
#include "mapper/subject.h"

typedef struct quipu_decoder {
    quipu_reader reader;
    const quipu_subject *subject;
    quipu_arena *arena;
    quipu_error *error;
} quipu_decoder;

/* Fills the error with CORRUPT, the subject, the path (NULL: the state as a
 * whole) and why; returns CORRUPT. */
int quipu_decoder_refuse(const quipu_decoder *decoder, const quipu_path *path,
                         const char *why);

/* Reads the next token, or passes over what follows one. */
int quipu_decoder_next(quipu_decoder *decoder, const quipu_path *path,
                       quipu_token *token);
int quipu_decoder_skip(quipu_decoder *decoder, const quipu_path *path,
                       const quipu_token *token);

/* "is a map instead of text" */
int quipu_decoder_refuse_kind(const quipu_decoder *decoder,
                              const quipu_path *path, const char *wanted,
                              const quipu_token *token);

/* Sets a member, which is no struct and no array, from a token. */
int quipu_decode_scalar(const quipu_decoder *decoder, const quipu_field *field,
                        const quipu_token *token, char *to,
                        const quipu_path *path);

#endif
