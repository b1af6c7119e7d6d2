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
    (void)snprintf(statement->name, sizeof(statement->name),
                   "quipu_%016llx%016llx", (unsigned long long)a,
                   (unsigned long long)b);
}

/* The slot of a key, or the empty slot where it would go.  There always is one:
 * a session with more than PREPARED_MAX keys is not kept. */
static uint64_t *find(struct prepared *prepared, uint64_t key)
{
    size_t i = (size_t)key & (PREPARED_ROOM - 1);
    while (prepared->keys[i] != 0 && prepared->keys[i] != key) {
        i = (i + 1) & (PREPARED_ROOM - 1);
    }
    return &prepared->keys[i];
}

bool quipu_postgres_prepared_add(struct prepared *prepared, uint64_t key)
{
    uint64_t *slot = find(prepared, key);
    if (*slot == key) {
        return false;
    }
    *slot = key;
    prepared->count++;
    return true;
}

/* The slot stays taken: emptying it would cut the probe sequence of others. */
void quipu_postgres_prepared_remove(struct prepared *prepared, uint64_t key)
{
    uint64_t *slot = find(prepared, key);
    if (*slot == key) {
        *slot = REMOVED;
    }
}
