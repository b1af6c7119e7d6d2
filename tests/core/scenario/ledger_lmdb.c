/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger_fixture.h"

#include <lmdb.h>

static int result_of(int code)
{
    return code == MDB_SUCCESS ? QUIPU_OK : QUIPU_INTERNAL;
}

static MDB_val key(void)
{
    static char name[] = "cents";

    return (MDB_val){ sizeof(name), name };
}

static int put(void *native, unsigned flags, int64_t cents)
{
    MDB_val value = { sizeof(cents), &cents };
    MDB_val name = key();
    MDB_dbi database;
    int code = mdb_dbi_open(native, "ledger", flags, &database);

    return result_of(code == MDB_SUCCESS
                         ? mdb_put(native, database, &name, &value, 0)
                         : code);
}

static int create(void *native)
{
    return put(native, MDB_CREATE, 0);
}

static int set(void *native, int64_t cents)
{
    return put(native, 0, cents);
}

static int drop(void *native)
{
    MDB_dbi database;
    int code = mdb_dbi_open(native, "ledger", 0, &database);

    return result_of(code == MDB_SUCCESS ? mdb_drop(native, database, 1)
                                         : code);
}

static int64_t sum(void *native)
{
    MDB_val name = key();
    int64_t cents = -1;
    MDB_dbi database;
    MDB_val value;

    if (mdb_dbi_open(native, "ledger", 0, &database) == MDB_SUCCESS &&
        mdb_get(native, database, &name, &value) == MDB_SUCCESS) {
        memcpy(&cents, value.mv_data, sizeof(cents));
    }
    return cents;
}

const struct ledger ledger_lmdb = {
    .create = create, .drop = drop, .set = set, .sum = sum
};
