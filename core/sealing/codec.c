/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compression with zstd.
 *
 * zstd's contexts are large, so they are kept: a thread takes one of those that
 * no other one uses, or creates one, and puts it back afterwards.  The mutex
 * protects the two lists of contexts and is not held while a context is used.
 */
#include "sealing/codec.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"

#if QUIPU_HAS_ZSTD

#include <pthread.h>
#include <zstd.h>
#include <zstd_errors.h>

/* Contexts of each kind that are kept. */
#define KEPT_MAX 16

struct dictionary {
    uint32_t id;
    ZSTD_DDict *reading;
};

struct quipu_codec {
    int level;
    ZSTD_CDict *writing; /* the first dictionary; or NULL */
    struct dictionary *dictionaries;
    size_t dictionary_count;
    pthread_mutex_t mutex; /* protects the following */
    ZSTD_CCtx *compressors[KEPT_MAX];
    size_t compressor_count;
    ZSTD_DCtx *decompressors[KEPT_MAX];
    size_t decompressor_count;
};

bool quipu_codec_is_available(void)
{
    return true;
}

/* --------------------------------------------------------------- creating */

static const struct dictionary *find_dictionary(const struct quipu_codec *codec,
                                                uint32_t id)
{
    for (size_t i = 0; i < codec->dictionary_count; i++) {
        if (codec->dictionaries[i].id == id) {
            return &codec->dictionaries[i];
        }
    }
    return NULL;
}

static int add_dictionary(struct quipu_codec *codec, quipu_bytes bytes,
                          quipu_error *error)
{
    uint32_t id =
        bytes.data ? ZSTD_getDictID_fromDict(bytes.data, bytes.size) : 0;
    struct dictionary *added = &codec->dictionaries[codec->dictionary_count];

    if (id == 0 || find_dictionary(codec, id)) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "dictionary %zu of the sealing %s",
                               codec->dictionary_count,
                               id == 0 ? "is none of zstd; make one by "
                                         "`zstd --train`"
                                       : "has the id of another one");
    }
    added->id = id;
    added->reading = ZSTD_createDDict(bytes.data, bytes.size);
    if (!added->reading) {
        return quipu_error_no_memory(error);
    }
    codec->dictionary_count++;
    if (codec->dictionary_count == 1) {
        codec->writing = ZSTD_createCDict(bytes.data, bytes.size, codec->level);
    }
    return codec->writing ? QUIPU_OK : quipu_error_no_memory(error);
}

static int add_dictionaries(struct quipu_codec *codec,
                            const quipu_sealing *sealing, quipu_error *error)
{
    int status = QUIPU_OK;

    if (sealing->dictionary_count == 0) {
        return QUIPU_OK;
    }
    codec->dictionaries = quipu_allocate_array(sealing->dictionary_count,
                                               sizeof(*codec->dictionaries));
    if (!codec->dictionaries) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; status == QUIPU_OK && i < sealing->dictionary_count;
         i++) {
        status = add_dictionary(codec, sealing->dictionaries[i], error);
    }
    return status;
}

int quipu_codec_create(const quipu_sealing *sealing, struct quipu_codec **codec,
                       quipu_error *error)
{
    int level = sealing->level != 0 ? sealing->level : ZSTD_CLEVEL_DEFAULT;

    if (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel()) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "sealing: zstd has the levels %d to %d, not %d",
                               ZSTD_minCLevel(), ZSTD_maxCLevel(), level);
    }
    struct quipu_codec *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created || pthread_mutex_init(&created->mutex, NULL) != 0) {
        quipu_release(created);
        return quipu_error_no_memory(error);
    }
    created->level = level;
    int status = add_dictionaries(created, sealing, error);

    if (status != QUIPU_OK) {
        quipu_codec_destroy(created);
        return status;
    }
    *codec = created;
    return QUIPU_OK;
}

void quipu_codec_destroy(struct quipu_codec *codec)
{
    if (!codec) {
        return;
    }
    while (codec->compressor_count > 0) {
        ZSTD_freeCCtx(codec->compressors[--codec->compressor_count]);
    }
    while (codec->decompressor_count > 0) {
        ZSTD_freeDCtx(codec->decompressors[--codec->decompressor_count]);
    }
    for (size_t i = 0; i < codec->dictionary_count; i++) {
        ZSTD_freeDDict(codec->dictionaries[i].reading);
    }
    ZSTD_freeCDict(codec->writing);
    quipu_release(codec->dictionaries);
    (void)pthread_mutex_destroy(&codec->mutex);
    quipu_release(codec);
}

uint32_t quipu_codec_dictionary(const struct quipu_codec *codec)
{
    return codec->dictionary_count > 0 ? codec->dictionaries[0].id : 0;
}

/* ------------------------------------------------------------ compressing */

static bool set_up(const struct quipu_codec *codec, ZSTD_CCtx *context)
{
    return !ZSTD_isError(ZSTD_CCtx_setParameter(
               context, ZSTD_c_compressionLevel, codec->level)) &&
           !ZSTD_isError(
               ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)) &&
           !ZSTD_isError(
               ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0)) &&
           !ZSTD_isError(ZSTD_CCtx_refCDict(context, codec->writing));
}

