/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opens sealed states for tools, which have no event types.
 *
 * The payload is opened as a mapper opens it.  The state in clear is then put
 * together from the entries of the envelope, except those that say how the
 * payload was sealed, and from what the payload contains.
 */
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/state.h>

#include "base/error.h"
#include "base/memory.h"
#include "mapper/payload.h"

struct quipu_opener {
    struct quipu_sealer *sealer;
    quipu_arena arena;     /* of the state that is lent */
    quipu_encoder encoder; /* of the state in clear */
};

int quipu_opener_create(const quipu_sealing *sealing, quipu_opener **opener,
                        quipu_error *error)
{
    if (!opener) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_opener_create: an argument is NULL");
    }
    quipu_opener *created = quipu_allocate_zeroed(sizeof(*created));

    if (!created) {
        return quipu_error_no_memory(error);
    }
    quipu_arena_init(&created->arena);
    quipu_encoder_init(&created->encoder);
    int status = quipu_sealer_create(sealing, &created->sealer, error);

    if (status != QUIPU_OK) {
        quipu_opener_destroy(created);
        return status;
    }
    *opener = created;
    return QUIPU_OK;
}

void quipu_opener_destroy(quipu_opener *opener)
{
    if (!opener) {
        return;
    }
    quipu_arena_finish(&opener->arena);
    quipu_encoder_finish(&opener->encoder);
    quipu_sealer_destroy(opener->sealer);
    quipu_release(opener);
}

/* ---------------------------------------------------------------- rewriting */

static bool is_kept(const quipu_token *key)
{
    return key->as.natural != QUIPU_STATE_COMPRESSED &&
           key->as.natural != QUIPU_STATE_ENCRYPTED;
}

/* Appends the entries of a head that was checked, except those of the sealing,
 * if `encoder` is not NULL; returns their number. */
static uint32_t copy_entries(quipu_bytes head, quipu_encoder *encoder)
{
    quipu_reader reader = quipu_reader_of(head);
    quipu_token map = { .count = 0 };
    uint32_t kept = 0;

    (void)quipu_reader_next(&reader, &map);
    for (uint32_t i = 0; i < map.count; i++) {
        const uint8_t *start = reader.at;
        quipu_token key;
        quipu_token value;

        if (quipu_reader_next(&reader, &key) != QUIPU_READ_OK ||
            quipu_reader_next(&reader, &value) != QUIPU_READ_OK ||
            quipu_reader_skip(&reader, &value) != QUIPU_READ_OK) {
            break;
        }
        if (is_kept(&key)) {
            kept++;
            if (encoder) {
                quipu_encoder_put_raw(encoder, start,
                                      (size_t)(reader.at - start));
            }
        }
    }
    return kept;
}

/* Puts the state in clear together. */
static int rewrite(quipu_opener *opener, quipu_bytes head, quipu_bytes fields,
                   quipu_bytes *state, quipu_error *error)
{
    static const uint8_t mark[] = { QUIPU_ENVELOPE_MARK,
                                    QUIPU_ENVELOPE_VERSION };
    quipu_encoder *encoder = &opener->encoder;
    uint32_t count = copy_entries(head, NULL);

    quipu_encoder_begin(encoder, "", error);
    if (count > 0) {
        quipu_encoder_put_raw(encoder, mark, sizeof(mark));
        msgpack_pack_map(&encoder->packer, count);
        (void)copy_entries(head, encoder);
    }
    quipu_encoder_put_raw(encoder, fields.data, fields.size);
    *state = (quipu_bytes){ encoder->data, encoder->size };
    return quipu_encoder_status(encoder);
}

/* ------------------------------------------------------------------ opening */

/* Sets the event id from the column, as a mapper does. */
static void set_event_id(const quipu_item *item, quipu_event *event)
{
    if (item->event_id.data && item->event_id.size == sizeof(event->event_id)) {
        memcpy(&event->event_id, item->event_id.data, sizeof(event->event_id));
    }
}

int quipu_opener_open(quipu_opener *opener, const quipu_item *item,
                      quipu_bytes *state, quipu_error *error)
{
    quipu_payload payload = { .version = 1 };
    quipu_event event = { 0 };

    if (!opener || !item || !state) {
        return quipu_error_set(error, QUIPU_INVALID,
                               "quipu_opener_open: an argument is NULL");
    }
    quipu_arena_reset(&opener->arena);
    quipu_decoder decoder = {
        .state = item->state,
        .reader = quipu_reader_of(item->state),
        .item = item,
        .text_ids = item->sequence_id.size != sizeof(quipu_uuid),
        .arena = &opener->arena,
        .error = error,
    };
    int status = quipu_envelope_read(&decoder, &payload, &event);

    if (status != QUIPU_OK) {
        return status;
    }
    if (payload.codec == 0 && payload.suite == 0) {
        *state = item->state;
        return QUIPU_OK;
    }
    const uint8_t *start =
        (const uint8_t *)item->state.data + QUIPU_ENVELOPE_MARK_SIZE;
    const quipu_bytes head = { start, (size_t)(decoder.reader.at - start) };

    set_event_id(item, &event);
    status =
        quipu_payload_open(&decoder, opener->sealer, &event.event_id, &payload);
    if (status != QUIPU_OK) {
        return status;
    }
    const quipu_bytes fields = {
        decoder.reader.at, (size_t)(decoder.reader.end - decoder.reader.at)
    };

    return rewrite(opener, head, fields, state, error);
}
