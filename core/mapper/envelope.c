/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The envelope of a state.
 *
 * An event has attributes that its schema may have no column for: event id,
 * time, metadata, and the originator's id and version if the mapping uses
 * other attributes as sequence id and position.  They must not be lost, and
 * they are not members of the type.  The envelope holds them:
 *
 *     0xC1  version  head  payload
 *
 * The mark 0xC1 is the one byte that MessagePack does not use, so the first
 * byte tells an envelope from a plain map; a state without such attributes has
 * no envelope and costs nothing.  `head` is a MessagePack map from integer keys
 * to values, and `payload` is the rest: the map of the members.
 *
 *   INV1  Keys are ascending and unique, so there is one way to write an
 *         envelope.
 *   INV2  An even key is critical: the payload cannot be understood without it.
 *         So reading an unknown one fails with UNSUPPORTED; an unknown odd key
 *         is skipped.  So later versions can add information without locking
 *         out older programs, and cannot mislead them.
 *   INV3  An attribute that has both a column and an entry, because a column
 *         was added to the schema later, takes the column's value: mapper.c
 *         reads the columns after the envelope.
 *
 * Odd keys hold attributes of the event, even keys describe the payload
 * (quipu_payload).  A set of keys is a bit set, so that a further key needs a
 * case in `keys_of`, `put_value` and `read_value`.
 *
 * state.c reads envelopes with the same function, without an item.
 */
#include <stdio.h>

#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/state.h>

#include "mapper/attribute.h"
#include "mapper/envelope.h"

#define BIT(key) (1u << (key))
/* One above the highest key. */
#define KEYS_END (QUIPU_STATE_ORIGINATOR_VERSION + 1)

/* Returns the attributes that an event has, as bits of their keys. */
static unsigned attributes_of(const quipu_event *event)
{
    unsigned keys = 0;

    if (!quipu_uuid_is_nil(&event->event_id)) {
        keys |= BIT(QUIPU_STATE_EVENT_ID);
    }
    if (event->time.microseconds != 0) {
        keys |= BIT(QUIPU_STATE_TIME);
    }
    if (event->metadata.data) {
        keys |= BIT(QUIPU_STATE_METADATA);
    }
    if (event->originator_id.size > 0) {
        keys |= BIT(QUIPU_STATE_ORIGINATOR_ID);
    }
    if (event->originator_version != 0) {
        keys |= BIT(QUIPU_STATE_ORIGINATOR_VERSION);
    }
    return keys;
}

/* Returns the critical keys that a payload needs. */
static unsigned keys_of(const quipu_payload *payload)
{
    return payload->version > 1 ? BIT(QUIPU_STATE_TYPE_VERSION) : 0;
}

static size_t count_bits(unsigned bits)
{
    size_t count = 0;

    for (; bits; bits &= bits - 1) {
        count++;
    }
    return count;
}

/* Writes the value of a key. */
static void put_value(quipu_encoder *encoder, enum quipu_state_key key,
                      const quipu_payload *payload, const quipu_event *event)
{
    switch (key) {
    case QUIPU_STATE_EVENT_ID:
        quipu_encoder_put_bytes(encoder, &event->event_id,
                                sizeof(event->event_id));
        break;
    case QUIPU_STATE_TYPE_VERSION:
        msgpack_pack_uint32(&encoder->packer, payload->version);
        break;
    case QUIPU_STATE_TIME:
        quipu_encoder_put_time(encoder, event->time);
        break;
    case QUIPU_STATE_METADATA:
        quipu_encoder_put_bytes(encoder, event->metadata.data,
                                event->metadata.size);
        break;
    case QUIPU_STATE_ORIGINATOR_ID:
        quipu_encoder_put_bytes(encoder, event->originator_id.data,
                                event->originator_id.size);
        break;
    case QUIPU_STATE_ORIGINATOR_VERSION:
        msgpack_pack_int64(&encoder->packer, event->originator_version);
        break;
    }
}

void quipu_envelope_write(quipu_encoder *encoder, unsigned wanted,
                          const quipu_payload *payload,
                          const quipu_event *event)
{
    static const uint8_t mark[] = { QUIPU_ENVELOPE_MARK,
                                    QUIPU_ENVELOPE_VERSION };
    unsigned keys = (attributes_of(event) & wanted) | keys_of(payload);

    if (keys == 0) {
        return;
    }
    quipu_encoder_put_raw(encoder, mark, sizeof(mark));
    msgpack_pack_map(&encoder->packer, count_bits(keys));
    for (unsigned key = 0; key < KEYS_END; key++) { /* INV1 */
        if (keys & BIT(key)) {
            msgpack_pack_uint8(&encoder->packer, (uint8_t)key);
            put_value(encoder, (enum quipu_state_key)key, payload, event);
        }
    }
}

/* --------------------------------------------------------------- reading */

