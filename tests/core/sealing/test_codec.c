/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the codec: that it gives back what it was given, the same bytes each
 * time, and refuses what does not have the announced size. */
#include "quipu_test.h"

#include <pthread.h>
#include <zdict.h>

#include "sealing/codec.h"

#define SIZE 4096

static const char lorem[] =
    "An event is appended once. An event is read often. An event is appended "
    "once. An event is read often. An event is appended once, and then read.";

static struct quipu_codec *create(const quipu_sealing *sealing)
{
    struct quipu_codec *codec = NULL;
    quipu_error error;

    assert_ok(quipu_codec_create(sealing, &codec, &error), &error);
    return codec;
}

static size_t compress(struct quipu_codec *codec, const void *plain,
                       size_t size, uint8_t room[SIZE])
{
    quipu_error error;
    size_t got = 0;

    assert_true(size <= SIZE);
    assert_ok(quipu_codec_compress(codec, (quipu_bytes){ plain, size }, room,
                                   &got, &error),
              &error);
    return got;
}

static void a_text_comes_back(void **state)
{
    const quipu_sealing sealing = { .struct_size = sizeof(sealing) };
    struct quipu_codec *codec = create(&sealing);
    uint8_t room[SIZE];
    char plain[SIZE];
    quipu_error error;
    size_t size = compress(codec, lorem, sizeof(lorem), room);

    (void)state;
    assert_true(size > 0 && size < sizeof(lorem) - QUIPU_CODEC_SAVED_MIN);
    assert_int_equal(quipu_codec_dictionary(codec), 0);
    assert_ok(quipu_codec_decompress(codec, (quipu_bytes){ room, size }, 0,
                                     plain, sizeof(lorem), &error),
              &error);
    assert_memory_equal(plain, lorem, sizeof(lorem));
    quipu_codec_destroy(codec);
    quipu_codec_destroy(NULL);
}

/* A context that was used for other texts gives the same bytes as a new one. */
static void a_text_is_compressed_to_the_same_bytes(void **state)
{
    const quipu_sealing sealing = { .struct_size = sizeof(sealing),
                                    .level = 5 };
    struct quipu_codec *used = create(&sealing);
    uint8_t expected[SIZE];
    uint8_t room[SIZE];
    uint8_t other[SIZE];

    (void)state;
    for (size_t i = 0; i < 500; i++) {
        struct quipu_codec *new = create(&sealing);
        char text[sizeof(lorem) + 32];
        int length = snprintf(text, sizeof(text), "%.*s %zu",
                              (int)(sizeof(lorem) - i % 50), lorem, i * i);
        size_t size = compress(new, text, (size_t)length, expected);

        memset(other, (int)i, i * 8);
        (void)compress(used, other, i * 8, room);
        assert_int_equal(compress(used, text, (size_t)length, room), size);
        assert_memory_equal(room, expected, size);
        quipu_codec_destroy(new);
    }
    quipu_codec_destroy(used);
}

static void a_text_that_does_not_shrink_stays(void **state)
{
    const quipu_sealing sealing = { .struct_size = sizeof(sealing) };
    struct quipu_codec *codec = create(&sealing);
    uint8_t room[SIZE];
    uint8_t noise[SIZE];
    uint32_t seed = 1;

    (void)state;
    for (size_t i = 0; i < SIZE; i++) {
        seed = seed * 1664525 + 1013904223;
        noise[i] = (uint8_t)(seed >> 24);
    }
    for (size_t size = 1; size <= SIZE; size += 97) {
        assert_int_equal(compress(codec, noise, size, room), 0);
    }
    for (size_t size = 1; size < 16; size++) {
        assert_int_equal(compress(codec, lorem, size, room), 0);
    }
    quipu_codec_destroy(codec);
}

static void another_size_is_corrupt(void **state)
{
    const quipu_sealing sealing = { .struct_size = sizeof(sealing) };
    struct quipu_codec *codec = create(&sealing);
    uint8_t zeros[SIZE] = { 0 };
    uint8_t room[SIZE];
    uint8_t plain[SIZE + 1];
    quipu_error error;
    size_t size = compress(codec, zeros, SIZE, room); /* 4096 bytes in few */

    (void)state;
    assert_true(size > 0 && size < 32);
    for (size_t told = 0; told <= SIZE + 1; told += 17) {
        memset(plain, 'x', sizeof(plain));
        assert_status(quipu_codec_decompress(codec, (quipu_bytes){ room, size },
                                             0, plain, told, &error),
                      told == SIZE ? QUIPU_OK : QUIPU_CORRUPT);
        for (size_t i = told; i < sizeof(plain); i++) {
            assert_int_equal(plain[i], 'x'); /* nothing behind the room */
        }
    }
    for (size_t cut = 0; cut < size; cut++) {
        assert_status(quipu_codec_decompress(codec, (quipu_bytes){ room, cut },
                                             0, plain, SIZE, &error),
                      QUIPU_CORRUPT);
    }
    quipu_codec_destroy(codec);
}

/* ------------------------------------------------------------ dictionaries */

