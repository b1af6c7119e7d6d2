/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An encoder: msgpack-c's packer with a buffer that grows and can be used for
 * one event after the other.
 *
 * Failing to grow is recorded and not reported at once: msgpack-c's calls go
 * on, and quipu_encoder_status reports it when the state is finished.  One
 * thread at a time.
 */
#ifndef QUIPU_CORE_ENCODING_ENCODER_H
#define QUIPU_CORE_ENCODING_ENCODER_H

#include <msgpack/pack.h>

#include <quipu/event.h>

#include "event/field.h"

/* Must not be moved after its initialisation: the packer points to it. */
typedef struct quipu_encoder {
    msgpack_packer packer; /* appends to `data` */
    char *data;
    size_t size;
    size_t capacity;
    bool failed;                     /* NO_MEMORY: later writes are lost */
    const char *topic;               /* of the event, for messages */
    struct quipu_personal *personal; /* seals its personal members (personal.h);
                                        NULL: they stay in clear */
    quipu_error *error;
} quipu_encoder;

/* Prepares an encoder; allocates nothing. */
void quipu_encoder_init(quipu_encoder *encoder);

/* Frees its buffer. */
void quipu_encoder_finish(quipu_encoder *encoder);

/* Begins the state of an event with that topic; errors go to *error.  The
 * buffer's memory is kept unless it is unusually large. */
void quipu_encoder_begin(quipu_encoder *encoder, const char *topic,
                         quipu_error *error);

/* Returns OK, or NO_MEMORY if anything since `begin` could not be written. */
int quipu_encoder_status(const quipu_encoder *encoder);

/* Fills the error with INVALID, the topic, the field that `path` leads to and
 * the reason; returns INVALID. */
int quipu_encoder_refuse(const quipu_encoder *encoder,
                         const quipu_field_path *path, const char *why);

/* Checks a size or count that MessagePack stores in 32 bits.  INVALID. */
int quipu_encoder_check_size(const quipu_encoder *encoder, size_t size,
                             const quipu_field_path *path);

/* ---------------------------------------------------------------- writing */

/* Appends `size` bytes whose values the caller sets; returns where they stand
 * until the next write, or NULL if there is no memory. */
void *quipu_encoder_extend(quipu_encoder *encoder, size_t size);

/* Append bytes as they are, a value of type bin or str, and a timestamp. */
void quipu_encoder_put_raw(quipu_encoder *encoder, const void *data,
                           size_t size);
void quipu_encoder_put_bytes(quipu_encoder *encoder, const void *data,
                             size_t size);
void quipu_encoder_put_text(quipu_encoder *encoder, const char *text,
                            size_t size);
void quipu_encoder_put_time(quipu_encoder *encoder, quipu_time time);

/* Appends the value at `from`, which is neither a struct nor an array.
 * INVALID: it cannot be stored. */
int quipu_encoder_put_value(quipu_encoder *encoder, const quipu_field *field,
                            const char *from, const quipu_field_path *path);

#endif
