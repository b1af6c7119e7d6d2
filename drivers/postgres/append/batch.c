/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of requests. */
#include "batch.h"

#include "net/errors.h"

#include "common/safeguard.h"

#include <string.h>

#define BATCH_BYTES (UINT64_C(64) << 20) /* at most, of several requests */
#define LONG_BYTES (UINT64_C(1) << 20)   /* a batch that takes time to travel */
#define BYTES_A_SECOND \
    (UINT64_C(2) << 20) /* of a slow line and a slow disk \
                         */
#define ANSWER_TIME (200 * CLOCK_MILLISECOND)

/* ----------------------------------------------------------------- taking in
 */

static size_t size_of(const quipu_request *request)
{
    size_t size = 0;
    const quipu_conditions *conditions = preconditions_conditions(request);
    for (size_t i = 0; i < request->item_count; i++) {
        size += request->items[i].state.size + request->items[i].metadata.size;
    }
    for (size_t i = 0; conditions && i < conditions->entry_count; i++) {
        size += conditions->entries[i].value.size;
    }
    return size;
}

/* A binding of the same schema, or NULL. */
static const quipu_driver_schema *find_schema(const struct batch *batch,
                                              int64_t number)
{
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        if (batch->schemas[i].bound->number == number) {
            return batch->schemas[i].bound;
        }
    }
    return NULL;
}

/* Inserts a schema by its number (INV1).  Returns false if there are too many,
 * or if the batch has the schema by a definition with other columns: one was
 * bound before columns were added to it. */
static bool add_schema(struct batch *batch, quipu_driver_schema *bound)
{
    const quipu_driver_schema *other = find_schema(batch, bound->number);
    if (other) {
        return SAFEGUARDED(
            "F5.one-definition-of-a-schema",
            other->schema.column_count == bound->schema.column_count, true);
    }
    if (batch->schema_count == BATCH_SCHEMAS_MAX) {
        return false;
    }
    uint32_t i = batch->schema_count++;
    for (; i > 0 && batch->schemas[i - 1].bound->number > bound->number; i--) {
        batch->schemas[i] = batch->schemas[i - 1];
    }
    batch->schemas[i] = (struct schema_batch){
        .bound = bound,
        .sparse = (bound->schema.flags & QUIPU_SCHEMA_SPARSE) != 0
    };
    return true;
}

/* The deadline limits waiting.  A large batch takes long even when all goes
 * well, and is not cut off while it may. */
static int64_t transfer_time_of(uint64_t size)
{
    return (int64_t)(size / (BYTES_A_SECOND / 1000)) * CLOCK_MILLISECOND;
}

static bool is_erased(const quipu_item *item)
{
    return (item->flags & QUIPU_ITEM_ERASED) != 0;
}

static void add_conditions(struct batch *batch,
                           const quipu_conditions *conditions)
{
    if (conditions) {
        batch->entry_room += conditions->entry_count;
        batch->expects_tracking |=
            (conditions->flags & QUIPU_CONDITIONS_TRACKING_FROM) != 0;
    }
}

static void take_requests(struct batch *batch)
{
    uint64_t size = 0;
    size_t taken = 0;
    for (; taken < batch->count; taken++) {
        const quipu_request *request = &batch->requests[taken];
        size += size_of(request);
        if (taken > 0 && size > BATCH_BYTES) {
            break;
        }
        if (request->schema && !add_schema(batch, request->schema)) {
            break;
        }
        add_conditions(batch, preconditions_conditions(request));
        for (size_t i = 0; i < request->item_count; i++) {
            batch->has_erased |= is_erased(&request->items[i]);
        }
        batch->item_count += request->item_count;
        batch->sequence_room += request->item_count + request->guard_count;
    }
    batch->count = taken;
    batch->transfer_time = size < LONG_BYTES ? 0 : transfer_time_of(size);
}

/* Fills schema_of for the requests with a schema, if there are several. */
static int find_schemas(struct batch *batch, quipu_error *error)
{
    const quipu_host *host = batch->datastore->host;
    if (batch->schema_count < 2) {
        return QUIPU_OK;
    }
    batch->schema_of = host->allocate(batch->count * sizeof(*batch->schema_of));
    if (!batch->schema_of) {
        return quipu_postgres_error_no_memory(host, error);
    }
    for (size_t i = 0; i < batch->count; i++) {
        uint32_t schema = 0;
        if (!batch->requests[i].schema) {
            continue;
        }
        while (batch->schemas[schema].bound->number !=
               batch->requests[i].schema->number) {
            schema++;
        }
        batch->schema_of[i] = schema;
    }
    return QUIPU_OK;
}

