/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: encoding, decoding and finding schemas (catalogue.h). */
#include "catalogue/catalogue.h"

#include "catalogue/store.h"
#include "format/checksum.h"

#include "common/schema.h"

#include <errno.h>

#define NO_NAME 0xff
#define NAMES 9
#define RECORD_MAX                       \
    (33 + NAMES * (QUIPU_NAME_MAX + 2) + \
     QUIPU_COLUMNS_MAX * (QUIPU_NAME_MAX + 3))

struct schema_header {
    uint32_t checksum;
    uint32_t slot;
    uint64_t number;
    uint32_t flags;   /* of quipu_schema */
    uint32_t columns; /* further ones */
};

/* ---------------------------------------------------------------- encoding */

struct output {
    unsigned char bytes[RECORD_MAX];
    size_t size;
};

static void put_name(struct output *out, const char *name)
{
    if (!name) {
        out->bytes[out->size++] = NO_NAME;
        return;
    }
    size_t size = strlen(name);
    out->bytes[out->size++] = (unsigned char)size;
    memcpy(out->bytes + out->size, name, size + 1);
    out->size += size + 1;
}

int quipu_lmdb_catalogue_write(const quipu_host *host, MDB_txn *txn,
                               MDB_val key, const struct catalogue_entry *entry)
{
    const quipu_schema *schema = &entry->schema;
    const struct schema_header header = {
        .slot = entry->slot,
        .number = entry->number,
        .flags = schema->flags,
        .columns = (uint32_t)schema->column_count,
    };
    struct output *out = host->allocate(sizeof(*out));
    if (!out) {
        return ENOMEM;
    }
    memcpy(out->bytes, &header, sizeof(header));
    out->size = sizeof(header);
    put_name(out, schema->table);
    put_name(out, schema->notification_id);
    put_name(out, schema->sequence_id);
    put_name(out, schema->position);
    put_name(out, schema->topic);
    put_name(out, schema->state);
    put_name(out, schema->event_id);
    put_name(out, schema->metadata);
    put_name(out, schema->time);
    for (size_t i = 0; i < schema->column_count; i++) {
        out->bytes[out->size++] = (unsigned char)schema->columns[i].kind;
        put_name(out, schema->columns[i].name);
    }
    if (entry->first_columns != schema->column_count) {
        out->bytes[out->size++] = (unsigned char)entry->first_columns;
    }
    int code = quipu_lmdb_store_put(txn, key, out->bytes, out->size);
    host->release(out);
    return code;
}

/* ---------------------------------------------------------------- decoding */

struct input {
    const unsigned char *at;
    size_t size; /* bytes left */
    bool failed; /* the record ended too early */
};

/* Returns a name in place, or NULL: it has none, or the input failed. */
static const char *take_name(struct input *in)
{
    size_t size = in->size > 0 ? in->at[0] : 0;
    if (in->size == 0 || (size != NO_NAME && in->size < size + 2)) {
        in->failed = true;
        return NULL;
    }
    const char *name = (const char *)in->at + 1;
    size_t taken = size == NO_NAME ? 1 : size + 2;
    in->at += taken;
    in->size -= taken;
    return size == NO_NAME ? NULL : name;
}

static int take_byte(struct input *in)
{
    if (in->size == 0) {
        in->failed = true;
        return 0;
    }
    in->size--;
    return *in->at++;
}

/* Returns true if the record is as long as its header, and its checksum holds.
 */
static bool read_header(const MDB_val *value, struct schema_header *header)
{
    if (value->mv_size < sizeof(*header)) {
        return false;
    }
    memcpy(header, value->mv_data, sizeof(*header));
    return header->checksum ==
           checksum_of_record(value->mv_data, value->mv_size, 0);
}

bool quipu_lmdb_catalogue_is_named(const MDB_val *value, MDB_val table)
{
    struct schema_header header;
    if (!read_header(value, &header)) {
        return false;
    }
    struct input in = { (const unsigned char *)value->mv_data + sizeof(header),
                        value->mv_size - sizeof(header), false };
    const char *name = take_name(&in);
    return name && strlen(name) == table.mv_size &&
           memcmp(name, table.mv_data, table.mv_size) == 0;
}

