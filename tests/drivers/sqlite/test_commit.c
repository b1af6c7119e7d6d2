/* SPDX-License-Identifier: Apache-2.0 */
/* Faults during and around a commit (V5). */
#include "fixture.h"

#include "shim.h"

struct place {
    const char *file;
    quipu_schema schema;
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
};

static void open_place(struct place *place)
{
    place->datastore = fixture_open(place->file);
    place->bound = fixture_bind(place->datastore, &place->schema);
}

static void close_place(struct place *place)
{
    fixture_driver()->unbind(place->datastore, place->bound);
    fixture_close(place->datastore);
}

static void begin(struct place *place)
{
    static char name[32];
    (void)snprintf(name, sizeof(name), "%s", fixture_file());
    place->file = name;
    place->schema = fixture_schema("stored_events", 0);
    open_place(place);
    fixture_append(place->datastore, place->bound, 1);
}

static int append_piece(struct place *place, struct piece *piece,
                        quipu_result *result, quipu_error *error)
{
    const quipu_request request = { .schema = place->bound,
                                    .items = &piece->item,
                                    .item_count = 1 };
    return fixture_append_all(place->datastore, &request, 1, result, error);
}

static void assert_poisoned(struct place *place)
{
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    assert_refused(
        fixture_try_append(place->datastore, place->bound, 1, &result, &error),
        QUIPU_IO, &error, "close all handles");
}

static void failed_sync_leaves_the_outcome_unknown(void **state)
{
    (void)state;
    struct place place;
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    begin(&place);
    fixture_piece(&piece, 1, 1, 77);
    shim_fail(SHIM_SYNC, SHIM_WAL, 1, 1, SQLITE_IOERR_FSYNC);
    assert_refused(append_piece(&place, &piece, &result, &error),
                   QUIPU_UNKNOWN_OUTCOME, &error, "stored or not");
    assert_true(shim_has_failed());
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    assert_poisoned(&place);
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    close_place(&place);
    open_place(&place);
    assert_ok(append_piece(&place, &piece, &result, &error), &error);
    assert_int_equal(result.status, QUIPU_OK);
    assert_int_equal(result.first_notification_id, 2);
    assert_int_equal(fixture_count(place.datastore, place.bound), 2);
    close_place(&place);
}

static void failed_sync_stops_all_handles_of_the_process(void **state)
{
    (void)state;
    struct place place;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    begin(&place);
    struct place other = place;
    open_place(&other);
    shim_fail(SHIM_SYNC, SHIM_WAL, 1, 1, SQLITE_IOERR_FSYNC);
    assert_status(
        fixture_try_append(place.datastore, place.bound, 1, &result, &error),
        QUIPU_UNKNOWN_OUTCOME);
    assert_poisoned(&other);
    close_place(&place);
    assert_poisoned(&other);
    /* A handle that is opened while another one exists is stopped too. */
    struct place third = other;
    third.datastore = fixture_open(other.file);
    assert_ok(fixture_driver()->bind(third.datastore, &third.schema, FOREVER,
                                     &third.bound, &error),
              &error);
    assert_poisoned(&third);
    close_place(&other);
    assert_poisoned(&third);
    /* The last handle runs no checkpoint when it is closed. */
    int writes = shim_count(SHIM_WRITE, SHIM_DATABASE);
    close_place(&third);
    assert_int_equal(shim_count(SHIM_WRITE, SHIM_DATABASE), writes);
    open_place(&place);
    fixture_append(place.datastore, place.bound, 1);
    close_place(&place);
}

static void failed_write_of_a_commit_leaves_the_outcome_unknown(void **state)
{
    (void)state;
    struct place place;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    begin(&place);
    shim_fail(SHIM_WRITE, SHIM_WAL, 1, 1, SQLITE_IOERR_WRITE);
    assert_refused(
        fixture_try_append(place.datastore, place.bound, 1, &result, &error),
        QUIPU_UNKNOWN_OUTCOME, &error, "close all handles");
    assert_poisoned(&place);
    close_place(&place);
    open_place(&place);
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(fixture_count(place.datastore, place.bound), 2);
    close_place(&place);
}

