/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encoding and decoding of items (item_format.h).
 *
 * A value is read without copying: the item's parts point into the map.  Sizes
 * in a value are not trusted, although its checksum holds: every part is
 * checked to lie within the value.
 */
#include "format/item_format.h"

#include "format/checksum.h"
#include "txn/map.h"

#include "common/safeguard.h"

#include <string.h>

enum { VERSION = 1, VERSION_ERASED = 2, VERSION_COUNTED = 3 };

enum { HAS_TIME = 1, HAS_METADATA = 2 };

struct header {
    uint32_t checksum;
    uint8_t version;
    uint8_t flags;
    uint8_t topic_size;
    uint8_t sequence_size;
    int64_t position;
};

_Static_assert(sizeof(struct header) == 16, "it has no padding");

/* ---------------------------------------------------------------- writing */

static size_t column_size(const quipu_value *value)
{
    switch (value->kind) {
    case QUIPU_VALUE_NULL:
        return 1;
    case QUIPU_VALUE_TEXT:
    case QUIPU_VALUE_BYTES:
        return 1 + sizeof(uint32_t) + value->as.bytes.size;
    case QUIPU_VALUE_UUID:
        return 1 + 16;
    default:
        return 1 + 8;
    }
}

static bool is_erased(const quipu_item *item)
{
    return (item->flags & QUIPU_ITEM_ERASED) != 0;
}

/* Returns true if the number of further columns has to be stored. */
static bool is_counted(const struct item_writing *writing)
{
    return SAFEGUARDED("F5.columns-of-an-item-are-counted",
                       writing->item->column_count != writing->first_columns,
                       false);
}

size_t quipu_lmdb_item_format_size(const struct item_writing *writing)
{
    const quipu_item *item = writing->item;
    size_t size = sizeof(struct header) + item->event_id.size +
                  item->sequence_id.size + item->topic.size;
    if ((item->flags & QUIPU_ITEM_TIME) != 0) {
        size += sizeof(item->time);
    }
    if (is_erased(item)) {
        return size;
    }
    size += item->state.size + item->metadata.size;
    if (item->metadata.data) {
        size += sizeof(uint32_t);
    }
    for (size_t i = 0; i < item->column_count; i++) {
        size += column_size(&item->columns[i]);
    }
    size += is_counted(writing);
    return size;
}

static unsigned char *put(unsigned char *to, const void *data, size_t size)
{
    if (data && size > 0) {
        memcpy(to, data, size);
    }
    return to + size;
}

static unsigned char *put_sized(unsigned char *to, quipu_bytes bytes)
{
    const uint32_t size = (uint32_t)bytes.size;
    return put(put(to, &size, sizeof(size)), bytes.data, size);
}

static unsigned char *put_column(unsigned char *to, const quipu_value *value)
{
    *to++ = (unsigned char)value->kind;
    switch (value->kind) {
    case QUIPU_VALUE_NULL:
        return to;
    case QUIPU_VALUE_TEXT:
    case QUIPU_VALUE_BYTES:
        return put_sized(to, value->as.bytes);
    case QUIPU_VALUE_UUID:
        return put(to, value->as.bytes.data, 16);
    case QUIPU_VALUE_DOUBLE:
        return put(to, &value->as.real, sizeof(value->as.real));
    default:
        return put(to, &value->as.integer, sizeof(value->as.integer));
    }
}

/* Writes what an erased item lacks. */
static void put_contents(unsigned char *at, const struct item_writing *writing)
{
    const quipu_item *item = writing->item;
    if (item->metadata.data) {
        at = put_sized(at, item->metadata);
    }
    if (is_counted(writing)) {
        *at++ = (unsigned char)item->column_count;
    }
    for (size_t i = 0; i < item->column_count; i++) {
        at = put_column(at, &item->columns[i]);
    }
    (void)put(at, item->state.data, item->state.size);
}

void quipu_lmdb_item_format_write(void *to, size_t size,
                                  const struct item_writing *writing)
{
    const quipu_item *item = writing->item;
    const bool erased = is_erased(item);
    struct header header = {
        .version = erased                ? VERSION_ERASED
                   : is_counted(writing) ? VERSION_COUNTED
                                         : VERSION,
        .flags =
            (uint8_t)(((item->flags & QUIPU_ITEM_TIME) != 0 ? HAS_TIME : 0) |
                      (item->metadata.data && !erased ? HAS_METADATA : 0)),
        .topic_size = (uint8_t)item->topic.size,
        .sequence_size = (uint8_t)item->sequence_id.size,
        .position = writing->position,
    };
    unsigned char *at = (unsigned char *)to + sizeof(header);
    at = put(at, item->event_id.data, item->event_id.size);
    if ((item->flags & QUIPU_ITEM_TIME) != 0) {
        at = put(at, &item->time, sizeof(item->time));
    }
    at = put(at, item->sequence_id.data, item->sequence_id.size);
    at = put(at, item->topic.data, item->topic.size);
    if (!erased) {
        put_contents(at, writing);
    }
    memcpy(to, &header, sizeof(header));
    header.checksum = checksum_of_record(to, size, (uint64_t)writing->id);
    memcpy(to, &header.checksum, sizeof(header.checksum));
}