/* Returns a context for the codec's level and dictionary; or NULL. */
static ZSTD_CCtx *take_compressor(struct quipu_codec *codec)
{
    ZSTD_CCtx *context = NULL;

    (void)pthread_mutex_lock(&codec->mutex);
    if (codec->compressor_count > 0) {
        context = codec->compressors[--codec->compressor_count];
    }
    (void)pthread_mutex_unlock(&codec->mutex);
    if (!context) {
        context = ZSTD_createCCtx();
        if (context && !set_up(codec, context)) {
            ZSTD_freeCCtx(context);
            context = NULL;
        }
    }
    return context;
}

static void put_compressor(struct quipu_codec *codec, ZSTD_CCtx *context)
{
    (void)pthread_mutex_lock(&codec->mutex);
    if (codec->compressor_count < KEPT_MAX) {
        codec->compressors[codec->compressor_count++] = context;
        context = NULL;
    }
    (void)pthread_mutex_unlock(&codec->mutex);
    ZSTD_freeCCtx(context);
}

int quipu_codec_compress(struct quipu_codec *codec, quipu_bytes plain,
                         void *room, size_t *size, quipu_error *error)
{
    ZSTD_CCtx *context = take_compressor(codec);

    *size = 0;
    if (!context) {
        return quipu_error_no_memory(error);
    }
    size_t got =
        ZSTD_compress2(context, room, plain.size, plain.data, plain.size);

    if (ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation) {
        ZSTD_freeCCtx(context);
        return quipu_error_no_memory(error);
    }
    /* Any other error means that the room does not suffice. */
    if (!ZSTD_isError(got) && got + QUIPU_CODEC_SAVED_MIN <= plain.size) {
        *size = got;
    }
    put_compressor(codec, context);
    return QUIPU_OK;
}

/* ---------------------------------------------------------- decompressing */

static ZSTD_DCtx *take_decompressor(struct quipu_codec *codec)
{
    ZSTD_DCtx *context = NULL;

    (void)pthread_mutex_lock(&codec->mutex);
    if (codec->decompressor_count > 0) {
        context = codec->decompressors[--codec->decompressor_count];
    }
    (void)pthread_mutex_unlock(&codec->mutex);
    return context ? context : ZSTD_createDCtx();
}

static void put_decompressor(struct quipu_codec *codec, ZSTD_DCtx *context)
{
    (void)pthread_mutex_lock(&codec->mutex);
    if (codec->decompressor_count < KEPT_MAX) {
        codec->decompressors[codec->decompressor_count++] = context;
        context = NULL;
    }
    (void)pthread_mutex_unlock(&codec->mutex);
    ZSTD_freeDCtx(context);
}

int quipu_codec_decompress(struct quipu_codec *codec, quipu_bytes compressed,
                           uint32_t dictionary, void *room, size_t size,
                           quipu_error *error)
{
    const struct dictionary *found = find_dictionary(codec, dictionary);

    if (dictionary != 0 && !found) {
        return quipu_error_set(error, QUIPU_UNSUPPORTED,
                               "it was compressed with dictionary %lu, which "
                               "the sealing does not give",
                               (unsigned long)dictionary);
    }
    ZSTD_DCtx *context = take_decompressor(codec);

    if (!context) {
        return quipu_error_no_memory(error);
    }
    size_t got =
        found ? ZSTD_decompress_usingDDict(context, room, size, compressed.data,
                                           compressed.size, found->reading)
              : ZSTD_decompressDCtx(context, room, size, compressed.data,
                                    compressed.size);

    put_decompressor(codec, context);
    if (ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation) {
        return quipu_error_no_memory(error);
    }
    return ZSTD_isError(got) || got != size ? QUIPU_CORRUPT : QUIPU_OK;
}

#else

bool quipu_codec_is_available(void)
{
    return false;
}

int quipu_codec_create(const quipu_sealing *sealing, struct quipu_codec **codec,
                       quipu_error *error)
{
    (void)sealing;
    (void)codec;
    return quipu_error_set(error, QUIPU_UNSUPPORTED,
                           "this build of quipu has no zstd, and therefore "
                           "compresses and decompresses nothing; install "
                           "libzstd-dev and build quipu again");
}

/* No codec exists, so the following are not called, but by destroy(NULL). */

void quipu_codec_destroy(struct quipu_codec *codec)
{
    (void)codec;
}

uint32_t quipu_codec_dictionary(const struct quipu_codec *codec)
{
    (void)codec;
    return 0;
}

int quipu_codec_compress(struct quipu_codec *codec, quipu_bytes plain,
                         void *room, size_t *size, quipu_error *error)
{
    (void)plain, (void)room, (void)size;
    return quipu_codec_create(NULL, &codec, error);
}

int quipu_codec_decompress(struct quipu_codec *codec, quipu_bytes compressed,
                           uint32_t dictionary, void *room, size_t size,
                           quipu_error *error)
{
    (void)compressed, (void)dictionary, (void)room, (void)size;
    return quipu_codec_create(NULL, &codec, error);
}

#endif
