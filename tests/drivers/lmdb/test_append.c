/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of a group are accepted or refused one by one, and a refused request
 * leaves nothing in any database. */
#include "fixture.h"

#include "catalogue/store.h"
#include "lmdb_driver.h"
#include "txn/read_txn.h"

#define MANY 300

struct counts {
    size_t items;
    size_t index;
    size_t events;
};

static size_t count(MDB_txn *txn, MDB_dbi dbi)
{
    MDB_stat stat = { 0 };
    assert_int_equal(mdb_stat(txn, dbi, &stat), 0);
    return stat.ms_entries;
}

static struct counts count_all(struct place *place)
{
    struct snapshot snapshot;
    assert_ok(
        quipu_lmdb_read_txn_begin(place->datastore, FOREVER, &snapshot, NULL),
        NULL);
    struct counts counts = { count(snapshot.txn, place->bound->items.dbi),
                             count(snapshot.txn, place->bound->index.dbi),
                             count(snapshot.txn, place->bound->events.dbi) };
    quipu_lmdb_read_txn_end(place->datastore, &snapshot);
    return counts;
}

static void assert_counts(struct place *place, size_t expected)
{
    struct counts counts = count_all(place);
    assert_int_equal(counts.items, expected);
    assert_int_equal(counts.index, expected);
    assert_int_equal(counts.events, expected);
}

/* Many items over three sequences; the position of one of them is wrong. */
static void fill(struct piece pieces[MANY], quipu_item items[MANY], int wrong)
{
    for (int i = 0; i < MANY; i++) {
        fixture_piece(&pieces[i], (uint32_t)i % 3, i == wrong ? 9000 : -1,
                      10000 + (uint32_t)i);
        items[i] = pieces[i].item;
    }
}

static void refused_request_leaves_nothing(void **state)
{
    (void)state;
    static const int wrong[] = { 0, 1, 150, MANY - 1 };
    static struct piece pieces[MANY];
    static quipu_item items[MANY];
    struct place place = fixture_place(fixture_file(), NULL);
    fixture_append(place.datastore, place.bound, 1);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct piece good;
        quipu_result results[2] = { { 0 }, { 0 } };
        quipu_error error = { 0 };
        fill(pieces, items, wrong[i]);
        fixture_piece(&good, 5, -1, 20000 + (uint32_t)i);
        const quipu_request requests[] = {
            { .schema = place.bound, .items = items, .item_count = MANY },
            { .schema = place.bound, .items = &good.item, .item_count = 1 },
        };
        assert_ok(
            fixture_append_all(place.datastore, requests, 2, results, &error),
            &error);
        assert_int_equal(results[0].status, QUIPU_CONFLICT);
        assert_int_equal(results[0].cause, QUIPU_CAUSE_POSITION);
        assert_int_equal(results[0].index, wrong[i]);
        assert_int_equal(results[1].status, QUIPU_OK);
        assert_int_equal(results[1].first_notification_id, i + 2);
        assert_counts(&place, i + 2);
    }
    fixture_leave(&place);
}

static void request_with_equal_event_ids_leaves_nothing(void **state)
{
    (void)state;
    struct place place = fixture_place(fixture_file(), NULL);
    struct piece pieces[3];
    quipu_item items[3];
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    for (uint32_t i = 0; i < 3; i++) {
        fixture_piece(&pieces[i], 1, -1, 7 + i % 2);
        items[i] = pieces[i].item;
    }
    const quipu_request request = { .schema = place.bound,
                                    .items = items,
                                    .item_count = 3 };
    assert_ok(fixture_append_all(place.datastore, &request, 1, &result, &error),
              &error);
    assert_int_equal(result.cause, QUIPU_CAUSE_EVENT_ID);
    assert_int_equal(result.index, 2);
    assert_counts(&place, 0);
    fixture_leave(&place);
}

