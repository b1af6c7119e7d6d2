/* SPDX-License-Identifier: Apache-2.0 */
/* Seals and opens kept states, layer by layer. */
#include "snapshot/sealed_state.h"

#include <string.h>

#include <quipu/id.h>

#include "base/error.h"
#include "base/memory.h"

#define PURPOSE "quipu snapshot"
#define LAYER_SIZE (QUIPU_KEY_ID_SIZE + QUIPU_CIPHER_NONCE_SIZE)

/* --------------------------------------------------------------- subjects */

/* Returns the subject at *at, and moves *at behind it; absent: the store. */
static quipu_bytes take_subject(const uint8_t **at)
{
    const size_t size = *(*at)++;
    const quipu_bytes subject = { size > 0 ? *at : NULL, size };

    *at += size;
    return subject;
}

int quipu_sealed_state_add_subject(struct quipu_subject_set *set,
                                   quipu_bytes subject, quipu_error *error)
{
    const uint8_t *at = set->bytes;

    for (size_t i = 0; i < set->count; i++) {
        quipu_bytes known = take_subject(&at);

        if (known.size == subject.size && quipu_bytes_equal(known, subject)) {
            return QUIPU_OK;
        }
    }
    uint8_t *grown = quipu_reallocate(set->bytes, set->size + 1 + subject.size);

    if (!grown) {
        return quipu_error_no_memory(error);
    }
    set->bytes = grown;
    grown[set->size] = (uint8_t)subject.size;
    if (subject.size > 0) {
        memcpy(grown + set->size + 1, subject.data, subject.size);
    }
    set->size += 1 + subject.size;
    set->count++;
    return QUIPU_OK;
}

void quipu_sealed_state_clear_subjects(struct quipu_subject_set *set)
{
    quipu_release(set->bytes);
    *set = (struct quipu_subject_set){ .bytes = NULL };
}

bool quipu_sealed_state_is_needed(const struct quipu_sealer *sealer,
                                  const struct quipu_subject_set *set)
{
    return set->count > 0 || sealer->whole;
}

/* ---------------------------------------------------------------- binding */

/* The parts that a layer is bound to. */
struct binding {
    uint8_t numbers[16]; /* version and last event, big-endian */
    quipu_bytes parts[4];
};

static struct quipu_bound bind_layer(struct binding *binding, quipu_bytes id,
                                     const struct quipu_snapshot *state,
                                     quipu_bytes subject)
{
    uint64_t version = (uint64_t)state->version;
    uint64_t last = state->last_event;

    for (size_t i = 8; i > 0; i--) {
        binding->numbers[i - 1] = (uint8_t)version;
        binding->numbers[i + 7] = (uint8_t)last;
        version >>= 8;
        last >>= 8;
    }
    binding->parts[0] = quipu_bytes_of_text(PURPOSE);
    binding->parts[1] = id;
    binding->parts[2] =
        (quipu_bytes){ binding->numbers, sizeof(binding->numbers) };
    binding->parts[3] = subject;
    return (struct quipu_bound){ binding->parts, 4 };
}

/* ---------------------------------------------------------------- sealing */

/* A state that is being sealed: the ciphertext of each layer is the plaintext
 * of the next one, in two buffers in turn. */
struct sealing {
    const struct quipu_sealer *sealer;
    const struct quipu_snapshot *state;
    quipu_bytes id;
    uint8_t *buffers[2];
    quipu_bytes content;
    size_t layer;
};

/* Adds a layer, and writes what is said of it at *at. */
static int add_layer(struct sealing *sealing, quipu_bytes subject, uint8_t **at,
                     quipu_error *error)
{
    uint8_t *to = sealing->buffers[sealing->layer++ % 2];
    struct quipu_cipher *cipher = NULL;
    struct binding binding;
    int status = quipu_sealer_current(sealing->sealer, subject, &cipher, error);

    if (status != QUIPU_OK) {
        return status;
    }
    *(*at)++ = (uint8_t)subject.size;
    if (subject.size > 0) {
        memcpy(*at, subject.data, subject.size);
        *at += subject.size;
    }
    memcpy(*at, quipu_cipher_key_id(cipher), QUIPU_KEY_ID_SIZE);
    *at += QUIPU_KEY_ID_SIZE;
    status = quipu_cipher_seal(
        cipher, bind_layer(&binding, sealing->id, sealing->state, subject),
        sealing->content, *at, to, error);
    *at += QUIPU_CIPHER_NONCE_SIZE;
    sealing->content =
        (quipu_bytes){ to, sealing->content.size + QUIPU_CIPHER_OVERHEAD };
    quipu_cipher_release(cipher);
    return status;
}

static int add_layers(struct sealing *sealing,
                      const struct quipu_subject_set *set, uint8_t **at,
                      quipu_error *error)
{
    const quipu_bytes store = { NULL, 0 };
    const uint8_t *subjects = set->bytes;
    int status = QUIPU_OK;

    for (size_t i = 0; i < set->count && status == QUIPU_OK; i++) {
        status = add_layer(sealing, take_subject(&subjects), at, error);
    }
    return status == QUIPU_OK && sealing->sealer->whole
               ? add_layer(sealing, store, at, error)
               : status;
}

