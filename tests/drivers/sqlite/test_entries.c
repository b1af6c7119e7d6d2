/* SPDX-License-Identifier: Apache-2.0 */
/* Key-value entries and conditions of appends, with the tables that the
 * conformance suite does not see. */
#include "fixture.h"

#include "driver/host.h"
#include "sqlite.h"

#define TEXT(text) ((quipu_bytes){ (text), strlen(text) })

struct place {
    char file[64];
    quipu_schema schema;
    quipu_driver_datastore *datastore;
    quipu_driver_schema *bound;
};

static struct place place;

static void open_file(const char *file, uint32_t flags)
{
    if (file != place.file) {
        (void)snprintf(place.file, sizeof(place.file), "%.63s", file);
    }
    place.schema = fixture_schema("stored_events", flags);
    place.datastore = fixture_open(place.file);
    place.bound = fixture_bind(place.datastore, &place.schema);
}

static void open_place(uint32_t flags)
{
    open_file(fixture_file(), flags);
}

static void close_place(void)
{
    fixture_driver()->unbind(place.datastore, place.bound);
    fixture_close(place.datastore);
}

/* ----------------------------------------------------------------- appends */

static quipu_entry_write put(const char *key)
{
    return (quipu_entry_write){ .key = TEXT(key), .value = TEXT("value") };
}

static quipu_entry_write put_at(const char *key, int64_t revision)
{
    quipu_entry_write write = put(key);

    write.flags = QUIPU_ENTRY_EXPECT;
    write.revision = revision;
    return write;
}

static quipu_entry_write delete_of(const char *key)
{
    return (quipu_entry_write){ .key = TEXT(key), .flags = QUIPU_ENTRY_DELETE };
}

static quipu_entry_write check_at(const char *key, int64_t revision)
{
    return (quipu_entry_write){ .key = TEXT(key),
                                .revision = revision,
                                .flags =
                                    QUIPU_ENTRY_EXPECT | QUIPU_ENTRY_CHECK };
}

/* Commits one write without a schema; returns the status of the request. */
static quipu_result try_commit(quipu_driver_datastore *datastore,
                               quipu_entry_write write)
{
    const quipu_conditions conditions = { .entries = &write, .entry_count = 1 };
    const quipu_request request = { .condition = &conditions };
    quipu_result result = { 0 };
    quipu_error error = { 0 };

    assert_ok(fixture_append_all(datastore, &request, 1, &result, &error),
              &error);
    return result;
}

static void commit(quipu_entry_write write)
{
    assert_status(try_commit(place.datastore, write).status, QUIPU_OK);
}

/* ---------------------------------------------------------------- listings */

/* The keys and revisions of a listing, as "a=1 b=2 ". */
static const char *list_from(quipu_driver_datastore *datastore,
                             const char *prefix, const char *from)
{
    static char text[400];
    const quipu_bytes none = { NULL, 0 };
    const quipu_driver *driver = fixture_driver();
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    size_t count = 1;

    text[0] = '\0';
    assert_ok(driver->list_entries(datastore, prefix ? TEXT(prefix) : none,
                                   from ? TEXT(from) : none, FOREVER, &cursor,
                                   &error),
              &error);
    while (count > 0) {
        const void *rows = NULL;

        assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
        for (size_t i = 0; i < count; i++) {
            const quipu_entry *entry = (const quipu_entry *)rows + i;
            const size_t used = strlen(text);

            (void)snprintf(text + used, sizeof(text) - used, "%.*s=%d ",
                           (int)entry->key.size, (const char *)entry->key.data,
                           (int)entry->revision);
        }
    }
    driver->cursor_close(cursor);
    return text;
}

static const char *list(void)
{
    return list_from(place.datastore, NULL, NULL);
}

/* --------------------------------------------------------------- revisions */

