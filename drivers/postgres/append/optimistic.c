/* SPDX-License-Identifier: Apache-2.0 */
/* The optimistic pass; the method and its invariants are in optimistic.h. */
#include "optimistic.h"

#include "insert.h"

#include "net/errors.h"
#include "net/retry.h"
#include "net/transaction.h"

#include "common/safeguard.h"

#include <string.h>

/* ------------------------------------------------------------- expectations */

/* Adds an expectation to those that a sequence has.  Returns false if they
 * contradict each other. */
static bool expect(struct sequence *sequence, int32_t expected, int64_t last)
{
    if (sequence->expected == 0 ||
        (sequence->expected == QUIPU_DEMAND_NOT_EMPTY &&
         expected == QUIPU_DEMAND_LAST)) {
        sequence->expected = expected;
        sequence->expected_last = last;
        return true;
    }
    if (expected == QUIPU_DEMAND_NOT_EMPTY) {
        return sequence->expected != QUIPU_DEMAND_EMPTY;
    }
    return sequence->expected == expected && sequence->expected_last == last;
}

/* Expects that the batch's first item of a sequence goes to `position`. */
static bool expect_next(struct sequence *sequence, int64_t position)
{
    if (position < 0) {
        return false;
    }
    return position == 0 ? expect(sequence, QUIPU_DEMAND_EMPTY, 0)
                         : expect(sequence, QUIPU_DEMAND_LAST, position - 1);
}

/* The entry of a sequence, numbered.  NULL: no memory. */
static struct sequence *find(struct batch *batch, uint32_t schema,
                             quipu_bytes id)
{
    struct sequence *sequence =
        quipu_postgres_batch_sequence(batch, schema, id);
    if (sequence && sequence->number == 0) {
        sequence->number = ++batch->schemas[schema].expectations;
    }
    return sequence;
}

static int no_memory(const struct batch *batch, quipu_error *error)
{
    return quipu_postgres_error_no_memory(batch->datastore->host, error);
}

/* A guard refers to the sequence as earlier requests of the batch leave it. */
static bool plan_guard(const struct schema_batch *schema,
                       struct sequence *sequence, const quipu_guard *guard)
{
    if (sequence->added == 0) {
        bool never = !schema->sparse && guard->position < 0 &&
                     guard->demand == QUIPU_DEMAND_LAST;
        return !never && expect(sequence, guard->demand, guard->position);
    }
    switch (guard->demand) {
    case QUIPU_DEMAND_NOT_EMPTY:
        return true;
    case QUIPU_DEMAND_LAST:
        return !schema->sparse &&
               expect_next(sequence, guard->position - (sequence->added - 1));
    default:
        return false;
    }
}

static int plan_guards(struct batch *batch, uint32_t schema,
                       const quipu_request *request, bool *possible,
                       quipu_error *error)
{
    for (size_t i = 0; i < request->guard_count && *possible; i++) {
        const quipu_guard *guard = &request->guards[i];
        struct sequence *sequence = find(batch, schema, guard->sequence_id);
        if (!sequence) {
            return no_memory(batch, error);
        }
        *possible = plan_guard(&batch->schemas[schema], sequence, guard);
    }
    return QUIPU_OK;
}

/* An explicit position is an expectation.  A "next" one is absolute if the end
 * of the sequence is expected, and otherwise counts from it. */
static bool plan_item(struct batch *batch, uint32_t schema,
                      struct sequence *sequence, const quipu_item *item)
{
    int64_t position = item->position;
    int32_t base = 0;
    if ((item->flags & QUIPU_ITEM_NEXT) == 0) {
        if (!expect_next(sequence, position - sequence->added)) {
            return false;
        }
    } else if (sequence->expected == QUIPU_DEMAND_EMPTY) {
        position = sequence->added;
    } else if (sequence->expected == QUIPU_DEMAND_LAST) {
        position = sequence->expected_last + 1 + sequence->added;
    } else {
        position = sequence->added;
        base = sequence->number;
        batch->schemas[schema].has_relative = true;
    }
    sequence->added++;
    quipu_postgres_batch_add_row(batch, schema, item, position)->base = base;
    return true;
}

/* In a sparse schema the index decides on positions.  Items are counted only
 * for the guards of later requests. */
static int plan_sparse_items(struct batch *batch, uint32_t schema,
                             const quipu_request *request, quipu_error *error)
{
    for (size_t i = 0; i < request->item_count; i++) {
        const quipu_item *item = &request->items[i];
        (void)quipu_postgres_batch_add_row(batch, schema, item, item->position);
        if (batch->schemas[schema].has_guards) {
            struct sequence *sequence = find(batch, schema, item->sequence_id);
            if (!sequence) {
                return no_memory(batch, error);
            }
            sequence->added++;
        }
    }
    return QUIPU_OK;
}

