/* SPDX-License-Identifier: Apache-2.0 */
/* Kills the process of a projection whose read model is a database of the LMDB
 * environment with the events, before each call of the driver, and compares
 * read model and record after each (P1). */
#include "kills_fixture.h"

#include <lmdb.h>

/* ------------------------------------------------------------- projection */

static int create(void *native, void *context, quipu_error *error)
{
    MDB_dbi database = 0;
    (void)context;

    return mdb_dbi_open(native, "applied", MDB_CREATE, &database) == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_error_set(error, QUIPU_IO, "cannot create the model");
}

/* An event that is applied twice is refused. */
static int apply(void *native, void *context, const quipu_event *event,
                 const quipu_item *item, quipu_error *error)
{
    int64_t cents = ((const struct credited *)(const void *)event)->cents;
    int64_t id = item->notification_id;
    MDB_val key = { sizeof(id), &id };
    MDB_val value = { sizeof(cents), &cents };
    MDB_dbi database = 0;
    (void)context;

    int code = mdb_dbi_open(native, "applied", 0, &database);

    if (code == MDB_SUCCESS) {
        code = mdb_put(native, database, &key, &value, MDB_NOOVERWRITE);
    }
    return code == MDB_SUCCESS ? QUIPU_OK
                               : quipu_error_set(error, QUIPU_INVALID, "%s",
                                                 mdb_strerror(code));
}

static const quipu_projection_handler handlers[] = {
    { .event = &credited, .apply = apply },
    { 0 },
};
static const quipu_projection_type balances_type = {
    .name = "balances",
    .version = 1,
    .handlers = handlers,
    .create = create,
};

/* ------------------------------------------------------------- read model */

/* Returns the tracking record, up to which the read model must have each event
 * once, and no other. */
static int64_t check_model(const char *name)
{
    struct opened_log log;
    MDB_env *environment;
    MDB_txn *txn;
    MDB_stat info = { .ms_entries = 0 };
    MDB_dbi database = 0;

    open_log(&log, name);
    int64_t record = tracked(log.datastore, "balances@1");

    close_log(&log);
    assert_int_equal(mdb_env_create(&environment), 0);
    assert_int_equal(mdb_env_set_maxdbs(environment, 64), 0);
    assert_int_equal(mdb_env_open(environment, name, MDB_RDONLY, 0), 0);
    assert_int_equal(mdb_txn_begin(environment, NULL, MDB_RDONLY, &txn), 0);
    if (mdb_dbi_open(txn, "applied", 0, &database) == MDB_SUCCESS) {
        assert_int_equal(mdb_stat(txn, database, &info), 0);
    }
    assert_int_equal(info.ms_entries, record);
    for (int64_t id = 1; id <= record; id++) {
        MDB_val key = { sizeof(id), &id };
        MDB_val value;

        assert_int_equal(mdb_get(txn, database, &key, &value), 0);
        assert_int_equal(value.mv_size, sizeof(id));
        assert_int_equal(*(const int64_t *)value.mv_data, id - 1);
    }
    mdb_txn_abort(txn);
    mdb_env_close(environment);
    return record;
}

static void prepare(int round, char name[64])
{
    (void)round;
    (void)remove("store/data.mdb");
    (void)remove("store/lock.mdb");
    (void)snprintf(name, 64, "store");
}

static void read_model_is_what_the_record_says(void **state)
{
    const struct killed_projection killed = {
        .type = &balances_type,
        .options = { .struct_size = sizeof(killed.options), .batch_items = 7 },
        .prepare = prepare,
        .check = check_model,
    };
    (void)state;

    kill_at_each_call(&killed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_model_is_what_the_record_says),
    };

    return cmocka_run_group_tests(tests, add_interposed_lmdb, NULL);
}
