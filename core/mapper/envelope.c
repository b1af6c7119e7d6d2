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
 *   INV2  An unknown even key is critical: the payload cannot be understood
 *         without it (compression, encryption), so reading fails with
 *         UNSUPPORTED.  An unknown odd key is skipped.  So later versions can
 *         add information without locking out older programs, and cannot
 *         mislead them.
 *   INV3  An attribute that has both a column and an entry, because a column
 *         was added to the schema later, takes the column's value: mapper.c
 *         reads the columns after the envelope.
 *
 * state.c reads envelopes with the same function, without an item.
 */
#include <stdio.h>

#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/state.h>

#include "mapper/attribute.h"
#include "mapper/envelope.h"

/* The keys of the head. */
enum key {
    KEY_EVENT_ID = QUIPU_STATE_EVENT_ID,
    KEY_TIME = QUIPU_STATE_TIME,
    KEY_METADATA = QUIPU_STATE_METADATA,
    KEY_ORIGINATOR_ID = QUIPU_STATE_ORIGINATOR_ID,
    KEY_ORIGINATOR_VERSION = QUIPU_STATE_ORIGINATOR_VERSION
};

/* Returns those of the wanted parts that the event has. */
static unsigned parts_of(const quipu_event *event, unsigned wanted)
{
    unsigned parts = 0;

    if (!quipu_uuid_is_nil(&event->event_id)) {
        parts |= QUIPU_ENVELOPE_EVENT_ID;
    }
    if (event->time.microseconds != 0) {
        parts |= QUIPU_ENVELOPE_TIME;
    }
    if (event->metadata.data) {
        parts |= QUIPU_ENVELOPE_METADATA;
    }
    if (event->originator_id.size > 0) {
        parts |= QUIPU_ENVELOPE_ORIGINATOR_ID;
    }
    if (event->originator_version != 0) {
        parts |= QUIPU_ENVELOPE_ORIGINATOR_VERSION;
    }
    return parts & wanted;
}

static size_t count_bits(unsigned bits)
{
    size_t count = 0;

    for (; bits; bits &= bits - 1) {
        count++;
    }
    return count;
}

static void put_key(quipu_encoder *encoder, enum key key)
{
    msgpack_pack_uint8(&encoder->packer, (uint8_t)key);
}

/* Writes the entries in ascending order of their keys (V1). */
static void put_parts(quipu_encoder *encoder, unsigned parts,
                      const quipu_event *event)
{
    if (parts & QUIPU_ENVELOPE_EVENT_ID) {
        put_key(encoder, KEY_EVENT_ID);
        quipu_encoder_put_bytes(encoder, &event->event_id,
                                sizeof(event->event_id));
    }
    if (parts & QUIPU_ENVELOPE_TIME) {
        put_key(encoder, KEY_TIME);
        quipu_encoder_put_time(encoder, event->time);
    }
    if (parts & QUIPU_ENVELOPE_METADATA) {
        put_key(encoder, KEY_METADATA);
        quipu_encoder_put_bytes(encoder, event->metadata.data,
                                event->metadata.size);
    }
    if (parts & QUIPU_ENVELOPE_ORIGINATOR_ID) {
        put_key(encoder, KEY_ORIGINATOR_ID);
        quipu_encoder_put_bytes(encoder, event->originator_id.data,
                                event->originator_id.size);
    }
    if (parts & QUIPU_ENVELOPE_ORIGINATOR_VERSION) {
        put_key(encoder, KEY_ORIGINATOR_VERSION);
        msgpack_pack_int64(&encoder->packer, event->originator_version);
    }
}

void quipu_envelope_write(quipu_encoder *encoder, unsigned wanted,
                          const quipu_event *event)
{
    static const uint8_t mark[] = { QUIPU_ENVELOPE_MARK,
                                    QUIPU_ENVELOPE_VERSION };
    unsigned parts = parts_of(event, wanted);

    if (parts == 0) {
        return;
    }
    quipu_encoder_put_raw(encoder, mark, sizeof(mark));
    msgpack_pack_map(&encoder->packer, count_bits(parts));
    put_parts(encoder, parts, event);
}

/* --------------------------------------------------------------- reading */

/* Returns the attribute that a key is for, or NULL if the key is unknown. */
static const quipu_field *member_of(uint64_t key)
{
    switch (key) {
    case KEY_EVENT_ID:
        return &quipu_attribute_base[QUIPU_BASE_EVENT_ID];
    case KEY_TIME:
        return &quipu_attribute_base[QUIPU_BASE_TIME];
    case KEY_METADATA:
        return &quipu_attribute_base[QUIPU_BASE_METADATA];
    case KEY_ORIGINATOR_ID:
        return &quipu_attribute_base[QUIPU_BASE_ORIGINATOR_ID];
    case KEY_ORIGINATOR_VERSION:
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

/* Reads the value of a key, or skips it (V2). */
static int read_value(quipu_decoder *decoder, uint64_t key, quipu_event *event)
{
    const quipu_field *member = member_of(key);
    quipu_field_path path = { .name =
                                  member ? member->name : "of the envelope" };
    quipu_token token;
    int status;

    if (!member && key % 2 == 0) {
        return refuse_newer(decoder, "the critical key", key);
    }
    status = quipu_decoder_next(decoder, &path, &token);
    if (status != QUIPU_OK) {
        return status;
    }
    if (!member) {
        return quipu_decoder_skip(decoder, &path, &token);
    }
    return quipu_decoder_value(decoder, member, &token,
                               (char *)event + member->offset, &path);
}

/* Reads one key, which must be *next or larger (V1), and its value. */
static int read_entry(quipu_decoder *decoder, uint64_t *next,
                      quipu_event *event)
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
    return read_value(decoder, token.as.natural, event);
}

static int read_head(quipu_decoder *decoder, quipu_event *event)
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
        status = read_entry(decoder, &next, event);
    }
    return status;
}

int quipu_envelope_read(quipu_decoder *decoder, quipu_event *event)
{
    quipu_reader *reader = &decoder->reader;

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
    return read_head(decoder, event);
}