static int plan_items(struct batch *batch, uint32_t schema,
                      const quipu_request *request, bool *possible,
                      quipu_error *error)
{
    if (request->item_count > 0 && batch->schemas[schema].sparse) {
        return plan_sparse_items(batch, schema, request, error);
    }
    for (size_t i = 0; i < request->item_count && *possible; i++) {
        const quipu_item *item = &request->items[i];
        struct sequence *sequence = find(batch, schema, item->sequence_id);
        if (!sequence) {
            return no_memory(batch, error);
        }
        *possible = plan_item(batch, schema, sequence, item);
    }
    return QUIPU_OK;
}

/* Records of one consumer and log must rise from request to request; the stored
 * one must be below the first. */
static bool plan_tracking(struct batch *batch, uint32_t schema,
                          const quipu_tracking *tracking)
{
    if (!tracking) {
        return true;
    }
    struct tracking_update *update =
        quipu_postgres_batch_tracking_update(batch, tracking, schema);
    int64_t id = tracking->position.notification_id;
    if (!update->write) {
        update->write = true;
        update->below = id;
    } else if (id <= update->last->position.notification_id) {
        return false;
    }
    update->last = tracking;
    return true;
}

/* Guards are checked by the insert of their schema's items. */
static bool guards_are_checked(const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        if (batch->schemas[i].items == 0 && batch->schemas[i].has_guards) {
            return false;
        }
    }
    return true;
}

/* Enters rows, expectations and tracking records.  *possible false: INV2. */
static int plan(struct batch *batch, bool *possible, quipu_error *error)
{
    int status = QUIPU_OK;
    *possible = !batch_has_conditions(batch) && !batch->has_erased;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->requests[i].guard_count > 0) {
            batch->schemas[batch_schema_of(batch, i)].has_guards = true;
        }
    }
    for (size_t i = 0; i < batch->count && *possible && status == QUIPU_OK;
         i++) {
        const quipu_request *request = &batch->requests[i];
        uint32_t schema = batch_schema_of(batch, i);
        status = plan_guards(batch, schema, request, possible, error);
        if (status == QUIPU_OK && *possible) {
            status = plan_items(batch, schema, request, possible, error);
        }
        *possible =
            *possible && plan_tracking(batch, schema, request->tracking);
    }
    *possible = *possible && guards_are_checked(batch);
    return status;
}

/* ------------------------------------------------------------------ answers */

/* The statements of the transaction that is under way. */
struct exchange {
    struct batch *batch;
    const struct lease *lease;
    unsigned before; /* answers before those of the insert */
    unsigned stores; /* answers of the insert */
    bool alone;      /* one statement, without BEGIN and COMMIT */
    bool commit_sent;
};

/* An integrity violation (class 23: an expectation, a position, an event id, a
 * tracking record), the division of SQL_STORED, or a missing table. */
static bool is_violation(const char *state)
{
    return strncmp(state, "23", 2) == 0 || strcmp(state, "22012") == 0 ||
           strcmp(state, "42P01") == 0;
}

/* A trigger, a rule, or a server that cannot carry the statement out: the
 * strict pass decides, and such statements are not tried again. */
static bool is_check_in_vain(const struct exchange *exchange, unsigned nth,
                             enum answer answer, const PGresult *result)
{
    return answer == ANSWER_ERROR && nth >= exchange->before &&
           quipu_postgres_insert_is_checked(exchange->batch,
                                            nth - exchange->before) &&
           (quipu_postgres_error_has_state(result, "22012") ||
            quipu_postgres_error_has_state(result, "0A000"));
}

/* The outcome of an answer that is not good, before that of COMMIT.  If COMMIT
 * was sent, it may have been carried out, unless the server itself said that it
 * did not get that far: by an error (INV3), or by the reason for which it ended
 * the session.  Class 08 is no such reason: a pooler, or the coordinator of a
 * cluster, has lost the server. */
static enum outcome fail(const struct exchange *exchange, enum answer answer,
                         PGresult **result)
{
    const struct lease *lease = exchange->lease;
    bool refused = answer == ANSWER_ERROR;
    bool explained = answer == ANSWER_LOST &&
                     quipu_postgres_error_state(*result)[0] != '\0' &&
                     !quipu_postgres_error_has_state(*result, "08");
    bool reached = exchange->commit_sent && !refused && !explained;
    (void)quipu_postgres_error_from_answer(lease, answer, result, "append");
    if (reached) {
        return OUTCOME_UNKNOWN;
    }
    if (quipu_postgres_retry_classify(lease) != RETRY_NEVER) {
        return OUTCOME_RETRY;
    }
    return refused && is_violation(lease->error->sqlstate) ? OUTCOME_STRICT
                                                           : OUTCOME_FAILED;
}

/* Nothing more of such a server is believed, not even that it rolled back. */
static enum outcome fail_malformed(const struct exchange *exchange,
                                   const char *problem)
{
    const struct lease *lease = exchange->lease;
    lease->connection->lost = true;
    (void)quipu_postgres_error_malformed(lease->datastore, "append", problem,
                                         lease->error);
    return exchange->commit_sent ? OUTCOME_UNKNOWN : OUTCOME_FAILED;
}

