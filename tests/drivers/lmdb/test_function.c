/* SPDX-License-Identifier: Apache-2.0 */
/* A function in a transaction that ends the transaction or opens the store is
 * refused, and calls of other threads keep their deadlines while it runs. */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>

/* Runs the function with an append of one item. */
static int transact(struct place *place, quipu_work work, void *context,
                    quipu_error *error)
{
    static uint32_t events = 1u << 27;
    struct piece piece;
    quipu_result result = { 0 };
    fixture_piece(&piece, 3, -1, events++);
    const quipu_request request = { .schema = place->bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    return fixture_driver()->transact(place->datastore, &request, work, context,
                                      &result, FOREVER, error);
}

/* ------------------------------------------------------------ transactions */

static int commit(void *native, void *context, quipu_error *error)
{
    (void)context;
    (void)error;
    return mdb_txn_commit(native) == MDB_SUCCESS ? QUIPU_OK : QUIPU_IO;
}

static int roll_back(void *native, void *context, quipu_error *error)
{
    (void)context;
    (void)error;
    mdb_txn_abort(native);
    return QUIPU_OK;
}

static int commit_and_fail(void *native, void *context, quipu_error *error)
{
    (void)commit(native, context, error);
    return 77;
}

static int put_empty_key(void *native, void *context, quipu_error *error)
{
    MDB_dbi mine = 0;
    MDB_val none = { 0, NULL };
    MDB_val key = { 3, (void *)"key" };
    (void)context;
    (void)error;
    if (mdb_dbi_open(native, "mine", MDB_CREATE, &mine) != MDB_SUCCESS ||
        mdb_put(native, mine, &key, &key, 0) != MDB_SUCCESS ||
        mdb_put(native, mine, &none, &none, 0) == MDB_SUCCESS) {
        return QUIPU_IO;
    }
    return QUIPU_OK;
}

static void function_that_ends_its_transaction_stores_nothing(void **state)
{
    (void)state;
    struct place place = fixture_place(fixture_file(), NULL);
    quipu_error error = { 0 };
    fixture_append(place.datastore, place.bound, 1);
    assert_refused(transact(&place, commit, NULL, &error), QUIPU_INVALID,
                   &error, "mdb_txn_commit or mdb_txn_abort");
    assert_contains(error.message, "nothing is stored");
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    assert_refused(transact(&place, roll_back, NULL, &error), QUIPU_INVALID,
                   &error, "mdb_txn_commit or mdb_txn_abort");
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    assert_int_equal(transact(&place, commit_and_fail, NULL, &error), 77);
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    assert_ok(transact(&place, fixture_work, NULL, &error), &error);
    assert_ok(transact(&place, put_empty_key, NULL, &error), &error);
    assert_int_equal(fixture_count(place.datastore, place.bound), 3);
    fixture_leave(&place);
}

static int put(MDB_txn *txn, const char *text)
{
    MDB_dbi mine = 0;
    MDB_val key = { strlen(text), (void *)text };
    return mdb_dbi_open(txn, "mine", MDB_CREATE, &mine) == MDB_SUCCESS &&
                   mdb_put(txn, mine, &key, &key, 0) == MDB_SUCCESS
               ? QUIPU_OK
               : QUIPU_IO;
}

/* One nested transaction is aborted, one committed, and one left open. */
static int nest(void *native, void *context, quipu_error *error)
{
    static const char *const texts[] = { "aborted", "committed", "open" };
    int status = QUIPU_OK;
    (void)context;
    (void)error;
    for (int i = 0; i < 3 && status == QUIPU_OK; i++) {
        MDB_txn *nested = NULL;
        if (mdb_txn_begin(mdb_txn_env(native), native, 0, &nested) !=
            MDB_SUCCESS) {
            return QUIPU_IO;
        }
        status = put(nested, texts[i]);
        if (i == 0) {
            mdb_txn_abort(nested);
        } else if (i == 1 && mdb_txn_commit(nested) != MDB_SUCCESS) {
            status = QUIPU_IO;
        }
    }
    return status;
}

static int look(void *native, void *context, quipu_error *error)
{
    static const char *const texts[] = { "aborted", "committed", "open" };
    bool *found = context;
    MDB_dbi mine = 0;
    (void)error;
    if (mdb_dbi_open(native, "mine", 0, &mine) != MDB_SUCCESS) {
        return QUIPU_IO;
    }
    for (int i = 0; i < 3; i++) {
        MDB_val key = { strlen(texts[i]), (void *)texts[i] };
        MDB_val value;
        found[i] = mdb_get(native, mine, &key, &value) == MDB_SUCCESS;
    }
    return QUIPU_OK;
}

static void function_may_nest_transactions(void **state)
{
    (void)state;
    bool found[3] = { true, false, false };
    struct place place = fixture_place(fixture_file(), NULL);
    quipu_error error = { 0 };
    assert_ok(transact(&place, nest, NULL, &error), &error);
    assert_ok(transact(&place, look, found, &error), &error);
    assert_int_equal(fixture_count(place.datastore, place.bound), 2);
    assert_false(found[0]);
    assert_true(found[1]);
    assert_true(found[2]);
    fixture_leave(&place);
}

/* ----------------------------------------------------------- calls inside */

struct inside {
    char folder[64];
    struct place *place;
    int opened; /* statuses */
    int bound;
    int read;
    char message[1024];
};

static int call_from_inside(void *native, void *context, quipu_error *error)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_schema schema = fixture_schema("events", 0);
    struct inside *inside = context;
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *bound = NULL;
    quipu_error own = { 0 };
    quipu_position head;
    (void)native;
    (void)error;
    inside->opened = fixture_try_open(inside->folder, NULL, &datastore, &own);
    (void)snprintf(inside->message, sizeof(inside->message), "%s", own.message);
    inside->bound =
        driver->bind(inside->place->datastore, &schema, FOREVER, &bound, &own);
    inside->read = driver->log_head(inside->place->datastore,
                                    inside->place->bound, FOREVER, &head, &own);
    return QUIPU_OK;
}

