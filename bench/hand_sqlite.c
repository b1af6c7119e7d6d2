/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The baseline for the SQLite driver, on the bare sqlite3 library: the table
 * and the indexes of the driver, prepared statements, one connection, and no
 * locks besides those of SQLite.  The rowid is the id: SQLite gives the last
 * one + 1, and nobody else writes meanwhile, so there is no counter.  Positions
 * and event ids are left to the unique indexes.  The position before is looked
 * up, since positions have no gaps.
 */
#include "fail.h"
#include "hand_event.h"
#include "store.h"
#include "variant.h"

#include <sqlite3.h>

#include <stdio.h>
#include <stdlib.h>

enum statement { BEGIN, COMMIT, BEFORE, INSERT, READ, SCAN, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [BEFORE] = "SELECT 1 FROM stored_events"
               " WHERE aggregate_id = ?1 AND aggregate_version = ?2",
    [INSERT] = "INSERT INTO stored_events (aggregate_id,"
               " aggregate_version, event_type, state, event_id)"
               " VALUES (?1, ?2, ?3, ?4, ?5)",
    [READ] = "SELECT id, aggregate_version, event_type, state, event_id"
             " FROM stored_events WHERE aggregate_id = ?1"
             " ORDER BY aggregate_version",
    [SCAN] = "SELECT id, aggregate_id, aggregate_version, event_type, state,"
             " event_id FROM stored_events ORDER BY id",
};

static const char tables[] =
    "CREATE TABLE stored_events (id INTEGER PRIMARY KEY,"
    " aggregate_id BLOB NOT NULL, aggregate_version INTEGER NOT NULL,"
    " event_type TEXT NOT NULL, state BLOB NOT NULL,"
    " event_id BLOB NOT NULL UNIQUE,"
    " UNIQUE (aggregate_id, aggregate_version)) STRICT;";

struct hand {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    bool decodes; /* the items that it reads */
    struct bench_credited event;
};

static void check(sqlite3 *db, bool ok, const char *what)
{
    if (!ok) {
        bench_fail(what, sqlite3_errmsg(db));
    }
}

static void run(struct hand *hand, const char *text)
{
    check(hand->db, sqlite3_exec(hand->db, text, NULL, NULL, NULL) == SQLITE_OK,
          text);
}

static void *open_store(const struct bench_store *store)
{
    struct hand *hand = bench_allocate(sizeof(*hand));
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    check(hand->db,
          sqlite3_open_v2(store->name, &hand->db, flags, NULL) == SQLITE_OK,
          store->name);
    run(hand, "PRAGMA journal_mode = WAL");
    run(hand, store->relaxed ? "PRAGMA synchronous = NORMAL"
                             : "PRAGMA synchronous = FULL");
    run(hand, tables);
    for (int i = 0; i < STATEMENTS; i++) {
        check(hand->db,
              sqlite3_prepare_v3(hand->db, sql[i], -1,
                                 SQLITE_PREPARE_PERSISTENT,
                                 &hand->statements[i], NULL) == SQLITE_OK,
              sql[i]);
    }
    return hand;
}

static void *open_events(const struct bench_store *store)
{
    struct hand *hand = open_store(store);
    hand->decodes = true;
    return hand;
}

/* Runs a statement that returns no rows. */
static void finish(struct hand *hand, enum statement which)
{
    check(hand->db, sqlite3_step(hand->statements[which]) == SQLITE_DONE,
          sql[which]);
    (void)sqlite3_reset(hand->statements[which]);
}

/* Returns true if the sequence has an item at the position. */
static bool has_item(struct hand *hand, const quipu_uuid *sequence,
                     int64_t position)
{
    sqlite3_stmt *statement = hand->statements[BEFORE];
    (void)sqlite3_bind_blob(statement, 1, sequence->bytes, 16, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 2, position);
    int code = sqlite3_step(statement);
    check(hand->db, code == SQLITE_ROW || code == SQLITE_DONE, sql[BEFORE]);
    (void)sqlite3_reset(statement);
    return code == SQLITE_ROW;
}