int quipu_postgres_batch_init(struct batch *batch, quipu_error *error)
{
    const quipu_host *host = batch->datastore->host;
    batch->rows = batch->few_rows;
    batch->tracking = batch->few_tracking;
    take_requests(batch);
    if (batch->item_count > ROWS_FEW) {
        batch->rows = host->allocate(batch->item_count * sizeof(*batch->rows));
    }
    if (batch->count > TRACKING_FEW) {
        batch->tracking =
            host->allocate(batch->count * sizeof(*batch->tracking));
    }
    if (!batch->rows || !batch->tracking) {
        return quipu_postgres_error_no_memory(host, error);
    }
    return find_schemas(batch, error);
}

static void finish_sequences(struct batch *batch)
{
    if (batch->sequences != batch->few_sequences) {
        batch->datastore->host->release(batch->sequences);
    }
    quipu_common_key_table_finish(&batch->sequence_index);
    batch->sequences = NULL;
    batch->sequence_count = 0;
}

void quipu_postgres_batch_finish(struct batch *batch)
{
    const quipu_host *host = batch->datastore->host;
    finish_sequences(batch);
    if (batch->rows != batch->few_rows) {
        host->release(batch->rows);
    }
    if (batch->tracking != batch->few_tracking) {
        host->release(batch->tracking);
    }
    host->release(batch->schema_of);
    host->release(batch->uncertain);
    host->release(batch->entries);
}

void quipu_postgres_batch_clear(struct batch *batch)
{
    finish_sequences(batch);
    batch->datastore->host->release(batch->entries);
    batch->entries = NULL;
    batch->entry_count = 0;
    batch->floor = 0;
    batch->raises_floor = false;
    batch->transaction = 0;
    batch->row_count = 0;
    batch->tracking_count = 0;
    batch->accepted = batch->refused = false;
    for (uint32_t i = 0; i < batch->schema_count; i++) {
        struct schema_batch *schema = &batch->schemas[i];
        *schema = (struct schema_batch){ .bound = schema->bound,
                                         .sparse = schema->sparse };
    }
    for (size_t i = 0; i < batch->count; i++) {
        batch->results[i] =
            (quipu_result){ .positions = batch->results[i].positions };
    }
}

int64_t quipu_postgres_batch_latest(const struct batch *batch)
{
    int64_t latest = clock_grace(batch->deadline);
    int64_t more = SAFEGUARDED("contract.long-append-has-its-time",
                               batch->transfer_time, 0) +
                   ANSWER_TIME;
    if (batch->deadline < INT64_MAX - more && batch->deadline + more > latest) {
        latest = batch->deadline + more;
    }
    return latest;
}

struct arguments *quipu_postgres_batch_arguments(const struct batch *batch,
                                                 struct connection *connection)
{
    quipu_postgres_binary_begin(&connection->arguments);
    quipu_postgres_binary_add_int4(&connection->arguments,
                                   batch->datastore->namespace_number);
    return &connection->arguments;
}

/* ------------------------------------------------------------------ entries */

static bool make_sequences(struct batch *batch)
{
    const quipu_host *host = batch->datastore->host;
    if (batch->sequence_room <= SEQUENCES_FEW) {
        batch->sequences = batch->few_sequences;
        return true;
    }
    batch->sequences =
        host->allocate(batch->sequence_room * sizeof(*batch->sequences));
    return batch->sequences &&
           quipu_common_key_table_init(&batch->sequence_index, host,
                                       batch->sequence_room);
}

static struct sequence *add_sequence(struct batch *batch, uint32_t schema,
                                     quipu_bytes id)
{
    struct sequence *sequence = &batch->sequences[batch->sequence_count++];
    *sequence = (struct sequence){ .schema = schema, .id = id };
    return sequence;
}

/* Few sequences are searched one by one.  In the index the key's number is the
 * schema, and the value is the place in the array. */
