/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The baseline for the PostgreSQL driver, on the bare libpq: tables and indexes
 * of the driver, one connection with the settings of the driver's, parameters
 * and results in binary format, and one prepared statement for each append,
 * which is its own transaction.  It raises the counter of the log, whose row
 * stays locked until the commit, so that ids have no gaps and come in the order
 * of the commits; positions and event ids are left to the unique indexes.  The
 * position before is looked up, since positions have no gaps either.
 */
#include "fail.h"
#include "hand_event.h"
#include "server.h"
#include "variant.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 1000 /* items of a page of the log */
#define TYPE_BYTEA 17
#define TYPE_INT8 20
#define TYPE_UUID 2950

enum { APPEND, INSERT, FILL, READ, SCAN, STATEMENTS };

/* Without a gap before it; the unique index refuses a position that is taken.
 */
#define IS_NEXT                                               \
    "CASE WHEN $2::bigint = 0 OR EXISTS (SELECT 1"            \
    " FROM stored_events WHERE quipu_namespace = 1"           \
    " AND aggregate_id = $1 AND aggregate_version = $2 - 1) " \
    "THEN "

static const char *const sql[STATEMENTS] = {
    [APPEND] = "WITH h AS (UPDATE heads SET head = head + 1"
               " WHERE namespace = 1 AND schema = 1 RETURNING head)"
               " INSERT INTO stored_events (quipu_namespace, id, aggregate_id,"
               " aggregate_version, event_type, state, event_id)"
               " SELECT 1, h.head, $1::uuid, " IS_NEXT "$2 END,"
               " $3::text, $4::bytea, $5::uuid FROM h RETURNING id",
    [INSERT] =
        "WITH h AS (UPDATE heads SET head = head + $6::bigint"
        " WHERE namespace = 1 AND schema = 1 RETURNING head)"
        " INSERT INTO stored_events (quipu_namespace, id, aggregate_id,"
        " aggregate_version, event_type, state, event_id)"
        " SELECT 1, h.head - $6 + u.o, $1::uuid, " IS_NEXT "$2 + u.o - 1 END,"
        " $3::text, u.s, u.e FROM h CROSS JOIN"
        " unnest($4::bytea[], $5::uuid[]) WITH ORDINALITY AS u(s, e, o)",
    [FILL] = "WITH h AS (UPDATE heads SET head = head + $1::bigint"
             " WHERE namespace = 1 AND schema = 1 RETURNING head)"
             " INSERT INTO stored_events (quipu_namespace, id, aggregate_id,"
             " aggregate_version, event_type, state, event_id)"
             " SELECT 1, h.head - $1 + u.o, u.a, u.p, $2::text, u.s, u.e"
             " FROM h CROSS JOIN unnest($3::bytea[], $4::uuid[],"
             " $5::uuid[], $6::bigint[]) WITH ORDINALITY AS u(s, e, a, p, o)",
    [READ] = "SELECT id, aggregate_version, event_type, state, event_id"
             " FROM stored_events WHERE quipu_namespace = 1"
             " AND aggregate_id = $1::uuid ORDER BY aggregate_version",
    [SCAN] = "SELECT id, aggregate_version, event_type, state, event_id,"
             " aggregate_id FROM stored_events WHERE quipu_namespace = 1"
             " AND id > $1::bigint ORDER BY id LIMIT $2::bigint",
};

static const char *const names[STATEMENTS] = { "append", "insert", "fill",
                                               "read", "scan" };

static const char tables[] =
    "CREATE TABLE stored_events (quipu_namespace integer NOT NULL,"
    " id bigint NOT NULL, aggregate_id uuid NOT NULL,"
    " aggregate_version bigint NOT NULL,"
    " event_type text COLLATE \"C\" NOT NULL, state bytea NOT NULL,"
    " event_id uuid NOT NULL, PRIMARY KEY (quipu_namespace, id),"
    " UNIQUE (quipu_namespace, aggregate_id, aggregate_version),"
    " UNIQUE (quipu_namespace, event_id));"
    "CREATE TABLE heads (namespace integer NOT NULL, schema bigint NOT NULL,"
    " head bigint NOT NULL, PRIMARY KEY (namespace, schema))"
    " WITH (fillfactor = 20);"
    "INSERT INTO heads VALUES (1, 1, 0);";