static void request_with_failed_guard_leaves_nothing(void **state)
{
    (void)state;
    struct place place = fixture_place(fixture_file(), NULL);
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    fixture_piece(&piece, 1, -1, 7);
    const quipu_guard guard = { .sequence_id = piece.item.sequence_id,
                                .demand = QUIPU_DEMAND_NOT_EMPTY };
    const quipu_request request = { .schema = place.bound,
                                    .items = &piece.item,
                                    .item_count = 1,
                                    .guards = &guard,
                                    .guard_count = 1 };
    assert_ok(fixture_append_all(place.datastore, &request, 1, &result, &error),
              &error);
    assert_int_equal(result.cause, QUIPU_CAUSE_GUARD);
    assert_counts(&place, 0);
    fixture_leave(&place);
}

/* A handle on a removed schema must not make requests to others fail. */
static void request_to_removed_schema_fails_alone(void **state)
{
    (void)state;
    const quipu_driver *driver = fixture_driver();
    struct place place = fixture_place(fixture_file(), NULL);
    const quipu_schema passing = fixture_schema("passing", 0);
    quipu_driver_schema *gone = fixture_bind(place.datastore, &passing);
    quipu_error error = { 0 };
    quipu_result results[2] = { { 0 }, { 0 } };
    struct piece pieces[2];
    size_t taken = 0;
    assert_ok(driver->teardown(place.datastore, &passing, FOREVER, &error),
              &error);
    for (uint32_t i = 0; i < 2; i++) {
        fixture_piece(&pieces[i], 1, -1, i + 1);
    }
    const quipu_request requests[] = {
        { .schema = place.bound, .items = &pieces[0].item, .item_count = 1 },
        { .schema = gone, .items = &pieces[1].item, .item_count = 1 },
    };
    assert_ok(driver->append(place.datastore, requests, 2, results, &taken,
                             FOREVER, &error),
              &error);
    assert_int_equal(taken, 1);
    assert_int_equal(results[0].status, QUIPU_OK);
    assert_refused(driver->append(place.datastore, requests + 1, 1, results,
                                  &taken, FOREVER, &error),
                   QUIPU_NOT_FOUND, &error, "torn down");
    assert_int_equal(taken, 1);
    driver->unbind(place.datastore, gone);
    fixture_leave(&place);
}

static uint32_t store_format(struct place *place)
{
    struct store_record record = { .format = 0 };
    struct snapshot snapshot;
    assert_ok(
        quipu_lmdb_read_txn_begin(place->datastore, FOREVER, &snapshot, NULL),
        NULL);
    assert_int_equal(
        quipu_lmdb_store_get(&snapshot, store_key(), &record, sizeof(record)),
        MDB_SUCCESS);
    quipu_lmdb_read_txn_end(place->datastore, &snapshot);
    return record.format;
}

