/* SPDX-License-Identifier: Apache-2.0 */
/* Erased items in the pages of LMDB: their stored form, the format of the
 * store, the checks of the whole file, damage, and copies. */
#include "fixture.h"

#include "drivers/common/erasures.h"
#include "drivers/common/processes.h"

#include "catalogue/store.h"
#include "driver/host.h"
#include "lmdb_driver.h"
#include "txn/read_txn.h"

#define MANY 700
#define KILLS 10

quipu_driver_datastore *erasures_open(const char *name, uint32_t flags)
{
    const bool cursor = getenv("FIXTURE_MDBCURSOR") != NULL;
    const struct opening how = { .flags =
                                     flags != 0 ? flags : QUIPU_OPEN_CREATE,
                                 .option = cursor ? "mdbcursor" : NULL,
                                 .value = "yes" };
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    assert_ok(fixture_try_open(name, &how, &datastore, &error), &error);
    return datastore;
}

static const struct opening relaxed = { .flags = QUIPU_OPEN_CREATE |
                                                 QUIPU_OPEN_RELAXED };

/* ----------------------------------------------------------------- format */

static uint32_t format_of(struct place *place)
{
    struct snapshot snapshot;
    struct store_record store = { .format = 0 };
    assert_ok(
        quipu_lmdb_read_txn_begin(place->datastore, FOREVER, &snapshot, NULL),
        NULL);
    assert_int_equal(
        quipu_lmdb_store_get(&snapshot, store_key(), &store, sizeof(store)), 0);
    quipu_lmdb_read_txn_end(place->datastore, &snapshot);
    return store.format;
}

/* The byte of the version of a stored item. */
static int version_of(struct place *place, int64_t id)
{
    struct snapshot snapshot;
    MDB_val value = { 0, NULL };
    MDB_val key = { sizeof(id), &id };
    assert_ok(
        quipu_lmdb_read_txn_begin(place->datastore, FOREVER, &snapshot, NULL),
        NULL);
    assert_int_equal(btree_lookup(&snapshot, &place->bound->items, key, &value),
                     0);
    assert_non_null(value.mv_data);
    const int version = ((const unsigned char *)value.mv_data)[4];
    quipu_lmdb_read_txn_end(place->datastore, &snapshot);
    return version;
}

static quipu_erasure ids(int64_t lower, int64_t upper)
{
    quipu_erasure erasure = erasures_of_log();
    erasure.lower = lower;
    erasure.upper = upper;
    return erasure;
}

static int64_t erase(struct place *place, int64_t lower, int64_t upper)
{
    const quipu_erasure erasure = ids(lower, upper);
    return erasures_erase_all(place->datastore, place->bound, &erasure);
}

static void format_rises_with_the_first_erasure(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    fixture_append(place.datastore, place.bound, 1);
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(erase(&place, 3, 9), 0);
    assert_int_equal(format_of(&place), STORE_FORMAT);
    assert_int_equal(version_of(&place, 1), 1);
    assert_int_equal(erase(&place, 2, 9), 1);
    assert_int_equal(format_of(&place), STORE_FORMAT_ERASED);
    assert_int_equal(version_of(&place, 1), 1);
    assert_int_equal(version_of(&place, 2), 2);
    entry_leave_sound(&place, folder);
    place = fixture_place(folder, NULL);
    assert_int_equal(format_of(&place), STORE_FORMAT_ERASED);
    assert_int_equal(erasures_count(place.datastore, place.bound), 1);
    entry_leave_sound(&place, folder);
}

