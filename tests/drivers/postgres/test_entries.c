/* SPDX-License-Identifier: Apache-2.0 */
/* Key-value entries and expected tracking records: races of many sessions, and
 * what waits for what. */
#include "fixture.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>

#define RUNNERS 12
#define LONG_TIME (20 * SECOND)
#define SHORT_TIME (100 * MILLISECOND)

static quipu_bytes bytes_of(const char *text)
{
    return (quipu_bytes){ text, strlen(text) };
}

/* The parts of an append. */
struct part {
    quipu_driver_schema *bound;
    const quipu_item *item;
    const quipu_tracking *tracking;
    const quipu_entry_write *entries;
    size_t entry_count;
    uint32_t flags; /* enum quipu_conditions_flag */
    int64_t tracking_from;
};

static quipu_request request_of(const struct part *part,
                                quipu_conditions *conditions)
{
    *conditions = (quipu_conditions){ .struct_size = sizeof(*conditions),
                                      .flags = part->flags,
                                      .entries = part->entries,
                                      .entry_count = part->entry_count,
                                      .tracking_from = part->tracking_from };
    return (quipu_request){ .schema = part->bound,
                            .items = part->item,
                            .item_count = part->item ? 1 : 0,
                            .tracking = part->tracking,
                            .condition = conditions };
}

static int append(quipu_driver_datastore *datastore, const struct part *part,
                  int64_t time, quipu_result *result, quipu_error *error)
{
    quipu_conditions conditions;
    const quipu_request request = request_of(part, &conditions);
    size_t taken = 0;
    *result = (quipu_result){ 0 };
    int status = fixture_driver()->append(datastore, &request, 1, result,
                                          &taken, fixture_now() + time, error);
    return status == QUIPU_OK ? result->status : status;
}

static quipu_entry_write write_of(const char *key, const char *value,
                                  uint32_t flags, int64_t revision)
{
    return (quipu_entry_write){ .key = bytes_of(key),
                                .value = value ? bytes_of(value)
                                               : (quipu_bytes){ NULL, 0 },
                                .flags = flags,
                                .revision = revision };
}

static int put(quipu_driver_datastore *datastore, quipu_entry_write write,
               int64_t time, quipu_result *result)
{
    quipu_error error = { 0 };
    return append(datastore,
                  &(struct part){ .entries = &write, .entry_count = 1 }, time,
                  result, &error);
}

static int put_quickly(quipu_driver_datastore *datastore,
                       quipu_entry_write write)
{
    quipu_result result;
    return put(datastore, write, SHORT_TIME, &result);
}

static void assert_put(quipu_driver_datastore *datastore,
                       quipu_entry_write write)
{
    quipu_result result;
    assert_ok(put(datastore, write, LONG_TIME, &result), NULL);
}

/* Lists entries; returns how many there are, or -1.  The first of them is
 * copied. */
struct copy {
    char key[64];
    char value[64];
    int64_t revision;
};
static int64_t list(quipu_driver_datastore *datastore, const char *prefix,
                    const char *from, struct copy *first)
{
    const quipu_driver *driver = fixture_driver();
    quipu_driver_cursor *cursor = NULL;
    quipu_error error = { 0 };
    int64_t total = 0;
    size_t count = 1;
    int64_t deadline = fixture_now() + LONG_TIME;
    if (driver->list_entries(datastore, bytes_of(prefix), bytes_of(from),
                             deadline, &cursor, &error) != QUIPU_OK) {
        return -1;
    }
    for (size_t i = 0; count > 0 && total >= 0; i++) {
        const void *rows = NULL;
        if (driver->step(cursor, deadline, &rows, &count, &error) != QUIPU_OK) {
            total = -1;
            break;
        }
        const quipu_entry *entries = rows;
        if (i == 0 && count > 0) {
            *first = (struct copy){ .revision = entries[0].revision };
            memcpy(first->key, entries[0].key.data, entries[0].key.size);
            memcpy(first->value, entries[0].value.data,
                   entries[0].value.size < sizeof(first->value)
                       ? entries[0].value.size
                       : sizeof(first->value) - 1);
        }
        total += (int64_t)count;
    }
    driver->cursor_close(cursor);
    return total;
}