static enum outcome receive_stores(const struct exchange *exchange)
{
    struct batch *batch = exchange->batch;
    PGresult *result = NULL;
    for (unsigned i = 0; i < exchange->before + exchange->stores; i++) {
        enum answer answer = quipu_postgres_pipeline_receive(
            exchange->lease->connection, quipu_postgres_batch_latest(batch),
            &result);
        if (is_check_in_vain(exchange, i, answer, result)) {
            atomic_store(&batch->datastore->checks_apart, true);
            PQclear(result);
            return OUTCOME_STRICT;
        }
        if (answer != ANSWER_OK && answer != ANSWER_SYNC) {
            return fail(exchange, answer, &result);
        }
        const char *problem = i >= exchange->before
                                  ? quipu_postgres_insert_take_answer(
                                        batch, i - exchange->before, result)
                                  : NULL;
        PQclear(result);
        if (problem) {
            return fail_malformed(exchange, problem);
        }
    }
    return quipu_postgres_insert_lacks_head(batch) ? OUTCOME_STRICT
                                                   : OUTCOME_DONE;
}

static void receive_sync(const struct exchange *exchange)
{
    struct connection *connection = exchange->lease->connection;
    if (!connection->lost &&
        quipu_postgres_pipeline_receive_sync(
            connection, quipu_postgres_batch_latest(exchange->batch)) !=
            ANSWER_SYNC) {
        connection->lost = true;
    }
}

static enum outcome outcome_of_commit(int status)
{
    return status == QUIPU_OK                ? OUTCOME_DONE
           : status == QUIPU_UNKNOWN_OUTCOME ? OUTCOME_UNKNOWN
                                             : OUTCOME_STRICT;
}

/* ------------------------------------------------------------------ sending */

/* A long message may be cut off on its way.  COMMIT is sent after its answers,
 * so that it is known then that nothing was stored (V5). */
static enum outcome store_then_commit(struct exchange *exchange)
{
    quipu_postgres_pipeline_sync(exchange->lease->connection);
    enum outcome outcome = receive_stores(exchange);
    receive_sync(exchange);
    if (outcome != OUTCOME_DONE) {
        return outcome;
    }
    if (exchange->lease->connection->lost) {
        return OUTCOME_RETRY;
    }
    return outcome_of_commit(quipu_postgres_transaction_commit(
        exchange->lease, quipu_postgres_batch_latest(exchange->batch)));
}

/* A statement without COMMIT is committed by the synchronization point, whose
 * answer says so. */
static enum outcome store_and_commit(struct exchange *exchange)
{
    struct batch *batch = exchange->batch;
    struct connection *connection = exchange->lease->connection;
    PGresult *result = NULL;
    if (exchange->alone) {
        quipu_postgres_transaction_send_end(exchange->lease);
    } else {
        quipu_postgres_transaction_send_commit(exchange->lease);
    }
    exchange->commit_sent = connection->commit_sent;
    enum outcome outcome = receive_stores(exchange);
    if (outcome != OUTCOME_DONE) {
        receive_sync(exchange);
        return outcome;
    }
    int64_t latest = quipu_postgres_batch_latest(batch);
    if (!exchange->alone) {
        return outcome_of_commit(
            quipu_postgres_transaction_receive_commit(exchange->lease, latest));
    }
    enum answer answer =
        quipu_postgres_pipeline_receive(connection, latest, &result);
    return outcome_of_commit(quipu_postgres_transaction_commit_status(
        exchange->lease, answer, &result));
}

/* SQL_STORED and SQL_TRACKING_STORED fail if a schema was torn down: then
 * requests of another schema are not committed either. */
static enum outcome store(struct batch *batch, const struct lease *lease)
{
    struct connection *connection = lease->connection;
    struct exchange exchange = { .batch = batch, .lease = lease };
    exchange.before =
        quipu_postgres_insert_choose(
            batch, !connection->sharded &&
                       !atomic_load(&batch->datastore->checks_apart))
            ? quipu_postgres_transaction_send_begin_one(
                  lease, batch->transfer_time, &exchange.alone)
            : quipu_postgres_transaction_send_begin(lease,
                                                    batch->transfer_time);
    exchange.stores = quipu_postgres_insert_send(batch, connection);
    enum outcome outcome =
        SAFEGUARDED("V5.long-append-is-committed-when-it-is-there",
                    batch->transfer_time > 0, false)
            ? store_then_commit(&exchange)
            : store_and_commit(&exchange);
    if (outcome == OUTCOME_DONE) {
        quipu_postgres_insert_set_results(batch);
        batch->accepted = true;
    }
    return outcome;
}

enum outcome quipu_postgres_optimistic_try(struct batch *batch,
                                           const struct lease *lease)
{
    bool possible = false;
    quipu_postgres_batch_clear(batch);
    int status = plan(batch, &possible, lease->error);
    if (status != QUIPU_OK) {
        return OUTCOME_FAILED;
    }
    return possible ? store(batch, lease) : OUTCOME_STRICT;
}
