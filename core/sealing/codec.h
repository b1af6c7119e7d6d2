/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A codec: compresses and decompresses bytes with zstd, by a dictionary if
 * there is one.
 *
 * A compressed text says neither its size nor its dictionary, which the
 * envelope of a state does; the codec omits them.  The size is therefore known
 * before anything is decompressed, and a text that has another one is CORRUPT.
 *
 * The same text, level, dictionary and version of zstd give the same bytes.
 *
 * Any number of threads.
 */
#ifndef QUIPU_CORE_SEALING_CODEC_H
#define QUIPU_CORE_SEALING_CODEC_H

#include <quipu/sealing.h>

struct quipu_codec;

/* The number of zstd in a state. */
#define QUIPU_CODEC_ZSTD 1
/* A text is kept compressed if that saves as many bytes; the note in the
 * envelope takes at most that many. */
#define QUIPU_CODEC_SAVED_MIN ((size_t)16)

/* Returns whether this build can compress; otherwise creating a codec is
 * UNSUPPORTED. */
bool quipu_codec_is_available(void);

/* Creates a codec for the level and the dictionaries of *sealing, which must
 * stay.  INVALID: zstd has no such level, or a dictionary is none of zstd, or
 * has the id of another one.  UNSUPPORTED: this build has no zstd.
 * NO_MEMORY. */
int quipu_codec_create(const quipu_sealing *sealing, struct quipu_codec **codec,
                       quipu_error *error);
void quipu_codec_destroy(struct quipu_codec *codec);

/* Returns the id of the dictionary that compresses; 0: none. */
uint32_t quipu_codec_dictionary(const struct quipu_codec *codec);

/* Compresses `plain`, which is not empty, into the plain.size bytes at `room`.
 * Sets *size to 0 if that does not save QUIPU_CODEC_SAVED_MIN bytes.
 * NO_MEMORY. */
int quipu_codec_compress(struct quipu_codec *codec, quipu_bytes plain,
                         void *room, size_t *size, quipu_error *error);

/*
 * Decompresses to the `size` bytes at `room`.  CORRUPT: that is not the size of
 * the text, or it is none of zstd; *error is as before, since the caller knows
 * what is corrupt.  UNSUPPORTED: there is no dictionary with that id.
 * NO_MEMORY.
 */
int quipu_codec_decompress(struct quipu_codec *codec, quipu_bytes compressed,
                           uint32_t dictionary, void *room, size_t size,
                           quipu_error *error);

#endif
