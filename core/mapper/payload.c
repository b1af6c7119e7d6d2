/* SPDX-License-Identifier: Apache-2.0 */
/* Seals and opens payloads; payload.h has the invariants. */
#include "mapper/payload.h"

#include <stdio.h>
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>

#include "base/error.h"

#define PURPOSE "quipu state"
#define PARTS 6
#define POSITION_SIZE 8

/* ------------------------------------------------------------------ binding */

/* The bytes that a payload is bound to (P2). */
struct binding {
    uint8_t position[POSITION_SIZE]; /* big-endian */
    quipu_bytes parts[PARTS];
};

static struct quipu_bound bind_parts(struct binding *binding,
                                     const quipu_item *item,
                                     const quipu_uuid *event_id,
                                     bool binds_position, quipu_bytes head)
{
    const quipu_bytes absent = { NULL, 0 };
    uint64_t position = (uint64_t)item->position;

    for (size_t i = POSITION_SIZE; i > 0; i--) {
        binding->position[i - 1] = (uint8_t)position;
        position >>= 8;
    }
    binding->parts[0] = quipu_bytes_of_text(PURPOSE);
    binding->parts[1] = item->sequence_id;
    binding->parts[2] = item->topic;
    binding->parts[3] = quipu_uuid_is_nil(event_id)
                            ? absent
                            : (quipu_bytes){ event_id, sizeof(*event_id) };
    binding->parts[4] =
        binds_position
            ? (quipu_bytes){ binding->position, sizeof(binding->position) }
            : absent;
    binding->parts[5] = head;
    return (struct quipu_bound){ binding->parts, PARTS };
}

/* ------------------------------------------------------------------ writing */

static bool is_compressed(const struct quipu_sealer *sealer, size_t size)
{
    return sealer->compress_above > 0 && size > sealer->compress_above &&
           size <= QUIPU_COMPRESS_MAX;
}

/* Compresses *content into `scratch`, if that helps. */
static int compress(struct quipu_codec *codec, quipu_encoder *scratch,
                    quipu_bytes *content, quipu_payload *payload,
                    quipu_error *error)
{
    size_t size = 0;
    void *room = quipu_encoder_extend(scratch, content->size);

    if (!room) {
        return quipu_error_no_memory(error);
    }
    int status = quipu_codec_compress(codec, *content, room, &size, error);

    if (status == QUIPU_OK && size > 0) {
        payload->codec = QUIPU_CODEC_ZSTD;
        payload->plain_size = content->size;
        payload->dictionary = quipu_codec_dictionary(codec);
        *content = (quipu_bytes){ room, size };
    }
    return status;
}

/* Prefixes a failure with the topic. */
static int refuse(const struct quipu_payload_input *input, int status,
                  const quipu_error *cause, quipu_error *error)
{
    return quipu_error_set(error, status,
                           "event %s: its state cannot be sealed: %s",
                           input->event->type->topic, cause->message);
}

/* Writes the envelope, and the content encrypted. */
static int encrypt(const struct quipu_payload_input *input,
                   const struct quipu_cipher *cipher, quipu_bytes content,
                   quipu_payload *payload, quipu_encoder *state,
                   quipu_error *error)
{
    struct binding binding;

    payload->suite = QUIPU_SUITE_AES_256_GCM;
    payload->binds_position = !(input->item->flags & QUIPU_ITEM_NEXT);
    memcpy(payload->key_id, quipu_cipher_key_id(cipher),
           sizeof(payload->key_id));
    quipu_envelope_write(state, input->parts, payload, input->event);
    const size_t head = state->size;
    uint8_t *room =
        quipu_encoder_extend(state, content.size + QUIPU_CIPHER_OVERHEAD);

    if (!room) {
        return quipu_error_no_memory(error);
    }
    const struct quipu_bound bound =
        bind_parts(&binding, input->item, &input->event->event_id,
                   payload->binds_position, (quipu_bytes){ state->data, head });
    int status =
        quipu_cipher_seal(cipher, bound, content, payload->nonce, room, error);

    if (status == QUIPU_OK) {
        memcpy(state->data + payload->nonce_at, payload->nonce,
               sizeof(payload->nonce));
    }
    return status;
}

static int write_encrypted(const struct quipu_payload_input *input,
                           quipu_bytes content, quipu_payload *payload,
                           quipu_encoder *state)
{
    const quipu_bytes store = { NULL, 0 }; /* no subject */
    struct quipu_cipher *cipher = NULL;
    quipu_error cause = { 0 };
    int status = quipu_sealer_current(input->sealer, store, &cipher, &cause);

    if (status == QUIPU_OK) {
        status = encrypt(input, cipher, content, payload, state, &cause);
        quipu_cipher_release(cipher);
    }
    return status == QUIPU_OK ? status
                              : refuse(input, status, &cause, state->error);
}

int quipu_payload_write(const struct quipu_payload_input *input,
                        quipu_encoder *state, quipu_encoder *scratch)
{
    quipu_payload payload = { .version = input->version,
                              .personal_of = input->personal_of };
    quipu_bytes content = input->members;

    if (is_compressed(input->sealer, content.size)) {
        quipu_encoder_begin(scratch, state->topic, state->error);
        int status = compress(input->sealer->codec, scratch, &content, &payload,
                              state->error);

        if (status != QUIPU_OK) {
            return status;
        }
    }
    if (input->sealer->whole) {
        return write_encrypted(input, content, &payload, state);
    }
    quipu_envelope_write(state, input->parts, &payload, input->event);
    quipu_encoder_put_raw(state, content.data, content.size);
    return quipu_encoder_status(state);
}