struct sequence *quipu_postgres_batch_sequence(struct batch *batch,
                                               uint32_t schema, quipu_bytes id)
{
    if (!batch->sequences && !make_sequences(batch)) {
        finish_sequences(batch);
        return NULL;
    }
    if (batch->sequence_room > SEQUENCES_FEW) {
        bool added = false;
        struct key_entry *entry = quipu_common_key_table_get(
            &batch->sequence_index, id, schema, &added);
        if (added) {
            entry->last = (int64_t)batch->sequence_count;
            return add_sequence(batch, schema, id);
        }
        return &batch->sequences[entry->last];
    }
    for (size_t i = 0; i < batch->sequence_count; i++) {
        struct sequence *sequence = &batch->sequences[i];
        if (sequence->schema == schema &&
            quipu_common_key_table_is_equal(sequence->id, id)) {
            return sequence;
        }
    }
    return add_sequence(batch, schema, id);
}

struct tracking_update *quipu_postgres_batch_tracking_update(
    struct batch *batch, const quipu_tracking *tracking, uint32_t schema)
{
    for (size_t i = 0; i < batch->tracking_count; i++) {
        struct tracking_update *update = &batch->tracking[i];
        if (quipu_common_key_table_is_equal(update->last->consumer,
                                            tracking->consumer) &&
            quipu_common_key_table_is_equal(update->last->log, tracking->log)) {
            return update;
        }
    }
    struct tracking_update *update = &batch->tracking[batch->tracking_count++];
    *update = (struct tracking_update){ .last = tracking, .schema = schema };
    return update;
}

/* INV2: rows of a schema are numbered as they are added. */
struct row *quipu_postgres_batch_add_row(struct batch *batch, uint32_t schema,
                                         const quipu_item *item,
                                         int64_t position)
{
    struct row *row = &batch->rows[batch->row_count++];
    *row = (struct row){ .item = item,
                         .position = position,
                         .schema = schema,
                         .nth = (int64_t)++batch->schemas[schema].items };
    return row;
}

/* ---------------------------------------------------------- parts of an item
 */

enum type quipu_postgres_batch_id_type(const struct schema_batch *schema)
{
    return (schema->bound->schema.flags & QUIPU_SCHEMA_TEXT_IDS) != 0
               ? TYPE_TEXT
               : TYPE_UUID;
}

static void put_time(struct arguments *arguments, const quipu_item *item)
{
    if ((item->flags & QUIPU_ITEM_TIME) != 0) {
        quipu_postgres_binary_put_time(arguments, item->time.microseconds);
    } else {
        quipu_postgres_binary_put_null(arguments);
    }
}

static void put_value(struct arguments *arguments, const quipu_value *value)
{
    switch (value->kind) {
    case QUIPU_VALUE_NULL:
        quipu_postgres_binary_put_null(arguments);
        break;
    case QUIPU_VALUE_BOOL:
        quipu_postgres_binary_put_bool(arguments, value->as.integer != 0);
        break;
    case QUIPU_VALUE_INT:
        quipu_postgres_binary_put_int8(arguments, value->as.integer);
        break;
    case QUIPU_VALUE_TIME:
        quipu_postgres_binary_put_time(arguments, value->as.integer);
        break;
    case QUIPU_VALUE_DOUBLE:
        quipu_postgres_binary_put_double(arguments, value->as.real);
        break;
    default:
        quipu_postgres_binary_put_bytes(arguments, value->as.bytes);
        break;
    }
}

/* An item that is erased has neither state nor metadata nor columns. */
void quipu_postgres_batch_put_field(struct arguments *arguments,
                                    const quipu_item *item, size_t field)
{
    if (is_erased(item) && (field == FIELD_STATE || field == FIELD_METADATA ||
                            field >= FIELD_COLUMN)) {
        quipu_postgres_binary_put_null(arguments);
        return;
    }
    switch (field) {
    case FIELD_SEQUENCE:
        quipu_postgres_binary_put_bytes(arguments, item->sequence_id);
        break;
    case FIELD_POSITION:
        quipu_postgres_binary_put_int8(arguments, item->position);
        break;
    case FIELD_TOPIC:
        quipu_postgres_binary_put_bytes(arguments, item->topic);
        break;
    case FIELD_STATE:
        quipu_postgres_binary_put_bytes(arguments, item->state);
        break;
    case FIELD_EVENT_ID:
        quipu_postgres_binary_put_bytes(arguments, item->event_id);
        break;
    case FIELD_METADATA:
        quipu_postgres_binary_put_bytes(arguments, item->metadata);
        break;
    case FIELD_TIME:
        put_time(arguments, item);
        break;
    default:
        put_value(arguments, &item->columns[field - FIELD_COLUMN]);
        break;
    }
}
