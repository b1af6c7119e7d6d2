/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope: what no column holds, before the state. */
#include <msgpack.h>
#include <stdio.h>
#include <string.h>

#include <quipu/error.h>
#include <quipu/id.h>
#include <quipu/state.h>

#include "mapper/base.h"
#include "mapper/decoder.h"
#include "mapper/envelope.h"
#include "mapper/timestamp.h"

/* The keys of the head.  An even one is critical: who does not know it cannot
 * read what follows, as for a codec, a compression or a cipher. */
enum key {
    KEY_EVENT_ID = QUIPU_STATE_EVENT_ID,
    KEY_TIME = QUIPU_STATE_TIME,
    KEY_METADATA = QUIPU_STATE_METADATA,
    KEY_ORIGINATOR_ID = QUIPU_STATE_ORIGINATOR_ID,
    KEY_ORIGINATOR_VERSION = QUIPU_STATE_ORIGINATOR_VERSION
};

/* The parts, among those wanted, that the event has. */
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

static void pack_bytes(msgpack_packer *packer, enum key key, const void *data,
                       size_t size)
{
    msgpack_pack_uint8(packer, (uint8_t)key);
    msgpack_pack_bin(packer, size);
    if (size > 0) {
        msgpack_pack_bin_body(packer, data, size);
    }
}

static void pack_time(msgpack_packer *packer, quipu_time time)
{
    uint8_t data[QUIPU_TIMESTAMP_SIZE_MAX];
    size_t size = quipu_timestamp_write(time, data);

    msgpack_pack_uint8(packer, KEY_TIME);
    msgpack_pack_ext(packer, size, QUIPU_TIMESTAMP_EXT);
    msgpack_pack_ext_body(packer, data, size);
}

static void pack_parts(msgpack_packer *packer, unsigned parts,
                       const quipu_event *event)
{
    if (parts & QUIPU_ENVELOPE_EVENT_ID) {
        pack_bytes(packer, KEY_EVENT_ID, &event->event_id,
                   sizeof(event->event_id));
    }
    if (parts & QUIPU_ENVELOPE_TIME) {
        pack_time(packer, event->time);
    }
    if (parts & QUIPU_ENVELOPE_METADATA) {
        pack_bytes(packer, KEY_METADATA, event->metadata.data,
                   event->metadata.size);
    }
    if (parts & QUIPU_ENVELOPE_ORIGINATOR_ID) {
        pack_bytes(packer, KEY_ORIGINATOR_ID, event->originator_id.data,
                   event->originator_id.size);
    }
    if (parts & QUIPU_ENVELOPE_ORIGINATOR_VERSION) {
        msgpack_pack_uint8(packer, KEY_ORIGINATOR_VERSION);
        msgpack_pack_int64(packer, event->originator_version);
    }
}

void quipu_envelope_write(quipu_buffer *buffer, unsigned wanted,
                          const quipu_event *event)
{
    static const char mark[] = { (char)QUIPU_ENVELOPE_MARK,
                                 QUIPU_ENVELOPE_VERSION };
    unsigned parts = parts_of(event, wanted);
    msgpack_packer packer;

    if (parts == 0) {
        return;
    }
    quipu_buffer_write(buffer, mark, sizeof(mark));
    msgpack_packer_init(&packer, buffer, quipu_buffer_write);
    msgpack_pack_map(&packer, count_bits(parts));
    pack_parts(&packer, parts, event);
}

/* --------------------------------------------------------------- reading */

/* The member that a key is for, or NULL. */
static const quipu_field *member_of(uint64_t key)
{
    switch (key) {
    case KEY_EVENT_ID:
        return &quipu_base_fields[QUIPU_BASE_EVENT_ID];
    case KEY_TIME:
        return &quipu_base_fields[QUIPU_BASE_TIME];
    case KEY_METADATA:
        return &quipu_base_fields[QUIPU_BASE_METADATA];
    case KEY_ORIGINATOR_ID:
        return &quipu_base_fields[QUIPU_BASE_ORIGINATOR_ID];
    case KEY_ORIGINATOR_VERSION:
        return &quipu_base_fields[QUIPU_BASE_ORIGINATOR_VERSION];
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
    return quipu_subject_refuse(decoder->subject, QUIPU_UNSUPPORTED, why,
                                decoder->error);
}

static int read_value(quipu_decoder *decoder, uint64_t key, quipu_event *event)
{
    const quipu_field *member = member_of(key);
    quipu_path path = { .name = member ? member->name : "of the envelope" };
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
    return quipu_decode_scalar(decoder, member, &token,
                               (char *)event + member->offset, &path);
}

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
    uint32_t i;
    int status = quipu_decoder_next(decoder, NULL, &map);

    if (status != QUIPU_OK) {
        return status;
    }
    if (map.kind != QUIPU_TOKEN_MAP) {
        return quipu_decoder_refuse(decoder, NULL,
                                    "has an envelope whose head is no map");
    }
    for (i = 0; i < map.count && status == QUIPU_OK; i++) {
        status = read_entry(decoder, &next, event);
    }
    return status;
}

int quipu_envelope_read(quipu_bytes *state, const quipu_subject *subject,
                        quipu_arena *arena, quipu_event *event,
                        quipu_error *error)
{
    const uint8_t *data = state->data;
    quipu_decoder decoder = { .subject = subject,
                              .arena = arena,
                              .error = error };
    int status;

    if (state->size == 0 || data[0] != QUIPU_ENVELOPE_MARK) {
        return QUIPU_OK;
    }
    if (state->size == 1) {
        return quipu_decoder_refuse(&decoder, NULL, "is cut off");
    }
    if (data[1] != QUIPU_ENVELOPE_VERSION) {
        return refuse_newer(&decoder, "the version", data[1]);
    }
    decoder.reader = (quipu_reader){ data + 2, data + state->size };
    status = read_head(&decoder, event);
    state->data = decoder.reader.at;
    state->size = (size_t)(decoder.reader.end - decoder.reader.at);
    return status;
}
