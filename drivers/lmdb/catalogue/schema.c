/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schemas: setup, alteration, teardown, bind and unbind.
 *
 * Setup enters a schema in the catalogue, gives it the first free slot and
 * creates the slot's three databases.  Alteration enters another definition and
 * leaves the items as they are (item_format.h).  Teardown empties the databases
 * and frees the slot; they stay for the next schema.  Binding copies the schema
 * and opens the databases of its slot; LMDB keeps database handles until the
 * environment is closed.
 */
#include "btree/precheck.h"
#include "catalogue/catalogue.h"
#include "catalogue/store.h"
#include "txn/read_txn.h"
#include "txn/write_txn.h"

#include "common/error.h"
#include "common/safeguard.h"
#include "common/schema.h"

#include <strings.h>

/* ------------------------------------------------------------------- setup */

/* INVALID: the namespace has a schema whose name differs in case only. */
static int check_case(quipu_driver_datastore *datastore,
                      const struct snapshot *snapshot,
                      const quipu_schema *schema, quipu_error *error)
{
    char name[STORE_NAME_MAX];
    struct btree_cursor cursor;
    MDB_val key;
    MDB_val value;
    int status = QUIPU_OK;
    MDB_val prefix = quipu_lmdb_store_schema_key(name, datastore->space, NULL);
    size_t size = prefix.mv_size + strlen(schema->table);
    int code = btree_open(&cursor, snapshot, &quipu_lmdb_store_main);
    if (code == MDB_SUCCESS) {
        code = btree_seek(&cursor, prefix);
    }
    while (code == MDB_SUCCESS && status == QUIPU_OK) {
        code = btree_entry(&cursor, &key, &value);
        if (code != MDB_SUCCESS || key.mv_size <= prefix.mv_size ||
            memcmp(key.mv_data, name, prefix.mv_size) != 0) {
            break;
        }
        const char *other = (const char *)key.mv_data + prefix.mv_size;
        if (key.mv_size == size &&
            strncasecmp(other, schema->table, size - prefix.mv_size) == 0) {
            status = datastore->host->error_set(
                error, QUIPU_INVALID, 0, NULL,
                "schema \"%s\" differs from \"%.*s\" in case only; use another "
                "name",
                schema->table, (int)(size - prefix.mv_size), other);
        }
        code = btree_step(&cursor, false);
    }
    btree_close(&cursor);
    return status;
}

/* Returns true if the key of a schema, without its first part, has the number
 * of a namespace that was created, and the table of the record. */
static bool is_key_of(const char *key, size_t size, const MDB_val *record,
                      uint64_t next_namespace)
{
    uint64_t number = 0;
    size_t i = 0;
    while (i < size && key[i] >= '0' && key[i] <= '9' && number < UINT32_MAX) {
        number = 10 * number + (uint64_t)(key[i++] - '0');
    }
    return i < size && key[i] == '.' && number > 0 && number < next_namespace &&
           quipu_lmdb_catalogue_is_named(
               record, (MDB_val){ size - i - 1, (void *)(key + i + 1) });
}

/* Counts the schemas of all namespaces.  MDB_CORRUPTED: the key of one does not
 * match its record. */
