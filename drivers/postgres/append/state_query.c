/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the server state that a batch refers to. */
#include "state_query.h"

#include "entries.h"

#include "net/errors.h"
#include "net/query.h"
#include "net/transaction.h"

#include "common/safeguard.h"

/* The queries of one round trip, in the order in which they were sent. */
enum query_kind {
    QUERY_HEADS,
    QUERY_LASTS,
    QUERY_COMPARE,
    QUERY_TAKEN,
    QUERY_SLOTS,
    QUERY_ENTRIES,
    QUERY_FLOOR,
    QUERY_TRACKING
};

struct queries {
    size_t count;
    struct {
        enum query_kind kind;
        uint32_t schema;
    } at[3 * BATCH_SCHEMAS_MAX + 6];
};

/* --------------------------------------------------------------- the batch */

/* Enters the sequences, entries and tracking records that the requests
 * mention. */
static int enter(struct batch *batch, quipu_error *error)
{
    bool entered = true;
    for (size_t i = 0; i < batch->count; i++) {
        const quipu_request *request = &batch->requests[i];
        uint32_t schema = batch_schema_of(batch, i);
        for (size_t j = 0; j < request->item_count && entered; j++) {
            entered = quipu_postgres_batch_sequence(
                batch, schema, request->items[j].sequence_id);
        }
        for (size_t j = 0; j < request->guard_count && entered; j++) {
            entered = quipu_postgres_batch_sequence(
                batch, schema, request->guards[j].sequence_id);
        }
        if (request->tracking) {
            (void)quipu_postgres_batch_tracking_update(batch, request->tracking,
                                                       schema);
        }
    }
    return entered
               ? quipu_postgres_entries_collect(batch, error)
               : quipu_postgres_error_no_memory(batch->datastore->host, error);
}

/* Returns true if a request has items or guards of the schema: their
 * preconditions must hold until the commit. */
static bool is_locked(const struct batch *batch, uint32_t schema)
{
    for (size_t i = 0; i < batch->count; i++) {
        const quipu_request *request = &batch->requests[i];
        if (batch_schema_of(batch, i) == schema &&
            (request->item_count > 0 || request->guard_count > 0)) {
            return true;
        }
    }
    return false;
}

size_t quipu_postgres_state_query_count_items(const struct batch *batch,
                                              uint32_t schema)
{
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch_schema_of(batch, i) == schema) {
            count += batch->requests[i].item_count;
        }
    }
    return count;
}

/* ------------------------------------------------------------------ sending */

/* Returns false if there is no schema to lock, or to read. */
static bool send_heads(struct batch *batch, struct connection *connection,
                       bool locked)
{
    size_t count = 0;
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        count += is_locked(batch, i) == locked;
    }
    if (count == 0) {
        return false;
    }
    struct arguments *arguments =
        quipu_postgres_batch_arguments(batch, connection);
    quipu_postgres_binary_array_begin(arguments, TYPE_INT8, count);
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        if (is_locked(batch, i) == locked) {
            quipu_postgres_binary_put_int8(arguments,
                                           batch->schemas[i].bound->number);
        }
    }
    quipu_postgres_binary_array_end(arguments);
    quipu_postgres_pipeline_send(
        connection,
        &batch->datastore->sql[locked ? SQL_HEADS_LOCK : SQL_HEADS_READ]);
    return true;
}

static void send_lasts(struct batch *batch, struct connection *connection,
                       uint32_t index)
{
    const struct schema_batch *schema = &batch->schemas[index];
    struct arguments *arguments =
        quipu_postgres_batch_arguments(batch, connection);
    size_t count = 0;
    for (size_t i = 0; i < batch->sequence_count; i++) {
        count += batch->sequences[i].schema == index;
    }
    quipu_postgres_binary_array_begin(
        arguments, quipu_postgres_batch_id_type(schema), count);
    for (size_t i = 0; i < batch->sequence_count; i++) {
        if (batch->sequences[i].schema == index) {
            quipu_postgres_binary_put_bytes(arguments, batch->sequences[i].id);
        }
    }
    quipu_postgres_binary_array_end(arguments);
    quipu_postgres_pipeline_send(connection, &schema->bound->sql[SQL_LASTS]);
}