/* ---------------------------------------------------------------- reading */

/* The part of a value that was not read yet. */
struct rest {
    const unsigned char *at;
    size_t size;
    bool failed; /* a part did not fit */
};

static const unsigned char *take(struct rest *rest, size_t size)
{
    const unsigned char *at = rest->at;
    if (rest->failed || size > rest->size) {
        rest->failed = true;
        return at;
    }
    rest->at += size;
    rest->size -= size;
    return at;
}

static void take_copy(struct rest *rest, void *to, size_t size)
{
    const unsigned char *from = take(rest, size);
    if (!rest->failed) {
        memcpy(to, from, size);
    }
}

static quipu_bytes take_bytes(struct rest *rest, size_t size)
{
    return (quipu_bytes){ take(rest, size), size };
}

static quipu_bytes take_sized(struct rest *rest)
{
    uint32_t size = 0;
    take_copy(rest, &size, sizeof(size));
    return take_bytes(rest, size);
}

static void take_column(struct rest *rest, quipu_value *value)
{
    uint8_t stored = 0;
    take_copy(rest, &stored, 1);
    *value = (quipu_value){ .kind = stored };
    switch (stored) {
    case QUIPU_VALUE_NULL:
        break;
    case QUIPU_VALUE_TEXT:
    case QUIPU_VALUE_BYTES:
        value->as.bytes = take_sized(rest);
        break;
    case QUIPU_VALUE_UUID:
        value->as.bytes = take_bytes(rest, 16);
        break;
    case QUIPU_VALUE_DOUBLE:
        take_copy(rest, &value->as.real, sizeof(value->as.real));
        break;
    default:
        take_copy(rest, &value->as.integer, sizeof(value->as.integer));
        break;
    }
}

/* Reads the further columns of a value, of which there are `stored`. */
static void take_columns(struct rest *rest, size_t stored,
                         const quipu_schema *schema, quipu_value *values)
{
    for (size_t i = 0; i < stored && !rest->failed; i++) {
        quipu_value value;
        take_column(rest, &value);
        if (i < schema->column_count) {
            rest->failed =
                rest->failed || (value.kind != QUIPU_VALUE_NULL &&
                                 value.kind != schema->columns[i].kind);
            values[i] = value;
        }
    }
    for (size_t i = stored; i < schema->column_count; i++) {
        values[i] = (quipu_value){ .kind = QUIPU_VALUE_NULL };
    }
}

/* Reads metadata and further columns, which most items lack. */
static bool take_optional(struct rest *rest, const struct header *header,
                          const quipu_driver_schema *bound, quipu_item *item,
                          quipu_value *values)
{
    const quipu_schema *schema = &bound->schema;
    size_t stored = bound->first_columns;
    if ((header->flags & HAS_METADATA) != 0) {
        item->metadata = take_sized(rest);
    }
    if (header->version == VERSION_COUNTED) {
        uint8_t count = 0;
        take_copy(rest, &count, 1);
        stored = count;
    }
    if (schema->column_count > 0) {
        item->columns = values;
        item->column_count = schema->column_count;
    }
    take_columns(rest, stored, schema, values);
    item->state = (quipu_bytes){ rest->at, rest->size };
    return !rest->failed;
}

/* Completes an item that is erased, of which nothing may be left. */
static bool take_erased(const struct rest *rest, const struct header *header,
                        const quipu_schema *schema, quipu_item *item,
                        quipu_value *values)
{
    item->flags |= QUIPU_ITEM_ERASED;
    if (schema->column_count > 0) {
        item->columns = values;
        item->column_count = schema->column_count;
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        values[i] = (quipu_value){ .kind = QUIPU_VALUE_NULL };
    }
    return rest->size == 0 && (header->flags & HAS_METADATA) == 0;
}

/* Splits a value into the parts of the item, which has its id already.  Each
 * member is assigned by itself: an initialiser of the whole struct, which a
 * compiler clears first, took as long as everything else here. */