static int count_schemas(const struct snapshot *snapshot,
                         uint64_t next_namespace, uint64_t *count)
{
    static const char prefix[] = "quipu.s.";
    const size_t size = sizeof(prefix) - 1;
    struct btree_cursor cursor;
    MDB_val key;
    MDB_val value;
    *count = 0;
    int code = btree_open(&cursor, snapshot, &quipu_lmdb_store_main);
    if (code == MDB_SUCCESS) {
        code = btree_seek(&cursor, (MDB_val){ size, (void *)prefix });
    }
    while (code == MDB_SUCCESS) {
        code = btree_entry(&cursor, &key, &value);
        if (code != MDB_SUCCESS || key.mv_size <= size ||
            memcmp(key.mv_data, prefix, size) != 0) {
            break;
        }
        if (!is_key_of((const char *)key.mv_data + size, key.mv_size - size,
                       &value, next_namespace)) {
            code = MDB_CORRUPTED;
            break;
        }
        ++*count;
        code = btree_step(&cursor, false);
    }
    btree_close(&cursor);
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

/* Finds a slot that no schema has: the first free one, or the one behind the
 * last.  The catalogue has as many schemas as slots that are used; otherwise
 * the key of a record is damaged, and the log of a schema cannot be found. */
static int find_slot(const struct snapshot *snapshot, uint64_t next_namespace,
                     uint32_t *slot)
{
    char name[STORE_NAME_MAX];
    struct head_record head;
    uint32_t last = 0;
    uint64_t used = 0;
    uint64_t schemas = 0;
    int code = MDB_SUCCESS;
    *slot = 0;
    while (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_get(snapshot,
                                    quipu_lmdb_store_head_key(name, ++last),
                                    &head, sizeof(head));
        used += code == MDB_SUCCESS && head.schema != 0;
        if (*slot == 0 && (code != MDB_SUCCESS || head.schema == 0)) {
            *slot = last;
        }
    }
    if (code == MDB_NOTFOUND) {
        code = count_schemas(snapshot, next_namespace, &schemas);
    }
    return code == MDB_SUCCESS && schemas != used ? MDB_CORRUPTED : code;
}

/* Enters the schema in the catalogue.  Returns LMDB's code. */
static int enter(quipu_driver_datastore *datastore,
                 const struct write_txn *write, const quipu_schema *schema)
{
    char name[STORE_NAME_MAX];
    const struct snapshot *snapshot = &write->snapshot;
    struct store_record store;
    quipu_driver_schema handles;
    struct catalogue_entry entry = { .schema = *schema,
                                     .first_columns = schema->column_count };
    int code =
        quipu_lmdb_store_get(snapshot, store_key(), &store, sizeof(store));
    if (code == MDB_SUCCESS) {
        entry.number = store.next_schema++;
        code = quipu_lmdb_store_put(write->txn, store_key(), &store,
                                    sizeof(store));
    }
    if (code == MDB_SUCCESS) {
        code = find_slot(snapshot, store.next_namespace, &entry.slot);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_open_slot(snapshot, entry.slot, MDB_CREATE,
                                          &handles);
    }
    if (code == MDB_SUCCESS) {
        code =
            quipu_lmdb_store_put_head(write->txn, entry.slot, entry.number, 0);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_catalogue_write(
            datastore->host, write->txn,
            quipu_lmdb_store_schema_key(name, datastore->space, schema->table),
            &entry);
    }
    return code;
}

/* Sets the schema up, unless another process has done so since. */
static int set_up(quipu_driver_datastore *datastore, struct write_txn *write,
                  quipu_error *error)
{
    const quipu_schema *schema = write->context;
    quipu_driver_schema found;
    quipu_error own = { 0 };
    int status = quipu_lmdb_catalogue_find(datastore, &write->snapshot, schema,
                                           &found, &own);
    if (status != QUIPU_NOT_FOUND) {
        return quipu_common_error_pass(status, &own, error);
    }
    status = check_case(datastore, &write->snapshot, schema, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = enter(datastore, write, schema);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_write_txn_fail(datastore, write, code,
                                           "set up a schema", error);
}

static int find_in(quipu_driver_datastore *datastore,
                   const struct snapshot *snapshot, void *context,
                   quipu_error *error)
{
    quipu_driver_schema found;
    return quipu_lmdb_catalogue_find(datastore, snapshot, context, &found,
                                     error);
}

static int find(quipu_driver_datastore *datastore, const quipu_schema *schema,
                int64_t deadline, quipu_error *error)
{
    int status = quipu_lmdb_read_txn_run(datastore, deadline, find_in,
                                         (void *)schema, error);
    return quipu_lmdb_error_as_busy(status, error);
}

int quipu_lmdb_schema_setup(quipu_driver_datastore *datastore,
                            const quipu_schema *schema, int64_t deadline,
                            quipu_error *error)
{
    struct write_txn write = { .work = set_up,
                               .context = (void *)schema,
                               .names = true };
    quipu_error own = { 0 };
    int status = find(datastore, schema, deadline, &own);
    if (status != QUIPU_NOT_FOUND) {
        return quipu_common_error_pass(status, &own, error);
    }
    return quipu_lmdb_write_txn_run(datastore, &write, deadline, error);
}

/* -------------------------------------------------------------- alteration */

/* Adds the further columns, unless another process has done so since. */
static int alter(quipu_driver_datastore *datastore, struct write_txn *write,
                 quipu_error *error)
{
    char name[STORE_NAME_MAX];
    const quipu_schema *schema = write->context;
    quipu_driver_schema found;
    size_t present = 0;
    int status = quipu_lmdb_catalogue_find_former(
        datastore, &write->snapshot, schema, &found, &present, error);
    if (status != QUIPU_OK || present == schema->column_count) {
        write->empty = true;
        return status;
    }
    const struct catalogue_entry entry = { .number = found.number,
                                           .slot = found.slot,
                                           .first_columns = found.first_columns,
                                           .schema = *schema };
    int code = MDB_SUCCESS;
    SAFEGUARD("F5.older-drivers-refuse")
    code = quipu_lmdb_store_raise_format(&write->snapshot, &write->before,
                                         STORE_FORMAT_ALTERED);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_catalogue_write(
            datastore->host, write->txn,
            quipu_lmdb_store_schema_key(name, datastore->space, schema->table),
            &entry);
    }
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_write_txn_fail(datastore, write, code,
                                           "alter a schema", error);
}

int quipu_lmdb_schema_alter(quipu_driver_datastore *datastore,
                            const quipu_schema *schema, int64_t deadline,
                            quipu_error *error)
{
    struct write_txn write = { .work = alter,
                               .context = (void *)schema,
                               .names = true };
    quipu_error own = { 0 };
    int status = find(datastore, schema, deadline, &own);
    return status == QUIPU_CONFLICT
               ? quipu_lmdb_write_txn_run(datastore, &write, deadline, error)
               : quipu_common_error_pass(status, &own, error);
}

/* ---------------------------------------------------------------- teardown */

/* LMDB visits every page of a database that it empties. */
static int empty(const struct write_txn *write, const struct database *database)
{
    struct btree_cursor cursor;
    int code = quipu_lmdb_precheck_open(&cursor, &write->before, database);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_precheck_all(&cursor);
    }
    return code == MDB_SUCCESS ? mdb_drop(write->txn, database->dbi, 0) : code;
}

