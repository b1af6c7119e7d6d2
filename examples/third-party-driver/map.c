/* SPDX-License-Identifier: Apache-2.0 */
/* A hash map from bytes to nodes, which contain the links of their bucket. */
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

static struct map_node **bucket(const struct map *map, quipu_bytes key)
{
    return &map->buckets[hash(key) & (map->size - 1)];
}

struct map_node *memory_map_find(const struct map *map, quipu_bytes key)
{
    struct map_node *node = map->size > 0 ? *bucket(map, key) : NULL;

    while (node && memory_map_compare(node->key, key) != 0) {
        node = node->next;
    }
    return node;
}

/* Doubles the number of buckets; returns false if there is no memory. */
static bool grow(struct map *map, const quipu_host *host)
{
    struct map larger = { .size = map->size > 0 ? 2 * map->size : 16 };

    larger.buckets = host->allocate(larger.size * sizeof(struct map_node *));
    if (!larger.buckets) {
        return false;
    }
    memset(larger.buckets, 0, larger.size * sizeof(struct map_node *));
    for (size_t i = 0; i < map->size; i++) {
        for (struct map_node *node = map->buckets[i], *next; node;
             node = next) {
            struct map_node **link = bucket(&larger, node->key);

            next = node->next;
            node->next = *link;
            *link = node;
        }
    }
    larger.count = map->count;
    host->release(map->buckets);
    *map = larger;
    return true;
}

bool memory_map_add(struct map *map, struct map_node *node,
                    const quipu_host *host)
{
    struct map_node **link;

    if (map->count >= map->size && !grow(map, host)) {
        return false;
    }
    link = bucket(map, node->key);
    node->next = *link;
    *link = node;
    map->count++;
    return true;
}

void memory_map_remove(struct map *map, struct map_node *node)
{
    struct map_node **link = bucket(map, node->key);

    while (*link != node) {
        link = &(*link)->next;
    }
    *link = node->next;
    map->count--;
}

void memory_map_finish(struct map *map, const quipu_host *host)
{
    host->release(map->buckets);
}
