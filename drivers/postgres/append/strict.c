/* SPDX-License-Identifier: Apache-2.0 */
/* The strict pass; the method and its invariants are in strict.h. */
#include "strict.h"

#include "entries.h"
#include "insert.h"
#include "state_query.h"

#include "catalogue/catalogue.h"
#include "net/errors.h"
#include "net/flush.h"
#include "net/query.h"
#include "net/retry.h"
#include "net/transaction.h"

#include "common/preconditions.h"
#include "common/safeguard.h"

#include <string.h>

/* State of the pass.  The tables hold what accepted requests of the batch add,
 * and the taken positions that were read. */
struct strict {
    struct batch *batch;
    struct item_state *items; /* stored state of each item */
    /* Event ids of accepted items; the value is the index of the row. */
    struct key_table event_ids[BATCH_SCHEMAS_MAX];
    /* Taken positions of sparse schemas. */
    struct key_table positions[BATCH_SCHEMAS_MAX];
    /* The request being checked. */
    const quipu_request *request;
    uint32_t schema; /* index of its schema batch, or NO_SCHEMA */
    size_t first;    /* index of its first item, of all */
};

static int no_memory(const struct strict *strict, quipu_error *error)
{
    return quipu_postgres_error_no_memory(strict->batch->datastore->host,
                                          error);
}

/* ----------------------------------------------------------------- look-ups */

/* The entry of a sequence; the state query has made it. */
static struct sequence *find(const struct strict *strict, quipu_bytes id)
{
    return quipu_postgres_batch_sequence(strict->batch, strict->schema, id);
}

static int find_last_position(void *context, quipu_bytes sequence_id,
                              bool *found, int64_t *last, quipu_error *error)
{
    const struct strict *strict = context;
    const struct sequence *sequence = find(strict, sequence_id);
    (void)error;
    *found = sequence->found;
    *last = sequence->last;
    return QUIPU_OK;
}

/* An item of an earlier request of the batch, or a stored one. */
static int find_item(void *context, const quipu_item *item,
                     struct stored_item *stored, quipu_error *error)
{
    struct strict *strict = context;
    const struct batch *batch = strict->batch;
    bool added = false;
    const struct key_entry *entry = quipu_common_key_table_get(
        &strict->event_ids[strict->schema], item->event_id, 0, &added);
    (void)error;
    if (entry->found) {
        const struct row *row = &batch->rows[entry->last];
        quipu_item earlier = *row->item;
        earlier.position = row->position;
        earlier.notification_id =
            batch->schemas[strict->schema].head + row->nth;
        quipu_common_preconditions_compare(&earlier, item, stored);
        return QUIPU_OK;
    }
    *stored =
        strict->items[strict->first + (size_t)(item - strict->request->items)]
            .stored;
    return QUIPU_OK;
}

static int find_tracking(void *context, const quipu_tracking *tracking,
                         bool *found, int64_t *notification_id,
                         quipu_error *error)
{
    const struct strict *strict = context;
    const struct tracking_update *update = quipu_postgres_batch_tracking_update(
        strict->batch, tracking, strict->schema);
    (void)error;
    *found = update->found;
    *notification_id = update->stored;
    return QUIPU_OK;
}

static int find_position(void *context, quipu_bytes sequence_id,
                         int64_t position, bool *taken, quipu_error *error)
{
    struct strict *strict = context;
    bool added = false;
    (void)error;
    *taken = quipu_common_key_table_get(&strict->positions[strict->schema],
                                        sequence_id, position, &added)
                 ->found;
    return QUIPU_OK;
}

static int find_entry(void *context, quipu_bytes key, bool *found,
                      int64_t *revision, quipu_error *error)
{
    const struct strict *strict = context;
    const struct entry *entry = quipu_postgres_entries_find(strict->batch, key);
    (void)error;
    *found = entry->found;
    *revision = entry->revision;
    return QUIPU_OK;
}

static const struct preconditions_lookups lookups = {
    .last_position = find_last_position,
    .item = find_item,
    .tracking = find_tracking,
    .position_is_taken = find_position,
    .entry = find_entry,
};

/* ---------------------------------------------------------------- accepting */

static void accept_item(struct strict *strict, const quipu_item *item,
                        int64_t position)
{
    struct batch *batch = strict->batch;
    const struct schema_batch *schema = &batch->schemas[strict->schema];
    struct sequence *sequence = find(strict, item->sequence_id);
    bool added = false;
    (void)quipu_postgres_batch_add_row(batch, strict->schema, item, position);
    if (!sequence->found || sequence->last < position) {
        sequence->found = true;
        sequence->last = position;
    }
    if (schema->sparse) {
        quipu_common_key_table_get(&strict->positions[strict->schema],
                                   item->sequence_id, position, &added)
            ->found = true;
    }
    if (schema->bound->schema.event_id) {
        struct key_entry *entry = quipu_common_key_table_get(
            &strict->event_ids[strict->schema], item->event_id, 0, &added);
        entry->found = true;
        entry->last = (int64_t)batch->row_count - 1;
    }
}

