/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Personal members.
 *
 * The head of the envelope has, under QUIPU_STATE_PERSONAL, a map from the
 * names of the members that are sealed to where their subjects stand:
 *
 *     str   the member of that name in the same map of members
 *     nil   the sequence id of the item
 *     7     the originator id in the envelope
 *
 * So a state is opened without the table of its type, which may have got other
 * names since, and without knowing the mapping with which it was written.
 *
 * The value of such a member is an extension of type QUIPU_PERSONAL_EXT:
 *
 *     suite (1)  key id (16)  nonce (12)  ciphertext  tag (16)
 *
 * The plaintext is the MessagePack value that the member would have otherwise.
 * It is bound to the sequence id, the topic, the event id, the name of the
 * member and the subject (X2); and to the position, if the item had one when it
 * was sealed, which the bit BOUND_TO_POSITION of the suite tells.  It is
 * deterministic (X3), because the cipher is.
 *
 * Opening replaces a member whose key was destroyed by nil, which the rules of
 * members.c treat as a missing one: it takes the value that the table gives for
 * this case (X5).
 */
#include "mapper/personal.h"

#include <stdio.h>
#include <string.h>

#include <quipu/id.h>
#include <quipu/memory.h>
#include <quipu/state.h>

#include "base/error.h"
#include "base/memory.h"
#include "event/attribute.h"
#include "event/member.h"
#include "sealing/wipe.h"

#define PURPOSE "quipu member"
#define NIL 0xC0
#define BOUND_TO_POSITION 0x80

void quipu_personal_finish(quipu_personal *personal)
{
    quipu_cipher_release(personal->cipher);
    personal->cipher = NULL;
}

/* ---------------------------------------------------------------- ciphers */

static bool has_cipher(const quipu_personal *personal, quipu_bytes subject,
                       const uint8_t *id)
{
    return personal->cipher && quipu_bytes_equal(personal->subject, subject) &&
           (!id || memcmp(quipu_cipher_key_id(personal->cipher), id,
                          QUIPU_KEY_ID_SIZE) == 0);
}

/* The parts that a member is bound to. */
struct binding {
    uint8_t position[8]; /* big-endian */
    quipu_bytes parts[7];
};

static struct quipu_bound bind_member(struct binding *binding,
                                      const quipu_personal *personal,
                                      quipu_bytes name, bool binds_position)
{
    const quipu_uuid *event_id = &personal->event->event_id;
    uint64_t position = (uint64_t)personal->item->position;

    for (size_t i = sizeof(binding->position); i > 0; i--) {
        binding->position[i - 1] = (uint8_t)position;
        position >>= 8;
    }
    binding->parts[0] = quipu_bytes_of_text(PURPOSE);
    binding->parts[1] = personal->item->sequence_id;
    binding->parts[2] = personal->item->topic;
    binding->parts[3] = (quipu_bytes){ event_id->bytes, sizeof(*event_id) };
    binding->parts[4] = (quipu_bytes){
        binds_position ? binding->position : NULL,
        binds_position ? sizeof(binding->position) : 0,
    };
    binding->parts[5] = name;
    binding->parts[6] = personal->subject;
    return (struct quipu_bound){ binding->parts, 7 };
}

/* ---------------------------------------------------------------- sealing */

static bool is_sealed(const quipu_field *field, const quipu_event *event)
{
    return quipu_field_is_personal(field) &&
           quipu_member_present(field, (const char *)event);
}

bool quipu_personal_has_any(const quipu_event *event)
{
    for (const quipu_field *f = event->type->fields; f && f->name; f++) {
        if (is_sealed(f, event)) {
            return true;
        }
    }
    return false;
}

/* Returns the attribute that names the subject of a field. */
static const quipu_field *subject_of(const quipu_event *event,
                                     const quipu_field *field)
{
    const quipu_field *subject =
        quipu_field_subject(event->type->fields, field);

    return subject ? subject : &quipu_attribute_base[QUIPU_BASE_ORIGINATOR_ID];
}