/* Makes a dictionary of texts that contain `word`; returns its size. */
static size_t train(const char *word, uint8_t dictionary[SIZE])
{
    enum { COUNT = 400, TEXT = 160 };
    static char texts[COUNT * TEXT];
    size_t sizes[COUNT];
    size_t at = 0;

    for (size_t i = 0; i < COUNT; i++) {
        sizes[i] = (size_t)snprintf(texts + at, TEXT,
                                    "{name: %s %zu, plan: %s-%zu, seats: %zu}",
                                    word, i * 7919, word, i % 7, i % 23);
        at += sizes[i];
    }
    size_t size = ZDICT_trainFromBuffer(dictionary, SIZE, texts, sizes, COUNT);

    assert_false(ZDICT_isError(size));
    return size;
}

static void dictionaries_compress_and_old_ones_still_open(void **state)
{
    static const char text[] = "{name: shop 12345, plan: shop-3, seats: 11} "
                               "{name: shops 99, plan: shops-5, seats: 2}";
    const quipu_sealing none = { .struct_size = sizeof(none) };
    uint8_t old_bytes[SIZE];
    uint8_t new_bytes[SIZE];
    const quipu_bytes dictionaries[] = {
        { new_bytes, train("shop", new_bytes) },
        { old_bytes, train("shops", old_bytes) },
    };
    const quipu_sealing before = { .struct_size = sizeof(before),
                                   .dictionaries = &dictionaries[1],
                                   .dictionary_count = 1 };
    const quipu_sealing after = { .struct_size = sizeof(after),
                                  .dictionaries = dictionaries,
                                  .dictionary_count = 2 };
    struct quipu_codec *without = create(&none);
    struct quipu_codec *old = create(&before);
    struct quipu_codec *both = create(&after);
    uint32_t old_id = quipu_codec_dictionary(old);
    uint8_t by_old[SIZE];
    uint8_t room[SIZE];
    char plain[SIZE];
    quipu_error error;
    size_t old_size = compress(old, text, sizeof(text), by_old);

    (void)state;
    size_t size_without = compress(without, text, sizeof(text), room);
    size_t size = compress(both, text, sizeof(text), room);

    assert_true(size > 0 && old_size > 0);
    assert_true(size_without == 0 || size < size_without);
    assert_int_not_equal(old_id, quipu_codec_dictionary(both));
    assert_ok(quipu_codec_decompress(both, (quipu_bytes){ by_old, old_size },
                                     old_id, plain, sizeof(text), &error),
              &error);
    assert_string_equal(plain, text);
    assert_refused(quipu_codec_decompress(old, (quipu_bytes){ room, size },
                                          quipu_codec_dictionary(both), plain,
                                          sizeof(text), &error),
                   QUIPU_UNSUPPORTED, &error, "dictionary");
    quipu_codec_destroy(without);
    quipu_codec_destroy(old);
    quipu_codec_destroy(both);
}

static void wrong_settings_are_refused(void **state)
{
    uint8_t bytes[SIZE];
    const size_t size = train("shop", bytes);
    const quipu_bytes dictionaries[] = {
        { bytes, size },
        { bytes, size },
        { "no dictionary", 13 },
        { NULL, 0 },
    };
    quipu_sealing sealing = { .struct_size = sizeof(sealing), .level = 1000 };
    struct quipu_codec *codec = NULL;
    quipu_error error;

    (void)state;
    assert_refused(quipu_codec_create(&sealing, &codec, &error), QUIPU_INVALID,
                   &error, "not 1000");
    sealing.level = 0;
    sealing.dictionaries = dictionaries;
    sealing.dictionary_count = 2;
    assert_refused(quipu_codec_create(&sealing, &codec, &error), QUIPU_INVALID,
                   &error, "dictionary 1 of the sealing has the id");
    sealing.dictionary_count = 1;
    for (size_t i = 2; i < 4; i++) {
        sealing.dictionaries = &dictionaries[i];
        assert_refused(quipu_codec_create(&sealing, &codec, &error),
                       QUIPU_INVALID, &error, "is none of zstd");
    }
}

/* ---------------------------------------------------------------- threads */

static void *use(void *argument)
{
    struct quipu_codec *codec = argument;
    size_t wrong = 0;

    for (size_t i = 0; i < 300; i++) {
        uint8_t room[SIZE];
        char plain[SIZE];
        size_t size = 0;

        if (quipu_codec_compress(codec, (quipu_bytes){ lorem, sizeof(lorem) },
                                 room, &size, NULL) != QUIPU_OK ||
            quipu_codec_decompress(codec, (quipu_bytes){ room, size }, 0, plain,
                                   sizeof(lorem), NULL) != QUIPU_OK ||
            memcmp(plain, lorem, sizeof(lorem)) != 0) {
            wrong++;
        }
    }
    return wrong == 0 ? NULL : codec;
}

static void threads_share_a_codec(void **state)
{
    const quipu_sealing sealing = { .struct_size = sizeof(sealing) };
    struct quipu_codec *codec = create(&sealing);
    pthread_t threads[20]; /* more than contexts are kept */

    (void)state;
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use, codec), 0);
    }
    for (size_t i = 0; i < 20; i++) {
        void *wrong = codec;

        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    quipu_codec_destroy(codec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_comes_back),
        cmocka_unit_test(a_text_is_compressed_to_the_same_bytes),
        cmocka_unit_test(a_text_that_does_not_shrink_stays),
        cmocka_unit_test(another_size_is_corrupt),
        cmocka_unit_test(dictionaries_compress_and_old_ones_still_open),
        cmocka_unit_test(wrong_settings_are_refused),
        cmocka_unit_test(threads_share_a_codec),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