static void format_rises_with_the_first_item_that_is_erased_already(
    void **state)
{
    (void)state;
    struct place place = fixture_place(fixture_file(), NULL);
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    fixture_piece(&piece, 1, 7, 1);
    piece.item.flags |= QUIPU_ITEM_ERASED;
    piece.item.state.size = 0;
    const quipu_request request = { .schema = place.bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_ok(fixture_append_all(place.datastore, &request, 1, &result, &error),
              &error);
    assert_int_equal(result.status, QUIPU_CONFLICT); /* position 7 */
    assert_int_equal(format_of(&place), STORE_FORMAT);
    piece.item.position = 0;
    assert_ok(fixture_append_all(place.datastore, &request, 1, &result, &error),
              &error);
    assert_int_equal(result.status, QUIPU_OK);
    assert_int_equal(format_of(&place), STORE_FORMAT_ERASED);
    fixture_leave(&place);
}

/* ------------------------------------------------------------------ pages */

/* Small items, and some on overflow pages. */
static void fill(struct place *place, size_t count)
{
    quipu_error error = { 0 };
    for (size_t i = 0; i < count; i++) {
        if (i % 50 == 49) {
            assert_ok(
                fixture_append_large(place, 3000 + 100 * i % 40000, &error),
                &error);
        } else {
            fixture_append(place->datastore, place->bound, (uint32_t)i % 17);
        }
    }
}

/* The whole file is sound after erasures in ranges that overlap, and appends
 * between them. */
static void pages_stay_sound(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, &relaxed);
    fill(&place, MANY);
    int64_t erased = erase(&place, 100, 150) + erase(&place, 1, 20);
    for (int64_t lower = 120; lower < MANY; lower += 200) {
        erased += erase(&place, lower, lower + 130);
        fixture_append(place.datastore, place.bound, 3);
    }
    assert_int_equal(erasures_count(place.datastore, place.bound), erased);
    entry_leave_sound(&place, folder);
    place = fixture_place(folder, &relaxed);
    assert_int_equal(erasures_count(place.datastore, place.bound), erased);
    fill(&place, 100);
    erased += erase(&place, INT64_MIN, INT64_MAX);
    assert_int_equal(erased, fixture_head(place.datastore, place.bound));
    assert_int_equal(erasures_count(place.datastore, place.bound), erased);
    fill(&place, 100);
    assert_int_equal(erasures_count(place.datastore, place.bound), erased);
    entry_leave_sound(&place, folder);
}

/* Changes the first byte of a text wherever the data file has it. */
static void damage(const char *folder, const char *text)
{
    size_t size = 0;
    unsigned char *bytes = fixture_bytes(fixture_data(folder), &size);
    const unsigned char *at = memmem(bytes, size, text, strlen(text));
    assert_non_null(at);
    while (at) {
        const size_t offset = (size_t)(at - bytes);
        fixture_write(folder, (long)offset, "?", 1);
        at = memmem(at + 1, size - offset - 1, text, strlen(text));
    }
    free(bytes);
}

