/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of sequences and of the log, and waiting for the log to grow. */
#include "key.h"
#include "record.h"
#include "store.h"

#include "common/clock.h"
#include "common/safeguard.h"

#include <string.h>

/* How long a wait goes without a look at the log.  Writers make the pulse of
 * the gate beat; who is not at the gate does not hear it. */
#define LOOK_GATED (500 * CLOCK_MILLISECOND)
#define LOOK_ALONE (50 * CLOCK_MILLISECOND)

/* ------------------------------------------------------------ of a sequence */

struct last {
    const quipu_driver_schema *bound;
    quipu_bytes sequence_id;
    bool *found;
    int64_t *position;
};

static int look_for_last(quipu_driver_datastore *datastore,
                         const struct view *view, void *context,
                         quipu_error *error)
{
    struct last *last = context;
    struct key key;
    struct walk index;
    bool alive = true;
    int64_t head = 0;
    *last->found = false;
    int status =
        quipu_lmdb_head_get(datastore, view, last->bound, &alive, &head, error);
    if (status != QUIPU_OK || !alive) {
        return status;
    }
    quipu_lmdb_key_begin(&key, &last->bound->schema, last->sequence_id);
    int code = quipu_lmdb_walk_open(&index, view, &last->bound->index);
    if (code == MDB_SUCCESS) {
        code =
            quipu_lmdb_walk_to_end(&index, &key, last->found, last->position);
    }
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
    struct last last = { bound, sequence_id, found, position };
    return quipu_lmdb_reading_run(datastore, deadline, look_for_last, &last,
                                  error);
}

/* --------------------------------------------------------------- of the log */

struct end {
    const quipu_driver_schema *bound;
    int64_t head;
    quipu_uuid *event_id; /* or NULL: not wanted */
};

static int look_for_head(quipu_driver_datastore *datastore,
                         const struct view *view, void *context,
                         quipu_error *error)
{
    struct end *end = context;
    quipu_value values[QUIPU_COLUMNS_MAX];
    quipu_item item;
    bool alive = true;
    int status = quipu_lmdb_head_get(datastore, view, end->bound, &alive,
                                     &end->head, error);
    if (status != QUIPU_OK || end->head == 0 || !end->event_id ||
        !end->bound->schema.event_id) {
        return status;
    }
    status = quipu_lmdb_record_find(datastore, view, end->bound, end->head,
                                    &item, values, error);
    if (status == QUIPU_OK) {
        SAFEGUARD("L5.event-of-a-head")
        memcpy(end->event_id->bytes, item.event_id.data, 16);
    }
    return status;
}

int quipu_lmdb_log_head(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t deadline,
                        quipu_position *head, quipu_error *error)
{
    struct end end = { bound, 0, &head->event_id };
    *head = (quipu_position){ 0 };
    SAFEGUARD("L5.store-of-a-head")
    head->store = datastore->identity;
    int status =
        quipu_lmdb_reading_run(datastore, deadline, look_for_head, &end, error);
    head->notification_id = end.head;
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
        uint32_t beat =
            quipu_common_commit_counter_read(environment->commit_counter);
        struct end end = { bound, 0, NULL };
        int status = quipu_lmdb_reading_run(datastore, deadline, look_for_head,
                                            &end, error);
        if (status != QUIPU_OK) {
            return status;
        }
        if (end.head > SAFEGUARDED("L4.what-is-there", after, after + 1) ||
            atomic_load(&datastore->interrupts) != interrupts) {
            *head = end.head;
            return QUIPU_OK;
        }
        if (clock_now() >= deadline) {
            return datastore->host->error_set(
                error, QUIPU_TIMEOUT, 0, NULL,
                "the log of \"%s\" did not grow beyond %lld",
                bound->schema.table, (long long)after);
        }
        quipu_common_commit_counter_wait(environment->commit_counter, beat,
                                         clock_after(pause, deadline));
    }
}

void quipu_lmdb_interrupt(quipu_driver_datastore *datastore)
{
    SAFEGUARD("L4.interrupt")
    (void)atomic_fetch_add(&datastore->interrupts, 1);
    quipu_common_commit_counter_advance(datastore->environment->commit_counter);
}
