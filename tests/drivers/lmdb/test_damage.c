/* SPDX-License-Identifier: Apache-2.0 */
/* Each page and sector of a store is damaged in turn: reading and writing
 * report it, and do not crash. */
#include "fixture.h"

#include "drivers/common/processes.h"

#define PAGE 4096
#define SECTOR 512 /* every third one is damaged, some of each page */
#define ITEMS 200

struct damage {
    unsigned char *whole; /* the file as it was */
    size_t size;
    const char *folder;
    size_t at;                   /* offset of the damaged bytes */
    size_t length;               /* of them */
    const unsigned char *others; /* in their place */
};

static const char *make_store(void)
{
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    for (uint32_t i = 0; i < ITEMS; i++) {
        fixture_append(place.datastore, place.bound, i % 40);
    }
    fixture_leave(&place);
    return folder;
}

static bool is_reported(int status)
{
    return status == QUIPU_OK || status == QUIPU_CORRUPT ||
           status == QUIPU_NOT_FOUND || status == QUIPU_UNSUPPORTED;
}

static const quipu_schema *schema_of_events(void)
{
    static quipu_schema schema;
    schema = fixture_schema("events", 0);
    return &schema;
}

/* Opens the damaged store, or ends the child: with 0 if damage was reported. */
static struct place enter(const struct damage *damage)
{
    struct place place = { NULL, NULL };
    quipu_error error = { 0 };
    (void)signal(SIGBUS, SIG_DFL); /* not cmocka's handler, which continues */
    (void)signal(SIGSEGV, SIG_DFL);
    (void)signal(SIGABRT, SIG_DFL);
    int status =
        fixture_try_open(damage->folder, NULL, &place.datastore, &error);
    if (status == QUIPU_OK) {
        status = fixture_driver()->bind(place.datastore, schema_of_events(),
                                        FOREVER, &place.bound, &error);
    }
    if (status != QUIPU_OK) {
        _exit(is_reported(status) ? 0 : 1);
    }
    return place;
}

/* Reads everything; each answer must be a proper one. */
static void read_all(void *context)
{
    const quipu_driver *driver = fixture_driver();
    struct place place = enter(context);
    quipu_error error = { 0 };
    struct piece piece;
    quipu_position head;
    bool found = false;
    int64_t last = 0;
    size_t count = 0;
    fixture_piece(&piece, 1, 0, 0);
    int status = fixture_scan(&place, &count, &error);
    bool proper = is_reported(status) && (status != QUIPU_OK || count == ITEMS);
    proper = proper && is_reported(driver->last_position(
                           place.datastore, place.bound, piece.item.sequence_id,
                           FOREVER, &found, &last, &error));
    proper =
        proper && is_reported(driver->log_head(place.datastore, place.bound,
                                               FOREVER, &head, &error));
    _exit(proper ? 0 : 2);
}

/* Appends a request that is accepted, and one whose second item is refused. */
static bool append_twice(struct place *place, uint32_t sequence)
{
    struct piece pieces[4];
    quipu_item items[4];
    quipu_request requests[2];
    quipu_result results[2] = { { 0 } };
    quipu_error error = { 0 };
    for (uint32_t i = 0; i < 4; i++) {
        fixture_piece(&pieces[i], sequence, i == 3 ? 9000 : -1,
                      70000 + 4 * sequence + i);
        items[i] = pieces[i].item;
    }
    for (size_t i = 0; i < 2; i++) {
        requests[i] = (quipu_request){ .schema = place->bound,
                                       .items = &items[2 * i],
                                       .item_count = 2 };
    }
    return is_reported(
        fixture_append_all(place->datastore, requests, 2, results, &error));
}

/* Writes in all databases; each answer must be a proper one. */
static void write_all(void *context)
{
    const quipu_driver *driver = fixture_driver();
    struct place place = enter(context);
    const quipu_schema other = fixture_schema("others", 0);
    quipu_error error = { 0 };
    bool proper = true;
    for (uint32_t sequence = 0; sequence < 41 && proper; sequence += 8) {
        proper = append_twice(&place, sequence);
    }
    proper = proper && is_reported(driver->setup(place.datastore, &other,
                                                 FOREVER, &error));
    proper = proper &&
             is_reported(driver->teardown(place.datastore, schema_of_events(),
                                          FOREVER, &error));
    _exit(proper ? 0 : 2);
}

static void damage_and_look(struct damage *damage)
{
    fixture_write(damage->folder, (long)damage->at, damage->others,
                  damage->length);
    expect_success(start_child(read_all, damage));
    expect_success(start_child(write_all, damage));
    fixture_write(damage->folder, 0, damage->whole, damage->size);
}