static void revision_never_comes_twice(void **state)
{
    (void)state;
    open_place(0);
    assert_string_equal(list(), "");
    commit(delete_of("a"));
    commit(put("a"));
    assert_string_equal(list(), "a=1 ");
    commit(put("a"));
    commit(put("b"));
    commit(put_at("a", 2));
    assert_string_equal(list(), "a=3 b=1 ");
    commit(delete_of("a"));
    commit(delete_of("a"));
    commit(put_at("a", 0));
    assert_string_equal(list(), "a=4 b=1 ");
    commit(delete_of("a")); /* the floor is 4 ... */
    commit(delete_of("b")); /* ... and stays there */
    commit(put("a"));
    commit(put("c"));
    assert_string_equal(list(), "a=5 c=5 ");
    assert_int_equal(
        fixture_ask(place.file, "SELECT count(*) FROM quipu_entries"), 2);
    assert_int_equal(
        fixture_ask(place.file, "SELECT count(*) FROM quipu_revisions"), 1);
    close_place();
}

static void namespaces_have_entries_of_their_own(void **state)
{
    const struct opening spaced = { .name_space = "space" };
    quipu_driver_datastore *other = NULL;
    quipu_error error = { 0 };

    (void)state;
    open_place(0);
    assert_ok(fixture_try_open(place.file, &spaced, &other, &error), &error);
    commit(put("a"));
    commit(put("b"));
    commit(put("b"));
    commit(delete_of("b"));
    assert_status(try_commit(other, put_at("a", 0)).status, QUIPU_OK);
    assert_status(try_commit(other, put("c")).status, QUIPU_OK);
    assert_string_equal(list_from(other, NULL, NULL), "a=1 c=1 ");
    assert_status(try_commit(other, delete_of("a")).status, QUIPU_OK);
    assert_string_equal(list(), "a=1 ");
    fixture_close(other);
    close_place();
}

/* ------------------------------------------------------ groups of requests */

/* With `repeat` the first request is one, so that the strict pass runs. */
static void check_group(uint32_t flags, bool repeat)
{
    struct piece pieces[2];
    const quipu_entry_write writes[] = {
        put_at("k", 0), put_at("k", 1), put_at("k", 1),
        delete_of("k"), put_at("k", 0), check_at("k", 3),
    };
    quipu_conditions conditions[6];
    quipu_request requests[7] = { { .schema = NULL } };
    quipu_result results[7] = { { 0 } };
    quipu_error error = { 0 };

    open_place(flags);
    fixture_piece(&pieces[0], 1, 0, 1);
    fixture_piece(&pieces[1], 1, 1, 2);
    requests[6] = (quipu_request){ .schema = place.bound,
                                   .items = &pieces[0].item,
                                   .item_count = 1 };
    assert_ok(fixture_append_all(place.datastore, &requests[6], 1, &results[0],
                                 &error),
              &error);
    for (size_t i = 0; i < 6; i++) {
        conditions[i] =
            (quipu_conditions){ .entries = &writes[i], .entry_count = 1 };
        requests[i] = (quipu_request){ .condition = &conditions[i] };
    }
    requests[4].schema = place.bound;
    requests[4].items = &pieces[1].item;
    requests[4].item_count = 1;
    assert_ok(fixture_append_all(place.datastore, requests, repeat ? 7 : 6,
                                 results, &error),
              &error);
    for (size_t i = 0; i < 6; i++) {
        assert_status(results[i].status, i == 2 ? QUIPU_CONFLICT : QUIPU_OK);
    }
    assert_int_equal(results[2].cause, QUIPU_CAUSE_ENTRY);
    assert_int_equal(results[2].flags, QUIPU_RESULT_HAS_LAST);
    assert_int_equal(results[2].last_position, 2);
    assert_int_equal(results[4].first_notification_id, 2);
    assert_string_equal(list(), "k=3 ");
    close_place();
}

static void later_request_sees_entries_of_earlier_ones(void **state)
{
    (void)state;
    check_group(0, false);
    check_group(0, true);
    check_group(QUIPU_SCHEMA_SPARSE, false);
    check_group(QUIPU_SCHEMA_SPARSE, true);
}

/* The store has no tables of entries before, and the first pass is rolled
 * back with those that it has created. */
