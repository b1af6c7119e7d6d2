/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of sequences and of the log, and waiting for the log to grow. */
#include "rows.h"

#include "common/clock.h"
#include "common/safeguard.h"

#include <string.h>

/* How long a wait goes without a look at the log.  Writers make the pulse of
 * the gate beat; who only reads is not at the gate. */
#define LOOK_WRITER (500 * CLOCK_MILLISECOND)
#define LOOK_READER (50 * CLOCK_MILLISECOND)

int quipu_sqlite_last_position(quipu_driver_datastore *datastore,
                               quipu_driver_schema *bound,
                               quipu_bytes sequence_id, int64_t deadline,
                               bool *found, int64_t *position,
                               quipu_error *error)
{
    struct connection *reader = NULL;
    int status =
        quipu_sqlite_reader_borrow(datastore, deadline, &reader, error);
    if (status == QUIPU_OK) {
        status = quipu_sqlite_ask_last(datastore, reader, bound, sequence_id,
                                       found, position, error);
        status =
            quipu_sqlite_torn_down(datastore, reader, bound, status, error);
        quipu_sqlite_reader_return(datastore, reader);
    }
    return status;
}

static int event_id_at(quipu_driver_datastore *datastore,
                       struct connection *reader,
                       const quipu_driver_schema *bound, quipu_position *head,
                       quipu_error *error)
{
    sqlite3_stmt *row = NULL;
    if (!bound->schema.event_id || head->notification_id == 0) {
        return QUIPU_OK;
    }
    int status = quipu_sqlite_statement_get(datastore, reader, bound,
                                            SQL_EVENT_ID_AT, &row, error);
    if (status != QUIPU_OK) {
        return status;
    }
    (void)sqlite3_bind_int64(row, 1, head->notification_id);
    int code = sqlite3_step(row);
    if (code == SQLITE_ROW && sqlite3_column_bytes(row, 0) == 16) {
        memcpy(head->event_id.bytes, sqlite3_column_blob(row, 0), 16);
    } else if (code != SQLITE_ROW && code != SQLITE_DONE) {
        status = quipu_sqlite_fail(datastore, reader->db, code, "read the head",
                                   error);
    }
    (void)sqlite3_reset(row);
    return status;
}

/* An item is never removed: what the head names is there in any later state of
 * the store, so the two reads need no common transaction. */
int quipu_sqlite_log_head(quipu_driver_datastore *datastore,
                          quipu_driver_schema *bound, int64_t deadline,
                          quipu_position *head, quipu_error *error)
{
    struct connection *reader = NULL;
    int status =
        quipu_sqlite_reader_borrow(datastore, deadline, &reader, error);
    if (status != QUIPU_OK) {
        return status;
    }
    *head = (quipu_position){ 0 };
    SAFEGUARD("L5.store-of-a-head")
    head->store = datastore->identity;
    status = quipu_sqlite_ask_head(datastore, reader, bound,
                                   &head->notification_id, error);
    SAFEGUARD("L5.event-of-a-head")
    if (status == QUIPU_OK) {
        status = event_id_at(datastore, reader, bound, head, error);
    }
    quipu_sqlite_reader_return(datastore, reader);
    return status;
}

static int look(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                int64_t deadline, int64_t *head, quipu_error *error)
{
    struct connection *reader = NULL;
    int status =
        quipu_sqlite_reader_borrow(datastore, deadline, &reader, error);
    if (status == QUIPU_OK) {
        reader->deadline = INT64_MAX; /* a look at the head is quick */
        status = quipu_sqlite_ask_head(datastore, reader, bound, head, error);
        quipu_sqlite_reader_return(datastore, reader);
    }
    return status;
}

int quipu_sqlite_wait(quipu_driver_datastore *datastore,
                      quipu_driver_schema *bound, int64_t after,
                      int64_t deadline, int64_t *head, quipu_error *error)
{
    uint32_t interrupts = atomic_load(&datastore->interrupts);
    int64_t pause =
        datastore->gated || !datastore->path
            ? LOOK_WRITER
            : SAFEGUARDED("L4.look-of-readers", LOOK_READER, 100 * LOOK_READER);
    for (;;) {
        uint32_t beat =
            quipu_common_commit_counter_read(datastore->commit_counter);
        int64_t now = 0;
        int status = look(datastore, bound, deadline, &now, error);
        if (status != QUIPU_OK) {
            return status;
        }
        if (now > after + SAFEGUARDED("L4.what-is-there", 0, 1) ||
            atomic_load(&datastore->interrupts) != interrupts) {
            *head = now;
            return QUIPU_OK;
        }
        if (clock_now() >= deadline) {
            return datastore->host->error_set(
                error, QUIPU_TIMEOUT, 0, NULL,
                "the log of \"%s\" did not grow beyond %lld",
                bound->schema.table, (long long)after);
        }
        quipu_common_commit_counter_wait(datastore->commit_counter, beat,
                                         clock_after(pause, deadline));
    }
}

void quipu_sqlite_interrupt(quipu_driver_datastore *datastore)
{
    SAFEGUARD("L4.interrupt")
    (void)atomic_fetch_add(&datastore->interrupts, 1);
    quipu_common_commit_counter_advance(datastore->commit_counter);
}