/* The record is written only if it is as it was read: if it was found, it is
 * locked; if it was not, another append may have made it, which any bound
 * below all ids refuses. */
static int64_t below_of(const struct tracking_update *update)
{
    if (update->was_found) {
        return update->was_stored + 1;
    }
    return SAFEGUARDED("T1.record-that-is-made-meanwhile", INT64_MIN,
                       INT64_MAX);
}

static void accept_tracking(struct strict *strict)
{
    const quipu_tracking *tracking = strict->request->tracking;
    if (!tracking) {
        return;
    }
    struct tracking_update *update = quipu_postgres_batch_tracking_update(
        strict->batch, tracking, strict->schema);
    if (!update->write) {
        update->below = tracking->position.notification_id;
    }
    if (strict->batch->expects_tracking) {
        update->below = below_of(update);
    }
    update->write = true;
    update->found = tracking->position.notification_id > 0;
    update->stored = tracking->position.notification_id;
    update->last = tracking;
}

/* Adds an accepted request to the state for later ones (INV2). */
static void accept(struct strict *strict, const struct preconditions *check,
                   quipu_result *result)
{
    struct batch *batch = strict->batch;
    const quipu_request *request = strict->request;
    for (size_t i = 0; i < request->item_count; i++) {
        int64_t position = quipu_common_preconditions_position(check, i);
        accept_item(strict, &request->items[i], position);
        if (result->positions) {
            result->positions[i] = position;
        }
    }
    if (request->item_count > 0) {
        const struct schema_batch *schema = &batch->schemas[strict->schema];
        result->first_notification_id =
            schema->head + (int64_t)(schema->items - request->item_count) + 1;
    }
    accept_tracking(strict);
    quipu_postgres_entries_accept(batch, request);
    batch->accepted = true;
}

/* ----------------------------------------------------------------- checking */

static int check_request(struct strict *strict, quipu_result *result,
                         quipu_error *error)
{
    struct batch *batch = strict->batch;
    quipu_driver_schema *bound = strict->request->schema;
    struct preconditions check = { .host = batch->datastore->host,
                                   .lookups = &lookups,
                                   .context = strict,
                                   .schema = bound ? &bound->schema : NULL,
                                   .request = strict->request,
                                   .result = result,
                                   .strict = true };
    int status = quipu_common_preconditions_check(&check, error);
    if (status == QUIPU_OK) {
        if (result->status != QUIPU_OK) {
            batch->refused = true;
        } else if ((result->flags & QUIPU_RESULT_REPEATED) != 0) {
            batch->schemas[strict->schema].has_repeats = true;
            batch->refused = true;
        } else {
            accept(strict, &check, result);
        }
    }
    quipu_common_preconditions_finish(&check);
    return status;
}

/* The tables of a schema have room for all its items. */
static bool make_tables(struct strict *strict)
{
    const struct batch *batch = strict->batch;
    const quipu_host *host = batch->datastore->host;
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        size_t count = quipu_postgres_state_query_count_items(batch, i);
        if (count > 0 &&
            (!quipu_common_key_table_init(&strict->event_ids[i], host, count) ||
             !quipu_common_key_table_init(&strict->positions[i], host,
                                          count))) {
            return false;
        }
    }
    return true;
}

static void finish_tables(struct strict *strict)
{
    for (uint32_t i = 0; i < strict->batch->schema_count; i++) {
        quipu_common_key_table_finish(&strict->event_ids[i]);
        quipu_common_key_table_finish(&strict->positions[i]);
    }
}

/* Enters the positions that are taken in the store. */
static void enter_taken(struct strict *strict)
{
    const struct batch *batch = strict->batch;
    const struct item_state *state = strict->items;
    for (size_t i = 0; i < batch->count; i++) {
        const quipu_request *request = &batch->requests[i];
        for (size_t j = 0; j < request->item_count; j++, state++) {
            const quipu_item *item = &request->items[j];
            bool added = false;
            if (state->taken) {
                quipu_common_key_table_get(
                    &strict->positions[batch_schema_of(batch, i)],
                    item->sequence_id, item->position, &added)
                    ->found = true;
            }
        }
    }
}

/* Returns true if a lost try has stored what it would have stored: an item of
 * an uncertain request is there. */
