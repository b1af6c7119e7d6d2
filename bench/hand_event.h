/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes a stored event as a loop by hand does: from its topic, its columns
 * and the MessagePack map of its members into the struct of the application,
 * whose data are lent from the state.
 *
 * It checks what each reader must: the type that the topic names, the bounds of
 * the bytes, the kind of each value, that the member is there once, and that
 * nothing follows.  It knows one version of one type, so it refuses what a
 * mapper passes over or converts.  It is in a header, because a program by hand
 * would have it beside its loop.
 */
#ifndef BENCH_HAND_EVENT_H
#define BENCH_HAND_EVENT_H

#include "fail.h"
#include "variant.h"

#include <string.h>

/* By which the application tells the types of its events. */
static const quipu_event_type hand_event_type = { .topic = MEASURE_TOPIC };

/* A stored event; all is lent. */
struct hand_item {
    quipu_bytes topic;
    quipu_bytes state;
    quipu_bytes sequence;
    quipu_bytes event_id;
    int64_t position;
};

/* Takes `size` bytes; NULL: so many are not left. */
static inline const uint8_t *hand_event_take(const uint8_t **at,
                                             const uint8_t *end, size_t size)
{
    const uint8_t *taken = *at;
    if ((size_t)(end - taken) < size) {
        return NULL;
    }
    *at = taken + size;
    return taken;
}

/* Reads a value of bytes, of up to 64 KiB. */
static inline bool hand_event_read_bytes(const uint8_t **at, const uint8_t *end,
                                         quipu_bytes *bytes)
{
    const uint8_t *head = hand_event_take(at, end, 2);
    if (!head || (head[0] != 0xC4 && head[0] != 0xC5)) {
        return false;
    }
    bytes->size = head[1];
    if (head[0] == 0xC5) {
        const uint8_t *low = hand_event_take(at, end, 1);
        if (!low) {
            return false;
        }
        bytes->size = bytes->size << 8 | *low;
    }
    bytes->data = hand_event_take(at, end, bytes->size);
    return bytes->data;
}

/* Reads {"data": bytes}. */
static inline bool hand_event_read_members(quipu_bytes state,
                                           struct bench_credited *event)
{
    const uint8_t *at = state.data;
    const uint8_t *end = at + state.size;
    const uint8_t *map = hand_event_take(&at, end, 1);
    const uint8_t *key = map ? hand_event_take(&at, end, 5) : NULL;
    return key && *map == 0x81 &&
           memcmp(key,
                  "\xA4"
                  "data",
                  5) == 0 &&
           hand_event_read_bytes(&at, end, &event->data) && at == end;
}

/* Sets the event, which begins as zeros and is used again for the next one. */
static inline void hand_event_decode(const struct hand_item *item,
                                     struct bench_credited *event)
{
    if (item->topic.size != sizeof(MEASURE_TOPIC) - 1 ||
        memcmp(item->topic.data, MEASURE_TOPIC, item->topic.size) != 0) {
        bench_fail("hand", "an item has an unknown topic");
    }
    if (item->sequence.size != 16 || item->event_id.size != 16) {
        bench_fail("hand", "an item has an id that is no UUID");
    }
    event->base.type = &hand_event_type;
    event->base.originator_id.size = 16;
    memcpy(event->base.originator_id.data, item->sequence.data, 16);
    event->base.originator_version = item->position;
    memcpy(event->base.event_id.bytes, item->event_id.data, 16);
    if (!hand_event_read_members(item->state, event)) {
        bench_fail("hand", "a state is not that of its type");
    }
}

#endif