/* The revision of an entry; 0: there is none. */
static int64_t revision_of(quipu_driver_datastore *datastore, const char *key)
{
    struct copy copy;
    int64_t count = list(datastore, key, key, &copy);
    return count > 0 && strcmp(copy.key, key) == 0 ? copy.revision : 0;
}

/* ------------------------------------------------------------- one session */

static void entries_are_written_deleted_and_listed(void **state)
{
    quipu_driver_datastore *datastore = fixture_open("schema=entries1");
    struct copy copy;
    quipu_result result;
    (void)state;
    assert_int_equal(list(datastore, "", "", &copy), 0);
    assert_put(datastore, write_of("a/b", "one", QUIPU_ENTRY_EXPECT, 0));
    assert_put(datastore, write_of("a/b", "two", QUIPU_ENTRY_EXPECT, 1));
    assert_put(datastore, write_of("a/c", "", 0, 0));
    assert_put(datastore, write_of("b", "three", 0, 0));
    assert_int_equal(list(datastore, "", "", &copy), 3);
    assert_int_equal(list(datastore, "a/", "", &copy), 2);
    assert_string_equal(copy.key, "a/b");
    assert_string_equal(copy.value, "two");
    assert_int_equal(copy.revision, 2);
    assert_int_equal(list(datastore, "a", "a/c", &copy), 1);
    assert_int_equal(
        put(datastore,
            write_of("a/b", NULL, QUIPU_ENTRY_EXPECT | QUIPU_ENTRY_DELETE, 1),
            LONG_TIME, &result),
        QUIPU_CONFLICT);
    assert_int_equal(result.cause, QUIPU_CAUSE_ENTRY);
    assert_true((result.flags & QUIPU_RESULT_HAS_LAST) != 0);
    assert_int_equal(result.last_position, 2);
    assert_put(datastore, write_of("a/b", NULL, QUIPU_ENTRY_DELETE, 0));
    assert_put(datastore, write_of("a/b", NULL, QUIPU_ENTRY_DELETE, 0));
    assert_int_equal(revision_of(datastore, "a/b"), 0);
    assert_int_equal(
        put(datastore,
            write_of("a/b", NULL, QUIPU_ENTRY_EXPECT | QUIPU_ENTRY_CHECK, 2),
            LONG_TIME, &result),
        QUIPU_CONFLICT);
    assert_int_equal(result.flags & QUIPU_RESULT_HAS_LAST, 0);
    assert_put(datastore, write_of("a/b", "new", QUIPU_ENTRY_EXPECT, 0));
    assert_int_equal(revision_of(datastore, "a/b"), 3);
    assert_put(datastore, write_of("a/b", NULL, QUIPU_ENTRY_DELETE, 0));
    assert_put(datastore, write_of("a/c", NULL, QUIPU_ENTRY_DELETE, 0));
    assert_put(datastore, write_of("a/b", "newer", QUIPU_ENTRY_EXPECT, 0));
    assert_int_equal(revision_of(datastore, "a/b"), 4);
    fixture_close(datastore);
}

/* Pages are limited by rows and by bytes. */
static void listing_has_all_entries_of_all_pages(void **state)
{
    enum { MANY = 1000, SIZE = 3 << 20 };
    quipu_driver_datastore *datastore = fixture_open("schema=entries2");
    quipu_entry_write *writes = calloc(MANY, sizeof(*writes));
    char(*keys)[16] = calloc(MANY, sizeof(*keys));
    char *large = calloc(1, SIZE);
    quipu_result result;
    quipu_error error = { 0 };
    struct copy copy;
    (void)state;
    assert_true(writes && keys && large);
    for (int i = 0; i < MANY; i++) {
        (void)snprintf(keys[i], sizeof(keys[i]), "key %04d", MANY - 1 - i);
        writes[i] = write_of(keys[i], i % 400 == 0 ? "" : "x", 0, 0);
    }
    for (int i = 100; i < 104; i++) {
        writes[i].value = (quipu_bytes){ large, SIZE };
    }
    const struct part part = { .entries = writes, .entry_count = MANY };
    assert_ok(append(datastore, &part, LONG_TIME, &result, &error), &error);
    assert_int_equal(list(datastore, "", "", &copy), MANY);
    assert_int_equal(list(datastore, "key 0", "key 0500", &copy), 500);
    assert_int_equal(revision_of(datastore, "key 0899"), 1);
    free(large);
    free(keys);
    free(writes);
    fixture_close(datastore);
}