static void refused_request_and_repeat_write_no_entry(void **state)
{
    struct piece stored;
    struct piece taken;
    const quipu_entry_write writes[] = { put("repeat"), put("refused"),
                                         put("kept") };
    quipu_conditions conditions[3];
    quipu_result results[3] = { { 0 } };
    quipu_error error = { 0 };

    (void)state;
    open_place(QUIPU_SCHEMA_SPARSE);
    fixture_piece(&stored, 1, 5, 1);
    fixture_piece(&taken, 1, 5, 2);
    for (size_t i = 0; i < 3; i++) {
        conditions[i] =
            (quipu_conditions){ .entries = &writes[i], .entry_count = 1 };
    }
    const quipu_request requests[] = {
        { .schema = place.bound,
          .items = &stored.item,
          .item_count = 1,
          .condition = &conditions[0] },
        { .schema = place.bound,
          .items = &taken.item,
          .item_count = 1,
          .condition = &conditions[1] },
        { .condition = &conditions[2] },
    };
    const quipu_request first = { .schema = place.bound,
                                  .items = &stored.item,
                                  .item_count = 1 };
    assert_ok(
        fixture_append_all(place.datastore, &first, 1, &results[0], &error),
        &error);
    assert_ok(fixture_append_all(place.datastore, requests, 3, results, &error),
              &error);
    assert_int_equal(results[0].flags, QUIPU_RESULT_REPEATED);
    assert_int_equal(results[1].cause, QUIPU_CAUSE_POSITION);
    assert_status(results[2].status, QUIPU_OK);
    assert_string_equal(list(), "kept=1 ");
    close_place();
}

static void entries_need_no_table_until_one_is_written(void **state)
{
    static const char tables[] = "SELECT count(*) FROM sqlite_schema "
                                 "WHERE name IN ('quipu_entries', "
                                 "'quipu_revisions')";
    (void)state;
    open_place(0);
    fixture_append(place.datastore, place.bound, 1);
    commit(check_at("a", 0));
    commit(delete_of("a"));
    quipu_result result = try_commit(place.datastore, check_at("a", 1));
    assert_status(result.status, QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_ENTRY);
    assert_int_equal(result.flags, 0);
    assert_status(try_commit(place.datastore, put_at("a", 1)).status,
                  QUIPU_CONFLICT);
    assert_int_equal(fixture_ask(place.file, tables), 0);
    commit(put("a"));
    assert_int_equal(fixture_ask(place.file, tables), 2);
    close_place();
}

/* ---------------------------------------------------------------- tracking */

static quipu_result track(int64_t from, int64_t to, uint32_t flags)
{
    const quipu_tracking tracking = { .consumer = TEXT("reader"),
                                      .log = TEXT("log"),
                                      .position = { .notification_id = to } };
    const quipu_conditions conditions = {
        .flags = QUIPU_CONDITIONS_TRACKING_FROM | flags, .tracking_from = from
    };
    const quipu_request request = { .tracking = &tracking,
                                    .condition = &conditions };
    quipu_result result = { 0 };
    quipu_error error = { 0 };

    assert_ok(fixture_append_all(place.datastore, &request, 1, &result, &error),
              &error);
    return result;
}

static void tracking_record_moves_from_where_it_is_expected(void **state)
{
    static const char records[] = "SELECT count(*) FROM quipu_tracking";
    static const char position[] = "SELECT notification_id FROM quipu_tracking";
    const uint32_t rewind = QUIPU_CONDITIONS_TRACKING_REWIND;

    (void)state;
    open_place(0);
    assert_status(track(0, 10, 0).status, QUIPU_OK);
    assert_status(track(0, 11, 0).status, QUIPU_CONFLICT);
    assert_int_equal(track(9, 11, 0).last_position, 10);
    assert_status(track(10, 9, 0).status, QUIPU_ALREADY);
    assert_int_equal(fixture_ask(place.file, position), 10);
    assert_status(track(10, 4, rewind).status, QUIPU_OK);
    assert_int_equal(fixture_ask(place.file, position), 4);
    assert_status(track(10, 0, rewind).status, QUIPU_CONFLICT);
    assert_status(track(4, 0, rewind).status, QUIPU_OK);
    assert_int_equal(fixture_ask(place.file, records), 0);
    assert_status(track(0, 0, rewind).status, QUIPU_OK);
    assert_int_equal(fixture_ask(place.file, records), 0);
    assert_int_equal(track(4, 5, 0).flags, 0);
    close_place();
}

/* ------------------------------------------- functions in the transaction */

static int run_all(void *native, void *context, quipu_error *error)
{
    (void)error;
    for (const char *const *sql = context; *sql; sql++) {
        (void)sqlite3_exec(native, *sql, NULL, NULL, NULL);
    }
    return QUIPU_OK;
}

