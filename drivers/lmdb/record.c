/* SPDX-License-Identifier: Apache-2.0 */
/* How an item is stored. */
#include "record.h"

#include <string.h>

#define VERSION 1

enum { HAS_TIME = 1, HAS_METADATA = 2 };

struct header {
    uint32_t check;
    uint8_t version;
    uint8_t flags;
    uint8_t topic_size;
    uint8_t sequence_size;
    int64_t position;
    uint32_t state_size;
    uint32_t metadata_size;
};

_Static_assert(sizeof(struct header) == 24, "it has no holes");

/* -------------------------------------------------------------- the check */

/* Odd numbers with half of their bits set: the fractions of the square roots of
 * 2, 3, 5 and 7. */
#define K0 UINT64_C(0x6a09e667f3bcc909)
#define K1 UINT64_C(0xbb67ae8584caa73b)
#define K2 UINT64_C(0x3c6ef372fe94f82b)
#define K3 UINT64_C(0xa54ff53a5f1d36f1)

/* The product's 128 bits, folded to 64. */
static inline uint64_t fold(uint64_t a, uint64_t b)
{
#if defined(__SIZEOF_INT128__)
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
#else
    uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX);
    uint64_t left = (a >> 32) * (b & UINT32_MAX) + (low >> 32);
    uint64_t right = (a & UINT32_MAX) * (b >> 32) + (left & UINT32_MAX);
    uint64_t high = (a >> 32) * (b >> 32) + (left >> 32) + (right >> 32);
    return (right << 32 | (low & UINT32_MAX)) ^ high;
#endif
}

static inline uint64_t load(const unsigned char *from)
{
    uint64_t bits;
    memcpy(&bits, from, sizeof bits);
    return bits;
}

uint32_t quipu_lmdb_check(const void *data, size_t size, uint64_t seed)
{
    const unsigned char *at = data;
    uint64_t a = seed ^ K0;
    uint64_t b = size ^ K1;
    unsigned char rest[32] = { 0 };
    for (; size >= 32; size -= 32, at += 32) {
        a = fold(load(at) ^ K2, load(at + 8) ^ a);
        b = fold(load(at + 16) ^ K3, load(at + 24) ^ b);
    }
    if (size > 0) {
        memcpy(rest, at, size);
        a = fold(load(rest) ^ K2, load(rest + 8) ^ a);
        b = fold(load(rest + 16) ^ K3, load(rest + 24) ^ b);
    }
    a = fold(a ^ K3, b ^ K2);
    return (uint32_t)(a ^ a >> 32);
}

static uint32_t check_of(const unsigned char *value, size_t size, int64_t id)
{
    const size_t skip = sizeof(uint32_t);
    return quipu_lmdb_check(value + skip, size - skip, (uint64_t)id);
}

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

size_t quipu_lmdb_record_size(const quipu_item *item)
{
    size_t size = sizeof(struct header) + item->event_id.size +
                  item->sequence_id.size + item->topic.size + item->state.size +
                  item->metadata.size;
    if ((item->flags & QUIPU_ITEM_TIME) != 0) {
        size += sizeof item->time;
    }
    for (size_t i = 0; i < item->column_count; i++) {
        size += column_size(&item->columns[i]);
    }
    return size;
}

static unsigned char *put(unsigned char *to, const void *data, size_t size)
{
    if (size > 0) {
        memcpy(to, data, size);
    }
    return to + size;
}

static unsigned char *put_column(unsigned char *to, const quipu_value *value)
{
    uint32_t size;
    *to++ = (unsigned char)value->kind;
    switch (value->kind) {
    case QUIPU_VALUE_NULL:
        return to;
    case QUIPU_VALUE_TEXT:
    case QUIPU_VALUE_BYTES:
        size = (uint32_t)value->as.bytes.size;
        to = put(to, &size, sizeof size);
        return put(to, value->as.bytes.data, size);
    case QUIPU_VALUE_UUID:
        return put(to, value->as.bytes.data, 16);
    case QUIPU_VALUE_DOUBLE:
        return put(to, &value->as.real, sizeof value->as.real);
    default:
        return put(to, &value->as.integer, sizeof value->as.integer);
    }
}