/* Each request is checked against what the accepted ones before it leave. */
static void requests_of_a_batch_are_checked_in_their_order(void **state)
{
    enum { COUNT = 7 };
    quipu_driver_datastore *datastore = fixture_open("schema=entries3");
    const quipu_schema schema = fixture_schema("plain");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    const quipu_entry_write writes[COUNT] = {
        write_of("k", "a", QUIPU_ENTRY_EXPECT, 0),
        write_of("k", "b", QUIPU_ENTRY_EXPECT, 0), /* conflict at 1 */
        write_of("k", "c", QUIPU_ENTRY_EXPECT, 1),
        write_of("k", NULL, QUIPU_ENTRY_DELETE, 0),
        write_of("k", NULL, QUIPU_ENTRY_EXPECT | QUIPU_ENTRY_CHECK, 0),
        write_of("k", "d", QUIPU_ENTRY_EXPECT, 0), /* revision 3 */
        write_of("k", NULL, QUIPU_ENTRY_EXPECT | QUIPU_ENTRY_CHECK, 3),
    };
    quipu_conditions conditions[COUNT];
    quipu_request requests[COUNT];
    quipu_result results[COUNT] = { { 0 } };
    struct piece pieces[COUNT];
    quipu_error error = { 0 };
    size_t taken = 0;
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        fixture_piece(&pieces[i], 1, -1, (uint64_t)i + 1);
        const struct part part = { .bound = i % 2 == 0 ? bound : NULL,
                                   .item = i % 2 == 0 ? &pieces[i].item : NULL,
                                   .entries = &writes[i],
                                   .entry_count = 1 };
        requests[i] = request_of(&part, &conditions[i]);
    }
    assert_ok(fixture_driver()->append(datastore, requests, COUNT, results,
                                       &taken, fixture_now() + LONG_TIME,
                                       &error),
              &error);
    assert_int_equal(taken, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(results[i].status, i == 1 ? QUIPU_CONFLICT : QUIPU_OK);
    }
    assert_int_equal(results[1].last_position, 1);
    assert_int_equal(revision_of(datastore, "k"), 3);
    assert_int_equal(fixture_head(datastore, bound), 4);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

/* ------------------------------------------------------------------- races */

/* A race: each runner does the same thing on a session of its own. */
struct runner {
    quipu_driver_datastore *datastore;
    struct part part;
    int status;
    quipu_result result;
    quipu_error error;
    pthread_t thread;
    pthread_barrier_t *start;
};

static void *run(void *context)
{
    struct runner *runner = context;
    (void)pthread_barrier_wait(runner->start);
    runner->error = (quipu_error){ 0 };
    runner->status = append(runner->datastore, &runner->part, LONG_TIME,
                            &runner->result, &runner->error);
    return NULL;
}

static struct runner runners[RUNNERS];

static void open_runners(const char *options)
{
    for (int i = 0; i < RUNNERS; i++) {
        runners[i] = (struct runner){ .datastore = fixture_open(options) };
    }
}

static void close_runners(void)
{
    for (int i = 0; i < RUNNERS; i++) {
        fixture_close(runners[i].datastore);
    }
}