static int fail_always(void *native, void *context, quipu_error *error)
{
    (void)native;
    (void)context;
    (void)error;
    return QUIPU_INTERNAL;
}

static int transact(quipu_work work, void *context, quipu_entry_write write,
                    quipu_error *error)
{
    const quipu_conditions conditions = { .entries = &write, .entry_count = 1 };
    const quipu_request request = { .condition = &conditions };
    quipu_result result = { 0 };

    return fixture_driver()->transact(place.datastore, &request, work, context,
                                      &result, FOREVER, error);
}

static void function_changes_no_table_of_quipu(void **state)
{
    static const char *const mistakes[] = {
        "INSERT INTO quipu_entries VALUES (1, 'b', 1, x'')",
        "UPDATE quipu_entries SET revision = 7",
        "DELETE FROM Quipu_Entries",
        "DROP TABLE quipu_entries",
        "ALTER TABLE quipu_entries RENAME TO other",
        "UPDATE quipu_revisions SET floor = 1",
        "DROP TABLE quipu_revisions",
        "UPDATE quipu_tracking SET notification_id = 1",
        "UPDATE quipu_heads SET head = 1",
    };
    quipu_error error = { 0 };

    (void)state;
    open_place(0);
    commit(put("a"));
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        const char *statements[] = { "CREATE TABLE IF NOT EXISTS mine (a)",
                                     mistakes[i], NULL };
        assert_refused(transact(run_all, statements, check_at("a", 1), &error),
                       QUIPU_INVALID, &error, "nothing is stored");
        assert_string_equal(list(), "a=1 ");
        assert_int_equal(fixture_ask(place.file,
                                     "SELECT count(*) FROM sqlite_schema "
                                     "WHERE name = 'mine'"),
                         0);
    }
    const char *harmless[] = { "CREATE TABLE mine (a)",
                               "INSERT INTO mine SELECT revision "
                               "FROM quipu_entries",
                               NULL };
    assert_ok(transact(run_all, harmless, check_at("a", 1), &error), &error);
    assert_int_equal(fixture_ask(place.file, "SELECT a FROM mine"), 1);
    close_place();
}

/* The function rolls the creation of the tables back, and statements on them
 * were prepared before. */
static void failed_function_writes_no_entry(void **state)
{
    const char *const files[] = { fixture_file(), ":memory:" };
    quipu_error error = { 0 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        open_file(files[i], 0);
        assert_status(transact(fail_always, NULL, put_at("a", 0), &error),
                      QUIPU_INTERNAL);
        assert_string_equal(list(), "");
        commit(check_at("a", 0));
        commit(put_at("a", 0));
        assert_string_equal(list(), "a=1 ");
        assert_status(transact(fail_always, NULL, put_at("a", 1), &error),
                      QUIPU_INTERNAL);
        assert_string_equal(list(), "a=1 ");
        close_place();
    }
}

/* ---------------------------------------------------------------- triggers */

static void trigger_that_spoils_an_entry_is_refused(void **state)
{
#define ON "CREATE TRIGGER culprit "
    static const char *const triggers[] = {
        ON "BEFORE INSERT ON quipu_entries BEGIN SELECT raise(IGNORE); END",
        ON "BEFORE UPDATE ON quipu_entries BEGIN SELECT raise(IGNORE); END",
        ON "BEFORE DELETE ON quipu_entries BEGIN SELECT raise(IGNORE); END",
        ON "BEFORE INSERT ON quipu_revisions BEGIN SELECT raise(IGNORE); END",
        ON "AFTER INSERT ON quipu_entries BEGIN "
           "UPDATE quipu_entries SET revision = 9; END",
        ON "AFTER UPDATE ON quipu_entries BEGIN SELECT raise(ABORT, 'no'); END",
    };
    const quipu_entry_write writes[] = { put("new"), put("old"),
                                         delete_of("gone") };
    const quipu_conditions conditions = { .entries = writes, .entry_count = 3 };
    const quipu_request request = { .condition = &conditions };
    quipu_result result = { 0 };
    quipu_error error = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(triggers) / sizeof(triggers[0]); i++) {
        open_place(0);
        commit(put("gone"));
        commit(put("old"));
        fixture_sql(place.file, triggers[i]);
        assert_status(
            fixture_append_all(place.datastore, &request, 1, &result, &error),
            QUIPU_DENIED);
        assert_string_equal(list(), "gone=1 old=1 ");
        fixture_sql(place.file, "DROP TRIGGER culprit");
        assert_ok(
            fixture_append_all(place.datastore, &request, 1, &result, &error),
            &error);
        assert_string_equal(list(), "new=1 old=2 ");
        close_place();
    }
}