/* An array with one part of all items that the requests have for a schema. */
static void add_field(const struct batch *batch, uint32_t schema,
                      struct arguments *arguments, enum item_field field,
                      enum type type)
{
    quipu_postgres_binary_array_begin(
        arguments, type, quipu_postgres_state_query_count_items(batch, schema));
    for (size_t i = 0; i < batch->count; i++) {
        const quipu_request *request = &batch->requests[i];
        for (size_t j = 0;
             batch_schema_of(batch, i) == schema && j < request->item_count;
             j++) {
            quipu_postgres_batch_put_field(arguments, &request->items[j],
                                           field);
        }
    }
    quipu_postgres_binary_array_end(arguments);
}

static void send_compare(struct batch *batch, struct connection *connection,
                         uint32_t index)
{
    const struct schema_batch *schema = &batch->schemas[index];
    struct arguments *arguments =
        quipu_postgres_batch_arguments(batch, connection);
    add_field(batch, index, arguments, FIELD_EVENT_ID, TYPE_UUID);
    add_field(batch, index, arguments, FIELD_SEQUENCE,
              quipu_postgres_batch_id_type(schema));
    add_field(batch, index, arguments, FIELD_TOPIC, TYPE_TEXT);
    add_field(batch, index, arguments, FIELD_STATE, TYPE_BYTEA);
    quipu_postgres_pipeline_send(connection, &schema->bound->sql[SQL_COMPARE]);
}

static void send_taken(struct batch *batch, struct connection *connection,
                       uint32_t index)
{
    const struct schema_batch *schema = &batch->schemas[index];
    struct arguments *arguments =
        quipu_postgres_batch_arguments(batch, connection);
    add_field(batch, index, arguments, FIELD_SEQUENCE,
              quipu_postgres_batch_id_type(schema));
    add_field(batch, index, arguments, FIELD_POSITION, TYPE_INT8);
    quipu_postgres_pipeline_send(connection, &schema->bound->sql[SQL_TAKEN]);
}

static void send_tracking(struct batch *batch, struct connection *connection)
{
    struct arguments *arguments =
        quipu_postgres_batch_arguments(batch, connection);
    for (int part = 0; part < 2; part++) {
        quipu_postgres_binary_array_begin(arguments, TYPE_TEXT,
                                          batch->tracking_count);
        for (size_t i = 0; i < batch->tracking_count; i++) {
            const quipu_tracking *record = batch->tracking[i].last;
            quipu_postgres_binary_put_bytes(
                arguments, part == 0 ? record->consumer : record->log);
        }
        quipu_postgres_binary_array_end(arguments);
    }
    quipu_postgres_pipeline_send(
        connection,
        &batch->datastore->sql[SAFEGUARDED("T1.lock-of-the-record",
                                           batch->expects_tracking, false)
                                   ? SQL_TRACKING_LOCK
                                   : SQL_TRACKING_COMPARE]);
}

static void note(struct queries *queries, enum query_kind kind, uint32_t schema)
{
    queries->at[queries->count].kind = kind;
    queries->at[queries->count++].schema = schema;
}

static void send_schema(struct batch *batch, struct connection *connection,
                        uint32_t index, struct queries *queries)
{
    const struct schema_batch *schema = &batch->schemas[index];
    send_lasts(batch, connection, index);
    note(queries, QUERY_LASTS, index);
    if (quipu_postgres_state_query_count_items(batch, index) == 0) {
        return;
    }
    if (schema->bound->schema.event_id) {
        send_compare(batch, connection, index);
        note(queries, QUERY_COMPARE, index);
    }
    if (schema->sparse) {
        send_taken(batch, connection, index);
        note(queries, QUERY_TAKEN, index);
    }
}