/* Runs the race; returns the number of winners.  All others have a conflict. */
static int race(void)
{
    pthread_barrier_t start;
    int winners = 0;
    (void)pthread_barrier_init(&start, NULL, RUNNERS);
    for (int i = 0; i < RUNNERS; i++) {
        runners[i].start = &start;
        assert_int_equal(
            pthread_create(&runners[i].thread, NULL, run, &runners[i]), 0);
    }
    for (int i = 0; i < RUNNERS; i++) {
        (void)pthread_join(runners[i].thread, NULL);
    }
    (void)pthread_barrier_destroy(&start);
    for (int i = 0; i < RUNNERS; i++) {
        if (runners[i].status == QUIPU_OK) {
            winners++;
        } else {
            quipu_test_status(runners[i].status, QUIPU_CONFLICT,
                              &runners[i].error, "race", __FILE__, __LINE__);
        }
    }
    return winners;
}

/* Each write requires that the entry is at the revision before it: there is
 * none, it is there, it was deleted. */
static void one_of_the_racing_writers_wins(void **state)
{
    int64_t revision = 0;
    (void)state;
    open_runners("schema=entries4&pool=1");
    for (int round = 0; round < 40; round++) {
        bool deletes = round % 4 == 3;
        const quipu_entry_write write =
            write_of("k", deletes ? NULL : "v",
                     QUIPU_ENTRY_EXPECT | (deletes ? QUIPU_ENTRY_DELETE : 0u),
                     round % 4 == 0 ? 0 : revision);
        for (int i = 0; i < RUNNERS; i++) {
            runners[i].part =
                (struct part){ .entries = &write, .entry_count = 1 };
        }
        assert_int_equal(race(), 1);
        revision += deletes ? 0 : 1;
        assert_int_equal(revision_of(runners[0].datastore, "k"),
                         deletes ? 0 : revision);
    }
    close_runners();
}

/* Two entries in the opposite order, with checks of them: no session waits for
 * one that waits for it. */
static void opposite_orders_cause_no_deadlock(void **state)
{
    const uint32_t check = QUIPU_ENTRY_EXPECT | QUIPU_ENTRY_CHECK;
    const quipu_entry_write forth[] = { write_of("a", "v", 0, 0),
                                        write_of("b", NULL, check, 1),
                                        write_of("c", "v", 0, 0),
                                        write_of("d", NULL, check, 0) };
    const quipu_entry_write back[] = { write_of("d", NULL, check, 0),
                                       write_of("c", NULL, check, 1),
                                       write_of("b", NULL, check, 1),
                                       write_of("a", "v", 0, 0) };
    int64_t deadlocks = 0;
    (void)state;
    open_runners("schema=entries5&pool=1");
    assert_put(runners[0].datastore, write_of("b", "v", 0, 0));
    assert_put(runners[0].datastore, write_of("c", "v", 0, 0));
    deadlocks = fixture_ask("SELECT sum(deadlocks) FROM pg_stat_database");
    for (int round = 0; round < 30; round++) {
        for (int i = 0; i < RUNNERS; i++) {
            runners[i].part =
                (struct part){ .entries = i % 2 == 0 ? forth : back,
                               .entry_count = 4 };
        }
        (void)race();
    }
    assert_int_equal(fixture_ask("SELECT sum(deadlocks) FROM pg_stat_database"),
                     deadlocks);
    close_runners();
}

/* Creates, writes and deletes one entry until the time is over, and notes each
 * value under the revision that a read finds. */
#define REVISIONS 20000
static _Atomic int64_t values[REVISIONS];
static _Atomic bool twice;
static _Atomic bool failed;

static void note(quipu_driver_datastore *datastore)
{
    struct copy copy;
    if (list(datastore, "k", "k", &copy) > 0) {
        int64_t none = 0;
        int64_t value = strtoll(copy.value, NULL, 10);
        if (copy.revision >= REVISIONS ||
            (!atomic_compare_exchange_strong(&values[copy.revision], &none,
                                             value) &&
             none != value)) {
            atomic_store(&twice, true);
        }
    }
}

