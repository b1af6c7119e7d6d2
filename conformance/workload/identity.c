/* SPDX-License-Identifier: Apache-2.0 */
/* Identity of sequences and items. */
#include "identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static uint64_t hash_more(uint64_t h, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++) {
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return h;
}

static uint64_t hash_of(const void *data, size_t size)
{
    return hash_more(UINT64_C(0xcbf29ce484222325), data, size);
}

uint64_t quipu_identity_hash(quipu_bytes topic, quipu_bytes state)
{
    return hash_more(hash_more(hash_of(topic.data, topic.size), "", 1),
                     state.data, state.size);
}

static void put_number(uint8_t *to, uint64_t number, size_t size)
{
    for (size_t i = size; i > 0; i--) {
        to[i - 1] = (uint8_t)number;
        number >>= 8;
    }
}

static uint32_t get_number(const uint8_t *from, size_t size)
{
    uint32_t number = 0;

    for (size_t i = 0; i < size; i++) {
        number = number << 8 | from[i];
    }
    return number;
}

/* The text of bytes that no session appended. */
static struct quipu_identity_text unknown(quipu_bytes bytes)
{
    struct quipu_identity_text text = { "?" };
    const uint8_t *data = bytes.data;

    for (size_t i = 0; i < bytes.size && i < 32; i++) {
        snprintf(text.text + 1 + 2 * i, 3, "%02x", data[i]);
    }
    return text;
}

/* -------------------------------------------------------------- sequences */

struct quipu_identity_text quipu_identity_sequence_name(
    struct quipu_identity_sequence sequence)
{
    struct quipu_identity_text name;

    if (sequence.kind == 'h') {
        snprintf(name.text, sizeof(name.text), "h%" PRIu32, sequence.a);
    } else {
        snprintf(name.text, sizeof(name.text), "n%" PRIu32 ".%" PRIu32,
                 sequence.a, sequence.b);
    }
    return name;
}

quipu_id quipu_identity_sequence_id(struct quipu_identity_sequence sequence,
                                    bool text)
{
    struct quipu_identity_text name = quipu_identity_sequence_name(sequence);
    quipu_id id = { .size = 16 };

    if (text) {
        id.size = (uint8_t)strlen(name.text);
        memcpy(id.data, name.text, id.size);
        return id;
    }
    id.data[0] = (uint8_t)sequence.kind;
    put_number(id.data + 4, sequence.a, 4);
    put_number(id.data + 8, sequence.b, 4);
    put_number(id.data + 12, hash_of(id.data, 12), 4);
    return id;
}

struct quipu_identity_text quipu_identity_read_sequence(quipu_bytes id,
                                                        bool text)
{
    const uint8_t *data = id.data;
    struct quipu_identity_text name = { "" };
    struct quipu_identity_sequence sequence;
    quipu_id again;

    if (text && id.size > 0 && id.size < 30 && !memchr(data, ' ', id.size) &&
        (*data == 'h' || *data == 'n')) {
        memcpy(name.text, data, id.size);
        return name;
    }
    if (text || id.size != 16) {
        return unknown(id);
    }
    sequence = (struct quipu_identity_sequence){ (char)data[0],
                                                 get_number(data + 4, 4),
                                                 get_number(data + 8, 4) };
    again = quipu_identity_sequence_id(sequence, false);
    return memcmp(again.data, data, 16) == 0
               ? quipu_identity_sequence_name(sequence)
               : unknown(id);
}

/* ------------------------------------------------------------------ items */

quipu_uuid quipu_identity_event_id(struct quipu_history_origin origin)
{
    quipu_uuid id = { { 0 } };

    put_number(id.bytes, origin.session, 4);
    put_number(id.bytes + 4, origin.number, 4);
    put_number(id.bytes + 8, origin.index, 2);
    put_number(id.bytes + 10, hash_of(id.bytes, 10), 6);
    return id;
}

static struct quipu_identity_text mark_text(struct quipu_history_origin origin)
{
    struct quipu_identity_text text;

    snprintf(text.text, sizeof(text.text), "%" PRIu32 ".%" PRIu32 ".%" PRIu32,
             origin.session, origin.number, origin.index);
    return text;
}

static struct quipu_identity_text read_event(quipu_bytes event_id)
{
    const uint8_t *data = event_id.data;
    struct quipu_history_origin origin;
    quipu_uuid again;

    if (event_id.size != 16) {
        return unknown(event_id);
    }
    origin = (struct quipu_history_origin){ get_number(data, 4),
                                            get_number(data + 4, 4),
                                            get_number(data + 8, 2) };
    again = quipu_identity_event_id(origin);
    return memcmp(again.bytes, data, 16) == 0 ? mark_text(origin)
                                              : unknown(event_id);
}

/* A state begins with the origin and a space. */
struct quipu_identity_text quipu_identity_read_item(const quipu_item *item)
{
    struct quipu_identity_text text = { "" };
    const char *data = item->state.data;
    size_t size = 0;

    if (item->event_id.data) {
        return read_event(item->event_id);
    }
    while (size < item->state.size && size < 36 &&
           (data[size] == '.' || (data[size] >= '0' && data[size] <= '9'))) {
        size++;
    }
    if (size == 0 || size == item->state.size || data[size] != ' ') {
        return unknown((quipu_bytes){ data, item->state.size });
    }
    memcpy(text.text, data, size);
    return text;
}

size_t quipu_identity_state_size(struct quipu_history_origin origin)
{
    uint64_t h = hash_of(&origin, sizeof(origin));
    size_t size = 40 + (size_t)(h % 100);

    h >>= 16;
    if (h % 300 == 0) {
        size += 70000;
    } else if (h % 40 == 0) {
        size += 5000;
    }
    return size;
}

void quipu_identity_fill_state(struct quipu_history_origin origin, char *state,
                               size_t size)
{
    struct quipu_identity_text text = mark_text(origin);
    uint64_t h = hash_of(&origin, sizeof(origin));
    size_t length = strlen(text.text);

    memcpy(state, text.text, length);
    state[length++] = ' ';
    for (size_t i = length; i < size; i++) {
        h = h * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        state[i] = (char)(h >> 56);
    }
}
