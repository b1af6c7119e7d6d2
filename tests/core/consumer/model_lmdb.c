/* SPDX-License-Identifier: Apache-2.0 */
/* The read model in a database of the LMDB environment with the events. */
#include "model_fixture.h"

#include <lmdb.h>

/* A row: its place is the key. */
struct row {
    int64_t id;
    int64_t cents;
};

static int result_of(int code)
{
    if (code != MDB_SUCCESS) {
        print_error("%s\n", mdb_strerror(code));
    }
    return code == MDB_SUCCESS ? QUIPU_OK : QUIPU_INTERNAL;
}

static int create(void *native)
{
    MDB_dbi database;

    return result_of(mdb_dbi_open(native, "applied",
                                  MDB_CREATE | MDB_INTEGERKEY, &database));
}

static int drop(void *native)
{
    MDB_dbi database;
    int code = mdb_dbi_open(native, "applied", 0, &database);

    return result_of(code == MDB_SUCCESS ? mdb_drop(native, database, 1)
                                         : code);
}

static int add(void *native, int64_t id, int64_t cents)
{
    struct row row = { id, cents };
    MDB_val value = { sizeof(row), &row };
    MDB_cursor *cursor;
    MDB_val last;
    MDB_val ignored;
    MDB_dbi database;
    size_t place = 1;
    int code = mdb_dbi_open(native, "applied", 0, &database);

    if (code == MDB_SUCCESS) {
        code = mdb_cursor_open(native, database, &cursor);
    }
    if (code != MDB_SUCCESS) {
        return result_of(code);
    }
    if (mdb_cursor_get(cursor, &last, &ignored, MDB_LAST) == MDB_SUCCESS) {
        memcpy(&place, last.mv_data, sizeof(place));
        place++;
    }
    last = (MDB_val){ sizeof(place), &place };
    code = mdb_cursor_put(cursor, &last, &value, MDB_APPEND);
    mdb_cursor_close(cursor);
    return result_of(code);
}

static void prepare(const char *label, const char *options, char name[96])
{
    static const char *const files[] = { "data.mdb", "lock.mdb" };

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        (void)snprintf(name, 96, "%s/%s", label, files[i]);
        (void)remove(name);
    }
    (void)snprintf(name, 96, "%s%s%s", label, *options ? "?" : "", options);
}

static void read_table(MDB_txn *txn, model_visit visit, void *context)
{
    MDB_cursor *cursor;
    MDB_val key;
    MDB_val value;
    MDB_dbi database;
    struct row row;
    int code = mdb_dbi_open(txn, "applied", 0, &database);

    if (code == MDB_NOTFOUND) {
        return;
    }
    assert_int_equal(code, MDB_SUCCESS);
    assert_int_equal(mdb_cursor_open(txn, database, &cursor), MDB_SUCCESS);
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == MDB_SUCCESS) {
        assert_int_equal(value.mv_size, sizeof(row));
        memcpy(&row, value.mv_data, sizeof(row));
        visit(context, row.id, row.cents);
    }
    mdb_cursor_close(cursor);
}

static void read_rows(const char *name, model_visit visit, void *context)
{
    MDB_env *environment;
    MDB_txn *txn;
    char folder[96];

    (void)snprintf(folder, sizeof(folder), "%.*s", (int)strcspn(name, "?"),
                   name);
    assert_int_equal(mdb_env_create(&environment), MDB_SUCCESS);
    assert_int_equal(mdb_env_set_maxdbs(environment, 64), MDB_SUCCESS);
    assert_int_equal(mdb_env_open(environment, folder, MDB_RDONLY, 0),
                     MDB_SUCCESS);
    assert_int_equal(mdb_txn_begin(environment, NULL, MDB_RDONLY, &txn),
                     MDB_SUCCESS);
    read_table(txn, visit, context);
    mdb_txn_abort(txn);
    mdb_env_close(environment);
}

const struct model model_lmdb = {
    .driver = "lmdb",
    .create = create,
    .drop = drop,
    .add = add,
    .prepare = prepare,
    .read = read_rows,
};