/* ---------------------------------------------------------------- listings */

static void listing_begins_at_prefix_and_bound(void **state)
{
    static const char *const keys[] = { "a",   "a/1", "a/10",
                                        "a/2", "b",   "\xc3\xa9" };

    (void)state;
    open_place(0);
    for (size_t i = 6; i-- > 0;) {
        commit(put(keys[i]));
    }
    assert_string_equal(list(), "a=1 a/1=1 a/10=1 a/2=1 b=1 \xc3\xa9=1 ");
    assert_string_equal(list_from(place.datastore, "a/", NULL),
                        "a/1=1 a/10=1 a/2=1 ");
    assert_string_equal(list_from(place.datastore, "a/", "a/10"),
                        "a/10=1 a/2=1 ");
    assert_string_equal(list_from(place.datastore, "a/", "A"),
                        "a/1=1 a/10=1 a/2=1 ");
    assert_string_equal(list_from(place.datastore, "a/1", "a/1"),
                        "a/1=1 a/10=1 ");
    assert_string_equal(list_from(place.datastore, "a", "b"), "");
    assert_string_equal(list_from(place.datastore, NULL, "b"),
                        "b=1 \xc3\xa9=1 ");
    close_place();
}

/* Steps through 1000 entries, one of which is larger than a page; after the
 * first step one is added behind, and the WAL can be reset: no transaction is
 * open. */
static void listing_continues_over_pages(void **state)
{
    enum { ENTRIES = 1000, LARGE = 500, SIZE = 300000 };
    const quipu_driver *driver = fixture_driver();
    const quipu_bytes none = { NULL, 0 };
    quipu_entry_write *writes = calloc(ENTRIES, sizeof(*writes));
    char(*keys)[QUIPU_KEY_MAX + 1] = calloc(ENTRIES, sizeof(*keys));
    char *large = calloc(1, SIZE);
    quipu_driver_cursor *cursor = NULL;
    quipu_result result = { 0 };
    quipu_error error = { 0 };
    size_t total = 0;
    size_t count = 0;

    (void)state;
    assert_non_null(writes);
    assert_non_null(keys);
    assert_non_null(large);
    open_place(0);
    for (size_t i = 0; i < ENTRIES; i++) {
        memset(keys[i], 'k', QUIPU_KEY_MAX);
        (void)snprintf(keys[i] + QUIPU_KEY_MAX - 4, 5, "%04d", (int)i);
        writes[i] = put(keys[i]);
        writes[i].value = (quipu_bytes){ large, i == LARGE ? SIZE : i % 3 };
    }
    const quipu_conditions conditions = { .entries = writes,
                                          .entry_count = ENTRIES };
    const quipu_request request = { .condition = &conditions };
    assert_ok(fixture_append_all(place.datastore, &request, 1, &result, &error),
              &error);
    assert_ok(driver->list_entries(place.datastore, none, none, FOREVER,
                                   &cursor, &error),
              &error);
    do {
        const void *rows = NULL;

        assert_ok(driver->step(cursor, FOREVER, &rows, &count, &error), &error);
        for (size_t i = 0; total < ENTRIES && i < count; i++, total++) {
            const quipu_entry *entry = (const quipu_entry *)rows + i;

            assert_bytes(entry->key.data, entry->key.size, keys[total],
                         QUIPU_KEY_MAX);
            assert_bytes(entry->value.data, entry->value.size, large,
                         writes[total].value.size);
            assert_int_equal(entry->revision, 1);
        }
        if (total == count) {
            commit(put("z"));
            assert_int_equal(
                fixture_ask(place.file, "PRAGMA wal_checkpoint(RESTART)"), 0);
        }
        if (count > 0 && total == ENTRIES) {
            const quipu_entry *last = (const quipu_entry *)rows + count - 1;
            assert_bytes(last->key.data, last->key.size, "z", 1);
        }
    } while (count > 0);
    assert_int_equal(total, ENTRIES);
    driver->cursor_close(cursor);
    close_place();
    free(writes);
    free(keys);
    free(large);
}