static void append_works_again_after_a_full_disk(void **state)
{
    (void)state;
    struct place place;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    begin(&place);
    for (int n = 1; n <= 40; n++) {
        shim_fail(SHIM_WRITE, SHIM_WAL, n, 1000, SQLITE_FULL);
        int status = fixture_try_append(place.datastore, place.bound, 1,
                                        &result, &error);
        shim_heal();
        if (!shim_has_failed()) {
            assert_ok(status, &error);
            break;
        }
        assert_refused(status, QUIPU_UNKNOWN_OUTCOME, &error, "make room");
        assert_true(n < 40);
    }
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(fixture_count(place.datastore, place.bound), 3);
    close_place(&place);
}

/* Exceeds the page cache, so that SQLite writes before the commit. */
static void full_disk_before_the_commit_stores_nothing(void **state)
{
    (void)state;
    struct place place;
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    const size_t size = 32u << 20;
    char *big = calloc(1, size);
    assert_non_null(big);
    begin(&place);
    fixture_piece(&piece, 1, 1, 78);
    piece.item.state = (quipu_bytes){ big, size };
    shim_fail(SHIM_WRITE, SHIM_WAL, 100, 100000, SQLITE_FULL);
    assert_refused(append_piece(&place, &piece, &result, &error), QUIPU_IO,
                   &error, "disk is full");
    shim_heal();
    fixture_append(place.datastore, place.bound, 1);
    assert_ok(append_piece(&place, &piece, &result, &error), &error);
    assert_int_equal(result.status, QUIPU_CONFLICT);
    assert_int_equal(result.last_position, 1);
    close_place(&place);
    free(big);
}

static void failed_sync_of_a_checkpoint_stops_writing(void **state)
{
    (void)state;
    struct place place;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    const struct opening often = { .option = "checkpoint", .value = "1" };
    begin(&place);
    close_place(&place);
    assert_ok(fixture_try_open(place.file, &often, &place.datastore, &error),
              &error);
    place.bound = fixture_bind(place.datastore, &place.schema);
    fixture_append(place.datastore, place.bound, 1);
    shim_fail(SHIM_SYNC, SHIM_DATABASE, 1, 1, SQLITE_IOERR_FSYNC);
    assert_ok(
        fixture_try_append(place.datastore, place.bound, 1, &result, &error),
        &error); /* the item is stored */
    assert_true(shim_has_failed());
    assert_poisoned(&place);
    close_place(&place);
    open_place(&place);
    assert_int_equal(fixture_count(place.datastore, place.bound), 3);
    close_place(&place);
}

/* The first append of a handle marks the WAL by a checkpoint of its own. */
static void failed_sync_before_the_first_commit_stores_nothing(void **state)
{
    (void)state;
    struct place place;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    begin(&place);
    close_place(&place);
    open_place(&place);
    shim_fail(SHIM_SYNC, SHIM_DATABASE, 1, 1, SQLITE_IOERR_FSYNC);
    assert_refused(
        fixture_try_append(place.datastore, place.bound, 1, &result, &error),
        QUIPU_IO, &error, "begin the write-ahead log");
    assert_true(shim_has_failed());
    assert_poisoned(&place);
    assert_int_equal(fixture_count(place.datastore, place.bound), 1);
    close_place(&place);
    open_place(&place);
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(fixture_count(place.datastore, place.bound), 2);
    close_place(&place);
}

static void checkpoint_on_a_full_disk_is_repeated(void **state)
{
    (void)state;
    struct place place;
    quipu_error error = { 0 };
    const struct opening often = { .option = "checkpoint", .value = "1" };
    begin(&place);
    close_place(&place);
    assert_ok(fixture_try_open(place.file, &often, &place.datastore, &error),
              &error);
    place.bound = fixture_bind(place.datastore, &place.schema);
    fixture_append(place.datastore, place.bound, 1);
    shim_fail(SHIM_WRITE, SHIM_DATABASE, 1, 1, SQLITE_FULL);
    fixture_append(place.datastore, place.bound, 1);
    assert_true(shim_has_failed());
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(fixture_count(place.datastore, place.bound), 4);
    close_place(&place);
}

