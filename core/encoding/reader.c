/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded MessagePack reader.
 *
 * msgpack-c, which writes the states, is not used to read them.  Its unpacker
 * builds a tree: it allocates what the bytes claim to contain, so a state of
 * ten bytes can make it allocate gigabytes, and it gives up at a depth of 32.
 * The bytes of a store come from a disk or a network, and possibly from
 * somebody else.  This reader therefore keeps:
 *
 *   R1  It never reads outside the bytes that it was given.
 *   R2  It allocates nothing.  Strings are returned as pointers into the bytes.
 *   R3  It does not recurse, so nesting in the input cannot exhaust the stack.
 *   R4  The count of an array or map is accepted only if at least one byte per
 *       value is left.  A caller that allocates by the count is bounded by the
 *       size of the input.
 *   R5  Every call advances by at least one byte or fails, so a loop ends after
 *       at most as many calls as there are bytes.
 *
 * It accepts all of MessagePack, also integers and sizes in longer forms than
 * necessary; strings are not checked to be UTF-8.
 */
#include <string.h>

#include "encoding/reader.h"

static size_t bytes_left(const quipu_reader *reader)
{
    return (size_t)(reader->end - reader->at);
}

/* Reads a big-endian number of `size` bytes. */
static int read_number(quipu_reader *reader, size_t size, uint64_t *number)
{
    if (bytes_left(reader) < size) {
        return QUIPU_READ_CUT;
    }
    *number = *reader->at++;
    for (size_t i = 1; i < size; i++) {
        *number = *number << 8 | *reader->at++;
    }
    return QUIPU_READ_OK;
}

static int read_uint(quipu_reader *reader, size_t size, quipu_token *token)
{
    token->kind = QUIPU_TOKEN_UINT;
    return read_number(reader, size, &token->as.natural);
}

/* An integer that is not negative is a UINT, however it was written. */
static void set_integer(quipu_token *token, int64_t integer)
{
    if (integer >= 0) {
        token->kind = QUIPU_TOKEN_UINT;
        token->as.natural = (uint64_t)integer;
    } else {
        token->kind = QUIPU_TOKEN_INT;
        token->as.integer = integer;
    }
}

static int read_int(quipu_reader *reader, size_t size, quipu_token *token)
{
    uint64_t number = 0;
    uint64_t sign = UINT64_C(1) << (8 * size - 1);
    int64_t integer;
    int read = read_number(reader, size, &number);

    number = (number ^ sign) - sign; /* extend the sign to 64 bits */
    memcpy(&integer, &number, sizeof(integer));
    set_integer(token, integer);
    return read;
}

static int read_float(quipu_reader *reader, quipu_token *token)
{
    uint64_t number = 0;
    uint32_t bits;
    int read = read_number(reader, sizeof(bits), &number);

    bits = (uint32_t)number;
    token->kind = QUIPU_TOKEN_FLOAT;
    memcpy(&token->as.single_real, &bits, sizeof(bits));
    return read;
}

static int read_double(quipu_reader *reader, quipu_token *token)
{
    uint64_t bits = 0;
    int read = read_number(reader, sizeof(bits), &bits);

    token->kind = QUIPU_TOKEN_DOUBLE;
    memcpy(&token->as.real, &bits, sizeof(bits));
    return read;
}

/* Sets the token to the next `size` bytes (R1, R2). */
static int take_bytes(quipu_reader *reader, uint64_t size, quipu_token *token)
{
    if (size > bytes_left(reader)) {
        return QUIPU_READ_CUT;
    }
    token->bytes = (quipu_bytes){ reader->at, (size_t)size };
    reader->at += size;
    return QUIPU_READ_OK;
}

/* Reads a str or bin whose size is written in `width` bytes. */
static int read_bytes(quipu_reader *reader, int kind, size_t width,
                      quipu_token *token)
{
    uint64_t size = 0;
    int read = read_number(reader, width, &size);

    token->kind = kind;
    return read == QUIPU_READ_OK ? take_bytes(reader, size, token) : read;
}

/* Reads an extension: its type, then `size` bytes. */
static int take_ext(quipu_reader *reader, uint64_t size, quipu_token *token)
{
    uint64_t type = 0;
    int read = read_number(reader, 1, &type);

    token->kind = QUIPU_TOKEN_EXT;
    token->ext_type = type < 128 ? (int)type : (int)type - 256;
    return read == QUIPU_READ_OK ? take_bytes(reader, size, token) : read;
}

static int read_ext(quipu_reader *reader, size_t width, quipu_token *token)
{
    uint64_t size = 0;
    int read = read_number(reader, width, &size);

    return read == QUIPU_READ_OK ? take_ext(reader, size, token) : read;
}

/* Sets the token to an array or map of `count` elements or pairs (R4). */
static int take_count(const quipu_reader *reader, int kind, uint64_t count,
                      quipu_token *token)
{
    uint64_t values = kind == QUIPU_TOKEN_MAP ? 2 * count : count;

    token->kind = kind;
    token->count = (uint32_t)count;
    return values > bytes_left(reader) ? QUIPU_READ_CUT : QUIPU_READ_OK;
}

