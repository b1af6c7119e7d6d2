/* SPDX-License-Identifier: Apache-2.0 */
/* A table by schema and bytes. */
#include "entries.h"

#include <string.h>

void quipu_postgres_entries_init(struct entries *entries,
                                 const quipu_host *host)
{
    entries->host = host;
    entries->at = entries->few;
    entries->count = 0;
    entries->room = ENTRIES_FEW;
    entries->slots = NULL;
    entries->slot_room = 0;
}

void quipu_postgres_entries_finish(struct entries *entries)
{
    if (entries->at != entries->few) {
        entries->host->release(entries->at);
    }
    entries->host->release(entries->slots);
}

static bool is_it(const struct entry *entry, uint32_t section, quipu_bytes id,
                  int64_t number)
{
    return entry->section == section && entry->number == number &&
           entry->id.size == id.size &&
           memcmp(entry->id.data, id.data, id.size) == 0;
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits. */
static size_t hash(uint32_t section, quipu_bytes id, int64_t number)
{
    const unsigned char *bytes = id.data;
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ section;
    for (size_t i = 0; i < id.size; i++) {
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    h = (h ^ (uint64_t)number) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(h ^ (h >> 32));
}

/* The slot of a key: an empty one, if it is new. */
static uint32_t *find_slot(const struct entries *entries, uint32_t section,
                           quipu_bytes id, int64_t number)
{
    size_t i = hash(section, id, number) & (entries->slot_room - 1);
    while (entries->slots[i] != 0 &&
           !is_it(&entries->at[entries->slots[i] - 1], section, id, number)) {
        i = (i + 1) & (entries->slot_room - 1);
    }
    return &entries->slots[i];
}

/* Twice as many entries, and four slots for each. */
static bool grow(struct entries *entries)
{
    const quipu_host *host = entries->host;
    size_t room = entries->room * 2;
    struct entry *at = host->allocate(room * sizeof(*at));
    uint32_t *slots = host->allocate(room * 2 * sizeof(*slots));
    if (!at || !slots) {
        host->release(at);
        host->release(slots);
        return false;
    }
    memcpy(at, entries->at, entries->count * sizeof(*at));
    memset(slots, 0, room * 2 * sizeof(*slots));
    quipu_postgres_entries_finish(entries);
    entries->at = at;
    entries->room = room;
    entries->slots = slots;
    entries->slot_room = room * 2;
    for (size_t i = 0; i < entries->count; i++) {
        *find_slot(entries, at[i].section, at[i].id, at[i].number) =
            (uint32_t)(i + 1);
    }
    return true;
}

static struct entry *add(struct entries *entries, uint32_t section,
                         quipu_bytes id, int64_t number)
{
    if (entries->count == entries->room && !grow(entries)) {
        return NULL;
    }
    struct entry *entry = &entries->at[entries->count++];
    *entry = (struct entry){ .section = section, .id = id, .number = number };
    if (entries->slots) {
        *find_slot(entries, section, id, number) = (uint32_t)entries->count;
    }
    return entry;
}

struct entry *quipu_postgres_entries_get(struct entries *entries,
                                         uint32_t section, quipu_bytes id,
                                         int64_t number)
{
    if (entries->slots) {
        uint32_t slot = *find_slot(entries, section, id, number);
        return slot != 0 ? &entries->at[slot - 1]
                         : add(entries, section, id, number);
    }
    for (size_t i = 0; i < entries->count; i++) {
        if (is_it(&entries->at[i], section, id, number)) {
            return &entries->at[i];
        }
    }
    return add(entries, section, id, number);
}