/* Returns the attribute that a key is for, or NULL. */
static const quipu_field *attribute_of(uint64_t key)
{
    switch (key) {
    case QUIPU_STATE_EVENT_ID:
        return &quipu_attribute_base[QUIPU_BASE_EVENT_ID];
    case QUIPU_STATE_TIME:
        return &quipu_attribute_base[QUIPU_BASE_TIME];
    case QUIPU_STATE_METADATA:
        return &quipu_attribute_base[QUIPU_BASE_METADATA];
    case QUIPU_STATE_ORIGINATOR_ID:
        return &quipu_attribute_base[QUIPU_BASE_ORIGINATOR_ID];
    case QUIPU_STATE_ORIGINATOR_VERSION:
        return &quipu_attribute_base[QUIPU_BASE_ORIGINATOR_VERSION];
    default:
        return NULL;
    }
}

static int refuse_newer(const quipu_decoder *decoder, const char *what,
                        uint64_t number)
{
    char why[120];

    snprintf(why, sizeof(why),
             "its envelope has %s %llu, which this version of quipu does not "
             "know; read it with a newer one",
             what, (unsigned long long)number);
    return quipu_decoder_refuse_item(decoder, QUIPU_UNSUPPORTED, why);
}

static int read_version(quipu_decoder *decoder, quipu_payload *payload)
{
    static const quipu_field member = { .kind = QUIPU_KIND_UINT,
                                        .size = sizeof(payload->version) };
    const quipu_field_path path = { .name = "version of the envelope" };
    quipu_token token;
    int status = quipu_decoder_next(decoder, &path, &token);

    if (status == QUIPU_OK) {
        status = quipu_decoder_value(decoder, &member, &token,
                                     (char *)&payload->version, &path);
    }
    if (status == QUIPU_OK && payload->version < 2) {
        return quipu_decoder_refuse(decoder, &path, "is below 2");
    }
    return status;
}

/* Reads the value of an attribute, or skips that of an unknown key. */
static int read_attribute(quipu_decoder *decoder, uint64_t key,
                          quipu_event *event)
{
    const quipu_field *member = attribute_of(key);
    const quipu_field_path path = { .name = member ? member->name
                                                   : "of the envelope" };
    quipu_token token;
    int status = quipu_decoder_next(decoder, &path, &token);

    if (status != QUIPU_OK) {
        return status;
    }
    if (!member) {
        return quipu_decoder_skip(decoder, &path, &token);
    }
    return quipu_decoder_value(decoder, member, &token,
                               (char *)event + member->offset, &path);
}

/* Reads the value of a key (INV2). */
static int read_value(quipu_decoder *decoder, uint64_t key,
                      quipu_payload *payload, quipu_event *event)
{
    if (key % 2 != 0) {
        return read_attribute(decoder, key, event);
    }
    switch (key) {
    case QUIPU_STATE_TYPE_VERSION:
        return read_version(decoder, payload);
    default:
        return refuse_newer(decoder, "the critical key", key);
    }
}

/* Reads one key, which must be *next or larger (INV1), and its value. */
static int read_entry(quipu_decoder *decoder, uint64_t *next,
                      quipu_payload *payload, quipu_event *event)
{
    quipu_token token;
    int status = quipu_decoder_next(decoder, NULL, &token);

    if (status != QUIPU_OK) {
        return status;
    }
    if (token.kind != QUIPU_TOKEN_UINT || token.as.natural < *next ||
        token.as.natural > UINT32_MAX) {
        return quipu_decoder_refuse(decoder, NULL,
                                    "has an envelope whose keys are not "
                                    "ascending numbers of 32 bits");
    }
    *next = token.as.natural + 1;
    return read_value(decoder, token.as.natural, payload, event);
}

static int read_head(quipu_decoder *decoder, quipu_payload *payload,
                     quipu_event *event)
{
    quipu_token map;
    uint64_t next = 0;
    int status = quipu_decoder_next(decoder, NULL, &map);

    if (status != QUIPU_OK) {
        return status;
    }
    if (map.kind != QUIPU_TOKEN_MAP) {
        return quipu_decoder_refuse(decoder, NULL,
                                    "has an envelope whose head is not a map");
    }
    for (uint32_t i = 0; i < map.count && status == QUIPU_OK; i++) {
        status = read_entry(decoder, &next, payload, event);
    }
    return status;
}

int quipu_envelope_read(quipu_decoder *decoder, quipu_payload *payload,
                        quipu_event *event)
{
    quipu_reader *reader = &decoder->reader;

    *payload = (quipu_payload){ .version = 1 };
    if (reader->at == reader->end || *reader->at != QUIPU_ENVELOPE_MARK) {
        return QUIPU_OK;
    }
    reader->at++;
    if (reader->at == reader->end) {
        return quipu_decoder_refuse(decoder, NULL, "is truncated");
    }
    if (*reader->at != QUIPU_ENVELOPE_VERSION) {
        return refuse_newer(decoder, "the version", *reader->at);
    }
    reader->at++;
    return read_head(decoder, payload, event);
}