static void opening_from_inside_is_refused(void **state)
{
    (void)state;
    struct inside inside = { .opened = -1 };
    quipu_error error = { 0 };
    (void)snprintf(inside.folder, sizeof(inside.folder), "%s", fixture_file());
    struct place place = fixture_place(inside.folder, NULL);
    inside.place = &place;
    assert_ok(transact(&place, call_from_inside, &inside, &error), &error);
    assert_int_equal(inside.opened, QUIPU_DENIED);
    assert_contains(inside.message, "from the function inside");
    assert_int_equal(inside.bound, QUIPU_DENIED);
    assert_int_equal(inside.read, QUIPU_OK);
    fixture_leave(&place);
}

/* -------------------------------------------------- calls of other threads */

struct long_function {
    struct place *place;
    atomic_bool begun;
    atomic_bool over; /* it is to return */
};

static int run_long(void *native, void *context, quipu_error *error)
{
    struct long_function *function = context;
    (void)native;
    (void)error;
    atomic_store(&function->begun, true);
    while (!atomic_load(&function->over)) {
        (void)usleep(1000);
    }
    return QUIPU_OK;
}

static void *transact_long(void *context)
{
    struct long_function *function = context;
    quipu_error error = { 0 };
    return transact(function->place, run_long, function, &error) == QUIPU_OK
               ? function
               : NULL;
}

static void try_beside(const char *folder, struct place *place)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_schema schema = fixture_schema("events", 0);
    const int64_t begin = fixture_now();
    const struct opening usual = { .deadline = begin + SECOND / 10 };
    const struct opening readonly = { .flags = QUIPU_OPEN_READONLY,
                                      .deadline = begin + SECOND / 10 };
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *bound = NULL;
    quipu_error error = { 0 };
    size_t count = 0;
    assert_refused(fixture_try_open(folder, &usual, &datastore, &error),
                   QUIPU_BUSY, &error, "a function in a transaction");
    assert_refused(fixture_try_open(folder, &readonly, &datastore, &error),
                   QUIPU_BUSY, &error, "raise timeout");
    assert_refused(driver->bind(place->datastore, &schema,
                                fixture_now() + SECOND / 10, &bound, &error),
                   QUIPU_BUSY, &error, "a function in a transaction");
    assert_true(fixture_now() - begin < FIXTURE_PATIENCE);
    assert_ok(fixture_scan(place, &count, &error), &error);
    assert_int_equal(count, 1);
}

static void calls_beside_a_function_keep_their_deadlines(void **state)
{
    (void)state;
    char folder[64];
    pthread_t thread;
    void *done = NULL;
    (void)snprintf(folder, sizeof(folder), "%s", fixture_file());
    struct place place = fixture_place(folder, NULL);
    struct long_function function = { .place = &place };
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(pthread_create(&thread, NULL, transact_long, &function),
                     0);
    while (!atomic_load(&function.begun)) {
        (void)usleep(1000);
    }
    try_beside(folder, &place);
    atomic_store(&function.over, true);
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_non_null(done);
    struct place other = fixture_place(folder, NULL);
    assert_int_equal(fixture_count(other.datastore, other.bound), 2);
    fixture_leave(&other);
    fixture_leave(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(function_that_ends_its_transaction_stores_nothing),
        cmocka_unit_test(function_may_nest_transactions),
        cmocka_unit_test(opening_from_inside_is_refused),
        cmocka_unit_test(calls_beside_a_function_keep_their_deadlines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
