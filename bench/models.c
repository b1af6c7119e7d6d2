/* SPDX-License-Identifier: Apache-2.0 */
/* The read models of the projections that are measured, in each back end. */
#include "fail.h"
#include "store.h"
#include "variant.h"

#include <stdio.h>

#ifdef BENCH_SQLITE
#include <sqlite3.h>

static sqlite3_stmt *insert; /* on the connection of the last call */

static void finish_sqlite(void)
{
    (void)sqlite3_finalize(insert);
    insert = NULL;
}

static void check_sqlite(sqlite3 *db, bool ok)
{
    if (!ok) {
        bench_fail("read model", sqlite3_errmsg(db));
    }
}

static void create_sqlite(void *native, const struct bench_store *store)
{
    (void)store;
    check_sqlite(native,
                 sqlite3_exec(native,
                              "CREATE TABLE applied (id INTEGER PRIMARY KEY, "
                              "amount INTEGER NOT NULL) STRICT",
                              NULL, NULL, NULL) == SQLITE_OK);
}

static void drop_sqlite(void *native, const struct bench_store *store)
{
    (void)store;
    check_sqlite(native, sqlite3_exec(native, "DROP TABLE applied", NULL, NULL,
                                      NULL) == SQLITE_OK);
}

static void add_sqlite(void *native, const struct bench_store *store,
                       int64_t id, size_t amount)
{
    (void)store;
    if (insert && sqlite3_db_handle(insert) != native) {
        finish_sqlite();
    }
    if (!insert) {
        check_sqlite(native,
                     sqlite3_prepare_v3(
                         native, "INSERT OR REPLACE INTO applied VALUES (?, ?)",
                         -1, SQLITE_PREPARE_PERSISTENT, &insert,
                         NULL) == SQLITE_OK);
    }
    (void)sqlite3_bind_int64(insert, 1, id);
    (void)sqlite3_bind_int64(insert, 2, (sqlite3_int64)amount);
    check_sqlite(native, sqlite3_step(insert) == SQLITE_DONE);
    (void)sqlite3_reset(insert);
}

const struct bench_model bench_model_sqlite = { .create = create_sqlite,
                                                .drop = drop_sqlite,
                                                .add = add_sqlite,
                                                .finish = finish_sqlite };
#endif

static void finish_nothing(void)
{
}

#ifdef BENCH_LMDB
#include <lmdb.h>

static MDB_dbi open_lmdb(MDB_txn *txn, unsigned flags)
{
    MDB_dbi database = 0;
    int code = mdb_dbi_open(txn, "applied", flags | MDB_INTEGERKEY, &database);

    if (code != MDB_SUCCESS) {
        bench_fail("read model", mdb_strerror(code));
    }
    return database;
}

static void create_lmdb(void *native, const struct bench_store *store)
{
    (void)store;
    (void)open_lmdb(native, MDB_CREATE);
}

static void drop_lmdb(void *native, const struct bench_store *store)
{
    (void)store;
    if (mdb_drop(native, open_lmdb(native, 0), 0) != MDB_SUCCESS) {
        bench_fail("read model", "it cannot be emptied");
    }
}

static void add_lmdb(void *native, const struct bench_store *store, int64_t id,
                     size_t amount)
{
    MDB_val key = { sizeof(id), &id };
    MDB_val value = { sizeof(amount), &amount };
    int code = mdb_put(native, open_lmdb(native, 0), &key, &value, 0);

    (void)store;
    if (code != MDB_SUCCESS) {
        bench_fail("read model", mdb_strerror(code));
    }
}

const struct bench_model bench_model_lmdb = { .create = create_lmdb,
                                              .drop = drop_lmdb,
                                              .add = add_lmdb,
                                              .finish = finish_nothing };
#endif

#ifdef BENCH_POSTGRES
#include "server.h"

static void run_postgres(PGconn *pg, const char *sql)
{
    PGresult *result = PQexec(pg, sql);

    bench_server_check(pg, PQresultStatus(result) == PGRES_COMMAND_OK, sql);
    PQclear(result);
}

static void create_postgres(void *native, const struct bench_store *store)
{
    char sql[700];

    (void)snprintf(sql, sizeof(sql),
                   "CREATE TABLE \"%s\".applied (id bigint PRIMARY KEY, amount "
                   "bigint NOT NULL)",
                   store->name);
    run_postgres(native, sql);
}

static void drop_postgres(void *native, const struct bench_store *store)
{
    char sql[700];

    (void)snprintf(sql, sizeof(sql), "DROP TABLE \"%s\".applied", store->name);
    run_postgres(native, sql);
}

static void add_postgres(void *native, const struct bench_store *store,
                         int64_t id, size_t amount)
{
    char sql[700];

    (void)snprintf(sql, sizeof(sql),
                   "INSERT INTO \"%s\".applied VALUES (%lld, %zu) ON CONFLICT "
                   "(id) DO UPDATE SET amount = excluded.amount",
                   store->name, (long long)id, amount);
    run_postgres(native, sql);
}

const struct bench_model bench_model_postgres = { .create = create_postgres,
                                                  .drop = drop_postgres,
                                                  .add = add_postgres,
                                                  .finish = finish_nothing };
#endif