static void *churn(void *context)
{
    struct runner *runner = context;
    int64_t number = runner - runners + 1;
    int64_t end = fixture_now() + 3 * SECOND;
    (void)pthread_barrier_wait(runner->start);
    for (int64_t i = 0; fixture_now() < end; i++) {
        char value[32];
        quipu_result result;
        (void)snprintf(value, sizeof(value), "%" PRId64, i * RUNNERS + number);
        int status =
            put(runner->datastore,
                i % 3 == 0   ? write_of("k", NULL, QUIPU_ENTRY_DELETE, 0)
                : i % 3 == 1 ? write_of("k", value, QUIPU_ENTRY_EXPECT, 0)
                             : write_of("k", value, 0, 0),
                LONG_TIME, &result);
        if (status != QUIPU_OK && status != QUIPU_CONFLICT) {
            atomic_store(&failed, true);
        }
        note(runner->datastore);
    }
    return NULL;
}

static void no_revision_comes_twice(void **state)
{
    pthread_barrier_t start;
    (void)state;
    open_runners("schema=entries6&pool=1");
    (void)pthread_barrier_init(&start, NULL, RUNNERS);
    for (int i = 0; i < RUNNERS; i++) {
        runners[i].start = &start;
        assert_int_equal(
            pthread_create(&runners[i].thread, NULL, churn, &runners[i]), 0);
    }
    for (int i = 0; i < RUNNERS; i++) {
        (void)pthread_join(runners[i].thread, NULL);
    }
    (void)pthread_barrier_destroy(&start);
    assert_false(atomic_load(&failed));
    assert_false(atomic_load(&twice));
    close_runners();
}

/* --------------------------------------------------------- tracking records */

static void one_of_the_racing_consumers_wins(void **state)
{
    int64_t from = 0;
    (void)state;
    open_runners("schema=entries7&pool=1");
    for (int round = 0; round < 40; round++) {
        bool removes = round % 4 == 3;
        int64_t to = removes ? 0 : round % 4 == 2 ? from - 1 : from + 10;
        const quipu_tracking tracking = {
            .consumer = { "consumer", 8 },
            .log = { "log", 3 },
            .position = { .notification_id = to },
        };
        for (int i = 0; i < RUNNERS; i++) {
            runners[i].part = (struct part){
                .tracking = &tracking,
                .flags = QUIPU_CONDITIONS_TRACKING_FROM |
                         (to <= from ? QUIPU_CONDITIONS_TRACKING_REWIND : 0u),
                .tracking_from = from
            };
        }
        assert_int_equal(race(), 1);
        for (int i = 0; i < RUNNERS; i++) {
            if (runners[i].status != QUIPU_OK) {
                assert_int_equal(runners[i].result.cause, QUIPU_CAUSE_TRACKING);
                assert_int_equal(
                    (runners[i].result.flags & QUIPU_RESULT_HAS_LAST) != 0,
                    to != 0);
                assert_int_equal(runners[i].result.last_position, to);
            }
        }
        from = to;
    }
    close_runners();
}

/* ----------------------------------------------------- inside a transaction */

/* The function in a transaction appends on another session. */
struct inside {
    quipu_driver_datastore *other;
    quipu_entry_write writes[4];
    int statuses[4];
    size_t count;
    quipu_driver_schema *bound; /* to append an item to */
};

static int run_inside(void *connection, void *context, quipu_error *error)
{
    struct inside *inside = context;
    (void)connection;
    (void)error;
    for (size_t i = 0; i < inside->count; i++) {
        inside->statuses[i] = put_quickly(inside->other, inside->writes[i]);
    }
    if (inside->bound) {
        struct piece piece;
        quipu_result result;
        quipu_error own = { 0 };
        fixture_piece(&piece, 1, -1, 77);
        return fixture_put(inside->other, inside->bound, &piece, LONG_TIME,
                           &result, &own);
    }
    return QUIPU_OK;
}

static int transact(quipu_driver_datastore *datastore, const struct part *part,
                    struct inside *inside, quipu_result *result)
{
    quipu_conditions conditions;
    const quipu_request request = request_of(part, &conditions);
    quipu_error error = { 0 };
    *result = (quipu_result){ 0 };
    int status =
        fixture_driver()->transact(datastore, &request, run_inside, inside,
                                   result, fixture_now() + LONG_TIME, &error);
    return status == QUIPU_OK ? result->status : status;
}

