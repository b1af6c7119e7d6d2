/* SPDX-License-Identifier: Apache-2.0 */
/* Names of prepared statements, and the set of those that a session has. */
#include "prepared.h"

#include <stdio.h>
#include <string.h>

#define REMOVED UINT64_MAX /* a slot whose key was removed; never a key */

/* FNV-1a (Fowler, Noll, Vo) of 64 bits, with one more mixing step. */
static uint64_t hash(uint64_t h, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) {
        h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
        h ^= h >> 29;
    }
    return h;
}

static void write_name(char name[48], uint64_t key, uint64_t other)
{
    (void)snprintf(name, 48, "quipu_%016llx%016llx", (unsigned long long)key,
                   (unsigned long long)other);
}

/* Two hashes make 128 bits, so that no two statements share a name. */
void quipu_postgres_prepared_name(struct statement *statement)
{
    size_t types = (size_t)statement->count * sizeof(*statement->types);
    size_t text = strlen(statement->text);
    uint64_t a = UINT64_C(0xcbf29ce484222325);
    uint64_t b = UINT64_C(0x9e3779b97f4a7c15);
    a = hash(hash(a, statement->text, text), statement->types, types);
    b = hash(hash(b, statement->types, types), statement->text, text);
    statement->key = a != 0 && a != REMOVED ? a : 1;
    statement->other = b;
    write_name(statement->name, statement->key, b);
}

/* The slot of a key, or the empty slot where it would go. */
static struct prepared_slot *find(struct prepared *prepared, uint64_t key)
{
    size_t i = (size_t)key & (PREPARED_ROOM - 1);
    while (prepared->slots[i].key != 0 && prepared->slots[i].key != key) {
        i = (i + 1) & (PREPARED_ROOM - 1);
    }
    return &prepared->slots[i];
}

/* Rebuilds the table without the slots of removed statements, so that there
 * always is an empty one. */
static void sweep(struct prepared *prepared)
{
    struct prepared_slot kept[PREPARED_ROOM];
    memcpy(kept, prepared->slots, sizeof(kept));
    memset(prepared->slots, 0, sizeof(prepared->slots));
    prepared->taken = 0;
    for (size_t i = 0; i < PREPARED_ROOM; i++) {
        if (kept[i].key != 0 && kept[i].key != REMOVED) {
            *find(prepared, kept[i].key) = kept[i];
            prepared->taken++;
        }
    }
}

bool quipu_postgres_prepared_add(struct prepared *prepared,
                                 const struct statement *statement)
{
    struct prepared_slot *slot = find(prepared, statement->key);
    bool is_new = slot->key != statement->key;
    if (is_new && prepared->taken > PREPARED_FULL) {
        sweep(prepared);
        slot = find(prepared, statement->key);
    }
    prepared->taken += is_new;
    prepared->count += is_new;
    *slot = (struct prepared_slot){ .key = statement->key,
                                    .other = statement->other,
                                    .used = ++prepared->uses };
    return is_new;
}

/* The slot stays taken: emptying it would cut the probe sequence of others. */
static void remove_slot(struct prepared *prepared, struct prepared_slot *slot)
{
    slot->key = REMOVED;
    prepared->count--;
}

void quipu_postgres_prepared_evict(struct prepared *prepared, char name[48])
{
    struct prepared_slot *oldest = NULL;
    name[0] = '\0';
    for (size_t i = 0; i < PREPARED_ROOM && prepared->count >= PREPARED_MAX;
         i++) {
        struct prepared_slot *slot = &prepared->slots[i];
        if (slot->key != 0 && slot->key != REMOVED &&
            (!oldest || slot->used < oldest->used)) {
            oldest = slot;
        }
    }
    if (oldest) {
        write_name(name, oldest->key, oldest->other);
        remove_slot(prepared, oldest);
    }
}

void quipu_postgres_prepared_remove(struct prepared *prepared, uint64_t key)
{
    struct prepared_slot *slot = find(prepared, key);
    if (slot->key == key) {
        remove_slot(prepared, slot);
    }
}
