/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters.
 *
 * A driver may use a filter to leave items out early, but the decision is made
 * here, for each item that it yields.  So it is the same for every driver, and
 * a driver without the operation needs nothing.
 *
 * The partition of text is taken from the FNV-1a hash of 64 bits (Fowler, Noll,
 * Vo; IETF draft-eastlake-fnv), which needs no table and no key: the partition
 * of a sequence is the same for ever (W3).
 */
#include "records/filter.h"

#include <string.h>

#include "base/memory.h"
#include "base/structs.h"
#include "records/validate.h"

/* ---------------------------------------------------------------- deciding */

static uint64_t hash_text(quipu_bytes text)
{
    const uint8_t *bytes = text.data;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return (hash >> 32) ^ (hash & UINT32_MAX);
}

static uint64_t hash_uuid(quipu_bytes id)
{
    const uint8_t *last = (const uint8_t *)id.data + id.size - 4;

    return (uint64_t)last[0] << 24 | (uint64_t)last[1] << 16 |
           (uint64_t)last[2] << 8 | last[3];
}

uint32_t quipu_filter_partition(const quipu_schema *schema,
                                quipu_bytes sequence_id,
                                uint32_t partition_count)
{
    if (partition_count == 0 || !sequence_id.data) {
        return 0;
    }
    bool text = schema->flags & QUIPU_SCHEMA_TEXT_IDS;
    uint64_t hash = text || sequence_id.size < 4 ? hash_text(sequence_id)
                                                 : hash_uuid(sequence_id);

    return (uint32_t)(hash % partition_count);
}

static bool is_equal(quipu_bytes a, quipu_bytes b)
{
    return a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
}

static bool fits_match(const quipu_match *match, const quipu_item *item)
{
    for (size_t i = 0; i < match->topic_count; i++) {
        if (is_equal(match->topics[i], item->topic)) {
            return true;
        }
    }
    return match->topic_count == 0;
}

static bool fits_a_match(const quipu_filter *filter, const quipu_item *item)
{
    for (size_t i = 0; i < filter->match_count; i++) {
        if (fits_match(&filter->matches[i], item)) {
            return true;
        }
    }
    return filter->match_count == 0;
}

static bool has_a_prefix(const quipu_filter *filter, quipu_bytes id)
{
    for (size_t i = 0; i < filter->prefix_count; i++) {
        quipu_bytes prefix = filter->prefixes[i];

        if (prefix.size <= id.size &&
            memcmp(prefix.data, id.data, prefix.size) == 0) {
            return true;
        }
    }
    return filter->prefix_count == 0;
}

bool quipu_filter_passes(const quipu_filter *filter, const quipu_schema *schema,
                         const quipu_item *item)
{
    if (!filter) {
        return true;
    }
    if (!fits_a_match(filter, item) ||
        !has_a_prefix(filter, item->sequence_id)) {
        return false;
    }
    if (filter->partition_count == 0) {
        return true;
    }
    uint32_t partition = quipu_filter_partition(schema, item->sequence_id,
                                                filter->partition_count);

    return (filter->partitions >> partition & 1) != 0;
}

/* -------------------------------------------------------------- validating */

static int refuse(const char *why, quipu_error *error)
{
    return quipu_error_set(error, QUIPU_INVALID, "filter: %s", why);
}

static int check_texts(const char *name, const quipu_bytes *texts, size_t count,
                       quipu_error *error)
{
    int status =
        quipu_validate_count(name, texts, count, QUIPU_FILTER_TEXTS_MAX, error);

    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        status = quipu_validate_text(
            texts[i], (struct quipu_validate_place){ name, i }, "text", error);
    }
    return status;
}

static int check_match(const quipu_match *match, quipu_error *error)
{
    for (size_t i = 0; i < 4; i++) {
        if (match->reserved[i]) {
            return refuse("a match has a reserved member that is not 0", error);
        }
    }
    if (match->tags || match->tag_count > 0) {
        return refuse("a match has tags, which are reserved", error);
    }
    return check_texts("filter: topics", match->topics, match->topic_count,
                       error);
}

