/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu beside message-db, an event store that others have written, on the same
 * server.
 *
 * message-db is a set of functions for PostgreSQL: write_message locks the
 * category of a stream, the part of its name before the first "-", until the
 * end of the transaction, and appends one message of JSON.  Order is kept
 * within a category.  Its own script installs it; nothing of it is part of
 * quipu.
 */
#include "benchmark.h"
#include "fail.h"
#include "figure.h"
#include "measure/workers.h"
#include "measure/workload.h"
#include "server.h"
#include "store.h"

#include <stdio.h>
#include <string.h>

#define CONNECTIONS_MAX 16
#define CATEGORIES_MAX 16
#define SLICES 10
#define SLICE_SECONDS 0.1
#define STREAM_EVENTS 10

/* The ways to append that are compared. */
enum way {
    PEER, /* message-db */
    LOG,  /* quipu: one log, a datastore for each connection, as processes
              * have it */
    SHARED_FLUSH, /* the same, in a namespace with shared flushes */
    LOGS, /* the same, with a namespace and thereby a log for each category */
    THREADS, /* one log, and one datastore, whose threads share commits */
    WAYS
};

static const struct {
    const char *label;  /* of its store */
    const char *suffix; /* of its figure */
} ways[WAYS] = {
    [PEER] = { "peer", "" },
    [LOG] = { "log", "" },
    [SHARED_FLUSH] = { "shared_flush", ".shared_flush" },
    [LOGS] = { "logs", ".logs" },
    [THREADS] = { "threads", ".threads" },
};

struct thread {
    PGconn *pg;
    quipu_datastore *datastore; /* its own, or that of the first thread */
    quipu_records *records;
    quipu_uuid stream;
    size_t events;
    struct measure_batch batch;
};

struct side {
    enum way way;
    size_t count;      /* connections */
    size_t categories; /* of all connections */
    struct bench_store store;
    struct thread threads[CONNECTIONS_MAX];
    struct measure_result round;
    double rates[MEASURE_ROUNDS_MAX];
};

/* ------------------------------------------------------------- message-db */

static const char write_message[] =
    "SELECT message_store.write_message($1, $2, $3, $4::jsonb, NULL, "
    "$5::bigint)";

/* JSON of about the size of the states of the other benchmarks. */
static const char *payload(void)
{
    static char text[MEASURE_STATE_SIZE + 1];
    if (text[0] == '\0') {
        memset(text, 'x', MEASURE_STATE_SIZE);
        memcpy(text, "{\"state\":\"", 10);
        memcpy(text + MEASURE_STATE_SIZE - 2, "\"}", 2);
    }
    return text;
}

static void connect_thread(struct thread *thread, const char *uri)
{
    thread->pg = bench_server_connect(uri);
    bench_server_run(thread->pg, "SET search_path = message_store");
    PGresult *result = PQprepare(thread->pg, "write", write_message, 0, NULL);
    bench_server_check(thread->pg, PQresultStatus(result) == PGRES_COMMAND_OK,
                       "write_message: is message-db installed in the "
                       "database?");
    PQclear(result);
}

static void append_to_peer(struct thread *thread, size_t category)
{
    char stream[80];
    char id[QUIPU_UUID_TEXT_SIZE];
    char text[QUIPU_UUID_TEXT_SIZE];
    char expected[24];
    quipu_uuid event_id;
    quipu_uuid_ordered(&event_id);
    quipu_uuid_format(&event_id, id);
    quipu_uuid_format(&thread->stream, text);
    (void)snprintf(stream, sizeof(stream), "account%zu-%s", category, text);
    (void)snprintf(expected, sizeof(expected), "%d",
                   (int)(thread->events % STREAM_EVENTS) - 1);
    const char *values[] = { id, stream, MEASURE_TOPIC, payload(), expected };
    PGresult *result =
        PQexecPrepared(thread->pg, "write", 5, values, NULL, NULL, 0);
    bench_server_check(thread->pg, PQresultStatus(result) == PGRES_TUPLES_OK,
                       "write_message");
    PQclear(result);
}

/* ------------------------------------------------------------------ quipu */

static void open_thread(struct side *side, size_t number)
{
    struct thread *thread = &side->threads[number];
    quipu_error error = { 0 };
    if (side->way == LOGS) {
        (void)snprintf(side->store.name_space, sizeof(side->store.name_space),
                       "account%zu", number % side->categories);
    }
    thread->datastore = side->way == THREADS && number > 0
                            ? side->threads[0].datastore
                            : bench_store_open(&side->store);
    bench_fail_on_error(quipu_records_open(thread->datastore,
                                           quipu_schema_stored_events(),
                                           &thread->records, &error),
                        &error, "open");
}

