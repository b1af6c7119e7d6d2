/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers for the driver's tests. */
#include "fixture.h"

#include <libpq-fe.h>
#include <stdatomic.h>
#include <time.h>

#include "driver/host.h"

#define OPTIONS_MAX 8

const quipu_driver *quipu_driver_entry_postgres(void);

const quipu_driver *fixture_driver(void)
{
    return quipu_driver_entry_postgres();
}

int64_t fixture_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

void fixture_pause(int64_t time)
{
    struct timespec length = { .tv_sec = (time_t)(time / SECOND),
                               .tv_nsec = (long)(time % SECOND) };
    (void)nanosleep(&length, NULL);
}

/* --------------------------------------------------------------- opening */

static bool take_common(quipu_open *open, const quipu_option *option)
{
    if (strcmp(option->name, "readonly") == 0) {
        open->flags = QUIPU_OPEN_READONLY;
    } else if (strcmp(option->name, "relaxed") == 0) {
        open->flags |= QUIPU_OPEN_RELAXED;
    } else if (strcmp(option->name, "closed") == 0) {
        open->flags &= ~(uint32_t)QUIPU_OPEN_CREATE;
    } else if (strcmp(option->name, "namespace") == 0 &&
               strcmp(option->value, "*") == 0) {
        open->flags = QUIPU_OPEN_ALL_NAMESPACES;
    } else if (strcmp(option->name, "namespace") == 0) {
        open->name_space = option->value;
    } else {
        return false;
    }
    return true;
}

int fixture_try_body(const char *body, const char *options,
                     quipu_driver_datastore **datastore, quipu_error *error)
{
    char text[600];
    char *rest = text;
    char *piece = NULL;
    quipu_option given[OPTIONS_MAX];
    quipu_open open = { .struct_size = sizeof(open),
                        .flags = QUIPU_OPEN_CREATE,
                        .scheme = "postgresql",
                        .body = body,
                        .rest = body,
                        .options = given,
                        .name_space = "" };
    quipu_opened opened = { .struct_size = sizeof(opened) };
    (void)snprintf(text, sizeof(text), "%s", options);
    while ((piece = strsep(&rest, "&"))) {
        char *value = strchr(piece, '=');
        if (value && open.option_count < OPTIONS_MAX) {
            *value++ = '\0';
            quipu_option *option = &given[open.option_count];
            *option = (quipu_option){ .name = piece, .value = value };
            open.option_count += take_common(&open, option) ? 0 : 1;
        }
    }
    return fixture_driver()->open(quipu_host_table(), &open,
                                  fixture_now() + 60 * SECOND, datastore,
                                  &opened, error);
}

int fixture_try_open(const char *options, quipu_driver_datastore **datastore,
                     quipu_error *error)
{
    return fixture_try_body("///", options, datastore, error);
}

quipu_driver_datastore *fixture_open(const char *options)
{
    quipu_driver_datastore *datastore = NULL;
    quipu_error error = { 0 };
    assert_ok(fixture_try_open(options, &datastore, &error), &error);
    return datastore;
}

void fixture_close(quipu_driver_datastore *datastore)
{
    fixture_driver()->close(datastore);
}

quipu_schema fixture_schema(const char *table)
{
    return (quipu_schema){
        .struct_size = sizeof(quipu_schema),
        .table = table,
        .notification_id = "id",
        .sequence_id = "aggregate_id",
        .position = "aggregate_version",
        .topic = "event_type",
        .state = "state",
        .event_id = "event_id",
    };
}

quipu_driver_schema *fixture_bind(quipu_driver_datastore *datastore,
                                  const quipu_schema *schema)
{
    quipu_driver_schema *bound = NULL;
    quipu_error error = { 0 };
    const quipu_driver *driver = fixture_driver();
    int64_t deadline = fixture_now() + 20 * SECOND;
    assert_ok(driver->setup(datastore, schema, deadline, &error), &error);
    assert_ok(driver->bind(datastore, schema, deadline, &bound, &error),
              &error);
    return bound;
}

/* ------------------------------------------------------------- appending */

void fixture_piece(struct piece *piece, uint32_t sequence, int64_t position,
                   uint64_t event)
{
    memset(piece, 0, sizeof(*piece));
    memcpy(piece->sequence, &sequence, sizeof(sequence));
    memcpy(piece->event, &event, sizeof(event));
    (void)snprintf(piece->state, sizeof(piece->state), "state %llu",
                   (unsigned long long)event);
    piece->item = (quipu_item){
        .sequence_id = { piece->sequence, 16 },
        .position = position,
        .topic = { "topic", 5 },
        .state = { piece->state, strlen(piece->state) },
        .event_id = { piece->event, 16 },
        .flags = position < 0 ? QUIPU_ITEM_NEXT : 0,
    };
}

int fixture_put(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                const struct piece *piece, int64_t time, quipu_result *result,
                quipu_error *error)
{
    const quipu_request request = { .schema = bound,
                                    .items = &piece->item,
                                    .item_count = 1 };
    size_t taken = 0;
    *result = (quipu_result){ 0 };
    int status = fixture_driver()->append(datastore, &request, 1, result,
                                          &taken, fixture_now() + time, error);
    return status == QUIPU_OK ? result->status : status;
}

void fixture_append(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, uint32_t sequence)
{
    static _Atomic uint64_t events;
    struct piece piece;
    quipu_result result;
    quipu_error error = { 0 };
    uint64_t event = atomic_fetch_add(&events, 1) + 1;
    fixture_piece(&piece, sequence, -1, event << 32 | 0xffffffffu);
    assert_ok(
        fixture_put(datastore, bound, &piece, 20 * SECOND, &result, &error),
        &error);
}

int64_t fixture_head(quipu_driver_datastore *datastore,
                     quipu_driver_schema *bound)
{
    quipu_position head = { 0 };
    quipu_error error = { 0 };
    assert_ok(fixture_driver()->log_head(
                  datastore, bound, fixture_now() + 20 * SECOND, &head, &error),
              &error);
    return head.notification_id;
}

/* ------------------------------------------------------------------- SQL */

static int64_t ask(const char *sql)
{
    int64_t answer = 0;
    PGconn *pg = PQconnectdb("options='-c client_min_messages=warning'");
    if (PQstatus(pg) != CONNECTION_OK) {
        fail_msg("%s", PQerrorMessage(pg));
    }
    PGresult *result = PQexec(pg, sql);
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0) {
        answer = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    } else if (PQresultStatus(result) != PGRES_COMMAND_OK &&
               PQresultStatus(result) != PGRES_TUPLES_OK) {
        fail_msg("%s: %s", sql, PQerrorMessage(pg));
    }
    PQclear(result);
    PQfinish(pg);
    return answer;
}

void fixture_sql(const char *format, ...)
{
    char sql[1000];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sql, sizeof(sql), format, arguments);
    va_end(arguments);
    (void)ask(sql);
}

int64_t fixture_ask(const char *format, ...)
{
    char sql[1000];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sql, sizeof(sql), format, arguments);
    va_end(arguments);
    return ask(sql);
}