static void damage_each(size_t length, size_t step, int byte)
{
    unsigned char others[PAGE];
    struct damage damage = { .folder = make_store(),
                             .length = length,
                             .others = others };
    memset(others, byte, sizeof(others));
    damage.whole = fixture_bytes(fixture_data(damage.folder), &damage.size);
    assert_true(damage.size > 10 * (size_t)PAGE);
    for (damage.at = 0; damage.at < damage.size; damage.at += step) {
        damage_and_look(&damage);
    }
    free(damage.whole);
}

static void lost_page_is_reported(void **state)
{
    (void)state;
    damage_each(PAGE, PAGE, 0);
}

/* As erased flash memory reads. */
static void overwritten_page_is_reported(void **state)
{
    (void)state;
    damage_each(PAGE, PAGE, 0xff);
}

static void lost_sector_is_reported(void **state)
{
    (void)state;
    damage_each(SECTOR, 3 * SECTOR, 0);
}

static void overwritten_sector_is_reported(void **state)
{
    (void)state;
    damage_each(SECTOR, 3 * SECTOR, 0xff);
}

/* A misdirected write: each page in turn is replaced by the pages near it, in
 * front of it and behind. */
static void page_in_the_place_of_another_is_reported(void **state)
{
    (void)state;
    struct damage damage = { .folder = make_store(), .length = PAGE };
    damage.whole = fixture_bytes(fixture_data(damage.folder), &damage.size);
    const size_t pages = damage.size / PAGE;
    for (size_t page = 0; page < pages; page++) {
        damage.at = page * PAGE;
        for (size_t near = 1; near <= 3; near++) {
            damage.others = damage.whole + (page + near) % pages * PAGE;
            damage_and_look(&damage);
            damage.others = damage.whole + (page + pages - near) % pages * PAGE;
            damage_and_look(&damage);
        }
    }
    free(damage.whole);
}

/* Damages each copy of an item's state in the file; returns their number. */
static unsigned damage_states(const char *folder, const char *state)
{
    size_t size = 0;
    unsigned count = 0;
    unsigned char *bytes = fixture_bytes(fixture_data(folder), &size);
    assert_non_null(bytes);
    for (size_t at = 0; at + strlen(state) <= size; at++) {
        if (memcmp(bytes + at, state, strlen(state)) == 0) {
            fixture_write(folder, (long)at, "X", 1);
            count++;
        }
    }
    free(bytes);
    return count;
}

static void damaged_value_is_named(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    struct place place = fixture_place(folder, NULL);
    quipu_error error = { 0 };
    size_t count = 0;
    for (uint32_t i = 0; i < 200; i++) {
        struct piece piece;
        quipu_result result = { 0 };
        fixture_piece(&piece, i % 10, -1, 5000 + i);
        const quipu_request request = { .schema = place.bound,
                                        .items = &piece.item,
                                        .item_count = 1 };
        assert_ok(
            fixture_append_all(place.datastore, &request, 1, &result, &error),
            &error);
    }
    fixture_leave(&place);
    assert_true(damage_states(folder, "state 5176") >= 1);

    place = fixture_place(folder, NULL);
    assert_refused(fixture_scan(&place, &count, &error), QUIPU_CORRUPT, &error,
                   "item 177 ");
    assert_contains(error.message, "damaged");
    assert_contains(error.message, "backup");
    assert_int_equal(count, 128); /* the batch before */
    fixture_leave(&place);
}

