/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending
 * =========
 *
 * The core passes requests, which are independent of each other: each is
 * accepted or refused on its own, in their order.  A batch (batch.h) takes as
 * many as fit into one transaction, and tries are made until there is an
 * outcome:
 *
 * - The optimistic pass (optimistic.h) takes one round trip.  It supposes
 *   that all requests are accepted; if that is wrong, the server refuses the
 *   whole batch.
 * - The strict pass (strict.h) takes three round trips.  It checks each
 *   request against the server's state and stores the accepted ones.  It
 *   follows an optimistic pass that was refused.  It is the only pass for a
 *   transaction with a caller's function, for batches with entries, expected
 *   tracking records or erased items, and for the recovery of a COMMIT.
 * - Commit recovery (commit_recovery.h) begins if a COMMIT was not answered.
 *
 * Numbering.  A row of quipu_heads holds the last notification id of a schema's
 * log.  An append adds its number of items to it, in the transaction that
 * stores them.
 *
 * INV1  The row is locked until the end of that transaction, so appends to a
 *       schema follow one another, and a reader that sees an id sees all ids
 *       below it: there are no gaps, and no id appears late (L1, L2).
 * INV2  All preconditions are checked under that lock, those of entries and
 *       expected tracking records under locks of theirs, so the findings hold
 *       until the commit.  READ COMMITTED is enough: each statement after the
 *       lock sees everything that was committed before it.
 * INV3  A transaction stores all items of its accepted requests, or nothing.
 * INV4  Locks are taken in one order, heads by number, entries (entries.h), and
 *       then tracking records by key: appends do not deadlock with each other.
 * INV5  A try whose outcome is unknown is never followed by an optimistic
 *       pass: only the strict pass can tell if the lost try has stored it.
 *
 * Shared flushes.  In a namespace that has them, a transaction commits before
 * its flush (net/flush.h) if other sessions append to the log at the same time,
 * since they wait for the lock.  That costs a second transaction, so a session
 * that appends alone does not do it.  A session sees others by ids of theirs
 * between its own, and expects them for its next CROWDED_APPENDS, and for its
 * first ones.
 *
 * Backoff.  A refused optimistic pass is a wasted round trip.  After a batch in
 * which a request was refused, or was a repeat, the next STRICT_BATCHES batches
 * of the datastore begin with the strict pass.
 */
#include "append.h"

#include "batch.h"
#include "commit_recovery.h"
#include "optimistic.h"
#include "strict.h"

#include "catalogue/catalogue.h"
#include "net/errors.h"
#include "net/retry.h"
#include "net/transaction.h"

#include "common/error.h"
#include "common/safeguard.h"

#include <string.h>

#define TRIES 11         /* after transient errors, without a pause */
#define STRICT_BATCHES 4 /* after a batch with a refused request */
#define RECOVERY_PAUSE (20 * CLOCK_MILLISECOND)

/* -------------------------------------------------------------------- a try */

/* Takes one of the batches that begin with the strict pass. */
static bool is_backing_off(quipu_driver_datastore *datastore)
{
    uint32_t left = atomic_load(&datastore->strict_left);
    if (left == 0) {
        return false;
    }
    (void)atomic_compare_exchange_strong(&datastore->strict_left, &left,
                                         left - 1);
    return true;
}

/* Returns true if the table of entries is missing: stores of older programs do
 * not have it.  The server's message names the table in every language. */
static bool lacks_entries(const struct batch *batch, const quipu_error *error)
{
    return batch->entry_room > 0 && strcmp(error->sqlstate, "42P01") == 0 &&
           strstr(error->message, "quipu_entries");
}

/* Lets the tables of a batch take items without a state. */
static int allow_erased(struct batch *batch, const struct lease *lease)
{
    int status = QUIPU_OK;
    for (uint32_t i = 0;
         batch->refuses_erased && status == QUIPU_OK && i < batch->schema_count;
         i++) {
        const quipu_driver_schema *bound = batch->schemas[i].bound;
        status = quipu_postgres_catalogue_allow_erased(lease, &bound->schema,
                                                       bound->table);
    }
    batch->refuses_erased = false;
    return status;
}

