/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of MessagePack that allocates nothing, whatever the bytes claim. */
#ifndef QUIPU_TOOLS_MSGPACK_H
#define QUIPU_TOOLS_MSGPACK_H

#include <quipu/types.h>

enum token_kind {
    TOKEN_NIL,
    TOKEN_BOOL,  /* integer: 0 or 1 */
    TOKEN_INT,   /* integer */
    TOKEN_UINT,  /* natural: above INT64_MAX */
    TOKEN_REAL,  /* real */
    TOKEN_TEXT,  /* bytes; not checked to be UTF-8 */
    TOKEN_BYTES, /* bytes */
    TOKEN_EXT,   /* bytes, integer: its type */
    TOKEN_ARRAY, /* count values follow */
    TOKEN_MAP    /* count pairs follow */
};

struct token {
    enum token_kind kind;
    int64_t integer;
    uint64_t natural;
    double real;
    quipu_bytes bytes;
    uint32_t count;
};

struct reader {
    const uint8_t *data;
    size_t size;
    size_t at;
};

/* The next token; NULL, or else why there is none. */
const char *quipu_tool_token_read(struct reader *reader, struct token *token);

#endif