static void insert(struct hand *hand, const quipu_uuid *sequence,
                   int64_t position)
{
    sqlite3_stmt *statement = hand->statements[INSERT];
    quipu_uuid event_id;
    quipu_uuid_ordered(&event_id);
    (void)sqlite3_bind_blob(statement, 1, sequence->bytes, 16, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 2, position);
    (void)sqlite3_bind_text(statement, 3, MEASURE_TOPIC,
                            sizeof(MEASURE_TOPIC) - 1, SQLITE_STATIC);
    (void)sqlite3_bind_blob(statement, 4, measure_workload_state,
                            MEASURE_STATE_SIZE, SQLITE_STATIC);
    (void)sqlite3_bind_blob(statement, 5, event_id.bytes, 16, SQLITE_STATIC);
    finish(hand, INSERT);
}

static void append(void *opened, const quipu_uuid *sequence, int64_t first,
                   size_t count)
{
    struct hand *hand = opened;
    finish(hand, BEGIN);
    if (first > 0 && !has_item(hand, sequence, first - 1)) {
        bench_fail("hand", "the position is not the next one");
    }
    for (size_t i = 0; i < count; i++) {
        insert(hand, sequence, first + (int64_t)i);
    }
    finish(hand, COMMIT);
}

static void fill(void *opened, const struct measure_event *events, size_t count)
{
    struct hand *hand = opened;
    finish(hand, BEGIN);
    for (size_t i = 0; i < count; i++) {
        insert(hand, &events[i].sequence, events[i].position);
    }
    finish(hand, COMMIT);
}

static quipu_bytes column(sqlite3_stmt *statement, int number)
{
    const void *data = sqlite3_column_blob(statement, number);
    return (quipu_bytes){ data,
                          (size_t)sqlite3_column_bytes(statement, number) };
}

static void touch(const struct hand_item *item, int64_t id)
{
    int64_t numbers[2] = { id, item->position };
    measure_workload_touch(item->topic.data, item->topic.size);
    measure_workload_touch(item->state.data, item->state.size);
    measure_workload_touch(item->event_id.data, item->event_id.size);
    measure_workload_touch(item->sequence.data, item->sequence.size);
    measure_workload_touch(numbers, sizeof(numbers));
}

/* Steps through a statement and reads all columns of each row, as a caller of
 * quipu does.  `topic` is the number of the topic's column; the state and the
 * event id follow it, and the position precedes it. */
static size_t drain(struct hand *hand, enum statement which, int topic,
                    const quipu_uuid *sequence)
{
    sqlite3_stmt *statement = hand->statements[which];
    size_t count = 0;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        const struct hand_item item = {
            .topic = column(statement, topic),
            .state = column(statement, topic + 1),
            .event_id = column(statement, topic + 2),
            .sequence = sequence ? (quipu_bytes){ sequence->bytes, 16 }
                                 : column(statement, 1),
            .position = sqlite3_column_int64(statement, topic - 1),
        };
        if (hand->decodes) {
            hand_event_decode(&item, &hand->event);
            measure_workload_touch(hand->event.data.data,
                                   hand->event.data.size);
        } else {
            touch(&item, sqlite3_column_int64(statement, 0));
        }
        count++;
    }
    check(hand->db, code == SQLITE_DONE, sql[which]);
    (void)sqlite3_reset(statement);
    return count;
}

static size_t read_sequence(void *opened, const quipu_uuid *sequence)
{
    struct hand *hand = opened;
    (void)sqlite3_bind_blob(hand->statements[READ], 1, sequence->bytes, 16,
                            SQLITE_STATIC);
    return drain(hand, READ, 2, sequence);
}

static size_t scan(void *opened)
{
    return drain(opened, SCAN, 3, NULL);
}

static void close_store(void *opened)
{
    struct hand *hand = opened;
    for (int i = 0; i < STATEMENTS; i++) {
        (void)sqlite3_finalize(hand->statements[i]);
    }
    check(hand->db, sqlite3_close(hand->db) == SQLITE_OK, "close");
    free(hand);
}

const struct bench_variant bench_hand_sqlite =
    BENCH_VARIANT("hand", open_store);
const struct bench_variant bench_hand_sqlite_events =
    BENCH_VARIANT("hand_events", open_events);
