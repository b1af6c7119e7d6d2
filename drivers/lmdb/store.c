/* SPDX-License-Identifier: Apache-2.0 */
/* What stands in LMDB's main database. */
#include "store.h"

#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define NO_NAME 0xff
#define NAMES 9 /* of a schema, its further columns aside */
#define SCHEMA_MAX                       \
    (32 + NAMES * (QUIPU_NAME_MAX + 2) + \
     QUIPU_COLUMNS_MAX * (QUIPU_NAME_MAX + 3))

/* ---------------------------------------------------------------- records */

static uint32_t check_of(const void *record, size_t size)
{
    const size_t skip = sizeof(uint32_t);
    return quipu_lmdb_check((const char *)record + skip, size - skip, 0);
}

static bool is_whole(const void *record, size_t size)
{
    uint32_t check;
    if (size <= sizeof(check)) {
        return false;
    }
    memcpy(&check, record, sizeof(check));
    return check == check_of(record, size);
}

const struct database quipu_lmdb_main = { .dbi = MAIN_DBI };

int quipu_lmdb_store_get(const struct view *view, MDB_val key, void *record,
                         size_t size)
{
    MDB_val value;
    int code = quipu_lmdb_view_get(view, &quipu_lmdb_main, key, &value);
    if (code != MDB_SUCCESS) {
        return code;
    }
    if (value.mv_size != size || !is_whole(value.mv_data, size)) {
        return MDB_CORRUPTED;
    }
    memcpy(record, value.mv_data, size);
    return MDB_SUCCESS;
}

int quipu_lmdb_store_put(MDB_txn *txn, MDB_val key, void *record, size_t size)
{
    uint32_t check = check_of(record, size);
    MDB_val value = { size, record };
    memcpy(record, &check, sizeof(check));
    return mdb_put(txn, MAIN_DBI, &key, &value, 0);
}

/* ------------------------------------------------------------------- keys */

static MDB_val key_of(char name[STORE_NAME_MAX])
{
    return (MDB_val){ strlen(name), name };
}

MDB_val quipu_lmdb_key_space(char name[STORE_NAME_MAX], const char *name_space)
{
    (void)snprintf(name, STORE_NAME_MAX, "quipu.n.%s", name_space);
    return key_of(name);
}

MDB_val quipu_lmdb_key_schema(char name[STORE_NAME_MAX], uint32_t space,
                              const char *table)
{
    (void)snprintf(name, STORE_NAME_MAX, "quipu.s.%u.%s", (unsigned)space,
                   table ? table : "");
    return key_of(name);
}

MDB_val quipu_lmdb_key_head(char name[STORE_NAME_MAX], uint32_t slot)
{
    (void)snprintf(name, STORE_NAME_MAX, "quipu.%05u.head", (unsigned)slot);
    return key_of(name);
}

/* ----------------------------------------------------------------- parts */

int quipu_lmdb_main_open(MDB_txn *txn)
{
    MDB_dbi dbi = 0;
    return mdb_dbi_open(txn, NULL, 0, &dbi);
}

int quipu_lmdb_store_create(MDB_txn *txn)
{
    struct store_record store = { .format = STORE_FORMAT,
                                  .next_schema = 1,
                                  .next_space = 1 };
    int code = quipu_lmdb_main_open(txn);
    return code == MDB_SUCCESS
               ? quipu_lmdb_store_put(txn, store_key(), &store, sizeof(store))
               : code;
}

int quipu_lmdb_head_get(quipu_driver_datastore *datastore,
                        const struct view *view,
                        const quipu_driver_schema *bound, bool *alive,
                        int64_t *head, quipu_error *error)
{
    char name[STORE_NAME_MAX];
    struct head_record record;
    int code = quipu_lmdb_store_get(
        view, quipu_lmdb_key_head(name, bound->slot), &record, sizeof(record));
    *alive = code == MDB_SUCCESS && record.schema == bound->number;
    *head = *alive ? record.head : 0;
    return code == MDB_SUCCESS || code == MDB_NOTFOUND
               ? QUIPU_OK
               : quipu_lmdb_fail(datastore->host, datastore->name, code,
                                 "read the head of a log", error);
}

int quipu_lmdb_head_put(MDB_txn *txn, uint32_t slot, uint64_t number,
                        int64_t head)
{
    char name[STORE_NAME_MAX];
    struct head_record record = { .schema = number, .head = head };
    return quipu_lmdb_store_put(txn, quipu_lmdb_key_head(name, slot), &record,
                                sizeof(record));
}

