/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work by hand on the bare libpq: the same tables and indexes as the
 * driver's, the same counter of the log and the same checks; one connection,
 * prepared statements, binary parameters and results, and one round trip for
 * each append, which is sent as a pipeline.
 */
#include "bench.h"

#include <libpq-fe.h>

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 1000 /* items of a page of the log */
#define TYPE_BYTEA 17
#define TYPE_INT8 20
#define TYPE_UUID 2950

enum { BUMP, INSERT, FILL, READ, SCAN, STATEMENTS };

static const char *const sql[STATEMENTS] = {
    [BUMP] = "UPDATE heads SET head = head + $1::bigint"
             " WHERE namespace = 1 AND schema = 1 RETURNING head",
    [INSERT] =
        "INSERT INTO stored_events (quipu_namespace, id, aggregate_id,"
        " aggregate_version, event_type, state, event_id)"
        " SELECT 1, h.head - $1::bigint + u.o, $2::uuid,"
        " CASE WHEN coalesce((SELECT max(aggregate_version) FROM stored_events"
        " WHERE quipu_namespace = 1 AND aggregate_id = $2), -1) = $3::bigint - "
        "1"
        " THEN $3 + u.o - 1 END, $4::text, u.s, u.e"
        " FROM heads AS h CROSS JOIN unnest($5::bytea[], $6::uuid[])"
        " WITH ORDINALITY AS u(s, e, o)"
        " WHERE h.namespace = 1 AND h.schema = 1",
    [FILL] =
        "INSERT INTO stored_events (quipu_namespace, id, aggregate_id,"
        " aggregate_version, event_type, state, event_id)"
        " SELECT 1, h.head - $1::bigint + u.o, u.a, u.p, $2::text, u.s, u.e"
        " FROM heads AS h CROSS JOIN unnest($3::bytea[], $4::uuid[],"
        " $5::uuid[], $6::bigint[]) WITH ORDINALITY AS u(s, e, a, p, o)"
        " WHERE h.namespace = 1 AND h.schema = 1",
    [READ] = "SELECT id, aggregate_version, event_type, state, event_id"
             " FROM stored_events WHERE quipu_namespace = 1"
             " AND aggregate_id = $1::uuid ORDER BY aggregate_version",
    [SCAN] = "SELECT id, aggregate_version, event_type, state, event_id,"
             " aggregate_id FROM stored_events WHERE quipu_namespace = 1"
             " AND id > $1::bigint ORDER BY id LIMIT $2::bigint",
};

static const char *const names[STATEMENTS] = { "bump", "insert", "fill", "read",
                                               "scan" };

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

struct side {
    PGconn *pg;
    unsigned char states[BENCH_BATCH_MAX * (4 + BENCH_STATE_SIZE) + 20];
    unsigned char event_ids[BENCH_BATCH_MAX * (4 + 16) + 20];
    unsigned char sequences[BENCH_BATCH_MAX * (4 + 16) + 20];
    unsigned char positions[BENCH_BATCH_MAX * (4 + 8) + 20];
};

static void need(PGconn *pg, bool ok, const char *what)
{
    if (!ok) {
        bench_die(what, PQerrorMessage(pg));
    }
}

/* Runs statements that return nothing, outside of a pipeline. */
static void run(PGconn *pg, const char *text)
{
    PGresult *result = PQexec(pg, text);
    ExecStatusType status = PQresultStatus(result);
    need(pg, status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, text);
    PQclear(result);
}

/* The same with the store's name before `after`. */
static void run_on(PGconn *pg, const char *before,
                   const struct bench_store *store, const char *after)
{
    char text[640];
    (void)snprintf(text, sizeof text, "%s%s%s", before, store->name, after);
    run(pg, text);
}

static PGconn *connect_to(const struct bench_store *store)
{
    PGconn *pg = PQconnectdb(store->place->server);
    need(pg, PQstatus(pg) == CONNECTION_OK, store->place->server);
    run(pg, "SET client_min_messages = warning");
    return pg;
}

/* -------------------------------------------------- stores on the server */