/* Bindings of both definitions, in one commit; and the format of the store. */
static void requests_of_both_definitions_are_stored(void **state)
{
    (void)state;
    static const quipu_column column = { .name = "added",
                                         .kind = QUIPU_VALUE_INT };
    const quipu_value value = { .kind = QUIPU_VALUE_INT, .as.integer = 7 };
    const quipu_driver *driver = fixture_driver();
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    quipu_schema schema = fixture_schema("altered", 0);
    quipu_driver_schema *former = fixture_bind(place.datastore, &schema);
    quipu_error error = { 0 };
    quipu_result results[3] = { { 0 }, { 0 }, { 0 } };
    struct piece pieces[3];
    assert_int_equal(store_format(&place), STORE_FORMAT);
    schema.columns = &column;
    schema.column_count = 1;
    for (int i = 0; i < 2; i++) {
        assert_ok(driver->alter(place.datastore, &schema, FOREVER, &error),
                  &error);
        assert_int_equal(store_format(&place), STORE_FORMAT_ALTERED);
    }
    quipu_driver_schema *present = fixture_bind(place.datastore, &schema);
    for (uint32_t i = 0; i < 3; i++) {
        fixture_piece(&pieces[i], 1, -1, i + 1);
    }
    pieces[1].item.columns = &value;
    pieces[1].item.column_count = 1;
    const quipu_request requests[] = {
        { .schema = former, .items = &pieces[0].item, .item_count = 1 },
        { .schema = present, .items = &pieces[1].item, .item_count = 1 },
        { .schema = former, .items = &pieces[2].item, .item_count = 1 },
    };
    assert_ok(fixture_append_all(place.datastore, requests, 3, results, &error),
              &error);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(results[i].status, QUIPU_OK);
    }
    assert_int_equal(fixture_count(place.datastore, former), 3);
    const quipu_range range = { .lower = 1,
                                .upper = INT64_MAX,
                                .limit = INT64_MAX };
    quipu_driver_cursor *cursor = NULL;
    const void *rows = NULL;
    size_t found = 0;
    assert_ok(driver->read_log(place.datastore, present, &range, FOREVER,
                               &cursor, &error),
              &error);
    assert_ok(driver->step(cursor, FOREVER, &rows, &found, &error), &error);
    const quipu_item *items = rows;
    assert_int_equal(found, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(items[i].column_count, 1);
        assert_int_equal(items[i].columns[0].kind,
                         i == 1 ? QUIPU_VALUE_INT : QUIPU_VALUE_NULL);
        assert_bytes(items[i].state.data, items[i].state.size,
                     pieces[i].item.state.data, pieces[i].item.state.size);
    }
    assert_int_equal(items[1].columns[0].as.integer, 7);
    driver->cursor_close(cursor);
    driver->unbind(place.datastore, former);
    driver->unbind(place.datastore, present);
    fixture_leave(&place);
    place = fixture_place(folder, NULL); /* it opens with its new format */
    fixture_leave(&place);
}

/* The next schema gets the databases of the one that was removed. */
static void reused_slot_has_nothing_of_the_old_schema(void **state)
{
    (void)state;
    const quipu_driver *driver = fixture_driver();
    struct place place = fixture_place(fixture_file(), NULL);
    const quipu_schema before = fixture_schema("before", 0);
    const quipu_schema after = fixture_schema("after", QUIPU_SCHEMA_SPARSE);
    quipu_error error = { 0 };
    quipu_driver_schema *old = fixture_bind(place.datastore, &before);
    for (uint32_t i = 0; i < 300; i++) { /* more than a step lends */
        fixture_append(place.datastore, old, i % 7);
    }
    struct place stale = { place.datastore, old };
    quipu_driver_cursor *cursor = fixture_lend(&stale);
    assert_ok(driver->teardown(place.datastore, &before, FOREVER, &error),
              &error);
    quipu_driver_schema *new = fixture_bind(place.datastore, &after);
    assert_int_equal(new->slot, old->slot);
    assert_true(new->number != old->number);
    struct place fresh = { place.datastore, new };
    assert_counts(&fresh, 0);
    assert_int_equal(fixture_head(place.datastore, old), 0);
    assert_int_equal(fixture_count(place.datastore, old), 0);
    const void *rows = NULL;
    size_t got = 1;
    assert_refused(driver->step(cursor, FOREVER, &rows, &got, &error),
                   QUIPU_NOT_FOUND, &error, "torn down");
    assert_int_equal(got, 0);
    driver->cursor_close(cursor);
    driver->unbind(place.datastore, old);
    driver->unbind(place.datastore, new);
    fixture_leave(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused_request_leaves_nothing),
        cmocka_unit_test(request_with_equal_event_ids_leaves_nothing),
        cmocka_unit_test(request_with_failed_guard_leaves_nothing),
        cmocka_unit_test(request_to_removed_schema_fails_alone),
        cmocka_unit_test(requests_of_both_definitions_are_stored),
        cmocka_unit_test(reused_slot_has_nothing_of_the_old_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
