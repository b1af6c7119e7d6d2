/* SPDX-License-Identifier: Apache-2.0 */
/* Keys and dictionaries of the command line. */
#include "keys.h"
#include "args.h"
#include "output/memory.h"
#include "output/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DICTIONARY_MAX ((size_t)16 << 20)

static quipu_keyring *ring;
static quipu_opener *opener;
static char *contents[REPETITIONS_MAX]; /* of the dictionaries' files */
static quipu_bytes dictionaries[REPETITIONS_MAX];

static void finish(void)
{
    quipu_opener_destroy(opener);
    opener = NULL;
    quipu_keyring_close(ring);
    ring = NULL;
    for (size_t i = 0; i < REPETITIONS_MAX; i++) {
        free(contents[i]);
        contents[i] = NULL;
        dictionaries[i] = (quipu_bytes){ NULL, 0 };
    }
}

static int refuse_file(const char *path, const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_IO, "dictionary %s: %s", path, why);
}

static int read_dictionary(const char *path, size_t i, quipu_error *error)
{
    FILE *file = fopen(path, "rbe");

    if (!file) {
        return refuse_file(path, strerror(errno), error);
    }
    char *bytes = memory_allocate(DICTIONARY_MAX, 1);
    size_t size = fread(bytes, 1, DICTIONARY_MAX, file);
    int status = QUIPU_OK;

    if (ferror(file)) {
        status = refuse_file(path, "cannot be read", error);
    } else if (size == DICTIONARY_MAX) {
        status = refuse_file(path, "is larger than 16 MiB", error);
    }
    (void)fclose(file);
    contents[i] = bytes;
    dictionaries[i] = (quipu_bytes){ bytes, size };
    return status;
}

static int load(const struct args *args, quipu_error *error)
{
    int status = QUIPU_OK;

    if (args->keys) {
        status = quipu_keyring_open(args->keys, &ring, error);
    }
    for (size_t i = 0; status == QUIPU_OK && i < args->dictionary_count; i++) {
        status = read_dictionary(args->dictionary[i], i, error);
    }
    const quipu_sealing sealing = {
        .struct_size = sizeof(sealing),
        .keys = ring ? quipu_keyring_keys(ring) : NULL,
        .dictionaries = dictionaries,
        .dictionary_count = args->dictionary_count,
    };

    return status == QUIPU_OK ? quipu_opener_create(&sealing, &opener, error)
                              : status;
}

bool keys_load(const struct args *args)
{
    quipu_error error;

    if (atexit(finish) != 0 || load(args, &error) == QUIPU_OK) {
        return true;
    }
    (void)output_error(&error);
    return false;
}

int keys_open_state(const quipu_item *item, quipu_bytes *state,
                    quipu_error *error)
{
    int status = quipu_opener_open(opener, item, state, error);

    if (status != QUIPU_OK) {
        *state = item->state;
    }
    return status;
}