struct hand {
    PGconn *pg;
    unsigned char states[MEASURE_BATCH_MAX * (4 + MEASURE_STATE_SIZE) + 20];
    unsigned char event_ids[MEASURE_BATCH_MAX * (4 + 16) + 20];
    unsigned char sequences[MEASURE_BATCH_MAX * (4 + 16) + 20];
    unsigned char positions[MEASURE_BATCH_MAX * (4 + 8) + 20];
    bool decodes; /* the items that it reads */
    struct bench_credited event;
};

/* ------------------------------------------------------------------ opening */

static void *open_store(const struct bench_store *store)
{
    struct hand *hand = bench_allocate(sizeof(*hand));
    hand->pg = bench_server_connect(store->workspace->server);
    bench_server_run_on(hand->pg, "CREATE SCHEMA ", store->name, "");
    bench_server_run_on(hand->pg, "SET search_path = ", store->name, "");
    bench_server_run(hand->pg, tables);
    bench_server_run(hand->pg, "SET enable_seqscan = off; SET jit = off;"
                               " SET plan_cache_mode = force_generic_plan;"
                               " SET lock_timeout = 60000;"
                               " SET statement_timeout = 62000");
    bench_server_run(hand->pg, store->relaxed ? "SET synchronous_commit = off"
                                              : "SET synchronous_commit = on");
    for (int i = 0; i < STATEMENTS; i++) {
        PGresult *result = PQprepare(hand->pg, names[i], sql[i], 0, NULL);
        bench_server_check(hand->pg, PQresultStatus(result) == PGRES_COMMAND_OK,
                           sql[i]);
        PQclear(result);
    }
    return hand;
}

static void *open_events(const struct bench_store *store)
{
    struct hand *hand = open_store(store);
    hand->decodes = true;
    return hand;
}

/* ---------------------------------------------------------------- arguments */

#define PARAMETERS_MAX 6

struct arguments {
    const char *values[PARAMETERS_MAX];
    int lengths[PARAMETERS_MAX];
    int formats[PARAMETERS_MAX];
    int count;
};

static void add(struct arguments *arguments, const void *value, size_t size)
{
    arguments->values[arguments->count] = value;
    arguments->lengths[arguments->count] = (int)size;
    arguments->formats[arguments->count] = 1;
    arguments->count++;
}

static unsigned char *put_number(unsigned char *to, uint32_t number)
{
    uint32_t bits = htonl(number);
    memcpy(to, &bits, sizeof(bits));
    return to + sizeof(bits);
}

static unsigned char *begin_array(unsigned char *to, uint32_t type,
                                  size_t count)
{
    to = put_number(to, 1); /* dimensions */
    to = put_number(to, 0); /* no NULLs */
    to = put_number(to, type);
    to = put_number(to, (uint32_t)count);
    return put_number(to, 1); /* the first index */
}

static unsigned char *put_element(unsigned char *to, const void *data,
                                  size_t size)
{
    to = put_number(to, (uint32_t)size);
    memcpy(to, data, size);
    return to + size;
}

/* Adds the arrays of states and event ids. */
static void add_arrays(struct hand *hand, struct arguments *arguments,
                       size_t count)
{
    unsigned char *state = begin_array(hand->states, TYPE_BYTEA, count);
    unsigned char *event_id = begin_array(hand->event_ids, TYPE_UUID, count);
    for (size_t i = 0; i < count; i++) {
        quipu_uuid id;
        quipu_uuid_ordered(&id);
        state = put_element(state, measure_workload_state, MEASURE_STATE_SIZE);
        event_id = put_element(event_id, id.bytes, 16);
    }
    add(arguments, hand->states, (size_t)(state - hand->states));
    add(arguments, hand->event_ids, (size_t)(event_id - hand->event_ids));
}

/* ---------------------------------------------------------------- appending */

/* Runs one statement, a transaction by itself. */
static PGresult *execute(struct hand *hand, int which,
                         const struct arguments *arguments)
{
    PGresult *result = PQexecPrepared(hand->pg, names[which], arguments->count,
                                      arguments->values, arguments->lengths,
                                      arguments->formats, 1);
    ExecStatusType status = PQresultStatus(result);
    bench_server_check(hand->pg,
                       status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK,
                       sql[which]);
    return result;
}

/* Fails unless the statement stores `count` items. */
static void store(struct hand *hand, size_t count, int which,
                  const struct arguments *arguments)
{
    PGresult *result = execute(hand, which, arguments);
    bench_server_check(
        hand->pg, strtoull(PQcmdTuples(result), NULL, 10) == count, sql[which]);
    PQclear(result);
}

