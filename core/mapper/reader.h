/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads MessagePack value by value from borrowed bytes.
 *
 * msgpack-c can only build a whole tree, for which it allocates what the bytes
 * claim to hold, and to a depth of 32.  This allocates nothing, recurses
 * nowhere, and is done when the bytes are, whatever they are.
 */
#ifndef QUIPU_CORE_MAPPER_READER_H
#define QUIPU_CORE_MAPPER_READER_H

#include <quipu/state.h>

typedef struct quipu_reader {
    const uint8_t *at;
    const uint8_t *end;
} quipu_reader;

enum quipu_read {
    QUIPU_READ_OK,
    QUIPU_READ_CUT,     /* the bytes end before the value does */
    QUIPU_READ_INVALID, /* a byte that MessagePack never uses */
};

/*
 * Reads one value, of an array or a map the head alone.  A count that the
 * bytes left cannot hold is CUT: what follows OK is no larger than they are.
 */
int quipu_reader_next(quipu_reader *reader, quipu_token *token);

/* Passes over what follows an array's or a map's head, to any depth. */
int quipu_reader_skip(quipu_reader *reader, const quipu_token *token);

/* What the token is, as "an array". */
const char *quipu_token_name(const quipu_token *token);

#endif