static void readonly_store_lists_its_entries(void **state)
{
    const struct opening hows[] = {
        { .flags = QUIPU_OPEN_READONLY },
        { .flags = QUIPU_OPEN_READONLY, .option = "immutable", .value = "yes" },
    };
    quipu_error error = { 0 };

    (void)state;
    open_place(0);
    for (int written = 0; written <= 1; written++) {
        if (written != 0) {
            open_file(place.file, 0);
            commit(put("a"));
        }
        close_place();
        for (size_t i = 0; i < 2; i++) {
            quipu_driver_datastore *reader = NULL;
            const quipu_entry_write write = put("b");
            const quipu_conditions conditions = { .entries = &write,
                                                  .entry_count = 1 };
            const quipu_request request = { .condition = &conditions };
            quipu_result result = { 0 };

            assert_ok(fixture_try_open(place.file, &hows[i], &reader, &error),
                      &error);
            assert_string_equal(list_from(reader, NULL, NULL),
                                written != 0 ? "a=1 " : "");
            assert_status(
                fixture_append_all(reader, &request, 1, &result, &error),
                QUIPU_DENIED);
            fixture_close(reader);
        }
    }
}

/* ------------------------------------------------------------------ damage */

static int list_all(quipu_error *error)
{
    const quipu_bytes none = { NULL, 0 };
    const quipu_driver *driver = fixture_driver();
    quipu_driver_cursor *cursor = NULL;
    size_t count = 1;
    int status = driver->list_entries(place.datastore, none, none, FOREVER,
                                      &cursor, error);

    assert_ok(status, error);
    while (status == QUIPU_OK && count > 0) {
        const void *rows = NULL;
        status = driver->step(cursor, FOREVER, &rows, &count, error);
    }
    driver->cursor_close(cursor);
    return status;
}

static void damaged_table_of_entries_is_corrupt(void **state)
{
#define TABLE(columns, rows)                                 \
    "DROP TABLE quipu_entries; CREATE TABLE quipu_entries (" \
    "namespace, key " columns ", revision, value);"          \
    "INSERT INTO quipu_entries VALUES " rows
    static const char *const damages[] = {
        TABLE("", "(1, 'a', 'x', x'')"), TABLE("", "(1, 'a', 0, x'')"),
        TABLE("", "(1, 'a', -7, x'')"),  TABLE("", "(1, 'a', NULL, x'')"),
        TABLE("", "(1, 'a', 1.5, x'')"), "DROP TABLE quipu_revisions",
        "DROP TABLE quipu_entries",
    };
    static const char *const listed[] = {
        "ALTER TABLE quipu_entries DROP COLUMN value",
        TABLE("", "(1, 'a', 1, 'text')"),
        TABLE("", "(1, 'a', 1, NULL)"),
        TABLE("", "(1, x'62', 1, x'')"),
        TABLE("", "(1, '', 1, x'')"),
        TABLE("", "(1, printf('%500s', 'a'), 1, x'')"),
        TABLE("", "(1, 'a', 1, x''), (1, 'a', 1, x'')"),
        TABLE("COLLATE NOCASE",
              "(1, 'a', 1, x''), (1, 'B', 1, x''), (1, 'c', 1, x'')"),
    };
    const size_t count = sizeof(damages) / sizeof(damages[0]);

    (void)state;
    for (size_t i = 0; i < count + sizeof(listed) / sizeof(listed[0]); i++) {
        const quipu_entry_write write = delete_of("a");
        const quipu_conditions conditions = { .entries = &write,
                                              .entry_count = 1 };
        const quipu_request request = { .condition = &conditions };
        quipu_result result = { 0 };
        quipu_error error = { 0 };

        open_place(0);
        commit(put("a"));
        close_place();
        fixture_sql(place.file, i < count ? damages[i] : listed[i - count]);
        open_file(place.file, 0);
        assert_status(list_all(&error), QUIPU_CORRUPT);
        if (i < count) {
            assert_status(fixture_append_all(place.datastore, &request, 1,
                                             &result, &error),
                          QUIPU_CORRUPT);
        }
        close_place();
    }
}

