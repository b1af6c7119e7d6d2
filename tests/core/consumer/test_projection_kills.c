/* SPDX-License-Identifier: Apache-2.0 */
/* Kills a projection whose read model is in SQLite, and that parks an event, at
 * each call of the driver (P1, P5). */
#include "balances_fixture.h"
#include "kills_fixture.h"

static const char file[] = "killed.db";

static void prepare(int round, char name[64])
{
    (void)round;
    (void)remove(file);
    (void)remove("killed.db-wal");
    (void)remove("killed.db-shm");
    (void)snprintf(name, 64, "%s", file);
}

static int64_t check(const char *name)
{
    const int64_t parked[] = { 13, 0 };
    quipu_datastore *datastore;
    quipu_entry *entry = NULL;
    quipu_error error;
    (void)name;

    assert_ok(
        quipu_datastore_open("sqlite:///killed.db", NULL, &datastore, &error),
        &error);
    int64_t record = tracked(datastore, "balances@1");
    bool exists = quipu_entry_read(datastore, "quipu/projection/balances@1",
                                   &entry, &error) == QUIPU_OK;

    quipu_entry_destroy(entry);
    assert_ok(quipu_datastore_close(datastore, &error), &error);
    if (exists) {
        assert_read_model(file, record, parked);
    } else {
        assert_int_equal(record, 0);
    }
    return record;
}

static void read_model_is_what_the_record_says(void **state)
{
    struct balances balances = { .refused = 13,
                                 .refusal = QUIPU_NOT_FOUND,
                                 .refusals = -1 };
    const struct killed_projection killed = {
        .type = &balances_type,
        .options = { .struct_size = sizeof(killed.options),
                     .batch_items = 7,
                     .attempts = 1,
                     .on_failure = QUIPU_FAILURE_PARK,
                     .context = &balances },
        .prepare = prepare,
        .check = check,
    };
    (void)state;

    kill_at_each_call(&killed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_model_is_what_the_record_says),
    };

    return cmocka_run_group_tests(tests, add_interposed_sqlite, NULL);
}