/* An append syncs the WAL once with durability=full, and not at all with
 * relaxed.
 */
static void full_durability_syncs_each_commit(void **state)
{
    (void)state;
    struct place place;
    quipu_error error = { 0 };
    const struct opening relaxed = { .flags = QUIPU_OPEN_CREATE |
                                              QUIPU_OPEN_RELAXED };
    begin(&place);
    for (int i = 0; i < 5; i++) {
        shim_reset();
        fixture_append(place.datastore, place.bound, 1);
        assert_int_equal(shim_count(SHIM_SYNC, SHIM_WAL), 1);
    }
    close_place(&place);
    assert_ok(fixture_try_open(place.file, &relaxed, &place.datastore, &error),
              &error);
    place.bound = fixture_bind(place.datastore, &place.schema);
    fixture_append(place.datastore, place.bound, 1);
    shim_reset();
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(shim_count(SHIM_SYNC, SHIM_WAL), 0);
    close_place(&place);
}

/* A repeat acknowledged by a handle with durability=full is durable, even if a
 * relaxed handle stored the items. */
static void repeat_of_a_relaxed_append_is_synced(void **state)
{
    (void)state;
    struct place relaxed;
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    const struct opening how = { .flags =
                                     QUIPU_OPEN_CREATE | QUIPU_OPEN_RELAXED };
    begin(&relaxed);
    struct place full = relaxed;
    assert_ok(fixture_try_open(relaxed.file, &how, &relaxed.datastore, &error),
              &error);
    relaxed.bound = fixture_bind(relaxed.datastore, &relaxed.schema);
    fixture_piece(&piece, 1, 1, 79);
    assert_ok(append_piece(&relaxed, &piece, &result, &error), &error);
    shim_reset();
    assert_ok(append_piece(&relaxed, &piece, &result, &error), &error);
    assert_int_equal(result.flags, QUIPU_RESULT_REPEATED);
    assert_int_equal(shim_count(SHIM_SYNC, SHIM_WAL), 0);
    assert_ok(append_piece(&full, &piece, &result, &error), &error);
    assert_int_equal(result.flags, QUIPU_RESULT_REPEATED);
    assert_int_equal(shim_count(SHIM_SYNC, SHIM_WAL), 1);
    close_place(&relaxed);
    close_place(&full);
}

static void refused_append_syncs_nothing(void **state)
{
    (void)state;
    struct place place;
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    begin(&place);
    fixture_piece(&piece, 1, 7, 80);
    shim_reset();
    assert_ok(append_piece(&place, &piece, &result, &error), &error);
    assert_int_equal(result.status, QUIPU_CONFLICT);
    assert_int_equal(shim_count(SHIM_SYNC, SHIM_ANY), 0);
    assert_int_equal(shim_count(SHIM_WRITE, SHIM_ANY), 0);
    close_place(&place);
}

static int install(void **state)
{
    (void)state;
    shim_install();
    return 0;
}

static int heal(void **state)
{
    (void)state;
    shim_heal();
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, heal, heal)
    const struct CMUnitTest tests[] = {
        CASE(failed_sync_leaves_the_outcome_unknown),
        CASE(failed_sync_stops_all_handles_of_the_process),
        CASE(failed_write_of_a_commit_leaves_the_outcome_unknown),
        CASE(append_works_again_after_a_full_disk),
        CASE(full_disk_before_the_commit_stores_nothing),
        CASE(failed_sync_of_a_checkpoint_stops_writing),
        CASE(failed_sync_before_the_first_commit_stores_nothing),
        CASE(checkpoint_on_a_full_disk_is_repeated),
        CASE(full_durability_syncs_each_commit),
        CASE(repeat_of_a_relaxed_append_is_synced),
        CASE(refused_append_syncs_nothing),
    };
    return cmocka_run_group_tests(tests, install, NULL) != 0;
}