void quipu_personal_write_names(quipu_encoder *encoder,
                                const quipu_item_key *key,
                                const quipu_event *event)
{
    size_t count = 0;

    for (const quipu_field *f = event->type->fields; f->name; f++) {
        count += is_sealed(f, event);
    }
    msgpack_pack_map(&encoder->packer, count);
    for (const quipu_field *f = event->type->fields; f->name; f++) {
        if (!is_sealed(f, event)) {
            continue;
        }
        const quipu_field *subject = subject_of(event, f);

        quipu_encoder_put_text(encoder, f->name, strlen(f->name));
        if (subject == key->sequence_id) {
            msgpack_pack_nil(&encoder->packer);
        } else if (quipu_attribute_is(subject, QUIPU_BASE_ORIGINATOR_ID)) {
            msgpack_pack_uint8(&encoder->packer, QUIPU_STATE_ORIGINATOR_ID);
        } else {
            quipu_encoder_put_text(encoder, subject->name,
                                   strlen(subject->name));
        }
    }
}

/* Gets the cipher of the subject's newest key. */
static int get_current(quipu_personal *personal, const quipu_encoder *encoder,
                       const quipu_field *field)
{
    const quipu_event *event = personal->event;
    const quipu_field_path path = { .name = field->name };
    quipu_bytes subject =
        quipu_attribute_bytes(subject_of(event, field), event);

    if (!subject.data || subject.size == 0) {
        return quipu_encoder_refuse(encoder, &path,
                                    "is personal, but its subject is empty");
    }
    if (has_cipher(personal, subject, NULL)) {
        return QUIPU_OK;
    }
    quipu_error cause = { .code = QUIPU_OK };

    quipu_personal_finish(personal);
    personal->subject = subject;
    int status = quipu_sealer_current(personal->sealer, subject,
                                      &personal->cipher, &cause);

    return status == QUIPU_OK
               ? status
               : quipu_error_set(encoder->error, status,
                                 "event %s: its personal members cannot be "
                                 "sealed: %s",
                                 encoder->topic, cause.message);
}

int quipu_personal_seal(quipu_personal *personal, quipu_encoder *encoder,
                        size_t start, const quipu_field *field)
{
    int status = get_current(personal, encoder, field);

    if (status != QUIPU_OK || encoder->failed) {
        return status;
    }
    const quipu_bytes plain = { encoder->data + start, encoder->size - start };
    const size_t size =
        QUIPU_PERSONAL_HEAD_SIZE + plain.size + QUIPU_CIPHER_OVERHEAD;
    uint8_t *sealed = quipu_allocate(size);
    struct binding binding;

    if (!sealed) {
        return quipu_error_no_memory(encoder->error);
    }
    const bool binds_position = !(personal->item->flags & QUIPU_ITEM_NEXT);
    uint8_t *nonce = sealed + 1 + QUIPU_KEY_ID_SIZE;

    sealed[0] =
        QUIPU_SUITE_AES_256_GCM | (binds_position ? BOUND_TO_POSITION : 0);
    memcpy(sealed + 1, quipu_cipher_key_id(personal->cipher),
           QUIPU_KEY_ID_SIZE);
    status = quipu_cipher_seal(
        personal->cipher,
        bind_member(&binding, personal, quipu_bytes_of_text(field->name),
                    binds_position),
        plain, nonce, sealed + QUIPU_PERSONAL_HEAD_SIZE, encoder->error);
    quipu_wipe(encoder->data + start, plain.size);
    encoder->size = start;
    if (status == QUIPU_OK) {
        msgpack_pack_ext(&encoder->packer, size, QUIPU_PERSONAL_EXT);
        msgpack_pack_ext_body(&encoder->packer, sealed, size);
    }
    quipu_release(sealed);
    return status;
}

/* ------------------------------------------------------------------ names */