/* A damaged topic could leave out an item that passes the filter. */
static void damaged_item_is_not_left_out(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    const quipu_driver *driver = fixture_driver();
    struct place place = fixture_place(folder, NULL);
    const quipu_range all = { .struct_size = sizeof(all),
                              .lower = 1,
                              .upper = INT64_MAX,
                              .limit = INT64_MAX };
    const quipu_bytes topic = { "topic-of-the-filter", 19 };
    const quipu_match match = { .topics = &topic, .topic_count = 1 };
    const quipu_filter filter = { .struct_size = sizeof(filter),
                                  .matches = &match,
                                  .match_count = 1 };
    quipu_driver_cursor *cursor = NULL;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    struct piece piece;
    const void *rows = NULL;
    size_t count = 0;
    fixture_append(place.datastore, place.bound, 1);
    fixture_piece(&piece, 2, -1, 5);
    piece.item.topic = topic;
    const quipu_request request = { .schema = place.bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_ok(fixture_append_all(place.datastore, &request, 1, &result, &error),
              &error);
    assert_ok(driver->read_filtered(place.datastore, place.bound, &all, &filter,
                                    FOREVER, &cursor, &error),
              &error);
    assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
    assert_int_equal(count, 1);
    assert_int_equal(((const quipu_item *)rows)->notification_id, 2);
    driver->cursor_close(cursor);
    fixture_leave(&place);
    assert_true(damage_states(folder, "topic-of-the-filter") >= 1);
    place = fixture_place(folder, NULL);
    assert_refused(driver->read_filtered(place.datastore, place.bound, &all,
                                         &filter, FOREVER, &cursor, &error),
                   QUIPU_CORRUPT, &error, "item 2 ");
    fixture_leave(&place);
}

/* Changes a database without the driver. */
static void change_database(const char *folder, const char *name,
                            void (*change)(MDB_txn *txn, MDB_dbi database))
{
    MDB_env *env = NULL;
    MDB_txn *txn = NULL;
    MDB_dbi database = 0;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 8), 0);
    assert_int_equal(mdb_env_open(env, folder, 0, 0644), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, name, 0, &database), 0);
    change(txn, database);
    assert_int_equal(mdb_txn_commit(txn), 0);
    mdb_env_close(env);
}

/* Reads a sequence of make_store, which has five items; returns the status. */
static int read_sequence(const char *folder, bool descending,
                         quipu_error *error)
{
    const quipu_driver *driver = fixture_driver();
    struct place place = fixture_place(folder, NULL);
    const quipu_range all = { .struct_size = sizeof(all),
                              .lower = INT64_MIN,
                              .upper = INT64_MAX,
                              .limit = INT64_MAX,
                              .descending = descending };
    quipu_driver_cursor *cursor = NULL;
    struct piece piece;
    fixture_piece(&piece, 1, 0, 0);
    int status = driver->read_sequence(place.datastore, place.bound,
                                       piece.item.sequence_id, &all, FOREVER,
                                       &cursor, error);
    if (status == QUIPU_OK) {
        driver->cursor_close(cursor);
    }
    fixture_leave(&place);
    return status;
}

static void see_none(void *context, const quipu_item *item)
{
    (void)context;
    (void)item;
    fail_msg("%s", "an item is shown");
}

/* Reads the last item of the sequence, which must not be shown. */
static int read_last_item(const char *folder, quipu_error *error)
{
    struct place place = fixture_place(folder, NULL);
    struct piece piece;
    int64_t erasures = 0;
    fixture_piece(&piece, 1, 0, 0);
    int status = fixture_driver()->last_item(place.datastore, place.bound,
                                             piece.item.sequence_id, FOREVER,
                                             see_none, NULL, &erasures, error);
    fixture_leave(&place);
    return status;
}

/* Returns the key of a position (drivers/lmdb/format/key.h). */
static MDB_val make_key(unsigned char key[24], uint32_t sequence,
                        unsigned char position)
{
    struct piece piece;
    fixture_piece(&piece, sequence, 0, 0);
    memset(key, 0, 24);
    memcpy(key, piece.item.sequence_id.data, 16);
    key[16] = 0x80;
    key[23] = position;
    return (MDB_val){ 24, key };
}

static unsigned char lost; /* position */

static void lose_entry(MDB_txn *txn, MDB_dbi index)
{
    unsigned char bytes[24];
    MDB_val key = make_key(bytes, 1, lost);
    assert_int_equal(mdb_del(txn, index, &key, NULL), 0);
}

static void lost_position_is_reported(void **state)
{
    (void)state;
    for (lost = 0; lost < 4;
         lost++) { /* the loss of the last one cannot be detected */
        const char *folder = make_store();
        quipu_error error = { 0 };
        change_database(folder, "quipu.00001.index", lose_entry);
        assert_refused(read_sequence(folder, false, &error), QUIPU_CORRUPT,
                       &error, "has lost its position");
        assert_refused(read_sequence(folder, true, &error), QUIPU_CORRUPT,
                       &error, "has lost its position");
        assert_contains(error.message, "backup");
    }
}

static unsigned char moved = 2; /* position */

static void point_elsewhere(MDB_txn *txn, MDB_dbi index)
{
    unsigned char here[24];
    unsigned char there[24];
    MDB_val key = make_key(here, 1, moved);
    MDB_val other = make_key(there, 2, 2);
    MDB_val value;
    int64_t id = 0;
    assert_int_equal(mdb_get(txn, index, &other, &value), 0);
    memcpy(&id, value.mv_data, sizeof(id));
    value = (MDB_val){ sizeof(id), &id };
    assert_int_equal(mdb_put(txn, index, &key, &value, 0), 0);
}