/* While a COMMIT is uncertain, only the strict pass is used (INV5). */
static enum outcome try_passes(struct batch *batch, const struct lease *lease,
                               const struct caller_work *work)
{
    enum outcome outcome = OUTCOME_STRICT;
    if (allow_erased(batch, lease) != QUIPU_OK) {
        return OUTCOME_FAILED;
    }
    if (!work->function && !batch->uncertain &&
        !is_backing_off(batch->datastore)) {
        outcome = quipu_postgres_optimistic_try(batch, lease);
    }
    if (outcome != OUTCOME_STRICT) {
        return outcome;
    }
    if (lease->connection->lost) {
        return OUTCOME_RETRY;
    }
    outcome = quipu_postgres_strict_try(batch, lease, work);
    if (outcome == OUTCOME_FAILED && lacks_entries(batch, lease->error)) {
        return quipu_postgres_catalogue_add_entries(lease) == QUIPU_OK
                   ? OUTCOME_RETRY
                   : OUTCOME_FAILED;
    }
    /* Tables that older programs have made require a state. */
    batch->refuses_erased = outcome == OUTCOME_RETRY && batch->has_erased &&
                            strcmp(lease->error->sqlstate, "23502") == 0;
    if (outcome == OUTCOME_DONE && batch->refused) {
        atomic_store(&batch->datastore->strict_left, STRICT_BATCHES);
    }
    return outcome;
}

/* Notes whether other sessions have appended since the session's last append.
 * A batch with several schemas tells nothing. */
static void note_others(const struct batch *batch,
                        struct connection *connection)
{
    const struct schema_batch *schema = &batch->schemas[0];
    if (batch->schema_count != 1 || schema->items == 0) {
        return;
    }
    if (connection->log == schema->bound->number &&
        connection->log_head != schema->head) {
        connection->crowded = CROWDED_APPENDS;
    } else if (connection->crowded > 0) {
        connection->crowded--;
    }
    connection->log = schema->bound->number;
    connection->log_head = schema->head + (int64_t)schema->items;
}

/* One try on a connection of the pool.  While a COMMIT is uncertain, an error
 * of a later try changes nothing about that: the outcome stays unknown. */
static enum outcome try_once(struct batch *batch,
                             const struct caller_work *work, quipu_error *error)
{
    quipu_driver_datastore *datastore = batch->datastore;
    struct lease lease = { .datastore = datastore,
                           .deadline = batch->deadline,
                           .error = error };
    int status = quipu_postgres_pool_borrow(datastore, batch->deadline,
                                            &lease.connection, error);
    if (status != QUIPU_OK) {
        return batch->uncertain ? OUTCOME_UNKNOWN : OUTCOME_FAILED;
    }
    struct connection *connection = lease.connection;
    connection->deadline = quipu_postgres_batch_latest(batch);
    enum outcome outcome = try_passes(batch, &lease, work);
    if (PQtransactionStatus(connection->pg) == PQTRANS_INERROR) {
        quipu_postgres_transaction_rollback(&lease);
    }
    if (outcome == OUTCOME_DONE && batch->accepted) {
        note_others(batch, connection);
        quipu_postgres_notify_announce(datastore, connection);
    }
    quipu_postgres_pool_return(datastore, connection);
    if (outcome == OUTCOME_DONE) {
        quipu_postgres_commit_recovery_end(batch);
    } else if (outcome == OUTCOME_UNKNOWN) {
        batch->in_doubt = true;
        quipu_postgres_commit_recovery_begin(batch);
    } else if (batch->uncertain) {
        outcome = OUTCOME_UNKNOWN;
    }
    return outcome;
}

/* ---------------------------------------------------------------- all tries */