static int read_count(quipu_reader *reader, int kind, size_t width,
                      quipu_token *token)
{
    uint64_t count = 0;
    int read = read_number(reader, width, &count);

    return read == QUIPU_READ_OK ? take_count(reader, kind, count, token)
                                 : read;
}

/* Reads a value whose first byte, the head, is 0xC0 to 0xDF.  In a group of
 * heads the width of the number that follows doubles from one to the next. */
static int read_headed(quipu_reader *reader, unsigned head, quipu_token *token)
{
    switch (head) {
    case 0xC0:
        token->kind = QUIPU_TOKEN_NIL;
        return QUIPU_READ_OK;
    case 0xC2:
    case 0xC3:
        token->kind = QUIPU_TOKEN_BOOL;
        token->as.boolean = head == 0xC3;
        return QUIPU_READ_OK;
    case 0xC4:
    case 0xC5:
    case 0xC6:
        return read_bytes(reader, QUIPU_TOKEN_BIN, (size_t)1 << (head - 0xC4),
                          token);
    case 0xC7:
    case 0xC8:
    case 0xC9:
        return read_ext(reader, (size_t)1 << (head - 0xC7), token);
    case 0xCA:
        return read_float(reader, token);
    case 0xCB:
        return read_double(reader, token);
    case 0xCC:
    case 0xCD:
    case 0xCE:
    case 0xCF:
        return read_uint(reader, (size_t)1 << (head - 0xCC), token);
    case 0xD0:
    case 0xD1:
    case 0xD2:
    case 0xD3:
        return read_int(reader, (size_t)1 << (head - 0xD0), token);
    case 0xD4:
    case 0xD5:
    case 0xD6:
    case 0xD7:
    case 0xD8:
        return take_ext(reader, UINT64_C(1) << (head - 0xD4), token);
    case 0xD9:
    case 0xDA:
    case 0xDB:
        return read_bytes(reader, QUIPU_TOKEN_STR, (size_t)1 << (head - 0xD9),
                          token);
    case 0xDC:
    case 0xDD:
        return read_count(reader, QUIPU_TOKEN_ARRAY, (size_t)2 << (head - 0xDC),
                          token);
    case 0xDE:
    case 0xDF:
        return read_count(reader, QUIPU_TOKEN_MAP, (size_t)2 << (head - 0xDE),
                          token);
    default: /* 0xC1, not used by MessagePack */
        return QUIPU_READ_INVALID;
    }
}

int quipu_reader_next_any(quipu_reader *reader, quipu_token *token)
{
    unsigned head;

    if (reader->at == reader->end) {
        return QUIPU_READ_CUT;
    }
    head = *reader->at++;
    if (head < 0x80) {
        set_integer(token, (int64_t)head);
        return QUIPU_READ_OK;
    }
    if (head < 0x90) {
        return take_count(reader, QUIPU_TOKEN_MAP, head & 0x0F, token);
    }
    if (head < 0xA0) {
        return take_count(reader, QUIPU_TOKEN_ARRAY, head & 0x0F, token);
    }
    if (head < 0xC0) {
        token->kind = QUIPU_TOKEN_STR;
        return take_bytes(reader, head & 0x1F, token);
    }
    if (head >= 0xE0) {
        set_integer(token, (int64_t)head - 0x100);
        return QUIPU_READ_OK;
    }
    return read_headed(reader, head, token);
}

/* Returns the number of values that follow the head of an array or a map. */
static uint64_t values_of(const quipu_token *token)
{
    switch (token->kind) {
    case QUIPU_TOKEN_ARRAY:
        return token->count;
    case QUIPU_TOKEN_MAP:
        return UINT64_C(2) * token->count;
    default:
        return 0;
    }
}

int quipu_reader_skip(quipu_reader *reader, const quipu_token *token)
{
    quipu_token inner;
    uint64_t values = values_of(token);
    int read = QUIPU_READ_OK;

    /* `values` counts the values still to come at all levels together, so no
     * stack is needed (R3).  Each of them takes a byte, so there cannot be more
     * than bytes left, and the sum cannot overflow. */
    for (; values > 0 && read == QUIPU_READ_OK; values--) {
        if (values > bytes_left(reader)) {
            return QUIPU_READ_CUT;
        }
        read = quipu_reader_next(reader, &inner);
        if (read == QUIPU_READ_OK) {
            values += values_of(&inner);
        }
    }
    return read;
}

const char *quipu_reader_token_name(const quipu_token *token)
{
    static const char *const names[] = {
        [QUIPU_TOKEN_NIL] = "nil",
        [QUIPU_TOKEN_BOOL] = "a bool",
        [QUIPU_TOKEN_UINT] = "an integer",
        [QUIPU_TOKEN_INT] = "a negative integer",
        [QUIPU_TOKEN_FLOAT] = "a 32-bit float",
        [QUIPU_TOKEN_DOUBLE] = "a 64-bit float",
        [QUIPU_TOKEN_STR] = "text",
        [QUIPU_TOKEN_BIN] = "bytes",
        [QUIPU_TOKEN_EXT] = "an extension",
        [QUIPU_TOKEN_ARRAY] = "an array",
        [QUIPU_TOKEN_MAP] = "a map",
    };

    return names[token->kind];
}