static void check_holds_and_does_not_stop_other_checks(void **state)
{
    const uint32_t check = QUIPU_ENTRY_EXPECT | QUIPU_ENTRY_CHECK;
    quipu_driver_datastore *datastore = fixture_open("schema=entries8");
    quipu_driver_datastore *other = fixture_open("schema=entries8");
    const quipu_entry_write checks[] = { write_of("here", NULL, check, 1),
                                         write_of("missing", NULL, check, 0) };
    struct inside inside = {
        .other = other,
        .writes = { write_of("here", NULL, check, 1),
                    write_of("missing", NULL, check, 0),
                    write_of("here", "v", 0, 0),
                    write_of("missing", "v", 0, 0) },
        .count = 4,
    };
    quipu_result result;
    (void)state;
    assert_put(datastore, write_of("here", "v", 0, 0));
    const struct part part = { .entries = checks, .entry_count = 2 };
    assert_ok(transact(datastore, &part, &inside, &result), NULL);
    assert_int_equal(inside.statuses[0], QUIPU_OK);
    assert_int_equal(inside.statuses[1], QUIPU_OK);
    assert_int_equal(inside.statuses[2], QUIPU_BUSY);
    assert_int_equal(inside.statuses[3], QUIPU_BUSY);
    assert_put(other, inside.writes[2]);
    assert_put(other, inside.writes[3]);
    fixture_close(other);
    fixture_close(datastore);
}

static void append_without_items_stops_no_append(void **state)
{
    const quipu_schema schema = fixture_schema("plain");
    quipu_driver_datastore *datastore = fixture_open("schema=entries9");
    quipu_driver_datastore *other = fixture_open("schema=entries9");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    quipu_driver_schema *others = fixture_bind(other, &schema);
    const quipu_entry_write write = write_of("k", "v", QUIPU_ENTRY_EXPECT, 0);
    const quipu_tracking tracking = { .consumer = { "consumer", 8 },
                                      .log = { "log", 3 },
                                      .position = { .notification_id = 3 } };
    struct inside inside = { .other = other,
                             .writes = { write_of("other", "v", 0, 0) },
                             .count = 1,
                             .bound = others };
    const struct part part = { .bound = bound,
                               .tracking = &tracking,
                               .entries = &write,
                               .entry_count = 1,
                               .flags = QUIPU_CONDITIONS_TRACKING_FROM };
    quipu_result result;
    (void)state;
    assert_ok(transact(datastore, &part, &inside, &result), NULL);
    assert_ok(inside.statuses[0], NULL);
    assert_int_equal(fixture_head(datastore, bound), 1);
    assert_int_equal(revision_of(datastore, "k"), 1);
    fixture_driver()->unbind(other, others);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(other);
    fixture_close(datastore);
}

/* ------------------------------------------------------------ older stores */

/* Runs the statements of a file, as psql does. */
static void run_file(const char *path)
{
    static char sql[1 << 16];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t size = fread(sql, 1, sizeof(sql) - 1, file);
    assert_true(size > 0 && size < sizeof(sql) - 1);
    (void)fclose(file);
    PGconn *pg = PQconnectdb("");
    PGresult *result = PQexec(pg, sql);
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    PQfinish(pg);
}

