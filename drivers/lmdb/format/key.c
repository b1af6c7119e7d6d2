/* SPDX-License-Identifier: Apache-2.0 */
/* Keys of the index (key.h). */
#include "format/key.h"

#include "common/safeguard.h"

#include <string.h>

/* The sign bit of a position. */
#define SIGN SAFEGUARDED("S4.order-of-signs", UINT64_C(1) << 63, 0)

static void put_position(unsigned char *to, int64_t position)
{
    uint64_t bits = (uint64_t)position ^ SIGN;
    for (int i = 7; i >= 0; i--) {
        to[i] = (unsigned char)bits;
        bits >>= 8;
    }
}

static int64_t get_position(const unsigned char *from)
{
    uint64_t bits = 0;
    for (int i = 0; i < 8; i++) {
        bits = bits << 8 | from[i];
    }
    return (int64_t)(bits ^ SIGN);
}

void quipu_lmdb_key_begin(struct key *key, const quipu_schema *schema,
                          quipu_bytes sequence_id)
{
    memcpy(key->bytes, sequence_id.data, sequence_id.size);
    key->prefix = sequence_id.size;
    if ((schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0) {
        key->bytes[key->prefix++] = '\0';
    }
}

MDB_val quipu_lmdb_key_at(struct key *key, int64_t position)
{
    put_position(key->bytes + key->prefix, position);
    return (MDB_val){ .mv_size = key->prefix + 8, .mv_data = key->bytes };
}

bool quipu_lmdb_key_is_of(const struct key *key, const MDB_val *found,
                          int64_t *position)
{
    const unsigned char *bytes = found->mv_data;
    if (found->mv_size != key->prefix + 8 ||
        SAFEGUARDED("S4.sequences-are-apart",
                    memcmp(bytes, key->bytes, key->prefix) != 0, false)) {
        return false;
    }
    *position = get_position(bytes + key->prefix);
    return true;
}

bool quipu_lmdb_key_split(const quipu_schema *schema, const MDB_val *found,
                          quipu_bytes *sequence_id, int64_t *position)
{
    const unsigned char *bytes = found->mv_data;
    bool text = (schema->flags & QUIPU_SCHEMA_TEXT_IDS) != 0;
    if (text ? found->mv_size < 10 || found->mv_size > KEY_MAX
             : found->mv_size != 24) {
        return false;
    }
    size_t prefix = found->mv_size - 8;
    if (text && memchr(bytes, '\0', prefix) != bytes + prefix - 1) {
        return false;
    }
    *sequence_id = (quipu_bytes){ bytes, text ? prefix - 1 : prefix };
    *position = get_position(bytes + prefix);
    return true;
}

int quipu_lmdb_key_find_last(struct btree_cursor *index, struct key *key,
                             bool *found, int64_t *position)
{
    MDB_val at;
    MDB_val value;
    int code = btree_seek_back(index, quipu_lmdb_key_at(key, INT64_MAX));
    if (code == MDB_SUCCESS) {
        code = btree_entry(index, &at, &value);
    }
    *found = code == MDB_SUCCESS && quipu_lmdb_key_is_of(key, &at, position);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

bool quipu_lmdb_key_read_id(const MDB_val *value, int64_t *id)
{
    if (value->mv_size != sizeof(*id)) {
        return false;
    }
    memcpy(id, value->mv_data, sizeof(*id));
    return *id > 0;
}
