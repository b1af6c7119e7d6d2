/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded MessagePack reader: reads borrowed bytes value by value.  reader.c
 * says why it is written here.
 *
 * One thread at a time uses a reader; any number of readers may read the same
 * bytes.
 */
#ifndef QUIPU_CORE_ENCODING_READER_H
#define QUIPU_CORE_ENCODING_READER_H

#include <quipu/state.h>

/* The bytes that have not been read yet: from `at` to before `end`. */
typedef struct quipu_reader {
    const uint8_t *at;
    const uint8_t *end;
} quipu_reader;

enum quipu_read {
    QUIPU_READ_OK,
    QUIPU_READ_CUT,    /* the bytes end before the value does */
    QUIPU_READ_INVALID /* the byte 0xC1, which MessagePack does not use */
};

/* Returns a reader at the start of `bytes`, which may be absent. */
static inline quipu_reader quipu_reader_of(quipu_bytes bytes)
{
    const uint8_t *data = (const uint8_t *)bytes.data;

    /* NULL + 0 is undefined behaviour. */
    return (quipu_reader){ data, bytes.size > 0 ? data + bytes.size : data };
}

/* As quipu_reader_next, for all values. */
int quipu_reader_next_any(quipu_reader *reader, quipu_token *token);

/*
 * Reads one value into *token; of an array or a map only the head, which its
 * elements follow.  Returns an enum quipu_read.  A count that the bytes left
 * cannot satisfy is CUT, so after OK the elements take no more bytes than are
 * left.  After CUT or INVALID the reader must not be used any more.
 *
 * Short texts are read inline, since every second value of a state is a key.
 */
static inline int quipu_reader_next(quipu_reader *reader, quipu_token *token)
{
    const uint8_t *at = reader->at;
    const size_t left = (size_t)(reader->end - at);

    if (left == 0 || (*at & 0xE0) != 0xA0 || (*at & 0x1FU) >= left) {
        return quipu_reader_next_any(reader, token);
    }
    *token = (quipu_token){ .kind = QUIPU_TOKEN_STR,
                            .bytes = { at + 1, *at & 0x1F } };
    reader->at = at + 1 + (*at & 0x1F);
    return QUIPU_READ_OK;
}

/* Skips the elements that follow the head `token`, at any nesting depth; does
 * nothing for other values.  Returns an enum quipu_read. */
int quipu_reader_skip(quipu_reader *reader, const quipu_token *token);

/* Returns the kind of a token for messages, for example "an array". */
const char *quipu_reader_token_name(const quipu_token *token);

#endif