void bench_postgres_uri(const struct bench_store *store, char *uri, size_t size)
{
    PGconn *pg = connect_to(store);
    run_on(pg, "CREATE SCHEMA IF NOT EXISTS ", store, "");
    PQfinish(pg);
    (void)snprintf(uri, size, "%s%cschema=%s&", store->place->server,
                   strchr(store->place->server, '?') != NULL ? '&' : '?',
                   store->name);
}

void bench_postgres_remove(const struct bench_store *store)
{
    PGconn *pg = connect_to(store);
    run_on(pg, "DROP SCHEMA IF EXISTS ", store, " CASCADE");
    PQfinish(pg);
}

uint64_t bench_postgres_size(const struct bench_store *store)
{
    char text[640];
    PGconn *pg = connect_to(store);
    (void)snprintf(text, sizeof text,
                   "SELECT pg_total_relation_size('%s.stored_events')",
                   store->name);
    PGresult *result = PQexec(pg, text);
    need(pg, PQresultStatus(result) == PGRES_TUPLES_OK, text);
    uint64_t size = strtoull(PQgetvalue(result, 0, 0), NULL, 10);
    PQclear(result);
    PQfinish(pg);
    return size;
}

/* ------------------------------------------------------------------ opening */

static void *open_side(const struct bench_store *store)
{
    struct side *side = bench_allocate(sizeof *side);
    side->pg = connect_to(store);
    run_on(side->pg, "CREATE SCHEMA ", store, "");
    run_on(side->pg, "SET search_path = ", store, "");
    run(side->pg, tables);
    run(side->pg, store->relaxed ? "SET synchronous_commit = off"
                                 : "SET synchronous_commit = on");
    for (int i = 0; i < STATEMENTS; i++) {
        PGresult *result = PQprepare(side->pg, names[i], sql[i], 0, NULL);
        need(side->pg, PQresultStatus(result) == PGRES_COMMAND_OK, sql[i]);
        PQclear(result);
    }
    return side;
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
    memcpy(to, &bits, sizeof bits);
    return to + sizeof bits;
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

/* The two arrays of an append. */
static void add_arrays(struct side *side, struct arguments *arguments,
                       size_t count)
{
    unsigned char *state = begin_array(side->states, TYPE_BYTEA, count);
    unsigned char *event_id = begin_array(side->event_ids, TYPE_UUID, count);
    for (size_t i = 0; i < count; i++) {
        quipu_uuid id;
        quipu_uuid_ordered(&id);
        state = put_element(state, bench_state, BENCH_STATE_SIZE);
        event_id = put_element(event_id, id.bytes, 16);
    }
    add(arguments, side->states, (size_t)(state - side->states));
    add(arguments, side->event_ids, (size_t)(event_id - side->event_ids));
}

/* ---------------------------------------------------------------- appending */

static void send_text(struct side *side, const char *text)
{
    need(side->pg,
         PQsendQueryParams(side->pg, text, 0, NULL, NULL, NULL, NULL, 1) == 1,
         text);
}

static void send_prepared(struct side *side, int which,
                          const struct arguments *arguments)
{
    need(side->pg,
         PQsendQueryPrepared(side->pg, names[which], arguments->count,
                             arguments->values, arguments->lengths,
                             arguments->formats, 1) == 1,
         sql[which]);
}

/* The answers to so many statements, and to the end of the pipeline. */
static void receive(struct side *side, int count)
{
    for (int i = 0; i <= count; i++) {
        PGresult *result = PQgetResult(side->pg);
        ExecStatusType status = PQresultStatus(result);
        need(side->pg,
             status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ||
                 status == PGRES_PIPELINE_SYNC,
             "append");
        bool end = status == PGRES_PIPELINE_SYNC;
        PQclear(result);
        if (!end) {
            PQclear(PQgetResult(side->pg)); /* the NULL between them */
        }
    }
}

/* One transaction in one round trip, around an insert of `count` items. */
static void store(struct side *side, size_t count, int which,
                  const struct arguments *insert)
{
    struct arguments bump = { .count = 0 };
    uint64_t number = htobe64((uint64_t)count);
    add(&bump, &number, sizeof number);
    need(side->pg, PQenterPipelineMode(side->pg) == 1, "pipeline");
    send_text(side, "BEGIN ISOLATION LEVEL READ COMMITTED");
    send_prepared(side, BUMP, &bump);
    send_prepared(side, which, insert);
    send_text(side, "COMMIT");
    need(side->pg, PQpipelineSync(side->pg) == 1, "pipeline");
    receive(side, 4);
    need(side->pg, PQexitPipelineMode(side->pg) == 1, "pipeline");
}

static void append(void *opened, const quipu_uuid *sequence, int64_t first,
                   size_t count)
{
    struct side *side = opened;
    struct arguments insert = { .count = 0 };
    uint64_t number = htobe64((uint64_t)count);
    uint64_t position = htobe64((uint64_t)first);
    add(&insert, &number, sizeof number);
    add(&insert, sequence->bytes, 16);
    add(&insert, &position, sizeof position);
    add(&insert, BENCH_TOPIC, sizeof BENCH_TOPIC - 1);
    add_arrays(side, &insert, count);
    store(side, count, INSERT, &insert);
}

static void fill(void *opened, const struct bench_event *events, size_t count)
{
    struct side *side = opened;
    struct arguments insert = { .count = 0 };
    uint64_t number = htobe64((uint64_t)count);
    unsigned char *sequence = begin_array(side->sequences, TYPE_UUID, count);
    unsigned char *position = begin_array(side->positions, TYPE_INT8, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t at = htobe64((uint64_t)events[i].position);
        sequence = put_element(sequence, events[i].sequence.bytes, 16);
        position = put_element(position, &at, sizeof at);
    }
    add(&insert, &number, sizeof number);
    add(&insert, BENCH_TOPIC, sizeof BENCH_TOPIC - 1);
    add_arrays(side, &insert, count);
    add(&insert, side->sequences, (size_t)(sequence - side->sequences));
    add(&insert, side->positions, (size_t)(position - side->positions));
    store(side, count, FILL, &insert);
}

/* ------------------------------------------------------------------ reading */

/* Touches each item; *last gets the last one's id. */
static size_t drain(struct side *side, int which,
                    const struct arguments *arguments, uint64_t *last)
{
    PGresult *result = PQexecPrepared(side->pg, names[which], arguments->count,
                                      arguments->values, arguments->lengths,
                                      arguments->formats, 1);
    need(side->pg, PQresultStatus(result) == PGRES_TUPLES_OK, sql[which]);
    int count = PQntuples(result);
    for (int row = 0; row < count; row++) {
        for (int column = 0; column < PQnfields(result); column++) {
            bench_touch(PQgetvalue(result, row, column),
                        (size_t)PQgetlength(result, row, column));
        }
    }
    if (count > 0) {
        memcpy(last, PQgetvalue(result, count - 1, 0), sizeof *last);
    }
    PQclear(result);
    return (size_t)count;
}

static size_t read_sequence(void *opened, const quipu_uuid *sequence)
{
    struct arguments arguments = { .count = 0 };
    uint64_t last = 0;
    add(&arguments, sequence->bytes, 16);
    return drain(opened, READ, &arguments, &last);
}

static size_t scan(void *opened)
{
    uint64_t after = 0;
    uint64_t page = htobe64(PAGE);
    size_t seen = 0;
    for (size_t count = PAGE; count == PAGE; seen += count) {
        struct arguments arguments = { .count = 0 };
        add(&arguments, &after, sizeof after);
        add(&arguments, &page, sizeof page);
        count = drain(opened, SCAN, &arguments, &after);
    }
    return seen;
}

static void close_side(void *opened)
{
    struct side *side = opened;
    PQfinish(side->pg);
    free(side);
}

const struct bench_side bench_hand_postgres = {
    .name = "hand",
    .open = open_side,
    .append = append,
    .fill = fill,
    .read = read_sequence,
    .scan = scan,
    .close = close_side,
};