static void index_entry_of_another_sequence_is_reported(void **state)
{
    (void)state;
    const char *folder = make_store();
    quipu_error error = { 0 };
    change_database(folder, "quipu.00001.index", point_elsewhere);
    assert_refused(read_sequence(folder, false, &error), QUIPU_CORRUPT, &error,
                   "is not at the place that the index names");
    moved = 4;
    change_database(folder, "quipu.00001.index", point_elsewhere);
    assert_refused(read_last_item(folder, &error), QUIPU_CORRUPT, &error,
                   "is not at the place that the index names");
}

/* The first event id names the second item. */
static void point_to_second(MDB_txn *txn, MDB_dbi events)
{
    struct piece piece;
    int64_t id = 2;
    fixture_piece(&piece, 1, -1, 5);
    MDB_val key = { 16, piece.event };
    MDB_val value = { sizeof(id), &id };
    assert_int_equal(mdb_put(txn, events, &key, &value, 0), 0);
}

static void event_id_that_names_another_item_is_corrupt(void **state)
{
    (void)state;
    const char *folder = fixture_file();
    const quipu_driver *driver = fixture_driver();
    struct place place = fixture_place(folder, NULL);
    struct piece piece;
    quipu_driver_cursor *cursor = NULL;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    fixture_piece(&piece, 1, -1, 5);
    const quipu_request request = { .schema = place.bound,
                                    .items = &piece.item,
                                    .item_count = 1 };
    assert_ok(fixture_append_all(place.datastore, &request, 1, &result, &error),
              &error);
    fixture_append(place.datastore, place.bound, 1);
    fixture_leave(&place);
    change_database(folder, "quipu.00001.events", point_to_second);
    place = fixture_place(folder, NULL);
    assert_refused(driver->find_event(place.datastore, place.bound,
                                      piece.item.event_id, FOREVER, &cursor,
                                      &error),
                   QUIPU_CORRUPT, &error, "item 2 ");
    fixture_leave(&place);
}

/* A consumer and a log of together 511 bytes, one of them too long. */
static void put_long_consumer(MDB_txn *txn, MDB_dbi tracked)
{
    unsigned char bytes[511];
    memset(bytes, 'c', sizeof(bytes));
    bytes[300] = '\0';
    MDB_val key = { sizeof(bytes), bytes };
    MDB_val value = { sizeof(bytes), bytes };
    assert_int_equal(mdb_put(txn, tracked, &key, &value, 0), 0);
}

static void tracking_record_of_too_long_names_is_reported(void **state)
{
    (void)state;
    const char *folder = make_store();
    const quipu_driver *driver = fixture_driver();
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    const void *rows = NULL;
    size_t count = 0;
    change_database(folder, "quipu.t.1", put_long_consumer);
    struct place place = fixture_place(folder, NULL);
    assert_ok(driver->list_tracking(place.datastore, FOREVER, &cursor, &error),
              &error);
    assert_refused(driver->step(cursor, FOREVER, &rows, &count, &error),
                   QUIPU_CORRUPT, &error, "backup");
    driver->cursor_close(cursor);
    fixture_leave(&place);
}

/* Flips a bit of a key, in all pages that have it. */
static void flip_in_key(const char *folder, const char *key, size_t bit)
{
    size_t size = 0;
    unsigned char *bytes = fixture_bytes(fixture_data(folder), &size);
    unsigned char *at = bytes;
    const size_t length = strlen(key);
    while ((at = memmem(at, size - (size_t)(at - bytes), key, length))) {
        at[bit / 8] ^= (unsigned char)(1 << bit % 8);
        at += length;
    }
    fixture_write(folder, 0, bytes, size);
    free(bytes);
}

/* All that needs the head of the log says that the store is damaged; neither
 * is the log empty, nor has its schema been torn down. */
static void assert_headless(const char *folder)
{
    const quipu_driver *driver = fixture_driver();
    const quipu_schema other = fixture_schema("others", 0);
    quipu_error error = { 0 };
    quipu_position head;
    size_t count = 0;
    struct place place = fixture_place(folder, NULL);
    assert_refused(fixture_scan(&place, &count, &error), QUIPU_CORRUPT, &error,
                   "backup");
    assert_refused(
        driver->log_head(place.datastore, place.bound, FOREVER, &head, &error),
        QUIPU_CORRUPT, &error, "backup");
    assert_refused(fixture_append_large(&place, 10, &error), QUIPU_CORRUPT,
                   &error, "backup");
    /* The new schema would get the databases of the other one. */
    assert_refused(driver->setup(place.datastore, &other, FOREVER, &error),
                   QUIPU_CORRUPT, &error, "backup");
    fixture_leave(&place);
}

