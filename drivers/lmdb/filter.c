/* SPDX-License-Identifier: Apache-2.0 */
/* Deciding whether an item passes a filter (filter.h). */
#include "filter.h"

#include <string.h>

/* The FNV-1a hash of 64 bits, folded to 32. */
static uint64_t hash_text(quipu_bytes text)
{
    const unsigned char *bytes = text.data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return (hash >> 32) ^ (hash & UINT32_MAX);
}

/* The last four bytes, in network order. */
static uint64_t hash_uuid(quipu_bytes id)
{
    const unsigned char *last = (const unsigned char *)id.data + id.size - 4;
    return (uint64_t)last[0] << 24 | (uint64_t)last[1] << 16 |
           (uint64_t)last[2] << 8 | last[3];
}

uint32_t quipu_lmdb_filter_partition(const quipu_schema *schema,
                                     quipu_bytes sequence_id,
                                     uint32_t partition_count)
{
    const bool text = (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    return (uint32_t)((text || sequence_id.size < 4 ? hash_text(sequence_id)
                                                    : hash_uuid(sequence_id)) %
                      partition_count);
}

static bool has_topic(const quipu_match *match, quipu_bytes topic)
{
    for (size_t i = 0; i < match->topic_count; i++) {
        const quipu_bytes wanted = match->topics[i];
        if (wanted.size == topic.size &&
            memcmp(wanted.data, topic.data, topic.size) == 0) {
            return true;
        }
    }
    return match->topic_count == 0;
}

static bool fits_a_match(const quipu_filter *filter, quipu_bytes topic)
{
    for (size_t i = 0; i < filter->match_count; i++) {
        if (has_topic(&filter->matches[i], topic)) {
            return true;
        }
    }
    return filter->match_count == 0;
}

static bool has_a_prefix(const quipu_filter *filter, quipu_bytes id)
{
    for (size_t i = 0; i < filter->prefix_count; i++) {
        const quipu_bytes prefix = filter->prefixes[i];
        if (prefix.size <= id.size &&
            memcmp(prefix.data, id.data, prefix.size) == 0) {
            return true;
        }
    }
    return filter->prefix_count == 0;
}

bool quipu_lmdb_filter_passes(const quipu_filter *filter,
                              const quipu_schema *schema,
                              quipu_bytes sequence_id, quipu_bytes topic)
{
    if (!fits_a_match(filter, topic) || !has_a_prefix(filter, sequence_id)) {
        return false;
    }
    return filter->partition_count == 0 ||
           (filter->partitions >>
                quipu_lmdb_filter_partition(schema, sequence_id,
                                            filter->partition_count) &
            1) != 0;
}
