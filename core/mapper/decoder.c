/* SPDX-License-Identifier: Apache-2.0 */
/* Reading tokens, and saying what is wrong with them. */
#include <stdio.h>

#include <quipu/error.h>

#include "mapper/decoder.h"

int quipu_decoder_refuse(const quipu_decoder *decoder, const quipu_path *path,
                         const char *why)
{
    char subject[QUIPU_SUBJECT_SIZE];
    char text[QUIPU_PATH_SIZE];

    quipu_subject_format(decoder->subject, subject);
    if (!path) {
        return quipu_error_set(decoder->error, QUIPU_CORRUPT,
                               "%s: its state %s", subject, why);
    }
    return quipu_error_set(decoder->error, QUIPU_CORRUPT, "%s: field %s %s",
                           subject, quipu_path_format(path, text), why);
}

static int refuse_read(const quipu_decoder *decoder, const quipu_path *path,
                       int read)
{
    return quipu_decoder_refuse(decoder, path,
                                read == QUIPU_READ_CUT
                                    ? "is cut off"
                                    : "holds a byte that is no MessagePack");
}

int quipu_decoder_next(quipu_decoder *decoder, const quipu_path *path,
                       quipu_token *token)
{
    int read = quipu_reader_next(&decoder->reader, token);

    return read == QUIPU_READ_OK ? QUIPU_OK : refuse_read(decoder, path, read);
}

int quipu_decoder_skip(quipu_decoder *decoder, const quipu_path *path,
                       const quipu_token *token)
{
    int read = quipu_reader_skip(&decoder->reader, token);

    return read == QUIPU_READ_OK ? QUIPU_OK : refuse_read(decoder, path, read);
}

int quipu_decoder_refuse_kind(const quipu_decoder *decoder,
                              const quipu_path *path, const char *wanted,
                              const quipu_token *token)
{
    char why[80];

    snprintf(why, sizeof(why), "is %s instead of %s", quipu_token_name(token),
             wanted);
    return quipu_decoder_refuse(decoder, path, why);
}
