/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one MessagePack token at a time. */
#include "msgpack.h"

#include <string.h>

/* Takes a big-endian number of `width` bytes. */
static bool take(struct reader *reader, size_t width, uint64_t *number)
{
    if (reader->size - reader->at < width) {
        return false;
    }
    *number = 0;
    for (size_t i = 0; i < width; i++) {
        *number = *number << 8 | reader->data[reader->at++];
    }
    return true;
}

static bool take_bytes(struct reader *reader, struct token *token,
                       enum token_kind kind, uint64_t size)
{
    if (reader->size - reader->at < size) {
        return false;
    }
    token->kind = kind;
    token->bytes.data = reader->data + reader->at;
    token->bytes.size = (size_t)size;
    reader->at += (size_t)size;
    return true;
}

static bool take_sized(struct reader *reader, struct token *token,
                       enum token_kind kind, size_t width)
{
    uint64_t size = 0;

    return take(reader, width, &size) && take_bytes(reader, token, kind, size);
}

static bool take_ext(struct reader *reader, struct token *token, uint64_t size)
{
    uint64_t type = 0;

    if (!take(reader, 1, &type)) {
        return false;
    }
    token->integer = (int64_t)type - (type < 0x80 ? 0 : 0x100);
    return take_bytes(reader, token, TOKEN_EXT, size);
}

static bool take_sized_ext(struct reader *reader, struct token *token,
                           size_t width)
{
    uint64_t size = 0;

    return take(reader, width, &size) && take_ext(reader, token, size);
}

static bool take_count(struct reader *reader, struct token *token,
                       enum token_kind kind, size_t width)
{
    uint64_t count = 0;

    token->kind = kind;
    if (!take(reader, width, &count)) {
        return false;
    }
    token->count = (uint32_t)count;
    return true;
}

static bool take_uint(struct reader *reader, struct token *token, size_t width)
{
    if (!take(reader, width, &token->natural)) {
        return false;
    }
    token->kind = token->natural > INT64_MAX ? TOKEN_UINT : TOKEN_INT;
    token->integer = (int64_t)token->natural;
    return true;
}

static bool take_int(struct reader *reader, struct token *token, size_t width)
{
    const unsigned unused = 64 - 8 * (unsigned)width;
    uint64_t number = 0;

    token->kind = TOKEN_INT;
    if (!take(reader, width, &number)) {
        return false;
    }
    /* The sign bit goes to the top, and comes back with its copies. */
    token->integer = (int64_t)(number << unused) >> unused;
    return true;
}

static bool take_real(struct reader *reader, struct token *token, size_t width)
{
    uint64_t bits = 0;
    uint32_t half = 0;
    float single = 0;

    token->kind = TOKEN_REAL;
    if (!take(reader, width, &bits)) {
        return false;
    }
    if (width == sizeof single) {
        half = (uint32_t)bits;
        memcpy(&single, &half, sizeof single);
        token->real = (double)single;
    } else {
        memcpy(&token->real, &bits, sizeof bits);
    }
    return true;
}

static bool take_simple(struct token *token, enum token_kind kind,
                        int64_t value)
{
    token->kind = kind;
    token->integer = value;
    return true;
}

/* The types whose first byte, 0xc0 to 0xdf, carries no value. */
static bool take_tagged(struct reader *reader, struct token *token,
                        unsigned tag)
{
    const size_t width = (size_t)1 << (tag & 3); /* where it follows the tag */

    switch (tag) {
    case 0xc0:
        return take_simple(token, TOKEN_NIL, 0);
    case 0xc2:
    case 0xc3:
        return take_simple(token, TOKEN_BOOL, tag & 1);
    case 0xc4:
    case 0xc5:
    case 0xc6:
        return take_sized(reader, token, TOKEN_BYTES, width);
    case 0xc7:
    case 0xc8:
    case 0xc9:
        return take_sized_ext(reader, token, (size_t)1 << (tag - 0xc7));
    case 0xca:
    case 0xcb:
        return take_real(reader, token, tag == 0xca ? 4 : 8);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return take_uint(reader, token, width);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return take_int(reader, token, width);
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
        return take_ext(reader, token, width);
    case 0xd8:
        return take_ext(reader, token, 16);
    case 0xd9:
    case 0xda:
    case 0xdb:
        return take_sized(reader, token, TOKEN_TEXT, (size_t)1 << (tag - 0xd9));
    case 0xdc:
    case 0xdd:
        return take_count(reader, token, TOKEN_ARRAY, tag == 0xdc ? 2 : 4);
    default:
        return take_count(reader, token, TOKEN_MAP, tag == 0xde ? 2 : 4);
    }
}

static bool take_token(struct reader *reader, struct token *token, unsigned tag)
{
    if (tag < 0x80) {
        return take_simple(token, TOKEN_INT, (int64_t)tag);
    }
    if (tag >= 0xe0) {
        return take_simple(token, TOKEN_INT, (int64_t)tag - 0x100);
    }
    if (tag < 0x90) {
        token->kind = TOKEN_MAP;
        token->count = tag & 15;
        return true;
    }
    if (tag < 0xa0) {
        token->kind = TOKEN_ARRAY;
        token->count = tag & 15;
        return true;
    }
    if (tag < 0xc0) {
        return take_bytes(reader, token, TOKEN_TEXT, tag & 31);
    }
    return take_tagged(reader, token, tag);
}

const char *quipu_tool_token_read(struct reader *reader, struct token *token)
{
    uint64_t tag = 0;

    memset(token, 0, sizeof *token);
    if (!take(reader, 1, &tag)) {
        return "it ends too early";
    }
    if (tag == 0xc1) {
        return "it holds the byte c1, which MessagePack never uses";
    }
    if (!take_token(reader, token, (unsigned)tag)) {
        return "it ends too early";
    }
    return NULL;
}