int quipu_personal_read_names(quipu_decoder *decoder, quipu_bytes *names)
{
    const uint8_t *start = decoder->reader.at;
    quipu_token token;
    int status = quipu_decoder_next(decoder, NULL, &token);
    bool sound = token.kind == QUIPU_TOKEN_MAP;

    for (uint32_t i = 0; status == QUIPU_OK && sound && i < 2 * token.count;
         i++) {
        quipu_token part;

        status = quipu_decoder_next(decoder, NULL, &part);
        sound =
            status == QUIPU_OK &&
            (part.kind == QUIPU_TOKEN_STR ||
             (i % 2 == 1 && (part.kind == QUIPU_TOKEN_NIL ||
                             (part.kind == QUIPU_TOKEN_UINT &&
                              part.as.natural == QUIPU_STATE_ORIGINATOR_ID))));
    }
    if (status == QUIPU_OK && !sound) {
        return quipu_decoder_refuse(decoder, NULL,
                                    "has an envelope whose map of personal "
                                    "members is wrong");
    }
    *names = (quipu_bytes){ start, (size_t)(decoder->reader.at - start) };
    return status;
}

/* Finds the value of a key in a map of one token for each key and value.
 * Returns whether there is one. */
static bool find_name(quipu_bytes names, quipu_bytes name, quipu_token *value)
{
    quipu_reader reader = quipu_reader_of(names);
    quipu_token map;
    quipu_token key;

    if (!names.data || quipu_reader_next(&reader, &map) != QUIPU_READ_OK) {
        return false;
    }
    for (uint32_t i = 0; i < map.count; i++) {
        if (quipu_reader_next(&reader, &key) != QUIPU_READ_OK ||
            quipu_reader_next(&reader, value) != QUIPU_READ_OK) {
            return false;
        }
        if (quipu_bytes_equal(key.bytes, name)) {
            return true;
        }
    }
    return false;
}

bool quipu_personal_is_named(quipu_bytes names, quipu_bytes member)
{
    quipu_token value;

    return find_name(names, member, &value);
}

/* ---------------------------------------------------------------- opening */

/* The map that is being copied, with its members in clear. */
struct opening {
    quipu_personal *personal;
    quipu_decoder *decoder;
    quipu_bytes names;
    quipu_bytes members; /* the map with sealed values */
    quipu_event *event;
    uint8_t *at; /* end of the copy */
    uint32_t opened;
};

static void put(struct opening *opening, const void *data, size_t size)
{
    if (size > 0) {
        memcpy(opening->at, data, size);
        opening->at += size;
    }
}

/* Sets the bytes of the subject to which the names refer.  CORRUPT. */
static int find_subject(const struct opening *opening,
                        const quipu_token *reference, quipu_bytes *subject)
{
    const quipu_id *originator = &opening->event->originator_id;
    quipu_reader reader = quipu_reader_of(opening->members);
    quipu_token token;
    uint32_t count = 0;

    if (reference->kind == QUIPU_TOKEN_NIL) {
        *subject = opening->personal->item->sequence_id;
        return QUIPU_OK;
    }
    if (reference->kind == QUIPU_TOKEN_UINT) {
        *subject = quipu_id_bytes(originator);
        return QUIPU_OK;
    }
    if (quipu_reader_next(&reader, &token) == QUIPU_READ_OK) {
        count = token.count;
    }
    for (; count > 0; count--) {
        quipu_token value;

        if (quipu_reader_next(&reader, &token) != QUIPU_READ_OK ||
            quipu_reader_next(&reader, &value) != QUIPU_READ_OK ||
            quipu_reader_skip(&reader, &value) != QUIPU_READ_OK) {
            break;
        }
        if (token.kind == QUIPU_TOKEN_STR &&
            quipu_bytes_equal(token.bytes, reference->bytes) &&
            (value.kind == QUIPU_TOKEN_STR || value.kind == QUIPU_TOKEN_BIN)) {
            *subject = value.bytes;
            return QUIPU_OK;
        }
    }
    return quipu_decoder_refuse(opening->decoder, NULL,
                                "lacks the subject of a personal member");
}

