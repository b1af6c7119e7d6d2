/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of sequences and of the log, and waiting for the log to grow. */
#include "key.h"
#include "record.h"
#include "store.h"

#include "shared/clock.h"

#include <string.h>

/* How long a wait goes without a look at the log.  Writers make the pulse of
 * the gate beat; who is not at the gate does not hear it. */
#define LOOK_GATED (500 * CLOCK_MILLISECOND)
#define LOOK_ALONE (50 * CLOCK_MILLISECOND)

static int ask_last(quipu_driver_datastore *datastore, MDB_txn *txn,
                    const quipu_driver_schema *bound, quipu_bytes sequence_id,
                    bool *found, int64_t *position, quipu_error *error)
{
    struct key key;
    MDB_cursor *index = NULL;
    bool alive = true;
    int64_t head = 0;
    *found = false;
    int status =
        quipu_lmdb_head_get(datastore, txn, bound, &alive, &head, error);
    if (status != QUIPU_OK || !alive) {
        return status;
    }
    quipu_lmdb_key_begin(&key, &bound->schema, sequence_id);
    int code = mdb_cursor_open(txn, bound->index, &index);
    if (code == MDB_SUCCESS) {
        code = quipu_lmdb_find_last(index, &key, found, position);
    }
    mdb_cursor_close(index);
    return code == MDB_SUCCESS
               ? QUIPU_OK
               : quipu_lmdb_fail(datastore->host, datastore->name, code,
                                 "find the end of a sequence", error);
}

int quipu_lmdb_last_position(quipu_driver_datastore *datastore,
                             quipu_driver_schema *bound,
                             quipu_bytes sequence_id, int64_t deadline,
                             bool *found, int64_t *position, quipu_error *error)
{
    MDB_txn *txn = NULL;
    int status =
        quipu_lmdb_reading_begin(datastore->environment, deadline, &txn, error);
    if (status == QUIPU_OK) {
        status = ask_last(datastore, txn, bound, sequence_id, found, position,
                          error);
        quipu_lmdb_reading_end(datastore->environment, txn);
    }
    return status;
}

static int event_id_at(quipu_driver_datastore *datastore, MDB_txn *txn,
                       const quipu_driver_schema *bound, quipu_position *head,
                       quipu_error *error)
{
    quipu_value values[QUIPU_COLUMNS_MAX];
    quipu_item item;
    if (bound->schema.event_id == NULL || head->notification_id == 0) {
        return QUIPU_OK;
    }
    int status = quipu_lmdb_record_find(
        datastore, txn, bound, head->notification_id, &item, values, error);
    if (status == QUIPU_OK) {
        memcpy(head->event_id.bytes, item.event_id.data, 16);
    }
    return status;
}

int quipu_lmdb_log_head(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t deadline,
                        quipu_position *head, quipu_error *error)
{
    MDB_txn *txn = NULL;
    bool alive = true;
    int status =
        quipu_lmdb_reading_begin(datastore->environment, deadline, &txn, error);
    if (status != QUIPU_OK) {
        return status;
    }
    *head = (quipu_position){ .store = datastore->identity };
    status = quipu_lmdb_head_get(datastore, txn, bound, &alive,
                                 &head->notification_id, error);
    if (status == QUIPU_OK) {
        status = event_id_at(datastore, txn, bound, head, error);
    }
    quipu_lmdb_reading_end(datastore->environment, txn);
    return status;
}

static int look(quipu_driver_datastore *datastore, quipu_driver_schema *bound,
                int64_t deadline, int64_t *head, quipu_error *error)
{
    MDB_txn *txn = NULL;
    bool alive = true;
    int status =
        quipu_lmdb_reading_begin(datastore->environment, deadline, &txn, error);
    if (status == QUIPU_OK) {
        status =
            quipu_lmdb_head_get(datastore, txn, bound, &alive, head, error);
        quipu_lmdb_reading_end(datastore->environment, txn);
    }
    return status;
}

int quipu_lmdb_wait(quipu_driver_datastore *datastore,
                    quipu_driver_schema *bound, int64_t after, int64_t deadline,
                    int64_t *head, quipu_error *error)
{
    struct environment *environment = datastore->environment;
    uint32_t interrupts = atomic_load(&datastore->interrupts);
    int64_t pause = environment->gated ? LOOK_GATED : LOOK_ALONE;
    for (;;) {
        uint32_t beat = quipu_shared_pulse_read(environment->pulse);
        int64_t now = 0;
        int status = look(datastore, bound, deadline, &now, error);
        if (status != QUIPU_OK) {
            return status;
        }
        if (now > after || atomic_load(&datastore->interrupts) != interrupts) {
            *head = now;
            return QUIPU_OK;
        }
        if (clock_now() >= deadline) {
            return datastore->host->error_set(
                error, QUIPU_TIMEOUT, 0, NULL,
                "the log of \"%s\" did not grow beyond %lld",
                bound->schema.table, (long long)after);
        }
        quipu_shared_pulse_wait(environment->pulse, beat,
                                clock_after(pause, deadline));
    }
}

void quipu_lmdb_interrupt(quipu_driver_datastore *datastore)
{
    (void)atomic_fetch_add(&datastore->interrupts, 1);
    quipu_shared_pulse_beat(datastore->environment->pulse);
}
