/* SPDX-License-Identifier: Apache-2.0 */
/* A hash map from bytes to entries, which contain the links of their bucket. */
#include "memory.h"

#include <string.h>

int memory_map_compare(quipu_bytes a, quipu_bytes b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared > 0 ? memcmp(a.data, b.data, shared) : 0;

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* FNV-1a.  Keys with the same hash share a bucket and are compared. */
static uint64_t hash(quipu_bytes key)
{
    const unsigned char *bytes = key.data;
    uint64_t sum = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < key.size; i++) {
        sum = (sum ^ bytes[i]) * UINT64_C(1099511628211);
    }
    return sum;
}

static struct entry **bucket(const struct map *map, quipu_bytes key)
{
    return &map->buckets[hash(key) & (map->size - 1)];
}

struct entry *memory_map_find(const struct map *map, quipu_bytes key)
{
    struct entry *entry = map->size > 0 ? *bucket(map, key) : NULL;

    while (entry && memory_map_compare(entry->key, key) != 0) {
        entry = entry->next;
    }
    return entry;
}

/* Doubles the number of buckets; returns false if there is no memory. */
static bool grow(struct map *map, const quipu_host *host)
{
    struct map larger = { .size = map->size > 0 ? 2 * map->size : 16 };

    larger.buckets = host->allocate(larger.size * sizeof(struct entry *));
    if (!larger.buckets) {
        return false;
    }
    memset(larger.buckets, 0, larger.size * sizeof(struct entry *));
    for (size_t i = 0; i < map->size; i++) {
        for (struct entry *entry = map->buckets[i], *next; entry;
             entry = next) {
            struct entry **link = bucket(&larger, entry->key);

            next = entry->next;
            entry->next = *link;
            *link = entry;
        }
    }
    larger.count = map->count;
    host->release(map->buckets);
    *map = larger;
    return true;
}

bool memory_map_add(struct map *map, struct entry *entry,
                    const quipu_host *host)
{
    struct entry **link;

    if (map->count >= map->size && !grow(map, host)) {
        return false;
    }
    link = bucket(map, entry->key);
    entry->next = *link;
    *link = entry;
    map->count++;
    return true;
}

void memory_map_remove(struct map *map, struct entry *entry)
{
    struct entry **link = bucket(map, entry->key);

    while (*link != entry) {
        link = &(*link)->next;
    }
    *link = entry->next;
    map->count--;
}

void memory_map_finish(struct map *map, const quipu_host *host)
{
    host->release(map->buckets);
}
