/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of a projection whose read model is a database of the LMDB
 * environment with the events; another database names the version that readers
 * look at, in the same read transaction (P6). */
#include "versions_fixture.h"

#include <inttypes.h>
#include <lmdb.h>

static const char store[] = "store";
static char shown_key[] = "version";

static int report(int code, quipu_error *error)
{
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_IO, "%s", mdb_strerror(code));
}

/* Opens the database of a version. */
static int open_rows(MDB_txn *txn, uint32_t number, unsigned flags,
                     MDB_dbi *database)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "credits-%" PRIu32, number);
    return mdb_dbi_open(txn, name, flags, database);
}

static int create(void *native, void *context, quipu_error *error)
{
    const struct version *version = context;
    MDB_dbi database = 0;

    return report(open_rows(native, version->number, MDB_CREATE, &database),
                  error);
}

static int drop(void *native, void *context, quipu_error *error)
{
    const struct version *version = context;
    MDB_dbi database = 0;
    int code = open_rows(native, version->number, 0, &database);

    return report(code == MDB_SUCCESS ? mdb_drop(native, database, 1) : code,
                  error);
}

static int show(void *native, void *context, quipu_error *error)
{
    struct version *version = context;
    MDB_val key = { sizeof(shown_key), shown_key };
    MDB_val value = { sizeof(version->number), &version->number };
    MDB_dbi database = 0;
    int code = mdb_dbi_open(native, "credits", MDB_CREATE, &database);

    if (code == MDB_SUCCESS) {
        code = mdb_put(native, database, &key, &value, 0);
    }
    return report(code, error);
}

/* An event that is applied twice is refused. */
static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *error)
{
    struct version *version = context;
    int64_t id = item->notification_id;
    MDB_val key = { sizeof(id), &id };
    MDB_val value = { sizeof(version->number), &version->number };
    MDB_dbi database = 0;
    int code = open_rows(native, version->number, 0, &database);
    (void)event;

    if (code == MDB_SUCCESS) {
        code = mdb_put(native, database, &key, &value, MDB_NOOVERWRITE);
    }
    return code == MDB_SUCCESS ? version_check_event(version, item, error)
                               : report(code, error);
}

/* ---------------------------------------------------------------- reading */

static void count_rows(MDB_txn *txn, MDB_dbi database,
                       struct version_rows *rows)
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;

    *rows =
        (struct version_rows){ .exists = true, .first_version = UINT32_MAX };
    assert_int_equal(mdb_cursor_open(txn, database, &cursor), 0);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
        uint32_t version = 0;
        int64_t id = 0;

        memcpy(&id, key.mv_data, sizeof(id)); /* LMDB does not align it */
        memcpy(&version, value.mv_data, sizeof(version));
        rows->count++;
        rows->last = id > rows->last ? id : rows->last;
        rows->first_version =
            version < rows->first_version ? version : rows->first_version;
        rows->last_version =
            version > rows->last_version ? version : rows->last_version;
    }
    mdb_cursor_close(cursor);
}

/* The version that is shown, in the transaction; 0: none. */
static uint32_t find_shown(MDB_txn *txn)
{
    MDB_val key = { sizeof(shown_key), shown_key };
    MDB_val value;
    MDB_dbi database = 0;
    uint32_t number = 0;

    if (mdb_dbi_open(txn, "credits", 0, &database) == MDB_SUCCESS &&
        mdb_get(txn, database, &key, &value) == MDB_SUCCESS) {
        memcpy(&number, value.mv_data, sizeof(number));
    }
    return number;
}

/* `number` 0: the version that is shown. */
static void read_version(const char *name, uint32_t number,
                         struct version_rows *rows)
{
    MDB_env *environment;
    MDB_txn *txn;
    MDB_dbi database = 0;
    (void)name;

    *rows = (struct version_rows){ .exists = false };
    assert_int_equal(mdb_env_create(&environment), 0);
    assert_int_equal(mdb_env_set_maxdbs(environment, 64), 0);
    assert_int_equal(mdb_env_open(environment, store, MDB_RDONLY, 0), 0);
    assert_int_equal(mdb_txn_begin(environment, NULL, MDB_RDONLY, &txn), 0);
    if (number == 0) {
        number = find_shown(txn);
    }
    if (number > 0 && open_rows(txn, number, 0, &database) == MDB_SUCCESS) {
        count_rows(txn, database, rows);
    }
    mdb_txn_abort(txn);
    mdb_env_close(environment);
}

static void read_shown(const char *name, struct version_rows *rows)
{
    read_version(name, 0, rows);
}

static void prepare(int round, char name[96])
{
    (void)round;
    (void)remove("store/data.mdb");
    (void)remove("store/lock.mdb");
    (void)snprintf(name, 96, "%s?durability=relaxed", store);
}

const struct versions_backend versions_lmdb = {
    .driver = "lmdb",
    .apply = apply,
    .create = create,
    .drop = drop,
    .show = show,
    .prepare = prepare,
    .read = read_version,
    .read_shown = read_shown,
};