/* ------------------------------------------------------------------ reading */

/* Writes "is encrypted with the key 0011..., and WHY". */
static int refuse_key(const quipu_decoder *decoder, int status,
                      const quipu_payload *payload, const char *reason)
{
    char id[2 * QUIPU_KEY_ID_SIZE + 1];
    char why[300];

    for (size_t i = 0; i < sizeof(payload->key_id); i++) {
        (void)snprintf(id + 2 * i, 3, "%02x", payload->key_id[i]);
    }
    (void)snprintf(why, sizeof(why),
                   "its state is encrypted with the key %s: %.200s", id,
                   reason);
    return quipu_decoder_refuse_item(decoder, status, why);
}

/* A key that the provider does not have is no proof of anything about the
 * state, and must not look like an event that does not exist. */
static int find_cipher(const quipu_decoder *decoder,
                       const struct quipu_sealer *sealer,
                       const quipu_payload *payload,
                       struct quipu_cipher **cipher)
{
    const quipu_bytes store = { NULL, 0 }; /* no subject */
    quipu_error cause = { 0 };

    int status =
        quipu_sealer_find(sealer, store, payload->key_id, cipher, &cause);

    if (status == QUIPU_OK || status == QUIPU_NO_MEMORY) {
        return status == QUIPU_OK ? status
                                  : quipu_error_no_memory(decoder->error);
    }
    return refuse_key(decoder,
                      status == QUIPU_NOT_FOUND ? QUIPU_DENIED : status,
                      payload, cause.message);
}

/* Decrypts *content into the arena. */
static int decrypt_with(const quipu_decoder *decoder,
                        const struct quipu_cipher *cipher,
                        const quipu_uuid *event_id,
                        const quipu_payload *payload, quipu_bytes *content)
{
    const uint8_t *state = decoder->state.data;
    const size_t head_size = (size_t)(decoder->reader.at - state);
    struct binding binding;

    if (content->size < QUIPU_CIPHER_OVERHEAD) {
        return quipu_decoder_refuse(decoder, NULL, "is truncated");
    }
    const size_t size = content->size - QUIPU_CIPHER_OVERHEAD;
    uint8_t *head = quipu_arena_copy(decoder->arena, state, head_size);
    uint8_t *plain = quipu_arena_allocate(decoder->arena, size);

    if (!head || !plain) {
        return quipu_error_no_memory(decoder->error);
    }
    memset(head + payload->nonce_at, 0, sizeof(payload->nonce));
    const struct quipu_bound bound =
        bind_parts(&binding, decoder->item, event_id, payload->binds_position,
                   (quipu_bytes){ head, head_size });
    int status = quipu_cipher_open(cipher, bound, payload->nonce, *content,
                                   plain, decoder->error);

    if (status == QUIPU_CORRUPT) {
        return quipu_decoder_refuse(
            decoder, NULL,
            "does not open with its key: it was changed, or belongs to another "
            "event, sequence or position");
    }
    *content = (quipu_bytes){ plain, size };
    return status;
}

static int decrypt(const quipu_decoder *decoder,
                   const struct quipu_sealer *sealer,
                   const quipu_uuid *event_id, const quipu_payload *payload,
                   quipu_bytes *content)
{
    struct quipu_cipher *cipher = NULL;
    int status = find_cipher(decoder, sealer, payload, &cipher);

    if (status != QUIPU_OK) {
        return status;
    }
    status = decrypt_with(decoder, cipher, event_id, payload, content);
    quipu_cipher_release(cipher);
    return status;
}

/* Decompresses *content into the arena. */
static int decompress(const quipu_decoder *decoder,
                      const struct quipu_sealer *sealer,
                      const quipu_payload *payload, quipu_bytes *content)
{
    quipu_error cause = { 0 };

    if (!sealer->codec) {
        return quipu_decoder_refuse_item(
            decoder, QUIPU_UNSUPPORTED,
            "its state is compressed, and this build of quipu has no zstd; "
            "install libzstd-dev and build quipu again");
    }
    const size_t size = (size_t)payload->plain_size;
    void *plain = quipu_arena_allocate(decoder->arena, size);

    if (!plain) {
        return quipu_error_no_memory(decoder->error);
    }
    int status = quipu_codec_decompress(
        sealer->codec, *content, payload->dictionary, plain, size, &cause);

    *content = (quipu_bytes){ plain, size };
    switch (status) {
    case QUIPU_CORRUPT:
        return quipu_decoder_refuse(decoder, NULL,
                                    "cannot be decompressed to its size");
    case QUIPU_UNSUPPORTED:
        return quipu_decoder_refuse_item(decoder, status, cause.message);
    case QUIPU_NO_MEMORY:
        return quipu_error_no_memory(decoder->error);
    default:
        return status;
    }
}

int quipu_payload_open(quipu_decoder *decoder,
                       const struct quipu_sealer *sealer,
                       const quipu_uuid *event_id, const quipu_payload *payload)
{
    quipu_bytes content = { decoder->reader.at, (size_t)(decoder->reader.end -
                                                         decoder->reader.at) };
    int status = QUIPU_OK;

    if (payload->suite != 0) {
        status = decrypt(decoder, sealer, event_id, payload, &content);
    } else if (sealer->require_whole) {
        return quipu_decoder_refuse(
            decoder, NULL, "is not encrypted, and the sealing requires that");
    }
    if (status == QUIPU_OK && payload->codec != 0) {
        status = decompress(decoder, sealer, payload, &content);
    }
    if (status == QUIPU_OK) {
        decoder->reader = quipu_reader_of(content);
    }
    return status;
}