/* The slots first, and the floor last (entries.h). */
static void send_entries(struct batch *batch, struct connection *connection,
                         struct queries *queries)
{
    if (batch->entry_count == 0) {
        return;
    }
    if (quipu_postgres_entries_send_slots(batch, connection)) {
        note(queries, QUERY_SLOTS, 0);
    }
    quipu_postgres_entries_send_lock(batch, connection);
    note(queries, QUERY_ENTRIES, 0);
    if (quipu_postgres_entries_send_floor(batch, connection)) {
        note(queries, QUERY_FLOOR, 0);
    }
}

static void send_queries(struct batch *batch, struct connection *connection,
                         struct queries *queries)
{
    for (int locked = 1; locked >= 0; locked--) {
        if (send_heads(batch, connection, locked == 1)) {
            note(queries, QUERY_HEADS, 0);
        }
    }
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        if (is_locked(batch, i)) {
            send_schema(batch, connection, i, queries);
        }
    }
    send_entries(batch, connection, queries);
    if (batch->tracking_count > 0) {
        send_tracking(batch, connection);
        note(queries, QUERY_TRACKING, 0);
    }
    quipu_postgres_pipeline_sync(connection);
}

/* ---------------------------------------------------------------- receiving */

/* Each take_ function returns what is wrong with the rows, or NULL. */
static const char not_asked[] = "a row is about nothing that was asked for";

static const char *take_heads(struct batch *batch, const PGresult *result)
{
    for (int line = 0; line < PQntuples(result); line++) {
        int64_t number = quipu_postgres_binary_get_int(result, line, 0);
        for (uint32_t i = 0; i < batch->schema_count; i++) {
            if (batch->schemas[i].bound->number == number) {
                batch->schemas[i].exists = true;
                batch->schemas[i].head =
                    quipu_postgres_binary_get_int(result, line, 1);
            }
        }
    }
    return NULL;
}

/* The lines are in the order of the array of sequences. */
static const char *take_lasts(struct batch *batch, uint32_t schema,
                              const PGresult *result)
{
    int line = 0;
    for (size_t i = 0; i < batch->sequence_count; i++) {
        struct sequence *sequence = &batch->sequences[i];
        if (sequence->schema != schema) {
            continue;
        }
        if (line >= PQntuples(result) ||
            quipu_postgres_binary_get_int(result, line, 0) != line + 1) {
            return "a sequence that was asked for is missing";
        }
        sequence->found = !quipu_postgres_binary_is_null(result, line, 1);
        if (sequence->found) {
            sequence->last = quipu_postgres_binary_get_int(result, line, 1);
        }
        line++;
    }
    return line == PQntuples(result) ? NULL : not_asked;
}

/* The state of the item that a line of a result is about: the n-th that the
 * requests have for the schema.  NULL: there is none. */
static struct item_state *state_of(const struct batch *batch,
                                   struct item_state *state, uint32_t schema,
                                   const PGresult *result, int line)
{
    int64_t n = quipu_postgres_binary_get_int(result, line, 0);
    for (size_t i = 0; i < batch->count && n >= 1; i++) {
        int64_t count = (int64_t)batch->requests[i].item_count;
        if (batch_schema_of(batch, i) == schema) {
            if (n <= count) {
                return state + n - 1;
            }
            n -= count;
        }
        state += count;
    }
    return NULL;
}

static const char *take_compare(const struct batch *batch, uint32_t schema,
                                const PGresult *result,
                                struct item_state *items)
{
    for (int line = 0; line < PQntuples(result); line++) {
        struct item_state *state = state_of(batch, items, schema, result, line);
        if (!state) {
            return not_asked;
        }
        state->stored = (struct stored_item){
            .found = true,
            .notification_id = quipu_postgres_binary_get_int(result, line, 1),
            .position = quipu_postgres_binary_get_int(result, line, 2),
            .is_equal = quipu_postgres_binary_get_bool(result, line, 3)
        };
    }
    return NULL;
}

