/* SPDX-License-Identifier: Apache-2.0 */
/* How an item is stored. */
#include "record.h"

#include <string.h>

#define VERSION 1
#define BLOCK 64 /* bytes that the check takes at once */

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

/* What four lanes have made of the bytes so far. */
struct lanes {
    uint64_t a, b, c, d;
};

static inline void mix(struct lanes *lanes, const unsigned char *at)
{
    lanes->a = fold(load(at) ^ K2, load(at + 8) ^ lanes->a);
    lanes->b = fold(load(at + 16) ^ K3, load(at + 24) ^ lanes->b);
    lanes->c = fold(load(at + 32) ^ K0, load(at + 40) ^ lanes->c);
    lanes->d = fold(load(at + 48) ^ K1, load(at + 56) ^ lanes->d);
}

/* The last block is the last BLOCK bytes, whatever of it was seen before. */
uint32_t quipu_lmdb_check(const void *data, size_t size, uint64_t seed)
{
    const unsigned char *at = data;
    struct lanes lanes = { seed ^ K0, size ^ K1, seed ^ K2, size ^ K3 };
    if (size >= BLOCK) {
        const unsigned char *last = at + size - BLOCK;
        for (; at < last; at += BLOCK) {
            mix(&lanes, at);
        }
        mix(&lanes, last);
    } else {
        unsigned char padded[BLOCK] = { 0 };
        if (size > 0) {
            memcpy(padded, at, size);
        }
        mix(&lanes, padded);
    }
    uint64_t all =
        fold(lanes.a ^ K3, lanes.b ^ K2) ^ fold(lanes.c ^ K1, lanes.d ^ K0);
    return (uint32_t)(all ^ all >> 32);
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
    if (data != NULL && size > 0) {
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

/* How many bytes the header says that come before further columns. */
static size_t fixed_size(const struct header *header, size_t event_id)
{
    return event_id + ((header->flags & HAS_TIME) != 0 ? sizeof(int64_t) : 0) +
           header->sequence_size + header->topic_size +
           (size_t)header->state_size + header->metadata_size;
}

static inline quipu_bytes cut(const unsigned char **at, size_t size)
{
    const quipu_bytes bytes = { *at, size };
    *at += size;
    return bytes;
}

/* All but further columns: these bytes are known to be there. */
static const unsigned char *cut_item(const unsigned char *at,
                                     const struct header *header,
                                     size_t event_id, quipu_item *item)
{
    if (event_id > 0) {
        item->event_id = cut(&at, event_id);
    }
    if ((header->flags & HAS_TIME) != 0) {
        memcpy(&item->time, at, sizeof item->time);
        at += sizeof item->time;
        item->flags = QUIPU_ITEM_TIME;
    }
    item->sequence_id = cut(&at, header->sequence_size);
    item->topic = cut(&at, header->topic_size);
    item->state = cut(&at, header->state_size);
    if ((header->flags & HAS_METADATA) != 0) {
        item->metadata = cut(&at, header->metadata_size);
    }
    return at;
}

static bool take_columns(struct rest *rest, const quipu_schema *schema,
                         quipu_item *item, quipu_value *values)
{
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
    const unsigned char *at = value->mv_data;
    size_t event_id = schema->event_id != NULL ? 16 : 0;
    if (value->mv_size < sizeof header ||
        !quipu_lmdb_map_holds(environment, value)) {
        return false;
    }
    memcpy(&header, at, sizeof header);
    size_t size = sizeof header + fixed_size(&header, event_id);
    if (header.version != VERSION || size > value->mv_size ||
        header.check != check_of(at, value->mv_size, id)) {
        return false;
    }
    *item = (quipu_item){ .notification_id = id, .position = header.position };
    struct rest rest = { cut_item(at + sizeof header, &header, event_id, item),
                         value->mv_size - size, false };
    return take_columns(&rest, schema, item, values);
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