/* Adds a subject to those whose members were opened. */
static int note_subject(const struct opening *opening, quipu_bytes id)
{
    const struct quipu_subject *known = opening->personal->subjects;

    while (known && !quipu_bytes_equal(known->id, id)) {
        known = known->next;
    }
    if (known) {
        return QUIPU_OK;
    }
    quipu_arena *arena = opening->decoder->arena;
    struct quipu_subject *added = quipu_arena_allocate(arena, sizeof(*added));
    void *copy = quipu_arena_copy(arena, id.data, id.size);

    if (!added || !copy) {
        return quipu_error_no_memory(opening->decoder->error);
    }
    added->next = opening->personal->subjects;
    added->id = (quipu_bytes){ copy, id.size };
    opening->personal->subjects = added;
    return QUIPU_OK;
}

/* Fills the error with the item and the provider's reason. */
static int refuse_key(const struct opening *opening, int status,
                      const quipu_error *cause)
{
    char why[320];

    (void)snprintf(why, sizeof(why),
                   "its personal members cannot be opened: %.255s",
                   cause->message);
    return quipu_decoder_refuse_item(opening->decoder, status, why);
}

/* Gets the cipher of a key.  NOT_FOUND: it was destroyed; the error is not
 * filled. */
static int find_cipher(const struct opening *opening, quipu_bytes subject,
                       const uint8_t *id)
{
    quipu_personal *personal = opening->personal;
    quipu_error cause = { .code = QUIPU_OK };

    if (has_cipher(personal, subject, id)) {
        return QUIPU_OK;
    }
    quipu_personal_finish(personal);
    personal->subject = subject;
    int status = quipu_sealer_find(personal->sealer, subject, id,
                                   &personal->cipher, &cause);

    return status == QUIPU_OK || status == QUIPU_NOT_FOUND
               ? status
               : refuse_key(opening, status, &cause);
}

/* Checks that what was opened is one value, which framing relies on. */
static bool is_one_value(quipu_bytes plain)
{
    quipu_reader reader = quipu_reader_of(plain);
    quipu_token token;

    return quipu_reader_next(&reader, &token) == QUIPU_READ_OK &&
           quipu_reader_skip(&reader, &token) == QUIPU_READ_OK &&
           reader.at == reader.end;
}

/* Opens the ciphertext into the copy. */
static int decrypt(struct opening *opening, quipu_bytes name,
                   quipu_bytes content)
{
    const quipu_field_path path = { .name = "of a personal member" };
    const uint8_t *data = content.data;
    const quipu_bytes sealed = { data + QUIPU_PERSONAL_HEAD_SIZE,
                                 content.size - QUIPU_PERSONAL_HEAD_SIZE };
    struct binding binding;
    int status =
        quipu_cipher_open(opening->personal->cipher,
                          bind_member(&binding, opening->personal, name,
                                      data[0] & BOUND_TO_POSITION),
                          data + 1 + QUIPU_KEY_ID_SIZE, sealed, opening->at,
                          opening->decoder->error);

    if (status == QUIPU_OK) {
        const quipu_bytes plain = { opening->at,
                                    sealed.size - QUIPU_CIPHER_OVERHEAD };

        status = is_one_value(plain) ? QUIPU_OK : QUIPU_CORRUPT;
        opening->at += plain.size;
    }
    if (status == QUIPU_CORRUPT) {
        return quipu_decoder_refuse(opening->decoder, &path,
                                    "was changed after it had been sealed, or "
                                    "is that of another event");
    }
    return status == QUIPU_OK
               ? note_subject(opening, opening->personal->subject)
               : status;
}

