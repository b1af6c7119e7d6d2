/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work by hand on the bare sqlite3 library: the same table and indexes,
 * the same counter of the log and the same checks as the driver's, prepared
 * statements, one connection, no locks of its own.
 */
#include "bench.h"

#include <sqlite3.h>

#include <stdio.h>
#include <stdlib.h>

enum statement {
    BEGIN,
    COMMIT,
    HEAD,
    SET_HEAD,
    LAST,
    KNOWN,
    INSERT,
    READ,
    SCAN,
    STATEMENTS
};

static const char *const sql[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [HEAD] = "SELECT head FROM heads WHERE name = 'events'",
    [SET_HEAD] = "UPDATE heads SET head = ?1 WHERE name = 'events'",
    [LAST] = "SELECT max(aggregate_version) FROM stored_events"
             " WHERE aggregate_id = ?1",
    [KNOWN] = "SELECT id FROM stored_events WHERE event_id = ?1",
    [INSERT] = "INSERT INTO stored_events (id, aggregate_id,"
               " aggregate_version, event_type, state, event_id)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
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
    " UNIQUE (aggregate_id, aggregate_version)) STRICT;"
    "CREATE TABLE heads (name TEXT PRIMARY KEY, head INTEGER NOT NULL)"
    " STRICT;"
    "INSERT INTO heads VALUES ('events', 0);";

struct side {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
};

static void need(sqlite3 *db, bool ok, const char *what)
{
    if (!ok) {
        bench_die(what, sqlite3_errmsg(db));
    }
}

static void run(struct side *side, const char *text)
{
    need(side->db, sqlite3_exec(side->db, text, NULL, NULL, NULL) == SQLITE_OK,
         text);
}

static void *open_side(const struct bench_store *store)
{
    struct side *side = bench_allocate(sizeof(*side));
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    need(side->db,
         sqlite3_open_v2(store->name, &side->db, flags, NULL) == SQLITE_OK,
         store->name);
    run(side, "PRAGMA journal_mode = WAL");
    run(side, store->relaxed ? "PRAGMA synchronous = NORMAL"
                             : "PRAGMA synchronous = FULL");
    run(side, tables);
    for (int i = 0; i < STATEMENTS; i++) {
        need(side->db,
             sqlite3_prepare_v3(side->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                &side->statements[i], NULL) == SQLITE_OK,
             sql[i]);
    }
    return side;
}

/* Runs a statement that returns nothing. */
static void finish(struct side *side, enum statement which)
{
    need(side->db, sqlite3_step(side->statements[which]) == SQLITE_DONE,
         sql[which]);
    (void)sqlite3_reset(side->statements[which]);
}

/* The integer that a statement returns, or `none` for no row or NULL. */
static int64_t ask(struct side *side, enum statement which, int64_t none)
{
    sqlite3_stmt *statement = side->statements[which];
    int64_t answer = none;
    int code = sqlite3_step(statement);
    need(side->db, code == SQLITE_ROW || code == SQLITE_DONE, sql[which]);
    if (code == SQLITE_ROW &&
        sqlite3_column_type(statement, 0) != SQLITE_NULL) {
        answer = sqlite3_column_int64(statement, 0);
    }
    (void)sqlite3_reset(statement);
    return answer;
}

static int64_t last_position(struct side *side, const quipu_uuid *sequence)
{
    (void)sqlite3_bind_blob(side->statements[LAST], 1, sequence->bytes, 16,
                            SQLITE_STATIC);
    return ask(side, LAST, -1);
}

static void insert(struct side *side, const quipu_uuid *sequence, int64_t id,
                   int64_t position)
{
    sqlite3_stmt *statement = side->statements[INSERT];
    quipu_uuid event_id;
    quipu_uuid_ordered(&event_id);
    (void)sqlite3_bind_blob(side->statements[KNOWN], 1, event_id.bytes, 16,
                            SQLITE_STATIC);
    if (ask(side, KNOWN, 0) != 0) {
        bench_die("hand", "an event id is there already");
    }
    (void)sqlite3_bind_int64(statement, 1, id);
    (void)sqlite3_bind_blob(statement, 2, sequence->bytes, 16, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 3, position);
    (void)sqlite3_bind_text(statement, 4, BENCH_TOPIC, sizeof(BENCH_TOPIC) - 1,
                            SQLITE_STATIC);
    (void)sqlite3_bind_blob(statement, 5, bench_state, BENCH_STATE_SIZE,
                            SQLITE_STATIC);
    (void)sqlite3_bind_blob(statement, 6, event_id.bytes, 16, SQLITE_STATIC);
    finish(side, INSERT);
}

static void append(void *opened, const quipu_uuid *sequence, int64_t first,
                   size_t count)
{
    struct side *side = opened;
    finish(side, BEGIN);
    int64_t head = ask(side, HEAD, 0);
    if (last_position(side, sequence) + 1 != first) {
        bench_die("hand", "the position is not the next one");
    }
    for (size_t i = 0; i < count; i++) {
        insert(side, sequence, ++head, first + (int64_t)i);
    }
    (void)sqlite3_bind_int64(side->statements[SET_HEAD], 1, head);
    finish(side, SET_HEAD);
    finish(side, COMMIT);
}

static void fill(void *opened, const struct bench_event *events, size_t count)
{
    struct side *side = opened;
    finish(side, BEGIN);
    int64_t head = ask(side, HEAD, 0);
    for (size_t i = 0; i < count; i++) {
        insert(side, &events[i].sequence, ++head, events[i].position);
    }
    (void)sqlite3_bind_int64(side->statements[SET_HEAD], 1, head);
    finish(side, SET_HEAD);
    finish(side, COMMIT);
}

/* Steps through a statement and takes what a caller takes of an item: all of
 * it.  `topic` is the topic's column; the state and the event id follow, the
 * position precedes it, and in a scan the sequence id precedes that. */
static size_t drain(struct side *side, enum statement which, int topic)
{
    sqlite3_stmt *statement = side->statements[which];
    size_t count = 0;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        for (int column = topic; column < topic + 3; column++) {
            bench_touch(sqlite3_column_blob(statement, column),
                        (size_t)sqlite3_column_bytes(statement, column));
        }
        if (which == SCAN) {
            bench_touch(sqlite3_column_blob(statement, 1), 16);
        }
        int64_t numbers[2] = { sqlite3_column_int64(statement, 0),
                               sqlite3_column_int64(statement, topic - 1) };
        bench_touch(numbers, sizeof(numbers));
        count++;
    }
    need(side->db, code == SQLITE_DONE, sql[which]);
    (void)sqlite3_reset(statement);
    return count;
}

static size_t read_sequence(void *opened, const quipu_uuid *sequence)
{
    struct side *side = opened;
    (void)sqlite3_bind_blob(side->statements[READ], 1, sequence->bytes, 16,
                            SQLITE_STATIC);
    return drain(side, READ, 2);
}

static size_t scan(void *opened)
{
    return drain(opened, SCAN, 3);
}

static void close_side(void *opened)
{
    struct side *side = opened;
    for (int i = 0; i < STATEMENTS; i++) {
        (void)sqlite3_finalize(side->statements[i]);
    }
    need(side->db, sqlite3_close(side->db) == SQLITE_OK, "close");
    free(side);
}

const struct bench_side bench_hand_sqlite = BENCH_SIDE("hand");
