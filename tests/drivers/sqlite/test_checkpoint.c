/* SPDX-License-Identifier: Apache-2.0 */
/* The write-ahead log stays short beside readers. */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "sqlite.h"

#define PAGES 50 /* value of the option */
#define FRAME (4096 + 24)
/* A RESTART checkpoint runs at eight times as much, once the readers permit it.
 */
#define BOUND (30 * PAGES * FRAME)

struct place {
    const char *file;
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
    atomic_bool stop;
};

static void begin(struct place *place)
{
    static char name[32];
    const struct opening how = { .flags =
                                     QUIPU_OPEN_CREATE | QUIPU_OPEN_RELAXED,
                                 .option = "checkpoint",
                                 .value = "50" };
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_error error = { 0 };
    (void)snprintf(name, sizeof(name), "%s", fixture_file());
    place->file = name;
    atomic_store(&place->stop, false);
    assert_ok(fixture_try_open(place->file, &how, &place->datastore, &error),
              &error);
    place->bound = fixture_bind(place->datastore, &schema);
}

static void end(struct place *place)
{
    fixture_driver()->unbind(place->datastore, place->bound);
    fixture_close(place->datastore);
}

static off_t wal_size(const struct place *place)
{
    char wal[40];
    struct stat info;
    (void)snprintf(wal, sizeof(wal), "%s-wal", place->file);
    assert_int_equal(stat(wal, &info), 0);
    return info.st_size;
}

static void append_many(struct place *place, int count)
{
    for (int i = 0; i < count; i++) {
        fixture_append(place->datastore, place->bound, (uint32_t)(i % 7) + 1);
    }
}

static void single_writer_resets_the_wal(void **state)
{
    (void)state;
    struct place place;
    begin(&place);
    append_many(&place, 500);
    assert_true(wal_size(&place) <= (PAGES + 20) * FRAME);
    end(&place);
}

static quipu_driver_cursor *open_cursor(struct place *place)
{
    const quipu_range all = { .struct_size = sizeof(all),
                              .lower = INT64_MIN,
                              .upper = INT64_MAX,
                              .limit = INT64_MAX };
    quipu_driver_cursor *cursor = NULL;
    assert_ok(fixture_driver()->read_log(place->datastore, place->bound, &all,
                                         FOREVER, &cursor, NULL),
              NULL);
    return cursor;
}

static void slow_cursor_does_not_delay_a_wal_reset(void **state)
{
    (void)state;
    struct place place;
    size_t total = 0;
    size_t count = 0;
    begin(&place);
    append_many(&place, 600);
    quipu_driver_cursor *cursor = open_cursor(&place);
    do {
        const void *rows = NULL;
        assert_ok(fixture_driver()->step(cursor, FOREVER, &rows, &count, NULL),
                  NULL);
        total += count;
        append_many(&place, 200);
        assert_true(wal_size(&place) <= (PAGES + 20) * FRAME);
    } while (count > 0);
    fixture_driver()->cursor_close(cursor);
    assert_int_equal(total,
                     600); /* the cursor returns the items of its opening */
    end(&place);
}

static void *read_and_read(void *context)
{
    struct place *place = context;
    while (!atomic_load(&place->stop)) {
        quipu_driver_cursor *cursor = open_cursor(place);
        size_t count = 1;
        while (count > 0) {
            const void *rows = NULL;
            (void)fixture_driver()->step(cursor, FOREVER, &rows, &count, NULL);
        }
        fixture_driver()->cursor_close(cursor);
    }
    return NULL;
}

static void wal_stays_short_beside_busy_readers(void **state)
{
    (void)state;
    struct place place;
    pthread_t threads[3];
    begin(&place);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, read_and_read, &place), 0);
    }
    append_many(&place, 1500);
    /* On a busy machine a reader may have been suspended for long. */
    while (place.datastore->wal_pages > BOUND / FRAME) {
        append_many(&place, 10);
    }
    atomic_store(&place.stop, true);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    end(&place);
}

static int append_and_count_checkpoints(struct place *place, int count)
{
    int checkpoints = 0;
    for (int i = 0; i < count; i++) {
        int64_t done = place->datastore->checkpointed_pages;
        append_many(place, 1);
        checkpoints += place->datastore->checkpointed_pages != done;
    }
    return checkpoints;
}

/* Another program that stays in a read transaction keeps the WAL growing. That
 * must neither stop appends nor delay each of them. */
static void long_read_transaction_does_not_stop_appends(void **state)
{
    (void)state;
    struct place place;
    sqlite3 *db = NULL;
    begin(&place);
    append_many(&place, 10);
    assert_int_equal(sqlite3_open(place.file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db,
                                  "BEGIN; SELECT count(*) FROM stored_events",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    assert_true(append_and_count_checkpoints(&place, 1000) < 250);
    assert_true(wal_size(&place) > BOUND);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    append_many(&place, 200);
    off_t size = wal_size(&place);
    append_many(&place, 1000);
    assert_int_equal(wal_size(&place),
                     size); /* it was reset and has its length */
    assert_int_equal(fixture_count(place.datastore, place.bound), 2210);
    end(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(single_writer_resets_the_wal),
        cmocka_unit_test(slow_cursor_does_not_delay_a_wal_reset),
        cmocka_unit_test(wal_stays_short_beside_busy_readers),
        cmocka_unit_test(long_read_transaction_does_not_stop_appends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