static bool lost_try_is_stored(const struct strict *strict)
{
    const struct batch *batch = strict->batch;
    const struct item_state *state = strict->items;
    for (size_t i = 0; batch->uncertain && i < batch->count; i++) {
        if (batch->uncertain[i] && batch->requests[i].item_count > 0 &&
            state->stored.found) {
            return true;
        }
        state += batch->requests[i].item_count;
    }
    return false;
}

/* A request without items is not found by its event ids.  If the lost try is
 * stored, it is stored as well, and not checked again: its entries would be
 * written twice, or conflict with themselves. */
static int check_requests(struct strict *strict, quipu_error *error)
{
    struct batch *batch = strict->batch;
    bool stored = SAFEGUARDED("K4.own-entries-are-no-conflict",
                              lost_try_is_stored(strict), false);
    int status = QUIPU_OK;
    enter_taken(strict);
    for (size_t i = 0; i < batch->count && status == QUIPU_OK; i++) {
        strict->request = &batch->requests[i];
        strict->schema = batch_schema_of(batch, i);
        if (!stored || !batch->uncertain[i] ||
            strict->request->item_count > 0) {
            status = check_request(strict, &batch->results[i], error);
        }
        strict->first += strict->request->item_count;
    }
    return status;
}

/* Reads the state and decides on all requests: results, rows and tracking
 * records. */
static int decide(struct batch *batch, const struct lease *lease)
{
    quipu_error *error = lease->error;
    const quipu_host *host = batch->datastore->host;
    struct strict strict = { .batch = batch };
    size_t size = (batch->item_count + 1) * sizeof(*strict.items);
    strict.items = host->allocate(size);
    if (!strict.items) {
        return no_memory(&strict, error);
    }
    memset(strict.items, 0, size);
    int status = quipu_postgres_state_query_run(batch, lease, strict.items);
    if (status == QUIPU_OK) {
        status = make_tables(&strict) ? check_requests(&strict, error)
                                      : no_memory(&strict, error);
        finish_tables(&strict);
    }
    host->release(strict.items);
    return status;
}

/* ------------------------------------------------------------------ storing */

/* The answers of the two parts of what is stored. */
struct stores {
    unsigned inserts; /* items and tracking records */
    unsigned entries;
};

static int check_answer(const struct batch *batch, const struct lease *lease,
                        const struct stores *stores, unsigned nth,
                        const PGresult *result)
{
    return nth < stores->inserts
               ? quipu_postgres_insert_check_answer(batch, lease, nth, result)
               : quipu_postgres_entries_check_answer(batch, lease,
                                                     nth - stores->inserts,
                                                     stores->entries, result);
}

/* Receives the answers of the insert, and checks them. */
static int receive_stores(struct batch *batch, const struct lease *lease,
                          const struct stores *stores)
{
    int64_t latest = quipu_postgres_batch_latest(batch);
    int status = QUIPU_OK;
    for (unsigned i = 0;
         i < stores->inserts + stores->entries && status == QUIPU_OK; i++) {
        PGresult *result = NULL;
        enum answer answer =
            quipu_postgres_pipeline_receive(lease->connection, latest, &result);
        if (answer == ANSWER_OK || answer == ANSWER_ERROR) {
            status = check_answer(batch, lease, stores, i, result);
        }
        if (answer != ANSWER_OK && status == QUIPU_OK) {
            return quipu_postgres_error_from_answer(lease, answer, &result,
                                                    "append");
        }
        PQclear(result);
    }
    return status;
}

static bool stores_erased(const struct batch *batch)
{
    for (size_t i = 0; batch->has_erased && i < batch->row_count; i++) {
        if ((batch->rows[i].item->flags & QUIPU_ITEM_ERASED) != 0) {
            return true;
        }
    }
    return false;
}

/* Stores what was accepted.  batch->transaction gets the number of the
 * transaction, if there is a function, or if the batch has conditions and
 * writes something. */
