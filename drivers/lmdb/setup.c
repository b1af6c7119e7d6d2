/* SPDX-License-Identifier: Apache-2.0 */
/* Making and removing a schema's databases. */
#include "store.h"
#include "survey.h"

#include <string.h>
#include <strings.h>

static int fail(const quipu_driver_datastore *datastore, int code,
                const char *what, bool *full, quipu_error *error)
{
    *full = code == MDB_MAP_FULL;
    return quipu_lmdb_fail(datastore->host, datastore->name, code, what, error);
}

/* ------------------------------------------------------------------ set up */

/* Whether the namespace has a schema whose name differs in case only. */
static int check_case(quipu_driver_datastore *datastore, MDB_txn *txn,
                      const quipu_schema *schema, quipu_error *error)
{
    char name[STORE_NAME_MAX];
    MDB_cursor *cursor = NULL;
    MDB_val value;
    int status = QUIPU_OK;
    MDB_val key = quipu_lmdb_key_schema(name, datastore->space, NULL);
    size_t prefix = key.mv_size;
    size_t size = prefix + strlen(schema->table);
    int code = mdb_cursor_open(txn, MAIN_DBI, &cursor);
    if (code == MDB_SUCCESS) {
        code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    }
    while (code == MDB_SUCCESS && status == QUIPU_OK && key.mv_size > prefix &&
           memcmp(key.mv_data, name, prefix) == 0) {
        const char *other = (const char *)key.mv_data + prefix;
        if (key.mv_size == size &&
            strncasecmp(other, schema->table, size - prefix) == 0) {
            status = datastore->host->error_set(
                error, QUIPU_INVALID, 0, NULL,
                "schema \"%s\" differs from \"%.*s\" in case only; name it "
                "otherwise",
                schema->table, (int)(size - prefix), other);
        }
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return status;
}

/* The first slot that no schema has. */
static int find_slot(MDB_txn *txn, uint32_t *slot)
{
    char name[STORE_NAME_MAX];
    const struct view view = { .txn = txn };
    struct head_record head = { .schema = 1 };
    int code = MDB_SUCCESS;
    for (*slot = 0; code == MDB_SUCCESS && head.schema != 0;) {
        ++*slot;
        code = quipu_lmdb_store_get(&view, quipu_lmdb_key_head(name, *slot),
                                    &head, sizeof(head));
    }
    return code == MDB_NOTFOUND ? MDB_SUCCESS : code;
}

/* Enters the schema in the catalogue; an LMDB code. */
static int enter(quipu_driver_datastore *datastore, MDB_txn *txn,
                 const quipu_schema *schema)
{
    char name[STORE_NAME_MAX];
    const struct view view = { .txn = txn };
    struct store_record store;
    quipu_driver_schema handles;
    struct stored_schema stored = { .schema = *schema };
    int code = quipu_lmdb_store_get(&view, store_key(), &store, sizeof(store));
    if (code == MDB_SUCCESS) {
        stored.number = store.next_schema++;
        code = quipu_lmdb_store_put(txn, store_key(), &store, sizeof(store));
    }
    if (code == MDB_SUCCESS) {
        code = find_slot(txn, &stored.slot);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_slot_open(&view, stored.slot, MDB_CREATE, &handles);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_head_put(txn, stored.slot, stored.number, 0);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_schema_write(
            datastore->host, txn,
            quipu_lmdb_key_schema(name, datastore->space, schema->table),
            &stored);
    }
    return code;
}

static int make(quipu_driver_datastore *datastore, MDB_txn *txn, void *context,
                bool *full, quipu_error *error)
{
    const quipu_schema *schema = context;
    const struct view view = { .txn = txn };
    quipu_driver_schema found;
    quipu_error own = { 0 };
    int status =
        quipu_lmdb_catalogue_find(datastore, &view, schema, &found, &own);
    if (status != QUIPU_NOT_FOUND) {
        return quipu_common_error_pass(status, &own, error);
    }
    status = check_case(datastore, txn, schema, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = enter(datastore, txn, schema);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : fail(datastore, code, "set a schema up", full, error);
}

static int look(quipu_driver_datastore *datastore, const struct view *view,
                void *context, quipu_error *error)
{
    quipu_driver_schema found;
    return quipu_lmdb_catalogue_find(datastore, view, context, &found, error);
}

static int find(quipu_driver_datastore *datastore, const quipu_schema *schema,
                int64_t deadline, quipu_error *error)
{
    int status = quipu_lmdb_reading_run(datastore, deadline, look,
                                        (void *)schema, error);
    return quipu_lmdb_as_busy(status, error);
}

int quipu_lmdb_setup(quipu_driver_datastore *datastore,
                     const quipu_schema *schema, int64_t deadline,
                     quipu_error *error)
{
    struct writing writing = { .change = make,
                               .context = (void *)schema,
                               .names = true };
    quipu_error own = { 0 };
    int status = find(datastore, schema, deadline, &own);
    if (status != QUIPU_NOT_FOUND) {
        return quipu_common_error_pass(status, &own, error);
    }
    return quipu_lmdb_writing_run(datastore, &writing, deadline, error);
}

/* --------------------------------------------------------------- tear down */

/* LMDB goes through all of it. */
static int empty(const struct view *before, MDB_txn *txn,
                 const struct database *database)
{
    struct walk walk;
    int code = quipu_lmdb_survey_open(&walk, before, database);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_survey_all(&walk);
    }
    return code == MDB_SUCCESS ? mdb_drop(txn, database->dbi, 0) : code;
}

/* Empties the databases and frees the slot; an LMDB code. */
static int remove_schema(quipu_driver_datastore *datastore, MDB_txn *txn,
                         const quipu_schema *schema,
                         const quipu_driver_schema *found)
{
    char name[STORE_NAME_MAX];
    const struct view view = { .txn = txn };
    struct view before;
    quipu_driver_schema handles;
    MDB_val key = quipu_lmdb_key_schema(name, datastore->space, schema->table);
    int code = quipu_lmdb_survey_begin(datastore->environment, txn, &before);
    if (code == MDB_SUCCESS) {
        code = mdb_del(txn, MAIN_DBI, &key, NULL);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_head_put(txn, found->slot, 0, 0);
    }
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_slot_open(&view, found->slot, 0, &handles);
    }
    if (code == MDB_SUCCESS) {
        code = empty(&before, txn, &handles.items);
    }
    if (code == MDB_SUCCESS) {
        code = empty(&before, txn, &handles.index);
    }
    return code == MDB_SUCCESS ? empty(&before, txn, &handles.events) : code;
}

static int unmake(quipu_driver_datastore *datastore, MDB_txn *txn,
                  void *context, bool *full, quipu_error *error)
{
    const quipu_schema *schema = context;
    const struct view view = { .txn = txn };
    quipu_driver_schema found;
    int status =
        quipu_lmdb_catalogue_find(datastore, &view, schema, &found, error);
    if (status != QUIPU_OK) {
        return status;
    }
    int code = remove_schema(datastore, txn, schema, &found);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : fail(datastore, code, "tear a schema down", full, error);
}

int quipu_lmdb_teardown(quipu_driver_datastore *datastore,
                        const quipu_schema *schema, int64_t deadline,
                        quipu_error *error)
{
    struct writing writing = { .change = unmake,
                               .context = (void *)schema,
                               .names = true };
    int status = find(datastore, schema, deadline, error);
    return status == QUIPU_OK
               ? quipu_lmdb_writing_run(datastore, &writing, deadline, error)
               : status;
}