static void close_thread(struct side *side, size_t number)
{
    struct thread *thread = &side->threads[number];
    quipu_error error = { 0 };
    if (side->way == PEER) {
        PQfinish(thread->pg);
        return;
    }
    bench_fail_on_error(quipu_records_close(thread->records, &error), &error,
                        "close");
    if (side->way != THREADS || number == 0) {
        bench_fail_on_error(quipu_datastore_close(thread->datastore, &error),
                            &error, "close");
    }
}

static int append_to_quipu(struct thread *thread, quipu_error *error)
{
    const struct measure_event event = {
        thread->stream, (int64_t)(thread->events % STREAM_EVENTS)
    };
    return measure_workload_append(thread->records, &thread->batch, &event, 1,
                                   error);
}

/* ------------------------------------------------------------- comparison */

static int append_one(void *context, size_t number, quipu_error *error)
{
    struct side *side = context;
    struct thread *thread = &side->threads[number];
    int status = QUIPU_OK;
    if (thread->events % STREAM_EVENTS == 0) {
        quipu_uuid_random(&thread->stream);
    }
    if (side->way == PEER) {
        append_to_peer(thread, number % side->categories);
    } else {
        status = append_to_quipu(thread, error);
    }
    thread->events++;
    return status;
}

static void open_side(struct side *side, const char *uri,
                      const struct bench_workspace *workspace)
{
    const struct bench_driver *const *driver = bench_store_drivers;
    while (!(*driver)->on_server) {
        driver++;
    }
    bench_store_init(&side->store, *driver, workspace, ways[side->way].label);
    side->store.shared_flush = side->way == SHARED_FLUSH;
    for (size_t i = 0; i < side->count; i++) {
        side->threads[i].events = 0;
        if (side->way == PEER) {
            connect_thread(&side->threads[i], uri);
        } else {
            open_thread(side, i);
        }
    }
    memset(&side->round, 0, sizeof(side->round));
}

static void run_slice(struct side *side)
{
    const struct measure_workers workers = { .count = side->count,
                                             .seconds = SLICE_SECONDS,
                                             .operate = append_one,
                                             .context = side };
    quipu_error error = { 0 };
    bench_fail_on_error(measure_workers_run(&workers, &side->round, &error),
                        &error, "append");
}

static void close_side(struct side *side, const char *uri, size_t round)
{
    side->rates[round] =
        (double)side->round.durations.count / side->round.seconds;
    for (size_t i = side->count; i > 0; i--) {
        close_thread(side, i - 1);
    }
    if (side->way == PEER) {
        PGconn *pg = bench_server_connect(uri);
        bench_server_run(pg, "TRUNCATE message_store.messages");
        PQfinish(pg);
    } else {
        side->store.driver->remove(&side->store);
    }
}

static void measure(const char *uri, const struct bench_workspace *workspace,
                    size_t rounds, size_t connections, size_t categories)
{
    struct side *sides = bench_allocate(WAYS * sizeof(*sides));
    char name[64];
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = 0; i < WAYS; i++) {
            sides[i].way = (enum way)i;
            sides[i].count = connections;
            sides[i].categories = categories;
            open_side(&sides[i], uri, workspace);
        }
        for (size_t slice = 0; slice < SLICES; slice++) {
            for (size_t i = 0; i < WAYS; i++) {
                run_slice(&sides[(i + slice) % WAYS]);
            }
        }
        for (size_t i = 0; i < WAYS; i++) {
            close_side(&sides[i], uri, round);
        }
    }
    (void)snprintf(name, sizeof(name), "message-db.%zu.%zu", connections,
                   categories);
    for (size_t i = LOG; i < WAYS; i++) {
        const struct bench_figure figure = { .driver = "postgres",
                                             .name = name,
                                             .suffix = ways[i].suffix,
                                             .unit = "events/s" };
        bench_figure_report_rounds(figure, sides[i].rates, sides[PEER].rates,
                                   rounds);
    }
    free(sides);
}

void bench_peers_run(const char *uri, const struct bench_workspace *workspace,
                     size_t rounds)
{
    static const size_t connections[] = { 1, 4, CONNECTIONS_MAX };
    for (size_t i = 0; i < sizeof(connections) / sizeof(connections[0]); i++) {
        measure(uri, workspace, rounds, connections[i], 1);
        if (connections[i] > 1) {
            measure(uri, workspace, rounds, connections[i], CATEGORIES_MAX);
        }
    }
}
