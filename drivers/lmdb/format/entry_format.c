/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding and decoding of entries (entry_format.h). */
#include "format/entry_format.h"

#include "format/checksum.h"

#include "common/safeguard.h"

#include <string.h>

#define VERSION 1

struct header {
    uint32_t checksum;
    uint32_t version;
    int64_t revision;
};

_Static_assert(sizeof(struct header) == 16, "it has no padding");

/* The checksum depends on the key, so that a value under another key than its
 * own is detected. */
static uint32_t checksum_of(const void *record, size_t size, const void *key,
                            size_t key_size)
{
    return checksum_of_record(record, size,
                              quipu_lmdb_checksum(key, key_size, 0));
}

size_t quipu_lmdb_entry_format_size(quipu_bytes value)
{
    return sizeof(struct header) + value.size;
}

void quipu_lmdb_entry_format_write(void *to, quipu_bytes key, quipu_bytes value,
                                   int64_t revision)
{
    struct header header = { .version = VERSION, .revision = revision };
    memcpy(to, &header, sizeof(header));
    if (value.size > 0) {
        memcpy((char *)to + sizeof(header), value.data, value.size);
    }
    header.checksum = checksum_of(to, quipu_lmdb_entry_format_size(value),
                                  key.data, key.size);
    memcpy(to, &header.checksum, sizeof(header.checksum));
}

bool quipu_lmdb_entry_format_read(const MDB_val *key, const MDB_val *value,
                                  quipu_entry *entry)
{
    struct header header;
    if (key->mv_size == 0 || key->mv_size > QUIPU_KEY_MAX ||
        value->mv_size < sizeof(header)) {
        return false;
    }
    memcpy(&header, value->mv_data, sizeof(header));
    *entry = (quipu_entry){
        .key = { key->mv_data, key->mv_size },
        .value = { (const char *)value->mv_data + sizeof(header),
                   value->mv_size - sizeof(header) },
        .revision = header.revision,
    };
    return header.version == VERSION && header.revision > 0 &&
           SAFEGUARDED("K6.checksum-of-an-entry",
                       header.checksum ==
                           checksum_of(value->mv_data, value->mv_size,
                                       key->mv_data, key->mv_size),
                       true);
}