static int check_partitions(const quipu_filter *filter, quipu_error *error)
{
    uint32_t count = filter->partition_count;

    if (count > QUIPU_PARTITIONS_MAX) {
        return refuse("partition_count is above 64", error);
    }
    if (count == 0) {
        return filter->partitions == 0
                   ? QUIPU_OK
                   : refuse("partitions is set, but partition_count is 0",
                            error);
    }
    if (filter->partitions == 0) {
        return refuse("partitions has no bit set: no item would pass", error);
    }
    return count < 64 && filter->partitions >> count != 0
               ? refuse("partitions has a bit at or above partition_count",
                        error)
               : QUIPU_OK;
}

static int check_filter(const quipu_schema *schema, const quipu_filter *filter,
                        quipu_error *error)
{
    int status = check_partitions(filter, error);

    if (status == QUIPU_OK) {
        status = quipu_validate_count("filter: matches", filter->matches,
                                      filter->match_count,
                                      QUIPU_FILTER_TEXTS_MAX, error);
    }
    for (size_t i = 0; status == QUIPU_OK && i < filter->match_count; i++) {
        status = check_match(&filter->matches[i], error);
    }
    if (status == QUIPU_OK && filter->prefix_count > 0 &&
        !(schema->flags & QUIPU_SCHEMA_TEXT_IDS)) {
        status = refuse("it has prefixes, but the sequence ids of the schema "
                        "are UUIDs",
                        error);
    }
    if (status == QUIPU_OK) {
        status = check_texts("filter: prefixes", filter->prefixes,
                             filter->prefix_count, error);
    }
    return status;
}

/* ----------------------------------------------------------------- copying */

/* One block: the filter, its matches, all texts, and their bytes. */
struct block {
    quipu_filter *filter;
    quipu_match *matches;
    quipu_bytes *texts; /* the next that is free */
    char *bytes;        /* as well */
};

static void count_texts(const quipu_bytes *texts, size_t count, size_t *all,
                        size_t *bytes)
{
    *all += count;
    for (size_t i = 0; i < count; i++) {
        *bytes += texts[i].size;
    }
}

static bool allocate_block(const quipu_filter *filter, struct block *block)
{
    size_t texts = 0;
    size_t bytes = 0;

    count_texts(filter->prefixes, filter->prefix_count, &texts, &bytes);
    for (size_t i = 0; i < filter->match_count; i++) {
        count_texts(filter->matches[i].topics, filter->matches[i].topic_count,
                    &texts, &bytes);
    }
    block->filter = quipu_allocate(
        sizeof(*block->filter) + filter->match_count * sizeof(*block->matches) +
        texts * sizeof(*block->texts) + bytes);
    if (!block->filter) {
        return false;
    }
    block->matches = (quipu_match *)(void *)(block->filter + 1);
    block->texts =
        (quipu_bytes *)(void *)(block->matches + filter->match_count);
    block->bytes = (char *)(block->texts + texts);
    return true;
}

static const quipu_bytes *copy_texts(struct block *block,
                                     const quipu_bytes *texts, size_t count)
{
    const quipu_bytes *first = block->texts;

    for (size_t i = 0; i < count; i++) {
        memcpy(block->bytes, texts[i].data, texts[i].size);
        *block->texts++ = (quipu_bytes){ block->bytes, texts[i].size };
        block->bytes += texts[i].size;
    }
    return count > 0 ? first : NULL;
}

int quipu_filter_copy(const quipu_schema *schema, const quipu_filter *given,
                      quipu_filter **out, quipu_error *error)
{
    quipu_filter filter = { .struct_size = sizeof(filter) };
    struct block block;
    int status = QUIPU_OK;

    *out = NULL;
    if (given) {
        status =
            quipu_struct_take(&filter, sizeof(filter), given, "filter", error);
    }
    if (status == QUIPU_OK) {
        status = check_filter(schema, &filter, error);
    }
    if (status != QUIPU_OK ||
        (filter.partition_count == 0 && filter.match_count == 0 &&
         filter.prefix_count == 0)) {
        return status;
    }
    if (!allocate_block(&filter, &block)) {
        return quipu_error_no_memory(error);
    }
    for (size_t i = 0; i < filter.match_count; i++) {
        const quipu_match *match = &filter.matches[i];

        block.matches[i] = (quipu_match){
            .topics = copy_texts(&block, match->topics, match->topic_count),
            .topic_count = match->topic_count,
        };
    }
    *block.filter = filter;
    block.filter->matches = filter.match_count > 0 ? block.matches : NULL;
    block.filter->prefixes =
        copy_texts(&block, filter.prefixes, filter.prefix_count);
    *out = block.filter;
    return QUIPU_OK;
}