/* Copies a sealed value in clear, or nil. */
static int open_value(struct opening *opening, quipu_bytes name,
                      const quipu_token *reference, quipu_bytes content)
{
    const uint8_t *data = content.data;
    const uint8_t nil = NIL;
    quipu_bytes subject = { 0 };

    if (content.size < QUIPU_PERSONAL_HEAD_SIZE + QUIPU_CIPHER_OVERHEAD) {
        return quipu_decoder_refuse(opening->decoder, NULL,
                                    "has a personal member that is truncated");
    }
    if ((data[0] & ~BOUND_TO_POSITION) != QUIPU_SUITE_AES_256_GCM) {
        return quipu_decoder_refuse_item(
            opening->decoder, QUIPU_UNSUPPORTED,
            "a personal member is sealed with a suite that this version of "
            "quipu does not know; read it with a newer one");
    }
    opening->opened++;
    int status = find_subject(opening, reference, &subject);

    if (status != QUIPU_OK) {
        return status;
    }
    status = find_cipher(opening, subject, data + 1);
    if (status == QUIPU_NOT_FOUND) {
        opening->event->flags |= QUIPU_EVENT_FORGOTTEN;
        put(opening, &nil, sizeof(nil));
        return QUIPU_OK;
    }
    return status == QUIPU_OK ? decrypt(opening, name, content) : status;
}

/* Copies one key and its value. */
static int copy_entry(struct opening *opening)
{
    quipu_decoder *decoder = opening->decoder;
    const uint8_t *start = decoder->reader.at;
    quipu_token key;
    quipu_token value;
    quipu_token reference;
    int status = quipu_decoder_next(decoder, NULL, &key);

    if (status != QUIPU_OK) {
        return status;
    }
    const uint8_t *behind_key = decoder->reader.at;

    status = quipu_decoder_next(decoder, NULL, &value);
    if (status == QUIPU_OK && value.kind == QUIPU_TOKEN_EXT &&
        value.ext_type == QUIPU_PERSONAL_EXT && key.kind == QUIPU_TOKEN_STR &&
        find_name(opening->names, key.bytes, &reference)) {
        put(opening, start, (size_t)(behind_key - start));
        return open_value(opening, key.bytes, &reference, value.bytes);
    }
    if (status == QUIPU_OK) {
        status = quipu_decoder_skip(decoder, NULL, &value);
    }
    if (status == QUIPU_OK) {
        put(opening, start, (size_t)(decoder->reader.at - start));
    }
    return status;
}

static int copy_members(struct opening *opening)
{
    quipu_decoder *decoder = opening->decoder;
    const uint8_t *start = decoder->reader.at;
    quipu_reader names = quipu_reader_of(opening->names);
    quipu_token map;
    quipu_token named;
    int status = quipu_decoder_next(decoder, NULL, &map);

    if (status == QUIPU_OK && map.kind != QUIPU_TOKEN_MAP) {
        return quipu_decoder_refuse_kind(decoder, NULL, "a map", &map);
    }
    if (status == QUIPU_OK) {
        put(opening, start, (size_t)(decoder->reader.at - start));
    }
    for (uint32_t i = 0; status == QUIPU_OK && i < map.count; i++) {
        status = copy_entry(opening);
    }
    if (status == QUIPU_OK && decoder->reader.at != decoder->reader.end) {
        return quipu_decoder_refuse(decoder, NULL, "has bytes after its map");
    }
    if (status == QUIPU_OK &&
        (quipu_reader_next(&names, &named) != QUIPU_READ_OK ||
         named.count != opening->opened)) {
        return quipu_decoder_refuse(decoder, NULL,
                                    "lacks a personal member that its envelope "
                                    "names, or has it unsealed");
    }
    return status;
}

int quipu_personal_open(quipu_personal *personal, quipu_decoder *decoder,
                        quipu_bytes names, quipu_event *event)
{
    const size_t size = (size_t)(decoder->reader.end - decoder->reader.at);
    struct opening opening = { .personal = personal,
                               .decoder = decoder,
                               .names = names,
                               .members = { decoder->reader.at, size },
                               .event = event };

    /* A value in clear is shorter than a sealed one. */
    uint8_t *copy = quipu_arena_allocate(decoder->arena, size);

    if (!copy) {
        return quipu_error_no_memory(decoder->error);
    }
    opening.at = copy;
    int status = copy_members(&opening);

    decoder->reader = (quipu_reader){ copy, opening.at };
    return status;
}
