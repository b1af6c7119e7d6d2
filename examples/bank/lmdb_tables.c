/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of balances in LMDB: a database for each version, from accounts to
 * one or two numbers, and a database with the version that is shown. */
#include "bank.h"

#include <lmdb.h>
#include <stdio.h>
#include <string.h>

static char shown[] = "version";

static int end(int code, quipu_error *error)
{
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_error_set(
                     error, code == MDB_NOTFOUND ? QUIPU_NOT_FOUND : QUIPU_IO,
                     "%s", mdb_strerror(code));
}

static int open_rows(MDB_txn *txn, int version, unsigned flags, MDB_dbi *rows)
{
    return mdb_dbi_open(txn, version == 1 ? "balances-1" : "balances-2", flags,
                        rows);
}

static int create(void *native, void *context, quipu_error *error)
{
    const struct model *model = context;
    MDB_dbi rows;

    return end(open_rows(native, model->version, MDB_CREATE, &rows), error);
}

static int drop(void *native, void *context, quipu_error *error)
{
    const struct model *model = context;
    MDB_dbi rows;
    int code = open_rows(native, model->version, 0, &rows);

    return end(code ? code : mdb_drop(native, rows, 1), error);
}

static int show(void *native, void *context, quipu_error *error)
{
    struct model *model = context;
    MDB_val key = { sizeof(shown), shown };
    MDB_val value = { sizeof(model->version), &model->version };
    MDB_dbi views;
    int code = mdb_dbi_open(native, "balances", MDB_CREATE, &views);

    return end(code ? code : mdb_put(native, views, &key, &value, 0), error);
}

static int add(void *native, int version, const struct balance *change,
               quipu_error *error)
{
    struct balance row = *change;
    MDB_val key = { strlen(row.account), row.account };
    int64_t numbers[2] = { 0, 0 };
    MDB_val value;
    MDB_dbi rows;
    int code = open_rows(native, version, 0, &rows);

    if (code == MDB_SUCCESS) {
        code = mdb_get(native, rows, &key, &value);
    }
    if (code == MDB_SUCCESS) {
        memcpy(numbers, value.mv_data, value.mv_size);
    } else if (code != MDB_NOTFOUND) {
        return end(code, error);
    }
    numbers[0] += row.cents;
    numbers[1] += row.transfers;
    value = (MDB_val){ (size_t)version * sizeof(*numbers), numbers };
    return end(mdb_put(native, rows, &key, &value, 0), error);
}

static int find_shown(MDB_txn *txn, int *version)
{
    MDB_val key = { sizeof(shown), shown };
    MDB_val value;
    MDB_dbi views;
    int code = mdb_dbi_open(txn, "balances", 0, &views);

    if (code == MDB_SUCCESS) {
        code = mdb_get(txn, views, &key, &value);
    }
    if (code == MDB_SUCCESS) {
        memcpy(version, value.mv_data, sizeof(*version));
    }
    return code;
}

static int list(void *native, int version, balances_visit visit, void *context,
                quipu_error *error)
{
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val value;
    MDB_dbi rows;
    int code = version == 0 ? find_shown(native, &version) : MDB_SUCCESS;

    if (code == MDB_SUCCESS) {
        code = open_rows(native, version, 0, &rows);
    }
    if (code == MDB_SUCCESS) {
        code = mdb_cursor_open(native, rows, &cursor);
    }
    if (code != MDB_SUCCESS) {
        return end(code, error);
    }
    while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
        struct balance balance = { .transfers = 0 };
        int64_t numbers[2] = { 0, 0 };

        memcpy(numbers, value.mv_data, value.mv_size);
        (void)snprintf(balance.account, sizeof(balance.account), "%.*s",
                       (int)key.mv_size, (const char *)key.mv_data);
        balance.cents = numbers[0];
        balance.transfers = numbers[1];
        visit(&balance, context);
    }
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? QUIPU_OK : end(code, error);
}

const struct tables lmdb_tables = { create, drop, show, add, list };