/* LMDB goes where a walk has been before it. */
static int open_database(const struct view *view, unsigned flags,
                         struct database *database)
{
    struct walk walk;
    int code =
        view->base ? quipu_lmdb_walk_open(&walk, view, database) : MDB_SUCCESS;
    return code == MDB_SUCCESS
               ? mdb_dbi_open(view->txn, database->name, flags, &database->dbi)
               : code;
}

static int open_part(const struct view *view, uint32_t slot, const char *part,
                     unsigned flags, struct database *database)
{
    (void)snprintf(database->name, sizeof(database->name), "quipu.%05u.%s",
                   (unsigned)slot, part);
    return open_database(view, flags, database);
}

int quipu_lmdb_slot_open(const struct view *view, uint32_t slot, unsigned flags,
                         quipu_driver_schema *bound)
{
    bound->items.integers = true;
    bound->index.integers = bound->events.integers = false;
    int code =
        open_part(view, slot, "items", flags != 0 ? flags | MDB_INTEGERKEY : 0,
                  &bound->items);
    if (code == MDB_SUCCESS) {
        code = open_part(view, slot, "index", flags, &bound->index);
    }
    return code == MDB_SUCCESS
               ? open_part(view, slot, "events", flags, &bound->events)
               : code;
}

int quipu_lmdb_tracked_open(const struct view *view, uint32_t space,
                            unsigned flags, struct database *tracked)
{
    tracked->integers = false;
    (void)snprintf(tracked->name, sizeof(tracked->name), "quipu.t.%u",
                   (unsigned)space);
    return open_database(view, flags, tracked);
}

/* ---------------------------------------------------------------- schemas */

/* A schema's value: this, nine names, the further columns; a name is its size
 * (0xff: none), its bytes and a zero, a column its kind and a name. */
struct schema_header {
    uint32_t check;
    uint32_t slot;
    uint64_t number;
    uint32_t flags;
    uint32_t columns;
};

struct output {
    unsigned char bytes[SCHEMA_MAX];
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

int quipu_lmdb_schema_write(const quipu_host *host, MDB_txn *txn, MDB_val key,
                            const struct stored_schema *stored)
{
    const quipu_schema *schema = &stored->schema;
    const struct schema_header header = {
        .slot = stored->slot,
        .number = stored->number,
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
    int code = quipu_lmdb_store_put(txn, key, out->bytes, out->size);
    host->release(out);
    return code;
}

struct input {
    const unsigned char *at;
    size_t size;
    bool failed;
};

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

static int take_kind(struct input *in)
{
    if (in->size == 0) {
        in->failed = true;
        return 0;
    }
    in->size--;
    return *in->at++;
}

int quipu_lmdb_schema_read(const quipu_host *host, const MDB_val *value,
                           struct stored_schema *stored)
{
    struct schema_header header;
    quipu_column columns[QUIPU_COLUMNS_MAX] = { 0 };
    quipu_schema *schema = &stored->schema;
    if (value->mv_size < sizeof(header) ||
        !is_whole(value->mv_data, value->mv_size)) {
        return MDB_CORRUPTED;
    }
    memcpy(&header, value->mv_data, sizeof(header));
    struct input in = { (const unsigned char *)value->mv_data + sizeof(header),
                        value->mv_size - sizeof(header),
                        header.columns > QUIPU_COLUMNS_MAX };
    *schema = (quipu_schema){ .struct_size = sizeof(*schema),
                              .flags = header.flags,
                              .columns = columns,
                              .column_count = header.columns };
    schema->table = take_name(&in);
    schema->notification_id = take_name(&in);
    schema->sequence_id = take_name(&in);
    schema->position = take_name(&in);
    schema->topic = take_name(&in);
    schema->state = take_name(&in);
    schema->event_id = take_name(&in);
    schema->metadata = take_name(&in);
    schema->time = take_name(&in);
    for (size_t i = 0; i < header.columns && !in.failed; i++) {
        columns[i].kind = take_kind(&in);
        columns[i].name = take_name(&in);
    }
    if (in.failed || in.size != 0) {
        return MDB_CORRUPTED;
    }
    stored->number = header.number;
    stored->slot = header.slot;
    const quipu_schema lent = *schema;
    stored->block = quipu_common_schema_copy(host, &lent, schema);
    return stored->block ? MDB_SUCCESS : ENOMEM;
}