int quipu_sealed_state_seal(const struct quipu_sealer *sealer,
                            const struct quipu_subject_set *set, quipu_bytes id,
                            struct quipu_snapshot *state, quipu_error *error)
{
    const size_t layers = set->count + sealer->whole;
    const size_t room = state->members.size + layers * QUIPU_CIPHER_OVERHEAD;

    if (layers > QUIPU_SEALED_LAYERS_MAX) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "a state that was made of personal members of "
                               "%zu subjects is not kept; the most are %d",
                               set->count, QUIPU_SEALED_LAYERS_MAX);
    }
    uint8_t *value =
        quipu_allocate(1 + set->size + 1 + layers * LAYER_SIZE + room);
    struct sealing sealing = {
        .sealer = sealer,
        .state = state,
        .id = id,
        .buffers = { quipu_allocate(room), quipu_allocate(room) },
        .content = state->members,
    };
    int status = QUIPU_NO_MEMORY;

    if (value && sealing.buffers[0] && sealing.buffers[1]) {
        uint8_t *at = value;

        *at++ = (uint8_t)layers;
        status = add_layers(&sealing, set, &at, error);
        if (status == QUIPU_OK) {
            memcpy(at, sealing.content.data, sealing.content.size);
            state->members = (quipu_bytes){ value, (size_t)(at - value) +
                                                       sealing.content.size };
            state->is_sealed = true;
            value = NULL;
        }
    } else {
        quipu_error_no_memory(error);
    }
    quipu_release(value);
    quipu_release(sealing.buffers[0]);
    quipu_release(sealing.buffers[1]);
    return status;
}

/* ---------------------------------------------------------------- opening */

/* Reads where the layers are described; returns their number, or 0 if that is
 * wrong.  *content is set to the ciphertext. */
static size_t read_layers(quipu_bytes value, const uint8_t **layers,
                          quipu_bytes *content)
{
    const uint8_t *at = value.data;
    const uint8_t *end = at + value.size;
    size_t count = value.size > 0 ? *at++ : 0;

    if (count > QUIPU_SEALED_LAYERS_MAX) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        layers[i] = at;
        if (end - at < 1 || (size_t)(end - at) < 1u + *at + LAYER_SIZE) {
            return 0;
        }
        at += 1u + *at + LAYER_SIZE;
    }
    *content = (quipu_bytes){ at, (size_t)(end - at) };
    return content->size >= count * QUIPU_CIPHER_OVERHEAD ? count : 0;
}

/* Opens a layer into `to`. */
static int open_layer(const struct sealing *sealing, const uint8_t *layer,
                      uint8_t *to, struct quipu_subject_set *set,
                      quipu_error *error)
{
    const quipu_bytes subject = take_subject(&layer);
    struct quipu_cipher *cipher = NULL;
    struct binding binding;
    int status =
        quipu_sealer_find(sealing->sealer, subject, layer, &cipher, error);

    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_cipher_open(
        cipher, bind_layer(&binding, sealing->id, sealing->state, subject),
        layer + QUIPU_KEY_ID_SIZE, sealing->content, to, error);
    quipu_cipher_release(cipher);
    return status == QUIPU_OK && subject.data
               ? quipu_sealed_state_add_subject(set, subject, error)
               : status;
}

int quipu_sealed_state_open(const struct quipu_sealer *sealer,
                            struct quipu_subject_set *set, quipu_bytes id,
                            const struct quipu_snapshot *state,
                            quipu_bytes *members, quipu_error *error)
{
    const uint8_t *layers[QUIPU_SEALED_LAYERS_MAX];
    struct sealing opening = { .sealer = sealer, .state = state, .id = id };
    size_t count = read_layers(state->members, layers, &opening.content);
    const size_t room = opening.content.size;
    int status = QUIPU_OK;

    if (count == 0) {
        return quipu_error_set(error, QUIPU_CORRUPT,
                               "a sealed state has no layers");
    }
    opening.buffers[0] = quipu_allocate(room);
    opening.buffers[1] = quipu_allocate(room);
    if (!opening.buffers[0] || !opening.buffers[1]) {
        status = quipu_error_no_memory(error);
    }
    while (status == QUIPU_OK && count > 0) {
        uint8_t *to = opening.buffers[count % 2];

        status = open_layer(&opening, layers[--count], to, set, error);
        opening.content =
            (quipu_bytes){ to, opening.content.size - QUIPU_CIPHER_OVERHEAD };
    }
    for (size_t i = 0; i < 2; i++) {
        if (status != QUIPU_OK || opening.content.data != opening.buffers[i]) {
            quipu_release(opening.buffers[i]);
        }
    }
    if (status == QUIPU_OK) {
        *members = opening.content;
    }
    return status;
}