static void damaged_key_of_a_head_is_no_torn_down_schema(void **state)
{
    (void)state;
    static const char key[] = "quipu.00001.head";
    const size_t end = 8 * strlen(key);
    const char *folder = make_store();
    size_t size = 0;
    unsigned char *whole = fixture_bytes(fixture_data(folder), &size);
    size_t bound = 0;
    for (size_t bit = end - 32; bit < end; bit++) {
        struct place place = { NULL, NULL };
        quipu_error error = { 0 };
        flip_in_key(folder, key, bit);
        int status = fixture_try_open(folder, NULL, &place.datastore, &error);
        if (status == QUIPU_OK) {
            status = fixture_driver()->bind(place.datastore, schema_of_events(),
                                            FOREVER, &place.bound, &error);
            if (status == QUIPU_OK) {
                fixture_driver()->unbind(place.datastore, place.bound);
            }
            fixture_close(place.datastore);
        }
        assert_true(status == QUIPU_OK || status == QUIPU_CORRUPT);
        if (status == QUIPU_OK) { /* the keys are in order, still */
            assert_headless(folder);
            bound++;
        }
        fixture_write(folder, 0, whole, size);
    }
    assert_true(bound > 0);
    free(whole);
}

/* Opens the store, sets the schema up, as a program does when it begins, and
 * reads the log.  Returns the first status that is not OK. */
static int begin_and_scan(const char *folder, size_t *count, quipu_error *error)
{
    const quipu_driver *driver = fixture_driver();
    struct place place = { NULL, NULL };
    int status = fixture_try_open(folder, NULL, &place.datastore, error);
    if (status != QUIPU_OK) {
        return status;
    }
    status = driver->setup(place.datastore, schema_of_events(), FOREVER, error);
    if (status == QUIPU_OK) {
        status = driver->bind(place.datastore, schema_of_events(), FOREVER,
                              &place.bound, error);
    }
    if (status == QUIPU_OK) {
        status = fixture_scan(&place, count, error);
        driver->unbind(place.datastore, place.bound);
    }
    fixture_close(place.datastore);
    return status;
}

/* A log whose schema or namespace cannot be found is not begun again. */
static void damaged_key_of_the_catalogue_hides_no_log(void **state)
{
    (void)state;
    static const char *const keys[] = { "quipu.n.", "quipu.s.1.events",
                                        "quipu.00001.head" };
    const char *folder = make_store();
    size_t size = 0;
    unsigned failures = 0;
    unsigned char *whole = fixture_bytes(fixture_data(folder), &size);
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        for (size_t bit = 0; bit < 8 * strlen(keys[i]); bit++) {
            quipu_error error = { 0 };
            size_t count = 0;
            flip_in_key(folder, keys[i], bit);
            const int status = begin_and_scan(folder, &count, &error);
            /* The damaged name may differ in case only. */
            if (status != QUIPU_CORRUPT && status != QUIPU_INVALID &&
                (status != QUIPU_OK || count != ITEMS)) {
                print_error("bit %zu of \"%s\": status %d, %zu items\n", bit,
                            keys[i], status, count);
                failures++;
            }
            fixture_write(folder, 0, whole, size);
        }
    }
    free(whole);
    assert_int_equal(failures, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lost_page_is_reported),
        cmocka_unit_test(overwritten_page_is_reported),
        cmocka_unit_test(lost_sector_is_reported),
        cmocka_unit_test(overwritten_sector_is_reported),
        cmocka_unit_test(page_in_the_place_of_another_is_reported),
        cmocka_unit_test(damaged_value_is_named),
        cmocka_unit_test(damaged_item_is_not_left_out),
        cmocka_unit_test(event_id_that_names_another_item_is_corrupt),
        cmocka_unit_test(lost_position_is_reported),
        cmocka_unit_test(index_entry_of_another_sequence_is_reported),
        cmocka_unit_test(tracking_record_of_too_long_names_is_reported),
        cmocka_unit_test(damaged_key_of_a_head_is_no_torn_down_schema),
        cmocka_unit_test(damaged_key_of_the_catalogue_hides_no_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