/* One append has an item, an entry, and a tracking record that is rewound. */
static void store_of_version_0_1_0_takes_entries(void **state)
{
    const quipu_schema schema = fixture_schema("stored_events");
    const quipu_entry_write write = write_of("k", "v", QUIPU_ENTRY_EXPECT, 0);
    const quipu_tracking tracking = { .consumer = { "report", 6 },
                                      .log = { "things", 6 },
                                      .position = { .notification_id = 1 } };
    struct piece piece;
    quipu_result result;
    quipu_error error = { 0 };
    (void)state;
    run_file(OLD_STORE);
    quipu_driver_datastore *datastore = fixture_open("schema=old&closed=yes");
    quipu_driver_schema *bound = fixture_bind(datastore, &schema);
    assert_int_equal(fixture_head(datastore, bound), 6);
    assert_int_equal(revision_of(datastore, "k"), 0);
    fixture_piece(&piece, 1, -1, 7);
    piece.item.state = (quipu_bytes){ "\x80", 1 }; /* an empty map */
    const struct part part = { .bound = bound,
                               .item = &piece.item,
                               .tracking = &tracking,
                               .entries = &write,
                               .entry_count = 1,
                               .flags = QUIPU_CONDITIONS_TRACKING_FROM |
                                        QUIPU_CONDITIONS_TRACKING_REWIND,
                               .tracking_from = 3 };
    assert_ok(append(datastore, &part, LONG_TIME, &result, &error), &error);
    assert_int_equal(result.first_notification_id, 7);
    assert_int_equal(revision_of(datastore, "k"), 1);
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
#ifdef QUIPU_PROGRAM
    static const char command[] =
        "\"" QUIPU_PROGRAM "\" verify 'postgresql:///?schema=old'";

    /* NOLINTNEXTLINE(cert-env33-c): the test's own command. */
    int verified = system(command);

    assert_int_equal(verified, 0);
#endif
}

static void older_store_gets_the_table_with_its_first_entry(void **state)
{
    quipu_driver_datastore *datastore = fixture_open("schema=entries10");
    quipu_driver_datastore *reader = NULL;
    struct copy copy;
    (void)state;
    fixture_sql("DROP TABLE entries10.quipu_entries");
    reader = fixture_open("schema=entries10&readonly=yes");
    assert_int_equal(list(reader, "", "", &copy), 0);
    assert_int_equal(list(datastore, "k", "", &copy), 0);
    assert_put(datastore, write_of("k", "v", QUIPU_ENTRY_EXPECT, 0));
    assert_int_equal(revision_of(reader, "k"), 1);
    fixture_close(reader);
    fixture_close(datastore);
}

static void racing_first_entries_make_one_table(void **state)
{
    const quipu_entry_write write = write_of("k", "v", QUIPU_ENTRY_EXPECT, 0);
    (void)state;
    open_runners("schema=entries11&pool=1");
    fixture_sql("DROP TABLE entries11.quipu_entries");
    for (int i = 0; i < RUNNERS; i++) {
        runners[i].part = (struct part){ .entries = &write, .entry_count = 1 };
    }
    assert_int_equal(race(), 1);
    close_runners();
}

static void missing_right_to_make_the_table_is_named(void **state)
{
    const quipu_entry_write write = write_of("k", "v", 0, 0);
    const struct part part = { .entries = &write, .entry_count = 1 };
    quipu_result result;
    quipu_error error = { 0 };
    (void)state;
    fixture_close(fixture_open("schema=entries12"));
    fixture_sql("DROP TABLE entries12.quipu_entries");
    fixture_sql("CREATE ROLE worker LOGIN");
    fixture_sql("GRANT USAGE ON SCHEMA entries12 TO worker");
    fixture_sql("GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA entries12"
                " TO worker");
    quipu_driver_datastore *worker =
        fixture_open("schema=entries12&user=worker");
    assert_refused(append(worker, &part, LONG_TIME, &result, &error),
                   QUIPU_DENIED, &error,
                   "grant CREATE on the PostgreSQL schema");
    assert_contains(error.message, "quipu_entries");
    fixture_close(worker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_written_deleted_and_listed),
        cmocka_unit_test(listing_has_all_entries_of_all_pages),
        cmocka_unit_test(requests_of_a_batch_are_checked_in_their_order),
        cmocka_unit_test(one_of_the_racing_writers_wins),
        cmocka_unit_test(opposite_orders_cause_no_deadlock),
        cmocka_unit_test(no_revision_comes_twice),
        cmocka_unit_test(one_of_the_racing_consumers_wins),
        cmocka_unit_test(check_holds_and_does_not_stop_other_checks),
        cmocka_unit_test(append_without_items_stops_no_append),
        cmocka_unit_test(store_of_version_0_1_0_takes_entries),
        cmocka_unit_test(older_store_gets_the_table_with_its_first_entry),
        cmocka_unit_test(racing_first_entries_make_one_table),
        cmocka_unit_test(missing_right_to_make_the_table_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL) != 0;
}