static int fail_unknown(const struct batch *batch, quipu_error *error)
{
    char message[sizeof(error->message)];
    if (error->code == QUIPU_UNKNOWN_OUTCOME) {
        return QUIPU_UNKNOWN_OUTCOME;
    }
    memcpy(message, error->message, sizeof(message));
    return batch->datastore->host->error_set(
        error, QUIPU_UNKNOWN_OUTCOME, 0, NULL,
        "it is not known whether %s stored the append (%.600s); repeat it, or "
        "look its event ids up",
        batch->datastore->name, message);
}

/* Returns true if a transaction whose COMMIT was not answered was aborted, and
 * there may be another try. */
static bool is_aborted(const struct batch *batch, struct retry *transient)
{
    return SAFEGUARDED("K5.transaction-that-was-aborted",
                       batch_has_conditions(batch), false) &&
           batch->transaction != 0 &&
           quipu_postgres_commit_recovery_is_aborted(batch) &&
           quipu_postgres_retry_again(transient, 0);
}

/* Transient errors are limited in number and by the deadline, the recovery of a
 * COMMIT by the deadline alone. */
static int run(struct batch *batch, const struct caller_work *work,
               quipu_error *error)
{
    struct retry transient = quipu_postgres_retry_begin(batch->deadline, TRIES);
    struct retry recovery =
        quipu_postgres_retry_begin(batch->deadline, INT32_MAX);
    for (;;) {
        bool recovering = batch->uncertain;
        switch (try_once(batch, work, error)) {
        case OUTCOME_DONE:
            return QUIPU_OK;
        case OUTCOME_FAILED:
            return error->code;
        case OUTCOME_UNKNOWN:
            if (batch->uncertain
                    ? !quipu_postgres_retry_again(
                          &recovery, recovering ? RECOVERY_PAUSE : 0)
                    : !is_aborted(batch, &transient)) {
                return fail_unknown(batch, error);
            }
            break;
        default:
            if (!quipu_postgres_retry_after(&transient, error,
                                            batch->deadline)) {
                return error->code;
            }
            break;
        }
    }
}

static void mark_in_doubt(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        batch->results[i].flags |= QUIPU_RESULT_IN_DOUBT;
    }
}

static int run_batch(struct batch *batch, const struct caller_work *work,
                     size_t *taken, quipu_error *error)
{
    quipu_driver_datastore *datastore = batch->datastore;
    quipu_error own = { 0 };
    *taken = batch->count;
    if (datastore->readonly) {
        return quipu_postgres_error_readonly(datastore, error);
    }
    int status = quipu_postgres_batch_init(batch, &own);
    *taken = batch->count;
    if (status == QUIPU_OK) {
        status = run(batch, work, &own);
    }
    if (status == QUIPU_OK && batch->in_doubt) {
        mark_in_doubt(batch);
    }
    quipu_postgres_batch_finish(batch);
    return quipu_common_error_pass(status, &own, error);
}

/* The arrays at the end of the struct need no initialisation. */
static void begin_batch(struct batch *batch, quipu_driver_datastore *datastore,
                        int64_t deadline)
{
    memset(batch, 0, offsetof(struct batch, few_sequences));
    batch->datastore = datastore;
    batch->deadline = deadline;
}

int quipu_postgres_append(quipu_driver_datastore *datastore,
                          const quipu_request *requests, size_t count,
                          quipu_result *results, size_t *taken,
                          int64_t deadline, quipu_error *error)
{
    const struct caller_work none = { NULL, NULL };
    struct batch batch;
    begin_batch(&batch, datastore, deadline);
    batch.requests = requests;
    batch.results = results;
    batch.count = count;
    return run_batch(&batch, &none, taken, error);
}

int quipu_postgres_append_transact(quipu_driver_datastore *datastore,
                                   const quipu_request *request,
                                   quipu_work function, void *context,
                                   quipu_result *result, int64_t deadline,
                                   quipu_error *error)
{
    const struct caller_work work = { function, context };
    struct batch batch;
    size_t taken = 0;
    begin_batch(&batch, datastore, deadline);
    batch.requests = request;
    batch.results = result;
    batch.count = 1;
    return run_batch(&batch, &work, &taken, error);
}