static int store(struct batch *batch, const struct lease *lease, bool works)
{
    struct connection *connection = lease->connection;
    int64_t latest = quipu_postgres_batch_latest(batch);
    PGresult *result = NULL;
    struct stores stores = {
        .inserts = quipu_postgres_insert_send(batch, connection),
        .entries = quipu_postgres_entries_send_writes(batch, connection)
    };
    bool empty = stores.inserts + stores.entries == 0;
    bool numbered = works || (batch_has_conditions(batch) && !empty);
    if (numbered) {
        quipu_postgres_work_send_question(lease);
    } else if (empty) {
        return QUIPU_OK;
    }
    quipu_postgres_pipeline_sync(connection);
    int status = receive_stores(batch, lease, &stores);
    if (status == QUIPU_OK && numbered) {
        enum answer answer =
            quipu_postgres_pipeline_receive(connection, latest, &result);
        if (answer != ANSWER_OK) {
            return quipu_postgres_error_from_answer(lease, answer, &result,
                                                    "append");
        }
        batch->transaction = quipu_postgres_binary_get_int(result, 0, 0);
        PQclear(result);
    }
    if (status == QUIPU_OK) {
        status = quipu_postgres_query_skip(lease, 1, latest, "append");
    }
    if (status == QUIPU_OK && stores_erased(batch)) {
        SAFEGUARD("E7.format-of-a-store-with-an-erased-item")
        status =
            quipu_postgres_catalogue_raise_format(lease, STORE_FORMAT_ERASED);
    }
    return status;
}

/* --------------------------------------------------------------- the pass */

/* The outcome of an error before COMMIT.  A violation (class 23) can only be
 * that of a tracking record (INV1); that of an entry is impossible, and would
 * be as harmless. */
static enum outcome outcome_of(const struct lease *lease)
{
    return quipu_postgres_retry_classify(lease) != RETRY_NEVER ||
                   strncmp(lease->error->sqlstate, "23", 2) == 0
               ? OUTCOME_RETRY
               : OUTCOME_FAILED;
}

static bool has_repeats(const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        if (batch->schemas[i].has_repeats) {
            return true;
        }
    }
    return false;
}

/* Stores what was accepted, and commits.  A repeat alone is committed, too:
 * the append that it repeats may have been made with relaxed durability, and
 * the flush of this commit covers it.  In a namespace with shared flushes the
 * commit is followed by a flush, also if it changes nothing: the results tell
 * what others have stored. */
static enum outcome store_and_commit(struct batch *batch,
                                     const struct lease *lease,
                                     const struct caller_work *work)
{
    const quipu_driver_datastore *datastore = batch->datastore;
    bool flush = has_repeats(batch) && !datastore->relaxed &&
                 !datastore->shared_flush; /* flushed by itself */
    if (!batch->accepted && !flush) {
        quipu_postgres_transaction_rollback(lease);
        return OUTCOME_DONE;
    }
    bool works = batch->accepted && work->function;
    if (store(batch, lease, works) != QUIPU_OK) {
        return outcome_of(lease);
    }
    int64_t latest = quipu_postgres_batch_latest(batch);
    SAFEGUARD("V2.checked-append-tells-what-is-durable")
    lease->connection->flush_follows =
        datastore->shared_flush &&
        (!datastore->relaxed || batch->refused || works);
    if (works &&
        quipu_postgres_work_run(lease, work, batch->transaction) != QUIPU_OK) {
        return OUTCOME_FAILED;
    }
    int status =
        works ? quipu_postgres_work_commit(lease, batch->transaction, latest)
              : quipu_postgres_transaction_commit(lease, latest);
    if (works && !lease->connection->lost && status == QUIPU_UNKNOWN_OUTCOME) {
        return OUTCOME_FAILED; /* the function has committed */
    }
    return status == QUIPU_OK                ? OUTCOME_DONE
           : status == QUIPU_UNKNOWN_OUTCOME ? OUTCOME_UNKNOWN
           : status == QUIPU_INVALID         ? OUTCOME_FAILED
                                             : OUTCOME_RETRY;
}

/* Returns true if nothing is to be stored, and the caller is told, or its
 * function has seen, what others have committed and perhaps not flushed yet. */
static bool tells_of_others(const struct batch *batch,
                            const struct lease *lease,
                            const struct caller_work *work,
                            enum outcome outcome)
{
    return SAFEGUARDED("V2.refused-append-tells-what-is-durable",
                       batch->datastore->shared_flush, false) &&
           ((outcome == OUTCOME_DONE && !batch->accepted) ||
            (outcome == OUTCOME_FAILED && work->function &&
             !lease->connection->lost));
}

enum outcome quipu_postgres_strict_try(struct batch *batch,
                                       const struct lease *lease,
                                       const struct caller_work *work)
{
    quipu_postgres_batch_clear(batch);
    enum outcome outcome = decide(batch, lease) == QUIPU_OK
                               ? store_and_commit(batch, lease, work)
                               : outcome_of(lease);
    if (outcome == OUTCOME_RETRY || outcome == OUTCOME_FAILED) {
        quipu_postgres_transaction_rollback(lease);
    }
    if (tells_of_others(batch, lease, work, outcome) &&
        quipu_postgres_flush_run(lease, "append") != QUIPU_OK) {
        return work->function ? OUTCOME_FAILED : outcome_of(lease);
    }
    return outcome;
}