int quipu_lmdb_catalogue_read(const quipu_host *host, const MDB_val *value,
                              struct catalogue_entry *entry)
{
    struct schema_header header;
    quipu_column columns[QUIPU_COLUMNS_MAX] = { 0 };
    if (!read_header(value, &header)) {
        return MDB_CORRUPTED;
    }
    struct input in = { (const unsigned char *)value->mv_data + sizeof(header),
                        value->mv_size - sizeof(header),
                        header.columns > QUIPU_COLUMNS_MAX };
    quipu_schema lent = { .struct_size = sizeof(lent),
                          .flags = header.flags,
                          .columns = columns,
                          .column_count = header.columns };
    lent.table = take_name(&in);
    lent.notification_id = take_name(&in);
    lent.sequence_id = take_name(&in);
    lent.position = take_name(&in);
    lent.topic = take_name(&in);
    lent.state = take_name(&in);
    lent.event_id = take_name(&in);
    lent.metadata = take_name(&in);
    lent.time = take_name(&in);
    for (size_t i = 0; i < header.columns && !in.failed; i++) {
        columns[i].kind = take_byte(&in);
        columns[i].name = take_name(&in);
    }
    entry->first_columns =
        in.size == 1 ? (size_t)take_byte(&in) : header.columns;
    if (in.failed || in.size != 0 || entry->first_columns > header.columns) {
        return MDB_CORRUPTED;
    }
    entry->number = header.number;
    entry->slot = header.slot;
    entry->block = quipu_common_schema_copy(host, &lent, &entry->schema);
    return entry->block ? MDB_SUCCESS : ENOMEM;
}

/* ----------------------------------------------------------------- finding */

/* CONFLICT: the schemas differ.  `former`: the stored one may lack the last of
 * the further columns. */
static int compare(const quipu_host *host, const quipu_schema *wanted,
                   const quipu_schema *stored, bool former, quipu_error *error)
{
    const char *parts[SCHEMA_PARTS];
    quipu_common_schema_parts(stored, parts);
    int status = quipu_common_schema_compare_parts(host, wanted, parts, error);
    size_t count = wanted->column_count > stored->column_count && !former
                       ? wanted->column_count
                       : stored->column_count;
    for (size_t i = 0; status == QUIPU_OK && i < count; i++) {
        const quipu_column none = { .kind = QUIPU_VALUE_NULL };
        const quipu_column *column =
            i < stored->column_count ? &stored->columns[i] : &none;
        status = quipu_common_schema_compare_column(
            host, wanted, i, column->name,
            quipu_common_schema_kind_name(column->kind), error);
    }
    return status;
}

int quipu_lmdb_catalogue_find_former(quipu_driver_datastore *datastore,
                                     const struct snapshot *snapshot,
                                     const quipu_schema *schema,
                                     quipu_driver_schema *bound,
                                     size_t *present, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    char name[STORE_NAME_MAX];
    struct catalogue_entry entry;
    MDB_val value;
    MDB_val key =
        quipu_lmdb_store_schema_key(name, datastore->space, schema->table);
    int code = btree_lookup(snapshot, &quipu_lmdb_store_main, key, &value);
    if (code == MDB_NOTFOUND) {
        return host->error_set(
            error, QUIPU_NOT_FOUND, 0, NULL,
            "schema \"%s\" is not set up; call quipu_datastore_setup",
            schema->table);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_catalogue_read(host, &value, &entry);
    }
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_error_set(host, datastore->name, code,
                                    "read the catalogue", error);
    }
    int status = compare(host, schema, &entry.schema, present, error);
    bound->number = entry.number;
    bound->slot = entry.slot;
    bound->first_columns = entry.first_columns;
    if (present) {
        *present = entry.schema.column_count;
    }
    host->release(entry.block);
    return status;
}

int quipu_lmdb_catalogue_find(quipu_driver_datastore *datastore,
                              const struct snapshot *snapshot,
                              const quipu_schema *schema,
                              quipu_driver_schema *bound, quipu_error *error)
{
    return quipu_lmdb_catalogue_find_former(datastore, snapshot, schema, bound,
                                            NULL, error);
}