/* Numbers that quipu never writes, and that the tables refuse. */
static void revision_does_not_wrap(void **state)
{
    quipu_error error = { 0 };
    quipu_result result = { 0 };
    const quipu_entry_write writes[] = { put("a"), put("b") };

    (void)state;
    open_place(0);
    commit(put("a"));
    fixture_sql(place.file,
                "UPDATE quipu_entries SET revision = 9223372036854775807;"
                "INSERT INTO quipu_revisions VALUES (1, 9223372036854775807)");
    for (size_t i = 0; i < 2; i++) {
        const quipu_conditions conditions = { .entries = &writes[i],
                                              .entry_count = 1 };
        const quipu_request request = { .condition = &conditions };

        assert_status(
            fixture_append_all(place.datastore, &request, 1, &result, &error),
            QUIPU_CORRUPT);
    }
    close_place();
}

/* -------------------------------------------------- backups and old stores */

static void backup_holds_the_entries(void **state)
{
    const quipu_driver *driver = fixture_driver();
    char copy[32];
    char body[48];
    quipu_error error = { 0 };

    (void)state;
    (void)snprintf(copy, sizeof(copy), "%s", fixture_file());
    const quipu_backup backup = { .struct_size = sizeof(backup), .path = copy };
    open_place(0);
    commit(put("a"));
    commit(put("b"));
    commit(delete_of("b"));
    assert_ok(driver->backup(place.datastore, &backup, FOREVER, &error),
              &error);
    commit(put("a"));
    close_place();
    (void)snprintf(body, sizeof(body), "///%s", fixture_file());
    const quipu_open target = { .struct_size = sizeof(target),
                                .scheme = "sqlite",
                                .body = body,
                                .rest = body,
                                .name_space = "" };
    assert_ok(
        driver->restore(quipu_host_table(), &target, &backup, FOREVER, &error),
        &error);
    open_file(body + 3, 0);
    assert_string_equal(list(), "a=1 ");
    commit(put("b"));
    assert_string_equal(list(), "a=1 b=2 ");
    close_place();
}

/* Copies a store that an earlier release wrote; returns its new name. */
static const char *copy_of(const char *store)
{
    const char *file = fixture_file();
    size_t size = 0;
    unsigned char *bytes = fixture_bytes(store, &size);
    FILE *stream = fopen(file, "wb");

    assert_non_null(bytes);
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, size, stream), size);
    assert_int_equal(fclose(stream), 0);
    free(bytes);
    return file;
}

static void store_of_an_earlier_release_takes_entries(void **state)
{
    (void)state;
    open_file(copy_of(OLD_STORE), 0);
    assert_int_equal(fixture_count(place.datastore, place.bound), 5);
    assert_string_equal(list(), "");
    commit(check_at("a", 0));
    assert_string_equal(list(), "");
    commit(put("a"));
    fixture_append(place.datastore, place.bound, 1);
    assert_int_equal(fixture_count(place.datastore, place.bound), 6);
    assert_string_equal(list(), "a=1 ");
    close_place();
    assert_int_equal(fixture_ask(place.file, "SELECT format FROM quipu_store"),
                     1);
    assert_int_equal(fixture_ask(place.file, "SELECT integrity_check = 'ok' "
                                             "FROM pragma_integrity_check"),
                     1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(revision_never_comes_twice),
        cmocka_unit_test(namespaces_have_entries_of_their_own),
        cmocka_unit_test(later_request_sees_entries_of_earlier_ones),
        cmocka_unit_test(refused_request_and_repeat_write_no_entry),
        cmocka_unit_test(entries_need_no_table_until_one_is_written),
        cmocka_unit_test(tracking_record_moves_from_where_it_is_expected),
        cmocka_unit_test(function_changes_no_table_of_quipu),
        cmocka_unit_test(failed_function_writes_no_entry),
        cmocka_unit_test(trigger_that_spoils_an_entry_is_refused),
        cmocka_unit_test(listing_begins_at_prefix_and_bound),
        cmocka_unit_test(listing_continues_over_pages),
        cmocka_unit_test(readonly_store_lists_its_entries),
        cmocka_unit_test(damaged_table_of_entries_is_corrupt),
        cmocka_unit_test(revision_does_not_wrap),
        cmocka_unit_test(backup_holds_the_entries),
        cmocka_unit_test(store_of_an_earlier_release_takes_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
