/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The WAL-reset bug release of SQLite before 3.51.3: a checkpoint coincides
 * with a WAL reset (docs/sqlite.md). Shows that bare connections lose a commit
 * by it, that an append waits for a checkpoint of the driver, and that
 * processes which run a checkpoint after each commit lose nothing. QUIPU_SOAK
 * sets the seconds of the last test.
 */
#include "fixture.h"

#include "drivers/common/processes.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "shim.h"

#define FIXED_IN 3051003 /* of SQLite */

static int install(void **state)
{
    (void)state;
    shim_install();
    return 0;
}

static int use_new_file(void **state)
{
    static char name[32];
    (void)snprintf(name, sizeof(name), "%s", fixture_file());
    *state = name;
    return 0;
}

static int take_hooks_out(void **state)
{
    (void)state;
    shim_at(SHIM_CHECKPOINT, NULL, NULL);
    shim_at(SHIM_SURPRISE, NULL, NULL);
    return 0;
}

/* ----------------------------------------------------------- bare SQLite */

static sqlite3 *open_alone(const char *file)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL),
        SQLITE_OK);
    assert_int_equal(sqlite3_wal_autocheckpoint(db, 0), SQLITE_OK);
    return db;
}

static void execute(sqlite3 *db, const char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void checkpoint(sqlite3 *db)
{
    assert_int_equal(sqlite3_wal_checkpoint_v2(
                         db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL),
                     SQLITE_OK);
}

static void write_one(void *writer)
{
    execute(writer, "INSERT INTO t VALUES (1)");
}

/*
 * The WAL is long, and all of it has been copied. A checkpoint reads its
 * length; a writer resets the WAL; the checkpoint records the old length as
 * copied. The next frames count as copied and are not read from the WAL: the
 * commit is lost.
 */
static void bare_connections_lose_a_commit(void **state)
{
    const char *file = *state;
    sqlite3 *writer = open_alone(file);
    sqlite3 *other = open_alone(file);
    execute(writer, "CREATE TABLE t (x); CREATE TABLE filler (x);"
                    "INSERT INTO filler VALUES (randomblob(200000))");
    checkpoint(writer);
    shim_at(SHIM_SURPRISE, write_one, writer);
    checkpoint(other);
    shim_at(SHIM_SURPRISE, NULL, NULL);
    execute(writer, "INSERT INTO t VALUES (2)");
    int64_t seen = fixture_ask(file, "SELECT count(*) FROM t");
    assert_int_equal(seen, sqlite3_libversion_number() < FIXED_IN ? 1 : 2);
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    assert_int_equal(sqlite3_close(writer), SQLITE_OK);
}

/* ------------------------------------------------------------ the driver */

static quipu_driver_schema *open_eager(const char *file,
                                       quipu_driver_datastore **datastore)
{
    const struct opening how = { .option = "checkpoint", .value = "1" };
    quipu_schema schema = fixture_schema("stored_events", 0);
    quipu_error error = { 0 };
    assert_ok(fixture_try_open(file, &how, datastore, &error), &error);
    return fixture_bind(*datastore, &schema);
}

static void close_eager(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound)
{
    fixture_driver()->unbind(datastore, bound);
    fixture_close(datastore);
}

/* The process that runs a checkpoint lets the other one append. */
struct visit {
    const char *file;
    atomic_int stage; /* 1: opened; 2: append now; 3: done; 4: exit */
    atomic_int answer;
    atomic_int visits;
};

static void append_when_asked(void *context)
{
    struct visit *visit = context;
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *bound = open_eager(visit->file, &datastore);
    shim_at(SHIM_CHECKPOINT, NULL, NULL);
    atomic_store(&visit->stage, 1);
    for (;;) {
        int stage = atomic_load(&visit->stage);
        if (stage == 4) {
            break;
        }
        if (stage != 2) {
            (void)usleep(100);
            continue;
        }
        struct piece piece;
        quipu_result result = { 0 };
        size_t taken = 0;
        fixture_piece(&piece, 9, -1,
                      1u + (uint32_t)atomic_load(&visit->visits));
        const quipu_request request = { .schema = bound,
                                        .items = &piece.item,
                                        .item_count = 1 };
        atomic_store(
            &visit->answer,
            fixture_driver()->append(datastore, &request, 1, &result, &taken,
                                     fixture_now() + SECOND / 100, NULL));
        atomic_store(&visit->stage, 3);
    }
    close_eager(datastore, bound);
}

static void ask_the_other(void *context)
{
    struct visit *visit = context;
    (void)atomic_fetch_add(&visit->visits, 1);
    atomic_store(&visit->stage, 2);
    while (atomic_load(&visit->stage) != 3) {
        (void)usleep(100);
    }
    assert_int_equal(atomic_load(&visit->answer), QUIPU_BUSY);
}

static void append_waits_for_a_checkpoint(void **state)
{
    struct visit *visit = share_memory(sizeof(*visit));
    quipu_driver_datastore *datastore = NULL;
    visit->file = *state;
    pid_t other = start_child(append_when_asked, visit);
    while (atomic_load(&visit->stage) != 1) {
        (void)usleep(100);
    }
    quipu_driver_schema *bound = open_eager(visit->file, &datastore);
    shim_at(SHIM_CHECKPOINT, ask_the_other, visit);
    for (int i = 0; i < 10; i++) {
        fixture_append(datastore, bound, 1);
    }
    shim_at(SHIM_CHECKPOINT, NULL, NULL);
    assert_true(atomic_load(&visit->visits) >= 10);
    assert_int_equal(fixture_count(datastore, bound), 10);
    atomic_store(&visit->stage, 4);
    expect_success(other);
    close_eager(datastore, bound);
    assert_int_equal(munmap(visit, sizeof(*visit)), 0);
}

/* ------------------------------------------------------------------- soak */

#define WRITERS 4
#define ITEMS_MAX 4000000
#define BIG 400000

struct soak {
    const char *file;
    atomic_bool stop;
    atomic_uint events;  /* made so far */
    atomic_uint answers; /* acknowledged so far */
    atomic_int surprises;
    atomic_int checkpoints;              /* started so far */
    atomic_uint acknowledged[ITEMS_MAX]; /* the event, by notification id */
};

/* Prolongs the checkpoint, so that other processes can interfere. */
static void linger(void *context)
{
    struct soak *soak = context;
    int n = atomic_fetch_add(&soak->checkpoints, 1);
    if (n % 3 == 0) {
        (void)usleep((useconds_t)(n * 531 % 4000));
    }
}

static void linger_longer(void *context)
{
    struct soak *soak = context;
    /* The last process may find this when it closes the store, but it is the
     * only one. */
    if (!atomic_load(&soak->stop)) {
        (void)atomic_fetch_add(&soak->surprises, 1);
    }
    (void)usleep(500);
}

/* An item of an event; some are so large that a WAL reset before them leaves a
 * shorter WAL. */
static void make_item(struct piece *piece, char big[BIG], uint32_t event)
{
    fixture_piece(piece, event % 50, -1, event);
    memcpy(big, piece->state, sizeof(piece->state));
    if (event % 4 == 0) {
        piece->item.state = (quipu_bytes){ big, BIG };
    }
}

static void append_and_note(void *context)
{
    struct soak *soak = context;
    static char big[BIG];
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *bound = open_eager(soak->file, &datastore);
    while (!atomic_load(&soak->stop)) {
        struct piece piece;
        quipu_result result = { 0 };
        quipu_error error = { 0 };
        uint32_t event = 1 + atomic_fetch_add(&soak->events, 1);
        make_item(&piece, big, event);
        const quipu_request request = { .schema = bound,
                                        .items = &piece.item,
                                        .item_count = 1 };
        assert_ok(fixture_append_all(datastore, &request, 1, &result, &error),
                  &error);
        assert_int_equal(result.status, QUIPU_OK);
        int64_t id = result.first_notification_id;
        assert_in_range(id, 1, ITEMS_MAX - 1);
        assert_int_equal(atomic_exchange(&soak->acknowledged[id], event), 0);
        (void)atomic_fetch_add(&soak->answers, 1);
    }
    close_eager(datastore, bound);
}

static void read_again_and_again(void *context)
{
    struct soak *soak = context;
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *bound = open_eager(soak->file, &datastore);
    size_t before = 0;
    while (!atomic_load(&soak->stop)) {
        size_t count = fixture_count(datastore, bound);
        assert_true(count >= before);
        before = count;
        (void)usleep(20000); /* a reader prevents a WAL reset */
    }
    close_eager(datastore, bound);
}

/* A process must live long enough to append on a slow machine. */
static void await_an_answer(struct soak *soak)
{
    unsigned before = atomic_load(&soak->answers);
    int64_t end = fixture_now() + FIXTURE_PATIENCE;
    while (atomic_load(&soak->answers) == before && fixture_now() < end) {
        (void)usleep(1000);
    }
}

static void find_all(struct soak *soak)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_driver_schema *bound = open_eager(soak->file, &datastore);
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    int64_t acknowledged = 0;
    int64_t head = (int64_t)fixture_count(datastore, bound);
    assert_int_equal(sqlite3_open(soak->file, &db), SQLITE_OK);
    assert_int_equal(
        sqlite3_prepare_v2(db, "SELECT state FROM stored_events WHERE id = ?1",
                           -1, &row, NULL),
        SQLITE_OK);
    for (int64_t id = 1; id < ITEMS_MAX; id++) {
        char state[32];
        unsigned event = atomic_load(&soak->acknowledged[id]);
        if (event == 0) {
            continue;
        }
        assert_true(id <= head);
        (void)snprintf(state, sizeof(state), "state %u", event);
        (void)sqlite3_reset(row);
        (void)sqlite3_bind_int64(row, 1, id);
        assert_int_equal(sqlite3_step(row), SQLITE_ROW);
        assert_memory_equal(sqlite3_column_blob(row, 0), state, strlen(state));
        acknowledged++;
    }
    assert_int_equal(sqlite3_finalize(row), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    assert_true(acknowledged > 0);
    print_message("%" PRId64 " items acknowledged, %" PRId64
                  " there, %d checkpoints\n",
                  acknowledged, head, atomic_load(&soak->checkpoints));
    close_eager(datastore, bound);
}

static void frequent_checkpoints_lose_nothing(void **state)
{
    struct soak *soak = share_memory(sizeof(*soak));
    const char *seconds = getenv("QUIPU_SOAK");
    pid_t writers[WRITERS];
    unsigned kills = 0;
    soak->file = *state;
    shim_at(SHIM_CHECKPOINT, linger, soak);
    shim_at(SHIM_SURPRISE, linger_longer, soak);
    int64_t end =
        fixture_now() + (seconds ? strtoll(seconds, NULL, 10) : 2) * SECOND;
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = start_child(append_and_note, soak);
    }
    pid_t reader = start_child(read_again_and_again, soak);
    while (fixture_now() < end) {
        await_an_answer(soak);
        (void)usleep(50000 + kills * 7919 % 100000);
        pid_t *victim = &writers[kills++ % WRITERS];
        kill_child(*victim); /* it may have ended by a failed assertion */
        *victim = start_child(append_and_note, soak);
    }
    atomic_store(&soak->stop, true);
    for (int i = 0; i < WRITERS; i++) {
        expect_success(writers[i]);
    }
    expect_success(reader);
    (void)take_hooks_out(state);
    find_all(soak);
    /* A process runs a checkpoint only after its own commit. */
    assert_int_equal(atomic_load(&soak->surprises), 0);
    assert_int_equal(fixture_ask(soak->file,
                                 "SELECT count(*) FROM pragma_integrity_check"
                                 " WHERE integrity_check = 'ok'"),
                     1);
    print_message("%u kills\n", kills);
    assert_int_equal(munmap(soak, sizeof(*soak)), 0);
}

int main(void)
{
#define CASE(name) \
    cmocka_unit_test_setup_teardown(name, use_new_file, take_hooks_out)
    const struct CMUnitTest tests[] = {
        CASE(bare_connections_lose_a_commit),
        CASE(append_waits_for_a_checkpoint),
        CASE(frequent_checkpoints_lose_nothing),
    };
    return cmocka_run_group_tests(tests, install, NULL) != 0;
}