static bool split(const MDB_val *value, const struct header *header,
                  const quipu_driver_schema *bound, quipu_item *item,
                  quipu_value *values)
{
    const quipu_schema *schema = &bound->schema;
    const unsigned char *at = value->mv_data;
    const bool timed = (header->flags & HAS_TIME) != 0;
    const size_t event_id = schema->event_id ? 16 : 0;
    const unsigned char *time = at + sizeof(*header) + event_id;
    const unsigned char *sequence = time + (timed ? sizeof(quipu_time) : 0);
    const unsigned char *topic = sequence + header->sequence_size;
    const unsigned char *rest = topic + header->topic_size;
    if ((size_t)(rest - at) > value->mv_size) {
        return false;
    }
    const size_t size = value->mv_size - (size_t)(rest - at);
    item->sequence_id = (quipu_bytes){ sequence, header->sequence_size };
    item->position = header->position;
    item->topic = (quipu_bytes){ topic, header->topic_size };
    item->state = (quipu_bytes){ rest, size };
    item->event_id =
        (quipu_bytes){ event_id > 0 ? time - event_id : NULL, event_id };
    item->metadata = (quipu_bytes){ NULL, 0 };
    item->time = (quipu_time){ 0 };
    item->columns = NULL;
    item->column_count = 0;
    item->tags = NULL;
    item->tag_count = 0;
    item->flags = timed ? QUIPU_ITEM_TIME : 0;
    item->reserved = 0;
    item->reserved2[0] = item->reserved2[1] = 0;
    if (timed) {
        memcpy(&item->time, time, sizeof(item->time));
    }
    if (schema->column_count == 0 && header->version == VERSION &&
        (header->flags & HAS_METADATA) == 0) {
        return true;
    }
    struct rest left = { rest, size, false };
    if (header->version == VERSION_ERASED) {
        return take_erased(&left, header, schema, item, values);
    }
    return take_optional(&left, header, bound, item, values);
}

static bool is_known(const struct header *header)
{
    return header->version >= VERSION && header->version <= VERSION_COUNTED;
}

/* Returns true if the checksum in front of a value is that of its bytes. */
static bool is_sound(const void *value, uint32_t checksum)
{
    uint32_t stored;
    memcpy(&stored, value, sizeof(stored));
    return SAFEGUARDED("F1.check-of-a-value", stored == checksum, true);
}

bool quipu_lmdb_item_format_copy(void *to, const MDB_val *value, int64_t id)
{
    const size_t skip = sizeof(uint32_t);
    if (value->mv_size < sizeof(struct header)) {
        return false;
    }
    memcpy(to, value->mv_data, skip);
    return is_sound(
        to, quipu_lmdb_checksum_copy((char *)to + skip,
                                     (const char *)value->mv_data + skip,
                                     value->mv_size - skip, (uint64_t)id));
}

bool quipu_lmdb_item_format_read_copy(const quipu_driver_schema *bound,
                                      const MDB_val *value, int64_t id,
                                      quipu_item *item, quipu_value *values)
{
    struct header header;
    if (value->mv_size < sizeof(header)) {
        return false;
    }
    memcpy(&header, value->mv_data, sizeof(header));
    item->notification_id = id;
    return is_known(&header) && split(value, &header, bound, item, values);
}

bool quipu_lmdb_item_format_is_sound(const MDB_val *value, int64_t id)
{
    return value->mv_size >= sizeof(struct header) &&
           is_sound(value->mv_data,
                    checksum_of_record(value->mv_data, value->mv_size,
                                       (uint64_t)id));
}

bool quipu_lmdb_item_format_read(const quipu_driver_schema *bound,
                                 const MDB_val *value, int64_t id,
                                 quipu_item *item, quipu_value *values)
{
    return quipu_lmdb_item_format_is_sound(value, id) &&
           quipu_lmdb_item_format_read_copy(bound, value, id, item, values);
}

bool quipu_lmdb_item_format_peek(const quipu_schema *schema,
                                 const MDB_val *value, quipu_bytes *sequence_id,
                                 quipu_bytes *topic)
{
    struct header header;
    if (value->mv_size < sizeof(header)) {
        return false;
    }
    memcpy(&header, value->mv_data, sizeof(header));
    const size_t before =
        sizeof(header) + (schema->event_id ? 16 : 0) +
        ((header.flags & HAS_TIME) != 0 ? sizeof(quipu_time) : 0);
    const unsigned char *at = (const unsigned char *)value->mv_data + before;
    *sequence_id = (quipu_bytes){ at, header.sequence_size };
    *topic = (quipu_bytes){ at + header.sequence_size, header.topic_size };
    return is_known(&header) &&
           before + header.sequence_size + header.topic_size <= value->mv_size;
}

/* ----------------------------------------------------------------- look-up */

int quipu_lmdb_item_format_damaged(const quipu_driver_datastore *datastore,
                                   const quipu_driver_schema *bound, int64_t id,
                                   const char *how, quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "item %lld of schema \"%s\" in \"%s\" %s; restore it from a backup",
        (long long)id, bound->schema.table, datastore->name, how);
}

int quipu_lmdb_item_format_find(quipu_driver_datastore *datastore,
                                const struct snapshot *snapshot,
                                const quipu_driver_schema *bound,
                                struct found_item *found, quipu_error *error)
{
    int64_t id = found->id;
    MDB_val key = { sizeof(id), &id };
    MDB_val value;
    int code = btree_lookup(snapshot, &bound->items, key, &value);
    if (code == MDB_NOTFOUND) {
        return quipu_lmdb_item_format_damaged(datastore, bound, id,
                                              "is missing", error);
    }
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                    "read an item", error);
    }
    if (!quipu_lmdb_map_contains(datastore->environment, &value) ||
        !quipu_lmdb_item_format_read(bound, &value, id, &found->item,
                                     found->values)) {
        return quipu_lmdb_item_format_damaged(datastore, bound, id,
                                              "is damaged", error);
    }
    return QUIPU_OK;
}
