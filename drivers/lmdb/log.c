/* SPDX-License-Identifier: Apache-2.0 */
/* The head of the log, and waiting for the log to grow. */
#include "catalogue/store.h"
#include "format/item_format.h"
#include "txn/read_txn.h"

#include "common/clock.h"
#include "common/safeguard.h"

/* A waiting thread looks at the log after this time at the latest.  Commits
 * advance the counter in the lock file, on which it waits; without the lock
 * file it has to poll. */
#define LOOK_NOTIFIED (500 * CLOCK_MILLISECOND)
#define LOOK_POLLING (50 * CLOCK_MILLISECOND)

struct head {
    const quipu_driver_schema *bound;
    int64_t id;           /* notification id of the last item, or 0 */
    quipu_uuid *event_id; /* of that item; NULL: not wanted */
    bool alive;           /* the schema was not torn down */
};

static int read_head(quipu_driver_datastore *datastore,
                     const struct snapshot *snapshot, void *context,
                     quipu_error *error)
{
    struct head *head = context;
    struct found_item last;
    int code = quipu_lmdb_store_get_head(snapshot, head->bound, &head->alive,
                                         &head->id);
    if (code != MDB_SUCCESS) {
        return quipu_lmdb_error_set(datastore->host, datastore->name, code,
                                    "read the head of a log", error);
    }
    if (head->id == 0 || !head->event_id || !head->bound->schema.event_id) {
        return QUIPU_OK;
    }
    last.id = head->id;
    int status = quipu_lmdb_item_format_find(datastore, snapshot, head->bound,
                                             &last, error);
    if (status == QUIPU_OK) {
        SAFEGUARD("L5.event-of-a-head")
        memcpy(head->event_id->bytes, last.item.event_id.data, 16);
    }
    return status;
}

int quipu_lmdb_log_head(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t deadline,
                        quipu_position *position, quipu_error *error)
{
    struct head head = { bound, 0, &position->event_id, true };
    *position = (quipu_position){ 0 };
    SAFEGUARD("L5.store-of-a-head")
    position->store = datastore->identity;
    int status =
        quipu_lmdb_read_txn_run(datastore, deadline, read_head, &head, error);
    position->notification_id = head.id;
    return status;
}

/* The counter is read before the log: a commit between the two ends the wait at
 * once. */
int quipu_lmdb_log_wait(quipu_driver_datastore *datastore,
                        quipu_driver_schema *bound, int64_t after,
                        int64_t deadline, int64_t *id, quipu_error *error)
{
    struct environment *environment = datastore->environment;
    uint32_t interrupts = atomic_load(&datastore->interrupts);
    int64_t pause = environment->has_lock_file ? LOOK_NOTIFIED : LOOK_POLLING;
    for (;;) {
        uint32_t counter =
            quipu_common_commit_counter_read(environment->commit_counter);
        struct head head = { bound, 0, NULL, true };
        int status = quipu_lmdb_read_txn_run(datastore, deadline, read_head,
                                             &head, error);
        if (status != QUIPU_OK) {
            return status;
        }
        if (!head.alive) { /* its log will never grow */
            return quipu_lmdb_error_torn_down(datastore->host, &bound->schema,
                                              error);
        }
        if (head.id > SAFEGUARDED("L4.what-is-there", after, after + 1) ||
            atomic_load(&datastore->interrupts) != interrupts) {
            *id = head.id;
            return QUIPU_OK;
        }
        if (clock_now() >= deadline) {
            return datastore->host->error_set(
                error, QUIPU_TIMEOUT, 0, NULL,
                "the log of \"%s\" did not grow beyond %lld",
                bound->schema.table, (long long)after);
        }
        if (!environment->lockless) {
            status = quipu_lmdb_environment_check_name(environment, error);
        }
        if (status != QUIPU_OK) {
            return status;
        }
        quipu_common_commit_counter_wait(environment->commit_counter, counter,
                                         clock_after(pause, deadline));
    }
}

void quipu_lmdb_log_interrupt(quipu_driver_datastore *datastore)
{
    SAFEGUARD("L4.interrupt")
    (void)atomic_fetch_add(&datastore->interrupts, 1);
    quipu_common_commit_counter_advance(datastore->environment->commit_counter);
}