/* Empties the databases and frees the slot.  Returns LMDB's code. */
static int remove_schema(quipu_driver_datastore *datastore,
                         const struct write_txn *write,
                         const quipu_schema *schema,
                         const quipu_driver_schema *found)
{
    char name[STORE_NAME_MAX];
    quipu_driver_schema handles;
    MDB_val key =
        quipu_lmdb_store_schema_key(name, datastore->space, schema->table);
    int code = mdb_del(write->txn, STORE_MAIN_DBI, &key, NULL);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_put_head(write->txn, found->slot, 0, 0);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_store_open_slot(&write->snapshot, found->slot, 0,
                                          &handles);
    }
    if (code == MDB_SUCCESS) {
        code = empty(write, &handles.items);
    }
    if (code == MDB_SUCCESS) {
        code = empty(write, &handles.index);
    }
    return code == MDB_SUCCESS ? empty(write, &handles.events) : code;
}

static int tear_down(quipu_driver_datastore *datastore, struct write_txn *write,
                     quipu_error *error)
{
    const quipu_schema *schema = write->context;
    quipu_driver_schema found;
    int status = quipu_lmdb_catalogue_find(datastore, &write->snapshot, schema,
                                           &found, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = remove_schema(datastore, write, schema, &found);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_write_txn_fail(datastore, write, code,
                                           "tear down a schema", error);
}

int quipu_lmdb_schema_teardown(quipu_driver_datastore *datastore,
                               const quipu_schema *schema, int64_t deadline,
                               quipu_error *error)
{
    struct write_txn write = { .work = tear_down,
                               .context = (void *)schema,
                               .names = true };
    int status = find(datastore, schema, deadline, error);
    return status == QUIPU_OK
               ? quipu_lmdb_write_txn_run(datastore, &write, deadline, error)
               : status;
}

/* -------------------------------------------------------------------- bind */

static int find_and_open(quipu_driver_datastore *datastore,
                         const struct snapshot *snapshot,
                         quipu_driver_schema *bound, quipu_error *error)
{
    int status = quipu_lmdb_catalogue_find(datastore, snapshot, &bound->schema,
                                           bound, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = quipu_lmdb_store_open_slot(snapshot, bound->slot, 0, bound);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                      "open the databases of a schema", error);
}

static int bind_in_txn(quipu_driver_datastore *datastore, int64_t deadline,
                       quipu_driver_schema *bound, quipu_error *error)
{
    struct snapshot snapshot;
    int status = quipu_lmdb_environment_lock_names(datastore->environment,
                                                   deadline, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = quipu_lmdb_read_txn_begin(datastore, deadline, &snapshot, error);
    if (status == QUIPU_OK) {
        status = find_and_open(datastore, &snapshot, bound, error);
        quipu_lmdb_read_txn_end_named(datastore, &snapshot);
    }
    quipu_lmdb_environment_unlock_names(datastore->environment);
    return quipu_lmdb_error_as_busy(status, error);
}

int quipu_lmdb_schema_bind(quipu_driver_datastore *datastore,
                           const quipu_schema *schema, int64_t deadline,
                           quipu_driver_schema **bound, quipu_error *error)
{
    const quipu_host *host = datastore->host;
    quipu_driver_schema *made = host->allocate(sizeof(*made));
    if (!made) {
        return quipu_lmdb_error_no_memory(host, error);
    }
    *made = (quipu_driver_schema){ 0 };
    made->names = quipu_common_schema_copy(host, schema, &made->schema);
    int status = made->names ? bind_in_txn(datastore, deadline, made, error)
                             : quipu_lmdb_error_no_memory(host, error);
    if (status != QUIPU_OK) {
        quipu_lmdb_schema_unbind(datastore, made);
        return status;
    }
    *bound = made;
    return QUIPU_OK;
}

void quipu_lmdb_schema_unbind(quipu_driver_datastore *datastore,
                              quipu_driver_schema *bound)
{
    datastore->host->release(bound->names);
    datastore->host->release(bound);
}