static const char *take_taken(const struct batch *batch, uint32_t schema,
                              const PGresult *result, struct item_state *items)
{
    for (int line = 0; line < PQntuples(result); line++) {
        struct item_state *state = state_of(batch, items, schema, result, line);
        if (!state) {
            return not_asked;
        }
        state->taken = true;
    }
    return NULL;
}

static const char *take_tracking(struct batch *batch, const PGresult *result)
{
    for (int line = 0; line < PQntuples(result); line++) {
        int64_t n = quipu_postgres_binary_get_int(result, line, 0);
        if (n < 1 || n > (int64_t)batch->tracking_count) {
            return not_asked;
        }
        struct tracking_update *update = &batch->tracking[n - 1];
        update->found = update->was_found = true;
        update->stored = update->was_stored =
            quipu_postgres_binary_get_int(result, line, 1);
    }
    return NULL;
}

static const char *take(struct batch *batch, enum query_kind kind,
                        uint32_t schema, const PGresult *result,
                        struct item_state *items)
{
    switch (kind) {
    case QUERY_HEADS:
        return take_heads(batch, result);
    case QUERY_LASTS:
        return take_lasts(batch, schema, result);
    case QUERY_COMPARE:
        return take_compare(batch, schema, result, items);
    case QUERY_TAKEN:
        return take_taken(batch, schema, result, items);
    case QUERY_SLOTS:
        return NULL;
    case QUERY_ENTRIES:
        return quipu_postgres_entries_take_lock(batch, result);
    case QUERY_FLOOR:
        return quipu_postgres_entries_take_floor(batch, result);
    default:
        return take_tracking(batch, result);
    }
}

static int receive(struct batch *batch, const struct lease *lease,
                   const struct queries *queries, struct item_state *items)
{
    static const char what[] = "check an append";
    int64_t latest = quipu_postgres_batch_latest(batch);
    for (size_t i = 0; i < queries->count; i++) {
        PGresult *result = NULL;
        enum answer answer =
            quipu_postgres_pipeline_receive(lease->connection, latest, &result);
        if (answer != ANSWER_OK) {
            return quipu_postgres_error_from_answer(lease, answer, &result,
                                                    what);
        }
        const char *problem = take(batch, queries->at[i].kind,
                                   queries->at[i].schema, result, items);
        PQclear(result);
        if (problem) {
            lease->connection->lost = true;
            return quipu_postgres_error_malformed(lease->datastore, what,
                                                  problem, lease->error);
        }
    }
    return QUIPU_OK;
}

int quipu_postgres_state_query_run(struct batch *batch,
                                   const struct lease *lease,
                                   struct item_state *items)
{
    struct connection *connection = lease->connection;
    quipu_error *error = lease->error;
    quipu_driver_datastore *datastore = batch->datastore;
    struct queries queries = { .count = 0 };
    int64_t latest = quipu_postgres_batch_latest(batch);
    int status = enter(batch, error);
    if (status != QUIPU_OK) {
        return status;
    }
    unsigned begun =
        quipu_postgres_transaction_send_begin(lease, batch->transfer_time);
    send_queries(batch, connection, &queries);
    status = quipu_postgres_query_skip(lease, begun, latest, "begin an append");
    if (status == QUIPU_OK) {
        status = receive(batch, lease, &queries, items);
    }
    enum answer end = quipu_postgres_pipeline_receive_sync(connection, latest);
    if (status == QUIPU_OK && end != ANSWER_SYNC) {
        PGresult *none = NULL;
        status = quipu_postgres_error_from_answer(lease, end, &none,
                                                  "check an append");
    }
    for (uint32_t i = 0; i < batch->schema_count && status == QUIPU_OK; i++) {
        if (!batch->schemas[i].exists) {
            status = quipu_postgres_schema_torn_down(
                datastore, batch->schemas[i].bound, error);
        }
    }
    return status;
}