static void append(void *opened, const quipu_uuid *sequence, int64_t first,
                   size_t count)
{
    struct hand *hand = opened;
    struct arguments arguments = { .count = 0 };
    uint64_t number = htobe64((uint64_t)count);
    uint64_t position = htobe64((uint64_t)first);
    quipu_uuid event_id;
    add(&arguments, sequence->bytes, 16);
    add(&arguments, &position, sizeof(position));
    add(&arguments, MEASURE_TOPIC, sizeof(MEASURE_TOPIC) - 1);
    if (count == 1) {
        quipu_uuid_ordered(&event_id);
        add(&arguments, measure_workload_state, MEASURE_STATE_SIZE);
        add(&arguments, event_id.bytes, 16);
    } else {
        add_arrays(hand, &arguments, count);
        add(&arguments, &number, sizeof(number));
    }
    store(hand, count, count == 1 ? APPEND : INSERT, &arguments);
}

static void fill(void *opened, const struct measure_event *events, size_t count)
{
    struct hand *hand = opened;
    struct arguments insert = { .count = 0 };
    uint64_t number = htobe64((uint64_t)count);
    unsigned char *sequence = begin_array(hand->sequences, TYPE_UUID, count);
    unsigned char *position = begin_array(hand->positions, TYPE_INT8, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t at = htobe64((uint64_t)events[i].position);
        sequence = put_element(sequence, events[i].sequence.bytes, 16);
        position = put_element(position, &at, sizeof(at));
    }
    add(&insert, &number, sizeof(number));
    add(&insert, MEASURE_TOPIC, sizeof(MEASURE_TOPIC) - 1);
    add_arrays(hand, &insert, count);
    add(&insert, hand->sequences, (size_t)(sequence - hand->sequences));
    add(&insert, hand->positions, (size_t)(position - hand->positions));
    store(hand, count, FILL, &insert);
}

/* ------------------------------------------------------------------ reading */

static quipu_bytes get(const PGresult *result, int row, int column)
{
    return (quipu_bytes){ PQgetvalue(result, row, column),
                          (size_t)PQgetlength(result, row, column) };
}

/* Decodes a row of READ, whose sequence is given, or of SCAN. */
static void decode(struct hand *hand, const PGresult *result, int row,
                   const quipu_uuid *sequence)
{
    struct hand_item item = {
        .topic = get(result, row, 2),
        .state = get(result, row, 3),
        .event_id = get(result, row, 4),
        .sequence = sequence ? (quipu_bytes){ sequence->bytes, 16 }
                             : get(result, row, 5),
    };
    uint64_t position;
    memcpy(&position, PQgetvalue(result, row, 1), sizeof(position));
    item.position = (int64_t)be64toh(position);
    hand_event_decode(&item, &hand->event);
    measure_workload_touch(hand->event.data.data, hand->event.data.size);
}

/* Reads all columns of each row; *last becomes the id of the last row.
 * `sequence` NULL: that of each row is among them. */
static size_t drain(struct hand *hand, int which,
                    const struct arguments *arguments,
                    const quipu_uuid *sequence, uint64_t *last)
{
    PGresult *result = execute(hand, which, arguments);
    int count = PQntuples(result);
    for (int row = 0; row < count; row++) {
        if (hand->decodes) {
            decode(hand, result, row, sequence);
            continue;
        }
        for (int column = 0; column < PQnfields(result); column++) {
            measure_workload_touch(PQgetvalue(result, row, column),
                                   (size_t)PQgetlength(result, row, column));
        }
    }
    if (count > 0) {
        memcpy(last, PQgetvalue(result, count - 1, 0), sizeof(*last));
    }
    PQclear(result);
    return (size_t)count;
}

static size_t read_sequence(void *opened, const quipu_uuid *sequence)
{
    struct arguments arguments = { .count = 0 };
    uint64_t last = 0;
    add(&arguments, sequence->bytes, 16);
    return drain(opened, READ, &arguments, sequence, &last);
}

static size_t scan(void *opened)
{
    uint64_t after = 0;
    uint64_t page = htobe64(PAGE);
    size_t seen = 0;
    for (size_t count = PAGE; count == PAGE; seen += count) {
        struct arguments arguments = { .count = 0 };
        add(&arguments, &after, sizeof(after));
        add(&arguments, &page, sizeof(page));
        count = drain(opened, SCAN, &arguments, NULL, &after);
    }
    return seen;
}

static void close_store(void *opened)
{
    struct hand *hand = opened;
    PQfinish(hand->pg);
    free(hand);
}

const struct bench_variant bench_hand_postgres =
    BENCH_VARIANT("hand", open_store);
const struct bench_variant bench_hand_postgres_events =
    BENCH_VARIANT("hand_events", open_events);
