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
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/state.h>

#include "event/attribute.h"
#include "mapper/envelope.h"
#include "mapper/personal.h"
#include "sealing/codec.h"

#define BIT(key) (1u << (key))
/* One above the highest key. */
#define KEYS_END (QUIPU_STATE_ORIGINATOR_VERSION + 1)
/* Elements of the arrays that say how a payload is compressed and encrypted. */
#define COMPRESSION_COUNT 3
#define ENCRYPTION_COUNT 4

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
    unsigned keys = payload->version > 1 ? BIT(QUIPU_STATE_TYPE_VERSION) : 0;

    keys |= payload->codec != 0 ? BIT(QUIPU_STATE_COMPRESSED) : 0;
    keys |= payload->suite != 0 ? BIT(QUIPU_STATE_ENCRYPTED) : 0;
    keys |= payload->personal_of ? BIT(QUIPU_STATE_PERSONAL) : 0;
    return keys;
}

static size_t count_bits(unsigned bits)
{
    size_t count = 0;

    for (; bits; bits &= bits - 1) {
        count++;
    }
    return count;
}

static void put_compression(quipu_encoder *encoder,
                            const quipu_payload *payload)
{
    msgpack_pack_array(&encoder->packer, COMPRESSION_COUNT);
    msgpack_pack_uint32(&encoder->packer, payload->codec);
    msgpack_pack_uint64(&encoder->packer, payload->plain_size);
    msgpack_pack_uint32(&encoder->packer, payload->dictionary);
}

/* The nonce is not known yet. */
static void put_encryption(quipu_encoder *encoder, quipu_payload *payload)
{
    static const uint8_t zeros[QUIPU_ENVELOPE_NONCE_SIZE];

    msgpack_pack_array(&encoder->packer, ENCRYPTION_COUNT);
    msgpack_pack_uint32(&encoder->packer, payload->suite);
    msgpack_pack_uint32(&encoder->packer, payload->binds_position ? 1 : 0);
    quipu_encoder_put_bytes(encoder, payload->key_id, sizeof(payload->key_id));
    quipu_encoder_put_bytes(encoder, zeros, sizeof(zeros));
    payload->nonce_at = encoder->size - sizeof(zeros);
}

/* Writes the value of a key. */
static void put_value(quipu_encoder *encoder, enum quipu_state_key key,
                      quipu_payload *payload, const quipu_event *event)
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
    case QUIPU_STATE_COMPRESSED:
        put_compression(encoder, payload);
        break;
    case QUIPU_STATE_METADATA:
        quipu_encoder_put_bytes(encoder, event->metadata.data,
                                event->metadata.size);
        break;
    case QUIPU_STATE_ENCRYPTED:
        put_encryption(encoder, payload);
        break;
    case QUIPU_STATE_PERSONAL:
        quipu_personal_write_names(encoder, payload->personal_of, event);
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
                          quipu_payload *payload, const quipu_event *event)
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

/* Reads an integer from 0 to `most`. */
static int read_number(quipu_decoder *decoder, const quipu_field_path *path,
                       uint64_t most, uint64_t *number)
{
    quipu_token token;
    int status = quipu_decoder_next(decoder, path, &token);

    if (status != QUIPU_OK) {
        return status;
    }
    if (token.kind != QUIPU_TOKEN_UINT || token.as.natural > most) {
        return quipu_decoder_refuse(decoder, path, "has a wrong number");
    }
    *number = token.as.natural;
    return QUIPU_OK;
}

/* Reads bytes of that size. */
static int read_bytes(quipu_decoder *decoder, const quipu_field_path *path,
                      uint8_t *bytes, size_t size)
{
    quipu_token token;
    int status = quipu_decoder_next(decoder, path, &token);

    if (status != QUIPU_OK) {
        return status;
    }
    if (token.kind != QUIPU_TOKEN_BIN || token.bytes.size != size) {
        return quipu_decoder_refuse(decoder, path, "has bytes of another size");
    }
    memcpy(bytes, token.bytes.data, size);
    return QUIPU_OK;
}

/* Reads the head of an array and its first element, a number that says what the
 * others are; UNSUPPORTED: it is not `known`. */
static int read_kind(quipu_decoder *decoder, const quipu_field_path *path,
                     uint32_t count, uint32_t known, const char *what)
{
    quipu_token array;
    uint64_t kind = 0;
    int status = quipu_decoder_next(decoder, path, &array);

    if (status == QUIPU_OK &&
        (array.kind != QUIPU_TOKEN_ARRAY || array.count == 0)) {
        return quipu_decoder_refuse_kind(decoder, path, "an array", &array);
    }
    if (status == QUIPU_OK) {
        status = read_number(decoder, path, UINT32_MAX, &kind);
    }
    if (status == QUIPU_OK && kind != known) {
        return refuse_newer(decoder, what, kind);
    }
    if (status == QUIPU_OK && array.count != count) {
        return quipu_decoder_refuse(decoder, path,
                                    "is an array of another size");
    }
    return status;
}

static int read_compression(quipu_decoder *decoder, quipu_payload *payload)
{
    const quipu_field_path path = { .name = "compression of the envelope" };
    uint64_t dictionary = 0;
    int status = read_kind(decoder, &path, COMPRESSION_COUNT, QUIPU_CODEC_ZSTD,
                           "the codec");

    if (status == QUIPU_OK) {
        status = read_number(decoder, &path, QUIPU_COMPRESS_MAX,
                             &payload->plain_size);
    }
    if (status == QUIPU_OK) {
        status = read_number(decoder, &path, UINT32_MAX, &dictionary);
    }
    payload->codec = QUIPU_CODEC_ZSTD;
    payload->dictionary = (uint32_t)dictionary;
    return status;
}

static int read_encryption(quipu_decoder *decoder, quipu_payload *payload)
{
    const quipu_field_path path = { .name = "encryption of the envelope" };
    const uint8_t *start = decoder->state.data;
    uint64_t binds_position = 0;
    int status = read_kind(decoder, &path, ENCRYPTION_COUNT,
                           QUIPU_SUITE_AES_256_GCM, "the cipher suite");

    if (status == QUIPU_OK) {
        status = read_number(decoder, &path, 1, &binds_position);
    }
    if (status == QUIPU_OK) {
        status = read_bytes(decoder, &path, payload->key_id,
                            sizeof(payload->key_id));
    }
    if (status == QUIPU_OK) {
        status =
            read_bytes(decoder, &path, payload->nonce, sizeof(payload->nonce));
    }
    payload->suite = QUIPU_SUITE_AES_256_GCM;
    payload->binds_position = binds_position == 1;
    payload->nonce_at =
        (size_t)(decoder->reader.at - start) - sizeof(payload->nonce);
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
    case QUIPU_STATE_COMPRESSED:
        return read_compression(decoder, payload);
    case QUIPU_STATE_ENCRYPTED:
        return read_encryption(decoder, payload);
    case QUIPU_STATE_PERSONAL:
        return quipu_personal_read_names(decoder, &payload->personal);
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
    if (!quipu_envelope_is_next(reader)) {
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