void quipu_lmdb_record_write(void *to, size_t size, const quipu_item *item,
                             int64_t id, int64_t position)
{
    struct header header = {
        .version = VERSION,
        .flags =
            (uint8_t)(((item->flags & QUIPU_ITEM_TIME) != 0 ? HAS_TIME : 0) |
                      (item->metadata.data != NULL ? HAS_METADATA : 0)),
        .topic_size = (uint8_t)item->topic.size,
        .sequence_size = (uint8_t)item->sequence_id.size,
        .position = position,
        .state_size = (uint32_t)item->state.size,
        .metadata_size = (uint32_t)item->metadata.size,
    };
    unsigned char *at = (unsigned char *)to + sizeof header;
    at = put(at, item->event_id.data, item->event_id.size);
    if ((item->flags & QUIPU_ITEM_TIME) != 0) {
        at = put(at, &item->time, sizeof item->time);
    }
    at = put(at, item->sequence_id.data, item->sequence_id.size);
    at = put(at, item->topic.data, item->topic.size);
    at = put(at, item->state.data, item->state.size);
    at = put(at, item->metadata.data, item->metadata.size);
    for (size_t i = 0; i < item->column_count; i++) {
        at = put_column(at, &item->columns[i]);
    }
    memcpy(to, &header, sizeof header);
    header.check = check_of(to, size, id);
    memcpy(to, &header.check, sizeof header.check);
}

/* ---------------------------------------------------------------- reading */

/* What is left of a value. */
struct rest {
    const unsigned char *at;
    size_t size;
    bool failed;
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

static void take_column(struct rest *rest, int32_t kind, quipu_value *value)
{
    uint8_t stored = 0;
    uint32_t size = 16;
    take_copy(rest, &stored, 1);
    *value = (quipu_value){ .kind = stored };
    if (stored == QUIPU_VALUE_NULL) {
        return;
    }
    rest->failed = rest->failed || stored != kind;
    switch (stored) {
    case QUIPU_VALUE_TEXT:
    case QUIPU_VALUE_BYTES:
        take_copy(rest, &size, sizeof size);
        value->as.bytes = take_bytes(rest, size);
        break;
    case QUIPU_VALUE_UUID:
        value->as.bytes = take_bytes(rest, size);
        break;
    case QUIPU_VALUE_DOUBLE:
        take_copy(rest, &value->as.real, sizeof value->as.real);
        break;
    default:
        take_copy(rest, &value->as.integer, sizeof value->as.integer);
        break;
    }
}

static bool take_item(struct rest *rest, const struct header *header,
                      const quipu_schema *schema, quipu_item *item,
                      quipu_value *values)
{
    if (schema->event_id != NULL) {
        item->event_id = take_bytes(rest, 16);
    }
    if ((header->flags & HAS_TIME) != 0) {
        take_copy(rest, &item->time, sizeof item->time);
        item->flags = QUIPU_ITEM_TIME;
    }
    item->sequence_id = take_bytes(rest, header->sequence_size);
    item->topic = take_bytes(rest, header->topic_size);
    item->state = take_bytes(rest, header->state_size);
    if ((header->flags & HAS_METADATA) != 0) {
        item->metadata = take_bytes(rest, header->metadata_size);
    }
    if (schema->column_count > 0) {
        item->columns = values;
        item->column_count = schema->column_count;
    }
    for (size_t i = 0; i < schema->column_count; i++) {
        take_column(rest, schema->columns[i].kind, &values[i]);
    }
    return !rest->failed && rest->size == 0;
}

bool quipu_lmdb_record_read(const struct environment *environment,
                            const quipu_schema *schema, const MDB_val *value,
                            int64_t id, quipu_item *item, quipu_value *values)
{
    struct header header;
    struct rest rest = { value->mv_data, value->mv_size, false };
    if (value->mv_size < sizeof header ||
        !quipu_lmdb_map_holds(environment, value)) {
        return false;
    }
    take_copy(&rest, &header, sizeof header);
    if (header.version != VERSION ||
        header.check != check_of(value->mv_data, value->mv_size, id)) {
        return false;
    }
    *item = (quipu_item){ .notification_id = id, .position = header.position };
    return take_item(&rest, &header, schema, item, values);
}

int quipu_lmdb_record_damaged(const quipu_driver_datastore *datastore,
                              const quipu_driver_schema *bound, int64_t id,
                              const char *how, quipu_error *error)
{
    return datastore->host->error_set(
        error, QUIPU_CORRUPT, 0, NULL,
        "item %lld of schema \"%s\" in \"%s\" %s; restore it from a backup",
        (long long)id, bound->schema.table, datastore->name, how);
}

int quipu_lmdb_record_find(quipu_driver_datastore *datastore, MDB_txn *txn,
                           const quipu_driver_schema *bound, int64_t id,
                           quipu_item *item, quipu_value *values,
                           quipu_error *error)
{
    MDB_val key = { sizeof id, &id };
    MDB_val value;
    int code = mdb_get(txn, bound->items, &key, &value);
    if (code == MDB_NOTFOUND) {
        return quipu_lmdb_record_damaged(datastore, bound, id, "is missing",
                                         error);
    }
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_fail(datastore->host, datastore->name, code,
                               "read an item", error);
    }
    if (!quipu_lmdb_record_read(datastore->environment, &bound->schema, &value,
                                id, item, values)) {
        return quipu_lmdb_record_damaged(datastore, bound, id, "is damaged",
                                         error);
    }
    return QUIPU_OK;
}