static void append_state(struct place *place, uint32_t event, const char *text)
{
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    fixture_piece(&piece, 2, -1, event);
    piece.item.state = (quipu_bytes){ text, strlen(text) };
    const quipu_request request = { .schema = place->bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_ok(
        fixture_append_all(place->datastore, &request, 1, &result, &error),
        &error);
}

/* An item that cannot be read cannot be erased either: its places are not
 * known.  Nothing of the commit is stored. */
static void damaged_item_is_not_erased(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    quipu_error error = { 0 };
    int64_t erased = 0;
    append_state(&place, 1, "a good one");
    append_state(&place, 2, "a damaged one");
    append_state(&place, 3, "another good one");
    fixture_leave(&place);
    damage(folder, "a damaged one");
    place = fixture_place(folder, NULL);
    const quipu_erasure all = erasures_of_log();
    assert_refused(fixture_driver()->erase(place.datastore, place.bound, &all,
                                           FOREVER, &erased, &error),
                   QUIPU_CORRUPT, &error, "item 2 of schema \"events\"");
    assert_int_equal(version_of(&place, 1), 1);
    assert_int_equal(erase(&place, 1, 1), 1);
    assert_int_equal(erase(&place, 3, 3), 1);
    fixture_leave(&place);
}

/* Makes the index name item 2 for the first position of another sequence. */
static int misdirect(void *native, void *context, quipu_error *error)
{
    struct piece piece;
    unsigned char bytes[24] = { 0 };
    MDB_dbi index = 0;
    int64_t id = 2;
    MDB_val key = { sizeof(bytes), bytes };
    MDB_val value = { sizeof(id), &id };
    (void)context;
    (void)error;
    fixture_piece(&piece, 1, 0, 0);
    memcpy(bytes, piece.sequence, 16);
    bytes[16] = 0x80; /* position 0 */
    assert_int_equal(mdb_dbi_open(native, "quipu.00001.index", 0, &index), 0);
    assert_int_equal(mdb_put(native, index, &key, &value, 0), 0);
    return QUIPU_OK;
}

static void item_of_another_sequence_is_not_erased(void **state)
{
    (void)state;
    const quipu_driver *driver = fixture_driver();
    const quipu_request request = { .schema = NULL };
    struct place place = fixture_place(fixture_file(), NULL);
    struct piece piece;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    int64_t erased = 0;
    fixture_append(place.datastore, place.bound, 1);
    fixture_append(place.datastore, place.bound, 2);
    assert_ok(driver->transact(place.datastore, &request, misdirect, NULL,
                               &result, FOREVER, &error),
              &error);
    fixture_piece(&piece, 1, 0, 0);
    const quipu_erasure erasure = erasures_of_sequence(piece.item.sequence_id);
    assert_refused(driver->erase(place.datastore, place.bound, &erasure,
                                 FOREVER, &erased, &error),
                   QUIPU_CORRUPT, &error, "not at the place");
    assert_int_equal(erasures_count(place.datastore, place.bound), 0);
    fixture_leave(&place);
}

/* ----------------------------------------------------------------- copies */

static void backup_keeps_erased_items(void **state)
{
    (void)state;
    const quipu_driver *driver = fixture_driver();
    const quipu_backup backup = { .struct_size = sizeof(backup),
                                  .path = "erased.copy" };
    const quipu_open target = { .struct_size = sizeof(target),
                                .flags = QUIPU_OPEN_CREATE,
                                .scheme = "lmdb",
                                .body = "///restored",
                                .rest = "///restored",
                                .name_space = "" };
    struct place place = fixture_place(fixture_file(), NULL);
    quipu_error error = { 0 };
    fill(&place, 120);
    assert_int_equal(erase(&place, 30, 60), 31);
    assert_ok(driver->backup(place.datastore, &backup, FOREVER, &error),
              &error);
    fixture_leave(&place);
    assert_ok(
        driver->restore(quipu_host_table(), &target, &backup, FOREVER, &error),
        &error);
    place = fixture_place("restored", NULL);
    assert_int_equal(erasures_count(place.datastore, place.bound), 31);
    assert_int_equal(erase(&place, 1, 60), 29);
    entry_leave_sound(&place, "restored");
}

/* -------------------------------------------------------------- processes */

static const char *shared_folder;

static void erase_in_a_process(void *context)
{
    struct place place = fixture_place(shared_folder, NULL);
    quipu_erasure all = erasures_of_log();
    (void)context;
    all.limit = 3;
    for (;;) {
        (void)erasures_erase(place.datastore, place.bound, &all);
    }
}

/* Each kill, after one commit or more, leaves a number of whole commits. */
static void killed_process_has_erased_whole_commits(void **state)
{
    size_t erased = 0;
    (void)state;
    shared_folder = fixture_file();
    struct place place = fixture_place(shared_folder, NULL);
    fixture_leave(&place);
    for (int i = 0; i < KILLS; i++) {
        place = fixture_place(shared_folder, &relaxed);
        fill(&place, 30);
        fixture_leave(&place);
        const pid_t child = start_child(erase_in_a_process, NULL);
        place = fixture_place(shared_folder, NULL);
        const size_t before = erased;
        const int64_t end = fixture_now() + FIXTURE_PATIENCE;
        do {
            (void)usleep(100);
            erased = erasures_count(place.datastore, place.bound);
        } while (erased == before && fixture_now() < end);
        kill_child(child);
        erased = erasures_count(place.datastore, place.bound);
        assert_true(erased > before);
        assert_int_equal(erased % 3, 0);
        entry_leave_sound(&place, shared_folder);
    }
    place = fixture_place(shared_folder, NULL);
    (void)erase(&place, INT64_MIN, INT64_MAX);
    assert_int_equal(erasures_count(place.datastore, place.bound), KILLS * 30);
    entry_leave_sound(&place, shared_folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(format_rises_with_the_first_erasure),
        cmocka_unit_test(
            format_rises_with_the_first_item_that_is_erased_already),
        cmocka_unit_test(pages_stay_sound),
        cmocka_unit_test(damaged_item_is_not_erased),
        cmocka_unit_test(item_of_another_sequence_is_not_erased),
        cmocka_unit_test(backup_keeps_erased_items),
        cmocka_unit_test(killed_process_has_erased_whole_commits),
    };
    return erasures_run_tests() + cmocka_run_group_tests(tests, NULL, NULL) !=
           0;
}
